package bench

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/ordermux/ordermux/e2e/tool"
	"github.com/ordermux/ordermux/internal/store/postgres/pgtest"
)

func TestMain(m *testing.M) { os.Exit(pgtest.Main(m)) }

// TestSmoke runs every scenario with the real program for a few hundred orders
// and judges only that every order is where it belongs. On PostgreSQL it runs
// those that do something else there.
func TestSmoke(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	program := filepath.Join(dir, "ordermux")
	build := exec.CommandContext(t.Context(), tool.Need(t, "go", "building the program to measure"), "build", "-o", program, "../../cmd/ordermux")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("build: %v\n%s", err, out)
	}
	f := func(database string, chosen, postgres []string) {
		t.Helper()
		got := smoke(t, Options{Scenario: chosen, Dir: dir, Database: database, Self: []string{program}})
		for _, name := range Scenarios() {
			embedded := slices.Contains(chosen, "all") || slices.Contains(chosen, name)
			if got["sqlite "+name] != (embedded && name != "nodes") || got["postgres "+name] != slices.Contains(postgres, name) {
				t.Errorf("%s left no result, or one where it can not be", name)
			}
		}
	}
	f("", []string{"all"}, nil)
	other := []string{"accept-batch", "nodes", "idle", "start"}
	f(pgtest.Database(t), other, other)
}

// smoke makes a short run and returns what was measured, by place and
// scenario.
func smoke(t *testing.T, o Options) map[string]bool {
	t.Helper()
	var out bytes.Buffer
	o.Smoke, o.JSON, o.Out = true, true, &out
	if err := Run(t.Context(), o); err != nil {
		t.Fatalf("%v\n%s", err, &out)
	}
	seen := map[string]bool{}
	for lines := bufio.NewScanner(&out); lines.Scan(); {
		var r Result
		if err := json.Unmarshal(lines.Bytes(), &r); err != nil {
			t.Fatalf("%v: %s", err, lines.Text())
		}
		// So few orders may take the database less than a tick of the clock that
		// its CPU is counted in; what it writes is counted in bytes.
		measured := r.Orders > 0 && r.PerSecond > 0 && (r.Store == "sqlite" || r.DatabaseBytes > 0)
		if r.Scenario == "console" && r.Subject != "" && r.Orders == 0 {
			measured = r.Answer != nil && r.Answer.Count > 0 && r.Answer.P95 > 0 // a page: nothing is handed in
		}
		if r.Scenario != "start" && r.Scenario != "idle" && !measured {
			t.Errorf("nothing measured: %s", lines.Text())
		}
		seen[r.Store+" "+r.Scenario] = true
	}
	return seen
}

func TestUnknownScenario(t *testing.T) {
	t.Parallel()
	err := Run(t.Context(), Options{Scenario: []string{"warp"}, Dir: t.TempDir(), Out: io.Discard})
	if err == nil || !strings.Contains(err.Error(), "accept-batch, accept-single") {
		t.Errorf("error %v", err)
	}
}

