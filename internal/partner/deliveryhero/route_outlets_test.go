package deliveryhero_test

import (
	"slices"
	"testing"

	"github.com/ordermux/ordermux/internal/partner/partnertest"
)

// TestRouteMakesItsOutletsKnown: a shop that has nothing but a route needs no
// offers of an outlet's own for a promotion to hold there.
func TestRouteMakesItsOutletsKnown(t *testing.T) {
	t.Parallel()
	p := newPromoter(t, nil)
	p.promote(mayOffer())
	if got, err := p.hub.Catalog().Stores(t.Context(), partnertest.Shop); err != nil || !slices.Equal(got, []string{"K-1", "K-2"}) {
		t.Errorf("%v %v", got, err)
	}
}
