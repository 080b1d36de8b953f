package cli_test

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/ordermux/ordermux/internal/api"
	"github.com/ordermux/ordermux/internal/cli"
	"github.com/ordermux/ordermux/internal/secret"
)

// stream is an output that a test reads while the program writes it.
type stream struct {
	mu   sync.Mutex
	cond *sync.Cond
	buf  bytes.Buffer
	done bool
}

func newStream() *stream {
	s := &stream{}
	s.cond = sync.NewCond(&s.mu)
	return s
}

func (s *stream) Write(b []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	defer s.cond.Broadcast()
	return s.buf.Write(b)
}

func (s *stream) end() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.done = true
	s.cond.Broadcast()
}

// wait returns the first group of the expression once it is written.
func (s *stream) wait(t *testing.T, expr string) string {
	t.Helper()
	re := regexp.MustCompile(expr)
	s.mu.Lock()
	defer s.mu.Unlock()
	for {
		if m := re.FindSubmatch(s.buf.Bytes()); m != nil {
			return string(m[len(m)-1])
		}
		if s.done {
			t.Fatalf("ended without %s:\n%s", expr, s.buf.String())
		}
		s.cond.Wait()
	}
}

// program is a command that runs until stop.
type program struct {
	out, err *stream
	hangup   chan os.Signal
	cancel   context.CancelFunc
	code     chan int
}

func start(t *testing.T, args ...string) *program {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	p := &program{out: newStream(), err: newStream(), hangup: make(chan os.Signal, 1), cancel: cancel, code: make(chan int, 1)}
	go func() {
		code := cli.Run(ctx, args, cli.Env{In: strings.NewReader(""), Out: p.out, Err: p.err, Hangup: p.hangup, Version: "1.2.3"})
		p.out.end()
		p.err.end()
		p.code <- code
	}()
	t.Cleanup(func() { p.stop() })
	return p
}

func (p *program) stop() int {
	p.cancel()
	code := <-p.code
	p.code <- code
	return code
}

const configuration = `listen: 127.0.0.1:0
data: ./data
admin_token: the-admin-token
shops:
  nordlys:
    currency: SEK
    timezone: Europe/Stockholm
    doors: {citrusad: {api_key: sk-1, publishable_key: pk-1, team_id: team-1}}
    routes:
      hook: {partner: webhook, settings: {url: "%s/in", secret: whsec_dGVzdHRlc3R0ZXN0dGVzdHRlc3R0ZXN0}}
      ads: {partner: citrusad, when: order.channel == "online", settings: {base_url: "%s", api_key: k}}
`

// welcomes opens the link by which the first user of the console is made.
func welcomes(t *testing.T, link string) {
	t.Helper()
	resp, err := http.Get(link)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	page, err := io.ReadAll(resp.Body)
	if err != nil || resp.StatusCode != http.StatusOK || !strings.Contains(string(page), "make the first user") {
		t.Errorf("%s: %d, %v\n%s", link, resp.StatusCode, err, page)
	}
}

