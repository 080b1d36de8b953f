package storetest

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/ordermux/ordermux/internal/catalog"
	"github.com/ordermux/ordermux/internal/order"
)

// offerCases are those of RunCatalog that are about what outlets sell.
func offerCases() map[string]func(*stall) {
	return map[string]func(*stall){
		"offers":                  testOffers,
		"offers fall back":        testOffersFallBack,
		"offers by every code":    testOffersNamed,
		"offers of one outlet":    testOffersOutlets,
		"repeated offers":         testOffersRepeated,
		"bad offers":              testOffersInvalid,
		"lists of offers":         testOffersList,
		"few offers of many":      testOffersFewOfMany,
		"changes of offers":       testOffersChanges,
		"offers at a time":        testOffersRace,
		"offers of parts":         testOffersParts,
		"offers of shops apart":   testOffersShops,
		"offers of gone products": testOffersGone,
		"an assortment":           testOffersFollowed,
		"outlets that open":       testOutletsOpen,
	}
}

func yes() *bool { b := true; return &b }
func no() *bool  { b := false; return &b }

// priced is an edit "store code price"; "-" says no price.
func priced(text string) catalog.OfferEdit {
	f := strings.Fields(text)
	e := catalog.OfferEdit{Store: f[0], Code: f[1]}
	if f[2] != "-" {
		e.Price = num(f[2])
	}
	return e
}

func (s *stall) offer(edits ...catalog.OfferEdit) catalog.OffersPut {
	s.Helper()
	put, err := s.catalog.PutOffers(s.Context(), shop, edits)
	if err != nil {
		s.Fatal(err)
	}
	return put
}

// became checks a result: "changed [{place reason}] [{place first}]".
func (s *stall) became(put catalog.OffersPut, want string) {
	s.Helper()
	if got := fmt.Sprint(put.Changed, " ", put.Refused, " ", put.Repeated); got != want {
		s.Errorf("%s instead of %s", got, want)
	}
}

// sells says what an outlet sells products for: "price currency most", "off",
// "-" for what it does not sell.
func (s *stall) sells(store string, codes ...string) string {
	s.Helper()
	list, err := s.catalog.Offers(s.Context(), shop, store, codes)
	if err != nil || len(list) != len(codes) {
		s.Fatal(list, err)
	}
	var out []string
	for _, o := range list {
		out = append(out, s.said(o, store))
	}
	return strings.Join(out, ", ")
}

func (s *stall) said(o *catalog.Offer, store string) string {
	s.Helper()
	if o == nil {
		return "-"
	}
	if o.Store != store || o.Product == nil || o.Version == 0 || o.Updated.IsZero() {
		s.Errorf("%+v", o)
	}
	text := strings.TrimSpace(o.Price.String() + " " + o.Currency)
	if o.Most > 0 {
		text += fmt.Sprint(" ", o.Most)
	}
	if !o.Active {
		text += " off"
	}
	return text
}

func (s *stall) isSold(want, store string, codes ...string) {
	s.Helper()
	if got := s.sells(store, codes...); got != want {
		s.Errorf("%s sells %v as %q instead of %q", store, codes, got, want)
	}
}

func costs(code, price string) catalog.Product {
	p := goods(code, "1")
	p.Price, p.Currency = num(price), "SEK"
	return p
}

