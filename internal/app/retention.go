package app

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/ordermux/ordermux/internal/api"
	"github.com/ordermux/ordermux/internal/config"
	"github.com/ordermux/ordermux/internal/delivery"
	"github.com/ordermux/ordermux/internal/json"
	"github.com/ordermux/ordermux/internal/ledger"
	"github.com/ordermux/ordermux/internal/order"
	"github.com/ordermux/ordermux/internal/partner"
	"github.com/ordermux/ordermux/internal/store"
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
}

func newRetainer(a *App) *retainer {
	return &retainer{app: a, wake: make(chan string, 64)}
}

// run goes round the shops until ctx ends.
func (r *retainer) run(ctx context.Context) {
	timer := time.NewTimer(retentionFirst)
	defer timer.Stop()
	for {
		var shops []string
		select {
		case <-ctx.Done():
			return
		case shop := <-r.wake:
			shops = []string{shop}
		case <-timer.C:
			shops = append(append(shops, r.app.config().ShopOrder...), hubShop)
			timer.Reset(retentionEvery)
		}
		for _, shop := range shops {
			r.round(ctx, shop)
		}
	}
}

// rouse has a shop's round begin soon.
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
}

func (r *retainer) round(ctx context.Context, shop string) {
	if !r.ours(ctx, shop) {
		return
	}
	x := &round{retainer: r, shop: shop, state: r.app.store.State(shop, retentionScope), began: time.Now()}
	before, err := r.app.retainedOf(ctx, shop)
	if err == nil {
		x.report = before
		err = x.kinds(ctx)
	}
	if ctx.Err() != nil {
		return
	}
	if errors.Is(err, errNotOurs) {
		return
	}
	if err != nil {
		r.app.log.ErrorContext(ctx, "retention", "shop", shop, "error", err)
	}
	x.report.At, x.report.Fault = r.app.now(), err != nil
	if err := x.keep(ctx, "report", x.report); err != nil {
		r.app.log.ErrorContext(ctx, "retention", "shop", shop, "error", err)
	}
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
// nothing.
func (x *round) kinds(ctx context.Context) error {
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
		n, err := do(ctx, x.app.now().AddDate(0, 0, -days))
		if n > 0 {
			kind := x.report.Kinds[k.Name]
			kind.Removed, kind.At = kind.Removed+n, x.app.now()
			if x.report.Kinds == nil {
				x.report.Kinds = map[string]retained{}
			}
			x.report.Kinds[k.Name] = kind
			x.app.log.LogAttrs(ctx, slog.LevelInfo, "retention", slog.String("shop", x.shop), slog.String("kind", k.Name),
				slog.Int64("removed", n), slog.Int64("ms", time.Since(x.began).Milliseconds()))
		}
		if err != nil {
			failed = errors.Join(failed, fmt.Errorf("%s: %w", k.Name, err))
		}
		if errors.Is(err, errNotOurs) || ctx.Err() != nil {
			break
		}
	}
	return failed
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

// The keys of how far the log was followed, and of the cut that was noted last.
const (
	personsKey = "persons"
	notedKey   = "noted"
)

// evidenceKey is that of a route's calls. A hub that moved from a data folder into
// a database begins anew: evidence that was emptied after it was copied is not
// copied again.
func (a *App) evidenceKey(route string) string {
	if a.database != nil {
		return "evidence/database/" + route
	}
	return "evidence/folder/" + route
}

// persons erases the persons of orders of which nothing was heard since a moment:
// it follows the log and meets each order at its newest event.
func (x *round) persons(ctx context.Context, before time.Time) (n int64, err error) {
	a := x.app
	to, err := a.ledger.SeqAt(ctx, x.shop, before)
	if err != nil {
		return 0, err
	}
	at, err := a.position(ctx, x.state, personsKey)
	if err != nil {
		return 0, err
	}
	err = x.steps(ctx, func() (bool, error) {
		ids, looked, err := a.ledger.Quiet(ctx, x.shop, at, to, retentionPage)
		if err != nil || looked <= at {
			return false, err
		}
		if err := x.forgetOld(ctx, ids, to); err != nil {
			return false, err
		}
		n, at = n+int64(len(ids)), looked
		return at < to, x.keep(ctx, personsKey, at)
	})
	return n, x.settle(ctx, err)
}

// forgetOld erases the persons of orders because they have been kept long enough.
// Partners are not told to forget them too: how long they keep what they were
// given is theirs to say, and an address may be that of a newer order. What our
// doors keep goes.
func (x *round) forgetOld(ctx context.Context, ids []string, to int64) error {
	if len(ids) == 0 {
		return nil
	}
	if err := x.leave(ctx, ids); err != nil {
		return err
	}
	for _, id := range ids {
		if err := x.app.forgetBefore(ctx, x.shop, id); err != nil {
			return err
		}
		err := x.app.ledger.EraseQuiet(ctx, x.shop, id, to)
		// One with news is met again; one that was erased needs it no more.
		if err != nil && !errors.Is(err, order.ErrNotFound) && !errors.Is(err, ledger.ErrNeeded) {
			return err
		}
	}
	return x.app.forgetAfter(ctx, x.shop, ids)
}

// tellDoors tells our doors that keep something of their own of orders.
func (a *App) tellDoors(ctx context.Context, shop, id string) error {
	var doors []func(context.Context, *order.Order) error
	for key, r := range a.current.Load().routes {
		if forget := r.delivery.Side.Forget; key.shop == shop && forget != nil && r.delivery.Door != "" {
			doors = append(doors, forget)
		}
	}
	if doors == nil {
		return nil
	}
	merged, err := a.ledger.Merged(ctx, shop, []string{id})
	if err != nil || merged[0] == nil {
		return err
	}
	for _, forget := range doors {
		if err := forget(a.keeper.asOwner(ctx, shop), merged[0]); err != nil {
			return err
		}
	}
	return nil
}

// evidence empties the evidence of calls before a moment.
func (x *round) evidence(ctx context.Context, before time.Time) (n int64, err error) {
	rows, err := x.app.store.Deliveries().Routes(ctx, x.shop)
	if err != nil {
		return 0, err
	}
	for _, route := range rows {
		key := x.app.evidenceKey(route.Route)
		at, err := x.app.position(ctx, x.state, key)
		if err != nil {
			return n, err
		}
		err = x.steps(ctx, func() (bool, error) {
			last, met, err := x.app.store.Retention().ForgetCalls(ctx, x.shop, route.Route, at, before, retentionPage)
			if err != nil || met == 0 {
				return false, err
			}
			if err := x.leave(ctx, nil); err != nil {
				return false, err
			}
			n, at = n+int64(met), last
			return true, x.keep(ctx, key, at)
		})
		if err != nil {
			return n, err
		}
	}
	return n, x.settle(ctx, nil)
}

// files lets those go that were written before a moment.
func (x *round) files(ctx context.Context, before time.Time) (n int64, err error) {
	err = x.app.files.replace(ctx, x.shop, x.app.rewrite, func(info store.FileInfo, _ store.FileName) bool {
		old := info.Written.Before(before)
		if old {
			n++
		}
		return old
	})
	return n, err
}

func (x *round) captures(ctx context.Context, before time.Time) (int64, error) {
	n, err := x.app.captures.RemoveOld(ctx, x.shop, before)
	return int64(n), err
}

// events removes the beginning of the log as far as nothing needs it, and notes in
// the log itself from where on it goes.
func (x *round) events(ctx context.Context, before time.Time) (int64, error) {
	l := x.app.ledger
	from, err := l.Checkpoint(ctx, x.shop)
	if err != nil {
		return 0, err
	}
	if err := x.app.engine.WritePositions(ctx, x.shop); errors.Is(err, delivery.ErrElsewhere) {
		return 0, errNotOurs
	} else if err != nil {
		return 0, err
	}
	at := from
	x.report.Need = ledger.Need{}
	err = x.steps(ctx, func() (more bool, err error) {
		var persons []string
		at, x.report.Need, more, err = l.CutStep(ctx, x.shop, before, func(ctx context.Context, ids []string) error {
			persons = ids
			return x.goes(ctx, ids)
		})
		if errors.Is(err, ledger.ErrNeeded) || errors.Is(err, order.ErrChanged) {
			return false, nil // news came in between; the next round sees to it
		}
		if err == nil && len(persons) > 0 {
			err = x.app.forgetAfter(ctx, x.shop, persons)
		}
		return more, err
	})
	err = x.settle(ctx, errors.Join(err, x.noteCut(context.WithoutCancel(ctx), at)))
	if err == nil {
		err = x.steps(ctx, func() (bool, error) { return x.app.store.Retention().Reclaim(ctx, x.shop) })
	}
	if err == nil {
		err = x.keys(ctx, at.Seq)
	}
	return max(0, at.Seq-from.Seq), err
}

// goes does what has to be done before orders are removed whose persons are not
// erased.
func (x *round) goes(ctx context.Context, ids []string) error {
	if err := x.leave(ctx, ids); err != nil {
		return err
	}
	for _, id := range ids {
		if err := x.app.forgetBefore(ctx, x.shop, id); err != nil {
			return err
		}
	}
	return nil
}

// noteCut appends an act that says up to which event the log was removed, and the
// hash of that one: so that nobody can move the beginning of a log unseen. It does
// so also for a node that ended before it could.
func (x *round) noteCut(ctx context.Context, at ledger.Checkpoint) error {
	noted, err := x.app.position(ctx, x.state, notedKey)
	if err != nil || at.Seq <= noted {
		return err
	}
	mark, err := (actIndex{x.app}).Mark(ctx, x.shop)
	if err != nil {
		return err
	}
	now := x.app.now()
	_, err = x.app.ledger.Append(ctx, x.shop, []order.Entry{{
		Subject: order.Subject{Kind: api.SubjectAct, ID: now.UTC().Format("20060102T150405.000000000Z") + "-retention"},
		Source:  order.Source{Name: "hub:retention", Rank: order.RankOperator},
		Happening: &order.Happening{
			Kind: order.KindNote, At: order.At(now),
			Reason: fmt.Sprintf("retention: the events up to #%d were removed; the log goes on from %x", at.Seq, at.Hash[:]),
		},
		Effects: []order.Effect{mark},
	}})
	if err != nil {
		return err
	}
	return x.keep(ctx, notedKey, at.Seq)
}
