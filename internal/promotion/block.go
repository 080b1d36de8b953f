package promotion

import (
	"encoding/binary"
	"errors"

	"github.com/ordermux/ordermux/internal/order"
)

// block is what a row of promotion_skus, or a piece of a request, holds.
type block struct {
	terms   []offer
	refused [][]byte // sets of stores
	entries []entry
}

// offer is what is said of a SKU.
type offer struct {
	Terms
	Remove bool
}

// entry is a SKU of a block.
type entry struct {
	sku     string
	terms   int // its place among the terms
	refused int // its place among the sets, counted from 1; 0: no store did
}

// subtypes are written as their places here.
var subtypes = []Subtype{FinalPrice, Percentage, Absolute, ""}

func subtypeCode(s Subtype) uint64 {
	for i, known := range subtypes {
		if s == known {
			return uint64(i)
		}
	}
	return uint64(len(subtypes) - 1)
}

// appendTo appends the block's bytes: terms, sets, entries, each behind its
// number. Equal blocks give equal bytes.
func (k *block) appendTo(b []byte) []byte {
	b = binary.AppendUvarint(b, uint64(len(k.terms)))
	for i := range k.terms {
		t := &k.terms[i]
		code := subtypeCode(t.Subtype) << 1
		if t.Remove {
			code |= 1
		}
		b = binary.AppendUvarint(b, code)
		b = appendText(b, t.Value.String())
		b = binary.AppendUvarint(b, uint64(t.MaxQuantity))
	}
	b = binary.AppendUvarint(b, uint64(len(k.refused)))
	for _, set := range k.refused {
		b = appendText(b, string(set))
	}
	b = binary.AppendUvarint(b, uint64(len(k.entries)))
	for i := range k.entries {
		e := &k.entries[i]
		b = appendText(b, e.sku)
		b = binary.AppendUvarint(b, uint64(e.terms))
		b = binary.AppendUvarint(b, uint64(e.refused))
	}
	return b
}

func appendText(b []byte, text string) []byte {
	return append(binary.AppendUvarint(b, uint64(len(text))), text...)
}

var errBlock = errors.New("a row of a promotion can not be read")

// cursor reads what appendTo wrote; bad sticks.
type cursor struct {
	text string
	bad  bool
}

func (c *cursor) number() int {
	var n uint64
	for i := 0; i < len(c.text) && i < binary.MaxVarintLen64; i++ {
		b := c.text[i]
		n |= uint64(b&0x7f) << (7 * i)
		if b < 0x80 {
			c.text = c.text[i+1:]
			if n > 1<<40 {
				break
			}
			return int(n)
		}
	}
	c.bad, c.text = true, ""
	return 0
}

func (c *cursor) part() string {
	n := c.number()
	if n > len(c.text) {
		c.bad, c.text = true, ""
		return ""
	}
	part := c.text[:n]
	c.text = c.text[n:]
	return part
}

// count is a number of things that have at least a byte each.
func (c *cursor) count() int {
	n := c.number()
	if n > len(c.text) {
		c.bad = true
		return 0
	}
	return n
}

// readBlock reads a block; its texts are parts of one copy of the bytes.
func readBlock(body []byte) (*block, error) {
	c := &cursor{text: string(body)}
	k := &block{}
	k.terms = make([]offer, c.count())
	for i := range k.terms {
		k.terms[i] = c.offer()
	}
	k.refused = make([][]byte, c.count())
	for i := range k.refused {
		k.refused[i] = []byte(c.part())
	}
	k.entries = make([]entry, c.count())
	for i := range k.entries {
		e := entry{sku: c.part(), terms: c.number(), refused: c.number()}
		c.bad = c.bad || e.terms >= len(k.terms) || e.refused > len(k.refused)
		k.entries[i] = e
	}
	if c.bad || c.text != "" {
		return nil, errBlock
	}
	return k, nil
}

func (c *cursor) offer() (t offer) {
	code := c.number()
	t.Remove = code&1 == 1
	if code >>= 1; code < len(subtypes) {
		t.Subtype = subtypes[code]
	} else {
		c.bad = true
	}
	if value := c.part(); value != "" {
		var err error
		t.Value, err = order.ParseDecimal(value)
		c.bad = c.bad || err != nil
	}
	t.MaxQuantity = int64(c.number())
	return t
}

// building puts a block together, each of its terms and sets once.
type building struct {
	block
	places map[offer]int
	sets   map[string]int
}

func (k *building) add(sku string, t offer, refused []byte) {
	if k.places == nil {
		k.places, k.sets = map[offer]int{}, map[string]int{}
	}
	e := entry{sku: sku}
	var ok bool
	if e.terms, ok = k.places[t]; !ok {
		e.terms = len(k.terms)
		k.places[t] = e.terms
		k.terms = append(k.terms, t)
	}
	if len(refused) > 0 {
		if e.refused, ok = k.sets[string(refused)]; !ok {
			k.refused = append(k.refused, refused)
			e.refused = len(k.refused)
			k.sets[string(refused)] = e.refused
		}
	}
	k.entries = append(k.entries, e)
}

// reset empties the block.
func (k *building) reset() {
	k.terms, k.refused, k.entries = k.terms[:0], k.refused[:0], k.entries[:0]
	clear(k.places)
	clear(k.sets)
}

// appendStores writes a row of stores with their numbers in the layer.
func appendStores(b []byte, stores []string, numbers []int) []byte {
	b = binary.AppendUvarint(b, uint64(len(stores)))
	for i, s := range stores {
		b = binary.AppendUvarint(appendText(b, s), uint64(numbers[i]))
	}
	return b
}

// eachStore calls f for each store of a row, until it returns false.
func eachStore(body []byte, f func(store string, number int) bool) error {
	c := &cursor{text: string(body)}
	n := c.count()
	for range n {
		store, number := c.part(), c.number()
		if c.bad {
			break
		}
		if !f(store, number) {
			return nil
		}
	}
	if c.bad || c.text != "" {
		return errBlock
	}
	return nil
}
