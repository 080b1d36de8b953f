package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"

	"github.com/ordermux/ordermux/internal/ledger"
	"github.com/ordermux/ordermux/internal/order"
	"github.com/ordermux/ordermux/internal/review"
)

// Checkpoint implements ledger.Reader.
func (r reader) Checkpoint() (ledger.Checkpoint, error) { return readCheckpoint(r.v, r.shop) }

func readCheckpoint(q querier, shop string) (c ledger.Checkpoint, err error) {
	var hash []byte
	err = q.QueryRow("SELECT seq, hash, at FROM checkpoints WHERE shop = ?", shop).Scan(&c.Seq, &hash, &c.At)
	if errors.Is(err, sql.ErrNoRows) {
		return ledger.Checkpoint{}, nil
	}
	copy(c.Hash[:], hash)
	return c, err
}

// RowsAfter implements ledger.Reader.
func (r reader) RowsAfter(after, to int64) (list []*ledger.IndexRow, err error) {
	const query = rowSelect + ` WHERE o.shop = ? AND o.number > ? AND o.number <= ? ORDER BY o.number`
	rows, err := r.v.Query(query, r.shop, after, to)
	if err != nil {
		return nil, err
	}
	err = eachRow(rows, func() error {
		row, _, err := scanRow(rows)
		list = append(list, row)
		return err
	})
	return list, err
}

// CountQuiet implements ledger.Reader.
func (r reader) CountQuiet(seq int64) (kept, all int64, err error) {
	const query = `SELECT count(*) FILTER (WHERE flags & ?3 = 0 AND kind = ?4), count(*) FROM orders WHERE shop = ?1 AND newest <= ?2 AND number > 0`
	err = r.v.QueryRow(query, r.shop, seq, int64(ledger.FlagErased), order.SubjectOrder).Scan(&kept, &all)
	return kept, all, err
}

// Needed implements ledger.Reader.
func (r reader) Needed(after, to int64) (ledger.Need, error) { return needed(r.v, r.shop, after, to) }

// needed finds what routes still need. Those that left the configuration do not
// count.
func needed(q querier, shop string, after, to int64) (n ledger.Need, err error) {
	const positions = `SELECT coalesce(min(position), ?2) FROM routes WHERE shop = ?1 AND status != 'gone'`
	const open = `SELECT coalesce(min(d.ord), 0) FROM routes r
		CROSS JOIN deliveries d ON d.shop = r.shop AND d.route = r.route AND d.ord > ?2 AND d.ord <= ?3
		WHERE r.shop = ?1 AND d.state < 7`
	var position, ord int64
	if err := q.QueryRow(positions, shop, to).Scan(&position); err != nil {
		return n, err
	}
	if position < to {
		n = ledger.Need{Seq: max(position, after) + 1, Why: ledger.NeedRoute}
	}
	if err := q.QueryRow(open, shop, after, to).Scan(&ord); err != nil {
		return n, err
	}
	if ord > 0 && (n.Seq == 0 || ord < n.Seq) {
		n = ledger.Need{Seq: ord, Why: ledger.NeedOpen}
	}
	return n, nil
}

// Cut implements ledger.Store. What names a person is overwritten where it
// stands, as in erasing; those rows go later, by Reclaim.
func (s *Store) Cut(ctx context.Context, c *ledger.Cut) error {
	// The ids of what is removed have to stand in the table to be removed there.
	const indexed = "SELECT indexed FROM shops WHERE shop = ?"
	var upTo int64
	err := s.View(ctx, func(v *View) error { return v.QueryRow(indexed, c.Shop).Scan(&upTo) })
	if err == nil && upTo < c.To.Seq {
		err = s.mergeRecent(ctx)
	}
	if err != nil {
		return err
	}
	return s.doSparing(ctx, func(tx *Tx) error { return (&cutter{tx, c}).run() })
}

type cutter struct {
	tx *Tx
	*ledger.Cut
}

func (c *cutter) run() error {
	if err := c.check(); err != nil {
		return err
	}
	for _, f := range []func() error{c.forget, c.removeOrders, c.removeDeliveries, c.removeLists, c.removeLog} {
		if err := f(); err != nil {
			return err
		}
	}
	return nil
}

// check compares what was read with what is.
func (c *cutter) check() error {
	const changed = "SELECT count(*) FROM orders WHERE shop = ? AND number > ? AND number <= ? AND newest > ?"
	at, err := readCheckpoint(c.tx, c.Shop)
	if err != nil {
		return err
	}
	if at != c.From {
		return order.ErrChanged
	}
	var n int
	if err := c.tx.QueryRow(changed, c.Shop, c.From.Seq, c.To.Seq, c.Quiet).Scan(&n); err != nil {
		return err
	}
	need, err := needed(c.tx, c.Shop, c.From.Seq, c.To.Seq)
	if err != nil {
		return err
	}
	if n > 0 || need.Seq > 0 {
		return ledger.ErrNeeded
	}
	return nil
}

