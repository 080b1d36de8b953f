package delivery

import (
	"slices"

	"github.com/ordermux/ordermux/internal/ledger"
	"github.com/ordermux/ordermux/internal/order"
	"github.com/ordermux/ordermux/internal/partner"
)

// rounds is how many pages of events that are all skipped one round reads.
const rounds = 20

// planEvents reads on in the log while there are free slots.
func (pl *planner) planEvents() error {
	head := pl.r.shop.head.Load()
	for n := 0; n < rounds && pl.b.Route.Position < head && len(pl.b.Changes) < 2*page; n++ {
		if pl.probed() {
			return nil
		}
		room := pl.p.room(false)
		if room == 0 {
			return nil
		}
		items, err := pl.next(room)
		if err != nil || len(items) == 0 {
			return err
		}
		if done, err := pl.planPage(items); err != nil || !done {
			return err
		}
	}
	if pl.b.Route.Position < head && pl.p.room(false) > 0 {
		pl.r.mark()
	}
	return nil
}

// next returns the events after the position: what an earlier round read and
// had no room for, else a page of the log. The rows of the former may be out of
// date; claiming finds that out, as with any order that changes meanwhile.
func (pl *planner) next(room int) ([]ledger.Item, error) {
	r, at := pl.r, pl.b.Route.Position
	// Not all events end as a task: look a little further than there is room.
	most := min(page, max(2*room, 32))
	for len(r.items) > 0 && r.items[0].Event.Seq <= at {
		r.items = r.items[1:]
	}
	if len(r.items) == 0 || r.items[0].Event.Seq != at+1 {
		var err error
		if r.items, err = r.e.log.Read(r.shop.ctx, r.shop.id, at, most); err != nil {
			return nil, err
		}
	}
	return r.items[:min(most, len(r.items))], nil
}

// probed reports whether the breaker's one probe is found: planning stands
// still otherwise.
func (pl *planner) probed() bool { return pl.p.grant.probe && len(pl.p.calls) > 0 }

// planPage decides events until the slots are taken; false: they are.
func (pl *planner) planPage(items []ledger.Item) (bool, error) {
	if err := pl.prefetch(items); err != nil {
		return false, err
	}
	for i := range items {
		it := &items[i]
		if pl.p.room(false) == 0 || pl.probed() {
			return false, nil
		}
		if err := pl.planEvent(it); err != nil {
			return false, err
		}
		pl.b.Route.Position = it.Event.Seq
	}
	return true, nil
}

// simple reports whether an event needs nothing read: the first of a new
// order, which it is the newest of too.
func (pl *planner) simple(it *ledger.Item) bool {
	return it.Event.Seq == it.Row.First && it.Event.Seq > pl.b.Route.Ahead
}

// whole reports whether the event's statement is the order's state.
func whole(it *ledger.Item) bool {
	return it.Row.Newest == it.Event.Seq && it.Row.First == it.Event.Seq && it.Event.Statement != nil
}

// prefetch reads what a page of events needs, all at once.
func (pl *planner) prefetch(items []ledger.Item) error {
	var rows, states []int64
	for i := range items {
		it := &items[i]
		if it.Row.Subject.Kind != order.SubjectOrder {
			continue
		}
		if !pl.simple(it) {
			rows = append(rows, it.Row.First)
		} else if pl.foreign(it) {
			continue // skipped whatever the state is
		}
		if !whole(it) {
			states = append(states, it.Row.First)
		}
	}
	if len(rows) > 0 {
		if err := pl.view(unique(rows)); err != nil {
			return err
		}
	}
	if len(states) > 0 {
		return pl.load(unique(states))
	}
	return nil
}

// foreign reports whether an order is none of the route's, judged by its row.
func (pl *planner) foreign(it *ledger.Item) bool {
	_, over := pl.c.rules.considers(&subject{event: &it.Event, row: &it.Row, own: pl.r.backfilled(it.Row.First)})
	return over
}

func unique(n []int64) []int64 {
	slices.Sort(n)
	return slices.Compact(n)
}

