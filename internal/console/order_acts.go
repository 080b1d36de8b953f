package console

import (
	"net/http"
	"strings"

	"github.com/ordermux/ordermux/internal/api"
	"github.com/ordermux/ordermux/internal/delivery"
	"github.com/ordermux/ordermux/internal/order"
)

// actOnOrder does what a button of the order's page says, on one route or
// (where it makes sense) on all.
func (c *Console) actOnOrder(v *visit) error {
	shop, id := v.PathValue("shop"), v.PathValue("id")
	act := v.PostFormValue("act")
	n, err := v.doToOrder(act, shop, id)
	if err != nil {
		return err
	}
	if n < 0 {
		return v.fail(http.StatusNotFound, "error.notfound")
	}
	if n == 0 {
		act = "none"
	}
	return v.done(shopPath(shop, "orders", id), "order_"+act, int(n))
}

// doToOrder returns how many deliveries were acted on; -1: there is no such act.
func (v *visit) doToOrder(act, shop, id string) (n int64, err error) {
	route := v.PostFormValue("route")
	which := api.Selection{Route: route, Orders: []string{id}}
	var acted api.Acted
	switch act {
	case "send":
		var verdict api.Verdict
		verdict, err = v.hub.Send(v.Context(), shop, route, id, false)
		if verdict.Action == "send" {
			acted.Count = 1
		}
	case "retry":
		acted, err = v.hub.Retry(v.Context(), shop, which)
	case "drop":
		acted, err = v.hub.Drop(v.Context(), shop, which)
	case "hold":
		acted, err = v.hub.Hold(v.Context(), shop, api.Hold{Selection: which, Reason: strings.TrimSpace(v.PostFormValue("reason"))})
	case "release":
		acted, err = v.hub.Release(v.Context(), shop, which)
	case "cancel":
		acted.Count, err = v.cancel(shop, id)
	default:
		return -1, nil
	}
	return acted.Count, err
}

// cancel says that the shop cancelled an order, and returns how many: one that
// is cancelled stays as it is, and one that nobody knows is not made by it.
func (v *visit) cancel(shop, id string) (int64, error) {
	state, err := v.hub.Order(v.Context(), shop, id)
	if err != nil || state.Status == order.StatusCancelled {
		return 0, err
	}
	reason := strings.TrimSpace(v.PostFormValue("reason"))
	if reason == "" {
		reason = "cancelled by " + v.user.Name
	}
	_, err = v.hub.Append(v.Context(), shop, []order.Entry{{
		Subject: order.Subject{Kind: order.SubjectOrder, ID: id},
		Happening: &order.Happening{
			Kind: order.KindCancelled, At: order.At(v.c.Now().UTC()), Reason: reason, Cancellation: &order.Cancellation{By: "shop", Reason: reason},
		},
	}}, false)
	return 1, err
}

// retried are the states of what is tried again after a correction: what may
// have arrived already is for a person to decide.
var retried = []delivery.State{delivery.Failed, delivery.Refused}
