package bench

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync/atomic"
	"time"
)

func acceptBatch(ctx context.Context, b *bench) error {
	return b.accept(ctx, "accept-batch", b.connections(8), 100)
}

func acceptSingle(ctx context.Context, b *bench) error {
	return b.accept(ctx, "accept-single", b.connections(64), 1)
}

func (b *bench) connections(usual int) int {
	if b.Connections > 0 {
		return b.Connections
	}
	return usual
}

// bounded limits a load by the duration asked for, or in a smoke run by a
// number of orders.
func (b *bench) bounded(l load) load {
	l.lasting = b.Duration
	if b.Smoke {
		l.lasting, l.most = 20*time.Second, int64(max(3*l.batch, 300))
	}
	if l.next == nil {
		l.next = new(atomic.Int64)
	}
	return l
}

// accept measures the hub and both floors with the same load.
func (b *bench) accept(ctx context.Context, name string, conns, batch int) error {
	hubRate, err := b.acceptHub(ctx, name, conns, batch)
	if err != nil {
		return fmt.Errorf("hub: %w", err)
	}
	if b.place.embedded() { // once is enough
		if b.floors[name], err = b.acceptFloor(ctx, name, conns, batch); err != nil {
			return fmt.Errorf("floor: %w", err)
		}
	}
	storeRate, err := b.acceptStore(ctx, name, conns, batch)
	if err != nil {
		return fmt.Errorf("store alone: %w", err)
	}
	b.compare("hub of floor, orders/s", b.floors[name], hubRate)
	b.compare("hub of store alone, orders/s", storeRate, hubRate)
	return nil
}

func (b *bench) acceptHub(ctx context.Context, name string, conns, batch int) (float64, error) {
	f, err := b.startHub(ctx, name, hubConfig{})
	if err != nil {
		return 0, err
	}
	defer f.Stop()
	r, err := f.accept(ctx, b.bounded(load{conns: conns, batch: batch}))
	if err != nil {
		return 0, err
	}
	r.Scenario, r.Subject = name, "hub"
	b.report(r)
	return r.PerSecond, nil
}

// accept measures accepting and counts what the ledgers hold afterwards.
func (f *fleet) accept(ctx context.Context, l load) (Result, error) {
	before, err := f.heads(ctx)
	if err != nil {
		return Result{}, err
	}
	s, u, err := f.measure(ctx, l)
	if err != nil {
		return Result{}, err
	}
	r := ofSent("", "", s, u)
	r.Ledger, err = f.heads(ctx)
	r.Ledger -= before
	return r, err
}

// manyShops is how many shops there are where one is not enough to be like a
// hub of many merchants.
const manyShops = 50

// acceptShops accepts for many shops: singly, and by hundreds.
func acceptShops(ctx context.Context, b *bench) error {
	for _, how := range []struct {
		subject      string
		conns, batch int
	}{{"singly", 64, 1}, {"by hundreds", 8, 100}} {
		f, err := b.startHub(ctx, fmt.Sprintf("accept-shops-%d", how.batch), hubConfig{shops: manyShops})
		if err != nil {
			return err
		}
		r, err := f.accept(ctx, b.bounded(load{conns: b.connections(how.conns), batch: how.batch, keys: keys(manyShops)}))
		if err := errors.Join(err, f.Stop()); err != nil {
			return err
		}
		r.Scenario, r.Subject = "accept-shops", how.subject
		b.report(r)
	}
	return nil
}

func (b *bench) acceptFloor(ctx context.Context, name string, conns, batch int) (float64, error) {
	dir := filepath.Join(b.dir, name+"-floor")
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return 0, err
	}
	c, err := b.startChild(ctx, childSpec{Role: "floor", Dir: dir})
	if err != nil {
		return 0, err
	}
	defer c.stop()
	l := b.bounded(load{addrs: []string{c.Addr}, path: "/v1/orders", keys: keys(1), conns: conns, batch: batch, floor: true})
	if err := c.mark(); err != nil {
		return 0, err
	}
	s, err := l.run(ctx)
	if err != nil {
		return 0, err
	}
	u, err := c.used()
	if err != nil {
		return 0, err
	}
	r := ofSent(name, "floor", s, u)
	b.report(r)
	return r.PerSecond, nil
}

func (b *bench) acceptStore(ctx context.Context, name string, conns, batch int) (float64, error) {
	spec := childSpec{Role: "store", Dir: filepath.Join(b.dir, name+"-store"), Conns: conns, Batch: batch, Lasting: b.Duration}
	var err error
	if spec.Database, err = b.place.address(ctx, name+"-store"); err != nil {
		return 0, err
	}
	if b.Smoke {
		spec.Lasting = 100 * time.Millisecond
	}
	c, err := b.startChild(ctx, spec)
	if err != nil {
		return 0, err
	}
	defer c.stop()
	before, err := b.place.used()
	if err != nil {
		return 0, err
	}
	if err := c.mark(); err != nil {
		return 0, err
	}
	var got storeAlone
	if err := c.ask("go", &got); err != nil {
		return 0, err
	}
	u, err := c.used()
	if err != nil {
		return 0, err
	}
	database, err := b.place.used()
	if err != nil {
		return 0, err
	}
	u = u.plus(database.since(before))
	r := Result{
		Scenario: name, Subject: "store alone", Orders: got.Orders, Accepted: got.Orders, Answer: &got.Latency,
		Seconds: got.Elapsed.Seconds(), PerSecond: float64(got.Orders) / got.Elapsed.Seconds(),
	}
	r.use(u)
	b.report(r)
	return r.PerSecond, nil
}
