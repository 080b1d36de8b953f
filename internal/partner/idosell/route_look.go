package idosell

import (
	"context"
	"fmt"
	"time"

	"github.com/ordermux/ordermux/internal/json"
	"github.com/ordermux/ordermux/internal/order"
	"github.com/ordermux/ordermux/internal/partner"
	"github.com/ordermux/ordermux/internal/soap"
)

const (
	markPrefix = "external/" // + orderExternalId
	// markLife is how long we know that an order was placed: longer than
	// anybody sends one again.
	markLife = 400 * 24 * time.Hour
)

// mark is what routes of one login know of an order that was placed there, or
// may have been. It outlives deliveries: a person may send an order again.
type mark struct {
	Route    string `json:"route"`
	Order    string `json:"order"`
	External string `json:"-"`
	Placing  bool   `json:"placing,omitzero"` // placeOrder may have left
	ID       string `json:"id,omitzero"`      // the wholesaler's number, once known
}

// markOf finds the mark of this route's part of an order, or what it will be.
func (r *route) markOf(ctx context.Context, id string) (mark, *partner.Outcome) {
	for _, apart := range []string{"", r.deps.Route} {
		external := externalOf(id, apart)
		kept, ok, err := r.deps.State.Get(ctx, markPrefix+external)
		if err != nil {
			o := partner.Later(0, "state", "what was placed before can not be read: "+err.Error())
			return mark{}, &o
		}
		m := mark{Route: r.deps.Route, Order: id}
		if ok {
			_ = json.Unmarshal(kept, &m) // of another route, if it can not be read
		}
		if m.External = external; m.Route == r.deps.Route && m.Order == id {
			return m, nil
		}
	}
	o := partner.Refused("external_id", "the order's number at the wholesaler is taken by another order")
	return mark{}, &o
}

func (r *route) keepMark(ctx context.Context, m *mark) error {
	b, err := json.Marshal(m)
	if err != nil {
		return err
	}
	return r.deps.State.Put(ctx, markPrefix+m.External, b, markLife)
}

// look says what became of orders that may have been placed.
func (r *route) look(ctx context.Context, tasks []partner.Task) []partner.Outcome {
	outcomes := make([]partner.Outcome, len(tasks))
	for i := range tasks {
		outcomes[i] = hide(r.lookAt(ctx, &tasks[i]), tasks[i].Order)
	}
	return outcomes
}

func (r *route) lookAt(ctx context.Context, t *partner.Task) partner.Outcome {
	if t.Order == nil {
		return partner.Unknown("not_stated", "nobody states this order any more")
	}
	m, o := r.markOf(ctx, t.Order.ID)
	if o != nil {
		return *o
	}
	if !m.Placing && !placedMaybe(t.Note) {
		return partner.NotThere() // what is noted before placeOrder leaves is not noted
	}
	out, _ := r.seek(ctx, t.Order, &m)
	return out
}

// seek asks the wholesaler for an order by our number of it: Delivered, with
// its status there, and followed from then on; NotThere; or why nobody can tell.
func (r *route) seek(ctx context.Context, o *order.Order, m *mark) (out partner.Outcome, status string) {
	if !r.asksByExternal() {
		if m.ID != "" {
			return r.placed(ctx, o, m, m.ID, ""), ""
		}
		return partner.Unknown("cannot_ask", "it may be placed, and the wholesaler can not be asked for an order by our number of it: look for "+m.External+" there"), ""
	}
	v, f, failed := r.ask(ctx, opOrdersStatus, statusQuestion("ordersExternalIds", soap.TextOf(m.External)), true)
	switch {
	case f != nil && f.kind == failedFault && (f.code == codeEmpty || f.code == codeOrder):
		return partner.NotThere(), ""
	case failed != nil && failed.Result == partner.ResultRefused && failed.Scope == partner.ScopeOrder:
		out = partner.Unknown(failed.Code, "the wholesaler does not say whether it has the order: "+failed.Reason)
		return out.Of(partner.ScopeReceiver), ""
	case failed != nil:
		return *failed, ""
	}
	return r.found(ctx, o, m, v.At("results"))
}

// found judges an answer to the question for one order. Only a plain no counts
// as one: an answer that says anything else may be about our order, in words
// that the dialect does not know, and what may be there is not placed again.
func (r *route) found(ctx context.Context, o *order.Order, m *mark, results soap.Value) (out partner.Outcome, status string) {
	clear := !results.IsNil()
	for _, item := range results.Items() {
		id := item.At("orderId").Text()
		code, _ := faultOf(item)
		switch {
		case code == codeOK && item.At("orderExternalId").Text() == m.External && plainID(id):
			status = item.At("orderStatus").Text()
			return r.placed(ctx, o, m, id, item.At("orderSerialNumber").Text()), status
		case code != codeOrder && code != codeEmpty:
			clear = false
		}
	}
	if clear {
		return partner.NotThere(), ""
	}
	out = partner.Unknown("unclear_answer", "the wholesaler's answer does not say whether it has the order: look for "+m.External+" there")
	return out.Of(partner.ScopeReceiver), ""
}

// asksByExternal reports whether the dialect has the question.
func (r *route) asksByExternal() bool {
	d := r.opts.dialect
	return d.has(d.op(opOrdersStatus), "params."+byExternal)
}

// statusQuestion asks for the orders of a list.
func statusQuestion(by string, ids ...soap.Value) soap.Value {
	return soap.ObjectOf(member(by, soap.ListOf(ids...)),
		member("resultsPage", number(0)), member("resultsLimit", number(mostListed)))
}

// placed is the outcome of an order that the wholesaler has. Its status is
// asked for from now on; if that can not be kept, the engine will ask again.
func (r *route) placed(ctx context.Context, o *order.Order, m *mark, id, serial string) partner.Outcome {
	ctx = context.WithoutCancel(ctx)
	m.ID, m.Placing = id, true
	err := r.keepMark(ctx, m)
	if err == nil {
		err = r.follow(ctx, o, m.External, id, serial)
	}
	if err != nil {
		return partner.Unknown("state", fmt.Sprintf("placed as %s, which could not be kept: %v", id, err))
	}
	out := partner.Delivered(id)
	if plainID(serial) {
		out.Reason = "number " + serial + " at the wholesaler"
	}
	return out
}
