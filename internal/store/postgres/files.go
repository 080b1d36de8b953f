package postgres

import (
	"context"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/ordermux/ordermux/internal/order"
	"github.com/ordermux/ordermux/internal/store"
)

// Files returns the part of the store that keeps the files which partners
// fetch.
func (s *Store) Files() store.Files { return files{s} }

// files keeps files in pieces, see migrations/0004_files.sql.
type files struct{ store *Store }

var _ store.Files = files{}

const (
	filePiece = 512 << 10
	// replacedFor is how long a replaced version is kept that nobody reads.
	replacedFor = time.Hour
	// readAgain is how long a reader of a replaced version goes on before it
	// says that it still reads.
	readAgain = replacedFor / 3
)

// OpenFile implements store.Files.
func (f files) OpenFile(ctx context.Context, name store.FileName) (store.File, error) {
	const query = `SELECT name, bytes, at, version, state FROM files
		WHERE shop = $1 AND route = $2 AND name = $3 AND state = 2`
	found, err := list(ctx, f.store, scanFile, query, name.Shop, name.Route, name.Name)
	if err != nil {
		return nil, fmt.Errorf("open file %s: %w", name.Name, err)
	}
	if len(found) == 0 {
		return nil, fmt.Errorf("file %s: %w", name.Name, order.ErrNotFound)
	}
	return &openFile{ctx: ctx, files: f, name: name, info: found[0], n: -1, told: f.store.Now()}, nil
}

func scanFile(row pgx.CollectableRow) (store.FileInfo, error) {
	var info store.FileInfo
	var at int64
	var state int16
	if err := row.Scan(&info.Name, &info.Bytes, &at, &info.Version, &state); err != nil {
		return info, err
	}
	if state == 4 {
		return store.FileInfo{Name: info.Name, Withdrawn: true}, nil
	}
	info.Written = fromMicros(at)
	return info, nil
}

// ListFiles implements store.Files.
func (f files) ListFiles(ctx context.Context, shop, route string) ([]store.FileInfo, error) {
	const query = `SELECT name, bytes, at, version, state FROM files
		WHERE shop = $1 AND route = $2 AND state IN (2, 4) ORDER BY name`
	all, err := list(ctx, f.store, scanFile, query, shop, route)
	if err != nil {
		return nil, fmt.Errorf("list files: %w", err)
	}
	return all, nil
}

// FileRoutes implements store.Files.
func (f files) FileRoutes(ctx context.Context, shop string) ([]string, error) {
	routes, err := list(ctx, f.store, pgx.RowTo[string], "SELECT DISTINCT route FROM files WHERE shop = $1 ORDER BY route", shop)
	if err != nil {
		return nil, fmt.Errorf("list routes with files: %w", err)
	}
	return routes, nil
}

// Withdrawn implements store.Files.
func (f files) Withdrawn(ctx context.Context, name store.FileName) (bool, error) {
	const query = `SELECT state = 4 FROM files WHERE shop = $1 AND route = $2 AND name = $3 AND state IN (2, 4)`
	marks, err := list(ctx, f.store, pgx.RowTo[bool], query, name.Shop, name.Route, name.Name)
	if err != nil {
		return false, fmt.Errorf("look for file %s: %w", name.Name, err)
	}
	return len(marks) > 0 && marks[0], nil
}

// WithdrawFiles implements store.Files. What was erased must not wait for
// readers: whoever reads a version that is removed finds it gone.
func (f files) WithdrawFiles(ctx context.Context, shop, route string, old []store.FileInfo) error {
	const withdraw = `WITH gone AS (DELETE FROM files f USING unnest($3::text[], $4::text[]) u (name, version)
			WHERE f.shop = $1 AND f.route = $2 AND f.name = u.name AND f.version = u.version AND f.state = 2 RETURNING f.name)
		INSERT INTO files (shop, route, name, version, state, at) SELECT $1::text, $2::text, gone.name, '', 4, $5 FROM gone`
	names, versions := make([]string, len(old)), make([]string, len(old))
	for i := range old {
		names[i], versions[i] = old[i].Name, old[i].Version
	}
	return f.remove(ctx, "withdraw files", shop, route, func(b *pgx.Batch, now int64) {
		b.Queue(withdraw, shop, route, names, versions, now)
	})
}

// DiscardUnfinished implements store.Files. It removes replaced versions, too:
// it is called when an order is erased, of which they may speak.
func (f files) DiscardUnfinished(ctx context.Context, shop, route string) error {
	const unfinished = `DELETE FROM files WHERE shop = $1 AND route = $2 AND state = 1`
	return f.remove(ctx, "discard unfinished files", shop, route, func(b *pgx.Batch, _ int64) {
		b.Queue(unfinished, shop, route)
	})
}

// remove removes versions of a route's files for good, all replaced ones among
// them.
func (f files) remove(ctx context.Context, what, shop, route string, queue func(b *pgx.Batch, now int64)) error {
	var removed int64
	err := f.store.do(ctx, func(tx *Tx) error {
		now := f.store.Now().UnixMicro()
		b := &pgx.Batch{}
		b.Queue(lockFiles, shop, route)
		queue(b, now)
		queueForget(b, shop, route, now).Exec(func(tag pgconn.CommandTag) error {
			removed = tag.RowsAffected()
			return nil
		})
		return tx.last(b)
	})
	if err == nil && removed > 0 {
		err = f.store.Erased(ctx)
	}
	if err != nil {
		return fmt.Errorf("%s: %w", what, err)
	}
	return nil
}

// lockFiles lets one change the files of a route at a time.
const lockFiles = `SELECT version FROM files WHERE shop = $1 AND route = $2 ORDER BY name, version FOR UPDATE`

// queueForget removes the versions of a route's files that were replaced, or
// last read, until a moment, and all pieces without a version; the result is
// that of the latter.
func queueForget(b *pgx.Batch, shop, route string, until int64) *pgx.QueuedQuery {
	const versions = `DELETE FROM files WHERE shop = $1 AND route = $2 AND state = 3 AND at <= $3`
	const pieces = `DELETE FROM file_pieces p WHERE p.shop = $1 AND p.route = $2 AND NOT EXISTS (
		SELECT 1 FROM files f WHERE f.shop = $1 AND f.route = $2 AND f.name = p.name AND f.version = p.version)`
	b.Queue(versions, shop, route, until)
	return b.Queue(pieces, shop, route)
}
