package console

import (
	"cmp"
	"errors"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/ordermux/ordermux/internal/api"
	"github.com/ordermux/ordermux/internal/cause"
	"github.com/ordermux/ordermux/internal/delivery"
	"github.com/ordermux/ordermux/internal/order"
	"github.com/ordermux/ordermux/internal/review"
	"github.com/ordermux/ordermux/internal/user"
)

func (c *Console) orderPlaces() []place {
	return []place{
		{at: "GET /shops/{shop}/orders/{id}", do: c.order},
		{at: "POST /shops/{shop}/orders/{id}", do: c.actOnOrder, calls: []string{
			"POST /shops/{shop}/deliveries/send", "POST /shops/{shop}/deliveries/retry", "POST /shops/{shop}/deliveries/drop",
			"POST /shops/{shop}/deliveries/hold", "POST /shops/{shop}/deliveries/release", "POST /shops/{shop}/events",
		}},
		{at: "GET /shops/{shop}/orders/{id}/correct", do: c.correction},
		{at: "POST /shops/{shop}/orders/{id}/correct", do: c.correct, calls: []string{
			"POST /shops/{shop}/orders/{id}/correct", "POST /shops/{shop}/deliveries/retry",
		}},
	}
}

// orderPage is all that is known of one order: what was said of it, and where
// it went.
type orderPage struct {
	State       api.OrderState
	Partners    []partnerState
	Troubles    []trouble
	Invitations []api.Invitation
	Reviews     []review.Review
	Timeline    []moments
	Earlier     int  // moments that are too many to be shown
	Personal    bool // who looks may see whom the order is about
	Waits       bool // something of it may be held back
	Held        bool // something of it is
}

// partnerState is how an order stands at one route, at a glance.
type partnerState struct {
	Route, State, Reason, Ref string
	At, Next                  time.Time // settled, or planned; when it is looked at again
	Attempts                  int
	Acts                      []string // that make sense: "send", "retry", "hold", "release", "drop"
}

// trouble is a delivery that needs a person, with what can be done about it.
type trouble struct {
	Route, State, Said string
	Cause              string // key of a text, as are those of why and what can be done
	is                 delivery.State
}

func (c *Console) order(v *visit) error {
	shop, id := v.PathValue("shop"), v.PathValue("id")
	state, err := v.hub.Order(v.Context(), shop, id)
	if err != nil {
		return err
	}
	p := orderPage{State: state, Partners: partners(&state), Troubles: troubles(&state), Personal: v.mayOperate()}
	if p.Invitations, p.Reviews, err = v.asked(shop, id); err != nil {
		return err
	}
	p.Timeline, p.Earlier = timeline(&state, p.Invitations)
	for _, at := range p.Partners {
		p.Waits = p.Waits || slices.Contains(at.Acts, "hold")
		p.Held = p.Held || slices.Contains(at.Acts, "release")
	}
	return v.show(http.StatusOK, "order", "order.title", p)
}

// mayOperate reports whether who looks may act on orders.
func (v *visit) mayOperate() bool { return frame{User: v.user}.May(user.Operator) }

// asked returns what the customer was asked, and what he said.
func (v *visit) asked(shop, id string) ([]api.Invitation, []review.Review, error) {
	invited, err := v.hub.Invitation(v.Context(), shop, id)
	if err != nil && !errors.Is(err, order.ErrNotFound) {
		return nil, nil, err
	}
	said, err := v.hub.Reviews(v.Context(), shop, api.ReviewOptions{Order: id})
	if err != nil && !errors.Is(err, order.ErrNotFound) {
		return nil, nil, err
	}
	return invited.Invitations, said.Reviews, nil
}

// partners are the routes of an order: those that send it, and those that do
// not with the reason.
func partners(s *api.OrderState) (out []partnerState) {
	shown := map[string]*api.Delivery{}
	for i := range s.Deliveries {
		d := &s.Deliveries[i]
		if was := shown[d.Route]; was == nil || tells(d, was) {
			shown[d.Route] = d
		}
	}
	for _, d := range shown {
		at := partnerState{
			Route: d.Route, State: "delivery." + string(d.State), Reason: d.Reason, Ref: d.Ref, At: d.Settled, Next: d.Due, Attempts: d.Attempt, Acts: acts(d),
		}
		if d.Settled.IsZero() {
			at.At = d.Planned
		}
		if onHold(d) {
			at.State = "order.onhold"
		}
		out = append(out, at)
	}
	for _, skipped := range s.Skipped {
		if shown[skipped.Route] != nil {
			continue
		}
		at := partnerState{Route: skipped.Route, State: "delivery.skipped", Reason: skipped.Reason, Acts: []string{"send"}}
		if skipped.Action == "wait" {
			at.State = "delivery.ready"
		}
		out = append(out, at)
	}
	slices.SortFunc(out, func(a, b partnerState) int { // those that have nothing to do with it come last
		return cmp.Or(cmp.Compare(last(a), last(b)), strings.Compare(a.Route, b.Route))
	})
	return out
}

func last(p partnerState) int {
	if p.State == "delivery.skipped" {
		return 1
	}
	return 0
}

// tells reports whether a delivery says more than another one of how its order
// stands at their route: what needs a person, then what is still to come, then
// the newest.
func tells(a, b *api.Delivery) bool {
	rank := func(d *api.Delivery) int {
		switch {
		case d.State.Listed():
			return 0
		case !d.State.Closed():
			return 1
		case d.State == delivery.Superseded:
			return 3
		}
		return 2
	}
	return cmp.Or(cmp.Compare(rank(a), rank(b)), cmp.Compare(b.Seq, a.Seq), cmp.Compare(b.Run, a.Run)) < 0
}

// onHold reports whether a person holds a delivery back; see delivery.OnHold.
func onHold(d *api.Delivery) bool {
	is := delivery.Delivery{State: d.State, Code: d.Code}
	return is.OnHold()
}

// acts are what a person may want to do with a delivery.
func acts(d *api.Delivery) []string {
	switch {
	case d.State.Listed():
		return []string{"retry", "drop"}
	case onHold(d):
		return []string{"release", "drop"}
	case d.State.Waiting():
		return []string{"send", "hold", "drop"}
	case d.State.InFlight():
		return nil
	}
	return []string{"send"}
}

// troubles are the deliveries of an order that need a person, each once.
func troubles(s *api.OrderState) (out []trouble) {
	for i := range s.Deliveries {
		d := &s.Deliveries[i]
		if !d.State.Listed() || slices.ContainsFunc(out, func(t trouble) bool { return t.Route == d.Route && t.Said == d.Reason }) {
			continue
		}
		out = append(out, trouble{Route: d.Route, State: "delivery." + string(d.State), Said: d.Reason, Cause: "cause." + string(cause.Of(d.Code)), is: d.State})
	}
	return out
}
