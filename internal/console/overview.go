package console

import (
	"cmp"
	"errors"
	"net/http"
	"net/url"
	"slices"
	"time"

	"github.com/ordermux/ordermux/internal/api"
	"github.com/ordermux/ordermux/internal/delivery"
	"github.com/ordermux/ordermux/internal/order"
)

func (c *Console) overviewPlaces() []place {
	return []place{{at: "GET /{$}", do: c.overview}}
}

// overviewPage says how every shop stands, what needs a person first.
type overviewPage struct {
	Alerts []overviewAlert
	Shops  []shopOverview
	Person int64 // deliveries that wait for a person
	// Unheard: a node does not answer, and may know of alerts.
	Unheard bool
}

// overviewAlert is a trouble that has not ended.
type overviewAlert struct {
	api.Alert
	Say, Path string // key of a text, "": its own text says it all; where it is seen to, "": nowhere
	Zone      *time.Location
}

// At is when the trouble began, in the shop's zone.
func (a overviewAlert) At() string { return moment(a.Since, a.Zone) }

type shopOverview struct {
	api.Shop
	Routes  []routeOverview
	Person  int64
	Stuck   string // where they are; "": nowhere
	Picture *picture
}

type routeOverview struct {
	api.Route
	Waiting, Person int64
	Oldest          string
	Path, Stuck     string // of its page, and of what is stuck there; "": there is none
}

// forPerson are the states that wait for a person; waiting those that go on by
// themselves.
var (
	forPerson = []delivery.State{delivery.Failed, delivery.Parked, delivery.Refused}
	waiting   = []delivery.State{delivery.Ready, delivery.Held, delivery.Sending, delivery.AwaitingPartner, delivery.Retrying, delivery.Asking}
)

func (c *Console) overview(v *visit) error {
	shops, err := v.hub.Shops(v.Context())
	if err != nil {
		return err
	}
	alerts, err := v.hub.Alerts(v.Context())
	p := overviewPage{Unheard: errors.Is(err, order.ErrBusy)}
	if err != nil && !p.Unheard {
		return err
	}
	zones := map[string]*time.Location{"": time.UTC}
	for _, s := range shops.Shops {
		zones[s.ID] = zoneOf(s)
		o, err := v.shopOverview(s)
		if err != nil {
			return err
		}
		p.Person += o.Person
		p.Shops = append(p.Shops, o)
	}
	slices.SortStableFunc(p.Shops, func(a, b shopOverview) int { return cmp.Compare(min(b.Person, 1), min(a.Person, 1)) })
	for _, a := range alerts.Alerts {
		p.Alerts = append(p.Alerts, v.overviewAlert(a, cmp.Or(zones[a.Shop], time.UTC)))
	}
	return v.show(http.StatusOK, "overview", "overview.title", p)
}

// leads returns the path of a page of a shop, if the console has it; the last
// part may stand for any.
func (v *visit) leads(pattern string, parts ...string) string {
	if !v.c.has["GET /shops/{shop}/"+pattern] {
		return ""
	}
	return shopPath(parts[0], parts[1:]...)
}

func (v *visit) overviewAlert(a api.Alert, zone *time.Location) overviewAlert {
	out := overviewAlert{Alert: a, Zone: zone}
	if key := "overview.alert." + a.Kind; v.c.texts.Has(key) {
		out.Say = key
	}
	switch {
	case a.Shop == "":
	case a.Route != "":
		out.Path = cmp.Or(v.leads("routes/{route}", a.Shop, "routes", a.Route), v.leads("routes", a.Shop, "routes"))
	case a.Kind == "promotions_failing":
		out.Path = v.leads("promotions", a.Shop, "promotions")
	case a.Kind == "retention_waits":
		out.Path = v.leads("settings/retention", a.Shop, "settings", "retention")
	}
	return out
}

func (v *visit) shopOverview(s api.Shop) (shopOverview, error) {
	o := shopOverview{Shop: s, Stuck: v.leads("stuck", s.ID, "stuck")}
	routes, err := v.hub.Routes(v.Context(), s.ID)
	if err != nil {
		return o, err
	}
	zone := zoneOf(s)
	for _, r := range routes.Routes {
		at := routeOverview{
			Route: r, Waiting: sum(r.Counts, waiting), Person: sum(r.Counts, forPerson), Oldest: moment(r.Oldest, zone),
			Path: v.leads("routes/{route}", s.ID, "routes", r.Name),
		}
		if r.State == string(delivery.Gone) { // nothing of it goes on by itself
			at.Waiting, at.Person = 0, at.Person+at.Waiting
		}
		if o.Stuck != "" {
			at.Stuck = o.Stuck + "?route=" + url.QueryEscape(r.Name)
		}
		o.Person += at.Person
		o.Routes = append(o.Routes, at)
	}
	flow, err := v.hub.Flow(v.Context(), s.ID)
	if err != nil {
		return o, err
	}
	o.Picture = pictureOf(flow, zone)
	return o, nil
}

func sum(counts map[delivery.State]int64, of []delivery.State) (n int64) {
	for _, s := range of {
		n += counts[s]
	}
	return n
}

// zoneOf is a shop's time zone; its configuration was checked.
func zoneOf(s api.Shop) *time.Location {
	zone, err := time.LoadLocation(s.Timezone)
	if err != nil {
		return time.UTC
	}
	return zone
}

// shop is the one that the path names.
func (v *visit) shop() (api.Shop, error) {
	list, err := v.hub.Shops(v.Context())
	if err != nil {
		return api.Shop{}, err
	}
	for _, s := range list.Shops {
		if s.ID == v.PathValue("shop") {
			return s, nil
		}
	}
	return api.Shop{}, &api.Problem{Status: http.StatusNotFound}
}
