package ledger

import (
	"context"
	"fmt"
	"slices"
	"sort"
	"time"

	"github.com/ordermux/ordermux/internal/order"
)

// Item is an event with what the index says of its order: as of that event
// for the newest ones, now for those read from the store.
type Item struct {
	Event order.Event
	Row   Row
}

// Row is the order row: the index entry of one subject.
type Row struct {
	Subject order.Subject
	First   int64 // seq of its first event: the order's number
	Newest  int64 // seq of its newest event: the order's version
	Kinds   Kinds // kinds seen
	Layers  []LayerRow
	History bool // first seen as history
	Stated  bool // some source stated it
	Public  bool // only public sources stated it
	Erased  bool
}

// LayerRow is one source's part of a row.
type LayerRow struct {
	Source order.Source
	First  int64 // its first statement
	Seq    int64 // its last statement; 0: happenings only
}

// State is the present state of one order.
type State struct {
	Row    Row
	Merged order.Merged
	Layers []order.Layer
}

// mostRead bounds one read of the store.
const mostRead = 1000

// Read returns the shop's items after a seq, at most limit (and 1000), from
// the ring of the newest events or the store; fewer may come although there
// are more, none means that there is none. Items are shared: never change
// them.
func (l *Ledger) Read(ctx context.Context, shop string, after int64, limit int) ([]Item, error) {
	limit = min(limit, mostRead)
	if limit <= 0 {
		return nil, nil
	}
	if items, ok := l.ring.read(shop, after, limit); ok {
		return items, nil
	}
	for {
		items, last, err := l.readPage(ctx, shop, after, limit)
		if err != nil {
			return nil, fmt.Errorf("read ledger: %w", err)
		}
		if len(items) > 0 || last == after {
			return items, nil
		}
		after = last // nothing but events of orders that were removed
	}
}

// readPage reads the items after a seq from the store, and says how far it
// looked.
func (l *Ledger) readPage(ctx context.Context, shop string, after int64, limit int) (items []Item, last int64, err error) {
	var events []*Stored
	var begin Checkpoint
	rows := map[int64]*IndexRow{}
	err = l.store.Read(ctx, shop, func(r Reader) (err error) {
		if events, err = r.After(after, limit); err != nil {
			return err
		}
		if err = readRows(r, events, rows); err == nil && lacks(rows) {
			begin, err = r.Checkpoint()
		}
		return err
	})
	if err != nil || len(events) == 0 {
		return nil, after, err
	}
	items, err = decodeItems(shop, events, rows, begin)
	return items, events[len(events)-1].Seq, err
}

// lacks reports whether some row is not there.
func lacks(rows map[int64]*IndexRow) bool {
	for _, row := range rows {
		if row == nil {
			return true
		}
	}
	return false
}

// readRows reads the rows of the events' subjects.
func readRows(r Reader, events []*Stored, rows map[int64]*IndexRow) error {
	numbers := make([]int64, 0, len(events))
	for _, e := range events {
		h, err := readHeader(e.Header)
		if err != nil {
			return fmt.Errorf("event %d: %w", e.Seq, err)
		}
		if _, ok := rows[h.number]; !ok {
			rows[h.number] = nil
			numbers = append(numbers, h.number)
		}
	}
	list, err := r.RowsByNumber(numbers)
	if err != nil {
		return err
	}
	for i, n := range numbers {
		rows[n] = list[i]
	}
	return nil
}

// decodeItems leaves out events of orders that were removed with the beginning of
// the log.
func decodeItems(shop string, events []*Stored, rows map[int64]*IndexRow, begin Checkpoint) ([]Item, error) {
	items := make([]Item, 0, len(events))
	for _, s := range events {
		h, err := readHeader(s.Header)
		if err != nil {
			return nil, fmt.Errorf("event %d: %w", s.Seq, err)
		}
		row := rows[h.number]
		switch {
		case row == nil && h.number <= begin.Seq:
			continue
		case row == nil:
			return nil, fmt.Errorf("event %d: its order row is missing", s.Seq)
		}
		e, err := s.event(shop)
		if err != nil {
			return nil, err
		}
		items = append(items, Item{Event: e, Row: row.row()})
	}
	return items, nil
}

