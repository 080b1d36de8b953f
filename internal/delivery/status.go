package delivery

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/ordermux/ordermux/internal/ledger"
	"github.com/ordermux/ordermux/internal/order"
	"github.com/ordermux/ordermux/internal/partner"
)

// route returns what the observer is told of the route.
func (r *runner) route() *Route {
	if c := r.setup.Load(); c != nil {
		return c.route
	}
	return &Route{Shop: r.shop.id, Name: r.name, Partner: r.row.Partner}
}

// announce tells the observer how the route stands.
func (r *runner) announce() { r.e.observe.RouteChanged(r.route(), r.status()) }

// breaker tells whether the breaker of the route's connection is open, as far
// as this node knows.
func (c *setup) breaker() (open bool, since time.Time) {
	if c.conn == nil {
		return false, time.Time{}
	}
	return c.conn.state()
}

// status tells what is known without a look into the store.
func (r *runner) status() RouteStatus {
	row := r.stored.Load()
	s := RouteStatus{
		Shop: r.shop.id, Route: r.name, Partner: row.Partner,
		Position: r.position.Load(), Head: r.shop.head.Load(), Start: row.Start,
		State: string(row.Status), Reason: row.Reason,
	}
	c := r.setup.Load()
	switch {
	case c == nil:
		s.State = string(Gone)
	case row.Status == Flowing:
		s.State = "flowing"
		if open, since := c.breaker(); open {
			s.State = "breaker_open"
			s.Reason = "the partner does not answer, since " + since.UTC().Format(time.RFC3339)
		}
		if f := r.stalled.Load(); f != nil {
			s.State = "failing"
			s.Reason = "since " + f.since.UTC().Format(time.RFC3339) + ": " + f.err.Error()
		}
	}
	if s.State == "flowing" && c.route.Side.Deliver == nil {
		s.Position = s.Head
	}
	return s
}

// Judge tells what a route would do with an order as it stands.
func (e *Engine) Judge(ctx context.Context, shop, route, orderID string) (Verdict, error) {
	pl, n, err := e.look(ctx, shop, route, orderID)
	if err != nil {
		return Verdict{}, err
	}
	return pl.verdict(n, pl.r.verdictOf(ctx, pl.c, n), true), nil
}

// look finds an order as it stands at a route, and whoever judges it.
func (e *Engine) look(ctx context.Context, shop, route, orderID string) (*planner, *candidate, error) {
	s, err := e.seen(ctx, shop)
	if err != nil {
		return nil, nil, err
	}
	r, st, err := e.routeAndOrder(ctx, s, route, orderID)
	if err != nil {
		return nil, nil, err
	}
	rows, err := e.store.OfOrders(ctx, shop, route, []int64{st.Row.First})
	if err != nil {
		return nil, nil, err
	}
	n := &candidate{row: &st.Row, order: st.Merged.Order, rows: rows}
	err = readEvents(ctx, e.log, shop, []int64{st.Row.Newest}, func(it *ledger.Item) { n.event = &it.Event })
	if err != nil {
		return nil, nil, err
	}
	if n.event == nil {
		return nil, nil, fmt.Errorf("event %d: %w", st.Row.Newest, order.ErrNotFound)
	}
	return &planner{r: r, c: r.setup.Load(), b: &draft{}, now: e.now()}, n, nil
}

// Trial is what a route does with an order as it stands, and would do if a
// person sent it now.
type Trial struct {
	State  State   // of its newest delivery by the route; "": there is none
	Now    Verdict // what the rules say of it, whatever was done already
	ByHand Verdict // see Engine.Send
	// Task is what Deliver would be given if a person sent it; nil: nothing would
	// be sent. It keeps no note.
	Task *partner.Task
}

// Try judges an order for a route and changes nothing. Any node answers.
func (e *Engine) Try(ctx context.Context, shop, route, orderID string) (Trial, error) {
	pl, n, err := e.look(ctx, shop, route, orderID)
	if err != nil {
		return Trial{}, err
	}
	out := Trial{Now: pl.verdict(n, pl.r.verdictOf(ctx, pl.c, n), false)}
	if d := newest(n.rows); d != nil {
		out.State = d.State
	}
	n.act = ActSend
	j := decide(&pl.c.rules, subject{
		event: n.event, row: n.row, order: n.order, base: eventTime(n.event), taken: n.event.At, act: ActSend, own: true,
	}, pl.now)
	out.ByHand = pl.verdict(n, j, true)
	if j.action == send {
		out.Task = &pl.workOf(n, j).task
		out.Task.SaveNote = func(context.Context, []byte) error { return nil }
	}
	return out, nil
}

