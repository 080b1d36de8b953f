package delivery_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"pgregory.net/rapid"

	"github.com/ordermux/ordermux/internal/delivery"
	"github.com/ordermux/ordermux/internal/ledger"
	"github.com/ordermux/ordermux/internal/order"
	"github.com/ordermux/ordermux/internal/partner"
)

// TestModel drives the engine through random histories in virtual time:
// orders, happenings, partners in every mood, commits that fail, crashes,
// people who pause, retry and drop. What must always hold is checked at every
// commit and call; what must hold in the end, after the weather has cleared.
func TestModel(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(rt *rapid.T) {
		steps := rapid.SliceOfN(rapid.Custom(drawStep), 5, 60).Draw(rt, "steps")
		seed := rapid.Uint64().Draw(rt, "seed")
		var w *world
		synctest.Test(t, func(t *testing.T) {
			w = newWorld(t, seed)
			w.run(steps)
		})
		if len(w.faults) > 0 {
			rt.Fatalf("%s", strings.Join(w.faults[:min(len(w.faults), 10)], "\n"))
		}
	})
}

// step is one thing that happens.
type step struct {
	Do    string
	Order int
	Route int
	Pause time.Duration
	Mood  mood
}

var doings = []string{
	"place", "place", "place", "place", "complete", "move", "ship", "cancel", "refund", "wait", "wait", "wait",
	"mood", "mood", "pause", "resume", "resume", "crash", "restart", "trouble", "calm", "retry", "drop", "backfill",
}

func drawStep(rt *rapid.T) step {
	return step{
		Do:    rapid.SampledFrom(doings).Draw(rt, "do"),
		Order: rapid.IntRange(0, 30).Draw(rt, "order"),
		Route: rapid.IntRange(0, 3).Draw(rt, "route"),
		Pause: rapid.SampledFrom([]time.Duration{0, time.Millisecond, time.Second, time.Minute, 3 * time.Hour}).Draw(rt, "pause"),
		Mood:  mood(rapid.IntRange(0, int(moods)-1).Draw(rt, "mood")),
	}
}

// mood is how a partner answers.
type mood int

const (
	fine   mood = iota
	flaky       // a bit of everything
	down        // never reached
	dumb        // takes it, answers nothing
	locked      // refuses the login
	picky       // refuses whole batches for one bad order
	moods
)

// world is one history.
type world struct {
	t      *testing.T
	h      *hub
	log    *fakeLog
	store  *fakeStore
	mu     sync.Mutex
	rnd    *rand.Rand
	sides  []*modelSide
	orders int
	faults []string
	gone   []func() // engines that crashed: they live on, but can not write
}

// modelSide is a partner with a memory.
type modelSide struct {
	w       *world
	name    string
	route   delivery.Route
	mood    mood
	life    int               // rises with every crash
	open    map[string]int    // orders in a call, with the life they began in
	silent  map[string]bool   // tasks with an unknown outcome, by key
	refused map[string]bool   // tasks refused for themselves, by key
	has     map[string]string // what the partner has of an order
	taken   map[string]int    // how often it took an order
	byHand  map[string]bool   // keys' orders that a person retried
}

func newWorld(t *testing.T, seed uint64) *world {
	w := &world{t: t, rnd: rand.New(rand.NewPCG(seed, 1))}
	w.log = newLog()
	w.store = newStore(w.log)
	w.h = &hub{t: t, log: w.log, store: w.store}
	w.store.spy = w.committed
	w.sides = []*modelSide{
		w.side("each", partner.Side{Mode: partner.Each, Repeat: partner.RepeatSafe, Slots: 2}, delivery.Rules{}),
		w.side("latest", partner.Side{Mode: partner.Latest, Repeat: partner.AskFirst, Batch: 3, Slots: 2},
			delivery.Rules{When: `order.channel == "online"`}),
		w.side("first", partner.Side{
			Mode: partner.Once, Repeat: partner.RepeatNever, Needs: []partner.Need{partner.NeedEmail}, Invites: []string{"shop"},
		}, delivery.Rules{After: time.Minute}),
		w.side("second", partner.Side{Mode: partner.Once, Repeat: partner.RepeatSafe, Batch: 5, Invites: []string{"shop"}}, delivery.Rules{}),
	}
	return w
}

