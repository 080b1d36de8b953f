//go:build linux

package unsynced

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
)

// Survive says which of the changes that were not final reach the disk all
// the same.
type Survive int

// The ways; a real disk knows all of them.
const (
	None   Survive = iota // nothing
	Prefix                // of each file a first part, as if written in sequence
	Pages                 // any of the pages of 4 KB, so that a write may be torn
)

func (s Survive) String() string { return [...]string{"none", "prefix", "pages"}[s] }

// Report tells what a rollback did.
type Report struct {
	Notes   int // changes and syncs noted
	Pending int // changes that no sync had made final
	Undone  int // of these
}

const page = 4096

// Rollback makes of the data folder what a power cut would have left of it,
// and forgets the notes. The process must be dead. The same dice, the same
// result.
func (l Layer) Rollback(survive Survive, dice *rand.Rand) (Report, error) {
	notes, err := readJournal(l.Log)
	if err != nil {
		return Report{}, err
	}
	report := Report{Notes: len(notes)}
	byInode, err := l.inodes()
	if err != nil {
		return report, err
	}
	files, names, err := pending(notes)
	if err != nil {
		return report, err
	}
	for _, ino := range sortedKeys(files) {
		report.Pending += len(files[ino])
		path, ok := byInode[ino]
		if !ok {
			continue // its name was removed for good
		}
		n, err := rollFile(path, files[ino], survive, dice)
		if err != nil {
			return report, fmt.Errorf("roll back %s: %w", filepath.Base(path), err)
		}
		report.Undone += n
	}
	for _, dir := range sortedKeys(names) {
		list := names[dir]
		kept := 0
		if survive != None {
			kept = dice.IntN(len(list) + 1)
		}
		report.Pending += len(list)
		report.Undone += len(list) - kept
		if err := l.undoNames(list[kept:]); err != nil {
			return report, err
		}
	}
	return report, l.forget()
}

func sortedKeys[V any](m map[uint64]V) []uint64 {
	keys := make([]uint64, 0, len(m))
	for k := range m {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	return keys
}

// pending sorts out what no sync has made final: changes of content by file,
// of names by directory, both by inode.
func pending(notes []record) (files, names map[uint64][]record, err error) {
	files, names = map[uint64][]record{}, map[uint64][]record{}
	dirs := map[string]uint64{}
	for _, r := range notes {
		switch r.op {
		case opWrite, opTruncate:
			files[r.ino] = append(files[r.ino], r)
		case opSync:
			delete(files, r.ino)
		case opSyncDir:
			delete(names, r.ino)
		case opCreate, opRename, opUnlink:
			dir := filepath.Dir(r.path)
			if _, ok := dirs[dir]; !ok {
				if dirs[dir], err = inode(dir); err != nil {
					return nil, nil, err
				}
			}
			names[dirs[dir]] = append(names[dirs[dir]], r)
		default:
			return nil, nil, fmt.Errorf("a note of the kind %d", r.op)
		}
	}
	return files, names, nil
}

func inode(path string) (uint64, error) {
	info, err := os.Lstat(path)
	if err != nil {
		return 0, err
	}
	return info.Sys().(*syscall.Stat_t).Ino, nil
}

// inodes finds every file by its inode: in the data folder, or kept.
func (l Layer) inodes() (map[uint64]string, error) {
	out := map[uint64]string{}
	for _, root := range []string{l.Log, l.Data} {
		err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
			if err != nil || !d.Type().IsRegular() {
				return err
			}
			ino, err := inode(path)
			out[ino] = path
			return err
		})
		if err != nil {
			return nil, err
		}
	}
	return out, nil
}

// change is a part of a record that survives or not.
type change struct {
	truncate bool
	off      int64
	data     []byte // what was written there
}

// rollFile undoes all changes of a file, the last first, and then writes
// those again that survive.
func rollFile(path string, list []record, survive Survive, dice *rand.Rand) (undone int, err error) {
	f, err := os.OpenFile(path, os.O_RDWR, 0)
	if err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	redo := make([][]change, len(list))
	for i, r := range slices.Backward(list) {
		if redo[i], err = undo(f, r); err != nil {
			return 0, err
		}
	}
	kept := dice.IntN(len(list) + 1)
	for i, changes := range redo {
		whole := true
		for _, c := range changes {
			if survive == Prefix && i < kept || survive == Pages && dice.IntN(2) == 0 {
				if err := c.apply(f); err != nil {
					return undone, err
				}
				continue
			}
			whole = false
		}
		if !whole {
			undone++
		}
	}
	return undone, nil
}

// undo takes one change back and returns what it had done, page by page.
func undo(f *os.File, r record) ([]change, error) {
	var out []change
	if r.op == opTruncate {
		out = []change{{truncate: true, off: int64(r.off)}}
	} else {
		data := make([]byte, r.len)
		n, err := f.ReadAt(data, int64(r.off))
		if err != nil && err != io.EOF {
			return nil, err
		}
		out = pieces(int64(r.off), data[:n])
	}
	if err := f.Truncate(int64(r.size)); err != nil {
		return nil, err
	}
	_, err := f.WriteAt(r.old, int64(r.off))
	return out, err
}

// pieces cuts a write at the borders of pages.
func pieces(off int64, data []byte) []change {
	var out []change
	for len(data) > 0 {
		n := min(int64(len(data)), page-off%page)
		out = append(out, change{off: off, data: data[:n]})
		off, data = off+n, data[n:]
	}
	return out
}

func (c change) apply(f *os.File) error {
	if c.truncate {
		return f.Truncate(c.off)
	}
	_, err := f.WriteAt(c.data, c.off)
	return err
}

// undoNames takes changes of names back, the last first.
func (l Layer) undoNames(list []record) error {
	for _, r := range slices.Backward(list) {
		var err error
		switch r.op {
		case opCreate:
			err = os.Remove(r.path)
		case opUnlink:
			err = os.Link(l.kept(r.ino), r.path)
		case opRename:
			if err = os.Rename(r.to, r.path); err == nil && r.ino != 0 {
				err = os.Link(l.kept(r.ino), r.to)
			}
		}
		// The process may have died between the note and the change.
		if err != nil && !errors.Is(err, fs.ErrNotExist) && !errors.Is(err, fs.ErrExist) {
			return err
		}
	}
	return nil
}

func (l Layer) kept(ino uint64) string {
	return filepath.Join(l.Log, fmt.Sprintf("kept-%d", ino))
}

// forget removes the notes, and SQLite's -shm files, of which nothing is left
// after a power cut.
func (l Layer) forget() error {
	notes, err := filepath.Glob(filepath.Join(l.Log, "*"))
	if err != nil {
		return err
	}
	for _, path := range notes {
		if err := os.Remove(path); err != nil {
			return err
		}
	}
	return filepath.WalkDir(l.Data, func(path string, d fs.DirEntry, err error) error {
		if err == nil && strings.HasSuffix(path, "-shm") {
			err = os.Remove(path)
		}
		return err
	})
}
