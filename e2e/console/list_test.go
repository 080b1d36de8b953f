package console

import (
	"net/url"
	"regexp"
	"strings"

	"github.com/ordermux/ordermux/internal/partner/all"
)

// pages are all pages, with something to show.
func (h *hub) pages(f *filled) []page {
	const shop = "/shops/nordlys"
	evil := url.PathEscape("N-" + script)
	list := []page{
		{"sign-in", "/sign-in", "/sign-in?to=%2Fusers"},
		{"welcome", "/welcome/{token}", "/welcome/" + f.welcome},
		{"overview", "/{$}", "/"},
		{"account", "/account", "/account"},
		{"users", "/users", "/users"},
		{"tokens-hub", "/tokens", "/tokens"},
		{"audit", "/audit", "/audit"},
		{"docs", "/docs", "/docs"},
		{"docs-one", "/docs/{api}", "/docs/citrusad"},
	}
	for _, p := range []page{
		{"orders", "/orders", "/orders"},
		{"orders-none", "/orders", "/orders?q=nobody%40kund.example&by=parcel&route=ads"},
		{"order", "/orders/{id}", "/orders/10042"},
		{"order-refused", "/orders/{id}", "/orders/" + evil},
		{"order-invited", "/orders/{id}", "/orders/10045"},
		{"correct", "/orders/{id}/correct", "/orders/" + evil + "/correct"},
		{"stuck", "/stuck", "/stuck"},
		{"stuck-group", "/stuck/{route}/{cause}", "/stuck/outlet/unknown_product"},
		{"missing", "/missing", "/missing"},
		{"check", "/missing/{kind}/{id}", "/missing/missing/" + f.check},
		{"backfill", "/missing/{kind}/{id}/backfill", "/missing/missing/" + f.check + "/backfill"},
		{"imports", "/import", "/import"},
		{"import", "/import/{id}", "/import/" + f.imported},
		{"import-waiting", "/import/{id}", "/import/" + f.waiting},
		{"routes", "/routes", "/routes"},
		{"route", "/routes/{route}", "/routes/ads"},
		{"route-edit", "/routes/{route}/edit", "/routes/fair/edit"},
		{"connect", "/connect", "/connect?partner=citrusad"},
		{"doors", "/doors", "/doors"},
		{"credential-new", "/doors/{partner}", "/doors/deliveryhero?kind=token"},
		{"credential", "/doors/{partner}/{name}", "/doors/citrusad/till"},
		{"tokens", "/tokens", "/tokens"},
		{"invitations", "/invitations", "/invitations"},
		{"invitation", "/invitations/orders/{order}", "/invitations/orders/10045"},
		{"invitation-settings", "/invitations/settings", "/invitations/settings"},
		{"templates", "/invitations/templates", "/invitations/templates"},
		{"template", "/invitations/templates/edit", "/invitations/templates/edit?id=" + url.QueryEscape(f.template)},
		{"reviews", "/reviews", "/reviews?by=tag"},
		{"promotions", "/promotions", "/promotions?store=K-1&skus=K-38+K-39"},
		{"promotion-new", "/promotions/new", "/promotions/new"},
		{"promotion", "/promotions/{promotion}", "/promotions/" + f.promotion},
		{"promotion-job", "/promotions/jobs/{job}", "/promotions/jobs/" + f.job},
		{"promotion-route-job", "/promotions/routes/{route}/{job}", "/promotions/routes/market/" + f.routeJob},
		{"catalog", "/catalog", "/catalog"},
		{"product", "/catalog/products/{code}", "/catalog/products/K-38"},
		{"product-import", "/catalog/import", "/catalog/import"},
		{"dropship", "/dropship", "/dropship"},
		{"dropship-order", "/dropship/orders/{id}", "/dropship/orders/abc%2F17"},
		{"listening", "/listening", "/listening"},
		{"listened", "/listening/{of}/{id}", "/listening/shop/" + f.capture},
		{"settings", "/settings", "/settings"},
		{"retention", "/settings/retention", "/settings/retention?count=1"},
	} {
		list = append(list, page{p.name, "/shops/{shop}" + p.place, shop + p.path})
	}
	for i := range list {
		list[i].place = "GET " + list[i].place
	}
	return append(append(more(), list...), empties()...)
}

// more are pages of a kind that is looked at already, which a partner makes
// another one.
func more() (list []page) {
	for _, p := range all.List() {
		if p.Route != nil && p.Name != "citrusad" {
			list = append(list, page{"more-connect-" + p.Name, "GET /shops/{shop}/connect", "/shops/nordlys/connect?partner=" + p.Name})
		}
	}
	return append(list, page{"more-docs", "GET /docs/{api}", "/docs/ordermux"})
}

// empties are pages of a shop that has nothing yet.
func empties() (list []page) {
	for _, at := range strings.Fields("orders stuck missing import routes doors tokens invitations invitations/templates reviews promotions catalog dropship listening settings settings/retention") {
		list = append(list, page{"empty-" + strings.ReplaceAll(at, "/", "-"), "GET /shops/{shop}/" + at, "/shops/empty/" + at})
	}
	return list
}

// changing is what is another one each time, or each day.
var changing = []struct {
	what *regexp.Regexp
	as   string
}{
	{regexp.MustCompile(`\d{4}-\d\d-\d\d[ T]\d\d:\d\d(:\d\d)?( ?[+-]\d\d:\d\d|Z)?`), "TIME"},
	{regexp.MustCompile(`\d{4}-\d\d-\d\d`), "DAY"},
	{regexp.MustCompile(`\b\d\d:\d\d(:\d\d(\.\d+)?)?\b`), "CLOCK"},
	{regexp.MustCompile(`\b[0-9a-f]{16,}\b`), "HASH"},
	{regexp.MustCompile(`127\.0\.0\.1:\d+`), "127.0.0.1:PORT"},
	{regexp.MustCompile(`/tmp/[^"\s]*`), "FOLDER"},
	{regexp.MustCompile(`\b[0-9a-z]{12}-[0-9a-z]{6}\b`), "ID"},
	{regexp.MustCompile(`capture [0-9a-z]{12}\b`), "capture ID"},
	{regexp.MustCompile(`\b\d+(\.\d+)? m?s\b`), "TOOK"},
	{regexp.MustCompile(`cell "\d+\.\d+"`), `cell "TOOK"`},
	{regexp.MustCompile(`\b(\d+|an?|one) (second|minute|hour)s?\b`), "SPAN"},
}

// masked is a tree without what changes.
func masked(tree string) string {
	for _, c := range changing {
		tree = c.what.ReplaceAllString(tree, c.as)
	}
	return tree
}
