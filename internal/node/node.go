package node

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"slices"
	"strings"
	"sync"
	"time"
)

// Hub is the reserved shop of what belongs to no shop. Every node knows it.
const Hub = "_hub"

// Engine delivers for the shops that this node owns. Methods of one shop are
// never called at the same time, but Notify.
type Engine interface {
	// Own takes a shop into work under an epoch; with an error it is not.
	Own(ctx context.Context, shop string, epoch int64) error
	// Yield takes a shop out of work: true if calls in flight are settled and
	// everything is written within the time, else it goes on as before.
	Yield(ctx context.Context, shop string, within time.Duration) (bool, error)
	// Lose takes a shop out of work at once and writes nothing.
	Lose(shop string)
	// Notify tells that a shop's log has grown. It must not block.
	Notify(shop string, head int64)
}

// Options of a Node. Store, Engine and Lease are required.
type Options struct {
	Store         Store
	Engine        Engine
	Lease         *Lease
	Name, Version string
	// Report says what the node tells about itself; asked every few beats; nil:
	// nothing.
	Report func() Report
	// Observe is told what happens. It must not block; nil: nobody is told.
	Observe func(Event)
	// Elsewhere is the error with which a handler says that another node owns
	// the shop and nothing was done; see Ask. May be nil.
	Elsewhere error
	// Errors keep their kind on the way from one node to another, beside those
	// of package order: by a word for each. All nodes have the same.
	Errors map[string]error

	// Beat is the time between heartbeats, default 1 s, at most a fifth of
	// Span, which is how long a node may be silent before it counts as dead,
	// default 6 s.
	Beat, Span time.Duration
	// Yield is how long a shop that moves may take to finish its calls; it is
	// tried again later. Default 800 ms.
	Yield time.Duration
	// Drain is how long a node that stops waits for that; default 20 s.
	Drain time.Duration
	// Opening is how many shops are opened at a time; default 16.
	Opening int
	// Patience is how long a command waits for a node to take it; default 5 s.
	Patience time.Duration
}

func (o Options) withDefaults() Options {
	if o.Beat == 0 {
		o.Beat = time.Second
	}
	if o.Span == 0 {
		o.Span = 6 * time.Second
	}
	o.Beat = min(o.Beat, o.Span/5)
	if o.Yield == 0 {
		o.Yield = 800 * time.Millisecond
	}
	if o.Drain == 0 {
		o.Drain = 20 * time.Second
	}
	if o.Opening == 0 {
		o.Opening = 16
	}
	if o.Patience == 0 {
		o.Patience = 5 * time.Second
	}
	if o.Observe == nil {
		o.Observe = func(Event) {}
	}
	if o.Report == nil {
		o.Report = func() Report { return Report{} }
	}
	return o
}

// Node is this program among the nodes of a hub. Make one with New and run it
// once with Run. Safe for concurrent use.
type Node struct {
	opts  Options
	store Store
	lease *Lease
	span  time.Duration // of the lease, in this node's own view

	mu      sync.RWMutex
	id      string // of this run; "": not among the members
	leaving bool
	lapsed  time.Time // the lease is lost since; zero: it holds
	// retake: the lease was lost and came back. What this node still owns gets
	// a new epoch before it is opened: a statement of before may still be under
	// way on the server, and must find itself fenced off.
	retake  bool
	view    View // what the last beat saw
	members map[string]Member
	silent  []Member // living ones that look dead
	config  string   // this node's
	totals  []byte
	known   map[string]bool // the configured shops
	set     string          // a digest of them
	table   map[string]Owner
	held    map[string]*holding
	failing map[string]bool // parts of the work; see trouble

	opening, giving *crew
	moves           mover
	hints           hints
	commands        desk
	empty           bell // no shop is held any more
	lookNow         bell
	beatNow         bell
}

// New makes a node; nothing happens before Run.
func New(opts Options) *Node {
	opts = opts.withDefaults()
	n := &Node{
		opts: opts, store: opts.Store, lease: opts.Lease, span: opts.Span * 3 / 4,
		lapsed: time.Now(), members: map[string]Member{}, table: map[string]Owner{}, held: map[string]*holding{},
		failing: map[string]bool{}, opening: newCrew(opts.Opening), giving: newCrew(giving),
		hints: newHints(), commands: newDesk(), empty: newBell(), lookNow: newBell(), beatNow: newBell(),
	}
	n.setShops(nil)
	n.lease.ended = n.lapse
	return n
}

