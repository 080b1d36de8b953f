package deliveryhero

import (
	"context"

	"github.com/ordermux/ordermux/internal/partner"
)

// chain is a shop of the door as its credentials describe it.
type chain struct {
	Shop    string
	ID      string // chain_id, a UUID
	Grant   partner.Grant
	Brand   brand
	Vendors []*vendor // by ID
	byID    map[string]*vendor
}

// vendor is an outlet. Its ID is the Store of orders and offers.
type vendor struct {
	ID       string // the platform's
	External string // the partner's own; "": none
	Pelican  bool   // the platform picks, not the partner
	Buffer   int64  // sales buffer
}

// brand says how a platform's brand differs from the others.
type brand struct {
	Name string
	// Accepts: PUT takes ACCEPTED for vendor delivery.
	Accepts bool
	// ConfirmsReady: what is told after a PUT of DISPATCHED for vendor delivery
	// is READY_FOR_PICKUP instead.
	ConfirmsReady bool
}

// vendor finds an outlet by either of its ids; nil: there is none.
func (c *chain) vendor(id string) *vendor { return c.byID[id] }

// chains reads chains as the credentials of the door stand now, by shop.
type chains struct{ deps partner.Deps }

// of returns the chain of a shop; nil: it has none.
func (c *chains) of(ctx context.Context, shop string) (*chain, error) { return nil, nil }
