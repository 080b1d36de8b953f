// Package sandbox makes a door misbehave on purpose, so that clients and
// routes meet a partner's bad days before production: too many requests,
// errors, slow and cut-off answers, refused orders, answers lost after
// storing, orders answered well and thrown away.
package sandbox

import (
	"fmt"
	"time"

	"github.com/ordermux/ordermux/internal/json"
	"github.com/ordermux/ordermux/internal/order"
)

// Faults are the faults of one partner's door; the zero value has none. A
// share is a number from 0 (never) to 1 (always). The faults of requests are
// drawn from Seed in the sequence of requests; those of orders depend on Seed
// and the order's id only, so that the same order meets the same fate again.
type Faults struct {
	Seed uint64 `json:"seed,omitzero"`

	// Of requests.
	TooMany    float64  `json:"share_429,omitzero"`   // answered 429, nothing done
	RetryAfter Duration `json:"retry_after,omitzero"` // sent with a 429 in whole seconds; 0: not sent
	Broken     float64  `json:"share_500,omitzero"`   // answered 500, nothing done
	Slow       float64  `json:"share_slow,omitzero"`  // handled after SlowFor
	SlowFor    Duration `json:"slow_for,omitzero"`    // "5s"
	CutOff     float64  `json:"share_cut_off,omitzero"`
	LoseAnswer float64  `json:"share_lose_answer,omitzero"` // stored, then the connection ends without an answer

	// Of orders: by share, or by their ids.
	Refuse      float64  `json:"share_refuse,omitzero"`     // refused as invalid, nothing of the call stored
	RefuseIDs   []string `json:"refuse,omitzero"`           // the same by order id, or another number of the order
	ThrowAway   float64  `json:"share_throw_away,omitzero"` // answered well, nothing stored
	ThrowAwayID []string `json:"throw_away,omitzero"`       // the same by order id, or another number of the order
}

// Duration is a time.Duration written as text ("1m30s").
type Duration time.Duration

// MarshalText writes the duration as Go does.
func (d Duration) MarshalText() ([]byte, error) { return []byte(time.Duration(d).String()), nil }

// UnmarshalText reads "250ms", "5s", "1m30s".
func (d *Duration) UnmarshalText(b []byte) error {
	v, err := time.ParseDuration(string(b))
	if err != nil || v < 0 {
		return fmt.Errorf("%q is no duration such as 5s", b)
	}
	*d = Duration(v)
	return nil
}

// Parse reads faults from JSON. Unknown names and shares outside of 0 to 1
// are *order.Invalid.
func Parse(body []byte) (Faults, error) {
	var f Faults
	if err := json.UnmarshalStrict(body, &f); err != nil {
		if bad, ok := json.Invalid(err); ok {
			return f, bad
		}
		return f, err
	}
	return f, f.Validate()
}

// Validate reports every share that is none, as *order.Invalid.
func (f Faults) Validate() error {
	var faults []order.Fault
	for _, s := range []struct {
		name  string
		share float64
	}{
		{"share_429", f.TooMany}, {"share_500", f.Broken}, {"share_slow", f.Slow},
		{"share_cut_off", f.CutOff}, {"share_lose_answer", f.LoseAnswer},
		{"share_refuse", f.Refuse}, {"share_throw_away", f.ThrowAway},
	} {
		if !(s.share >= 0 && s.share <= 1) {
			faults = append(faults, order.Fault{Path: s.name, Code: order.Malformed, Reason: "a share is a number from 0 to 1"})
		}
	}
	if f.Slow > 0 && f.SlowFor <= 0 {
		faults = append(faults, order.Fault{Path: "slow_for", Code: order.Required, Reason: `share_slow needs how long, such as "5s"`})
	}
	if len(faults) > 0 {
		return &order.Invalid{Faults: faults}
	}
	return nil
}
