package postgres

import (
	"github.com/jackc/pgx/v5"

	"github.com/ordermux/ordermux/internal/delivery"
)

// emptyCall removes the texts of a call.
const emptyCall = `UPDATE calls SET url = '', request_head = '', request_body = NULL,
	response_head = '', response_body = NULL, error = '', erased = true
	WHERE shop = $1 AND route = $2 AND id = $3 AND NOT erased`

// eraseDeliveries removes what deliveries keep of an order: the texts of every
// call that carried it (and with it other orders: a batch is one text), notes,
// the partner's words, and the digests of what was sent. Open deliveries of
// routes that are of no use without the personal part are cancelled; one that
// is being sent is left to its outcome. The rows of the shop's routes are
// locked, so no commit of theirs is halfway.
func eraseDeliveries(tx *Tx, e Erasing) error {
	const forget = `UPDATE deliveries SET reason = '', note = NULL, digest = NULL
		WHERE shop = $1 AND route = $2 AND ord = $3 AND seq = $4 AND run = $5`
	// The time is the database's: an eraser has no other clock.
	const cancel = `UPDATE deliveries SET reason = '', note = NULL, digest = NULL, state = 11, lane = 0, due = 0,
			code = 'erased', settled = (extract(epoch FROM statement_timestamp()) * 1000000)::bigint
		WHERE shop = $1 AND route = $2 AND ord = $3 AND seq = $4 AND run = $5`
	rows, calls, err := ofErased(tx, e)
	if err != nil {
		return err
	}
	b := &pgx.Batch{}
	for _, c := range calls {
		b.Queue(emptyCall, e.Shop, c.route, c.id)
	}
	for i := range rows {
		r := &rows[i]
		query := forget
		if r.cancelled() {
			query = cancel
			b.Queue(addCounts, e.Shop, r.route, []int16{r.state, stateCode(delivery.Cancelled)}, []int64{-1, 1})
		}
		b.Queue(query, e.Shop, r.route, e.Number, r.seq, r.run)
	}
	return tx.batch(b)
}

// erasedRow is a delivery of the order that is erased.
type erasedRow struct {
	route    string
	personal bool // the route's
	seq      int64
	run      int32
	state    int16
}

// cancelled tells open deliveries, and those that wait for a person, that can
// not be sent any more.
func (r *erasedRow) cancelled() bool {
	return r.personal && r.state <= stateCode(delivery.Parked) && r.state != stateCode(delivery.Sending)
}

// erasedCall is a call that carried the order that is erased.
type erasedCall struct {
	route string
	id    int64
}

// ofErased reads what there is of the order. The routes come first, so that
// each look-up begins with shop, route and order.
func ofErased(tx *Tx, e Erasing) (rows []erasedRow, calls []erasedCall, err error) {
	const deliveries = `SELECT r.route, r.personal, d.seq, d.run, d.state, d.call FROM routes r
		CROSS JOIN LATERAL (SELECT d.seq, d.run, d.state, d.call FROM deliveries d
			WHERE d.shop = $1 AND d.route = r.route AND d.ord = $2 OFFSET 0) d
		WHERE r.shop = $1 ORDER BY r.route, d.seq, d.run`
	const earlier = `SELECT r.route, e.call FROM routes r
		CROSS JOIN LATERAL (SELECT e.call FROM earlier_calls e
			WHERE e.shop = $1 AND e.route = r.route AND e.ord = $2 OFFSET 0) e
		WHERE r.shop = $1 ORDER BY r.route, e.call`
	b := &pgx.Batch{}
	b.Queue(deliveries, e.Shop, e.Number).Query(func(found pgx.Rows) error {
		var r erasedRow
		var call int64
		_, err := pgx.ForEachRow(found, []any{&r.route, &r.personal, &r.seq, &r.run, &r.state, &call}, func() error {
			rows = append(rows, r)
			if call > 0 {
				calls = append(calls, erasedCall{r.route, call})
			}
			return nil
		})
		return err
	})
	b.Queue(earlier, e.Shop, e.Number).Query(func(found pgx.Rows) error {
		var c erasedCall
		_, err := pgx.ForEachRow(found, []any{&c.route, &c.id}, func() error {
			calls = append(calls, c)
			return nil
		})
		return err
	})
	return rows, calls, tx.batch(b)
}
