package webhook_test

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	standardwebhooks "github.com/standard-webhooks/standard-webhooks/libraries/go"

	"github.com/ordermux/ordermux/internal/json"
	"github.com/ordermux/ordermux/internal/order"
	"github.com/ordermux/ordermux/internal/outbound"
	"github.com/ordermux/ordermux/internal/partner"
	"github.com/ordermux/ordermux/internal/partner/partnertest"
	"github.com/ordermux/ordermux/internal/partner/webhook"
	"github.com/ordermux/ordermux/internal/secret"
)

func TestRoute(t *testing.T) {
	t.Parallel()
	partnertest.RunRoute(t, webhook.Partner, "testdata/route")
}

// receiver keeps what it gets.
type receiver struct {
	mu     sync.Mutex
	header []http.Header
	body   [][]byte
	status int
}

func (r *receiver) ServeHTTP(w http.ResponseWriter, req *http.Request) {
	b, _ := io.ReadAll(req.Body)
	r.mu.Lock()
	defer r.mu.Unlock()
	r.header, r.body = append(r.header, req.Header), append(r.body, b)
	w.WriteHeader(r.status)
}

func route(t testing.TB, url string, set map[string]partner.Value) partner.Side {
	t.Helper()
	s := partner.Settings{"url": {Text: url}, "secret": {Secret: secret.New(whsec)}}
	for name, v := range set {
		s[name] = v
	}
	client := outbound.New(outbound.Options{})
	t.Cleanup(client.CloseIdle)
	side, err := webhook.Partner.Route(partner.Deps{HTTP: client}, s)
	if err != nil {
		t.Fatal(err)
	}
	return side
}

func sampleTask(key string) partner.Task {
	amount, err := order.ParseDecimal("12.50")
	if err != nil {
		panic(err)
	}
	return partner.Task{
		Key: key, Shop: "nordlys", Route: "hook", Attempt: 1,
		Order: &order.Order{ID: "A-1", Channel: "online"},
		Event: order.Event{
			Shop: "nordlys", Seq: 7, Order: 3, At: time.Date(2026, 3, 1, 12, 0, 0, 500, time.FixedZone("", 3600)),
			Subject: order.Subject{Kind: "order", ID: `A-1 "ü"`}, Kind: order.KindRefunded, Source: order.Source{Name: "api:erp", Rank: order.RankShop},
			Hash: [32]byte{0xab}, Happening: &order.Happening{Kind: order.KindRefunded, Amount: amount},
		},
	}
}

// What we send is taken by the reference library, under the old and the new
// secret while rotating, and by no other; its id is the same each time.
func TestReferenceLibraryVerifies(t *testing.T) {
	t.Parallel()
	hook := &receiver{status: 200}
	server := httptest.NewServer(hook)
	defer server.Close()
	side := route(t, server.URL, map[string]partner.Value{"secret_previous": {Secret: secret.New("raw secret")}})
	for range 2 {
		if o := side.Deliver(t.Context(), []partner.Task{sampleTask("k-1")}); o[0].Result != partner.ResultDelivered {
			t.Fatalf("%+v", o)
		}
	}
	current, err := standardwebhooks.NewWebhook(whsec)
	if err != nil {
		t.Fatal(err)
	}
	previous, _ := standardwebhooks.NewWebhookRaw([]byte("raw secret"))
	other, _ := standardwebhooks.NewWebhookRaw([]byte("other"))
	for i := range hook.body {
		if err := current.Verify(hook.body[i], hook.header[i]); err != nil {
			t.Errorf("current secret: %v", err)
		}
		if err := previous.Verify(hook.body[i], hook.header[i]); err != nil {
			t.Errorf("previous secret: %v", err)
		}
		if other.Verify(hook.body[i], hook.header[i]) == nil {
			t.Error("another secret verifies")
		}
		if current.Verify(append(hook.body[i], ' '), hook.header[i]) == nil {
			t.Error("a changed body verifies")
		}
		if id := hook.header[i].Get("webhook-id"); id != "k-1" {
			t.Errorf("id %q", id)
		}
	}
}