func testOffers(s *stall) {
	s.put(costs("A", "10"), costs("B", "20"), costs("C", "30"))
	most := int64(3)
	put := s.offer(priced("lund A 9.90"), catalog.OfferEdit{Store: "lund", Code: "B", Active: no(), Most: &most}, priced("ystad A 11"))
	if put.Changed != 3 || put.Refused != nil || put.Repeated != nil || s.head() != 6 {
		s.Errorf("%+v, counter %d", put, s.head())
	}
	s.isSold("9.90 SEK, 20 SEK 3 off, 30 SEK, -", "lund", "A", "B", "C", "D")
	s.isSold("11 SEK, 20 SEK", "ystad", "A", "B")
	s.isSold("10 SEK, 10 SEK", "elsewhere", "A", "A")
	s.clock.move(time.Hour)
	if put := s.offer(priced("lund A 9.90"), priced("lund B -"), priced("lund C -")); put.Changed != 0 || s.head() != 6 {
		s.Errorf("the same again: %+v, counter %d", put, s.head())
	}
	if put := s.offer(catalog.OfferEdit{Store: "lund", Code: "A", Active: no(), Currency: "EUR"}, priced("lund B 19")); put.Changed != 2 {
		s.Errorf("%+v", put)
	}
	s.isSold("9.90 EUR off, 19 SEK 3 off", "lund", "A", "B")
	list, err := s.catalog.Offers(s.Context(), shop, "lund", []string{"A"})
	if err != nil || list[0].Version != 7 || !list[0].Updated.Equal(s.clock.now()) || list[0].Product.Code != "A" {
		s.Errorf("%+v %v", list[0], err)
	}
	if list, err := s.catalog.Offers(s.Context(), shop, "lund", nil); len(list) != 0 || err != nil {
		s.Error(list, err)
	}
	if put := s.offer(); put.Changed != 0 {
		s.Error(put)
	}
}

// What an outlet does not say is what the product says, now and later.
func testOffersFallBack(s *stall) {
	p := costs("A", "10")
	s.put(p)
	s.offer(priced("lund A 9"), catalog.OfferEdit{Store: "ystad", Code: "A", Active: yes()})
	p.Price, p.Active, p.Currency = num("12"), false, "NOK"
	s.put(p)
	s.isSold("9 NOK off", "lund", "A")
	s.isSold("12 NOK", "ystad", "A")
	s.isSold("12 NOK off", "elsewhere", "A")
	most := int64(5)
	s.offer(catalog.OfferEdit{Store: "lund", Code: "A", Anew: true, Most: &most}, catalog.OfferEdit{Store: "ystad", Code: "A", Anew: true})
	s.isSold("12 NOK 5 off", "lund", "A")
	s.isSold("12 NOK off", "ystad", "A")
	most = 0
	s.offer(catalog.OfferEdit{Store: "lund", Code: "A", Most: &most, Price: num("0")})
	s.isSold("0 NOK off", "lund", "A")
}

func testOffersNamed(s *stall) {
	a, b, c, d := costs("A", "1"), costs("B", "2"), costs("C", "3"), costs("D", "4")
	a.SKU, a.GTIN = "sku-1", "5901234123457"
	b.SKU, b.UPC, b.Producer = "sku-2", "012345678905", "maker"
	c.SKU, c.External = "sku-2", "ext"
	d.SKU = "A" // which is another one's own code
	s.put(a, b, c, d)
	by := func(kind catalog.CodeType, code string) catalog.OfferEdit {
		return catalog.OfferEdit{Store: "lund", Type: kind, Code: code, Price: num("9")}
	}
	put := s.offer(
		by(catalog.Internal, "A"), by(catalog.Producer, "0012345678905"), by(catalog.Internal, "sku-2"), by(catalog.Internal, "nothing"),
		by(catalog.External, "ext"), by(catalog.Producer, "A"), by(catalog.Any, "590-1234123457"), by(catalog.Internal, "ext"),
	)
	s.became(put, "3 [{2 ambiguous} {3 unknown} {5 unknown} {7 unknown}] [{6 0}]")
	s.isSold("9 SEK, 9 SEK, 9 SEK, 4 SEK", "lund", "A", "B", "C", "D")
	s.isSold("9 SEK, -, -", "lund", "sku-1", "sku-2", "5901234123457")
}

// A product of one outlet is sold by it alone.
func testOffersOutlets(s *stall) {
	p := costs("A", "10")
	p.Store = "malmö \"x\"\\{}"
	q := costs("B", "20")
	q.Store = "ystad"
	s.put(p, q, costs("C", "30"))
	put := s.offer(catalog.OfferEdit{Store: p.Store, Code: "A", Price: num("9")}, priced("lund A 8"), priced("lund C 7"))
	s.became(put, "2 [{1 unknown}] []")
	s.isSold("9 SEK, -, 30 SEK", p.Store, "A", "B", "C")
	s.isSold("-, -, 7 SEK", "lund", "A", "B", "C")
	s.isStores("lund", p.Store, "ystad")
	p.Store = "" // now of all
	s.put(p)
	s.isSold("10 SEK", "lund", "A")
	s.isStores("lund", "malmö \"x\"\\{}", "ystad")
}

