package delivery_test

import (
	"fmt"
	"slices"
	"strings"

	"github.com/ordermux/ordermux/internal/delivery"
	"github.com/ordermux/ordermux/internal/ledger"
	"github.com/ordermux/ordermux/internal/order"
	"github.com/ordermux/ordermux/internal/partner"
)

// committed checks what must hold of everything that is written. It runs in
// the store's transaction.
func (w *world) committed(b *delivery.Bundle) {
	name := b.Route.Route
	s := w.store
	for i := range b.Changes {
		c := &b.Changes[i]
		if c.Answer != delivery.Done {
			continue
		}
		if c.Row.State == delivery.Sending && (name == "first" || name == "second") {
			w.log.mu.Lock()
			kinds := w.log.kinds[c.Row.Order]
			w.log.mu.Unlock()
			if kinds.Has(order.KindCancelled) || kinds.Has(order.KindRefunded) {
				w.later("%s: order %d is sent though it was cancelled", name, c.Row.Order)
			}
		}
		w.rests(name, c)
		flying, delivered, claimed := 0, map[string]int{}, map[string]bool{}
		for route, rows := range s.rows {
			for _, d := range rows {
				if d.Order != c.Row.Order {
					continue
				}
				if route == name && d.State.InFlight() {
					flying++
				}
				if d.State == delivery.Delivered {
					delivered[route]++
				}
				if (route == "first" || route == "second") && d.Code != "claim_free" && d.Code != "on_hold_free" &&
					(d.State == delivery.Delivered || !d.State.Closed()) {
					claimed[route] = true
				}
			}
		}
		if flying > 1 {
			w.later("%s: %d in flight of order %d", name, flying, c.Row.Order)
		}
		if delivered["first"] > 1 || delivered["second"] > 1 || len(claimed) > 1 {
			w.later("order %d was invited twice: %v %v", c.Row.Order, delivered, claimed)
		}
	}
}

// rests checks that what a person holds back is not sent.
func (w *world) rests(route string, c *delivery.Change) {
	key := fmt.Sprint(route, c.Row.Key())
	if c.Row.State == delivery.Sending && w.onHold[key] {
		w.later("%s: order %d was sent while a person held it", route, c.Row.Order)
	}
	w.onHold[key] = c.Row.OnHold()
}

// later notes a fault from inside the store's lock.
func (w *world) later(format string, args ...any) {
	text := fmt.Sprintf(format, args...)
	go func() {
		w.mu.Lock()
		defer w.mu.Unlock()
		w.faults = append(w.faults, text)
	}()
}

// judge checks what must hold in the end.
func (w *world) judge() {
	for _, m := range w.sides {
		if row := w.store.routes[m.name]; row.Position != int64(len(w.log.events)) {
			// Skips at the end need not be stored while nothing follows; a stop stores them.
			w.fault("%s stands at %d of %d", m.name, row.Position, len(w.log.events))
		}
		for _, d := range w.store.where(m.name, func(*delivery.Delivery) bool { return true }) {
			switch d.State {
			case delivery.Delivered, delivery.Superseded, delivery.Cancelled, delivery.Dropped:
			case delivery.Held:
				if m.name != "first" {
					w.fault("%s: order %d is held: %s", m.name, d.Order, d.Reason)
				}
			case delivery.Parked:
				if m.route.Side.Repeat != partner.RepeatNever {
					w.fault("%s: order %d is parked: %s", m.name, d.Order, d.Reason)
				}
			case delivery.Refused: // the others may have a reason not to send it again
				if m.name == "each" {
					w.fault("%s: order %d is refused still", m.name, d.Order)
				}
			default:
				w.fault("%s: order %d event %d run %d is %s since %v (%s %s)", m.name, d.Order, d.Seq, d.Run, d.State, d.Planned, d.Code, d.Reason)
			}
			if (d.State == delivery.Refused) && !m.refusedKey(&d) {
				w.fault("%s: order %d was refused by nobody", m.name, d.Order)
			}
		}
	}
	for ord := range w.log.kinds {
		w.judgeOrder(ord)
	}
}

func (m *modelSide) refusedKey(d *delivery.Delivery) bool {
	for k := range m.refused {
		if strings.HasSuffix(k, fmt.Sprintf("-%d-%d-%d", d.Order, d.Seq, d.Run)) {
			return true
		}
	}
	return false
}

func (w *world) judgeOrder(ord int64) {
	states, _ := w.log.States(ctx, shop, []int64{ord})
	st := states[0]
	each, latest, first, second := w.sides[0], w.sides[1], w.sides[2], w.sides[3]
	w.judgeEach(each, ord, st)
	if st.Merged.Order.Channel == "online" && !latest.dropped(ord) {
		if got, want := latest.has[st.Row.Subject.ID], st.Row.Subject.ID+" online"; got != want {
			w.fault("latest: the partner has %q of order %d, not %q", got, ord, want)
		}
	}
	if st.Row.Kinds.Has(order.KindCancelled) || st.Row.Kinds.Has(order.KindRefunded) {
		return
	}
	n := 0
	for _, m := range []*modelSide{first, second} {
		for _, d := range m.rows(ord) {
			if s := d.State; s == delivery.Delivered || s == delivery.Parked || s == delivery.Held || s == delivery.Dropped || s == delivery.Refused {
				n++
			}
		}
	}
	if n == 0 {
		w.fault("order %d was never invited: %+v %+v", ord, first.rows(ord), second.rows(ord))
	}
}

// judgeEach checks that every event was considered, and arrived.
func (w *world) judgeEach(m *modelSide, ord int64, st *ledger.State) {
	rows := m.rows(ord)
	for _, e := range w.log.events {
		if e.Order != ord {
			continue
		}
		ok := slices.ContainsFunc(rows, func(d delivery.Delivery) bool {
			return d.Seq == e.Seq && (d.State == delivery.Delivered || d.State == delivery.Dropped)
		})
		if !ok {
			w.fault("each: event %d of %s is lost: %+v", e.Seq, st.Row.Subject.ID, rows)
		}
	}
}

func (m *modelSide) dropped(ord int64) bool {
	return slices.ContainsFunc(m.rows(ord), func(d delivery.Delivery) bool { return d.State == delivery.Dropped })
}
