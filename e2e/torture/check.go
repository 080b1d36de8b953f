package torture

import (
	"fmt"
	"maps"
	"slices"
)

// Repeat is how safe a route's repeats are, which decides what it owes.
type Repeat int

// The promises.
const (
	AtLeastOnce Repeat = iota // safe or ask-first: arrives
	NeverAlone                // arrives once, or is listed for a person as unknown
)

// Evidence is what was found after the last restart, each side asked itself.
type Evidence struct {
	Acked   map[string]bool // orders that a client got a 2xx for
	Offered map[string]bool // all orders that clients sent
	Placed  map[string]int  // by the hub's API: events of kind placed per order
	Chain   []string        // faults of the chain
	Routes  []Arrivals
}

// Arrivals is what one route's partner has.
type Arrivals struct {
	Route  string
	Repeat Repeat
	Got    map[string]int  // times that the partner took the order
	Listed map[string]bool // orders that the hub lists for a person on that route
	Again  int             // repeats that the partner tells apart from Got
}

// Check returns every broken promise, sorted; empty: all were kept.
func (e Evidence) Check() []string {
	var faults []string
	add := func(format string, args ...any) { faults = append(faults, fmt.Sprintf(format, args...)) }
	for _, f := range e.Chain {
		add("the chain does not verify: %s", f)
	}
	for id := range e.Acked {
		if e.Placed[id] == 0 {
			add("order %s got a 2xx and is not in the ledger", id)
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
		if r.Got[id] == 0 && !(r.Repeat == NeverAlone && r.Listed[id]) {
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
	return faults
}

// Repeats counts how often an order arrived once more by the route.
func (r Arrivals) Repeats() int {
	n := r.Again
	for _, times := range r.Got {
		n += times - 1
	}
	return n
}
