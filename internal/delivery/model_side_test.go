package delivery_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/ordermux/ordermux/internal/delivery"
	"github.com/ordermux/ordermux/internal/outbound"
	"github.com/ordermux/ordermux/internal/partner"
)

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
	cut = moods // the call is cut: it may have arrived
)

// modelSide is a partner with a memory.
type modelSide struct {
	w       *world
	name    string
	route   delivery.Route
	mood    mood
	life    int               // rises with every crash
	open    map[string]int    // orders in a call, with the life they began in
	silent  map[string]bool   // tasks that the partner has, or of which nothing is known, by key
	refused map[string]bool   // tasks refused for themselves, by key
	has     map[string]string // what the partner has of an order
	taken   map[string]int    // how often it took an order
	byHand  map[string]bool   // keys' orders that a person retried
}

func (m *modelSide) content(t *partner.Task) string {
	if t.Order == nil {
		return string(t.Event.Kind)
	}
	return t.Order.ID + " " + t.Order.Channel
}

// rows returns the rows of an order; the caller holds no lock of the store.
func (m *modelSide) rows(ord int64) []delivery.Delivery {
	rows, _ := m.w.store.OfOrders(ctx, shop, m.name, []int64{ord})
	return rows
}

// deliver is called by the engine of a life; one that crashed sends no more,
// and neither does one whose leave is over.
func (m *modelSide) deliver(ctx context.Context, life int, tasks []partner.Task) []partner.Outcome {
	m.w.mu.Lock()
	if life != m.life || !outbound.MayLeave(ctx) {
		defer m.w.mu.Unlock()
		return m.answers(down, tasks)
	}
	feels := m.mood
	pause := time.Duration(m.w.rnd.IntN(2000)) * time.Millisecond
	for i := range tasks {
		m.begin(&tasks[i])
	}
	m.w.mu.Unlock()
	select {
	case <-ctx.Done():
	case <-time.After(pause):
	}
	m.w.mu.Lock()
	defer m.w.mu.Unlock()
	if ctx.Err() != nil {
		feels = cut
	}
	if feels == fine && m.mood != fine {
		feels = m.mood
	}
	outcomes := m.answers(feels, tasks)
	for i := range tasks {
		if m.open[id(tasks[i])] == life {
			delete(m.open, id(tasks[i]))
		}
		if r := outcomes[i].Result; r == partner.ResultUnknown || r == partner.ResultDelivered {
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
	case cut:
		if m.w.rnd.IntN(2) == 0 {
			m.take(t)
		}
		return partner.Unknown("cut", "")
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
