package app

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"sync"
	"time"

	"github.com/ordermux/ordermux/internal/config"
	"github.com/ordermux/ordermux/internal/json"
	"github.com/ordermux/ordermux/internal/ledger"
	"github.com/ordermux/ordermux/internal/partner"
)

// Retention removes what a shop need not keep any more, at the node that owns
// it: in small steps, with rests between them, so that orders come first. How far
// it came stands in the state, so that the next owner goes on from there; each
// step may be done twice.

const (
	// retentionEvery is how long a shop rests between two rounds.
	retentionEvery = time.Hour
	// retentionFirst is when the first round of a node begins.
	retentionFirst = 2 * time.Minute
	// retentionShare is which part of the time a round works.
	retentionShare = 0.15
	// retentionRest is how long it rests at most between two steps.
	retentionRest = 5 * time.Second
	// retentionPage is how many events, orders or calls a step looks at.
	retentionPage = 200
	// retentionScope is where a shop's retention stands in its state.
	retentionScope = "retention"
)

// doRetention is the errand of having a round at once at the owner of a shop.
const doRetention = "retention"

// retainer runs it.
type retainer struct {
	app  *App
	wake chan string // shops that are to have a round at once

	mu     sync.Mutex
	doubts map[string]time.Time // shops whose round here did not trust the clock, and until when
}

func newRetainer(a *App) *retainer {
	return &retainer{app: a, wake: make(chan string, 64), doubts: map[string]time.Time{}}
}

// run goes round the shops until ctx ends.
func (r *retainer) run(ctx context.Context) {
	timer := time.NewTimer(retentionFirst)
	defer timer.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case shop := <-r.wake:
			r.round(ctx, shop, true)
		case <-timer.C:
			for _, shop := range append(slices.Clone(r.app.config().ShopOrder), hubShop) {
				r.round(ctx, shop, false)
			}
			timer.Reset(retentionEvery)
		}
	}
}

// rouse has a shop's round begin soon: a person asks for it.
func (r *retainer) rouse(shop string) {
	select {
	case r.wake <- shop:
	default: // so many wait that its turn comes with them
	}
}

// retained is what was removed of a kind so far, and when last.
type retained struct {
	Removed int64     `json:"removed"`
	At      time.Time `json:"at,omitzero"`
}

// retainedReport is how a shop's retention stands.
type retainedReport struct {
	At    time.Time           `json:"at"` // of the last round's end
	Fault bool                `json:"fault,omitzero"`
	Kinds map[string]retained `json:"kinds,omitzero"`
	Need  ledger.Need         `json:"need,omitzero"` // what is in the way of removing events
	// Clock is what the clock said at the last round, and Jumped when it was found
	// to have jumped: zero once it is trusted again.
	Clock  time.Time `json:"clock,omitzero"`
	Jumped time.Time `json:"jumped,omitzero"`
}

// round is one shop's turn.
type round struct {
	*retainer
	shop   string
	state  partner.State
	report retainedReport
	began  time.Time
	kind   string // that is being removed
	left   bool   // something is to be done once a step is, see leave
	held   bool   // something that the configuration wants removed is not
}

// round is a shop's turn. Asked: a person wants it, and knows what time it is.
func (r *retainer) round(ctx context.Context, shop string, asked bool) {
	if !r.ours(ctx, shop) {
		return
	}
	x := &round{retainer: r, shop: shop, state: r.app.store.State(shop, retentionScope), began: time.Now()}
	var err error
	if x.report, err = r.app.retainedOf(ctx, shop); err != nil {
		r.app.log.ErrorContext(ctx, "retention", "shop", shop, "error", err)
		return
	}
	err = x.run(ctx, asked)
	if ctx.Err() != nil || errors.Is(err, errNotOurs) {
		return
	}
	if err != nil {
		r.app.log.ErrorContext(ctx, "retention", "shop", shop, "error", err)
	}
	x.report.Fault = err != nil
	if err := x.keep(ctx, "report", x.report); err != nil {
		r.app.log.ErrorContext(ctx, "retention", "shop", shop, "error", err)
	}
}

func (x *round) run(ctx context.Context, asked bool) error {
	trusted, err := x.trusts(ctx, asked)
	if err != nil {
		return err
	}
	err = x.kinds(ctx, trusted)
	x.tell()
	if trusted {
		x.report.At = x.app.now()
	}
	return err
}

