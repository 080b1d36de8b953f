//go:build linux

package unsynced

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"os"
	"path/filepath"
)

type op uint32

const (
	opWrite op = iota + 1
	opTruncate
	opCreate
	opRename
	opUnlink
	opSync
	opSyncDir
)

// record is one note of the library, see unsynced.c.
type record struct {
	op       op
	ino      uint64 // of the file; of a rename or unlink: of the file that lost its name, 0: none
	off, len uint64 // of a write; of a truncation off is the new size
	size     uint64 // of the file before
	old      []byte // what stood at off
	path     string // of the directory operations
	to       string // of a rename
}

const (
	magic      = 0x4f4e5955
	headLength = 56
)

// readJournal reads the notes. A torn last one is left out: the change it
// announces did not happen, for the note comes first.
func readJournal(dir string) ([]record, error) {
	b, err := os.ReadFile(filepath.Join(dir, "log"))
	if err != nil {
		return nil, fmt.Errorf("the library noted nothing: %w", err)
	}
	var out []record
	for len(b) >= headLength {
		if binary.LittleEndian.Uint32(b) != magic {
			return nil, fmt.Errorf("note %d of %s does not begin as one", len(out), dir)
		}
		u64 := func(at int) uint64 { return binary.LittleEndian.Uint64(b[at:]) }
		u32 := func(at int) int { return int(binary.LittleEndian.Uint32(b[at:])) }
		r := record{op: op(u32(4)), ino: u64(8), off: u64(16), len: u64(24), size: u64(32)}
		old, path, to := u32(40), u32(44), u32(48)
		if len(b) < headLength+old+path+to {
			break
		}
		rest := b[headLength:]
		r.old = bytes.Clone(rest[:old])
		r.path = string(rest[old : old+path])
		r.to = string(rest[old+path : old+path+to])
		b = rest[old+path+to:]
		out = append(out, r)
	}
	return out, nil
}
