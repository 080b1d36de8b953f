package sqlite

import (
	"database/sql"

	"github.com/ordermux/ordermux/internal/delivery"
)

// The routes come first (CROSS JOIN keeps the sequence), so that each look-up
// starts with shop, route and order.
const (
	callsOfOrder = `SELECT d.route, d.call FROM routes r
			CROSS JOIN deliveries d ON d.shop = r.shop AND d.route = r.route AND d.ord = ?2
			WHERE r.shop = ?1 AND d.call > 0
		UNION ALL SELECT e.route, e.call FROM routes r
			CROSS JOIN earlier_calls e ON e.shop = r.shop AND e.route = r.route AND e.ord = ?2
			WHERE r.shop = ?1`
	openOfOrder = `SELECT d.route, d.seq, d.run, d.state FROM routes r
			CROSS JOIN deliveries d ON d.shop = r.shop AND d.route = r.route AND d.ord = ?2
			WHERE r.shop = ?1 AND r.personal = 1 AND d.state <= 8 AND d.state != 3`
)

// eraseDeliveries removes what deliveries keep of an order: the texts of every
// call that carried it (and with it other orders: a batch is one text), notes,
// the partner's words, and the digests of what was sent. Open deliveries of
// routes that are of no use without the personal part are cancelled; one that
// is being sent is left to its outcome.
func eraseDeliveries(tx *Tx, e Erasing) error {
	if err := eraseCalls(tx, e); err != nil {
		return err
	}
	// Overwritten in place, see eraser.
	const texts = `UPDATE deliveries SET reason = CAST(zeroblob(length(CAST(reason AS BLOB))) AS TEXT),
			note = zeroblob(length(note)), digest = zeroblob(length(digest))
		WHERE shop = ?1 AND ord = ?2 AND route IN (SELECT r.route FROM routes r WHERE r.shop = ?1)`
	if _, err := tx.Exec(texts, e.Shop, e.Number); err != nil {
		return err
	}
	return cancelPersonal(tx, e)
}

// ofErased is a delivery or a call of the order that is erased.
type ofErased struct {
	route    string
	call     int64
	seq, run int64
	state    delivery.State
}

// eraseCall overwrites the texts of a call in place.
const eraseCall = `UPDATE calls SET url = CAST(zeroblob(length(CAST(url AS BLOB))) AS TEXT),
	request_head = CAST(zeroblob(length(CAST(request_head AS BLOB))) AS TEXT),
	request_body = zeroblob(length(request_body)),
	response_head = CAST(zeroblob(length(CAST(response_head AS BLOB))) AS TEXT),
	response_body = zeroblob(length(response_body)),
	error = CAST(zeroblob(length(CAST(error AS BLOB))) AS TEXT), erased = 1
	WHERE shop = ? AND route = ? AND id = ?`

func eraseCalls(tx *Tx, e Erasing) error {
	calls, err := erasedRows(tx, callsOfOrder, e, func(rows *sql.Rows, c *ofErased) error {
		return rows.Scan(&c.route, &c.call)
	})
	for _, c := range calls {
		if err == nil {
			_, err = tx.Exec(eraseCall, e.Shop, c.route, c.call)
		}
	}
	return err
}

func erasedRows(tx *Tx, query string, e Erasing, scan func(*sql.Rows, *ofErased) error) (list []ofErased, err error) {
	rows, err := tx.Query(query, e.Shop, e.Number)
	if err != nil {
		return nil, err
	}
	err = eachRow(rows, func() error {
		var c ofErased
		err := scan(rows, &c)
		list = append(list, c)
		return err
	})
	return list, err
}

// cancelPersonal cancels what can not be sent any more. The clock is the
// engine's: an eraser has no other.
func cancelPersonal(tx *Tx, e Erasing) error {
	const cancel = `UPDATE deliveries SET state = 11, lane = 0, due = 0, code = 'erased',
			settled = CAST(unixepoch('subsec') * 1000000 AS INTEGER)
		WHERE shop = ? AND route = ? AND ord = ? AND seq = ? AND run = ?`
	const count = `INSERT INTO route_counts (shop, route, state, n) VALUES (?, ?, ?, ?)
		ON CONFLICT (shop, route, state) DO UPDATE SET n = n + excluded.n`
	open, err := erasedRows(tx, openOfOrder, e, func(rows *sql.Rows, c *ofErased) error {
		return rows.Scan(&c.route, &c.seq, &c.run, stateOf{&c.state})
	})
	if err != nil {
		return err
	}
	for _, c := range open {
		if _, err := tx.Exec(cancel, e.Shop, c.route, e.Number, c.seq, c.run); err != nil {
			return err
		}
		for state, n := range map[delivery.State]int64{c.state: -1, delivery.Cancelled: 1} {
			if _, err := tx.Exec(count, e.Shop, c.route, stateCode(state), n); err != nil {
				return err
			}
		}
	}
	return nil
}
