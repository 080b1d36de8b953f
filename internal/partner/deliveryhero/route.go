package deliveryhero

import (
	"context"
	"errors"

	"github.com/ordermux/ordermux/internal/outbound"
	"github.com/ordermux/ordermux/internal/partner"
)

// route plays a chain at Delivery Hero.
type route struct {
	deps    partner.Deps
	base    string // with /v2
	chain   string
	vendors []outlet
}

// outlet is one of the chain: how the shop names it, and how the platform does.
type outlet struct{ Store, Vendor string }

func routeFields() []partner.Field { return nil }

func newRoute(deps partner.Deps, s partner.Settings) (partner.Side, error) {
	r := &route{deps: deps}
	side := r.orders()
	if err := r.addPromotions(&side, s); err != nil {
		return partner.Side{}, err
	}
	if err := r.addCatalog(&side, s); err != nil {
		return partner.Side{}, err
	}
	side.Poll = r.poll
	return side, nil
}

// poll looks for orders that no webhook told of, and sees to promotions and the
// catalogue. Each looks by itself whether it is time.
func (r *route) poll(ctx context.Context) error {
	return errors.Join(r.pollOrders(ctx), r.pollPromotions(ctx), r.pollCatalog(ctx))
}

// call makes a call with the token, and once more with a new one if that was
// not taken (401). path stands behind base and begins with a slash. At most so
// many calls a minute are made as the settings say: it waits for its turn. The
// outcome is set if no call could be made (no token).
func (r *route) call(ctx context.Context, method, path string, body []byte) (outbound.Reply, *partner.Outcome, error) {
	return outbound.Reply{}, nil, errors.New("not built yet")
}

// vendorOf is how the platform names an outlet of the shop; the same name where
// the settings do not say.
func (r *route) vendorOf(store string) string {
	for _, o := range r.vendors {
		if o.Store == store {
			return o.Vendor
		}
	}
	return store
}
