package catalog

import (
	"fmt"
	"slices"
	"strings"

	"github.com/ordermux/ordermux/internal/order"
)

// Offers is Store.Offers in a transaction.
func Offers(l Lookup, shop, store string, codes []string) ([]*Offer, error) {
	if len(codes) > MostOffers {
		return nil, order.Refuse("codes", order.TooLarge, fmt.Sprintf("at most %d products at a time", MostOffers))
	}
	return NewAssortment(shop, codes).Offers(l, store)
}

// productsOf returns the products of codes or SKUs, or why there is none.
func productsOf(l Lookup, shop string, codes []string) ([]*Product, []Reason, error) {
	names := make([]named, len(codes))
	for i, code := range codes {
		names[i] = named{Internal, code}
	}
	rows, reasons, err := findNamed(l, shop, names)
	if err != nil {
		return nil, nil, fmt.Errorf("look up products: %w", err)
	}
	products := make([]*Product, len(rows))
	known := map[*Row]*Product{}
	for i, row := range rows {
		if row == nil {
			continue
		}
		if products[i] = known[row]; products[i] == nil {
			if products[i], err = row.Product(); err != nil {
				return nil, nil, err
			}
			known[row] = products[i]
		}
	}
	return products, reasons, nil
}

// offersOf are an outlet's offers of products, in their sequence.
func offersOf(l Lookup, shop, store string, products []*Product) ([]*Offer, error) {
	own := Shelf{Store: store}
	for _, p := range products {
		if p != nil {
			own.Codes = append(own.Codes, p.Code)
		}
	}
	list := make([]*Offer, len(products))
	if len(own.Codes) == 0 {
		return list, nil
	}
	rows, err := l.FindOffers(shop, []Shelf{own})
	if err != nil {
		return nil, fmt.Errorf("look up offers: %w", err)
	}
	said := make(map[string]*OfferRow, len(rows))
	for i := range rows {
		said[rows[i].Code] = &rows[i]
	}
	for i, p := range products {
		if p != nil {
			if list[i], err = p.offer(store, said[p.Code]); err != nil {
				return nil, err
			}
		}
	}
	return list, nil
}

// Page makes a page of ListOffers of the products that read returns: those with
// codes behind after, by code.
func (f *OfferFilter) Page(l Lookup, shop, store string, read func(after string, limit int) ([]Row, error)) (page []Offer, next string, err error) {
	plain := Filter{Cursor: f.Cursor, Limit: f.Limit}
	after, err := plain.start()
	if err != nil {
		return nil, "", err
	}
	most, step := plain.most(), MostListed+1
	if f.Text == "" && len(f.Categories) == 0 && f.Active == nil {
		step = most + 1
	}
	for looked := 0; looked < MostLooked; looked += step {
		rows, err := read(after, step)
		if err != nil {
			return nil, "", err
		}
		offers, err := f.selected(l, shop, store, rows)
		if err != nil {
			return nil, "", err
		}
		for i := range rows {
			if len(page) == most {
				return page, cursor(after), nil
			}
			after = rows[i].Code
			if offers[i] != nil {
				page = append(page, *offers[i])
			}
		}
		if len(rows) < step {
			return page, "", nil
		}
	}
	return page, cursor(after), nil
}

// selected are the offers that the filter selects, nil for the others.
func (f *OfferFilter) selected(l Lookup, shop, store string, rows []Row) ([]*Offer, error) {
	text := strings.ToLower(f.Text)
	products := make([]*Product, len(rows))
	for i := range rows {
		if rows[i].Deleted {
			continue
		}
		p, err := rows[i].Product()
		if err != nil {
			return nil, err
		}
		if p.sold(store) && (len(f.Categories) == 0 || slices.Contains(f.Categories, p.Category)) && (text == "" || says(p, text)) {
			products[i] = p
		}
	}
	list, err := offersOf(l, shop, store, products)
	if err != nil || f.Active == nil {
		return list, err
	}
	for i, o := range list {
		if o != nil && o.Active != *f.Active {
			list[i] = nil
		}
	}
	return list, nil
}

// MergeOfferChanges puts changes of products and of offers, each by version,
// into one sequence of at most limit.
func MergeOfferChanges(products, offers []OfferChange, limit int) []OfferChange {
	list := make([]OfferChange, 0, min(limit, len(products)+len(offers)))
	for len(list) < limit && len(products)+len(offers) > 0 {
		from := &products
		if len(products) == 0 || len(offers) > 0 && offers[0].Version < products[0].Version {
			from = &offers
		}
		list, *from = append(list, (*from)[0]), (*from)[1:]
	}
	return list
}
