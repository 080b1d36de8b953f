package postgres

import (
	"cmp"
	"context"
	"errors"
	"slices"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgtype"
	"github.com/ordermux/ordermux/internal/ledger"
)

var _ ledger.Store = (*Store)(nil)

// Read implements ledger.Store.
func (s *Store) Read(ctx context.Context, shop string, f func(ledger.Reader) error) error {
	return s.view(ctx, func(v *View) error { return f(reader{v, v.ctx, shop}) })
}

// Shops implements ledger.Store.
func (s *Store) Shops(ctx context.Context) ([]string, error) {
	return list(ctx, s, pgx.RowTo[string], "SELECT shop FROM shops ORDER BY shop")
}

// reader reads one shop in one transaction.
type reader struct {
	q    querier
	ctx  context.Context
	shop string
}

var _ ledger.Reader = reader{}

func (r reader) Head() (ledger.Head, error) {
	h, err := scanHead(r.q.QueryRow(r.ctx, "SELECT head, hash, at FROM heads WHERE shop = $1", r.shop))
	if errors.Is(err, pgx.ErrNoRows) {
		err = nil
	}
	return h, err
}

func (r reader) At(seq int64) (at int64, err error) {
	return r.number("SELECT at FROM events WHERE shop = $1 AND seq = $2", seq)
}

// number returns the number that a query of at most one row finds; 0: none.
func (r reader) number(query string, args ...any) (n int64, err error) {
	err = r.q.QueryRow(r.ctx, query, append([]any{r.shop}, args...)...).Scan(&n)
	if errors.Is(err, pgx.ErrNoRows) {
		err = nil
	}
	return n, err
}

func (r reader) RowsByKey(keys []ledger.Key) ([]*ledger.IndexRow, error) {
	rows, err := r.rows(rowsByHash, hashesOf(keys))
	return rows.byKey(keys), err
}

func (r reader) RowsByNumber(numbers []int64) ([]*ledger.IndexRow, error) {
	rows, err := r.rows(rowsByNumber, numbers)
	return rows.byNumber(numbers), err
}

func (r reader) rows(query string, list []int64) (found foundRows, err error) {
	if len(list) == 0 {
		return nil, nil
	}
	rows, err := r.q.Query(r.ctx, query, r.shop, list)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	return found, found.scan(rows)
}

// The columns of an event with its personal part, as eachEvent reads them. The
// personal part is looked up row by row whatever the planner thinks.
const (
	eventFields   = "SELECT e.seq, e.at, e.personal, e.hash, e.header, e.body, p.salt, p.body FROM "
	eventPersonal = ` LEFT JOIN LATERAL (SELECT salt, body FROM personal
		WHERE shop = $1 AND seq = e.personal LIMIT 1) p ON true `
	eventsBySeq = eventFields + `unnest($2::bigint[]) u (seq)
		CROSS JOIN LATERAL (SELECT * FROM events WHERE shop = $1 AND seq = u.seq LIMIT 1) e` + eventPersonal
	eventsAfter = eventFields + "events e" + eventPersonal + "WHERE e.shop = $1 AND e.seq > $2 ORDER BY e.seq LIMIT $3"
)

func (r reader) Events(seqs []int64) ([]*ledger.Stored, error) {
	list := make([]*ledger.Stored, len(seqs))
	if len(seqs) == 0 {
		return list, nil
	}
	rows, err := r.q.Query(r.ctx, eventsBySeq, r.shop, seqs)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	bySeq := make(map[int64]*ledger.Stored, len(seqs))
	err = eachEvent(rows, func(e *ledger.Stored) { bySeq[e.Seq] = e })
	for i, seq := range seqs {
		list[i] = bySeq[seq]
	}
	return list, err
}

// afterBytes is how much of the log one read takes at least before it stops:
// enough for a page of orders, little enough for a short view. afterRows is
// how many rows it asks for at a time, because what is asked for is also sent.
const (
	afterBytes = 4 << 20
	afterRows  = 1000
)

func (r reader) After(seq int64, limit int) ([]*ledger.Stored, error) {
	rows, err := r.q.Query(r.ctx, eventsAfter, r.shop, seq, min(limit, afterRows))
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	list := make([]*ledger.Stored, 0, min(limit, 256))
	bytes := 0
	err = eachEvent(rows, func(e *ledger.Stored) {
		if bytes < afterBytes {
			list = append(list, e)
		}
		bytes += len(e.Body) + len(e.PersonalBody)
	})
	return list, err
}

// eachEvent reads the rows of events.
func eachEvent(rows pgx.Rows, f func(*ledger.Stored)) error {
	var hash, salt pgtype.DriverBytes
	var personal *int64
	for rows.Next() {
		e := &ledger.Stored{}
		var body []byte
		if err := rows.Scan(&e.Seq, &e.At, &personal, &hash, &e.Header, &e.Body, &salt, &body); err != nil {
			return err
		}
		copy(e.Hash[:], hash)
		if personal != nil {
			e.Personal = *personal
		}
		if !erasedSalt(salt) {
			e.Salt, e.PersonalBody = slices.Clone([]byte(salt)), body
		}
		f(e)
	}
	return rows.Err()
}

