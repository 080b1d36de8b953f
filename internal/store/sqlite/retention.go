package sqlite

import (
	"context"
	"database/sql"
	"fmt"
	"time"

	"github.com/ordermux/ordermux/internal/search"
	"github.com/ordermux/ordermux/internal/store"
)

// Retention implements store.Store.
func (s *Store) Retention() store.Retention { return retention{s} }

type retention struct{ store *Store }

// oldCalls are a route's calls behind an id that began before a moment: those in
// front of the first one that did not, since they stand in the sequence of time.
const oldCalls = ` FROM calls c WHERE c.shop = ?1 AND c.route = ?2 AND c.id > ?3 AND c.id < coalesce(
	(SELECT n.id FROM calls n WHERE n.shop = ?1 AND n.route = ?2 AND n.id > ?3 AND n.at >= ?4 ORDER BY n.id LIMIT 1),
	9223372036854775807)`

// ForgetCalls implements store.Retention: it overwrites in place, see eraser.
func (r retention) ForgetCalls(ctx context.Context, shop, route string, after int64, before time.Time, limit int) (last int64, met int, err error) {
	const page = `SELECT c.id, c.at, c.erased FROM calls c WHERE c.shop = ? AND c.route = ? AND c.id > ? ORDER BY c.id, c.n LIMIT ?`
	var ids []int64
	last = after
	err = r.store.View(ctx, func(v *View) error {
		rows, err := v.Query(page, shop, route, after, limit)
		if err != nil {
			return err
		}
		late := false
		return eachRow(rows, func() error {
			var id, at int64
			var erased bool
			err := rows.Scan(&id, &at, &erased)
			if late = late || at >= before.UnixMicro(); late {
				return err
			}
			if met++; !erased {
				ids = append(ids, id)
			}
			last = id
			return err
		})
	})
	if err == nil && len(ids) > 0 {
		err = r.store.doSparing(ctx, func(tx *Tx) error {
			for _, id := range ids {
				if _, err := tx.Exec(eraseCall, shop, route, id); err != nil {
					return err
				}
			}
			return nil
		})
	}
	if err != nil {
		return after, 0, fmt.Errorf("forget calls: %w", err)
	}
	return last, met, nil
}

// CountCalls implements store.Retention.
func (r retention) CountCalls(ctx context.Context, shop, route string, after int64, before time.Time) (n int64, err error) {
	err = r.store.View(ctx, func(v *View) error {
		return v.QueryRow("SELECT count(*)"+oldCalls, shop, route, after, before.UnixMicro()).Scan(&n)
	})
	if err != nil {
		return 0, fmt.Errorf("count calls: %w", err)
	}
	return n, nil
}

const (
	// reclaimRows is how many rows one step looks at, and reclaimLeft how many of
	// those that could go stay: more than stand on the pages that are balanced
	// when the rows in front of them go. So whatever copies that leaves behind are
	// of rows that hold nothing but zeros.
	reclaimRows = 2000
	reclaimLeft = 1000
)

// Reclaim implements store.Retention. Rows are removed from the beginning of a
// table only, of whichever shop they are; one that has to stay keeps those
// behind it.
func (r retention) Reclaim(ctx context.Context, _ string) (more bool, err error) {
	const personal = `SELECT p.rowid, p.salt = zeroblob(length(p.salt)) AND p.seq <= coalesce(c.seq, 0)
		FROM personal p LEFT JOIN checkpoints c ON c.shop = p.shop WHERE p.rowid > ? ORDER BY p.rowid LIMIT ?`
	const calls = `SELECT k.rowid, k.erased = 1 AND k.at < coalesce(c.at, 0)
		FROM calls k LEFT JOIN checkpoints c ON c.shop = k.shop WHERE k.rowid > ? ORDER BY k.rowid LIMIT ?`
	for _, t := range [...]struct{ find, remove string }{
		{personal, "DELETE FROM personal WHERE rowid <= ?"},
		{calls, "DELETE FROM calls WHERE rowid <= ?"},
	} {
		again, err := r.reclaim(ctx, t.find, t.remove)
		if err != nil {
			return false, fmt.Errorf("reclaim: %w", err)
		}
		more = more || again
	}
	return more, nil
}

func (r retention) reclaim(ctx context.Context, find, remove string) (more bool, err error) {
	var ids []int64
	err = r.store.View(ctx, func(v *View) error {
		rows, err := v.Query(find, 0, reclaimRows)
		if err != nil {
			return err
		}
		ids, err = leading(rows)
		return err
	})
	n := len(ids) - reclaimLeft
	if err != nil || n <= 0 {
		return false, err
	}
	err = r.store.doSparing(ctx, func(tx *Tx) error {
		_, err := tx.Exec(remove, ids[n-1])
		return err
	})
	return len(ids) == reclaimRows, err
}

// leading reads the ids of the rows in front of the first one that has to stay.
func leading(rows *sql.Rows) (ids []int64, err error) {
	stays := false
	err = eachRow(rows, func() error {
		var id int64
		var goes bool
		err := rows.Scan(&id, &goes)
		if stays = stays || !goes; !stays {
			ids = append(ids, id)
		}
		return err
	})
	return ids, err
}

// ForgetKeys implements store.Retention.
func (r retention) ForgetKeys(ctx context.Context, shop string, after search.Entry, limit int) (last search.Entry, met int, err error) {
	const page = `SELECT kind, digest, number FROM order_keys WHERE shop = ? AND (kind, digest, number) > (?, ?, ?)
		ORDER BY kind, digest, number LIMIT ?`
	const remove = "DELETE FROM order_keys WHERE shop = ? AND kind = ? AND digest = ? AND number = ?"
	var gone []search.Entry
	last = after
	err = r.store.View(ctx, func(v *View) error {
		begin, err := readCheckpoint(v, shop)
		if err != nil {
			return err
		}
		rows, err := v.Query(page, shop, int64(after.Kind), after.Digest, after.Number, limit)
		if err != nil {
			return err
		}
		return eachRow(rows, func() error {
			err := rows.Scan(&last.Kind, &last.Digest, &last.Number)
			if met++; last.Number <= begin.Seq {
				gone = append(gone, last)
			}
			return err
		})
	})
	if err == nil && len(gone) > 0 {
		err = r.store.doSparing(ctx, func(tx *Tx) error {
			for _, e := range gone {
				if _, err := tx.Exec(remove, shop, int64(e.Kind), e.Digest, e.Number); err != nil {
					return err
				}
			}
			return nil
		})
	}
	if err != nil {
		return after, 0, fmt.Errorf("forget keys of orders: %w", err)
	}
	return last, met, nil
}
