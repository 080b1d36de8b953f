package skeepers

import (
	"strconv"

	"github.com/ordermux/ordermux/internal/order"
)

// Limits of what is taken and sent. Only maxBatch has a source (a client that
// cites the vendor's reference); the others are our choice.
const (
	maxBatch    = 50     // events of one synchronous call
	maxEvents   = 10_000 // events of one asynchronous call
	maxProducts = 1_000  // products of one event
	maxDelay    = 3_650  // days
	maxID       = order.MaxID
	maxText     = order.MaxText
	maxTold     = 5 // complaints about one event in an answer
)

// The values of purchase_event_type. "BRAND" does not exist, though a client
// once believed it did, and a shop with both kinds switched off sends
// "NOTHING" (source code of the vendor's shop module, seen 2026).
const (
	typeBoth     = "BRAND_AND_PRODUCT"
	typeBrand    = "PURCHASE_ONLY"
	typeProducts = "PRODUCT_ONLY"
)

// The values of channel.
const (
	channelOnline  = "online"
	channelOffline = "offline"
)

// wireEvent is a proof of purchase as it stands on the wire: an element of the
// array. "" and nil mean that the field was left out, null or blank.
type wireEvent struct {
	Reference string
	Date      order.Time
	Price     order.Money // of the order, major units; the dialect has no currency
	First     string
	Last      string
	Email     string
	Language  string
	Country   string
	Hide      bool // hide_personal_data
	Channel   string
	Website   string
	Shop      string
	Phone     string // historic service only
	Type      string // purchase_event_type

	Delay         *int // days until the brand request, from reception
	DelayProducts *int // likewise of the product request

	Products []wireProduct
	Extra    []extraField
	Raw      []byte // the element, blanks outside strings removed
}

// wireProduct is one product of an event. There is no quantity.
type wireProduct struct {
	Reference   string
	SKU         string
	EAN         string
	UPC         string
	MPN         string
	ISBN        string
	JAN         string // historic service and files
	Name        string
	Price       order.Money // of one
	Brand       string
	Category    string
	URL         string
	Image       string
	NotReceived bool
	Delay       *int
}

// extraField is a field that the API does not have, under its path in the
// event.
type extraField struct {
	Path  string
	Value string
}

// A fault is a complaint about one event, by its place in the array.
type fault struct {
	event int
	order.Fault
}

// place is a field of an event, turned into a path only when something is
// wrong there.
type place struct {
	product int // -1: none
	field   string
}

func at(field string) place { return place{-1, field} }

// String returns "products[0].product_ref.reference".
func (p place) String() string {
	if p.product < 0 {
		return p.field
	}
	b := append(strconv.AppendInt([]byte("products["), int64(p.product), 10), ']')
	if p.field != "" {
		b = append(append(b, '.'), p.field...)
	}
	return string(b)
}
