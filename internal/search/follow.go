package search

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"

	"github.com/ordermux/ordermux/internal/ledger"
	"github.com/ordermux/ordermux/internal/order"
)

// Log is what the search reads of the ledger.
type Log interface {
	Head(ctx context.Context, shop string) (int64, error)
	Read(ctx context.Context, shop string, after int64, limit int) ([]ledger.Item, error)
	StatesByID(ctx context.Context, shop string, ids []string) ([]*ledger.State, error)
}

const (
	// stepEvents is how many events a step takes: the more, the more of their
	// keys share a page of the index.
	stepEvents = 10_000
	// stepEntries bounds what a step holds: with it the last events are read.
	stepEntries = 100_000
	// pieceEntries is how many entries a piece has that goes among other work into
	// a transaction, and pieceAlone how many one has that goes alone.
	pieceEntries = 250
	pieceAlone   = 1000
)

// Follower writes the index behind the log. Were two at one shop at a time, the
// store would let only one of them write.
type Follower struct {
	Store Store
	Log   Log
	Key   func(ctx context.Context, shop string) ([]byte, error) // of the shop
	// Together says how many pieces are handed to the store at a time, for it to put
	// into one transaction among other work; nil: the store has one for each.
	Together func() int
	// Rest is called between pieces, for other work to come first; nil: none.
	Rest func(context.Context) error
}

// Step takes the next events into the index and reports whether there may be
// more.
func (f *Follower) Step(ctx context.Context, shop string) (more bool, err error) {
	at, err := f.Store.Indexed(ctx, shop)
	if err != nil {
		return false, fmt.Errorf("index orders: %w", err)
	}
	g := gathered{after: at, to: at}
	if err := f.gather(ctx, shop, &g); err != nil || g.to == at {
		return false, err
	}
	slices.SortFunc(g.entries, func(a, b Entry) int {
		return cmp.Or(cmp.Compare(a.Kind, b.Kind), cmp.Compare(a.Digest, b.Digest), cmp.Compare(a.Number, b.Number))
	})
	g.entries = slices.Compact(g.entries)
	if err := f.write(ctx, shop, &g); err != nil {
		return false, fmt.Errorf("index orders: %w", err)
	}
	return g.full, nil
}

// gathered is what a step found.
type gathered struct {
	after, to int64
	entries   []Entry
	erased    []int64
	full      bool // there may be more
}

func (f *Follower) gather(ctx context.Context, shop string, g *gathered) error {
	secret, err := f.Key(ctx, shop)
	if err != nil {
		return err
	}
	for n := 0; n < stepEvents && len(g.entries) < stepEntries; {
		items, err := f.Log.Read(ctx, shop, g.to, stepEvents-n)
		if err != nil {
			return err
		}
		if len(items) == 0 {
			return nil
		}
		for i := range items {
			g.take(secret, &items[i].Event)
		}
		n += len(items)
	}
	g.full = true
	return nil
}

func (g *gathered) take(secret []byte, e *order.Event) {
	g.to = e.Seq
	if e.Subject.Kind != order.SubjectOrder {
		return
	}
	if e.Kind == order.KindErased {
		g.erased = append(g.erased, e.Order)
	}
	for _, t := range textsOf(e) {
		g.entries = append(g.entries, Entry{KeyOf(secret, t.kind, t.value), e.Order})
	}
}

// write keeps what was gathered in pieces; then the index moves on. An order that
// is erased between two of them is met again further on in the log.
func (f *Follower) write(ctx context.Context, shop string, g *gathered) error {
	size, together := pieceAlone, func() int { return 1 }
	if f.Together != nil {
		size, together = pieceEntries, f.Together
	}
	pieces := slices.Collect(slices.Chunk(g.entries, size))
	for len(pieces) > 0 {
		n := min(len(pieces), max(1, together()))
		ok, err := f.keep(ctx, shop, g.after, pieces[:n])
		if err != nil || !ok {
			return err
		}
		pieces = pieces[n:]
		if f.Rest != nil {
			if err := f.Rest(ctx); err != nil {
				return err
			}
		}
	}
	_, err := f.Store.Index(ctx, shop, Piece{After: g.after, To: g.to, Erased: g.erased})
	return err
}

// keep hands pieces to the store at a time; false: somebody else is at it.
func (f *Follower) keep(ctx context.Context, shop string, at int64, pieces [][]Entry) (bool, error) {
	var wg sync.WaitGroup
	all, errs := make([]bool, len(pieces)), make([]error, len(pieces))
	for i, entries := range pieces {
		wg.Go(func() { all[i], errs[i] = f.Store.Index(ctx, shop, Piece{After: at, To: at, Entries: entries}) })
	}
	wg.Wait()
	return !slices.Contains(all, false), errors.Join(errs...)
}
