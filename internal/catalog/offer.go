package catalog

import (
	"fmt"
	"strings"
	"time"

	"github.com/ordermux/ordermux/internal/order"
)

// Offer is what one outlet sells a product for: what the outlet says of its
// own, and of everything else what the product says.
type Offer struct {
	Store    string
	Product  *Product // as the shop has it
	Price    order.Money
	Currency string
	Active   bool
	Most     int64 // units of one order; 0: no limit

	Version int64 // the catalogue's counter when the offer or the product changed last
	Updated time.Time
}

// OfferEdit says something of what an outlet sells a product for. What it does
// not say stays as it is.
type OfferEdit struct {
	Store string   // the outlet
	Type  CodeType // whose code it is; Producer finds barcodes
	Code  string

	// Anew forgets first what the outlet said before: what the edit does not
	// say is that of the product again.
	Anew     bool
	Price    order.Money
	Currency string // of the price; "": that of the product, if nothing was said before
	Active   *bool
	Most     *int64 // units of one order; 0: no limit
}

// OffersPut is what became of a call of PutOffers. Places are those of the
// edits, from 0.
type OffersPut struct {
	Changed  int // offers that are new, or other than before
	Refused  []OfferRefused
	Repeated []OfferRepeated // by place
}

// OfferRefused is an edit that was not kept: no product of the outlet has the
// code (Unknown), or several have (Ambiguous).
type OfferRefused struct {
	Place  int
	Reason Reason
}

// OfferRepeated is an edit of an offer that an earlier one of the call is about,
// too. Both count, one after the other.
type OfferRepeated struct {
	Place int
	First int // the place of the earlier one, the first of several
}

// OfferChange is that something changed.
type OfferChange struct {
	Version int64
	Store   string // "": the product itself, wherever it is sold
	Code    string // of the product
}

// OfferFilter selects offers of an outlet; zero fields select all.
type OfferFilter struct {
	Text       string   // a part of the product's name or of a code, in any case
	Categories []string // any of them
	Active     *bool
	Cursor     string
	Limit      int // 0: 100; at most MostListed
}

// Validate returns what is wrong with an edit, by path; nil: nothing. Whether
// there is such a product is not asked.
func (e *OfferEdit) Validate() *order.Invalid {
	c := &complaints{}
	c.outlet("store", e.Store)
	c.outlet("code", e.Code)
	if !e.Type.Known() {
		c.add("type", order.Malformed, "is none of internal, producer and external")
	}
	c.amount("price", e.Price)
	if e.Currency != "" && !isCurrency(e.Currency) {
		c.add("currency", order.Malformed, "is not a currency such as EUR")
	}
	if e.Most != nil && *e.Most < 0 {
		c.add("most", order.Malformed, "is below 0")
	}
	if len(c.faults) == 0 {
		return nil
	}
	return &order.Invalid{Faults: c.faults}
}

// outlet complains about the name of an outlet, or a code.
func (c *complaints) outlet(path, text string) {
	c.plain(path, text)
	switch {
	case text == "":
		c.add(path, order.Required, string(order.ErrRequired))
	case len(text) > mostCode:
		c.add(path, order.TooLarge, fmt.Sprintf("a code has at most %d bytes", mostCode))
	case strings.TrimSpace(text) != text:
		c.add(path, order.Malformed, "begins or ends with a blank")
	}
}

// checkEdits returns what is wrong with a call of PutOffers.
func checkEdits(edits []OfferEdit) error {
	if len(edits) > MostEdits {
		return order.Refuse("offers", order.TooLarge, fmt.Sprintf("at most %d offers at a time", MostEdits))
	}
	var faults []order.Fault
	for i := range edits {
		bad := edits[i].Validate()
		if bad == nil {
			continue
		}
		for _, f := range bad.Faults {
			f.Path = fmt.Sprintf("offers[%d].%s", i, f.Path)
			faults = append(faults, f)
		}
		if len(faults) >= order.MaxFaults {
			break
		}
	}
	if len(faults) > 0 {
		return &order.Invalid{Faults: faults}
	}
	return nil
}

// OfferRow is what an outlet says of a product, as the stores' tables hold it.
type OfferRow struct {
	Store    string
	Code     string
	Version  int64
	At       int64  // microseconds
	Price    string // a decimal; "": nothing
	Currency string // "": nothing
	Active   int64  // 0: nothing; offerYes, offerNo
	Most     int64  // 0: nothing
}

const (
	offerYes = 1
	offerNo  = 2
)

// with is the row after an edit.
func (r OfferRow) with(e *OfferEdit) OfferRow {
	if e.Anew {
		r.Price, r.Currency, r.Active, r.Most = "", "", 0, 0
	}
	if e.Price.IsSet() {
		r.Price = e.Price.String()
	}
	if e.Currency != "" {
		r.Currency = e.Currency
	}
	if e.Active != nil {
		r.Active = offerNo
		if *e.Active {
			r.Active = offerYes
		}
	}
	if e.Most != nil {
		r.Most = *e.Most
	}
	return r
}

// same reports whether two rows say the same.
func (r *OfferRow) same(o *OfferRow) bool {
	return r.Price == o.Price && r.Currency == o.Currency && r.Active == o.Active && r.Most == o.Most
}

// sold reports whether an outlet sells the product, if it is active.
func (p *Product) sold(store string) bool { return p.Store == "" || p.Store == store }

// offer is what an outlet sells a product for that said r of it; nil: nothing.
func (p *Product) offer(store string, r *OfferRow) (*Offer, error) {
	o := &Offer{
		Store: store, Product: p, Price: p.Price, Currency: p.Currency, Active: p.Active,
		Version: p.Version, Updated: p.Updated,
	}
	if r == nil {
		return o, nil
	}
	if r.Price != "" {
		price, err := order.ParseDecimal(r.Price)
		if err != nil {
			return nil, fmt.Errorf("price of an offer: %w", err)
		}
		o.Price = price
	}
	if r.Currency != "" {
		o.Currency = r.Currency
	}
	if r.Active != 0 {
		o.Active = r.Active == offerYes
	}
	o.Most = r.Most
	if r.Version > o.Version {
		o.Version, o.Updated = r.Version, time.UnixMicro(r.At).UTC()
	}
	return o, nil
}
