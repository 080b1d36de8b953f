package cli

import (
	"context"
	"fmt"
	"strings"

	"github.com/ordermux/ordermux/internal/order"
	"github.com/ordermux/ordermux/internal/partner"
)

type testOrderCmd struct {
	Partner string   `help:"At whose door." required:"" placeholder:"PARTNER"`
	Store   string   `help:"Which outlet it is for, by either of its ids. Needless where the shop has one." placeholder:"STORE"`
	Status  string   `help:"What it is brought to, over all before it: received, accepted, ready, shipped, delivered or cancelled." default:"received" placeholder:"STATUS"`
	By      string   `help:"Who carries it: platform or vendor." default:"platform" enum:"platform,vendor" placeholder:"WHO"`
	Lines   []string `name:"line" help:"What is ordered, as SKU=QUANTITY; may be given again. Default: some of what the outlet sells." placeholder:"SKU=N"`
	ofShop
	asJSON
}

// Run lets an order for tests be born.
func (c *testOrderCmd) Run(ctx context.Context, env *Env) error {
	t := partner.TestOrder{Store: c.Store, Status: order.Status(c.Status), By: c.By}
	for _, text := range c.Lines {
		l, err := testLine(text)
		if err != nil {
			return err
		}
		t.Lines = append(t.Lines, l)
	}
	client, shop, err := c.client(ctx, env)
	if err != nil {
		return err
	}
	out, err := client.TestOrder(ctx, shop, c.Partner, t)
	if err != nil {
		return notFound(err, "%s has no door here", c.Partner)
	}
	if c.JSON {
		return env.printJSON(out)
	}
	kinds := make([]string, len(out.Receipts))
	for i, r := range out.Receipts {
		kinds[i] = string(r.Kind)
	}
	_, err = fmt.Fprintf(env.Out, "order %s: %s\n", cell(out.Order), strings.Join(kinds, ", "))
	return err
}

// testLine reads a line of a test order: SKU=QUANTITY, or a SKU of which there
// is one.
func testLine(text string) (order.Line, error) {
	sku, quantity, many := strings.Cut(text, "=")
	l := order.Line{Product: order.Product{SKU: sku}}
	if sku == "" {
		return l, usagef("--line: a SKU is needed, such as 779001=2")
	}
	if many {
		n, err := order.ParseDecimal(quantity)
		if err != nil {
			return l, usagef("--line %s: the quantity is %s", sku, err)
		}
		l.Quantity = n
	}
	return l, nil
}
