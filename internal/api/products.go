package api

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/ordermux/ordermux/internal/catalog"
	"github.com/ordermux/ordermux/internal/json"
	"github.com/ordermux/ordermux/internal/order"
)

// Products is a page of a shop's catalogue, by code.
type Products struct {
	Products []catalog.Product `json:"products"`
	Next     string            `json:"next,omitzero"`
}

// ProductChanges are products in the sequence in which they changed.
type ProductChanges struct {
	Products []catalog.Product `json:"products"` // deleted ones too
	After    int64             `json:"after"`    // for the next call
	Head     int64             `json:"head"`     // the newest change; After == Head: that was all
}

// Changed is how many products are other than before.
type Changed struct {
	Changed int `json:"changed"`
}

// Twins are two products that would have one EAN or other GTIN.
type Twins struct {
	GTIN  string `json:"gtin"`
	First string `json:"first"` // codes
	Other string `json:"other"`
	// Kept says that the other one is in the catalogue already, and not of the
	// same call.
	Kept bool `json:"kept,omitzero"`
}

// withCatalog runs an endpoint where the hub keeps catalogues.
func withCatalog(do func(a *API, r *request) (any, error)) func(a *API, r *request) (any, error) {
	return func(a *API, r *request) (any, error) {
		if a.Catalog == nil {
			return nil, problemf(http.StatusNotFound, "this hub keeps no products")
		}
		out, err := do(a, r)
		if twice, ok := errors.AsType[*catalog.Duplicate](err); ok {
			return nil, twins(twice)
		}
		return out, err
	}
}

// mostTwins bounds the pairs of one answer.
const mostTwins = 1000

// twins is the problem of products with one EAN.
func twins(twice *catalog.Duplicate) *Problem {
	p := problemf(http.StatusConflict, "%s", twice)
	for _, pair := range twice.Pairs[:min(len(twice.Pairs), mostTwins)] {
		p.Twins = append(p.Twins, Twins{GTIN: pair.GTIN, First: pair.First.Code, Other: pair.Other.Code, Kept: pair.Other.Line == 0})
	}
	return p
}

func listProducts(a *API, r *request) (any, error) {
	q := newQuery(r, "code", "prefix", "text", "store", "parent", "brand", "kind", "active", "cursor", "limit")
	f := catalog.Filter{
		Prefix: q.text("prefix"), Text: q.text("text"), Store: q.text("store"), Parent: q.text("parent"), Brand: q.text("brand"),
		Cursor: q.text("cursor"), Limit: q.limit(),
	}
	if s := q.text("kind"); s != "" {
		kind, ok := kindOf(s)
		if f.Kind = &kind; !ok {
			q.refuse("kind", "must be ours, fixed or live")
		}
	}
	if s := q.text("active"); s != "" {
		active, err := strconv.ParseBool(s)
		if f.Active = &active; err != nil {
			q.refuse("active", "must be true or false")
		}
	}
	code := q.text("code")
	if code != "" && (f.Text+f.Prefix+f.Store+f.Parent+f.Brand+f.Cursor != "" || f.Kind != nil || f.Active != nil) {
		q.refuse("code", "names one product: nothing else can be asked for beside it")
	}
	if err := q.err(); err != nil {
		return nil, err
	}
	if code != "" {
		return a.productOf(r.Context(), r.shop, code)
	}
	page, next, err := a.Catalog.List(r.Context(), r.shop, f)
	return Products{Products: nonNil(page), Next: next}, err
}

// productOf lists the product that has a code, whichever of its codes it is.
func (a *API) productOf(ctx context.Context, shop, code string) (out Products, err error) {
	list, err := a.Catalog.Find(ctx, shop, []catalog.Line{{Type: catalog.Any, Code: code}})
	out.Products = []catalog.Product{}
	if err == nil && list[0] != nil {
		out.Products = append(out.Products, *list[0])
	}
	return out, err
}

// kindOf reads the name of a kind of stock.
func kindOf(name string) (catalog.Kind, bool) {
	kind := catalog.Kind(name)
	if name == "ours" {
		kind = catalog.Ours
	}
	return kind, kind.Known()
}

func nonNil[T any](list []T) []T {
	if list == nil {
		return []T{}
	}
	return list
}

// product returns the one with a code; order.ErrNotFound without one.
func (a *API) product(ctx context.Context, shop, code string) (*catalog.Product, error) {
	list, err := a.Catalog.Find(ctx, shop, []catalog.Line{{Type: catalog.Internal, Code: code}})
	if err != nil {
		return nil, err
	}
	if p := list[0]; p != nil && p.Code == code { // and not another's SKU
		return p, nil
	}
	return nil, order.ErrNotFound
}

