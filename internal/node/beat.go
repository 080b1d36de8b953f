package node

import (
	"context"
	"errors"
	"time"
)

// beats keeps the heartbeat going. Nothing else may block it.
func (n *Node) beats(ctx context.Context) {
	w := watch{beat: n.opts.Beat, span: n.opts.Span, seen: map[string]sighting{}}
	for {
		begun := time.Now()
		pause := n.opts.Beat
		err := n.beat(ctx, &w)
		if ctx.Err() != nil {
			return
		}
		if err != nil {
			pause /= 2
		}
		if errors.Is(err, errDropping) || errors.Is(err, ErrLeaseOver) || errors.Is(err, ErrEnded) {
			err = nil // the database answers
		}
		n.trouble("beat", err)
		if !n.beatNow.wait(ctx, pause-time.Since(begun)) {
			return
		}
	}
}

// errDropping says that what the node had before it lost its lease is not
// dropped yet.
var errDropping = errors.New("shops are being dropped after the lease was lost")

// beat sends one heartbeat and takes in what it saw.
func (n *Node) beat(ctx context.Context, w *watch) error {
	ctx, cancel := context.WithTimeout(ctx, n.opts.Span/4)
	defer cancel()
	p, err := n.pulse(ctx)
	if err != nil {
		return err
	}
	sent := n.lease.now()
	view, err := n.store.Beat(ctx, p)
	if errors.Is(err, ErrEnded) {
		n.ended(p.ID)
	}
	if err != nil {
		return err
	}
	n.see(p, view, w.look(p.ID, view, sent, n.lease.now()))
	return n.prolong(sent)
}

// pulse says what to send; it joins first if this node is none.
func (n *Node) pulse(ctx context.Context) (Pulse, error) {
	n.mu.RLock()
	p := Pulse{ID: n.id, Leaving: n.leaving, Set: n.set, Config: n.config, Totals: n.totals}
	for _, h := range n.held {
		if h.open != 0 {
			p.Shops++
		}
	}
	stuck := len(n.held) > 0 && !n.lapsed.IsZero() && time.Since(n.lapsed) > n.opts.Span
	none := p.ID == "" && len(n.held) == 0
	n.mu.RUnlock()
	switch {
	case none:
		p.ID = newID()
	case p.ID == "" || stuck:
		return p, errDropping // others shall have the shops
	default:
		return p, nil
	}
	m := Member{
		ID: p.ID, Name: n.opts.Name, Version: n.opts.Version, Lease: n.opts.Span,
		Leaving: p.Leaving, Set: p.Set, Config: p.Config,
	}
	if err := n.store.Join(ctx, m); err != nil {
		return p, err
	}
	n.mu.Lock()
	n.id = p.ID
	n.mu.Unlock()
	n.opts.Observe(Event{Kind: Joined, Node: p.ID})
	return p, nil
}

// ended forgets the id of a node that was declared dead.
func (n *Node) ended(id string) {
	n.mu.Lock()
	if n.id == id {
		n.id = ""
	}
	n.mu.Unlock()
	n.lease.end(ErrEnded)
	n.beatNow.ring()
}

// prolong makes the lease last from before the beat was sent. After it was lost
// it begins anew only when the engine has dropped everything.
func (n *Node) prolong(sent time.Time) error {
	n.mu.RLock()
	lost, held := !n.lapsed.IsZero(), len(n.held)
	n.mu.RUnlock()
	if !lost {
		if !n.lease.renew(sent, n.span) {
			return ErrLeaseOver
		}
		return nil
	}
	if held > 0 {
		return errDropping
	}
	n.mu.Lock()
	n.lapsed = time.Time{}
	n.mu.Unlock()
	if !n.lease.begin(sent, n.span) {
		n.lapse(ErrLeaseOver)
		return ErrLeaseOver
	}
	n.lookNow.ring()
	return nil
}

// lapse drops all shops: their deliveries are others' now, or soon. Without a
// reason the node has left.
func (n *Node) lapse(why error) {
	n.mu.Lock()
	n.lapsed, n.retake = time.Now(), true
	clear(n.table)
	count := len(n.held)
	for _, h := range n.held {
		n.kick(h)
	}
	n.mu.Unlock()
	if why != nil {
		n.opts.Observe(Event{Kind: LeaseLost, Err: why, Shops: count})
	}
	n.beatNow.ring()
}

// see keeps what a heartbeat saw and wakes who is concerned.
func (n *Node) see(p Pulse, v View, silent []Member) {
	n.mu.Lock()
	news := v.Told != n.view.Told || len(silent) > 0 || len(v.Nodes) != len(n.members)
	members := make(map[string]Member, len(v.Nodes))
	for _, m := range v.Nodes {
		was, ok := n.members[m.ID]
		news = news || !ok || was.Leaving != m.Leaving || was.Set != m.Set || was.Ended.IsZero() != m.Ended.IsZero()
		members[m.ID] = m
	}
	n.view, n.members, n.silent = v, members, silent
	if p.Totals != nil && len(n.totals) == len(p.Totals) && &n.totals[0] == &p.Totals[0] {
		n.totals = nil // they are stored
	}
	n.mu.Unlock()
	if news {
		n.lookNow.ring()
	}
}

// watch finds members that are silent, in the looks of this node's own beats.
// It compares no clocks: it counts how long a row has not changed while this
// node could see it, and the others could have changed it.
type watch struct {
	beat, span time.Duration
	last       time.Time // the last look
	steady     time.Time // since then there was no gap between looks
	seen       map[string]sighting
}

// sighting is since when a row has a number of beats.
type sighting struct {
	beats int64
	since time.Time
}

// look returns the living members that are silent: unchanged for their lease by
// the database's clock, nearly as long by this node's (the database's may have
// been set), and with looks that came steadily for a whole lease (after an
// outage everybody may beat first).
func (w *watch) look(me string, v View, sent, got time.Time) []Member {
	if w.last.IsZero() || got.Sub(w.last) > 5*w.beat/2 || got.Round(0).Sub(w.last.Round(0)) > 5*w.beat/2 {
		w.steady = got
	}
	w.last = got
	seen := make(map[string]sighting, len(v.Nodes))
	var silent []Member
	for _, m := range v.Nodes {
		s, ok := w.seen[m.ID]
		if !ok || s.beats != m.Beats {
			s = sighting{m.Beats, got}
		}
		seen[m.ID] = s
		if m.ID == me || !m.Ended.IsZero() {
			continue
		}
		span := max(w.span, m.Lease)
		age := v.Now.Sub(m.Beat)
		if (age >= span || age < 0) && sent.Sub(s.since) >= span-w.beat && sent.Sub(w.steady) >= span {
			silent = append(silent, m)
		}
	}
	w.seen = seen
	return silent
}
