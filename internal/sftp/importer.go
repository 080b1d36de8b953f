package sftp

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"sync"
	"time"
)

// importer reads the files of the queues: one at a time of a shop, a few shops
// at a time.
type importer struct {
	server *Server
	slots  chan struct{}
	wake   chan struct{}

	mu     sync.Mutex
	called map[string]bool // shops to look at
	shops  map[string]*shopWork
}

// shopWork is how a shop's files get on.
type shopWork struct {
	busy  bool
	again bool          // it was called while it was busy
	pause time.Duration // after the next trouble
	timer *time.Timer   // until when a trouble rests
}

const (
	maxImports = 4
	maxPause   = 5 * time.Minute
	staleAfter = 24 * time.Hour // uploads that nobody can be writing any more
)

func newImporter(s *Server) *importer {
	return &importer{
		server: s, slots: make(chan struct{}, maxImports), wake: make(chan struct{}, 1),
		called: map[string]bool{}, shops: map[string]*shopWork{},
	}
}

// call says that a shop has a file. It never blocks.
func (i *importer) call(shop string) {
	i.mu.Lock()
	i.called[shop] = true
	i.mu.Unlock()
	select {
	case i.wake <- struct{}{}:
	default:
	}
}

// run works until ctx ends. What is in the queues when it starts was left by a
// process that ended, or is another node's work.
func (i *importer) run(ctx context.Context) {
	var work sync.WaitGroup
	defer work.Wait()
	defer i.stop()
	tick := time.NewTicker(i.server.opts.Limits.Look)
	defer tick.Stop()
	for looked := false; ; looked = true {
		if !looked {
			i.sweep()
		}
		for shop := range i.due() {
			if i.begin(shop) {
				work.Go(func() { i.work(ctx, shop) })
			}
		}
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
			i.callAll()
		case <-i.wake:
		}
	}
}

// due returns the shops that were called.
func (i *importer) due() map[string]bool {
	i.mu.Lock()
	defer i.mu.Unlock()
	due := i.called
	i.called = map[string]bool{}
	return due
}

// begin reports whether a shop's work can begin; else it will go on by itself.
func (i *importer) begin(shop string) bool {
	i.mu.Lock()
	defer i.mu.Unlock()
	w := i.shops[shop]
	if w == nil {
		w = &shopWork{pause: i.server.opts.Limits.Retry}
		i.shops[shop] = w
	}
	if w.busy {
		w.again = true
		return false
	}
	if w.timer != nil {
		return false // it rests
	}
	w.busy, w.again = true, false
	return true
}

// work imports what a shop has.
func (i *importer) work(ctx context.Context, shop string) {
	select {
	case i.slots <- struct{}{}:
		defer func() { <-i.slots }()
	case <-ctx.Done():
	}
	err := i.shop(ctx, shop)
	i.mu.Lock()
	defer i.mu.Unlock()
	w := i.shops[shop]
	w.busy = false
	switch {
	case ctx.Err() != nil:
	case err != nil:
		i.server.opts.Log.Error("sftp: files wait", "shop", shop, "error", err)
		i.server.opts.Observer.Waits(ctx, shop, err)
		w.timer = time.AfterFunc(w.pause, func() { i.rested(shop) })
		w.pause = min(2*w.pause, maxPause)
	default:
		if w.pause > i.server.opts.Limits.Retry {
			i.server.opts.Observer.Waits(ctx, shop, nil)
		}
		if w.again {
			i.called[shop] = true
			i.nudge()
		}
		w.pause = i.server.opts.Limits.Retry
	}
}

func (i *importer) nudge() {
	select {
	case i.wake <- struct{}{}:
	default:
	}
}

// rested ends the rest after a trouble.
func (i *importer) rested(shop string) {
	i.mu.Lock()
	if w := i.shops[shop]; w != nil {
		w.timer = nil
	}
	i.mu.Unlock()
	i.call(shop)
}

func (i *importer) stop() {
	i.mu.Lock()
	defer i.mu.Unlock()
	for _, w := range i.shops {
		if w.timer != nil {
			w.timer.Stop()
		}
	}
}

// shop imports every file of a shop, oldest first within a user's folder. Its
// error is a trouble of ours.
func (i *importer) shop(ctx context.Context, shop string) error {
	var failed []error
	for n := range i.server.opts.Doors {
		door := &i.server.opts.Doors[n]
		names, err := folders(filepath.Join(i.server.opts.Folder, shop, door.Partner))
		if err != nil {
			failed = append(failed, err)
		}
		for _, name := range names {
			if err := i.account(ctx, door, account{shop, door.Partner, name}); err != nil {
				failed = append(failed, err)
			}
		}
	}
	return errors.Join(failed...)
}

// account imports what a user's folder holds.
func (i *importer) account(ctx context.Context, door *Door, a account) error {
	if !a.valid() {
		return nil
	}
	root, err := openAccount(i.server.opts.Folder, a, door.layout)
	if err != nil {
		return err
	}
	defer root.Close()
	list, err := queue(root, door.layout)
	for _, q := range list {
		if err != nil || ctx.Err() != nil {
			break
		}
		err = i.server.take(ctx, door, a, root, q)
	}
	return err
}

// callAll looks for files that nobody called about.
func (i *importer) callAll() {
	shops, err := folders(i.server.opts.Folder)
	if err != nil {
		i.server.opts.Log.Error("sftp: look for files", "error", err)
	}
	for _, shop := range shops {
		if i.waits(shop) {
			i.call(shop)
		}
	}
}

// waits reports whether a shop has files in a queue.
func (i *importer) waits(shop string) bool {
	for _, d := range i.server.opts.Doors {
		dir := filepath.Join(i.server.opts.Folder, shop, d.Partner)
		names, _ := folders(dir) // what is wrong there comes up when it is worked
		for _, name := range names {
			entries, err := os.ReadDir(filepath.Join(dir, name, queueDir))
			if err == nil && len(entries) > 0 {
				return true
			}
		}
	}
	return false
}

// sweep calls for all that is left over, and takes away what was written by
// processes that ended.
func (i *importer) sweep() {
	i.callAll()
	left, _ := filepath.Glob(filepath.Join(i.server.opts.Folder, "*", "*", "*", uploadDir, "*"))
	for _, file := range left {
		if info, err := os.Lstat(file); err == nil && time.Since(info.ModTime()) > staleAfter {
			_ = os.Remove(file)
		}
	}
}

// folders returns the names of the folders in one; none if there is no such.
func folders(dir string) ([]string, error) {
	entries, err := os.ReadDir(dir)
	if errors.Is(err, os.ErrNotExist) {
		return nil, nil
	}
	var out []string
	for _, e := range entries {
		if e.IsDir() && words.MatchString(e.Name()) {
			out = append(out, e.Name())
		}
	}
	return out, err
}
