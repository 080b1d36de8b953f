package storetest

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/ordermux/ordermux/internal/catalog"
	"github.com/ordermux/ordermux/internal/order"
)

func testCatalogKept(s *stall) {
	p := catalog.Product{
		Product: order.Product{
			Code: "K-1-38", SKU: "sku-1", GTIN: "5901234123457", Producer: "MK-1", External: "ext-1", Name: "Skor",
			Brand: "Nord", Category: "Shoes", Size: "38", URL: "https://nordlys.example/k-1",
		},
		Names: map[string]string{"pl": "Buty", "de": "Schuhe"}, Parent: "K-1", Store: "Lund",
		Price: num("129.90"), Currency: "SEK", Active: true, Buffer: num("1.5"),
		Stock: []catalog.Stock{{Warehouse: "north", Quantity: num("4")}, {Warehouse: "south", Quantity: num("0.50")}},
		Line:  7,
	}
	if n := s.put(p, goods("K-2", "0")); n != 2 {
		s.Errorf("%d changed", n)
	}
	want := p
	want.Version, want.Updated, want.Line = 1, s.clock.now(), 0
	equal := cmp.Comparer(func(a, b order.Decimal) bool { return a.String() == b.String() })
	if diff := cmp.Diff(&want, s.get("K-1-38"), equal); diff != "" {
		s.Error(diff)
	}
	if n := s.put(p); n != 0 || s.head() != 2 {
		s.Errorf("the same again: %d changed, counter %d", n, s.head())
	}
	p.Stock = nil
	if n := s.put(p); n != 0 || len(s.get("K-1-38").Stock) != 2 {
		s.Errorf("without stock: %d changed", n)
	}
	s.clock.move(time.Hour)
	p.Price = num("99")
	if n := s.put(p); n != 1 || s.head() != 3 {
		s.Errorf("another price: %d changed, counter %d", n, s.head())
	}
	want.Price, want.Version, want.Updated = num("99"), 3, s.clock.now()
	if diff := cmp.Diff(&want, s.get("K-1-38"), equal); diff != "" {
		s.Error(diff)
	}
	if n := s.put(); n != 0 {
		s.Errorf("nothing: %d changed", n)
	}
}

func testCatalogCodes(s *stall) {
	a, b := goods("A", "1"), goods("B", "1")
	a.SKU, a.GTIN, a.MPN, a.External, a.Producer = "B", "012345678905", "M-1", "X", "P-1"
	b.SKU, b.ISBN, b.MPN, b.External = "sku-b", "978-91-0-012345-6", "M-1", "Y"
	s.put(a, b)
	for _, c := range []struct {
		kind       catalog.CodeType
		code, want string
	}{
		{catalog.Internal, "A", "A"},
		{catalog.Internal, "B", "B"}, // the code before the SKU of another
		{catalog.Internal, "sku-b", "B"},
		{catalog.Internal, "X", ""},
		{catalog.Producer, "012345678905", "A"},
		{catalog.Producer, "0012345678905", "A"}, // the same number as EAN
		{catalog.Producer, "00012345678905", "A"},
		{catalog.Producer, "9789100123456", "B"},
		{catalog.Producer, "P-1", "A"},
		{catalog.Producer, "M-1", ""}, // of both
		{catalog.Producer, "A", ""},
		{catalog.External, "X", "A"},
		{catalog.External, "x", ""},
		{catalog.Any, "Y", "B"},
		{catalog.Any, "978-91-0-012345-6", "B"},
		{catalog.Any, "", ""},
		{catalog.Any, "\x00", ""},
		{catalog.Any, "\xff", ""},
		{catalog.Any, strings.Repeat("x", 5000), ""},
	} {
		list, err := s.catalog.Find(s.Context(), shop, []catalog.Line{{Type: catalog.External, Code: "Y"}, {Type: c.kind, Code: c.code}})
		if err != nil || list[0] == nil || list[0].Code != "B" {
			s.Fatal(list, err)
		}
		got := ""
		if list[1] != nil {
			got = list[1].Code
		}
		if got != c.want {
			s.Errorf("%s %.20q: %q instead of %q", c.kind, c.code, got, c.want)
		}
	}
	s.isAvailable("0 ambiguous, 0 unknown", "",
		catalog.Line{Type: catalog.Producer, Code: "M-1", Quantity: num("1")}, catalog.Line{Code: "none", Quantity: num("1")})
	b.MPN, b.External = "", "X2"
	s.put(b)
	s.isAvailable("1", "", catalog.Line{Type: catalog.Producer, Code: "M-1", Quantity: num("1")})
	s.isAvailable("0 unknown", "", catalog.Line{Type: catalog.External, Code: "Y", Quantity: num("1")})
}

