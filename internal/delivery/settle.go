package delivery

import (
	"time"
)

// draft is a bundle in the making, with what follows once it is on disk.
type draft struct {
	Bundle
	settled  []*call
	parts    [][]*work
	firm     bool   // the position must be stored: another route decides by it
	blocks   string // the reason for which the route stops
	followed []Change
	replaced []Delivery           // by new runs, as they were
	view     map[int64][]Delivery // the rows of orders that need a look at them, changes applied
}

func (r *runner) bundle() *draft {
	b := &draft{Bundle: Bundle{Route: *r.row, Now: r.e.now()}}
	if len(r.follow) > 0 {
		b.Changes = append(b.Changes, r.follow...)
		b.followed, r.follow = r.follow, nil
	}
	return b
}

// change adds a change and returns its index.
func (b *draft) change(c Change) int {
	b.Changes = append(b.Changes, c)
	if rows, ok := b.view[c.Row.Order]; ok {
		b.view[c.Row.Order] = overlaid(rows, &c.Row)
	}
	return len(b.Changes) - 1
}

// overlaid puts a changed row in place of the old one.
func overlaid(rows []Delivery, d *Delivery) []Delivery {
	for i := range rows {
		if rows[i].Key() == d.Key() {
			rows[i] = *d
			return rows
		}
	}
	return append(rows, *d)
}

// settleInto adds what follows from the calls that ended.
func (r *runner) settleInto(b *draft) {
	for _, c := range r.unsettled {
		var id int64
		if len(c.exchanges) > 0 {
			b.Route.LastCall++
			id = b.Route.LastCall
			b.Calls = append(b.Calls, Call{
				Shop: r.shop.id, Route: r.name, ID: id, Tasks: len(c.works), Exchanges: c.exchanges,
			})
		}
		r.settleCall(b, c, id)
		b.settled = append(b.settled, c)
	}
	if b.blocks != "" && b.Route.Status == Flowing {
		b.Route.Status, b.Route.Reason, b.Save = Blocked, b.blocks, true
	}
}

func (r *runner) settleCall(b *draft, c *call, id int64) {
	if c.unsent {
		r.takeBack(b, c)
		return
	}
	c.results = make(map[State]int, 1)
	policy := c.setup.policy()
	var halves []*work
	for i, w := range c.works {
		s := saw{Outcome: c.outcomes[i], now: c.ended, batch: len(c.works), counted: c.counted}
		judge := policy.delivered
		if c.look {
			judge = policy.looked
		}
		f := judge(w.d, s)
		f.row.Note = w.task.Note
		change := Change{Row: f.row, From: w.d.State}
		if !f.keeps {
			r.giveUp(c.setup, &change)
		}
		if id != 0 {
			change.Earlier, change.EarlierPlace = w.d.Call, w.d.Place
			change.Row.Call, change.Row.Place = id, i
		}
		b.change(change)
		c.results[f.row.State]++
		if f.blocks {
			b.blocks = f.row.Reason
			if b.blocks == "" {
				b.blocks = "the partner refuses the login, the address or the account"
			}
		}
		if f.halve {
			halves = append(halves, &work{d: change.Row, task: w.task})
		}
	}
	if n := len(halves); n > 1 {
		b.parts = append(b.parts, halves[:n/2], halves[n/2:])
	} else if n == 1 {
		b.parts = append(b.parts, halves)
	}
}

// takeBack lets the deliveries of a call that was not made go again.
func (r *runner) takeBack(b *draft, c *call) {
	for _, w := range c.works {
		row := w.d
		if c.look {
			row.Due = c.ended
		} else {
			row = row.uncounted(Ready, c.ended)
		}
		b.change(Change{Row: row, From: w.d.State})
	}
}

// giveUp lets a delivery that closes without success give its claims up, to
// the shop's other routes that invite to the same.
func (r *runner) giveUp(s *setup, c *Change) {
	kinds := s.rules.invites
	if len(kinds) == 0 || !c.Row.State.Closed() || c.Row.State == Delivered || c.Row.State == Superseded {
		return
	}
	c.Release = true
	r.shop.mu.RLock()
	defer r.shop.mu.RUnlock()
	for _, o := range r.shop.order {
		if other := o.setup.Load(); o != r && other != nil && other.rules.invitesTo(kinds) {
			c.Plant = append(c.Plant, o.name)
		}
	}
}

// touch makes the runner look at what others may have planted for it.
func (r *runner) touch() {
	r.touched.Store(true)
	r.wake()
}

// lazily is how far a position may run ahead of the stored one over events
// that are all skipped: deciding them again after a crash skips them again.
const lazily = 5000

