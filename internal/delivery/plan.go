package delivery

import (
	"slices"
	"time"

	"github.com/ordermux/ordermux/internal/ledger"
	"github.com/ordermux/ordermux/internal/order"
)

// page is how many events or rows a round looks at, at most.
const page = 500

// plan is what a round sends once it is on disk.
type plan struct {
	grant grant
	batch int // tasks per call
	left  int // calls that may still be opened
	calls []*call
	send  *call // the call that is being filled
	look  *call
}

// room returns how many tasks fit: into the open call and those not opened.
func (p *plan) room(look bool) int {
	open := p.send
	if look {
		open = p.look
	}
	n := p.left * p.batch
	if open != nil {
		n += p.batch - len(open.works)
	}
	return n
}

// add puts a task into a call; the caller has asked for room.
func (p *plan) add(c *setup, w *work, look bool) {
	open := &p.send
	if look {
		open = &p.look
	}
	if *open == nil || len((*open).works) >= p.batch {
		*open = p.open(c, look)
	}
	(*open).works = append((*open).works, w)
}

func (p *plan) open(c *setup, look bool) *call {
	p.left--
	o := &call{setup: c, look: look, grant: p.grant}
	p.calls = append(p.calls, o)
	return o
}

// giveBack returns what was granted when nothing is sent after all.
func (p *plan) giveBack(r *runner) {
	if c := r.setup.Load(); c != nil {
		c.conn.giveBack(p.grant)
	}
	p.grant, p.calls = grant{}, nil
}

// planner plans one round of a route.
type planner struct {
	r      *runner
	c      *setup
	b      *draft
	p      *plan
	now    time.Time
	states map[int64]*ledger.State
	events map[int64]*order.Event
}

// plan fills the free slots: first what was begun, then what has become due,
// then new events, then what backfills and replays left.
func (r *runner) plan(b *draft, p *plan) error {
	r.grantAgain, r.planned = time.Time{}, b.Now
	if !r.anything() {
		return nil
	}
	c := r.setup.Load()
	if c.route.Side.Deliver == nil {
		b.Route.Position = max(b.Route.Position, r.shop.head.Load())
		return nil
	}
	if err := r.countUsage(c); err != nil {
		return err
	}
	p.grant = c.conn.acquire(r, c.conn.slotsNow(), b.Now)
	if p.grant.calls == 0 {
		r.grantAgain = p.grant.again
		return nil
	}
	if r.refusals.Load() > 0 {
		return nil // its arrival wakes us, and blocks the route
	}
	p.left, p.batch = p.grant.calls, c.policy().batch
	if p.grant.probe {
		p.batch = 1
		r.dropParts()
	}
	pl := &planner{r: r, c: c, b: b, p: p, now: b.Now}
	for _, step := range []func() error{
		pl.planParts, pl.planUnblocked, pl.planDueLive, pl.planEvents, pl.planDueBulk,
	} {
		if err := step(); err != nil {
			return err
		}
	}
	if p.room(false) > 0 && r.overdue() {
		r.mark() // what was looked at did not need the slots
	}
	if c.conn.capped() && len(p.calls) > 0 {
		b.Connection, b.Day, b.Used = c.conn.name, dayOf(b.Now), len(p.calls)
	}
	return nil
}

// anything reports whether there may be work: cheap, before slots are asked for.
func (r *runner) anything() bool {
	return r.row.Position < r.shop.head.Load() || r.overdue()
}

// overdue reports whether stored deliveries could go now.
func (r *runner) overdue() bool {
	now := r.e.now()
	return len(r.parts) > 0 || len(r.unblock) > 0 || !r.nextDue[0].After(now) || !r.nextDue[1].After(now)
}

// again returns when there is work by itself.
func (r *runner) again() time.Time {
	if !r.grantAgain.IsZero() {
		return r.grantAgain
	}
	at := r.nextDue[0]
	if r.nextDue[1].Before(at) {
		at = r.nextDue[1]
	}
	// What was due when this round planned and is still here waits for a slot:
	// the end of a call wakes us. What became due since then nobody has seen.
	if !at.Before(far) || !at.After(r.planned) {
		return time.Time{}
	}
	return at
}

