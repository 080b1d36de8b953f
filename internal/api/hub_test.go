package api_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/ordermux/ordermux/internal/api"
	"github.com/ordermux/ordermux/internal/catalog"
	"github.com/ordermux/ordermux/internal/order"
	"github.com/ordermux/ordermux/internal/review"
	"github.com/ordermux/ordermux/internal/search"
	"github.com/ordermux/ordermux/internal/secret"
)

// hub is an API over fakes, served over HTTP.
type hub struct {
	api    *api.API
	t      *testing.T
	ledger *fakeLedger
	engine *fakeEngine
	tokens *fakeTokens
	url    string
	doc    *document
	erased []string

	follower *search.Follower

	catalog catalog.Store
}

const admin = "the-admin-token"

func newHub(t *testing.T, change ...func(*api.Options)) *hub {
	t.Helper()
	h := &hub{
		t: t, ledger: &fakeLedger{events: map[string][]order.Event{}}, engine: &fakeEngine{},
		tokens: &fakeTokens{tokens: map[string]api.Grant{admin: {Shop: api.Hub, Scope: api.Admin, Name: "admin"}}},
		doc:    loadDocument(t),
	}
	for _, s := range api.Scopes() {
		h.tokens.tokens["nordlys-"+string(s)] = api.Grant{Shop: "nordlys", Scope: s, Name: "n" + string(s)}
		h.tokens.tokens["hub-"+string(s)] = api.Grant{Shop: api.Hub, Scope: s, Name: "h" + string(s)}
		h.tokens.tokens["aurora-"+string(s)] = api.Grant{Shop: "aurora", Scope: s, Name: "a" + string(s)}
	}
	opts := api.Options{
		Ledger: h.ledger, Engine: h.engine, Tokens: h.tokens, Credentials: &fakeCredentials{}, Captures: &fakeCaptures{}, Book: newBook(t), Invites: invites, Faults: &fakeFaults{body: []byte(`{}`)},
		Now:      func() time.Time { return now },
		Stopping: func() bool { return true }, // no answer goes on
		Operator: api.Operator{
			Erase: func(_ context.Context, shop, id string) error {
				if id == "none" {
					return order.ErrNotFound
				}
				h.erased = append(h.erased, shop+"/"+id)
				return nil
			},
			Reload: func(context.Context) ([]api.NodeReload, error) {
				return []api.NodeReload{{ID: "a1", Name: "one", Done: true}, {ID: "b2", Name: "two", Done: true}}, nil
			},
			Nodes: func(context.Context) ([]api.Node, error) {
				return []api.Node{{ID: "a1", Name: "one", Version: "1.2.3", Started: now, Beat: now, State: "living", Shops: 2, Configuration: "c0ffee", Answers: true}}, nil
			},
			Backup: func(_ context.Context, dir string) (api.BackupReport, error) {
				return api.BackupReport{Dir: dir, Files: 2, Bytes: 4096}, nil
			},
			Alerts: func(context.Context) ([]api.Alert, error) {
				return []api.Alert{{Shop: "nordlys", Route: "ads", Kind: "route_paused", Text: "route ads is paused", Since: now}, {Kind: "disk_full", Text: "the disk is nearly full", Since: now}}, nil
			},
			SendTest: func(context.Context, string, review.Letter) error { return nil },
			Couriers: couriers, Mirror: mirror, TestMessage: testMessage, TestOrder: testOrder, Promote: promoteFake, Jobs: listFake, Job: jobFake,
			DoorURL: func(partner string) string { return "https://hub.example/" + partner },
			Files: func(_ context.Context, _, route string) ([]api.RouteFile, error) {
				if route != "ads" {
					return nil, order.ErrNotFound
				}
				return []api.RouteFile{
					{Name: "orders.tsv", Bytes: 120, Written: now, Fetches: []api.Fetch{{At: now, Bytes: 120, Whole: true}}},
					{Name: "other.tsv", Withdrawn: true, Fetches: []api.Fetch{}},
				}, nil
			},
			Shops: func() []api.Shop {
				return []api.Shop{
					{ID: "nordlys", Name: "Nordlys Kaffe", Currency: "SEK", Timezone: "Europe/Stockholm", Doors: []string{"citrusad"}, Routes: []api.ShopRoute{{Name: "ads", Partner: "citrusad"}}},
					{ID: "aurora", Name: "Aurora", Currency: "EUR", Timezone: "UTC", Doors: []string{}, Routes: []api.ShopRoute{}},
				}
			},
		},
	}
	opts.Catalog = newCatalog()
	opts.Stock = ownStock{Store: opts.Catalog}
	opts.Promotions, opts.People = newFakePromotions(), people{}
	withDoors(&opts)
	withRetention(&opts)
	opts.Importer, opts.Checker = newFakeImporter(), fakeChecker{}
	for _, f := range change {
		f(&opts)
	}
	h.catalog = opts.Catalog
	if opts.Finder == nil {
		opts.Finder, h.follower = newFinder(h.ledger)
	}
	h.api = api.New(opts)
	srv := httptest.NewServer(h.api)
	t.Cleanup(srv.Close)
	h.url = srv.URL
	return h
}

