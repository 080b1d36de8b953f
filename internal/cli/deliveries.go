package cli

import (
	"context"
	"time"

	"github.com/ordermux/ordermux/internal/api"
)

type deliveriesCmd struct {
	Route string   `help:"Only this route." placeholder:"NAME"`
	State []string `help:"Only these states, with commas between them: ready, held, sending, pending, retrying, asking, failed, parked, delivered, refused, cancelled, superseded, dropped." placeholder:"STATE"`
	Code  string   `help:"Only this outcome, such as http_400." placeholder:"CODE"`
	Order []string `help:"Only these orders." placeholder:"ID"`
	pageFlags
	ofShop
	asJSON
}

// Run lists deliveries.
func (c *deliveriesCmd) Run(ctx context.Context, env *Env) error {
	client, shop, err := c.client(ctx, env)
	if err != nil {
		return err
	}
	all := api.Deliveries{Deliveries: []api.Delivery{}}
	all.Next, err = c.pages(func(o api.ListOptions) (int, string, error) {
		o.Route, o.States, o.Code, o.Orders = c.Route, c.State, c.Code, c.Order
		page, err := client.Deliveries(ctx, shop, o)
		all.Deliveries = append(all.Deliveries, page.Deliveries...)
		return len(page.Deliveries), page.Next, err
	})
	if err != nil {
		return err
	}
	if c.JSON {
		return env.printJSON(all)
	}
	t := table(env.Out)
	row(t, "ROUTE", "ORDER", "EVENT", "RUN", "STATE", "ATTEMPTS", "SETTLED OR DUE (UTC)", "REF", "CODE", "REASON")
	for _, d := range all.Deliveries {
		row(t, d.Route, d.Order, d.Seq, d.Run, d.State, d.Attempt, when(d), d.Ref, d.Code, short(d.Reason, 60))
	}
	if err := t.Flush(); err != nil {
		return err
	}
	return env.more(all.Next)
}

// when is the time that matters of a delivery.
func when(d api.Delivery) string {
	for _, t := range []time.Time{d.Settled, d.Due} {
		if !t.IsZero() {
			return at(t)
		}
	}
	return ""
}
