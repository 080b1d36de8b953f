package api

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/ordermux/ordermux/internal/ledger"
	"github.com/ordermux/ordermux/internal/order"
	"github.com/ordermux/ordermux/internal/search"
)

// Finder finds orders.
type Finder interface {
	Walk(ctx context.Context, shop string, q search.Query) (*search.Walk, error)
}

var _ Finder = (*search.Finder)(nil)

// orderKinds are the parameters that orders are found by beside their ids.
var orderKinds = map[string]search.Kind{
	"ref": search.Reference, "email": search.Email, "sku": search.Product, "parcel": search.Parcel, "channel": search.Channel, "account": search.Account,
}

// maxTerm bounds a text that orders are found by, in bytes.
const maxTerm = 500

// listOrders pages through the orders, newest first: by their first event, or,
// by states at a partner alone, by the event that stands so.
func (a *API) listOrders(r *request) (any, error) {
	q := newQuery(r, "cursor", "limit", "since", "until", "channel", "account", "q", "id", "ref", "email", "sku", "parcel", "route", "state")
	limit, since, until := q.limit(), q.time("since"), q.time("until")
	want := search.Query{
		ID: q.text("id"), Text: q.term("q"), Texts: map[search.Kind]string{}, Route: q.text("route"), States: q.states("state"), Before: q.before("cursor"),
	}
	for name, kind := range orderKinds {
		if text := q.term(name); text != "" {
			want.Texts[kind] = text
		}
	}
	if err := q.err(); err != nil {
		return nil, err
	}
	if err := a.bounds(r, &want, since, until); err != nil {
		return nil, err
	}
	w, err := a.Finder.Walk(r.Context(), r.shop, want)
	if err != nil {
		return nil, err
	}
	out := Orders{Orders: []OrderSummary{}, Behind: w.Behind}
	for len(out.Orders) < limit && w.Before() > 0 && !w.Tired() {
		page, err := a.nextOrders(r, w, limit-len(out.Orders), want.Texts)
		if err != nil {
			return nil, err
		}
		out.Orders = append(out.Orders, page...)
	}
	if before := w.Before(); before > 0 {
		out.Next = cursor(before)
	}
	return out, nil
}

// term is a text that orders are found by.
func (q *query) term(name string) string {
	s := strings.TrimSpace(q.text(name))
	if len(s) > maxTerm {
		q.refuse(name, "is too long")
	}
	return s
}

// bounds turns times into numbers of orders.
func (a *API) bounds(r *request, q *search.Query, since, until time.Time) (err error) {
	if !until.IsZero() {
		if q.Below, err = a.Ledger.SeqAt(r.Context(), r.shop, until); err != nil {
			return err
		}
		q.Below++
	}
	if !since.IsZero() {
		q.Above, err = a.Ledger.SeqAt(r.Context(), r.shop, since.Add(-time.Nanosecond))
	}
	return err
}

// nextOrders are the next ones of a walk that have now what they are found by:
// an order's channel and account are one each, and the index knows those it had.
func (a *API) nextOrders(r *request, w *search.Walk, limit int, texts map[search.Kind]string) (out []OrderSummary, err error) {
	hits, err := w.Next(r.Context(), limit)
	if err != nil || len(hits) == 0 {
		return nil, err
	}
	numbers := make([]int64, len(hits))
	for i, h := range hits {
		numbers[i] = h.Number
	}
	states, err := a.states(r, numbers)
	if err != nil {
		return nil, err
	}
	for i, s := range states {
		if s != nil && sameNow(s.Merged.Order, texts) {
			out = append(out, summaryOf(hits[i].Number, hits[i].Accepted, s))
		}
	}
	return out, nil
}

func sameNow(o *order.Order, texts map[search.Kind]string) bool {
	channel, account := texts[search.Channel], texts[search.Account]
	if o == nil {
		return channel+account == ""
	}
	return (channel == "" || strings.EqualFold(o.Channel, channel)) && (account == "" || strings.EqualFold(o.Account, account))
}

func (a *API) states(r *request, numbers []int64) ([]*ledger.State, error) {
	states, err := a.Ledger.States(r.Context(), r.shop, numbers)
	if err == nil && len(states) != len(numbers) {
		err = fmt.Errorf("%d states of %d orders", len(states), len(numbers))
	}
	return states, err
}
