package transfer_test

import (
	"context"
	"fmt"
	"time"

	"github.com/ordermux/ordermux/internal/order"
)

// oldShop is a shop whose log is cut again and again.
const oldShop = "vintern"

// grow appends orders to the old shop, in batches of which the cuts know the times.
func (h *hub) grow() {
	var entries []order.Entry
	for i := range 3 {
		id := fmt.Sprintf("V-%d-%d", len(h.marks), i)
		o := order.Order{ID: id, Currency: "SEK", Customer: &order.Customer{Name: "person of " + id},
			References: []order.Reference{{Kind: "invoice", Value: "R-" + id}}}
		entries = append(entries, order.Entry{
			Subject: order.Subject{Kind: order.SubjectOrder, ID: id}, Source: sources[0], Statement: &order.Statement{Order: o},
		})
	}
	_, err := h.ledger.Append(context.Background(), oldShop, entries)
	h.must(err)
	h.marks = append(h.marks, time.Now())
}

// cut removes the older half of the old shop's log, and what may be reclaimed.
func (h *hub) cut() {
	_, _, _, err := h.ledger.CutStep(context.Background(), oldShop, h.marks[len(h.marks)/2], nil)
	h.must(err)
	_, err = h.store.Retention().Reclaim(context.Background(), oldShop)
	h.must(err)
}