func (s *stall) isStores(want ...string) {
	s.Helper()
	got, err := s.catalog.Stores(s.Context(), shop)
	if err != nil || !slices.Equal(got, want) {
		s.Errorf("stores %q instead of %q, %v", got, want, err)
	}
}

// Edits of one offer count one after the other, in one call as in several.
func testOffersRepeated(s *stall) {
	a := costs("A", "10")
	a.SKU = "sku"
	s.put(a)
	put := s.offer(
		priced("lund A 9"), priced("ystad A 7"), catalog.OfferEdit{Store: "lund", Code: "sku", Active: no()}, priced("lund A 8"),
	)
	s.became(put, "2 [] [{2 0} {3 0}]")
	s.isSold("8 SEK off", "lund", "A")
	s.isSold("7 SEK", "ystad", "A")
	if put := s.offer(priced("lund A 5"), priced("lund A 8")); put.Changed != 0 || len(put.Repeated) != 1 {
		s.Errorf("there and back: %+v", put)
	}
}

func testOffersInvalid(s *stall) {
	s.put(costs("A", "10"))
	f := func(path string, change func(e *catalog.OfferEdit)) {
		s.Helper()
		e := priced("lund A 9")
		change(&e)
		_, err := s.catalog.PutOffers(s.Context(), shop, []catalog.OfferEdit{priced("lund A 8"), e})
		var invalid *order.Invalid
		if !errors.As(err, &invalid) || invalid.Faults[0].Path != path {
			s.Errorf("%s: %v", path, err)
		}
	}
	f("offers[1].store", func(e *catalog.OfferEdit) { e.Store = "" })
	f("offers[1].store", func(e *catalog.OfferEdit) { e.Store = " lund" })
	f("offers[1].store", func(e *catalog.OfferEdit) { e.Store = strings.Repeat("x", 201) })
	f("offers[1].store", func(e *catalog.OfferEdit) { e.Store = "lu\x00nd" })
	f("offers[1].code", func(e *catalog.OfferEdit) { e.Code = "" })
	f("offers[1].code", func(e *catalog.OfferEdit) { e.Code = "\xff" })
	f("offers[1].type", func(e *catalog.OfferEdit) { e.Type = "barcode" })
	f("offers[1].price", func(e *catalog.OfferEdit) { e.Price = num("-1") })
	f("offers[1].currency", func(e *catalog.OfferEdit) { e.Currency = "kr" })
	f("offers[1].most", func(e *catalog.OfferEdit) { n := int64(-1); e.Most = &n })
	var invalid *order.Invalid
	if _, err := s.catalog.PutOffers(s.Context(), shop, make([]catalog.OfferEdit, catalog.MostEdits+1)); !errors.As(err, &invalid) {
		s.Error(err)
	}
	if _, err := s.catalog.Offers(s.Context(), shop, "lund", make([]string, catalog.MostOffers+1)); !errors.As(err, &invalid) {
		s.Error(err)
	}
	s.isSold("10 SEK, -, -", "lund", "A", "\xff", "")
	if s.head() != 1 {
		s.Error("something was kept")
	}
	s.isStores()
}