func TestBody(t *testing.T) {
	t.Parallel()
	want := `{"id":"k-1","type":"order.refunded","timestamp":"2026-03-01T11:00:00.0000005Z","shop":"nordlys","seq":7,"order_id":"A-1 \"ü\"",` +
		`"source":"api:erp","hash":"ab` + strings.Repeat("00", 31) + `","data":{"order":{"id":"A-1","channel":"online"},"happening":{"kind":"refunded","amount":"12.50"}}}`
	side := route(t, "http://hook.example/", nil)
	got, err := side.Render(sampleTask("k-1"))
	if err != nil || string(got) != want {
		t.Errorf("%v\n got %s\nwant %s", err, got, want)
	}
	if !json.Valid(got) {
		t.Error("not JSON")
	}
	alone := sampleTask("k-2")
	alone.Order = nil
	if got, err = side.Render(alone); err != nil || !strings.Contains(string(got), `"data":{"happening":{`) || !json.Valid(got) {
		t.Errorf("without a statement: %s, %v", got, err)
	}
}

// A batch keeps its id when it is sent again as it was, and has another when
// it is not.
func TestBatchID(t *testing.T) {
	t.Parallel()
	hook := &receiver{status: 200}
	server := httptest.NewServer(hook)
	defer server.Close()
	side := route(t, server.URL, map[string]partner.Value{"batch": {Text: "3"}})
	a, b := sampleTask("k-1"), sampleTask("k-2")
	for _, tasks := range [][]partner.Task{{a, b}, {a, b}, {b, a}, {a}} {
		if o := side.Deliver(t.Context(), tasks); len(o) != len(tasks) || o[0].Result != partner.ResultDelivered {
			t.Fatalf("%+v", o)
		}
	}
	id := func(i int) string { return hook.header[i].Get("webhook-id") }
	if side.Batch != 3 || id(0) != id(1) || id(0) == id(2) || id(0) == id(3) || len(id(0)) > 64 || strings.Contains(id(0), ".") {
		t.Errorf("%q %q %q %q", id(0), id(1), id(2), id(3))
	}
}

func TestStatuses(t *testing.T) {
	t.Parallel()
	hook := &receiver{}
	server := httptest.NewServer(hook)
	defer server.Close()
	side := route(t, server.URL, map[string]partner.Value{"batch": {Text: "2"}})
	one := []partner.Task{sampleTask("k-1")}
	two := append(one, sampleTask("k-2"))
	for status := 200; status < 600; status++ {
		hook.status = status
		var want partner.Outcome
		switch {
		case status < 300:
			want = partner.Delivered("")
		case status < 400, status >= 401 && status <= 405, status == 407, status == 410, status == 421, status == 426, status == 501, status == 505, status == 511:
			want = partner.Refused("", "").Of(partner.ScopeRoute)
		case status == 408, status == 423, status == 425, status == 429, status >= 500:
			want = partner.Later(0, "", "")
		default:
			want = partner.Refused("", "").Of(partner.ScopeBatch)
		}
		got := side.Deliver(t.Context(), two)[0]
		if got.Result != want.Result || got.Scope != want.Scope || status >= 300 && got.Code != fmt.Sprintf("http_%d", status) {
			t.Errorf("%d: %+v, want %+v", status, got, want)
		}
		if want.Scope == partner.ScopeBatch {
			if got := side.Deliver(t.Context(), one)[0]; got.Scope != partner.ScopeOrder || got.Result != partner.ResultRefused {
				t.Errorf("%d, alone: %+v", status, got)
			}
		}
	}
}

