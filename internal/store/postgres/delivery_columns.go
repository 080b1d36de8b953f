package postgres

import (
	"slices"

	"github.com/ordermux/ordermux/internal/delivery"
	"github.com/ordermux/ordermux/internal/outbound"
)

// deliveryColumns are deliveries by column, as unnest takes them.
type deliveryColumns struct {
	ord, seq             []int64
	run                  []int32
	state, lane, act     []int16
	attempt              []int32
	due, base, planned   []int64
	settled, call        []int64
	place, looks, absent []int32
	ref, code, reason    []string
	digest               [][]byte
	from                 delivery.State
}

func (r *deliveryColumns) add(d *delivery.Delivery) {
	r.ord, r.seq, r.run = append(r.ord, d.Order), append(r.seq, d.Seq), append(r.run, int32(d.Run))
	r.state, r.lane = append(r.state, stateCode(d.State)), append(r.lane, laneOf(d))
	r.act, r.attempt = append(r.act, int16(d.Act)), append(r.attempt, int32(d.Attempt))
	r.due, r.base = append(r.due, micros(d.Due)), append(r.base, micros(d.Base))
	r.planned, r.settled = append(r.planned, micros(d.Planned)), append(r.settled, micros(d.Settled))
	r.call, r.place = append(r.call, d.Call), append(r.place, int32(d.Place))
	r.looks, r.absent = append(r.looks, int32(d.Looks)), append(r.absent, int32(d.Absent))
	r.ref, r.code = append(r.ref, plainText(d.Ref)), append(r.code, plainText(d.Code))
	r.reason, r.digest = append(r.reason, plainText(d.Reason)), append(r.digest, blob(d.Digest))
}

// insertRows writes new rows.
const insertRows = `INSERT INTO deliveries (shop, route, ord, seq, run, state, lane, act, attempt, due,
		base, planned, settled, code, reason, digest, looks)
	SELECT $1::text, $2::text, u.* FROM unnest($3::bigint[], $4::bigint[], $5::integer[], $6::smallint[],
		$7::smallint[], $8::smallint[], $9::integer[], $10::bigint[], $11::bigint[], $12::bigint[], $13::bigint[],
		$14::text[], $15::text[], $16::bytea[], $17::integer[]) u`

func (r *deliveryColumns) insertArgs(shop, route string) []any {
	return []any{
		shop, route, r.ord, r.seq, r.run, r.state, r.lane, r.act, r.attempt, r.due,
		r.base, r.planned, r.settled, r.code, r.reason, r.digest, r.looks,
	}
}

// Stored rows are changed by an INSERT that meets them: it finds each by the
// primary key, whatever the planner believes of a table that was empty when
// the statement was planned. A row that is not there would be made; such a one
// has no planned. $3 is the state in which the rows must be, $4 how many of
// them there are. What a call sent was decided before it: only what has not
// left yet changes act and digest.
const (
	changeColumns = `INSERT INTO deliveries AS d (shop, route, ord, seq, run, state, lane, attempt, due, settled,
			ref, code, reason, call, place, looks, absent, act, digest)
		SELECT $1::text, $2::text, u.* FROM unnest($5::bigint[], $6::bigint[], $7::integer[], $8::smallint[],
			$9::smallint[], $10::integer[], $11::bigint[], $12::bigint[], $13::text[], $14::text[], $15::text[],
			$16::bigint[], $17::integer[], $18::integer[], $19::integer[], $20::smallint[], $21::bytea[]) u
		ON CONFLICT (shop, route, ord, seq, run) DO UPDATE SET
			state = excluded.state, lane = excluded.lane, attempt = excluded.attempt, due = excluded.due,
			settled = excluded.settled, ref = excluded.ref, code = excluded.code, reason = excluded.reason,
			call = excluded.call, place = excluded.place, looks = excluded.looks, absent = excluded.absent`
	changeWhere = ` WHERE d.state = $3::smallint RETURNING d.planned`
	allChanged  = `) SELECT 1 / (count(*) = $4::bigint)::integer FROM c WHERE c.planned > 0`

	settleRows = `WITH c AS (` + changeColumns + changeWhere + allChanged
	changeRows = `WITH c AS (` + changeColumns + `, act = excluded.act, digest = excluded.digest` + changeWhere + allChanged
)