func testOffersList(s *stall) {
	var all []catalog.Product
	for i := range 7 {
		p := costs(fmt.Sprint("P-", i), fmt.Sprint(10+i))
		p.Category = fmt.Sprint("category ", i%2)
		if i == 3 {
			p.Store = "ystad"
		}
		p.Active = i != 5
		all = append(all, p)
	}
	s.put(all...)
	s.offer(priced("lund P-1 5"), catalog.OfferEdit{Store: "lund", Code: "P-2", Active: no()}, catalog.OfferEdit{Store: "lund", Code: "P-5", Active: yes()})
	if _, err := s.catalog.Delete(s.Context(), shop, []string{"P-6"}); err != nil {
		s.Fatal(err)
	}
	pages := func(store string, f catalog.OfferFilter) string {
		s.Helper()
		var out []string
		for n := 0; ; n++ {
			page, next, err := s.catalog.ListOffers(s.Context(), shop, store, f)
			if err != nil || n > 20 || f.Limit > 0 && len(page) > f.Limit {
				s.Fatal(len(page), err)
			}
			for i := range page {
				out = append(out, page[i].Product.Code[2:]+" "+s.said(&page[i], store))
			}
			if f.Cursor = next; next == "" {
				return strings.Join(out, ", ")
			}
		}
	}
	const lund = "0 10 SEK, 1 5 SEK, 2 12 SEK off, 4 14 SEK, 5 15 SEK"
	for _, c := range []struct {
		store  string
		filter catalog.OfferFilter
		want   string
	}{
		{"lund", catalog.OfferFilter{}, lund},
		{"lund", catalog.OfferFilter{Limit: 1}, lund},
		{"lund", catalog.OfferFilter{Limit: 2}, lund},
		{"lund", catalog.OfferFilter{Active: yes(), Limit: 2}, "0 10 SEK, 1 5 SEK, 4 14 SEK, 5 15 SEK"},
		{"lund", catalog.OfferFilter{Active: no()}, "2 12 SEK off"},
		{"lund", catalog.OfferFilter{Categories: []string{"category 1"}, Limit: 1}, "1 5 SEK, 5 15 SEK"},
		{"lund", catalog.OfferFilter{Text: "NAME of p-4"}, "4 14 SEK"},
		{"ystad", catalog.OfferFilter{Categories: []string{"category 1", "none"}}, "1 11 SEK, 3 13 SEK, 5 15 SEK off"},
	} {
		if got := pages(c.store, c.filter); got != c.want {
			s.Errorf("%s %+v: %q instead of %q", c.store, c.filter, got, c.want)
		}
		s.isCounted(c.store, c.filter, strings.Count(c.want, ",")+1)
	}
	s.isCounted("lund", catalog.OfferFilter{Text: "nothing like it"}, 0)
	categories := func(store, want string) {
		s.Helper()
		if list, err := s.catalog.Categories(s.Context(), shop, store); err != nil || fmt.Sprint(list) != want {
			s.Errorf("categories of %s: %v, %v", store, list, err)
		}
	}
	categories("lund", "[category 0 category 1]")
	only := costs("Q", "1")
	only.Category, only.Store = "of ystad", "ystad"
	s.put(only, costs("R", "1"))
	categories("lund", "[category 0 category 1]")
	categories("ystad", "[category 0 category 1 of ystad]")
	var invalid *order.Invalid
	if _, _, err := s.catalog.ListOffers(s.Context(), shop, "lund", catalog.OfferFilter{Cursor: "!"}); !errors.As(err, &invalid) {
		s.Error(err)
	}
}

// One call looks at so many products only, and says where to go on.
func testOffersFewOfMany(s *stall) {
	const many = catalog.MostLooked + 2*catalog.MostListed
	for i := 0; i < many; i += 1000 {
		var some []catalog.Product
		for j := i; j < i+1000; j++ {
			some = append(some, goods(fmt.Sprintf("P-%06d", j), "1"))
		}
		s.put(some...)
	}
	last := fmt.Sprintf("P-%06d", many-1)
	s.offer(catalog.OfferEdit{Store: "lund", Code: last, Active: no()})
	f := catalog.OfferFilter{Active: no()}
	page, next, err := s.catalog.ListOffers(s.Context(), shop, "lund", f)
	if err != nil || len(page) != 0 || next == "" {
		s.Fatalf("%d offers, next %q, %v", len(page), next, err)
	}
	f.Cursor = next
	page, next, err = s.catalog.ListOffers(s.Context(), shop, "lund", f)
	if err != nil || len(page) != 1 || page[0].Product.Code != last || next != "" {
		s.Fatalf("%d offers, next %q, %v", len(page), next, err)
	}
	f = catalog.OfferFilter{Active: yes(), Limit: catalog.MostListed}
	pages, err := s.catalog.OfferPages(s.Context(), shop, "lund", f)
	if err != nil || pages.Total != many-1 || len(pages.Starts) != many/catalog.MostListed {
		s.Fatalf("%d offers, %d pages, %v", pages.Total, len(pages.Starts), err)
	}
	f.Cursor = pages.Starts[3]
	page, _, err = s.catalog.ListOffers(s.Context(), shop, "lund", f)
	if err != nil || len(page) == 0 || page[0].Product.Code != fmt.Sprintf("P-%06d", 3*catalog.MostListed) {
		s.Fatalf("%d offers, %v", len(page), err)
	}
}