// Head returns the newest seq of the shop; 0: none.
func (l *Ledger) Head(ctx context.Context, shop string) (int64, error) {
	if seq := l.ring.head(shop); seq > 0 {
		return seq, nil
	}
	var head Head
	err := l.store.Read(ctx, shop, func(r Reader) (err error) {
		head, err = r.Head()
		return err
	})
	if err != nil {
		return 0, fmt.Errorf("read head: %w", err)
	}
	return head.Seq, nil
}

// Shops lists the shops that have a ledger, sorted.
func (l *Ledger) Shops(ctx context.Context) ([]string, error) {
	shops, err := l.store.Shops(ctx)
	if err != nil {
		return nil, fmt.Errorf("list shops: %w", err)
	}
	return shops, nil
}

// SeqAt returns the seq of the shop's newest event accepted at or before t;
// 0: none. accepted_at never runs backwards, so it is found by halving.
func (l *Ledger) SeqAt(ctx context.Context, shop string, t time.Time) (int64, error) {
	var found int64
	err := l.store.Read(ctx, shop, func(r Reader) error {
		head, err := r.Head()
		if err != nil {
			return err
		}
		after := sort.Search(int(head.Seq), func(i int) bool {
			at, failed := r.At(int64(i) + 1)
			if failed != nil && err == nil {
				err = failed
			}
			return at > t.UnixMicro()
		})
		found = int64(after)
		return err
	})
	if err != nil {
		return 0, fmt.Errorf("find time in ledger: %w", err)
	}
	return found, nil
}

// Resolve finds our order from a partner's number told by a source. Of
// several orders with one number it is the one that was told of last.
func (l *Ledger) Resolve(ctx context.Context, shop, source, number string) (id string, ok bool, err error) {
	var rows []*IndexRow
	err = l.store.Read(ctx, shop, func(r Reader) error {
		n, err := r.Resolve(source, number)
		if err != nil || n == 0 {
			return err
		}
		rows, err = r.RowsByNumber([]int64{n})
		return err
	})
	if err != nil {
		return "", false, fmt.Errorf("resolve reference: %w", err)
	}
	if len(rows) == 0 || rows[0] == nil {
		return "", false, nil
	}
	return rows[0].Key.ID, true, nil
}

// Events returns all events of one order, oldest first; order.ErrNotFound.
func (l *Ledger) Events(ctx context.Context, shop, id string) ([]order.Event, error) {
	found, err := l.find(ctx, shop, byID(order.SubjectOrder, []string{id}))
	if err != nil {
		return nil, fmt.Errorf("read events: %w", err)
	}
	if found[0].row == nil {
		return nil, order.ErrNotFound
	}
	events, err := found[0].events(shop)
	if err != nil {
		return nil, fmt.Errorf("read events: %w", err)
	}
	return events, nil
}

// States returns the state of the orders with these numbers (Row.First), in
// the same sequence; nil where unknown. One round trip for all; none for
// orders that are in memory from their first event on.
func (l *Ledger) States(ctx context.Context, shop string, numbers []int64) ([]*State, error) {
	states := make([]*State, len(numbers))
	var rest []int
	for i, w := range l.ring.orders(shop, numbers) {
		if w == nil {
			rest = append(rest, i)
			continue
		}
		states[i] = stateOf(w.row, w.events)
	}
	if rest == nil {
		return states, nil
	}
	read, err := l.states(ctx, shop, func(r Reader, _ *preparer) ([]*IndexRow, error) {
		some := make([]int64, len(rest))
		for i, place := range rest {
			some[i] = numbers[place]
		}
		return r.RowsByNumber(some)
	})
	if err != nil {
		return nil, err
	}
	for i, place := range rest {
		states[place] = read[i]
	}
	return states, nil
}

