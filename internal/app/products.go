package app

import (
	"context"

	"github.com/ordermux/ordermux/internal/catalog"
)

// products are the shops' catalogues as the API writes to them: not while
// there is no room.
type products struct {
	catalog.Store
	disk *disk
}

// Put implements catalog.Store.
func (p products) Put(ctx context.Context, shop string, list []catalog.Product) (changed int, err error) {
	return p.write(func() (int, error) { return p.Store.Put(ctx, shop, list) })
}

// SetStock implements catalog.Store.
func (p products) SetStock(ctx context.Context, shop string, list []catalog.Restock) (changed int, err error) {
	return p.write(func() (int, error) { return p.Store.SetStock(ctx, shop, list) })
}

// PutOffers implements catalog.OfferStore.
func (p products) PutOffers(ctx context.Context, shop string, edits []catalog.OfferEdit) (put catalog.OffersPut, err error) {
	_, err = p.write(func() (int, error) {
		put, err = p.Store.PutOffers(ctx, shop, edits)
		return put.Changed, err
	})
	return put, err
}

func (p products) write(do func() (int, error)) (int, error) {
	if err := p.disk.check(); err != nil {
		return 0, err
	}
	n, err := do()
	p.disk.saw(err)
	return n, err
}
