// Package chore runs work that takes a while and that a person began: reading a
// file in, looking for what a partner lacks. A chore stands in the store, so
// that every node sees how far it is; one node at a time does it, and another
// begins it anew when that one ends. So what a chore does must do no harm when
// it is done again.
package chore

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"path"
	"slices"
	"strings"
	"time"

	"github.com/ordermux/ordermux/internal/json"
	"github.com/ordermux/ordermux/internal/order"
	"github.com/ordermux/ordermux/internal/partner"
)

// State says how a chore stands.
type State string

// The states of a chore.
const (
	Waiting   State = "waiting" // for somebody to start it
	Running   State = "running" // or to be begun anew by another node
	Done      State = "done"
	Failed    State = "failed" // Error says why
	Cancelled State = "cancelled"
)

// Over reports whether nothing follows.
func (s State) Over() bool { return s == Done || s == Failed || s == Cancelled }

// Chore is one piece of work.
type Chore struct {
	ID       string    `json:"id"`
	Shop     string    `json:"shop"`
	Kind     string    `json:"kind"`
	By       string    `json:"by"` // who began it
	State    State     `json:"state"`
	Created  time.Time `json:"created"`
	Started  time.Time `json:"started,omitzero"`
	Ended    time.Time `json:"ended,omitzero"`
	Restarts int       `json:"restarts,omitzero"` // how often it was begun anew
	Lost     int       `json:"lost,omitzero"`     // how often because its node ended in the middle of it
	Troubles int       `json:"troubles,omitzero"` // how often because it met a trouble of ours
	Error    string    `json:"error,omitzero"`    // for people, without personal data

	Spec     json.Value `json:"spec,omitzero"`     // what is to be done; of the kind
	Progress json.Value `json:"progress,omitzero"` // how far it is, and what came of it

	Node string `json:"node,omitzero"` // that does it; "": none
	Beat int64  `json:"beat,omitzero"` // raised while it is done
}

// Failure is why a chore can not be done, for people: it is not tried again.
type Failure struct{ Reason string }

func (f *Failure) Error() string { return f.Reason }

// Failf makes a Failure.
func Failf(format string, args ...any) error { return &Failure{fmt.Sprintf(format, args...)} }

// ErrOver is Save's error when the chore was cancelled, or is done elsewhere.
var ErrOver = errors.New("the chore was cancelled, or another node does it")

// How long chores are kept: those that wait, and those that are over.
const (
	KeptWaiting = 24 * time.Hour
	KeptOver    = 30 * 24 * time.Hour
)

// Book keeps chores. Safe for concurrent use, on every node.
type Book struct {
	state partner.State
	now   func() time.Time
}

// NewBook makes a Book of what state keeps.
func NewBook(state partner.State, now func() time.Time) *Book { return &Book{state, now} }

// A chore stands under "of/SHOP/KIND/ID", and while it runs there is
// "runs/SHOP/KIND/ID" beside it, by which every node finds it.

func key(shop, kind, id string) string { return "of/" + shop + "/" + kind + "/" + id }

func (c *Chore) key() string { return key(c.Shop, c.Kind, c.ID) }

const running = "runs/"

func (c *Chore) runs() string { return running + c.Shop + "/" + c.Kind + "/" + c.ID }

// NewID returns an id that sorts before those made earlier: lists begin with the
// newest.
func (b *Book) NewID() string {
	return fmt.Sprintf("%012x-%s", (1<<47)-b.now().UnixMilli(), strings.ToLower(rand.Text()[:6]))
}

// Create keeps a new chore, which waits, or if it is to start now, runs. spec
// may be nil.
func (b *Book) Create(ctx context.Context, c Chore, spec any, start bool) (Chore, error) {
	if c.ID == "" {
		c.ID = b.NewID()
	}
	c.State, c.Created = Waiting, b.now().UTC()
	if start {
		c.State, c.Started = Running, c.Created
	}
	if spec != nil {
		var err error
		if c.Spec, err = json.Marshal(spec); err != nil {
			return c, fmt.Errorf("encode chore: %w", err)
		}
	}
	ok, err := b.write(ctx, nil, &c, false)
	if err == nil && !ok {
		err = order.ErrConflict
	}
	return c, err
}

