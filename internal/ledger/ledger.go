// Package ledger accepts an order once: idempotency, group commit, hash chain,
// append-only log per shop.
//
// What Append can do before the writing transaction it does there (call.go);
// what has to be decided in it is Batch, which knows no store (decide.go). The
// stored bytes are described in format.go.
package ledger

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/ordermux/ordermux/internal/order"
)

// Ledger is the shops' append-only logs. Safe for concurrent use.
type Ledger struct {
	store Store
	opts  Options
	ring  *ring    // nil: Options.Shared
	keys  sync.Map // shop → its *sync.Pool of preparers
}

// Options of a Ledger.
type Options struct {
	// Now is the clock of accepted_at; default: the store's.
	Now func() time.Time
	// Ring is how many of the newest events per shop stay decoded in memory,
	// over all shops four times as many at most. Default 4096.
	Ring int
	// Shared says that others write to the store too. Then no event stays in
	// memory, where those of the others and what they erase would be missing:
	// every read asks the store.
	Shared bool
	// Appended is called after a commit with a head that the shop's log has
	// reached, outside every lock. Heads may come in any sequence.
	Appended func(shop string, head int64)
}

// New makes a ledger over a store.
func New(store Store, opts Options) *Ledger {
	if opts.Ring <= 0 {
		opts.Ring = 4096
	}
	l := &Ledger{store: store, opts: opts}
	if !opts.Shared {
		l.ring = newRing(opts.Ring)
	}
	return l
}

// Append accepts entries of one shop as one call, all or nothing, and returns
// when they are on disk, a receipt per entry in the same sequence. The entries
// must not be changed afterwards: the newest events stay in memory as given.
//
// Errors: *order.Invalid, order.ErrConflict (wrapped, naming the entry's
// index), order.ErrChanged, order.ErrBusy, order.ErrReadOnly; the context's if it
// ended before the call was taken up; anything else is a trouble of ours and the result is
// unknown.
func (l *Ledger) Append(ctx context.Context, shop string, entries []order.Entry) ([]order.Receipt, error) {
	if len(entries) == 0 {
		return nil, nil
	}
	if err := check(shop, entries); err != nil {
		return nil, err
	}
	c, err := l.prepare(ctx, shop, entries)
	if err != nil {
		return nil, fmt.Errorf("append: %w", err)
	}
	if l.ring != nil {
		c.publish = l.ring.push
	}
	if l.opts.Now != nil {
		c.at = l.opts.Now().UnixMicro()
	}
	if err := l.store.Append(ctx, c); err != nil {
		l.failed(ctx, shop, err)
		return nil, fmt.Errorf("append: %w", err)
	}
	if err := l.fillKnown(ctx, c); err != nil {
		return nil, fmt.Errorf("append: read the receipt of what is known: %w", err)
	}
	l.appended(c)
	return c.receipts(), nil
}

func (l *Ledger) appended(c *Call) {
	if l.opts.Appended != nil && c.news > 0 {
		l.opts.Appended(c.Shop, c.head)
	}
}

// failed looks after a call that may have been stored all the same: what the
// ring holds may not be the newest, and readers must learn of it.
func (l *Ledger) failed(ctx context.Context, shop string, err error) {
	for _, sure := range []error{order.ErrConflict, order.ErrChanged, order.ErrUndone, order.ErrBusy, order.ErrReadOnly, context.Canceled, context.DeadlineExceeded} {
		if errors.Is(err, sure) {
			return
		}
	}
	l.ring.reset(shop)
	head, err := l.Head(context.WithoutCancel(ctx), shop)
	if err == nil && head > 0 && l.opts.Appended != nil {
		l.opts.Appended(shop, head)
	}
}

func (l *Ledger) prepare(ctx context.Context, shop string, entries []order.Entry) (*Call, error) {
	pool, err := l.preparers(ctx, shop)
	if err != nil {
		return nil, err
	}
	p := pool.Get().(*preparer)
	defer pool.Put(p)
	return p.call(shop, entries)
}

// preparers returns the shop's preparers, which hold its key.
func (l *Ledger) preparers(ctx context.Context, shop string) (*sync.Pool, error) {
	if pool, ok := l.keys.Load(shop); ok {
		return pool.(*sync.Pool), nil
	}
	key, err := l.store.Key(ctx, shop)
	if err != nil {
		return nil, err
	}
	pool, _ := l.keys.LoadOrStore(shop, &sync.Pool{New: func() any { return newPreparer(key) }})
	return pool.(*sync.Pool), nil
}

func (l *Ledger) key(ctx context.Context, shop string) ([]byte, error) {
	pool, err := l.preparers(ctx, shop)
	if err != nil {
		return nil, err
	}
	p := pool.Get().(*preparer)
	defer pool.Put(p)
	return p.key, nil
}

// fillKnown completes the results of entries that were known: their events
// never change, so they are read after the transaction.
func (l *Ledger) fillKnown(ctx context.Context, c *Call) error {
	var seqs []int64
	for i := range c.results {
		if c.results[i].known {
			seqs = append(seqs, c.results[i].seq)
		}
	}
	if seqs == nil {
		return nil
	}
	var events []*Stored
	err := l.store.Read(ctx, c.Shop, func(r Reader) (err error) {
		events, err = r.Events(seqs)
		return err
	})
	if err != nil {
		return err
	}
	for i := range c.results {
		r := &c.results[i]
		if !r.known {
			continue
		}
		e := events[0]
		events = events[1:]
		if e == nil {
			return fmt.Errorf("event %d is missing", r.seq)
		}
		h, err := readHeader(e.Header)
		if err != nil {
			return err
		}
		r.at, r.hash, r.kind = e.At, e.Hash, h.kind
	}
	return nil
}
