package bench

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync/atomic"
	"time"
)

// backlog is how many orders may have been accepted and not yet delivered
// while the greatest steady rate is sought.
const backlog = 4000

// webhookRoute is the configuration of a route to a receiver of ours; slots 0
// leaves its number of calls at a time to the hub.
func webhookRoute(name, addr string, slots int) string {
	limit := ""
	if slots > 0 {
		limit = fmt.Sprintf("        slots: %d\n", slots)
	}
	return fmt.Sprintf("      %s:\n        partner: webhook\n%s        settings: {url: %q, secret: %q}\n",
		name, limit, "http://"+addr+"/in", "whsec_b3JkZXJtdXgtYmVuY2gtc2VjcmV0LTAw")
}

// sink is where delivered orders can be counted: at the receiver's own side.
type sink interface {
	// arrived returns how many different orders have come.
	arrived(ctx context.Context) (int64, error)
	// pace is how often it may be asked without taking much of the machine.
	pace() time.Duration
}

func (c *child) arrived(context.Context) (int64, error) {
	r, err := c.received("tell")
	return r.Orders, err
}

func (c *child) pace() time.Duration { return 10 * time.Millisecond }

// deliverMost seeks the greatest rate at which webhook calls, one per order,
// keep up with accepting: the generator sends as long as few enough orders
// wait.
func deliverMost(ctx context.Context, b *bench) error {
	rate, err := b.deliverHook(ctx, "deliver", b.Rate)
	b.delivered[b.place.name] = rate
	return err
}

// deliverHalf offers half of what deliver reached, at fixed times.
func deliverHalf(ctx context.Context, b *bench) error {
	rate := b.Rate / 2
	if rate == 0 {
		rate = b.delivered[b.place.name] / 2
	}
	if rate == 0 {
		rate = 4000 // half of the aim, if deliver was not measured before
	}
	_, err := b.deliverHook(ctx, "deliver-half", rate)
	return err
}

// deliverHook measures one webhook route; rate 0: as fast as it keeps up.
func (b *bench) deliverHook(ctx context.Context, name string, rate float64) (float64, error) {
	receiver, err := b.startChild(ctx, childSpec{Role: "receiver"})
	if err != nil {
		return 0, err
	}
	defer receiver.stop()
	h, err := b.startHub(ctx, name, hubConfig{routes: webhookRoute("hook", receiver.Addr, b.Slots)})
	if err != nil {
		return 0, err
	}
	defer h.Stop()
	r, err := b.deliver(ctx, h, receiver, b.bounded(load{conns: b.connections(8), batch: b.Batch, rate: rate}))
	if err != nil {
		return 0, err
	}
	r.Scenario, r.Subject = name, "hub"
	if rate > 0 {
		r.Note = strings.TrimPrefix(fmt.Sprintf("%s; offered %.0f/s", r.Note, rate), "; ")
	}
	if err := r.arrivals(receiver); err != nil {
		return 0, err
	}
	b.report(r)
	return r.PerSecond, nil
}

// arrivals adds what the receiver measured.
func (r *Result) arrivals(c *child) error {
	got, err := c.received("reset")
	if err != nil {
		return err
	}
	r.Arrival, r.Repeats = &got.Lag, got.Repeats
	r.ReceiverCPU = per1000(got.CPU, got.Orders)
	return nil
}

// deliver runs a load and waits until what was accepted has arrived. The rate
// is that of arrivals, from the first request to the last arrival.
func (b *bench) deliver(ctx context.Context, f *fleet, to sink, l load) (Result, error) {
	before, err := to.arrived(ctx)
	if err != nil {
		return Result{}, err
	}
	ledger, err := f.heads(ctx) // acts on routes are noted there too
	if err != nil {
		return Result{}, err
	}
	arrived := new(atomic.Int64)
	if l.rate == 0 {
		l.room = func() int64 { return arrived.Load() + backlog }
	}
	watching, stop := context.WithCancel(ctx)
	defer stop()
	watch := b.watch(watching, to, before, arrived)
	began := time.Now()
	if err := f.mark(); err != nil {
		return Result{}, err
	}
	l.addrs, l.keys = f.addrs(), keys(f.shops)
	s, err := l.run(ctx)
	if err != nil {
		return Result{}, err
	}
	last, err := waitFor(ctx, s.Orders, arrived, watch)
	if err != nil {
		return Result{}, errors.Join(err, errors.New(f.Tail()))
	}
	stop()
	<-watch
	u, err := f.used()
	if err != nil {
		return Result{}, err
	}
	r := ofSent("", "", s, u)
	delivered := arrived.Load()
	r.Delivered, r.Orders = &delivered, delivered
	r.Seconds = last.Sub(began).Seconds()
	r.PerSecond = float64(delivered) / r.Seconds
	r.use(u)
	r.Ledger, err = f.heads(ctx)
	r.Ledger -= ledger
	return r, err
}

// watch counts arrivals at the sink's pace until ctx ends or asking
// fails; then the channel yields the reason.
func (b *bench) watch(ctx context.Context, to sink, before int64, arrived *atomic.Int64) <-chan error {
	done := make(chan error, 1)
	go func() {
		for {
			n, err := to.arrived(ctx)
			if err != nil {
				done <- err
				return
			}
			arrived.Store(n - before)
			if !pause(ctx, to.pace()) {
				done <- ctx.Err()
				return
			}
		}
	}()
	return done
}

// patience is how long nothing may arrive before the wait is given up; what
// is missing then stands in the result.
const patience = 20 * time.Second

// waitFor waits until want orders have arrived and returns when the last one
// was seen.
func waitFor(ctx context.Context, want int64, arrived *atomic.Int64, watch <-chan error) (time.Time, error) {
	seen, last := arrived.Load(), time.Now()
	for seen < want && time.Since(last) < patience {
		if !pause(ctx, 2*time.Millisecond) {
			return last, ctx.Err()
		}
		select {
		case err := <-watch:
			return last, fmt.Errorf("count arrivals: %w", err)
		default:
		}
		if n := arrived.Load(); n > seen {
			seen, last = n, time.Now()
		}
	}
	return last, nil
}

// citrusToCitrus delivers to a sandbox in a process of its own, in the
// partner's batches.
func citrusToCitrus(ctx context.Context, b *bench) error {
	sandbox, err := b.startSandbox(ctx, "citrus-sandbox")
	if err != nil {
		return err
	}
	defer sandbox.Stop()
	route := fmt.Sprintf("      ads:\n        partner: citrusad\n        settings: {base_url: %q, api_key: sandbox-secret-key}\n",
		"http://"+sandbox.first().Addr+"/citrusad")
	h, err := b.startHub(ctx, "citrus", hubConfig{routes: route})
	if err != nil {
		return err
	}
	defer h.Stop()
	if err := sandbox.mark(); err != nil {
		return err
	}
	r, err := b.deliver(ctx, h, sandbox, b.bounded(load{conns: b.connections(8), batch: 100, rate: b.Rate}))
	if err != nil {
		return err
	}
	u, err := sandbox.used()
	if err != nil {
		return err
	}
	stored, err := sandbox.first().head(ctx, sandboxShop)
	if err != nil {
		return err
	}
	r.Delivered = &stored // what its ledger says, not its metrics
	r.Scenario, r.Subject = "citrus", "hub to sandbox"
	r.ReceiverCPU = per1000(u.CPU.Seconds(), r.Orders)
	r.Note = "receiver: the sandbox, a whole ordermux that stores every order"
	b.report(r)
	return nil
}