// TestCompleteNamesWhatIsMissing checks the judgement that Run ends with.
func TestCompleteNamesWhatIsMissing(t *testing.T) {
	t.Parallel()
	delivered := int64(9)
	f := func(r Result, want string) {
		t.Helper()
		got := ""
		if err := r.complete(); err != nil {
			got = err.Error()
		}
		if got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
	f(Result{Accepted: 10, Ledger: 10}, "")
	f(Result{Accepted: 10, Ledger: 9}, "10 orders accepted, 9 in the ledger")
	f(Result{Accepted: 10, Delivered: &delivered}, "10 orders accepted, 9 delivered")
	f(Result{Accepted: 10, Failed: 1}, "1 requests failed")
}

// role runs a role in this process and returns its two ends.
func role(t *testing.T, spec childSpec) (say func(line string, answer any), hello hello) {
	t.Helper()
	text, err := json.Marshal(spec)
	if err != nil {
		t.Fatal(err)
	}
	in, toChild := io.Pipe()
	fromChild, out := io.Pipe()
	done := make(chan error, 1)
	go func() { done <- runChild(context.WithoutCancel(t.Context()), string(text), in, out) }()
	answers := json.NewDecoder(fromChild)
	t.Cleanup(func() {
		toChild.Close()
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
	if err := answers.Decode(&hello); err != nil {
		t.Fatal(err)
	}
	return func(line string, answer any) {
		t.Helper()
		if _, err := io.WriteString(toChild, line+"\n"); err != nil {
			t.Fatal(err)
		}
		if err := answers.Decode(answer); err != nil {
			t.Fatal(err)
		}
	}, hello
}

// TestLoadOnFloor lets the generator work on the floor and compares what is in
// its file with what it counted.
func TestLoadOnFloor(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	_, hello := role(t, childSpec{Role: "floor", Dir: dir})
	b := &bench{Options: Options{Smoke: true}}
	l := b.bounded(load{addrs: []string{hello.Addr}, path: "/v1/orders", keys: keys(2), conns: 3, batch: 7, floor: true})
	s, err := l.run(t.Context())
	if err != nil || s.Failed > 0 {
		t.Fatalf("%+v %v", s, err)
	}
	stored, err := os.ReadFile(filepath.Join(dir, "floor"))
	if err != nil {
		t.Fatal(err)
	}
	ids := map[string]bool{}
	for _, part := range strings.Split(string(stored), `"id":"`)[1:] {
		ids[part[:len(idPrefix)+idDigits]] = true
	}
	if int64(len(ids)) != s.Orders || s.Orders < 300 {
		t.Errorf("%d orders counted, %d different ones in the file", s.Orders, len(ids))
	}
}

// TestRate checks that a fixed rate offers what it promises, without judging
// how fast this machine is.
func TestRate(t *testing.T) {
	t.Parallel()
	_, hello := role(t, childSpec{Role: "floor", Dir: t.TempDir()})
	b := &bench{Options: Options{Smoke: true}}
	l := b.bounded(load{addrs: []string{hello.Addr}, path: "/v1/orders", keys: keys(1), conns: 4, batch: 1, rate: 2000, floor: true})
	s, err := l.run(t.Context())
	if err != nil || s.Failed > 0 || s.Orders != 300 {
		t.Fatalf("%+v %v", s, err)
	}
	// The last of 300 is due after 149.5 ms and never sent before.
	if s.Elapsed.Milliseconds() < 149 {
		t.Errorf("300 orders at 2,000 a second took only %v", s.Elapsed)
	}
}

func TestStoreAlone(t *testing.T) {
	t.Parallel()
	f := func(spec childSpec) {
		t.Helper()
		spec.Role, spec.Conns, spec.Batch, spec.Lasting = "store", 2, 10, 1
		say, _ := role(t, spec)
		var got storeAlone
		say("go", &got)
		if got.Orders < 10 || got.Orders%10 != 0 || got.Latency.Count == 0 {
			t.Errorf("%+v", got)
		}
	}
	f(childSpec{Dir: t.TempDir()})
	f(childSpec{Database: pgtest.Database(t)})
}

// TestPrintPlaces checks that results stand beside those of the same name, the
// middle one of several.
func TestPrintPlaces(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	b := &bench{Options: Options{Out: &out}, places: make([]*place, 2), results: []Result{
		{Scenario: "deliver", Subject: "hub", Store: "sqlite", PerSecond: 100, CPU: 0.1},
		{Scenario: "deliver", Subject: "hub", Store: "postgres", PerSecond: 70, CPU: 0.3, DatabaseCPU: 0.4},
		{Scenario: "deliver", Subject: "hub", Store: "postgres", PerSecond: 50, CPU: 0.2, DatabaseCPU: 0.5},
		{Scenario: "deliver", Subject: "hub", Store: "postgres", PerSecond: 30, CPU: 0.1, DatabaseCPU: 0.6},
		{Scenario: "accept", Subject: "floor", Store: "sqlite", PerSecond: 1000, CPU: 0.01},
		{Scenario: "idle", Subject: "many", Store: "sqlite"},
		{Scenario: "idle", Subject: "many", Store: "postgres"},
	}}
	b.printPlaces()
	want := [][]string{
		{"deliver", "hub", "100", "50", "0.50", "0.100", "0.200,", "0.500"},
		{"accept", "floor", "1000", "-", "-", "0.010", "-"},
	}
	lines := strings.Split(strings.TrimSpace(out.String()), "\n")[1:]
	if len(lines) != len(want) {
		t.Fatalf("%d lines:\n%s", len(lines), &out)
	}
	for i, line := range lines {
		if got := strings.Fields(line); !slices.Equal(got, want[i]) {
			t.Errorf("got %q, want %q", got, want[i])
		}
	}
}