// planEvent decides one event and adds the rows that follow.
func (pl *planner) planEvent(it *ledger.Item) error {
	if it.Row.Subject.Kind != order.SubjectOrder {
		return nil
	}
	rows := pl.b.view[it.Row.First]
	n := candidate{
		event: &it.Event, row: &it.Row, rows: rows,
		own: len(rows) > 0 || pl.r.backfilled(it.Row.First),
	}
	if whole(it) {
		n.order = it.Event.Statement
	} else if st := pl.states[it.Row.First]; st != nil {
		n.row, n.order = &st.Row, st.Merged.Order
	}
	known := findKey(rows, Key{Order: it.Row.First, Seq: it.Event.Seq}) != nil // by command, before we came here
	if pl.c.rules.mode == partner.Latest && !known && pl.consider(&n).action != skip {
		return nil // what was held is superseded
	}
	if len(rows) > 0 {
		if err := pl.recheckHeld(&n); err != nil {
			return err
		}
		n.rows = pl.b.view[it.Row.First]
	}
	if pl.c.rules.mode != partner.Latest && !known {
		pl.consider(&n)
	}
	return nil
}

// candidate is an order that may get a new delivery.
type candidate struct {
	event *order.Event
	row   *ledger.Row
	order *order.Order
	rows  []Delivery // of this route
	own   bool
	act   Act
	run   int
	// replaces is the delivery of which this is a new run; not among rows.
	replaces *Delivery
}

// recheckHeld judges held rows of an order anew: something was said of it.
func (pl *planner) recheckHeld(n *candidate) error {
	st := &ledger.State{Row: *n.row, Merged: order.Merged{Order: n.order}}
	if pl.states == nil {
		pl.states = map[int64]*ledger.State{}
	}
	pl.states[n.row.First] = st
	if pl.events == nil {
		pl.events = map[int64]*order.Event{}
	}
	pl.events[n.event.Seq] = n.event
	pl.reviewWaiting(n)
	held := slices.DeleteFunc(slices.Clone(n.rows), func(d Delivery) bool { return d.State != Held })
	if len(held) == 0 {
		return nil
	}
	if err := pl.loadEvents(held); err != nil {
		return err
	}
	for i := range held {
		d := &held[i]
		if pl.p.room(false) == 0 {
			// No slot is left: it is looked at again as soon as there is one.
			row := *d
			row.Due = pl.now
			pl.b.change(Change{Row: row, From: Held})
			continue
		}
		if w := pl.reconsider(d); w != nil {
			pl.p.add(pl.c, w, false)
		}
	}
	return nil
}

// reviewWaiting looks again at what waits for its time, where something was said
// of its order. What will never go is closed at once: people must not read
// "planned" of what a refund has ended. What is wished for at another time now
// waits for that one.
func (pl *planner) reviewWaiting(n *candidate) {
	if pl.c.rules.mode != partner.Once {
		return
	}
	for _, d := range slices.Clone(n.rows) {
		if d.State != Ready || !d.Due.After(pl.now) {
			continue
		}
		s := subject{row: n.row, order: n.order, base: d.Base, taken: d.Planned, act: d.Act}
		j := pl.c.rules.judge(&s, pl.now, true)
		if j.action == send {
			j.until = pl.now
		}
		switch {
		case j.action == skip:
			pl.close(&d, Cancelled, j.code, j.reason)
		case d.Attempt == 0 && j.action != hold && !j.until.Equal(d.Due):
			pl.postpone(&d, j)
		}
	}
}

// consider decides a candidate by the route's mode and plants its delivery,
// unless the judgement it returns is to skip it.
func (pl *planner) consider(n *candidate) judgement {
	j := pl.weigh(n)
	if j.action == skip {
		return j
	}
	if pl.c.rules.mode != partner.Each && n.act != ActReplay && len(n.rows) > 0 {
		pl.supersede(n)
	}
	if d := n.replaces; d != nil {
		pl.b.replaced = append(pl.b.replaced, *d)
		row := *d
		row.State, row.Due = Superseded, zeroTime
		pl.b.change(Change{Row: row, From: d.State})
	}
	pl.plant(n, j)
	return j
}

// weigh decides a candidate by the route's mode, and by what became of its order
// before.
func (pl *planner) weigh(n *candidate) judgement {
	if pl.c.rules.mode == partner.Once && n.act != ActReplay {
		if d := settles(n.rows, n.act); d != nil {
			return skipped("once", "one delivery per order, and there is one: "+string(d.State))
		}
	}
	s := subject{event: n.event, row: n.row, order: n.order, base: eventTime(n.event), taken: n.event.At, act: n.act, own: n.own}
	j := decide(&pl.c.rules, s, pl.now)
	if j.action == skip {
		return j
	}
	if name := pl.claimedBefore(n, j.invites); name != "" {
		pl.b.firm = true
		return skipped("claimed", "invited by "+name)
	}
	if pl.c.rules.mode != partner.Each && n.act != ActReplay && len(n.rows) > 0 {
		if pl.same(n, j) {
			return skipped("unchanged", "the partner has these bytes")
		}
		if d := onHold(n.rows); d != nil && n.act != ActSend {
			j = d.stays(j) // the newer one is held in its place
		}
	}
	return j
}