// forget erases what there is of the persons.
func (c *cutter) forget() error {
	for _, o := range c.Orders {
		if err := emptyPersonal(c.tx, c.Shop, o.Number); err != nil {
			return err
		}
		for _, f := range erasers() {
			if err := f(c.tx, Erasing{Shop: c.Shop, Number: o.Number, ID: o.Key.ID}); err != nil {
				return err
			}
		}
	}
	return nil
}

func (c *cutter) removeOrders() error {
	const (
		id  = "DELETE FROM ids WHERE shop = ? AND hash = ? AND number = ?"
		ref = "DELETE FROM refs WHERE shop = ? AND source = ? AND value = ? AND number = ?"
	)
	for _, o := range c.Orders {
		if _, err := c.tx.Exec(id, c.Shop, o.Key.Hash, o.Number); err != nil {
			return err
		}
	}
	for _, r := range c.References {
		if _, err := c.tx.Exec(ref, c.Shop, r.Source, r.Value, r.Number); err != nil {
			return err
		}
	}
	return c.each([]string{
		"DELETE FROM orders WHERE shop = ? AND number > ? AND number <= ?",
		"DELETE FROM later WHERE shop = ? AND number > ? AND number <= ?",
		"DELETE FROM happenings WHERE shop = ? AND number > ? AND number <= ?",
		"DELETE FROM claims WHERE shop = ? AND ord > ? AND ord <= ?",
	})
}

// each runs statements of a shop and the numbers of the removed orders.
func (c *cutter) each(statements []string) error {
	for _, query := range statements {
		if _, err := c.tx.Exec(query, c.Shop, c.From.Seq, c.To.Seq); err != nil {
			return err
		}
	}
	return nil
}

func (c *cutter) removeDeliveries() error {
	const (
		count = `UPDATE route_counts AS c SET n = n - (SELECT count(*) FROM deliveries d
				WHERE d.shop = c.shop AND d.route = c.route AND d.ord > ?2 AND d.ord <= ?3 AND d.state = c.state)
			WHERE c.shop = ?1`
		rows = `DELETE FROM deliveries WHERE shop = ?1 AND ord > ?2 AND ord <= ?3
			AND route IN (SELECT r.route FROM routes r WHERE r.shop = ?1)`
		earlier = `DELETE FROM earlier_calls WHERE shop = ?1 AND ord > ?2 AND ord <= ?3
			AND route IN (SELECT r.route FROM routes r WHERE r.shop = ?1)`
	)
	return c.each([]string{count, rows, earlier})
}

// removeLists removes what else is known by the orders' ids.
func (c *cutter) removeLists() error {
	const taken = "DELETE FROM taken WHERE shop = ? AND order_id = ?"
	for _, o := range c.Orders {
		if o.Key.Kind != order.SubjectOrder {
			continue
		}
		if _, err := c.tx.Exec(taken, c.Shop, o.Key.ID); err != nil {
			return err
		}
		if err := c.removeReviews(o.Key.ID); err != nil {
			return err
		}
	}
	return nil
}

// removeReviews removes an order's reviews: their words stood in its events. What
// they add up to by months stays.
func (c *cutter) removeReviews(id string) error {
	const find = "SELECT id FROM review_keys WHERE shop = ? AND kind = ? AND value = ?"
	const remove = "DELETE FROM reviews WHERE shop = ? AND id = ?"
	key := (&review.Filter{Order: id}).Key()
	ids, err := texts(c.tx, find, c.Shop, key.Kind, key.Value)
	if err != nil {
		return err
	}
	for _, id := range ids {
		row, err := c.tx.FindReview(c.Shop, id)
		if err != nil {
			return err
		}
		if row == nil {
			continue
		}
		if err := c.tx.listReview(c.Shop, row, row.Keys(), nil); err != nil {
			return err
		}
		if _, err := c.tx.Exec(remove, c.Shop, id); err != nil {
			return err
		}
	}
	return nil
}

// removeLog removes the events, and says from where on the log verifies.
func (c *cutter) removeLog() error {
	const block = "DELETE FROM stated WHERE shop = ? AND source = ? AND block < ?"
	const begin = `INSERT INTO checkpoints (shop, seq, hash, at) VALUES (?, ?, ?, ?)
		ON CONFLICT (shop) DO UPDATE SET seq = excluded.seq, hash = excluded.hash, at = excluded.at`
	if c.To.Seq/statedBlock > c.From.Seq/statedBlock {
		sources, err := sourcesOf(c.tx, c.Shop, "")
		if err != nil {
			return err
		}
		for _, source := range sources {
			if _, err := c.tx.Exec(block, c.Shop, source, c.To.Seq/statedBlock); err != nil {
				return err
			}
		}
	}
	if err := c.each([]string{"DELETE FROM events WHERE shop = ? AND seq > ? AND seq <= ?"}); err != nil {
		return err
	}
	if _, err := c.tx.Exec(begin, c.Shop, c.To.Seq, c.To.Hash[:], c.To.At); err != nil {
		return fmt.Errorf("keep checkpoint: %w", err)
	}
	return nil
}
