package cli_test

import (
	"bytes"
	"context"
	"flag"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/ordermux/ordermux/internal/api"
	"github.com/ordermux/ordermux/internal/cause"
	"github.com/ordermux/ordermux/internal/cli"
	"github.com/ordermux/ordermux/internal/delivery"
	"github.com/ordermux/ordermux/internal/json"
	"github.com/ordermux/ordermux/internal/order"
)

var update = flag.Bool("update", false, "write the golden files anew")

// fakeHub answers API calls from a table and remembers them.
type fakeHub struct {
	mu      sync.Mutex
	answers map[string]any // by "METHOD path"; a *api.Problem fails the call
	calls   []string
	url     string
}

func newHub(t *testing.T) *fakeHub {
	t.Helper()
	h := &fakeHub{answers: answers(t)}
	srv := httptest.NewServer(h)
	t.Cleanup(srv.Close)
	h.url = srv.URL
	return h
}

func (h *fakeHub) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	h.mu.Lock()
	defer h.mu.Unlock()
	line := r.Method + " " + r.URL.RequestURI()
	if len(body) > 0 {
		line += " " + strings.TrimSpace(string(body))
	}
	h.calls = append(h.calls, line)
	answer, ok := h.answers[r.Method+" "+r.URL.RequestURI()]
	if !ok {
		answer, ok = h.answers[r.Method+" "+r.URL.EscapedPath()]
	}
	if f, is := answer.(func([]byte) any); is {
		answer = f(body)
	}
	p, failed := answer.(*api.Problem)
	if !ok || failed {
		if p == nil {
			p = &api.Problem{Type: "about:blank", Title: "Not Found", Status: 404, Detail: api.NotFound}
		}
		w.Header().Set("Content-Type", "application/problem+json")
		w.WriteHeader(p.Status)
		answer = p
	}
	if text, ok := answer.(raw); ok {
		_, _ = io.WriteString(w, string(text))
		return
	}
	_ = json.MarshalWrite(w, answer)
}

// raw is an answer that is no JSON.
type raw string

// result is what a command did.
type result struct {
	code     int
	out, err string
}

// run runs a command line against the hub.
func (h *fakeHub) run(t *testing.T, stdin string, args ...string) result {
	t.Helper()
	return run(t, stdin, append(args, "--hub", h.url, "--token", "t")...)
}

func run(t *testing.T, stdin string, args ...string) result {
	t.Helper()
	var out, errs bytes.Buffer
	code := cli.Run(context.Background(), args, cli.Env{
		In: strings.NewReader(stdin), Out: &out, Err: &errs, Interactive: stdin != "", Version: "1.2.3",
	})
	return result{code: code, out: out.String(), err: errs.String()}
}

