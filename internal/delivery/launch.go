package delivery

import (
	"slices"
	"time"

	"github.com/ordermux/ordermux/internal/partner"
)

var zeroTime time.Time

// launch sends what the round's commit claimed.
func (r *runner) launch(b *draft, p *plan) {
	rest := p.grant
	for _, c := range p.calls {
		planned := len(c.works)
		c.works = slices.DeleteFunc(c.works, func(w *work) bool {
			return w.change >= 0 && b.Changes[w.change].Answer != Done
		})
		if len(c.works) < planned {
			r.mark() // their places are free
		}
		if len(c.works) == 0 {
			continue
		}
		for _, w := range c.works {
			r.carry(w)
		}
		if !r.may() { // any more, since it was planned
			c.unsent, c.ended = true, r.e.now()
			r.unsettled = append(r.unsettled, c)
			r.mark()
			continue
		}
		rest.calls--
		rest.probe = false
		r.begin(c)
	}
	if c := r.setup.Load(); c != nil {
		c.conn.giveBack(rest)
	}
}

// carry notes that a delivery is being sent or asked about.
func (r *runner) carry(w *work) {
	if r.busy == nil {
		r.busy = map[int64]*work{}
	}
	r.busy[w.d.Order] = w
}

// begin makes a call; everything of it is on disk.
func (r *runner) begin(c *call) {
	c.began = r.e.now()
	c.overdue = c.began.Add(timeout(&c.setup.route.Side) + overdueAfter)
	if r.calls == nil {
		r.calls = map[*call]bool{}
	}
	r.calls[c] = true
	r.e.active.Add(1)
	go r.run(c)
}

// recover brings the memory in line with what is stored: after a start, when
// what was being sent has an unknown outcome, and after a commit that failed,
// when what it claimed never left.
func (r *runner) recover() error {
	if r.ready && !r.resync || r.setup.Load() == nil {
		return nil
	}
	if r.resync {
		if err := r.reload(); err != nil {
			return err
		}
	} else if r.row.Idle {
		r.nextDue, r.ready = [2]time.Time{far, far}, true
		return nil
	}
	if err := r.recoverSending(); err != nil {
		return err
	}
	if err := r.recoverBlocked(); err != nil {
		return err
	}
	r.dropParts()
	r.nextDue = [2]time.Time{}
	r.ready, r.resync = true, false
	return nil
}

func (r *runner) reload() error {
	rows, err := r.e.store.Routes(r.shop.ctx, r.shop.id)
	if err != nil {
		return err
	}
	for _, row := range rows {
		if row.Route != r.name {
			continue
		}
		if row.Epoch != r.row.Epoch {
			return ErrLost
		}
		r.keep(&row)
		r.written = row.Position
		r.position.Store(row.Position)
		r.publish()
	}
	return nil
}

func (r *runner) recoverSending() error {
	rows, err := r.e.store.Sending(r.shop.ctx, r.shop.id, r.name)
	if err != nil {
		return err
	}
	c := r.setup.Load()
	policy := c.policy()
	s := saw{Outcome: partner.Unknown("crash", r.crashed()), now: r.e.now(), batch: 1, counted: true}
	for len(rows) > 0 {
		n := min(len(rows), page)
		b := r.bundle()
		for _, d := range rows[:n] {
			if r.sends(&d) {
				continue
			}
			row := d.uncounted(Ready, s.now)
			if !r.ready {
				row = policy.delivered(d, s).row
			}
			change := Change{Row: row, From: Sending}
			r.giveUp(c, &change)
			b.change(change)
		}
		if err := r.commit(b); err != nil {
			return err
		}
		rows = rows[n:]
	}
	return nil
}

// crashed says why nothing is known of a delivery that was being sent.
func (r *runner) crashed() string {
	if r.e.shared {
		return "its node stopped or lost the shop while it was sent"
	}
	return "the hub stopped while it was sent"
}

// sends reports whether a call of ours has the delivery.
func (r *runner) sends(d *Delivery) bool {
	w := r.busy[d.Order]
	return w != nil && w.d.Key() == d.Key()
}

func (r *runner) recoverBlocked() error {
	clear(r.blocked)
	r.unblock = nil
	for after := int64(0); ; {
		orders, err := r.e.store.Blocked(r.shop.ctx, r.shop.id, r.name, after, page)
		if err != nil || len(orders) == 0 {
			return err
		}
		for _, o := range orders {
			r.block(o)
		}
		r.unblock = append(r.unblock, orders...)
		after = orders[len(orders)-1]
	}
}
