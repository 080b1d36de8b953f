package console

import (
	"slices"
	"testing"

	"github.com/ordermux/ordermux/internal/delivery"
)

// A route's page counts each delivery once.
func TestStatesAreCountedOnce(t *testing.T) {
	t.Parallel()
	seen := map[delivery.State]bool{}
	for _, s := range slices.Concat(waiting, forPerson, settledStates) {
		if seen[s] {
			t.Errorf("%s is counted twice", s)
		}
		seen[s] = true
	}
}
