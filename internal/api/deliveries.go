package api

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/ordermux/ordermux/internal/cause"
	"github.com/ordermux/ordermux/internal/delivery"
	"github.com/ordermux/ordermux/internal/order"
)

// listDeliveries pages through the deliveries.
func (a *API) listDeliveries(r *request) (any, error) {
	q := newQuery(r, "cursor", "limit", "route", "state", "code", "order")
	f := delivery.Filter{
		Route: q.text("route"), States: q.states("state"), Code: q.text("code"), OrderIDs: q.list("order"),
		Cursor: q.text("cursor"), Limit: q.limit(),
	}
	if err := q.err(); err != nil {
		return nil, err
	}
	list, next, err := a.Engine.Deliveries(r.Context(), r.shop, f)
	if err != nil {
		return nil, err
	}
	out := Deliveries{Deliveries: make([]Delivery, len(list)), Next: next}
	for i, d := range list {
		out.Deliveries[i] = deliveryOf(d)
	}
	return out, nil
}

// Selection is which deliveries or orders an act means.
type Selection struct {
	Route   string           `json:"route,omitzero"`
	States  []delivery.State `json:"states,omitzero"`
	Orders  []string         `json:"orders,omitzero"`
	Code    string           `json:"code,omitzero"`
	Cause   cause.Cause      `json:"cause,omitzero"` // all codes of what is stuck for it; in place of Code
	From    time.Time        `json:"from,omitzero"`  // accepted_at of the event
	To      time.Time        `json:"to,omitzero"`
	FromSeq int64            `json:"from_seq,omitzero"`
	ToSeq   int64            `json:"to_seq,omitzero"`
	All     bool             `json:"all,omitzero"` // where nothing narrows the act
	DryRun  bool             `json:"dry_run,omitzero"`
}

// filter checks the selection. An act that names nothing must say all.
func (s Selection) filter() (delivery.Filter, error) {
	for _, st := range s.States {
		if !knownState(st) {
			return delivery.Filter{}, order.Refuse("states", order.Malformed, noState())
		}
	}
	if err := s.checkCause(); err != nil {
		return delivery.Filter{}, err
	}
	f := delivery.Filter{
		Route: s.Route, States: s.States, OrderIDs: s.Orders, Code: s.Code,
		From: s.From, To: s.To, FromSeq: s.FromSeq, ToSeq: s.ToSeq,
	}
	if !s.All && s.String() == "" {
		return f, order.Refuse("", order.Required, `say which: route, states, orders, code, cause, from, to, from_seq, to_seq, or "all": true`)
	}
	return f, nil
}

// String tells the selection in the words of the log; empty: nothing narrows.
func (s Selection) String() string {
	var out []string
	add := func(name, value string) {
		if value != "" {
			out = append(out, name+"="+value)
		}
	}
	add("route", s.Route)
	if len(s.States) > 0 {
		add("states", strings.Trim(fmt.Sprint(s.States), "[]"))
	}
	if n := len(s.Orders); n > 0 {
		add("orders", fmt.Sprint(n))
	}
	add("code", s.Code)
	add("cause", string(s.Cause))
	if !s.From.IsZero() {
		add("from", s.From.Format(time.RFC3339))
	}
	if !s.To.IsZero() {
		add("to", s.To.Format(time.RFC3339))
	}
	if s.FromSeq > 0 || s.ToSeq > 0 {
		add("seq", fmt.Sprintf("%d-%d", s.FromSeq, s.ToSeq))
	}
	return strings.Join(out, " ")
}

// many is an act of the engine on what a filter selects.
type many func(ctx context.Context, shop string, f delivery.Filter, dry bool) (delivery.Acted, error)

func (a *API) act(r *request, name, target string, s Selection, do many) (any, error) {
	f, err := s.filter()
	if err != nil {
		return nil, err
	}
	ctx := r.Context()
	if !s.DryRun {
		ctx = context.WithoutCancel(ctx) // what was begun is done for all, whoever waits for it
	}
	acted, err := a.byCause(s, do)(ctx, r.shop, f, s.DryRun)
	if err != nil {
		return nil, err
	}
	if !s.DryRun {
		a.record(r, name, target, strings.TrimSpace(fmt.Sprintf("%s count=%d", s, acted.Count)))
	}
	return Acted{Count: acted.Count, DryRun: s.DryRun, Verdicts: verdictsOf(acted.Verdicts)}, nil
}

func (a *API) retryDeliveries(r *request) (any, error) {
	var s Selection
	if err := readJSON(r.Request, &s); err != nil {
		return nil, err
	}
	return a.act(r, "retry", "deliveries", s, a.Engine.Retry)
}

func (a *API) dropDeliveries(r *request) (any, error) {
	var s Selection
	if err := readJSON(r.Request, &s); err != nil {
		return nil, err
	}
	return a.act(r, "drop", "deliveries", s, a.Engine.Drop)
}

// sendOrder sends one order on one route now.
func (a *API) sendOrder(r *request) (any, error) {
	var in struct {
		Route  string `json:"route"`
		Order  string `json:"order"`
		DryRun bool   `json:"dry_run,omitzero"`
	}
	if err := readJSON(r.Request, &in); err != nil {
		return nil, err
	}
	if in.Route == "" || in.Order == "" {
		return nil, order.Refuse("", order.Required, `"route" and "order" are required`)
	}
	v, err := a.Engine.Send(r.Context(), r.shop, in.Route, in.Order, in.DryRun)
	if err != nil {
		return nil, err
	}
	if !in.DryRun {
		a.record(r, "send", "order "+in.Order, "route="+in.Route)
	}
	return verdictOf(v), nil
}
