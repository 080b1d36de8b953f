package bench

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/ordermux/ordermux/internal/process"
)

// median returns the middle value; of an even number the lower one.
func median(values []float64) float64 {
	if len(values) == 0 {
		return 0
	}
	sorted := slices.Sorted(slices.Values(values))
	return sorted[(len(sorted)-1)/2]
}

// manyRoutes compares twenty routes, nineteen of them paused, with one.
func manyRoutes(ctx context.Context, b *bench) error {
	var one, twenty []float64
	for run := range b.Runs {
		r, err := b.routesOnce(ctx, run, 1)
		if err != nil {
			return err
		}
		one = append(one, r)
		if r, err = b.routesOnce(ctx, run, 20); err != nil {
			return err
		}
		twenty = append(twenty, r)
	}
	b.compare("median of twenty routes of one route, orders/s", median(one), median(twenty))
	return nil
}

func (b *bench) routesOnce(ctx context.Context, run, routes int) (float64, error) {
	receiver, err := b.startChild(ctx, childSpec{Role: "receiver"})
	if err != nil {
		return 0, err
	}
	defer receiver.stop()
	var config strings.Builder
	for i := range routes {
		config.WriteString(webhookRoute(fmt.Sprintf("hook%02d", i), receiver.Addr, b.Slots))
	}
	h, err := b.startHub(ctx, fmt.Sprintf("routes-%d-%d", routes, run), hubConfig{routes: config.String()})
	if err != nil {
		return 0, err
	}
	defer h.Stop()
	for i := 1; i < routes; i++ {
		if err := h.first().pause(ctx, shopID(0), fmt.Sprintf("hook%02d", i)); err != nil {
			return 0, err
		}
	}
	r, err := b.deliver(ctx, h, receiver, b.bounded(load{conns: b.connections(8), batch: b.Batch, rate: b.Rate}))
	if err != nil {
		return 0, err
	}
	r.Scenario, r.Subject = "routes", fmt.Sprintf("%d routes, %d paused", routes, routes-1)
	if err := r.arrivals(receiver); err != nil {
		return 0, err
	}
	b.report(r)
	return r.PerSecond, nil
}

// isolation compares two healthy routes alone with the same two beside a dead
// one and one that answers after five seconds, at a fixed rate.
func isolation(ctx context.Context, b *bench) error {
	var rate, p99 [2][]float64
	for run := range b.Runs {
		for i, sick := range []bool{false, true} {
			r, err := b.isolationOnce(ctx, run, sick)
			if err != nil {
				return err
			}
			rate[i] = append(rate[i], r.PerSecond)
			p99[i] = append(p99[i], r.Arrival.P99)
		}
	}
	b.compare("median throughput beside sick routes of alone", median(rate[0]), median(rate[1]))
	b.compare("median p99 of arrival beside sick routes of alone, ms", median(p99[0]), median(p99[1]))
	return nil
}

func (b *bench) isolationOnce(ctx context.Context, run int, sick bool) (Result, error) {
	healthy := make([]*child, 2)
	var config strings.Builder
	for i := range healthy {
		c, err := b.startChild(ctx, childSpec{Role: "receiver"})
		if err != nil {
			return Result{}, err
		}
		defer c.stop()
		healthy[i] = c
		config.WriteString(webhookRoute(fmt.Sprintf("healthy%d", i), c.Addr, b.Slots))
	}
	subject := "two healthy alone"
	if sick {
		subject = "beside dead and slow"
		delay := 5 * time.Second
		if b.Smoke {
			delay = 100 * time.Millisecond // a stopping hub waits for calls that have left
		}
		slow, err := b.startChild(ctx, childSpec{Role: "receiver", Delay: delay})
		if err != nil {
			return Result{}, err
		}
		defer slow.stop()
		dead, err := process.FreeAddr()
		if err != nil {
			return Result{}, err
		}
		config.WriteString(webhookRoute("dead", dead, b.Slots) + webhookRoute("slow", slow.Addr, b.Slots))
	}
	h, err := b.startHub(ctx, fmt.Sprintf("isolation-%d-%t", run, sick), hubConfig{routes: config.String()})
	if err != nil {
		return Result{}, err
	}
	defer h.Stop()
	rate := b.Rate
	if rate == 0 {
		rate = 1000
	}
	// One order per request, so that the rate is even.
	l := b.bounded(load{conns: b.connections(16), batch: 1, rate: rate})
	r, err := b.deliver(ctx, h, all(healthy), l)
	if err != nil {
		return Result{}, err
	}
	r.Scenario, r.Subject = "isolation", subject
	return b.reportWorse(r, healthy)
}

// reportWorse reports with the arrivals of the slower of two receivers.
func (b *bench) reportWorse(r Result, receivers []*child) (Result, error) {
	var cpu float64
	for _, c := range receivers {
		one := r
		if err := one.arrivals(c); err != nil {
			return r, err
		}
		cpu += one.ReceiverCPU
		if r.Arrival == nil || one.Arrival.P99 > r.Arrival.P99 {
			r.Arrival = one.Arrival
		}
		r.Repeats += one.Repeats
	}
	r.ReceiverCPU = cpu
	b.report(r)
	return r, nil
}

// all is a sink that has an order when every one of the receivers has it.
type all []*child

func (a all) arrived(ctx context.Context) (int64, error) {
	least := int64(-1)
	for _, c := range a {
		n, err := c.arrived(ctx)
		if err != nil {
			return 0, err
		}
		if least < 0 || n < least {
			least = n
		}
	}
	return least, nil
}

func (a all) pace() time.Duration { return 10 * time.Millisecond }