func (w *world) side(name string, s partner.Side, rules delivery.Rules) *modelSide {
	m := &modelSide{
		w: w, name: name, open: map[string]int{}, silent: map[string]bool{}, refused: map[string]bool{},
		has: map[string]string{}, taken: map[string]int{}, byHand: map[string]bool{},
	}
	s.Timeout = 10 * time.Second
	s.Render = func(t partner.Task) ([]byte, error) { return []byte(m.content(&t)), nil }
	if s.Repeat == partner.AskFirst {
		s.Look = m.look
	}
	rules.Retry = delivery.RetryRules{First: time.Second, Max: 10 * time.Minute, GiveUp: time.Hour}
	m.route = delivery.Route{Name: name, Side: s, Rules: rules}
	return m
}

func (m *modelSide) content(t *partner.Task) string {
	if t.Order == nil {
		return string(t.Event.Kind)
	}
	return t.Order.ID + " " + t.Order.Channel
}

// fault notes what must not be. The caller holds w.mu, or is the only one left.
func (w *world) fault(format string, args ...any) {
	w.faults = append(w.faults, fmt.Sprintf(format, args...))
}

// rows returns the rows of an order; the caller holds no lock of the store.
func (m *modelSide) rows(ord int64) []delivery.Delivery {
	rows, _ := m.w.store.OfOrders(ctx, shop, m.name, []int64{ord})
	return rows
}

// deliver is called by the engine of a life; one that crashed sends no more.
func (m *modelSide) deliver(life int, tasks []partner.Task) []partner.Outcome {
	m.w.mu.Lock()
	if life != m.life {
		m.w.mu.Unlock()
		return nil
	}
	feels := m.mood
	pause := time.Duration(m.w.rnd.IntN(2000)) * time.Millisecond
	for i := range tasks {
		m.begin(&tasks[i])
	}
	m.w.mu.Unlock()
	time.Sleep(pause)
	m.w.mu.Lock()
	defer m.w.mu.Unlock()
	if feels == fine && m.mood != fine {
		feels = m.mood
	}
	outcomes := m.answers(feels, tasks)
	for i := range tasks {
		if m.open[id(tasks[i])] == life {
			delete(m.open, id(tasks[i]))
		}
		if outcomes[i].Result == partner.ResultUnknown {
			m.silent[tasks[i].Key] = true
		}
		if o := outcomes[i]; o.Result == partner.ResultRefused && (o.Scope == partner.ScopeOrder || o.Scope == partner.ScopeBatch && len(tasks) == 1) {
			m.refused[tasks[i].Key] = true
		}
	}
	if m.w.rnd.IntN(30) == 0 && feels != fine {
		return nil // a wrong number of outcomes
	}
	return outcomes
}

// begin checks what must hold when a task leaves.
func (m *modelSide) begin(t *partner.Task) {
	name := id(*t)
	if _, ok := m.open[name]; ok {
		m.w.fault("%s: two at a time of %s", m.name, name)
	}
	m.open[name] = m.life
	var mine *delivery.Delivery
	rows := m.rows(t.Event.Order)
	for i := range rows {
		if strings.HasSuffix(t.Key, fmt.Sprintf("-%d-%d-%d", rows[i].Order, rows[i].Seq, rows[i].Run)) {
			mine = &rows[i]
		}
	}
	switch {
	case mine == nil || mine.State != delivery.Sending || mine.Attempt != t.Attempt:
		m.w.fault("%s: %s left before sending was committed: %+v", m.name, t.Key, mine)
		return
	case m.route.Side.Mode == partner.Each:
		for _, d := range rows {
			if d.Seq < mine.Seq && !d.State.Closed() {
				m.w.fault("%s: event %d of %s left before event %d, which is %s", m.name, mine.Seq, name, d.Seq, d.State)
			}
		}
	}
	if m.route.Side.Repeat == partner.RepeatNever && m.silent[t.Key] {
		m.w.fault("%s: %s was sent again after an unknown outcome", m.name, t.Key)
	}
}

