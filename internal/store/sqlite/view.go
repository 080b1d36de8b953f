package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"sync"
)

// View is a reading transaction: what it reads is of one moment, after every
// commit that was answered before it began.
//
// Keep it short (under 100 ms): read in pages, and decode afterwards. While a
// view is open, the store's log can not be cut.
type View struct {
	ctx    context.Context
	conn   *sql.Conn
	stmts  map[string]*sql.Stmt
	recent *recent
	gens   generations
}

// View runs f on a connection that can only read. Statements are prepared
// once per text and kept: use constant texts.
func (s *Store) View(ctx context.Context, f func(v *View) error) error {
	v, err := s.readers.take(ctx)
	if err != nil {
		return translate(err)
	}
	sound := false // false after a panic of f, too
	defer func() { s.readers.giveBack(v, sound) }()
	v.recent, v.gens = s.recent, s.recent.generations() // before the view begins, see recent
	err = v.run(f)
	_, engine := resultCode(err)
	sound = !engine
	return translate(err)
}

func (v *View) run(f func(*View) error) (err error) {
	if _, err := v.exec("BEGIN"); err != nil {
		return err
	}
	defer func() {
		if _, end := v.exec("ROLLBACK"); end != nil {
			err = errors.Join(err, end)
		}
	}()
	return f(v)
}

func (v *View) exec(query string) (sql.Result, error) {
	st, err := prepared(v.ctx, v.conn, v.stmts, query)
	if err != nil {
		return nil, err
	}
	return st.ExecContext(v.ctx)
}

// Query runs a query; the caller closes the rows.
func (v *View) Query(query string, args ...any) (*sql.Rows, error) {
	st, err := prepared(v.ctx, v.conn, v.stmts, query)
	if err != nil {
		return nil, err
	}
	return st.QueryContext(v.ctx, args...)
}

// QueryRow runs a query of at most one row.
func (v *View) QueryRow(query string, args ...any) *sql.Row {
	st, err := prepared(v.ctx, v.conn, v.stmts, query)
	if err != nil {
		// A Row can not be made of an error; the same text fails again.
		return v.conn.QueryRowContext(v.ctx, query, args...)
	}
	return st.QueryRowContext(v.ctx, args...)
}

// readers are the reading connections: opened when needed, at most so many.
type readers struct {
	db    *sql.DB
	slots chan struct{}
	mu    sync.Mutex
	idle  []*View
	shut  bool
}

func newReaders(path string, r role, most int) *readers {
	return &readers{
		db:    sql.OpenDB(connector{path: path, role: r}),
		slots: make(chan struct{}, most),
	}
}

var errClosed = errors.New("the store is closed")

func (r *readers) take(ctx context.Context) (*View, error) {
	select {
	case r.slots <- struct{}{}:
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	v, err := r.idleOrNew(ctx)
	if err != nil {
		<-r.slots
		return nil, fmt.Errorf("read: %w", err)
	}
	return v, nil
}

func (r *readers) idleOrNew(ctx context.Context) (*View, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.shut {
		return nil, errClosed
	}
	if n := len(r.idle); n > 0 {
		v := r.idle[n-1]
		r.idle = r.idle[:n-1]
		return v, nil
	}
	// Not the caller's context: the connection outlives the call.
	conn, err := r.db.Conn(context.WithoutCancel(ctx))
	if err != nil {
		return nil, err
	}
	return &View{ctx: context.Background(), conn: conn, stmts: map[string]*sql.Stmt{}}, nil
}

// giveBack keeps the connection unless something went wrong on it.
func (r *readers) giveBack(v *View, sound bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	defer func() { <-r.slots }()
	v.gens = generations{}
	if r.shut || !sound {
		v.close()
		return
	}
	r.idle = append(r.idle, v)
}

// shrink closes all connections but one, which gives their memory back.
func (r *readers) shrink() {
	r.mu.Lock()
	defer r.mu.Unlock()
	for len(r.idle) > 1 {
		r.idle[0].close()
		r.idle = r.idle[1:]
	}
}

// close waits for the views that are open.
func (r *readers) close() error {
	r.mu.Lock()
	r.shut = true
	for _, v := range r.idle {
		v.close()
	}
	r.idle = nil
	r.mu.Unlock()
	for range cap(r.slots) {
		r.slots <- struct{}{}
	}
	return r.db.Close()
}

func (v *View) close() {
	for _, st := range v.stmts {
		_ = st.Close()
	}
	_ = v.conn.Close()
}
