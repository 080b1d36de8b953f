package storetest

import (
	"errors"
	"fmt"
	"slices"
	"sync"

	"github.com/ordermux/ordermux/internal/catalog"
	"github.com/ordermux/ordermux/internal/order"
)

// tell appends entries as the hub does: with what they mean for stock.
func (s *stall) tell(entries ...order.Entry) {
	s.Helper()
	if _, err := s.ledger.Append(s.Context(), shop, catalog.Settling(s.clock.now, shop, entries)); err != nil {
		s.Fatal(err)
	}
}

// sold is an order with a line for each of the lines, which takes them.
func (s *stall) sold(id string, lines ...catalog.Line) order.Entry {
	o := sale(id)
	o.Lines = nil
	for i, l := range lines {
		o.Lines = append(o.Lines, order.Line{ID: fmt.Sprint(i + 1), Product: order.Product{Code: l.Code}, Quantity: l.Quantity})
	}
	e := statement(door, o)
	e.Effects = []order.Effect{s.catalog.Take(shop, "", lines)}
	return e
}

// cancel is what a source says of an order, or of some lines "id" or
// "id quantity" of it.
func cancel(by order.Source, id string, lines ...catalog.Line) order.Entry {
	h := order.Happening{Kind: order.KindCancelled}
	for _, l := range lines {
		h.Lines = append(h.Lines, order.Line{ID: l.Code, Quantity: l.Quantity})
	}
	return happening(by, id, h)
}

func (s *stall) stockOf(code string) (list []string) {
	s.Helper()
	for _, w := range s.get(code).Stock {
		list = append(list, w.Warehouse+" "+w.Quantity.String())
	}
	return list
}

func testCatalogRestock(s *stall) {
	s.put(goods("A", "5"), goods("B", "3"))
	set := func(want int, list ...catalog.Restock) {
		s.Helper()
		if n, err := s.catalog.SetStock(s.Context(), shop, list); n != want || err != nil {
			s.Errorf("%d changed, %v", n, err)
		}
	}
	set(0)
	set(2, catalog.Restock{Code: "A", Quantity: num("7")}, catalog.Restock{Code: "B", Change: num("-3")}, catalog.Restock{Code: "A", Warehouse: "two", Change: num("1.5")})
	s.changed(s.stockOf("A"), "main 7", "two 1.5")
	s.changed(s.stockOf("B"), "main 0")
	s.changed(s.changes(2, 10), "3 A", "4 B")
	set(0, catalog.Restock{Code: "A", Warehouse: "two", Quantity: num("1.5")})
	refused := func(path string, list ...catalog.Restock) {
		s.Helper()
		n, err := s.catalog.SetStock(s.Context(), shop, list)
		if bad, ok := errors.AsType[*order.Invalid](err); !ok || bad.Faults[0].Path != path || n != 0 {
			s.Errorf("%s: %d, %v", path, n, err)
		}
	}
	one := catalog.Restock{Code: "B", Quantity: num("1")}
	refused("stock[1].change", one, catalog.Restock{Code: "B", Change: num("-2")})
	refused("stock[1].code", one, catalog.Restock{Code: "none", Quantity: num("1")})
	refused("stock[0].code", catalog.Restock{Quantity: num("1")}, one)
	refused("stock[1].warehouse", one, catalog.Restock{Code: "A", Quantity: num("1")})
	refused("stock[0].quantity", catalog.Restock{Code: "A"}, one)
	refused("stock[0].quantity", catalog.Restock{Code: "A", Quantity: num("1"), Change: num("1")})
	refused("stock[0].quantity", catalog.Restock{Code: "A", Quantity: num("-1")})
	refused("stock", make([]catalog.Restock, catalog.MostPut+1)...)
	if s.head() != 4 {
		s.Errorf("counter %d", s.head())
	}
	if _, err := s.catalog.Delete(s.Context(), shop, []string{"B"}); err != nil {
		s.Fatal(err)
	}
	refused("stock[0].code", one)
}

