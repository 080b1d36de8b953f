package sqlite

import (
	"context"
	"fmt"

	"github.com/ordermux/ordermux/internal/delivery"
	"github.com/ordermux/ordermux/internal/ledger"
	"github.com/ordermux/ordermux/internal/outbound"
)

const (
	callColumns = 17
	insertCall  = `INSERT INTO calls (shop, route, id, n, tasks, at, duration, method, url, request_head,
		request_body, request_size, status, response_head, response_body, response_size, error) VALUES`
)

// insertCalls writes the evidence, and keeps the pointers to earlier calls.
func (c *commit) insertCalls() error {
	const earlier = `INSERT INTO earlier_calls (shop, route, ord, seq, run, call, place)
		VALUES (?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING`
	c.values = c.values[:0]
	for i := range c.b.Calls {
		call := &c.b.Calls[i]
		for n := range call.Exchanges {
			x := &call.Exchanges[n]
			if c.erased[call.ID] {
				x = &outbound.Exchange{At: x.At, Duration: x.Duration, Method: x.Method, Status: x.Status}
			}
			c.values = append(c.values, call.Shop, call.Route, call.ID, int64(n), int64(call.Tasks), micros(x.At),
				int64(x.Duration), x.Method, x.URL, x.RequestHead, blob(x.RequestBody), int64(x.RequestSize),
				int64(x.Status), x.ResponseHead, blob(x.ResponseBody), int64(x.ResponseSize), x.Error)
		}
	}
	if err := c.tx.InsertMany(insertCall, callColumns, c.values); err != nil {
		return err
	}
	for i := range c.b.Changes {
		ch := &c.b.Changes[i]
		if ch.Earlier == 0 || ch.Answer != delivery.Done {
			continue
		}
		d := &ch.Row
		if _, err := c.tx.Exec(earlier, d.Shop, d.Route, d.Order, d.Seq, int64(d.Run), ch.Earlier, int64(ch.EarlierPlace)); err != nil {
			return err
		}
	}
	return nil
}

// SaveNote implements delivery.Store.
func (d deliveries) SaveNote(ctx context.Context, shop, route string, epoch int64, k delivery.Key, note []byte) error {
	const owned = `SELECT count(*) FROM routes WHERE shop = ? AND route = ? AND epoch = ?`
	const save = `UPDATE deliveries SET note = ?1 WHERE shop = ?2 AND route = ?3 AND ord = ?4 AND seq = ?5 AND run = ?6
		AND NOT EXISTS (SELECT 1 FROM orders o WHERE o.shop = ?2 AND o.number = ?4 AND o.flags & ?7 != 0)`
	err := d.store.Do(ctx, func(tx *Tx) error {
		var mine int
		if err := tx.QueryRow(owned, shop, route, epoch).Scan(&mine); err != nil {
			return err
		}
		if mine == 0 {
			return delivery.ErrLost
		}
		_, err := tx.Exec(save, blob(note), shop, route, k.Order, k.Seq, int64(k.Run), int64(ledger.FlagErased))
		return err
	})
	if err != nil {
		return fmt.Errorf("keep a delivery's note: %w", err)
	}
	return nil
}
