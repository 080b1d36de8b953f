package console

import (
	"net/http"
	"time"

	"github.com/ordermux/ordermux/internal/api"
	"github.com/ordermux/ordermux/internal/delivery"
)

func (c *Console) overviewPlaces() []place {
	return []place{{at: "GET /{$}", do: c.overview}}
}

// overviewPage says how every shop stands, what needs a person first.
type overviewPage struct {
	Alerts []api.Alert
	Shops  []shopOverview
	Needs  int64 // deliveries that wait for a person
}

type shopOverview struct {
	api.Shop
	Routes []routeOverview
}

type routeOverview struct {
	api.Route
	Waiting, Person int64
	Oldest          string
}

// forPerson are the states that wait for a person; waiting those that go on by
// themselves.
var (
	forPerson = []delivery.State{delivery.Failed, delivery.Parked}
	waiting   = []delivery.State{delivery.Ready, delivery.Held, delivery.Sending, delivery.AwaitingPartner, delivery.Retrying, delivery.Asking}
)

func (c *Console) overview(v *visit) error {
	shops, err := v.hub.Shops(v.Context())
	if err != nil {
		return err
	}
	alerts, err := v.hub.Alerts(v.Context())
	if err != nil {
		return err
	}
	p := overviewPage{Alerts: alerts.Alerts}
	for _, s := range shops.Shops {
		o, err := v.shopOverview(s)
		if err != nil {
			return err
		}
		for _, r := range o.Routes {
			p.Needs += r.Person
		}
		p.Shops = append(p.Shops, o)
	}
	p.Needs += int64(len(p.Alerts))
	return v.show(http.StatusOK, "overview", "overview.title", p)
}

func (v *visit) shopOverview(s api.Shop) (shopOverview, error) {
	o := shopOverview{Shop: s}
	routes, err := v.hub.Routes(v.Context(), s.ID)
	if err != nil {
		return o, err
	}
	zone := zoneOf(s)
	for _, r := range routes.Routes {
		o.Routes = append(o.Routes, routeOverview{
			Route: r, Waiting: sum(r.Counts, waiting), Person: sum(r.Counts, forPerson), Oldest: moment(r.Oldest, zone),
		})
	}
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
