package deliveryhero

import (
	"context"
	"net/http"
	"slices"
	"strings"

	"github.com/ordermux/ordermux/internal/json"
	"github.com/ordermux/ordermux/internal/order"
	"github.com/ordermux/ordermux/internal/partner"
)

// deliver tells the platform what happened to orders; the engine gives one at a
// time.
func (r *route) deliver(ctx context.Context, tasks []partner.Task) []partner.Outcome {
	outcomes := make([]partner.Outcome, len(tasks))
	for i := range tasks {
		outcomes[i] = hidden(r.tell(ctx, &tasks[i]), tasks[i].Order)
	}
	return outcomes
}

// tell reads the order again, and sends what is to be told if it is news there
// and the kind of transport allows it. So it may be repeated when nobody knows
// what came of it. After a refusal the order is read once more: what was refused
// may be there, by a call whose answer got lost, or the order cancelled since.
func (r *route) tell(ctx context.Context, t *partner.Task) partner.Outcome {
	a, o := r.prepare(ctx, t)
	if o != nil {
		return *o
	}
	if o := a.settled(); o != nil {
		return *o
	}
	body, err := json.Marshal(a.put)
	if err != nil {
		return partner.Refused("not_sendable", err.Error())
	}
	o = failed(r.call(ctx, http.MethodPut, r.orderPath(t.Order.ID), body))
	if o == nil {
		return partner.Delivered(t.Order.ID)
	}
	if o.Result == partner.ResultRefused && o.Scope == partner.ScopeOrder {
		if a, bad := r.prepare(ctx, t); bad == nil {
			if now := a.settled(); now != nil {
				return *now
			}
		}
	}
	return *o
}

// prepare reads the order as the platform has it now, and makes the call that
// the task asks for. The outcome is set if there is none to be made.
func (r *route) prepare(ctx context.Context, t *partner.Task) (*attempt, *partner.Outcome) {
	if t.Order == nil {
		o := partner.Refused("not_sendable", "nobody has stated this order")
		return nil, &o
	}
	reply, o, err := r.call(ctx, http.MethodGet, r.orderPath(t.Order.ID), nil)
	if o := failedQuestion(reply, o, err); o != nil {
		return nil, o
	}
	w, err := readStrange(reply.Body)
	if err == nil {
		err = r.check(w)
	}
	if err != nil {
		o := partner.Later(0, "answer_unreadable", "the order that the platform answers is not understood: "+wherePath(err))
		return nil, &o
	}
	return r.attemptOf(t, w)
}

// attempt is a call to be made about an order, and the order as it stands there.
type attempt struct {
	order *wireOrder
	put   wirePut
}

func (r *route) attemptOf(t *partner.Task, w *wireOrder) (*attempt, *partner.Outcome) {
	status, o := r.wanted(t, w)
	if o != nil {
		return nil, o
	}
	a := &attempt{order: w, put: wirePut{ID: w.ID, Status: status}}
	items, err := cartOf(w, t)
	if err != nil {
		o := partner.Refused("not_sendable", err.Error())
		return nil, &o
	}
	a.put.Items = items
	switch status {
	case statusAccepted:
		a.put.AcceptedFor = w.AcceptedFor
		if s := t.Order.Shipping; s != nil && !s.AcceptedFor.IsZero() {
			a.put.AcceptedFor = momentOf(s.AcceptedFor.Time())
		}
		if a.put.AcceptedFor.IsZero() { // it must be there
			a.put.AcceptedFor = momentOf(r.now().Add(readyWithin))
		}
	case statusCancelled:
		for i := range a.put.Items {
			a.put.Items[i].Status, a.put.Items[i].ReplacedID = itemNotFound, ""
		}
		a.put.Cancellation = &wireReason{By: cancelledByVendor, Reason: r.reason(t)}
	}
	return a, nil
}

// statedKinds are the states that a statement may claim in place of a happening.
var statedKinds = map[order.Status]order.Kind{
	order.StatusAccepted: order.KindAccepted, order.StatusReady: order.KindReady,
	order.StatusShipped: order.KindShipped, order.StatusCancelled: order.KindCancelled,
}

// happened is what the task is about; a cancellation of single lines is a change
// of the cart.
func happened(t *partner.Task) order.Kind {
	e := &t.Event
	switch {
	case e.Kind == order.KindCancelled && e.Happening != nil && len(e.Happening.Lines) > 0:
		return order.KindUpdated
	case e.Kind.IsStatement() && e.Statement != nil && statedKinds[e.Statement.Status] != "":
		return statedKinds[e.Statement.Status]
	}
	return e.Kind
}

