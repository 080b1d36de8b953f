package sqlite

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"fmt"
	"strings"
	"time"
)

// Tx is the writer's open transaction, as closures of Do and effects of
// entries get it. It is valid only while they run.
//
// Statements are prepared once per text and kept: use constant texts. Errors
// of the engine come back as they are and must be returned: Do translates.
type Tx struct {
	ctx     context.Context
	now     func() time.Time // the store's clock
	conn    *sql.Conn
	stmts   map[string]*sql.Stmt
	inserts map[insertKey]driver.Stmt
	values  []driver.NamedValue // room for insertMany
}

func newTx(conn *sql.Conn, now func() time.Time) *Tx {
	// A context that can not end saves a goroutine per statement; see Do for
	// how a caller's context counts.
	return &Tx{
		ctx: context.Background(), now: now, conn: conn,
		stmts: map[string]*sql.Stmt{}, inserts: map[insertKey]driver.Stmt{},
	}
}

// Exec runs a statement.
func (t *Tx) Exec(query string, args ...any) (sql.Result, error) {
	st, err := t.prepared(query)
	if err != nil {
		return nil, err
	}
	return st.ExecContext(t.ctx, args...)
}

// Query runs a query; the caller closes the rows before the next statement.
func (t *Tx) Query(query string, args ...any) (*sql.Rows, error) {
	st, err := t.prepared(query)
	if err != nil {
		return nil, err
	}
	return st.QueryContext(t.ctx, args...)
}

// QueryRow runs a query of at most one row.
func (t *Tx) QueryRow(query string, args ...any) *sql.Row {
	st, err := t.prepared(query)
	if err != nil {
		// A Row can not be made of an error; the same text fails again.
		return t.conn.QueryRowContext(t.ctx, query, args...)
	}
	return st.QueryRowContext(t.ctx, args...)
}

func (t *Tx) prepared(query string) (*sql.Stmt, error) {
	return prepared(t.ctx, t.conn, t.stmts, query)
}

// mostStatements bounds what a connection keeps prepared: texts are constants,
// and lists come in few lengths.
const mostStatements = 512

func prepared(ctx context.Context, conn *sql.Conn, kept map[string]*sql.Stmt, query string) (*sql.Stmt, error) {
	if st, ok := kept[query]; ok {
		return st, nil
	}
	if len(kept) >= mostStatements {
		for q, st := range kept {
			delete(kept, q)
			if err := st.Close(); err != nil {
				return nil, err
			}
		}
	}
	st, err := conn.PrepareContext(ctx, query)
	if err != nil {
		return nil, err
	}
	kept[query] = st
	return st, nil
}

// insertRows is how many rows one INSERT carries: 50 gain 1.15 to 1.4 times
// over single ones, more gain nothing.
const insertRows = 50

type insertKey struct {
	query string
	rows  int
}

// InsertMany runs an INSERT for many rows, many at a time. query ends before
// the rows ("INSERT INTO t (shop, a, b) VALUES"), or holds one %s in their
// place if something follows; args are all columns of all rows in sequence,
// as driver values (int64, float64, bool, []byte, string, nil) only.
func (t *Tx) InsertMany(query string, columns int, args []driver.Value) error {
	for len(args) > 0 {
		rows := insertChunk(len(args) / columns)
		if err := t.insert(query, columns, rows, args[:rows*columns]); err != nil {
			return err
		}
		args = args[rows*columns:]
	}
	return nil
}

// insertChunk is how many of n rows one INSERT takes. Each length is a
// statement to be kept prepared; these few need at most three for any rest.
func insertChunk(n int) int {
	for _, c := range [...]int{insertRows, 32, 24} {
		if n >= c {
			return c
		}
	}
	return min(n, 16)
}

// insert bypasses database/sql, whose copying of arguments costs as much as a
// small row.
func (t *Tx) insert(query string, columns, rows int, args []driver.Value) error {
	t.values = t.values[:0]
	for i, a := range args {
		t.values = append(t.values, driver.NamedValue{Ordinal: i + 1, Value: a})
	}
	defer clear(t.values)
	return t.conn.Raw(func(c any) error {
		st, err := t.preparedInsert(c, query, columns, rows)
		if err != nil {
			return err
		}
		return runInsert(t.ctx, st, t.values)
	})
}

func (t *Tx) preparedInsert(conn any, query string, columns, rows int) (driver.Stmt, error) {
	key := insertKey{query, rows}
	if st, ok := t.inserts[key]; ok {
		return st, nil
	}
	row := "(" + strings.Repeat("?,", columns-1) + "?)"
	list := strings.Repeat(row+",", rows-1) + row
	text := query + " " + list
	if strings.Contains(query, "%s") {
		text = fmt.Sprintf(query, list)
	}
	st, err := conn.(driver.Conn).Prepare(text)
	if err != nil {
		return nil, err
	}
	t.inserts[key] = st
	return st, nil
}

// rest gives the statements of InsertMany back, with the memory of what they
// inserted last.
func (t *Tx) rest() {
	for _, st := range t.inserts {
		_ = st.Close()
	}
	clear(t.inserts)
}

func (t *Tx) close() {
	t.rest()
	for _, st := range t.stmts {
		_ = st.Close()
	}
}
