package cli

import (
	"slices"
	"testing"

	"github.com/ordermux/ordermux/internal/partner"
)

func TestUnmetNeeds(t *testing.T) {
	t.Parallel()
	media := partner.Partner{Lacks: []partner.Need{partner.NeedEmail, partner.NeedAddress}}
	reviews := partner.Partner{Lacks: []partner.Need{partner.NeedAddress}}
	needs := []partner.Need{partner.NeedLines, partner.NeedEmail, partner.NeedAddress}
	f := func(doors []partner.Partner, want ...partner.Need) {
		t.Helper()
		if got := unmet(needs, doors); !slices.Equal(got, want) {
			t.Errorf("%v, want %v", got, want)
		}
	}
	f(nil) // orders come by our API or import only
	f([]partner.Partner{media}, partner.NeedEmail, partner.NeedAddress)
	f([]partner.Partner{media, reviews}, partner.NeedAddress) // one door that has it is enough
	f([]partner.Partner{{}, media})
}
