package ledger

import (
	"errors"
	"fmt"
	"time"

	"github.com/ordermux/ordermux/internal/order"
)

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
	if after := d.entry.entry.After; after != 0 && (d.slot.row == nil || d.slot.row.Newest != after) {
		return order.ErrChanged
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
		seq: d.head.Seq + 1, at: max(d.head.At, d.now()), subject: e.Subject, kind: kind,
		source: e.Source, origin: e.Origin, history: e.History,
	}
	h.number = h.seq
	if d.slot.row != nil {
		h.number = d.slot.row.Number
	}
	return h
}

func (d *decision) now() int64 {
	if d.call.at != 0 {
		return d.call.at
	}
	return d.at
}

// nextRow is the subject's row after the event, with memory of its own.
func (d *decision) nextRow(h *header) *IndexRow {
	if d.slot.row == nil {
		f := d.fresh.next()
		f.IndexRow = IndexRow{
			Key: d.slot.key, Number: h.seq, Newest: h.seq, Kinds: bitOf(h.kind, d.entry.entry.Happening), Layers: f.first[:0],
		}
		row := &f.IndexRow
		if h.history {
			row.Flags |= FlagHistory
		}
		return row
	}
	row := d.slot.row.changed()
	row.Newest = h.seq
	row.Kinds |= bitOf(h.kind, d.entry.entry.Happening)
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
	d.call.news++
	if d.call.publish != nil {
		d.item(h, row)
	}
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
