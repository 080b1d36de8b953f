package demo

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/ordermux/ordermux/internal/api"
	"github.com/ordermux/ordermux/internal/config"
	"github.com/ordermux/ordermux/internal/json"
	"github.com/ordermux/ordermux/internal/order"
	"github.com/ordermux/ordermux/internal/partner"
	"github.com/ordermux/ordermux/internal/sandbox"
)

// The shop has an outlet on the sandbox's marketplace, whose orders come by
// webhook.
const (
	routeMarket  = "market"
	doorMarket   = "market, by webhook"
	marketName   = "deliveryhero"
	marketSecret = "demo-market-secret"
	// marketBrand is the one whose vendors may say that they accept an order.
	marketBrand = "glovo"
	kiosk       = "KIOSK" // the shop's own name of the outlet
)

// The two orders of the marketplace, by who carries the goods.
const (
	byPlatform = "platform"
	byVendor   = "vendor"
)

// What the outlet sells: what the marketplace knew, the price that the shop has
// now, and that of its promotion.
var (
	mate      = wantedLine{Code: "MATE-1KG", Product: true, Quantity: order.FromInt(2, 0), Unit: order.FromInt(550, 2), Total: order.FromInt(1100, 2)}
	matePrice = order.FromInt(525, 2)
	mateCut   = order.FromInt(399, 2)
)

// marketOrder is an order that was born on the marketplace.
type marketOrder struct {
	ID, By string
	Told   []order.Kind // what the shop told of it
	State  string       // that the marketplace must have then
}

// marketDoor returns a well-known value of the sandbox's marketplace.
func marketDoor(field string) string { return sandboxDoor(marketName)(field) }

// openMarket lets the marketplace have goods, and know where the shop hears of
// orders.
func (d *demo) openMarket(ctx context.Context, told string) error {
	const goods = `[{"code": "MATE-1KG", "sku": "MATE-1KG", "gtin": "7790387000016", "name": "Yerba mate 1 kg", "price": "5.50", "currency": "EUR", "active": true}]`
	if err := d.atPortal(ctx, http.MethodPut, "/products", goods, nil); err != nil {
		return err
	}
	_, err := d.portal.CreateCredential(ctx, marketHook, map[string]api.FieldValue{
		"webhook_url": {told}, "webhook_secret": {marketSecret}, "catalog_webhook": {"true"}, "promotion_webhook": {"true"},
	})
	if err != nil {
		return fmt.Errorf("tell the marketplace where the shop hears of orders: %w", err)
	}
	return nil
}

// marketHook names the marketplace's setting of where orders are told.
var marketHook = api.CredentialRef{Shop: sandboxShop, Partner: marketName, Kind: "webhook", Name: "shop"}

// marketRoute is the route to the marketplace in the hub's file.
func (d *demo) marketRoute() string {
	return fmt.Sprintf(`      %s:
        partner: deliveryhero
        settings: {base_url: "%s/deliveryhero", chain_id: %s, token: %s, webhook_secret: %s, vendors: ["%s=%s"], currency: EUR, brand: glovo, catalog: "true", catalog_every: 1s, poll_every: 1s}
`, routeMarket, d.sandbox, marketDoor("chain_id"), marketDoor("token"), marketSecret, kiosk, marketDoor("vendor_id"))
}

// market lets customers order on the marketplace, and does what the outlet's
// people do: they accept each order and make it ready, change a price and set
// up a promotion.
func (f *feed) market(ctx context.Context) error {
	if err := f.goods(ctx); err != nil {
		return fmt.Errorf("%s: %w", routeMarket, err)
	}
	for _, o := range []marketOrder{
		{By: byPlatform, Told: []order.Kind{order.KindAccepted, order.KindReady}, State: "READY_FOR_PICKUP"},
		{By: byVendor, Told: []order.Kind{order.KindAccepted, order.KindShipped}, State: "DISPATCHED"},
	} {
		if err := f.marketOrder(ctx, &o); err != nil {
			return fmt.Errorf("%s: order that the %s carries: %w", routeMarket, o.By, err)
		}
		f.born = append(f.born, o)
		f.want = append(f.want, wanted{ID: o.ID, Door: doorMarket, Review: routeMail, Market: true, Lines: []wantedLine{mate}})
	}
	f.taken = append(f.taken, taken{Door: doorMarket, Calls: 2, Orders: 2})
	return nil
}

