package postgres

import (
	"fmt"
	"slices"

	"github.com/jackc/pgx/v5"

	"github.com/ordermux/ordermux/internal/delivery"
	"github.com/ordermux/ordermux/internal/ledger"
	"github.com/ordermux/ordermux/internal/outbound"
)

// commit writes one bundle.
type commit struct {
	b           *delivery.Bundle
	shop, route string
	counts      map[delivery.State]int64
	erased      map[int64]bool  // calls that carried an order that is erased by now
	newest      map[int64]int64 // versions of the orders claimed, after the commit; nil: not known
}

func newCommit(b *delivery.Bundle) *commit {
	return &commit{b: b, shop: b.Route.Shop, route: b.Route.Route}
}

// begin forgets what an earlier try found.
func (c *commit) begin() {
	c.counts = make(map[delivery.State]int64, 4)
	c.erased = nil
	for i := range c.b.Changes {
		c.b.Changes[i].Answer, c.b.Changes[i].Owner = delivery.Done, ""
	}
}

// atOnce writes the bundle in one round trip. Each statement fails by itself
// if a row is not as the engine believes: see unexpected.
func (c *commit) atOnce(tx *Tx) error {
	c.begin()
	b := &pgx.Batch{}
	c.lockHeirs(b, c.released())
	c.moveRoute(b)
	c.claimAll(b)
	c.compareVersions(b)
	inserted := &deliveryColumns{}
	for i := range c.b.Changes {
		if ch := &c.b.Changes[i]; ch.From == "" {
			inserted.add(&ch.Row)
			c.count("", ch.Row.State)
		} else {
			c.count(ch.From, ch.Row.State)
		}
	}
	if len(inserted.ord) > 0 {
		b.Queue(insertRows, inserted.insertArgs(c.shop, c.route)...)
	}
	for _, r := range waves(c.b.Changes) {
		if r.from == delivery.Sending {
			b.Queue(settleRows, r.changeArgs(c.shop, c.route)...)
		} else {
			b.Queue(changeRows, r.changeArgs(c.shop, c.route)...)
		}
	}
	c.rest(b)
	return c.end(tx, b)
}

// rest queues what follows from the rows.
func (c *commit) rest(b *pgx.Batch) {
	c.insertCalls(b)
	c.insertEarlier(b)
	c.releaseClaims(b)
	c.writeCounts(b)
	c.countDay(b)
}

func (c *commit) count(from, to delivery.State) {
	if from != "" {
		c.counts[from]--
	}
	c.counts[to]++
}

// moveRoute writes the position; a lower epoch than ours, or a higher one, is
// somebody else's route.
func (c *commit) moveRoute(b *pgx.Batch) {
	const move = `WITH moved AS (UPDATE routes SET position = $4, ahead = $5, last_call = $6
		WHERE shop = $1 AND route = $2 AND epoch = $3 RETURNING 1) SELECT 1 / count(*) FROM moved`
	const save = `WITH moved AS (UPDATE routes SET position = $4, ahead = $5, last_call = $6,
			partner = $7, status = $8, reason = $9, revision = $10, personal = $11, backfilled = $12
		WHERE shop = $1 AND route = $2 AND epoch = $3 RETURNING 1) SELECT 1 / count(*) FROM moved`
	r := &c.b.Route
	args := []any{c.shop, c.route, r.Epoch, r.Position, r.Ahead, r.LastCall}
	if !c.b.Save {
		orLost(b.Queue(move, args...))
		return
	}
	orLost(b.Queue(save, append(args, r.Partner, string(r.Status), plainText(r.Reason), r.Revision, r.Personal, flatRanges(r.Backfilled))...))
}

// orLost makes ErrLost of a statement that divides by the number of rows that
// it found.
func orLost(q *pgx.QueuedQuery) {
	q.Fn = func(results pgx.BatchResults) error {
		_, err := results.Exec()
		if sqlState(err) == codeDivision {
			return fmt.Errorf("%w: %w", delivery.ErrLost, err)
		}
		return err
	}
}

// settles reports whether a change comes of a call of this bundle.
func settles(ch *delivery.Change) bool { return ch.From.InFlight() && ch.Row.Call != 0 }

