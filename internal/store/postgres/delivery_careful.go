package postgres

import (
	"fmt"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/ordermux/ordermux/internal/delivery"
	"github.com/ordermux/ordermux/internal/ledger"
	"github.com/ordermux/ordermux/internal/order"
)

// rowByRow writes the bundle so that each change gets its answer. The
// statements of each step travel together all the same.
func (c *commit) rowByRow(tx *Tx) error {
	c.begin()
	b := &pgx.Batch{}
	c.lockHeirs(b, c.released())
	c.moveRoute(b)
	c.judgeVersions(b)
	if err := tx.batch(b); err != nil {
		return err
	}
	if err := c.takeClaims(tx); err != nil {
		return err
	}
	b = &pgx.Batch{}
	c.insertEach(b)
	c.updateEach(b)
	if err := tx.batch(b); err != nil {
		return err
	}
	b = &pgx.Batch{}
	c.rest(b)
	return c.end(tx, b)
}

// judgeVersions finds changes that were judged on an order that is different
// by now, and calls that carried an order that was erased while they were
// under way.
func (c *commit) judgeVersions(b *pgx.Batch) {
	var numbers []int64
	for i := range c.b.Changes {
		if ch := &c.b.Changes[i]; ch.Version != 0 || settles(ch) {
			numbers = append(numbers, ch.Row.Order)
		}
	}
	if len(numbers) == 0 {
		return
	}
	b.Queue(orderVersions, c.shop, numbers).Query(func(rows pgx.Rows) error {
		newest, erased, err := readVersions(rows)
		if err == nil {
			c.judge(newest, erased)
		}
		return err
	})
}

// orderVersions reads the versions of orders. The planner may look at a table
// while it is all but empty, and keep the plan while it grows. So, here and
// elsewhere, LATERAL with a LIMIT, or with OFFSET 0, has each row looked up by
// its key instead of joining all rows of a shop, and a sequence that is none
// (a range of one, ordered) names the index where another one begins with the
// shop, too.
const orderVersions = `SELECT u.number, o.newest, o.flags FROM unnest($2::bigint[]) u (number)
	CROSS JOIN LATERAL (SELECT o.newest, o.flags FROM orders o
		WHERE o.shop = $1 AND o.number BETWEEN u.number AND u.number ORDER BY o.number LIMIT 1) o`

func readVersions(rows pgx.Rows) (newest map[int64]int64, erased map[int64]bool, err error) {
	newest, erased = map[int64]int64{}, map[int64]bool{}
	var number, seq, flags int64
	_, err = pgx.ForEachRow(rows, []any{&number, &seq, &flags}, func() error {
		newest[number] = seq
		erased[number] = ledger.Flags(flags)&ledger.FlagErased != 0
		return nil
	})
	return newest, erased, err
}

func (c *commit) judge(newest map[int64]int64, erased map[int64]bool) {
	c.erased = map[int64]bool{}
	for i := range c.b.Changes {
		ch := &c.b.Changes[i]
		if ch.Version != 0 && newest[ch.Row.Order] != ch.Version {
			ch.Answer = delivery.Stale
		}
		if settles(ch) && erased[ch.Row.Order] {
			ch.Row.Reason, ch.Row.Digest = "", nil // the partner's words, and ours
			c.erased[ch.Row.Call] = true
		}
	}
}

// claimTries bounds how often claims are asked for that were given up between
// the asking and the look at who has them.
const claimTries = 5

// takeClaims claims invitations, first come, first served.
func (c *commit) takeClaims(tx *Tx) error {
	var asked []*delivery.Change
	var list []claim
	for i := range c.b.Changes {
		ch := &c.b.Changes[i]
		if ch.Answer == delivery.Stale && ch.From != "" {
			continue
		}
		for _, kind := range ch.Claims {
			list = append(list, claim{ch.Row.Order, kind})
		}
		if len(ch.Claims) > 0 {
			asked = append(asked, ch)
		}
	}
	if len(asked) == 0 {
		return nil
	}
	all := sortedClaims(list)
	fresh := map[claim]bool{}
	for range claimTries {
		owners, err := c.askFor(tx, all, fresh)
		if err != nil {
			return err
		}
		if len(owners) == len(all.ord) {
			return c.answerClaims(tx, asked, owners, fresh)
		}
	}
	return fmt.Errorf("%w: invitations change hands", order.ErrBusy)
}

