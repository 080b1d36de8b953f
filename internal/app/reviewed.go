package app

import (
	"context"
	"crypto/rand"
	"slices"

	"github.com/ordermux/ordermux/internal/mail"
	"github.com/ordermux/ordermux/internal/order"
	"github.com/ordermux/ordermux/internal/review"
	"github.com/ordermux/ordermux/internal/store"
)

// reviewScope is where the book of reviews keeps a shop's small state.
const reviewScope = "reviews"

// withReviews adds to entries that tell of a review what keeps it, whoever
// tells of it: both are stored, or neither. Who holds a publishable key can not
// know what customers wrote.
func withReviews(keep review.Store, shop string, entries []order.Entry) []order.Entry {
	cloned := false
	for n := range entries {
		e := &entries[n]
		r, ok := review.Told(e.Subject.ID, e.Source.Name, e.Happening)
		if !ok || e.Source.Public() {
			continue
		}
		if !cloned { // a call may be repeated with the same entries
			entries, cloned = slices.Clone(entries), true
			e = &entries[n]
		}
		e.Effects = append(slices.Clone(e.Effects), keep.Record(shop, r))
	}
	return entries
}

// swapReview writes a key of the book's state if its value is still old.
func (a *App) swapReview(ctx context.Context, shop, key string, old, value []byte) (bool, error) {
	return a.store.Change(ctx, shop, reviewScope, []store.Edit{{Key: key, Old: old, New: value}})
}

// notifyShop tells a shop's own people something by mail.
func (a *App) notifyShop(ctx context.Context, _ string, to []string, subject, text string) error {
	return MailServer(a.config()).Send(ctx, mail.Message{To: to, Subject: subject, Text: text, ID: "notice." + rand.Text(), At: a.now()})
}
