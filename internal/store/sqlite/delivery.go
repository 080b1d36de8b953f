package sqlite

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/ordermux/ordermux/internal/delivery"
	"github.com/ordermux/ordermux/internal/ledger"
)

// Deliveries returns the part of the store that the delivery engine uses.
func (s *Store) Deliveries() delivery.Store { return deliveries{s} }

// deliveries keeps routes, deliveries, evidence and claims.
type deliveries struct{ store *Store }

var _ delivery.Store = deliveries{}

// Lanes of a delivery, see migrations/0002_delivery.sql.
const (
	laneLive int64 = iota
	laneBulk
	laneSending
)

func laneOf(d *delivery.Delivery) int64 {
	switch {
	case d.State == delivery.Sending:
		return laneSending
	case d.Act == delivery.ActBackfill || d.Act == delivery.ActReplay:
		return laneBulk
	}
	return laneLive
}

// micros is how times are stored; 0: none.
func micros(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.UnixMicro()
}

func fromMicros(n int64) time.Time {
	if n == 0 {
		return time.Time{}
	}
	return time.UnixMicro(n).UTC()
}

// Commit implements delivery.Store. Rows are written many at a time on the
// assumption that all are as the engine believes; if that fails, the bundle is
// written once more row by row, so that each gets its answer.
func (d deliveries) Commit(ctx context.Context, b *delivery.Bundle) error {
	err := d.store.Do(ctx, func(tx *Tx) error { return (&commit{tx: tx, b: b}).run() })
	if errors.Is(err, errUnexpected) || errors.Is(err, ErrDuplicate) {
		err = d.store.Do(ctx, func(tx *Tx) error { return (&commit{tx: tx, b: b, careful: true}).run() })
	}
	if err != nil {
		return fmt.Errorf("commit deliveries: %w", err)
	}
	return nil
}

// errUnexpected says that a row was not as the engine believed.
var errUnexpected = errors.New("a delivery is in another state")

// commit writes one bundle.
type commit struct {
	tx      *Tx
	b       *delivery.Bundle
	careful bool
	counts  map[delivery.State]int64
	values  []driver.Value
	shop    string
	route   string
	erased  map[int64]bool // calls that carried an order that is erased by now
}

func (c *commit) run() error {
	c.shop, c.route = c.b.Route.Shop, c.b.Route.Route
	c.counts = make(map[delivery.State]int64, 4)
	for i := range c.b.Changes {
		c.b.Changes[i].Answer, c.b.Changes[i].Owner = delivery.Done, ""
	}
	for _, step := range []func() error{
		c.moveRoute, c.judgeVersions, c.takeClaims, c.insertRows, c.updateRows,
		c.insertCalls, c.releaseClaims, c.countDay, c.writeCounts,
	} {
		if err := step(); err != nil {
			return err
		}
	}
	return nil
}

// moveRoute writes the position; a lower epoch than ours, or a higher one, is
// somebody else's route.
func (c *commit) moveRoute() error {
	const move = `UPDATE routes SET position = ?, ahead = ?, last_call = ?
		WHERE shop = ? AND route = ? AND epoch = ?`
	const save = `UPDATE routes SET position = ?, ahead = ?, last_call = ?,
			partner = ?, status = ?, reason = ?, revision = ?, personal = ?, backfilled = ?
		WHERE shop = ? AND route = ? AND epoch = ?`
	r := &c.b.Route
	var result sql.Result
	var err error
	if c.b.Save {
		result, err = c.tx.Exec(save, r.Position, r.Ahead, r.LastCall, r.Partner, string(r.Status), r.Reason,
			r.Revision, r.Personal, writeRanges(r.Backfilled), r.Shop, r.Route, r.Epoch)
	} else {
		result, err = c.tx.Exec(move, r.Position, r.Ahead, r.LastCall, r.Shop, r.Route, r.Epoch)
	}
	if err != nil {
		return err
	}
	if n, err := result.RowsAffected(); err != nil || n != 1 {
		return errors.Join(delivery.ErrLost, err)
	}
	return nil
}

// newestQueries read the orders' versions.
var newestQueries = listQueries(`SELECT o.number, o.newest, o.flags FROM orders o WHERE o.shop = ? AND o.number IN (%s)`, "")

// settles reports whether a change comes of a call of this bundle.
func settles(ch *delivery.Change) bool { return ch.From.InFlight() && ch.Row.Call != 0 }