func showProduct(a *API, r *request) (any, error) {
	return a.product(r.Context(), r.shop, r.PathValue("code"))
}

func deleteProduct(a *API, r *request) (any, error) {
	n, err := a.Catalog.Delete(r.Context(), r.shop, []string{r.PathValue("code")})
	if err == nil && n == 0 {
		err = order.ErrNotFound
	}
	return Done{Done: true}, err
}

// putProducts keeps one product, an array or NDJSON: all or none.
func putProducts(a *API, r *request) (any, error) {
	kind, err := contentType(r.Request)
	if err != nil {
		return nil, err
	}
	body, err := readBody(r.Request)
	if err != nil {
		return nil, err
	}
	products, single, err := decodeProducts(body, kind == typeNDJSON)
	if err != nil {
		return nil, err
	}
	n, err := a.Catalog.Put(r.Context(), r.shop, products)
	return Changed{n}, asSent(err, "products", single)
}

func decodeProducts(body []byte, ndjson bool) (products []catalog.Product, single bool, err error) {
	raws, single, err := splitEntries(body, ndjson)
	if err != nil {
		return nil, false, err
	}
	if len(raws) > catalog.MostPut {
		return nil, false, order.Refuse("", order.TooLarge, fmt.Sprintf("more than %d products in one call; split it", catalog.MostPut))
	}
	products = make([]catalog.Product, len(raws))
	bad := &order.Invalid{}
	for i, raw := range raws {
		products[i].Active, products[i].Line = true, i+1
		if err := json.UnmarshalStrict(raw, &products[i]); err != nil {
			if err := collect(bad, err, place(i, single)); err != nil {
				return nil, false, err
			}
		}
	}
	if len(bad.Faults) > 0 {
		return nil, false, bad
	}
	return products, single, nil
}

func place(i int, single bool) string {
	if single {
		return ""
	}
	return "[" + strconv.Itoa(i) + "]"
}

// asSent names the places of refused input as the body has them: the store
// speaks of products[3].gtin, an array of [3].gtin, one product of gtin.
func asSent(err error, list string, single bool) error {
	bad, ok := errors.AsType[*order.Invalid](err)
	if !ok {
		return err
	}
	out := &order.Invalid{Faults: slices.Clone(bad.Faults)}
	for i := range out.Faults {
		f := &out.Faults[i]
		path, found := strings.CutPrefix(f.Path, list)
		if single && found {
			path = strings.TrimPrefix(path, "[0].")
		}
		f.Path = path
	}
	return out
}

func productChanges(a *API, r *request) (any, error) {
	q := newQuery(r, "after", "limit")
	after, limit := q.number("after"), q.limit()
	if err := q.err(); err != nil {
		return nil, err
	}
	// The counter first: what comes after it is not missed, only asked for again.
	head, err := a.Catalog.Head(r.Context(), r.shop)
	if err != nil {
		return nil, err
	}
	list, err := a.Catalog.Changes(r.Context(), r.shop, after, limit)
	out := ProductChanges{Products: nonNil(list), After: after, Head: head}
	if n := len(list); n > 0 {
		out.After = list[n-1].Version
		out.Head = max(head, out.After)
	}
	if len(list) < limit && err == nil {
		out.After = max(out.After, out.Head) // the counter counts offers, too
	}
	return out, err
}

func setActive(active bool) func(a *API, r *request) (any, error) {
	return func(a *API, r *request) (any, error) {
		var in struct {
			Codes []string `json:"codes"`
		}
		if err := readJSON(r.Request, &in); err != nil {
			return nil, err
		}
		lines := make([]catalog.Line, len(in.Codes))
		for i, code := range in.Codes {
			lines[i] = catalog.Line{Type: catalog.Internal, Code: code}
		}
		if len(lines) == 0 || len(lines) > catalog.MostLines {
			return nil, order.Refuse("codes", order.Required, fmt.Sprintf("name 1 to %d products", catalog.MostLines))
		}
		found, err := a.Catalog.Find(r.Context(), r.shop, lines)
		if err != nil {
			return nil, err
		}
		for i, p := range found {
			if p == nil || p.Code != in.Codes[i] {
				return nil, order.Refuse(fmt.Sprintf("codes[%d]", i), order.Malformed, "there is no such product")
			}
		}
		n, err := a.Catalog.SetActive(r.Context(), r.shop, in.Codes, active)
		return Changed{n}, err
	}
}