func (m *modelSide) answers(feels mood, tasks []partner.Task) []partner.Outcome {
	outcomes := make([]partner.Outcome, len(tasks))
	bad := feels == picky && slices.ContainsFunc(tasks, func(t partner.Task) bool { return strings.HasSuffix(id(t), "3") })
	for i := range tasks {
		switch {
		case bad:
			outcomes[i] = partner.Refused("http_400", "one of them").Of(partner.ScopeBatch)
		default:
			outcomes[i] = m.one(feels, &tasks[i])
		}
	}
	if feels == flaky && m.w.rnd.IntN(5) == 0 {
		for i := range outcomes { // as a whole
			outcomes[i] = partner.Later(time.Duration(m.w.rnd.IntN(100))*time.Second, "http_429", "")
		}
	}
	return outcomes
}

func (m *modelSide) one(feels mood, t *partner.Task) partner.Outcome {
	switch feels {
	case down:
		return partner.Later(0, "dial", "refused")
	case dumb:
		m.take(t)
		return partner.Unknown("timeout", "")
	case locked:
		return partner.Refused("wrong_key", "401").Of(partner.ScopeRoute)
	case flaky:
		switch m.w.rnd.IntN(8) {
		case 0:
			return partner.Later(0, "http_503", "")
		case 1:
			return partner.Refused("http_422", "never")
		case 2:
			m.take(t)
			return partner.Unknown("timeout", "")
		case 3:
			return partner.Unknown("timeout", "")
		case 4:
			if m.route.Side.Look != nil {
				m.take(t)
				return partner.Pending("job", time.Minute)
			}
		}
	}
	m.take(t)
	return partner.Delivered("")
}

func (m *modelSide) take(t *partner.Task) {
	m.has[id(*t)] = m.content(t)
	m.taken[id(*t)]++
}

func (m *modelSide) look(_ context.Context, tasks []partner.Task) []partner.Outcome {
	m.w.mu.Lock()
	defer m.w.mu.Unlock()
	outcomes := make([]partner.Outcome, len(tasks))
	for i := range tasks {
		t := &tasks[i]
		outcomes[i] = partner.NotThere()
		switch {
		case m.mood == down || m.mood == dumb:
			outcomes[i] = partner.Later(0, "dial", "")
		case m.mood == locked:
			outcomes[i] = partner.Refused("wrong_key", "401").Of(partner.ScopeRoute)
		case m.has[id(*t)] == m.content(t):
			outcomes[i] = partner.Delivered("")
		}
	}
	return outcomes
}

// committed checks what must hold of everything that is written. It runs in
// the store's transaction.
func (w *world) committed(b *delivery.Bundle) {
	name := b.Route.Route
	s := w.store
	for i := range b.Changes {
		c := &b.Changes[i]
		if c.Answer != delivery.Done {
			continue
		}
		if c.Row.State == delivery.Sending && (name == "first" || name == "second") {
			w.log.mu.Lock()
			kinds := w.log.kinds[c.Row.Order]
			w.log.mu.Unlock()
			if kinds.Has(order.KindCancelled) || kinds.Has(order.KindRefunded) {
				w.later("%s: order %d is sent though it was cancelled", name, c.Row.Order)
			}
		}
		flying, delivered, claimed := 0, map[string]int{}, map[string]bool{}
		for route, rows := range s.rows {
			for _, d := range rows {
				if d.Order != c.Row.Order {
					continue
				}
				if route == name && d.State.InFlight() {
					flying++
				}
				if d.State == delivery.Delivered {
					delivered[route]++
				}
				if (route == "first" || route == "second") && d.Code != "claim_free" &&
					(d.State == delivery.Delivered || !d.State.Closed()) {
					claimed[route] = true
				}
			}
		}
		if flying > 1 {
			w.later("%s: %d in flight of order %d", name, flying, c.Row.Order)
		}
		if delivered["first"] > 1 || delivered["second"] > 1 || len(claimed) > 1 {
			w.later("order %d was invited twice: %v %v", c.Row.Order, delivered, claimed)
		}
	}
}

// later notes a fault from inside the store's lock.
func (w *world) later(format string, args ...any) {
	text := fmt.Sprintf(format, args...)
	go func() {
		w.mu.Lock()
		defer w.mu.Unlock()
		w.faults = append(w.faults, text)
	}()
}

