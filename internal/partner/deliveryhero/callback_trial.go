package deliveryhero

import (
	"context"
	"fmt"

	"github.com/ordermux/ordermux/internal/json"
	"github.com/ordermux/ordermux/internal/order"
	"github.com/ordermux/ordermux/internal/partner"
	"github.com/ordermux/ordermux/internal/secret"
)

// test posts an order that never was to the chain's receiver.
func (c *callback) test(ctx context.Context, account string) (string, error) {
	if account != "" {
		return "", order.ErrNotFound
	}
	chain, err := c.chains.of(ctx, c.deps.Shop)
	switch {
	case err != nil:
		return "", err
	case chain == nil || chain.Hook == nil:
		return "", order.Refuse("account", order.Required, "the chain has no receiver: a credential of the kind "+ofHook)
	case len(chain.Vendors) == 0:
		return "", order.Refuse("account", order.Required, "the chain has no outlet: a credential of the kind "+ofVendor)
	}
	now := c.deps.Now()
	f := &found{
		order:  &order.Order{ID: "TEST", Store: chain.Vendors[0].ID, Lines: testLines(), References: []order.Reference{{Kind: refExternal, Value: "TEST"}, {Kind: refCode, Value: "TEST"}}},
		number: secret.NewUUID(), vendor: chain.Vendors[0], created: now, changed: now,
	}
	body, err := json.Marshal(f.wire(chain, statusReceived))
	if err != nil {
		return "", err
	}
	if out := c.post(ctx, chain.Hook, chain.Hook.URL, body); out.Result != partner.ResultDelivered {
		return "", fmt.Errorf("the receiver did not take it: %s", out.Reason)
	}
	return "the receiver took an order that is known to nobody: it can not be asked about", nil
}

// testLines are those of a test order about which nothing is known.
func testLines() []order.Line {
	return []order.Line{
		{ID: "l1", Product: order.Product{SKU: "TEST-1", Name: "Test product 1"}, Quantity: order.FromInt(2, 0), UnitPrice: order.FromInt(450, 2), Total: order.FromInt(900, 2)},
		{ID: "l2", Product: order.Product{SKU: "TEST-2", Name: "Test product 2"}, Quantity: order.FromInt(1, 0), UnitPrice: order.FromInt(325, 2), Total: order.FromInt(325, 2)},
	}
}
