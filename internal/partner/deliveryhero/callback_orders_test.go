package deliveryhero

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/ordermux/ordermux/internal/delivery"
	"github.com/ordermux/ordermux/internal/json"
	"github.com/ordermux/ordermux/internal/ledger"
	"github.com/ordermux/ordermux/internal/order"
	"github.com/ordermux/ordermux/internal/partner"
	"github.com/ordermux/ordermux/internal/partner/partnertest"
	"github.com/ordermux/ordermux/internal/secret"
	"github.com/ordermux/ordermux/internal/store/sqlite"
)

// tillHook is a chain's own software. It lives outside of the bubble of virtual
// time, and keeps no connection: one that is open would keep time from passing.
type tillHook struct {
	*httptest.Server

	mu    sync.Mutex
	down  bool
	got   []string // number status revision
	heads []http.Header
}

func newTillHook(t *testing.T) *tillHook {
	r := &tillHook{}
	r.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		w.Header().Set("Connection", "close")
		body, err := io.ReadAll(req.Body)
		r.mu.Lock()
		defer r.mu.Unlock()
		if r.down {
			w.Header().Set("Retry-After", "600") // which the platform does not mind
			w.WriteHeader(http.StatusServiceUnavailable)
			return
		}
		o, wrong := readOrder(body)
		if err != nil || wrong != nil {
			t.Errorf("told %s: %v %v", body, err, wrong)
			return
		}
		r.got = append(r.got, fmt.Sprintf("%.4s %s", o.ID, o.Status))
		r.heads = append(r.heads, req.Header.Clone())
	}))
	t.Cleanup(r.Close)
	return r
}

func (r *tillHook) set(down bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.down = down
}

func (r *tillHook) told() []string {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.Clone(r.got)
}

// platform is a hub with the door, its callback and the delivery engine, over a
// real ledger, in virtual time.
type platform struct {
	t      *testing.T
	hub    *partnertest.Hub // credentials and catalogue
	ledger *ledger.Ledger
	door   http.Handler
	engine *delivery.Engine
	tries  *tries
	deps   partner.Deps // the door's
	hooks  *hooks
}

// hooks are credentials, without receivers for as long as these are gone.
type hooks struct {
	partner.Credentials
	gone atomic.Bool
}

func (h *hooks) List(ctx context.Context, shop, of string) ([]partner.Grant, error) {
	if of == ofHook && h.gone.Load() {
		return nil, nil
	}
	return h.Credentials.List(ctx, shop, of)
}

// tries are the callback's attempts.
type tries struct {
	delivery.Observer
	mu sync.Mutex
	at []time.Time
}

func (o *tries) Attempted(a delivery.Attempt) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if a.Kind == "deliver" {
		o.at = append(o.at, time.Now())
	}
}

// first returns when the first n were made.
func (o *tries) first(n int) []time.Time {
	o.mu.Lock()
	defer o.mu.Unlock()
	return slices.Clone(o.at[:n])
}

func (o *tries) Settled(*delivery.Route, delivery.State, delivery.State, string) {}
func (o *tries) RouteChanged(*delivery.Route, delivery.RouteStatus)              {}
func (o *tries) Stalled(*delivery.Route, error)                                  {}

// inVirtualTime runs f with a platform whose chain has a receiver.
func inVirtualTime(t *testing.T, brand, retry string, f func(p *platform, r *tillHook)) {
	t.Helper()
	r, dir := newTillHook(t), t.TempDir()
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		store, err := sqlite.Open(ctx, dir, sqlite.Options{})
		if err != nil {
			t.Fatal(err)
		}
		p := newPlatform(t, store, brand, retry, r.URL)
		done := make(chan struct{})
		go func() {
			defer close(done)
			_ = p.engine.Run(ctx)
		}()
		f(p, r)
		cancel()
		<-done
		if err := store.Close(); err != nil {
			t.Error(err)
		}
	})
}

