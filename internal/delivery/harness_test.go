package delivery_test

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/ordermux/ordermux/internal/delivery"
	"github.com/ordermux/ordermux/internal/order"
	"github.com/ordermux/ordermux/internal/partner"
)

const shop = "nordlys"

// ctx is not that of a test: its end would come from outside the bubble.
var ctx = context.Background()

// hub is an engine over a log and a store in memory, in virtual time.
type hub struct {
	t      *testing.T
	log    *fakeLog
	store  *fakeStore
	engine *delivery.Engine
	seen   *observer
	tune   func(*delivery.Options) // nil, or changes how the engine is made
	stop   context.CancelFunc
	done   chan struct{}
}

// run runs f in a bubble of virtual time.
func run(t *testing.T, f func(h *hub)) {
	t.Helper()
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		h := &hub{t: t, log: newLog()}
		h.store = newStore(h.log)
		h.start()
		defer h.halt()
		f(h)
	})
}

func (h *hub) start() {
	h.seen = &observer{last: map[string]delivery.RouteStatus{}}
	opts := delivery.Options{Log: h.log, Store: h.store, Now: time.Now, Observe: h.seen}
	if h.tune != nil {
		h.tune(&opts)
	}
	h.engine = delivery.New(opts)
	run, cancel := context.WithCancel(ctx)
	h.stop, h.done = cancel, make(chan struct{})
	done := h.done
	engine := h.engine
	go func() {
		defer close(done)
		_ = engine.Run(run)
	}()
}

func (h *hub) halt() {
	h.stop()
	<-h.done
}

// routes puts routes into force; the shop is filled in.
func (h *hub) routes(routes ...delivery.Route) {
	h.t.Helper()
	routes = slices.Clone(routes) // the engine keeps them
	for i := range routes {
		routes[i].Shop = shop
		if routes[i].Partner == "" {
			routes[i].Partner = "fake"
		}
	}
	if err := h.engine.SetRoutes(ctx, routes); err != nil {
		h.t.Fatal(err)
	}
}

// sold is an order that meets every need.
func sold(id string) *order.Order {
	total, err := order.ParseDecimal("25.00")
	if err != nil {
		panic(err)
	}
	quantity, err := order.ParseDecimal("2")
	if err != nil {
		panic(err)
	}
	return &order.Order{
		ID: id, Currency: "SEK", Channel: "online",
		Customer: &order.Customer{Email: "anna@nordlys.example", Name: "Anna Example"},
		Lines:    []order.Line{{Product: order.Product{Code: "P-1"}, Quantity: quantity, Total: total}},
	}
}

// place accepts orders and tells the engine.
func (h *hub) place(ids ...string) {
	for _, id := range ids {
		h.accept(order.Event{Subject: order.Subject{ID: id}, Statement: sold(id)})
	}
}

func (h *hub) accept(e order.Event) int64 {
	head := h.log.add(e)
	h.engine.Notify(shop, head)
	return head
}

// happens accepts a happening.
func (h *hub) happens(id string, k order.Kind) int64 {
	return h.accept(order.Event{
		Subject: order.Subject{ID: id}, Kind: k, Happening: &order.Happening{Kind: k},
		Source: order.Source{Name: "citrusad:default", Rank: order.RankDoor},
	})
}

// pass lets time go by, and waits until nothing moves.
func (h *hub) pass(d time.Duration) {
	time.Sleep(d)
	synctest.Wait()
}

func (h *hub) counts(route string) map[delivery.State]int64 {
	h.t.Helper()
	all, err := h.store.Counts(ctx, shop)
	if err != nil {
		h.t.Fatal(err)
	}
	counts := all[route]
	maps.DeleteFunc(counts, func(_ delivery.State, n int64) bool { return n == 0 })
	return counts
}

// is checks how many deliveries of a route stand where: "delivered:3 held:1".
func (h *hub) is(route, want string) {
	h.t.Helper()
	var got []string
	counts := h.counts(route)
	for _, s := range slices.Sorted(maps.Keys(counts)) {
		got = append(got, fmt.Sprintf("%s:%d", s, counts[s]))
	}
	if text := strings.Join(got, " "); text != want {
		h.t.Errorf("route %s: %q, want %q", route, text, want)
	}
}

// state checks the state of a route.
func (h *hub) state(route, want string) {
	h.t.Helper()
	if s := h.status(route); s.State != want {
		h.t.Errorf("route %s is %s (%s), want %s", route, s.State, s.Reason, want)
	}
}