// commit writes the draft, and does what follows.
func (r *runner) commit(b *draft) error {
	idle := len(b.Changes) == 0 && len(b.Calls) == 0 && !b.Save && b.Used == 0
	moved := b.Route.Position - r.written
	if idle && (moved == 0 || !b.firm && moved < lazily && !r.flushes()) {
		r.keep(&b.Route)
		r.position.Store(r.row.Position)
		return nil
	}
	err := r.e.store.Commit(r.shop.ctx, &b.Bundle)
	r.shop.commits.Add(1)
	if err != nil {
		r.follow = append(b.followed, r.follow...)
		r.resync = true
		return err
	}
	was := r.row.Status
	r.keep(&b.Route)
	r.written = b.Route.Position
	r.position.Store(r.row.Position)
	r.after(b)
	if b.Save {
		r.publish()
		if was != r.row.Status {
			r.announce()
		}
	}
	return nil
}

// flushes reports whether positions are written at once: nobody comes back to
// them here.
func (r *runner) flushes() bool { return r.e.stopping.Load() || r.shop.yielding.Load() != nil }

// after does in memory what a commit did on disk.
func (r *runner) after(b *draft) {
	for _, c := range b.settled {
		for _, w := range c.works {
			if r.busy[w.d.Order] == w {
				delete(r.busy, w.d.Order)
			}
		}
		if c.login {
			r.refusals.Add(-1)
		}
		if !c.unsent {
			r.observed(c)
		}
	}
	if len(b.settled) > 0 {
		r.unsettled = r.unsettled[:0]
	}
	for i := range b.Changes {
		r.afterChange(b, &b.Changes[i])
	}
	for _, part := range b.parts {
		r.addPart(part)
	}
	if b.blocks != "" {
		r.dropParts()
	}
}

func (r *runner) afterChange(b *draft, c *Change) {
	d := &c.Row
	switch c.Answer {
	case Stale:
		r.soon(d.Act, b.Now)
		if c.From == Ready {
			// One that waited for another delivery of its order has no Due: it
			// is found by its order, and nothing else brings it forward.
			r.block(d.Order)
			r.unblock = append(r.unblock, d.Order)
		}
		r.mark()
		return
	case Taken:
		r.afterTaken(c, b.Now)
		return
	case Moved:
		// Such as after a commit whose result was unknown, and that did happen:
		// what is stored was not read since, and may be due or let others go.
		r.soon(d.Act, b.Now)
		r.release(d.Order)
		r.mark()
		return
	}
	if !d.Due.IsZero() && d.State != Sending {
		r.soon(d.Act, d.Due)
		if !d.Due.After(b.Now) {
			r.mark() // this round planned without it, and no call's end may come
		}
	}
	if d.State == Ready && d.Due.IsZero() {
		r.block(d.Order)
	} else if !d.State.InFlight() {
		r.release(d.Order)
	}
	if len(c.Plant) > 0 {
		r.touchHeirs(c.Plant)
	}
	if c.From != d.State {
		r.e.observe.Settled(r.route(), c.From, d.State, d.Code)
		r.shop.tell(d, b.Now)
	}
}

func (r *runner) touchHeirs(names []string) {
	r.shop.mu.RLock()
	defer r.shop.mu.RUnlock()
	for _, name := range names {
		if o := r.shop.all[name]; o != nil {
			o.touch()
		}
	}
}

// afterTaken closes a row that waits for an invitation another route makes.
func (r *runner) afterTaken(c *Change, now time.Time) {
	if c.From == "" {
		return
	}
	d := c.Row.close(Cancelled, now)
	d.Code, d.Reason = "claimed", "invited by "+c.Owner
	r.follow = append(r.follow, Change{Row: d, From: c.From})
	r.mark()
}

// release lets the deliveries go on that waited for one of the order's.
func (r *runner) release(ord int64) {
	if r.blocked[ord] {
		r.unblock = append(r.unblock, ord)
		r.mark()
	}
}

// soon notes that a stored delivery is due at t.
func (r *runner) soon(a Act, t time.Time) {
	lane := laneOf(a)
	if t.Before(r.nextDue[lane]) {
		r.nextDue[lane] = t
	}
}

func laneOf(a Act) int {
	if a.bulk() {
		return 1
	}
	return 0
}

// mark makes the loop go round once more.
func (r *runner) mark() {
	r.mu.Lock()
	r.dirty = true
	r.mu.Unlock()
}

// block notes that an order has a delivery that waits for another one.
func (r *runner) block(ord int64) {
	if r.blocked == nil {
		r.blocked = map[int64]bool{}
	}
	r.blocked[ord] = true
}

// addPart keeps a part of a batch that is to be sent as a call of its own.
func (r *runner) addPart(part []*work) {
	r.parts = append(r.parts, part)
	if r.halved == nil {
		r.halved = map[Key]bool{}
	}
	for _, w := range part {
		r.halved[w.d.Key()] = true
	}
	r.mark()
}

// dropParts lets the parts go as ordinary deliveries again; they are stored as
// such.
func (r *runner) dropParts() {
	if len(r.parts) == 0 {
		return
	}
	r.parts = nil
	clear(r.halved)
	r.nextDue = [2]time.Time{}
}
