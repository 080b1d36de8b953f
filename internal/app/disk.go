package app

import (
	"context"
	"errors"
	"log/slog"
	"sync/atomic"
	"time"

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

// look measures the room, and finds out whether a store that refused writes
// again.
func (d *disk) look(ctx context.Context) {
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
	if d.full.Load() {
		return order.ErrReadOnly
	}
	return nil
}

// saw learns from the result of a write.
func (d *disk) saw(err error) {
	if errors.Is(err, order.ErrReadOnly) {
		d.refused.Store(true)
	} else if err == nil && d.refused.Load() {
		d.refused.Store(false)
	}
}

// ready reports whether orders can be taken.
func (d *disk) ready() bool { return !d.full.Load() && !d.refused.Load() }

// run looks from time to time.
func (d *disk) run(ctx context.Context, every time.Duration, changed func()) {
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
