package cli_test

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/ordermux/ordermux/internal/api"
	"github.com/ordermux/ordermux/internal/cli"
)

// TestEveryErrorSaysWhatToDo lets every command that calls a hub meet one that
// is not there, does not let it in, does not know what it asks for, or is in
// trouble: each time it says what is wrong, and then what to do.
func TestEveryErrorSaysWhatToDo(t *testing.T) {
	t.Parallel()
	lines, err := cli.CallsOfHub()
	if err != nil {
		t.Fatal(err)
	}
	failed := 0
	f := func(url string, status int, want string, lines ...[]string) {
		t.Helper()
		for _, line := range lines {
			r := run(t, "", append(line, "--hub", url, "--token", "t")...)
			if r.code == cli.ExitUsage {
				continue // a mistake in the made-up arguments
			}
			said := strings.SplitN(strings.TrimSpace(r.err), "\n", 2)
			if r.code != cli.ExitFailed || len(said) != 2 || !strings.HasPrefix(said[0], "ordermux: ") || !strings.Contains(said[1], want) {
				t.Errorf("%v at %s (%d): code %d\n%s", line, url, status, r.code, r.err)
			}
			failed++
		}
	}
	f("http://127.0.0.1:1", 0, "ordermux serve --config FILE", lines...)
	f(refuses(t, 404, api.NotFound), 404, "", lines...)
	for _, at := range []struct {
		status       int
		detail, want string
	}{
		{401, "the token is unknown, revoked or expired", "ORDERMUX_TOKEN"},
		{403, "this needs a token with the scope operate", "ordermux token create NAME --scope"},
		{404, "there is no such shop", "--shop or ORDERMUX_SHOP"},
		{500, "something went wrong here", "log"},
		{503, "too busy, try again later", "again"},
	} {
		f(refuses(t, at.status, at.detail), at.status, at.want, lines[failed%len(lines)], []string{"routes"}, []string{"order", "1", "--shop", "nordlys"})
	}
	if failed < 2*40 {
		t.Errorf("only %d failures were looked at, of %d commands", failed, len(lines))
	}
}

// refuses is a hub that answers so, whatever it is asked.
func refuses(t *testing.T, status int, detail string) string {
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/problem+json")
		w.WriteHeader(status)
		fmt.Fprintf(w, `{"type":"about:blank","title":"%s","status":%d,"detail":"%s"}`, http.StatusText(status), status, detail)
	}))
	t.Cleanup(s.Close)
	return s.URL
}

// TestErrorsOutsideOfHubs: of files, names and mistakes in the command line.
func TestErrorsOutsideOfHubs(t *testing.T) {
	t.Parallel()
	f := func(want string, args ...string) {
		t.Helper()
		if r := run(t, "", args...); r.code == 0 || !strings.Contains(r.err, want) {
			t.Errorf("%v: %+v, want %s", args, r, want)
		}
	}
	bad := write(t, "bad.yml", "listn: 1\nshops: {nordlys: {currency: SEK}}\n")
	f("ordermux init", "check", "--config", "/none/such.yml")
	f("ordermux init", "serve", "--config", "/none/such.yml")
	f("ordermux check --config "+bad, "check", "--config", bad)
	f("ordermux check --config "+bad, "serve", "--config", bad)
	f("See ordermux order --help.", "order")
	f("See ordermux route pause --help.", "route", "pause")
	f("http://", "orders", "--token", "t", "--shop", "s", "--hub", strings.Replace(plain(t), "http:", "https:", 1))
	f("does not trust", "orders", "--token", "t", "--shop", "s", "--hub", secure(t))
	f("DNS", "orders", "--token", "t", "--shop", "s", "--hub", "http://no-such-host.invalid")
}

func plain(t *testing.T) string {
	s := httptest.NewServer(http.NotFoundHandler())
	t.Cleanup(s.Close)
	return s.URL
}

func secure(t *testing.T) string {
	s := httptest.NewTLSServer(http.NotFoundHandler())
	t.Cleanup(s.Close)
	return s.URL
}

// TestAdviceNamesCommands: each command that an advice names is there.
func TestAdviceNamesCommands(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("advice.go")
	if err != nil {
		t.Fatal(err)
	}
	known, err := cli.Commands()
	if err != nil {
		t.Fatal(err)
	}
	found := regexp.MustCompile(`ordermux ((?:[a-z]+)(?: [a-z]+)?)`).FindAllSubmatch(text, -1)
	for _, m := range found {
		words := strings.Fields(string(m[1]))
		if !slices.Contains(known, strings.Join(words, " ")) && !slices.Contains(known, words[0]) {
			t.Errorf("ordermux %s is no command", m[1])
		}
		if len(words) == 2 && !slices.Contains(known, strings.Join(words, " ")) && slices.ContainsFunc(known, func(k string) bool { return strings.HasPrefix(k, words[0]+" ") }) {
			t.Errorf("ordermux %s is no command", m[1])
		}
	}
	if len(found) < 10 {
		t.Errorf("only %d commands are named", len(found))
	}
}

// TestTail prints what the hub tells, and ends with the reader.
func TestTail(t *testing.T) {
	t.Parallel()
	h := newHub(t)
	h.answers["GET /api/v1/shops/nordlys/tail"] = raw("\n" +
		`{"event":{"seq":7,"at":"2026-05-31T09:30:00Z","kind":"placed","order":"1001","source":"import"}}` + "\n\n" +
		`{"delivery":{"route":"hook","order":"1001","number":7,"seq":7,"run":0,"state":"delivered","attempt":1,"planned":"2026-05-31T09:30:00Z","settled":"2026-05-31T09:30:01Z","ref":"h-1","place":0}}` + "\n" +
		`{"delivery":{"route":"ads","order":"1001","number":7,"seq":7,"run":0,"state":"refused","attempt":1,"planned":"2026-05-31T09:30:00Z","settled":"2026-05-31T09:30:02Z","code":"http_400","reason":"gtin is bad\nindeed","place":0}}` + "\n" +
		`{"event":{"seq":8,"at":"2026-05-31T09:30:03Z","kind":"note","order":"20260531T093003Z-pause","source":"operator:maja","act":"pause route ads"}}` + "\n" +
		`{"gap":true}` + "\n")
	ctx, cancel := context.WithCancel(t.Context())
	out, errs := newStream(), newStream()
	code := make(chan int, 1)
	go func() {
		code <- cli.Run(ctx, []string{"tail", "--hub", h.url, "--token", "t", "--shop", "nordlys"}, cli.Env{Out: out, Err: errs})
	}()
	errs.wait(t, "following shop nordlys")
	out.wait(t, "more happened")
	errs.wait(t, "the hub has ended the connection")
	errs.wait(t, "the hub is back")
	cancel()
	if got := <-code; got != 0 {
		t.Error(got)
	}
	want := "09:30:00  1001  placed by import, #7\n09:30:01  1001  hook delivered, partner's number h-1\n09:30:02  1001  ads refused: http_400: gtin is bad indeed\n09:30:03  pause route ads by operator:maja, #8\n"
	out.mu.Lock()
	defer out.mu.Unlock()
	if got := out.buf.String(); !strings.HasPrefix(got, want) {
		t.Errorf("%s", got)
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	if calls := strings.Join(h.calls, "\n"); !strings.Contains(calls, "/tail?after=8") {
		t.Errorf("it begins anew without saying what it has seen: %s", calls)
	}
}
