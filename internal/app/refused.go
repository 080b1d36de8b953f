package app

import (
	"cmp"
	"context"
	"fmt"
	"net/http"
	"slices"
	"sync"
	"time"

	"github.com/ordermux/ordermux/internal/api"
	"github.com/ordermux/ordermux/internal/json"
	"github.com/ordermux/ordermux/internal/order"
	"github.com/ordermux/ordermux/internal/partner"
	"github.com/ordermux/ordermux/internal/store"
)

// refusals remembers calls to us that were refused, so that an integrator sees
// what is wrong with his. Calls that are alike are one entry with a count. The
// store is told every few seconds, by one write for each shop and door: that a
// hub which is killed forgets the last of them is no harm.
//
// In the state of a shop (_hub: of callers that nobody knows), scope "refused",
// stands under d/<door> the list of its newest entries, which is written by
// comparing: every node adds to it.
type refusals struct {
	app *App

	mu   sync.Mutex
	seen map[refusedKey]*api.RefusedCall // that the store has not been told yet
}

const (
	refusedScope   = "refused"
	refusedPrefix  = "d/"
	refusedWritten = 2 * time.Second
	refusedKept    = 7 * 24 * time.Hour
	mostRefused    = 100   // entries of a shop and door
	mostUntold     = 1_000 // entries of a node that wait to be told; more are not remembered
)

// refusedKey is what calls that are alike have in common.
type refusedKey struct {
	shop string
	call api.RefusedCall // without its times, its count and its request
}

func newRefusals(a *App) *refusals {
	return &refusals{app: a, seen: map[refusedKey]*api.RefusedCall{}}
}

// note remembers a call that was answered, if it was refused. That we are busy
// is no refusal, and in a rush there are many.
func (f *refusals) note(r *http.Request, c *call) {
	w := &c.answer
	refused := w.status >= 400 || w.fault != ""
	if !refused || w.status == http.StatusServiceUnavailable || !f.watches(c.door) {
		return
	}
	who := c.caller()
	shop := who.shop
	switch {
	case c.door == "api" && shop == hubShop:
		shop = f.named(r.URL.Path)
	case shop == "":
		shop = hubShop
	}
	f.count(shop, api.RefusedCall{
		Door: c.door, Method: maskWord(r.Method), Path: maskPath(r.URL), Status: w.status, Code: maskWord(w.fault), Cause: causeOf(w),
		Reason: sentence(w.said, who.presented), From: networkOf(r.RemoteAddr), Kind: who.of, Name: who.name, Proved: who.proved,
	}, c.id)
}

// count adds one to the calls that are like this one, which says all but when
// and how often.
func (f *refusals) count(shop string, call api.RefusedCall, id string) {
	k := refusedKey{shop, call}
	now := f.app.now().UTC()
	f.mu.Lock()
	defer f.mu.Unlock()
	e := f.seen[k]
	if e == nil {
		if len(f.seen) >= mostUntold {
			return
		}
		e = &call
		e.Since, f.seen[k] = now, e
	}
	e.At, e.ID = now, id
	e.Count++
}

// watches reports whether refusals of what answered are remembered.
func (f *refusals) watches(door string) bool {
	if door == "api" || door == "in" || door == "files" {
		return true
	}
	_, ok := f.app.door(door)
	return ok
}

// named is the configured shop that a path of our API names, for calls with
// tokens of the hub; _hub: none.
func (f *refusals) named(path string) string {
	if shop := shopOfPath(path); f.app.config().Shops[shop] != nil {
		return shop
	}
	return hubShop
}

// run tells the store until ctx ends, and then once more.
func (f *refusals) run(ctx context.Context) { tellEvery(ctx, refusedWritten, f.tell) }

type shopDoor struct{ shop, door string }

