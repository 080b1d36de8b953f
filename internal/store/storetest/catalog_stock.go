package storetest

import (
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"github.com/ordermux/ordermux/internal/catalog"
	"github.com/ordermux/ordermux/internal/order"
)

func testCatalogAvailable(s *stall) {
	a, off := goods("A", "5"), goods("off", "5")
	a.Stock = append(a.Stock, catalog.Stock{Warehouse: "two", Quantity: num("2.5")})
	a.Buffer, off.Active = num("1"), false
	low := goods("low", "1")
	low.Buffer = num("3")
	s.put(a, off, low)
	s.isAvailable("6.5", "", of("A 6.5")...)
	s.isAvailable("6.5 too few", "", of("A 6.6")...)
	s.isAvailable("6.5, 2.5 too few, 2.5, 0.0 too few", "", of("A 4", "A 3", "A 2.5", "A 1")...)
	s.isAvailable("0 inactive, 0 too few, 0 unknown", "", of("off 1", "low 1", "none 1")...)
	if s.head() != 3 {
		s.Error("looking changed something")
	}
	if list, err := s.catalog.Available(s.Context(), shop, nil, ""); err != nil || len(list) != 0 {
		s.Error(list, err)
	}
}

func testCatalogKinds(s *stall) {
	fixed, live := goods("fixed", "10"), goods("live", "0")
	fixed.Kind, live.Kind, fixed.Buffer = catalog.Fixed, catalog.Live, num("2")
	s.put(fixed, live, goods("ours", "3"))
	lines := of("fixed 8", "fixed 8", "live 99", "ours 3")
	s.isAvailable("8, 8, ask, 3", "", lines...)
	s.reserve("k", lines...)
	s.isAvailable("8, ask, 0 too few", "", of("fixed 8", "live 1", "ours 1")...)
	s.mustPlace("O-1", "k", lines...)
	s.isAvailable("8, ask, 0 too few", "", of("fixed 8", "live 1", "ours 1")...)
	s.isShort(s.place("O-2", "", of("live 1", "fixed 9")...), "1 fixed 9 8 too few")
	s.changed(s.changes(3, 10), "4 ours")
}

func testCatalogTaken(s *stall) {
	a := goods("A", "2")
	a.Stock = append(a.Stock, catalog.Stock{Warehouse: "two", Quantity: num("5")}, catalog.Stock{Warehouse: "three", Quantity: num("1")})
	a.Buffer = num("1")
	s.put(a, goods("B", "3"))
	stock := func() (list []string) {
		for _, w := range s.get("A").Stock {
			list = append(list, w.Quantity.String())
		}
		return list
	}
	s.mustPlace("O-1", "", of("A 3", "B 1")...) // from the one that has all of it
	s.changed(stock(), "2", "2", "1")
	s.isShort(s.place("O-2", "", of("B 1", "A 5", "none 1", "B 2")...), "1 A 5 4 too few", "2 none 1 0 unknown", "3 B 2 1 too few")
	s.changed(stock(), "2", "2", "1")
	s.isAvailable("4, 2", "", of("A 1", "B 1")...)
	s.mustPlace("O-3", "", of("A 2.5", "A 1.5")...) // from one after the other, down to the buffer
	s.changed(stock(), "0", "0.0", "1")
	s.isShort(s.place("O-4", "", of("A 0.01")...), "0 A 0.01 0.0 too few")
	if s.events() != 2 {
		s.Errorf("%d events", s.events())
	}
	if err := s.catalog.Take(shop, "", of("A 1")).Apply(s.Context(), nil); err == nil {
		s.Error("taken without a transaction")
	}
}

// An order that is known takes nothing again.
func testCatalogTakenOnce(s *stall) {
	s.put(goods("A", "5"))
	for range 3 {
		s.mustPlace("O-1", "", of("A 2")...)
	}
	s.isAvailable("3", "", of("A 1")...)
	if s.events() != 1 {
		s.Errorf("%d events", s.events())
	}
}

// Stock of 5 and 50 orders of 1 at a time: 5 succeed, in the ledger and in the
// catalogue.
func testCatalogFifty(s *stall) {
	s.put(goods("A", "5"), goods("B", "100"))
	var wg sync.WaitGroup
	var placed atomic.Int32
	for i := range 50 {
		wg.Go(func() {
			err := s.place(fmt.Sprint("O-", i), "", of("B 1", "A 1")...)
			var short *catalog.Short
			switch {
			case err == nil:
				placed.Add(1)
			case !errors.As(err, &short) || len(short.Lines) != 1 || short.Lines[0].Line != 1:
				s.Error(err)
			}
		})
	}
	wg.Wait()
	if placed.Load() != 5 || s.events() != 5 {
		s.Errorf("%d placed, %d events", placed.Load(), s.events())
	}
	s.isAvailable("0 too few, 95", "", of("A 1", "B 1")...)
	if s.head() != 2+2*5 {
		s.Errorf("counter %d", s.head())
	}
}

