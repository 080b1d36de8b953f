package api

import (
	"context"
	"net/http"

	"github.com/ordermux/ordermux/internal/order"
	"github.com/ordermux/ordermux/internal/partner"
)

// TestOrdered is an order that was made for tests.
type TestOrdered struct {
	Order    string          `json:"order"`
	Receipts []order.Receipt `json:"receipts"` // that it was placed, and what happened to it since
}

// testOrder lets an order for tests be born at a partner's door.
func (a *API) testOrder(r *request) (any, error) {
	var in partner.TestOrder
	if err := readJSON(r.Request, &in); err != nil {
		return nil, err
	}
	if a.Operator.TestOrder == nil {
		return nil, problemf(http.StatusNotFound, "this hub makes no test orders")
	}
	name := r.PathValue("partner")
	receipts, err := a.Operator.TestOrder(r.Context(), r.shop, name, in)
	if err != nil {
		return nil, err
	}
	out := TestOrdered{Receipts: receipts}
	if len(receipts) > 0 {
		out.Order = receipts[0].Subject.ID
	}
	a.record(r, "test-order", "door "+name, "")
	return out, nil
}

// TestOrder lets an order for tests be born at a partner's door.
func (c *Client) TestOrder(ctx context.Context, shop, name string, t partner.TestOrder) (out TestOrdered, err error) {
	return out, c.call(ctx, http.MethodPost, path(shop, "doors", name, "test-orders"), t, &out)
}