// changes are "version code" after a version.
func (s *stall) changes(after int64, limit int) (list []string) {
	s.Helper()
	products, err := s.catalog.Changes(s.Context(), shop, after, limit)
	if err != nil {
		s.Fatal(err)
	}
	for _, p := range products {
		text := fmt.Sprint(p.Version, " ", p.Code)
		if p.Deleted {
			text += " deleted"
		}
		list = append(list, text)
	}
	return list
}

func (s *stall) changed(got []string, want ...string) {
	s.Helper()
	if !slices.Equal(got, want) {
		s.Errorf("changes %q instead of %q", got, want)
	}
}

func testCatalogChanges(s *stall) {
	if s.head() != 0 {
		s.Error("a counter before the first product")
	}
	s.changed(s.changes(0, 10))
	s.put(goods("A", "5"), goods("B", "5"), goods("C", "5"))
	s.changed(s.changes(0, 10), "1 A", "2 B", "3 C")
	s.put(goods("B", "6"), goods("A", "5"))
	s.changed(s.changes(0, 2), "1 A", "3 C")
	s.changed(s.changes(3, 10), "4 B")
	s.mustPlace("O-1", "", of("A 1", "A 1", "C 2")...)
	s.changed(s.changes(4, 10), "5 A", "6 C")
	if n, err := s.catalog.SetActive(s.Context(), shop, []string{"A", "B", "none", "A"}, false); n != 2 || err != nil {
		s.Error(n, err)
	}
	if n, err := s.catalog.SetActive(s.Context(), shop, []string{"A"}, false); n != 0 || err != nil {
		s.Error(n, err)
	}
	s.changed(s.changes(6, 10), "7 A", "8 B")
	if s.head() != 8 {
		s.Errorf("counter %d", s.head())
	}
	s.reserve("k", of("C 1")...)
	if s.head() != 8 {
		s.Error("a reservation is a change")
	}
}

// However many write at a time, every version is that of one change, and
// whoever follows misses none.
func testCatalogChangesRace(s *stall) {
	const writers, each = 8, 10
	s.put(goods("stock", "1000"))
	var wg, follower sync.WaitGroup
	done := make(chan struct{})
	seen := map[int64]string{}
	last := map[string]int64{}
	follower.Go(func() {
		at, ended := int64(0), false
		for {
			select {
			case <-done:
				ended = true
			default:
			}
			list, err := s.catalog.Changes(s.Context(), shop, at, 7)
			if err != nil {
				s.Error(err)
				return
			}
			for _, p := range list {
				if p.Version <= at || p.Version <= last[p.Code] {
					s.Errorf("version %d of %s after %d", p.Version, p.Code, at)
				}
				at, seen[p.Version], last[p.Code] = p.Version, p.Code, p.Version
			}
			if ended && len(list) == 0 {
				return
			}
		}
	})
	for w := range writers {
		wg.Go(func() {
			for i := range each {
				if _, err := s.catalog.Put(s.Context(), shop, []catalog.Product{goods(fmt.Sprintf("%d-%d", w, i), "1"), goods(fmt.Sprint("shared-", i), fmt.Sprint(w))}); err != nil {
					s.Error(err)
				}
				if err := s.place(fmt.Sprintf("O-%d-%d", w, i), "", of("stock 1")...); err != nil {
					s.Error(err)
				}
			}
		})
	}
	wg.Wait()
	close(done)
	follower.Wait()
	if got, want := s.head(), int64(1+3*writers*each); got != want {
		s.Errorf("counter %d instead of %d", got, want)
	}
	all, err := s.catalog.Changes(s.Context(), shop, 0, catalog.MostChanges)
	if err != nil || len(all) != 1+writers*each+each {
		s.Fatal(len(all), err)
	}
	for _, p := range all {
		if last[p.Code] != p.Version {
			s.Errorf("the follower saw version %d of %s, which is %d", last[p.Code], p.Code, p.Version)
		}
	}
}

