package api

import (
	"encoding/hex"
	"fmt"
	"time"

	"github.com/ordermux/ordermux/internal/ledger"
	"github.com/ordermux/ordermux/internal/order"
)

// The list of orders walks the log backwards in windows; one call looks at no
// more than maxWindows of them, whatever the filter.
const (
	window     = 500
	maxWindows = 20
)

// listOrders pages through the orders by their first event, newest first.
func (a *API) listOrders(r *request) (any, error) {
	q := newQuery(r, "cursor", "limit", "since", "until", "channel")
	w := &walk{a: a, r: r, limit: q.limit(), channel: q.text("channel")}
	since, until, before := q.time("since"), q.time("until"), q.before("cursor")
	if err := q.err(); err != nil {
		return nil, err
	}
	if err := w.bounds(since, until, before); err != nil {
		return nil, err
	}
	out := Orders{Orders: []OrderSummary{}}
	for range maxWindows {
		if w.high <= w.low || len(out.Orders) >= w.limit {
			break
		}
		page, err := w.next(w.limit - len(out.Orders))
		if err != nil {
			return nil, err
		}
		out.Orders = append(out.Orders, page...)
	}
	if w.high > w.low {
		out.Next = cursor(w.high + 1)
	}
	return out, nil
}

// walk goes backwards through the log: the events in (low, high] are still to
// be looked at.
type walk struct {
	a         *API
	r         *request
	limit     int
	channel   string
	low, high int64
}

func (w *walk) bounds(since, until time.Time, before int64) error {
	ctx, shop := w.r.Context(), w.r.shop
	var err error
	if w.high, err = w.a.Ledger.Head(ctx, shop); err != nil {
		return err
	}
	if before > 0 {
		w.high = min(w.high, before-1)
	}
	if !until.IsZero() {
		at, err := w.a.Ledger.SeqAt(ctx, shop, until)
		if err != nil {
			return err
		}
		w.high = min(w.high, at)
	}
	if !since.IsZero() {
		w.low, err = w.a.Ledger.SeqAt(ctx, shop, since.Add(-time.Nanosecond))
	}
	return err
}

// next returns at most limit orders of the next window, and moves high down
// to where it stopped looking.
func (w *walk) next(limit int) ([]OrderSummary, error) {
	from := max(w.low, w.high-window)
	items, err := w.read(from)
	if err != nil {
		return nil, err
	}
	var first []ledger.Item
	for i := len(items) - 1; i >= 0; i-- {
		e := &items[i].Event
		if e.Subject.Kind == order.SubjectOrder && e.Seq == e.Order && e.Seq <= w.high {
			first = append(first, items[i])
		}
	}
	numbers := make([]int64, len(first))
	for i, it := range first {
		numbers[i] = it.Event.Seq
	}
	states, err := w.states(numbers)
	if err != nil {
		return nil, err
	}
	var out []OrderSummary
	for i, s := range states {
		if s == nil || w.channel != "" && (s.Merged.Order == nil || s.Merged.Order.Channel != w.channel) {
			continue
		}
		out = append(out, summaryOf(numbers[i], first[i].Event.At, s))
		if len(out) == limit {
			w.high = numbers[i] - 1
			return out, nil
		}
	}
	w.high = from
	return out, nil
}

// read returns the items in (from, high]; the ledger may hand them out in
// several pieces.
func (w *walk) read(from int64) ([]ledger.Item, error) {
	var out []ledger.Item
	for after := from; after < w.high; {
		items, err := w.a.Ledger.Read(w.r.Context(), w.r.shop, after, int(w.high-after))
		if err != nil {
			return nil, err
		}
		if len(items) == 0 {
			break
		}
		out = append(out, items...)
		after = items[len(items)-1].Event.Seq
	}
	return out, nil
}

func (w *walk) states(numbers []int64) ([]*ledger.State, error) {
	if len(numbers) == 0 {
		return nil, nil
	}
	states, err := w.a.Ledger.States(w.r.Context(), w.r.shop, numbers)
	if err == nil && len(states) != len(numbers) {
		err = fmt.Errorf("%d states of %d orders", len(states), len(numbers))
	}
	return states, err
}

// state returns the state of one order; order.ErrNotFound if unknown.
func (a *API) state(r *request, id string) (*ledger.State, error) {
	states, err := a.Ledger.StatesByID(r.Context(), r.shop, []string{id})
	if err != nil {
		return nil, err
	}
	if len(states) == 0 || states[0] == nil {
		return nil, order.ErrNotFound
	}
	return states[0], nil
}

// showOrder tells all about one order: who said what, and what became of it.
func (a *API) showOrder(r *request) (any, error) {
	id := r.PathValue("id")
	s, err := a.state(r, id)
	if err != nil {
		return nil, err
	}
	events, err := a.Ledger.Events(r.Context(), r.shop, id)
	if err != nil {
		return nil, err
	}
	out := OrderState{
		OrderSummary: summaryOf(s.Row.First, time.Time{}, s), Order: s.Merged.Order,
		From: s.Merged.From, Differ: s.Merged.Differ,
		Events: make([]Event, len(events)), Deliveries: []Delivery{},
	}
	for i := range events {
		out.Events[i] = eventOf(&events[i])
	}
	if len(events) > 0 {
		out.Accepted = events[0].At
	}
	return out, a.addDeliveries(r, &out)
}

func (a *API) addDeliveries(r *request, out *OrderState) error {
	list, skipped, err := a.Engine.OfOrder(r.Context(), r.shop, out.ID)
	if err != nil {
		return err
	}
	out.Skipped = verdictsOf(skipped)
	for _, d := range list {
		d.OrderID = out.ID
		view := deliveryOf(d)
		calls, err := a.Engine.Calls(r.Context(), d)
		if err != nil {
			return err
		}
		for _, c := range calls {
			view.Calls = append(view.Calls, callOf(c))
		}
		out.Deliveries = append(out.Deliveries, view)
	}
	return nil
}

func eventOf(e *order.Event) Event {
	return Event{
		Seq: e.Seq, At: e.At, Kind: e.Kind, Source: e.Source.Name, Origin: e.Origin, History: e.History,
		Erased: e.Erased, Hash: hex.EncodeToString(e.Hash[:]), Order: e.Statement, Happening: e.Happening,
	}
}