func newPlatform(t *testing.T, store *sqlite.Store, brand, retry, hook string) *platform {
	t.Helper()
	p := &platform{t: t, hub: partnertest.NewHub(nil), tries: &tries{}}
	p.hub.AddCredential(Partner, "chain", ofChain, partner.Settings{fieldChain: {Text: testChain}, fieldBrand: {Text: brand}, fieldCountry: {Text: "UY"}})
	p.hub.AddCredential(Partner, "centro", ofVendor, partner.Settings{fieldVendor: {Text: testVendor}, fieldExternal: {Text: "SHOP-07"}})
	p.hub.AddCredential(Partner, "sur", ofVendor, partner.Settings{fieldVendor: {Text: "nbet"}, fieldPicking: {Text: pickingPelican}})
	p.hub.AddCredential(Partner, "Orders", ofToken, partner.Settings{fieldToken: {Secret: secret.New("right")}})
	p.hub.AddCredential(Partner, "tills", ofHook, partner.Settings{fieldHookURL: {Text: hook}, fieldHookSecret: {Secret: secret.New("Basic dGlsbHM6aHVudGVyMg==")}})
	p.ledger = ledger.New(store, ledger.Options{Now: time.Now, Appended: func(shop string, head int64) { p.engine.Notify(shop, head) }})
	deps := p.hub.Deps(Partner)
	p.hooks = &hooks{Credentials: deps.Credentials}
	deps.Credentials = p.hooks
	deps.Intake, deps.Orders, deps.Now = p.ledger, p.ledger, time.Now
	deps.At = func(shop string) partner.State { return store.State(shop, "door:"+name) }
	deps.Settings = partner.Settings{fieldRetry: {Text: retry}}
	p.deps, p.door = deps, doorOf(t, deps)
	side, err := newCallback(deps)
	if err != nil {
		t.Fatal(err)
	}
	side.Poll = nil // of jobs: not here
	p.engine = delivery.New(delivery.Options{Log: p.ledger, Store: store.Deliveries(), Now: time.Now, Observe: p.tries})
	if err := p.engine.SetRoutes(t.Context(), []delivery.Route{{
		Shop: partnertest.Shop, Name: partner.CallbackRoute(name), Partner: name, Side: side, Door: name + ":", Rules: delivery.Rules{On: side.On},
	}}); err != nil {
		t.Fatal(err)
	}
	return p
}

func doorOf(t *testing.T, deps partner.Deps) http.Handler {
	t.Helper()
	side, err := newDoor(deps)
	if err != nil {
		t.Fatal(err)
	}
	return side.Handler
}

// say has the platform's operator say something of an order.
func (p *platform) say(o order.Order, kinds ...order.Kind) {
	p.t.Helper()
	entries := make([]order.Entry, 0, 1+len(kinds))
	subject, source := order.Subject{Kind: order.SubjectOrder, ID: o.ID}, order.Source{Name: "api:market", Rank: order.RankShop}
	if len(kinds) == 0 {
		entries = append(entries, order.Entry{Subject: subject, Source: source, Statement: &order.Statement{Order: o}})
	}
	for _, k := range kinds {
		entries = append(entries, order.Entry{Subject: subject, Source: source, Happening: &order.Happening{Kind: k}})
	}
	if _, err := p.ledger.Append(p.t.Context(), partnertest.Shop, entries); err != nil {
		p.t.Fatal(err)
	}
}

// call calls the door, which must answer 200.
func (p *platform) call(method, path, body string) string {
	p.t.Helper()
	r := httptest.NewRequest(method, path, strings.NewReader(body))
	r.Header.Set("Authorization", "Bearer right")
	w := httptest.NewRecorder()
	p.door.ServeHTTP(w, r)
	if w.Code != http.StatusOK {
		p.t.Errorf("%s %s: %d %s", method, path, w.Code, w.Body)
	}
	return w.Body.String()
}

func (p *platform) put(number, status string) {
	p.t.Helper()
	p.call(http.MethodPut, "/v2/orders/"+number, `{"status":"`+status+`","items":[{"_id":"l1","sku":"779001","status":"IN_CART","pricing":{"quantity":1}}],"cancellation":{"reason":"CLOSED"},"accepted_for":"2026-03-02T18:40:00Z"}`)
}

func sameTold(t *testing.T, r *tillHook, want ...string) {
	t.Helper()
	if got := r.told(); !slices.Equal(got, want) {
		t.Errorf("told %q", got)
	}
}

// numbered is an order with a number that tells it apart.
func numbered(n int, by, store string) order.Order {
	o := groceries(by)
	o.ID, o.Store = fmt.Sprintf("%04d0000-3b0d-4e55-9d4e-1d2f6f0a7b11", n), store
	return o
}

