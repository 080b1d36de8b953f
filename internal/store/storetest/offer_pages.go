package storetest

import (
	"errors"
	"strings"

	"github.com/ordermux/ordermux/internal/catalog"
	"github.com/ordermux/ordermux/internal/order"
)

// Outlets that nothing names yet are known once they were opened, in their own
// shop only; opening them again writes nothing.
func testOutletsOpen(s *stall) {
	s.put(costs("A", "10"))
	s.offer(priced("lund A 9"))
	open := func(stores ...string) error { return s.catalog.OpenStores(s.Context(), shop, stores) }
	if err := errors.Join(open(), open("ystad", "lund", "malmö", "ystad"), open("malmö", "lund")); err != nil {
		s.Error(err)
	}
	s.isStores("lund", "malmö", "ystad")
	s.isSold("10 SEK", "malmö", "A")
	if list, err := s.catalog.Stores(s.Context(), "another"); len(list) != 0 || err != nil {
		s.Error(list, err)
	}
	for _, bad := range []string{"", " kiruna", "ki\x00runa", "\xff", strings.Repeat("x", 201)} {
		var invalid *order.Invalid
		if err := open("kiruna", bad); !errors.As(err, &invalid) || invalid.Faults[0].Path != "stores[1]" {
			s.Errorf("%q: %v", bad, err)
		}
	}
	s.isStores("lund", "malmö", "ystad")
	if s.head() != 2 {
		s.Errorf("counter %d", s.head())
	}
}

// isCounted checks how many offers are counted, and that pages begin where the
// list has them.
func (s *stall) isCounted(store string, f catalog.OfferFilter, want int) {
	s.Helper()
	for limit := 1; limit <= 3; limit++ {
		f.Limit, f.Cursor = limit, ""
		pages, err := s.catalog.OfferPages(s.Context(), shop, store, f)
		if err != nil || pages.Total != want || len(pages.Starts) != (want+limit-1)/limit {
			s.Errorf("%s %+v: %+v instead of %d, %v", store, f, pages, want, err)
			return
		}
		for n, start := range pages.Starts {
			if n > 0 && start != f.Cursor {
				s.Errorf("%s %+v: page %d begins at %q, listed at %q", store, f, n, start, f.Cursor)
			}
			for left := limit; left > 0; {
				part := f
				part.Limit = left
				page, next, err := s.catalog.ListOffers(s.Context(), shop, store, part)
				if err != nil {
					s.Fatal(err)
				}
				if left -= len(page); next == "" {
					break
				}
				f.Cursor = next
			}
		}
	}
}
