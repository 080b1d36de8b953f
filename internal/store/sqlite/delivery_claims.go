package sqlite

import (
	"database/sql"
	"errors"

	"github.com/ordermux/ordermux/internal/delivery"
)

// releaseClaims gives claims up and tells the routes that may take them, in
// this same transaction: otherwise a crash could lose the word.
func (c *commit) releaseClaims() error {
	const release = `DELETE FROM claims WHERE shop = ? AND ord = ? AND route = ?`
	const plant = `INSERT INTO deliveries (shop, route, ord, seq, run, state, lane, due, base, planned, code, reason)
		SELECT r.shop, r.route, o.number, o.newest, 0, 2, 0, ?1, ?2, ?1, 'claim_free', 'another route gave its invitation up'
		FROM routes r JOIN orders o ON o.shop = r.shop AND o.number = ?3
		WHERE r.shop = ?4 AND r.route = ?5 AND r.position >= ?3 AND NOT EXISTS (
			SELECT 1 FROM deliveries d WHERE d.shop = ?4 AND d.route = ?5 AND d.ord = ?3)`
	const count = `INSERT INTO route_counts (shop, route, state, n) VALUES (?, ?, 2, 1)
		ON CONFLICT (shop, route, state) DO UPDATE SET n = n + 1`
	for i := range c.b.Changes {
		ch := &c.b.Changes[i]
		if !ch.Release || ch.Answer != delivery.Done {
			continue
		}
		if _, err := c.tx.Exec(release, c.shop, ch.Row.Order, c.route); err != nil {
			return err
		}
		for _, route := range ch.Plant {
			result, err := c.tx.Exec(plant, micros(c.b.Now), micros(ch.Row.Base), ch.Row.Order, c.shop, route)
			if err != nil {
				return err
			}
			if n, err := result.RowsAffected(); err != nil || n == 0 {
				if err != nil {
					return err
				}
				continue
			}
			if _, err := c.tx.Exec(count, c.shop, route); err != nil {
				return err
			}
		}
	}
	return nil
}

// takeClaims claims invitations, first come, first served.
func (c *commit) takeClaims() error {
	const take = `INSERT INTO claims (shop, ord, kind, route) VALUES (?, ?, ?, ?) ON CONFLICT DO NOTHING`
	const owner = `SELECT route FROM claims WHERE shop = ? AND ord = ? AND kind = ?`
	for i := range c.b.Changes {
		ch := &c.b.Changes[i]
		if len(ch.Claims) == 0 || ch.Answer == delivery.Stale && ch.From != "" {
			continue
		}
		for _, kind := range ch.Claims {
			var route string
			err := c.tx.QueryRow(owner, c.shop, ch.Row.Order, kind).Scan(&route)
			if err != nil && !errors.Is(err, sql.ErrNoRows) {
				return err
			}
			if route != "" && route != c.route {
				ch.Answer, ch.Owner = delivery.Taken, route
			}
		}
		if ch.Answer == delivery.Taken {
			continue
		}
		for _, kind := range ch.Claims {
			if _, err := c.tx.Exec(take, c.shop, ch.Row.Order, kind, c.route); err != nil {
				return err
			}
		}
	}
	return nil
}
