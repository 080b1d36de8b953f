package delivery

import (
	"context"
	"slices"
)

// The words of deliveries that a person holds back. The second one's route was
// to judge it as one that is new to it (codeFree), and will.
const (
	codeOnHold     = "on_hold"
	codeOnHoldFree = "on_hold_free"
)

// OnHold reports whether a person holds the delivery back: until Release, Send
// or Drop it goes nowhere, whatever else happens to its order.
func (d *Delivery) OnHold() bool {
	return d.State == Held && (d.Code == codeOnHold || d.Code == codeOnHoldFree)
}

// Hold keeps deliveries that have not left from leaving, until Release, Send or
// Drop; the reason is shown with them. Later events of their orders wait behind
// them, or (in the mode latest) are held in their place. What the rules say no
// to meanwhile is cancelled as ever.
func (e *Engine) Hold(ctx context.Context, shop string, f Filter, reason string, dry bool) (Acted, error) {
	return e.turn(ctx, shop, f, dry, turning{action: hold.String(), states: []State{Ready, Held, Retrying}, to: func(d Delivery) (Delivery, bool) {
		if d.OnHold() {
			return d, false
		}
		code := codeOnHold
		if d.Code == codeFree {
			code = codeOnHoldFree
		}
		d.State, d.Due, d.Code, d.Reason = Held, zeroTime, code, reason
		return d, true
	}})
}

// Release lets deliveries go on that were held by Hold: they are judged again at
// once.
func (e *Engine) Release(ctx context.Context, shop string, f Filter, dry bool) (Acted, error) {
	now := e.now()
	return e.turn(ctx, shop, f, dry, turning{action: "release", states: []State{Held}, to: func(d Delivery) (Delivery, bool) {
		if !d.OnHold() {
			return d, false
		}
		d.Due, d.Reason = now, ""
		if d.Code == codeOnHoldFree {
			d.Code = codeFree
		} else {
			d.Code = ""
		}
		return d, true
	}})
}

// turning is an act that changes stored deliveries one by one.
type turning struct {
	action string // in verdicts
	states []State
	to     func(Delivery) (Delivery, bool) // false: nothing is to be done
}

// turn does so to what a filter selects, of the states that the act is for.
func (e *Engine) turn(ctx context.Context, shop string, f Filter, dry bool, t turning) (Acted, error) {
	if len(f.States) == 0 {
		f.States = t.states
	}
	s, finished, err := e.command(shop)
	if err != nil {
		return Acted{}, err
	}
	defer finished()
	byRoute, err := e.byRoute(ctx, shop, &f)
	if err != nil {
		return Acted{}, err
	}
	var sum Acted
	for _, g := range byRoute {
		r, err := s.route(g.route)
		if err != nil {
			return sum, err
		}
		if err := e.nameOrders(ctx, shop, g.rows[:min(len(g.rows), mostVerdicts)]); err != nil {
			return sum, err
		}
		for chunk := range slices.Chunk(g.rows, page) {
			if err := r.turn(ctx, chunk, t, dry, &sum); err != nil {
				return sum, err // it does nothing twice
			}
		}
	}
	return sum, nil
}

func (r *runner) turn(ctx context.Context, rows []Delivery, t turning, dry bool, sum *Acted) error {
	return r.do(ctx, func() error {
		b := r.bundle()
		first := len(b.Changes)
		for i := range rows {
			d := &rows[i]
			row, ok := t.to(*d)
			if !ok || !slices.Contains(t.states, d.State) {
				continue
			}
			if dry {
				sum.add(Verdict{Route: r.name, OrderID: d.OrderID, Seq: d.Seq, Action: t.action, Code: d.Code, Reason: d.Reason}, true)
				continue
			}
			row.OrderID = ""
			b.change(Change{Row: row, From: d.State})
		}
		n := len(b.Changes)
		if err := r.commit(b); err != nil {
			return err
		}
		for i := range b.Changes[first:n] {
			if b.Changes[first+i].Answer == Done {
				sum.Count++
			}
		}
		return nil
	})
}

// onHold returns the delivery of an order that a person holds back; nil: none.
func onHold(rows []Delivery) *Delivery {
	for i := range rows {
		if rows[i].OnHold() {
			return &rows[i]
		}
	}
	return nil
}

// stays is what becomes of a delivery that a person holds back, whatever the
// rules say but no.
func (d *Delivery) stays(j judgement) judgement {
	if j.action != skip {
		j.action, j.code, j.reason = hold, d.Code, d.Reason
	}
	return j
}
