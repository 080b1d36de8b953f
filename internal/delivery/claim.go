package delivery

import (
	"crypto/sha256"
	"slices"

	"github.com/ordermux/ordermux/internal/json"
	"github.com/ordermux/ordermux/internal/ledger"
	"github.com/ordermux/ordermux/internal/order"
	"github.com/ordermux/ordermux/internal/partner"
)

// lookAt makes the work of asking what became of a delivery. Its row stays as
// it is until the answer.
func (pl *planner) lookAt(d *Delivery) *work {
	w := &work{d: *d, change: -1}
	if st := pl.states[d.Order]; st != nil {
		if o, _, over := pl.c.rules.carriedOf(st.Merged.Order); !over {
			w.task.Order = o
		}
	}
	pl.finishTask(w)
	return w
}

// reconsider judges a stored row again and claims it if it may go: the work to
// be sent, or nil. The caller has asked for room.
func (pl *planner) reconsider(d *Delivery) *work {
	rows := pl.b.view[d.Order]
	if now := findKey(rows, d.Key()); now == nil || now.State != d.State {
		return nil // changed in this round, or by somebody else
	}
	st := pl.states[d.Order]
	if st == nil {
		return pl.hold(d, judgement{code: "needs", reason: "the order can not be found"})
	}
	j := pl.rejudge(d, st)
	switch {
	case j.action == skip:
		return pl.close(d, Cancelled, j.code, j.reason)
	case j.action == hold:
		return pl.hold(d, j)
	case j.action == wait:
		return pl.postpone(d, j)
	case gated(pl.c.rules.mode, rows, d):
		return pl.block(d, j)
	}
	if pl.c.rules.mode == partner.Once && d.Act != ActReplay && lastDelivered(rows) != nil {
		return pl.close(d, Superseded, "sent", "the order was sent already")
	}
	w := &work{d: *d}
	w.task.Order = j.order
	pl.finishTask(w)
	if pl.c.rules.mode == partner.Latest {
		w.d.Digest = pl.digest(&w.task)
		last := lastDelivered(rows)
		if last != nil && d.Act != ActReplay && slices.Equal(last.Digest, w.d.Digest) {
			return pl.close(d, Superseded, "unchanged", "the partner has these bytes")
		}
	}
	return pl.claim(w, d.State, st.Row.Newest, j.invites)
}

// rejudge applies the rules to a row that was planned earlier.
func (pl *planner) rejudge(d *Delivery, st *ledger.State) judgement {
	s := subject{row: &st.Row, order: st.Merged.Order, base: d.Base, taken: d.Planned, act: d.Act}
	if d.Code == codeFree {
		// Planted when another route gave its claim up: never judged for us.
		s.own = pl.r.backfilled(st.Row.First)
		return decide(&pl.c.rules, s, pl.now)
	}
	j := pl.c.rules.judge(&s, pl.now, d.State == Held && d.Attempt == 0)
	if d.OnHold() {
		j = d.stays(j)
	}
	return j
}

// codeFree marks rows planted for routes that may invite now.
const codeFree = "claim_free"

// claim takes a delivery for sending, in this round's commit.
func (pl *planner) claim(w *work, from State, version int64, claims []string) *work {
	d := &w.d
	d.State, d.Due, d.Settled = Sending, pl.now, zeroTime
	d.Attempt++
	d.Code, d.Reason = "", ""
	w.task.Attempt = d.Attempt
	w.change = pl.b.change(Change{Row: *d, From: from, Version: version, Claims: claims})
	return w
}

func (pl *planner) close(d *Delivery, s State, code, reason string) *work {
	row := d.close(s, pl.now)
	row.Code, row.Reason = code, reason
	c := Change{Row: row, From: d.State}
	pl.r.giveUp(pl.c, &c)
	pl.b.change(c)
	return nil
}

func (pl *planner) hold(d *Delivery, j judgement) *work {
	row := *d
	row.State, row.Due, row.Code, row.Reason = Held, zeroTime, j.code, j.reason
	if d.State == Held && d.Due.IsZero() && d.Code == row.Code && d.Reason == row.Reason {
		return nil
	}
	pl.b.change(Change{Row: row, From: d.State, Claims: j.invites})
	return nil
}

func (pl *planner) postpone(d *Delivery, j judgement) *work {
	row := *d
	row.State, row.Due, row.Code, row.Reason = Ready, j.until, "", ""
	pl.b.change(Change{Row: row, From: d.State, Claims: j.invites})
	return nil
}

// block lets a row wait for another one of its order.
func (pl *planner) block(d *Delivery, j judgement) *work {
	row := *d
	row.State, row.Due, row.Code, row.Reason = Ready, zeroTime, "", ""
	if d.State != Ready || !d.Due.IsZero() {
		pl.b.change(Change{Row: row, From: d.State, Claims: j.invites})
	}
	pl.r.block(d.Order)
	return nil
}

// finishTask fills in what every task has.
func (pl *planner) finishTask(w *work) {
	pl.r.taskOf(w)
	if e := pl.events[pl.eventOf(&w.d)]; e != nil {
		w.task.Event = *e
	}
}

// digest names the bytes that the task sends; 16 bytes.
func (pl *planner) digest(t *partner.Task) []byte {
	var body []byte
	var err error
	if render := pl.c.route.Side.Render; render != nil {
		body, err = render(*t)
	} else {
		body, err = json.Marshal(t.Order)
	}
	if err != nil {
		return nil // nothing to compare with: it is sent
	}
	sum := sha256.Sum256(body)
	return sum[:16]
}

// carriedOf is carried for an order that may be nil.
func (r *rules) carriedOf(o *order.Order) (*order.Order, judgement, bool) {
	if o == nil {
		return nil, judgement{}, false
	}
	return r.carried(o)
}

func findKey(rows []Delivery, k Key) *Delivery {
	for i := range rows {
		if rows[i].Key() == k {
			return &rows[i]
		}
	}
	return nil
}