func (s *stall) isDuplicate(err error, want ...string) {
	s.Helper()
	var twice *catalog.Duplicate
	if !errors.As(err, &twice) {
		s.Fatalf("error %v", err)
	}
	var got []string
	for _, p := range twice.Pairs {
		got = append(got, p.String())
	}
	if !slices.Equal(got, want) {
		s.Errorf("duplicates %q instead of %q", got, want)
	}
}

func testCatalogDuplicate(s *stall) {
	with := func(code, gtin string, line int) catalog.Product {
		p := goods(code, "1")
		p.GTIN, p.Line = gtin, line
		return p
	}
	put := func(products ...catalog.Product) error {
		n, err := s.catalog.Put(s.Context(), shop, products)
		if err != nil && n != 0 {
			s.Errorf("%d changed, and an error", n)
		}
		return err
	}
	s.isDuplicate(put(with("A", "5901234123457", 2), with("B", "4006381333931", 3), with("C", "05901234123457", 4)),
		`products "A" (line 2) and "C" (line 4) have one EAN or GTIN: 05901234123457`)
	if s.head() != 0 || s.get("B") != nil {
		s.Error("something was kept")
	}
	s.put(with("A", "5901234123457", 2))
	s.isDuplicate(put(goods("B", "1"), with("C", "5901234123457", 9)), `products "C" (line 9) and "A" have one EAN or GTIN: 05901234123457`)
	if s.head() != 1 || s.get("B") != nil {
		s.Error("something was kept")
	}
	s.put(with("A", "5901234123457", 3)) // its own
	c := goods("C", "1")
	c.JAN = "5901234123457"
	s.isDuplicate(put(c), `products "C" and "A" have one EAN or GTIN: 05901234123457`)
	if _, err := s.catalog.Delete(s.Context(), shop, []string{"A"}); err != nil {
		s.Fatal(err)
	}
	s.put(with("C", "5901234123457", 9))
	if n, err := s.catalog.Put(s.Context(), "other", []catalog.Product{with("D", "5901234123457", 1)}); n != 1 || err != nil {
		s.Errorf("in another shop: %d, %v", n, err)
	}
}

func testCatalogSwap(s *stall) {
	a, b := goods("A", "1"), goods("B", "1")
	a.GTIN, b.GTIN = "5901234123457", "4006381333931"
	s.put(a, b)
	a.GTIN, b.GTIN = b.GTIN, a.GTIN
	s.put(a, b)
	list, err := s.catalog.Find(s.Context(), shop, []catalog.Line{{Type: catalog.Producer, Code: a.GTIN}, {Type: catalog.Producer, Code: b.GTIN}})
	if err != nil || list[0].Code != "A" || list[1].Code != "B" {
		s.Error(list, err)
	}
	a.GTIN = "" // free for the other in the same call
	b.GTIN = "4006381333931"
	s.put(b, a)
}

