package postgres

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/ordermux/ordermux/internal/store"
)

// openFile reads one version of a file, a piece at a time.
type openFile struct {
	ctx   context.Context
	files files
	name  store.FileName
	info  store.FileInfo
	at    int64
	n     int64 // the piece that is held; -1: none
	piece []byte
	told  time.Time // when the version was last known not to be removed soon
}

var errTakenAway = errors.New("the file was taken away while it was read")

// Info implements store.File.
func (o *openFile) Info() store.FileInfo { return o.info }

// Close implements io.Closer.
func (o *openFile) Close() error {
	o.piece, o.n = nil, -1
	return nil
}

// Read implements io.Reader.
func (o *openFile) Read(p []byte) (int, error) {
	if o.at >= o.info.Bytes {
		return 0, io.EOF
	}
	if n := o.at / filePiece; n != o.n {
		if err := o.load(n); err != nil {
			return 0, fmt.Errorf("read file %s: %w", o.name.Name, err)
		}
	}
	n := copy(p, o.piece[min(o.at%filePiece, int64(len(o.piece))):])
	o.at += int64(n)
	if n == 0 && len(p) > 0 {
		return 0, fmt.Errorf("read file %s: %w", o.name.Name, io.ErrUnexpectedEOF)
	}
	return n, nil
}

// Seek implements io.Seeker.
func (o *openFile) Seek(offset int64, whence int) (int64, error) {
	switch whence {
	case io.SeekCurrent:
		offset += o.at
	case io.SeekEnd:
		offset += o.info.Bytes
	}
	if offset < 0 {
		return 0, fmt.Errorf("read file %s: a place before its start", o.name.Name)
	}
	o.at = offset
	return offset, nil
}

func (o *openFile) load(n int64) error {
	const query = `SELECT body FROM file_pieces WHERE shop = $1 AND route = $2 AND name = $3 AND version = $4 AND n = $5`
	if err := o.keep(); err != nil {
		return err
	}
	bodies, err := list(o.ctx, o.files.store, pgx.RowTo[[]byte], query,
		o.name.Shop, o.name.Route, o.name.Name, o.info.Version, n)
	if err != nil {
		return err
	}
	if len(bodies) == 0 {
		return errTakenAway
	}
	o.n, o.piece = n, bodies[0]
	return nil
}

// keep sees to it that a version which was replaced is not removed while it is
// being read, however slowly.
func (o *openFile) keep() error {
	const query = `UPDATE files SET at = $5 WHERE shop = $1 AND route = $2 AND name = $3 AND version = $4 AND state = 3`
	now := o.files.store.Now()
	if now.Sub(o.told) < readAgain {
		return nil
	}
	o.told = now
	return o.files.store.do(o.ctx, func(tx *Tx) error {
		b := &pgx.Batch{}
		b.Queue(query, o.name.Shop, o.name.Route, o.name.Name, o.info.Version, now.UnixMicro())
		return tx.last(b)
	})
}