// TestServe runs a hub: orders in, a look, reloads good and bad, a stop, and
// then the stopped store.
func TestServe(t *testing.T) {
	t.Parallel()
	receiver := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusNoContent) }))
	t.Cleanup(receiver.Close)
	file := write(t, "ordermux.yml", fmt.Sprintf(configuration, receiver.URL, receiver.URL))
	p := start(t, "serve", "--config", file)
	addr := p.err.wait(t, `msg=listening address=(\S+)`)
	welcomes(t, p.err.wait(t, `make the first user at (\S+)`))
	hub := []string{"--hub", "http://" + addr, "--token", "the-admin-token"}
	do := func(code int, args ...string) result {
		t.Helper()
		r := run(t, "", append(args, hub...)...)
		if r.code != code {
			t.Errorf("%v: %+v", args, r)
		}
		return r
	}
	orders := write(t, "orders.ndjson", `{"order":{"id":"1001","channel":"offline","customer":{"email":"ada@customer.example"}}}`)
	do(0, "import", orders)
	if r := do(0, "import", orders); !strings.Contains(r.out, "1 known") {
		t.Errorf("%+v", r)
	}
	if r := do(0, "order", "1001"); !strings.Contains(r.out, "placed by import") {
		t.Errorf("%+v", r)
	}
	if r := do(0, "route", "test", "ads", "1001"); !strings.HasPrefix(r.out, "ads: skip order 1001") {
		t.Errorf("%+v", r)
	}
	do(0, "route", "pause", "hook")
	if r := do(0, "routes"); !strings.Contains(r.out, "paused") {
		t.Errorf("%+v", r)
	}
	do(1, "route", "pause", "none")
	do(0, "token", "create", "erp", "--scope", "read")
	do(0, "verify")
	do(0, "erase", "1001", "--yes")
	backup := filepath.Join(t.TempDir(), "backup")
	do(0, "backup", backup)

	// A reload: good, then bad, by the API and by a signal.
	do(0, "reload")
	if err := os.WriteFile(file, []byte("listn: 127.0.0.1:0\nshops: {nordlys: {currency: SEK}}\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if r := do(1, "reload"); !strings.Contains(r.err, "nothing was changed: "+file+":1: listn: unknown key; did you mean listen?") {
		t.Errorf("%+v", r)
	}
	p.hangup <- os.Interrupt
	p.err.wait(t, `configuration not reloaded`)
	do(0, "orders")

	data := filepath.Join(filepath.Dir(file), "data")
	if r := run(t, "", "verify", "--data", data); r.code != 1 || !strings.Contains(r.err, "in use") {
		t.Errorf("%+v", r)
	}
	if code := p.stop(); code != 0 {
		t.Errorf("code %d: %s", code, p.err.buf.String())
	}
	stopped(t, data, backup)
}

// stopped works on the store of a hub that has ended.
func stopped(t *testing.T, data, backup string) {
	t.Helper()
	do := func(code int, want string, args ...string) {
		t.Helper()
		if r := run(t, "", args...); r.code != code || !strings.Contains(r.out+r.err, want) {
			t.Errorf("%v: %+v", args, r)
		}
	}
	do(0, "the chain is whole", "verify", "--data", data)
	do(0, `"whole":true`, "verify", "--data", data, "--json")
	second := filepath.Join(t.TempDir(), "second")
	do(0, "2 files", "backup", second, "--data", data)
	do(1, "must be new or empty", "backup", second, "--data", data)
	do(1, "is not empty", "restore", backup, "--data", data)
	none := filepath.Join(t.TempDir(), "none")
	do(1, "no such file", "restore", filepath.Join(data, "none"), "--data", none)
	if _, err := os.Stat(none); !os.IsNotExist(err) {
		t.Errorf("a failed restore left %s: %v", none, err)
	}
	for _, from := range []string{backup, second} {
		to := filepath.Join(t.TempDir(), "restored")
		do(0, "the chain is whole", "restore", from, "--data", to)
		do(0, "nordlys: ", "verify", "--data", to)
	}
	do(1, "no such file", "verify", "--data", filepath.Join(data, "none"))
}

func TestServeRefuses(t *testing.T) {
	t.Parallel()
	f := func(code int, want string, args ...string) {
		t.Helper()
		if r := run(t, "", args...); r.code != code || !strings.Contains(r.err, want) {
			t.Errorf("%v: %+v", args, r)
		}
	}
	f(2, "missing flags: --config", "serve")
	f(1, "no such file", "serve", "--config", filepath.Join(t.TempDir(), "none.yml"))
	f(1, "ordermux.yml:1: shops: ", "serve", "--config", write(t, "ordermux.yml", "shops:\n"))
	f(2, "--log-level must be one of", "serve", "--config", "x", "--log-level", "loud")
	busy := httptest.NewServer(http.NotFoundHandler())
	t.Cleanup(busy.Close)
	taken := strings.TrimPrefix(busy.URL, "http://")
	f(1, taken, "serve", "--config", write(t, "ordermux.yml", fmt.Sprintf(configuration, busy.URL, busy.URL)), "--listen", taken)
}

