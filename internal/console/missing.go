package console

import (
	"cmp"
	"errors"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/ordermux/ordermux/internal/api"
	"github.com/ordermux/ordermux/internal/order"
)

func (c *Console) missingPlaces() []place {
	return []place{
		{at: "GET /shops/{shop}/missing", do: c.missing},
		{at: "POST /shops/{shop}/missing", do: c.beginCheck, calls: []string{"POST /shops/{shop}/checks/{kind}"}},
		{at: "GET /shops/{shop}/missing/{kind}/{id}", do: c.check},
		{at: "POST /shops/{shop}/missing/{kind}/{id}", do: c.actOnCheck, calls: []string{
			"POST /shops/{shop}/checks/{kind}", "POST /shops/{shop}/checks/{kind}/{id}/cancel",
		}},
		{at: "GET /shops/{shop}/missing/{kind}/{id}/backfill", do: c.confirmBackfill},
	}
}

// missingPage is where partners' gaps are looked for.
type missingPage struct {
	Routes    []string
	Checks    []api.Check // the newest first
	Backfills []api.Check
	Route     string // as it was typed
	From, To  string
	Error     string // a key
	Field     string
}

const checksShown = 20

func (c *Console) missing(v *visit) error {
	return v.showMissing(http.StatusOK, missingPage{Route: v.URL.Query().Get("route")})
}

func (v *visit) showMissing(status int, p missingPage) error {
	shop, err := v.shop()
	if err != nil {
		return err
	}
	for _, r := range shop.Routes {
		p.Routes = append(p.Routes, r.Name)
	}
	for kind, into := range map[string]*[]api.Check{api.CheckMissing: &p.Checks, api.CheckBackfill: &p.Backfills} {
		list, err := v.hub.Checks(v.Context(), shop.ID, kind, api.ListOptions{Limit: checksShown})
		if err != nil {
			return err
		}
		*into = list.Checks
	}
	return v.show(status, "missing", "nav.missing", p)
}

// beginCheck begins to look for what a route lacks.
func (c *Console) beginCheck(v *visit) error {
	shop, err := v.shop()
	if err != nil {
		return err
	}
	p := missingPage{Route: v.PostFormValue("route"), From: v.PostFormValue("from"), To: v.PostFormValue("to")}
	spec, failure := p.spec(zoneOf(shop))
	if failure == "" {
		return v.beginChecks(shop, p, spec)
	}
	p.Error = failure
	return v.showMissing(http.StatusUnprocessableEntity, p)
}

// spec reads the form; failure is a key, and p names its field.
func (p *missingPage) spec(zone *time.Location) (spec api.CheckSpec, failure string) {
	var err error
	if spec.From, err = day("from", p.From, 0, zone); err == nil {
		spec.To, err = day("to", p.To, 1, zone)
	}
	if field, ok := errors.AsType[errDay](err); ok {
		p.Field = string(field)
		return spec, "missing.baddate"
	}
	if !spec.To.IsZero() && !spec.From.Before(spec.To) {
		p.Field = "to"
		return spec, "missing.badrange"
	}
	return spec, ""
}

// beginChecks begins one check, or one of every route.
func (v *visit) beginChecks(shop api.Shop, p missingPage, spec api.CheckSpec) error {
	routes := []string{p.Route}
	if p.Route == "" {
		routes = nil
		for _, r := range shop.Routes {
			routes = append(routes, r.Name)
		}
	}
	var made api.Check
	var err error
	for _, spec.Route = range routes {
		made, err = v.hub.BeginCheck(v.Context(), shop.ID, api.CheckMissing, spec)
		if errors.Is(err, order.ErrNotFound) {
			p.Error, p.Field = "missing.noroute", "route"
			return v.showMissing(http.StatusUnprocessableEntity, p)
		}
		if err != nil {
			return err
		}
	}
	if p.Route == "" {
		return v.to(shopPath(shop.ID, "missing"))
	}
	return v.to(shopPath(shop.ID, "missing", made.Kind, made.ID))
}

