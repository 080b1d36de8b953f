package cli

import (
	"context"
	"fmt"
	"strconv"
	"strings"

	"github.com/ordermux/ordermux/internal/api"
	"github.com/ordermux/ordermux/internal/order"
	"github.com/ordermux/ordermux/internal/shipping"
)

type couriersCmd struct {
	Route   string `help:"The couriers of this route's partner, and what stands for the shop's ways of delivery." placeholder:"ROUTE"`
	Fresh   bool   `help:"Ask the partner now."`
	Country string `help:"Who serves a basket that goes there (ISO 3166-1), the cheapest first." placeholder:"CC"`
	Postal  string `help:"Postal code of the address." placeholder:"CODE"`
	Weight  string `help:"Weight of the basket, in kg." placeholder:"KG"`
	Value   string `help:"Value of the goods." placeholder:"AMOUNT"`
	Payment string `help:"Kind of payment." placeholder:"WORD"`
	ofShop
	asJSON
}

// Run prints how a shop, or a route's partner, sends goods.
func (c *couriersCmd) Run(ctx context.Context, env *Env) error {
	basket, err := c.basket()
	if err != nil {
		return err
	}
	client, shop, err := c.client(ctx, env)
	if err != nil {
		return err
	}
	if c.Route != "" {
		return c.ofRoute(ctx, env, client, shop)
	}
	var list api.Couriers
	if basket == (shipping.Basket{}) {
		list, err = client.Couriers(ctx, shop)
	} else {
		list, err = client.Offers(ctx, shop, basket)
	}
	switch {
	case err != nil:
		return err
	case c.JSON:
		return env.printJSON(list)
	case basket == (shipping.Basket{}):
		return env.printCouriers(list.Couriers)
	}
	return env.printOffers(list)
}

// basket is what was asked about; zero: nothing.
func (c *couriersCmd) basket() (b shipping.Basket, err error) {
	b = shipping.Basket{Country: c.Country, PostalCode: c.Postal, Payment: c.Payment}
	for _, n := range []struct {
		flag, text string
		to         *order.Decimal
	}{{"weight", c.Weight, &b.Weight}, {"value", c.Value, &b.Value}} {
		if n.text == "" {
			continue
		}
		if *n.to, err = order.ParseDecimal(n.text); err != nil {
			return b, usagef("--%s: %s", n.flag, err)
		}
	}
	switch {
	case b != (shipping.Basket{}) && c.Route != "":
		return b, usagef("--route: only the shop's own couriers are asked about a basket")
	case b != (shipping.Basket{}) && c.Country == "":
		return b, usagef("--country is needed to say who serves a basket")
	case c.Fresh && c.Route == "":
		return b, usagef("--fresh: needs --route, whose partner is asked")
	}
	return b, nil
}

func (env *Env) printCouriers(list []shipping.Courier) error {
	t := table(env.Out)
	row(t, "COURIER", "ID", "NAME", "COUNTRIES", "WEIGHT (KG)", "VALUE UP TO", "CUT-OFF", "POINTS", "TRACKING")
	for _, c := range list {
		row(t, c.Key, c.ID, c.Name, orAll(c.Countries), weights(c), limit(c.MaxValue), c.CutOff, yes(c.PickupPoints), c.Tracking)
	}
	return t.Flush()
}

func (env *Env) printOffers(list api.Couriers) error {
	t := table(env.Out)
	row(t, "COURIER", "ID", "NAME", "COST", "LEAVES", "POINTS")
	for _, o := range list.Offers {
		row(t, o.Key, o.ID, o.Name, o.Cost, o.Leaves.Format("2006-01-02 15:04 -07:00"), yes(o.PickupPoints))
	}
	if err := t.Flush(); err != nil {
		return err
	}
	for _, u := range list.Unfit {
		fmt.Fprintf(env.Out, "%s does not: %s\n", u.Key, unfit(u.Reason))
	}
	return nil
}

// unfit says why a courier does not serve a basket.
func unfit(why shipping.Reason) string {
	switch why {
	case shipping.NotThere:
		return "not to that country"
	case shipping.TooLight:
		return "the basket is too light"
	case shipping.TooHeavy:
		return "the basket is too heavy"
	case shipping.TooDear:
		return "the goods are worth too much"
	case shipping.NotSo:
		return "not with that payment"
	case shipping.NoPriceRow:
		return "no row of its prices fits"
	}
	return string(why)
}

// ofRoute prints what a route's partner sends goods by.
func (c *couriersCmd) ofRoute(ctx context.Context, env *Env, client *api.Client, shop string) error {
	m, err := client.RouteCouriers(ctx, shop, c.Route, c.Fresh)
	if err != nil {
		return unknownRoute(err, c.Route, shop)
	}
	if c.JSON {
		return env.printJSON(m)
	}
	if m.At.IsZero() {
		fmt.Fprintln(env.Out, "not fetched yet; add --fresh to ask the partner now")
	} else {
		fmt.Fprintf(env.Out, "as of %s UTC\n", at(m.At))
	}
	t := table(env.Out)
	row(t, "ID", "COURIER", "COMPANY", "POINTS")
	for _, f := range m.Couriers {
		row(t, f.ID, f.Name, f.Company, yes(f.PickupPoints))
	}
	if err := t.Flush(); err != nil || len(m.Mapping) == 0 {
		return err
	}
	fmt.Fprintln(env.Out)
	row(t, "WAY OF DELIVERY", "COURIER", "NAME", "STATE")
	for _, p := range m.Mapping {
		method, state := p.Method, "there"
		if method == "*" {
			method = "* (any other)"
		}
		if p.Gone {
			state = "GONE: map it to another one"
		}
		row(t, method, p.Courier, p.Name, state)
	}
	return t.Flush()
}

func orAll(words []string) string {
	if len(words) == 0 {
		return "all"
	}
	return strings.Join(words, " ")
}

func limit(d order.Decimal) string {
	if d.Sign() == 0 {
		return ""
	}
	return d.String()
}

func weights(c shipping.Courier) string {
	least, most := limit(c.MinWeight), limit(c.MaxWeight)
	switch {
	case least == "" && most == "":
		return ""
	case most == "":
		return least + " and more"
	}
	if least == "" {
		least = strconv.Itoa(0)
	}
	return least + "-" + most
}
