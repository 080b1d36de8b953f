package delivery_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"pgregory.net/rapid"

	"github.com/ordermux/ordermux/internal/delivery"
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
	"hold", "release",
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

// world is one history.
type world struct {
	t      *testing.T
	h      *hub
	c      *cluster // nil: one engine
	log    *fakeLog
	store  *fakeStore
	mu     sync.Mutex
	rnd    *rand.Rand
	sides  []*modelSide
	orders int
	faults []string
	onHold map[string]bool // deliveries that a person holds, by route and key; as the store wrote them
	gone   []func()        // engines that crashed: they live on, but can not write
}

func newWorld(t *testing.T, seed uint64) *world {
	w := &world{t: t, rnd: rand.New(rand.NewPCG(seed, 1)), onHold: map[string]bool{}}
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

// fault notes what must not be. The caller holds w.mu, or is the only one left.
func (w *world) fault(format string, args ...any) {
	w.faults = append(w.faults, fmt.Sprintf(format, args...))
}

func (w *world) routes() {
	var all []delivery.Route
	for _, m := range w.sides {
		r := m.route
		r.Shop, r.Partner, r.Revision = shop, "model", fmt.Sprint(len(w.gone))
		life := m.life
		r.Side.Deliver = func(ctx context.Context, tasks []partner.Task) []partner.Outcome {
			return m.deliver(ctx, life, tasks)
		}
		all = append(all, r)
	}
	engines := []*delivery.Engine{w.h.engine}
	if w.c != nil {
		engines = w.c.engines()
	}
	for _, e := range engines {
		for try := 0; ; try++ {
			err := e.SetRoutes(ctx, all)
			if err == nil {
				break
			}
			if !errors.Is(err, errDisk) || try > 50 {
				w.fault("set routes: %v", err)
				return
			}
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
	case "hold":
		_, _ = w.h.engine.Hold(ctx, shop, delivery.Filter{Route: name, OrderIDs: []string{existing}}, "wait", false)
	case "release":
		_, _ = w.h.engine.Release(ctx, shop, delivery.Filter{Route: name}, false)
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
		_, err := w.h.engine.Release(ctx, shop, delivery.Filter{Route: m.name}, false)
		w.h.must(err)
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
