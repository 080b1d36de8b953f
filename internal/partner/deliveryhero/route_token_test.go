package deliveryhero_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/ordermux/ordermux/internal/outbound"
	"github.com/ordermux/ordermux/internal/partner"
	"github.com/ordermux/ordermux/internal/partner/deliveryhero"
	"github.com/ordermux/ordermux/internal/partner/partnertest"
)

const asClient = `"token":"","client_id":"cl-1","client_secret":"s3cret-of-client","vendors":["290056"],"poll_every":"1m"`

// TestTokenIsKept: one token serves until five minutes before its end, over a
// restart too, and what is kept of it can not be read.
func TestTokenIsKept(t *testing.T) {
	t.Parallel()
	c := newCounter(t, asClient)
	f := func(after time.Duration, want int) {
		t.Helper()
		c.later(after)
		c.poll()
		if c.platform.tokens != want {
			t.Errorf("%d token calls after another %v, want %d", c.platform.tokens, after, want)
		}
	}
	f(0, 1)
	f(time.Hour, 1)
	c.restart()
	f(54*time.Minute, 1)
	f(time.Minute, 2) // 1 h 55 min
	keys, values, err := c.hub.Deps(deliveryhero.Partner).State.List(t.Context(), "token/", "", 10)
	if err != nil || len(keys) != 1 {
		t.Fatalf("%v %v", keys, err)
	}
	if strings.Contains(string(values[0]), "jwt-") || strings.Contains(keys[0], "s3cret") {
		t.Error("the token can be read")
	}
}

// TestTokenThatIsNotTaken is asked for anew once, and never in a circle.
func TestTokenThatIsNotTaken(t *testing.T) {
	t.Parallel()
	c := newCounter(t, asClient)
	c.poll()
	c.platform.mu.Lock()
	c.platform.taken = "none"
	c.platform.mu.Unlock()
	c.later(time.Minute)
	if err := c.side.Poll(t.Context()); err == nil || !strings.Contains(err.Error(), "http_401") {
		t.Errorf("%v", err)
	}
	if c.platform.tokens != 2 {
		t.Errorf("%d token calls", c.platform.tokens)
	}
	c.platform.mu.Lock()
	c.platform.taken = ""
	c.platform.mu.Unlock()
	c.later(time.Minute)
	c.poll()
}

// TestTokensAMinute: a platform that takes no token is not flooded with calls
// for one. (The 9th would wait for longer than a delivery may.)
func TestTokensAMinute(t *testing.T) {
	t.Parallel()
	c := newCounter(t, asClient)
	c.platform.taken = "none"
	tasks := partnertest.Tasks(sampleOrder())
	var last partner.Outcome
	for range 9 {
		ctx, cancel := contextOf(t, 2*time.Second)
		last = c.side.Deliver(ctx, tasks)[0]
		cancel()
	}
	if c.platform.tokens > 8 || last.Result != partner.ResultLater || last.Code != "token_pace" {
		t.Errorf("%d token calls, at last %+v", c.platform.tokens, last)
	}
}

// TestEvidence: what a delivery leaves shows neither token nor customer.
func TestEvidence(t *testing.T) {
	t.Parallel()
	c := newCounter(t, asClient)
	c.platform.says(nil)
	srv := c.platform
	srv.mu.Lock()
	srv.answer = nil
	srv.mu.Unlock()
	fake := http.NewServeMux()
	fake.HandleFunc("POST /v2/oauth/token", srv.ServeHTTP)
	fake.HandleFunc("/v2/", func(w http.ResponseWriter, _ *http.Request) {
		_, _ = w.Write([]byte(placed(sampleOrder().ID, "RECEIVED", "2026-03-02T18:01:00.000Z")))
	})
	srv.Config.Handler = fake
	ctx, trace := outbound.WithTrace(t.Context())
	task := partnertest.Tasks(sampleOrder())
	task[0].Event.Kind, task[0].Event.Statement = "ready", nil
	if o := c.side.Deliver(ctx, task)[0]; o.Result != partner.ResultDelivered {
		t.Fatalf("%+v", o)
	}
	list := trace.List()
	if len(list) != 3 {
		t.Fatalf("%d calls", len(list))
	}
	for _, x := range list {
		shown := x.URL + x.RequestHead + string(x.RequestBody) + x.ResponseHead + string(x.ResponseBody)
		for _, secret := range []string{"jwt-1", "s3cret-of-client", "Ana", "Quiroga", "+59800000001", "timbre"} {
			if strings.Contains(shown, secret) {
				t.Errorf("%s %s shows %q: %s", x.Method, x.URL, secret, shown)
			}
		}
		if x.Method == http.MethodGet && !strings.Contains(shown, `"sku":"779001"`) {
			t.Errorf("shows nothing: %s", shown)
		}
	}
}