func TestUnanswered(t *testing.T) {
	t.Parallel()
	cut := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { panic(http.ErrAbortHandler) }))
	defer cut.Close()
	long := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Length", "20000000")
		if r.URL.Path == "/no" {
			w.WriteHeader(500)
		}
	}))
	defer long.Close()
	gone := httptest.NewServer(http.NotFoundHandler())
	gone.Close()
	f := func(url string, result partner.Result, scope partner.Scope, code string) {
		t.Helper()
		got := route(t, url, nil).Deliver(t.Context(), []partner.Task{sampleTask("k-1")})[0]
		if got.Result != result || got.Scope != scope || got.Code != code {
			t.Errorf("%s: %+v", url, got)
		}
	}
	f(cut.URL, partner.ResultUnknown, partner.ScopeOrder, "no_answer_read")
	f(gone.URL, partner.ResultLater, partner.ScopeOrder, "no_answer_dial")
	// A receiver that takes it and says too much about it has taken it.
	f(long.URL, partner.ResultDelivered, partner.ScopeOrder, "")
	f(long.URL+"/no", partner.ResultUnknown, partner.ScopeOrder, "no_answer_body_too_large")

	ctx, cancel := context.WithCancel(t.Context())
	hang := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		io.Copy(io.Discard, r.Body)
		<-ctx.Done()
	}))
	defer hang.Close()
	defer cancel()
	got := route(t, hang.URL, map[string]partner.Value{"timeout": {Text: "1s"}}).Deliver(t.Context(), []partner.Task{sampleTask("k-1")})[0]
	if got.Result != partner.ResultUnknown || got.Code != "timeout" {
		t.Errorf("%+v", got)
	}
}

// Nothing secret of the route reaches evidence.
func TestEvidenceShowsNoSecret(t *testing.T) {
	t.Parallel()
	hook := &receiver{status: 200}
	server := httptest.NewServer(hook)
	defer server.Close()
	side := route(t, strings.Replace(server.URL, "://", "://anna:hush@", 1)+"?token=hush", map[string]partner.Value{"authorization": {Secret: secret.New("Bearer hush")}})
	ctx, trace := outbound.WithTrace(t.Context())
	side.Deliver(ctx, []partner.Task{sampleTask("k-1")})
	x := trace.Exchanges[0]
	if all := x.URL + x.RequestHead + string(x.RequestBody); strings.Contains(all, "hush") || !strings.Contains(all, "Webhook-Signature: v1,") {
		t.Error(all)
	}
	if hook.header[0].Get("Authorization") != "Bearer hush" {
		t.Errorf("sent %q", hook.header[0].Get("Authorization"))
	}
}

func TestSettings(t *testing.T) {
	t.Parallel()
	f := func(want string, set map[string]partner.Value) {
		t.Helper()
		s := partner.Settings{"url": {Text: "https://hook.example/in"}, "secret": {Secret: secret.New("raw-hush")}}
		for name, v := range set {
			s[name] = v
		}
		_, err := webhook.Partner.Route(partner.Deps{}, s)
		if err == nil || err.Error() != want {
			t.Errorf("got %v, want %s", err, want)
		}
	}
	f("url: must be an absolute http or https address", map[string]partner.Value{"url": {Text: "hook.example/in"}})
	f("secret: secret is required", map[string]partner.Value{"secret": {}})
	f("secret: secret begins with whsec_ but is no base64 behind it", map[string]partner.Value{"secret": {Secret: secret.New("whsec_hush!")}})
	f("secret_previous: secret begins with whsec_ but is no base64 behind it", map[string]partner.Value{"secret_previous": {Secret: secret.New("whsec_")}})
	f("batch: must be a number from 1 to 100", map[string]partner.Value{"batch": {Text: "101"}})
	f("batch: must be a number from 1 to 100\ntimeout: must be from 1s to 5m0s", map[string]partner.Value{"timeout": {Text: "10m"}, "batch": {Text: "0"}})
	f(`headers: each must be written "Name: value"`, map[string]partner.Value{"headers": {List: []string{"X Y: z"}}})
	f(`headers: each must be written "Name: value"`, map[string]partner.Value{"headers": {List: []string{"X-Y: z\r\nEvil: 1"}}})
	f(`headers: Webhook-Id is set by us`, map[string]partner.Value{"headers": {List: []string{"webhook-id: 1"}}})
	f(`authorization: holds a character that no header can`, map[string]partner.Value{"authorization": {Secret: secret.New("a\nhush")}})
}

func TestDeclares(t *testing.T) {
	t.Parallel()
	side := route(t, "https://hook.example", nil)
	if side.Mode != partner.Each || side.Repeat != partner.RepeatSafe || side.Batch != 1 || side.Look != nil || side.Handler != nil || webhook.Partner.Door != nil {
		t.Errorf("%+v", side)
	}
}
