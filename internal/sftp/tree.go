package sftp

import (
	"context"
	"errors"
	"io"
	"io/fs"
	"os"
	"path"
	"slices"
	"strings"
	"sync"
	"time"

	wire "github.com/pkg/sftp"
)

// A path that a client names is one of these, or does not exist:
//
//	/                      folder of "orders"
//	/orders                what was uploaded and is not done; success; error
//	/orders/NAME           a file that users write, read, rename and remove
//	/orders/success[/NAME] imported whole; users read and remove
//	/orders/error[/NAME]   with lines refused, or unreadable; likewise
//
// There is nothing else: no link, no folder made by a user, no way up.
type place struct {
	dir  string // ordersDir, successDir, errorDir; "" is /
	name string // "": the folder itself
}

// placeOf reads a clean absolute path; false: no such place.
func placeOf(p string) (place, bool) {
	p = strings.TrimPrefix(path.Clean("/"+p), "/")
	switch p {
	case "", ordersDir, successDir, errorDir:
		return place{dir: p}, true
	}
	dir, name := path.Split(p)
	dir = strings.TrimSuffix(dir, "/")
	if dir != ordersDir && dir != successDir && dir != errorDir || !validName(name) {
		return place{}, false
	}
	return place{dir, name}, true
}

// The errors that clients see are of a few words: they tell nothing of paths.
var (
	errMissing = wire.ErrSSHFxNoSuchFile
	errDenied  = wire.ErrSSHFxPermissionDenied
)

// tree is a user's folder in one session.
type tree struct {
	ctx    context.Context
	server *Server
	who    who
	root   *os.Root

	mu      sync.Mutex
	handles int
	open    map[string]*upload // by name
	// sent are files of this session that may be on their way: clients look at
	// what they uploaded, or rename it, when it may have been imported already.
	sent map[string]fileInfo
}

const maxSent = 1000

var (
	_ wire.FileReader           = (*tree)(nil)
	_ wire.FileWriter           = (*tree)(nil)
	_ wire.PosixRenameFileCmder = (*tree)(nil)
	_ wire.LstatFileLister      = (*tree)(nil)
	_ wire.ReadlinkFileLister   = (*tree)(nil)
)

func newTree(ctx context.Context, s *Server, w who, root *os.Root) *tree {
	return &tree{ctx: ctx, server: s, who: w, root: root, open: map[string]*upload{}, sent: map[string]fileInfo{}}
}

// take counts an open file; false: there are too many.
func (t *tree) take() bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.handles >= t.server.opts.Limits.Handles {
		return false
	}
	t.handles++
	return true
}

func (t *tree) give() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.handles--
}

// remember keeps what a file was that this session uploaded.
func (t *tree) remember(info fileInfo) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if len(t.sent) >= maxSent {
		clear(t.sent)
	}
	t.sent[info.name] = info
}

// told turns an error into what the client hears; what is ours is logged.
func (t *tree) told(err error) error {
	switch {
	case err == nil:
		return nil
	case errors.Is(err, fs.ErrNotExist):
		return errMissing
	case errors.Is(err, fs.ErrPermission):
		return errDenied
	case errors.Is(err, wire.ErrSSHFxFailure):
		return wire.ErrSSHFxFailure // it was told before
	}
	if e, ok := errors.AsType[refusal](err); ok {
		return e
	}
	a := t.who.account()
	t.server.opts.Log.Error("sftp: a user's folder", "shop", a.Shop, "partner", a.Partner, "user", a.Name, "error", err)
	return wire.ErrSSHFxFailure
}

// refusal is an error whose words a client may read.
type refusal string

func (r refusal) Error() string { return string(r) }

// Fileread implements wire.FileReader.
func (t *tree) Fileread(r *wire.Request) (io.ReaderAt, error) {
	p, ok := placeOf(r.Filepath)
	if !ok || p.name == "" {
		return nil, errMissing
	}
	name, err := t.stored(p)
	if err != nil {
		return nil, t.told(err)
	}
	f, _, err := openRegular(t.root, name, os.O_RDONLY)
	if err != nil {
		return nil, t.told(err)
	}
	if !t.take() {
		_ = f.Close()
		return nil, refusal("too many open files")
	}
	return &reading{f, t}, nil
}

// reading is a file that a client reads.
type reading struct {
	*os.File
	tree *tree
}

// Close gives the handle back.
func (r *reading) Close() error {
	r.tree.give()
	return r.File.Close()
}

