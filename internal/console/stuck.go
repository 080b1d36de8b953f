package console

import (
	"context"
	"net/http"
	"net/url"
	"slices"
	"time"

	"github.com/ordermux/ordermux/internal/api"
	"github.com/ordermux/ordermux/internal/cause"
	"github.com/ordermux/ordermux/internal/delivery"
)

func (c *Console) stuckPlaces() []place {
	return []place{
		{at: "GET /shops/{shop}/stuck", do: c.stuck},
		{at: "GET /shops/{shop}/stuck/{route}/{cause}", do: c.stuckGroup},
		{at: "POST /shops/{shop}/stuck/{route}/{cause}", do: c.actOnStuck, calls: []string{
			"POST /shops/{shop}/deliveries/retry", "POST /shops/{shop}/deliveries/drop", "POST /shops/{shop}/routes/{route}/resume",
		}},
	}
}

// stuckPage lists what does not go on, by route and cause.
type stuckPage struct {
	Groups []stuckView
	Route  string // only what is stuck there; "": all
}

// stuckView is a group, with where it can be mended.
type stuckView struct {
	api.StuckGroup
	Path     string // of its own page
	Settings string // of the route; "": nothing to be mended there
	Catalog  string
	Correct  bool // the orders can be corrected
}

// Alone reports whether all of them go on without a person.
func (v stuckView) Alone() bool { return v.Person == 0 && !v.Blocked && v.Halted == "" }

// Where a cause can be mended: in the settings of its route, in its orders, in
// the catalogue.
var (
	inSettings = []cause.Cause{
		cause.WrongKey, cause.MissingRight, cause.WrongAccount, cause.WrongURL, cause.Certificate, cause.NameNotFound, cause.MissingField,
		cause.UnknownTemplate, cause.NoStock, cause.NoCourier, cause.Rule, cause.RateLimit, cause.Timeout, cause.Other,
	}
	inOrders  = []cause.Cause{cause.InvalidAddress, cause.MissingField, cause.NoCourier, cause.UnknownProduct, cause.Refused}
	inCatalog = []cause.Cause{cause.UnknownProduct, cause.NoStock}
)

func (c *Console) viewOf(shop string, g api.StuckGroup) stuckView {
	v := stuckView{StuckGroup: g, Path: shopPath(shop, "stuck", g.Route, string(g.Cause))}
	if g.Halted != delivery.Gone && c.has["GET /shops/{shop}/routes/{route}"] && slices.Contains(inSettings, g.Cause) {
		v.Settings = shopPath(shop, "routes", g.Route)
	}
	if c.has["GET /shops/{shop}/catalog"] && slices.Contains(inCatalog, g.Cause) {
		v.Catalog = shopPath(shop, "catalog")
	}
	v.Correct = c.has["GET /shops/{shop}/orders/{id}/correct"] && slices.Contains(inOrders, g.Cause)
	return v
}

func (c *Console) stuck(v *visit) error {
	shop := v.PathValue("shop")
	p := stuckPage{Route: v.URL.Query().Get("route")}
	list, err := v.hub.Stuck(v.Context(), shop, p.Route, "")
	if err != nil {
		return err
	}
	for _, g := range list.Groups {
		p.Groups = append(p.Groups, c.viewOf(shop, g))
	}
	return v.show(http.StatusOK, "stuck", "stuck.title", p)
}

// stuckGroupPage lists the deliveries of a group, those of one outcome at a time.
type stuckGroupPage struct {
	stuckView
	Code       string // of those listed
	Deliveries []api.Delivery
	More       string
}

// stuckShown is how many deliveries of a group a page lists.
const stuckShown = 50

