package sftp

import (
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"
)

// What a user's folder holds. He sees ordersDir and what is below it, or in
// their place the folders that are his partner's own.
const (
	ordersDir  = "orders"
	successDir = "orders/success"
	errorDir   = "orders/error"
	queueDir   = ".queue"  // uploaded whole, not imported yet; shown where they were put
	uploadDir  = ".upload" // being written
)

// account is a user, by the shop, the door and the name of his credential.
type account struct{ Shop, Partner, Name string }

var words = regexp.MustCompile(`^[a-z0-9][a-z0-9_-]{0,63}$`)

// valid reports whether the words can stand in a path: what else comes as a
// name of a credential gets no folder.
func (a account) valid() bool {
	return words.MatchString(a.Shop) && words.MatchString(a.Partner) && words.MatchString(a.Name)
}

func (a account) dir(folder string) string { return filepath.Join(folder, a.Shop, a.Partner, a.Name) }

// openAccount opens a user's folder, which is made if it is not there. Nothing
// outside of it can be reached through the root.
func openAccount(folder string, a account, l *layout) (*os.Root, error) {
	if !a.valid() {
		return nil, fmt.Errorf("no folder can have the name %q", a)
	}
	if err := os.MkdirAll(a.dir(folder), 0o700); err != nil {
		return nil, err
	}
	root, err := os.OpenRoot(a.dir(folder))
	if err != nil {
		return nil, err
	}
	for _, dir := range append(l.all(), queueDir, uploadDir) {
		if err := root.Mkdir(dir, 0o700); err != nil && !errors.Is(err, fs.ErrExist) {
			return nil, errors.Join(err, root.Close())
		}
	}
	return root, nil
}

// maxName bounds a file's name: with what is put before and behind it, it must
// not exceed the 255 bytes of most file systems.
const maxName = 180

// validName reports whether users may give a file that name.
func validName(name string) bool {
	return name != "" && name != "." && name != ".." && len(name) <= maxName && utf8.ValidString(name) &&
		!strings.ContainsFunc(name, func(r rune) bool { return r < ' ' || r == 0x7f || r == '/' || r == '\\' || r == utf8.RuneError })
}

// temporary reports whether a client means the name for a file that it has not
// finished: it is imported once it gets another name.
func temporary(name string) bool {
	lower := strings.ToLower(name)
	return strings.HasPrefix(name, ".") || strings.HasPrefix(name, "~") || strings.HasSuffix(name, "~") ||
		slices.Contains(unfinished, path.Ext(lower))
}

var unfinished = []string{".part", ".partial", ".filepart", ".tmp", ".temp", ".upload", ".uploading", ".crdownload", ".swp"}

// queued is a file that waits to be imported.
type queued struct {
	key string // its name in queueDir; the older one comes first
	place
}

// id tells the upload from all others, whatever its file is renamed to.
func (q queued) id() string { return q.key[:queueKeyLength-1] }

// at is when the file was uploaded.
func (q queued) at() time.Time {
	nanos, _ := strconv.ParseInt(q.key[:20], 10, 64)
	return time.Unix(0, nanos)
}

const queueKeyLength = 20 + 1 + 8 + 1

// queueKey makes a place in the queue; a file's name is put behind it.
func queueKey(now time.Time) string {
	return fmt.Sprintf("%020d-%s-", now.UnixNano(), random(8))
}

// random returns some hexadecimal digits.
func random(n int) string {
	b := make([]byte, n/2)
	rand.Read(b)
	return hex.EncodeToString(b)
}

// queue returns the files that wait in a folder, oldest first.
func queue(root *os.Root, l *layout) ([]queued, error) {
	entries, err := readDir(root, queueDir, -1)
	if err != nil {
		return nil, err
	}
	var out []queued
	for _, e := range entries {
		key := e.Name()
		if !e.Type().IsRegular() || len(key) <= queueKeyLength {
			continue
		}
		if p, ok := l.queuedPlace(key[queueKeyLength:]); ok {
			out = append(out, queued{key, p})
		}
	}
	slices.SortFunc(out, func(a, b queued) int { return strings.Compare(a.key, b.key) })
	return out, nil
}

// readDir returns the entries of a folder; most bounds them, -1: all.
func readDir(root *os.Root, dir string, most int) ([]fs.DirEntry, error) {
	f, err := root.Open(dir)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	entries, err := f.ReadDir(most)
	if most > 0 && len(entries) > 0 {
		err = nil
	}
	return entries, err
}

// openRegular opens a file that is one: never a link, a device or a folder.
func openRegular(root *os.Root, name string, flag int) (*os.File, fs.FileInfo, error) {
	before, err := root.Lstat(name)
	if err != nil {
		return nil, nil, err
	}
	if !before.Mode().IsRegular() {
		return nil, nil, fs.ErrPermission
	}
	f, err := root.OpenFile(name, flag, 0)
	if err != nil {
		return nil, nil, err
	}
	info, err := f.Stat()
	if err == nil && !os.SameFile(before, info) {
		err = fs.ErrPermission // it was replaced in between
	}
	if err != nil {
		return nil, nil, errors.Join(err, f.Close())
	}
	return f, info, nil
}

// exists reports whether something has the name.
func exists(root *os.Root, name string) (bool, error) {
	_, err := root.Lstat(name)
	if errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	return err == nil, err
}

// syncDir makes a rename in a folder last. Not every file system can.
func syncDir(root *os.Root, dir string) {
	if f, err := root.Open(dir); err == nil {
		_ = f.Sync()
		_ = f.Close()
	}
}
