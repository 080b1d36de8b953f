package capture

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/ordermux/ordermux/internal/json"
)

// batchBytes bounds a value with several calls, before it is packed; the store
// takes a megabyte.
const batchBytes = 900 << 10

// Run writes what is recorded, looks what other nodes started, and sweeps,
// until ctx ends; what was recorded by then is written.
func (r *Recorder) Run(ctx context.Context) {
	defer close(r.running)
	w := writer{recorder: r, open: map[*active]bool{}}
	look, sweep := time.NewTicker(r.opts.Look), time.NewTicker(time.Hour)
	defer look.Stop()
	defer sweep.Stop()
	r.tell("look for captures", r.Look(ctx))
	r.tell("sweep captures", r.Sweep(ctx))
	var due <-chan time.Time
	for {
		select {
		case <-ctx.Done():
			last, cancel := context.WithTimeout(context.WithoutCancel(ctx), 10*time.Second)
			w.drain(last)
			w.flush(last)
			cancel()
			return
		case i := <-r.queue:
			w.take(ctx, i)
			if due == nil {
				due = time.After(r.opts.Write)
			}
		case <-due:
			due = nil
			w.flush(ctx)
		case done := <-r.flush:
			w.drain(ctx)
			w.flush(ctx)
			close(done)
		case <-look.C:
			r.tell("look for captures", r.Look(ctx))
			w.watch()
			w.flush(ctx)
		case <-sweep.C:
			r.tell("sweep captures", r.Sweep(ctx))
		}
	}
}

// tell logs what a capture can do without.
func (r *Recorder) tell(what string, err error) {
	if err != nil {
		r.opts.Log.Warn(what, "error", err)
	}
}

