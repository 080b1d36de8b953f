package console

import (
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/ordermux/ordermux/e2e/browser"
	"github.com/ordermux/ordermux/internal/api"
	"github.com/ordermux/ordermux/internal/app"
	"github.com/ordermux/ordermux/internal/capture"
	"github.com/ordermux/ordermux/internal/catalog"
	"github.com/ordermux/ordermux/internal/delivery"
	"github.com/ordermux/ordermux/internal/order"
	"github.com/ordermux/ordermux/internal/promotion"
	"github.com/ordermux/ordermux/internal/review"
	"github.com/ordermux/ordermux/internal/user"
)

// script is what must never run, wherever strangers can write.
const script = `<script>alert(1)</script>`

// long is a word that no line holds.
const long = "Kaffebönornasmellanrostningstemperaturövervakningsprotokollsammanställningsunderlag"

// fullShop is the configuration of a shop that uses everything; %s are the
// sandbox's address, the mail server's port, the address of a partner that
// refuses, the data, the token. Every order goes to one route, by its channel.
const fullShop = `
listen: 127.0.0.1:0
public_url: http://orders.nordlys.example
data: %[4]s
admin_token: %[5]s
outbound: {allow_private: [127.0.0.1]}
smtp: {host: 127.0.0.1, port: %[2]d, from: "Nordlys <hej@nordlys.example>", tls: never}
retention: {captures: 3}
shops:
  nordlys:
    name: Nordlys Kaffe
    currency: SEK
    timezone: Europe/Stockholm
    reviews: {delay: 3}
    couriers:
      dpd: {id: 5, name: DPD, countries: [SE], tracking: "https://tracking.example/{parcel}"}
    doors:
      citrusad: {api_key: sk-12345, publishable_key: pk-12345, team_id: team-1}
      deliveryhero: {chain_id: 3f1a6a0e-6f0b-4d5c-9a63-1f0d4c1c7a11, brand: pedidosya, country: se}
    routes:
      ads: {partner: citrusad, when: 'order.channel == "online"', settings: {base_url: "%[1]s/citrusad", api_key: sandbox-secret-key, read_back: "0"}}
      outlet: {partner: citrusad, when: 'order.channel == "outlet"', settings: {base_url: "%[3]s/citrusad", api_key: sandbox-secret-key, read_back: "0"}}
      wrong-key: {partner: citrusad, when: 'order.channel == "wholesale"', settings: {base_url: "%[1]s/citrusad", api_key: nobody-knows-this, read_back: "0"}}
      mail: {partner: mail, when: 'order.channel == "mail"'}
      lamps: {partner: idosell, when: 'order.channel == "lamps"', settings: {base_url: "%[1]s/idosell", login: sandbox-login, password: sandbox-password, dropshipping_key: sandbox-dropshipping-key}}
      market: {partner: deliveryhero, when: 'order.channel == "market"', settings: {base_url: "%[1]s/deliveryhero/v2", chain_id: ` + app.SandboxUUID + `, token: sandbox-token, vendors: ["K-1=sandbox-vendor"]}}
  empty:
    name: ` + "Kafé Ödetorp Ekologiska Kaffeimporten" + `
    currency: EUR
    timezone: Europe/Warsaw
`

// strict is a partner that refuses what it is sent, and says so as badly as
// somebody could.
func strict(t *testing.T, sandbox string) string {
	t.Helper()
	to, err := url.Parse(sandbox)
	if err != nil {
		t.Fatal(err)
	}
	pass := httputil.NewSingleHostReverseProxy(to)
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method != http.MethodPost || !strings.HasSuffix(r.URL.Path, "/orders") {
			pass.ServeHTTP(w, r)
			return
		}
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(http.StatusBadRequest)
		_, _ = io.WriteString(w, `{"message":"orders[0].orderItems[0].gtin: unknown `+script+` `+long+`"}`)
	}))
	t.Cleanup(srv.Close)
	return srv.URL
}

// told is an order of everything that strangers can write.
func told(id, channel, email string) string {
	return fmt.Sprintf(`{"id":%[1]q,"placed_at":%[6]q,"currency":"SEK","channel":%[2]q,"session":"s-1","locale":"sv-SE",
		"customer":{"id":"c-1","email":%[3]q,"name":"Anna %[4]s Öberg","company":%[5]q},
		"recipient":{"name":%[5]q,"street":"Långgatan %[4]s","number":"7","postal_code":"11122","city":"Stockholm","country":"SE","phone":"+46 70 000 00 00"},
		"lines":[{"id":"l1","product":{"code":"K-38","sku":"K-38","gtin":"5901234123457","name":"Brasilien %[4]s"},"quantity":"2","unit_price":"89.00","total":"178.00"},
			{"id":"l2","product":{"code":%[5]q,"gtin":"5901234123464","name":%[5]q},"quantity":"1","unit_price":"1249.50","total":"1249.50"}],
		"totals":{"total":"1427.50"},"notes":[{"from":"customer","text":"Ring inte på %[4]s"}],"references":[{"kind":"market","value":"M-7 %[4]s"}]}`,
		id, channel, email, script, long, time.Now().UTC().Format(time.RFC3339))
}

