package postgres

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/ordermux/ordermux/internal/ledger"
	"github.com/ordermux/ordermux/internal/order"
)

// planter is an Options.Fault that fails once, at a point, when armed.
type planter struct {
	point Point
	armed atomic.Bool
	do    func() error
}

func (p *planter) fault(at Point) error {
	if at == p.point && p.armed.CompareAndSwap(true, false) {
		return p.do()
	}
	return nil
}

func plant(point Point, err error) *planter {
	return &planter{point: point, do: func() error { return err }}
}

// TestGroupRepeatedOneByOne: what fails a group does not fail its calls.
func TestGroupRepeatedOneByOne(t *testing.T) {
	t.Parallel()
	p := plant("", errPlanted)
	s := openNew(t, Options{Fault: p.fault})
	mustAppend(t, openLedger(s), testEntry("before", "p"))
	for i, point := range []Point{PointBegin, PointInsert, PointCommit} {
		p.point = point // nothing is on its way
		errs := appendGroup(t, s, string(point), 6, func() { p.armed.Store(true) })
		if err := errors.Join(errs...); err != nil {
			t.Errorf("%s: %v", point, err)
		}
		if p.armed.Load() {
			t.Errorf("%s: nothing failed", point)
		}
		mustVerify(t, s, int64(6*i+7))
	}
}

// TestUnknownCommit: the commit happened, yet nobody knows. The caller's
// retry is then known. Both ways of appending are tried.
func TestUnknownCommit(t *testing.T) {
	t.Parallel()
	p := plant(PointCommitted, errPlanted)
	s := openNew(t, Options{Fault: p.fault})
	l := openLedger(s)
	for i := range 4 {
		mustAppend(t, l, testEntry(fmt.Sprint("A-", i), "p"))
		if i%2 == 1 {
			mustAppend(t, l, testEntry(fmt.Sprint("A-", i), "p")) // known: the slow way for a while
		}
		p.armed.Store(true)
		id := fmt.Sprint("B-", i)
		_, err := l.Append(t.Context(), testShop, []order.Entry{testEntry(id, "p")})
		unknown(t, err)
		if r := mustAppend(t, l, testEntry(id, "p")); !r[0].Known || r[0].Seq != int64(2*i+2) {
			t.Errorf("retry: %+v", r[0])
		}
	}
	mustVerify(t, s, 8)
}

// unknown checks that an error is not one that a client may take for
// "certainly not stored".
func unknown(t *testing.T, err error) {
	t.Helper()
	var invalid *order.Invalid
	for _, kind := range []error{order.ErrReadOnly, order.ErrBusy, order.ErrConflict, ErrDuplicate, context.Canceled, context.DeadlineExceeded} {
		if err == nil || errors.Is(err, kind) || errors.As(err, &invalid) {
			t.Errorf("error %v", err)
		}
	}
	if !errors.Is(err, errUnknownCommit) {
		t.Errorf("error %v", err)
	}
}

// TestConnectionKilled ends the connection's server process at each point
// before the commit: the call is repeated and its caller learns nothing of it.
func TestConnectionKilled(t *testing.T) {
	t.Parallel()
	p := &planter{}
	s := openNew(t, Options{Fault: p.fault})
	p.do = func() error { killOthers(t, s); return nil }
	l := openLedger(s)
	mustAppend(t, l, testEntry("A", "p"))
	events := int64(1)
	for _, point := range []Point{PointBegin, PointInsert, PointCommit} {
		for _, way := range []string{"fast", "slow"} {
			news := []order.Entry{testEntry(way+string(point), "p")}
			if way == "slow" {
				news = append(news, happened("A", string(point)))
			}
			p.point = point // nothing is on its way
			p.armed.Store(true)
			for i, r := range mustAppend(t, l, news...) {
				if events++; p.armed.Load() || r.Known || r.Seq != events {
					t.Errorf("%s, %s: event %d: %+v", point, way, i, r)
				}
			}
			mustVerify(t, s, events)
		}
	}
}

func happened(id, ref string) order.Entry {
	return order.Entry{
		Subject:   order.Subject{Kind: order.SubjectOrder, ID: id},
		Source:    order.Source{Name: "citrusad:default", Rank: order.RankDoor},
		Happening: &order.Happening{Kind: order.KindShipped, Ref: ref},
	}
}

// killOthers ends all other connections to the store's database.
func killOthers(t testing.TB, s *Store) {
	const kill = `SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity
		WHERE datname = current_database() AND pid != pg_backend_pid() AND backend_type = 'client backend'`
	mustExec(t, other(t, s), kill)
}

