package deliveryhero

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"

	"github.com/ordermux/ordermux/internal/catalog"
	"github.com/ordermux/ordermux/internal/order"
	"github.com/ordermux/ordermux/internal/partner"
)

// The columns of a catalogue
// (https://developer.foodpanda.com/en/documentation/catalog-sftp-use-cases, seen 2026).
const (
	columnSKU      = "sku"
	columnBarcode  = "barcode"
	columnPrice    = "price"
	columnActive   = "active"
	columnQuantity = "quantity"
	columnMost     = "maximum_sales_quantity"
)

// mostCatalogRows is how many rows a catalogue has, the header aside (an
// integrator, seen 2026; whether the header counts is not told).
const mostCatalogRows = 1_500_000

// pieceOffers is how many offers are kept at a time: what lives meanwhile is
// little, and the garbage that may gather is in proportion to it.
const pieceOffers = 1000

// catalogFile is a file as it brings offers of outlets up to date.
type catalogFile struct {
	store    catalog.OfferStore
	shop     string
	currency string
	outlets  *outletsOf
	verdict  *verdict
	// promotions: its rows may speak of promotions alone.
	promotions bool

	edits []catalog.OfferEdit
	lines []int
}

// read applies the file's rows, some at a time, and then tells which of them
// are about a product that stood in the file before. Errors: refusedFile, with
// nothing applied; others are troubles of ours.
func (f *catalogFile) read(ctx context.Context, body io.ReadSeeker) error {
	pairs := 0
	err := f.each(body, func(v *vendor, r *offerRow) error {
		pairs++
		return f.edit(ctx, v, r)
	})
	if err == nil {
		err = f.flush(ctx)
	}
	if err != nil {
		return err
	}
	return f.lookForRepeats(body, pairs)
}

// each reads the file and calls do for every row and each of its outlets.
func (f *catalogFile) each(body io.Reader, do func(*vendor, *offerRow) error) error {
	t, err := newTable(body)
	if err != nil {
		return err
	}
	if err := f.header(t); err != nil {
		return err
	}
	for {
		err := t.next()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if errors.Is(err, errRowTooLong) {
			f.verdict.refuse(t.line+1, "", "", err.Error()+"; nothing is read beyond it")
			return nil
		}
		bad, isBad := errors.AsType[*badRow](err)
		switch {
		case err == nil:
			err = f.row(t, do)
		case isBad:
			f.verdict.refuse(bad.line, "", "", bad.reason)
			err = nil
		default:
			err = fmt.Errorf("read file: %w", err)
		}
		if err != nil {
			return err
		}
	}
}

func (f *catalogFile) header(t *table) error {
	if f.promotions {
		return nil // the promotions' reader has looked
	}
	demands := []string{columnSKU + " " + columnBarcode, columnPrice + " " + columnActive + " " + columnQuantity + " " + columnMost}
	if f.outlets.one == nil {
		demands = append(demands, columnVendors)
	}
	if err := t.demand(demands...); err != nil {
		return err
	}
	if odd := t.strange(f.columns()...); len(odd) > 0 {
		f.verdict.note("columns that mean nothing here: " + strings.Join(odd, ", "))
	}
	return nil
}

func (f *catalogFile) columns() []string {
	known := []string{columnSKU, columnBarcode, columnPrice, columnActive, columnQuantity, columnMost}
	if f.outlets.one == nil {
		known = append(known, columnVendors, columnExclude)
	}
	return known
}

// offerRow is what a row says of a product.
type offerRow struct {
	line     int
	kind     catalog.CodeType
	code     string
	price    order.Money
	active   *bool
	quantity *int64
	most     *int64
}

func (r *offerRow) silent() bool {
	return !r.price.IsSet() && r.active == nil && r.quantity == nil && r.most == nil
}

