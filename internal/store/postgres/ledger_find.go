package postgres

import (
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgtype"
	"github.com/ordermux/ordermux/internal/ledger"
)

// The columns of an order row, as foundRows reads them, and the look-ups. Each
// row is looked up by itself: given a list, the planner of a young table may take
// an index of which only the shop fits, and read all of the shop's orders.
const (
	rowFields  = "o.number, o.hash, o.twin, o.kind, o.id, o.newest, o.kinds, o.flags, o.layers"
	rowsByHash = "SELECT " + rowFields + ` FROM unnest($2::bigint[]) u (hash),
		LATERAL (SELECT * FROM orders WHERE shop = $1 AND hash = u.hash OFFSET 0) o`
	rowsByNumber = "SELECT " + rowFields + ` FROM unnest($2::bigint[]) u (number),
		LATERAL (SELECT * FROM orders WHERE shop = $1 AND number BETWEEN u.number AND u.number
			ORDER BY number LIMIT 1) o`
)

// foundRow is an order row of the store.
type foundRow struct {
	ledger.IndexRow
	twin int16
}

// foundRows are the rows that a look-up found.
type foundRows []*foundRow

// scan reads the rows of a look-up.
func (f *foundRows) scan(rows pgx.Rows) error {
	*f = (*f)[:0]
	for rows.Next() {
		r := &foundRow{}
		if err := r.scan(rows); err != nil {
			return err
		}
		*f = append(*f, r)
	}
	return rows.Err()
}

// scan reads one row, with columns before those of rowFields.
func (r *foundRow) scan(rows pgx.Rows, before ...any) error {
	var kinds, flags int64
	var layers pgtype.DriverBytes
	err := rows.Scan(append(before, &r.Number, &r.Key.Hash, &r.twin, &r.Key.Kind, &r.Key.ID,
		&r.Newest, &kinds, &flags, &layers)...)
	if err != nil {
		return err
	}
	r.Kinds, r.Flags = ledger.Kinds(kinds), ledger.Flags(flags)
	return r.SetLayers(layers)
}

// byKey returns the rows of subjects in their sequence; nil: none.
func (f foundRows) byKey(keys []ledger.Key) []*ledger.IndexRow {
	list := make([]*ledger.IndexRow, len(keys))
	if len(f) == 0 {
		return list
	}
	byKey := make(map[ledger.Key]*ledger.IndexRow, len(f))
	for _, r := range f {
		byKey[r.Key] = &r.IndexRow
	}
	for i, k := range keys {
		list[i] = byKey[k]
	}
	return list
}

// byNumber returns the rows of numbers in their sequence; nil: none.
func (f foundRows) byNumber(numbers []int64) []*ledger.IndexRow {
	byNumber := make(map[int64]*ledger.IndexRow, len(f))
	for _, r := range f {
		byNumber[r.Number] = &r.IndexRow
	}
	list := make([]*ledger.IndexRow, len(numbers))
	for i, n := range numbers {
		list[i] = byNumber[n]
	}
	return list
}

func hashesOf(keys []ledger.Key) []int64 {
	list := make([]int64, len(keys))
	for i, k := range keys {
		list[i] = k.Hash
	}
	return list
}

func scanHead(row pgx.Row) (h ledger.Head, err error) {
	var hash []byte
	err = row.Scan(&h.Seq, &hash, &h.At)
	copy(h.Hash[:], hash)
	return h, err
}

// headHash is a head's hash as its row has it: none before the first event.
func headHash(h ledger.Head) []byte {
	if h.Seq == 0 {
		return []byte{}
	}
	return h.Hash[:]
}
