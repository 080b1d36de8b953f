package api

import (
	"context"
	"encoding/base64"
	"slices"
	"strings"
	"time"

	"github.com/ordermux/ordermux/internal/delivery"
	"github.com/ordermux/ordermux/internal/ledger"
	"github.com/ordermux/ordermux/internal/order"
	"github.com/ordermux/ordermux/internal/partner"
	"github.com/ordermux/ordermux/internal/review"
	"github.com/ordermux/ordermux/internal/search"
)

// InvitingRoute is a route of a shop that invites customers to review.
type InvitingRoute struct {
	Name, Partner string
	Mails         bool // it sends the mail itself, and has a form
	Kinds         []string
	Plan          func(o *order.Order, base, received time.Time) partner.Plan // partner.Side.Plan
}

// plan is what the route makes of an order.
func (r *InvitingRoute) plan(o *order.Order, base, received time.Time) partner.Plan {
	p := partner.Plan{}
	if r.Plan != nil {
		p = r.Plan(o, base, received)
	}
	if p.Invites == nil {
		p.Invites = r.Kinds
	}
	return p
}

// invitationFilter selects invitations.
type invitationFilter struct {
	routes                                         []InvitingRoute
	orders                                         []string
	email, kind, reason                            string
	states                                         []InvitationState
	createdFrom, createdTo, plannedFrom, plannedTo time.Time
	sentFrom, sentTo                               time.Time
	cursor                                         string
	limit                                          int
	deliveries                                     []delivery.State // of which the states can be
}

// One call looks at ten times as many deliveries as it may return, within these
// bounds: a page may be shorter than its limit, even empty, and yet have a next
// one. mostAtOnce bounds those of one reading.
const (
	leastLooked = 500
	mostLooked  = 2000
	mostAtOnce  = 500
)

// mostOfEmail bounds the orders that an address is looked for among: those that
// the index names, and those that it does not know yet. While it is made anew
// these are too many.
const mostOfEmail = 500

// inviting returns the inviting routes that a call is about.
func (a *API) inviting(r *request, route, partner string) []InvitingRoute {
	if a.Invites == nil {
		return nil
	}
	return slices.DeleteFunc(a.Invites(r.shop), func(i InvitingRoute) bool {
		return route != "" && i.Name != route || partner != "" && i.Partner != partner
	})
}

// invitationFilter reads the parameters of the list.
func (a *API) invitationFilter(r *request) (invitationFilter, error) {
	q := newQuery(r, "reference", "email", "kind", "route", "partner", "state", "reason", "created_from", "created_to", "planned_from", "planned_to",
		"sent_from", "sent_to", "cursor", "limit")
	f := invitationFilter{
		routes: a.inviting(r, q.text("route"), q.text("partner")), orders: q.list("reference"), email: q.text("email"), reason: q.text("reason"),
		createdFrom: q.time("created_from"), createdTo: q.time("created_to"), plannedFrom: q.time("planned_from"), plannedTo: q.time("planned_to"),
		sentFrom: q.time("sent_from"), sentTo: q.time("sent_to"), cursor: q.text("cursor"), limit: q.limit(),
	}
	if f.kind = q.text("kind"); f.kind != "" && f.kind != review.KindShop && f.kind != review.KindProducts {
		q.refuse("kind", "must be shop or products")
	}
	for _, s := range q.list("state") {
		if !slices.Contains(InvitationStates(), InvitationState(s)) {
			q.refuse("state", "is no state of an invitation")
			break
		}
		f.states = append(f.states, InvitationState(s))
	}
	f.deliveries = everyState
	if len(f.states) > 0 {
		f.deliveries = nil
	}
	for _, s := range f.states {
		for _, d := range deliveryStates[s] {
			if !slices.Contains(f.deliveries, d) {
				f.deliveries = append(f.deliveries, d)
			}
		}
	}
	return f, q.err()
}

// everyState is all but superseded: what took its place is listed.
var everyState = []delivery.State{
	delivery.Ready, delivery.Held, delivery.Sending, delivery.AwaitingPartner, delivery.Retrying, delivery.Asking,
	delivery.Failed, delivery.Parked, delivery.Delivered, delivery.Refused, delivery.Cancelled, delivery.Dropped,
}

// ofEmail has a filter by an address look only at orders that may be of it; none
// reports that there is none.
func (a *API) ofEmail(ctx context.Context, shop string, f *invitationFilter) (none bool, err error) {
	if f.email == "" || len(f.orders) > 0 || a.Finder == nil {
		return false, nil
	}
	w, err := a.Finder.Walk(ctx, shop, search.Query{Texts: map[search.Kind]string{search.Email: f.email}})
	if err != nil || w.Behind > mostOfEmail {
		return false, err
	}
	numbers, all, err := numbersOf(ctx, w)
	if err != nil || !all {
		return false, err
	}
	if w.Behind > 0 {
		head, err := a.Ledger.Head(ctx, shop)
		if err != nil {
			return false, err
		}
		if w, err = a.Finder.Walk(ctx, shop, search.Query{Above: head - w.Behind}); err != nil {
			return false, err
		}
		fresh, all, err := numbersOf(ctx, w)
		if err != nil || !all {
			return false, err
		}
		numbers = append(numbers, fresh...)
	}
	states, err := a.Ledger.States(ctx, shop, numbers)
	if err != nil {
		return false, err
	}
	for _, s := range states {
		if s != nil {
			f.orders = append(f.orders, s.Row.Subject.ID)
		}
	}
	return len(f.orders) == 0, nil
}