// filled are ids that only the hub knows.
type filled struct {
	welcome, imported, waiting, check, capture, promotion, job, routeJob, template string
}

// startFull starts a hub whose shop uses everything.
func startFull(t *testing.T) *hub {
	t.Helper()
	sandbox := startSandbox(t)
	refusing := strict(t, sandbox)
	return startAt(t, sandbox, func(port int, dir string) string {
		return fmt.Sprintf(fullShop, sandbox, port, refusing, dir, token)
	})
}

// fill gives every page something to show.
func (h *hub) fill() *filled {
	h.Helper()
	f := new(filled)
	h.goods(f)
	h.orders()
	h.people(f)
	h.calls(f)
	h.files(f)
	h.settles()
	return f
}

// must ends the test where something could not be made.
func must[T any](h *hub) func(T, error) T {
	return func(v T, err error) T {
		h.Helper()
		if err != nil {
			h.Fatal(err)
		}
		return v
	}
}

func (h *hub) done(err error) {
	h.Helper()
	if err != nil {
		h.Fatal(err)
	}
}

// goods are products and promotions.
func (h *hub) goods(f *filled) {
	ctx, product := h.Context(), func(code, name, store string, price int64) catalog.Product {
		return catalog.Product{
			Product: order.Product{Code: code, SKU: code, Name: name}, Store: store, Active: true, Price: order.FromInt(price, 2), Currency: "SEK",
			Stock: []catalog.Stock{{Quantity: order.FromInt(12, 0)}},
		}
	}
	must[int](h)(h.api.PutProducts(ctx, "nordlys", []catalog.Product{
		product("K-38", "Brasilien, mellanrost "+script, "K-1", 8900), product("K-39", long, "", 124950), product("TEA/1", "Te", "", 4500),
	}))
	day := time.Now().UTC()
	r := &promotion.Request{
		Header: promotion.Header{
			Name: "Vårrea " + script, Start: order.At(day.Add(-24 * time.Hour)), End: order.At(day.AddDate(0, 0, 7)), Type: promotion.Strikethrough, Reason: promotion.Trading,
		},
		Stores:    []string{"K-1"},
		Discounts: []promotion.Discount{{SKUs: []string{"K-38", "K-77"}, Terms: promotion.Terms{Subtype: promotion.Percentage, Value: order.FromInt(10, 0)}}},
	}
	own := must[api.Promoted](h)(h.api.PutPromotion(ctx, "nordlys", r))
	there := must[api.Promoted](h)(h.api.PutPromotion(ctx, "nordlys", r, "market"))
	f.job, f.routeJob = own.Job.ID, there.Routes[0].Job
	browser.Eventually(h.T, "the promotion is kept", func() bool {
		list := must[api.PromotionList](h)(h.api.Promotions(ctx, "nordlys", 0, 0))
		if len(list.Promotions) == 1 {
			f.promotion = fmt.Sprint(list.Promotions[0].ID)
		}
		return f.promotion != ""
	})
}

// orders are of every route: delivered, refused, blocked, invited, reviewed,
// of a wholesaler, and such as a route never saw.
func (h *hub) orders() {
	h.give(told("10042", "online", "anna@kund.example"))
	h.give(told("N-"+script, "outlet", "mallory@kund.example"))
	h.give(told("10043-"+strings.Repeat("0", 40), "outlet", long[:30]+"@kund.example"))
	h.give(told("10044", "wholesale", "bo@kund.example"))
	h.give(told("10045", "mail", "carin@kund.example"))
	h.give(told("10046", "lamps", "dag@kund.example"))
	h.give(strings.Replace(told("abc/17", "dropshipping", "eva@kund.example"), `"session"`, `"account":"sklep-abc","session"`, 1))
	must[api.Shipped](h)(h.api.Ship(h.Context(), "nordlys", "abc/17", api.Shipment{Parcel: "P-1", Courier: "dpd", Lines: []string{"l1"}}))
	for i := range 3 {
		must[[]order.Receipt](h)(h.api.Post(h.Context(), "nordlys", "application/json", strings.NewReader(fmt.Sprintf(`{"order":%s,"history":true}`, told(fmt.Sprint("M-", i), "online", "")))))
	}
	for i, stars := range []int{5, 2} {
		must[[]order.Receipt](h)(h.api.Append(h.Context(), "nordlys", []order.Entry{{
			Subject: order.Subject{Kind: order.SubjectOrder, ID: "10045"}, Happening: &order.Happening{
				Kind: order.KindReviewed, At: order.At(time.Now()), Ref: fmt.Sprint("r", i), Title: "Gott " + script, Note: long,
				Review: &order.Reviewed{ID: fmt.Sprint("r", i), About: order.AboutShop, Stars: stars, Tags: []string{"webb"}, Location: "Stockholm"},
			},
		}}, false))
	}
}

