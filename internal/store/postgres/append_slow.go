package postgres

import (
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5"
	"github.com/ordermux/ordermux/internal/ledger"
)

// lockHead is the first statement of an append: what the next ones see then
// stays until its end.
const lockHead = "SELECT head, hash, at FROM heads WHERE shop = $1 FOR UPDATE"

var errNoHead = errors.New("the shop has no head")

// slow locks the head, looks up what is there, decides, and writes.
func (a *appender) slow() error {
	alone := a.group[0]
	if alone.call.Alone() {
		if err := lockRoutes(a.tx, a.log.shop); err != nil {
			return err
		}
	}
	a.batch.Reset(a.s.Now(), a)
	none, err := a.load()
	if err != nil {
		return fmt.Errorf("look up orders: %w", err)
	}
	a.log.suited(none && a.log.known && a.log.head == a.base)
	if alone.call.Alone() {
		return a.erase(alone)
	}
	for _, t := range a.group {
		if err := a.decide(t); err != nil {
			return err
		}
	}
	return a.write()
}

// load locks the head and makes the batch know the rows of all subjects, in
// one round trip, and reads what Decide may ask, in another one if there is
// something. It reports whether no subject was there.
func (a *appender) load() (none bool, err error) {
	var keys []ledger.Key
	for _, t := range a.group {
		keys = append(keys, t.call.Keys()...)
	}
	var rows foundRows
	b := &pgx.Batch{}
	b.Queue(lockHead, a.log.shop).QueryRow(func(row pgx.Row) (err error) {
		a.base, err = scanHead(row)
		if errors.Is(err, pgx.ErrNoRows) {
			err = errNoHead
		}
		return err
	})
	b.Queue(rowsByHash, a.log.shop, hashesOf(keys)).Query(rows.scan)
	if err := a.tx.batch(b); err != nil {
		return false, err
	}
	for _, r := range rows {
		a.twins[r.Key.Hash] = max(a.twins[r.Key.Hash], r.twin+1)
	}
	for i, row := range rows.byKey(keys) {
		a.batch.Know(a.log.shop, keys[i], row)
	}
	return len(rows) == 0, a.loadAsked()
}

// loadAsked reads what Decide may ask.
func (a *appender) loadAsked() error {
	a.asked = ledger.Asks{Events: a.asked.Events[:0], Numbers: a.asked.Numbers[:0], Prints: a.asked.Prints[:0]}
	for _, t := range a.group {
		a.batch.Asks(t.call, &a.asked)
	}
	clear(a.events)
	clear(a.prints)
	b := &pgx.Batch{}
	if len(a.asked.Events) > 0 {
		b.Queue(eventsBySeq, a.log.shop, a.asked.Events).Query(func(rows pgx.Rows) error {
			return eachEvent(rows, func(e *ledger.Stored) { a.events[e.Seq] = e })
		})
	}
	if len(a.asked.Numbers) > 0 {
		for i, n := range a.asked.Numbers {
			a.prints[printKey{n, a.asked.Prints[i]}] = 0 // asked, and not there
		}
		b.Queue(happeningsByPrint, a.log.shop, a.asked.Numbers, printBytes(a.asked.Prints)).Query(a.scanPrints)
	}
	return a.tx.batch(b)
}

const happeningsByPrint = `SELECT u.number, u.print, h.seq FROM unnest($2::bigint[], $3::bytea[]) u (number, print),
	LATERAL (SELECT seq FROM happenings WHERE shop = $1 AND number = u.number AND print = u.print LIMIT 1) h`

func (a *appender) scanPrints(rows pgx.Rows) error {
	var number, seq int64
	var print []byte
	_, err := pgx.ForEachRow(rows, []any{&number, &print, &seq}, func() error {
		a.prints[printKey{number, ledger.Print(print)}] = seq
		return nil
	})
	return err
}

func printBytes(prints []ledger.Print) [][]byte {
	list := make([][]byte, len(prints))
	for i := range prints {
		list[i] = prints[i][:]
	}
	return list
}

// decide decides on one call; its effects run under a savepoint.
func (a *appender) decide(t *task) error {
	err := guarded(func() error { return a.batch.Decide(t.call) })
	if err != nil {
		if lostBatch(a.tx.conn, err) {
			return err
		}
		t.err = err
		return nil
	}
	effects := t.call.Effects()
	if effects == nil {
		return nil
	}
	own, err := a.tx.savepoint(func() error {
		for _, e := range effects {
			if err := e.Apply(a.tx.ctx, a.tx); err != nil {
				return err
			}
		}
		return nil
	})
	if own != nil {
		t.err = translate(own)
		a.batch.Undo()
	}
	return err
}

// Head implements ledger.Lookup.
func (a *appender) Head(string) (ledger.Head, error) { return a.base, nil }

// Event implements ledger.Lookup.
func (a *appender) Event(shop string, seq int64) (*ledger.Stored, error) {
	if e, ok := a.events[seq]; ok {
		return e, nil
	}
	list, err := reader{a.tx, a.tx.ctx, shop}.Events([]int64{seq})
	if err != nil {
		return nil, err
	}
	return list[0], nil
}

// Happening implements ledger.Lookup.
func (a *appender) Happening(shop string, number int64, print ledger.Print) (seq int64, err error) {
	if seq, ok := a.prints[printKey{number, print}]; ok {
		return seq, nil
	}
	const find = "SELECT seq FROM happenings WHERE shop = $1 AND number = $2 AND print = $3"
	err = a.tx.QueryRow(a.tx.ctx, find, shop, number, print[:]).Scan(&seq)
	if errors.Is(err, pgx.ErrNoRows) {
		err = nil
	}
	return seq, err
}
