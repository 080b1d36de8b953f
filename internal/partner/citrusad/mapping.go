package citrusad

import (
	"errors"
	"fmt"
	"strings"

	"github.com/ordermux/ordermux/internal/order"
)

// said is what the door's configuration adds to an order, which the dialect
// has no field for.
type said struct {
	Currency string // the shop's: no layer of the API has one
	Channel  string
}

// toOrder maps an order off the wire. loose are the unknown fields beside
// "orders"; they are kept with every order of the request under "$.name".
func toOrder(w *wireOrder, s said, loose []extraField) order.Order {
	o := order.Order{
		ID:       w.ID,
		PlacedAt: w.Date,
		Currency: s.Currency,
		Channel:  s.Channel,
		Session:  w.Session,
		Lines:    make([]order.Line, len(w.Items)),
	}
	if w.Customer != "" {
		o.Customer = &order.Customer{ID: w.Customer}
	}
	if w.Team != "" || w.Catalog != "" || len(w.AdIDs) > 0 {
		o.Media = &order.Media{Team: w.Team, Catalog: w.Catalog, AdIDs: w.AdIDs}
	}
	for i := range w.Items {
		toLine(&w.Items[i], &o.Lines[i])
	}
	if len(w.Extra)+len(loose) > 0 {
		o.Extra = make(map[string]order.Raw, len(w.Extra)+len(loose))
		for _, f := range w.Extra {
			o.Extra[f.Path] = order.Raw(f.Value)
		}
		for _, f := range loose {
			o.Extra[f.Path] = order.Raw(f.Value)
		}
	}
	return o
}

func toLine(w *wireItem, l *order.Line) {
	l.Product.Code = w.GTIN // the retailer's own code; the vendor's name says too much
	l.Quantity = w.Quantity
	l.UnitPrice = w.Unit
	l.Total = w.Total
	l.AdDiscount = w.Discount
	l.Seller = w.Seller
	l.Catalog = w.Catalog
	l.AdID = w.AdID
	l.SubstitutedFor = w.Substituted
}

// fromOrder maps an order that the door took back onto the wire.
func fromOrder(o *order.Order) wireOrder {
	w := wireOrder{ID: o.ID, Date: o.PlacedAt, Session: o.Session, Items: make([]wireItem, 0, len(o.Lines))}
	if o.Customer != nil {
		w.Customer = o.Customer.ID
	}
	if o.Media != nil {
		w.Team, w.Catalog, w.AdIDs = o.Media.Team, o.Media.Catalog, o.Media.AdIDs
	}
	for i := range o.Lines {
		l := &o.Lines[i]
		w.Items = append(w.Items, wireItem{
			GTIN: l.Product.Code, Quantity: l.Quantity, Unit: l.UnitPrice, Total: l.Total,
			Discount: l.AdDiscount, Seller: l.Seller, Catalog: l.Catalog, AdID: l.AdID,
			Substituted: l.SubstitutedFor,
		})
	}
	return w
}

// outgoing is what a route's settings say about the orders it sends.
type outgoing struct {
	Team         string
	Catalog      string // for orders that name none
	CatalogLevel string // levelOrder, levelItem, levelBoth, levelNone
	Seller       bool   // send sellerId
	Customer     bool   // send customerId
	Code         string // which product code is the gtin: codeAuto, codeOwn, codeSKU, codeGTIN
}

// Where catalogId stands: the layers differ (README.md, "Layers").
const (
	levelOrder = "order"
	levelItem  = "item"
	levelBoth  = "both"
	levelNone  = "none"
)

// Which product code goes out as gtin.
const (
	codeAuto = "auto" // the first there is of the shop's code, SKU, GTIN
	codeOwn  = "code"
	codeSKU  = "sku"
	codeGTIN = "gtin"
)

// Why an order can not be put into this dialect.
var (
	errNoOrder = errors.New("no source stated the order")
	errNoDate  = errors.New("the order has no time of purchase")
	errNoLines = errors.New("no line is a product with a positive quantity")
)