// compareVersions fails if a change was judged on an order that is different
// by now, or if a call carried an order that was erased while it was under
// way.
func (c *commit) compareVersions(b *pgx.Batch) {
	const compare = `SELECT 1 / (count(*) = $5::bigint)::integer
		FROM unnest($2::bigint[], $3::bigint[], $4::boolean[]) u (number, newest, settles)
		LEFT JOIN LATERAL (SELECT o.newest, o.flags FROM orders o
			WHERE o.shop = $1 AND o.number BETWEEN u.number AND u.number ORDER BY o.number LIMIT 1) o ON true
		WHERE (u.newest = 0 OR o.newest = u.newest) AND (NOT u.settles OR coalesce(o.flags, 0) & $6::bigint = 0)`
	var numbers, newest []int64
	var settled []bool
	for i := range c.b.Changes {
		if ch := &c.b.Changes[i]; ch.Version != 0 || settles(ch) {
			numbers, newest, settled = append(numbers, ch.Row.Order), append(newest, ch.Version), append(settled, settles(ch))
		}
	}
	if len(numbers) > 0 {
		b.Queue(compare, c.shop, numbers, newest, settled, int64(len(numbers)), int64(ledger.FlagErased))
	}
}

// insertCalls writes the evidence.
func (c *commit) insertCalls(b *pgx.Batch) {
	e := &callColumns{}
	for i := range c.b.Calls {
		call := &c.b.Calls[i]
		for n := range call.Exchanges {
			x := &call.Exchanges[n]
			if c.erased[call.ID] {
				x = &outbound.Exchange{At: x.At, Duration: x.Duration, Method: x.Method, Status: x.Status}
			}
			e.add(call, n, x)
		}
	}
	if len(e.id) > 0 {
		b.Queue(insertCalls, e.args(c.shop, c.route)...)
	}
}

// insertEarlier keeps the pointers to earlier calls.
func (c *commit) insertEarlier(b *pgx.Batch) {
	const insert = `INSERT INTO earlier_calls (shop, route, ord, seq, run, call, place)
		SELECT $1::text, $2::text, u.* FROM unnest($3::bigint[], $4::bigint[], $5::integer[], $6::bigint[], $7::integer[]) u
		ON CONFLICT DO NOTHING`
	var ord, seq, call []int64
	var run, place []int32
	for i := range c.b.Changes {
		ch := &c.b.Changes[i]
		if ch.Earlier == 0 || ch.Answer != delivery.Done {
			continue
		}
		ord, seq, run = append(ord, ch.Row.Order), append(seq, ch.Row.Seq), append(run, int32(ch.Row.Run))
		call, place = append(call, ch.Earlier), append(place, int32(ch.EarlierPlace))
	}
	if len(ord) > 0 {
		b.Queue(insert, c.shop, c.route, ord, seq, run, call, place)
	}
}

// addCounts adds to the counts of a route, whose row is locked.
const addCounts = `INSERT INTO route_counts AS c (shop, route, state, n)
	SELECT $1::text, $2::text, u.state, u.n FROM unnest($3::smallint[], $4::bigint[]) u (state, n)
	ON CONFLICT (shop, route, state) DO UPDATE SET n = c.n + excluded.n`

func (c *commit) writeCounts(b *pgx.Batch) {
	var code []int16
	var n []int64
	for _, state := range states {
		if c.counts[state] != 0 {
			code, n = append(code, stateCode(state)), append(n, c.counts[state])
		}
	}
	if len(code) > 0 {
		b.Queue(addCounts, c.shop, c.route, code, n)
	}
}

// countDay counts calls against a connection's daily cap; earlier days go.
func (c *commit) countDay(b *pgx.Batch) {
	const forget = `DELETE FROM call_days WHERE shop = $1 AND connection = $2 AND day < $3`
	const count = `INSERT INTO call_days AS c (shop, connection, day, calls) VALUES ($1, $2, $3, $4)
		ON CONFLICT (shop, connection, day) DO UPDATE SET calls = c.calls + excluded.calls`
	if c.b.Used == 0 {
		return
	}
	b.Queue(forget, c.shop, c.b.Connection, c.b.Day)
	b.Queue(count, c.shop, c.b.Connection, c.b.Day, int64(c.b.Used))
}

// flatRanges and rangesOf keep ranges as from, to, from, to …
func flatRanges(ranges []delivery.Range) []int64 {
	flat := make([]int64, 0, 2*len(ranges))
	for _, r := range ranges {
		flat = append(flat, r.From, r.To)
	}
	return flat
}

func rangesOf(flat []int64) (ranges []delivery.Range) {
	for r := range slices.Chunk(flat, 2) {
		ranges = append(ranges, delivery.Range{From: r[0], To: r[len(r)-1]})
	}
	return ranges
}
