// Package promotion holds what a shop (a chain) sells for less, and where:
// promotions of any partner over stores and SKUs, the jobs that make and change
// them, their life by the clock, and which of them a customer sees.
//
// # The way of a promotion
//
// Put checks the shape of a request at once and keeps it as a queued job. One
// runner per shop takes the jobs one after the other (Next, Run): it asks the
// catalogue about every pair of a store and a SKU, keeps what may be sold, and
// ends the job with lists of what may not. Time alone moves promotions from
// planned to running to ended (Due, Advance). What happened is numbered without
// gaps (Changes), so that it can be told by a webhook. Shown answers what a
// customer of a store sees.
//
// # How it is kept
//
// A promotion is known by its name, its stores, its start and its end; those
// never change. Whatever a job says of its SKUs is a layer on the promotion:
// terms for SKUs, or that SKUs are taken out. Layers are never changed and
// never read by later jobs: of two that speak of a SKU the newer one counts,
// where it was accepted. So changing one SKU of two million writes one row, and
// a store that refused a new price keeps the old one.
//
// A layer is a set of stores by a set of SKUs, not a list of pairs. Its SKUs
// stand in rows by the hash of the SKU, at most 65,536 rows of a layer however
// many they are (promotion_skus); its stores in rows of about 64, by the
// hash of the store, numbered in the layer (promotion_stores). Which stores
// refused a SKU stands beside the SKU as a set of numbers, once for all SKUs of
// a row that share it. The key of promotion_skus is (shop, hash, start, layer):
// who asks for a SKU reads the rows of its hash from the latest start down and
// stops at the first that holds. A row tells by a mask of 63 bits each that a
// store or a SKU is not in it, without being opened.
//
// # Transactions
//
// Put writes a large request in several transactions, as pieces; the last one
// queues the job. Run takes a job for a while (Lease) in a short transaction
// that raises its attempt, and every later one holds to that attempt: who lost
// the job writes nothing more. Each piece is checked outside of transactions
// and written in one of at most MostRows rows, with the progress of the job; so
// after a crash the next runner goes on behind the last piece. Nothing of it is
// seen until the last transaction, which makes the layer, the promotion, the
// result and the changes together. What is left over (pieces, layers that came
// to nothing, promotions that ended long ago) is removed by Advance, some rows
// at a time.
package promotion

import (
	"slices"
	"time"

	"github.com/ordermux/ordermux/internal/order"
)

// Request is what a caller says of a promotion. Said of one that is known (see
// Header), it changes what it speaks of: SKUs are added, changed or taken out,
// everything else stands as it is said now.
type Request struct {
	Header
	// Stores are where it holds; the one element Every: wherever the shop
	// sells, whenever it opened.
	Stores []string `json:"stores"`
	// Inactive ends the promotion before its time, and needs no discounts. A
	// later request that does not say so makes it active again.
	Inactive  bool       `json:"inactive,omitzero"`
	Discounts []Discount `json:"discounts"`
	// Named is how the caller named stores, where that is not their name: kept
	// with the job, for answers in the caller's own words.
	Named map[string]string `json:"-"`
	// Foreign are stores that the shop has and the caller has nothing to do with:
	// they are as invalid as those that nobody has.
	Foreign []string `json:"-"`
}

// Every stands for all stores of the shop.
const Every = "*"

// Header is what a promotion says beside its stores and SKUs. Names, stores,
// start and end are what it is known by.
type Header struct {
	Name  string            `json:"name,omitzero"`
	Names map[string]string `json:"names,omitzero"` // by language
	Start order.Time        `json:"start"`
	End   order.Time        `json:"end"` // the first moment at which it is over

	Type   Type   `json:"type"`
	Reason Reason `json:"reason"`
	Bundle Bundle `json:"bundle,omitzero"` // of type SameItemBundle only
	Limits Limits `json:"limits,omitzero"`
}

// Type is what kind of promotion it is.
type Type string

// The types of promotions.
const (
	Strikethrough  Type = "strikethrough"    // a lower price
	SameItemBundle Type = "same_item_bundle" // of so many, some for less
)

// Reason says why there is a promotion: one of these, or what somebody wrote.
type Reason string

// The reasons.
const (
	Overstock       Reason = "overstock"
	Delisting       Reason = "delisting"
	Competitiveness Reason = "competitiveness"
	ExpiringSoon    Reason = "expiring_soon"
	NMR             Reason = "nmr"
	Trading         Reason = "trading"
)

// Known reports whether the reason is one of those that have a name.
func (r Reason) Known() bool {
	switch r {
	case Overstock, Delisting, Competitiveness, ExpiringSoon, NMR, Trading:
		return true
	}
	return false
}

// Bundle says that of Purchased units bought, Discounted more are had by the
// terms of the SKU.
type Bundle struct {
	Purchased  int64 `json:"purchased"`
	Discounted int64 `json:"discounted"`
}

