package deliveryhero

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strconv"
	"time"

	"github.com/ordermux/ordermux/internal/catalog"
	"github.com/ordermux/ordermux/internal/order"
	"github.com/ordermux/ordermux/internal/partner"
	"github.com/ordermux/ordermux/internal/secret"
)

// trialSource is put behind the name of the chain's source: what an order for
// tests was said by.
const trialSource = "/test"

// testOrder lets an order be born, as the portal's own trigger for tests does
// (the vendor's testing pages, seen 2026): placed, and then brought to a status
// over all before it. It is marked as a test, so that nobody is invited for it.
func (d *door) testOrder(ctx context.Context, shop string, t partner.TestOrder) ([]order.Receipt, error) {
	chain, err := d.chains.again(ctx, shop)
	if err != nil {
		return nil, err
	}
	if chain == nil {
		return nil, order.Refuse("", order.Required, "the shop is no chain: it has no credential at this door")
	}
	v, err := trialVendor(chain, t.Store)
	if err != nil {
		return nil, err
	}
	kinds, err := trialKinds(t)
	if err != nil {
		return nil, err
	}
	lines, err := d.trialLines(ctx, chain, v, t.Lines)
	if err != nil {
		return nil, err
	}
	return d.deps.Intake.Append(ctx, shop, trialEntries(chain, v, t.By, lines, kinds, d.now().UTC().Truncate(time.Millisecond)))
}

// trialVendor is the outlet named by either of its ids; of a chain with one
// outlet, that one.
func trialVendor(c *chain, store string) (*vendor, error) {
	if store == "" && len(c.Vendors) == 1 {
		return c.Vendors[0], nil
	}
	if store == "" {
		return nil, order.Refuse("store", order.Required, "is needed: the id of one of the chain's outlets")
	}
	if v := c.vendor(store); v != nil {
		return v, nil
	}
	return nil, order.Refuse("store", order.Malformed, "is no outlet of the chain")
}

// trialKinds are what happens to the order after it is placed.
func trialKinds(t partner.TestOrder) ([]order.Kind, error) {
	way := []order.Kind{order.KindReady, order.KindShipped, order.KindDelivered}
	switch t.By {
	case "", carriedByPlatform:
	case carriedByVendor:
		way = way[1:] // an outlet that carries itself makes nothing ready for others
	default:
		return nil, order.Refuse("by", order.Malformed, "must be platform or vendor")
	}
	switch t.Status {
	case "", order.StatusReceived:
		return nil, nil
	case order.StatusAccepted, order.StatusCancelled:
		return []order.Kind{order.Kind(t.Status)}, nil
	}
	i := slices.Index(way, order.Kind(t.Status))
	if i < 0 {
		return nil, order.Refuse("status", order.Malformed, "must be received, accepted, ready (where the platform carries), shipped, delivered or cancelled")
	}
	return way[:i+1], nil
}

func trialEntries(c *chain, v *vendor, by string, lines []order.Line, kinds []order.Kind, now time.Time) []order.Entry {
	id := secret.NewUUID()
	subject := order.Subject{Kind: order.SubjectOrder, ID: id}
	source := order.Source{Name: c.Grant.Source.Name + trialSource, Rank: c.Grant.Source.Rank}
	o := order.Order{
		ID: id, Store: v.ID, PlacedAt: order.At(now), Currency: c.Grant.Currency, Channel: "online", Type: typeOf(typeDelivery), Test: true,
		Customer: &order.Customer{FirstName: "Test", LastName: "Order"}, Lines: lines,
		Shipping: &order.Shipping{
			By: cmp.Or(by, carriedByPlatform), AcceptedFor: order.At(now.Add(readyWithin)), PromisedFor: order.At(now.Add(readyWithin + 5*time.Minute)),
		},
		Payment:    &order.Payment{Kind: kindPrepaid},
		References: []order.Reference{{Kind: refExternal, Value: strconv.FormatInt(now.UnixMilli(), 10)}, {Kind: refCode, Value: shortCode(id)}},
	}
	goods, _, _ := lineSums(&o)
	o.Totals = &order.Totals{Goods: goods, Total: goods}
	out := []order.Entry{{Subject: subject, Source: source, Statement: &order.Statement{Order: o}}}
	for i, k := range kinds {
		h := &order.Happening{Kind: k, At: order.At(now.Add(time.Duration(i) * time.Millisecond))}
		if k == order.KindCancelled {
			h.Cancellation = &order.Cancellation{By: "customer", Reason: "CUSTOMER_REQUEST"}
		}
		out = append(out, order.Entry{Subject: subject, Source: source, Happening: h})
	}
	return out
}

// mostTrialLines is how much of an outlet's assortment a test order takes by
// itself.
const mostTrialLines = 3

// trialLines completes the lines from what the outlet sells. Without any it
// takes some of that; where it sells nothing, products that nobody knows.
func (d *door) trialLines(ctx context.Context, c *chain, v *vendor, given []order.Line) ([]order.Line, error) {
	lines := slices.Clone(given)
	if len(lines) == 0 {
		yes := true
		offers, _, err := d.deps.Catalog.ListOffers(ctx, c.Shop, v.ID, catalog.OfferFilter{Active: &yes, Limit: mostTrialLines})
		if err != nil {
			return nil, fmt.Errorf("lines of a test order: %w", err)
		}
		for i := range offers {
			lines = append(lines, order.Line{Product: offers[i].Product.Product, UnitPrice: offers[i].Price})
		}
	}
	if len(lines) == 0 {
		return testLines(), nil
	}
	price := d.priceAt(ctx, c.Shop, v.ID)
	for i := range lines {
		if err := completeTrial(&lines[i], i, price); err != nil {
			return nil, err
		}
	}
	return lines, nil
}

// completeTrial fills in what a line of a test order does not say.
func completeTrial(l *order.Line, i int, price priced) error {
	at := "lines[" + strconv.Itoa(i) + "]"
	sku := skuOf(&l.Product)
	if sku == "" {
		return order.Refuse(at+".product", order.Required, "needs a sku or a code")
	}
	name, known, err := price(sku)
	if err != nil {
		return err
	}
	l.Product.Name = cmp.Or(l.Product.Name, name)
	if !l.UnitPrice.IsSet() {
		l.UnitPrice = known
	}
	if !l.UnitPrice.IsSet() {
		l.UnitPrice = order.FromInt(100, 2)
	}
	if !l.Quantity.IsSet() {
		l.Quantity = order.FromInt(1, 0)
	}
	if l.Quantity.Sign() <= 0 {
		return order.Refuse(at+".quantity", order.Malformed, "must be above 0")
	}
	l.ID = cmp.Or(l.ID, "l"+strconv.Itoa(i+1))
	l.Total = l.UnitPrice.Mul(amountOf(l)).Sub(l.Discount)
	return nil
}