func (h *hub) status(route string) delivery.RouteStatus {
	h.t.Helper()
	list, err := h.engine.Status(ctx, shop)
	if err != nil {
		h.t.Fatal(err)
	}
	for _, s := range list {
		if s.Route == route {
			return s
		}
	}
	h.t.Fatalf("no route %s", route)
	return delivery.RouteStatus{}
}

func (h *hub) must(err error) {
	h.t.Helper()
	if err != nil {
		h.t.Fatal(err)
	}
}

// observer keeps what it is told.
type observer struct {
	mu       sync.Mutex
	attempts []delivery.Attempt
	last     map[string]delivery.RouteStatus
	stalls   []string // what Stalled was told
}

func (o *observer) Attempted(a delivery.Attempt) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.attempts = append(o.attempts, a)
}

func (o *observer) Settled(*delivery.Route, delivery.State, delivery.State, string) {}

func (o *observer) Stalled(r *delivery.Route, err error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.stalls = append(o.stalls, fmt.Sprint(r.Name, ": ", err))
}

// expect checks what Stalled was told so far.
func (o *observer) expect(t *testing.T, want string) {
	t.Helper()
	o.mu.Lock()
	defer o.mu.Unlock()
	if got := strings.Join(o.stalls, ", "); got != want {
		t.Errorf("stalled: %s, want %s", got, want)
	}
}

func (o *observer) RouteChanged(r *delivery.Route, s delivery.RouteStatus) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.last[r.Name] = s
}

// fake is a partner: it keeps what it was sent, and answers as told.
type fake struct {
	mu     sync.Mutex
	took   time.Duration // how long a call takes
	answer func(partner.Task) partner.Outcome
	look   func(partner.Task) partner.Outcome
	batch  func([]partner.Task) []partner.Outcome
	calls  [][]partner.Task
	looks  [][]partner.Task
	got    []string // ids of the orders it took, in sequence
}

func (f *fake) deliver(_ context.Context, tasks []partner.Task) []partner.Outcome {
	f.set(func(*fake) { f.calls = append(f.calls, tasks) })
	time.Sleep(f.took)
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.batch != nil {
		return f.batch(tasks)
	}
	outcomes := make([]partner.Outcome, len(tasks))
	for i, t := range tasks {
		outcomes[i] = partner.Delivered("ref-" + id(t))
		if f.answer != nil {
			outcomes[i] = f.answer(t)
		}
		if outcomes[i].Result == partner.ResultDelivered {
			f.got = append(f.got, id(t))
		}
	}
	return outcomes
}

func (f *fake) asked(_ context.Context, tasks []partner.Task) []partner.Outcome {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.looks = append(f.looks, tasks)
	outcomes := make([]partner.Outcome, len(tasks))
	for i, t := range tasks {
		outcomes[i] = f.look(t)
	}
	return outcomes
}

func id(t partner.Task) string {
	if t.Order != nil {
		return t.Order.ID
	}
	return t.Event.Subject.ID
}

// side makes the side of a mode.
func (f *fake) side(m partner.Mode) partner.Side {
	s := partner.Side{Deliver: f.deliver, Mode: m, Repeat: partner.RepeatSafe, Timeout: 10 * time.Second, Slots: 4}
	if f.look != nil {
		s.Look, s.Repeat = f.asked, partner.AskFirst
	}
	return s
}

func (f *fake) orders() string {
	f.mu.Lock()
	defer f.mu.Unlock()
	return strings.Join(f.got, " ")
}

func (f *fake) count() (calls, tasks int) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, c := range f.calls {
		tasks += len(c)
	}
	return len(f.calls), tasks
}

// sent returns the calls so far.
func (f *fake) sent() [][]partner.Task {
	f.mu.Lock()
	defer f.mu.Unlock()
	return slices.Clone(f.calls)
}

// looked returns how often it was asked.
func (f *fake) looked() int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return len(f.looks)
}

// set changes how the partner behaves.
func (f *fake) set(change func(*fake)) {
	f.mu.Lock()
	defer f.mu.Unlock()
	change(f)
}

// counted delivers in 10 ms, and counts how many calls are made at a time.
func (f *fake) counted(flying, most *int) func(context.Context, []partner.Task) []partner.Outcome {
	return func(ctx context.Context, tasks []partner.Task) []partner.Outcome {
		f.set(func(*fake) { *flying++; *most = max(*most, *flying) })
		time.Sleep(10 * time.Millisecond)
		f.set(func(*fake) { *flying-- })
		return allTaken(tasks)
	}
}

func allTaken(tasks []partner.Task) []partner.Outcome {
	outcomes := make([]partner.Outcome, len(tasks))
	for i := range outcomes {
		outcomes[i] = partner.Delivered("")
	}
	return outcomes
}
