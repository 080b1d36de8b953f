package postgres

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/ordermux/ordermux/internal/order"
	"github.com/ordermux/ordermux/internal/store/postgres/pgtest"
)

// TestServerKilled kills the server (SIGKILL) and starts it again while
// callers append at two nodes and repeat what failed: every order is in the
// log once, whatever the callers were told.
func TestServerKilled(t *testing.T) {
	t.Parallel()
	server := pgtest.Own(t)
	url, err := server.Database(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	nodes := []*Store{openTest(t, url, Options{}), openTest(t, url, Options{})}
	const callers, orders, kills = 8, 150, 2
	var stored, failed atomic.Int64
	kill := make(chan struct{}, kills)
	var wg sync.WaitGroup
	for c := range callers {
		wg.Go(func() {
			l := openLedger(nodes[c%2])
			for i := range orders {
				e := testEntry(fmt.Sprintf("A-%d-%d", c, i), "p")
				for !appended(t, l.Append, e) {
					failed.Add(1)
				}
				if n := stored.Add(1); n%(callers*orders/(kills+1)) == 0 && n < callers*orders {
					kill <- struct{}{}
				}
			}
		})
	}
	for range kills {
		<-kill
		if err := errors.Join(server.Kill(), server.Start()); err != nil {
			t.Error(err)
		}
	}
	wg.Wait()
	t.Logf("%d calls failed", failed.Load())
	mustVerify(t, nodes[0], callers*orders)
	mustVerify(t, nodes[1], callers*orders)
}

// appended appends one order; false: the server was in trouble.
func appended(t *testing.T, f func(context.Context, string, []order.Entry) ([]order.Receipt, error), e order.Entry) bool {
	_, err := f(context.Background(), testShop, []order.Entry{e})
	if err != nil && !errors.Is(err, order.ErrBusy) && !errors.Is(err, errUnknownCommit) {
		t.Errorf("%s: %v", e.Subject.ID, err)
		return true
	}
	return err == nil
}
