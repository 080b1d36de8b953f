package deliveryhero

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/ordermux/ordermux/internal/catalog"
	"github.com/ordermux/ordermux/internal/json"
	"github.com/ordermux/ordermux/internal/order"
	"github.com/ordermux/ordermux/internal/partner"
)

// How much one call adds (our choice).
const (
	mostAdded = 5000    // products
	mostSold  = 100_000 // products by outlets
)

// soldAlready is the reason of an item that changed nothing.
const soldAlready = "sku: the outlet sells it already"

// addProducts is POST …/catalog (beta): products that no outlet sells but those
// that the call names.
func (d *door) addProducts(a *asked) (answer, error) {
	var in wireAdd
	if err := a.read(&in); err != nil {
		return answer{}, err
	}
	switch {
	case len(in.Vendors) == 0:
		return answer{}, badRequest("vendors: is required")
	case len(in.Products) == 0:
		return answer{}, badRequest("products: is required")
	case len(in.Products) > mostAdded || len(in.Products)*len(in.Vendors) > mostSold:
		return answer{}, badRequest(fmt.Sprintf("products: at most %d, and at most %d by vendors", mostAdded, mostSold))
	}
	u := &adding{update: update{door: d, asked: a, job: d.newJob(a, partner.JobProducts)}}
	u.outlets(in.Vendors)
	if len(u.stores) > 0 {
		if err := u.add(in.Products); err != nil {
			return answer{}, err
		}
	}
	return d.queued(a, u.job)
}

// adding is a call that adds products on its way.
type adding struct {
	update
	stores     []string
	categories map[string]string // texts of ids
}

// outlets reads whom the products are for.
func (u *adding) outlets(vendors []loose) {
	for _, id := range vendors {
		if id == everyVendor && len(vendors) == 1 {
			for _, v := range u.asked.chain.Vendors {
				u.stores = append(u.stores, v.ID)
			}
			return
		}
		v := u.asked.chain.vendor(string(id))
		switch {
		case v == nil:
			u.job.Refused++
			u.job.Items = append(u.job.Items, partner.JobItem{Store: clipped(string(id)), Reason: fmt.Sprintf("vendors: the chain has no outlet %q", clipped(string(id)))})
		case !slices.Contains(u.stores, v.ID):
			u.stores = append(u.stores, v.ID)
		}
	}
}

// add makes the products that there are not yet, and lets the outlets sell all.
func (u *adding) add(values []json.Value) error {
	list, err := u.products(values)
	if err != nil {
		return err
	}
	for some := range slices.Chunk(list, catalog.MostLines) {
		if err := u.put(some); err != nil {
			return err
		}
	}
	for _, store := range u.stores {
		if err := u.sell(store, list); err != nil {
			return err
		}
	}
	return nil
}

// products reads the products of the call; of several with one SKU the first
// one counts.
func (u *adding) products(values []json.Value) (list []*catalog.Product, err error) {
	seen := map[string]bool{}
	for _, value := range values {
		var w wireNewProduct
		if err := json.UnmarshalInput(value, &w); err != nil {
			u.refuse(string(w.SKU), reasonOf(err))
			continue
		}
		p, reason, err := u.product(&w)
		switch {
		case err != nil:
			return nil, err
		case reason != "":
			u.refuse(string(w.SKU), reason)
		case seen[p.Code]:
			u.refuse(p.Code, "sku: stands in the request before")
		default:
			seen[p.Code] = true
			list = append(list, p)
		}
	}
	return list, nil
}

// product is what a call says of a product, or what is wrong with it. It is
// active nowhere by itself: what an outlet says makes it so.
func (u *adding) product(w *wireNewProduct) (p *catalog.Product, reason string, err error) {
	p = &catalog.Product{Product: order.Product{Code: string(w.SKU)}, Currency: u.asked.grant.Currency}
	p.Name, p.Names = named(w.Title, u.asked.chain.Country)
	switch p.Price = cutPrice(w.Price.Decimal); {
	case w.SKU == "":
		return p, "sku: is required", nil
	case p.Name == "":
		return p, "title: is required", nil
	case p.Price.Sign() <= 0:
		return p, "price: must be above 0", nil
	}
	if reason := barcoded(p, append(slices.Clone(w.Barcode), w.Barcodes...)); reason != "" {
		return p, reason, nil
	}
	if p.Category, reason, err = u.category(w.Categories); reason != "" || err != nil {
		return p, reason, err
	}
	if w.Weights != nil {
		p.Weight = w.Weights.kilograms()
	}
	if bad := p.Validate(); bad != nil {
		f := bad.Faults[0]
		f.Path = cmp.Or(map[string]string{"code": "sku", "name": "title", "names": "title", "gtin": "barcode"}[f.Path], f.Path)
		return p, f.Path + ": " + f.Reason, nil
	}
	return p, "", nil
}

