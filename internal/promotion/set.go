package promotion

import "encoding/binary"

// A set of numbers from 0 to n is kept as bytes: a kind, then either the
// lengths of what is not in it and what is, in turns, or a bit for each.
const (
	setRuns = 0
	setBits = 1
)

// encodeSet writes a set given as words of bits; nil: it is empty.
func encodeSet(words []uint64, n int) []byte {
	runs := []byte{setRuns}
	length, in, some := uint64(0), false, false
	for i := range n {
		is := words[i/64]>>(i%64)&1 == 1
		some = some || is
		if is != in {
			runs, length, in = binary.AppendUvarint(runs, length), 0, is
		}
		length++
	}
	if !some {
		return nil
	}
	if in {
		runs = binary.AppendUvarint(runs, length)
	}
	if len(runs) <= n/8+1 {
		return runs
	}
	bits := []byte{setBits}
	for i := range (n + 7) / 8 {
		bits = append(bits, byte(words[i/8]>>(i%8*8)))
	}
	return bits
}

// inSet reports whether a set holds a number.
func inSet(set []byte, number int) bool {
	if len(set) == 0 || number < 0 {
		return false
	}
	kind, rest := set[0], set[1:]
	if kind == setBits {
		return number/8 < len(rest) && rest[number/8]>>(number%8)&1 == 1
	}
	for in := false; len(rest) > 0; in = !in {
		length, n := binary.Uvarint(rest)
		if n <= 0 {
			return false
		}
		if uint64(number) < length {
			return in
		}
		number, rest = number-int(length), rest[n:]
	}
	return false
}