// Run joins the nodes, works until ctx ends, then hands all shops over and
// leaves. When it returns the lease is over and the engine has no shop. It
// closes Options.Store.
func (n *Node) Run(ctx context.Context) error {
	n.report()
	// The parts outlive ctx: shops are handed over with them.
	working, stop := context.WithCancel(context.WithoutCancel(ctx))
	defer stop()
	var parts sync.WaitGroup
	for _, part := range []func(context.Context){n.beats, n.spreads, n.polls, n.listens, n.sendHints, n.serve} {
		parts.Go(func() { part(working) })
	}
	<-ctx.Done()
	n.drain()
	stop()
	parts.Wait()
	return errors.Join(n.leave(working), n.store.Close())
}

// SetShops says which shops the configuration has. A node owns no others. It
// asks Options.Report: the configuration is another one.
func (n *Node) SetShops(shops []string) {
	n.report()
	n.setShops(shops)
	n.beatNow.ring()
	n.lookNow.ring()
}

func (n *Node) setShops(shops []string) {
	known := map[string]bool{Hub: true}
	for _, s := range shops {
		known[s] = true
	}
	names := make([]string, 0, len(known))
	for s := range known {
		names = append(names, s)
	}
	slices.Sort(names)
	digest := sha256.Sum256([]byte(strings.Join(names, "\n")))
	n.mu.Lock()
	n.known, n.set = known, hex.EncodeToString(digest[:8])
	n.mu.Unlock()
}

// Owner returns the node that owns a shop, as far as is known here, and whether
// it is this one and its engine has the shop in work. A zero Member: nobody.
func (n *Node) Owner(shop string) (m Member, here bool) {
	n.mu.RLock()
	defer n.mu.RUnlock()
	if h := n.held[shop]; h != nil {
		here = h.open != 0 && n.lease.Valid()
	}
	return n.members[n.table[shop].Node], here
}

// ID returns the node's name among the nodes: another one after each time that
// it was declared dead, "" while it is none.
func (n *Node) ID() string {
	n.mu.RLock()
	defer n.mu.RUnlock()
	return n.id
}

// Agreed reports whether all living nodes have the same configuration, by the
// digests of their reports.
func (n *Node) Agreed() bool {
	n.mu.RLock()
	defer n.mu.RUnlock()
	for _, m := range n.members {
		if m.Ended.IsZero() && m.ID != n.id && m.Config != n.config {
			return false
		}
	}
	return true
}

// Standings of a node.
const (
	Living  = "living"
	Leaving = "leaving"
	Ended   = "ended"
)

// Status is how a node stands, for people.
type Status struct {
	Member
	State  string        // Living, Leaving, Ended
	Silent time.Duration // since its last heartbeat, by the database's clock
	Here   bool          // it is this one
}

// Nodes returns all nodes, by name and start, also those that were declared
// dead within the last hour.
func (n *Node) Nodes(ctx context.Context) ([]Status, error) {
	v, err := n.store.Members(ctx)
	if err != nil {
		return nil, err
	}
	id := n.ID()
	out := make([]Status, 0, len(v.Nodes))
	for _, m := range v.Nodes {
		s := Status{Member: m, State: Living, Silent: max(0, v.Now.Sub(m.Beat)), Here: m.ID == id}
		switch {
		case !m.Ended.IsZero():
			s.State = Ended
		case m.Leaving:
			s.State = Leaving
		}
		out = append(out, s)
	}
	return out, nil
}

// newID makes a number that nobody has: 16 hexadecimal digits.
func newID() string {
	var b [8]byte
	_, _ = rand.Read(b[:]) // never fails
	return hex.EncodeToString(b[:])
}

// bell wakes one loop; rings while it works are one ring.
type bell chan struct{}

func newBell() bell { return make(bell, 1) }

func (b bell) ring() {
	select {
	case b <- struct{}{}:
	default:
	}
}

// wait returns after a ring or some time; false: ctx has ended.
func (b bell) wait(ctx context.Context, most time.Duration) bool {
	t := time.NewTimer(most)
	defer t.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-b:
	case <-t.C:
	}
	return ctx.Err() == nil
}
