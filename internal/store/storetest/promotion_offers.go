package storetest

import (
	"fmt"

	"github.com/ordermux/ordermux/internal/catalog"
	"github.com/ordermux/ordermux/internal/promotion"
	"github.com/ordermux/ordermux/internal/store"
)

// testPromotionOffers runs jobs over the catalogue itself.
func testPromotionOffers(m *market) {
	m.book = promotion.New(m.store.Promotions(), store.OffersForPromotions(m.store.Catalog()))
	a, b, c, d := costs("A", "10"), costs("B", "20"), costs("C", "30"), costs("D", "40")
	b.SKU, c.Active, d.Store = "sku-b", false, "ystad"
	m.catalogued([]catalog.Product{a, b, c, d}, priced("lund A 8"), priced("malmö B 25"),
		catalog.OfferEdit{Store: "malmö", Code: "C", Active: yes()}, catalog.OfferEdit{Store: "malmö", Code: "A", Active: no()})
	done := m.does(cheaper("spring", 0, 5, "lund malmö ystad nowhere", "A 9", "sku-b 18", "C 18", "D 18", "E 1"))
	r := done.Result
	m.is("stores", r.InvalidStores, []string{"nowhere"})
	m.is("missing", r.MissingSKUs, map[string][]string{"lund": {"C", "D", "E"}, "malmö": {"A", "D", "E"}, "ystad": {"C", "E"}})
	m.is("invalid", r.InvalidSKUs, map[string][]string{"lund": {"A"}})
	m.is("accepted", r.Accepted, 6)
	m.sees("-, spring 18, -, -", 1, "lund", "A", "sku-b", "C", "D")
	m.sees("-, spring 18, spring 18, -", 1, "malmö", "A", "sku-b", "C", "D")
	m.sees("spring 9, spring 18, -, spring 18", 1, "ystad", "A", "sku-b", "C", "D")

	m.catalogued(nil, priced("ystad A 9"), priced("ystad D 18.01"), catalog.OfferEdit{Store: "ystad", Code: "B", Active: no()})
	m.sees("-, -, -, spring 18", 1, "ystad", "A", "sku-b", "C", "D")
	every := m.does(cheaper("all", 0, 5, "*", "A 7"))
	m.is("every store", line(every.Stores, every.Result.Accepted, every.Result.MissingSKUs), "3 2 map[malmö:[A]]")
	m.sees("all 7", 1, "ystad", "A")
}

// testPromotionManyOffers has more SKUs than the catalogue is asked for at once.
func testPromotionManyOffers(m *market) {
	m.book = promotion.New(m.store.Promotions(), store.OffersForPromotions(m.store.Catalog()))
	const many = 2500
	var products []catalog.Product
	var edits []catalog.OfferEdit
	for i := range many {
		code := fmt.Sprintf("P-%04d", i)
		products = append(products, costs(code, "10"))
		if i%10 == 0 {
			edits = append(edits, priced("lund "+code+" 5"))
		}
	}
	m.catalogued(products, edits...)
	r := cheaper("many", 0, 5, "lund", "x 9")
	r.Discounts[0].SKUs = nil
	for _, p := range products {
		r.Discounts[0].SKUs = append(r.Discounts[0].SKUs, p.Code)
	}
	done := m.does(r)
	m.is("accepted", line(done.Result.Accepted, done.Result.Invalid, done.Result.Missing), "2250 250 0")
	m.sees("-, many 9, many 9", 1, "lund", "P-2490", "P-2491", "P-2499")
}

func (m *market) catalogued(products []catalog.Product, edits ...catalog.OfferEdit) {
	m.Helper()
	if _, err := m.store.Catalog().Put(m.Context(), shop, products); err != nil {
		m.Fatal(err)
	}
	put, err := m.store.Catalog().PutOffers(m.Context(), shop, edits)
	if err != nil || len(put.Refused) > 0 {
		m.Fatal(put, err)
	}
}
