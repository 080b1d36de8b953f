package api

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strconv"

	"github.com/ordermux/ordermux/internal/catalog"
	"github.com/ordermux/ordermux/internal/json"
)

// ProductOptions narrow a list of products; zero values do not.
type ProductOptions struct {
	Code                               string // any code of one product; nothing else goes with it
	Prefix, Text, Store, Parent, Brand string
	Kind                               string // ours, fixed or live
	Active                             *bool
	Cursor                             string
	Limit                              int
}

func (o ProductOptions) query() string {
	active := ""
	if o.Active != nil {
		active = strconv.FormatBool(*o.Active)
	}
	return parameters("code", o.Code, "prefix", o.Prefix, "text", o.Text, "store", o.Store, "parent", o.Parent, "brand", o.Brand,
		"kind", o.Kind, "active", active, "cursor", o.Cursor, "limit", o.Limit)
}

// Products returns a page of products, by code. It may be empty and yet have a
// next one.
func (c *Client) Products(ctx context.Context, shop string, o ProductOptions) (out Products, err error) {
	return out, c.call(ctx, http.MethodGet, path(shop, "products")+o.query(), nil, &out)
}

// Product returns one product.
func (c *Client) Product(ctx context.Context, shop, code string) (out catalog.Product, err error) {
	return out, c.call(ctx, http.MethodGet, path(shop, "products", code), nil, &out)
}

// PutProducts keeps products, all or none, and returns how many changed. Of
// products that would share an EAN the error is also a *catalog.Duplicate, with
// their lines.
func (c *Client) PutProducts(ctx context.Context, shop string, products []catalog.Product) (changed int, err error) {
	var body bytes.Buffer
	for i := range products {
		if err := json.MarshalWrite(&body, &products[i]); err != nil {
			return 0, fmt.Errorf("encode product: %w", err)
		}
		body.WriteByte('\n')
	}
	n, err := c.PutProductsRaw(ctx, shop, body.Bytes(), "application/x-ndjson")
	if p, ok := errors.AsType[*Problem](err); ok && len(p.Twins) > 0 {
		return n, errors.Join(err, duplicateOf(p.Twins, products))
	}
	return n, err
}

// PutProductsRaw hands in a body as it is: one product, an array, or NDJSON.
func (c *Client) PutProductsRaw(ctx context.Context, shop string, body []byte, contentType string) (changed int, err error) {
	var out Changed
	err = c.send(ctx, http.MethodPut, path(shop, "products"), http.Header{"Content-Type": {contentType}}, body, &out)
	return out.Changed, err
}

// duplicateOf gives products in a complaint the lines that they stand in.
func duplicateOf(list []Twins, products []catalog.Product) *catalog.Duplicate {
	lines := map[string]int{}
	for i := range products {
		lines[products[i].Code] = products[i].Line
	}
	out := &catalog.Duplicate{}
	for _, t := range list {
		pair := catalog.Pair{GTIN: t.GTIN, First: catalog.Named{Code: t.First, Line: lines[t.First]}, Other: catalog.Named{Code: t.Other}}
		if !t.Kept {
			pair.Other.Line = lines[t.Other]
		}
		out.Pairs = append(out.Pairs, pair)
	}
	return out
}

// DeleteProduct removes a product.
func (c *Client) DeleteProduct(ctx context.Context, shop, code string) error {
	return c.call(ctx, http.MethodDelete, path(shop, "products", code), nil, &Done{})
}

// SetStock changes nothing but stock, and returns how many products changed.
func (c *Client) SetStock(ctx context.Context, shop string, stock []catalog.Restock) (int, error) {
	var out Changed
	err := c.call(ctx, http.MethodPost, path(shop, "products", "stock"), map[string]any{"stock": stock}, &out)
	return out.Changed, err
}

// SetActive lets products be sold, or not, and returns how many changed.
func (c *Client) SetActive(ctx context.Context, shop string, codes []string, active bool) (int, error) {
	act := "deactivate"
	if active {
		act = "activate"
	}
	var out Changed
	err := c.call(ctx, http.MethodPost, path(shop, "products", act), map[string]any{"codes": codes}, &out)
	return out.Changed, err
}

// ImportProducts hands in a CSV file of at most MaxBody bytes. currency "": the
// shop's.
func (c *Client) ImportProducts(ctx context.Context, shop, currency string, file []byte) (out ImportedProducts, err error) {
	header := http.Header{"Content-Type": {"text/csv"}}
	return out, c.send(ctx, http.MethodPost, path(shop, "products", "import")+parameters("currency", currency), header, file, &out)
}

// TryProducts reads a file as ImportProducts does, and keeps nothing.
func (c *Client) TryProducts(ctx context.Context, shop, currency string, file []byte) (out ImportedProducts, err error) {
	header := http.Header{"Content-Type": {"text/csv"}}
	return out, c.send(ctx, http.MethodPost, path(shop, "products", "import")+parameters("currency", currency, "dry_run", "true"), header, file, &out)
}

// ProductChanges returns what changed after a version, at most limit (0: the
// hub's own) products.
func (c *Client) ProductChanges(ctx context.Context, shop string, after int64, limit int) (out ProductChanges, err error) {
	q := url.Values{"after": {strconv.FormatInt(after, 10)}}
	if limit > 0 {
		q.Set("limit", strconv.Itoa(limit))
	}
	return out, c.call(ctx, http.MethodGet, path(shop, "products", "changes")+"?"+q.Encode(), nil, &out)
}

// Availability returns what could be had now.
func (c *Client) Availability(ctx context.Context, shop string, in Asked) (out Available, err error) {
	return out, c.call(ctx, http.MethodPost, path(shop, "availability"), in, &out)
}
