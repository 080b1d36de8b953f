package console

import (
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/ordermux/ordermux/internal/api"
	"github.com/ordermux/ordermux/internal/order"
)

// orderPage is all that is known of one order: what was said of it, and where
// it went.
type orderPage struct {
	State    api.OrderState
	Accepted string
	Placed   string
	Partners []partnerState
	Timeline []moments
	Personal bool // there is something of a person to be shown
}

// partnerState is how an order stands at one route, at a glance.
type partnerState struct {
	Route, State, Reason, Ref string
	Settled                   string
	Attempts                  int
}

// moments is one thing of the timeline.
type moments struct {
	at   time.Time
	At   string
	Kind string // "event", "delivery", "call"

	Event    *api.Event
	Delivery *api.Delivery
	Exchange *api.Exchange
}

func (c *Console) order(v *visit) error {
	shop, err := v.shop()
	if err != nil {
		return err
	}
	state, err := v.hub.Order(v.Context(), shop.ID, v.PathValue("id"))
	if err != nil {
		return err
	}
	zone := zoneOf(shop)
	p := orderPage{
		State: state, Accepted: moment(state.Accepted, zone), Timeline: timeline(&state, zone), Partners: partners(&state, zone),
	}
	if o := state.Order; o != nil {
		p.Placed = o.PlacedAt.String()
		p.Personal = o.Customer != nil || o.Recipient != nil
	}
	return v.show(http.StatusOK, "order", "order.title", p)
}

// partners are the routes of an order: those that send it, and those that do
// not with the reason.
func partners(s *api.OrderState, zone *time.Location) (out []partnerState) {
	newest := map[string]api.Delivery{}
	for _, d := range s.Deliveries {
		if was, ok := newest[d.Route]; !ok || d.Seq > was.Seq || d.Seq == was.Seq && d.Run > was.Run {
			newest[d.Route] = d
		}
	}
	for _, d := range newest {
		out = append(out, partnerState{
			Route: d.Route, State: "delivery." + string(d.State), Reason: d.Reason, Ref: d.Ref, Settled: moment(d.Settled, zone), Attempts: d.Attempt,
		})
	}
	for _, skipped := range s.Skipped {
		if _, sent := newest[skipped.Route]; !sent {
			out = append(out, partnerState{Route: skipped.Route, State: "delivery.skipped", Reason: skipped.Reason})
		}
	}
	slices.SortFunc(out, func(a, b partnerState) int { return strings.Compare(a.Route, b.Route) })
	return out
}

// timeline puts everything in the sequence of its time.
func timeline(s *api.OrderState, zone *time.Location) (out []moments) {
	for i := range s.Events {
		e := &s.Events[i]
		out = append(out, moments{at: e.At, Kind: "event", Event: e})
	}
	for i := range s.Deliveries {
		d := &s.Deliveries[i]
		if !d.Settled.IsZero() {
			out = append(out, moments{at: d.Settled, Kind: "delivery", Delivery: d})
		}
		for _, call := range d.Calls {
			for k := range call.Exchanges {
				x := &call.Exchanges[k]
				out = append(out, moments{at: x.At, Kind: "call", Exchange: x, Delivery: d})
			}
		}
	}
	slices.SortStableFunc(out, func(a, b moments) int { return a.at.Compare(b.at) })
	for i := range out {
		out[i].At = moment(out[i].at, zone)
	}
	return out
}

// actOnOrder does what a button of the order's page says.
func (c *Console) actOnOrder(v *visit) error {
	shop, id, route := v.PathValue("shop"), v.PathValue("id"), v.PostFormValue("route")
	var err error
	switch v.PostFormValue("act") {
	case "send":
		_, err = v.hub.Send(v.Context(), shop, route, id, false)
	case "retry":
		_, err = v.hub.Retry(v.Context(), shop, api.Selection{Route: route, Orders: []string{id}})
	case "drop":
		_, err = v.hub.Drop(v.Context(), shop, api.Selection{Route: route, Orders: []string{id}})
	case "cancel":
		err = v.cancel(shop, id)
	default:
		return v.fail(http.StatusNotFound, "error.notfound")
	}
	if err != nil {
		return err
	}
	return v.to(shopPath(shop, "orders", id))
}

// cancel says that the shop cancelled an order.
func (v *visit) cancel(shop, id string) error {
	_, err := v.hub.Append(v.Context(), shop, []order.Entry{{
		Subject:   order.Subject{Kind: order.SubjectOrder, ID: id},
		Happening: &order.Happening{Kind: order.KindCancelled, At: order.At(v.c.Now().UTC()), Cancellation: &order.Cancellation{By: "shop", Reason: "console"}},
	}}, false)
	return err
}
