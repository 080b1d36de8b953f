package chore

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/ordermux/ordermux/internal/partner"
)

// Sealer seals what files hold; *secret.Sealer is one.
type Sealer interface {
	Seal(plain []byte, context string) []byte
	Open(sealed []byte, context string) ([]byte, error)
}

// Blobs keep what is too long for one value, sealed and cut in pieces, for a
// time: files that were handed in, reports.
type Blobs struct {
	State partner.State
	Seal  Sealer
	Shop  string // what is sealed belongs to it
	Keep  time.Duration
}

const (
	piece = 512 << 10 // bytes; a value of State may have a megabyte
)

func (b *Blobs) key(name string, n int) string { return fmt.Sprintf("%s/%08d", name, n) }

func (b *Blobs) context(key string) string { return "chore/" + b.Shop + "/" + key }

// Writer writes a blob. What is written can be read once Close returned nil.
type Writer struct {
	ctx  context.Context
	of   *Blobs
	name string
	n    int
	size int64
	rest []byte
}

// Writer begins a blob; one of the same name must be deleted before.
func (b *Blobs) Writer(ctx context.Context, name string) *Writer {
	return &Writer{ctx: ctx, of: b, name: name, rest: make([]byte, 0, piece)}
}

// Size is how much was written, in bytes.
func (w *Writer) Size() int64 { return w.size }

func (w *Writer) Write(p []byte) (int, error) {
	for n := len(p); ; {
		took := min(len(p), piece-len(w.rest))
		w.rest, p = append(w.rest, p[:took]...), p[took:]
		w.size += int64(took)
		if len(w.rest) < piece {
			return n, nil
		}
		if err := w.flush(); err != nil {
			return 0, err
		}
	}
}

func (w *Writer) flush() error {
	key := w.of.key(w.name, w.n)
	if err := w.of.State.Put(w.ctx, key, w.of.Seal.Seal(w.rest, w.of.context(key)), w.of.Keep); err != nil {
		return fmt.Errorf("keep %s: %w", w.name, err)
	}
	w.n, w.rest = w.n+1, w.rest[:0]
	return nil
}

// Close writes what is left.
func (w *Writer) Close() error {
	if len(w.rest) == 0 {
		return nil
	}
	return w.flush()
}

// Reader reads a blob from its beginning to its end; one that is not there is
// empty.
func (b *Blobs) Reader(ctx context.Context, name string) io.Reader {
	return &reader{ctx: ctx, of: b, name: name}
}

type reader struct {
	ctx  context.Context
	of   *Blobs
	name string
	n    int
	rest []byte
	over bool
}

func (r *reader) Read(p []byte) (int, error) {
	for len(r.rest) == 0 {
		if r.over {
			return 0, io.EOF
		}
		key := r.of.key(r.name, r.n)
		sealed, ok, err := r.of.State.Get(r.ctx, key)
		if err != nil {
			return 0, fmt.Errorf("read %s: %w", r.name, err)
		}
		if !ok {
			r.over = true
			continue
		}
		if r.rest, err = r.of.Seal.Open(sealed, r.of.context(key)); err != nil {
			return 0, fmt.Errorf("read %s: %w", r.name, err)
		}
		r.n++
	}
	n := copy(p, r.rest)
	r.rest = r.rest[n:]
	return n, nil
}

// Delete removes a blob.
func (b *Blobs) Delete(ctx context.Context, name string) error {
	for {
		keys, _, err := b.State.List(ctx, name+"/", "", 8) // values come along
		if err != nil {
			return fmt.Errorf("delete %s: %w", name, err)
		}
		var failed error
		for _, key := range keys {
			failed = errors.Join(failed, b.State.Delete(ctx, key))
		}
		if failed != nil || len(keys) == 0 {
			return failed
		}
	}
}
