package console

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/ordermux/ordermux/internal/api"
	"github.com/ordermux/ordermux/internal/cause"
	"github.com/ordermux/ordermux/internal/delivery"
	"github.com/ordermux/ordermux/internal/user"
)

func (c *Console) routePlaces() []place {
	const one = "/shops/{shop}/routes/{route}"
	return []place{
		{at: "GET /shops/{shop}/routes", do: c.routes},
		{at: "GET " + one, do: c.route},
		{at: "POST " + one, do: c.actOnRoute, calls: []string{
			"POST " + one + "/pause", "POST " + one + "/resume", "POST " + one + "/try", "POST " + one + "/rehearse",
			"POST " + one + "/test-message", "POST " + one + "/replay", "DELETE " + one,
		}},
		{at: "GET " + one + "/edit", do: c.editRoute},
		{at: "POST " + one + "/edit", do: c.saveRoute, calls: []string{"PUT " + one, "POST /shops/{shop}/try-route"}},
		{at: "GET /shops/{shop}/connect", do: c.connect},
		{at: "POST /shops/{shop}/connect", do: c.saveRoute, calls: []string{"POST /shops/{shop}/routes", "POST /shops/{shop}/try-route"}},
	}
}

// routesPage lists the routes of a shop.
type routesPage struct {
	Routes   []routeOverview
	Partners []api.RoutePartner // to which one can be connected; none: he may not
}

func (c *Console) routes(v *visit) error {
	shop, err := v.shop()
	if err != nil {
		return err
	}
	o, err := v.shopOverview(shop)
	if err != nil {
		return err
	}
	p := routesPage{Routes: o.Routes}
	if v.may(user.Admin) {
		list, err := v.hub.RoutePartners(v.Context())
		if err != nil {
			return err
		}
		p.Partners = list.Partners
	}
	return v.show(http.StatusOK, "routes", "routes.title", p)
}

// may reports whether whoever looks has at least a role.
func (v *visit) may(role user.Role) bool { return frame{User: v.user}.May(role) }

// routePage is one route: how it stands, how it is set up, what it would do.
type routePage struct {
	Route    api.Route
	Setup    *api.RouteSetup // nil: it is not set up any more
	States   []stateCount
	Percent  int // of the shop's events that it has considered
	Behind   int64
	Settings []shownSetting
	Rules    []shownSetting
	Tried    *triedView
	Order    string // typed, for a trial
	From, To string // typed, for a replay
	Trial    *api.Rehearsal
	Problem  *refusal
	Replay   *replaying
}

// triedView is what came of a login, with the likely mend.
type triedView struct {
	api.Tried
	Mend string // a key; "": none is known
}

// triedOf finds the mend among those of deliveries, where it is the same for who
// is only trying.
func triedOf(t api.Tried) *triedView {
	v := &triedView{Tried: t}
	if t.OK || t.Code == "" {
		return v
	}
	switch c := cause.Of(t.Code); c {
	case cause.WrongKey, cause.MissingRight, cause.WrongAccount, cause.WrongURL, cause.Certificate, cause.NameNotFound:
		v.Mend = "cause." + string(c) + ".mend"
	case cause.PartnerDown, cause.Timeout:
		v.Mend = "route.tried.down"
	}
	if t.Code == "no_answer_guard" {
		v.Mend = "route.tried.guard"
	}
	return v
}

type stateCount struct {
	State  string
	N      int64
	Person bool // they wait for one
}

// shownSetting is a setting, or a rule, as it is in force.
type shownSetting struct {
	Name    string
	Values  []string
	Secret  bool // it has one
	Default bool // nobody said so
}

// Given are the settings that somebody gave.
func (p routePage) Given() []shownSetting {
	return slices.DeleteFunc(slices.Clone(p.Settings), func(s shownSetting) bool { return s.Default })
}

// Usual are those that are as their fields say anyway.
func (p routePage) Usual() []shownSetting {
	return slices.DeleteFunc(slices.Clone(p.Settings), func(s shownSetting) bool { return !s.Default })
}

// replaying is a replay that is asked for and not yet begun.
type replaying struct {
	From, To string // as typed
	Count    int64
	First    []api.Verdict
}

