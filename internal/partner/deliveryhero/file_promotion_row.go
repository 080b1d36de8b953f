package deliveryhero

import (
	"strconv"
	"strings"
	"time"

	"github.com/ordermux/ordermux/internal/order"
	"github.com/ordermux/ordermux/internal/promotion"
)

// promotionRow is what a row says of a product.
type promotionRow struct {
	line    int
	code    string
	barcode bool // code is one
	off     bool // campaign_status 0
	header  promotion.Header
	terms   promotion.Terms
	free    bool // the reason is none of the platform's
	gone    bool // its product was not found
}

// read reads a row; reason says what is wrong with it.
func (r *promotionRow) read(t *table, zone *time.Location, both bool) (reason string) {
	r.barcode = t.cell(columnSKU) == ""
	if r.code == "" {
		return "sku: there is neither sku nor barcode"
	}
	for _, read := range []func() string{
		func() string { return r.campaign(t) },
		func() string { return r.dates(t, zone) },
		func() string { return r.price(t) },
		func() string { return r.limits(t, both) },
	} {
		if reason := read(); reason != "" {
			return reason
		}
	}
	check := promotion.Request{
		Header: r.header, Stores: []string{promotion.Every},
		Discounts: []promotion.Discount{{SKUs: []string{r.code}, Terms: r.terms}},
	}
	if bad := check.Validate(1); bad != nil {
		return columnOfFault(bad.Faults[0])
	}
	return ""
}

// columnOfFault says what is wrong in the words of the file.
func columnOfFault(f order.Fault) string {
	for path, column := range map[string]string{
		"name": columnCampaign, "start": columnStart, "end": columnEnd, "discounts[0].skus[0]": columnSKU, "discounts[0].value": "discount",
		"bundle.purchased": columnBundle, "bundle.discounted": columnBundle, "limits.global": columnOrders, "discounts[0].max_quantity": columnUsage,
	} {
		if f.Path == path {
			return column + ": " + f.Reason
		}
	}
	return f.Path + ": " + f.Reason
}

func (r *promotionRow) campaign(t *table) string {
	// Rows do not keep the text that they are a part of.
	r.code = strings.Clone(r.code)
	r.header.Name = strings.Clone(t.cell(columnCampaign))
	text := t.cell(columnReason)
	if r.header.Name == "" {
		return columnCampaign + ": is missing"
	}
	if text == "" {
		return columnReason + ": is missing"
	}
	r.header.Reason, r.free = reasonOfText(text)
	switch t.cell(columnStatus) {
	case "", "1":
	case "0":
		r.off = true
	default:
		return columnStatus + ": is neither 1 nor 0"
	}
	return ""
}

// reasonOfText reads a reason. In files free text was seen: what is none of the
// platform's reasons counts as trading (our choice).
func reasonOfText(text string) (_ promotion.Reason, free bool) {
	word := promotion.Reason(strings.NewReplacer(" ", "_", "-", "_").Replace(strings.ToLower(text)))
	switch word {
	case promotion.Overstock, promotion.Delisting, promotion.Competitiveness, promotion.ExpiringSoon, promotion.NMR, promotion.Trading:
		return word, false
	}
	return promotion.Trading, true
}

// dates reads start and end. The zone is not documented: it is the shop's. A day
// alone is meant from its beginning, and to its end (our choice).
func (r *promotionRow) dates(t *table, zone *time.Location) string {
	start, _, ok := dateOf(t.cell(columnStart), zone)
	if !ok {
		return columnStart + ": is no date such as 2026-03-01 or 2026-03-01 08:00:00"
	}
	end, day, ok := dateOf(t.cell(columnEnd), zone)
	if !ok {
		return columnEnd + ": is no date such as 2026-03-01 or 2026-03-01 08:00:00"
	}
	if day {
		end = end.AddDate(0, 0, 1)
	}
	if !end.After(start) {
		return columnEnd + ": is not after " + columnStart
	}
	r.header.Start, r.header.End = order.At(start), order.At(end)
	return ""
}