// offerChanges are those after a version, in pages.
func (s *stall) offerChanges(after int64, limit int) string {
	s.Helper()
	var out []string
	for {
		list, err := s.catalog.OfferChanges(s.Context(), shop, after, limit)
		if err != nil || len(list) > limit {
			s.Fatal(list, err)
		}
		if len(list) == 0 {
			return strings.Join(out, ", ")
		}
		for _, c := range list {
			if c.Version <= after {
				s.Fatalf("%+v after %d", c, after)
			}
			after = c.Version
			out = append(out, strings.TrimSpace(fmt.Sprint(c.Version, " ", c.Code, " ", c.Store)))
		}
	}
}

func testOffersChanges(s *stall) {
	s.put(costs("A", "10"), costs("B", "20"))
	s.offer(priced("lund A 9"), priced("ystad B 8"), priced("lund B 8"))
	s.put(costs("A", "11"))
	s.offer(priced("lund B 7"))
	const all = "2 B, 3 A lund, 5 B ystad, 6 A, 7 B lund"
	for _, limit := range []int{1, 2, 3, 1000} {
		if got := s.offerChanges(0, limit); got != all {
			s.Errorf("changes by %d: %q instead of %q", limit, got, all)
		}
	}
	if got := s.offerChanges(5, 10); got != "6 A, 7 B lund" || s.head() != 7 {
		s.Errorf("%q, counter %d", got, s.head())
	}
	list, err := s.catalog.Changes(s.Context(), shop, 0, 10)
	if err != nil || len(list) != 2 || list[1].Version != 6 {
		s.Errorf("of products: %v %v", list, err)
	}
	if list, err := s.catalog.OfferChanges(s.Context(), shop, 0, -1); len(list) != 0 || err != nil {
		s.Error(list, err)
	}
}

// Who follows while several write misses nothing.
func testOffersRace(s *stall) {
	const writers, times = 4, 25
	s.put(costs("A", "10"), costs("B", "20"))
	var w sync.WaitGroup
	for n := range writers {
		w.Go(func() {
			for i := range times {
				edits := []catalog.OfferEdit{
					priced(fmt.Sprintf("store-%d A %d", n, i+1)), priced(fmt.Sprintf("shared B %d", 1+(i*writers+n)%97)),
				}
				if _, err := s.catalog.PutOffers(s.Context(), shop, edits); err != nil {
					s.Error(err)
				}
			}
		})
	}
	seen := map[string]bool{}
	after, done := int64(0), make(chan struct{})
	go func() { w.Wait(); close(done) }()
	for over := false; ; {
		list, err := s.catalog.OfferChanges(s.Context(), shop, after, 3)
		if err != nil {
			s.Fatal(err)
		}
		for _, c := range list {
			after = c.Version
			o, err := s.catalog.Offers(s.Context(), shop, c.Store, []string{c.Code})
			if err != nil {
				s.Fatal(err)
			}
			seen[fmt.Sprint(c.Store, " ", o[0].Price)] = true
		}
		if len(list) == 0 && over {
			break
		}
		select {
		case <-done:
			over = true
		default:
		}
	}
	if after != s.head() {
		s.Errorf("followed to %d of %d", after, s.head())
	}
	for n := range writers {
		if !seen[fmt.Sprintf("store-%d %d", n, times)] {
			s.Errorf("the last price of store %d was not seen: %v", n, seen)
		}
	}
}