// TestCommitCut ends the connection while its COMMIT is on its way: the server
// never said what became of it.
func TestCommitCut(t *testing.T) {
	t.Parallel()
	s := openNew(t, Options{})
	l := openLedger(s)
	mustAppend(t, l, testEntry("A-1", "p"))
	// A trigger that runs at the COMMIT holds it up.
	conn := other(t, s)
	mustExec(t, conn, `CREATE TABLE gate (shop text); INSERT INTO gate VALUES ('g');
		CREATE FUNCTION wait() RETURNS trigger LANGUAGE plpgsql AS
		$$ BEGIN PERFORM 1 FROM gate FOR UPDATE; RETURN NULL; END $$;
		CREATE CONSTRAINT TRIGGER late AFTER INSERT ON events DEFERRABLE INITIALLY DEFERRED
		FOR EACH ROW EXECUTE FUNCTION wait()`)
	mustExec(t, conn, "BEGIN")
	mustExec(t, conn, "SELECT 1 FROM gate FOR UPDATE")
	failed := make(chan error)
	go func() {
		_, err := l.Append(context.Background(), testShop, []order.Entry{testEntry("A-2", "p")})
		failed <- err
	}()
	locked(t, s)
	mustExec(t, conn, `SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity
		WHERE datname = current_database() AND wait_event_type = 'Lock'`)
	unknown(t, <-failed)
	mustExec(t, conn, "COMMIT")
	if r := mustAppend(t, l, testEntry("A-2", "p")); r[0].Seq != 2 {
		t.Errorf("retry: %+v", r[0])
	}
	mustVerify(t, s, 2)
}

func TestQueueFull(t *testing.T) {
	t.Parallel()
	s := openNew(t, Options{QueueCalls: 2})
	l := openLedger(s)
	mustAppend(t, l, testEntry("first", "p"))
	full := func() {
		_, err := l.Append(t.Context(), testShop, []order.Entry{testEntry("B", "p")})
		if !errors.Is(err, order.ErrBusy) {
			t.Errorf("error %v", err)
		}
	}
	if err := errors.Join(appendGroup(t, s, "G", 3, full)...); err != nil {
		t.Error(err)
	}
	mustVerify(t, s, 4)
}

// TestGivenUp: a caller who went before its call was taken up leaves nothing.
func TestGivenUp(t *testing.T) {
	t.Parallel()
	s := openNew(t, Options{})
	l := openLedger(s)
	mustAppend(t, l, testEntry("first", "p"))
	errs := appendGroup(t, s, "G", 2, func() {
		ctx, cancel := context.WithCancel(t.Context())
		failed := make(chan error)
		go func() {
			_, err := l.Append(ctx, testShop, []order.Entry{testEntry("gone", "p")})
			failed <- err
		}()
		queued(s, 2)
		cancel()
		if err := <-failed; !errors.Is(err, context.Canceled) {
			t.Errorf("error %v", err)
		}
	})
	if err := errors.Join(errs...); err != nil {
		t.Error(err)
	}
	mustVerify(t, s, 3)
}

// TestCloseWaits: what is queued is still written, and nothing after it.
func TestCloseWaits(t *testing.T) {
	t.Parallel()
	s := openNew(t, Options{})
	l := openLedger(s)
	mustAppend(t, l, testEntry("first", "p"))
	closed := make(chan error, 1)
	errs := appendGroup(t, s, "G", 4, func() {
		go func() { closed <- s.Close() }()
		for err := error(nil); !errors.Is(err, errClosed); { // as soon as Close has begun
			ctx, cancel := context.WithCancel(t.Context())
			cancel()
			_, err = l.Append(ctx, testShop, []order.Entry{testEntry("late", "p")})
		}
	})
	if err := errors.Join(append(errs, <-closed)...); err != nil {
		t.Error(err)
	}
	again := openTest(t, s.config.ConnConfig.ConnString(), Options{})
	mustVerify(t, again, 5)
}

// TestServerReadOnly: a server that takes no writes, and then does again.
func TestServerReadOnly(t *testing.T) {
	t.Parallel()
	s := openNew(t, Options{})
	l := openLedger(s)
	mustAppend(t, l, testEntry("A-1", "p"))
	conn := other(t, s)
	set := func(value string) {
		mustExec(t, conn, fmt.Sprintf(`DO $$ BEGIN EXECUTE format('ALTER DATABASE %%I SET default_transaction_read_only = %s', current_database()); END $$`, value))
	}
	set("on")
	killOthers(t, s)
	for i := range 2 {
		_, err := l.Append(t.Context(), testShop, []order.Entry{testEntry("A-2", "p")})
		if !errors.Is(err, order.ErrReadOnly) {
			t.Errorf("try %d: %v", i, err)
		}
	}
	conn = other(t, s)
	mustExec(t, conn, "SET default_transaction_read_only = off")
	set("off")
	// Connections of before are given up, if not all at once.
	for deadline := time.Now().Add(20 * time.Second); ; {
		r, err := l.Append(t.Context(), testShop, []order.Entry{testEntry("A-2", "p")})
		if err == nil && r[0].Seq == 2 {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("after: %+v, %v", r, err)
		}
	}
}