func (w *world) routes() {
	var all []delivery.Route
	for _, m := range w.sides {
		r := m.route
		r.Shop, r.Partner, r.Revision = shop, "model", fmt.Sprint(len(w.gone))
		life := m.life
		r.Side.Deliver = func(ctx context.Context, tasks []partner.Task) []partner.Outcome {
			return m.deliver(life, tasks)
		}
		all = append(all, r)
	}
	for try := 0; ; try++ {
		err := w.h.engine.SetRoutes(ctx, all)
		if err == nil {
			return
		}
		if !errors.Is(err, errDisk) || try > 50 {
			w.fault("set routes: %v", err)
			return
		}
	}
}

var errDisk = errors.New("disk full")

func (w *world) run(steps []step) {
	w.h.start()
	w.routes()
	for i := range steps {
		w.take(&steps[i])
	}
	w.clear()
	w.h.halt()
	for _, halt := range w.gone {
		halt()
	}
	w.judge()
}

func (w *world) take(s *step) {
	name := w.sides[s.Route].name
	existing := fmt.Sprint("o", s.Order%max(w.orders, 1))
	switch s.Do {
	case "place":
		w.place()
	case "complete", "move":
		if w.orders > 0 {
			o := sold(existing)
			if s.Do == "move" && s.Order%2 == 0 {
				o.Channel = "offline"
			}
			w.h.accept(order.Event{Subject: order.Subject{ID: existing}, Statement: o})
		}
	case "ship", "cancel", "refund":
		kind := map[string]order.Kind{"ship": order.KindShipped, "cancel": order.KindCancelled, "refund": order.KindRefunded}[s.Do]
		if w.orders > 0 {
			w.h.happens(existing, kind)
		}
	case "wait":
		time.Sleep(s.Pause)
	case "mood":
		w.mu.Lock()
		w.sides[s.Route].mood = s.Mood
		w.mu.Unlock()
	case "pause":
		_ = w.h.engine.Pause(ctx, shop, name, "")
	case "resume":
		_ = w.h.engine.Resume(ctx, shop, name)
	case "crash":
		w.crash()
	case "restart":
		w.h.halt()
		w.h.start()
		w.routes()
	case "trouble":
		w.trouble(true)
	case "calm":
		w.trouble(false)
	case "retry":
		w.retry(name)
	case "drop":
		_, _ = w.h.engine.Drop(ctx, shop, delivery.Filter{Route: name, States: []delivery.State{delivery.Failed, delivery.Parked}}, false)
	case "backfill":
		_, _ = w.h.engine.Backfill(ctx, shop, name, delivery.Filter{}, false)
	}
	time.Sleep(s.Pause / 10)
}

// place accepts an order; some lack the e-mail.
func (w *world) place() {
	name := fmt.Sprint("o", w.orders)
	w.orders++
	o := sold(name)
	w.mu.Lock()
	if w.rnd.IntN(3) == 0 {
		o.Customer = nil
	}
	if w.rnd.IntN(4) == 0 {
		o.Channel = "offline"
	}
	w.mu.Unlock()
	w.h.accept(order.Event{Subject: order.Subject{ID: name}, Statement: o})
}

// crash leaves the engine where it stands: its requests are on their way, but
// what it writes from now on is refused.
func (w *world) crash() {
	w.gone = append(w.gone, w.h.halt)
	next := *w.h
	w.h = &next
	w.mu.Lock()
	for _, m := range w.sides {
		m.life++
		clear(m.open)
	}
	w.mu.Unlock()
	w.h.start()
	w.routes()
}

func (w *world) trouble(on bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.store.mu.Lock()
	defer w.store.mu.Unlock()
	w.store.fail = nil
	if on {
		chance := rand.New(rand.NewPCG(w.rnd.Uint64(), 2)) // the store calls it one at a time
		w.store.fail = func(*delivery.Bundle) (error, error) {
			switch chance.IntN(6) {
			case 0:
				return errDisk, nil
			case 1:
				return nil, errDisk
			}
			return nil, nil
		}
	}
}

// retry is a person who retries what is listed.
func (w *world) retry(route string) {
	_, _ = w.h.engine.Retry(ctx, shop, delivery.Filter{Route: route}, false)
}

