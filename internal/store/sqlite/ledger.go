package sqlite

import (
	"context"
	"crypto/rand"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"

	"github.com/ordermux/ordermux/internal/ledger"
	"github.com/ordermux/ordermux/internal/order"
)

var _ ledger.Store = (*Store)(nil)

// Append implements ledger.Store.
func (s *Store) Append(ctx context.Context, c *ledger.Call) error {
	if s.writer == nil {
		return fmt.Errorf("%w: opened to read", order.ErrReadOnly)
	}
	t := &task{call: c, done: make(chan struct{})}
	if err := s.writer.queue.addAppend(t); err != nil {
		return err
	}
	return t.wait(ctx)
}

// Key implements ledger.Store.
func (s *Store) Key(ctx context.Context, shop string) (key []byte, err error) {
	const find = "SELECT key FROM shops WHERE shop = ?"
	err = s.View(ctx, func(v *View) error { return v.QueryRow(find, shop).Scan(&key) })
	if !errors.Is(err, sql.ErrNoRows) {
		return key, err
	}
	made := make([]byte, 32)
	rand.Read(made)
	err = s.Do(ctx, func(tx *Tx) error {
		const add = "INSERT INTO shops (shop, key) VALUES (?, ?) ON CONFLICT DO NOTHING"
		if _, err := tx.Exec(add, shop, made); err != nil {
			return err
		}
		return tx.QueryRow(find, shop).Scan(&key)
	})
	return key, err
}

// appender runs the appends of one transaction: it loads the order rows that
// the calls name, lets the ledger decide, and writes what came of it.
type appender struct {
	w     *writer
	tx    *Tx
	batch *ledger.Batch
	args  []driver.Value
	// The value of a text that many rows share, made once.
	shared string
	value  driver.Value
}

func newAppender(w *writer) *appender {
	return &appender{w: w, tx: w.tx, batch: &w.batch, args: w.args, value: ""}
}

// text returns the value of a text that is often that of the row before.
func (a *appender) text(s string) driver.Value {
	if s != a.shared {
		a.shared, a.value = s, s
	}
	return a.value
}

// run decides on the appends of a group. A call's own trouble is in task.err.
func (a *appender) run(group []*task) error {
	a.batch.Reset(a.w.opts.Now(), a)
	if err := a.load(group); err != nil {
		return fmt.Errorf("look up orders: %w", err)
	}
	for _, t := range group {
		if t.call == nil {
			continue
		}
		if t.err = nil; t.call.Alone() {
			return a.erase(t)
		}
		if err := a.decide(t); err != nil {
			return err
		}
	}
	if err := a.write(); err != nil {
		return err
	}
	a.w.recent.addRows(a.batch)
	return nil
}

// failed takes back what memory was told of a transaction that failed. What
// it is after a commit of unknown result, the store says; if it can not,
// nothing more is written.
func (a *appender) failed(err error) {
	const find = "SELECT count(*) FROM orders WHERE shop = ? AND number = ? AND hash = ?"
	a.w.recent.removeRows(a.batch, func(c ledger.RowChange) bool {
		if !errors.Is(err, errUnknownCommit) {
			return true
		}
		var n int
		if err := a.tx.QueryRow(find, c.Shop, c.Row.Number, c.Row.Key.Hash).Scan(&n); err != nil {
			a.w.broken.Store(&err)
		}
		return n == 0
	})
}

// decide decides on one call; its effects run under a savepoint.
func (a *appender) decide(t *task) error {
	err := guarded(func() error { return a.batch.Decide(t.call) })
	if err != nil {
		if lost(err) {
			return err
		}
		t.err = translate(err)
		return nil
	}
	effects := t.call.Effects()
	if effects == nil {
		return nil
	}
	err = a.w.savepoint(func() error {
		for _, e := range effects {
			if err := e.Apply(a.tx.ctx, a.tx); err != nil {
				return err
			}
		}
		return nil
	}, &t.err)
	if err == nil && t.err != nil {
		a.batch.Undo()
	}
	return err
}

// committed keeps the new heads and tells the calls, in the log's sequence.
func (a *appender) committed(group []*task) {
	for shop, h := range a.batch.Heads {
		a.w.heads[shop] = h
	}
	for _, t := range group {
		if t.call != nil && t.err == nil {
			t.call.Committed()
		}
	}
}

// Head implements ledger.Lookup from the writer's memory of the last commit.
func (a *appender) Head(shop string) (ledger.Head, error) {
	if h, ok := a.w.heads[shop]; ok {
		return h, nil
	}
	h, err := readHead(a.tx, shop)
	if err == nil {
		a.w.heads[shop] = h
	}
	return h, err
}

// Event implements ledger.Lookup.
func (a *appender) Event(shop string, seq int64) (*ledger.Stored, error) {
	list, err := readEvents(a.tx, shop, []int64{seq})
	if err != nil {
		return nil, err
	}
	return list[0], nil
}

// Happening implements ledger.Lookup.
func (a *appender) Happening(shop string, number int64, print ledger.Print) (seq int64, err error) {
	const find = "SELECT seq FROM happenings WHERE shop = ? AND number = ? AND print = ?"
	err = a.tx.QueryRow(find, shop, number, print[:]).Scan(&seq)
	if errors.Is(err, sql.ErrNoRows) {
		err = nil
	}
	return seq, err
}

