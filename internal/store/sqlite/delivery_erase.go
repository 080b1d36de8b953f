package sqlite

import "github.com/ordermux/ordermux/internal/delivery"

// eraseDeliveries removes what deliveries keep of an order: the texts of every
// call that carried it (and with it other orders: a batch is one text), notes,
// the partner's words, and the digests of what was sent. Open deliveries of
// routes that are of no use without the personal part are cancelled; one that
// is being sent is left to its outcome.
func eraseDeliveries(tx *Tx, e Erasing) error {
	// Overwritten in place, see eraser. The routes come first so that every
	// look-up starts with shop and route.
	const calls = `UPDATE calls SET url = CAST(zeroblob(length(CAST(url AS BLOB))) AS TEXT),
			request_head = CAST(zeroblob(length(CAST(request_head AS BLOB))) AS TEXT),
			request_body = zeroblob(length(request_body)),
			response_head = CAST(zeroblob(length(CAST(response_head AS BLOB))) AS TEXT),
			response_body = zeroblob(length(response_body)),
			error = CAST(zeroblob(length(CAST(error AS BLOB))) AS TEXT), erased = 1
		WHERE shop = ?1 AND (route, id) IN (
			SELECT d.route, d.call FROM routes r
				JOIN deliveries d ON d.shop = r.shop AND d.route = r.route AND d.ord = ?2 WHERE r.shop = ?1 AND d.call > 0
			UNION SELECT e.route, e.call FROM routes r
				JOIN earlier_calls e ON e.shop = r.shop AND e.route = r.route AND e.ord = ?2 WHERE r.shop = ?1)`
	const texts = `UPDATE deliveries SET reason = CAST(zeroblob(length(CAST(reason AS BLOB))) AS TEXT),
			note = zeroblob(length(note)), digest = zeroblob(length(digest))
		WHERE shop = ?1 AND ord = ?2 AND route IN (SELECT r.route FROM routes r WHERE r.shop = ?1)`
	for _, query := range []string{calls, texts} {
		if _, err := tx.Exec(query, e.Shop, e.Number); err != nil {
			return err
		}
	}
	return cancelPersonal(tx, e)
}

// cancelPersonal cancels what can not be sent any more.
func cancelPersonal(tx *Tx, e Erasing) error {
	const open = `SELECT d.route, d.state FROM routes r
		JOIN deliveries d ON d.shop = r.shop AND d.route = r.route AND d.ord = ?2
		WHERE r.shop = ?1 AND r.personal = 1 AND d.state IN ('ready', 'held', 'retrying', 'pending', 'asking', 'failed', 'parked')`
	const cancel = `UPDATE deliveries SET state = 'cancelled', due = 0, settled = CAST(unixepoch('subsec') * 1000000 AS INTEGER), code = 'erased'
		WHERE shop = ?1 AND ord = ?2
			AND route IN (SELECT r.route FROM routes r WHERE r.shop = ?1 AND r.personal = 1)
			AND state IN ('ready', 'held', 'retrying', 'pending', 'asking', 'failed', 'parked')`
	const count = `INSERT INTO route_counts (shop, route, state, n) VALUES (?, ?, ?, ?)
		ON CONFLICT (shop, route, state) DO UPDATE SET n = n + excluded.n`
	rows, err := tx.Query(open, e.Shop, e.Number)
	if err != nil {
		return err
	}
	type counted struct {
		route string
		state delivery.State
	}
	var gone []counted
	err = eachRow(rows, func() error {
		var c counted
		err := rows.Scan(&c.route, &c.state)
		gone = append(gone, c)
		return err
	})
	if err != nil || len(gone) == 0 {
		return err
	}
	if _, err := tx.Exec(cancel, e.Shop, e.Number); err != nil {
		return err
	}
	for _, c := range gone {
		for state, n := range map[delivery.State]int64{c.state: -1, delivery.Cancelled: 1} {
			if _, err := tx.Exec(count, e.Shop, c.route, string(state), n); err != nil {
				return err
			}
		}
	}
	return nil
}
