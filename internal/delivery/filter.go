package delivery

import (
	"context"
	"time"

	"github.com/ordermux/ordermux/internal/ledger"
)

// Filter selects deliveries or orders. Zero fields select all.
type Filter struct {
	Route          string
	States         []State
	OrderIDs       []string
	Code           string
	From, To       time.Time // accepted_at of the event, both included
	FromSeq, ToSeq int64     // of the event, both included
	Cursor         string
	Limit          int
	// Keep is for Drop: what is dropped keeps its claims, so that no other route
	// invites in its place.
	Keep bool
}

// Verdict is what would happen, or happened, to one order.
type Verdict struct {
	Route   string `json:"route,omitzero"`
	OrderID string `json:"order"`
	Seq     int64  `json:"seq"`
	Action  string `json:"action"` // "send", "skip", "hold", "wait"
	Code    string `json:"code,omitzero"`
	Reason  string `json:"reason,omitzero"`
	Body    []byte `json:"body,omitzero"` // what exactly would go out (Render)
}

// Acted is the outcome of Backfill, Replay, Retry and Drop.
type Acted struct {
	Count    int64     // how many are (or would be) planned, retried, dropped
	Verdicts []Verdict // dry runs: the first 100
}

// mostVerdicts bounds what a dry run shows.
const mostVerdicts = 100

func (a *Acted) add(v Verdict, dry bool) {
	if v.Action != skip.String() {
		a.Count++
	}
	if dry && len(a.Verdicts) < mostVerdicts {
		a.Verdicts = append(a.Verdicts, v)
	}
}

// seqs resolves the filter's times: the range of seqs, both ends included; to
// is 0 without an end.
func (e *Engine) seqs(ctx context.Context, shop string, f *Filter) (from, to int64, err error) {
	from, to = f.FromSeq, f.ToSeq
	if !f.From.IsZero() {
		before, err := e.log.SeqAt(ctx, shop, f.From.Add(-time.Nanosecond))
		if err != nil {
			return 0, 0, err
		}
		from = max(from, before+1)
	}
	if !f.To.IsZero() {
		last, err := e.log.SeqAt(ctx, shop, f.To)
		if err != nil {
			return 0, 0, err
		}
		if to == 0 || last < to {
			to = last
		}
		if to == 0 {
			to = -1 // nothing had been accepted
		}
	}
	return from, to, nil
}

// numbers resolves the filter's order ids; unknown ones are left out. Nil
// without ids.
func (e *Engine) numbers(ctx context.Context, shop string, f *Filter) ([]int64, error) {
	if len(f.OrderIDs) == 0 {
		return nil, nil
	}
	states, err := e.log.StatesByID(ctx, shop, f.OrderIDs)
	if err != nil {
		return nil, err
	}
	numbers := make([]int64, 0, len(states))
	for _, st := range states {
		if st != nil {
			numbers = append(numbers, st.Row.First)
		}
	}
	return unique(numbers), nil
}

// query makes the store's query of a filter; none reports that nothing can
// match.
func (e *Engine) query(ctx context.Context, shop string, f *Filter) (q Query, none bool, err error) {
	q = Query{Shop: shop, Route: f.Route, States: f.States, Code: f.Code, Cursor: f.Cursor, Limit: f.Limit}
	if q.Limit <= 0 {
		q.Limit = mostVerdicts
	}
	q.Limit = min(q.Limit, page)
	if q.FromSeq, q.ToSeq, err = e.seqs(ctx, shop, f); err != nil {
		return q, false, err
	}
	if q.Orders, err = e.numbers(ctx, shop, f); err != nil {
		return q, false, err
	}
	return q, q.ToSeq < 0 || len(f.OrderIDs) > 0 && len(q.Orders) == 0, nil
}

// Deliveries lists deliveries by filter; next is the cursor of the next page.
func (e *Engine) Deliveries(ctx context.Context, shop string, f Filter) (list []Delivery, next string, err error) {
	q, none, err := e.query(ctx, shop, &f)
	if err != nil || none {
		return nil, "", err
	}
	want := q.Limit
	for {
		rows, next, err := e.store.List(ctx, q)
		if err != nil {
			return nil, "", err
		}
		list = append(list, rows...)
		if next == "" || len(list) >= want {
			return list, next, e.nameOrders(ctx, shop, list)
		}
		q.Cursor, q.Limit = next, want-len(list)
	}
}

// nameOrders fills in the orders' ids.
func (e *Engine) nameOrders(ctx context.Context, shop string, list []Delivery) error {
	numbers := make([]int64, len(list))
	for i := range list {
		numbers[i] = list[i].Order
	}
	numbers = unique(numbers)
	states, err := e.log.States(ctx, shop, numbers)
	if err != nil {
		return err
	}
	names := make(map[int64]string, len(numbers))
	for i, st := range states {
		if st != nil {
			names[numbers[i]] = st.Row.Subject.ID
		}
	}
	for i := range list {
		list[i].OrderID = names[list[i].Order]
	}
	return nil
}

// each calls f with pages of matching deliveries.
func (e *Engine) eachDelivery(ctx context.Context, q Query, f func([]Delivery) error) error {
	q.Limit = page
	for {
		rows, next, err := e.store.List(ctx, q)
		if err != nil {
			return err
		}
		if len(rows) > 0 {
			if err := f(rows); err != nil {
				return err
			}
		}
		if next == "" {
			return nil
		}
		q.Cursor = next
	}
}

// eachEvent calls f with pages of events in (after, to].
func (e *Engine) eachEvent(ctx context.Context, shop string, after, to int64, f func([]ledger.Item) (bool, error)) error {
	for after < to {
		items, err := e.log.Read(ctx, shop, after, int(min(to-after, page)))
		if err != nil || len(items) == 0 {
			return err
		}
		after = items[len(items)-1].Event.Seq
		if more, err := f(items); err != nil || !more {
			return err
		}
	}
	return nil
}
