package app

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"time"

	"github.com/ordermux/ordermux/internal/partner"
	"github.com/ordermux/ordermux/internal/secret"
	"github.com/ordermux/ordermux/internal/store/sqlite"
)

// files are what partners fetch: DIR/files/{shop}/{route}/{name}.
type files struct {
	dir   string
	store *sqlite.Store
	now   func() time.Time
	log   *slog.Logger
}

// plainName is what a file may be called: no folder, no dot in front.
var plainName = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._-]{0,127}$`)

// of returns the files of one route.
func (f *files) of(shop, route string) partner.Files {
	return &routeFiles{files: f, shop: shop, route: route, dir: filepath.Join(f.dir, shop, route)}
}

type routeFiles struct {
	files            *files
	shop, route, dir string
}

var _ partner.Files = (*routeFiles)(nil)

// Write implements partner.Files: who fetches meanwhile gets the old file
// whole, and after a power cut there is the old one or the new one.
func (f *routeFiles) Write(ctx context.Context, name string, write func(io.Writer) error) (err error) {
	if !plainName.MatchString(name) {
		return fmt.Errorf("write file: %q is no plain name", name)
	}
	defer func() {
		if err != nil {
			err = fmt.Errorf("write file %s: %w", name, err)
		}
	}()
	if err := os.MkdirAll(f.dir, 0o700); err != nil {
		return err
	}
	tmp, err := os.CreateTemp(f.dir, ".writing-*")
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, tmp.Close(), os.Remove(tmp.Name()))
		}
	}()
	if err := write(tmp); err != nil {
		return err
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	if err := tmp.Sync(); err != nil {
		return err
	}
	if err := os.Rename(tmp.Name(), filepath.Join(f.dir, name)); err != nil {
		return err
	}
	_ = tmp.Close() // synced and renamed: closing can lose nothing
	return syncDir(f.dir)
}

// syncDir makes a rename durable.
func syncDir(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	defer d.Close()
	if err := d.Sync(); err != nil && !errors.Is(err, errors.ErrUnsupported) {
		return err
	}
	return nil
}

// Fetched implements partner.Files.
func (f *routeFiles) Fetched(ctx context.Context, name string) (time.Time, error) {
	return f.files.store.Fetched(ctx, f.shop, f.route, name)
}

// forget removes the files of a shop that mention a text: its route writes
// them anew. Files are small and erasing is rare.
func (f *files) forget(shop, text string) error {
	return filepath.WalkDir(filepath.Join(f.dir, shop), func(path string, d fs.DirEntry, err error) error {
		if errors.Is(err, fs.ErrNotExist) {
			return nil
		}
		if err != nil || d.IsDir() {
			return err
		}
		// A packed file does not show what it mentions.
		if !strings.HasSuffix(path, ".gz") {
			content, err := os.ReadFile(path)
			if err != nil || !bytes.Contains(content, []byte(text)) {
				return err
			}
		}
		return os.Remove(path)
	})
}

// serve answers GET /{shop}/{route}/{name}: a partner fetches a file with the
// route's own password and any user name. The fetch is recorded.
func (f *files) serve(w http.ResponseWriter, r *http.Request, password func(shop, route string) secret.Text) {
	parts := strings.Split(strings.TrimPrefix(r.URL.Path, "/"), "/")
	if len(parts) != 3 || !plainName.MatchString(parts[2]) {
		http.NotFound(w, r)
		return
	}
	shop, route, name := parts[0], parts[1], parts[2]
	want := password(shop, route)
	_, given, _ := r.BasicAuth()
	if !want.Set() || !want.Is(given) {
		w.Header().Set("WWW-Authenticate", `Basic realm="files", charset="UTF-8"`)
		http.Error(w, "wrong user name or password", http.StatusUnauthorized)
		return
	}
	if r.Method != http.MethodGet && r.Method != http.MethodHead {
		w.Header().Set("Allow", "GET, HEAD")
		http.Error(w, "method not allowed", http.StatusMethodNotAllowed)
		return
	}
	// Taken before the file is opened: a fetch must not count for a file that
	// replaced the one it got.
	began := f.now()
	file, err := os.Open(filepath.Join(f.dir, shop, route, name))
	if err != nil {
		http.NotFound(w, r)
		return
	}
	defer file.Close()
	info, err := file.Stat()
	if err != nil || info.IsDir() {
		http.NotFound(w, r)
		return
	}
	sent, whole := send(w, r, file, info)
	if r.Method == http.MethodGet && sent >= 0 {
		// The partner may have hung up, which ends its context.
		ctx := context.WithoutCancel(r.Context())
		fetch := sqlite.Fetch{Name: name, At: began, Bytes: sent, Whole: whole}
		if err := f.store.RecordFetch(ctx, shop, route, fetch); err != nil {
			f.log.ErrorContext(ctx, "record a fetch", "shop", shop, "route", route, "error", err)
		}
	}
}

// send sends a file and returns how much of it the client took; -1 if it asked
// for no more than a part, or had it already.
func send(w http.ResponseWriter, r *http.Request, file *os.File, info fs.FileInfo) (sent int64, whole bool) {
	// A large file on a slow line takes its time.
	_ = http.NewResponseController(w).SetWriteDeadline(time.Time{})
	w.Header().Set("Cache-Control", "no-store")
	w.Header().Set("X-Content-Type-Options", "nosniff")
	if strings.HasSuffix(info.Name(), ".tsv") {
		w.Header().Set("Content-Type", "text/tab-separated-values; charset=utf-8")
	}
	counted := &countingWriter{ResponseWriter: w}
	http.ServeContent(counted, r, info.Name(), info.ModTime(), file)
	if counted.status != http.StatusOK {
		return -1, false
	}
	return counted.bytes, counted.bytes == info.Size() && counted.failed == nil
}

// countingWriter counts what a client took.
type countingWriter struct {
	http.ResponseWriter
	status int
	bytes  int64
	failed error
}

func (w *countingWriter) WriteHeader(status int) {
	w.status = status
	w.ResponseWriter.WriteHeader(status)
}

func (w *countingWriter) Write(b []byte) (int, error) {
	if w.status == 0 {
		w.status = http.StatusOK
	}
	n, err := w.ResponseWriter.Write(b)
	w.bytes += int64(n)
	if err != nil {
		w.failed = err
	}
	return n, err
}
