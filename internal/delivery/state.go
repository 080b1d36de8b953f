package delivery

import "github.com/ordermux/ordermux/internal/partner"

// AllStates are the states in the sequence in which people read them.
var AllStates = [...]State{
	Ready, Held, Sending, AwaitingPartner, Retrying, Asking, Failed, Parked,
	Delivered, Refused, Cancelled, Superseded, Dropped,
}

// Closed reports whether nothing moves the delivery on any more but a person.
func (s State) Closed() bool {
	switch s {
	case Delivered, Refused, Cancelled, Superseded, Dropped:
		return true
	}
	return false
}

// InFlight reports whether the partner has or may have the delivery and its
// outcome is not known yet.
func (s State) InFlight() bool {
	return s == Sending || s == AwaitingPartner || s == Asking
}

// Waiting reports whether the delivery has not left, or has come back, and
// may go.
func (s State) Waiting() bool { return s == Ready || s == Held || s == Retrying }

// Listed reports whether a person is asked to look at it.
func (s State) Listed() bool { return s == Failed || s == Parked || s == Refused }

// gated reports whether d must wait for another delivery of its order: at most
// one is in flight; in mode each the events keep their sequence, but live ones
// do not wait for what a replay sends again.
func gated(mode partner.Mode, rows []Delivery, d *Delivery) bool {
	for i := range rows {
		o := &rows[i]
		if o.Key() == d.Key() || o.State.Closed() {
			continue
		}
		if o.State.InFlight() {
			return true
		}
		if mode == partner.Each && before(o, d) && (!o.Act.bulk() || d.Act.bulk()) {
			return true
		}
	}
	return false
}

// before reports whether a's event came earlier; of equal ones the run counts.
func before(a, b *Delivery) bool {
	if a.Seq != b.Seq {
		return a.Seq < b.Seq
	}
	return a.Run < b.Run
}

// lastDelivered returns the newest success among the rows; nil: none.
func lastDelivered(rows []Delivery) *Delivery {
	var last *Delivery
	for i := range rows {
		if d := &rows[i]; d.State == Delivered && (last == nil || d.Settled.After(last.Settled) ||
			d.Settled.Equal(last.Settled) && before(last, d)) {
			last = d
		}
	}
	return last
}

// find returns the first row in one of the states; nil: none.
func find(rows []Delivery, states ...State) *Delivery {
	for i := range rows {
		for _, s := range states {
			if rows[i].State == s {
				return &rows[i]
			}
		}
	}
	return nil
}

// nextRun returns the run that a new delivery of the event has.
func nextRun(rows []Delivery, seq int64) int {
	run := 0
	for i := range rows {
		if rows[i].Seq == seq {
			run = max(run, rows[i].Run+1)
		}
	}
	return run
}
