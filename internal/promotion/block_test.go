package promotion

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/ordermux/ordermux/internal/order"
)

func TestSets(t *testing.T) {
	t.Parallel()
	seed := rand.Uint64()
	random := rand.New(rand.NewPCG(seed, 1))
	for range 300 {
		n := 1 + random.IntN(300)
		words := make([]uint64, (n+63)/64)
		share, some := random.IntN(101), false
		for i := range n {
			if random.IntN(100) < share {
				words[i/64] |= 1 << (i % 64)
				some = true
			}
		}
		set := encodeSet(words, n)
		if (set != nil) != some || len(set) > n/8+2 {
			t.Fatalf("seed %d: %d bytes for %d", seed, len(set), n)
		}
		for i := range n {
			if inSet(set, i) != (words[i/64]>>(i%64)&1 == 1) {
				t.Fatalf("seed %d: %d of %d", seed, i, n)
			}
		}
		if inSet(set, n+7) && set[0] == setRuns || inSet(set, -1) {
			t.Fatalf("seed %d: beyond", seed)
		}
	}
	// Few and many in sequence need few bytes, however many there are.
	words := make([]uint64, 10_000/64+1)
	for i := range words {
		words[i] = ^uint64(0)
	}
	if set := encodeSet(words, 10_000); len(set) > 5 {
		t.Errorf("%d bytes for all", len(set))
	}
}

func FuzzSet(f *testing.F) {
	f.Add([]byte{setRuns, 3, 2, 1}, 4)
	f.Add([]byte{setBits, 0xf0}, 5)
	f.Add([]byte{setRuns, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01}, 1<<40)
	f.Fuzz(func(t *testing.T, set []byte, n int) {
		if inSet(set, n) && len(set) < 2 {
			t.Error("in an empty set")
		}
	})
}

func exampleBlock() *building {
	k := &building{}
	price, percent := order.FromInt(850, 2), order.FromInt(20, 0)
	k.add("a", offer{Terms: Terms{Subtype: FinalPrice, Value: price, MaxQuantity: 3}}, nil)
	k.add("b", offer{Terms: Terms{Subtype: Percentage, Value: percent}}, []byte{setBits, 5})
	k.add("c", offer{Remove: true}, nil)
	k.add("d", offer{Terms: Terms{Subtype: FinalPrice, Value: price, MaxQuantity: 3}}, []byte{setBits, 5})
	return k
}

func TestBlock(t *testing.T) {
	t.Parallel()
	made := exampleBlock()
	if len(made.terms) != 3 || len(made.refused) != 1 {
		t.Errorf("%d terms, %d sets", len(made.terms), len(made.refused))
	}
	text := made.appendTo(nil)
	read, err := readBlock(text)
	if err != nil || fmt.Sprint(*read) != fmt.Sprint(made.block) {
		t.Errorf("%v %v instead of %v", err, read, made.block)
	}
	for i := range text {
		if _, err := readBlock(text[:i]); err == nil {
			t.Errorf("the first %d bytes are a block", i)
		}
	}
}

// FuzzBlock reads whatever stands there without a panic; what is read is
// written the same.
func FuzzBlock(f *testing.F) {
	f.Add(exampleBlock().appendTo(nil))
	f.Add([]byte{})
	f.Add([]byte{0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f})
	f.Fuzz(func(t *testing.T, b []byte) {
		k, err := readBlock(b)
		if err != nil {
			return
		}
		again := k.appendTo(nil)
		second, err := readBlock(again)
		if err != nil || !bytes.Equal(second.appendTo(nil), again) {
			t.Errorf("%v: %x", err, b)
		}
	})
}

func FuzzStores(f *testing.F) {
	f.Add(appendStores(nil, []string{"lund", "ystad"}, []int{0, 1}))
	f.Add([]byte{5, 1})
	f.Fuzz(func(t *testing.T, b []byte) {
		n := 0
		err := eachStore(b, func(string, int) bool { n++; return true })
		if err == nil && n > len(b) {
			t.Errorf("%d stores in %d bytes", n, len(b))
		}
	})
}

// TestPieces: every SKU is in one row of one piece, the last of it that is
// listed, and rows are whole.
func TestPieces(t *testing.T) {
	t.Parallel()
	var list []Discount
	const skus = 10_000
	for i := range 10 {
		d := Discount{Terms: Terms{Subtype: FinalPrice, Value: order.FromInt(int64(i+1), 0)}}
		for k := range skus {
			if k%10 >= i { // SKUs that end with 9 are listed ten times
				d.SKUs = append(d.SKUs, fmt.Sprint("SKU ", k))
			}
		}
		list = append(list, d)
	}
	pieces := cutPieces(sortEntries(list), list)
	if len(pieces) < skus/mostSKUs {
		t.Errorf("%d pieces", len(pieces))
	}
	seen, keys, last := map[string]bool{}, map[int64]bool{}, int64(-1)
	for _, b := range pieces {
		piece, err := readBlock(b)
		if err != nil {
			t.Fatal(err)
		}
		for _, e := range piece.entries {
			var k int
			if _, err := fmt.Sscanf(e.sku, "SKU %d", &k); err != nil || seen[e.sku] {
				t.Fatal(e.sku, err)
			}
			seen[e.sku] = true
			if want := order.FromInt(int64(k%10+1), 0); !piece.terms[e.terms].Value.Equal(want) {
				t.Fatalf("%s has %s", e.sku, piece.terms[e.terms].Value)
			}
		}
		rows := rowsOf(piece, make([][]byte, len(piece.entries)))
		if len(rows) > MostRows {
			t.Errorf("%d rows", len(rows))
		}
		for _, r := range rows {
			if r.Key <= last || keys[r.Key] {
				t.Fatalf("row %d behind %d", r.Key, last)
			}
			last, keys[r.Key] = r.Key, true
		}
	}
	if len(seen) != skus {
		t.Errorf("%d SKUs", len(seen))
	}
}
