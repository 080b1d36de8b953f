package partner

import (
	"time"

	"github.com/ordermux/ordermux/internal/order"
)

// Job is something a side was asked to do, or does by itself, that takes a
// while, or says more than one answer holds: an update of a catalogue, a
// promotion, a file.
type Job struct {
	ID      string    `json:"id"`
	Kind    string    `json:"kind"` // JobCatalog …
	State   JobState  `json:"state"`
	Name    string    `json:"name,omitzero"` // of the file, of the promotion
	By      string    `json:"by,omitzero"`   // the credential's name; "": the hub
	Store   string    `json:"store,omitzero"`
	Created time.Time `json:"created"`
	Updated time.Time `json:"updated"`
	Taken   int64     `json:"taken"` // rows, products or pairs of a store and a SKU
	Refused int64     `json:"refused"`
	Ref     string    `json:"ref,omitzero"`    // the partner's number of it (routes)
	Reason  string    `json:"reason,omitzero"` // why it failed, or what is odd
	Items   []JobItem `json:"items,omitzero"`  // what was refused, as far as it is kept
	Cut     bool      `json:"cut,omitzero"`    // more was refused than Items holds
}

// JobItem is something that was refused.
type JobItem struct {
	Line   int    `json:"line,omitzero"` // of a file, from 1
	Store  string `json:"store,omitzero"`
	SKU    string `json:"sku,omitzero"`
	Reason string `json:"reason"`
}

// JobState is where a job stands.
type JobState string

// The states of a job.
const (
	JobQueued     JobState = "queued"
	JobInProgress JobState = "in_progress"
	JobCompleted  JobState = "completed" // with or without refusals
	JobFailed     JobState = "failed"    // nothing of it counts, see Reason
	JobDuplicate  JobState = "duplicate" // the same was waiting or running already
)

// The kinds of job.
const (
	JobCatalog   = "catalog"   // prices and the like of products
	JobProducts  = "products"  // new products
	JobExport    = "export"    // of a catalogue
	JobPromotion = "promotion" // a request about one
	JobFile      = "file"      // an uploaded one
)

// TestOrder is what an order for tests shall be.
type TestOrder struct {
	Store  string       `json:"store"`
	Status order.Status `json:"status,omitzero"` // it is brought to, over all before it; "": received
	By     string       `json:"by,omitzero"`     // who carries: "platform" (also "") or "vendor"
	Lines  []order.Line `json:"lines,omitzero"`  // none: some of what the outlet sells
}