func testCatalogInvalid(s *stall) {
	bad := func(f func(*catalog.Product)) catalog.Product {
		p := goods("A", "1")
		f(&p)
		return p
	}
	for path, p := range map[string]catalog.Product{
		"products[0].code":              bad(func(p *catalog.Product) { p.Code = "" }),
		"products[0].gtin":              bad(func(p *catalog.Product) { p.GTIN = strings.Repeat("1", 201) }),
		"products[0].sku":               bad(func(p *catalog.Product) { p.SKU = " x" }),
		"products[0].name":              bad(func(p *catalog.Product) { p.Name = "a\x00b" }),
		"products[0].external":          bad(func(p *catalog.Product) { p.External = "\xff" }),
		"products[0].store":             bad(func(p *catalog.Product) { p.Store = "a\x00b" }),
		"products[0].price":             bad(func(p *catalog.Product) { p.Price = num("-1") }),
		"products[0].currency":          bad(func(p *catalog.Product) { p.Currency = "eur" }),
		"products[0].kind":              bad(func(p *catalog.Product) { p.Kind = "mine" }),
		"products[0].buffer":            bad(func(p *catalog.Product) { p.Buffer = num("-1") }),
		"products[0].stock[0].quantity": bad(func(p *catalog.Product) { p.Stock[0].Quantity = num("-1") }),
		"products[0].stock[1].warehouse": bad(func(p *catalog.Product) {
			p.Stock = append(p.Stock, catalog.Stock{Warehouse: "main", Quantity: num("1")})
		}),
		"products[0].names": bad(func(p *catalog.Product) { p.Names = map[string]string{"": "x"} }),
	} {
		_, err := s.catalog.Put(s.Context(), shop, []catalog.Product{p, goods("B", "1")})
		var invalid *order.Invalid
		if !errors.As(err, &invalid) || invalid.Faults[0].Path != path {
			s.Errorf("%s: %v", path, err)
		}
	}
	var invalid *order.Invalid
	if _, err := s.catalog.Put(s.Context(), shop, []catalog.Product{goods("A", "1"), goods("A", "2")}); !errors.As(err, &invalid) || invalid.Faults[0].Path != "products[1].code" {
		s.Error(err)
	}
	if _, err := s.catalog.Available(s.Context(), shop, []catalog.Line{{Code: "A"}}, ""); !errors.As(err, &invalid) || invalid.Faults[0].Path != "lines[0].quantity" {
		s.Error(err)
	}
	if err := s.catalog.Reserve(s.Context(), shop, "", of("A 1")); !errors.As(err, &invalid) {
		s.Error(err)
	}
	if err := s.place("O-1", "", of("A -1")...); !errors.As(err, &invalid) {
		s.Error(err)
	}
	for _, key := range []string{"\x00", "\xff", strings.Repeat("k", 201)} {
		if _, err := s.catalog.Available(s.Context(), shop, of("A 1"), key); !errors.As(err, &invalid) || invalid.Faults[0].Path != "key" {
			s.Error(err)
		}
		if err := s.place("O-1", key, of("A 1")...); !errors.As(err, &invalid) {
			s.Error(err)
		}
		if err := s.catalog.Release(s.Context(), shop, key); err != nil {
			s.Error(err)
		}
	}
	for _, limit := range []int{0, -1} {
		if list, err := s.catalog.Changes(s.Context(), shop, 0, limit); len(list) != 0 || err != nil {
			s.Error(list, err)
		}
	}
	if s.head() != 0 || s.events() != 0 {
		s.Error("something was kept")
	}
}

