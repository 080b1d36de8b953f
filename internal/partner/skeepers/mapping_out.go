package skeepers

import (
	"errors"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/ordermux/ordermux/internal/order"
)

// What is asked where an order does not say.
const (
	askBoth     = "both"
	askBrand    = "brand"
	askProducts = "products"
)

// Where delays are waited.
const (
	waitThere = "skeepers"
	waitHere  = "here"
)

// Which product code goes out as the reference.
const (
	codeAuto = "auto" // the first there is of the shop's code, SKU, GTIN
	codeOwn  = "code"
	codeSKU  = "sku"
	codeGTIN = "gtin"
)

// Bounds of what goes out: a client that cites the vendor's reference cuts
// there (seen 2026).
const (
	cutName    = 100 // characters of a person's name
	cutProduct = 200 // characters of a product's name
)

// outgoing is what a route's settings say about the orders it sends.
type outgoing struct {
	Website       string
	Shop          string // of orders that name no outlet
	Ask           string // askBoth, askBrand, askProducts
	Delay         *int   // nil: as the account at Skeepers is set
	DelayProducts *int
	Here          bool   // delays are waited here
	Language      string // of customers of whom none is known
	Code          string // codeAuto, codeOwn, codeSKU, codeGTIN
}

// Why an order can not be put into this dialect.
var (
	errNoOrder   = errors.New("no source stated the order")
	errNoDate    = errors.New("the order has no time of purchase")
	errNoEmail   = errors.New("the order has no e-mail address")
	errNoName    = errors.New("the order has no name of a customer")
	errNoShop    = errors.New("an offline order needs a shop_id, and neither the order nor the route has one")
	errNothing   = errors.New("there is nothing to ask about")
	errReference = errors.New("the order's id is empty")
)

// asks says what an order is asked about: its own wish, else the route's. The
// products only if there is one.
func (s *outgoing) asks(o *order.Order) (brand, products bool) {
	if r := o.Review; r != nil && (r.Shop != nil || r.Products != nil) {
		brand, products = r.Shop != nil, r.Products != nil
	} else {
		brand, products = s.Ask != askProducts, s.Ask != askBrand
	}
	return brand, products && s.carriesAny(o)
}

func (s *outgoing) carriesAny(o *order.Order) bool {
	for i := range o.Lines {
		if s.carries(&o.Lines[i]) {
			return true
		}
	}
	return false
}