// numbersOf are the orders of a walk; all: they are within the bound.
func numbersOf(ctx context.Context, w *search.Walk) (numbers []int64, all bool, err error) {
	hits, err := w.Next(ctx, mostOfEmail)
	for _, h := range hits {
		numbers = append(numbers, h.Number)
	}
	return numbers, w.Before() == 0, err
}

// selects reports whether the filter selects an invitation.
func (f *invitationFilter) selects(i *Invitation) bool {
	within := func(t, from, to time.Time) bool {
		return (from.IsZero() || !t.IsZero() && !t.Before(from)) && (to.IsZero() || !t.IsZero() && t.Before(to))
	}
	return (f.email == "" || strings.EqualFold(f.email, i.Email)) && (f.kind == "" || slices.Contains(i.Kinds, f.kind)) &&
		(len(f.states) == 0 || slices.Contains(f.states, i.State)) && (f.reason == "" || i.because(f.reason)) &&
		within(i.Created, f.createdFrom, f.createdTo) && within(i.Planned, f.plannedFrom, f.plannedTo) && within(i.Sent, f.sentFrom, f.sentTo)
}

// listInvitations pages through the invitations, route by route, the newest
// orders of a route first.
func (a *API) listInvitations(r *request) (any, error) {
	f, err := a.invitationFilter(r)
	if err != nil {
		return nil, err
	}
	page, next, err := a.invitations(r.Context(), r.shop, f)
	if err != nil {
		return nil, err
	}
	for n := range page {
		page[n] = page[n].shown(r)
	}
	return Invitations{Invitations: page, Next: next}, nil
}

// invitations reads one page.
func (a *API) invitations(ctx context.Context, shop string, f invitationFilter) (page []Invitation, next string, err error) {
	page = []Invitation{}
	route, inner, err := readInvitationCursor(f.cursor)
	if err != nil {
		return nil, "", err
	}
	if none, err := a.ofEmail(ctx, shop, &f); none || err != nil {
		return page, "", err
	}
	n := max(0, slices.IndexFunc(f.routes, func(r InvitingRoute) bool { return r.Name == route }))
	most := max(leastLooked, min(10*f.limit, mostLooked))
	for looked := 0; n < len(f.routes); {
		if len(page) >= f.limit || looked >= most {
			return page, invitationCursor(f.routes[n].Name, inner), nil
		}
		// The more was looked at in vain, the more at once: where few are
		// selected, reading what a page still has room for would never end.
		d := delivery.Filter{
			Route: f.routes[n].Name, States: f.deliveries, OrderIDs: f.orders, Cursor: inner, To: f.createdTo,
			Limit: max(f.limit-len(page), min(looked, mostAtOnce)),
		}
		list, after, err := a.Engine.Deliveries(ctx, shop, d)
		if err != nil {
			return nil, "", err
		}
		looked += max(1, len(list))
		some, err := a.fill(ctx, shop, &f.routes[n], list)
		if err != nil {
			return nil, "", err
		}
		for k := range some {
			if !f.selects(&some[k]) {
				continue
			}
			if len(page) == f.limit { // the next page begins with this one
				d.Limit = k
				_, inner, err = a.Engine.Deliveries(ctx, shop, d)
				return page, invitationCursor(f.routes[n].Name, inner), err
			}
			page = append(page, some[k])
		}
		if inner = after; after == "" {
			n++
		}
	}
	return page, "", nil
}

// fill puts together what is known of the invitations of one route.
func (a *API) fill(ctx context.Context, shop string, route *InvitingRoute, list []delivery.Delivery) ([]Invitation, error) {
	numbers := make([]int64, 0, len(list))
	for k := range list {
		if !slices.Contains(numbers, list[k].Order) {
			numbers = append(numbers, list[k].Order)
		}
	}
	states, err := a.Ledger.States(ctx, shop, numbers)
	if err != nil {
		return nil, err
	}
	orders := make(map[int64]*ledger.State, len(numbers))
	for k, st := range states {
		orders[numbers[k]] = st
	}
	out := make([]Invitation, len(list))
	for k := range list {
		d := &list[k]
		var o *order.Order
		if st := orders[d.Order]; st != nil {
			o = st.Merged.Order
		}
		var link *review.Link
		if route.Mails && a.Book != nil && d.OrderID != "" {
			l, ok, err := a.Book.Find(ctx, shop, route.Name, d.OrderID)
			if err != nil {
				return nil, err
			}
			if ok {
				link = &l
			}
		}
		out[k] = invitationOf(d, route, o, link)
	}
	return out, nil
}

// A cursor of invitations is the route and the cursor among its deliveries.

func invitationCursor(route, inner string) string {
	return base64.RawURLEncoding.EncodeToString([]byte(route + "\x00" + inner))
}

func readInvitationCursor(text string) (route, inner string, err error) {
	if text == "" {
		return "", "", nil
	}
	b, err := base64.RawURLEncoding.DecodeString(text)
	route, inner, ok := strings.Cut(string(b), "\x00")
	if err != nil || !ok {
		return "", "", order.Refuse("cursor", order.Malformed, "is no cursor of this list")
	}
	return route, inner, nil
}
