package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"strings"

	"github.com/ordermux/ordermux/internal/ledger"
)

// Read implements ledger.Store.
func (s *Store) Read(ctx context.Context, shop string, f func(ledger.Reader) error) error {
	return s.View(ctx, func(v *View) error { return f(reader{v, shop}) })
}

// Shops implements ledger.Store.
func (s *Store) Shops(ctx context.Context) (shops []string, err error) {
	err = s.View(ctx, func(v *View) error {
		shops, err = texts(v, "SELECT shop FROM shops ORDER BY shop")
		return err
	})
	return shops, err
}

// reader reads one shop in one view.
type reader struct {
	v    *View
	shop string
}

var _ ledger.Reader = reader{}

func (r reader) Head() (ledger.Head, error) { return readHead(r.v, r.shop) }

func (r reader) At(seq int64) (at int64, err error) {
	err = r.v.QueryRow("SELECT at FROM events WHERE shop = ? AND seq = ?", r.shop, seq).Scan(&at)
	if errors.Is(err, sql.ErrNoRows) {
		err = nil
	}
	return at, err
}

func (r reader) RowsByKey(keys []ledger.Key) ([]*ledger.IndexRow, error) {
	want := make([]wanted, len(keys))
	for i, k := range keys {
		want[i] = wanted{r.shop, k}
	}
	return findRows(r.v, r.v.recent, r.v.gens, want)
}

func (r reader) RowsByNumber(numbers []int64) ([]*ledger.IndexRow, error) {
	byNumber := make(map[int64]*ledger.IndexRow, len(numbers))
	err := inChunks(r.v, r.shop, numbers, numberQueries, func(rows *sql.Rows) error {
		row, _, err := scanRow(rows)
		if err == nil {
			byNumber[row.Number] = row
		}
		return err
	})
	list := make([]*ledger.IndexRow, len(numbers))
	for i, n := range numbers {
		list[i] = byNumber[n]
	}
	return list, err
}

func (r reader) Events(seqs []int64) ([]*ledger.Stored, error) {
	return readEvents(r.v, r.shop, seqs)
}

func readEvents(q querier, shop string, seqs []int64) ([]*ledger.Stored, error) {
	bySeq := make(map[int64]*ledger.Stored, len(seqs))
	err := inChunks(q, shop, seqs, eventQueries, func(rows *sql.Rows) error {
		e, err := scanEvent(rows)
		if err == nil {
			bySeq[e.Seq] = e
		}
		return err
	})
	list := make([]*ledger.Stored, len(seqs))
	for i, seq := range seqs {
		list[i] = bySeq[seq]
	}
	return list, err
}

// afterBytes is how much of the log one read takes: enough for a page of
// orders, little enough for a short view.
const afterBytes = 4 << 20

func (r reader) After(seq int64, limit int) ([]*ledger.Stored, error) {
	const query = eventSelect + " WHERE e.shop = ? AND e.seq > ? ORDER BY e.seq LIMIT ?"
	rows, err := r.v.Query(query, r.shop, seq, limit)
	if err != nil {
		return nil, err
	}
	list := make([]*ledger.Stored, 0, min(limit, 256))
	for bytes := 0; bytes < afterBytes && rows.Next(); {
		e, err := scanEvent(rows)
		if err != nil {
			return nil, errors.Join(err, rows.Close())
		}
		list = append(list, e)
		bytes += len(e.Body) + len(e.PersonalBody)
	}
	return list, errors.Join(rows.Err(), rows.Close())
}

func (r reader) Later(numbers []int64) ([][]int64, error) {
	byNumber := make(map[int64][]int64, len(numbers))
	err := inChunks(r.v, r.shop, numbers, laterQueries, func(rows *sql.Rows) error {
		var number, seq int64
		err := rows.Scan(&number, &seq)
		byNumber[number] = append(byNumber[number], seq)
		return err
	})
	lists := make([][]int64, len(numbers))
	for i, n := range numbers {
		lists[i] = byNumber[n]
	}
	return lists, err
}

func (r reader) Happenings(number int64) (map[int64]ledger.Print, error) {
	rows, err := r.v.Query("SELECT seq, print FROM happenings WHERE shop = ? AND number = ?", r.shop, number)
	if err != nil {
		return nil, err
	}
	prints := map[int64]ledger.Print{}
	err = eachRow(rows, func() error {
		var seq int64
		var print sql.RawBytes
		err := rows.Scan(&seq, &print)
		p := prints[seq]
		copy(p[:], print)
		prints[seq] = p
		return err
	})
	return prints, err
}

func (r reader) Resolve(source, value string) (number int64, err error) {
	const find = "SELECT number FROM refs WHERE shop = ? AND source = ? AND value = ?"
	err = r.v.QueryRow(find, r.shop, source, value).Scan(&number)
	if errors.Is(err, sql.ErrNoRows) {
		err = nil
	}
	return number, err
}

// Sources jumps from name to name over the index instead of reading it whole.
func (r reader) Sources(prefix string) ([]string, error) { return sourcesOf(r.v, r.shop, prefix) }

