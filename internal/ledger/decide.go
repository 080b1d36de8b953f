package ledger

import (
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/ordermux/ordermux/internal/order"
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
		clear(b)
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

// Knows reports whether Know was called for the key.
func (b *Batch) Knows(shop string, key Key) bool { return b.slot(shop, key) != nil }

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

// Decide decides on all entries of a call. After an error the batch is as it
// was before; order.ErrConflict and order.ErrNotFound are the call's own, any
// other error means that the transaction is no good.
func (b *Batch) Decide(c *Call) error {
	b.mark()
	c.results = append(c.results[:0], make([]result, len(c.entries))...)
	c.items = nil
	err := b.decide(c)
	if err != nil {
		b.Undo()
		c.items = nil
	}
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

// decision is one entry being decided.
type decision struct {
	*Batch
	call  *Call
	head  *headSlot
	entry *prepared
	slot  *rowSlot
	out   *result
}

var errUnknownKey = errors.New("a subject was not looked up")

func (d *decision) entryDecided() error {
	if d.slot == nil {
		return errUnknownKey
	}
	if d.call.erase != nil {
		return d.decideErase()
	}
	if d.slot.row != nil && d.slot.row.Flags&FlagErased != 0 {
		d.entry = d.call.stripped(d.entry)
	}
	if d.entry.statement != nil {
		return d.decideStatement()
	}
	return d.decideHappening()
}

// known settles the entry as nothing new.
func (d *decision) known(seq int64) error {
	d.out.seq, d.out.known = seq, true
	return nil
}

func (d *decision) decideStatement() error {
	row, e := d.slot.row, d.entry
	if row == nil {
		return d.state(order.KindPlaced, 0, nil)
	}
	i := row.layer(e.entry.Source.Name)
	if i < 0 || row.Layers[i].Seq == 0 {
		kind := order.KindPlaced
		if row.stated() {
			kind = order.KindUpdated
		}
		return d.state(kind, 0, nil)
	}
	last := &row.Layers[i]
	if last.Print == e.print && last.Print != (Print{}) {
		return d.known(last.Seq)
	}
	if e.version != 0 && last.Version != 0 && e.version < last.Version {
		return d.known(last.Seq)
	}
	return d.compare(last)
}

// compare decides by the content of the source's last statement.
func (d *decision) compare(last *LayerState) error {
	stored, err := d.stored(last.Seq)
	if err != nil {
		return err
	}
	before, err := stored.statement()
	if err != nil {
		return fmt.Errorf("event %d: %w", last.Seq, err)
	}
	changed := order.Diff(before, d.entry.statement)
	if len(changed) == 0 {
		return d.known(last.Seq)
	}
	if d.entry.entry.RefuseUpdate {
		return order.ErrConflict
	}
	d.out.changed = changed
	var same *Stored
	if last.Personal != 0 && string(stored.PersonalBody) == string(d.entry.personal) {
		same = stored
	}
	return d.state(order.KindUpdated, last.Personal, same)
}

// stored returns an event of the store or of this very batch.
func (d *decision) stored(seq int64) (*Stored, error) {
	for i := len(d.Events) - 1; i >= 0 && seq > d.head.Seq-int64(len(d.Events)); i-- {
		if e := &d.Events[i]; e.Shop == d.call.Shop && e.Seq == seq {
			return d.withPersonal(e), nil
		}
	}
	s, err := d.look.Event(d.call.Shop, seq)
	if err == nil && s == nil {
		err = fmt.Errorf("event %d is missing", seq)
	}
	return s, err
}

// withPersonal joins the personal part to an event of this batch.
func (d *decision) withPersonal(e *NewEvent) *Stored {
	s := e.Stored
	if s.Personal == 0 {
		return &s
	}
	for i := range d.Personal {
		if p := &d.Personal[i]; p.Shop == e.Shop && p.Seq == s.Personal {
			s.Salt, s.PersonalBody = p.Salt, p.Body
			return &s
		}
	}
	if old, err := d.look.Event(e.Shop, s.Personal); err == nil && old != nil {
		s.Salt, s.PersonalBody = old.Salt, old.PersonalBody
	}
	return &s
}

// state appends the statement. same is the source's last statement if its
// personal part, at seq personal, is this one's too.
func (d *decision) state(kind order.Kind, personal int64, same *Stored) error {
	e := d.entry
	h := d.header(kind)
	switch {
	case same != nil:
		old, err := readHeader(same.Header)
		if err != nil {
			return err
		}
		h.personal, h.personalDigest = personal, old.personalDigest
	case e.personal != nil:
		h.personal, h.personalDigest = h.seq, e.digest
	}
	row := d.nextRow(&h)
	i := row.layer(h.source.Name)
	if i < 0 {
		row.Layers = append(row.Layers, LayerState{Source: h.source})
		i = len(row.Layers) - 1
	}
	l := &row.Layers[i]
	if l.Seq == 0 {
		l.First = h.seq
		d.Layers = append(d.Layers, NewLayer{d.call.Shop, h.source.Name, row.Number})
	}
	l.Source.Rank = max(l.Source.Rank, h.source.Rank)
	l.Seq, l.Personal, l.Version, l.Print = h.seq, h.personal, e.version, e.print
	for _, r := range e.statement.References {
		if r.Value != "" {
			d.References = append(d.References, NewReference{d.call.Shop, h.source.Name, r.Value, row.Number})
		}
	}
	return d.append(&h, row)
}

func (d *decision) decideHappening() error {
	e, row := d.entry, d.slot.row
	if row != nil {
		seq, err := d.happened(row.Number)
		if err != nil {
			return err
		}
		if seq != 0 {
			return d.known(seq)
		}
	}
	h := d.header(e.happening.Kind)
	h.happening = true
	if e.personal != nil {
		h.personal, h.personalDigest = h.seq, e.digest
	}
	next := d.nextRow(&h)
	if next.layer(h.source.Name) < 0 {
		next.Layers = append(next.Layers, LayerState{Source: h.source})
	}
	key := printKey{d.call.Shop, next.Number, e.print}
	d.prints[key] = h.seq
	d.undo.keys = append(d.undo.keys, key)
	d.Happenings = append(d.Happenings, NewHappening{d.call.Shop, next.Number, e.print, h.seq})
	return d.append(&h, next)
}

func (d *decision) happened(number int64) (int64, error) {
	if seq := d.prints[printKey{d.call.Shop, number, d.entry.print}]; seq != 0 {
		return seq, nil
	}
	return d.look.Happening(d.call.Shop, number, d.entry.print)
}

// header is the next event's. Its time never runs backwards in a shop.
func (d *decision) header(kind order.Kind) header {
	e := d.entry.entry
	h := header{
		seq: d.head.Seq + 1, at: max(d.head.At, d.at), subject: e.Subject, kind: kind,
		source: e.Source, origin: e.Origin, history: e.History,
	}
	h.number = h.seq
	if d.slot.row != nil {
		h.number = d.slot.row.Number
	}
	return h
}

// nextRow is the subject's row after the event, with memory of its own.
func (d *decision) nextRow(h *header) *IndexRow {
	if d.slot.row == nil {
		f := d.fresh.next()
		f.IndexRow = IndexRow{
			Key: d.slot.key, Number: h.seq, Newest: h.seq, Kinds: kindBit(h.kind), Layers: f.first[:0],
		}
		row := &f.IndexRow
		if h.history {
			row.Flags |= FlagHistory
		}
		return row
	}
	row := d.slot.row.changed()
	row.Newest = h.seq
	row.Kinds |= kindBit(h.kind)
	return row
}

// append makes the event and moves head and row on.
func (d *decision) append(h *header, row *IndexRow) error {
	e := d.entry
	bytes := d.appendHeader(h)
	var link Hash
	link, d.room = link1(d.room, &d.head.Hash, bytes, e.body)
	d.Events = append(d.Events, NewEvent{d.call.Shop, Stored{
		Seq: h.seq, At: h.at, Personal: h.personal, Hash: link, Header: bytes, Body: e.body,
	}})
	if h.personal == h.seq {
		d.Personal = append(d.Personal, NewPersonal{d.call.Shop, h.seq, e.salt, e.personal})
	}
	if h.seq != h.number {
		d.Later = append(d.Later, NewLater{d.call.Shop, h.number, h.seq})
	}
	d.head.Seq, d.head.At, d.head.Hash, d.head.moved = h.seq, h.at, link, true
	d.set(d.slot, row)
	*d.out = result{seq: h.seq, at: h.at, hash: link, kind: h.kind, changed: d.out.changed}
	d.item(h, row)
	return nil
}

// appendHeader encodes into the batch's arena, which lives until Reset.
func (d *decision) appendHeader(h *header) []byte {
	if cap(d.arena)-len(d.arena) < 1024 {
		d.arena = make([]byte, 0, 256<<10)
	}
	from := len(d.arena)
	d.arena = h.append1(d.arena)
	return d.arena[from:len(d.arena):len(d.arena)]
}

// item is the event as readers of the ring get it.
func (d *decision) item(h *header, row *IndexRow) {
	if d.call.items == nil {
		d.call.items = make([]Item, 0, len(d.call.entries))
	}
	d.call.items = append(d.call.items, Item{
		Event: order.Event{
			Shop: d.call.Shop, Seq: h.seq, Order: h.number, At: time.UnixMicro(h.at).UTC(),
			Subject: h.subject, Kind: h.kind, Source: h.source, Origin: h.origin, History: h.history,
			Hash: d.out.hash, Statement: d.entry.statement, Happening: d.entry.happening,
		},
		Row: row.row(),
	})
}
