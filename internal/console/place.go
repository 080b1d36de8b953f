package console

import (
	"net/http"
	"slices"
	"strings"

	"github.com/ordermux/ordermux/internal/api"
	"github.com/ordermux/ordermux/internal/user"
)

// place is a page of the console or an act of one.
type place struct {
	at string // pattern of a http.ServeMux, with its method
	do handler
	// calls are what it calls of the API beside calls that only look, such as
	// "POST /shops/{shop}/deliveries/retry", below /api/v1. It can call nothing
	// else. Acts that name none end or begin a session, or are about one's own.
	calls []string
	open  bool  // for everybody, not only for users
	file  bool  // it answers with a file or a stream, not with a page
	takes int64 // the greatest body in bytes; 0: maxForm
}

// places are all pages and acts.
func (c *Console) places() []place {
	return slices.Concat(
		c.signPlaces(), c.accountPlaces(), c.userPlaces(), c.overviewPlaces(), c.ordersPlaces(), c.orderPlaces(), c.livePlaces(), c.stuckPlaces(), c.docsPlaces(), c.listeningPlaces(), c.promotionsPlaces(), c.catalogPlaces(), c.invitationsPlaces(), c.dropshipPlaces(),
		c.doorPlaces(), c.tokenPlaces(), c.auditPlaces(), c.settingsPlaces(), c.retentionPlaces(), c.importPlaces(), c.missingPlaces(), c.routePlaces(),
	)
}

// Pages are the patterns of all places that answer with a page, as of a
// http.ServeMux, with their method.
func Pages() (list []string) {
	for _, p := range (&Console{}).places() {
		if strings.HasPrefix(p.at, "GET ") && !p.file {
			list = append(list, p.at)
		}
	}
	return list
}

// Acts are the patterns of all places that do something when a form is sent
// there, as of Pages.
func Acts() (list []string) {
	for _, p := range (&Console{}).places() {
		if !strings.HasPrefix(p.at, "GET ") {
			list = append(list, p.at)
		}
	}
	return list
}

// link is an entry of the menu.
type link struct{ Path, Key string }

// shopMenu are the pages of a shop, below its path, in the sequence shown.
var shopMenu = []link{
	{"orders", "nav.orders"}, {"stuck", "nav.stuck"}, {"missing", "nav.missing"}, {"import", "nav.import"}, {"routes", "nav.routes"}, {"doors", "nav.doors"},
	{"invitations", "nav.invitations"}, {"reviews", "nav.reviews"}, {"promotions", "nav.promotions"}, {"catalog", "nav.catalog"}, {"dropship", "nav.dropship"}, {"listening", "nav.listening"},
	{"settings", "nav.settings"},
}

// hubMenu are the pages of no shop.
var hubMenu = []link{{"/", "nav.overview"}, {"/audit", "nav.audit"}, {"/users", "nav.users"}, {"/docs", "nav.docs"}, {"/account", "nav.account"}}

// Menu are the entries for whoever looks; Current is where he is.
type menu struct {
	Hub, Shop []link
	Shops     []api.Shop
	At        string
	In        api.Shop // the shop of the page, or the only one there is; no ID: none
}

// Here reports whether an entry leads to the page that is shown, or to one that
// it belongs below.
func (m menu) Here(l link) bool {
	return l.Path == m.At || l.Path != "/" && strings.HasPrefix(m.At, l.Path+"/")
}

// menu leads to what there is and he may see.
func (c *Console) menu(f *frame) menu {
	m := menu{At: f.At, Shops: f.Shops, In: f.In}
	if m.In.ID == "" && len(f.Shops) == 1 {
		m.In = f.Shops[0]
	}
	for _, l := range hubMenu {
		pattern := "GET " + l.Path
		if l.Path == "/" {
			pattern = "GET /{$}"
		}
		if c.has[pattern] && (l.Path != "/users" || f.User.Role == user.Admin) {
			m.Hub = append(m.Hub, l)
		}
	}
	for _, l := range shopMenu {
		if m.In.ID != "" && c.has["GET /shops/{shop}/"+l.Path] {
			m.Shop = append(m.Shop, link{shopPath(m.In.ID, l.Path), l.Key})
		}
	}
	return m
}

func (c *Console) register() {
	for _, p := range c.places() {
		c.has[p.at] = true
		h := c.signed(p)
		if p.open {
			h = c.open(p)
		}
		c.mux.HandleFunc(p.at, h)
	}
	c.mux.HandleFunc("GET /static/{name}", serveStatic)
	c.mux.HandleFunc("/", c.open(place{do: func(v *visit) error { return v.fail(http.StatusNotFound, "error.notfound") }}))
}