// wanted is the status that tells the platform what happened. The kind of
// transport says which it takes (three client libraries and the vendor's use
// cases, seen 2026).
func (r *route) wanted(t *partner.Task, w *wireOrder) (word, *partner.Outcome) {
	vendor := w.Transport == byVendor
	var o partner.Outcome
	switch kind := happened(t); {
	case kind.IsStatement():
		return statusUpdateCart, nil
	case kind == order.KindCancelled:
		return statusCancelled, nil
	case kind == order.KindReady && !vendor:
		return statusReady, nil
	case kind == order.KindShipped && vendor:
		return statusDispatched, nil
	case kind == order.KindAccepted && vendor && r.opts.brand.Accepts:
		return statusAccepted, nil
	case kind == order.KindReady:
		o = partner.Declined("vendor_delivery", "the shop's own drivers carry it: the platform waits for shipped, not for ready")
	case kind == order.KindShipped:
		o = partner.Declined("logistics_delivery", "the platform's rider carries it: the platform says itself when he left")
	case kind == order.KindAccepted:
		o = partner.Declined("no_acceptance", "the platform has no step of acceptance for it")
	default:
		o = partner.Declined("no_such_step", "the platform is not told of "+string(kind))
	}
	return "", &o
}

// stages are the states on the way, in their sequence.
var stages = []word{statusReceived, statusAccepted, statusReady, statusDispatched, statusPickedUp, statusDelivered}

// stage is how far an order is; -1: it ended otherwise, or nobody knows.
func (a *attempt) stage() int { return slices.Index(stages, a.order.Status) }

// has reports whether the platform has what would be told.
func (a *attempt) has() bool {
	switch a.put.Status {
	case statusUpdateCart:
		return sameCart(a.order.Items, a.put.Items)
	case statusCancelled:
		return a.order.Status == statusCancelled
	case statusDispatched: // one brand shows READY_FOR_PICKUP after it
		return a.stage() >= slices.Index(stages, statusReady)
	}
	return a.stage() >= slices.Index(stages, a.put.Status)
}

// settled is the outcome where nothing is to be sent; nil: something is.
func (a *attempt) settled() *partner.Outcome {
	if !a.has() {
		return a.barred()
	}
	o := partner.Delivered(string(a.order.ID))
	o.Code, o.Reason = "known", "the platform has it already"
	return &o
}

// barred says why there is no telling it any more.
func (a *attempt) barred() *partner.Outcome {
	var o partner.Outcome
	switch {
	case a.order.Status == statusCancelled:
		o = partner.Declined("cancelled_there", "the order is cancelled at the platform")
	case a.put.Status == statusUpdateCart && a.stage() >= slices.Index(stages, statusReady):
		o = partner.Declined("too_late", "the platform takes no change after READY_FOR_PICKUP or DISPATCHED")
	case a.put.Status == statusCancelled && a.stage() >= slices.Index(stages, statusDispatched):
		o = partner.Declined("too_late", "the goods have left")
	default:
		return nil
	}
	return &o
}

// reason is why the shop cancelled, in one of the three words that the platform
// takes for it.
func (r *route) reason(t *partner.Task) word {
	var said []string
	if h := t.Event.Happening; h != nil {
		if h.Cancellation != nil {
			said = append(said, h.Cancellation.Reason)
		}
		said = append(said, h.Reason)
	}
	if c := t.Order.Cancellation; c != nil {
		said = append(said, c.Reason)
	}
	for _, text := range said {
		if w := cancelWord(text); w != "" {
			return w
		}
	}
	return r.opts.cancelReason
}

// cancelWord reads a reason in the platform's words, of both lists that are known,
// or in a shop's own; "": it says none of them.
func cancelWord(text string) word {
	switch w := wordOf(text); w {
	case reasonClosed, reasonUnavailable, reasonBusy:
		return w
	case reasonOutOfStock:
		return reasonUnavailable
	}
	text = strings.ToLower(text)
	switch {
	case strings.Contains(text, "stock"), strings.Contains(text, "unavailable"):
		return reasonUnavailable
	case strings.Contains(text, "busy"):
		return reasonBusy
	case strings.Contains(text, "closed"):
		return reasonClosed
	}
	return ""
}

// hidden takes the persons of an order out of what an answer says.
func hidden(o partner.Outcome, about *order.Order) partner.Outcome {
	if about == nil || o.Reason == "" {
		return o
	}
	var words []string
	if c := about.Customer; c != nil {
		words = append(words, c.Email, c.Name, c.FirstName, c.LastName, c.Phone, c.LoyaltyCard)
	}
	if p := about.Recipient; p != nil {
		words = append(words, p.Name, p.FirstName, p.LastName, p.Phone, p.Street, p.Formatted)
	}
	for _, w := range words {
		if len(w) > 2 {
			o.Reason = strings.ReplaceAll(o.Reason, w, "[masked]")
		}
	}
	return o
}