// settles returns the delivery because of which an order of mode once gets no
// other one: it was sent, is on its way, or somebody dropped it; nil: none.
func settles(rows []Delivery, act Act) *Delivery {
	for i := range rows {
		switch s := rows[i].State; {
		case s == Delivered, s == Dropped && act == ActLive, s == Parked, s.InFlight(), s.Waiting():
			return &rows[i]
		}
	}
	return nil
}

// same reports whether the partner has what would be sent.
func (pl *planner) same(n *candidate, j judgement) bool {
	if pl.c.rules.mode != partner.Latest || j.action != send || slices.ContainsFunc(n.rows, func(d Delivery) bool {
		return d.State.InFlight() || d.State == Parked
	}) {
		return false
	}
	last := lastDelivered(n.rows)
	if last == nil || len(last.Digest) == 0 {
		return false
	}
	w := pl.workOf(n, j)
	return slices.Equal(last.Digest, pl.digest(&w.task))
}

// supersede closes what waits of the order, and what a person would have to
// look at: the new delivery takes its place. What may have arrived it does not.
func (pl *planner) supersede(n *candidate) {
	for _, d := range slices.Clone(pl.b.view[n.row.First]) {
		if d.State.Waiting() || d.State == Failed || d.State == Refused {
			pl.close(&d, Superseded, "newer", "a newer event took its place")
		}
	}
}

// workOf makes the work of a new delivery.
func (pl *planner) workOf(n *candidate, j judgement) *work {
	w := &work{d: Delivery{
		Shop: pl.r.shop.id, Route: pl.r.name, Order: n.row.First, Seq: n.event.Seq, Run: n.run,
		Planned: pl.now, Base: eventTime(n.event), Act: n.act,
	}}
	w.task.Order, w.task.Event = j.order, *n.event
	pl.r.taskOf(w)
	return w
}

// plant adds the new delivery as the judgement says.
func (pl *planner) plant(n *candidate, j judgement) {
	w := pl.workOf(n, j)
	d := &w.d
	claims := j.invites
	switch {
	case j.action == hold:
		d.State, d.Code, d.Reason = Held, j.code, j.reason
	case j.action == wait:
		d.State, d.Due = Ready, j.until
	case gated(pl.c.rules.mode, pl.b.view[n.row.First], d):
		d.State = Ready
	case n.act != ActLive:
		d.State, d.Due = Ready, pl.now
	default:
		if pl.c.rules.mode == partner.Latest {
			d.Digest = pl.digest(&w.task)
		}
		pl.p.add(pl.c, pl.claim(w, "", n.row.Newest, claims), false)
		return
	}
	if d.Seq > pl.b.Route.Position && n.act != ActLive {
		pl.b.Route.Ahead = max(pl.b.Route.Ahead, d.Seq)
	}
	pl.b.change(Change{Row: *d, Claims: claims})
}

// claimedBefore names the route that invites first: one that stands before
// ours in the configuration, has not come to this event, and would take it.
func (pl *planner) claimedBefore(n *candidate, kinds []string) string {
	if len(kinds) == 0 {
		return ""
	}
	for _, o := range pl.r.before() {
		c := o.setup.Load()
		if c == nil || !c.rules.invitesTo(kinds) || o.position.Load() >= n.event.Seq {
			continue
		}
		s := subject{
			event: n.event, row: n.row, order: n.order, base: eventTime(n.event), taken: n.event.At,
			own: o.backfilled(n.row.First),
		}
		if j := decide(&c.rules, s, pl.now); j.action != skip && overlap(j.invites, kinds) {
			return o.name
		}
	}
	return ""
}

// before returns the routes that stand before this one in the configuration.
func (r *runner) before() []*runner {
	r.shop.mu.RLock()
	defer r.shop.mu.RUnlock()
	return slices.Clone(r.shop.order[:max(slices.Index(r.shop.order, r), 0)])
}

// backfilled reports whether the order is one that a backfill took in.
func (r *runner) backfilled(ord int64) bool {
	for _, b := range r.stored.Load().Backfilled {
		if b.From <= ord && ord <= b.To {
			return true
		}
	}
	return false
}
