package cli

import (
	"context"
	"fmt"
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
	Text    string    `arg:"" optional:"" help:"The order's id, a reference, an e-mail address, a product code or a parcel's number."`
	Ref     string    `help:"Another party's number of the order." placeholder:"NUMBER"`
	Email   string    `help:"E-mail address of the customer, the recipient or whoever gets the invoice." placeholder:"ADDRESS"`
	SKU     string    `name:"sku" help:"A code of a product in it: the shop's, SKU, GTIN." placeholder:"CODE"`
	Parcel  string    `help:"Number of a parcel." placeholder:"NUMBER"`
	Route   string    `help:"With a delivery on this route." placeholder:"NAME"`
	State   []string  `help:"How it stands there: failed, parked, refused, held, delivered …" placeholder:"STATE"`
	Since   time.Time `aliases:"from" help:"Accepted at or after (RFC 3339, or a day in UTC)." placeholder:"TIME"`
	Until   time.Time `aliases:"to" help:"Accepted at or before." placeholder:"TIME"`
	Channel string    `help:"Only this channel." placeholder:"NAME"`
	Account string    `help:"Only of this customer at one of the doors, such as a reseller." placeholder:"NAME"`
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
		o.Since, o.Until, o.Channel, o.Account, o.Route, o.States = c.Since, c.Until, c.Channel, c.Account, c.Route, c.State
		o.Find = api.Find{Text: c.Text, Ref: c.Ref, Email: c.Email, Product: c.SKU, Parcel: c.Parcel}
		page, err := client.Orders(ctx, shop, o)
		all.Orders, all.Behind = append(all.Orders, page.Orders...), max(all.Behind, page.Behind)
		return len(page.Orders), page.Next, err
	})
	if err != nil {
		return err
	}
	if c.JSON {
		return env.printJSON(all)
	}
	if all.Behind > 0 {
		fmt.Fprintf(env.Err, "the newest %d events are not in the search yet; ask again in a moment\n", all.Behind)
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