// goods is what the shop does in its own system: it has the product, cheaper
// now, and cheaper still for a week.
func (f *feed) goods(ctx context.Context) error {
	product := fmt.Sprintf(`[{"code": %[1]q, "sku": %[1]q, "name": "Yerba mate 1 kg", "price": %[2]q, "currency": "EUR", "active": true, "store": %[3]q}]`, mate.Code, matePrice, kiosk)
	if err := call(ctx, http.MethodPut, f.hub+"/api/v1/shops/"+shopID+"/products", hubToken, product, nil); err != nil {
		return err
	}
	start := time.Now().UTC().Truncate(time.Second)
	body := fmt.Sprintf(`{"name": "Mate week", "names": {"en_GB": "Mate week"}, "stores": [%q], "type": "strikethrough", "reason": "competitiveness",
		"start": %q, "end": %q, "discounts": [{"skus": [%q], "subtype": "final_price", "value": %q}]}`,
		kiosk, start.Format(time.RFC3339), start.AddDate(0, 0, 7).Format(time.RFC3339), mate.Code, mateCut)
	return call(ctx, http.MethodPut, f.hub+"/api/v1/shops/"+shopID+"/promotions", hubToken, body, nil)
}

// marketOrder lets one order be born, waits until it has come, and works it off.
func (f *feed) marketOrder(ctx context.Context, o *marketOrder) error {
	body, err := json.Marshal(partner.TestOrder{
		Store: marketDoor("vendor_id"), By: o.By,
		Lines: []order.Line{{Product: order.Product{SKU: mate.Code}, Quantity: mate.Quantity, UnitPrice: mate.Unit, Total: mate.Total}},
	})
	if err != nil {
		return err
	}
	var born struct {
		Receipts []order.Receipt `json:"receipts"`
	}
	if err := portal(ctx, f.sandbox, http.MethodPost, "/doors/"+marketName+"/test-orders", string(body), &born); err != nil {
		return err
	}
	if len(born.Receipts) == 0 {
		return errors.New("the marketplace has no receipt for it")
	}
	o.ID = born.Receipts[0].Subject.ID
	if err := f.lose(ctx, o); err != nil {
		return err
	}
	if err := f.arrived(ctx, o.ID); err != nil {
		return err
	}
	_, err = f.api.Append(ctx, shopID, o.worked(), false)
	return err
}

// lose plants a loss, if there shall be one: the marketplace takes well what it
// hears of the order, and forgets it.
func (f *feed) lose(ctx context.Context, o *marketOrder) error {
	if f.loseAtMarket != o.By {
		return nil
	}
	faults, err := json.Marshal(sandbox.Faults{ThrowAwayID: []string{o.ID}})
	if err == nil {
		_, err = f.portal.SetFaults(ctx, marketName, faults)
	}
	return err
}

// arrived waits until the hub has an order.
func (f *feed) arrived(ctx context.Context, id string) error {
	ctx, cancel := context.WithTimeout(ctx, f.patience)
	defer cancel()
	for {
		if _, err := f.api.Order(ctx, shopID, id); err == nil {
			return nil
		}
		select {
		case <-ctx.Done():
			return errors.New("it has not come by webhook")
		case <-time.After(askEvery):
		}
	}
}

// worked is what the shop's system tells of an order that its people worked
// off. It knows the customer's address by his loyalty card: the marketplace
// tells none.
func (o *marketOrder) worked() []order.Entry {
	subject := order.Subject{Kind: order.SubjectOrder, ID: o.ID}
	list := []order.Entry{{Subject: subject, Statement: &order.Statement{Order: order.Order{
		ID: o.ID, Customer: &order.Customer{Email: address(o.ID)},
	}}}}
	for _, kind := range o.Told {
		list = append(list, order.Entry{Subject: subject, Happening: &order.Happening{Kind: kind, At: order.At(time.Now().UTC()), Ref: "kiosk-" + string(kind)}})
	}
	return list
}

// setBrand makes the sandbox's marketplace one of the brand.
func setBrand(cfg *config.Config) {
	for _, door := range cfg.Shops[sandboxShop].Doors[marketName] {
		if door.Of == "" {
			door.Settings["brand"] = partner.Value{Text: marketBrand}
		}
	}
}

// marketed shows an order of the marketplace from end to end.
func (d *demo) marketed(ctx context.Context, f *feed) error {
	for _, o := range f.born {
		s, err := d.api.Order(ctx, shopID, o.ID)
		if err != nil {
			return err
		}
		fmt.Fprintf(d.out, "\nOrder %s was born on the marketplace, and the %s carries it\n", o.ID, o.By)
		for _, e := range s.Events {
			fmt.Fprintf(d.out, "  in   %s by %s\n", e.Kind, e.Source)
		}
		for _, r := range s.Deliveries {
			if r.Route == routeMarket || r.Route == routeMail {
				fmt.Fprintf(d.out, "  out  %s: %s %s\n", r.Route, r.State, r.Reason)
			}
		}
	}
	return nil
}
