package idosell_test

import (
	"testing"

	"github.com/ordermux/ordermux/internal/partner/idosell"
	"github.com/ordermux/ordermux/internal/partner/partnertest"
)

func TestDoor(t *testing.T) {
	t.Parallel()
	partnertest.RunDoor(t, idosell.Partner, "testdata/door")
}

func TestRoute(t *testing.T) {
	t.Parallel()
	partnertest.RunRoute(t, idosell.Partner, "testdata/route")
}

func TestOpenAPI(t *testing.T) {
	t.Parallel()
	partnertest.RunOpenAPI(t, idosell.Partner)
}