func testCatalogGivenBack(s *stall) {
	s.put(goods("A", "5"), goods("B", "5"))
	s.tell(s.sold("O-1", of("A 2", "B 1", "A 1")...))
	s.isAvailable("2, 4", "", of("A 1", "B 1")...)
	s.tell(cancel(api, "O-1"))
	s.isAvailable("5, 5", "", of("A 1", "B 1")...)
	s.changed(s.changes(2, 10), "5 A", "6 B")
	// In one call, by a statement, and of a person that was erased.
	s.tell(s.sold("O-2", of("A 2")...), cancel(door, "O-2"))
	s.isAvailable("5", "", of("A 1")...)
	s.tell(s.sold("O-3", of("A 2")...))
	o := sale("O-3")
	o.Status = order.StatusCancelled
	s.tell(statement(api, o))
	s.isAvailable("5", "", of("A 1")...)
	s.tell(s.sold("O-4", of("A 2")...))
	if err := s.ledger.Erase(s.Context(), shop, "O-4"); err != nil {
		s.Fatal(err)
	}
	s.isAvailable("3", "", of("A 1")...)
	s.tell(cancel(api, "O-4"))
	s.isAvailable("5", "", of("A 1")...)
}

// However often, by whomever and of whatever: nothing comes back twice.
func testCatalogGivenBackOnce(s *stall) {
	s.put(goods("A", "5"))
	first := s.sold("O-1", of("A 2")...)
	s.tell(first)
	s.tell(s.sold("O-2", of("A 1")...))
	s.tell(first)
	s.isAvailable("2", "", of("A 1")...)
	for range 2 {
		s.tell(cancel(public, "O-1"), cancel(public, "O-2"))
	}
	s.isAvailable("2", "", of("A 1")...)
	for range 2 {
		s.tell(cancel(api, "O-1"), cancel(door, "O-1"), cancel(anna, "O-1"), cancel(api, "none"))
	}
	s.isAvailable("4", "", of("A 1")...)
	again := cancel(api, "O-1")
	again.Happening.Reason = "said otherwise"
	s.tell(again, cancel(route, "O-1"), cancel(api, "O-1", of("1 1")...), first)
	s.isAvailable("4", "", of("A 1")...)
	// An order that took nothing that is remembered, and one that takes more.
	s.mustPlace("O-3", "", of("A 1")...)
	s.tell(cancel(api, "O-3"))
	s.isAvailable("3", "", of("A 1")...)
	more := s.sold("O-2", of("A 2")...)
	more.Statement.Order.Lines[0].ID = "2"
	s.tell(more)
	s.isAvailable("1", "", of("A 1")...)
	s.tell(cancel(api, "O-2"))
	s.isAvailable("4", "", of("A 1")...)
}

func testCatalogGivenBackRace(s *stall) {
	s.put(goods("A", "20"))
	for i := range 10 {
		s.tell(s.sold(fmt.Sprint("O-", i), of("A 2")...))
	}
	s.isAvailable("0 too few", "", of("A 1")...)
	var wg sync.WaitGroup
	for i := range 10 {
		for _, by := range []order.Source{api, door, anna} {
			wg.Go(func() {
				entries := catalog.Settling(s.clock.now, shop, []order.Entry{cancel(by, fmt.Sprint("O-", i))})
				if _, err := s.ledger.Append(s.Context(), shop, entries); err != nil {
					s.Error(err)
				}
			})
		}
	}
	wg.Wait()
	s.isAvailable("20", "", of("A 1")...)
}

func testCatalogShipped(s *stall) {
	s.put(goods("A", "20"))
	for i, h := range []order.Happening{
		{Kind: order.KindShipped}, {Kind: order.KindDelivered}, {Kind: order.KindShipped, Parcel: &order.Parcel{Number: "P-1"}},
		{Kind: order.KindCancelled, Cancellation: &order.Cancellation{AfterPickedUp: true}},
	} {
		id := fmt.Sprint("O-", i)
		s.tell(s.sold(id, of("A 2")...))
		s.tell(happening(api, id, h))
		s.tell(cancel(anna, id))
	}
	s.isAvailable("12", "", of("A 1")...)
	// What else happens to an order is nothing to its stock.
	s.tell(s.sold("O-5", of("A 2")...))
	for _, k := range []order.Kind{order.KindAccepted, order.KindReady, order.KindRefunded, order.KindMissing, order.KindNote} {
		s.tell(happening(api, "O-5", order.Happening{Kind: k}))
	}
	s.isAvailable("10", "", of("A 1")...)
	s.tell(cancel(api, "O-5"))
	s.isAvailable("12", "", of("A 1")...)
}

