package api

import (
	"context"
	"net/http"
	"time"

	"github.com/ordermux/ordermux/internal/delivery"
	"github.com/ordermux/ordermux/internal/order"
	"github.com/ordermux/ordermux/internal/review"
)

// OrderInvitations is all that is known of the invitations to one order.
type OrderInvitations struct {
	Order       string       `json:"order"`
	Invitations []Invitation `json:"invitations"` // one for each route and run
	Skipped     []Verdict    `json:"skipped"`     // inviting routes that send nothing of it, with the reason
	// Effective is what an invitation to the order is made of by the shop's
	// settings, each value with its origin; absent: nobody has stated the order.
	Effective *review.Effective `json:"effective,omitzero"`
}

func (a *API) showInvitation(r *request) (any, error) {
	out, err := a.invitationsOf(r.Context(), r.shop, r.PathValue("order"), a.inviting(r, "", ""))
	if err != nil {
		return nil, err
	}
	for n := range out.Invitations {
		out.Invitations[n] = out.Invitations[n].shown(r)
	}
	return out, nil
}

func (a *API) invitationsOf(ctx context.Context, shop, id string, routes []InvitingRoute) (*OrderInvitations, error) {
	states, err := a.Ledger.StatesByID(ctx, shop, []string{id})
	if err != nil {
		return nil, err
	}
	if states[0] == nil {
		return nil, order.ErrNotFound
	}
	deliveries, verdicts, err := a.Engine.OfOrder(ctx, shop, id)
	if err != nil {
		return nil, err
	}
	out := &OrderInvitations{Order: id, Invitations: []Invitation{}, Skipped: []Verdict{}}
	var base, received time.Time
	for k := range routes {
		var own []delivery.Delivery
		for _, d := range deliveries {
			if d.Route == routes[k].Name && d.State != delivery.Superseded {
				d.OrderID, base, received = id, d.Base, d.Planned
				own = append(own, d)
			}
		}
		list, err := a.fill(ctx, shop, &routes[k], own)
		if err != nil {
			return nil, err
		}
		out.Invitations = append(out.Invitations, list...)
		for _, v := range verdicts {
			if v.Route == routes[k].Name {
				out.Skipped = append(out.Skipped, verdictOf(v))
			}
		}
	}
	o := states[0].Merged.Order
	if o == nil || a.Book == nil {
		return out, nil
	}
	if base.IsZero() {
		if base, err = a.firstHeard(ctx, shop, id); err != nil {
			return nil, err
		}
		received = base
	}
	e := a.Book.Effective(shop, o, base, received)
	for _, l := range states[0].Layers {
		if a.Warnings != nil && l.Statement != nil {
			e.Warnings = append(e.Warnings, a.Warnings(l.Source.Name, l.Statement)...)
		}
	}
	out.Effective = &e
	return out, nil
}

// firstHeard is when the hub heard of an order.
func (a *API) firstHeard(ctx context.Context, shop, id string) (time.Time, error) {
	events, err := a.Ledger.Events(ctx, shop, id)
	if err != nil || len(events) == 0 {
		return a.Now(), err
	}
	return events[0].At, nil
}

// cancelInvitation closes what has not gone out of an order's invitations, the
// reminder and the one after "I have not received my order" too. No
// other route invites in its place.
func (a *API) cancelInvitation(r *request) (any, error) {
	var in struct {
		Route string `json:"route,omitzero"`
	}
	if err := readJSON(r.Request, &in); err != nil {
		return nil, err
	}
	id, routes := r.PathValue("order"), a.inviting(r, in.Route, "")
	if in.Route != "" && len(routes) == 0 {
		return nil, order.Refuse("route", order.Malformed, "is no route of this shop that invites")
	}
	states, err := a.Ledger.StatesByID(r.Context(), r.shop, []string{id})
	if err != nil {
		return nil, err
	}
	if states[0] == nil {
		return nil, order.ErrNotFound
	}
	var sum int64
	for _, i := range routes {
		acted, err := a.Engine.Drop(r.Context(), r.shop, delivery.Filter{Route: i.Name, OrderIDs: []string{id}, Keep: true}, false)
		sum += acted.Count
		if err != nil {
			return nil, err
		}
		if !i.Mails || a.Book == nil {
			continue
		}
		later, err := a.Book.Stop(r.Context(), r.shop, i.Name, id)
		if err != nil {
			return nil, err
		}
		if later {
			sum++
		}
	}
	if sum == 0 {
		return nil, problemf(http.StatusConflict, "no invitation to this order is open: it has gone out, or none is planned")
	}
	a.record(r, "cancel", "invitation to order "+id, in.Route)
	return Acted{Count: sum, Verdicts: []Verdict{}}, nil
}
