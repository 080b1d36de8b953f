package delivery_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/ordermux/ordermux/internal/delivery"
	"github.com/ordermux/ordermux/internal/outbound"
	"github.com/ordermux/ordermux/internal/partner"
)

func TestYieldWaitsForCalls(t *testing.T) {
	f := &fake{took: 5 * time.Second}
	side := f.side(partner.Each)
	side.Slots = 1
	runNodes(t, func(c *cluster, a, b *node) {
		c.place("1", "2", "3")
		a.pass(time.Second)
		// Too short: it goes on, as if nothing had been asked.
		a.yields(time.Second, false)
		a.is("hook", "sending:1")
		a.pass(4 * time.Second)
		a.is("hook", "delivered:1 sending:1")
		// Long enough: the call ends and is settled, the next one waits for the new owner.
		began := time.Now()
		a.yields(10*time.Second, true)
		if took := time.Since(began); took < 4*time.Second || took > 6*time.Second {
			t.Errorf("took %s", took)
		}
		a.is("hook", "delivered:2")
		c.own(b)
		b.pass(10 * time.Second)
		if b.is("hook", "delivered:3"); f.orders() != "1 2 3" {
			t.Errorf("sent: %s", f.orders())
		}
	}, hook(side))
}

// A position that only skips moved is kept lazily, but not past the owner.
func TestYieldWritesPositions(t *testing.T) {
	f := &fake{}
	route := hook(f.side(partner.Each))
	route.Rules.When = `order.channel == "none"`
	runNodes(t, func(c *cluster, a, b *node) {
		c.place("1", "2", "3")
		a.pass(time.Second)
		if at := c.store.route("hook").Position; at != 0 {
			t.Errorf("stored at %d already", at)
		}
		a.yields(time.Second, true)
		if at := c.store.route("hook").Position; at != 3 {
			t.Errorf("stored at %d", at)
		}
	}, route)
}

func TestYieldIsGivenUpWhileTheStoreFails(t *testing.T) {
	f := &fake{took: time.Second}
	runNodes(t, func(c *cluster, a, b *node) {
		c.place("1")
		a.pass(time.Millisecond)
		c.store.set(func(*delivery.Bundle) (error, error) { return errDisk, nil })
		a.yields(time.Minute, false)
		c.store.set(nil)
		a.pass(time.Minute)
		a.is("hook", "delivered:1")
		a.yields(time.Second, true)
	}, hook(f.side(partner.Each)))
}

// Whoever acts on a shop keeps it until he is done.
func TestYieldWaitsForCommands(t *testing.T) {
	f := &fake{}
	runNodes(t, func(c *cluster, a, b *node) {
		c.place("1", "2", "3")
		a.pass(time.Second)
		c.log.slow(time.Minute)
		done := make(chan error)
		go func() {
			_, err := a.engine.Backfill(ctx, shop, "hook", delivery.Filter{}, false)
			done <- err
		}()
		a.pass(time.Second)
		a.yields(time.Second, false)
		c.log.slow(0)
		a.must(<-done)
		a.yields(time.Second, true)
		_, err := a.engine.Backfill(ctx, shop, "hook", delivery.Filter{}, false)
		if !errors.Is(err, delivery.ErrElsewhere) {
			t.Errorf("after: %v", err)
		}
	}, hook(f.side(partner.Each)))
}

// A poll is cut between its requests, and made again where the shop stays.
func TestYieldCutsPolls(t *testing.T) {
	polls, requests := 0, 0
	side := (&fake{}).side(partner.Each)
	side.PollEvery = time.Hour
	side.Poll = func(ctx context.Context) error {
		polls++
		for range 5 {
			if !outbound.MayLeave(ctx) {
				return errors.New("not sent")
			}
			requests++
			time.Sleep(10 * time.Second)
		}
		return nil
	}
	runNodes(t, func(c *cluster, a, b *node) {
		a.pass(15 * time.Second)
		a.yields(time.Second, false) // its second request is under way
		a.pass(10 * time.Second)
		if polls != 1 || requests != 3 {
			t.Errorf("a poll that was not cut: %d, %d", polls, requests)
		}
		a.yields(20*time.Second, true)
		a.pass(time.Hour)
		if polls != 1 || requests != 3 {
			t.Errorf("a poll after the end: %d, %d", polls, requests)
		}
		c.own(b)
		b.pass(time.Minute)
		if polls != 2 || requests != 8 {
			t.Errorf("the next owner's: %d, %d", polls, requests)
		}
	}, hook(side))
}

// A shop can be lost while it is being opened, and while it yields.
func TestLoseMeanwhile(t *testing.T) {
	f := &fake{took: time.Minute}
	side := f.side(partner.Each)
	side.Deliver, side.Timeout = f.slowly, time.Hour
	runNodes(t, func(c *cluster, a, b *node) {
		c.place("1")
		a.pass(time.Second)
		go func() {
			time.Sleep(time.Second)
			a.engine.Lose(shop)
		}()
		began := time.Now()
		a.yields(30*time.Second, true)
		if time.Since(began) != time.Second {
			t.Errorf("took %s", time.Since(began))
		}
		a.is("hook", "sending:1")
	}, hook(side))
}

// A hand-over allows no more calls than the configured rate.
func TestRateAcrossOwners(t *testing.T) {
	f := &fake{}
	route := hook(f.side(partner.Each))
	route.Rate = 0.1
	runNodes(t, func(c *cluster, a, b *node) {
		for range 20 {
			c.place(time.Now().String())
			time.Sleep(time.Millisecond)
		}
		began := time.Now()
		for i := range 10 {
			from, to := c.nodes[i%2], c.nodes[(i+1)%2]
			from.pass(15 * time.Second)
			from.yields(time.Second, true)
			c.own(to)
		}
		calls, _ := f.count()
		if most := int(time.Since(began).Seconds() * 0.1); calls > most || calls < 8 {
			t.Errorf("%d calls, at most %d", calls, most)
		}
	}, route)
}

func TestDailyCapAcrossOwners(t *testing.T) {
	f := &fake{}
	route := hook(f.side(partner.Each))
	route.DailyCap = 5
	runNodes(t, func(c *cluster, a, b *node) {
		c.place("1", "2", "3", "4")
		a.pass(time.Minute)
		a.yields(time.Second, true)
		c.own(b)
		c.place("5", "6", "7")
		b.pass(time.Minute)
		if calls, _ := f.count(); calls != 5 {
			t.Errorf("%d calls", calls)
		}
		b.pass(24 * time.Hour)
		b.is("hook", "delivered:7")
	}, route)
}