// TestTold tells of every state in sequence, of what PUTs did, and of nothing
// after UPDATE_CART.
func TestTold(t *testing.T) {
	t.Parallel()
	inVirtualTime(t, "pedidosya", retryVendor, func(p *platform, r *tillHook) {
		a, b, c, d := numbered(1, "platform", testVendor), numbered(2, "vendor", "SHOP-07"), numbered(3, "platform", "nbet"), numbered(4, "platform", "elsewhere")
		for _, o := range []order.Order{a, b, c, d} {
			p.say(o)
			time.Sleep(time.Second)
		}
		p.put(a.ID, "UPDATE_CART")
		p.put(a.ID, "READY_FOR_PICKUP")
		time.Sleep(time.Second)
		p.put(b.ID, "DISPATCHED")
		time.Sleep(time.Second)
		for _, o := range []order.Order{a, c, d} {
			p.say(o, order.KindAccepted)
			p.say(o, order.KindReady, order.KindShipped)
			p.say(o, order.KindDelivered)
			time.Sleep(time.Second)
		}
		p.say(numbered(5, "vendor", testVendor))
		time.Sleep(time.Second)
		p.put(numbered(5, "", "").ID, "CANCELLED")
		time.Sleep(time.Minute)
		sameTold(p.t, r, "0001 RECEIVED", "0002 RECEIVED", "0001 READY_FOR_PICKUP", "0002 DISPATCHED",
			"0001 READY_FOR_PICKUP", "0001 DISPATCHED", "0001 DELIVERED", "0003 READY_FOR_PICKUP", "0005 RECEIVED", "0005 CANCELLED")
		r.mu.Lock()
		defer r.mu.Unlock()
		for _, h := range r.heads {
			if h.Get("Authorization") != "Basic dGlsbHM6aHVudGVyMg==" || h.Get("Content-Type") != "application/json" {
				p.t.Errorf("%v", h)
			}
		}
	})
}

// TestToldAtGlovo: a vendor delivery that was DISPATCHED is confirmed as
// READY_FOR_PICKUP there, and nobody is told of ACCEPTED.
func TestToldAtGlovo(t *testing.T) {
	t.Parallel()
	inVirtualTime(t, "glovo", retryVendor, func(p *platform, r *tillHook) {
		o := numbered(1, "vendor", testVendor)
		p.say(o)
		time.Sleep(time.Second)
		p.put(o.ID, "ACCEPTED")
		p.put(o.ID, "DISPATCHED")
		time.Sleep(time.Minute)
		sameTold(p.t, r, "0001 RECEIVED", "0001 READY_FOR_PICKUP")
	})
}

// TestToldOnceThereIsAReceiver: what happens before a chain has one is told to
// nobody, and what happens right after it has one is told.
func TestToldOnceThereIsAReceiver(t *testing.T) {
	t.Parallel()
	inVirtualTime(t, "pedidosya", retryVendor, func(p *platform, r *tillHook) {
		p.hooks.gone.Store(true)
		p.say(numbered(1, "platform", testVendor))
		time.Sleep(time.Second)
		p.say(numbered(2, "platform", testVendor))
		time.Sleep(100 * time.Millisecond)
		p.hooks.gone.Store(false)
		p.say(numbered(3, "platform", testVendor))
		time.Sleep(time.Minute)
		sameTold(p.t, r, "0003 RECEIVED")
	})
}

// TestPutCountsWhateverWasSaidBefore: what is put last stands, though the clock
// of the node that took it is behind, and though the token put the very same
// before somebody else said otherwise.
func TestPutCountsWhateverWasSaidBefore(t *testing.T) {
	t.Parallel()
	inVirtualTime(t, "pedidosya", retryVendor, func(p *platform, _ *tillHook) {
		o := numbered(1, "platform", testVendor)
		p.say(o)
		slow := p.deps
		slow.Now = func() time.Time { return time.Now().Add(-time.Hour) }
		doors := []http.Handler{p.door, doorOf(p.t, slow)}
		put := func(door int, quantity string) {
			p.t.Helper()
			p.door = doors[door]
			got := p.call(http.MethodPut, "/v2/orders/"+o.ID, `{"status":"UPDATE_CART","items":[{"_id":"l1","status":"IN_CART","pricing":{"quantity":`+quantity+`}}]}`)
			if !strings.Contains(got, `"_id":"l1","sku":"779001","name":"Yerba 1kg","status":"IN_CART","pricing":{"pricing_type":"UNIT","quantity":`+quantity+`,`) {
				p.t.Errorf("put %s: %s", quantity, got)
			}
		}
		put(0, "1")
		put(1, "5")
		other := o
		other.Lines = slices.Clone(o.Lines)
		other.Lines[0].Quantity, other.Lines[0].Total = dec("3"), dec("361.50")
		p.say(other) // the platform's operator says otherwise, and takes it back
		p.say(o)
		if got := p.call(http.MethodGet, "/v2/orders/"+o.ID, ""); !strings.Contains(got, `"sub_total":412.00,"order_total":461.00`) {
			p.t.Errorf("taken back: %s", got)
		}
		put(0, "5")
		put(1, "5")
		if got := p.call(http.MethodGet, "/v2/orders/"+o.ID, ""); !strings.Contains(got, `"sub_total":773.50,"order_total":822.50`) {
			p.t.Errorf("put again: %s", got)
		}
	})
}