// newest is the delivery that was made last; nil: there is none.
func newest(rows []Delivery) (d *Delivery) {
	for i := range rows {
		if d == nil || cmp.Or(cmp.Compare(rows[i].Seq, d.Seq), cmp.Compare(rows[i].Run, d.Run)) > 0 {
			d = &rows[i]
		}
	}
	return d
}

// verdictOf judges an order as it stands, whatever brought it up.
func (r *runner) verdictOf(ctx context.Context, c *setup, n *candidate) judgement {
	if c.rules.mode == "once" {
		if d := settles(n.rows, ActLive); d != nil {
			return skipped("once", "one delivery per order, and there is one: "+string(d.State))
		}
	}
	s := subject{row: n.row, order: n.order, own: len(n.rows) > 0 || r.backfilled(n.row.First)}
	if c.rules.maxAge > 0 && (n.order == nil || n.order.PlacedAt.IsZero()) {
		// Its age counts from when we took it. What can not be read has no age.
		s.base, _ = r.e.acceptedAt(ctx, r.shop.id, n.row.First)
	}
	return decide(&c.rules, s, r.e.now())
}

// OfOrder returns all deliveries of an order, with a reason for each route
// that skips it.
func (e *Engine) OfOrder(ctx context.Context, shop, id string) ([]Delivery, []Verdict, error) {
	states, err := e.log.StatesByID(ctx, shop, []string{id})
	if err != nil {
		return nil, nil, err
	}
	st := states[0]
	if st == nil {
		return nil, nil, order.ErrNotFound
	}
	rows, err := e.store.OfOrders(ctx, shop, "", []int64{st.Row.First})
	if err != nil {
		return nil, nil, err
	}
	has := map[string]bool{}
	for i := range rows {
		rows[i].OrderID = id
		has[rows[i].Route] = true
	}
	s, err := e.seen(ctx, shop)
	if errors.Is(err, order.ErrNotFound) {
		return rows, nil, nil
	} else if err != nil {
		return nil, nil, err
	}
	var verdicts []Verdict
	for _, r := range s.runners() {
		if c := r.setup.Load(); c != nil && has[r.name] && st.Merged.Order != nil {
			lines := c.rules.places(st.Merged.Order)
			for i := range rows {
				if rows[i].Route == r.name {
					rows[i].Lines = lines
				}
			}
		}
		if c := r.setup.Load(); c != nil && !has[r.name] && c.route.Side.Deliver != nil {
			verdicts = append(verdicts, r.whyNot(ctx, c, st.Row.Subject.ID, &candidate{row: &st.Row, order: st.Merged.Order}))
		}
	}
	return rows, verdicts, nil
}

// whyNot tells why a route has no delivery of an order.
func (r *runner) whyNot(ctx context.Context, c *setup, id string, n *candidate) Verdict {
	v := Verdict{Route: r.name, OrderID: id, Seq: n.row.Newest}
	j := r.verdictOf(ctx, c, n)
	switch {
	case j.action == skip:
		v.Action, v.Code, v.Reason = skip.String(), j.code, j.reason
	case r.position.Load() < n.row.Newest:
		v.Action, v.Code, v.Reason = wait.String(), "not_considered", "the route has not come to it"
	default:
		if name := r.inviter(n); name != "" {
			v.Action, v.Code, v.Reason = skip.String(), "claimed", "invited by "+name
			break
		}
		v.Action, v.Code, v.Reason = skip.String(), "unconsidered", "nothing that happened since it would go has brought it up"
	}
	return v
}

// inviter names a route that invites to what this one would.
func (r *runner) inviter(n *candidate) string {
	c := r.setup.Load()
	if c == nil || len(c.rules.invites) == 0 {
		return ""
	}
	r.shop.mu.RLock()
	defer r.shop.mu.RUnlock()
	for _, o := range r.shop.order {
		oc := o.setup.Load()
		if o != r && oc != nil && oc.rules.invitesTo(c.rules.invites) {
			return o.name
		}
	}
	return ""
}

// Calls returns the evidence of a delivery, oldest call first.
func (e *Engine) Calls(ctx context.Context, d Delivery) ([]Call, error) {
	return e.store.Calls(ctx, d)
}
