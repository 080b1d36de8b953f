package store

import (
	"context"
	"io"
	"time"
)

// Files keeps the files that partners fetch, by shop, route and name. Names
// are plain: letters, digits, points, hyphens and underscores, none of the
// three in front, 128 at most; the callers check that. Safe for concurrent
// use; of one route, the callers let one WriteFile or WithdrawFiles run at a
// time within a process, and the epoch sees to it between processes.
//
// store/folder keeps them in a folder, store/postgres (Store.Files) in the
// database.
type Files interface {
	// WriteFile replaces a file by what write produces, or brings it anew; a
	// mark that it was withdrawn goes. Who reads meanwhile gets the old file
	// whole. If write fails, ctx ends or the power does, the old file stands,
	// and the mark. Large files come in many small writes: they must not be
	// held in memory whole. write runs once.
	//
	// epoch is that of the writer's ownership of the shop; 0: nobody else can
	// own it, it is not compared. Errors: write's own (wrapped),
	// delivery.ErrLost if the shop has another epoch by now (nothing was
	// replaced), order.ErrReadOnly, order.ErrBusy.
	WriteFile(ctx context.Context, f FileName, epoch int64, write func(io.Writer) error) error
	// OpenFile opens a file as it stands now. It can be read to its end, and
	// more than once, whatever becomes of the file meanwhile. Who opens it
	// closes it. Error: order.ErrNotFound, also for one that is withdrawn.
	OpenFile(ctx context.Context, f FileName) (File, error)
	// ListFiles returns the files of a route by name, those that are
	// withdrawn included; none is no error.
	ListFiles(ctx context.Context, shop, route string) ([]FileInfo, error)
	// FileRoutes returns, by name, the routes of a shop that have files,
	// configured or not.
	FileRoutes(ctx context.Context, shop string) ([]string, error)
	// Withdrawn reports whether a file is withdrawn and has not been written
	// since.
	Withdrawn(ctx context.Context, f FileName) (bool, error)
	// WithdrawFiles takes those files of a route away, for good, that still
	// have the Version given, and marks each as withdrawn: at no moment is one
	// missing without its mark. Those that were replaced meanwhile stay.
	WithdrawFiles(ctx context.Context, shop, route string, old []FileInfo) error
	// DiscardUnfinished removes what writes of a route that were cut off (by a
	// kill, not by an error) may have left.
	DiscardUnfinished(ctx context.Context, shop, route string) error
}

// FileName names a file.
type FileName struct{ Shop, Route, Name string }

// FileInfo describes a file of a route.
type FileInfo struct {
	Name    string
	Bytes   int64
	Written time.Time // UTC
	// Version is another one after every write; it means something only to
	// the Files that told it.
	Version string
	// Withdrawn: it was taken away and not written since; Bytes, Written and
	// Version are then zero.
	Withdrawn bool
}

// File is an open file.
type File interface {
	io.ReadSeekCloser
	// Info describes the file that was opened.
	Info() FileInfo
}
