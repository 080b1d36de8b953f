// Package shipping knows how a shop's goods travel: its couriers, which of them
// serve a basket at an address and what that costs, and the link under which a
// parcel is followed. It knows no partner.
package shipping

import (
	"time"

	"github.com/ordermux/ordermux/internal/order"
)

// Courier is one way in which a shop sends goods, as configured.
type Courier struct {
	Key          string        `json:"key"`                    // what the configuration calls it
	ID           int           `json:"id"`                     // the shop's number of it, above 0
	Name         string        `json:"name"`                   // as people write it
	Company      string        `json:"company,omitzero"`       // who carries: "dpd"
	Countries    []string      `json:"countries,omitzero"`     // ISO 3166-1 alpha-2; none: all
	MinWeight    order.Decimal `json:"min_weight,omitzero"`    // kg, inclusive
	MaxWeight    order.Decimal `json:"max_weight,omitzero"`    // kg, inclusive; zero: no limit
	MaxValue     order.Decimal `json:"max_value,omitzero"`     // of the goods, inclusive, in the shop's currency; zero: no limit
	CutOff       string        `json:"cut_off,omitzero"`       // "14:00" in the shop's zone: what comes later leaves the next day
	PickupPoints bool          `json:"pickup_points,omitzero"` // delivers to points, so that one has to be named
	Payments     []string      `json:"payments,omitzero"`      // kinds of payment that it takes: "prepaid", "cash_on_delivery"; none: all
	Prices       []Price       `json:"prices,omitzero"`        // the first that fits counts, where none does it does not carry; empty: no charge
	Tracking     string        `json:"tracking,omitzero"`      // link with {parcel} where the parcel's number goes
}

// Price is a row of a courier's table.
type Price struct {
	Country string        `json:"country,omitzero"` // ISO 3166-1 alpha-2; "": all
	UpTo    order.Decimal `json:"up_to,omitzero"`   // kg, inclusive; zero: any
	Price   order.Money   `json:"price"`            // in the shop's currency
}

// Basket is what a courier is asked for.
type Basket struct {
	Country, PostalCode string        // ISO 3166-1 alpha-2, in any letters
	Weight              order.Decimal // kg; not set: not known, and then no limit is broken
	Value               order.Decimal // of the goods; not set: not known
	Payment             string        // kind; "": any
}

// Offer is a courier that serves a basket.
type Offer struct {
	Courier
	Cost   order.Money `json:"cost"`
	Leaves time.Time   `json:"leaves"` // the earliest time at which the goods leave
}

// Mirror is what a route knows of its partner's couriers.
type Mirror struct {
	At       time.Time `json:"at"` // when they were fetched
	Couriers []Foreign `json:"couriers"`
	Mapping  []Mapped  `json:"mapping,omitzero"` // of the route's settings
}

// Foreign is a partner's courier.
type Foreign struct {
	ID           string `json:"id"`
	Name         string `json:"name"`
	Company      string `json:"company,omitzero"`
	PickupPoints bool   `json:"pickup_points,omitzero"`
}

// Mapped is a delivery method of the shop and the partner's courier for it.
type Mapped struct {
	Method  string `json:"method"` // the shop's own word, as in order.Shipping; "*": any other
	Courier string `json:"courier"`
	Name    string `json:"name,omitzero"` // the partner's
	Gone    bool   `json:"gone,omitzero"` // the partner has it no longer
}
