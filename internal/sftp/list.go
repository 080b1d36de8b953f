package sftp

import (
	"errors"
	"io"
	"io/fs"
	"os"
	"path"
	"slices"
	"strings"
	"time"

	wire "github.com/pkg/sftp"
)

// maxListed bounds how much of a folder is listed.
const maxListed = 10_000

// fileInfo is what clients see of a file or folder.
type fileInfo struct {
	name string
	size int64
	at   time.Time
	mode fs.FileMode
}

var _ fs.FileInfo = fileInfo{}

func (i fileInfo) Name() string       { return i.name }
func (i fileInfo) Size() int64        { return i.size }
func (i fileInfo) Mode() fs.FileMode  { return i.mode }
func (i fileInfo) ModTime() time.Time { return i.at }
func (i fileInfo) IsDir() bool        { return i.mode.IsDir() }
func (i fileInfo) Sys() any           { return nil }

func infoOf(name string, i fs.FileInfo) fileInfo {
	return fileInfo{name, i.Size(), i.ModTime(), 0o600}
}

// listing is what is told of a folder, or of one file.
type listing []fs.FileInfo

// ListAt implements wire.ListerAt.
func (l listing) ListAt(to []os.FileInfo, from int64) (int, error) {
	if from >= int64(len(l)) {
		return 0, io.EOF
	}
	n := copy(to, l[from:])
	if n < len(to) {
		return n, io.EOF
	}
	return n, nil
}

// Filelist implements wire.FileLister.
func (t *tree) Filelist(r *wire.Request) (wire.ListerAt, error) {
	if r.Method != "List" {
		return t.Lstat(r)
	}
	p, ok := t.layout().placeOf(r.Filepath)
	if !ok || p.name != "" {
		return nil, errMissing
	}
	if !t.take() {
		return nil, refusal("too many open files")
	}
	list, err := t.list(p.dir)
	if err != nil {
		t.give()
		return nil, t.told(err)
	}
	return &openList{list, t}, nil
}

// openList is a folder that a client reads.
type openList struct {
	listing
	tree *tree
}

// Close gives the handle back.
func (l *openList) Close() error { l.tree.give(); return nil }

// Lstat implements wire.LstatFileLister.
func (t *tree) Lstat(r *wire.Request) (wire.ListerAt, error) {
	info, err := t.stat(r.Filepath)
	if err != nil {
		return nil, t.told(err)
	}
	return listing{info}, nil
}

// Readlink implements wire.ReadlinkFileLister: there are no links.
func (t *tree) Readlink(string) (string, error) { return "", errMissing }

// stat returns what a path is.
func (t *tree) stat(p string) (fileInfo, error) {
	at, ok := t.layout().placeOf(p)
	if !ok {
		return fileInfo{}, fs.ErrNotExist
	}
	if at.name == "" {
		return t.folder(at.dir)
	}
	if t.layout().inbox(at.dir) {
		t.mu.Lock()
		u, sent := t.open[at], t.sent[at]
		t.mu.Unlock()
		if u != nil {
			return u.info(), nil
		}
		info, err := t.statStored(at)
		if errors.Is(err, fs.ErrNotExist) && sent.name != "" {
			return sent, nil
		}
		return info, err
	}
	return t.statStored(at)
}

func (t *tree) statStored(at place) (fileInfo, error) {
	name, err := t.stored(at)
	if err != nil {
		return fileInfo{}, err
	}
	info, err := t.root.Lstat(name)
	if err != nil {
		return fileInfo{}, err
	}
	if !info.Mode().IsRegular() {
		return fileInfo{}, fs.ErrNotExist
	}
	return infoOf(at.name, info), nil
}

func (t *tree) folder(dir string) (fileInfo, error) {
	stored := dir
	if dir == "" {
		stored = "."
	}
	info, err := t.root.Lstat(stored)
	if err != nil {
		return fileInfo{}, err
	}
	name := path.Base("/" + dir)
	return fileInfo{name, 0, info.ModTime(), fs.ModeDir | 0o700}, nil
}

// list returns what is in a folder, by name.
func (t *tree) list(dir string) (listing, error) {
	found := map[string]fileInfo{}
	for _, folder := range t.layout().within(dir) {
		info, err := t.folder(folder)
		if err != nil {
			return nil, err
		}
		found[info.name] = info
	}
	if dir != "" {
		if err := t.listFiles(dir, found); err != nil {
			return nil, err
		}
	}
	var out listing
	for _, i := range found {
		out = append(out, i)
	}
	slices.SortFunc(out, func(a, b fs.FileInfo) int { return strings.Compare(a.Name(), b.Name()) })
	return out, nil
}

// listFiles adds the files of a folder, and what is seen there, but stands
// elsewhere.
func (t *tree) listFiles(dir string, found map[string]fileInfo) error {
	entries, err := readDir(t.root, dir, maxListed)
	if err != nil && !errors.Is(err, io.EOF) {
		return err
	}
	for _, e := range entries {
		if info, err := e.Info(); err == nil && e.Type().IsRegular() {
			found[e.Name()] = infoOf(e.Name(), info)
		}
	}
	if !t.layout().inbox(dir) {
		return nil
	}
	waiting, err := queue(t.root, t.layout())
	if err != nil {
		return err
	}
	for _, q := range waiting {
		if q.dir != dir {
			continue
		}
		if info, err := t.root.Lstat(path.Join(queueDir, q.key)); err == nil {
			found[q.name] = infoOf(q.name, info)
		}
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	for p, u := range t.open {
		if p.dir == dir {
			found[p.name] = u.info()
		}
	}
	return nil
}
