package bench

import (
	"context"
	stdjson "encoding/json"
	"fmt"
	"io"
	"sync"
	"sync/atomic"
	"time"

	"github.com/ordermux/ordermux/internal/ledger"
	"github.com/ordermux/ordermux/internal/order"
	"github.com/ordermux/ordermux/internal/store"
	"github.com/ordermux/ordermux/internal/store/postgres"
	"github.com/ordermux/ordermux/internal/store/sqlite"
)

// storeAlone is what the second floor tells: the ledger and its store with
// orders handed over as values, without HTTP and JSON of a dialect.
type storeAlone struct {
	Orders  int64         `json:"orders"`
	Elapsed time.Duration `json:"elapsed"`
	Latency Latency       `json:"latency"`
}

// runStore appends from spec.Conns callers, spec.Batch orders a call, for
// spec.Lasting.
func runStore(ctx context.Context, spec childSpec, in io.Reader, out io.Writer) error {
	store, options, err := openStore(ctx, spec)
	if err != nil {
		return err
	}
	defer store.Close()
	l := ledger.New(store, options)
	tell := stdjson.NewEncoder(out)
	if err := tell.Encode(hello{}); err != nil {
		return err
	}
	// The parent notes what was used so far and then says go.
	var line [3]byte
	if _, err := io.ReadFull(in, line[:]); err != nil {
		return err
	}
	result, err := appendFor(ctx, l, spec)
	if err != nil {
		return err
	}
	if err := tell.Encode(result); err != nil {
		return err
	}
	_, err = io.Copy(io.Discard, in)
	return err
}

// openStore opens a store, and says how its ledger is made, as the hub does.
func openStore(ctx context.Context, spec childSpec) (store.Store, ledger.Options, error) {
	if spec.Database == "" {
		s, err := sqlite.Open(ctx, spec.Dir, sqlite.Options{})
		return s, ledger.Options{Now: time.Now, Ring: 4096}, err
	}
	s, err := postgres.Open(ctx, spec.Database, postgres.Options{})
	if err != nil {
		return nil, ledger.Options{}, err
	}
	return s, ledger.Options{Now: s.Now, Shared: true}, nil
}

func appendFor(ctx context.Context, l *ledger.Ledger, spec childSpec) (storeAlone, error) {
	var (
		next   atomic.Int64
		wg     sync.WaitGroup
		mu     sync.Mutex
		failed error
		all    latencies
		total  int64
	)
	pool, err := newEntryPool()
	if err != nil {
		return storeAlone{}, err
	}
	began := time.Now()
	for range spec.Conns {
		wg.Go(func() {
			lat, n, err := appendAlone(ctx, l, spec, pool, &next, began)
			mu.Lock()
			defer mu.Unlock()
			all.add(lat)
			total += n
			if err != nil {
				failed = err
			}
		})
	}
	wg.Wait()
	return storeAlone{Orders: total, Elapsed: time.Since(began), Latency: all.summary()}, failed
}

// appendAlone is one caller.
func appendAlone(ctx context.Context, l *ledger.Ledger, spec childSpec, pool *entryPool, next *atomic.Int64, began time.Time) (*latencies, int64, error) {
	lat, total := &latencies{}, int64(0)
	for total == 0 || time.Since(began) < spec.Lasting {
		entries := make([]order.Entry, spec.Batch)
		number := next.Add(int64(spec.Batch)) - int64(spec.Batch)
		for i := range entries {
			entries[i] = pool.entry(int(number)+i, uint64(number)+uint64(i))
		}
		at := time.Now()
		receipts, err := l.Append(ctx, "bench", entries)
		if err != nil {
			return lat, total, err
		}
		if len(receipts) != len(entries) {
			return lat, total, fmt.Errorf("%d receipts for %d entries", len(receipts), len(entries))
		}
		lat.observe(time.Since(at))
		total += int64(spec.Batch)
	}
	return lat, total, nil
}