// named are a product's name, in the country's own language if there is one,
// and its names in all.
func named(t titles, country string) (name string, names map[string]string) {
	if text, ok := t[""]; ok {
		return text, nil
	}
	names = map[string]string{}
	for _, in := range slices.Sorted(maps.Keys(t)) {
		names[language(in)] = t[in]
		if _, region, _ := strings.Cut(language(in), "-"); name == "" || strings.EqualFold(region, country) {
			name = t[in]
		}
	}
	return name, names
}

// barcoded gives a product its numbers. There is a place for one and, if that is
// no number of twelve digits, for one of these.
func barcoded(p *catalog.Product, codes []string) (reason string) {
	for _, code := range codes {
		switch {
		case code == p.GTIN || code == p.UPC:
		case p.GTIN == "":
			p.GTIN = code
		case p.UPC == "" && len(code) == 12:
			p.UPC = code
		default:
			return "barcodes: a product has one, and one of twelve digits beside it"
		}
	}
	return ""
}

// category is the text of the first of some ids. An id that is none of ours
// stands for itself.
func (u *adding) category(ids []string) (text, reason string, err error) {
	if len(ids) == 0 {
		return "", "", nil
	}
	id := strings.ToLower(ids[0])
	if !isUUID(id) {
		return "", "categories: must be ids", nil
	}
	if u.categories == nil {
		u.categories = map[string]string{}
		for _, store := range u.stores {
			known, err := u.door.counted.categories(u.asked.Context(), u.door.deps.Catalog, u.asked.chain.Shop, store)
			if err != nil {
				return "", "", err
			}
			for _, category := range known {
				for _, name := range lineage(category) {
					u.categories[categoryID(u.asked.chain.ID, name)] = name
				}
			}
		}
	}
	return cmp.Or(u.categories[id], id), "", nil
}

func (w *wireWeights) kilograms() order.Decimal {
	if w.Unit != "G" && w.Unit != "g" || !w.Base.IsSet() {
		return w.Base.Decimal
	}
	return w.Base.Mul(order.FromInt(1, 3))
}

// put makes the products that there are not yet. One that has the barcode of
// another one is refused, and made nowhere: its place in the list is nil.
func (u *adding) put(list []*catalog.Product) error {
	ctx, shop := u.asked.Context(), u.asked.chain.Shop
	lines := make([]catalog.Line, len(list))
	for i, p := range list {
		lines[i] = catalog.Line{Type: catalog.Internal, Code: p.Code}
	}
	found, err := u.door.deps.Catalog.Find(ctx, shop, lines)
	if err != nil {
		return fmt.Errorf("look up products: %w", err)
	}
	var made []catalog.Product
	for i, p := range list {
		if found[i] == nil {
			made = append(made, *p)
		}
	}
	refused, err := u.make(ctx, shop, made)
	for i, p := range list {
		if refused[p.Code] {
			list[i] = nil
		}
	}
	return err
}

// make puts products, and again without those that share a barcode.
func (u *adding) make(ctx context.Context, shop string, list []catalog.Product) (refused map[string]bool, err error) {
	refused = map[string]bool{}
	for len(list) > 0 {
		_, err := u.door.deps.Catalog.Put(ctx, shop, list)
		var twice *catalog.Duplicate
		if err == nil {
			break
		}
		if !errors.As(err, &twice) {
			return refused, fmt.Errorf("put products: %w", err)
		}
		for _, pair := range twice.Pairs {
			if code := pair.First.Code; !refused[code] {
				refused[code] = true
				u.refuse(code, "barcode: another product has it")
			}
		}
		n := len(list)
		list = slices.DeleteFunc(list, func(p catalog.Product) bool { return refused[p.Code] })
		if len(list) == n {
			return refused, fmt.Errorf("put products: %w", err)
		}
	}
	return refused, nil
}

// sell lets an outlet sell products. What it sells already stays as it is.
func (u *adding) sell(store string, list []*catalog.Product) error {
	ctx, shop := u.asked.Context(), u.asked.chain.Shop
	var codes []string
	prices := map[string]order.Money{}
	for _, p := range list {
		if p != nil {
			codes = append(codes, p.Code)
			prices[p.Code] = p.Price
		}
	}
	offers, err := u.door.deps.Catalog.Offers(ctx, shop, store, codes)
	if err != nil {
		return fmt.Errorf("look up offers: %w", err)
	}
	yes := true
	for i, code := range codes {
		if o := offers[i]; o != nil && o.Active {
			u.itemAt(store, code, soldAlready)
			continue
		}
		u.edits = append(u.edits, catalog.OfferEdit{Store: store, Code: code, Type: catalog.Internal, Price: prices[code], Active: &yes})
	}
	u.job.Store = store
	err = u.apply()
	u.job.Store = ""
	return err
}
