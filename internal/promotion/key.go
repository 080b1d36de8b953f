package promotion

import (
	"crypto/sha256"
	"encoding/binary"
)

// SKUs and stores are found by parts of their hash. The hash is one whose
// values nobody can choose, so that no request fills one row.
func hash(text string) uint64 {
	sum := sha256.Sum256([]byte(text))
	return binary.BigEndian.Uint64(sum[:])
}

// keyBits are the bits of a SKU's hash that are its row's key: 65,536 rows of a
// layer at most.
const keyBits = 16

func skuKey(h uint64) int64 { return int64(h >> (64 - keyBits)) }

// mask is the bit of a hash among 63; a row has those of all it holds.
func mask(h uint64) int64 { return 1 << ((h >> 32 & 0xffff) % 63) }

// A mask of stores that is everywhere holds wherever the shop sells. A mask of
// SKUs with the bit refusing is that of a row of which some store refused
// something.
const (
	everywhere int64 = -1
	refusing   int64 = -1 << 63
)

// storesInRow is how many stores a row of promotion_stores holds, about.
const storesInRow = 64

// levels is the number of rows that so many stores are spread over: a power of
// two.
func levels(stores int) int64 {
	n := int64(1)
	for n*storesInRow < int64(stores) {
		n *= 2
	}
	return n
}

// storeKey is the row of a store among so many.
func storeKey(h uint64, levels int64) int64 { return int64(h&0xffffff) & (levels - 1) }
