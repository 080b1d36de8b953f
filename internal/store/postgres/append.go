package postgres

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"maps"
	"slices"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/ordermux/ordermux/internal/ledger"
	"github.com/ordermux/ordermux/internal/order"
)

// Append implements ledger.Store.
func (s *Store) Append(ctx context.Context, c *ledger.Call) error {
	t := &task{call: c, done: make(chan struct{})}
	if err := s.queue.add(t); err != nil {
		return err
	}
	return t.wait(ctx)
}

// Key implements ledger.Store. It also makes the shop's head, which appends
// lock.
func (s *Store) Key(ctx context.Context, shop string) (key []byte, err error) {
	const find = "SELECT key FROM shops WHERE shop = $1"
	found, err := list(ctx, s, pgx.RowTo[[]byte], find, shop)
	if err != nil || len(found) > 0 {
		return slices.Concat(found...), err
	}
	made := make([]byte, 32)
	rand.Read(made)
	err = s.do(ctx, func(tx *Tx) error {
		b := &pgx.Batch{}
		b.Queue("INSERT INTO shops (shop, key) VALUES ($1, $2) ON CONFLICT DO NOTHING", shop, made)
		b.Queue("INSERT INTO heads (shop) VALUES ($1) ON CONFLICT DO NOTHING", shop)
		b.Queue(find, shop).QueryRow(func(row pgx.Row) error { return row.Scan(&key) })
		return tx.batch(b)
	})
	return key, err
}

// shopLog is what the node remembers of one shop's log. Beside what waits, it
// belongs to the worker that has the shop's group.
type shopLog struct {
	shop     string
	waiting  []*task // the queue's
	onItsWay bool    // the queue's

	// head is the one that this node wrote last, if known.
	known bool
	head  ledger.Head
	// stated are the blocks that each source's orders were in last.
	stated map[string]int64
	// slow is how many groups still go the slow way, one after the other that
	// the fast way would have suited; penalty how many after the next miss.
	slow, penalty int
}

func newShopLog(shop string) *shopLog {
	return &shopLog{shop: shop, stated: map[string]int64{}}
}

// forget drops what may not be so: a transaction failed, or its result is
// unknown.
func (l *shopLog) forget() {
	l.known = false
	clear(l.stated)
}

// mostPenalty bounds how long a shop goes the slow way after misses: so many
// groups that would have been hits.
const mostPenalty = 64

// missed and suited tell how the fast way did, or would have done.
func (l *shopLog) missed() {
	l.penalty = min(max(1, 2*l.penalty), mostPenalty)
	l.slow = l.penalty
}

func (l *shopLog) suited(would bool) {
	switch {
	case l.slow > 0 && would:
		l.slow--
	case l.slow > 0:
		l.slow = l.penalty
	}
}

// settle settles every task of a group of one shop.
func (s *Store) settle(l *shopLog, group []*task) {
	err := s.attempt(l, group)
	switch {
	case err == nil:
	case len(group) == 1 || errors.Is(err, errUnknownCommit) || errors.Is(err, order.ErrBusy) || errors.Is(err, order.ErrReadOnly):
		for _, t := range group {
			t.err = err
		}
	default:
		for i, t := range group {
			t.err = nil
			if err := s.attempt(l, group[i:i+1]); err != nil {
				t.err = err
			}
		}
	}
}

// attempt runs the group in one transaction. Its error is the whole group's; a
// task's own trouble is in task.err. The callers' contexts do not count any
// more.
func (s *Store) attempt(l *shopLog, group []*task) error {
	a := s.appenders.Get().(*appender)
	defer s.appenders.Put(a)
	defer a.reset()
	a.s, a.log, a.group = s, l, group
	err := s.again(context.Background(), func(ctx context.Context, conn *pgxpool.Conn) error {
		return a.run(ctx, conn.Conn())
	})
	if err != nil {
		l.forget()
		return err
	}
	for _, t := range group {
		if t.err == nil {
			t.call.Committed()
		}
	}
	return nil
}

// appender runs the appends of one transaction.
type appender struct {
	s     *Store
	log   *shopLog
	group []*task
	batch ledger.Batch
	tx    *Tx
	base  ledger.Head // what is decided on: remembered or locked
	// stated are the blocks that this transaction adds last, by source.
	stated map[string]int64
	// The slow way's:
	events map[int64]*ledger.Stored
	prints map[printKey]int64
	asked  ledger.Asks // what events and prints hold the answers to
	twins  map[int64]int16
}

type printKey struct {
	number int64
	print  ledger.Print
}

func newAppender() any {
	return &appender{
		stated: map[string]int64{}, events: map[int64]*ledger.Stored{},
		prints: map[printKey]int64{}, twins: map[int64]int16{},
	}
}

// reset lets go of what belongs to callers.
func (a *appender) reset() {
	a.s, a.log, a.group, a.tx = nil, nil, nil, nil
	clear(a.stated)
	clear(a.events)
	clear(a.prints)
	clear(a.twins)
	a.asked = ledger.Asks{Events: a.asked.Events[:0], Numbers: a.asked.Numbers[:0], Prints: a.asked.Prints[:0]}
}

// run is one try: the fast way where it may suit, and the slow way otherwise.
func (a *appender) run(ctx context.Context, conn *pgx.Conn) error {
	for _, t := range a.group {
		t.err = nil
	}
	if err := a.s.fault(PointBegin); err != nil {
		return err
	}
	err := errMiss
	if a.mayBeFast() {
		if err = a.runIn(ctx, conn, a.fast); errors.Is(err, errMiss) {
			a.log.missed()
		}
	}
	if errors.Is(err, errMiss) {
		err = a.runIn(ctx, conn, a.slow)
	}
	if err != nil {
		return err
	}
	return a.s.committedFault()
}

// runIn runs a way in a transaction of its own and keeps what is known after
// its commit.
func (a *appender) runIn(ctx context.Context, conn *pgx.Conn, way func() error) error {
	clear(a.stated)
	clear(a.twins)
	a.tx = &Tx{session{ctx: ctx, conn: conn, begin: beginWrite}}
	err := guarded(way)
	if err == nil && !a.tx.ended {
		err = a.s.commit(a.tx)
	}
	if err != nil {
		a.tx.rollback()
		return err
	}
	a.log.known, a.log.head = true, a.base
	for _, h := range a.batch.Heads {
		a.log.head = h
	}
	maps.Copy(a.log.stated, a.stated)
	return nil
}

// write sends all that was decided, and the COMMIT, in one round trip.
func (a *appender) write() error {
	if len(a.batch.Events) == 0 {
		return nil
	}
	if err := a.s.fault(PointInsert); err != nil {
		return err
	}
	b := &pgx.Batch{}
	a.queue(b)
	if err := a.s.fault(PointCommit); err != nil {
		return err
	}
	if err := a.tx.last(b); err != nil {
		return fmt.Errorf("write ledger: %w", err)
	}
	return nil
}