// stored returns where in the root a file is.
func (t *tree) stored(p place) (string, error) {
	if p.dir != ordersDir || temporary(p.name) {
		return path.Join(p.dir, p.name), nil
	}
	list, err := queue(t.root)
	if err != nil {
		return "", err
	}
	for _, q := range slices.Backward(list) { // the newest of that name
		if q.name == p.name {
			return path.Join(queueDir, q.key), nil
		}
	}
	return "", fs.ErrNotExist
}

// Filecmd implements wire.FileCmder.
func (t *tree) Filecmd(r *wire.Request) error {
	switch r.Method {
	case "Setstat":
		return t.told(t.setstat(r))
	case "Rename":
		return t.told(t.rename(r, false))
	case "Remove":
		return t.told(t.remove(r))
	case "Mkdir":
		if p, ok := placeOf(r.Filepath); ok && p.name == "" {
			return refusal("it is there already")
		}
	}
	return errDenied // Rmdir, Link, Symlink
}

// PosixRename implements wire.PosixRenameFileCmder: what has the new name gives
// way.
func (t *tree) PosixRename(r *wire.Request) error { return t.told(t.rename(r, true)) }

// setstat passes over times, modes and owners, which clients like to set, and
// changes none. The size it changes of a file that is being uploaded.
func (t *tree) setstat(r *wire.Request) error {
	info, err := t.stat(r.Filepath)
	if err != nil {
		return err
	}
	if !r.AttrFlags().Size {
		return nil
	}
	t.mu.Lock()
	u := t.open[info.name]
	t.mu.Unlock()
	if p, ok := placeOf(r.Filepath); !ok || p.dir != ordersDir || u == nil {
		return fs.ErrPermission
	}
	return u.truncate(r.Attributes().Size)
}

// rename gives an uploaded file its last name, or another one.
func (t *tree) rename(r *wire.Request, over bool) error {
	from, ok := placeOf(r.Filepath)
	to, okTo := placeOf(r.Target)
	if !ok || from.name == "" {
		return fs.ErrNotExist
	}
	if !okTo || from.dir != ordersDir || to.dir != ordersDir || to.name == "" || path.Join(to.dir, to.name) == successDir || path.Join(to.dir, to.name) == errorDir {
		return fs.ErrPermission
	}
	if temporary(to.name) && !over {
		if there, err := exists(t.root, path.Join(ordersDir, to.name)); there || err != nil {
			return errors.Join(err, refusal("a file has that name already"))
		}
	}
	name, err := t.stored(from)
	if errors.Is(err, fs.ErrNotExist) {
		return t.renamed(from.name, to.name)
	}
	if err != nil {
		return err
	}
	f, info, err := openRegular(t.root, name, os.O_RDWR)
	if errors.Is(err, fs.ErrNotExist) {
		return t.renamed(from.name, to.name)
	}
	if err != nil {
		return err
	}
	defer f.Close()
	if free, err := lock(f); err != nil || !free {
		return errors.Join(err, t.renamed(from.name, to.name)) // it is being imported
	}
	t.remember(fileInfo{to.name, info.Size(), info.ModTime(), 0o600})
	return t.put(name, to.name)
}

// renamed answers for a file of this session that is imported under its first
// name: it was whole.
func (t *tree) renamed(from, to string) error {
	t.mu.Lock()
	info, ok := t.sent[from]
	t.mu.Unlock()
	if !ok || temporary(to) {
		return fs.ErrNotExist
	}
	info.name = to
	t.remember(info)
	return nil
}

// put moves a whole file to where its name belongs: one with a last name is
// imported from there.
func (t *tree) put(stored, name string) error {
	if temporary(name) {
		if err := t.root.Rename(stored, path.Join(ordersDir, name)); err != nil {
			return err
		}
		syncDir(t.root, ordersDir)
		return nil
	}
	if err := t.root.Rename(stored, path.Join(queueDir, queueName(name, time.Now()))); err != nil {
		return err
	}
	syncDir(t.root, queueDir)
	t.server.importer.call(t.who.grant.Shop)
	return nil
}

func (t *tree) remove(r *wire.Request) error {
	p, ok := placeOf(r.Filepath)
	if !ok {
		return fs.ErrNotExist
	}
	if p.name == "" {
		return fs.ErrPermission
	}
	name, err := t.stored(p)
	if err != nil {
		return err
	}
	f, _, err := openRegular(t.root, name, os.O_RDWR)
	if err != nil {
		return err
	}
	defer f.Close()
	if free, err := lock(f); err != nil || !free {
		return errors.Join(err, fs.ErrPermission)
	}
	return t.root.Remove(name)
}
