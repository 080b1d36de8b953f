package deliveryhero

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/ordermux/ordermux/internal/partner"
)

// The columns of promotions
// (https://developer.foodpanda.com/en/documentation/promotions-sftp-how-to-integrate, seen 2026).
const (
	columnCampaign   = "campaign_name"
	columnReason     = "reason"
	columnStart      = "start_date"
	columnEnd        = "end_date"
	columnStatus     = "campaign_status"
	columnType       = "promotion_type"
	columnSubtype    = "promotion_sub_type"
	columnDiscounted = "discounted_price"
	columnOrders     = "max_no_of_orders"
	columnUsage      = "discount_usage_limit"
	columnBundle     = "bundle_details"
	columnBundleOff  = "bundle_discount"
)

const (
	// mostPromotionRows is how many rows a file of promotions has, its header
	// among them (an integrator, seen 2026).
	mostPromotionRows = 20_000
	// mostPromotionBytes bounds the rows that are held at a time (our choice).
	mostPromotionBytes = 32 << 20
)

// promotionFile gathers the rows of a file into requests.
type promotionFile struct {
	deps    partner.Deps
	shop    string
	by      string // the user
	zone    *time.Location
	outlets *outletsOf
	verdict *verdict
	// catalog: the file is one of products, too. What is wrong with a row
	// whatever it speaks of, and with other rows, is told by their reader.
	catalog bool

	rows, bytes int
	groups      []*campaign
	byKey       map[campaignKey]*campaign
	barcodes    []*promotionRow // whose product is to be found
	freeReasons int
}

func (u *uploads) newPromotionFile(up *partner.Upload, c *chain, of *vendor, v *verdict) *promotionFile {
	zone, err := time.LoadLocation(up.Grant.Timezone)
	if err != nil { // the configuration was checked
		zone = time.UTC
	}
	return &promotionFile{
		deps: u.deps, shop: up.Grant.Shop, by: up.Grant.Name, zone: zone, outlets: newOutlets(c, of), verdict: v,
		byKey: map[campaignKey]*campaign{},
	}
}

// read gathers all rows. Errors: refusedFile; others are troubles of ours.
func (f *promotionFile) read(ctx context.Context, body io.Reader) error {
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
			break
		}
		if errors.Is(err, errRowTooLong) {
			if !f.catalog {
				f.verdict.refuse(t.line+1, "", "", err.Error()+"; nothing is read beyond it")
			}
			break
		}
		bad, isBad := errors.AsType[*badRow](err)
		switch {
		case err == nil:
			err = f.row(t)
		case isBad:
			if err = nil; !f.catalog {
				f.verdict.refuse(bad.line, "", "", bad.reason)
			}
		default:
			return fmt.Errorf("read file: %w", err)
		}
		if err != nil {
			return err
		}
	}
	if f.freeReasons > 0 {
		f.verdict.note(fmt.Sprintf("%d rows give a reason of their own; it counts as trading", f.freeReasons))
	}
	return f.findBarcodes(ctx)
}

// header looks at the columns. A file of products and promotions needs none of
// the promotions', or all.
func (f *promotionFile) header(t *table) error {
	required := []string{columnCampaign, columnReason, columnStart, columnEnd, columnType}
	demands := []string{columnSKU + " " + columnBarcode}
	if !f.catalog || slices.ContainsFunc(required, t.has) {
		demands = append(demands, required...)
	}
	known := []string{
		columnSKU, columnBarcode, columnCampaign, columnReason, columnStart, columnEnd, columnStatus, columnType, columnSubtype,
		columnDiscounted, columnOrders, columnMost, columnUsage, columnBundle, columnBundleOff,
	}
	if f.catalog {
		known = append(known, columnPrice, columnActive, columnQuantity)
	}
	if f.outlets.one == nil {
		demands, known = append(demands, columnVendors), append(known, columnVendors, columnExclude)
	}
	if err := t.demand(demands...); err != nil {
		return err
	}
	if odd := t.strange(known...); len(odd) > 0 {
		f.verdict.note("columns that mean nothing here: " + strings.Join(odd, ", "))
	}
	return nil
}

// speaksOfPromotion reports whether a row of a file of both is about a
// promotion, too.
func speaksOfPromotion(t *table) bool {
	return t.cell(columnCampaign) != "" || t.cell(columnType) != "" || t.cell(columnStart) != "" || t.cell(columnDiscounted) != "" || t.cell(columnBundle) != ""
}

// row adds a row to its campaign. Errors: refusedFile.
func (f *promotionFile) row(t *table) error {
	if f.catalog && !speaksOfPromotion(t) {
		return nil
	}
	f.rows++
	for _, cell := range t.cells {
		f.bytes += len(cell)
	}
	switch {
	case f.rows >= mostPromotionRows:
		return refusedFile(fmt.Sprintf("the file has more than %d rows of promotions with the header", mostPromotionRows))
	case f.bytes > mostPromotionBytes:
		return refusedFile(fmt.Sprintf("the promotions of the file take more than %d MB", mostPromotionBytes>>20))
	}
	r := &promotionRow{line: t.line}
	_, r.code, _ = productOfRow(t)
	reason := r.read(t, f.zone, f.catalog)
	var o *outlets
	if reason == "" {
		if o = f.outlets.row(t); o.bad != "" {
			reason = o.bad
		}
	}
	if reason != "" {
		f.verdict.refuse(r.line, "", r.code, reason)
		return nil
	}
	for _, name := range o.unknown {
		f.verdict.refuse(r.line, name, r.code, unknownOutlet)
	}
	if len(o.list) == 0 && !o.every {
		return nil
	}
	if r.free {
		f.freeReasons++
	}
	f.add(r, o)
	return nil
}
