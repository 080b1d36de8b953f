package delivery_test

import (
	"errors"
	"testing"
	"time"

	"github.com/ordermux/ordermux/internal/delivery"
	"github.com/ordermux/ordermux/internal/order"
	"github.com/ordermux/ordermux/internal/partner"
)

// TestOrderChangesWhileWhatWaitedIsClaimed lets an event of the order arrive
// between the judging of a delivery that waited for an earlier one and the
// commit of its claim. The claim is stale; the delivery must be looked at
// again, for nothing else wakes it.
func TestOrderChangesWhileWhatWaitedIsClaimed(t *testing.T) {
	run(t, func(h *hub) {
		f := &fake{answer: func(task partner.Task) partner.Outcome {
			if task.Attempt == 1 && task.Event.Kind == order.KindPlaced {
				return partner.Later(0, "http_503", "")
			}
			return partner.Delivered("")
		}}
		h.routes(delivery.Route{Name: "hook", Side: f.side(partner.Each)})
		h.place("1")
		h.happens("1", order.KindAccepted)
		changed := false
		h.store.set(func(b *delivery.Bundle) (before, after error) {
			for _, c := range b.Changes {
				if c.Row.Seq == 2 && c.From == delivery.Ready && c.Row.State == delivery.Sending && !changed {
					changed = true
					h.happens("1", order.KindShipped)
				}
			}
			return nil, nil
		})
		h.pass(time.Minute)
		if !changed {
			t.Error("the second event never waited for the first")
		}
		h.is("hook", "delivered:3")
	})
}

// TestSettledByACommitOfUnknownResult lets the commit that writes an outcome
// succeed and fail to say so. Settling again then finds another row than it
// left, and what stands there must be looked at in its time.
func TestSettledByACommitOfUnknownResult(t *testing.T) {
	run(t, func(h *hub) {
		f := &fake{answer: func(task partner.Task) partner.Outcome {
			if task.Attempt == 1 {
				return partner.Later(0, "http_503", "")
			}
			return partner.Delivered("")
		}}
		h.routes(delivery.Route{Name: "hook", Side: f.side(partner.Each)})
		cut := false
		h.store.set(func(b *delivery.Bundle) (before, after error) {
			for _, c := range b.Changes {
				if c.Row.State == delivery.Retrying && !cut {
					cut = true
					return nil, errors.New("connection lost")
				}
			}
			return nil, nil
		})
		h.place("1")
		h.happens("1", order.KindShipped)
		h.pass(time.Hour)
		h.is("hook", "delivered:2")
	})
}