// StatesByID does so by the shop's own order ids.
func (l *Ledger) StatesByID(ctx context.Context, shop string, ids []string) ([]*State, error) {
	return l.states(ctx, shop, byID(order.SubjectOrder, ids))
}

func stateOf(row Row, events []order.Event) *State {
	layers := order.Layers(events)
	return &State{Row: row, Layers: layers, Merged: order.Merge(layers)}
}

// states reads states from the store.
func (l *Ledger) states(ctx context.Context, shop string, rows rowsOf) ([]*State, error) {
	found, err := l.find(ctx, shop, rows)
	if err != nil {
		return nil, fmt.Errorf("read states: %w", err)
	}
	states := make([]*State, len(found))
	for i := range found {
		if found[i].row == nil {
			continue
		}
		events, err := found[i].events(shop)
		if err != nil {
			return nil, fmt.Errorf("read states: %w", err)
		}
		states[i] = stateOf(found[i].row.row(), events)
	}
	return states, nil
}

// found is an order as read: its row and all its events, not yet decoded.
type found struct {
	row    *IndexRow
	stored []*Stored
}

func (f *found) events(shop string) ([]order.Event, error) {
	events := make([]order.Event, len(f.stored))
	for i, s := range f.stored {
		if s == nil {
			return nil, fmt.Errorf("an event of order number %d is missing", f.row.Number)
		}
		var err error
		if events[i], err = s.event(shop); err != nil {
			return nil, err
		}
	}
	return events, nil
}

// rowsOf reads the rows of what a caller asks for.
type rowsOf func(r Reader, p *preparer) ([]*IndexRow, error)

func byID(kind string, ids []string) rowsOf {
	return func(r Reader, p *preparer) ([]*IndexRow, error) {
		keys := make([]Key, len(ids))
		for i, id := range ids {
			keys[i] = p.lookup(kind, id)
		}
		return r.RowsByKey(keys)
	}
}

// find reads orders in one view of the store; decoding comes after it.
func (l *Ledger) find(ctx context.Context, shop string, rows rowsOf) ([]found, error) {
	pool, err := l.preparers(ctx, shop)
	if err != nil {
		return nil, err
	}
	p := pool.Get().(*preparer)
	defer pool.Put(p)
	var list []found
	err = l.store.Read(ctx, shop, func(r Reader) error {
		found, err := rows(r, p)
		if err == nil {
			list, err = withEvents(r, found)
		}
		return err
	})
	return list, err
}

func withEvents(r Reader, rows []*IndexRow) ([]found, error) {
	list := make([]found, len(rows))
	seqs := make([]int64, 0, len(rows))
	var later []int64 // of orders with several events
	for i, row := range rows {
		if list[i].row = row; row == nil {
			continue
		}
		seqs = append(seqs, row.Number)
		if row.Newest != row.Number {
			later = append(later, row.Number)
		}
	}
	more, err := laterOf(r, later)
	if err != nil {
		return nil, err
	}
	for _, s := range more {
		seqs = append(seqs, s...)
	}
	stored, err := r.Events(seqs)
	if err != nil {
		return nil, err
	}
	bySeq := make(map[int64]*Stored, len(stored))
	for i, s := range stored {
		bySeq[seqs[i]] = s
	}
	for i := range list {
		if row := list[i].row; row != nil {
			list[i].stored = append(list[i].stored, bySeq[row.Number])
			for _, seq := range more[row.Number] {
				list[i].stored = append(list[i].stored, bySeq[seq])
			}
		}
	}
	return list, nil
}

func laterOf(r Reader, numbers []int64) (map[int64][]int64, error) {
	if len(numbers) == 0 {
		return nil, nil
	}
	slices.Sort(numbers)
	numbers = slices.Compact(numbers)
	lists, err := r.Later(numbers)
	if err != nil {
		return nil, err
	}
	later := make(map[int64][]int64, len(numbers))
	for i, n := range numbers {
		later[n] = lists[i]
	}
	return later, nil
}