// routePage reads a route.
func (v *visit) routePage() (p routePage, err error) {
	shop, name := v.PathValue("shop"), v.PathValue("route")
	list, err := v.hub.Routes(v.Context(), shop)
	if err != nil {
		return p, err
	}
	i := slices.IndexFunc(list.Routes, func(r api.Route) bool { return r.Name == name })
	if i < 0 {
		return p, &api.Problem{Status: http.StatusNotFound}
	}
	p.Route = list.Routes[i]
	for _, s := range slices.Concat(waiting, forPerson, settledStates) {
		if n := p.Route.Counts[s]; n > 0 {
			p.States = append(p.States, stateCount{"delivery." + string(s), n, slices.Contains(forPerson, s)})
		}
	}
	p.Percent, p.Behind = 100, max(0, p.Route.Head-p.Route.Position)
	if all := p.Route.Head - p.Route.Start; p.Behind > 0 && all > 0 {
		p.Percent = int(max(0, 100*(p.Route.Position-p.Route.Start)/all))
	}
	if v.live != nil {
		return p, nil // the rest of the page stays
	}
	setup, err := v.hub.RouteSetup(v.Context(), shop, name)
	var problem *api.Problem
	switch {
	case errors.As(err, &problem) && problem.Status == http.StatusNotFound:
		return p, nil
	case err != nil:
		return p, err
	}
	p.Setup = &setup
	return p, v.addSettings(&p)
}

// settledStates are those in which a delivery stays, and nobody waits for it.
var settledStates = []delivery.State{delivery.Delivered, delivery.Cancelled, delivery.Superseded, delivery.Dropped}

// addSettings lists the settings by the partner's fields, and the rules.
func (v *visit) addSettings(p *routePage) error {
	partner, err := v.routePartner(p.Setup.Partner)
	if err != nil {
		return err
	}
	for _, f := range partner.Fields {
		s := shownSetting{Name: f.Name, Values: p.Setup.Settings[f.Name], Secret: slices.Contains(p.Setup.Secrets, f.Name)}
		if s.Values == nil && f.Default != "" {
			s.Values, s.Default = []string{f.Default}, true
		}
		if s.Secret || s.Values != nil {
			p.Settings = append(p.Settings, s)
		}
	}
	for _, key := range ruleKeys {
		if values := p.Setup.Rules[key]; values != nil {
			p.Rules = append(p.Rules, shownSetting{Name: key, Values: values})
		}
	}
	return nil
}

// routePartner returns what is known of a partner's routes; nothing of one that
// has none.
func (v *visit) routePartner(name string) (api.RoutePartner, error) {
	list, err := v.hub.RoutePartners(v.Context())
	if err != nil {
		return api.RoutePartner{}, err
	}
	i := slices.IndexFunc(list.Partners, func(p api.RoutePartner) bool { return p.Name == name })
	if i < 0 {
		return api.RoutePartner{Name: name, Title: name}, nil
	}
	return list.Partners[i], nil
}

func (c *Console) route(v *visit) error {
	p, err := v.routePage()
	if err != nil {
		return err
	}
	p.Order = v.URL.Query().Get("order")
	return v.show(http.StatusOK, "route", "route.title", p)
}

// actOnRoute does what a button of a route's page says.
func (c *Console) actOnRoute(v *visit) error {
	shop, name := v.PathValue("shop"), v.PathValue("route")
	home, act := shopPath(shop, "routes", name), v.PostFormValue("act")
	var err error
	switch act {
	case "pause":
		err = v.hub.Pause(v.Context(), shop, name, v.typed("reason"))
	case "resume":
		err = v.hub.Resume(v.Context(), shop, name)
	case "remove":
		err, home = v.hub.DisconnectRoute(v.Context(), shop, name), shopPath(shop, "routes")
	case "replaying":
		return v.replay(shop, name, home)
	case "try", "message", "trial", "replay":
		return v.askRoute(act)
	default:
		return v.fail(http.StatusNotFound, "error.notfound")
	}
	if err != nil {
		return v.refuseOnRoute(err)
	}
	return v.done(home, "route_"+act, 0)
}

