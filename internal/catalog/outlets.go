package catalog

import (
	"context"
	"fmt"
	"slices"

	"github.com/ordermux/ordermux/internal/order"
)

// MostOpened is how many outlets one call of OpenStores names.
const MostOpened = 20_000

// OpenStores is Store.OpenStores, of a shop whose outlets known are.
func OpenStores(ctx context.Context, s Sessions, shop string, known, stores []string) error {
	if len(stores) > MostOpened {
		return order.Refuse("stores", order.TooLarge, fmt.Sprintf("at most %d outlets at a time", MostOpened))
	}
	have := make(map[string]bool, len(known))
	for _, store := range known {
		have[store] = true
	}
	var opened []string
	for i, store := range stores {
		if have[store] {
			continue
		}
		c := &complaints{}
		if c.outlet(fmt.Sprintf("stores[%d]", i), store); len(c.faults) > 0 {
			return &order.Invalid{Faults: c.faults}
		}
		opened = append(opened, store)
	}
	if len(opened) == 0 {
		return nil
	}
	slices.Sort(opened) // so that two at a time wait for each other in one sequence
	opened = slices.Compact(opened)
	for some := range slices.Chunk(opened, offersWritten) {
		if err := s.Change(ctx, func(tx Tx) error { return keepOutlets(tx, shop, some) }); err != nil {
			return err
		}
	}
	return nil
}
