package app

import (
	"context"
	"errors"
	"strings"

	"github.com/ordermux/ordermux/internal/capture"
	"github.com/ordermux/ordermux/internal/order"
)

// tracesOf are what a recorded call may show of an order and its persons, by
// all that its sources ever said.
func (a *App) tracesOf(ctx context.Context, shop, id string) (capture.Traces, error) {
	events, err := a.ledger.Events(ctx, shop, id)
	if errors.Is(err, order.ErrNotFound) {
		return capture.Traces{}, nil // whoever erases it is told so
	}
	t := capture.Traces{Words: []string{id}}
	for i := range events {
		if o := events[i].Statement; o != nil {
			addTraces(&t, o)
		}
	}
	return t, err
}

// addTraces adds those of one statement. A firm's name is nobody's: a
// reseller's stands in every call of his.
func addTraces(t *capture.Traces, o *order.Order) {
	for _, r := range o.References {
		addWords(t, r.Value)
	}
	addWords(t, o.Session)
	if c := o.Customer; c != nil {
		addWords(t, c.ID, c.Email, c.LoyaltyCard)
		addName(t, c.Name, c.FirstName, c.LastName)
		t.Phones = append(t.Phones, c.Phone)
	}
	for _, p := range []*order.Party{o.Recipient, o.Billing} {
		if p == nil {
			continue
		}
		addWords(t, p.Email, strings.TrimSpace(p.Street+" "+p.Number), p.Additional, p.Formatted)
		addName(t, p.Name, p.FirstName, p.LastName)
		t.Phones = append(t.Phones, p.Phone)
	}
}

// shortest is how long a word must be to mean somebody.
const shortest = 4

func addWords(t *capture.Traces, words ...string) {
	for _, w := range words {
		if len(w) >= shortest {
			t.Words = append(t.Words, w)
		}
	}
}

// addName adds a person's name: the surname alone, where it is known.
func addName(t *capture.Traces, full, first, last string) {
	if len(last) < shortest {
		last = strings.TrimSpace(first + " " + last)
	}
	addWords(t, last)
	if fields := strings.Fields(full); len(fields) > 1 {
		addWords(t, full, fields[len(fields)-1])
	}
}
