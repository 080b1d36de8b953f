package ledger

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/ordermux/ordermux/internal/order"
)

// Checkpoint is where a shop's log begins after its oldest events were removed:
// what the chain goes on from. The zero Checkpoint is that of a whole log.
type Checkpoint struct {
	Seq  int64 // of the last event that was removed
	Hash Hash  // of that event
	At   int64 // its accepted_at, microseconds since 1970
}

// Cut is the removal of the next events of a shop's log, with the orders that
// begin in them: all that the store holds of these orders, and their events
// behind To but for the bytes of the log.
type Cut struct {
	Shop string
	From Checkpoint // that the log has; another one refuses the cut
	To   Checkpoint // that it gets
	// Quiet is the newest event that an order to be removed may have; one with
	// a newer one refuses the cut.
	Quiet      int64
	Orders     []*IndexRow    // those that begin behind From and not behind To
	Events     []int64        // all events of these, also those behind To
	References []NewReference // what is resolved to them
}

// ErrNeeded means that something in the way of a cut came up between reading
// and writing. Nothing was removed.
var ErrNeeded = errors.New("something in the log is still needed")

// Need is what keeps a log from being cut at an event.
type Need struct {
	Seq int64 // the first event that has to stay; 0: none
	Why string
}

// What a Need can be for, beside the stores' own.
const (
	NeedRecent = "recent" // an order had news after the moment
	NeedRoute  = "route"  // a route has not read it yet
	NeedOpen   = "open"   // an order has a delivery that is not settled
)

// cutEvents and cutOrders bound one cut: a transaction of some milliseconds.
const (
	cutEvents = 200
	mostLater = 2000
)

// CutStep removes the oldest events of a shop that are not needed, some at a
// time: of orders whose newest event was accepted before a moment, from the
// oldest order on. It returns what the log begins with now, whether there may
// be more to remove, and what is in the way otherwise. The chain verifies from
// the checkpoint on. Copies and backups kept elsewhere are the operator's.
//
// going, if not nil, is told before of each step the ids of the orders that go
// with it and are not erased; its error ends the step.
func (l *Ledger) CutStep(ctx context.Context, shop string, before time.Time, going func(ctx context.Context, ids []string) error) (at Checkpoint, need Need, more bool, err error) {
	quiet, err := l.SeqAt(ctx, shop, before)
	if err != nil {
		return at, need, false, err
	}
	c := Cut{Shop: shop, Quiet: quiet}
	err = l.store.Read(ctx, shop, func(r Reader) (err error) {
		need, err = c.read(r)
		return err
	})
	if err != nil {
		return at, need, false, fmt.Errorf("cut log: %w", err)
	}
	if c.To.Seq == c.From.Seq {
		return c.From, need, false, nil
	}
	if going != nil {
		if err := going(ctx, c.persons()); err != nil {
			return c.From, need, false, err
		}
	}
	if err := l.store.Cut(ctx, &c); err != nil {
		return c.From, need, false, fmt.Errorf("cut log: %w", err)
	}
	l.ring.cut(shop, c.Quiet)
	return c.To, need, need.Seq == 0 || need.Seq > c.To.Seq+1, nil
}

// CutLook returns where a shop's log begins, and what is in the way of the next
// step of CutStep; none: it can go.
func (l *Ledger) CutLook(ctx context.Context, shop string, before time.Time) (at Checkpoint, need Need, err error) {
	quiet, err := l.SeqAt(ctx, shop, before)
	if err != nil {
		return at, need, err
	}
	c := Cut{Shop: shop, Quiet: quiet}
	err = l.store.Read(ctx, shop, func(r Reader) (err error) {
		need, err = c.read(r)
		return err
	})
	if err != nil {
		return at, need, fmt.Errorf("look at the log: %w", err)
	}
	return c.From, need, nil
}

// persons returns the ids of the orders to be removed that are not erased.
func (c *Cut) persons() (ids []string) {
	for _, o := range c.Orders {
		if o.Flags&FlagErased == 0 && o.Key.Kind == order.SubjectOrder {
			ids = append(ids, o.Key.ID)
		}
	}
	return ids
}

// read finds what is to be removed next.
func (c *Cut) read(r Reader) (need Need, err error) {
	if c.From, err = r.Checkpoint(); err != nil {
		return need, err
	}
	c.To = c.From
	most := min(c.Quiet, c.From.Seq+cutEvents)
	if most <= c.From.Seq {
		return need, nil // nothing is old
	}
	rows, err := r.RowsAfter(c.From.Seq, most)
	if err != nil {
		return need, err
	}
	if need, err = r.Needed(c.From.Seq, most); err != nil {
		return need, err
	}
	recent, err := c.recent(r, rows)
	if err != nil {
		return need, err
	}
	if recent.Seq > 0 && (need.Seq == 0 || recent.Seq < need.Seq) {
		need = recent
	}
	if need.Seq > 0 {
		most = need.Seq - 1
	}
	return need, c.fill(r, rows, most)
}

// recent finds the first order that had news after the moment. That it was erased
// since is none, once every route has read it: Quiet goes up to it.
func (c *Cut) recent(r Reader, rows []*IndexRow) (need Need, err error) {
	quiet := c.Quiet
	for _, row := range rows {
		if row.Newest <= quiet {
			continue
		}
		erased, err := row.erasedOnly(r, quiet)
		if err != nil {
			return need, err
		}
		if !erased {
			return Need{Seq: row.Number, Why: NeedRecent}, nil
		}
		if row.Newest <= c.Quiet {
			continue
		}
		behind, err := r.Needed(row.Newest-1, row.Newest)
		if err != nil {
			return need, err
		}
		if behind.Seq > 0 {
			return Need{Seq: row.Number, Why: NeedRoute}, nil
		}
		c.Quiet = row.Newest
	}
	return need, nil
}