// dateOf reads a date in one of the two forms; day: without the time.
func dateOf(text string, zone *time.Location) (at time.Time, day, ok bool) {
	if at, err := time.ParseInLocation(time.DateTime, text, zone); err == nil {
		return at, false, true
	}
	at, err := time.ParseInLocation(time.DateOnly, text, zone)
	return at, true, err == nil
}

// The words of types and subtypes.
const (
	wordStrikethrough = "strikethrough"
	wordBundle        = "same_item_bundle"
	wordFree          = "free_item"
	wordPercentage    = "percentage_value_off"
	wordAbsolute      = "absolute_value_off"
)

func (r *promotionRow) price(t *table) string {
	subtype := strings.ToLower(t.cell(columnSubtype))
	switch subtype {
	case "", wordFree, wordPercentage, wordAbsolute:
	default:
		return columnSubtype + ": is none of free_item, percentage_value_off and absolute_value_off"
	}
	switch strings.ToLower(t.cell(columnType)) {
	case wordStrikethrough:
		r.header.Type = promotion.Strikethrough
		r.terms.Subtype = promotion.FinalPrice
		return numberOf(t, columnDiscounted, &r.terms.Value)
	case wordBundle:
		r.header.Type = promotion.SameItemBundle
		return r.bundle(t, subtype)
	case "":
		return columnType + ": is missing"
	}
	return columnType + ": is neither strikethrough nor same_item_bundle"
}

// bundle reads B2G1 and what the one is had for.
func (r *promotionRow) bundle(t *table, subtype string) string {
	details := strings.ToUpper(t.cell(columnBundle))
	rest, begins := strings.CutPrefix(details, "B")
	buy, get, both := strings.Cut(rest, "G")
	x, err := strconv.ParseInt(buy, 10, 32)
	y, err2 := strconv.ParseInt(get, 10, 32)
	if !begins || !both || err != nil || err2 != nil || x < 1 || y < 1 {
		return columnBundle + ": is nothing like B2G1"
	}
	r.header.Bundle = promotion.Bundle{Purchased: x, Discounted: y}
	switch subtype {
	case wordFree:
		r.terms.Subtype, r.terms.Value = promotion.Percentage, order.FromInt(100, 0)
		return ""
	case wordPercentage:
		r.terms.Subtype = promotion.Percentage
	case wordAbsolute:
		r.terms.Subtype = promotion.Absolute
	default:
		return columnSubtype + ": is missing"
	}
	return numberOf(t, columnBundleOff, &r.terms.Value)
}

// numberOf reads a number above 0 that must be there.
func numberOf(t *table, column string, to *order.Decimal) string {
	text := t.cell(column)
	if text == "" {
		return column + ": is missing"
	}
	n, err := order.ParseDecimal(text)
	if err != nil {
		return column + ": is no number"
	}
	if n.Sign() <= 0 {
		return column + ": is not above 0"
	}
	*to = n
	return ""
}

// limits reads how much the promotion may be used. Of the two that bound an
// order the lower one counts; in a file of both, maximum_sales_quantity is the
// product's (our choice).
func (r *promotionRow) limits(t *table, both bool) string {
	var most int64
	columns := []struct {
		name string
		to   *int64
	}{{columnOrders, &r.header.Limits.Global}, {columnUsage, &r.terms.MaxQuantity}, {columnMost, &most}}
	for _, c := range columns {
		text := t.cell(c.name)
		if text == "" || both && c.name == columnMost {
			continue
		}
		n, err := strconv.ParseInt(text, 10, 64)
		if err != nil || n < 0 || n > mostNumber {
			return c.name + ": is no whole number from 0 on"
		}
		*c.to = n
	}
	if most > 0 && (r.terms.MaxQuantity == 0 || most < r.terms.MaxQuantity) {
		r.terms.MaxQuantity = most
	}
	return ""
}
