package cli

import (
	"context"
	"fmt"
	"time"

	"github.com/ordermux/ordermux/internal/api"
	"github.com/ordermux/ordermux/internal/order"
)

type shipCmd struct {
	Order   string    `arg:"" help:"The order's id." placeholder:"ORDER"`
	Parcel  string    `help:"Number of the parcel." required:"" placeholder:"NUMBER"`
	Courier string    `help:"Who carries it: name or number of one of the shop's couriers; default the order's." placeholder:"NAME"`
	At      time.Time `help:"When it left (RFC 3339, or a day in UTC); default now." placeholder:"TIME"`
	Lines   []string  `help:"Ids of the order's lines in it, with commas between them; default all." placeholder:"ID"`
	DryRun  bool      `help:"Show what would be said, and say nothing."`
	ofShop
	asJSON
}

// Run says that a parcel of an order is on its way.
func (c *shipCmd) Run(ctx context.Context, env *Env) error {
	client, shop, err := c.client(ctx, env)
	if err != nil {
		return err
	}
	in := api.Shipment{Parcel: c.Parcel, Courier: c.Courier, Lines: c.Lines, DryRun: c.DryRun}
	if !c.At.IsZero() {
		in.At = order.At(c.At)
	}
	out, err := client.Ship(ctx, shop, c.Order, in)
	if err != nil {
		return notFound(err, "order %s is not known at shop %s", c.Order, shop)
	}
	if c.JSON {
		return env.printJSON(out)
	}
	_, err = fmt.Fprintln(env.Out, shippedText(out))
	return err
}

// shippedText says what became of a shipment.
func shippedText(s api.Shipped) string {
	text := map[string]string{"new": "is shipped", "known": "was known to be shipped", "dry_run": "would be shipped"}[s.Result]
	text = fmt.Sprintf("order %s %s with parcel %s", cell(s.Order), text, cell(s.Parcel.Number))
	if s.Parcel.Courier != "" {
		text += " by " + cell(s.Parcel.Courier)
	}
	if s.Parcel.TrackingURL != "" {
		text += ", " + cell(s.Parcel.TrackingURL)
	}
	return text
}