// within makes a call without a network and returns its status.
func (h *hub) within(r *http.Request) int {
	w := httptest.NewRecorder()
	h.api.ServeHTTP(w, r)
	return w.Code
}

// reply is an answer, already held against openapi.json.
type reply struct {
	status int
	header http.Header
	body   string
}

// problem decodes a problem document.
func (r reply) problem(t *testing.T) api.Problem {
	t.Helper()
	var p api.Problem
	if err := json.Unmarshal([]byte(r.body), &p); err != nil {
		t.Fatalf("no problem document: %s", r.body)
	}
	return p
}

func (h *hub) call(method, path, token, body string, header ...string) reply {
	h.t.Helper()
	req, err := http.NewRequest(method, h.url+path, strings.NewReader(body))
	if err != nil {
		h.t.Fatal(err)
	}
	if token != "" {
		req.Header.Set("Authorization", "Bearer "+token)
	}
	if body != "" {
		req.Header.Set("Content-Type", "application/json")
	}
	for i := 0; i < len(header); i += 2 {
		req.Header.Set(header[i], header[i+1])
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		h.t.Fatal(err)
	}
	defer res.Body.Close()
	b, err := io.ReadAll(res.Body)
	if err != nil {
		h.t.Fatal(err)
	}
	h.doc.check(h.t, method, path, res, b)
	return reply{status: res.StatusCode, header: res.Header, body: string(b)}
}

// seed hands three orders and a product in and returns the hub.
func (h *hub) seed() *hub {
	h.t.Helper()
	body := `[{"order":{"id":"1001","channel":"online","currency":"SEK","placed_at":"2026-05-31T09:30:00+10:00",` +
		`"customer":{"email":"ada@customer.example"},"lines":[{"product":{"code":"p1"},"quantity":"1","total":"12.50"}],"totals":{"total":"12.50"}}},` +
		`{"order":{"id":"1002","channel":"offline"}},{"happening":{"kind":"shipped","at":"2026-06-01T09:00:00Z","ref":"s1"},"order_id":"1001"},{"order":{"id":"a/b c"}}]`
	entries, err := api.DecodeEntries([]byte(body), false)
	if err != nil {
		h.t.Fatal(err)
	}
	if _, err := h.ledger.Append(h.t.Context(), "nordlys", entries); err != nil {
		h.t.Fatal(err)
	}
	if _, err := h.catalog.Put(h.t.Context(), "nordlys", []catalog.Product{{Product: order.Product{Code: "K-38"}}}); err != nil {
		h.t.Fatal(err)
	}
	return h
}

func (h *hub) client(token string) *api.Client {
	h.t.Helper()
	c, err := api.NewClient(h.url+"/", secret.New(token), nil)
	if err != nil {
		h.t.Fatal(err)
	}
	return c
}

func TestErrorsOfTheLedger(t *testing.T) {
	t.Parallel()
	f := func(err error, status int, retryAfter, detail string) {
		t.Helper()
		h := newHub(t)
		h.ledger.err = err
		r := h.call("POST", "/api/v1/shops/nordlys/events", admin, `{"order":{"id":"1"}}`)
		if r.status != status || r.header.Get("Retry-After") != retryAfter {
			t.Errorf("%v: %d, Retry-After %q", err, r.status, r.header.Get("Retry-After"))
		}
		if p := r.problem(t); p.Detail != detail || p.Status != status {
			t.Errorf("%v: %+v", err, p)
		}
	}
	f(order.Refuse("id", order.TooLarge, "is longer than 512 bytes"), 400, "", "id: is longer than 512 bytes")
	f(errors.Join(errors.New("entry 0"), order.ErrConflict), 409, "", "order is known with other content")
	f(order.ErrBusy, 503, "1", "too busy, try again later")
	f(order.ErrReadOnly, 503, "30", "not accepting: storage is full or read-only")
	// The text of a trouble of ours stays in the log.
	f(errors.New("disk at /var/lib says no"), 500, "", "something went wrong here; the hub's log has the reason")
}

func TestLogHasTheReason(t *testing.T) {
	t.Parallel()
	var log bytes.Buffer
	h := newHub(t, func(o *api.Options) { o.Log = testLog(&log) })
	h.ledger.err = errors.New("disk says no")
	h.call("POST", "/api/v1/shops/nordlys/events", admin, `{"order":{"id":"1"}}`)
	if !strings.Contains(log.String(), "disk says no") {
		t.Errorf("log: %s", log.String())
	}
}
