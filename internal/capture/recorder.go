package capture

import (
	"context"
	"crypto/rand"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/ordermux/ordermux/internal/order"
)

// Options of a Recorder.
type Options struct {
	Node  string                  // this node's name: it is in the keys of what it keeps
	List  State                   // of the hub: the captures of all shops
	State func(shop string) State // their calls
	Seal  Sealer
	Door  func(partner string) bool     // whether there is such a door
	Route func(shop, route string) bool // whether the shop has such a route
	Names func(Capture) Names           // of the fields of what it listens to; nil: as the partner has them
	Now   func() time.Time
	Log   *slog.Logger
	Look  time.Duration // how often it looks what other nodes started; default 2 s
	Write time.Duration // how long what was recorded waits for more; default 1 s
	Queue int           // calls that wait to be written; default 4096
	Bytes int64         // of their bodies; default 32 MB
}

// Recorder listens on one node. Safe for concurrent use. What it is told while
// nothing listens costs one atomic load.
type Recorder struct {
	opts    Options
	active  atomic.Pointer[[]*active] // nil: nothing listens
	queue   chan item
	waiting atomic.Int64 // bytes of the bodies in queue
	masks   masks        // by whoever builds calls: Run
	flush   chan chan struct{}
	look    sync.Mutex
	running chan struct{} // closed when Run has ended
}

// active is a capture that listens, on this node.
type active struct {
	Capture
	dropped  atomic.Int64
	policy   policy // by the writer alone, as all below
	written  counts // as kept
	recorded int64
	bytes    int64
	next     int64
	batch    []byte
	calls    int // in batch
	full     atomic.Bool
}

// item is a call on its way to be written.
type item struct {
	to    []*active
	size  int64
	build func() Call // masked, not scrubbed
}

// New makes a recorder; Run makes it work.
func New(o Options) *Recorder {
	def := func(d *time.Duration, to time.Duration) {
		if *d == 0 {
			*d = to
		}
	}
	def(&o.Look, 2*time.Second)
	def(&o.Write, time.Second)
	if o.Queue == 0 {
		o.Queue = 4096
	}
	if o.Bytes == 0 {
		o.Bytes = 32 << 20
	}
	return &Recorder{opts: o, queue: make(chan item, o.Queue), flush: make(chan chan struct{}), running: make(chan struct{})}
}

// Start begins to listen. Errors: *order.Invalid.
func (r *Recorder) Start(ctx context.Context, shop, by string, s Spec) (Capture, error) {
	if err := s.check(shop); err != nil {
		return Capture{}, err
	}
	switch {
	case s.Door != "" && !r.opts.Door(s.Door):
		return Capture{}, order.Refuse("door", order.Malformed, "there is no door of that name")
	case s.Route != "" && !r.opts.Route(shop, s.Route):
		return Capture{}, order.Refuse("route", order.Malformed, "the shop has no route of that name")
	}
	list, err := r.List(ctx, shop)
	if err != nil {
		return Capture{}, err
	}
	open := slices.DeleteFunc(list, func(c Capture) bool { return !c.Listening })
	if len(open) >= MostOpen {
		return Capture{}, order.Refuse("", order.Malformed, "too many captures of this shop listen; stop one")
	}
	now := r.opts.Now().UTC().Truncate(time.Millisecond)
	c := Capture{
		ID: strings.ToLower(rand.Text()[:12]), Shop: shop, Door: s.Door, Route: s.Route, Account: s.Account, Gate: s.Gate, KeepPersonal: s.KeepPersonal,
		Started: now, Until: now.Add(time.Duration(s.Seconds) * time.Second), By: by,
	}
	if err := r.put(ctx, c); err != nil {
		return Capture{}, err
	}
	c.Listening = true
	return c, r.Look(ctx)
}

// Stop ends a capture; one that has ended stays as it is.
func (r *Recorder) Stop(ctx context.Context, shop, id string) (Capture, error) {
	c, err := r.Find(ctx, shop, id)
	if err != nil || !c.Listening {
		return c, err
	}
	c.Until, c.Listening = r.opts.Now().UTC().Truncate(time.Millisecond), false
	if err := r.put(ctx, c); err != nil {
		return c, err
	}
	if err := r.Look(ctx); err != nil {
		return c, err
	}
	return c, r.Flush(ctx)
}

// Look sees what is to be listened to now. Run does so by itself.
func (r *Recorder) Look(ctx context.Context) error {
	r.look.Lock()
	defer r.look.Unlock()
	list, err := r.all(ctx, "")
	if err != nil {
		return err
	}
	var before, after []*active
	if p := r.active.Load(); p != nil {
		before = *p
	}
	now := r.opts.Now()
	for _, c := range list {
		if !now.Before(c.Until) {
			continue
		}
		i := slices.IndexFunc(before, func(a *active) bool { return a.ID == c.ID && a.Shop == c.Shop })
		if i >= 0 {
			after = append(after, before[i])
			continue
		}
		after = append(after, &active{Capture: c})
	}
	if len(after) == 0 {
		r.active.Store(nil)
		return nil
	}
	r.active.Store(&after)
	return nil
}

// listens returns the captures that listen to a door or route now. Without any
// it costs an atomic load.
func (r *Recorder) listens(match func(a *active) bool) []*active {
	p := r.active.Load()
	if p == nil {
		return nil
	}
	var out []*active
	now := r.opts.Now()
	for _, a := range *p {
		if now.Before(a.Until) && match(a) {
			out = append(out, a)
		}
	}
	return out
}

// record hands a call over to be written, or counts it as dropped: it never
// waits.
func (r *Recorder) record(to []*active, size int64, build func() Call) {
	to = slices.DeleteFunc(to, func(a *active) bool {
		full := a.full.Load()
		if full {
			a.dropped.Add(1)
		}
		return full
	})
	if len(to) == 0 {
		return
	}
	if r.waiting.Add(size) <= r.opts.Bytes {
		select {
		case r.queue <- item{to, size, build}:
			return
		default:
		}
	}
	r.waiting.Add(-size)
	for _, a := range to {
		a.dropped.Add(1)
	}
}