func testCatalogReserved(s *stall) {
	s.put(goods("A", "5"), goods("B", "5"))
	s.reserve("one", of("A 2", "A 1", "B 1")...)
	s.isAvailable("2, 4", "", of("A 1", "B 1")...)
	s.isAvailable("5, 5", "one", of("A 1", "B 1")...)
	s.isShort(s.catalog.Reserve(s.Context(), shop, "two", of("B 4", "A 3")), "1 A 3 2 too few")
	s.isAvailable("2, 4", "", of("A 1", "B 1")...)
	s.reserve("two", of("A 2")...)
	s.isShort(s.place("O-1", "", of("A 1")...), "0 A 1 0 too few")
	s.reserve("one", of("B 5")...) // as a whole
	s.isAvailable("3, 0 too few", "", of("A 1", "B 1")...)
	s.isShort(s.catalog.Reserve(s.Context(), shop, "one", of("A 4")), "0 A 4 3 too few")
	s.isAvailable("3, 0 too few", "", of("A 1", "B 1")...) // as it was
	for range 2 {
		if err := s.catalog.Release(s.Context(), shop, "one"); err != nil {
			s.Fatal(err)
		}
	}
	s.isAvailable("3, 5", "", of("A 1", "B 1")...)
	s.reserve("two") // nothing
	s.isAvailable("5", "", of("A 1")...)
}

func testCatalogReservedRace(s *stall) {
	s.put(goods("A", "5"))
	var wg sync.WaitGroup
	var got atomic.Int32
	for i := range 20 {
		wg.Go(func() {
			var short *catalog.Short
			err := s.catalog.Reserve(s.Context(), shop, fmt.Sprint("k-", i), of("A 1"))
			if err == nil {
				got.Add(1)
			} else if !errors.As(err, &short) {
				s.Error(err)
			}
		})
	}
	wg.Wait()
	if got.Load() != 5 {
		s.Errorf("%d reserved", got.Load())
	}
	s.isAvailable("0 too few", "", of("A 1")...)
}

func testCatalogExpiry(s *stall) {
	s.put(goods("A", "5"))
	s.reserve("one", of("A 4")...)
	s.clock.move(catalog.ReservedFor - time.Second)
	s.isAvailable("1", "", of("A 1")...)
	s.isShort(s.place("O-1", "", of("A 2")...), "0 A 2 1 too few")
	s.clock.move(time.Second)
	s.isAvailable("5", "", of("A 1")...)
	s.reserve("two", of("A 5")...)
	s.isShort(s.place("O-1", "one", of("A 4")...), "0 A 4 0 too few") // its own is over
	s.clock.move(catalog.ReservedFor - time.Minute)
	s.reserve("two", of("A 5")...) // for as long again
	s.clock.move(time.Minute)
	s.isAvailable("0 too few", "", of("A 1")...)
	s.clock.move(catalog.ReservedFor)
	s.mustPlace("O-1", "", of("A 5")...)
}

func testCatalogConsumed(s *stall) {
	s.put(goods("A", "5"), goods("B", "5"))
	s.reserve("one", of("A 4", "B 5")...)
	s.reserve("two", of("A 1")...)
	s.isShort(s.place("O-1", "one", of("A 5")...), "0 A 5 4 too few")
	s.isAvailable("0 too few, 0 too few", "", of("A 1", "B 1")...)
	s.mustPlace("O-1", "one", of("A 3")...)
	s.isAvailable("1, 5", "", of("A 1", "B 1")...) // "two" still has its one
	s.mustPlace("O-2", "two", of("A 1")...)
	s.mustPlace("O-3", "two", of("A 1")...)
	s.isAvailable("0 too few", "", of("A 1")...)
}

// What is refused or fails before its commit leaves nothing behind, neither in
// the ledger nor in the catalogue.
func testCatalogCrash(s *stall) {
	s.put(goods("A", "5"))
	s.reserve("k", of("A 2")...)
	out := errors.New("out of luck")
	bad := statement(door, sale("O-2"))
	bad.Effects = []order.Effect{effect(func(any) error { return out })}
	good := statement(door, sale("O-1"))
	good.Effects = []order.Effect{s.catalog.Take(shop, "k", of("A 2"))}
	if _, err := s.ledger.Append(s.Context(), shop, []order.Entry{good, bad}); !errors.Is(err, out) {
		s.Fatal(err)
	}
	same := func() {
		s.Helper()
		s.isAvailable("3", "", of("A 1")...)
		s.isAvailable("5", "k", of("A 1")...)
		if s.head() != 1 || s.events() != 0 {
			s.Errorf("counter %d, %d events", s.head(), s.events())
		}
	}
	same()
	point := "commit"
	s.fails.Store(&point)
	if err := s.place("O-1", "k", of("A 2")...); err == nil {
		s.Error("placed")
	}
	if _, err := s.catalog.Put(s.Context(), shop, []catalog.Product{goods("A", "9"), goods("B", "1")}); err == nil {
		s.Error("put")
	}
	if err := s.catalog.Reserve(s.Context(), shop, "k", of("A 1")); err == nil {
		s.Error("reserved")
	}
	s.fails.Store(nil)
	same()
	s.mustPlace("O-1", "k", of("A 2")...)
	s.isAvailable("3", "", of("A 1")...)
}
