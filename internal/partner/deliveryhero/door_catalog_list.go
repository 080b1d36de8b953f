package deliveryhero

import (
	"context"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/ordermux/ordermux/internal/catalog"
)

// The pages of the list. The largest is the one that a client was seen to ask
// for (2026), the default is our choice.
const (
	productsOfPage = 50
	mostProducts   = 500
)

// listing is what a list is asked for.
type listing struct {
	page, size int
	locale     string
	filter     catalog.OfferFilter
	categories []string // ids
}

// readListing reads a query; a parameter that is empty is as good as left out.
func readListing(q url.Values) (l listing, err error) {
	if l.page, err = queryNumber(q, "page", 1, 1<<31-1); err != nil {
		return l, err
	}
	if l.size, err = queryNumber(q, "page_size", productsOfPage, mostProducts); err != nil {
		return l, err
	}
	l.locale, l.filter.Text = q.Get("locale"), q.Get("query_term")
	if len(l.filter.Text) > 200 {
		return l, badRequest("query_term: has at most 200 bytes")
	}
	if text := q.Get("is_active"); text != "" {
		active, err := strconv.ParseBool(text)
		if err != nil {
			return l, badRequest("is_active: must be true or false")
		}
		l.filter.Active = &active
	}
	for _, name := range []string{"category_global_ids", "category_global_ids[]"} {
		for _, list := range q[name] {
			l.categories = append(l.categories, strings.FieldsFunc(list, func(c rune) bool { return c == ',' || c == ' ' })...)
		}
	}
	return l, nil
}

func queryNumber(q url.Values, name string, without, most int) (int, error) {
	text := q.Get(name)
	if text == "" {
		return without, nil
	}
	n, err := strconv.Atoi(text)
	if err != nil || n < 1 || n > most {
		return 0, badRequest(fmt.Sprintf("%s: must be a whole number from 1 to %d", name, most))
	}
	return n, nil
}

// listProducts is GET …/catalog.
func (d *door) listProducts(a *asked) (answer, error) {
	l, err := readListing(a.URL.Query())
	if err != nil {
		return answer{}, err
	}
	out := wireProducts{Page: l.page, PageSize: l.size, Products: []wireProduct{}}
	if len(l.categories) > 0 {
		if l.filter.Categories, err = d.categoriesBelow(a, l.categories); err != nil {
			return answer{}, err
		}
		if len(l.filter.Categories) == 0 {
			return answer{http.StatusOK, out}, nil
		}
	}
	total, offers, err := d.productsOf(a, l)
	if err != nil {
		return answer{}, err
	}
	out.TotalPages = (total + l.size - 1) / l.size
	for i := range offers {
		out.Products = append(out.Products, listedOffer(a.chain, &offers[i], l.locale))
	}
	return answer{http.StatusOK, out}, nil
}

// productsOf returns a page, and how many there are on all.
func (d *door) productsOf(a *asked, l listing) (total int, page []catalog.Offer, err error) {
	f := l.filter
	f.Limit = l.size * (mostProducts / l.size) // so many stand from one mark to the next
	pages, err := d.counted.pages(a.Context(), d.deps.Catalog, a.chain.Shop, a.vendor.ID, f)
	first := (l.page - 1) * l.size
	if err != nil || first >= pages.Total || first/f.Limit >= len(pages.Starts) {
		return pages.Total, nil, err
	}
	f.Cursor = pages.Starts[first/f.Limit]
	if skip := first % f.Limit; skip > 0 {
		if _, f.Cursor, err = d.some(a.Context(), a, f, skip); err != nil || f.Cursor == "" {
			return pages.Total, nil, err
		}
	}
	page, _, err = d.some(a.Context(), a, f, l.size)
	return pages.Total, page, err
}

// some returns so many offers from a cursor on, and where the next ones are.
func (d *door) some(ctx context.Context, a *asked, f catalog.OfferFilter, many int) (all []catalog.Offer, next string, err error) {
	for {
		f.Limit = many - len(all)
		page, next, err := d.deps.Catalog.ListOffers(ctx, a.chain.Shop, a.vendor.ID, f)
		if err != nil {
			return nil, "", fmt.Errorf("list offers: %w", err)
		}
		all = append(all, page...)
		if next == "" || len(all) >= many {
			return all, next, nil
		}
		f.Cursor = next
	}
}

// listedOffer is an offer as the list shows it.
func listedOffer(c *chain, o *catalog.Offer, locale string) wireProduct {
	p := o.Product
	w := wireProduct{
		SKU: skuOf(&p.Product), Barcodes: barcodesOf(p), Title: listedTitle(p, locale), Price: number{o.Price}, Active: o.Active, Most: o.Most,
	}
	if p.Category != "" {
		w.Categories = []string{categoryID(c.ID, p.Category)}
	}
	return w
}

// barcodesOf are the numbers that stand on a product.
func barcodesOf(p *catalog.Product) []string {
	list := []string{}
	for _, code := range []string{p.GTIN, p.UPC, p.ISBN, p.JAN} {
		if code != "" && !slices.Contains(list, code) {
			list = append(list, code)
		}
	}
	return list
}

// listedTitle is a product's name in a locale, or in its language alone; where
// neither is known, or none is asked for, all there is.
func listedTitle(p *catalog.Product, in string) titles {
	if in != "" {
		only, _, _ := strings.Cut(language(in), "-")
		for _, name := range []string{language(in), only, in} {
			if text := p.Names[name]; text != "" {
				return titles{"": text}
			}
		}
		return titles{"": p.Name}
	}
	if len(p.Names) == 0 {
		return titles{"": p.Name}
	}
	all := make(titles, len(p.Names))
	for _, name := range slices.Sorted(maps.Keys(p.Names)) {
		all[locale(name)] = p.Names[name]
	}
	return all
}
