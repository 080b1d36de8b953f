package sandbox

import (
	"fmt"
	"hash/fnv"
	"math/rand/v2"
	"slices"
	"sync"

	"github.com/ordermux/ordermux/internal/json"
	"github.com/ordermux/ordermux/internal/order"
)

// Registry holds the faults of every partner's door. Safe for concurrent use.
type Registry struct{ doors map[string]*door }

// door is one partner's faults and the dice they are thrown with.
type door struct {
	mu     sync.Mutex
	faults Faults
	dice   *rand.Rand
}

// New makes a registry for these partners, without faults.
func New(partners ...string) *Registry {
	r := &Registry{doors: make(map[string]*door, len(partners))}
	for _, name := range partners {
		r.doors[name] = &door{}
	}
	return r
}

// Set replaces the faults of a partner's door and starts its dice anew.
// Errors: order.ErrNotFound for an unknown partner, *order.Invalid.
func (r *Registry) Set(partner string, f Faults) error {
	d, ok := r.doors[partner]
	if !ok {
		return fmt.Errorf("faults of %q: %w", partner, order.ErrNotFound)
	}
	if err := f.Validate(); err != nil {
		return err
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	d.faults = f
	d.dice = rand.New(rand.NewPCG(f.Seed, 1))
	return nil
}

// Get returns the faults of a partner's door; false for an unknown partner.
func (r *Registry) Get(partner string) (Faults, bool) {
	d, ok := r.doors[partner]
	if !ok {
		return Faults{}, false
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.faults, true
}

// Faults returns the faults of a partner's door as JSON; order.ErrNotFound for
// an unknown partner.
func (r *Registry) Faults(partner string) ([]byte, error) {
	f, ok := r.Get(partner)
	if !ok {
		return nil, fmt.Errorf("faults of %q: %w", partner, order.ErrNotFound)
	}
	return json.Marshal(f)
}

// SetFaults is Set with faults as Parse reads them.
func (r *Registry) SetFaults(partner string, body []byte) error {
	f, err := Parse(body)
	if err != nil {
		return err
	}
	return r.Set(partner, f)
}

// draw is what happens to one request.
type draw struct {
	faults                                    Faults
	tooMany, broken, slow, cutOff, loseAnswer bool
}

// next throws the dice for one request, always the same number of times, so
// that a changed share moves no other fault.
func (d *door) next() draw {
	d.mu.Lock()
	defer d.mu.Unlock()
	out := draw{faults: d.faults}
	if d.dice == nil {
		return out
	}
	hit := func(share float64) bool { return d.dice.Float64() < share }
	out.tooMany = hit(d.faults.TooMany)
	out.broken = hit(d.faults.Broken)
	out.slow = hit(d.faults.Slow)
	out.cutOff = hit(d.faults.CutOff)
	out.loseAnswer = hit(d.faults.LoseAnswer)
	return out
}

// refuses reports whether the door refuses the order whatever it says.
func (f *Faults) refuses(id string) bool {
	return f.chosen("refuse", id, f.Refuse, f.RefuseIDs)
}

// throwsAway reports whether the door answers well and stores nothing.
func (f *Faults) throwsAway(id string) bool {
	return f.chosen("throw away", id, f.ThrowAway, f.ThrowAwayID)
}

func (f *Faults) chosen(fault, id string, share float64, ids []string) bool {
	if slices.Contains(ids, id) {
		return true
	}
	if share <= 0 {
		return false
	}
	h := fnv.New64a()
	fmt.Fprintf(h, "%d|%s|%s", f.Seed, fault, id)
	// FNV's high bits hardly change between short ids that differ at the end;
	// a generator seeded with it spreads them.
	return rand.New(rand.NewPCG(f.Seed, h.Sum64())).Float64() < share
}
