package ledger

import (
	"encoding/binary"
	"errors"
	"slices"

	"github.com/ordermux/ordermux/internal/order"
)

// IndexRow is what the store keeps of one subject: the order row. It is
// written by the ledger alone; the store keeps Layers as the bytes of
// AppendLayers.
type IndexRow struct {
	Key    Key
	Number int64 // seq of its first event
	Newest int64 // seq of its newest event
	Kinds  Kinds
	Flags  Flags
	Layers []LayerState
}

// Flags of an IndexRow. The bits are stored.
type Flags uint8

// The flags.
const (
	FlagHistory Flags = 1 << iota // first seen as history
	FlagErased
)

// LayerState is one source's part of an IndexRow.
type LayerState struct {
	Source   order.Source
	First    int64 // seq of its first statement; 0: happenings only
	Seq      int64 // seq of its last statement
	Personal int64 // seq of the personal part of that; 0: none
	Version  int64 // the source's own time of that, microseconds; 0: none
	Print    Print // fingerprint of that; zero: none (erased)
}

// Print is a fingerprint: HMAC-SHA-256 under the shop's key, cut.
type Print [16]byte

// row is the public view, with memory of its own.
func (r *IndexRow) row() Row {
	row := Row{
		Subject: order.Subject{Kind: r.Key.Kind, ID: r.Key.ID},
		First:   r.Number, Newest: r.Newest, Kinds: r.Kinds,
		History: r.Flags&FlagHistory != 0, Erased: r.Flags&FlagErased != 0,
		Public: true,
		Layers: make([]LayerRow, len(r.Layers)),
	}
	for i := range r.Layers {
		l := &r.Layers[i]
		row.Layers[i] = LayerRow{Source: l.Source, First: l.First, Seq: l.Seq}
		if l.Seq != 0 {
			row.Stated = true
			row.Public = row.Public && l.Source.Public()
		}
	}
	row.Public = row.Public && row.Stated
	return row
}

func (r *IndexRow) stated() bool {
	return slices.ContainsFunc(r.Layers, func(l LayerState) bool { return l.Seq != 0 })
}

// StatedBy reports whether the source stated the subject.
func (r *IndexRow) StatedBy(source string) bool {
	i := r.layer(source)
	return i >= 0 && r.Layers[i].Seq != 0
}

// layer returns the index of the source's layer; -1: none.
func (r *IndexRow) layer(source string) int {
	for i := range r.Layers {
		if r.Layers[i].Source.Name == source {
			return i
		}
	}
	return -1
}

// changed returns a copy that can be changed without touching r.
func (r *IndexRow) changed() *IndexRow {
	c := *r
	c.Layers = make([]LayerState, len(r.Layers), len(r.Layers)+1)
	copy(c.Layers, r.Layers)
	return &c
}

// layersFormat is the version of the layers' encoding.
const layersFormat = 1

// AppendLayers appends the layers' stored form.
func (r *IndexRow) AppendLayers(b []byte) []byte {
	b = append(b, layersFormat)
	b = binary.AppendUvarint(b, uint64(len(r.Layers)))
	for i := range r.Layers {
		l := &r.Layers[i]
		b = appendText(b, l.Source.Name)
		b = append(b, byte(l.Source.Rank))
		b = binary.AppendUvarint(b, uint64(l.First))
		b = binary.AppendUvarint(b, uint64(l.Seq))
		b = binary.AppendUvarint(b, uint64(l.Personal))
		b = binary.AppendVarint(b, l.Version)
		if l.Print == (Print{}) {
			b = append(b, 0)
			continue
		}
		b = append(b, byte(len(l.Print)))
		b = append(b, l.Print[:]...)
	}
	return b
}

var errRow = errors.New("order row: unreadable layers")

// SetLayers reads the stored form.
func (r *IndexRow) SetLayers(b []byte) error {
	d := decoder{b: b}
	if d.byte() != layersFormat {
		return errRow
	}
	n := d.uint()
	if n > uint64(len(b)) {
		return errRow
	}
	r.Layers = make([]LayerState, n)
	for i := range r.Layers {
		l := &r.Layers[i]
		l.Source.Name = d.text()
		l.Source.Rank = order.Rank(d.byte())
		l.First, l.Seq, l.Personal = d.int(), d.int(), d.int()
		l.Version = d.signed()
		if size := d.byte(); size != 0 {
			copy(l.Print[:], d.bytes(int(size)))
		}
	}
	if d.bad || len(d.b) != 0 {
		return errRow
	}
	return nil
}

func appendText(b []byte, s string) []byte {
	b = binary.AppendUvarint(b, uint64(len(s)))
	return append(b, s...)
}

// decoder reads what the append functions wrote; after the first fault
// everything is zero and bad is set.
type decoder struct {
	b   []byte
	bad bool
}

func (d *decoder) fail() { d.b, d.bad = nil, true }

func (d *decoder) byte() byte {
	if len(d.b) == 0 {
		d.fail()
		return 0
	}
	c := d.b[0]
	d.b = d.b[1:]
	return c
}

func (d *decoder) uint() uint64 {
	v, n := binary.Uvarint(d.b)
	if n <= 0 {
		d.fail()
		return 0
	}
	d.b = d.b[n:]
	return v
}

func (d *decoder) int() int64 { return int64(d.uint()) }

func (d *decoder) signed() int64 {
	v, n := binary.Varint(d.b)
	if n <= 0 {
		d.fail()
		return 0
	}
	d.b = d.b[n:]
	return v
}

func (d *decoder) bytes(n int) []byte {
	if n < 0 || n > len(d.b) {
		d.fail()
		return nil
	}
	v := d.b[:n]
	d.b = d.b[n:]
	return v
}

func (d *decoder) text() string {
	n := d.uint()
	if n > uint64(len(d.b)) {
		d.fail()
		return ""
	}
	return string(d.bytes(int(n)))
}
