package demo

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/ordermux/ordermux/internal/api"
	"github.com/ordermux/ordermux/internal/app"
	"github.com/ordermux/ordermux/internal/json"
	"github.com/ordermux/ordermux/internal/order"
)

// doorOwn is our own API.
const doorOwn = "our API"

// The shop buys at the sandbox's wholesaler by two logins: lamps by one that is
// told when goods leave, chairs by one that has to ask.
const (
	routeLamps  = "lamps"
	routeChairs = "chairs"

	loginLamps  = "nordlys-lamps"
	loginChairs = "nordlys-chairs"
	password    = "demo-password"
	noticeToken = "demo-notice-token"
)

// The orders whose goods a wholesaler sends.
const (
	lampAndChair = "DS-1001" // its lines go to both
	lampOnly     = "DS-1002"
)

var (
	lamp  = wantedLine{Code: "LAMP-OAK", Product: true, Quantity: order.FromInt(2, 0), Unit: order.FromInt(4900, 2), Total: order.FromInt(9800, 2)}
	chair = wantedLine{Code: "CHAIR-PINE", Product: true, Quantity: order.FromInt(1, 0), Unit: order.FromInt(12900, 2), Total: order.FromInt(12900, 2)}
)

// dropship is what one login must have ordered of an order of the shop.
type dropship struct {
	Route, Login, OrderID string
	Line                  wantedLine
}

var dropships = []dropship{
	{routeLamps, loginLamps, lampAndChair, lamp},
	{routeChairs, loginChairs, lampAndChair, chair},
	{routeLamps, loginLamps, lampOnly, lamp},
}

// openWholesaler lets the sandbox's wholesaler have goods and the shop's two
// accounts. Told is where it tells the first one what it sent.
func (d *demo) openWholesaler(ctx context.Context, told string) error {
	const goods = `[
		{"code": "LAMP-OAK", "gtin": "5901234123457", "name": "Oak lamp", "price": "31.00", "currency": "EUR", "active": true, "weight": "1.8", "stock": [{"quantity": "10"}]},
		{"code": "CHAIR-PINE", "gtin": "5901234123464", "name": "Pine chair", "price": "84.00", "currency": "EUR", "active": true, "weight": "6.5", "stock": [{"quantity": "4"}]}]`
	if err := d.atPortal(ctx, http.MethodPut, "/products", goods, nil); err != nil {
		return err
	}
	for login, values := range map[string]map[string]api.FieldValue{
		loginLamps:  {"notices": {"true"}, "notice_url": {told}},
		loginChairs: {},
	} {
		ref := api.CredentialRef{Shop: sandboxShop, Partner: "idosell", Kind: "account", Name: login}
		values["login"], values["password"] = api.FieldValue{login}, api.FieldValue{password}
		if _, err := d.portal.CreateCredential(ctx, ref, values); err != nil {
			return fmt.Errorf("open the account %s at the wholesaler: %w", login, err)
		}
	}
	return nil
}

// closeAccounts takes back what openWholesaler opened.
func (d *demo) closeAccounts(ctx context.Context) error {
	for _, login := range []string{loginLamps, loginChairs} {
		ref := api.CredentialRef{Shop: sandboxShop, Partner: "idosell", Kind: "account", Name: login}
		if err := d.portal.RevokeCredential(ctx, ref); err != nil {
			return err
		}
	}
	return nil
}

// dropshipRoutes are the routes to the wholesaler in the hub's file.
func (d *demo) dropshipRoutes() string {
	key := sandboxDoor("idosell")("dropshipping_key")
	route := func(name, prefix, login, pollEvery, more string) string {
		return fmt.Sprintf(`      %s:
        partner: idosell
        lines: line.product.code startsWith %q
        when: order.id startsWith "DS-"
        settings: {base_url: "%s/idosell", login: %s, password: %s, dropshipping_key: %s, poll_every: %s, couriers: ["home=5"]%s}
`, name, prefix, d.sandbox, login, password, key, pollEvery, more)
	}
	return route(routeLamps, "LAMP-", loginLamps, "1h", ", notice_token: "+noticeToken) + route(routeChairs, "CHAIR-", loginChairs, "1s", "")
}

