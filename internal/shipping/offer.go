package shipping

import (
	"slices"
	"strings"
	"time"

	"github.com/ordermux/ordermux/internal/order"
)

// Reason says why a courier does not serve a basket; "": it does.
type Reason string

// The reasons.
const (
	Serves     Reason = ""
	TooLight   Reason = "weight_below"
	TooHeavy   Reason = "weight_above"
	TooDear    Reason = "value_above"
	NotThere   Reason = "country"
	NotSo      Reason = "payment"
	NoPriceRow Reason = "price"
)

// clockLayout is how a time of day is written.
const clockLayout = "15:04"

// Serves reports why the courier does not carry a basket to its address, the
// first reason of several.
func (c *Courier) Serves(b Basket) Reason {
	_, why := c.cost(b)
	return why
}

// cost returns what carrying a basket costs.
func (c *Courier) cost(b Basket) (order.Money, Reason) {
	country := strings.ToUpper(b.Country)
	switch {
	case len(c.Countries) > 0 && !slices.Contains(c.Countries, country):
		return order.Money{}, NotThere
	case b.Weight.IsSet() && b.Weight.Cmp(c.MinWeight) < 0:
		return order.Money{}, TooLight
	case over(b.Weight, c.MaxWeight):
		return order.Money{}, TooHeavy
	case over(b.Value, c.MaxValue):
		return order.Money{}, TooDear
	case b.Payment != "" && len(c.Payments) > 0 && !slices.Contains(c.Payments, b.Payment):
		return order.Money{}, NotSo
	case len(c.Prices) == 0:
		return order.FromInt(0, 2), Serves
	}
	for _, p := range c.Prices {
		if (p.Country == "" || p.Country == country) && !over(b.Weight, p.UpTo) {
			return p.Price, Serves
		}
	}
	return order.Money{}, NoPriceRow
}

// over reports whether n breaks a limit; one of zero is none.
func over(n, limit order.Decimal) bool {
	return limit.Sign() > 0 && n.IsSet() && n.Cmp(limit) > 0
}

// Offers returns the couriers of a list that serve a basket, the cheapest
// first, of equal price in the sequence of the list. Cut-offs are times of day
// at location.
func Offers(list []Courier, b Basket, now time.Time, location *time.Location) []Offer {
	out := []Offer{}
	for i := range list {
		if cost, why := list[i].cost(b); why == Serves {
			out = append(out, Offer{Courier: list[i], Cost: cost, Leaves: list[i].leaves(now, location)})
		}
	}
	slices.SortStableFunc(out, func(a, b Offer) int { return a.Cost.Cmp(b.Cost) })
	return out
}

// leaves returns when goods that are ready now leave: today's cut-off, or
// tomorrow's when that has passed. Every day counts, for no calendar says
// otherwise.
func (c *Courier) leaves(now time.Time, location *time.Location) time.Time {
	now = now.In(location)
	clock, err := time.Parse(clockLayout, c.CutOff)
	if err != nil { // it has none
		return now
	}
	on := func(days int) time.Time {
		return time.Date(now.Year(), now.Month(), now.Day()+days, clock.Hour(), clock.Minute(), 0, 0, location)
	}
	if today := on(0); !now.After(today) {
		return today
	}
	return on(1)
}

// Find returns the courier that a word names: by its key, else by its name in
// any letters, else by its number.
func Find(list []Courier, word string) (*Courier, bool) {
	at := slices.IndexFunc(list, func(c Courier) bool { return c.Key == word })
	if at < 0 {
		at = slices.IndexFunc(list, func(c Courier) bool { return strings.EqualFold(c.Name, word) })
	}
	if at < 0 {
		at = slices.IndexFunc(list, func(c Courier) bool { return c.number() == word })
	}
	if at < 0 {
		return nil, false
	}
	return &list[at], true
}
