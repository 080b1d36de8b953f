package deliveryhero

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/ordermux/ordermux/internal/catalog"
	"github.com/ordermux/ordermux/internal/order"
	"github.com/ordermux/ordermux/internal/partner"
	"github.com/ordermux/ordermux/internal/promotion"
)

// campaignKey is what a promotion is known by.
type campaignKey struct{ name, start, end, stores string }

// campaign is the rows of a file that are about one promotion.
type campaign struct {
	header promotion.Header
	stores []string
	named  map[string]string // as the file names them, where that is not their name
	rows   []*promotionRow
}

// add puts a row to those of its campaign. What the row says of the campaign as
// a whole must be what the first one says: it is one promotion.
func (f *promotionFile) add(r *promotionRow, o *outlets) {
	stores := []string{promotion.Every}
	if !o.every {
		stores = stores[:0]
		for _, v := range o.list {
			stores = append(stores, v.ID)
		}
		slices.Sort(stores)
	}
	key := campaignKey{r.header.Name, r.header.Start.String(), r.header.End.String(), strings.Join(stores, "\x00")}
	c := f.byKey[key]
	if c == nil {
		c = &campaign{header: r.header, stores: stores, named: o.named}
		f.byKey[key], f.groups = c, append(f.groups, c)
	}
	r.header.Reason = c.header.Reason // rows give theirs for their own product
	if differs := differs(&c.header, &r.header); differs != "" {
		f.verdict.refuse(r.line, "", r.code, fmt.Sprintf("%s: is other than in line %d, of the same campaign", differs, c.rows[0].line))
		return
	}
	c.rows = append(c.rows, r)
	if r.barcode {
		f.barcodes = append(f.barcodes, r)
	}
}

// differs returns the column in which two rows of a campaign differ.
func differs(a, b *promotion.Header) string {
	switch {
	case a.Type != b.Type:
		return columnType
	case a.Bundle != b.Bundle:
		return columnBundle
	case a.Limits != b.Limits:
		return columnOrders
	}
	return ""
}

// findBarcodes finds the SKUs of products that rows name by barcode.
func (f *promotionFile) findBarcodes(ctx context.Context) error {
	for some := range slices.Chunk(f.barcodes, catalog.MostLines) {
		lines := make([]catalog.Line, len(some))
		for i, r := range some {
			lines[i] = catalog.Line{Type: catalog.Producer, Code: r.code, Quantity: order.FromInt(1, 0)}
		}
		found, err := f.deps.Catalog.Find(ctx, f.shop, lines)
		if err != nil {
			return fmt.Errorf("look up barcodes: %w", err)
		}
		for i, p := range found {
			switch {
			case p == nil:
				some[i].gone = true
				f.verdict.refuse(some[i].line, "", some[i].code, "barcode: no product has it, or several have")
			case p.SKU != "":
				some[i].code = p.SKU
			default:
				some[i].code = p.Code
			}
		}
	}
	return nil
}

// put hands the promotions over. What they come to is a job of each.
func (f *promotionFile) put(ctx context.Context) error {
	for _, c := range f.groups {
		c.rows = f.lastOf(c)
		if len(c.rows) == 0 {
			continue
		}
		if err := f.putOne(ctx, c); err != nil {
			return err
		}
	}
	return nil
}

// lastOf are a campaign's rows, of each product the last one.
func (f *promotionFile) lastOf(c *campaign) []*promotionRow {
	at := map[string]int{}
	var out []*promotionRow
	for _, r := range c.rows {
		if r.gone {
			continue
		}
		if i, twice := at[r.code]; twice {
			f.verdict.again(r.line, "", r.code)
			out[i] = r
			continue
		}
		at[r.code] = len(out)
		out = append(out, r)
	}
	return out
}

// putOne puts a campaign, in several requests if it is about more pairs of an
// outlet and a product than one may be.
func (f *promotionFile) putOne(ctx context.Context, c *campaign) error {
	stores := len(c.stores)
	if c.stores[0] == promotion.Every {
		all, err := f.deps.Catalog.Stores(ctx, f.shop)
		if err != nil {
			return fmt.Errorf("outlets of the shop: %w", err)
		}
		stores = len(all)
	}
	inactive := !slices.ContainsFunc(c.rows, func(r *promotionRow) bool { return !r.off })
	for some := range slices.Chunk(c.rows, max(promotion.MostPairs/max(stores, 1), 1)) {
		r := &promotion.Request{Header: c.header, Stores: c.stores, Named: c.named, Inactive: inactive, Discounts: discountsOf(some, inactive)}
		err := f.putRequest(ctx, r)
		bad, isBad := errors.AsType[*order.Invalid](err)
		switch {
		case isBad:
			for _, row := range some {
				f.verdict.refuse(row.line, "", row.code, columnOfFault(bad.Faults[0]))
			}
		case err != nil:
			return err
		default:
			f.verdict.taken += int64(len(some))
		}
	}
	return nil
}

func (f *promotionFile) putRequest(ctx context.Context, r *promotion.Request) error {
	put, err := f.deps.Promotions.Put(ctx, f.shop, r, nil)
	if err != nil {
		return fmt.Errorf("put promotion: %w", err)
	}
	j := &jobs{deps: f.deps, shop: f.shop}
	if err := j.start(ctx, &partner.Job{ID: put.ID, Kind: partner.JobPromotion, Name: r.Name, By: f.by}); err != nil {
		return fmt.Errorf("start job of promotion: %w", err)
	}
	return nil
}

// discountsOf are the terms of rows, each with its products. Where only some
// rows are switched off, their products are taken out.
func discountsOf(rows []*promotionRow, inactive bool) (out []promotion.Discount) {
	type kind struct {
		terms  promotion.Terms
		remove bool
	}
	at := map[kind]int{}
	for _, r := range rows {
		k := kind{terms: r.terms}
		if r.off && !inactive {
			k = kind{remove: true}
		}
		i, known := at[k]
		if !known {
			i = len(out)
			at[k], out = i, append(out, promotion.Discount{Terms: k.terms, Remove: k.remove})
		}
		out[i].SKUs = append(out[i].SKUs, r.code)
	}
	return out
}
