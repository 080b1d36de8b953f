package trustpilot

import (
	"cmp"
	"context"
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"sync"

	"github.com/ordermux/ordermux/internal/json"
	"github.com/ordermux/ordermux/internal/order"
)

// The bounds of the catalogue; a page's is documented, the others are our
// choice.
const (
	maxPerPage  = 10_000
	maxSKU      = 200 // bytes
	maxPage     = 10_000
	maxArticles = 20_000 // in one upload
	writers     = 16     // of an upload: the store takes their rows in one go
)

// The catalogue stands in the door's state, a key per product.

func catalogueOf(shop string) string { return "catalogue/" + shop + "/" }

func articleKey(shop, sku string) string { return catalogueOf(shop) + url.PathEscape(sku) }

// handleUpload is POST …/products: adds products, or replaces those with the
// same SKU.
func (d *door) handleUpload(w http.ResponseWriter, r *http.Request, unit string) error {
	l, err := d.enter(r, unit)
	if err != nil {
		return err
	}
	var body wireCatalogue
	if _, err := readJSON(w, r, &body); err != nil {
		return err
	}
	if err := checkCatalogue(body.Products); err != nil {
		return err
	}
	if body.SameSKU {
		for i := range body.Products {
			p := &body.Products[i]
			p.MerchantID = cmp.Or(p.MerchantID, p.SKU)
		}
	}
	if err := d.keepArticles(r.Context(), l.Shop, body.Products); err != nil {
		return err
	}
	answerJSON(w, http.StatusOK, struct{}{})
	return nil
}

func checkCatalogue(list []wireArticle) error {
	var c checker
	switch {
	case len(list) == 0:
		c.say("products", isEmpty)
	case len(list) > maxArticles:
		c.say("products", "must not hold more than 20000 products.")
		return c.verdict()
	}
	for i := range list {
		c.line("products["+strconv.Itoa(i)+"].sku", list[i].SKU, true)
		if len(list[i].SKU) > maxSKU {
			c.say("products["+strconv.Itoa(i)+"].sku", "is too long.")
		}
	}
	return c.verdict()
}

// keepArticles writes an upload, several products at a time. The last of two
// with one SKU stands.
func (d *door) keepArticles(ctx context.Context, shop string, list []wireArticle) error {
	last := map[string]*wireArticle{}
	for i := range list {
		list[i].ID = ""
		last[list[i].SKU] = &list[i]
	}
	work := make(chan *wireArticle)
	failed := make([]error, writers)
	var all sync.WaitGroup
	for n := range failed {
		all.Go(func() {
			for a := range work {
				if failed[n] == nil {
					failed[n] = d.keepArticle(ctx, shop, a)
				}
			}
		})
	}
	for _, a := range last {
		work <- a
	}
	close(work)
	all.Wait()
	return errors.Join(failed...)
}

func (d *door) keepArticle(ctx context.Context, shop string, a *wireArticle) error {
	b, err := json.Marshal(a)
	if err != nil {
		return err
	}
	return d.deps.State.Put(ctx, articleKey(shop, a.SKU), b, 0)
}

// handleCatalogue is GET …/products: by SKU, by group, or page by page.
func (d *door) handleCatalogue(w http.ResponseWriter, r *http.Request, unit string) error {
	l, err := d.enter(r, unit)
	if err != nil {
		return err
	}
	query := r.URL.Query()
	var c checker
	page, size := c.number(query, "page", 1, maxPage), c.number(query, "perPage", maxPerPage, maxPerPage)
	if err := c.verdict(); err != nil {
		return err
	}
	answer, isLast := wireCatalogue{Products: []wireArticle{}}, true
	answer.LastPage = &isLast
	if skus := query.Get("skus"); skus != "" {
		answer.Products, err = d.articles(r.Context(), l.Shop, strings.Split(skus, ","))
	} else {
		skip, group := (page-1)*size, query.Get("groupId")
		err = d.eachArticle(r.Context(), l.Shop, func(a *wireArticle) bool {
			switch {
			case group != "" && a.GroupID != group:
			case skip > 0:
				skip--
			case len(answer.Products) == size:
				isLast = false
				return false
			default:
				answer.Products = append(answer.Products, *a)
			}
			return true
		})
	}
	if err != nil {
		return err
	}
	answerJSON(w, http.StatusOK, answer)
	return nil
}

// number reads a count of the query, from 1.
func (c *checker) number(query url.Values, name string, without, most int) int {
	text := query.Get(name)
	if text == "" {
		return without
	}
	n, err := strconv.Atoi(text)
	if err != nil || n < 1 || n > most {
		c.say(name, "must be a number from 1 to "+strconv.Itoa(most)+".")
	}
	return n
}

// eachArticle calls f for the products of a shop, by key, until it returns
// false.
func (d *door) eachArticle(ctx context.Context, shop string, f func(*wireArticle) bool) error {
	const read = 1000
	for after := ""; ; {
		keys, values, err := d.deps.State.List(ctx, catalogueOf(shop), after, read)
		if err != nil {
			return err
		}
		for _, v := range values {
			a, err := readArticle(shop, v)
			if err != nil {
				return err
			}
			if !f(a) {
				return nil
			}
		}
		if len(keys) < read {
			return nil
		}
		after = keys[len(keys)-1]
	}
}

func readArticle(shop string, value []byte) (*wireArticle, error) {
	var a wireArticle
	if err := json.Unmarshal(value, &a); err != nil {
		return nil, err
	}
	a.ID = articleID(shop, a.SKU)
	return &a, nil
}

// articleID is a product's id, as lists tell it.
func articleID(shop, sku string) string { return madeID("product", shop, sku) }

// articles are the products with these SKUs, letters as they stand; unknown
// ones are left out.
func (d *door) articles(ctx context.Context, shop string, skus []string) ([]wireArticle, error) {
	list := []wireArticle{}
	for _, sku := range skus {
		if sku = strings.TrimSpace(sku); sku == "" || len(sku) > maxSKU {
			continue
		}
		v, ok, err := d.deps.State.Get(ctx, articleKey(shop, sku))
		if err != nil {
			return nil, err
		}
		if !ok {
			continue
		}
		a, err := readArticle(shop, v)
		if err != nil {
			return nil, err
		}
		list = append(list, *a)
	}
	return list, nil
}

// fromCatalogue gives an order whose products are named by SKU the lines that
// other routes need. What the catalogue does not have is a line with its SKU
// alone.
func (d *door) fromCatalogue(ctx context.Context, shop string, o *order.Order) error {
	if o.Review == nil || o.Review.Products == nil || len(o.Review.Products.SKUs) == 0 {
		return nil
	}
	skus := o.Review.Products.SKUs
	if len(skus) > order.MaxElements {
		return malformed(sentence("productReviewInvitation.productSkus", "must not hold more than 1000 SKUs."))
	}
	found, err := d.articles(ctx, shop, skus)
	if err != nil {
		return err
	}
	for _, sku := range skus {
		line := order.Line{Product: order.Product{SKU: sku}}
		if i := slices.IndexFunc(found, func(a wireArticle) bool { return a.SKU == sku }); i >= 0 {
			line.Product = found[i].product()
		}
		o.Lines = append(o.Lines, line)
	}
	return nil
}

func (a *wireArticle) product() order.Product {
	p := order.Product{
		SKU: a.SKU, Name: a.Title, URL: a.Link, ImageURL: a.ImageLink, Brand: a.Brand, MPN: a.MPN, GTIN: a.GTIN,
		GoogleCategory: a.GoogleCategoryID,
	}
	if a.Variation != nil {
		p.Size = a.Variation.Size
	}
	return p
}