// judgeVersions finds changes that were judged on an order that is different
// by now, and calls that carried an order that was erased while they were
// under way.
func (c *commit) judgeVersions() error {
	orders := make([]int64, 0, len(c.b.Changes))
	for i := range c.b.Changes {
		if ch := &c.b.Changes[i]; ch.Version != 0 || settles(ch) {
			orders = append(orders, ch.Row.Order)
		}
	}
	newest := make(map[int64]int64, len(orders))
	erased := map[int64]bool{}
	err := inChunks(c.tx, c.shop, orders, newestQueries, func(rows *sql.Rows) error {
		var number, seq int64
		var flags ledger.Flags
		err := rows.Scan(&number, &seq, &flags)
		newest[number] = seq
		if flags&ledger.FlagErased != 0 {
			erased[number] = true
		}
		return err
	})
	if err != nil {
		return err
	}
	c.erased = map[int64]bool{}
	for i := range c.b.Changes {
		ch := &c.b.Changes[i]
		if ch.Version != 0 && newest[ch.Row.Order] != ch.Version {
			ch.Answer = delivery.Stale
		}
		if settles(ch) && erased[ch.Row.Order] {
			ch.Row.Reason = "" // the partner's words
			c.erased[ch.Row.Call] = true
		}
	}
	return nil
}

const (
	insertColumns = 17
	insertRow     = `INSERT INTO deliveries (shop, route, ord, seq, run, state, lane, act, attempt, due,
		base, planned, settled, code, reason, digest, looks) VALUES`
	insertRowOnce = `INSERT INTO deliveries (shop, route, ord, seq, run, state, lane, act, attempt, due,
		base, planned, settled, code, reason, digest, looks)
		VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING`
)

func (c *commit) insertRows() error {
	c.values = c.values[:0]
	for i := range c.b.Changes {
		ch := &c.b.Changes[i]
		if ch.From != "" || ch.Answer == delivery.Taken {
			continue
		}
		row := ch.Row
		if ch.Answer == delivery.Stale {
			row.State, row.Due, row.Attempt = delivery.Ready, c.b.Now, 0
		}
		if c.careful {
			if err := c.insertOne(ch, &row); err != nil {
				return err
			}
			continue
		}
		c.values = appendInsert(c.values, &row)
		c.counts[row.State]++
	}
	return c.tx.InsertMany(insertRow, insertColumns, c.values)
}

func appendInsert(v []driver.Value, d *delivery.Delivery) []driver.Value {
	return append(v, d.Shop, d.Route, d.Order, d.Seq, int64(d.Run), stateCode(d.State), laneOf(d), int64(d.Act),
		int64(d.Attempt), micros(d.Due), micros(d.Base), micros(d.Planned), micros(d.Settled),
		d.Code, d.Reason, blob(d.Digest), int64(d.Looks))
}

// blob makes nothing of nothing: an empty slice would be stored as such.
func blob(b []byte) driver.Value {
	if len(b) == 0 {
		return nil
	}
	return b
}

func (c *commit) insertOne(ch *delivery.Change, row *delivery.Delivery) error {
	result, err := c.tx.Exec(insertRowOnce, plain(appendInsert(nil, row))...)
	if err != nil {
		return err
	}
	n, err := result.RowsAffected()
	if n == 0 {
		ch.Answer = delivery.Moved
		return err
	}
	c.counts[row.State]++
	return err
}

func plain(values []driver.Value) []any {
	args := make([]any, len(values))
	for i, v := range values {
		args[i] = v
	}
	return args
}

const (
	settleColumns = 17
	// settleRows updates many rows at once: all of them exist, so the insert
	// never happens.
	settleRows = `INSERT INTO deliveries (shop, route, ord, seq, run, state, lane, attempt, due, settled,
			ref, code, reason, call, place, looks, absent) VALUES %s
		ON CONFLICT (shop, route, ord, seq, run) DO UPDATE SET
			state = excluded.state, lane = excluded.lane, attempt = excluded.attempt, due = excluded.due,
			settled = excluded.settled, ref = excluded.ref, code = excluded.code, reason = excluded.reason,
			call = excluded.call, place = excluded.place, looks = excluded.looks, absent = excluded.absent
		WHERE deliveries.shop = excluded.shop AND deliveries.state = 3`
	updateRow = `UPDATE deliveries SET state = ?, lane = ?, act = ?, attempt = ?, due = ?, settled = ?,
			ref = ?, code = ?, reason = ?, call = ?, place = ?, digest = ?, looks = ?, absent = ?
		WHERE shop = ? AND route = ? AND ord = ? AND seq = ? AND run = ? AND state = ?`
)