func sourcesOf(q querier, shop, prefix string) ([]string, error) {
	const next = `SELECT source FROM stated WHERE shop = ? AND source >= ? ORDER BY shop, source LIMIT 1`
	var names []string
	for from := prefix; ; {
		var name string
		err := q.QueryRow(next, shop, from).Scan(&name)
		if errors.Is(err, sql.ErrNoRows) || (err == nil && !strings.HasPrefix(name, prefix)) {
			return names, nil
		}
		if err != nil {
			return nil, err
		}
		names = append(names, name)
		from = name + "\x00"
	}
}

// Stated reads blocks, newest first, until it has enough rows or has looked at
// so many that the view would get long.
func (r reader) Stated(source string, below int64, limit int) ([]*ledger.IndexRow, error) {
	const blocks = `SELECT block FROM stated WHERE shop = ? AND source = ? AND block <= ? ORDER BY block DESC LIMIT ?`
	var list []*ledger.IndexRow
	for below > 0 && len(list) < limit {
		rows, err := r.v.Query(blocks, r.shop, source, (below-1)/statedBlock, 16)
		if err != nil {
			return nil, err
		}
		var page []int64
		err = eachRow(rows, func() error {
			var b int64
			err := rows.Scan(&b)
			page = append(page, b)
			return err
		})
		if err != nil || len(page) == 0 {
			return list, err
		}
		for _, b := range page {
			if len(list) >= limit {
				break
			}
			if list, err = r.statedIn(list, source, b, below, limit); err != nil {
				return nil, err
			}
			below = b * statedBlock
		}
	}
	return list, nil
}

// statedIn appends the rows of one block that hold a layer of the source.
func (r reader) statedIn(list []*ledger.IndexRow, source string, block, below int64, limit int) ([]*ledger.IndexRow, error) {
	const query = `SELECT ` + rowColumns + ` FROM orders o
		WHERE o.shop = ? AND o.number >= ? AND o.number < ? ORDER BY o.number DESC`
	rows, err := r.v.Query(query, r.shop, block*statedBlock, min(below, (block+1)*statedBlock))
	if err != nil {
		return nil, err
	}
	err = eachRow(rows, func() error {
		row, _, err := scanRow(rows)
		if err == nil && len(list) < limit && row.StatedBy(source) {
			list = append(list, row)
		}
		return err
	})
	return list, err
}

const (
	eventSelect = `SELECT e.seq, e.at, e.personal, e.hash, e.header, e.body, p.salt, p.body
		FROM events e LEFT JOIN personal p ON p.shop = e.shop AND p.seq = e.personal`
	rowSelect   = `SELECT ` + rowColumns + ` FROM orders o`
	laterSelect = `SELECT l.number, l.seq FROM later l`
)

// The queries by lists, per number of values.
var (
	eventQueries  = listQueries(eventSelect+" WHERE e.shop = ? AND e.seq IN (%s)", "")
	numberQueries = listQueries(rowSelect+" WHERE o.shop = ? AND o.number IN (%s)", "")
	laterQueries  = listQueries(laterSelect+" WHERE l.shop = ? AND l.number IN (%s)", " ORDER BY l.number, l.seq")
)

func listQueries(query, end string) map[int]string {
	m := map[int]string{}
	for _, n := range chunks {
		m[n] = strings.Replace(query, "%s", strings.Repeat("?,", n-1)+"?", 1) + end
	}
	return m
}

// inChunks runs a query for a list of values, some at a time.
func inChunks(q querier, shop string, values []int64, queries map[int]string, f func(*sql.Rows) error) error {
	return inChunksOf(q, []any{shop}, values, queries, f)
}

// inChunksOf does so for queries with more arguments before the list.
func inChunksOf(q querier, first []any, values []int64, queries map[int]string, f func(*sql.Rows) error) error {
	for len(values) > 0 {
		some := values[:min(len(values), mostChunk)]
		values = values[len(some):]
		n := chunk(len(some))
		args := make([]any, len(first)+n) // what is left is NULL and finds nothing
		copy(args, first)
		for i, v := range some {
			args[len(first)+i] = v
		}
		rows, err := q.Query(queries[n], args...)
		if err != nil {
			return err
		}
		if err := eachRow(rows, func() error { return f(rows) }); err != nil {
			return err
		}
	}
	return nil
}

func scanEvent(rows *sql.Rows) (*ledger.Stored, error) {
	var e ledger.Stored
	var personal sql.NullInt64
	var hash, salt, body sql.RawBytes
	err := rows.Scan(&e.Seq, &e.At, &personal, &hash, &e.Header, &e.Body, &salt, &body)
	if err != nil {
		return nil, err
	}
	copy(e.Hash[:], hash)
	e.Personal = personal.Int64
	if !erasedSalt(salt) {
		e.Salt = append([]byte(nil), salt...)
		e.PersonalBody = append([]byte(nil), body...)
	}
	return &e, nil
}

// erasedSalt tells the salt of an erased personal part: nothing but zeros.
func erasedSalt(salt []byte) bool {
	for _, b := range salt {
		if b != 0 {
			return false
		}
	}
	return true
}

// texts returns the first column of a query.
func texts(q querier, query string, args ...any) ([]string, error) {
	rows, err := q.Query(query, args...)
	if err != nil {
		return nil, err
	}
	var list []string
	err = eachRow(rows, func() error {
		var s string
		err := rows.Scan(&s)
		list = append(list, s)
		return err
	})
	return list, err
}
