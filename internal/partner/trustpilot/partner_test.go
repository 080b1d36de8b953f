package trustpilot_test

import (
	"testing"

	"github.com/ordermux/ordermux/internal/partner/partnertest"
	"github.com/ordermux/ordermux/internal/partner/trustpilot"
)

func TestDoor(t *testing.T) {
	t.Parallel()
	partnertest.RunDoor(t, trustpilot.Partner, "testdata/door")
}

func TestVendor(t *testing.T) {
	t.Parallel()
	partnertest.RunDoor(t, trustpilot.Partner, "testdata/vendor")
}

func TestOpenAPI(t *testing.T) {
	t.Parallel()
	partnertest.RunOpenAPI(t, trustpilot.Partner)
}