// updateRows writes settled rows many at a time, and the others, whose
// sequence matters, one by one.
func (c *commit) updateRows() error {
	c.values = c.values[:0]
	settled := int64(0)
	for i := range c.b.Changes {
		ch := &c.b.Changes[i]
		if ch.From != delivery.Sending || c.careful {
			continue
		}
		d := &ch.Row
		c.values = append(c.values, d.Shop, d.Route, d.Order, d.Seq, int64(d.Run), stateCode(d.State), laneOf(d),
			int64(d.Attempt), micros(d.Due), micros(d.Settled), d.Ref, d.Code, d.Reason, d.Call, int64(d.Place),
			int64(d.Looks), int64(d.Absent))
		c.counts[delivery.Sending]--
		c.counts[d.State]++
		settled++
	}
	if settled > 0 {
		if err := c.settle(settled); err != nil {
			return err
		}
	}
	for i := range c.b.Changes {
		ch := &c.b.Changes[i]
		if ch.From == "" || ch.Answer != delivery.Done || ch.From == delivery.Sending && !c.careful {
			continue
		}
		if err := c.updateOne(ch); err != nil {
			return err
		}
	}
	return nil
}

func (c *commit) settle(n int64) error {
	before, err := c.changes()
	if err != nil {
		return err
	}
	if err := c.tx.InsertMany(settleRows, settleColumns, c.values); err != nil {
		return err
	}
	after, err := c.changes()
	if err == nil && after-before != n {
		err = errUnexpected
	}
	return err
}

func (c *commit) changes() (n int64, err error) {
	err = c.tx.QueryRow("SELECT total_changes()").Scan(&n)
	return n, err
}

func (c *commit) updateOne(ch *delivery.Change) error {
	d := &ch.Row
	result, err := c.tx.Exec(updateRow, stateCode(d.State), laneOf(d), int64(d.Act), int64(d.Attempt),
		micros(d.Due), micros(d.Settled), d.Ref, d.Code, d.Reason, d.Call, int64(d.Place),
		blob(d.Digest), int64(d.Looks), int64(d.Absent),
		d.Shop, d.Route, d.Order, d.Seq, int64(d.Run), stateCode(ch.From))
	if err != nil {
		return err
	}
	n, err := result.RowsAffected()
	if n == 0 {
		ch.Answer = delivery.Moved
		return err
	}
	c.counts[ch.From]--
	c.counts[d.State]++
	return err
}

func (c *commit) writeCounts() error {
	const add = `INSERT INTO route_counts (shop, route, state, n) VALUES (?, ?, ?, ?)
		ON CONFLICT (shop, route, state) DO UPDATE SET n = n + excluded.n`
	for state, n := range c.counts {
		if n == 0 {
			continue
		}
		if _, err := c.tx.Exec(add, c.shop, c.route, stateCode(state), n); err != nil {
			return err
		}
	}
	return nil
}

// countDay counts calls against a connection's daily cap; earlier days go.
func (c *commit) countDay() error {
	if c.b.Used == 0 {
		return nil
	}
	const forget = `DELETE FROM call_days WHERE shop = ? AND connection = ? AND day < ?`
	const count = `INSERT INTO call_days (shop, connection, day, calls) VALUES (?, ?, ?, ?)
		ON CONFLICT (shop, connection, day) DO UPDATE SET calls = calls + excluded.calls`
	if _, err := c.tx.Exec(forget, c.shop, c.b.Connection, c.b.Day); err != nil {
		return err
	}
	_, err := c.tx.Exec(count, c.shop, c.b.Connection, c.b.Day, int64(c.b.Used))
	return err
}

// writeRanges and readRanges keep ranges as "1-500 812-812".
func writeRanges(ranges []delivery.Range) string {
	var b strings.Builder
	for i, r := range ranges {
		if i > 0 {
			b.WriteByte(' ')
		}
		fmt.Fprintf(&b, "%d-%d", r.From, r.To)
	}
	return b.String()
}

func readRanges(text string) ([]delivery.Range, error) {
	var ranges []delivery.Range
	for _, part := range strings.Fields(text) {
		var r delivery.Range
		if _, err := fmt.Sscanf(part, "%d-%d", &r.From, &r.To); err != nil {
			return nil, fmt.Errorf("backfilled ranges: %w", err)
		}
		ranges = append(ranges, r)
	}
	return ranges, nil
}
