package deliveryhero_test

import (
	"testing"

	"github.com/ordermux/ordermux/internal/partner/deliveryhero"
	"github.com/ordermux/ordermux/internal/partner/partnertest"
)

func TestDoor(t *testing.T) {
	t.Parallel()
	partnertest.RunDoor(t, deliveryhero.Partner, "testdata/door")
}

func TestOpenAPI(t *testing.T) {
	t.Parallel()
	partnertest.RunOpenAPI(t, deliveryhero.Partner)
}