// load makes the batch know the rows of all subjects of the group.
func (a *appender) load(group []*task) error {
	var want []wanted
	for _, t := range group {
		if t.call == nil {
			continue
		}
		for _, k := range t.call.Keys() {
			want = append(want, wanted{t.call.Shop, k})
		}
	}
	rows, err := findRows(a.tx, a.w.recent, a.w.recent.generations(), want)
	if err != nil {
		return err
	}
	for i := range want {
		a.batch.Know(want[i].shop, want[i].key, rows[i])
	}
	return nil
}

func (a *appender) write() error {
	if err := a.w.fault(PointInsert); err != nil {
		return err
	}
	for _, f := range []func() error{
		a.writeEvents, a.writePersonal, a.writeNewRows, a.writeChangedRows,
		a.writeLater, a.writeHappenings, a.writeReferences, a.writeStated, a.writeHeads,
	} {
		a.args = a.args[:0]
		if err := f(); err != nil {
			return fmt.Errorf("write ledger: %w", err)
		}
	}
	clear(a.args[:cap(a.args)])
	a.w.args = a.args[:0]
	return nil
}

func (a *appender) writeEvents() error {
	for i := range a.batch.Events {
		e := &a.batch.Events[i]
		var personal driver.Value
		if e.Personal != 0 {
			personal = e.Personal
		}
		a.args = append(a.args, a.text(e.Shop), e.Seq, e.At, personal, e.Hash[:], e.Header, e.Body)
	}
	return a.tx.InsertMany("INSERT INTO events (shop, seq, at, personal, hash, header, body) VALUES", 7, a.args)
}

func (a *appender) writePersonal() error {
	for i := range a.batch.Personal {
		p := &a.batch.Personal[i]
		a.args = append(a.args, a.text(p.Shop), p.Seq, p.Salt, p.Body)
	}
	return a.tx.InsertMany("INSERT INTO personal (shop, seq, salt, body) VALUES", 4, a.args)
}

func (a *appender) writeNewRows() error {
	layers := a.w.layers[:0]
	for c := range a.batch.Rows {
		if c.New {
			r := c.Row
			from := len(layers)
			layers = r.AppendLayers(layers)
			a.args = append(a.args, a.text(c.Shop), r.Number, r.Key.Hash, r.Key.Kind, r.Key.ID, r.Newest,
				int64(r.Kinds), int64(r.Flags), layers[from:len(layers):len(layers)])
		}
	}
	a.w.layers = layers
	return a.tx.InsertMany("INSERT INTO orders (shop, number, hash, kind, id, newest, kinds, flags, layers) VALUES", 9, a.args)
}

func (a *appender) writeChangedRows() error {
	const update = `UPDATE orders SET newest = ?, kinds = ?, flags = ?, layers = ? WHERE shop = ? AND number = ?`
	for c := range a.batch.Rows {
		if c.New {
			continue
		}
		r := c.Row
		_, err := a.tx.Exec(update, r.Newest, int64(r.Kinds), int64(r.Flags), r.AppendLayers(nil), c.Shop, r.Number)
		if err != nil {
			return err
		}
	}
	return nil
}

func (a *appender) writeLater() error {
	for _, l := range a.batch.Later {
		a.args = append(a.args, a.text(l.Shop), l.Number, l.Seq)
	}
	return a.tx.InsertMany("INSERT INTO later (shop, number, seq) VALUES", 3, a.args)
}

func (a *appender) writeHappenings() error {
	for i := range a.batch.Happenings {
		h := &a.batch.Happenings[i]
		a.args = append(a.args, h.Shop, h.Number, h.Print[:], h.Seq)
	}
	return a.tx.InsertMany("INSERT INTO happenings (shop, number, print, seq) VALUES", 4, a.args)
}

func (a *appender) writeReferences() error {
	const upsert = `INSERT INTO refs (shop, source, value, number) VALUES %s
		ON CONFLICT (shop, source, value) DO UPDATE SET number = excluded.number`
	for _, r := range a.batch.References {
		a.args = append(a.args, r.Shop, r.Source, r.Value, r.Number)
	}
	return a.tx.InsertMany(upsert, 4, a.args)
}

// statedBlock is how many order numbers share a row of the table stated.
const statedBlock = 256

// writeStated adds the blocks that are new, as far as the writer remembers:
// most orders are in the block of the one before.
func (a *appender) writeStated() error {
	for _, l := range a.batch.Layers {
		key, block := statedKey{l.Shop, l.Source}, l.Number/statedBlock
		if last, ok := a.w.stated[key]; ok && last == block {
			continue
		}
		a.w.stated[key] = block
		a.args = append(a.args, l.Shop, l.Source, block)
	}
	return a.tx.InsertMany("INSERT INTO stated (shop, source, block) VALUES %s ON CONFLICT DO NOTHING", 3, a.args)
}

// errOwner means that the shop has another owner by now.
var errOwner = errors.New("the shop was taken over by another node")

func (a *appender) writeHeads() error {
	const update = "UPDATE shops SET head = ?, hash = ?, at = ? WHERE shop = ? AND epoch = ?"
	for shop, h := range a.batch.Heads {
		result, err := a.tx.Exec(update, h.Seq, h.Hash[:], h.At, shop, h.Epoch)
		if err != nil {
			return err
		}
		if n, err := result.RowsAffected(); err != nil || n != 1 {
			return errors.Join(errOwner, err)
		}
	}
	return nil
}

type statedKey struct{ shop, source string }
