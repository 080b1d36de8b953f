package postgres

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/jackc/pgx/v5"

	"github.com/ordermux/ordermux/internal/ledger"
	"github.com/ordermux/ordermux/internal/order"
	"github.com/ordermux/ordermux/internal/review"
)

// Checkpoint implements ledger.Reader.
func (r reader) Checkpoint() (c ledger.Checkpoint, err error) {
	var hash []byte
	err = r.q.QueryRow(r.ctx, "SELECT seq, hash, at FROM checkpoints WHERE shop = $1", r.shop).Scan(&c.Seq, &hash, &c.At)
	if errors.Is(err, pgx.ErrNoRows) {
		return ledger.Checkpoint{}, nil
	}
	copy(c.Hash[:], hash)
	return c, err
}

// RowsAfter implements ledger.Reader.
func (r reader) RowsAfter(after, to int64) (list []*ledger.IndexRow, err error) {
	const query = "SELECT " + rowFields + " FROM orders o WHERE o.shop = $1 AND o.number > $2 AND o.number <= $3 ORDER BY o.number"
	rows, err := r.q.Query(r.ctx, query, r.shop, after, to)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var found foundRows
	if err := found.scan(rows); err != nil {
		return nil, err
	}
	for _, row := range found {
		list = append(list, &row.IndexRow)
	}
	return list, nil
}

// CountQuiet implements ledger.Reader.
func (r reader) CountQuiet(seq int64) (kept, all int64, err error) {
	const query = `SELECT count(*) FILTER (WHERE flags & $3 = 0 AND kind = $4), count(*)
		FROM (SELECT newest, flags, kind FROM orders WHERE shop = $1 AND number > 0 ORDER BY number OFFSET 0) o WHERE newest <= $2`
	err = r.q.QueryRow(r.ctx, query, r.shop, seq, int64(ledger.FlagErased), order.SubjectOrder).Scan(&kept, &all)
	return kept, all, err
}

// Needed implements ledger.Reader: routes that left the configuration do not
// count.
func (r reader) Needed(after, to int64) (n ledger.Need, err error) {
	const positions = `SELECT coalesce(min(position), $2) FROM routes WHERE shop = $1 AND status != 'gone'`
	const open = `SELECT coalesce(min(d.ord), 0) FROM routes r
		CROSS JOIN LATERAL (SELECT ord, state FROM deliveries WHERE shop = $1 AND route = r.route
			AND ord > $2 AND ord <= $3 ORDER BY ord OFFSET 0) d
		WHERE r.shop = $1 AND d.state < 7`
	position, err := r.number(positions, to)
	if err != nil {
		return n, err
	}
	if position < to {
		n = ledger.Need{Seq: max(position, after) + 1, Why: ledger.NeedRoute}
	}
	ord, err := r.number(open, after, to)
	if err == nil && ord > 0 && (n.Seq == 0 || ord < n.Seq) {
		n = ledger.Need{Seq: ord, Why: ledger.NeedOpen}
	}
	return n, err
}

// Cut implements ledger.Store. The rows are removed; their room is given back by
// the server's own rounds.
func (s *Store) Cut(ctx context.Context, c *ledger.Cut) error {
	return s.do(ctx, func(tx *Tx) error { return (&cutter{tx: tx, Cut: c}).run() })
}

type cutter struct {
	tx *Tx
	*ledger.Cut
	b *pgx.Batch
}

// run locks what an append and a route's commit lock, in their sequence, then what
// the index of orders does, and compares what was read with what is.
func (c *cutter) run() error {
	if err := lockRoutes(c.tx, c.Shop); err != nil {
		return err
	}
	if _, err := scanHead(c.tx.QueryRow(c.tx.ctx, lockHead, c.Shop)); err != nil {
		return err
	}
	if _, err := c.tx.Exec(c.tx.ctx, beginIndex, c.Shop); err != nil {
		return err
	}
	if err := c.check(); err != nil {
		return err
	}
	for _, o := range c.Orders {
		for _, f := range erasers() {
			if err := f(c.tx, Erasing{Shop: c.Shop, Number: o.Number, ID: o.Key.ID}); err != nil {
				return err
			}
		}
	}
	c.b = &pgx.Batch{}
	c.queueDeliveries()
	c.queueOrders()
	if err := c.queueLists(); err != nil {
		return err
	}
	if err := c.queueStated(); err != nil {
		return err
	}
	c.queueLog()
	return c.tx.batch(c.b)
}

func (c *cutter) check() error {
	r := reader{c.tx, c.tx.ctx, c.Shop}
	at, err := r.Checkpoint()
	if err != nil {
		return err
	}
	if at != c.From {
		return order.ErrChanged
	}
	rows, err := r.rows(rowsByNumber, c.numbers())
	if err != nil {
		return err
	}
	need, err := r.Needed(c.From.Seq, c.To.Seq)
	if err != nil {
		return err
	}
	if need.Seq > 0 || slices.ContainsFunc(rows, func(o *foundRow) bool { return o.Newest > c.Quiet }) {
		return ledger.ErrNeeded
	}
	return nil
}