// askFor takes what is free, adds it to fresh, and returns who has which claim.
func (c *commit) askFor(tx *Tx, all claims, fresh map[claim]bool) (map[claim]string, error) {
	const owners = `SELECT u.ord, u.kind, c.route FROM unnest($2::bigint[], $3::text[]) u (ord, kind)
		CROSS JOIN LATERAL (SELECT c.route FROM claims c WHERE c.shop = $1 AND c.ord = u.ord AND c.kind = u.kind LIMIT 1) c`
	b := &pgx.Batch{}
	var k claim
	b.Queue(takeClaims, c.shop, c.route, all.ord, all.kind).Query(func(rows pgx.Rows) error {
		_, err := pgx.ForEachRow(rows, []any{&k.ord, &k.kind}, func() error {
			fresh[k] = true
			return nil
		})
		return err
	})
	found := map[claim]string{}
	var route string
	b.Queue(owners, c.shop, all.ord, all.kind).Query(func(rows pgx.Rows) error {
		_, err := pgx.ForEachRow(rows, []any{&k.ord, &k.kind, &route}, func() error {
			found[k] = route
			return nil
		})
		return err
	})
	return found, tx.batch(b)
}

// answerClaims answers changes of which another route has a claim, and gives
// back what was taken for them alone.
func (c *commit) answerClaims(tx *Tx, asked []*delivery.Change, owners map[claim]string, fresh map[claim]bool) error {
	const giveBack = `DELETE FROM claims WHERE shop = $1 AND ord = $2 AND kind = $3 AND route = $4`
	kept := map[claim]bool{}
	for _, ch := range asked {
		for _, kind := range ch.Claims {
			if route := owners[claim{ch.Row.Order, kind}]; route != c.route {
				ch.Answer, ch.Owner = delivery.Taken, route
			}
		}
		for _, kind := range ch.Claims {
			if ch.Answer != delivery.Taken {
				kept[claim{ch.Row.Order, kind}] = true
			}
		}
	}
	b := &pgx.Batch{}
	for k := range fresh {
		if !kept[k] {
			b.Queue(giveBack, c.shop, k.ord, k.kind, c.route)
		}
	}
	return tx.batch(b)
}

func (c *commit) insertEach(b *pgx.Batch) {
	const once = insertRows + ` ON CONFLICT DO NOTHING`
	for i := range c.b.Changes {
		ch := &c.b.Changes[i]
		if ch.From != "" || ch.Answer == delivery.Taken {
			continue
		}
		row := ch.Row
		if ch.Answer == delivery.Stale {
			row.State, row.Due, row.Attempt = delivery.Ready, c.b.Now, 0
		}
		r := &deliveryColumns{}
		r.add(&row)
		b.Queue(once, r.insertArgs(c.shop, c.route)...).Exec(func(tag pgconn.CommandTag) error {
			c.written(ch, row.State, tag)
			return nil
		})
	}
}

// written answers a change whose row was written, or not.
func (c *commit) written(ch *delivery.Change, to delivery.State, tag pgconn.CommandTag) {
	if tag.RowsAffected() == 0 {
		ch.Answer = delivery.Moved
		return
	}
	c.count(ch.From, to)
}

func (c *commit) updateEach(b *pgx.Batch) {
	const update = `UPDATE deliveries SET state = $7, lane = $8, attempt = $9, due = $10, settled = $11,
			ref = $12, code = $13, reason = $14, call = $15, place = $16, looks = $17, absent = $18`
	const where = ` WHERE shop = $1 AND route = $2 AND ord = $3 AND seq = $4 AND run = $5 AND state = $6`
	const settle = update + where
	const change = update + `, act = $19, digest = $20` + where
	for i := range c.b.Changes {
		ch := &c.b.Changes[i]
		if ch.From == "" || ch.Answer != delivery.Done {
			continue
		}
		d := &ch.Row
		args := []any{
			c.shop, c.route, d.Order, d.Seq, d.Run, stateCode(ch.From), stateCode(d.State), laneOf(d), d.Attempt,
			micros(d.Due), micros(d.Settled), plainText(d.Ref), plainText(d.Code), plainText(d.Reason),
			d.Call, d.Place, d.Looks, d.Absent,
		}
		query := settle
		if ch.From != delivery.Sending {
			query, args = change, append(args, int16(d.Act), blob(d.Digest))
		}
		b.Queue(query, args...).Exec(func(tag pgconn.CommandTag) error {
			c.written(ch, d.State, tag)
			return nil
		})
	}
}
