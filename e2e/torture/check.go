package torture

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

// Repeat is how safe a route's repeats are, which decides what it owes.
type Repeat int

// The promises.
const (
	AtLeastOnce Repeat = iota // safe or ask-first: arrives
	NeverAlone                // arrives once, or is listed for a person as unknown
)

// Evidence is what was found after the last restart, each side asked itself.
// An event is named by its order's id; one that is no order but what happened
// to it has its kind behind that: "t0-000007/shipped".
type Evidence struct {
	Acked    map[string]bool   // events that a client got a 2xx for
	Offered  map[string]bool   // all events that clients sent
	Receipts map[string]string // "seq hash" by event, where the 2xx told them
	Placed   map[string]int    // by the hub's API: how often the event is in a ledger
	Stored   map[string]string // by the hub's API: its "seq hash"
	Chain    []string          // faults of the chain
	Fenced   []string          // writes of nodes that did not own the shop
	Routes   []Arrivals
}

// Arrivals is what one route's partner has.
type Arrivals struct {
	Route     string
	Repeat    Repeat
	Orders    bool            // it owes the orders only, not what happened to them
	Got       map[string]int  // times that the partner took the event
	Listed    map[string]bool // orders that the hub lists for a person on that route
	Again     int             // repeats that the partner tells apart from Got
	Backwards []string        // events that came after a later one of their order
}

// Traffic is what went in and out of a hub in a run.
type Traffic struct {
	Evidence
	Calls   int // clients' calls
	Unknown int // of these without a 2xx: errors and 5xx
}

// String sums it up.
func (t Traffic) String() string {
	var s strings.Builder
	fmt.Fprintf(&s, "%d calls, %d without a 2xx; %d orders and later events offered, %d acknowledged, %d in the ledger",
		t.Calls, t.Unknown, len(t.Offered), len(t.Acked), len(t.Placed))
	for _, a := range t.Routes {
		fmt.Fprintf(&s, "; route %s: %d arrived, %d repeats", a.Route, len(a.Got), a.Repeats())
		if a.Repeat == NeverAlone {
			fmt.Fprintf(&s, ", %d listed for a person", len(a.Listed))
		}
	}
	return s.String()
}

// orderOf returns the order of an event.
func orderOf(event string) string {
	id, _, _ := strings.Cut(event, "/")
	return id
}

// Check returns every broken promise, sorted; empty: all were kept.
func (e Evidence) Check() []string {
	var faults []string
	add := func(format string, args ...any) { faults = append(faults, fmt.Sprintf(format, args...)) }
	for _, f := range e.Chain {
		add("the chain does not verify: %s", f)
	}
	for _, f := range e.Fenced {
		add("a node wrote for a shop that another one owned: %s", f)
	}
	for id := range e.Acked {
		if e.Placed[id] == 0 {
			add("order %s got a 2xx and is not in the ledger", id)
		}
	}
	for id, told := range e.Receipts {
		if stored, ok := e.Stored[id]; ok && stored != told {
			add("order %s is in the ledger as %s and its receipt says %s", id, stored, told)
		}
	}
	for id, n := range e.Placed {
		if n > 1 {
			add("order %s is in the ledger %d times", id, n)
		}
		if !e.Offered[id] {
			add("order %s is in the ledger and nobody sent it", id)
		}
	}
	for _, r := range e.Routes {
		faults = append(faults, e.checkRoute(r)...)
	}
	slices.Sort(faults)
	return faults
}

func (e Evidence) checkRoute(r Arrivals) []string {
	var faults []string
	// Whatever is in the ledger must go out, whether its caller got an answer
	// or not; what got a 2xx and is in no ledger is missing here too.
	owed := maps.Clone(e.Acked)
	for id := range e.Placed {
		owed[id] = true
	}
	for id := range owed {
		if r.Orders && orderOf(id) != id {
			continue
		}
		if r.Got[id] == 0 && !(r.Repeat == NeverAlone && r.Listed[orderOf(id)]) {
			faults = append(faults, fmt.Sprintf("order %s never arrived by route %s", id, r.Route))
		}
	}
	for id, times := range r.Got {
		if r.Repeat == NeverAlone && times > 1 {
			faults = append(faults, fmt.Sprintf("order %s arrived %d times by route %s, which must never repeat by itself", id, times, r.Route))
		}
		if e.Placed[id] == 0 {
			faults = append(faults, fmt.Sprintf("order %s arrived by route %s and is not in the ledger", id, r.Route))
		}
	}
	for _, id := range r.Backwards {
		faults = append(faults, fmt.Sprintf("order %s arrived by route %s after a later event of its order", id, r.Route))
	}
	return faults
}

// Repeats counts how often an event arrived once more by the route.
func (r Arrivals) Repeats() int {
	n := r.Again
	for _, times := range r.Got {
		n += times - 1
	}
	return n
}