func testCatalogList(s *stall) {
	var all []catalog.Product
	for i := range 9 {
		p := goods(fmt.Sprint("P-", i), "1")
		p.Active = i%2 == 0
		p.Brand, p.Store = fmt.Sprint("brand ", i%3), fmt.Sprint("store ", i%3)
		if i == 4 {
			p.Kind, p.Names, p.Parent = catalog.Fixed, map[string]string{"sv": "Ålen"}, "P"
		}
		all = append(all, p)
	}
	s.put(append(all, goods("Q-1", "1"), goods("P", "1"))...)
	ids := func(f catalog.Filter) string {
		s.Helper()
		var codes []string
		for n := 0; ; n++ {
			page, next, err := s.catalog.List(s.Context(), shop, f)
			if err != nil || n > 20 || f.Limit > 0 && len(page) > f.Limit {
				s.Fatal(len(page), err)
			}
			for _, p := range page {
				codes = append(codes, p.Code)
			}
			if f.Cursor = next; next == "" {
				return strings.Join(codes, " ")
			}
		}
	}
	yes, fixed := true, catalog.Fixed
	for _, c := range []struct {
		filter catalog.Filter
		want   string
	}{
		{catalog.Filter{}, "P P-0 P-1 P-2 P-3 P-4 P-5 P-6 P-7 P-8 Q-1"},
		{catalog.Filter{Limit: 2}, "P P-0 P-1 P-2 P-3 P-4 P-5 P-6 P-7 P-8 Q-1"},
		{catalog.Filter{Prefix: "P-", Limit: 3}, "P-0 P-1 P-2 P-3 P-4 P-5 P-6 P-7 P-8"},
		{catalog.Filter{Prefix: "R"}, ""},
		{catalog.Filter{Active: &yes, Brand: "brand 0"}, "P-0 P-6"},
		{catalog.Filter{Store: "store 2", Limit: 1}, "P-2 P-5 P-8"},
		{catalog.Filter{Kind: &fixed}, "P-4"},
		{catalog.Filter{Parent: "P"}, "P-4"},
		{catalog.Filter{Text: "åLEN"}, "P-4"},
		{catalog.Filter{Text: "q-1"}, "Q-1"},
	} {
		if got := ids(c.filter); got != c.want {
			s.Errorf("%+v: %q instead of %q", c.filter, got, c.want)
		}
	}
	for _, bad := range []string{"!", "_w", "AA"} {
		var invalid *order.Invalid
		if _, _, err := s.catalog.List(s.Context(), shop, catalog.Filter{Cursor: bad}); !errors.As(err, &invalid) || invalid.Faults[0].Path != "cursor" {
			s.Errorf("cursor %q: %v", bad, err)
		}
	}
}

// One call looks at so many only, and says where to go on.
func testCatalogFewOfMany(s *stall) {
	const many = catalog.MostLooked + 2*catalog.MostListed
	for i := 0; i < many; i += 1000 {
		var some []catalog.Product
		for j := i; j < i+1000; j++ {
			some = append(some, goods(fmt.Sprintf("P-%06d", j), "1"))
		}
		some[999].Brand = fmt.Sprint("brand ", i)
		s.put(some...)
	}
	f := catalog.Filter{Brand: "brand 5000"}
	page, next, err := s.catalog.List(s.Context(), shop, f)
	if err != nil || len(page) != 0 || next == "" {
		s.Fatalf("%d products, next %q, %v", len(page), next, err)
	}
	f.Cursor = next
	if page, next, err = s.catalog.List(s.Context(), shop, f); err != nil || next != "" || len(page) != 1 || page[0].Code != "P-005999" {
		s.Errorf("%d products, next %q, %v", len(page), next, err)
	}
}

func testCatalogDeleted(s *stall) {
	a := goods("A", "5")
	a.GTIN = "5901234123457"
	s.put(a, goods("B", "5"))
	if n, err := s.catalog.Delete(s.Context(), shop, []string{"A", "none", "\xff", ""}); n != 1 || err != nil {
		s.Error(n, err)
	}
	if n, err := s.catalog.Delete(s.Context(), shop, []string{"A"}); n != 0 || err != nil {
		s.Error(n, err)
	}
	if s.get("A") != nil {
		s.Error("still found")
	}
	s.isAvailable("0 unknown", "", catalog.Line{Type: catalog.Producer, Code: a.GTIN, Quantity: num("1")})
	if page, _, err := s.catalog.List(s.Context(), shop, catalog.Filter{}); err != nil || len(page) != 1 || page[0].Code != "B" {
		s.Errorf("%v, %v", page, err)
	}
	s.changed(s.changes(0, 10), "2 B", "3 A deleted")
	products, err := s.catalog.Changes(s.Context(), shop, 2, 1)
	if err != nil || products[0].GTIN != a.GTIN || len(products[0].Stock) != 0 {
		s.Errorf("%+v, %v", products, err)
	}
	a.Stock = nil
	if n := s.put(a); n != 1 || s.get("A") == nil || len(s.get("A").Stock) != 0 {
		s.Errorf("made anew: %d, %+v", n, s.get("A"))
	}
	s.changed(s.changes(2, 10), "4 A")
}