// carries reports whether a line is a product that can be asked about.
func (s *outgoing) carries(l *order.Line) bool {
	return l.Kind == order.LineProduct && (!l.Quantity.IsSet() || l.Quantity.Sign() > 0) &&
		l.Status != order.LineNotFound && l.Status != order.LineReplaced && s.code(&l.Product) != ""
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

// planned is when a request should go out; the zero time where Skeepers
// decides.
func planned(wish *order.Invitation, days *int, received time.Time) time.Time {
	if wish != nil {
		if !wish.SendAt.IsZero() {
			return wish.SendAt.Time()
		}
		if wish.Delay != nil {
			days = wish.Delay
		}
	}
	if days == nil {
		return time.Time{}
	}
	return received.Add(time.Duration(*days) * 24 * time.Hour)
}

// plan is when the brand and the product request of an order should go out.
func (s *outgoing) plan(o *order.Order, received time.Time) (brand, products time.Time) {
	var shop, product *order.Invitation
	if o.Review != nil {
		shop, product = o.Review.Shop, o.Review.Products
	}
	return planned(shop, s.Delay, received), planned(product, s.DelayProducts, received)
}

// first is the earlier of the times at which an order is asked about; the zero
// time where Skeepers decides.
func (s *outgoing) first(o *order.Order, brand, products bool, received time.Time) time.Time {
	atBrand, atProducts := s.plan(o, received)
	switch {
	case !products:
		return atBrand
	case !brand, atBrand.IsZero(), !atProducts.IsZero() && atProducts.Before(atBrand):
		return atProducts
	}
	return atBrand
}

// left is how many days Skeepers has to wait, from now on: what has passed
// here since the order was received is not waited again. It counts from
// reception there (help centre, and measured by a client; seen 2026).
func left(at, now time.Time) *int {
	if at.IsZero() {
		return nil
	}
	days := 0
	if wait := at.Sub(now); wait > 0 {
		days = int((wait + 24*time.Hour - 1) / (24 * time.Hour))
	}
	return &days
}

// toWire maps an order onto the wire of a call. received is when the delivery
// was planned; zero: now.
func (s *outgoing) toWire(o *order.Order, received, now time.Time) (wireEvent, error) {
	if o == nil {
		return wireEvent{}, errNoOrder
	}
	if received.IsZero() {
		received = now
	}
	e := wireEvent{Reference: o.ID, Website: s.Website, Channel: channelOnline, Shop: o.Store, Language: s.Language}
	if e.Shop == "" {
		e.Shop = s.Shop
	}
	if o.Channel == channelOffline {
		e.Channel = channelOffline
	}
	if o.Totals != nil {
		e.Price = o.Totals.Total
	}
	if !o.PlacedAt.IsZero() {
		e.Date = order.At(o.PlacedAt.Time().UTC().Truncate(time.Second))
	}
	s.consumer(&e, o)
	brand, products := s.asks(o)
	e.Type = kindOf(brand, products)
	atBrand, atProducts := s.plan(o, received)
	if brand {
		e.Delay = left(atBrand, now)
	}
	if products {
		e.DelayProducts = left(atProducts, now)
		e.Products = s.products(o, received, now)
	}
	return e, sendable(&e)
}

func kindOf(brand, products bool) string {
	switch {
	case brand && products:
		return typeBoth
	case brand:
		return typeBrand
	case products:
		return typeProducts
	}
	return ""
}

func sendable(e *wireEvent) error {
	switch {
	case e.Reference == "":
		return errReference
	case e.Date.IsZero():
		return errNoDate
	case e.Email == "":
		return errNoEmail
	case e.First == "":
		return errNoName
	case e.Channel == channelOffline && e.Shop == "":
		return errNoShop
	case e.Type == "":
		return errNothing
	}
	return nil
}

// consumer fills in the customer; a name that only the recipient has is his.
func (s *outgoing) consumer(e *wireEvent, o *order.Order) {
	var first, last, whole string
	if c := o.Customer; c != nil {
		e.Email, e.Hide = c.Email, c.Hidden
		first, last, whole = c.FirstName, c.LastName, c.Name
		if language(c.Language) != "" {
			e.Language = language(c.Language)
		} else if language(o.Locale) != "" {
			e.Language = language(o.Locale)
		}
		e.Country = country(c.Country)
	}
	if r := o.Recipient; r != nil && strings.TrimSpace(first+last+whole) == "" {
		first, last, whole = r.FirstName, r.LastName, r.Name
	}
	e.Hide = e.Hide || o.Review != nil && o.Review.HidePersonal
	e.First, e.Last = names(strings.TrimSpace(first), strings.TrimSpace(last), whole)
}

// names splits a full name where its parts are not known, and puts a point
// where there is only one, as a client does that runs against the live API
// (seen 2026).
func names(first, last, whole string) (string, string) {
	if first == "" && last == "" {
		words := strings.Fields(whole)
		if n := len(words); n > 0 {
			first, last = strings.Join(words[:max(n-1, 1)], " "), strings.Join(words[max(n-1, 1):], " ")
		}
	}
	if first == "" {
		first, last = last, ""
	}
	if first != "" && last == "" {
		last = "."
	}
	return cut(first, cutName), cut(last, cutName)
}

// language is the two-letter code of "fr", "fr-FR", "FR_fr"; "" if it has none.
func language(text string) string {
	code, _, _ := strings.Cut(strings.ReplaceAll(text, "_", "-"), "-")
	if len(code) != 2 || strings.Trim(strings.ToLower(code), "abcdefghijklmnopqrstuvwxyz") != "" {
		return ""
	}
	return strings.ToLower(code)
}

// country is the two-letter code, upper case; "" for names of countries.
func country(text string) string {
	if len(text) != 2 || strings.Trim(strings.ToUpper(text), "ABCDEFGHIJKLMNOPQRSTUVWXYZ") != "" {
		return ""
	}
	return strings.ToUpper(text)
}

func cut(text string, most int) string {
	if len(text) <= most || utf8.RuneCountInString(text) <= most {
		return text
	}
	return string([]rune(text)[:most])
}

// products are those of the order, each once, and no more than our own door
// takes. A product's own delay counts from reception as the order's do.
func (s *outgoing) products(o *order.Order, received, now time.Time) []wireProduct {
	list := make([]wireProduct, 0, min(len(o.Lines), maxProducts))
	for i := range o.Lines {
		if len(list) == maxProducts {
			break
		}
		l := &o.Lines[i]
		if !s.carries(l) {
			continue
		}
		p := s.product(l)
		if l.ReviewDelay != nil {
			p.Delay = left(planned(nil, l.ReviewDelay, received), now)
		}
		if !slices.ContainsFunc(list, func(q wireProduct) bool { return q.Reference == p.Reference }) {
			list = append(list, p)
		}
	}
	return list
}

func (s *outgoing) product(l *order.Line) wireProduct {
	p := wireProduct{
		Reference: s.code(&l.Product), SKU: l.Product.SKU, EAN: l.Product.GTIN, UPC: l.Product.UPC,
		MPN: l.Product.MPN, ISBN: l.Product.ISBN, Name: cut(l.Product.Name, cutProduct), Price: l.UnitPrice,
		Brand: l.Product.Brand, Category: l.Product.Category, URL: l.Product.URL, Image: l.Product.ImageURL,
		NotReceived: l.NotReceived,
	}
	if p.Name == "" {
		p.Name = p.Reference
	}
	return p
}

func appendInt(b []byte, n int) []byte { return strconv.AppendInt(b, int64(n), 10) }
