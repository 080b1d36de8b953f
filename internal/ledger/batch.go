package ledger

import (
	"fmt"
	"slices"
	"time"
)

// Lookup is what Decide may have to ask the writing transaction beside the
// rows that the store loads before. What it returns is only read.
type Lookup interface {
	// Head returns the end of a shop's log.
	Head(shop string) (Head, error)
	// Event returns one event with its personal part; nil: none.
	Event(shop string, seq int64) (*Stored, error)
	// Happening returns the seq of the subject's happening with this print;
	// 0: none.
	Happening(shop string, number int64, print Print) (int64, error)
}

// Batch decides on the calls of one writing transaction and holds what the
// store then has to write. Several shops may mix. Not safe for concurrent use.
type Batch struct {
	// What is to be inserted, in sequence.
	Events     []NewEvent
	Personal   []NewPersonal
	Later      []NewLater     // events that are not their subject's first
	Happenings []NewHappening // what identifies happenings
	References []NewReference // a later one for the same number wins
	Layers     []NewLayer     // a source's first word on a subject

	look    Lookup
	at      int64
	heads   map[string]*headSlot
	rows    map[rowKey]*rowSlot
	changed []*rowSlot
	prints  map[printKey]int64
	undo    undo
	room    []byte
	arena   []byte
	slots   slab[rowSlot]
	fresh   slab[freshRow]
}

// freshRow is a new row with room for its first layer.
type freshRow struct {
	IndexRow
	first [1]LayerState
}

// slab gives out values that all become free at once.
type slab[T any] struct {
	blocks [][]T
	used   int
}

const slabBlock = 256

func (s *slab[T]) next() *T {
	block, i := s.used/slabBlock, s.used%slabBlock
	if block == len(s.blocks) {
		s.blocks = append(s.blocks, make([]T, slabBlock))
	}
	s.used++
	return &s.blocks[block][i]
}

// reset frees all values; of the memory it keeps some.
func (s *slab[T]) reset() {
	for _, b := range s.blocks {
		clear(b[:min(s.used, slabBlock)])
		s.used = max(0, s.used-slabBlock)
	}
	s.blocks, s.used = s.blocks[:min(len(s.blocks), 8)], 0
}

// The records that a store inserts.
type (
	// NewEvent is an event of a shop.
	NewEvent struct {
		Shop string
		Stored
	}
	// NewPersonal is the personal part that belongs to the event at Seq.
	NewPersonal struct {
		Shop       string
		Seq        int64
		Salt, Body []byte
	}
	// NewLater is an event of a subject after its first.
	NewLater struct {
		Shop        string
		Number, Seq int64
	}
	// NewHappening is what identifies a happening of a subject.
	NewHappening struct {
		Shop   string
		Number int64
		Print  Print
		Seq    int64
	}
	// NewReference is another party's number of an order, told by a source.
	NewReference struct {
		Shop, Source, Value string
		Number              int64
	}
	// NewLayer says that a source stated a subject.
	NewLayer struct {
		Shop, Source string
		Number       int64
	}
	// RowChange is an order row to be inserted (New) or updated.
	RowChange struct {
		Shop string
		Row  *IndexRow
		New  bool
	}
)

type headSlot struct {
	Head
	moved bool
}

type rowKey struct {
	shop string
	hash int64
}

type rowSlot struct {
	shop  string
	key   Key
	row   *IndexRow // nil: none yet
	isNew bool
	dirty bool
	next  *rowSlot // same hash, other text
}

type printKey struct {
	shop   string
	number int64
	print  Print
}

// undo is what it takes to forget the call that is being decided.
type undo struct {
	events, personal, later, happenings, references, layers, changed int

	head  *headSlot
	saved headSlot
	rows  []savedRow
	keys  []printKey
}

type savedRow struct {
	slot *rowSlot
	was  rowSlot
}

// Reset makes the batch ready for a transaction at a time.
func (b *Batch) Reset(now time.Time, look Lookup) {
	clear(b.Events)
	clear(b.Personal)
	b.slots.reset()
	b.fresh.reset()
	*b = Batch{
		Events: b.Events[:0], Personal: b.Personal[:0], Later: b.Later[:0],
		Happenings: b.Happenings[:0], References: b.References[:0], Layers: b.Layers[:0],
		look: look, at: now.UnixMicro(), heads: b.heads, rows: b.rows,
		changed: b.changed[:0], prints: b.prints, room: b.room, arena: b.arena[:0],
		slots: b.slots, fresh: b.fresh,
	}
	if b.heads == nil {
		b.heads, b.rows, b.prints = map[string]*headSlot{}, map[rowKey]*rowSlot{}, map[printKey]int64{}
	}
	clear(b.heads)
	clear(b.rows)
	clear(b.prints)
}