// TestReceiverDownForTwoMinutes: with the platform's six tries the events are
// lost, and a shop that asks, as our route does, finds the order as it is by
// then; with the hub's own schedule they arrive, in sequence. Other orders are
// not kept up.
func TestReceiverDownForTwoMinutes(t *testing.T) {
	t.Parallel()
	for _, retry := range []string{retryVendor, retryOwn} {
		t.Run(retry, func(t *testing.T) {
			t.Parallel()
			inVirtualTime(t, "pedidosya", retry, func(p *platform, r *tillHook) { downForTwoMinutes(p, r, retry) })
		})
	}
}

func downForTwoMinutes(p *platform, r *tillHook, retry string) {
	t, o := p.t, numbered(1, "platform", testVendor)
	r.set(true)
	began := time.Now()
	p.say(o)
	time.Sleep(15 * time.Second)
	p.put(o.ID, "READY_FOR_PICKUP")
	time.Sleep(2*time.Minute - time.Since(began))
	r.set(false)
	p.say(numbered(2, "platform", testVendor))
	time.Sleep(time.Second)
	if !slices.Contains(r.told(), "0002 RECEIVED") {
		t.Errorf("the next order waits: %q", r.told())
	}
	if retry == retryVendor {
		p.foundByAsking(o.ID, order.StatusReady)
	}
	time.Sleep(24 * time.Hour)
	mine := slices.DeleteFunc(r.told(), func(s string) bool { return !strings.HasPrefix(s, "0001") })
	if retry == retryOwn {
		if !slices.Equal(mine, []string{"0001 RECEIVED", "0001 READY_FOR_PICKUP"}) {
			t.Errorf("told %q", mine)
		}
		return
	}
	if len(mine) != 0 {
		t.Errorf("told %q", mine)
	}
	sixTries(t, p.tries.first(12), began)
	list := p.call(http.MethodGet, "/v2/chains/"+testChain+"/vendors/SHOP-07/orders?start_time="+began.UTC().Format("2006-01-02T15:04:05"), "")
	if !strings.Contains(list, `"total_pages":1`) || !strings.Contains(list, o.ID) || !strings.Contains(list, `"status":"READY_FOR_PICKUP"`) {
		t.Errorf("listed: %s", list)
	}
	deliveries, _, err := p.engine.Deliveries(t.Context(), partnertest.Shop, delivery.Filter{States: []delivery.State{delivery.Dropped}})
	if err != nil || len(deliveries) != 2 || deliveries[0].Attempt != 6 {
		t.Errorf("%+v %v", deliveries, err)
	}
}

// foundByAsking lets a shop's route look for what no webhook told it of. The
// platform's server stands for that long only: one that listens would keep
// virtual time from passing.
func (p *platform) foundByAsking(id string, want order.Status) {
	p.t.Helper()
	server := httptest.NewServer(p.door)
	defer server.Close()
	settings, shop := map[string]json.Value{}, partnertest.NewHub(nil)
	text := `{"base_url":"{{base}}","chain_id":"` + testChain + `","token":"right","webhook_secret":"w","vendors":["CENTRO=` + testVendor + `"],"currency":"UYU"}`
	if err := json.Unmarshal([]byte(text), &settings); err != nil {
		p.t.Fatal(err)
	}
	side := partnertest.NewRoute(p.t, Partner, shop, server.URL, settings)
	if err := side.Poll(p.t.Context()); err != nil {
		p.t.Fatal(err)
	}
	got, err := shop.Merged(p.t.Context(), partnertest.Shop, []string{id})
	if err != nil || got[0] == nil || got[0].Status != want || got[0].Store != "CENTRO" {
		p.t.Errorf("found by asking: %+v %v", got, err)
	}
}

// sixTries checks that both events were tried six times, ten seconds apart, one
// after the other.
func sixTries(t *testing.T, at []time.Time, began time.Time) {
	t.Helper()
	for i, when := range at {
		want := time.Duration(i) * 10 * time.Second
		if i >= 6 { // once the first was given up, with its last try
			want -= 10 * time.Second
		}
		if got := when.Sub(began); got < want || got > want+2*time.Second {
			t.Errorf("try %d after %v, want about %v", i+1, got, want)
		}
	}
}
