package postgres

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"

	"github.com/jackc/pgx/v5"

	"github.com/ordermux/ordermux/internal/order"
	"github.com/ordermux/ordermux/internal/store"
)

// WriteFile implements store.Files: the pieces of the new version are stored
// one by one, and the last transaction makes it the one that is fetched.
func (f files) WriteFile(ctx context.Context, name store.FileName, epoch int64, write func(io.Writer) error) error {
	w := &fileWriter{ctx: ctx, store: f.store, name: name, version: rand.Text()}
	defer w.abandon()
	err := write(w)
	if err == nil {
		err = w.err
	}
	if err == nil {
		err = ctx.Err()
	}
	if err == nil {
		err = w.finish(epoch)
	}
	if err != nil {
		return fmt.Errorf("write file %s: %w", name.Name, err)
	}
	return nil
}

// fileWriter writes one version of a file.
type fileWriter struct {
	ctx     context.Context
	store   *Store
	name    store.FileName
	version string
	piece   []byte
	n       int32 // of the piece
	bytes   int64
	stored  bool // there may be rows of it
	done    bool
	err     error
}

// Write implements io.Writer.
func (w *fileWriter) Write(p []byte) (written int, err error) {
	for len(p) > 0 && w.err == nil {
		n := min(len(p), filePiece-len(w.piece))
		w.piece = append(w.piece, p[:n]...)
		written, p = written+n, p[n:]
		if len(w.piece) == filePiece {
			w.flush()
		}
	}
	return written, w.err
}

const insertFile = `INSERT INTO files (shop, route, name, version, state, bytes, at) VALUES ($1, $2, $3, $4, $5, $6, $7)`

// flush stores a full piece; with the first one the version begins.
func (w *fileWriter) flush() {
	first := !w.stored
	w.stored = true
	w.err = w.store.do(w.ctx, func(tx *Tx) error {
		b := &pgx.Batch{}
		if first {
			b.Queue(insertFile, w.name.Shop, w.name.Route, w.name.Name, w.version, 1, 0, w.store.Now().UnixMicro())
		}
		w.queuePiece(b)
		return tx.last(b)
	})
	w.n++
	w.bytes += int64(len(w.piece))
	w.piece = w.piece[:0]
}

func (w *fileWriter) queuePiece(b *pgx.Batch) {
	const insert = `INSERT INTO file_pieces (shop, route, name, version, n, body) VALUES ($1, $2, $3, $4, $5, $6)`
	if len(w.piece) > 0 {
		b.Queue(insert, w.name.Shop, w.name.Route, w.name.Name, w.version, w.n, w.piece)
	}
}

// finish makes the version the one that is fetched.
func (w *fileWriter) finish(epoch int64) error {
	const owned = `WITH mine AS (SELECT 1 FROM owners WHERE shop = $1 AND epoch = $2 FOR SHARE) SELECT 1 / count(*) FROM mine`
	const unmark = `DELETE FROM files WHERE shop = $1 AND route = $2 AND name = $3 AND state = 4`
	const replace = `UPDATE files SET state = 3, at = $4 WHERE shop = $1 AND route = $2 AND name = $3 AND state = 2`
	// Who discards what is unfinished may have taken it for left behind.
	const finish = `WITH mine AS (UPDATE files SET state = 2, bytes = $5, at = $6
			WHERE shop = $1 AND route = $2 AND name = $3 AND version = $4 AND state = 1 RETURNING 1)
		SELECT 1 / count(*) FROM mine`
	n := w.name
	now := w.store.Now()
	bytes := w.bytes + int64(len(w.piece))
	err := w.store.do(w.ctx, func(tx *Tx) error {
		b := &pgx.Batch{}
		if epoch != 0 {
			orLost(b.Queue(owned, n.Shop, epoch))
		}
		b.Queue(lockFiles, n.Shop, n.Route)
		queueForget(b, n.Shop, n.Route, now.Add(-replacedFor).UnixMicro())
		b.Queue(unmark, n.Shop, n.Route, n.Name)
		b.Queue(replace, n.Shop, n.Route, n.Name, now.UnixMicro())
		w.queuePiece(b)
		if w.stored {
			orLost(b.Queue(finish, n.Shop, n.Route, n.Name, w.version, bytes, now.UnixMicro()))
		} else {
			b.Queue(insertFile, n.Shop, n.Route, n.Name, w.version, 2, bytes, now.UnixMicro())
		}
		return tx.last(b)
	})
	if errors.Is(err, ErrDuplicate) {
		return fmt.Errorf("%w: another node writes the same file", order.ErrBusy)
	}
	w.done = err == nil
	return err
}

// abandon removes what is left of a version that was not finished. What it can
// not remove goes with the next DiscardUnfinished.
func (w *fileWriter) abandon() {
	const version = `DELETE FROM files WHERE shop = $1 AND route = $2 AND name = $3 AND version = $4 AND state = 1`
	const pieces = `DELETE FROM file_pieces p WHERE p.shop = $1 AND p.route = $2 AND p.name = $3 AND p.version = $4
		AND NOT EXISTS (SELECT 1 FROM files f WHERE f.shop = $1 AND f.route = $2 AND f.name = $3 AND f.version = $4)`
	if w.done || !w.stored {
		return
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(w.ctx), endLimit)
	defer cancel()
	_ = w.store.do(ctx, func(tx *Tx) error {
		b := &pgx.Batch{}
		b.Queue(version, w.name.Shop, w.name.Route, w.name.Name, w.version)
		b.Queue(pieces, w.name.Shop, w.name.Route, w.name.Name, w.version)
		return tx.last(b)
	})
}