// Know tells the batch of the row that a key has in the store; nil: none. All
// keys of a call must be known before it is decided.
func (b *Batch) Know(shop string, key Key, row *IndexRow) {
	if b.slot(shop, key) != nil {
		return
	}
	k := rowKey{shop, key.Hash}
	s := b.slots.next()
	*s = rowSlot{shop: shop, key: key, row: row, next: b.rows[k]}
	b.rows[k] = s
}

func (b *Batch) slot(shop string, key Key) *rowSlot {
	for s := b.rows[rowKey{shop, key.Hash}]; s != nil; s = s.next {
		if s.key.ID == key.ID && s.key.Kind == key.Kind {
			return s
		}
	}
	return nil
}

// Rows returns the order rows to be written.
func (b *Batch) Rows(yield func(RowChange) bool) {
	for _, s := range b.changed {
		if !yield(RowChange{Shop: s.shop, Row: s.row, New: s.isNew}) {
			return
		}
	}
}

// Heads returns the heads to be written.
func (b *Batch) Heads(yield func(string, Head) bool) {
	for shop, h := range b.heads {
		if h.moved && !yield(shop, h.Head) {
			return
		}
	}
}

// Decide decides on all entries of a call. After an error, and after a panic,
// the batch is as it was before: the other calls of the transaction can go on,
// unless the error is a Lookup's and says otherwise.
func (b *Batch) Decide(c *Call) error {
	b.mark()
	c.results = append(c.results[:0], make([]result, len(c.entries))...)
	c.items, c.news = nil, 0
	good := false
	defer func() {
		if !good {
			b.Undo()
			c.items, c.news = nil, 0
		}
	}()
	err := b.decide(c)
	good = err == nil
	return err
}

func (b *Batch) decide(c *Call) error {
	head, err := b.headOf(c.Shop)
	if err != nil {
		return err
	}
	b.undo.head, b.undo.saved = head, *head
	for i := range c.entries {
		d := decision{Batch: b, call: c, head: head, entry: &c.entries[i], out: &c.results[i]}
		d.slot = b.slot(c.Shop, c.keys[i])
		if err := d.entryDecided(); err != nil {
			if len(c.entries) > 1 {
				return fmt.Errorf("entry %d: %w", i, err)
			}
			return err
		}
	}
	c.head = head.Seq
	return nil
}

func (b *Batch) headOf(shop string) (*headSlot, error) {
	if h := b.heads[shop]; h != nil {
		return h, nil
	}
	head, err := b.look.Head(shop)
	if err != nil {
		return nil, err
	}
	if head.Seq == 0 {
		head.Hash = genesis(shop)
	}
	h := &headSlot{Head: head}
	b.heads[shop] = h
	return h, nil
}

func (b *Batch) mark() {
	rows, keys := b.undo.rows[:0], b.undo.keys[:0]
	b.undo = undo{
		events: len(b.Events), personal: len(b.Personal), later: len(b.Later),
		happenings: len(b.Happenings), references: len(b.References), layers: len(b.Layers),
		changed: len(b.changed), rows: rows, keys: keys,
	}
}

// Undo forgets the call that was decided last: one of its effects failed.
func (b *Batch) Undo() {
	u := &b.undo
	b.Events, b.Personal, b.Later = b.Events[:u.events], b.Personal[:u.personal], b.Later[:u.later]
	b.Happenings, b.References = b.Happenings[:u.happenings], b.References[:u.references]
	b.Layers, b.changed = b.Layers[:u.layers], b.changed[:u.changed]
	if u.head != nil {
		*u.head = u.saved
	}
	for _, r := range slices.Backward(u.rows) {
		next := r.slot.next
		*r.slot = r.was
		r.slot.next = next
	}
	for _, k := range u.keys {
		delete(b.prints, k)
	}
}

// set replaces a slot's row, remembering the old one for Undo.
func (b *Batch) set(s *rowSlot, row *IndexRow) {
	b.undo.rows = append(b.undo.rows, savedRow{s, *s})
	s.isNew = s.isNew || s.row == nil
	s.row = row
	if !s.dirty {
		s.dirty = true
		b.changed = append(b.changed, s)
	}
}
