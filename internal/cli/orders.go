package cli

import (
	"context"
	"strings"
	"time"

	"github.com/ordermux/ordermux/internal/api"
)

// pageFlags say how much of a list is printed.
type pageFlags struct {
	Limit  int    `help:"How many to print; 0 prints all." default:"50" placeholder:"N"`
	Cursor string `help:"Go on after an earlier list: its next." placeholder:"NEXT"`
}

// most is the longest page of the API.
const most = 500

// pages calls fetch page by page, which returns how many it printed and the
// next cursor, until the limit is reached; the cursor of the rest comes back.
func (p pageFlags) pages(fetch func(o api.ListOptions) (n int, next string, err error)) (next string, err error) {
	left, cursor := p.Limit, p.Cursor
	for {
		size := most
		if p.Limit > 0 {
			size = min(left, most)
		}
		n, next, err := fetch(api.ListOptions{Cursor: cursor, Limit: size})
		if err != nil || next == "" {
			return "", err
		}
		if left -= n; p.Limit > 0 && left <= 0 {
			return next, nil
		}
		cursor = next
	}
}

type ordersCmd struct {
	Since   time.Time `help:"Accepted at or after (RFC 3339, or a day in UTC)." placeholder:"TIME"`
	Until   time.Time `help:"Accepted at or before." placeholder:"TIME"`
	Channel string    `help:"Only this channel." placeholder:"NAME"`
	pageFlags
	ofShop
	asJSON
}

// Run lists orders, newest first.
func (c *ordersCmd) Run(ctx context.Context, env *Env) error {
	client, shop, err := c.client(ctx, env)
	if err != nil {
		return err
	}
	all := api.Orders{Orders: []api.OrderSummary{}}
	all.Next, err = c.pages(func(o api.ListOptions) (int, string, error) {
		o.Since, o.Until, o.Channel = c.Since, c.Until, c.Channel
		page, err := client.Orders(ctx, shop, o)
		all.Orders = append(all.Orders, page.Orders...)
		return len(page.Orders), page.Next, err
	})
	if err != nil {
		return err
	}
	if c.JSON {
		return env.printJSON(all)
	}
	t := table(env.Out)
	row(t, "ORDER", "ACCEPTED (UTC)", "STATUS", "CHANNEL", "LINES", "TOTAL", "SOURCES", "NUMBER")
	for _, o := range all.Orders {
		row(t, o.ID, at(o.Accepted), state(o), o.Channel, o.Lines, amount(o), strings.Join(o.Sources, ", "), o.Number)
	}
	if err := t.Flush(); err != nil {
		return err
	}
	return env.more(all.Next)
}

// state is the order's status with what is odd about it.
func state(o api.OrderSummary) string {
	words := []string{string(o.Status)}
	if !o.Stated {
		words[0] = "not stated yet"
	}
	if o.History {
		words = append(words, "history")
	}
	if o.Public {
		words = append(words, "public")
	}
	if o.Erased {
		words = append(words, "erased")
	}
	if words[0] == "" && len(words) > 1 {
		words = words[1:]
	}
	return strings.Join(words, ", ")
}

func amount(o api.OrderSummary) string {
	if !o.Total.IsSet() {
		return ""
	}
	return strings.TrimSpace(o.Total.String() + " " + o.Currency)
}
