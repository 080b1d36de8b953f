package sftp

import (
	"errors"
	"io"
	"io/fs"
	"os"
	"path"
	"slices"
	"sync"
	"time"

	wire "github.com/pkg/sftp"
)

// upload is a file that a client writes. It stands under a hidden name until
// the client closes it: what breaks off leaves nothing behind.
type upload struct {
	tree   *tree
	place  place
	hidden string // in the root
	file   *os.File

	mu      sync.Mutex
	size    int64 // the furthest byte written
	written int64 // bytes, in all
	failed  error
	broken  bool // the connection ended before the file was closed
}

var _ wire.TransferError = (*upload)(nil)

// Filewrite implements wire.FileWriter. A file begins empty, whether there is
// one of that name or not: two of one name are imported one after the other.
func (t *tree) Filewrite(r *wire.Request) (io.WriterAt, error) {
	p, ok := t.layout().placeOf(r.Filepath)
	switch {
	case !ok || !t.layout().inbox(p.dir) || p.name == "":
		return nil, errDenied
	case r.Pflags().Append:
		return nil, refusal("a file can not be appended to; upload it whole")
	}
	if err := t.mayWrite(); err != nil {
		return nil, t.told(err)
	}
	if !t.take() {
		return nil, refusal("too many open files")
	}
	u, err := t.begin(p)
	if err != nil {
		t.give()
		return nil, t.told(err)
	}
	return u, nil
}

// mayWrite asks whether the hub takes files now, and whether the user is still
// one: his credential may have been revoked since he logged in.
func (t *tree) mayWrite() error {
	if err := t.server.opts.Ready(); err != nil {
		return refusal("no files are taken now; try again later")
	}
	list, err := t.server.find(t.ctx, t.who.user)
	if err != nil {
		return err
	}
	if !slices.ContainsFunc(list, func(w who) bool { return w.account() == t.who.account() }) {
		return fs.ErrPermission
	}
	return nil
}

func (t *tree) begin(p place) (*upload, error) {
	if !t.server.beginUpload() {
		return nil, refusal("the server stops; try again later")
	}
	u := &upload{tree: t, place: p, hidden: path.Join(uploadDir, random(32))}
	var err error
	if u.file, err = t.root.OpenFile(u.hidden, os.O_RDWR|os.O_CREATE|os.O_EXCL, 0o600); err != nil {
		t.server.endUpload()
		return nil, err
	}
	t.mu.Lock()
	t.open[p] = u // of two at a time of one name, the later one is seen
	t.mu.Unlock()
	return u, nil
}

// WriteAt implements io.WriterAt; clients write several parts at a time.
func (u *upload) WriteAt(b []byte, at int64) (int, error) {
	u.mu.Lock()
	err := u.failed
	if most := u.tree.server.opts.Limits.File; err == nil && (at < 0 || at > most || int64(len(b)) > most-at) {
		err = refusal("the file is too large")
	}
	u.mu.Unlock()
	n := 0
	if err == nil {
		n, err = u.file.WriteAt(b, at)
	}
	u.mu.Lock()
	defer u.mu.Unlock()
	u.written += int64(n)
	u.size = max(u.size, at+int64(n))
	if err != nil && u.failed == nil {
		u.failed = u.tree.told(err)
	}
	return n, u.failed
}

// truncate sets the size, as some clients do when they have written all.
func (u *upload) truncate(size uint64) error {
	u.mu.Lock()
	defer u.mu.Unlock()
	if size > uint64(u.size) {
		return fs.ErrPermission
	}
	u.size = int64(size)
	return u.file.Truncate(u.size)
}

func (u *upload) info() fileInfo {
	u.mu.Lock()
	defer u.mu.Unlock()
	return fileInfo{u.place.name, u.size, time.Now(), 0o600}
}

// TransferError implements wire.TransferError: the connection ended.
func (u *upload) TransferError(error) {
	u.mu.Lock()
	defer u.mu.Unlock()
	u.broken = true
}

// Close takes the file, if it was written whole.
func (u *upload) Close() error {
	t := u.tree
	defer t.server.endUpload()
	defer t.give()
	err := errors.Join(u.whole(), u.file.Sync(), u.file.Close())
	if err == nil {
		err = t.mayWrite()
	}
	if err == nil {
		// First: as soon as it is put there it may be gone.
		info := u.info()
		t.remember(u.place, info)
		err = t.put(u.hidden, u.place)
	}
	if err != nil {
		_ = t.root.Remove(u.hidden)
	}
	t.mu.Lock()
	if t.open[u.place] == u {
		delete(t.open, u.place)
	}
	if err != nil {
		delete(t.sent, u.place)
	}
	t.mu.Unlock()
	return t.told(err)
}

// errBroken is a refusal, for there is nobody to hear it.
const errBroken refusal = "the connection broke off"

// whole says why the file can not be taken.
func (u *upload) whole() error {
	u.mu.Lock()
	defer u.mu.Unlock()
	switch {
	case u.broken:
		return errBroken
	case u.failed != nil:
		return u.failed
	case u.written < u.size:
		return refusal("parts of the file were not written; upload it whole")
	}
	return nil
}