// checkPage is one check, or one backfill.
type checkPage struct {
	api.Check
	Percent int
	Codes   []codeCount
	Orders  []judged // the first ones
	Export  string   // address of all that is missing
}

type codeCount struct {
	Key string
	N   int64
}

// judged is an order with what a route does with it.
type judged struct {
	api.Verdict
	Key string
}

func judgedAll(list []api.Verdict) (out []judged) {
	for _, v := range list {
		out = append(out, judged{v, actionKey(cmp.Or(codeShown(v.Code), v.Action))})
	}
	return out
}

// codeShown is a code that says more than "skip" or "wait" does; "" for others.
func codeShown(code string) string {
	if slices.Contains([]string{"history", "before_start", "not_considered"}, code) {
		return code
	}
	return ""
}

// actionKey is the text of what a route does with an order that it lacks: a
// state of its delivery, what its rules say, or why they are not asked yet.
func actionKey(action string) string {
	if slices.Contains([]string{"send", "skip", "hold", "wait"}, action) || codeShown(action) != "" {
		return "import.action." + action
	}
	return "delivery." + action
}

func (v *visit) checkPage() (p checkPage, err error) {
	shop := v.PathValue("shop")
	if p.Check, err = v.hub.Check(v.Context(), shop, v.PathValue("kind"), v.PathValue("id")); err != nil {
		return p, err
	}
	g := p.Progress
	if all := g.ToSeq - g.FromSeq + 1; all > 0 {
		p.Percent = int(100 * (g.Seq - g.FromSeq + 1) / all)
	}
	for _, action := range slices.SortedFunc(maps.Keys(g.Codes), func(a, b string) int {
		if n := g.Codes[b] - g.Codes[a]; n != 0 {
			return n
		}
		return strings.Compare(a, b)
	}) {
		p.Codes = append(p.Codes, codeCount{actionKey(action), int64(g.Codes[action])})
	}
	p.Orders = judgedAll(g.Orders)
	q := url.Values{"route": {p.Route}, "to": {until(p.Check).Format(time.RFC3339Nano)}}
	if !p.From.IsZero() {
		q.Set("from", p.From.Format(time.RFC3339Nano))
	}
	p.Export = shopPath(shop, "download", "reconcile") + "?" + q.Encode()
	return p, nil
}

// until is when what a check counted ends: what came since is not part of it.
func until(c api.Check) time.Time {
	if c.To.IsZero() {
		return c.Created
	}
	return c.To
}

func (c *Console) check(v *visit) error {
	p, err := v.checkPage()
	if err != nil {
		return err
	}
	title := "nav.missing"
	if p.Kind == api.CheckBackfill {
		title = "missing.backfill"
	}
	return v.show(http.StatusOK, "check", title, p)
}

// confirmBackfill says how many would be sent, before they are.
func (c *Console) confirmBackfill(v *visit) error {
	p, err := v.checkPage()
	if err != nil {
		return err
	}
	if p.Kind != api.CheckMissing || p.State != "done" || p.Progress.Sent == 0 {
		return v.to(shopPath(v.PathValue("shop"), "missing", p.Kind, p.ID))
	}
	return v.show(http.StatusOK, "backfill", "missing.backfill", p)
}

func (c *Console) actOnCheck(v *visit) error {
	shop, kind, id := v.PathValue("shop"), v.PathValue("kind"), v.PathValue("id")
	switch v.PostFormValue("act") {
	case "cancel":
		if _, err := v.hub.CancelCheck(v.Context(), shop, kind, id); err != nil && !errors.Is(err, order.ErrConflict) {
			return err
		}
		return v.to(shopPath(shop, "missing", kind, id))
	case "backfill":
		found, err := v.hub.Check(v.Context(), shop, api.CheckMissing, id)
		if err != nil {
			return err
		}
		spec := found.CheckSpec
		spec.To = until(found)
		made, err := v.hub.BeginCheck(v.Context(), shop, api.CheckBackfill, spec)
		if err != nil {
			return err
		}
		return v.to(shopPath(shop, "missing", made.Kind, made.ID))
	}
	return v.fail(http.StatusNotFound, "error.notfound")
}
