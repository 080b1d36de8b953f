package sftp

import (
	"context"
	"errors"
	"io"
	"io/fs"
	"os"
	"path"
	"slices"
	"sync"
	"time"

	wire "github.com/pkg/sftp"

	"github.com/ordermux/ordermux/internal/partner"
)

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
	open    map[place]*upload
	// sent are files of this session that may be on their way: clients look at
	// what they uploaded, or rename it, when it may have been imported already.
	sent map[place]fileInfo
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
	return &tree{ctx: ctx, server: s, who: w, root: root, open: map[place]*upload{}, sent: map[place]fileInfo{}}
}

func (t *tree) layout() *layout { return t.who.door.layout }

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
func (t *tree) remember(p place, info fileInfo) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if len(t.sent) >= maxSent {
		clear(t.sent)
	}
	t.sent[p] = info
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
	p, ok := t.layout().placeOf(r.Filepath)
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
	if !t.layout().inbox(p.dir) || temporary(p.name) {
		return path.Join(p.dir, p.name), nil
	}
	list, err := queue(t.root, t.layout())
	if err != nil {
		return "", err
	}
	for _, q := range slices.Backward(list) { // the newest of that name
		if q.place == p {
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
		if p, ok := t.layout().placeOf(r.Filepath); ok && p.name == "" {
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
	if _, err := t.stat(r.Filepath); err != nil {
		return err
	}
	if !r.AttrFlags().Size {
		return nil
	}
	p, _ := t.layout().placeOf(r.Filepath)
	t.mu.Lock()
	u := t.open[p]
	t.mu.Unlock()
	if u == nil {
		return fs.ErrPermission
	}
	return u.truncate(r.Attributes().Size)
}

// rename gives an uploaded file its last name, or another one.
func (t *tree) rename(r *wire.Request, over bool) error {
	from, ok := t.layout().placeOf(r.Filepath)
	to, okTo := t.layout().placeOf(r.Target)
	if !ok || from.name == "" {
		return fs.ErrNotExist
	}
	if !okTo || !t.layout().inbox(from.dir) || !t.layout().inbox(to.dir) || to.name == "" {
		return fs.ErrPermission
	}
	if temporary(to.name) && !over {
		if there, err := exists(t.root, path.Join(to.dir, to.name)); there || err != nil {
			return errors.Join(err, refusal("a file has that name already"))
		}
	}
	name, err := t.stored(from)
	if errors.Is(err, fs.ErrNotExist) {
		return t.renamed(from, to)
	}
	if err != nil {
		return err
	}
	f, info, err := openRegular(t.root, name, os.O_RDWR)
	if errors.Is(err, fs.ErrNotExist) {
		return t.renamed(from, to)
	}
	if err != nil {
		return err
	}
	defer f.Close()
	if free, err := lock(f); err != nil || !free {
		return errors.Join(err, t.renamed(from, to)) // it is being imported
	}
	if temporary(to.name) {
		if err := t.takeAway(t.ctx, name); err != nil {
			return err
		}
	}
	t.remember(to, fileInfo{to.name, info.Size(), info.ModTime(), 0o600})
	return t.put(name, to)
}

// takeAway tells who takes the partner's own files that one will not wait any
// more.
func (t *tree) takeAway(ctx context.Context, stored string) error {
	dir, key := path.Split(stored)
	own := t.who.door.Uploads
	if own == nil || own.Gone == nil || dir != queueDir+"/" || len(key) <= queueKeyLength {
		return nil
	}
	p, ok := t.layout().queuedPlace(key[queueKeyLength:])
	if !ok {
		return nil
	}
	q := queued{key, p}
	return own.Gone(ctx, partner.Upload{Grant: t.who.grant, Folder: p.dir, Name: p.name, Key: q.id(), At: q.at()})
}

// renamed answers for a file of this session that is imported under its first
// name: it was whole.
func (t *tree) renamed(from, to place) error {
	t.mu.Lock()
	info, ok := t.sent[from]
	t.mu.Unlock()
	if !ok || temporary(to.name) {
		return fs.ErrNotExist
	}
	info.name = to.name
	t.remember(to, info)
	return nil
}

// put moves a whole file to where its name belongs: one with a last name is
// imported from there. One that waits already stays the same upload.
func (t *tree) put(stored string, to place) error {
	dir, name := queueDir, queueKey(time.Now())+t.layout().queuedName(to)
	switch at, key := path.Split(stored); {
	case temporary(to.name):
		dir, name = to.dir, to.name
	case at == queueDir+"/":
		name = key[:queueKeyLength] + t.layout().queuedName(to)
	}
	if err := t.root.Rename(stored, path.Join(dir, name)); err != nil {
		return err
	}
	syncDir(t.root, dir)
	if dir == queueDir {
		t.server.importer.call(t.who.grant.Shop)
	}
	return nil
}

func (t *tree) remove(r *wire.Request) error {
	p, ok := t.layout().placeOf(r.Filepath)
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
	if err := t.takeAway(t.ctx, name); err != nil {
		return err
	}
	return t.root.Remove(name)
}