// askRoute shows on the route's page what came of a question.
func (v *visit) askRoute(act string) error {
	shop, name := v.PathValue("shop"), v.PathValue("route")
	p, err := v.routePage()
	if err != nil {
		return err
	}
	switch act {
	case "try":
		var tried api.Tried
		tried, err = v.hub.TryRoute(v.Context(), shop, name)
		p.Tried = triedOf(tried)
	case "message":
		var said api.TestMessage
		said, err = v.hub.TestMessage(v.Context(), shop, name, "")
		p.Tried = triedOf(api.Tried{OK: err == nil, Said: said.Said})
		var problem *api.Problem
		if errors.As(err, &problem) && problem.Status >= 500 && problem.Status != http.StatusInternalServerError {
			p.Tried.Said, err = problem.Detail, nil
		}
	case "trial":
		p.Order = v.typed("order")
		var trial api.Rehearsal
		trial, err = v.hub.Rehearse(v.Context(), shop, name, p.Order)
		p.Trial = &trial
		var problem *api.Problem
		if errors.As(err, &problem) && problem.Status == http.StatusNotFound {
			err = &api.Problem{Status: http.StatusUnprocessableEntity, Detail: v.c.texts.Say(v.lang, "route.trial.none")}
		}
	case "replay":
		err = v.countReplay(&p)
	}
	if err != nil {
		p.Tried, p.Trial, p.Replay = nil, nil, nil
		return v.refusedOn(p, err)
	}
	return v.show(http.StatusOK, "route", "route.title", p)
}

// refuseOnRoute shows on the route's page why something was not done.
func (v *visit) refuseOnRoute(err error) error {
	p, read := v.routePage()
	if read != nil {
		return err
	}
	return v.refusedOn(p, err)
}

func (v *visit) refusedOn(p routePage, err error) error {
	if p.Problem = refusalOf(err); p.Problem == nil {
		return err
	}
	return v.show(p.Problem.status(), "route", "route.title", p)
}

// replayOf reads which orders are to be sent again: those accepted between two
// times of the shop's, or all.
func (v *visit) replayOf(dry bool) (api.Selection, error) {
	shop, err := v.shop()
	if err != nil {
		return api.Selection{}, err
	}
	s := api.Selection{DryRun: dry}
	for name, into := range map[string]*time.Time{"from": &s.From, "to": &s.To} {
		text := v.typed(name)
		if text == "" {
			continue
		}
		if *into, err = time.ParseInLocation(minute, text, zoneOf(shop)); err != nil {
			return s, &api.Problem{Status: http.StatusUnprocessableEntity, Detail: v.c.texts.Say(v.lang, "route.replay.badtime")}
		}
	}
	s.All = s.From.IsZero() && s.To.IsZero()
	return s, nil
}

func (v *visit) countReplay(p *routePage) error {
	p.From, p.To = v.typed("from"), v.typed("to")
	s, err := v.replayOf(true)
	if err != nil {
		return err
	}
	acted, err := v.hub.Replay(v.Context(), v.PathValue("shop"), v.PathValue("route"), s)
	p.Replay = &replaying{From: p.From, To: p.To, Count: acted.Count, First: acted.Verdicts}
	p.Replay.First = p.Replay.First[:min(len(p.Replay.First), firstShown)]
	return err
}

// firstShown is how many orders are named before something is done to many.
const firstShown = 10

// patience is how long a browser waits for an act on many: after that it goes on
// by itself, and the route's page says how far it is.
const patience = 3 * time.Second

// replay sends again what was counted before.
func (v *visit) replay(shop, name, home string) error {
	s, err := v.replayOf(false)
	if err != nil {
		return v.refuseOnRoute(err)
	}
	type came struct {
		n   int64
		err error
	}
	over, ctx := make(chan came), context.WithoutCancel(v.Context())
	waits, cancel := context.WithTimeout(v.Context(), patience)
	defer cancel()
	go func() {
		acted, err := v.hub.Replay(ctx, shop, name, s)
		select {
		case over <- came{acted.Count, err}:
		case <-waits.Done():
			if err != nil { // nobody else hears of it
				v.c.Log.ErrorContext(ctx, "console: replay", "shop", shop, "route", name, "error", err)
			}
		}
	}()
	select {
	case c := <-over:
		if c.err != nil {
			return v.refuseOnRoute(c.err)
		}
		return v.done(home, "route_replay", int(c.n))
	case <-waits.Done():
		return v.done(home, "route_underway", 0)
	}
}

// listOf reads lines, or words with commas between them.
func listOf(text string) (out api.FieldValue) {
	for _, word := range strings.FieldsFunc(text, func(r rune) bool { return r == '\n' || r == '\r' || r == ',' }) {
		if word = strings.TrimSpace(word); word != "" {
			out = append(out, word)
		}
	}
	return out
}
