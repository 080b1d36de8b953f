package deliveryhero

import (
	"strings"

	"github.com/ordermux/ordermux/internal/json"
	"github.com/ordermux/ordermux/internal/partner"
)

// The bodies of the catalogue's calls, for both sides. README.md has the sources.

// wireOffer is a product of an update: PUT …/vendors/{vendor_id}/catalog.
type wireOffer struct {
	SKU      loose    `json:"sku,omitzero"`
	Barcode  barcodes `json:"barcode,omitzero"`
	Barcodes barcodes `json:"barcodes,omitzero"` // as answers name them
	Price    number   `json:"price,omitzero"`
	Active   *bool    `json:"active,omitzero"`
	Quantity number   `json:"quantity,omitzero"`
	Most     number   `json:"maximum_sales_quantity,omitzero"`
	MostToo  number   `json:"max_sales_quantity,omitzero"` // as one text of the vendor's writes it
}

// wireNewProduct is a product that is added: POST …/catalog.
type wireNewProduct struct {
	SKU        loose        `json:"sku"`
	Title      titles       `json:"title"`
	Barcode    barcodes     `json:"barcode"`
	Barcodes   barcodes     `json:"barcodes"`
	Categories []string     `json:"categories"` // ids
	Price      number       `json:"price"`
	Active     *bool        `json:"active"`
	Weights    *wireWeights `json:"weight_specifications"`
}

// wireWeights are in kg unless a unit is named.
type wireWeights struct {
	Base  number `json:"base_weight"`
	Unit  word   `json:"base_weight_unit"`
	Piece number `json:"average_weight_per_piece"`
}

// wireAdd is the body of POST …/catalog.
type wireAdd struct {
	Vendors  []loose      `json:"vendors"`
	Products []json.Value `json:"products"` // each a wireNewProduct
}

// wireProducts is a page of the list.
type wireProducts struct {
	Page       int           `json:"page_number"`
	PageSize   int           `json:"page_size"`
	TotalPages int           `json:"total_pages"`
	Products   []wireProduct `json:"products"`
}

// wireProduct is a product of the list.
type wireProduct struct {
	SKU      string   `json:"sku"`
	Barcodes []string `json:"barcodes"`
	Title    titles   `json:"title"`
	Price    number   `json:"price"`
	Active   bool     `json:"active"`
	Most     int64    `json:"maximum_sales_quantity,omitzero"`
	// Categories are ids (inferred).
	Categories []string `json:"categories,omitzero"`
}

// titles are a product's names by locale ("es_UY"). One without a locale is a
// plain text.
type titles map[string]string

// UnmarshalJSON reads a map of locales, a plain text, or null.
func (t *titles) UnmarshalJSON(b []byte) error {
	*t = nil
	if json.Value(b).Kind() == '{' {
		var all map[string]string
		err := json.Unmarshal(b, &all)
		*t = all
		return err
	}
	text, err := looseText(b)
	if text != "" {
		*t = titles{"": text}
	}
	return err
}

// MarshalJSON writes a plain text where that is all there is.
func (t titles) MarshalJSON() ([]byte, error) {
	if text, ok := t[""]; ok || len(t) == 0 {
		return json.AppendText(nil, text), nil
	}
	return json.Marshal(map[string]string(t))
}

// language is a locale as we name languages: "es-UY".
func language(locale string) string { return strings.ReplaceAll(locale, "_", "-") }

// locale is a language as the platform names locales: "es_UY".
func locale(language string) string { return strings.ReplaceAll(language, "-", "_") }

// wireCategories is the answer of GET …/categories. Of its elements no page
// shows more than that they have ids (inferred).
type wireCategories struct {
	Categories []wireCategory `json:"categories"`
}

type wireCategory struct {
	ID     string `json:"id"`
	Name   string `json:"name"`
	Parent string `json:"parent_id,omitzero"`
}

// wireQueued is the answer of every call that makes a job, with 202.
type wireQueued struct {
	ID     string `json:"job_id"`
	Status word   `json:"job_status"`
}

// wireJob is the answer of GET …/catalog/jobs/{job_id}; source of the result:
// two clients (seen 2026), of what stands beside it (inferred).
type wireJob struct {
	ID       string        `json:"job_id"`
	Status   word          `json:"job_status"`
	Vendor   string        `json:"platform_vendor_id,omitzero"`
	Created  moment        `json:"created_at"`
	Updated  moment        `json:"updated_at"`
	Reason   string        `json:"message,omitzero"`
	Result   wireJobResult `json:"result"`
	Download string        `json:"download_url,omitzero"`
}

type wireJobResult struct {
	Feedback   []wireFeedback `json:"item_level_feedback"`
	Duplicates []string       `json:"duplicated_products"` // SKUs, or "vendor:sku"
}

// wireFeedback is what became of a product. Its status is a word of ours, for
// no page has one: REJECTED.
type wireFeedback struct {
	SKU     string          `json:"sku"`
	Status  word            `json:"status"`
	Reasons []wireRejection `json:"rejection_reasons"`
}

type wireRejection struct {
	Data   string `json:"rejected_data"` // the member
	Reason string `json:"rejected_reason"`
}

// The words of feedback, in answers and files.
const (
	feedbackRejected   = "REJECTED"
	feedbackDuplicated = "DUPLICATED"
)

// jobWord is the wire's word for a job's state.
func jobWord(s partner.JobState) word { return word(strings.ToUpper(string(s))) }