// clear lets the weather clear, and people do their work.
func (w *world) clear() {
	w.trouble(false)
	w.mu.Lock()
	for _, m := range w.sides {
		m.mood = fine
	}
	w.mu.Unlock()
	time.Sleep(time.Minute) // what began in another mood ends
	for _, m := range w.sides {
		w.h.must(w.h.engine.Resume(ctx, shop, m.name))
	}
	time.Sleep(24 * time.Hour)
	for range 3 {
		for _, m := range w.sides {
			if m.route.Side.Repeat != partner.RepeatNever {
				w.retry(m.name)
			}
		}
		time.Sleep(24 * time.Hour)
	}
	synctest.Wait()
}

// judge checks what must hold in the end.
func (w *world) judge() {
	for _, m := range w.sides {
		if row := w.store.routes[m.name]; row.Position != int64(len(w.log.events)) {
			// Skips at the end need not be stored while nothing follows; a stop stores them.
			w.fault("%s stands at %d of %d", m.name, row.Position, len(w.log.events))
		}
		for _, d := range w.store.where(m.name, func(*delivery.Delivery) bool { return true }) {
			switch d.State {
			case delivery.Delivered, delivery.Superseded, delivery.Cancelled, delivery.Dropped:
			case delivery.Held:
				if m.name != "first" {
					w.fault("%s: order %d is held: %s", m.name, d.Order, d.Reason)
				}
			case delivery.Parked:
				if m.route.Side.Repeat != partner.RepeatNever {
					w.fault("%s: order %d is parked: %s", m.name, d.Order, d.Reason)
				}
			case delivery.Refused: // the others may have a reason not to send it again
				if m.name == "each" {
					w.fault("%s: order %d is refused still", m.name, d.Order)
				}
			default:
				w.fault("%s: order %d event %d run %d is %s since %v (%s %s)", m.name, d.Order, d.Seq, d.Run, d.State, d.Planned, d.Code, d.Reason)
			}
			if (d.State == delivery.Refused) && !m.refusedKey(&d) {
				w.fault("%s: order %d was refused by nobody", m.name, d.Order)
			}
		}
	}
	for ord := range w.log.kinds {
		w.judgeOrder(ord)
	}
}

func (m *modelSide) refusedKey(d *delivery.Delivery) bool {
	for k := range m.refused {
		if strings.HasSuffix(k, fmt.Sprintf("-%d-%d-%d", d.Order, d.Seq, d.Run)) {
			return true
		}
	}
	return false
}

func (w *world) judgeOrder(ord int64) {
	states, _ := w.log.States(ctx, shop, []int64{ord})
	st := states[0]
	each, latest, first, second := w.sides[0], w.sides[1], w.sides[2], w.sides[3]
	w.judgeEach(each, ord, st)
	if st.Merged.Order.Channel == "online" && !latest.dropped(ord) {
		if got, want := latest.has[st.Row.Subject.ID], st.Row.Subject.ID+" online"; got != want {
			w.fault("latest: the partner has %q of order %d, not %q", got, ord, want)
		}
	}
	if st.Row.Kinds.Has(order.KindCancelled) || st.Row.Kinds.Has(order.KindRefunded) {
		return
	}
	n := 0
	for _, m := range []*modelSide{first, second} {
		for _, d := range m.rows(ord) {
			if s := d.State; s == delivery.Delivered || s == delivery.Parked || s == delivery.Held || s == delivery.Dropped || s == delivery.Refused {
				n++
			}
		}
	}
	if n == 0 {
		w.fault("order %d was never invited: %+v %+v", ord, first.rows(ord), second.rows(ord))
	}
}

// judgeEach checks that every event was considered, and arrived.
func (w *world) judgeEach(m *modelSide, ord int64, st *ledger.State) {
	rows := m.rows(ord)
	for _, e := range w.log.events {
		if e.Order != ord {
			continue
		}
		ok := slices.ContainsFunc(rows, func(d delivery.Delivery) bool {
			return d.Seq == e.Seq && (d.State == delivery.Delivered || d.State == delivery.Dropped)
		})
		if !ok {
			w.fault("each: event %d of %s is lost: %+v", e.Seq, st.Row.Subject.ID, rows)
		}
	}
}

func (m *modelSide) dropped(ord int64) bool {
	return slices.ContainsFunc(m.rows(ord), func(d delivery.Delivery) bool { return d.State == delivery.Dropped })
}