// planParts sends halves of batches, each as a call of its own.
func (pl *planner) planParts() error {
	r, p := pl.r, pl.p
	for len(r.parts) > 0 && p.left > 0 {
		part := r.parts[0]
		r.parts = r.parts[1:]
		if err := pl.planPart(part); err != nil {
			return err
		}
	}
	return nil
}

func (pl *planner) planPart(part []*work) error {
	rows := make([]Delivery, len(part))
	for i, w := range part {
		rows[i] = w.d
		delete(pl.r.halved, w.d.Key())
	}
	ready, err := pl.loaded(rows)
	if err != nil {
		return err
	}
	c := (*call)(nil)
	for i := range ready {
		w := pl.reconsider(&ready[i])
		if w == nil {
			continue
		}
		if c == nil {
			c = pl.p.open(pl.c, false)
		}
		c.works = append(c.works, w)
	}
	return nil
}

// planUnblocked looks at orders whose delivery in flight was settled: the next
// one may go.
func (pl *planner) planUnblocked() error {
	r := pl.r
	for len(r.unblock) > 0 && pl.p.room(false) > 0 {
		n := min(len(r.unblock), page, pl.p.room(false))
		orders := r.unblock[:n]
		r.unblock = r.unblock[n:]
		if err := pl.view(orders); err != nil {
			return err
		}
		var rows []Delivery
		for _, o := range orders {
			waiting := 0
			for _, d := range pl.b.view[o] {
				if d.State == Ready && d.Due.IsZero() {
					waiting++
					if !gated(pl.c.rules.mode, pl.b.view[o], &d) && waiting == 1 {
						rows = append(rows, d)
					}
				}
			}
			if waiting == 0 || waiting == 1 && len(rows) > 0 && rows[len(rows)-1].Order == o {
				delete(r.blocked, o)
			}
		}
		if err := pl.planRows(rows); err != nil {
			return err
		}
	}
	return nil
}

func (pl *planner) planDueLive() error { return pl.planDue(0) }
func (pl *planner) planDueBulk() error { return pl.planDue(1) }

// planDue takes what has become due in a lane.
func (pl *planner) planDue(lane int) error {
	r := pl.r
	room := max(pl.p.room(false), pl.p.room(true))
	if r.nextDue[lane].After(pl.now) || room == 0 {
		return nil
	}
	limit := min(page, room+1) + len(r.busy) + len(r.halved)
	rows, err := r.e.store.Due(r.shop.ctx, r.shop.id, r.name, lane == 1, limit)
	if err != nil {
		return err
	}
	next := far
	if len(rows) == limit {
		next = rows[limit-1].Due
	}
	rows = slices.DeleteFunc(rows, func(d Delivery) bool {
		return r.sends(&d) || r.halved[d.Key()] || pl.changed(&d)
	})
	n := 0
	for n < len(rows) && n < room && !rows[n].Due.After(pl.now) {
		n++
	}
	if n < len(rows) {
		next = rows[n].Due
	}
	r.nextDue[lane] = next
	return pl.planRows(rows[:n])
}

// changed reports whether this round has changed the row already.
func (pl *planner) changed(d *Delivery) bool {
	for i := range pl.b.Changes {
		if c := &pl.b.Changes[i]; c.Row.Order == d.Order && c.Row.Key() == d.Key() {
			return true
		}
	}
	return false
}

// planRows judges stored rows whose time has come, and claims them.
func (pl *planner) planRows(rows []Delivery) error {
	if len(rows) == 0 {
		return nil
	}
	ready, err := pl.loaded(rows)
	if err != nil {
		return err
	}
	for i := range ready {
		d := &ready[i]
		look := d.State == Asking || d.State == AwaitingPartner
		if pl.p.room(look) == 0 {
			pl.r.soon(d.Act, pl.now)
			if d.Due.IsZero() {
				pl.r.unblock = append(pl.r.unblock, d.Order)
			}
			continue
		}
		if look {
			pl.p.add(pl.c, pl.lookAt(d), true)
			continue
		}
		if w := pl.reconsider(d); w != nil {
			pl.p.add(pl.c, w, false)
		}
	}
	return nil
}