func (r *deliveryColumns) changeArgs(shop, route string) []any {
	return []any{
		shop, route, stateCode(r.from), int64(len(r.ord)), r.ord, r.seq, r.run, r.state, r.lane, r.attempt,
		r.due, r.settled, r.ref, r.code, r.reason, r.call, r.place, r.looks, r.absent, r.act, r.digest,
	}
}

// waves sorts changes of stored rows into groups that are each written at
// once: of one state, and no row twice. A row's second change is in a later
// wave than its first.
func waves(changes []delivery.Change) []*deliveryColumns {
	type group struct {
		wave int
		from delivery.State
	}
	wave := make(map[delivery.Key]int, len(changes))
	var sequence []group
	groups := map[group]*deliveryColumns{}
	for i := range changes {
		ch := &changes[i]
		if ch.From == "" {
			continue
		}
		k := ch.Row.Key()
		g := group{wave[k], ch.From}
		wave[k]++
		if groups[g] == nil {
			groups[g] = &deliveryColumns{from: ch.From}
			sequence = append(sequence, g)
		}
		groups[g].add(&ch.Row)
	}
	slices.SortStableFunc(sequence, func(a, b group) int { return a.wave - b.wave })
	all := make([]*deliveryColumns, len(sequence))
	for i, g := range sequence {
		all[i] = groups[g]
	}
	return all
}

// callColumns are the evidence by column.
type callColumns struct {
	id                       []int64
	n, tasks                 []int32
	at, duration             []int64
	method, url, requestHead []string
	requestBody              [][]byte
	requestSize              []int64
	status                   []int32
	responseHead             []string
	responseBody             [][]byte
	responseSize             []int64
	failure                  []string
}

func (e *callColumns) add(call *delivery.Call, n int, x *outbound.Exchange) {
	e.id, e.n, e.tasks = append(e.id, call.ID), append(e.n, int32(n)), append(e.tasks, int32(call.Tasks))
	e.at, e.duration = append(e.at, micros(x.At)), append(e.duration, int64(x.Duration))
	e.method, e.url = append(e.method, plainText(x.Method)), append(e.url, plainText(x.URL))
	e.requestHead, e.requestBody = append(e.requestHead, plainText(x.RequestHead)), append(e.requestBody, blob(x.RequestBody))
	e.requestSize, e.status = append(e.requestSize, int64(x.RequestSize)), append(e.status, int32(x.Status))
	e.responseHead, e.responseBody = append(e.responseHead, plainText(x.ResponseHead)), append(e.responseBody, blob(x.ResponseBody))
	e.responseSize, e.failure = append(e.responseSize, int64(x.ResponseSize)), append(e.failure, plainText(x.Error))
}

const insertCalls = `INSERT INTO calls (shop, route, id, n, tasks, at, duration, method, url, request_head,
		request_body, request_size, status, response_head, response_body, response_size, error)
	SELECT $1::text, $2::text, u.* FROM unnest($3::bigint[], $4::integer[], $5::integer[], $6::bigint[],
		$7::bigint[], $8::text[], $9::text[], $10::text[], $11::bytea[], $12::bigint[], $13::integer[],
		$14::text[], $15::bytea[], $16::bigint[], $17::text[]) u`

func (e *callColumns) args(shop, route string) []any {
	return []any{
		shop, route, e.id, e.n, e.tasks, e.at, e.duration, e.method, e.url, e.requestHead,
		e.requestBody, e.requestSize, e.status, e.responseHead, e.responseBody, e.responseSize, e.failure,
	}
}