// golden compares a text with testdata/NAME.golden.
func golden(t *testing.T, name, got string) {
	t.Helper()
	file := filepath.Join("testdata", name+".golden")
	if *update {
		if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(string(want), got); d != "" {
		t.Errorf("%s (-want +got):\n%s", file, d)
	}
}

func decimal(t *testing.T, s string) order.Decimal {
	t.Helper()
	d, err := order.ParseDecimal(s)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func stamp(t *testing.T, s string) order.Time {
	t.Helper()
	at, err := order.ParseTime(s)
	if err != nil {
		t.Fatal(err)
	}
	return at
}

var now = time.Date(2026, 5, 31, 9, 30, 0, 0, time.UTC)

// answers is a hub with one shop, one order and two routes.
func answers(t *testing.T) map[string]any {
	const shop = "/api/v1/shops/nordlys"
	dry := func(verb string) func([]byte) any {
		return func(body []byte) any {
			a := api.Acted{Count: 2, Verdicts: []api.Verdict{}}
			if bytes.Contains(body, []byte(`"dry_run":true`)) {
				a.DryRun = true
				a.Verdicts = []api.Verdict{{Route: "ads", Order: "1001", Seq: 1, Action: "send", Body: `{"id":"1001"}`}, {Route: "ads", Order: "1002", Seq: 2, Action: "skip", Reason: "when: " + verb}}
			}
			return a
		}
	}
	sent := api.Verdict{Order: "1001", Seq: 1, Action: "send", Body: `{"id":"1001"}`}
	token := api.NewToken{Shop: "nordlys", Name: "erp", Scope: api.Submit, Token: "omx_once"}
	known := api.Credential{Used: now.Add(2 * time.Hour),
		Shop: "nordlys", Partner: "skeepers", Name: "erp", Source: "skeepers:erp", Created: now, Rotated: now.Add(time.Hour), OldUntil: now.Add(25 * time.Hour),
		Values: map[string]api.FieldValue{"client_id": {"c-1"}, "domains": {"a.example", "b.example"}}, Secrets: []string{"client_secret"},
	}
	configured := api.Credential{
		Shop: "nordlys", Partner: "skeepers", Kind: "user", Name: "anna", Configured: true,
		Values: map[string]api.FieldValue{"email": {"a***@shop.example"}}, Secrets: []string{"password"},
	}
	door := shop + "/credentials/skeepers"
	opened := api.NewCredential{Credential: known, URL: "https://hub.example/skeepers", Made: map[string]string{"client_secret": "once"}}
	return map[string]any{
		"GET " + door:                                  api.CredentialList{URL: "https://hub.example/skeepers", Credentials: []api.Credential{known, configured}, Kinds: []api.CredentialKind{{}, {Kind: "user", Most: 11, Names: []string{"Orders", "Promotions"}}}},
		"POST " + door:                                 opened,
		"PATCH " + door + "/erp?kind=user":             configured,
		"POST " + door + "/erp/rotate":                 opened,
		"POST " + door + "/erp/revoke-tokens":          api.Done{Done: true},
		"DELETE " + door + "/anna?kind=user":           api.Done{Done: true},
		"GET /api/v1/shops":                            api.Shops{Shops: []api.Shop{{ID: "nordlys", Currency: "SEK", Timezone: "Europe/Stockholm", Doors: []string{}, Routes: []api.ShopRoute{}}}},
		"GET " + shop + "/orders":                      api.Orders{Orders: summaries(t)[:1], Next: "two"},
		"GET " + shop + "/orders?cursor=two&limit=500": api.Orders{Orders: summaries(t)[1:]},
		"GET " + shop + "/orders/1001":                 orderState(t),
		"GET " + shop + "/orders/lone":                 api.OrderState{OrderSummary: api.OrderSummary{ID: "lone"}, Events: []api.Event{{Seq: 9, At: now, Kind: order.KindShipped, Source: "api:erp", Happening: &order.Happening{Kind: order.KindShipped, Ref: "s9"}}}},
		"GET " + shop + "/deliveries":                  api.Deliveries{Deliveries: orderState(t).Deliveries},
		"GET " + shop + "/routes":                      routes(),
		"GET " + shop + "/stuck": api.Stuck{Groups: []api.StuckGroup{
			{
				Route: "ads", Partner: "citrusad", Cause: cause.WrongKey, Codes: []string{"http_401"}, Count: 2, Oldest: time.Date(2026, 5, 31, 9, 30, 0, 0, time.UTC),
				Words: []api.StuckWords{{Words: "the partner refuses the api_key", Count: 2}}, Orders: []string{"1001", "1002"}, Blocked: true, Waiting: 7,
			},
			{Route: "hook", Cause: cause.PartnerDown, Codes: []string{"http_503"}, Count: 100_000, More: true, Person: 3},
		}},
		"GET " + shop + "/stuck?cause=refused&route=ads":  api.Stuck{Groups: []api.StuckGroup{}},
		"GET " + shop + "/reconcile":                      api.Missing{Missing: []api.Verdict{{Order: "1002", Seq: 2, Action: "wait", Reason: "retrying since 09:30: http_503"}}},
		"GET " + shop + "/reconcile?limit=500&route=hook": api.Missing{Missing: []api.Verdict{}},
		"GET " + shop + "/verify":                         api.Verified{Shop: "nordlys", Events: 3, Head: 3, Hash: strings.Repeat("ab", 32), Whole: true, Faults: []string{}},
		"GET /api/v1/shops/_hub/verify":                   api.Verified{Shop: "_hub", Events: 2, Head: 2, Faults: []string{"event 2: the hash does not follow from event 1"}},
		"POST /api/v1/reload":                             api.Reloaded{Done: true},
		"GET /api/v1/nodes": api.Nodes{Nodes: []api.Node{
			{ID: "a1", Name: "one:8080", Version: "1.2.3", Started: now, Beat: now.Add(time.Minute), State: "living", Shops: 2, Configuration: "c0ffee", Answers: true},
			{ID: "b2", Name: "two:8080", Version: "1.2.2", Started: now, Beat: now, State: "ended", Configuration: "decaf"},
		}},
		"POST /api/v1/backup":                   api.BackupReport{Dir: "/backups/one", Files: 2, Bytes: 4096},
		"POST " + shop + "/routes/ads/pause":    api.Done{Done: true},
		"POST " + shop + "/routes/ads/resume":   api.Done{Done: true},
		"POST " + shop + "/routes/ads/replay":   dry("replay"),
		"POST " + shop + "/routes/ads/backfill": dry("backfill"),
		"POST " + shop + "/routes/ads/test":     sent,
		"POST " + shop + "/deliveries/retry":    dry("retry"),
		"POST " + shop + "/deliveries/drop":     dry("drop"),
		"POST " + shop + "/deliveries/send":     sent,
		"POST " + shop + "/orders/1001/erase":   api.Done{Done: true},
		"GET " + shop + "/tokens":               api.TokenList{Tokens: []api.TokenInfo{{Shop: "nordlys", Name: "erp", Scope: api.Submit, Created: now, Rotated: now.Add(time.Hour), OldUntil: now.Add(25 * time.Hour)}}},
		"POST " + shop + "/tokens":              token,
		"POST " + shop + "/tokens/erp/rotate":   token,
		"DELETE " + shop + "/tokens/erp":        api.Done{Done: true},
	}
}

func summaries(t *testing.T) []api.OrderSummary {
	return []api.OrderSummary{
		{
			ID: "1001", Number: 1, Seq: 3, Accepted: now, Status: order.StatusShipped, PlacedAt: stamp(t, "2026-05-31T09:30:00+10:00"),
			Channel: "online", Currency: "SEK", Total: decimal(t, "12.50"), Lines: 1, Sources: []string{"citrusad:default", "api:erp"}, Stated: true,
		},
		{ID: "0999", Number: 4, Seq: 4, Accepted: now.Add(-time.Hour), Sources: []string{"import"}, Stated: true, History: true, Erased: true},
		{ID: "lone", Number: 9, Seq: 9, Accepted: now, Sources: []string{"api:erp"}},
	}
}

func orderState(t *testing.T) api.OrderState {
	o := &order.Order{ID: "1001", Lines: []order.Line{{
		Product: order.Product{Code: "p1", Name: "Morning roast"}, Quantity: decimal(t, "1"), Total: decimal(t, "12.50"),
	}}}
	exchange := api.Exchange{
		At: now.Add(2 * time.Second), Milliseconds: 20, Method: "POST", URL: "https://ads.example/v1/orders", RequestBody: `{"orders":[]}`, RequestSize: 13,
		Status: 400, ResponseBody: "gtin is\nbad \x1b[31m", ResponseSize: 12,
	}
	return api.OrderState{
		OrderSummary: summaries(t)[0], Order: o,
		From:   map[order.Group]string{"lines": "citrusad:default", "totals": "api:erp", "placed_at": "citrusad:default"},
		Differ: map[order.Group][]string{"lines": {"api:erp"}},
		Events: []api.Event{
			{Seq: 1, At: now, Kind: order.KindPlaced, Source: "citrusad:default", Order: o},
			{Seq: 3, At: now.Add(time.Minute), Kind: order.KindShipped, Source: "api:erp", Happening: &order.Happening{
				Kind: order.KindShipped, At: stamp(t, "2026-05-31T19:31:00+10:00"), Ref: "s1", Parcel: &order.Parcel{Number: "PK1"},
			}},
		},
		Deliveries: []api.Delivery{
			{Route: "hook", Order: "1001", Number: 1, Seq: 1, State: delivery.Delivered, Attempt: 1, Planned: now, Settled: now.Add(time.Second), Ref: "h-1", Calls: []api.Call{
				{ID: 1, Tasks: 1, Exchanges: []api.Exchange{{At: now, Milliseconds: 3, Method: "POST", URL: "https://shop.example/in", Status: 204}}},
			}},
			{Route: "ads", Order: "1001", Number: 1, Seq: 1, State: delivery.Refused, Attempt: 2, Planned: now, Settled: now.Add(2 * time.Second), Code: "http_400", Reason: "gtin is bad", Calls: []api.Call{
				{ID: 7, Tasks: 3, Exchanges: []api.Exchange{exchange}},
			}},
			{Route: "ads", Order: "1001", Number: 1, Seq: 1, Run: 1, State: delivery.Retrying, Attempt: 1, Planned: now, Due: now.Add(time.Hour), Code: "timeout", Calls: []api.Call{
				{ID: 9, Tasks: 1, Exchanges: []api.Exchange{{At: now, Milliseconds: 30000, Method: "POST", URL: "https://ads.example/v1/orders", Error: "read: timeout"}}},
			}},
		},
		Skipped: []api.Verdict{{Route: "reviews", Order: "1001", Seq: 1, Action: "skip", Reason: "the order has no e-mail"}},
	}
}

func routes() api.Routes {
	return api.Routes{Routes: []api.Route{
		{Name: "ads", Partner: "citrusad", State: "blocked", Reason: "the key is refused", Position: 3, Head: 10, Start: 1, LagSeconds: 90.4, Oldest: now, Counts: map[delivery.State]int64{
			delivery.Delivered: 2, delivery.Held: 1, delivery.Retrying: 3, delivery.Failed: 4, delivery.Parked: 1, delivery.Refused: 5,
		}},
		{Name: "hook", Partner: "webhook", State: "flowing", Position: 10, Head: 10, Counts: map[delivery.State]int64{}},
	}}
}