func TestSandbox(t *testing.T) {
	t.Parallel()
	if r := run(t, "", "sandbox", "--listen", ":0"); r.code != 2 || !strings.Contains(r.err, "--public") {
		t.Errorf("%+v", r)
	}
	p := start(t, "sandbox", "--listen", "127.0.0.1:0")
	url := p.out.wait(t, `sandbox at (\S+)`)
	p.out.wait(t, `api_key: sandbox-secret-key`)
	if files := p.out.wait(t, `sftp: sftp://(127\.0\.0\.1:\d+)`); files != "" {
		conn, err := net.Dial("tcp", files)
		if err != nil {
			t.Fatal(err)
		}
		_ = conn.SetReadDeadline(time.Now().Add(time.Minute))
		hello := make([]byte, 8)
		if _, err := io.ReadFull(conn, hello); err != nil || string(hello) != "SSH-2.0-" {
			t.Errorf("%q %v", hello, err)
		}
		_ = conn.Close()
	}
	p.out.wait(t, `faults: curl .*/api/v1/faults/citrusad\n`)
	c, err := api.NewClient(url, secret.New("sandbox-admin-token"), nil)
	if err != nil {
		t.Fatal(err)
	}
	if out, err := c.SetFaults(context.Background(), "citrusad", []byte(`{"share_500":1}`)); err != nil || !strings.Contains(string(out), `"share_500":1`) {
		t.Errorf("%s %v", out, err)
	}
	if code := p.stop(); code != 0 {
		t.Errorf("code %d: %s", code, p.err.buf.String())
	}
}

func TestCheck(t *testing.T) {
	t.Parallel()
	status := http.StatusNotFound
	partner := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(status)
		_, _ = io.WriteString(w, `{"message":"no"}`)
	}))
	t.Cleanup(partner.Close)
	file := write(t, "ordermux.yml", fmt.Sprintf(configuration, partner.URL, partner.URL))
	f := func(code int, want string, args ...string) {
		t.Helper()
		if r := run(t, "", append([]string{"check", "--config"}, args...)...); r.code != code || !strings.Contains(r.out+r.err, want) {
			t.Errorf("%v: %+v", args, r)
		}
	}
	f(0, "is good: 1 shop, 2 routes", file)
	f(0, "nordlys/ads: login at", file, "--connect")
	f(0, "nordlys/hook: url answers", file, "--connect")
	status = http.StatusUnauthorized
	f(1, file+":11: shops.nordlys.routes.ads: CitrusAd", file, "--connect")
	f(1, "refuses the login", file, "--connect")
	partner.Close()
	f(1, "could not be asked", file, "--connect")
	f(1, "can not be reached", file, "--connect")

	// What only the partner refuses: every route of it, at check and at serve.
	text := strings.ReplaceAll(fmt.Sprintf(configuration, "http://a.example", "http://b.example"), "api_key: k}", "api_key: k, output: file, file_schedule: 10s}")
	refused := write(t, "refused.yml", strings.ReplaceAll(text, "whsec_dGVz", "whsec_!"))
	for _, command := range []string{"check", "serve"} {
		r := run(t, "", command, "--config", refused)
		for _, want := range []string{refused + ":10: shops.nordlys.routes.hook: the partner", refused + ":11: shops.nordlys.routes.ads: the partner"} {
			if r.code != 1 || !strings.Contains(r.err, want) {
				t.Errorf("%s: %+v, want %s", command, r, want)
			}
		}
	}

	// Every complaint at once, in the file's sequence.
	bad := write(t, "bad.yml", "listne: x\nshops:\n  a:\n    currency: SEK\n    routes:\n      r: {partner: webhook, when: \"order.nonsense ==\", settings: {secret: whsec_dGVzdA==}}\n")
	r := run(t, "", "check", "--config", bad)
	if lines := strings.Split(strings.TrimSpace(r.err), "\n"); r.code != 1 || len(lines) != 4 || !strings.Contains(lines[3], "ordermux check --config ") ||
		!strings.Contains(lines[0], ":1: listne") || !strings.Contains(lines[1], ":6: ") || !strings.Contains(lines[2], ":6: ") {
		t.Errorf("%+v", r)
	}
}
