package app

import (
	"sync"
	"time"

	"github.com/ordermux/ordermux/internal/order"
)

// answers are what routes said they have, believed for a while, and the
// questions that are on their way: nobody asks a route for a product that
// somebody is just asking it for.
type answers struct {
	most int // of each half

	mu sync.Mutex
	// New answers go into young; once it is full it becomes old, and what was
	// old is forgotten: so there are never more than twice as many as most.
	young, old map[answerKey]said
	flights    map[answerKey]*flight
}

// answerKey is a product at a route as it is configured now.
type answerKey struct{ shop, route, revision, product string }

// flight is a question on its way.
type flight struct {
	keys map[answerKey]order.Decimal // how many are asked for
	done chan struct{}               // closed once said is there
	said map[string]said             // by product; missing: undecided
}

func newFlight() *flight {
	return &flight{keys: map[answerKey]order.Decimal{}, done: make(chan struct{})}
}

func newAnswers(most int) *answers {
	return &answers{most: most / 2, young: map[answerKey]said{}, old: map[answerKey]said{}, flights: map[answerKey]*flight{}}
}

// find returns an answer that is still believed and tells of the quantity, or
// the flight that brings one, or else own, which has to ask then.
func (a *answers) find(key answerKey, quantity order.Decimal, now time.Time, fresh bool, own *flight) (said, *flight) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if !fresh {
		if s, ok := a.holds(key, quantity, now); ok {
			return s, nil
		}
		if f := a.flights[key]; f != nil && f.keys[key].Cmp(quantity) >= 0 {
			return said{}, f
		}
	}
	own.keys[key] = quantity
	a.flights[key] = own // also in place of one that asks for less
	return said{}, own
}

// believed returns an answer that is still believed and tells of the quantity.
func (a *answers) believed(key answerKey, quantity order.Decimal, now time.Time) (said, bool) {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.holds(key, quantity, now)
}

func (a *answers) holds(key answerKey, quantity order.Decimal, now time.Time) (said, bool) {
	s, ok := a.get(key)
	return s, ok && now.Sub(s.at) < believedFor && s.tells(quantity)
}

func (a *answers) get(key answerKey) (said, bool) {
	if s, ok := a.young[key]; ok {
		return s, true
	}
	s, ok := a.old[key]
	return s, ok
}

// land keeps what a flight brought and tells those who wait for it.
func (a *answers) land(f *flight, told map[string]said) {
	a.mu.Lock()
	defer a.mu.Unlock()
	for key := range f.keys {
		if a.flights[key] == f {
			delete(a.flights, key)
		}
		s, ok := told[key.product]
		if !ok {
			continue
		}
		if before, known := a.get(key); known && before.at.After(s.at) {
			continue
		}
		if len(a.young) >= a.most {
			a.young, a.old = map[answerKey]said{}, a.young
		}
		a.young[key] = s
	}
	f.said = told
	close(f.done)
}