// Limits are how much a promotion may be used. They are kept for whoever sells;
// 0, or not set: no limit.
type Limits struct {
	Global              int64       `json:"global,omitzero"`                 // orders in all
	MaxDiscountPerOrder order.Money `json:"max_discount_per_order,omitzero"` // an amount
	MaxItemsPerOrder    int64       `json:"max_items_per_order,omitzero"`
}

// Discount gives SKUs terms, or takes them out of the promotion. Of a SKU that
// stands in several of a request the last one counts.
type Discount struct {
	SKUs []string `json:"skus"`
	Terms
	Remove bool `json:"remove,omitzero"` // the terms say nothing then
	// From numbers, for each of the SKUs, the entry of the caller's list that it
	// stood in, rising: who has millions of entries gathers those of the same
	// terms in one. Of a SKU that stands in several the one with the highest
	// number counts, and faults name it. Nil: this is the caller's own entry.
	From []int32 `json:"-"`
}

// place is where a SKU stood in the caller's list: the entry, and its place there.
func (d *Discount) place(entry, sku int) (int, int) {
	if d.From == nil {
		return entry, sku
	}
	first, _ := slices.BinarySearch(d.From, d.From[sku])
	return int(d.From[sku]), sku - first
}

// Terms are what a SKU costs in a promotion.
type Terms struct {
	Subtype     Subtype       `json:"subtype,omitzero"`
	Value       order.Decimal `json:"value,omitzero"`
	MaxQuantity int64         `json:"max_quantity,omitzero"` // units of an order; 0: no limit
}

// Subtype says what the value of Terms is.
type Subtype string

// The subtypes.
const (
	FinalPrice Subtype = "final_price" // the price, above 0
	Percentage Subtype = "percentage"  // off the price, from 1 to 100
	Absolute   Subtype = "absolute"    // an amount off the price, above 0
)

// Promotion is one that is kept.
type Promotion struct {
	ID int64 `json:"id"` // of the shop
	Header
	Every   bool      `json:"every,omitzero"`
	Stores  int       `json:"stores,omitzero"` // how many its newest layer names; of Every: the shop had then
	State   State     `json:"state"`
	Created time.Time `json:"created"`
	Changed time.Time `json:"changed"` // by a request, not by the clock
}

// State is where a promotion stands in its life.
type State string

// The states of a promotion.
const (
	Planned     State = "planned"
	Running     State = "running"
	Ended       State = "ended"
	Deactivated State = "deactivated"
)

// Job is a request on its way.
type Job struct {
	ID        string    `json:"id"`
	Number    int64     `json:"number"` // of the shop; later jobs have greater ones
	State     JobState  `json:"state"`
	Created   time.Time `json:"created"`
	Updated   time.Time `json:"updated"`
	Promotion int64     `json:"promotion,omitzero"` // once it is completed; 0: nothing of it was accepted
	Of        string    `json:"of,omitzero"`        // of a duplicate: the job that has the same request
	Stores    int       `json:"stores"`             // that it is about
	SKUs      int       `json:"skus"`
	Result    Result    `json:"result"`

	Named map[string]string `json:"-"` // the request's
}

// JobState is where a job stands.
type JobState string

// The states of a job.
const (
	Queued     JobState = "queued"
	InProgress JobState = "in_progress"
	Completed  JobState = "completed" // with or without refusals, see Result
	Failed     JobState = "failed"    // nothing was changed, see Result.Reason
	Duplicate  JobState = "duplicate" // the same request was waiting or running already
)

// Over reports whether the job has come to its end.
func (s JobState) Over() bool { return s == Completed || s == Failed || s == Duplicate }

// Result says what came of a job. The numbers count everything; each list holds
// at most MostListed of it.
type Result struct {
	InvalidStores []string            `json:"invalid_stores,omitzero"` // the shop has no such store
	MissingSKUs   map[string][]string `json:"missing_skus,omitzero"`   // by store: unknown there, or not sold
	InvalidSKUs   map[string][]string `json:"invalid_skus,omitzero"`   // by store: not lower than the regular price, or that is unknown

	StoresRefused int64  `json:"stores_refused"`
	Missing       int64  `json:"missing"`  // pairs
	Invalid       int64  `json:"invalid"`  // pairs
	Accepted      int64  `json:"accepted"` // pairs
	Changed       bool   `json:"changed"`  // false: the promotion was as it is said before
	Reason        string `json:"reason,omitzero"`
}

// Cut reports whether a list leaves something out.
func (r *Result) Cut() bool {
	return max(r.StoresRefused, r.Missing, r.Invalid) > MostListed
}

// The bounds of requests and results.
const (
	MostPairs  = 2_000_000 // stores by SKUs of a request
	MostListed = 10_000    // of each list of a Result
	MostLayers = 1000      // requests that changed one promotion
	MostAsked  = 1000      // SKUs of one Shown
)