// people are users, credentials, tokens, and a connected route.
func (h *hub) people(f *filled) {
	ctx := h.Context()
	f.welcome = must[api.InvitedUser](h)(h.api.InviteUser(ctx, api.NewUser{Name: "bo", Role: user.Operator})).Token
	must[api.NewToken](h)(h.api.CreateToken(ctx, "nordlys", "shelf", api.Read))
	must[api.NewToken](h)(h.api.CreateToken(ctx, api.Hub, "nightly-backup", api.Admin))
	must[api.NewCredential](h)(h.api.CreateCredential(ctx, api.CredentialRef{Shop: "nordlys", Partner: "citrusad", Name: "till"}, map[string]api.FieldValue{"channel": {"till"}}))
	must[api.NewCredential](h)(h.api.CreateCredential(ctx, api.CredentialRef{Shop: "nordlys", Partner: "deliveryhero", Kind: "token", Name: "Orders <script>"}, nil))
	must[api.RouteSetup](h)(h.api.ConnectRoute(ctx, "nordlys", api.NewRoute{Name: "fair", RouteSpec: api.RouteSpec{
		Partner: "citrusad", Rules: map[string]api.FieldValue{"when": {`order.channel == "fair"`}},
		Settings: map[string]api.FieldValue{"base_url": {h.sandbox + "/citrusad"}, "api_key": {"sandbox-secret-key"}},
	}}))
	f.template = must[review.Template](h)(h.api.PutTemplate(ctx, "nordlys", api.NewTemplate{
		Name: "Tack " + script, Kind: "shop", Locale: "sv", Subject: "Hej {{.FirstName}}", Text: "Tack! " + script + "\n{{.Link}}\n{{.Unsubscribe}}",
	})).ID
	h.done(h.api.Pause(ctx, "nordlys", "lamps", "stocktaking until Monday "+script))
}

// calls are such as a door heard, and refused.
func (h *hub) calls(f *filled) {
	ctx := h.Context()
	c := must[capture.Capture](h)(h.api.StartCapture(ctx, "nordlys", capture.Spec{Door: "citrusad", Seconds: 3600}))
	f.capture = c.ID
	ask := func(method, path, key, body string, status int) {
		h.Helper()
		r, err := http.NewRequestWithContext(ctx, method, h.app.URL()+path, strings.NewReader(body))
		h.done(err)
		r.Header.Set("Authorization", "Basic "+key)
		r.Header.Set("Content-Type", "application/json")
		resp, err := http.DefaultClient.Do(r)
		h.done(err)
		resp.Body.Close()
		if resp.StatusCode != status {
			h.Fatalf("%s %s: %d", method, path, resp.StatusCode)
		}
	}
	ask("POST", "/citrusad/v1/orders", "sk-12345", "{", 400)
	ask("POST", "/citrusad/v1/orders", "wrong", "{}", 401)
	browser.Eventually(h.T, "the call is heard", func() bool {
		return must[capture.Count](h)(h.api.CaptureCount(ctx, "nordlys", c.ID)).Recorded == 1
	})
	must[capture.Capture](h)(h.api.StopCapture(ctx, "nordlys", c.ID))
}

const mapping = "columns: {Number: order.id, Placed: order.placed_at, Item: line.product.code, Count: line.quantity, Price: line.unit_price}\n"

// files are imports, and a look at what is missing.
func (h *hub) files(f *filled) {
	ctx := h.Context()
	rows := "Number,Placed,Item,Count,Price\nI-1,2026-03-01T10:00:00+01:00,K-38" + script + ",1,3.00\nI-2,2026-03-01T10:00:00+01:00,K-39,2,3.00\nI-bad,yesterday,K-38,1,3.00\n"
	for _, id := range []*string{&f.imported, &f.waiting} {
		in := must[api.Import](h)(h.api.UploadImport(ctx, "nordlys", "orders "+script+".csv", strings.NewReader(rows)))
		*id = in.ID
		must[api.Import](h)(h.api.ConfigureImport(ctx, "nordlys", in.ID, api.ImportSettings{Mapping: mapping}))
	}
	must[api.Import](h)(h.api.StartImport(ctx, "nordlys", f.imported))
	browser.Eventually(h.T, "the file is read", func() bool {
		return must[api.Import](h)(h.api.Import(ctx, "nordlys", f.imported)).State == "done"
	})
	f.check = must[api.Check](h)(h.api.BeginCheck(ctx, "nordlys", api.CheckMissing, api.CheckSpec{Route: "ads"})).ID
	browser.Eventually(h.T, "what is missing is known", func() bool {
		return must[api.Check](h)(h.api.Check(ctx, "nordlys", api.CheckMissing, f.check)).State == "done"
	})
}

// settles waits until everything stands as it stays.
func (h *hub) settles() {
	h.Helper()
	wanted := map[string]map[delivery.State]int64{"ads": {delivery.Delivered: 1}, "outlet": {delivery.Refused: 2}, "mail": {delivery.Ready: 1}}
	browser.Eventually(h.T, "the orders are where they go", func() bool {
		for _, r := range must[api.Routes](h)(h.api.Routes(h.Context(), "nordlys")).Routes {
			if want, ok := wanted[r.Name]; ok && !maps.Equal(r.Counts, want) {
				return false
			}
		}
		return true
	})
}
