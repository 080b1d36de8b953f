package app

import (
	"net/http"
	"net/url"

	"github.com/ordermux/ordermux/internal/partner"
)

// door is one partner's door: one for all shops.
type door struct {
	name    string
	handler http.Handler
	names   map[string][]string // partner.Side.Names
	side    partner.Side
	takes   int64 // partner.Partner.LongBodies
	build   func(partner.Deps) (partner.Side, error)
	deps    partner.Deps
}

// buildDoors builds the door of every partner that has one; credentials
// decide who gets in.
func (a *App) buildDoors() error {
	for _, p := range a.opts.Partners {
		if p.Door == nil {
			continue
		}
		deps := a.doorDeps(p)
		side, err := p.Door(deps)
		if err != nil {
			return &RouteError{Partner: p.Name, Err: err}
		}
		if side.Handler == nil {
			continue
		}
		handler := side.Handler
		if a.faults != nil {
			handler = a.faults.Wrap(p.Name, handler)
		}
		a.doors = append(a.doors, door{p.Name, a.captures.Door(p.Name, noteCall, handler), side.Names, side, p.LongBodies, p.Door, deps})
	}
	return nil
}

// doorDeps is what a partner's door is given, and what takes its files.
func (a *App) doorDeps(p partner.Partner) partner.Deps {
	var in partner.Intake = &intake{app: a, next: a.ledger, partner: p.Name}
	if a.faults != nil {
		in = a.faults.WrapIntake(p.Name, in)
	}
	return partner.Deps{
		Partner: p.Name, Intake: in, Orders: a.ledger, People: people{a}, Credentials: doorCredentials{app: a, partner: p.Name},
		Access: doorAccess{app: a, partner: p.Name}, Seal: a.sealer, Reviews: a.book,
		State: a.store.State(hubShop, "door:"+p.Name), At: a.doorState(p.Name), Log: a.log.With("door", p.Name),
		Catalog: a.store.Catalog(), Promotions: a.promotions, Stock: a.stock, Couriers: a.couriers, Note: a.noteDoor, Refused: refusedDoor,
		Settings: a.opts.Config.HubSettings(p),
		Now:      a.now, PublicURL: a.opts.Config.PublicURL,
	}
}

// doorState is what a door keeps with each shop.
func (a *App) doorState(name string) func(shop string) partner.State {
	return func(shop string) partner.State { return a.store.State(shop, "door:"+name) }
}

func (a *App) door(name string) (door, bool) {
	for _, d := range a.doors {
		if d.name == name {
			return d, true
		}
	}
	return door{}, false
}

// below hands a request on with n bytes of its path taken away.
func below(next http.Handler, w http.ResponseWriter, r *http.Request, n int) {
	u := *r.URL
	u.Path = u.Path[n:]
	if u.RawPath != "" {
		u.RawPath = u.RawPath[n:] // what goes before holds no escapes: it was matched as it stands
	}
	if u.Path == "" {
		u.Path = "/"
	}
	r2 := *r
	r2.URL = &u
	next.ServeHTTP(w, &r2)
}

// escapedPrefix reports whether the first n bytes of the path came as they
// stand.
func escapedPrefix(u *url.URL, n int) bool {
	return u.RawPath == "" || len(u.RawPath) >= n && u.RawPath[:n] == u.Path[:n]
}
