package bench

import (
	"context"
	"debug/elf"
	"errors"
	"fmt"
	"os"
	"sync/atomic"
	"time"
)

const (
	growthShops = 100
	// window is how many orders one measurement of growth accepts: enough for
	// a second or two, few beside what is stored.
	window = 50_000
)

// growth compares accepting into a store of few orders with one of many, with
// ids that ascend in each of 100 shops and with random ones.
func growth(ctx context.Context, b *bench) error {
	for _, random := range []bool{false, true} {
		if err := b.growthOf(ctx, random); err != nil {
			return err
		}
	}
	return nil
}

func (b *bench) growthOf(ctx context.Context, random bool) error {
	ids := map[bool]string{false: "ascending", true: "random"}[random]
	few, many := b.Orders/100, b.Orders
	var small []float64
	for run := range b.Runs {
		rates, err := b.growthStore(ctx, fmt.Sprintf("growth-%s-%d", ids, run), ids, few, 1)
		if err != nil {
			return err
		}
		small = append(small, rates...)
	}
	large, err := b.growthStore(ctx, fmt.Sprintf("growth-%s", ids), ids, many, b.Runs)
	if err != nil {
		return err
	}
	b.compare(fmt.Sprintf("median with %d stored of %d stored, %s ids, orders/s", many, few, ids), median(small), median(large))
	return nil
}

// growthStore fills a new store with the orders and measures windows after
// them, one after the other.
func (b *bench) growthStore(ctx context.Context, name, ids string, stored int64, windows int) ([]float64, error) {
	h, err := b.startHub(ctx, name, hubConfig{shops: growthShops})
	if err != nil {
		return nil, err
	}
	defer h.Stop()
	l := load{
		conns: b.connections(8), batch: 100, keys: keys(growthShops),
		numbers: numbering{random: ids == "random"}, next: new(atomic.Int64), most: stored,
	}
	filled, _, err := h.measure(ctx, l)
	if err != nil {
		return nil, err
	}
	accepted := filled.Orders
	l.most = window
	if b.Smoke {
		l.most = 1000
	}
	var rates []float64
	for range windows {
		s, u, err := h.measure(ctx, l)
		if err != nil {
			return nil, err
		}
		b.report(ofSent("growth", fmt.Sprintf("%s, %d stored", ids, stored), s, u))
		rates = append(rates, s.perSecond())
		accepted += s.Orders
	}
	return rates, h.holds(ctx, accepted)
}

// holds checks that the ledgers have as many events as orders were accepted.
func (f *fleet) holds(ctx context.Context, accepted int64) error {
	stored, err := f.heads(ctx)
	if err != nil {
		return err
	}
	if stored != accepted {
		return fmt.Errorf("%d orders accepted, %d in the ledgers", accepted, stored)
	}
	return nil
}

// start measures how long the hub takes to be ready, on an empty store and on
// one with many orders, what it needs when idle, and the size of the program.
func start(ctx context.Context, b *bench) error {
	if err := b.startOn(ctx, "start-empty", 0); err != nil {
		return err
	}
	if err := b.startOn(ctx, "start-full", b.Orders); err != nil {
		return err
	}
	if !b.place.embedded() {
		return nil // it is the same program
	}
	return b.programSize()
}

func (b *bench) startOn(ctx context.Context, name string, stored int64) error {
	if stored > 0 {
		if err := b.fillStore(ctx, name, stored); err != nil {
			return err
		}
	}
	var times []float64
	var idle usage
	runs, rest := max(b.Runs, 3), time.Second
	if b.Smoke {
		runs, rest = 1, 10*time.Millisecond
	}
	for range runs {
		h, err := b.startHub(ctx, name, hubConfig{})
		if err != nil {
			return err
		}
		times = append(times, h.first().started.Seconds()*1000)
		if !pause(ctx, rest) {
			return ctx.Err()
		}
		if idle, err = h.used(); err != nil {
			return err
		}
		if err := h.Stop(); err != nil {
			return err
		}
	}
	r := Result{
		Scenario: "start", Subject: fmt.Sprintf("%d stored", stored), RSS: idle.RSS, Peak: idle.Peak,
		Note: fmt.Sprintf("ready after %.0f ms (median of %d), idle rss %s", median(times), len(times), mega(float64(idle.RSS))),
	}
	r.Seconds = median(times) / 1000
	b.report(r)
	return nil
}

func (b *bench) fillStore(ctx context.Context, name string, stored int64) error {
	h, err := b.startHub(ctx, name, hubConfig{})
	if err != nil {
		return err
	}
	_, _, err = h.measure(ctx, load{conns: 8, batch: 100, next: new(atomic.Int64), most: stored})
	return errors.Join(err, h.Stop())
}

// programSize reports the size of the program and whether it is stripped.
func (b *bench) programSize() error {
	info, err := os.Stat(b.Self[0])
	if err != nil {
		return err
	}
	stripped := "not stripped: build with -ldflags='-s -w'"
	if f, err := elf.Open(b.Self[0]); err == nil {
		defer f.Close()
		if f.Section(".symtab") == nil {
			stripped = "stripped"
		}
	}
	b.say("%-14s program %s, %s", "start", mega(float64(info.Size())), stripped)
	return nil
}