// tell writes what is remembered. What can not be written is forgotten: it is
// for looking at while it happens.
func (f *refusals) tell(ctx context.Context) {
	f.mu.Lock()
	seen := f.seen
	f.seen = map[refusedKey]*api.RefusedCall{}
	f.mu.Unlock()
	byDoor := map[shopDoor][]api.RefusedCall{}
	for k, e := range seen {
		at := shopDoor{k.shop, e.Door}
		byDoor[at] = append(byDoor[at], *e)
	}
	for at, list := range byDoor {
		if err := f.add(ctx, at, list); err != nil {
			f.app.log.WarnContext(ctx, "refused calls could not be written", "shop", at.shop, "door", at.door, "calls", len(list), "error", err)
		}
	}
}

func (f *refusals) state(shop string) partner.State { return f.app.store.State(shop, refusedScope) }

// add adds entries to a list in the store.
func (f *refusals) add(ctx context.Context, at shopDoor, more []api.RefusedCall) error {
	key := refusedPrefix + at.door
	for range attempts {
		old, _, err := f.state(at.shop).Get(ctx, key)
		if err != nil {
			return err
		}
		list, err := f.decode(old)
		if err != nil {
			return err
		}
		value, err := json.Marshal(f.merge(list, more))
		if err != nil {
			return fmt.Errorf("encode refused calls: %w", err)
		}
		ok, err := f.app.store.Change(ctx, at.shop, refusedScope, []store.Edit{{Key: key, Old: old, New: value, TTL: refusedKept}})
		if err != nil || ok {
			return err
		}
	}
	return order.ErrBusy
}

func (f *refusals) decode(value []byte) (list []api.RefusedCall, err error) {
	if value == nil {
		return nil, nil
	}
	if err := json.Unmarshal(value, &list); err != nil {
		return nil, fmt.Errorf("read refused calls: %w", err)
	}
	return list, nil
}

// merge puts entries together, the newest first, without those that are too
// old or too many.
func (f *refusals) merge(list, more []api.RefusedCall) []api.RefusedCall {
	for _, e := range more {
		i := slices.IndexFunc(list, func(old api.RefusedCall) bool { return alike(old, e) })
		if i < 0 {
			list = append(list, e)
			continue
		}
		list[i].Count += e.Count
		if e.At.After(list[i].At) {
			list[i].At, list[i].ID = e.At, e.ID
		}
	}
	oldest := f.app.now().Add(-refusedKept)
	list = slices.DeleteFunc(list, func(e api.RefusedCall) bool { return e.At.Before(oldest) })
	newestFirst(list)
	return list[:min(len(list), mostRefused)]
}

// alike reports whether two entries differ in count and time alone.
func alike(a, b api.RefusedCall) bool {
	a.At, a.Since, a.Count, a.ID = b.At, b.Since, b.Count, b.ID
	return a == b
}

func newestFirst(list []api.RefusedCall) {
	slices.SortStableFunc(list, func(a, b api.RefusedCall) int {
		return cmp.Or(b.At.Compare(a.At), cmp.Compare(a.Door, b.Door), cmp.Compare(a.Path, b.Path))
	})
}

// list returns what is known of a shop, the newest first.
func (f *refusals) list(ctx context.Context, shop string) ([]api.RefusedCall, error) {
	keys, values, err := f.state(shop).List(ctx, refusedPrefix, "", recordsPage)
	if err != nil {
		return nil, fmt.Errorf("list refused calls: %w", err)
	}
	byDoor := map[string][]api.RefusedCall{}
	for i, key := range keys {
		list, err := f.decode(values[i])
		if err != nil {
			return nil, err
		}
		byDoor[key[len(refusedPrefix):]] = list
	}
	untold := f.untold(shop)
	var out []api.RefusedCall
	for door, more := range untold {
		byDoor[door] = f.merge(byDoor[door], more)
	}
	for _, list := range byDoor {
		out = append(out, f.merge(list, nil)...)
	}
	newestFirst(out)
	return out, nil
}

// untold are the entries of a shop that the store does not have yet, by door.
func (f *refusals) untold(shop string) map[string][]api.RefusedCall {
	f.mu.Lock()
	defer f.mu.Unlock()
	out := map[string][]api.RefusedCall{}
	for k, e := range f.seen {
		if k.shop == shop {
			out[e.Door] = append(out[e.Door], *e)
		}
	}
	return out
}
