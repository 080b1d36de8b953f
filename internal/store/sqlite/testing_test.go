package sqlite

import (
	"context"
	"errors"
	"fmt"
	"testing"

	"github.com/ordermux/ordermux/internal/ledger"
	"github.com/ordermux/ordermux/internal/order"
)

// mustOpen opens a store that the test closes at its end.
func mustOpen(t testing.TB, dir string, opts Options) *Store {
	t.Helper()
	s, err := Open(t.Context(), dir, opts)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

const testShop = "nordlys"

// testEntry is an order whose personal part holds the marker.
func testEntry(id, marker string) order.Entry {
	return order.Entry{
		Subject: order.Subject{Kind: order.SubjectOrder, ID: id},
		Source:  order.Source{Name: "citrusad:default", Rank: order.RankDoor},
		Statement: &order.Statement{Order: order.Order{
			ID: id, Currency: "SEK", Customer: &order.Customer{Email: marker + "@nordlys.example"},
		}},
	}
}

func mustAppend(t testing.TB, l *ledger.Ledger, entries ...order.Entry) []order.Receipt {
	t.Helper()
	receipts, err := l.Append(context.Background(), testShop, entries)
	if err != nil {
		t.Fatal(err)
	}
	return receipts
}

func appendIDs(t testing.TB, l *ledger.Ledger, from, to int) {
	t.Helper()
	var entries []order.Entry
	for i := from; i < to; i++ {
		entries = append(entries, testEntry(fmt.Sprint("A-", i), "person"))
	}
	mustAppend(t, l, entries...)
}

func mustVerify(t testing.TB, s *Store, events int64) {
	t.Helper()
	r, err := ledger.New(s, ledger.Options{}).Verify(t.Context(), testShop)
	if err != nil || r.Faults != nil || r.Events != events {
		t.Fatalf("verify: %+v, %v; want %d events", r, err, events)
	}
}

// hold keeps the writer busy until the returned function is called, so that
// what is queued meanwhile becomes one group.
func hold(t testing.TB, s *Store) (release func()) {
	t.Helper()
	held, free := make(chan struct{}), make(chan struct{})
	done := make(chan error, 1)
	go func() {
		done <- s.writer.outside(func() error { close(held); <-free; return nil })
	}()
	<-held
	return func() {
		close(free)
		if err := <-done; err != nil {
			t.Error(err)
		}
	}
}

// queued waits until so many tasks wait for the writer.
func queued(s *Store, appends, others int) {
	q := &s.writer.queue
	for {
		q.mu.Lock()
		n, m := len(q.appends), len(q.others)
		q.mu.Unlock()
		if n == appends && m == others {
			return
		}
	}
}

var errPlanted = errors.New("planted")
