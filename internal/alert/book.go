package alert

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"sync/atomic"
	"time"

	"github.com/ordermux/ordermux/internal/delivery"
	"github.com/ordermux/ordermux/internal/json"
)

// Phase is which of its two notices a trouble is at.
type Phase string

// The phases.
const (
	Raised Phase = "raised"
	Ended  Phase = "ended"
)

// Notice is one thing to tell.
type Notice struct {
	ID      string // stable over repeats
	Phase   Phase
	Trouble Trouble
	Since   time.Time
	At      time.Time // of this phase
}

// Channel is a way to tell people.
type Channel interface {
	// Name is stable: it is kept with what was told.
	Name() string
	// Tell returns when the notice is on its way for certain. A repeat of the
	// same notice is possible after an error.
	Tell(ctx context.Context, n Notice) error
}

// State keeps what is open; see partner.State.
type State interface {
	Get(ctx context.Context, key string) ([]byte, bool, error)
	Put(ctx context.Context, key string, value []byte, ttl time.Duration) error
}

// stateKey is where the open troubles are kept.
const stateKey = "alerts/open"

// forget is after how long an ended trouble that a dead channel never heard of
// is given up.
const forget = 24 * time.Hour

// Book knows the open troubles of a shop, or of the hub itself, and who was
// told of them. One who writes it must be the only one. Only Open may be called
// while another call runs.
type Book struct {
	state   State
	open    []*entry
	read    time.Time                // when the book was; zero: not yet
	lasting atomic.Pointer[[]Notice] // for Open
}

// entry is one open trouble.
type entry struct {
	Trouble Trouble            `json:"trouble"`
	Since   time.Time          `json:"since"`
	Over    time.Time          `json:"over,omitzero"`
	Told    map[string][]Phase `json:"told,omitzero"` // by channel
}

// NewBook makes a book that is kept in a state.
func NewBook(state State) *Book { return &Book{state: state} }

// Reconcile compares what is wrong now with what was, and tells the
// difference: each channel hears once that a trouble began and once that it
// ended. A channel that fails is tried again in the next round; its error is
// returned, after everything else was done. Where nothing is wrong and nothing
// was, nothing is read or written but the book, once.
func (b *Book) Reconcile(ctx context.Context, now time.Time, current []Trouble, round *Round) error {
	if err := b.load(ctx, now); err != nil {
		return err
	}
	changed := b.compare(now, current)
	b.publish()
	if changed {
		// Kept before anybody is told, so that Since, and with it the notice's
		// id, is the same after a crash.
		if err := b.save(ctx); err != nil {
			return err
		}
	}
	var failed []error
	for _, c := range round.channels {
		if round.silent[c.Name()] {
			continue
		}
		told, err := b.tell(ctx, c, now, round)
		if err != nil {
			// That somebody else has the book says nothing about the channel.
			round.silent[c.Name()] = !errors.Is(err, delivery.ErrElsewhere)
			failed = append(failed, fmt.Errorf("alert by %s: %w", c.Name(), err))
		}
		if told {
			if err := b.save(ctx); err != nil {
				return errors.Join(append(failed, err)...)
			}
		}
	}
	if b.clean(now, round.channels) {
		failed = append(failed, b.save(ctx))
	}
	return errors.Join(failed...)
}

func (b *Book) load(ctx context.Context, now time.Time) error {
	if !b.read.IsZero() {
		return nil
	}
	text, ok, err := b.state.Get(ctx, stateKey)
	if err != nil {
		return fmt.Errorf("read open alerts: %w", err)
	}
	if ok {
		if err := json.Unmarshal(text, &b.open); err != nil {
			return fmt.Errorf("read open alerts: %w", err)
		}
	}
	b.read = now
	return nil
}

func (b *Book) save(ctx context.Context) error {
	text, err := json.Marshal(b.open)
	if err == nil {
		err = b.state.Put(ctx, stateKey, text, 0)
	}
	if err != nil {
		return fmt.Errorf("keep open alerts: %w", err)
	}
	return nil
}