// row reads a row for each of its outlets.
func (f *catalogFile) row(t *table, do func(*vendor, *offerRow) error) error {
	r := offerRow{line: t.line}
	reason := ""
	if r.kind, r.code, reason = productOfRow(t); reason == "" {
		reason = r.values(t)
	}
	if reason == "" && r.silent() {
		if f.promotions && speaksOfPromotion(t) {
			return nil
		}
		reason = "says nothing: neither price nor active, quantity or maximum_sales_quantity"
	}
	if reason != "" {
		f.verdict.refuse(t.line, "", r.code, reason)
		return nil
	}
	o := f.outlets.row(t)
	if o.bad != "" {
		f.verdict.refuse(t.line, "", r.code, o.bad)
		return nil
	}
	for _, name := range o.unknown {
		f.verdict.refuse(t.line, name, r.code, unknownOutlet)
	}
	for _, v := range o.list {
		if err := do(v, &r); err != nil {
			return err
		}
	}
	return nil
}

const unknownOutlet = "vendors: the chain has no such outlet"

// productOfRow is how a row names its product: by sku, or by barcode where that is
// empty.
func productOfRow(t *table) (kind catalog.CodeType, code, reason string) {
	if code = t.cell(columnSKU); code != "" {
		return catalog.Internal, code, ""
	}
	if code = t.cell(columnBarcode); code != "" {
		return catalog.Producer, code, ""
	}
	return "", "", "sku: there is neither sku nor barcode"
}

// values reads what is to be changed; an empty cell changes nothing.
func (r *offerRow) values(t *table) (reason string) {
	if text := t.cell(columnPrice); text != "" {
		price, err := order.ParseDecimal(text)
		if err != nil {
			return "price: is no number"
		}
		if r.price = cutPrice(price); r.price.Sign() <= 0 {
			return "price: is not above 0"
		}
	}
	switch text := t.cell(columnActive); strings.ToLower(text) {
	case "":
	case "true", "1":
		r.active = new(true)
	case "false", "0":
		r.active = new(false)
	default:
		return "active: is none of true, false, 1 and 0"
	}
	for _, c := range []struct {
		name string
		to   **int64
	}{{columnQuantity, &r.quantity}, {columnMost, &r.most}} {
		if text := t.cell(c.name); text != "" {
			n, err := strconv.ParseInt(text, 10, 64)
			if err != nil || n < 0 || n > mostNumber {
				return c.name + ": is no whole number from 0 on"
			}
			*c.to = &n
		}
	}
	return ""
}

// mostNumber bounds numbers of pieces and orders.
const mostNumber = 1_000_000_000

// edit adds what a row says to an outlet.
func (f *catalogFile) edit(ctx context.Context, v *vendor, r *offerRow) error {
	e := catalog.OfferEdit{
		Store: v.ID, Type: r.kind, Code: r.code, Price: r.price, Active: offered(r.active, r.quantity, v.Buffer), Most: r.most,
	}
	if r.price.IsSet() {
		e.Currency = f.currency
	}
	if bad := e.Validate(); bad != nil {
		f.verdict.refuse(r.line, v.ID, r.code, bad.Faults[0].Path+": "+bad.Faults[0].Reason)
		return nil
	}
	f.edits, f.lines = append(f.edits, e), append(f.lines, r.line)
	if len(f.edits) >= pieceOffers {
		return f.flush(ctx)
	}
	return nil
}

// flush keeps what was gathered.
func (f *catalogFile) flush(ctx context.Context) error {
	if len(f.edits) == 0 {
		return nil
	}
	put, err := f.store.PutOffers(ctx, f.shop, f.edits)
	if err != nil {
		return fmt.Errorf("keep offers: %w", err)
	}
	for _, r := range put.Refused {
		e := &f.edits[r.Place]
		f.verdict.refuse(f.lines[r.Place], e.Store, e.Code, refusedOffer(r.Reason))
	}
	f.verdict.taken += int64(len(f.edits) - len(put.Refused))
	clear(f.edits) // the rows' text may go
	f.edits, f.lines = f.edits[:0], f.lines[:0]
	return nil
}

func refusedOffer(r catalog.Reason) string {
	if r == catalog.Ambiguous {
		return "sku: several products have it"
	}
	return "sku: the outlet has no such product"
}

func (u *uploads) newCatalogFile(up *partner.Upload, c *chain, of *vendor, v *verdict) *catalogFile {
	return &catalogFile{
		store: u.deps.Catalog, shop: up.Grant.Shop, currency: up.Grant.Currency, outlets: newOutlets(c, of), verdict: v,
	}
}
