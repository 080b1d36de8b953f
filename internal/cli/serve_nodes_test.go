package cli_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/ordermux/ordermux/internal/store/postgres/pgtest"
)

func TestMain(m *testing.M) { os.Exit(pgtest.Main(m)) }

// onDatabase is the configuration of a node.
func onDatabase(t *testing.T, database, partner string) string {
	t.Helper()
	text := fmt.Sprintf(configuration, partner, partner)
	return strings.Replace(text, "data: ./data", "database: \""+database+"\"\nseal_key: "+strings.Repeat("5e", 32), 1)
}

// TestServeNodes runs two nodes on one database and asks now the one, now the
// other.
func TestServeNodes(t *testing.T) {
	t.Parallel()
	receiver := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusNoContent) }))
	t.Cleanup(receiver.Close)
	database := pgtest.Database(t)
	var files, urls []string
	var programs []*program
	for range 2 {
		file := write(t, "ordermux.yml", onDatabase(t, database, receiver.URL))
		p := start(t, "serve", "--config", file)
		files, programs = append(files, file), append(programs, p)
		urls = append(urls, "http://"+p.err.wait(t, `msg=listening address=(\S+)`))
		p.err.wait(t, `event=joined`)
	}
	on := func(node, code int, want string, args ...string) result {
		t.Helper()
		r := run(t, "", append(args, "--hub", urls[node], "--token", "the-admin-token")...)
		if r.code != code || !strings.Contains(r.out+r.err, want) {
			t.Errorf("%v: %+v", args, r)
		}
		return r
	}
	on(0, 0, "1 new", "import", write(t, "orders.ndjson", `{"order":{"id":"1001","channel":"offline","customer":{"email":"ada@customer.example"}}}`))
	for node := range 2 {
		on(node, 0, "placed by import", "order", "1001")
		on(node, 0, "", "route", "pause", "hook")
		on(1-node, 0, "paused", "routes")
		on(node, 0, "", "route", "resume", "hook")
		on(node, 1, "", "route", "pause", "none")
		on(node, 0, "the chain is whole", "verify")
		if r := on(node, 0, "living", "nodes"); len(regexp.MustCompile(`(?m)^\S+ +living `).FindAllString(r.out, -1)) != 2 {
			t.Errorf("%+v", r)
		}
		on(node, 1, "pg_dump", "backup", filepath.Join(t.TempDir(), "backup"))
	}
	on(1, 0, "is erased", "erase", "1001", "--yes")

	// One of the files is bad: both nodes are asked, and each answers.
	if r := on(0, 0, "", "reload"); len(regexp.MustCompile(`(?m)^\S+: reloaded$`).FindAllString(r.out, -1)) != 2 {
		t.Errorf("%+v", r)
	}
	if err := os.WriteFile(files[1], []byte("listn: 127.0.0.1:0\nshops: {nordlys: {currency: SEK}}\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for node := range 2 {
		if r := on(node, 1, "", "reload"); strings.Count(r.out, ": reloaded\n") != 1 || !strings.Contains(r.err, ": nothing was changed: "+files[1]+":1: listn: unknown key") {
			t.Errorf("%+v", r)
		}
	}
	for _, p := range programs {
		if code := p.stop(); code != 0 {
			t.Errorf("code %d: %s", code, p.err.buf.String())
		}
	}
	if r := run(t, "", "verify", "--config", files[0]); r.code != 0 || !strings.Contains(r.out, "nordlys: ") {
		t.Errorf("%+v", r)
	}
	if r := run(t, "", "serve", "--config", files[0], "--data", t.TempDir()); r.code != 2 || !strings.Contains(r.err, "names a database") {
		t.Errorf("%+v", r)
	}
}
