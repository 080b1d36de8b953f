package deliveryhero

import (
	"fmt"
	"hash/maphash"
	"io"
)

// Our choices: how many rows of an outlet are looked at for repeats, and how
// many of them at a time.
const (
	mostNoted  = 4_000_000
	notedAtOne = 400_000
)

// lookForRepeats tells which rows are about a product of an outlet that stood in
// the file before. It reads the file again, several times if it is long: so it
// takes little memory, however long it is.
func (f *catalogFile) lookForRepeats(body io.ReadSeeker, pairs int) error {
	if pairs > mostNoted {
		f.verdict.note(fmt.Sprintf("of more than %d rows of an outlet nobody looks whether a product stands in the file twice", mostNoted))
		return nil
	}
	again := *f
	again.verdict = &verdict{} // what else is to be said was said
	parts := pairs/notedAtOne + 1
	known := newRepeats(pairs / parts)
	for part := range parts {
		known.forget()
		if err := rewind(body); err != nil {
			return err
		}
		err := again.each(body, func(v *vendor, r *offerRow) error {
			sum := known.sum(v.ID, r.code)
			if sum>>20%uint64(parts) == uint64(part) && known.note(sum) {
				f.verdict.again(r.line, v.ID, r.code)
			}
			return nil
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// repeats knows which products of which outlets were named. It keeps a few bytes
// of each, so that it may be wrong about one in some thousand million; it only
// tells people.
type repeats struct {
	seed  maphash.Seed
	slots []uint32 // a part of the sum; 0: empty
	used  int
}

// newRepeats makes room for about so many, in at most 16 MB.
func newRepeats(many int) *repeats {
	size := 1 << 8
	for 3*size < 4*many && size < 1<<22 {
		size *= 2
	}
	return &repeats{seed: maphash.MakeSeed(), slots: make([]uint32, size)}
}

// full reports whether no more are noted.
func (r *repeats) full() bool { return r.used >= len(r.slots)/8*7 }

// forget makes room for others.
func (r *repeats) forget() { clear(r.slots); r.used = 0 }

// seen notes a product of an outlet and reports whether it was noted before.
func (r *repeats) seen(store, code string) bool { return r.note(r.sum(store, code)) }

func (r *repeats) sum(store, code string) uint64 {
	var h maphash.Hash
	h.SetSeed(r.seed)
	_, _ = h.WriteString(store)
	_ = h.WriteByte(0)
	_, _ = h.WriteString(code)
	return h.Sum64()
}

func (r *repeats) note(sum uint64) (before bool) {
	mark, mask := max(uint32(sum>>32), 1), len(r.slots)-1
	for i := int(sum) & mask; ; i = (i + 1) & mask {
		switch r.slots[i] {
		case mark:
			return true
		case 0:
			if !r.full() {
				r.slots[i] = mark
				r.used++
			}
			return false
		}
	}
}