// erasedOnly reports whether all that came of an order behind a seq is that it was
// erased.
func (r *IndexRow) erasedOnly(from Reader, seq int64) (bool, error) {
	if r.Flags&FlagErased == 0 {
		return false, nil
	}
	later, err := from.Later([]int64{r.Number})
	if err != nil {
		return false, err
	}
	if n := len(later[0]); n > 1 && later[0][n-2] > seq {
		return false, nil
	}
	events, err := from.Events([]int64{r.Newest})
	if err != nil {
		return false, err
	}
	if events[0] == nil {
		return false, fmt.Errorf("event %d is missing", r.Newest)
	}
	h, err := readHeader(events[0].Header)
	return h.kind == order.KindErased, err
}

// fill reads the orders that begin until an event, fewer if they have very many
// events.
func (c *Cut) fill(r Reader, rows []*IndexRow, most int64) error {
	numbers := make([]int64, 0, len(rows))
	for _, row := range rows {
		if row.Number <= most {
			numbers = append(numbers, row.Number)
		}
	}
	later, err := r.Later(numbers)
	if err != nil {
		return err
	}
	seqs := make([]int64, 0, len(numbers)+1)
	for i, n := range numbers {
		if len(seqs) > 0 && len(seqs)+len(later[i]) > mostLater {
			most = n - 1
			break
		}
		c.Orders = append(c.Orders, rows[i])
		seqs = append(append(seqs, n), later[i]...)
	}
	if most <= c.From.Seq {
		return nil
	}
	c.Events = seqs
	events, err := r.Events(append(slices.Clone(seqs), most))
	if err != nil {
		return err
	}
	last := events[len(events)-1]
	if last == nil {
		return fmt.Errorf("event %d is missing", most)
	}
	c.To = Checkpoint{Seq: last.Seq, Hash: last.Hash, At: last.At}
	return c.refer(events[:len(events)-1], seqs)
}

// refer collects what references the statements of the orders told.
func (c *Cut) refer(events []*Stored, seqs []int64) error {
	for i, e := range events {
		if e == nil {
			return fmt.Errorf("event %d is missing", seqs[i])
		}
		h, err := readHeader(e.Header)
		if err != nil {
			return fmt.Errorf("event %d: %w", e.Seq, err)
		}
		if h.happening {
			continue
		}
		o, err := e.statement()
		if err != nil {
			return fmt.Errorf("event %d: %w", e.Seq, err)
		}
		for _, r := range o.References {
			if r.Value != "" {
				c.References = append(c.References, NewReference{c.Shop, h.source.Name, r.Value, h.number})
			}
		}
	}
	return nil
}

// Checkpoint returns where a shop's log begins.
func (l *Ledger) Checkpoint(ctx context.Context, shop string) (c Checkpoint, err error) {
	err = l.store.Read(ctx, shop, func(r Reader) (err error) {
		c, err = r.Checkpoint()
		return err
	})
	if err != nil {
		return c, fmt.Errorf("read checkpoint: %w", err)
	}
	return c, nil
}

// Quiet returns, of the orders that had their newest event behind a seq and not
// behind another one, the ids of those that are not erased, in the sequence of
// these events, and how far it looked: at most so many events, to.
func (l *Ledger) Quiet(ctx context.Context, shop string, after, to int64, limit int) (ids []string, looked int64, err error) {
	err = l.store.Read(ctx, shop, func(r Reader) error {
		ids, looked, err = quietOrders(r, after, to, limit)
		return err
	})
	if err != nil {
		return nil, after, fmt.Errorf("find quiet orders: %w", err)
	}
	return ids, looked, nil
}

func quietOrders(r Reader, after, to int64, limit int) (ids []string, looked int64, err error) {
	if to <= after {
		return nil, after, nil
	}
	events, err := r.After(after, min(limit, mostRead))
	if err != nil || len(events) == 0 {
		return nil, to, err
	}
	rows := map[int64]*IndexRow{}
	if err := readRows(r, events, rows); err != nil {
		return nil, after, err
	}
	looked = after
	for _, e := range events {
		if e.Seq > to {
			return ids, to, nil
		}
		h, err := readHeader(e.Header)
		if err != nil {
			return nil, after, fmt.Errorf("event %d: %w", e.Seq, err)
		}
		looked = e.Seq
		row := rows[h.number]
		if row != nil && row.Newest == e.Seq && row.Flags&FlagErased == 0 && row.Key.Kind == order.SubjectOrder {
			ids = append(ids, row.Key.ID)
		}
	}
	return ids, looked, nil
}

// CountQuiet returns how many orders are not erased whose newest event was
// accepted before a moment, and how many orders, erased or not. It walks through
// all of the shop's orders.
func (l *Ledger) CountQuiet(ctx context.Context, shop string, before time.Time) (persons, orders int64, err error) {
	quiet, err := l.SeqAt(ctx, shop, before)
	if err != nil {
		return 0, 0, err
	}
	err = l.store.Read(ctx, shop, func(r Reader) (err error) {
		persons, orders, err = r.CountQuiet(quiet)
		return err
	})
	if err != nil {
		return 0, 0, fmt.Errorf("count quiet orders: %w", err)
	}
	return persons, orders, nil
}
