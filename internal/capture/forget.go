package capture

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/ordermux/ordermux/internal/json"
	"github.com/ordermux/ordermux/internal/order"
)

// Erasing. A capture that keeps personal data keeps, sealed and as long as it
// is kept itself, the traces of the orders that were erased: whoever writes to
// it looks there after writing, and who erases looks through what is written
// after having put the traces there. So no call slips through between the two,
// on whichever node, nor does what is heard of an erased order later.

// forgotten are the traces of a capture's erased orders.
type forgotten struct {
	Traces Traces `json:"traces"`       // plain
	All    bool   `json:"all,omitzero"` // they became too many: nothing is kept
}

// mostForgotten bounds the traces, in bytes.
const mostForgotten = 256 << 10

// still is how long a capture may be written to after its end.
const still = 5 * time.Minute

func forgetKey(id string) string { return id + "/forget" }

// Forget takes what speaks of an order that is being erased out of the shop's
// captures that keep personal data, and of those that hear calls of no shop:
// of such a call its time, sizes and status are left. It asks for the traces
// only where there is such a capture.
func (r *Recorder) Forget(ctx context.Context, shop string, traces func() (Traces, error)) error {
	var known *Traces
	for _, where := range []string{shop, Hub} {
		list, err := r.all(ctx, where+"/")
		if err != nil {
			return err
		}
		for _, c := range list {
			if !c.KeepPersonal {
				continue
			}
			if known == nil {
				t, err := traces()
				if err != nil {
					return err
				}
				t = t.plain()
				known = &t
			}
			if err := r.forget(ctx, c, *known); err != nil {
				return fmt.Errorf("forget in capture %s: %w", c.ID, err)
			}
		}
	}
	return nil
}

// forget does so with one capture.
func (r *Recorder) forget(ctx context.Context, c Capture, t Traces) error {
	if len(t.Words)+len(t.Phones) == 0 {
		return nil
	}
	f := forgotten{Traces: t}
	if r.opts.Now().Before(c.Until.Add(still)) {
		all, err := r.noteForgotten(ctx, c, t)
		if err != nil {
			return err
		}
		f.All = all
		if err := r.Flush(ctx); err != nil {
			return err
		}
	}
	state := r.opts.State(c.Shop)
	for after := ""; ; {
		keys, _, err := state.List(ctx, callsPrefix(c.ID), after, batches)
		if err != nil {
			return err
		}
		for _, key := range keys {
			if err := r.forgetIn(ctx, c, key, f); err != nil {
				return err
			}
		}
		if len(keys) < batches {
			return nil
		}
		after = keys[len(keys)-1]
	}
}

// rounds is how often a value is read again that somebody else changed.
const rounds = 20

// noteForgotten adds traces to those that the capture forgets; all: they are
// too many, and it forgets everything.
func (r *Recorder) noteForgotten(ctx context.Context, c Capture, t Traces) (all bool, err error) {
	for range rounds {
		f, old, err := r.forgotten(ctx, c)
		if err != nil {
			return false, err
		}
		f.Traces = Traces{Words: united(f.Traces.Words, t.Words), Phones: united(f.Traces.Phones, t.Phones)}
		if f.All = f.All || f.Traces.size() > mostForgotten; f.All {
			f.Traces = Traces{}
		}
		plain, err := json.Marshal(f)
		if err != nil {
			return false, err
		}
		key := forgetKey(c.ID)
		ok, err := r.opts.State(c.Shop).Replace(ctx, key, old, r.opts.Seal.Seal(plain, sealed(c.Shop, key)), r.ttl(c))
		if err != nil || ok {
			return f.All, err
		}
	}
	return false, order.ErrBusy
}

func united(a, b []string) []string {
	out := slices.Concat(a, b)
	slices.Sort(out)
	return slices.Compact(out)
}

// forgotten returns what a capture is to forget, and how that is kept.
func (r *Recorder) forgotten(ctx context.Context, c Capture) (f forgotten, kept []byte, err error) {
	key := forgetKey(c.ID)
	kept, ok, err := r.opts.State(c.Shop).Get(ctx, key)
	if err != nil || !ok {
		return f, nil, err
	}
	plain, err := r.opts.Seal.Open(kept, sealed(c.Shop, key))
	if err != nil {
		return f, nil, err
	}
	return f, kept, json.Unmarshal(plain, &f)
}

// forgetIn looks through one batch of calls.
func (r *Recorder) forgetIn(ctx context.Context, c Capture, key string, f forgotten) error {
	state := r.opts.State(c.Shop)
	if f.All {
		return state.Delete(ctx, key)
	}
	for range rounds {
		old, ok, err := state.Get(ctx, key)
		if err != nil || !ok {
			return err
		}
		list, err := r.open(c.Shop, key, old)
		if err != nil {
			return err
		}
		now, changed := without(list, f.Traces)
		if !changed {
			return nil
		}
		packed, err := (&packer{}).pack(now)
		if err != nil {
			return err
		}
		value := r.opts.Seal.Seal(packed, sealed(c.Shop, key))
		if ok, err = state.Replace(ctx, key, old, value, r.ttl(c)); err != nil || ok {
			return err
		}
	}
	return order.ErrBusy
}

// without is a batch of calls without what shows the traces.
func without(list []Call, t Traces) (batch []byte, changed bool) {
	for i := range list {
		if !list[i].Erased && list[i].speaksOf(t) {
			list[i], changed = list[i].erased(), true
		}
		batch = appendCall(batch, list[i])
	}
	return batch, changed
}

// erased is what is left of a call.
func (c Call) erased() Call {
	return Call{
		Start: c.Start, Nanos: c.Nanos, In: c.In, Gate: c.Gate, Called: c.Called, Fault: c.Fault, Method: c.Method, URL: "/erased",
		Credential: c.Credential, Status: c.Status, RequestSize: c.RequestSize, ResponseSize: c.ResponseSize, Erased: true,
	}
}