// dropship hands in orders whose goods a wholesaler sends.
func (f *feed) dropship(ctx context.Context) error {
	list := []wanted{
		{ID: lampAndChair, Door: doorOwn, Lines: []wantedLine{lamp, chair}},
		{ID: lampOnly, Door: doorOwn, Lines: []wantedLine{lamp}},
	}
	entries := make([]order.Entry, len(list))
	for i, w := range list {
		o := order.Order{
			ID: w.ID, Currency: "GBP", PlacedAt: order.At(time.Now().UTC().Truncate(time.Second)),
			Recipient: &order.Party{
				FirstName: "Jan", LastName: "Nowak", Street: "Polna", Number: "3/7", PostalCode: "61-001", City: "Poznań", Country: "PL", Phone: "+48 600 000 000",
			},
			Shipping: &order.Shipping{Method: "home"},
		}
		for _, l := range w.Lines {
			o.Lines = append(o.Lines, order.Line{Product: order.Product{Code: l.Code}, Quantity: l.Quantity, UnitPrice: l.Unit, Total: l.Total})
		}
		entries[i] = order.Entry{Subject: order.Subject{Kind: order.SubjectOrder, ID: w.ID}, Statement: &order.Statement{Order: o}}
	}
	if _, err := f.api.Append(ctx, shopID, entries, false); err != nil {
		return fmt.Errorf("%s: %w", doorOwn, err)
	}
	f.want = append(f.want, list...)
	f.taken = append(f.taken, taken{Door: doorOwn, Calls: 1, Orders: len(list)})
	return nil
}

// atPortal calls the sandbox's own API, as the wholesaler's people would.
func (d *demo) atPortal(ctx context.Context, method, path, body string, out any) error {
	return portal(ctx, d.sandbox, method, path, body, out)
}

func portal(ctx context.Context, sandbox, method, path, body string, out any) error {
	return call(ctx, method, sandbox+"/api/v1/shops/"+sandboxShop+path, app.SandboxAdminToken, body, out)
}

// wholesaler asks the wholesaler's API as the shop's logins do, by its JSON.
type wholesaler struct {
	sandbox  string
	key      string            // the panel's
	sessions map[string]string // by login
}

func newWholesaler(sandbox string) *wholesaler {
	return &wholesaler{sandbox: sandbox, key: sandboxDoor("idosell")("dropshipping_key"), sessions: map[string]string{}}
}

// placed is what the wholesaler says of an order.
type placed struct {
	OrderID  string `json:"orderId"`
	Status   string `json:"orderStatus"`
	Packages []struct {
		Number string `json:"deliveryPackageNumber"`
	} `json:"packages"`
	Fault int `json:"faultCode"`
}

// order asks for the order that a login placed under the shop's number.
func (w *wholesaler) order(ctx context.Context, login, external string) (*placed, error) {
	session, err := w.session(ctx, login)
	if err != nil {
		return nil, err
	}
	var got struct {
		Errors  fault    `json:"errors"`
		Results []placed `json:"results"`
	}
	body := fmt.Sprintf(`{"authenticate": {"sessionKey": %q, "dropshippingKey": %q}, "params": {"ordersExternalIds": [%q]}}`, session, w.key, external)
	if err := w.call(ctx, "Dropshipping/getOrdersStatus", body, &got); err != nil {
		return nil, err
	}
	if err := got.Errors.err(); err != nil {
		return nil, err
	}
	if len(got.Results) != 1 || got.Results[0].Fault != 0 {
		return nil, errAbsent
	}
	return &got.Results[0], nil
}

func (w *wholesaler) session(ctx context.Context, login string) (string, error) {
	if s := w.sessions[login]; s != "" {
		return s, nil
	}
	var got struct {
		Errors  fault  `json:"errors"`
		Session string `json:"sessionKey"`
	}
	body := fmt.Sprintf(`{"authenticate": {"systemLogin": %q, "systemKey": %q}}`, login, systemKey(password, time.Now()))
	if err := w.call(ctx, "Authenticate/authenticate", body, &got); err != nil {
		return "", err
	}
	w.sessions[login] = got.Session
	return got.Session, got.Errors.err()
}

func (w *wholesaler) call(ctx context.Context, gate, body string, out any) error {
	return call(ctx, http.MethodPost, w.sandbox+"/idosell/customer-api/?gate="+url.QueryEscape(gate+"/1/json"), "", body, out)
}

// fault is what stands in every answer of the wholesaler.
type fault struct {
	Code int    `json:"faultCode"`
	Text string `json:"faultString"`
}

func (f fault) err() error {
	if f.Code == 0 {
		return nil
	}
	return fmt.Errorf("fault %d: %s", f.Code, f.Text)
}

// call sends JSON and reads the answer into out, unless that is nil.
func call(ctx context.Context, method, address, token, body string, out any) error {
	req, err := http.NewRequestWithContext(ctx, method, address, strings.NewReader(body))
	if err != nil {
		return err
	}
	if token != "" {
		req.Header.Set("Authorization", "Bearer "+token)
	}
	req.Header.Set("Content-Type", "application/json")
	said, err := answer(req)
	if err != nil || out == nil {
		return err
	}
	return json.UnmarshalRead(said, maxMessage, out)
}