// errNotOurs ends the round of a shop that moved to another node.
var errNotOurs = errors.New("the shop has another owner")

func (r *retainer) ours(ctx context.Context, shop string) bool {
	if r.app.node == nil {
		return true
	}
	_, ours := r.app.keeper.epoch(shop)
	return ours
}

// kinds removes what is old, kind by kind; one that fails keeps the others from
// nothing. Where the clock is not trusted, it only finishes what was begun.
func (x *round) kinds(ctx context.Context, trusted bool) error {
	var failed error
	for _, k := range config.RetentionKinds() {
		x.kind = k.Name
		if err := x.finish(ctx); err != nil {
			failed = errors.Join(failed, fmt.Errorf("%s: %w", k.Name, err))
			continue
		}
		do := x.doing(k.Name)
		days := x.app.keptDays(x.shop, k)
		if do == nil || days == 0 {
			continue
		}
		if !trusted {
			_, from := x.app.config().Kept(x.shop, k)
			x.held = x.held || from != config.FromDefault
			continue
		}
		n, err := do(ctx, x.app.now().AddDate(0, 0, -days))
		x.removed(ctx, n)
		if err != nil {
			failed = errors.Join(failed, fmt.Errorf("%s: %w", k.Name, err))
		}
		if errors.Is(err, errNotOurs) || ctx.Err() != nil {
			break
		}
	}
	return failed
}

// removed counts what went of the kind.
func (x *round) removed(ctx context.Context, n int64) {
	if n == 0 {
		return
	}
	kind := x.report.Kinds[x.kind]
	kind.Removed, kind.At = kind.Removed+n, x.app.now()
	if x.report.Kinds == nil {
		x.report.Kinds = map[string]retained{}
	}
	x.report.Kinds[x.kind] = kind
	x.app.log.LogAttrs(ctx, slog.LevelInfo, "retention", slog.String("shop", x.shop), slog.String("kind", x.kind),
		slog.Int64("removed", n), slog.Int64("ms", time.Since(x.began).Milliseconds()))
}

// keptDays is for how many days a kind is kept. What is removed with the events
// goes with them at the latest.
func (a *App) keptDays(shop string, k config.RetentionKind) int {
	cfg := a.config()
	days, _ := cfg.Kept(shop, k)
	if k.Name != config.RetainEvidence {
		return days
	}
	for _, other := range config.RetentionKinds() {
		if other.Name != config.RetainEvents {
			continue
		}
		if most, _ := cfg.Kept(shop, other); most > 0 && (days == 0 || most < days) {
			return most
		}
	}
	return days
}

// keptJobs is promotion.Book.Keep's.
func (a *App) keptJobs(shop string) time.Duration {
	for _, k := range config.RetentionKinds() {
		if k.Name == config.RetainJobs {
			return time.Duration(a.keptDays(shop, k)) * 24 * time.Hour
		}
	}
	return 0
}

// doing is how what is old of a kind is removed: how many of it were. Promotions
// and their jobs are swept by whoever runs them.
func (x *round) doing(kind string) func(ctx context.Context, before time.Time) (int64, error) {
	if x.shop == hubShop && kind != config.RetainEvents && kind != config.RetainCaptures {
		return nil
	}
	switch kind {
	case config.RetainPersonal:
		return x.persons
	case config.RetainEvidence:
		return x.evidence
	case config.RetainFiles:
		return x.files
	case config.RetainCaptures:
		return x.captures
	case config.RetainEvents:
		return x.events
	}
	return nil
}

// steps calls f until it says that there is no more, and rests between the calls.
func (x *round) steps(ctx context.Context, f func() (more bool, err error)) error {
	for {
		if !x.ours(ctx, x.shop) {
			return errNotOurs
		}
		began := time.Now()
		more, err := f()
		if err != nil || !more {
			return err
		}
		rest := time.Duration(float64(time.Since(began)) * (1/retentionShare - 1))
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(min(rest, retentionRest)):
		}
	}
}

func (x *round) keep(ctx context.Context, key string, v any) error {
	b, err := json.Marshal(v)
	if err != nil {
		return err
	}
	return x.state.Put(ctx, key, b, 0)
}

// position is how far a walk came.
func (a *App) position(ctx context.Context, state partner.State, key string) (at int64, err error) {
	b, ok, err := state.Get(ctx, key)
	if err != nil || !ok {
		return 0, err
	}
	return at, json.Unmarshal(b, &at)
}
