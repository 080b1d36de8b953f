package skeepers

import (
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/ordermux/ordermux/internal/order"
	"github.com/ordermux/ordermux/internal/partner"
)

// The columns that we must know by name.
const (
	colReference = "purchase_reference"
	colChannel   = "channel"
	colShop      = "shop_id"
	colProduct   = "product_ref"
	colFlagged   = "flagged"
)

// A column is one that we know.
type column struct {
	name     string
	aliases  []string
	must     bool // the header has to name it, and a purchase to fill it
	filled   bool // where the header names it, a purchase has to fill it
	personal bool
	product  bool // of the row's product; else of the purchase, whose rows repeat it
	// set takes a value that is not empty; it returns what is wrong with it.
	set func(r *rowReader, text string) (fault string)
}

// columns are those of the newest header, in the sequence in which the vendor's
// own shop module writes them, then shop_id. The aliases are the columns of the
// files of the platform before
// (https://help.rr.skeepers.com/hc/fr/articles/4407571871762, seen 2026), with
// its spelling ulr_product, and the names that its web service has for the same.
// The vendor requires channel and language too; files of the platform before
// have neither, and channel has a default.
var columns = []*column{
	{name: colChannel, aliases: []string{"canal"}, set: setChannel},
	{name: "purchase_date", aliases: []string{"order_date"}, must: true, set: setDate},
	{name: "purchase_price", set: price(func(r *rowReader) *order.Money { return &r.event.Price })},
	{name: colReference, aliases: []string{"order_ref"}, must: true, set: setText(func(r *rowReader) *string { return &r.event.Reference })},
	{name: "first_name", aliases: []string{"firstname"}, must: true, personal: true, set: setText(func(r *rowReader) *string { return &r.event.First })},
	{name: "last_name", aliases: []string{"lastname"}, must: true, personal: true, set: setText(func(r *rowReader) *string { return &r.event.Last })},
	{name: "email", must: true, personal: true, set: setEmail},
	{name: "phone", personal: true, set: setText(func(r *rowReader) *string { return &r.event.Phone })},
	{name: "hide_personal_data", set: setHide},
	{name: "language", filled: true, set: setLanguage},
	{name: "delay", set: days(func(r *rowReader) **int { return &r.event.Delay })},
	{name: "delay_product", product: true, set: days(func(r *rowReader) **int { return &r.product.Delay })},
	{name: "name", aliases: []string{"name_product", "product_name"}, product: true, set: setText(func(r *rowReader) *string { return &r.product.Name })},
	{name: colProduct, aliases: []string{"id_product"}, product: true, set: setText(func(r *rowReader) *string { return &r.product.Reference })},
	{name: "category", product: true, set: setText(func(r *rowReader) *string { return &r.product.Category })},
	{name: "brand", aliases: []string{"brand_name"}, product: true, set: setText(func(r *rowReader) *string { return &r.product.Brand })},
	{name: "product_price", product: true, set: price(func(r *rowReader) *order.Money { return &r.product.Price })},
	{name: "ean", aliases: []string{"gtin_ean", "ean13"}, product: true, set: setText(func(r *rowReader) *string { return &r.product.EAN })},
	{name: "sku", product: true, set: setText(func(r *rowReader) *string { return &r.product.SKU })},
	{name: "upc", aliases: []string{"gtin_upc"}, product: true, set: setText(func(r *rowReader) *string { return &r.product.UPC })},
	{name: "isbn", aliases: []string{"gtin_isbn"}, product: true, set: setText(func(r *rowReader) *string { return &r.product.ISBN })},
	{name: "jan", aliases: []string{"gtin_jan"}, product: true, set: setText(func(r *rowReader) *string { return &r.product.JAN })},
	{name: "mpn", product: true, set: setText(func(r *rowReader) *string { return &r.product.MPN })},
	{name: "product_url", aliases: []string{"ulr_product", "url_product"}, product: true, set: setText(func(r *rowReader) *string { return &r.product.URL })},
	{name: "image_url", aliases: []string{"url_image_product", "url_product_image"}, product: true, set: setText(func(r *rowReader) *string { return &r.product.Image })},
	// The shop module's own note, 1 or 0.
	{name: colFlagged, set: func(*rowReader, string) string { return "" }},
	{name: colShop, aliases: []string{"id_shop"}, set: setText(func(r *rowReader) *string { return &r.event.Shop })},
}

// columnOf returns the column that a header's cell names; nil: we know it not.
func columnOf(cell string) *column {
	cell = strings.ToLower(strings.TrimSpace(cell))
	for _, c := range columns {
		if c.name == cell {
			return c
		}
		for _, a := range c.aliases {
			if a == cell {
				return c
			}
		}
	}
	return nil
}

func setText(of func(*rowReader) *string) func(*rowReader, string) string {
	return func(r *rowReader, text string) string { *of(r) = text; return "" }
}

func price(of func(*rowReader) *order.Money) func(*rowReader, string) string {
	return func(r *rowReader, text string) string {
		n, err := order.ParseDecimal(text)
		switch {
		case err != nil:
			return err.Error()
		case n.Sign() < 0:
			return "must not be below 0"
		}
		*of(r) = n
		return ""
	}
}

// maxDays bounds a delay: our choice, ten years.
const maxDays = 3650

func days(of func(*rowReader) **int) func(*rowReader, string) string {
	return func(r *rowReader, text string) string {
		n, err := strconv.Atoi(text)
		if err != nil || n < 0 || n > maxDays {
			return "must be a whole number of days, 0 or more"
		}
		*of(r) = &n
		return ""
	}
}

// setChannel takes online, the default, and offline
// (https://help.rr.skeepers.com/hc/en-us/articles/4872628897564, seen 2026).
func setChannel(r *rowReader, text string) string {
	if text = strings.ToLower(text); text != channelOnline && text != channelOffline {
		return "must be online or offline"
	}
	r.event.Channel = text
	return ""
}

func setHide(r *rowReader, text string) string {
	switch strings.ToLower(text) {
	case "true", "1":
		r.event.Hide = true
	case "false", "0":
	default:
		return "must be true or false"
	}
	return ""
}

func setLanguage(r *rowReader, text string) string {
	text = strings.ToLower(text)
	if len(text) != 2 || strings.Trim(text, "abcdefghijklmnopqrstuvwxyz") != "" {
		return "must be a language of two letters such as en"
	}
	r.event.Language = text
	return ""
}

// setEmail refuses what no mail can be sent to.
func setEmail(r *rowReader, text string) string {
	local, domain, ok := strings.Cut(text, "@")
	if !ok || local == "" || strings.ContainsAny(text, " \t,;<>()\"\\\n\r") || strings.Contains(domain, "@") ||
		!strings.Contains(strings.Trim(domain, "."), ".") || strings.HasPrefix(domain, ".") || strings.HasSuffix(domain, ".") || strings.Contains(domain, "..") {
		return "is no mail address"
	}
	r.event.Email = text
	return ""
}

// maxShown bounds what a report shows of a value.
const maxShown = 60

// shown is a value as a report may show it.
func (c *column) shown(text string) string {
	// Cells out of place may put an address anywhere.
	if c.personal || strings.Contains(text, "@") {
		if text == "" {
			return ""
		}
		return partner.Masked
	}
	if len(text) > maxShown {
		n := maxShown
		for !utf8.RuneStart(text[n]) {
			n--
		}
		return text[:n] + "…"
	}
	return text
}
