package app

import (
	"context"
	"errors"
	"log/slog"
	"sync/atomic"
	"time"

	"github.com/ordermux/ordermux/internal/alert"
	"github.com/ordermux/ordermux/internal/order"
	"github.com/ordermux/ordermux/internal/partner"
)

// disk knows whether new orders can be taken: enough room, and a store that
// writes.
type disk struct {
	dir   string
	free  func(dir string) (int64, error)
	least func() int64
	probe partner.State
	log   *slog.Logger

	room    atomic.Int64 // free bytes when last looked
	full    atomic.Bool  // less than least
	refused atomic.Bool  // the store could not write
}

// A nil disk is that of a hub without a data folder: its database's room is the
// database's matter.

// troubles returns what is wrong with the room.
func (d *disk) troubles(limits alert.Limits) []alert.Trouble {
	if d == nil || !d.full.Load() {
		return nil
	}
	return alert.OfDisk(d.room.Load(), limits)
}

// look measures the room, and finds out whether a store that refused writes
// again.
func (d *disk) look(ctx context.Context) {
	if d == nil {
		return
	}
	free, err := d.free(d.dir)
	switch {
	case errors.Is(err, errors.ErrUnsupported):
	case err != nil:
		d.log.Error("measure free disk space", "error", err)
	default:
		d.room.Store(free)
		was := d.full.Swap(free < d.least())
		if now := d.full.Load(); now != was {
			d.log.Warn("disk space", "enough", !now, "free_mib", free>>20)
		}
	}
	if d.refused.Load() && !d.full.Load() {
		if err := d.probe.Put(ctx, "written", []byte(time.Now().UTC().Format(time.RFC3339)), 0); err == nil {
			d.refused.Store(false)
		}
	}
}

// check returns order.ErrReadOnly while new orders can not be taken.
func (d *disk) check() error {
	if d != nil && d.full.Load() {
		return order.ErrReadOnly
	}
	return nil
}

// saw learns from the result of a write.
func (d *disk) saw(err error) {
	if d == nil {
		return
	}
	if errors.Is(err, order.ErrReadOnly) {
		d.refused.Store(true)
	} else if err == nil && d.refused.Load() {
		d.refused.Store(false)
	}
}

// ready reports whether orders can be taken.
func (d *disk) ready() bool { return d.unready() == "" }

// unready says why orders can not be taken; "": they can.
func (d *disk) unready() string {
	switch {
	case d == nil:
		return ""
	case d.full.Load():
		return "the disk is nearly full: no new orders"
	case d.refused.Load():
		return "the store can not be written"
	}
	return ""
}

// run looks from time to time.
func (d *disk) run(ctx context.Context, every time.Duration, changed func()) {
	if d == nil {
		return
	}
	tick := time.NewTicker(every)
	defer tick.Stop()
	for {
		was := d.ready()
		d.look(ctx)
		if d.ready() != was {
			changed()
		}
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}