// A call writes in parts: what was written before an error stays.
func testOffersParts(s *stall) {
	const many = 1200
	var products []catalog.Product
	var edits []catalog.OfferEdit
	for i := range many {
		code := fmt.Sprintf("P-%04d", i)
		products = append(products, goods(code, "1"))
		edits = append(edits, priced("lund "+code+" 5"))
	}
	s.put(products...)
	slices.Reverse(edits)
	point := "commit"
	s.fails.Store(&point)
	if put, err := s.catalog.PutOffers(s.Context(), shop, edits); err == nil || put.Changed != 0 {
		s.Errorf("%+v %v", put, err)
	}
	s.fails.Store(nil)
	s.isStores()
	if put := s.offer(edits...); put.Changed != many || s.head() != 2*many {
		s.Errorf("%d changed, counter %d", put.Changed, s.head())
	}
	s.isSold("5, 5", "lund", "P-0000", "P-1199")
}

func testOffersShops(s *stall) {
	s.put(costs("A", "10"))
	s.offer(priced("lund A 9"))
	if _, err := s.catalog.Put(s.Context(), "other", []catalog.Product{costs("A", "20")}); err != nil {
		s.Fatal(err)
	}
	put, err := s.catalog.PutOffers(s.Context(), "other", []catalog.OfferEdit{priced("ystad A 7"), priced("lund B 1")})
	if err != nil || put.Changed != 1 || len(put.Refused) != 1 {
		s.Error(put, err)
	}
	list, err := s.catalog.Offers(s.Context(), "other", "lund", []string{"A"})
	if err != nil || list[0].Price.String() != "20" {
		s.Error(list, err)
	}
	s.isStores("lund")
	s.isSold("9 SEK", "lund", "A")
	if got := s.offerChanges(0, 10); got != "1 A, 2 A lund" {
		s.Error(got)
	}
}

// What outlets said of a product that goes is there when it comes again.
func testOffersGone(s *stall) {
	s.put(costs("A", "10"))
	s.offer(priced("lund A 9"))
	if _, err := s.catalog.Delete(s.Context(), shop, []string{"A"}); err != nil {
		s.Fatal(err)
	}
	s.isSold("-", "lund", "A")
	if put := s.offer(priced("lund A 8")); len(put.Refused) != 1 || put.Refused[0].Reason != catalog.Unknown {
		s.Error(put)
	}
	s.put(costs("A", "12"))
	s.isSold("9 SEK", "lund", "A")
}

// Who asks for the same products again sees every change of them.
func testOffersFollowed(s *stall) {
	a, b := costs("A", "10"), costs("B", "20")
	a.SKU = "sku"
	s.put(a, b, costs("C", "30"))
	names := []string{"A", "sku", "B", "new", "twice"}
	kept := catalog.NewAssortment(shop, names)
	is := func(want string) {
		s.Helper()
		list, err := s.catalog.OffersOf(s.Context(), "lund", kept)
		if err != nil || len(list) != len(names) {
			s.Fatal(list, err)
		}
		var out []string
		for _, o := range list {
			out = append(out, strings.TrimSuffix(s.said(o, "lund"), " SEK"))
		}
		if got := strings.Join(out, " "); got != want {
			s.Errorf("%s instead of %s", got, want)
		}
	}
	is("10 10 20 - -")
	s.offer(priced("lund A 9"), priced("ystad B 1"))
	is("9 9 20 - -")
	b.Price = num("21")
	s.put(b, costs("C", "31"))
	is("9 9 21 - -")
	a.SKU, b.SKU = "", "sku"
	s.put(a, b)
	is("9 21 21 - -")
	s.put(costs("new", "5"))
	is("9 21 21 5 -")
	c, d := costs("C", "30"), costs("D", "40")
	c.SKU, d.SKU = "twice", "twice"
	s.put(c, d)
	is("9 21 21 5 -")
	d.SKU = ""
	s.put(d)
	is("9 21 21 5 30")
	b.Store = "ystad"
	s.put(b)
	is("9 - - 5 30")
	if _, err := s.catalog.Delete(s.Context(), shop, []string{"A"}); err != nil {
		s.Fatal(err)
	}
	is("- - - 5 30")
	var many []catalog.Product
	for i := range 300 {
		many = append(many, costs(fmt.Sprint("P-", i), "1"))
	}
	s.put(append(many, costs("new", "6"), costs("A", "11"))...)
	is("9 - - 6 30")
}