// compare opens new troubles and ends those that are over.
func (b *Book) compare(now time.Time, current []Trouble) (changed bool) {
	here := make(map[string]bool, len(current))
	for _, t := range current {
		here[t.key()] = true
		at := slices.IndexFunc(b.open, func(e *entry) bool { return e.Trouble.key() == t.key() })
		switch {
		case at < 0:
			b.open = append(b.open, &entry{Trouble: t, Since: now.UTC(), Told: map[string][]Phase{}})
			changed = true
		case !b.open[at].Over.IsZero() && !b.open[at].toldAny(Ended):
			b.open[at].Over = time.Time{} // back before anybody heard that it was over
			changed = true
		case !b.open[at].Over.IsZero():
			// Some heard that it was over: for them it begins anew.
			b.open[at] = &entry{Trouble: t, Since: now.UTC(), Told: map[string][]Phase{}}
			changed = true
		}
	}
	for _, e := range b.open {
		if e.Over.IsZero() && !here[e.Trouble.key()] && !b.unsure(e, now) {
			e.Over = now.UTC()
			changed = true
		}
	}
	return changed
}

// settling is how long after a start, or after another node's turn, what only
// the memory knows is not taken for over.
const settling = 2 * time.Minute

// unsure reports whether a trouble may last although nobody sees it: a breaker
// begins closed and opens with the first calls that fail again.
func (b *Book) unsure(e *entry, now time.Time) bool {
	known := e.Trouble.Kind != BreakerOpen && e.Trouble.Kind != RouteFailing
	return !known && e.Since.Before(b.read) && now.Sub(b.read) < settling
}

func (e *entry) toldAny(p Phase) bool {
	for _, phases := range e.Told {
		if slices.Contains(phases, p) {
			return true
		}
	}
	return false
}

// Round is a telling of several books by the same channels. After a channel's
// first error the round leaves it alone: a dead mail server is waited for once,
// not once per book.
type Round struct {
	channels []Channel
	silent   map[string]bool        // by name
	ours     func(shop string) bool // nil: always
}

// Ours makes the round ask, right before anything is told of a shop, whether the
// book is still this node's to tell of.
func (r *Round) Ours(ours func(shop string) bool) *Round {
	r.ours = ours
	return r
}

// NewRound begins a round.
func NewRound(channels ...Channel) *Round {
	return &Round{channels: channels, silent: map[string]bool{}}
}

// tell brings one channel up to date. After the channel's first error it waits
// for the next time.
func (b *Book) tell(ctx context.Context, c Channel, now time.Time, round *Round) (told bool, err error) {
	for _, e := range b.open {
		phase, due := e.next(c.Name())
		if !due {
			continue
		}
		at := e.Since
		if phase == Ended {
			at = e.Over
		}
		if round.ours != nil && !round.ours(e.Trouble.Shop) {
			return told, delivery.ErrElsewhere
		}
		if err := c.Tell(ctx, Notice{ID: e.id(phase), Phase: phase, Trouble: e.Trouble, Since: e.Since, At: at}); err != nil {
			return told, err
		}
		if e.Told == nil {
			e.Told = map[string][]Phase{}
		}
		e.Told[c.Name()] = append(e.Told[c.Name()], phase)
		told = true
	}
	return told, nil
}

// next returns what a channel has to hear of a trouble, if anything. Who never
// heard that it began need not hear that it ended.
func (e *entry) next(channel string) (Phase, bool) {
	told := e.Told[channel]
	switch {
	case e.Over.IsZero():
		return Raised, !slices.Contains(told, Raised)
	case slices.Contains(told, Raised):
		return Ended, !slices.Contains(told, Ended)
	}
	return "", false
}

func (e *entry) id(p Phase) string {
	sum := sha256.Sum256(fmt.Appendf(nil, "%s|%s|%s", e.Trouble.key(), e.Since.Format(time.RFC3339Nano), p))
	return "alert_" + hex.EncodeToString(sum[:12])
}

// clean drops the troubles that are over and told.
func (b *Book) clean(now time.Time, channels []Channel) (dropped bool) {
	before := len(b.open)
	b.open = slices.DeleteFunc(b.open, func(e *entry) bool {
		if e.Over.IsZero() {
			return false
		}
		if now.Sub(e.Over) > forget {
			return true
		}
		return !slices.ContainsFunc(channels, func(c Channel) bool { _, due := e.next(c.Name()); return due })
	})
	return len(b.open) != before
}

// publish makes the troubles that last readable by Open.
func (b *Book) publish() {
	out := []Notice{}
	for _, e := range b.open {
		if e.Over.IsZero() {
			out = append(out, Notice{ID: e.id(Raised), Phase: Raised, Trouble: e.Trouble, Since: e.Since, At: e.Since})
		}
	}
	b.lasting.Store(&out)
}

// Open returns the troubles that last.
func (b *Book) Open() []Notice {
	if list := b.lasting.Load(); list != nil {
		return *list
	}
	return nil
}