// toWire maps an order onto the wire of a request. Only product lines with a
// positive quantity go: postage, discounts, fees, adjustments and corrections
// are no sale of a product (README.md, "What goes").
func (s *outgoing) toWire(o *order.Order) (wireOrder, error) {
	if o == nil {
		return wireOrder{}, errNoOrder
	}
	if o.PlacedAt.IsZero() {
		return wireOrder{}, errNoDate
	}
	w := wireOrder{ID: o.ID, Date: o.PlacedAt, Session: o.Session, Team: s.Team, Items: make([]wireItem, 0, len(o.Lines))}
	if o.Customer != nil && s.Customer {
		w.Customer = o.Customer.ID
	}
	catalog := s.Catalog
	if o.Media != nil {
		w.AdIDs = o.Media.AdIDs
		if w.Team == "" {
			w.Team = o.Media.Team
		}
		if o.Media.Catalog != "" {
			catalog = o.Media.Catalog
		}
	}
	if s.CatalogLevel == levelOrder || s.CatalogLevel == levelBoth {
		w.Catalog = catalog
	}
	for i := range o.Lines {
		l := &o.Lines[i]
		if l.Kind != order.LineProduct || l.Quantity.Sign() <= 0 {
			continue
		}
		item, err := s.item(l, catalog)
		if err != nil {
			return wireOrder{}, fmt.Errorf("lines[%d]: %w", i, err)
		}
		w.Items = append(w.Items, item)
	}
	if len(w.Items) == 0 {
		return wireOrder{}, errNoLines
	}
	return w, nil
}

var errNoCode = errors.New("the product has no code that can be sent as gtin")

func (s *outgoing) item(l *order.Line, catalog string) (wireItem, error) {
	it := wireItem{
		GTIN: s.code(&l.Product), Quantity: l.Quantity, Unit: l.UnitPrice,
		Total: lineTotal(l), Discount: l.AdDiscount, AdID: l.AdID,
	}
	if it.GTIN == "" {
		return it, errNoCode
	}
	if !l.Quantity.IsInteger() {
		// Weighed goods. The API counts whole pieces and documents nothing
		// else, so the line counts its pieces, or as one; a price of one kg
		// would then be wrong and is left out.
		it.Quantity, it.Unit = pieces(l), order.Decimal{}
	}
	if s.Seller {
		it.Seller = l.Seller
	}
	if s.CatalogLevel == levelItem || s.CatalogLevel == levelBoth {
		it.Catalog = catalog
		if l.Catalog != "" {
			it.Catalog = l.Catalog
		}
	}
	if isItem(l.SubstitutedFor) {
		it.Substituted = l.SubstitutedFor
	}
	return it, nil
}

func (s *outgoing) code(p *order.Product) string {
	switch s.Code {
	case codeOwn:
		return p.Code
	case codeSKU:
		return p.SKU
	case codeGTIN:
		return p.GTIN
	}
	for _, code := range []string{p.Code, p.SKU, p.GTIN} {
		if code != "" {
			return code
		}
	}
	return ""
}

// lineTotal is the total of the whole line: as stated, or computed where only
// unit price and discount are known.
func lineTotal(l *order.Line) order.Money {
	if l.Total.IsSet() || !l.UnitPrice.IsSet() {
		return l.Total
	}
	total := l.UnitPrice.Mul(l.Quantity)
	if l.Discount.IsSet() {
		total = total.Sub(l.Discount)
	}
	return total
}

func pieces(l *order.Line) order.Decimal {
	if l.Pieces.Sign() > 0 && l.Pieces.IsInteger() {
		return l.Pieces
	}
	return order.FromInt(1, 0)
}

// isItem reports whether a substitution is written as this API writes one (an
// OrderItem, in the Swagger file of 2017), and not in another partner's words.
func isItem(raw order.Raw) bool {
	return len(raw) > 0 && raw[0] == '{' && strings.Contains(string(raw), `"gtin":`)
}