// Flush returns when what was recorded here before is written.
func (r *Recorder) Flush(ctx context.Context) error {
	done := make(chan struct{})
	select {
	case r.flush <- done:
	case <-r.running:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
	select {
	case <-done:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// writer is the part of Run that has what was recorded.
type writer struct {
	recorder *Recorder
	open     map[*active]bool // those that something may have to be written of
	packer   packer
}

// watch takes up the captures that listen: they may have dropped calls and
// recorded none.
func (w *writer) watch() {
	if p := w.recorder.active.Load(); p != nil {
		for _, a := range *p {
			w.open[a] = true
		}
	}
}

func (w *writer) drain(ctx context.Context) {
	w.watch()
	for {
		select {
		case i := <-w.recorder.queue:
			w.take(ctx, i)
		default:
			return
		}
	}
}

// take builds a call and puts it into the batches of its captures.
func (w *writer) take(ctx context.Context, i item) {
	call := i.build()
	w.recorder.waiting.Add(-i.size)
	for _, a := range i.to {
		w.open[a] = true
		c := w.policy(a).scrubbed(call)
		if len(a.batch)+c.size() > batchBytes {
			w.write(ctx, a)
		}
		if a.full.Load() {
			a.dropped.Add(1)
			continue
		}
		a.batch, a.calls = appendCall(a.batch, c), a.calls+1
	}
}

// size is about how many bytes a call has in a batch, and not less.
func (c *Call) size() int {
	return len(c.Request) + len(c.Response) + len(c.RequestHead) + len(c.ResponseHead) + len(c.URL) + len(c.Error) + 1500
}

// policy is what a capture takes out now.
func (w *writer) policy(a *active) policy {
	var names Names
	if of := w.recorder.opts.Names; of != nil {
		names = of(a.Capture)
	}
	if !a.policy.lexicon.has(names) {
		a.policy = newPolicy(a.KeepPersonal, names)
	}
	return a.policy
}

// scrubbed is a call as the capture may keep it.
func (p policy) scrubbed(c Call) Call {
	cut := func(kept []byte, size int64) bool { return size > int64(len(kept)) }
	request, response := headerOf(c.RequestHead, "Content-Type"), headerOf(c.ResponseHead, "Content-Type")
	c.Request = p.body(c.Request, request, cut(c.Request, c.RequestSize))
	c.Response = p.body(c.Response, response, cut(c.Response, c.ResponseSize))
	c.Request, c.Response = c.Request[:min(len(c.Request), KeepBody)], c.Response[:min(len(c.Response), KeepBody)]
	c.URL, c.RequestHead, c.ResponseHead, c.Error = p.address(c.URL), p.head(c.RequestHead), p.head(c.ResponseHead), p.plain(c.Error)
	const maxHead = 32 << 10
	c.URL = c.URL[:min(len(c.URL), maxHead/4)]
	c.RequestHead, c.ResponseHead = c.RequestHead[:min(len(c.RequestHead), maxHead)], c.ResponseHead[:min(len(c.ResponseHead), maxHead)]
	for _, text := range []*string{&c.URL, &c.RequestHead, &c.ResponseHead, &c.Error, &c.Method, &c.Credential} {
		*text = strings.ToValidUTF8(*text, "\ufffd")
	}
	return c
}

// write keeps a batch. What can not be kept counts as dropped.
func (w *writer) write(ctx context.Context, a *active) {
	if a.calls == 0 {
		return
	}
	n, err := w.keep(ctx, a)
	if err != nil {
		a.dropped.Add(int64(a.calls))
		w.recorder.opts.Log.Warn("captured calls could not be kept", "shop", a.Shop, "capture", a.ID, "calls", a.calls, "error", err)
	} else {
		a.recorded, a.bytes = a.recorded+int64(a.calls), a.bytes+n
		a.full.Store(a.recorded >= MostCalls || a.bytes >= MostBytes)
	}
	a.batch, a.calls = a.batch[:0], 0
}

func (w *writer) keep(ctx context.Context, a *active) (int64, error) {
	r := w.recorder
	a.next++
	key := fmt.Sprintf("%s%s/%010d", callsPrefix(a.ID), r.opts.Node, a.next)
	packed, err := w.packer.pack(a.batch)
	if err != nil {
		return 0, err
	}
	value := r.opts.Seal.Seal(packed, sealed(a.Shop, key))
	ctx, cancel := context.WithTimeout(ctx, 30*time.Second)
	defer cancel()
	if err := r.opts.State(a.Shop).Put(ctx, key, value, r.ttl(a.Capture)); err != nil {
		return 0, err
	}
	if a.KeepPersonal {
		f, _, err := r.forgotten(ctx, a.Capture)
		if err == nil && (f.All || f.Traces.size() > 0) {
			err = r.forgetIn(ctx, a.Capture, key, f)
		}
		if err != nil { // it may speak of an erased order
			return 0, errors.Join(err, r.opts.State(a.Shop).Delete(ctx, key))
		}
	}
	return int64(len(value)), nil
}

// flush writes all batches, and what changed of the counts.
func (w *writer) flush(ctx context.Context) {
	listening := map[*active]bool{}
	if p := w.recorder.active.Load(); p != nil {
		for _, a := range *p {
			listening[a] = true
		}
	}
	for a := range w.open {
		w.write(ctx, a)
		now := counts{Recorded: a.recorded, Dropped: a.dropped.Load(), Bytes: a.bytes}
		if now != a.written && w.count(ctx, a, now) {
			a.written = now
		}
		if !listening[a] && now == a.written {
			delete(w.open, a) // a late call brings it back
		}
	}
	if len(w.open) == 0 {
		w.packer = packer{}
	}
}

func (w *writer) count(ctx context.Context, a *active, n counts) bool {
	b, err := json.Marshal(n)
	if err == nil {
		err = w.recorder.opts.State(a.Shop).Put(ctx, countPrefix(a.ID)+w.recorder.opts.Node, b, w.recorder.ttl(a.Capture))
	}
	w.recorder.tell("counts of a capture", err)
	return err == nil
}
