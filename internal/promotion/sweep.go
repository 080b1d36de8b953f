package promotion

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"time"
)

// How many rows one transaction removes.
const (
	rowsAtOnce   = 1000
	piecesAtOnce = 20
)

func sortedNumbers[V any](m map[int64]V) []int64 {
	list := slices.Sorted(maps.Keys(m))
	return slices.DeleteFunc(list, func(n int64) bool { return n == 0 })
}

// dropAll removes rows some at a time, each lot in a transaction of its own.
func (b *Book) dropAll(ctx context.Context, drop func(tx Tx) (int, error)) error {
	for n := 1; n > 0; {
		began := time.Now()
		err := b.store.Change(ctx, func(tx Tx) (err error) {
			n, err = drop(tx)
			return err
		})
		if err == nil && n > 0 {
			err = b.rest(ctx, time.Since(began))
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// dropContent removes a layer's rows.
func (b *Book) dropContent(ctx context.Context, shop string, layer int64) error {
	err := b.dropAll(ctx, func(tx Tx) (int, error) { return tx.DropSKUs(shop, layer, rowsAtOnce) })
	if err != nil {
		return err
	}
	return b.dropAll(ctx, func(tx Tx) (int, error) { return tx.DropStores(shop, layer, rowsAtOnce) })
}

// tidy removes the content of a promotion that is over, and later the promotion.
// A request that changed it meanwhile comes behind: its layer is found by the
// next call.
func (b *Book) tidy(ctx context.Context, shop string, id int64) error {
	for {
		var layer int64
		err := b.store.Look(ctx, func(l Lookup) (err error) {
			_, layer, err = l.Layers(shop, id)
			return err
		})
		if err != nil {
			return fmt.Errorf("layers: %w", err)
		}
		if layer == 0 {
			return b.tidied(ctx, shop, id)
		}
		// The layer last, so that what is left is found again.
		if err := b.dropContent(ctx, shop, layer); err != nil {
			return err
		}
		if err := b.store.Change(ctx, func(tx Tx) error { return tx.DropLayer(shop, layer) }); err != nil {
			return fmt.Errorf("remove layer: %w", err)
		}
	}
}

// tidied notes that the content is gone, or removes the promotion.
func (b *Book) tidied(ctx context.Context, shop string, id int64) error {
	return b.store.Change(ctx, func(tx Tx) error {
		if _, err := tx.LockPromotions(shop); err != nil {
			return fmt.Errorf("lock: %w", err)
		}
		rows, err := tx.Promotions(shop, []int64{id})
		if err != nil || len(rows) == 0 {
			return err
		}
		p, now := &rows[0], b.store.Now().UnixMicro()
		layers, _, err := tx.Layers(shop, id)
		if err != nil || layers > 0 || p.Due > now {
			return err
		}
		if p.End+b.keptRows(shop).Microseconds() <= now {
			return tx.DropPromotion(shop, id)
		}
		body, err := decode[promotionBody](p.Body)
		if err != nil {
			return err
		}
		body.Layer, body.Content = 0, nil // the same request is a change again
		if p.Body, err = encode(&body); err != nil {
			return err
		}
		p.Due = p.End + b.keptRows(shop).Microseconds()
		return tx.KeepPromotion(shop, p)
	})
}

// sweep removes what jobs left, and reports whether there may be more.
func (b *Book) sweep(ctx context.Context, shop string) (more bool, err error) {
	const most = 20
	before := b.store.Now().Add(-b.keptRows(shop)).UnixMicro()
	var left []LeftRow
	var old []int64
	var head Head
	err = b.store.Look(ctx, func(l Lookup) (err error) {
		if head, err = l.Head(shop); err != nil || head == (Head{}) {
			return err
		}
		if left, err = l.Left(shop, most); err != nil {
			return err
		}
		old, err = l.OldJobs(shop, before, rowsAtOnce)
		return err
	})
	if err != nil || head == (Head{}) {
		return false, err
	}
	cleaned := 0
	for i := range left {
		j := &left[i]
		if j.State == RowReceiving && j.Updated > b.store.Now().Add(-keptPart).UnixMicro() {
			continue
		}
		if err := b.clean(ctx, shop, j); err != nil {
			return false, err
		}
		cleaned++
	}
	return cleaned == most || len(old) == rowsAtOnce, b.forget(ctx, shop, old, before)
}

// clean removes the pieces of a job that is over, and its rows if they count
// nowhere.
func (b *Book) clean(ctx context.Context, shop string, j *LeftRow) error {
	err := b.dropAll(ctx, func(tx Tx) (int, error) { return tx.DropPieces(shop, j.Number, piecesAtOnce) })
	if err != nil {
		return fmt.Errorf("pieces: %w", err)
	}
	if !j.Layer {
		if err := b.dropContent(ctx, shop, j.Number); err != nil {
			return fmt.Errorf("rows: %w", err)
		}
	}
	return b.store.Change(ctx, func(tx Tx) error {
		if j.State == RowReceiving {
			return tx.DropJob(shop, j.Number)
		}
		return tx.KeepClean(shop, j.Number)
	})
}

// forget removes what is long over.
func (b *Book) forget(ctx context.Context, shop string, old []int64, before int64) error {
	for some := range slices.Chunk(old, 100) {
		err := b.store.Change(ctx, func(tx Tx) error {
			for _, number := range some {
				if err := tx.DropJob(shop, number); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			return fmt.Errorf("jobs: %w", err)
		}
	}
	err := b.dropAll(ctx, func(tx Tx) (int, error) { return tx.DropChanges(shop, before, rowsAtOnce) })
	if err != nil {
		return fmt.Errorf("changes: %w", err)
	}
	return nil
}
