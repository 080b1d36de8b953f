package app

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"time"

	"github.com/ordermux/ordermux/internal/order"
	"github.com/ordermux/ordermux/internal/secret"
	"github.com/ordermux/ordermux/internal/store"
)

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
	file, gone, err := f.open(r.Context(), store.FileName{Shop: shop, Route: route, Name: name})
	if file == nil {
		f.missing(w, r, gone, err)
		return
	}
	defer file.Close()
	sent, whole := send(w, r, file)
	if r.Method == http.MethodGet && sent >= 0 {
		// The partner may have hung up, which ends its context.
		f.fetched(context.WithoutCancel(r.Context()), shop, route, store.Fetch{Name: name, At: began, Bytes: sent, Whole: whole})
	}
}

// fetched records a fetch, and says so.
func (f *files) fetched(ctx context.Context, shop, route string, fetch store.Fetch) {
	f.log.InfoContext(ctx, "file fetched", "shop", shop, "route", route, "name", fetch.Name, "bytes", fetch.Bytes, "whole", fetch.Whole)
	if err := f.store.RecordFetch(ctx, shop, route, fetch); err != nil {
		f.log.ErrorContext(ctx, "record a fetch", "shop", shop, "route", route, "error", err)
	}
}

// comeAgain is how soon a partner shall ask anew for a file that was taken
// away, in seconds: the route writes it with its next look.
const comeAgain = "30"

// open opens a file. Without one, gone says that it was taken away.
func (f *files) open(ctx context.Context, name store.FileName) (file store.File, gone bool, err error) {
	// A withdrawn file may be written between the two looks.
	for range 2 {
		if file, err = f.place.OpenFile(ctx, name); !errors.Is(err, order.ErrNotFound) {
			return file, false, err
		}
		if gone, err = f.place.Withdrawn(ctx, name); gone || err != nil {
			return nil, gone, err
		}
	}
	return nil, false, nil
}

// missing answers for a file that is not there, was taken away, or could not be
// opened.
func (f *files) missing(w http.ResponseWriter, r *http.Request, gone bool, err error) {
	why := "the file is being written anew"
	switch {
	case err != nil:
		f.log.ErrorContext(r.Context(), "open a file", "error", err)
		why = "the file can not be read now"
	case !gone:
		http.NotFound(w, r)
		return
	}
	w.Header().Set("Retry-After", comeAgain)
	http.Error(w, why, http.StatusServiceUnavailable)
}

// send sends a file and returns how much of it the client took; -1 if it took
// nothing because it had it already. A part that a client asked for is a fetch
// too, but only the whole is whole.
func send(w http.ResponseWriter, r *http.Request, file store.File) (sent int64, whole bool) {
	info := file.Info()
	// A large file on a slow line takes its time.
	_ = http.NewResponseController(w).SetWriteDeadline(time.Time{})
	w.Header().Set("Cache-Control", "no-store")
	w.Header().Set("X-Content-Type-Options", "nosniff")
	if strings.HasSuffix(info.Name, ".tsv") {
		w.Header().Set("Content-Type", "text/tab-separated-values; charset=utf-8")
	}
	counted := &countingWriter{ResponseWriter: w}
	http.ServeContent(counted, r, info.Name, info.Written, file)
	switch counted.status {
	case http.StatusOK:
	case http.StatusPartialContent:
		// All of it, asked for as a range, is the whole.
		if !strings.HasPrefix(w.Header().Get("Content-Range"), "bytes 0-") {
			return counted.bytes, false
		}
	default:
		return -1, false
	}
	return counted.bytes, counted.bytes == info.Bytes && counted.failed == nil
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