// write keeps a chore where old stands (nil: nothing does); ran tells whether
// that one ran.
func (b *Book) write(ctx context.Context, old []byte, c *Chore, ran bool) (bool, error) {
	text, err := json.Marshal(c)
	if err != nil {
		return false, fmt.Errorf("encode chore: %w", err)
	}
	edits := []partner.Edit{{Key: c.key(), Old: old, New: text, TTL: c.kept()}}
	switch runs := c.State == Running; {
	case runs && !ran:
		edits = append(edits, partner.Edit{Key: c.runs(), New: []byte("1")})
	case ran && !runs:
		edits = append(edits, partner.Edit{Key: c.runs(), Old: []byte("1")})
	}
	ok, err := b.state.Change(ctx, edits...)
	if err != nil {
		return false, fmt.Errorf("keep chore: %w", err)
	}
	return ok, nil
}

func (c *Chore) kept() time.Duration {
	switch {
	case c.State == Running:
		return 0
	case c.State.Over():
		return KeptOver
	}
	return KeptWaiting
}

// Find returns a chore; order.ErrNotFound without one.
func (b *Book) Find(ctx context.Context, shop, kind, id string) (Chore, error) {
	c, _, err := b.find(ctx, key(shop, kind, id))
	return c, err
}

func (b *Book) find(ctx context.Context, key string) (c Chore, text []byte, err error) {
	text, ok, err := b.state.Get(ctx, key)
	switch {
	case err != nil:
		return c, nil, fmt.Errorf("read chore: %w", err)
	case !ok:
		return c, nil, order.ErrNotFound
	}
	if err := json.Unmarshal(text, &c); err != nil {
		return c, nil, fmt.Errorf("read chore: %w", err)
	}
	return c, text, nil
}

// List returns a page of a shop's chores of a kind, the newest first, and the
// cursor of the next one; "": there is none.
func (b *Book) List(ctx context.Context, shop, kind, cursor string, limit int) (page []Chore, next string, err error) {
	prefix := key(shop, kind, "")
	after := ""
	if cursor != "" {
		after = prefix + cursor
	}
	_, values, err := b.state.List(ctx, prefix, after, limit)
	if err != nil {
		return nil, "", fmt.Errorf("list chores: %w", err)
	}
	for _, text := range values {
		var c Chore
		if err := json.Unmarshal(text, &c); err != nil {
			return nil, "", fmt.Errorf("read chore: %w", err)
		}
		page = append(page, c)
	}
	if len(page) == limit && limit > 0 {
		next = page[limit-1].ID
	}
	return page, next, nil
}

// mostTries bounds how often a change of a chore that others change is tried.
const mostTries = 50

// Change changes a chore; change says whether it can (an error: no).
func (b *Book) Change(ctx context.Context, shop, kind, id string, change func(*Chore) error) (Chore, error) {
	for range mostTries {
		c, old, err := b.find(ctx, key(shop, kind, id))
		if err != nil {
			return c, err
		}
		ran := c.State == Running
		if err := change(&c); err != nil {
			return c, err
		}
		if ok, err := b.write(ctx, old, &c, ran); err != nil || ok {
			return c, err
		}
	}
	return Chore{}, order.ErrBusy
}

// Start lets a chore that waits run. order.ErrConflict for another one.
func (b *Book) Start(ctx context.Context, shop, kind, id string) (Chore, error) {
	return b.Change(ctx, shop, kind, id, func(c *Chore) error {
		if c.State != Waiting {
			return order.ErrConflict
		}
		c.State, c.Started = Running, b.now().UTC()
		return nil
	})
}

// Cancel ends a chore that waits or runs. order.ErrConflict for one that is
// over. What it did stays done.
func (b *Book) Cancel(ctx context.Context, shop, kind, id string) (Chore, error) {
	return b.Change(ctx, shop, kind, id, func(c *Chore) error {
		if c.State.Over() {
			return order.ErrConflict
		}
		c.State, c.Ended, c.Node = Cancelled, b.now().UTC(), ""
		return nil
	})
}

// mostRunning bounds those that are looked at.
const mostRunning = 200

// running returns the keys of chores that run, the oldest first: those that were
// begun later wait for them.
func (b *Book) running(ctx context.Context) ([]string, error) {
	keys, _, err := b.state.List(ctx, running, "", mostRunning)
	if err != nil {
		return nil, fmt.Errorf("list chores: %w", err)
	}
	out := make([]string, len(keys))
	for i, k := range keys {
		out[i] = "of/" + strings.TrimPrefix(k, running)
	}
	slices.SortFunc(out, func(a, b string) int { return strings.Compare(path.Base(b), path.Base(a)) }) // see NewID
	return out, nil
}
