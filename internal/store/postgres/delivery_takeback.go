package postgres

import (
	"context"

	"github.com/jackc/pgx/v5"

	"github.com/ordermux/ordermux/internal/delivery"
)

// claimed are the changes that claimed a row for sending on the ground of a
// version of its order.
func (c *commit) claimed() (list []*delivery.Change, numbers []int64) {
	for i := range c.b.Changes {
		if ch := &c.b.Changes[i]; ch.Version != 0 && ch.Row.State == delivery.Sending && ch.Answer == delivery.Done {
			list, numbers = append(list, ch), append(numbers, ch.Row.Order)
		}
	}
	return list, numbers
}

// end sends the last statements, the COMMIT, and behind it the look at the
// orders of what was claimed.
func (c *commit) end(tx *Tx, b *pgx.Batch) error {
	c.newest = nil
	_, numbers := c.claimed()
	if len(numbers) == 0 {
		return tx.last(b)
	}
	look := &pgx.QueuedQuery{SQL: orderVersions, Arguments: []any{c.shop, numbers}}
	look.Query(c.readNewest)
	return tx.lastBefore(b, look)
}

func (c *commit) readNewest(rows pgx.Rows) error {
	newest, _, err := readVersions(rows)
	if err == nil {
		c.newest = newest
	}
	return err
}

// takeBack takes back claims that were judged on an older version than was in
// force after the commit: they are answered Stale, as those that were found in
// time.
func (d deliveries) takeBack(ctx context.Context, c *commit) error {
	claimed, numbers := c.claimed()
	if len(claimed) == 0 {
		return nil
	}
	if c.newest == nil { // the connection broke behind the commit
		if err := d.store.ask(ctx, c.readNewest, orderVersions, c.shop, numbers); err != nil {
			return err
		}
	}
	var stale []*delivery.Change
	for _, ch := range claimed {
		if c.newest[ch.Row.Order] != ch.Version {
			stale = append(stale, ch)
		}
	}
	if len(stale) == 0 {
		return nil
	}
	if err := d.store.do(ctx, func(tx *Tx) error { return c.unclaim(tx, stale) }); err != nil {
		return err
	}
	for _, ch := range stale {
		ch.Answer = delivery.Stale
	}
	return nil
}

// unclaim puts rows back that this commit claimed: due now, in the state in
// which they were, a new one in Ready; the attempt does not count. Invitations
// taken for them stay taken.
func (c *commit) unclaim(tx *Tx, stale []*delivery.Change) error {
	const mine = `WITH mine AS (SELECT 1 FROM routes WHERE shop = $1 AND route = $2 AND epoch = $3 FOR NO KEY UPDATE)
		SELECT 1 / count(*) FROM mine`
	c.counts = map[delivery.State]int64{}
	back := &deliveryColumns{from: delivery.Sending}
	for _, ch := range stale {
		row := ch.Row
		row.State, row.Due, row.Attempt = ch.From, c.b.Now, row.Attempt-1
		if ch.From == "" {
			row.State = delivery.Ready
		} else if len(ch.Claims) > 0 {
			row.Code, row.Reason = codeFree, reasonFree // only planted rows claim later
		}
		back.add(&row)
		c.count(delivery.Sending, row.State)
	}
	b := &pgx.Batch{}
	orLost(b.Queue(mine, c.shop, c.route, c.b.Route.Epoch))
	b.Queue(settleRows, back.changeArgs(c.shop, c.route)...)
	c.writeCounts(b)
	return tx.last(b)
}