// colliding gives all subjects one digest.
type colliding struct{ *Store }

func (c colliding) Append(ctx context.Context, call *ledger.Call) error {
	for i := range call.Keys() {
		call.Keys()[i].Hash = 7
	}
	return c.Store.Append(ctx, call)
}

func (c colliding) Read(ctx context.Context, shop string, f func(ledger.Reader) error) error {
	return c.Store.Read(ctx, shop, func(r ledger.Reader) error { return f(collidingReader{r}) })
}

type collidingReader struct{ ledger.Reader }

func (r collidingReader) RowsByKey(keys []ledger.Key) ([]*ledger.IndexRow, error) {
	keys = slices.Clone(keys)
	for i := range keys {
		keys[i].Hash = 7
	}
	return r.Reader.RowsByKey(keys)
}

// TestCollision: subjects of one digest are told apart by their text.
func TestCollision(t *testing.T) {
	t.Parallel()
	s := openNew(t, Options{})
	l := openLedger(colliding{s})
	for i := range 6 {
		r := mustAppend(t, l, testEntry(fmt.Sprint("A-", i), "p"), testEntry(fmt.Sprint("B-", i), "p"))
		if r[0].Known || r[1].Known {
			t.Fatalf("call %d: %+v", i, r)
		}
	}
	for i := range 6 {
		r := mustAppend(t, l, testEntry(fmt.Sprint("B-", i), "p"), testEntry(fmt.Sprint("A-", i), "p"))
		if !r[0].Known || !r[1].Known || r[0].Seq != int64(2*i+2) || r[1].Seq != int64(2*i+1) {
			t.Fatalf("again %d: %+v", i, r)
		}
	}
	states, err := l.StatesByID(t.Context(), testShop, []string{"A-3", "none", "B-5"})
	if err != nil || states[0].Row.First != 7 || states[1] != nil || states[2].Row.First != 12 {
		t.Errorf("states: %+v, %v", states, err)
	}
	mustVerify(t, s, 12)
}

// TestFastWay counts the ways: new orders go the fast one after the first, and
// retries make a shop go the slow one for ever longer.
func TestFastWay(t *testing.T) {
	t.Parallel()
	s := openNew(t, Options{})
	l := openLedger(s)
	log := func() *shopLog {
		s.queue.mu.Lock()
		defer s.queue.mu.Unlock()
		return s.queue.shops[testShop]
	}
	for i := range 5 {
		mustAppend(t, l, testEntry(fmt.Sprint("A-", i), "p"))
		if g := log(); !g.known || g.head.Seq != int64(i+1) || g.slow != 0 || g.penalty != 0 {
			t.Fatalf("order %d: %+v", i, g)
		}
	}
	mustAppend(t, l, testEntry("A-1", "p"))
	if g := log(); g.slow != 1 || g.penalty != 1 || !g.known {
		t.Errorf("after a retry: %+v", g)
	}
	mustAppend(t, l, testEntry("B-1", "p")) // slow, and would have been fast
	if g := log(); g.slow != 0 {
		t.Errorf("after a new one: %+v", g)
	}
	mustAppend(t, l, testEntry("A-2", "p"))
	mustAppend(t, l, testEntry("A-3", "p"))
	if g := log(); g.slow != 2 || g.penalty != 2 {
		t.Errorf("after two retries: %+v", g)
	}
	for i := range 6 {
		mustAppend(t, l, testEntry(fmt.Sprint("C-", i), "p"))
	}
	if g := log(); g.slow != 0 || g.penalty != 0 {
		t.Errorf("after new ones: %+v", g)
	}
	mustVerify(t, s, 12)
}

// TestPanics: a mistake in a caller's part ends neither the program nor the
// others' calls.
func TestPanics(t *testing.T) {
	t.Parallel()
	s := openNew(t, Options{})
	err := s.do(t.Context(), func(*Tx) error { panic("a mistake") })
	if err == nil || !strings.Contains(err.Error(), "a mistake") {
		t.Errorf("do: %v", err)
	}
	err = s.view(t.Context(), func(*View) error { panic("a mistake") })
	if err == nil || !strings.Contains(err.Error(), "a mistake") {
		t.Errorf("view: %v", err)
	}
	var wg sync.WaitGroup
	l := openLedger(s)
	for i := range 20 {
		wg.Go(func() {
			e := testEntry(fmt.Sprint("A-", i), "p")
			if i%4 == 0 {
				e.Effects = []order.Effect{effect(func() error { panic("a mistake") })}
			}
			if _, err := l.Append(context.Background(), testShop, []order.Entry{e}); (err != nil) != (i%4 == 0) {
				t.Errorf("order %d: %v", i, err)
			}
		})
	}
	wg.Wait()
	mustVerify(t, s, 15)
}

type effect func() error

func (f effect) Apply(context.Context, any) error { return f() }