func (c *Console) stuckGroup(v *visit) error {
	shop := v.PathValue("shop")
	g, err := v.group(shop)
	if err != nil {
		return err
	}
	p := stuckGroupPage{stuckView: c.viewOf(shop, g), Code: v.URL.Query().Get("code")}
	if !slices.Contains(g.Codes, p.Code) && len(g.Codes) > 0 {
		p.Code = g.Codes[0]
	}
	if p.Code == "" {
		return v.show(http.StatusOK, "stuck-group", "stuck.title", p)
	}
	o := api.ListOptions{Route: g.Route, Code: p.Code, Limit: stuckShown, Cursor: v.URL.Query().Get("cursor")}
	for s := range g.States {
		o.States = append(o.States, string(s))
	}
	slices.Sort(o.States)
	list, err := v.hub.Deliveries(v.Context(), shop, o)
	if err != nil {
		return err
	}
	p.Deliveries = list.Deliveries
	if list.Next != "" {
		p.More = v.URL.Path + "?" + url.Values{"code": {p.Code}, "cursor": {list.Next}}.Encode()
	}
	return v.show(http.StatusOK, "stuck-group", "stuck.title", p)
}

// group is what the path names; without deliveries if nothing of it is stuck any
// more.
func (v *visit) group(shop string) (api.StuckGroup, error) {
	g := api.StuckGroup{Route: v.PathValue("route"), Cause: cause.Cause(v.PathValue("cause"))}
	if !slices.Contains(cause.All(), g.Cause) {
		return g, &api.Problem{Status: http.StatusNotFound}
	}
	list, err := v.hub.Stuck(v.Context(), shop, g.Route, g.Cause)
	if err == nil && len(list.Groups) > 0 {
		g = list.Groups[0]
	}
	return g, err
}

// stuckAct asks before something is done to many.
type stuckAct struct {
	stuckView
	Act  string // "retry", "drop"
	N    int64
	Many bool // it takes a while
}

// ofMany is an act of the API on what a selection selects.
type ofMany func(ctx context.Context, shop string, s api.Selection) (api.Acted, error)

// mostJudged is how many deliveries are looked at one by one to say what would
// be done; of more, those that are stuck are counted.
const mostJudged = 1000

// manyTime is how long somebody may wait to hear what became of many.
const manyTime = time.Hour

// actOnStuck does what a button says; what concerns many only when the question
// was answered.
func (c *Console) actOnStuck(v *visit) error {
	shop, act := v.PathValue("shop"), v.PostFormValue("act")
	g, err := v.group(shop)
	if err != nil {
		return err
	}
	do := ofMany(v.hub.Retry)
	switch act {
	case "retry":
	case "drop":
		do = v.hub.Drop
	case "resume":
		if err := v.hub.Resume(v.Context(), shop, g.Route); err != nil {
			return err
		}
		return v.done(shopPath(shop, "stuck"), "stuck.resume", 0)
	default:
		return v.fail(http.StatusNotFound, "error.notfound")
	}
	s := api.Selection{Route: g.Route, Cause: g.Cause, States: ofAct(act, g.States)}
	if v.PostFormValue("sure") != "yes" {
		return c.askStuck(v, do, act, g, s)
	}
	if len(s.States) == 0 {
		return v.done(shopPath(shop, "stuck"), "stuck."+act, 0)
	}
	// Of many it takes longer than a page, and goes on without who asked for it.
	_ = http.NewResponseController(v.w).SetWriteDeadline(time.Now().Add(manyTime))
	acted, err := do(v.Context(), shop, s)
	if err != nil {
		return err
	}
	return v.done(shopPath(shop, "stuck"), "stuck."+act, int(acted.Count))
}

// ofAct are the states of a group that an act is for: what goes on by itself is
// not sent again.
func ofAct(act string, states map[delivery.State]int64) (list []delivery.State) {
	for s := range states {
		if act == "drop" || s.Listed() {
			list = append(list, s)
		}
	}
	slices.Sort(list)
	return list
}

// askStuck shows how many an act is about before it is done.
func (c *Console) askStuck(v *visit, do ofMany, name string, g api.StuckGroup, s api.Selection) error {
	shop := v.PathValue("shop")
	p := stuckAct{stuckView: c.viewOf(shop, g), Act: name}
	for _, state := range s.States {
		p.N += g.States[state]
	}
	p.Many = p.N > mostJudged
	if p.N > 0 && !p.Many {
		s.DryRun = true
		would, err := do(v.Context(), shop, s)
		if err != nil {
			return err
		}
		p.N = would.Count
	}
	return v.show(http.StatusOK, "stuck-act", "stuck."+name+".title", p)
}
