package postgres

import (
	"context"

	"github.com/jackc/pgx/v5"

	"github.com/ordermux/ordermux/internal/partner"
)

// Epoch tells with which epoch of its shop somebody writes; false: not as the
// shop's owner, so no epoch counts.
type Epoch func(ctx context.Context) (int64, bool)

// StateOf returns a scope's state like State. What the owner of the shop writes
// to it is written only while its epoch is in force, else Put and Delete fail
// with delivery.ErrLost: a node that was frozen in the middle of a call must not
// overwrite what the next owner kept.
func (s *Store) StateOf(shop, scope string, epoch Epoch) partner.State {
	return &state{store: s, shop: shop, scope: scope, epoch: epoch}
}

// fence lets a transaction fail if the shop has another owner by now.
func (s *state) fence(ctx context.Context, b *pgx.Batch) {
	const owned = `WITH mine AS (SELECT 1 FROM owners WHERE shop = $1 AND epoch = $2 FOR SHARE) SELECT 1 / count(*) FROM mine`
	if s.epoch == nil {
		return
	}
	if epoch, ok := s.epoch(ctx); ok {
		orLost(b.Queue(owned, s.shop, epoch))
	}
}