func testCatalogSomeLines(s *stall) {
	a := goods("A", "10")
	a.GTIN = "5901234123457"
	s.put(a, goods("B", "10"))
	s.tell(s.sold("O-1", of("A 3", "B 4", "A 2")...))
	s.isAvailable("5, 6", "", of("A 1", "B 1")...)
	s.tell(cancel(api, "O-1", of("2 1.5")...)) // a part of a line
	s.isAvailable("5, 7.5", "", of("A 1", "B 1")...)
	s.tell(cancel(api, "O-1", catalog.Line{Code: "1"})) // all of one
	s.isAvailable("8, 7.5", "", of("A 1", "B 1")...)
	s.tell(cancel(door, "O-1", catalog.Line{Code: "1"}, catalog.Line{Code: "none"})) // again: nothing is left of it
	s.isAvailable("8, 7.5", "", of("A 1", "B 1")...)
	s.tell(happening(api, "O-1", order.Happening{Kind: order.KindShipped, Parcel: &order.Parcel{Number: "1", Lines: []string{"3"}}}))
	s.tell(cancel(api, "O-1"))
	s.isAvailable("8, 10.0", "", of("A 1", "B 1")...)
	// By a product's code instead of the line's id.
	s.tell(s.sold("O-2", of("A 3", "B 4")...))
	by := cancel(api, "O-2")
	by.Happening.Lines = []order.Line{{Product: order.Product{GTIN: a.GTIN}, Quantity: num("2")}}
	s.tell(by)
	s.isAvailable("7, 6.0", "", of("A 1", "B 1")...)
	by = cancel(door, "O-2")
	by.Happening.Lines = []order.Line{{Product: order.Product{Code: "A"}, Quantity: num("20")}, {Product: order.Product{Code: "other"}}}
	s.tell(by)
	s.isAvailable("8, 6.0", "", of("A 1", "B 1")...)
	s.tell(cancel(anna, "O-2"))
	s.isAvailable("8, 10.0", "", of("A 1", "B 1")...)
}

// Into the warehouses it came from, if they are still there.
func testCatalogGivenBackWhere(s *stall) {
	two := func(code string) catalog.Product {
		p := goods(code, "1")
		p.Stock = append(p.Stock, catalog.Stock{Warehouse: "two", Quantity: num("5")})
		return p
	}
	s.put(two("A"), two("B"), two("C"), two("D"), goods("E", "3"))
	s.tell(s.sold("O-1", of("A 6", "B 6", "C 6", "D 6", "E 3")...))
	s.changed(s.stockOf("A"), "main 0", "two 0")
	fixed := goods("D", "9")
	fixed.Kind = catalog.Fixed
	renamed := goods("B", "4")
	renamed.Stock = append(renamed.Stock, catalog.Stock{Warehouse: "three", Quantity: num("0")})
	s.put(renamed, fixed)
	if _, err := s.catalog.Delete(s.Context(), shop, []string{"C"}); err != nil {
		s.Fatal(err)
	}
	s.tell(cancel(api, "O-1"))
	s.changed(s.stockOf("A"), "main 1", "two 5")
	s.changed(s.stockOf("B"), "main 5", "three 0")
	s.changed(s.stockOf("D"), "main 9")
	s.changed(s.stockOf("E"), "main 3")
	if s.get("C") != nil {
		s.Error("a removed product came back")
	}
}

// A cancellation that fails gives nothing back, and can be repeated.
func testCatalogGivenBackCrash(s *stall) {
	s.put(goods("A", "5"))
	s.tell(s.sold("O-1", of("A 2")...))
	out := errors.New("out of luck")
	bad := statement(door, sale("O-2"))
	bad.Effects = []order.Effect{effect(func(any) error { return out })}
	entries := catalog.Settling(s.clock.now, shop, []order.Entry{cancel(api, "O-1"), bad})
	if _, err := s.ledger.Append(s.Context(), shop, entries); !errors.Is(err, out) {
		s.Fatal(err)
	}
	s.isAvailable("3", "", of("A 1")...)
	for _, point := range []string{"insert", "commit"} {
		s.fails.Store(&point)
		if _, err := s.ledger.Append(s.Context(), shop, slices.Clone(entries[:1])); err == nil {
			s.Error("appended")
		}
	}
	s.fails.Store(nil)
	s.isAvailable("3", "", of("A 1")...)
	s.tell(cancel(api, "O-1"))
	s.isAvailable("5", "", of("A 1")...)
	if err := catalog.Settling(s.clock.now, shop, []order.Entry{cancel(api, "O-1")})[0].Effects[0].Apply(s.Context(), nil); err == nil {
		s.Error("given back without a transaction")
	}
}