func testCatalogShops(s *stall) {
	s.put(goods("A", "5"))
	if _, err := s.catalog.Put(s.Context(), "other", []catalog.Product{goods("A", "7"), goods("B", "1")}); err != nil {
		s.Fatal(err)
	}
	if err := s.catalog.Reserve(s.Context(), "other", "k", of("A 4")); err != nil {
		s.Fatal(err)
	}
	s.isAvailable("5, 0 unknown", "", of("A 1", "B 1")...)
	if _, err := s.catalog.Delete(s.Context(), "other", []string{"A"}); err != nil {
		s.Fatal(err)
	}
	s.changed(s.changes(0, 10), "1 A")
	if n, err := s.catalog.Head(s.Context(), "other"); n != 3 || err != nil {
		s.Error(n, err)
	}
}

// A file of several batches: bad rows are named and left out, of two products
// with one EAN the later one, wherever the first stands.
func testCatalogImport(s *stall) {
	kept := goods("kept", "1")
	kept.GTIN = "4006381333931"
	s.put(kept)
	var b strings.Builder
	b.WriteString("code,ean,name,stock:main\n")
	for i := range 1200 { // from line 2 on
		ean := ""
		switch i {
		case 10, 20, 900:
			ean = "5901234123457"
		case 30:
			ean = "4006381333931"
		}
		fmt.Fprintf(&b, "P-%04d,%s,product %d,%d\n", i, ean, i, i)
	}
	b.WriteString("P-0000,,again,7\nP-0000,,and again,8\nP-1,,,-1\n") // lines 1202 to 1204
	load := func() (catalog.Imported, string) {
		s.Helper()
		r, err := catalog.NewReader(strings.NewReader(b.String()), "SEK")
		if err != nil {
			s.Fatal(err)
		}
		report, err := catalog.Import(s.Context(), s.catalog, shop, r, nil)
		if err != nil {
			s.Fatal(err)
		}
		var faults []string
		for _, f := range report.Faults {
			faults = append(faults, f.Error())
		}
		return report, strings.Join(faults, "\n")
	}
	want := strings.Join([]string{
		`line 22: products "P-0010" (line 12) and "P-0020" (line 22) have one EAN or GTIN: 05901234123457`,
		`line 32: products "P-0030" (line 32) and "kept" have one EAN or GTIN: 04006381333931`,
		`line 902: products "P-0900" (line 902) and "P-0010" have one EAN or GTIN: 05901234123457`,
		`line 1204, column 4 (stock:main): is below 0`,
	}, "\n")
	report, faults := load()
	if report.Rows != 1203 || report.Changed != 1199 || report.Refused != 4 || faults != want {
		s.Errorf("%d rows, %d changed, %d refused: %s", report.Rows, report.Changed, report.Refused, faults)
	}
	if s.get("P-0020") != nil || s.get("P-0000").Name != "and again" || s.get("P-1199").OnHand().String() != "1199" || s.get("P-1") != nil {
		s.Error("not what the file says")
	}
	head := s.head()
	if report, faults = load(); report.Changed != 3 || faults != want || s.head() != head+3 {
		s.Errorf("again: %d changed, counter %d after %d: %s", report.Changed, s.head(), head, faults)
	}
}
