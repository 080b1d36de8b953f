package bench

import (
	"bytes"
	"fmt"
	"strconv"
	"time"
)

// Every order of a run has a number from 0; its id is idPrefix and the ten hex
// digits of the number (ascending) or of a permutation of it (random).
const (
	idPrefix = "bench-"
	idDigits = 10
	idBits   = 4 * idDigits

	stampLayout = "2006-01-02T15:04:05.000000Z"
)

// scatter is odd, so that multiplying by it permutes the numbers below
// 2^idBits; gather is its inverse.
const (
	scatter uint64 = 0x9E3779B97F
	idMask  uint64 = 1<<idBits - 1
)

var gather = inverse(scatter)

func inverse(odd uint64) uint64 {
	x := odd // right to 3 bits; each round of Newton doubles them
	for range 5 {
		x *= 2 - odd*x
	}
	return x & idMask
}

// numbering turns an order's number into the number in its id and back.
type numbering struct{ random bool }

func (n numbering) id(number uint64) uint64 {
	if n.random {
		return number * scatter & idMask
	}
	return number
}

func (n numbering) number(id uint64) uint64 {
	if n.random {
		return id * gather & idMask
	}
	return id
}

// putID writes the digits of an id over dst.
func putID(dst []byte, id uint64) {
	const hex = "0123456789abcdef"
	for i := idDigits - 1; i >= 0; i-- {
		dst[i] = hex[id&15]
		id >>= 4
	}
}

// takeID reads the digits of an id; false if they are none.
func takeID(src []byte) (uint64, bool) {
	if len(src) < idDigits {
		return 0, false
	}
	var id uint64
	for _, c := range src[:idDigits] {
		switch {
		case c >= '0' && c <= '9':
			id = id<<4 | uint64(c-'0')
		case c >= 'a' && c <= 'f':
			id = id<<4 | uint64(c-'a'+10)
		default:
			return 0, false
		}
	}
	return id, true
}

// lineCounts are the lines per order, in turn: 1 to 5, 2.4 on average, which
// makes about 400 bytes of JSON per order.
var lineCounts = [...]int{1, 3, 2, 1, 5, 2, 4, 1, 3, 2}

// appendOrder appends the variant-th order of our made-up shop as CitrusAd
// wants it, with zeros for the digits of the id and of the time.
func appendOrder(b []byte, variant int) []byte {
	b = fmt.Appendf(b, `{"customerId":"c-%06d","sessionId":"5f0c9b1e-3d7a-4c57-9d6f-%012d",`, variant*37%1000003, variant)
	b = append(b, `"orderDate":"`...)
	b = append(b, "2026-01-01T00:00:00.000000Z"...)
	b = append(b, `","id":"`+idPrefix+"0000000000"+`","orderItems":[`...)
	for line := range lineCounts[variant%len(lineCounts)] {
		if line > 0 {
			b = append(b, ',')
		}
		l := lineOf(variant, line)
		b = fmt.Appendf(b, `{"gtin":"%s","quantity":%d,"regularUnitPrice":"%s","totalOrderItemPriceAfterDiscounts":"%s"}`,
			l.gtin, l.quantity, price(l.cents), price(l.cents*l.quantity))
	}
	return append(b, "]}"...)
}

// madeUpLine is a line of a made-up order.
type madeUpLine struct {
	gtin     string
	quantity int
	cents    int // of one unit
}

func lineOf(variant, line int) madeUpLine {
	return madeUpLine{
		gtin:     fmt.Sprintf("40063813%05d", (variant*7+line)%100000),
		quantity: 1 + (variant+line)%4,
		cents:    199 + (variant*131+line*977)%9800,
	}
}

func price(cents int) string { return strconv.Itoa(cents/100) + fmt.Sprintf(".%02d", cents%100) }

// body is the rendered body of one request with the places that differ.
type body struct {
	bytes  []byte
	ids    []int // where the digits of each order's id stand
	stamps []int // where the time of each order stands; none where the dialect has none
}

// newBody renders count orders, beginning with the variant first.
func (d *dialect) newBody(count, first int) body {
	b := body{bytes: []byte(d.open)}
	for i := range count {
		if i > 0 {
			b.bytes = append(b.bytes, ',')
		}
		at := len(b.bytes)
		b.bytes = d.order(b.bytes, first+i)
		order := b.bytes[at:]
		b.ids = append(b.ids, at+bytes.Index(order, []byte(idPrefix))+len(idPrefix))
		if d.stamp != "" {
			b.stamps = append(b.stamps, at+bytes.Index(order, []byte(d.stamp))+len(d.stamp))
		}
	}
	b.bytes = append(b.bytes, d.close...)
	return b
}

// fill writes the ids of the orders from number on, and the time now.
func (b *body) fill(n numbering, number uint64, now time.Time) {
	var room [2 * len(stampLayout)]byte // AppendFormat writes more than stays
	stamp := now.UTC().AppendFormat(room[:0], stampLayout)
	for i, at := range b.ids {
		putID(b.bytes[at:], n.id(number+uint64(i)))
		if b.stamps != nil {
			copy(b.bytes[b.stamps[i]:], stamp)
		}
	}
}