// erasedSalt tells the salt of an erased personal part: it is empty, or nothing
// but zeros where the part was moved here from a data folder.
func erasedSalt(salt []byte) bool {
	for _, b := range salt {
		if b != 0 {
			return false
		}
	}
	return true
}

func (r reader) Later(numbers []int64) ([][]int64, error) {
	const query = `SELECT u.number, l.seq FROM unnest($2::bigint[]) u (number),
		LATERAL (SELECT seq FROM later WHERE shop = $1 AND number = u.number OFFSET 0) l`
	byNumber := make(map[int64][]int64, len(numbers))
	err := r.pairs(query, numbers, func(number, seq int64) { byNumber[number] = append(byNumber[number], seq) })
	lists := make([][]int64, len(numbers))
	for i, n := range numbers {
		slices.Sort(byNumber[n])
		lists[i] = byNumber[n]
	}
	return lists, err
}

func (r reader) pairs(query string, list []int64, f func(a, b int64)) error {
	if len(list) == 0 {
		return nil
	}
	rows, err := r.q.Query(r.ctx, query, r.shop, list)
	if err != nil {
		return err
	}
	var a, b int64
	_, err = pgx.ForEachRow(rows, []any{&a, &b}, func() error { f(a, b); return nil })
	return err
}

func (r reader) Happenings(number int64) (map[int64]ledger.Print, error) {
	rows, err := r.q.Query(r.ctx, "SELECT seq, print FROM happenings WHERE shop = $1 AND number = $2", r.shop, number)
	if err != nil {
		return nil, err
	}
	prints := map[int64]ledger.Print{}
	var seq int64
	var print []byte
	_, err = pgx.ForEachRow(rows, []any{&seq, &print}, func() error { prints[seq] = ledger.Print(print); return nil })
	return prints, err
}

func (r reader) Resolve(source, value string) (int64, error) {
	return r.number("SELECT number FROM refs WHERE shop = $1 AND source = $2 AND value = $3", source, value)
}

// Sources jumps from name to name over the index instead of reading it whole.
func (r reader) Sources(prefix string) ([]string, error) {
	const query = `WITH RECURSIVE names AS (
			(SELECT source FROM stated WHERE shop = $1 AND source >= $2 ORDER BY shop, source LIMIT 1)
			UNION ALL
			SELECT (SELECT s.source FROM stated s WHERE s.shop = $1 AND s.source > n.source ORDER BY s.shop, s.source LIMIT 1)
			FROM names n WHERE starts_with(n.source, $2))
		SELECT source FROM names WHERE starts_with(source, $2)`
	rows, err := r.q.Query(r.ctx, query, r.shop, prefix)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, pgx.RowTo[string])
}

// statedPage is how many blocks one look takes.
const statedPage = 16

// statedRows reads the orders of a source's blocks, newest block first. The
// rows come by blocks, however the planner joins them; Stated sorts.
const statedRows = `SELECT b.block, ` + rowFields + ` FROM
	(SELECT block FROM stated WHERE shop = $1 AND source = $2 AND block <= $3 ORDER BY block DESC LIMIT $5) b
	CROSS JOIN LATERAL (SELECT * FROM orders WHERE shop = $1 AND number >= b.block * 256
		AND number < least((b.block + 1) * 256, $4) ORDER BY number LIMIT 256) o`

// Stated reads blocks, newest first, until it has enough rows.
func (r reader) Stated(source string, below int64, limit int) ([]*ledger.IndexRow, error) {
	var list []*ledger.IndexRow
	for below > 0 && len(list) < limit {
		blocks := min(statedPage, (limit-len(list))/statedBlock+2)
		rows, oldest, err := r.statedPage(source, below, blocks)
		if err != nil || oldest < 0 {
			return list, err
		}
		for _, row := range rows {
			if len(list) < limit && row.StatedBy(source) {
				list = append(list, &row.IndexRow)
			}
		}
		below = oldest * statedBlock
	}
	return list, nil
}

// statedPage returns the rows of the source's newest blocks below a number,
// newest first, and the oldest of these blocks; -1: there is none.
func (r reader) statedPage(source string, below int64, blocks int) (found foundRows, oldest int64, err error) {
	rows, err := r.q.Query(r.ctx, statedRows, r.shop, source, (below-1)/statedBlock, below, blocks)
	if err != nil {
		return nil, 0, err
	}
	defer rows.Close()
	oldest = -1
	for rows.Next() {
		row := &foundRow{}
		var block int64
		if err := row.scan(rows, &block); err != nil {
			return nil, 0, err
		}
		if oldest < 0 || block < oldest {
			oldest = block
		}
		found = append(found, row)
	}
	slices.SortFunc(found, func(a, b *foundRow) int { return cmp.Compare(b.Number, a.Number) })
	return found, oldest, rows.Err()
}
