package promotion

import (
	"cmp"
	"maps"
	"slices"
)

// A request is kept in pieces: blocks of SKUs in the sequence of their hashes,
// so that a piece makes whole rows of the layer.
const (
	// MostRows is how many rows of a layer one transaction writes.
	MostRows = 512
	// mostSKUs is how many SKUs a piece has; more only if they share a row.
	mostSKUs = 4096
)

// listed is a SKU where a request lists it.
type listed struct {
	hash     uint64
	discount int32
	sku      int32
}

// sortEntries sorts what discounts list by hash, each SKU once: the one that the
// caller listed last.
func sortEntries(list []Discount) []listed {
	n := 0
	for i := range list {
		n += len(list[i].SKUs)
	}
	entries := make([]listed, 0, n)
	for i := range list {
		for j, sku := range list[i].SKUs {
			entries = append(entries, listed{hash(sku), int32(i), int32(j)})
		}
	}
	text := func(e listed) string { return list[e.discount].SKUs[e.sku] }
	slices.SortFunc(entries, func(a, b listed) int {
		if a.hash != b.hash {
			return cmp.Compare(a.hash, b.hash)
		}
		if c := cmp.Compare(text(a), text(b)); c != 0 {
			return c
		}
		entryA, skuA := list[a.discount].place(int(a.discount), int(a.sku))
		entryB, skuB := list[b.discount].place(int(b.discount), int(b.sku))
		return cmp.Or(cmp.Compare(entryB, entryA), cmp.Compare(skuB, skuA))
	})
	return slices.CompactFunc(entries, func(a, b listed) bool { return a.hash == b.hash && text(a) == text(b) })
}

// cutPieces writes the pieces of sorted entries.
func cutPieces(entries []listed, list []Discount) (pieces [][]byte) {
	var piece building
	rows, last := 0, int64(-1)
	flush := func() {
		if len(piece.entries) > 0 {
			pieces = append(pieces, piece.appendTo(nil))
		}
		piece.reset()
		rows = 0
	}
	size := 0
	for _, e := range entries {
		if key := skuKey(e.hash); key != last {
			if rows == MostRows || len(piece.entries) >= mostSKUs || size >= bytesAtOnce {
				flush()
				size = 0
			}
			rows, last = rows+1, key
		}
		d := &list[e.discount]
		said := offer{Terms: d.Terms, Remove: d.Remove}
		if said.Remove {
			said.Terms = Terms{}
		}
		piece.add(d.SKUs[e.sku], said, nil)
		size += len(d.SKUs[e.sku])
	}
	flush()
	return pieces
}

// rowsOf makes rows of a piece's entries and what refused them: for each entry
// a set of stores.
func rowsOf(piece *block, refused [][]byte) (rows []SKURow) {
	var row building
	last, bits := int64(-1), int64(0)
	flush := func() {
		if len(row.entries) > 0 {
			rows = append(rows, SKURow{Key: last, SKUs: bits, Body: row.appendTo(nil)})
		}
		row.reset()
		bits = 0
	}
	for i := range piece.entries {
		e := &piece.entries[i]
		h := hash(e.sku)
		if key := skuKey(h); key != last {
			flush()
			last = key
		}
		row.add(e.sku, piece.terms[e.terms], refused[i])
		if bits |= mask(h); refused[i] != nil {
			bits |= refusing
		}
	}
	flush()
	return rows
}

func sortedKeys[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }
