package node_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/ordermux/ordermux/internal/node"
)

// engine is a node's engine: it only remembers what it has.
type engine struct {
	world *world
	name  string
	lease *node.Lease

	mu    sync.Mutex
	open  map[string]int64
	heads map[string]int64
	owned map[string]time.Time            // when it was opened last
	slow  func(shop string) time.Duration // how long a shop needs to yield
	// sticky is how long it takes to lose a shop.
	sticky time.Duration
	fails  func(ctx context.Context, shop string) error // of opening
}

var _ node.Engine = (*engine)(nil)

func (e *engine) Own(ctx context.Context, shop string, epoch int64) error {
	if e.fails != nil {
		if err := e.fails(ctx, shop); err != nil {
			return err
		}
	}
	time.Sleep(time.Millisecond)
	if err := ctx.Err(); err != nil {
		return err
	}
	e.world.base.mu.Lock()
	o := e.world.base.owners[shop]
	e.world.base.mu.Unlock()
	if o.Epoch != epoch {
		return errors.New("another epoch is in force")
	}
	e.mu.Lock()
	e.open[shop] = epoch
	e.owned[shop] = time.Now()
	e.mu.Unlock()
	e.world.check()
	return nil
}

func (e *engine) Yield(ctx context.Context, shop string, within time.Duration) (bool, error) {
	if e.slow != nil {
		need := e.slow(shop)
		select {
		case <-ctx.Done():
			return false, ctx.Err()
		case <-time.After(min(need, within)):
		}
		if need > within {
			return false, nil
		}
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	delete(e.open, shop)
	return true, nil
}

func (e *engine) Lose(shop string) {
	time.Sleep(e.sticky)
	e.mu.Lock()
	defer e.mu.Unlock()
	delete(e.open, shop)
}

func (e *engine) Notify(shop string, head int64) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.heads[shop] = max(e.heads[shop], head)
}

func (e *engine) has(shop string) bool { return e.epoch(shop) != 0 }

func (e *engine) epoch(shop string) int64 {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.open[shop]
}

func (e *engine) count() int {
	e.mu.Lock()
	defer e.mu.Unlock()
	return len(e.open)
}

func (e *engine) head(shop string) int64 {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.heads[shop]
}

// world is a base and the nodes that run over it, in a bubble.
type world struct {
	testing.TB
	base  *base
	shops []string
	mu    sync.Mutex
	hosts []*host
}

// host is a machine with a node.
type host struct {
	*node.Node
	name   string
	port   *port
	engine *engine
	lease  *node.Lease
	stop   context.CancelFunc
	done   chan error
	events events
}

// inBubble runs a test in virtual time over some shops ("_hub" comes to them).
func inBubble(t *testing.T, shops int, f func(w *world)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, shops)
		defer w.end()
		f(w)
	})
}

func newWorld(t testing.TB, shops int) *world {
	w := &world{TB: t, base: newBase()}
	for i := range shops {
		w.shops = append(w.shops, fmt.Sprintf("shop-%05d", i))
	}
	return w
}

// end kills whoever still runs.
func (w *world) end() {
	w.base.mu.Lock()
	w.base.down = false
	w.base.mu.Unlock()
	for _, h := range w.hosts {
		w.set(h, func(p *port) { p.cut, p.late = false, 0 })
		h.stop()
	}
	for _, h := range w.hosts {
		<-h.done
	}
}

// set changes a host's way to the base.
func (w *world) set(h *host, f func(*port)) {
	w.base.mu.Lock()
	defer w.base.mu.Unlock()
	f(h.port)
}

// start starts a node on a host of a name.
func (w *world) start(name string, change ...func(*node.Options, *engine)) *host {
	h := &host{name: name, port: &port{base: w.base}, lease: node.NewLease(), done: make(chan error, 1)}
	h.engine = &engine{
		world: w, name: name, lease: h.lease,
		open: map[string]int64{}, heads: map[string]int64{}, owned: map[string]time.Time{},
	}
	opts := node.Options{
		Store: h.port, Engine: h.engine, Lease: h.lease, Name: name, Version: "1", Observe: h.events.add,
		Report: func() node.Report { return node.Report{Config: "c"} },
	}
	for _, f := range change {
		f(&opts, h.engine)
	}
	h.Node = node.New(opts)
	h.SetShops(w.shops)
	ctx, cancel := context.WithCancel(context.Background())
	h.stop = cancel
	go func() { h.done <- h.Run(ctx) }()
	w.mu.Lock()
	w.hosts = append(w.hosts, h)
	w.mu.Unlock()
	return h
}

// check fails if two engines that may deliver have the same shop.
func (w *world) check() {
	w.mu.Lock()
	defer w.mu.Unlock()
	who := map[string]string{}
	for _, h := range w.hosts {
		if !h.lease.Valid() {
			continue
		}
		h.engine.mu.Lock()
		for shop := range h.engine.open {
			if other, ok := who[shop]; ok {
				w.Errorf("%s and %s both deliver for %s", other, h.name, shop)
			}
			who[shop] = h.name
		}
		h.engine.mu.Unlock()
	}
}

// kill ends a node as SIGKILL does: nothing of it comes through any more.
func (w *world) kill(h *host) { w.set(h, func(p *port) { p.cut = true }) }

// pass lets time pass, looking every now and then.
func (w *world) pass(d time.Duration) {
	for end := time.Now().Add(d); time.Now().Before(end); {
		time.Sleep(50 * time.Millisecond)
		w.check()
	}
}

// within waits for something to hold.
func (w *world) within(d time.Duration, what string, holds func() bool) time.Duration {
	w.Helper()
	begun := time.Now()
	for !holds() {
		if time.Since(begun) >= d {
			w.Fatalf("not within %v: %s; owned: %v", d, what, w.base.counts())
		}
		time.Sleep(10 * time.Millisecond)
		w.check()
	}
	return time.Since(begun)
}

// even reports whether all shops are owned and opened, evenly, by those nodes.
func (w *world) even(hosts ...*host) func() bool {
	return func() bool {
		total := len(w.shops) + 1
		sum := 0
		for _, h := range hosts {
			k := h.engine.count()
			if k < total/len(hosts) || k > (total+len(hosts)-1)/len(hosts) {
				return false
			}
			sum += k
		}
		return sum == total
	}
}

// events are what a node told.
type events struct {
	mu   sync.Mutex
	list []node.Event
}

func (e *events) add(v node.Event) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.list = append(e.list, v)
}

func (e *events) String() string {
	e.mu.Lock()
	defer e.mu.Unlock()
	var b strings.Builder
	for _, v := range e.list {
		fmt.Fprintf(&b, "%+v\n", v)
	}
	return b.String()
}

func (e *events) count(kind node.EventKind) int {
	e.mu.Lock()
	defer e.mu.Unlock()
	k := 0
	for _, v := range e.list {
		if v.Kind == kind {
			k++
		}
	}
	return k
}
