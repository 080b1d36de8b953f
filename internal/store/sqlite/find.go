package sqlite

import (
	"database/sql"
	"errors"
	"strings"

	"github.com/ordermux/ordermux/internal/ledger"
)

// querier is a transaction that can read: a Tx or a View.
type querier interface {
	Query(query string, args ...any) (*sql.Rows, error)
	QueryRow(query string, args ...any) *sql.Row
}

// wanted is a subject to be looked up.
type wanted struct {
	shop string
	key  ledger.Key
}

// findRows returns the order rows of subjects, of several shops, in their
// sequence; nil: none. Memory is asked first, then the table.
func findRows(q querier, r *recent, gs generations, want []wanted) ([]*ledger.IndexRow, error) {
	rows := make([]*ledger.IndexRow, len(want))
	if err := findRecent(q, r.candidates(gs, want), want, rows); err != nil {
		return nil, err
	}
	rest := make([]int, 0, len(want))
	for i := range want {
		if rows[i] == nil {
			rest = append(rest, i)
		}
	}
	for len(rest) > 0 {
		some := rest[:min(len(rest), mostChunk)]
		if err := findSome(q, want, some, rows); err != nil {
			return nil, err
		}
		rest = rest[len(some):]
	}
	return rows, nil
}

// findRecent reads the rows of numbers that subjects may have.
func findRecent(q querier, list []candidate, want []wanted, found []*ledger.IndexRow) error {
	for len(list) > 0 {
		some := list[:min(len(list), mostChunk)]
		list = list[len(some):]
		n := chunk(len(some))
		args := make([]any, 2*n) // what is left is NULL and finds nothing
		for i, c := range some {
			args[2*i], args[2*i+1] = want[c.place].shop, c.number
		}
		rows, err := q.Query(recentQueries[n], args...)
		if err != nil {
			return err
		}
		err = eachRow(rows, func() error {
			r, shop, err := scanRow(rows)
			if err != nil {
				return err
			}
			for _, c := range some {
				if c.number == r.Number && want[c.place].is(shop, r) {
					found[c.place] = r
				}
			}
			return nil
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// is reports whether a row is the wanted subject's.
func (w *wanted) is(shop string, r *ledger.IndexRow) bool {
	return w.shop == shop && w.key.Hash == r.Key.Hash && w.key.ID == r.Key.ID && w.key.Kind == r.Key.Kind
}

// mostChunk is how many values one statement takes at most.
const mostChunk = 64

// chunks are the numbers of values that statements are made for.
var chunks = [...]int{1, 4, 16, mostChunk}

// chunk is the number of values of the statement that takes n.
func chunk(n int) int {
	for _, c := range chunks {
		if n <= c {
			return c
		}
	}
	return mostChunk
}

// findSome looks the subjects at some places up in the table, in one statement.
func findSome(q querier, want []wanted, places []int, found []*ledger.IndexRow) error {
	n := chunk(len(places))
	args := make([]any, 2*n) // what is left is NULL and finds nothing
	for j, i := range places {
		args[2*j], args[2*j+1] = want[i].shop, want[i].key.Hash
	}
	rows, err := q.Query(findQueries[n], args...)
	if err != nil {
		return err
	}
	return eachRow(rows, func() error {
		r, shop, err := scanRow(rows)
		if err != nil {
			return err
		}
		for _, i := range places {
			if want[i].is(shop, r) {
				found[i] = r
			}
		}
		return nil
	})
}

// The columns of an order row, as scanRow reads them.
const rowColumns = "o.shop, o.number, o.hash, o.kind, o.id, o.newest, o.kinds, o.flags, o.layers"

// The look-ups of subjects, of several shops, per number of values: by digest
// in the table, and by numbers that memory gave. The CROSS JOINs keep the
// sequence of the tables.
var (
	findQueries = valueQueries(`WITH v (shop, hash) AS (VALUES %s) SELECT ` + rowColumns + ` FROM v
		CROSS JOIN ids i ON i.shop = v.shop AND i.hash = v.hash
		CROSS JOIN orders o ON o.shop = i.shop AND o.number = i.number`)
	recentQueries = valueQueries(`WITH v (shop, number) AS (VALUES %s) SELECT ` + rowColumns + ` FROM v
		CROSS JOIN orders o ON o.shop = v.shop AND o.number = v.number`)
)

func valueQueries(query string) map[int]string {
	m := map[int]string{}
	for _, n := range chunks {
		m[n] = strings.Replace(query, "%s", strings.Repeat("(?,?),", n-1)+"(?,?)", 1)
	}
	return m
}

func scanRow(rows *sql.Rows) (r *ledger.IndexRow, shop string, err error) {
	r = new(ledger.IndexRow)
	var layers sql.RawBytes
	err = rows.Scan(&shop, &r.Number, &r.Key.Hash, &r.Key.Kind, &r.Key.ID, &r.Newest, &r.Kinds, &r.Flags, &layers)
	if err != nil {
		return nil, "", err
	}
	return r, shop, r.SetLayers(layers)
}

// eachRow calls f for each row and closes rows.
func eachRow(rows *sql.Rows, f func() error) error {
	var err error
	for err == nil && rows.Next() {
		err = f()
	}
	return errors.Join(err, rows.Err(), rows.Close())
}

func readHead(q querier, shop string) (h ledger.Head, err error) {
	var hash []byte
	const find = "SELECT head, hash, at, epoch FROM shops WHERE shop = ?"
	err = q.QueryRow(find, shop).Scan(&h.Seq, &hash, &h.At, &h.Epoch)
	if errors.Is(err, sql.ErrNoRows) {
		return ledger.Head{}, nil
	}
	copy(h.Hash[:], hash)
	return h, err
}