func (c *cutter) numbers() []int64 {
	numbers := make([]int64, len(c.Orders))
	for i, o := range c.Orders {
		numbers[i] = o.Number
	}
	return numbers
}

// queueDeliveries removes deliveries, and the calls that were none but theirs:
// those of before the time at which the log begins.
func (c *cutter) queueDeliveries() {
	const count = `UPDATE route_counts c SET n = c.n - d.n FROM routes r
		CROSS JOIN LATERAL (SELECT state, count(*) AS n FROM (SELECT state FROM deliveries
			WHERE shop = $1 AND route = r.route AND ord > $2 AND ord <= $3 OFFSET 0) x GROUP BY state) d
		WHERE r.shop = $1 AND c.shop = $1 AND c.route = r.route AND c.state = d.state`
	const rows = `DELETE FROM deliveries d USING routes r WHERE r.shop = $1 AND d.shop = $1
		AND d.route = r.route AND d.ord > $2 AND d.ord <= $3`
	const earlier = `DELETE FROM earlier_calls e USING routes r WHERE r.shop = $1 AND e.shop = $1
		AND e.route = r.route AND e.ord > $2 AND e.ord <= $3`
	const claims = "DELETE FROM claims WHERE shop = $1 AND ord > $2 AND ord <= $3"
	for _, query := range []string{count, rows, earlier, claims} {
		c.b.Queue(query, c.Shop, c.From.Seq, c.To.Seq)
	}
}

// queueOrders removes the orders and the personal parts of all their events,
// those behind To included; row by row, whatever the planner thinks.
func (c *cutter) queueOrders() {
	const person = "DELETE FROM personal WHERE shop = $1 AND seq = $2"
	const subject = "DELETE FROM orders WHERE shop = $1 AND number = $2 AND hash = $3"
	const later = "DELETE FROM later WHERE shop = $1 AND number > $2 AND number <= $3"
	const happenings = "DELETE FROM happenings WHERE shop = $1 AND number > $2 AND number <= $3"
	const ref = "DELETE FROM refs WHERE shop = $1 AND source = $2 AND value = $3 AND number = $4"
	for _, seq := range c.Events {
		c.b.Queue(person, c.Shop, seq)
	}
	for _, o := range c.Orders {
		c.b.Queue(subject, c.Shop, o.Number, o.Key.Hash)
	}
	c.b.Queue(later, c.Shop, c.From.Seq, c.To.Seq)
	c.b.Queue(happenings, c.Shop, c.From.Seq, c.To.Seq)
	for _, r := range c.References {
		c.b.Queue(ref, c.Shop, r.Source, r.Value, r.Number)
	}
}

// queueLists removes what else is known by the orders' ids: their reviews, whose
// words stood in their events, too. What these add up to by months stays.
func (c *cutter) queueLists() error {
	const taken = "DELETE FROM taken WHERE shop = $1 AND order_id = $2"
	const find = "SELECT id FROM review_keys WHERE shop = $1 AND kind = $2 AND value = $3"
	const list = "DELETE FROM review_keys WHERE shop = $1 AND kind = $2 AND value = $3 AND at = $4 AND id = $5"
	const remove = "DELETE FROM reviews WHERE shop = $1 AND id = $2"
	var ids []string
	look := &pgx.Batch{}
	for _, o := range c.Orders {
		if o.Key.Kind != order.SubjectOrder {
			continue
		}
		c.b.Queue(taken, c.Shop, o.Key.ID)
		key := (&review.Filter{Order: o.Key.ID}).Key()
		look.Queue(find, c.Shop, key.Kind, key.Value).Query(func(rows pgx.Rows) error {
			some, err := pgx.CollectRows(rows, pgx.RowTo[string])
			ids = append(ids, some...)
			return err
		})
	}
	if err := c.tx.batch(look); err != nil {
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
		for _, k := range row.Keys() {
			c.b.Queue(list, c.Shop, k.Kind, k.Value, row.At.UnixMicro(), id)
		}
		c.b.Queue(remove, c.Shop, id)
	}
	return nil
}

func (c *cutter) queueStated() error {
	const block = "DELETE FROM stated WHERE shop = $1 AND source = $2 AND block < $3"
	if c.To.Seq/statedBlock == c.From.Seq/statedBlock {
		return nil
	}
	sources, err := reader{c.tx, c.tx.ctx, c.Shop}.Sources("")
	if err != nil {
		return fmt.Errorf("read sources: %w", err)
	}
	for _, source := range sources {
		c.b.Queue(block, c.Shop, source, c.To.Seq/statedBlock)
	}
	return nil
}

// queueLog removes the events, and says from where on the log verifies.
func (c *cutter) queueLog() {
	const events = "DELETE FROM events WHERE shop = $1 AND seq > $2 AND seq <= $3"
	const begin = `INSERT INTO checkpoints (shop, seq, hash, at) VALUES ($1, $2, $3, $4)
		ON CONFLICT (shop) DO UPDATE SET seq = excluded.seq, hash = excluded.hash, at = excluded.at`
	c.b.Queue(events, c.Shop, c.From.Seq, c.To.Seq)
	c.b.Queue(begin, c.Shop, c.To.Seq, c.To.Hash[:], c.To.At)
}
