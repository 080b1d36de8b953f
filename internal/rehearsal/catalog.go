package rehearsal

import (
	"context"

	"github.com/ordermux/ordermux/internal/catalog"
)

// products are the shop's catalogue, in which nothing is changed: what a call
// would change is counted as far as that can be said without changing it. What
// is taken with an order is taken in the transaction that is undone.
type products struct{ catalog.Store }

var _ catalog.Store = products{}

func (products) Put(_ context.Context, _ string, list []catalog.Product) (int, error) {
	return len(list), nil
}

func (products) SetStock(_ context.Context, _ string, list []catalog.Restock) (int, error) {
	return len(list), nil
}

func (products) SetActive(_ context.Context, _ string, codes []string, _ bool) (int, error) {
	return len(codes), nil
}

func (products) Delete(_ context.Context, _ string, codes []string) (int, error) {
	return len(codes), nil
}

// PutOffers says of every edit that it changes something.
func (products) PutOffers(_ context.Context, _ string, edits []catalog.OfferEdit) (catalog.OffersPut, error) {
	for i := range edits {
		if bad := edits[i].Validate(); bad != nil {
			return catalog.OffersPut{}, bad
		}
	}
	return catalog.OffersPut{Changed: len(edits)}, nil
}

func (products) OpenStores(context.Context, string, []string) error { return nil }

// Reserve says what could not be had now.
func (p products) Reserve(ctx context.Context, shop, key string, lines []catalog.Line) error {
	can, err := p.Available(ctx, shop, lines, key)
	if err != nil {
		return err
	}
	var short catalog.Short
	for i, a := range can {
		if a.Reason != "" {
			short.Lines = append(short.Lines, catalog.Shortage{Line: i, Type: lines[i].Type, Code: lines[i].Code, Asked: lines[i].Quantity, Available: a.Free, Reason: a.Reason})
		}
	}
	if short.Lines != nil {
		return &short
	}
	return nil
}

func (products) Release(context.Context, string, string) error { return nil }
