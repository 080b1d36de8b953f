package delivery_test

import (
	"context"
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/ordermux/ordermux/internal/delivery"
	"github.com/ordermux/ordermux/internal/partner"
)

func TestOnlyTheOwnerDelivers(t *testing.T) {
	f := &fake{}
	runNodes(t, func(c *cluster, a, b *node) {
		c.place("1", "2")
		a.pass(time.Second)
		a.is("hook", "delivered:2")
		if !a.engine.Owns(shop) || b.engine.Owns(shop) || !slices.Equal(a.engine.Owned(), []string{shop}) || len(b.engine.Owned()) > 0 {
			t.Errorf("owned: %v %v", a.engine.Owned(), b.engine.Owned())
		}
		a.yields(time.Second, true)
		c.place("3")
		a.pass(time.Minute)
		a.is("hook", "delivered:2")
		c.own(b)
		b.pass(time.Second)
		if b.is("hook", "delivered:3"); f.orders() != "1 2 3" {
			t.Errorf("sent: %s", f.orders())
		}
		a.told("")
		b.told("")
	}, hook(f.side(partner.Each)))
}

// What asks is answered on every node; what acts, on the owner's.
func TestElsewhere(t *testing.T) {
	f := &fake{answer: func(partner.Task) partner.Outcome { return partner.Later(0, "http_503", "") }}
	runNodes(t, func(c *cluster, a, b *node) {
		c.place("1")
		a.pass(time.Second)
		a.must(a.engine.Pause(ctx, shop, "hook", "by hand"))
		c.place("2")
		a.pass(time.Minute)
		e := b.engine
		_, replay := e.Replay(ctx, shop, "hook", delivery.Filter{}, true)
		_, backfill := e.Backfill(ctx, shop, "hook", delivery.Filter{}, false)
		_, retry := e.Retry(ctx, shop, delivery.Filter{}, false)
		_, drop := e.Drop(ctx, shop, delivery.Filter{}, false)
		_, send := e.Send(ctx, shop, "hook", "1", false)
		for i, err := range []error{e.Pause(ctx, shop, "hook", ""), e.Resume(ctx, shop, "hook"), replay, backfill, retry, drop, send} {
			if !errors.Is(err, delivery.ErrElsewhere) {
				t.Errorf("act %d: %v", i, err)
			}
		}
		b.state("hook", "paused")
		if s := b.status("hook"); s.Position != 1 || s.Head != 2 || s.Lag != time.Minute || s.Counts[delivery.Retrying] != 1 || s.Oldest.IsZero() {
			t.Errorf("status: %+v", s)
		}
		rows, why, err := e.OfOrder(ctx, shop, "2")
		if err != nil || len(rows) != 0 || len(why) != 1 || why[0].Code != "not_considered" {
			t.Errorf("order 2: %+v %+v %v", rows, why, err)
		}
		if v, err := e.Judge(ctx, shop, "hook", "2"); err != nil || v.Action != "send" {
			t.Errorf("judged: %+v %v", v, err)
		}
		if missing, _, err := e.Reconcile(ctx, shop, "hook", delivery.Filter{}); err != nil || len(missing) != 2 {
			t.Errorf("missing: %+v %v", missing, err)
		}
	}, hook(f.side(partner.Each)))
}

// slowly answers only when it is cut, and says that nothing is known then.
func (f *fake) slowly(ctx context.Context, tasks []partner.Task) []partner.Outcome {
	f.set(func(*fake) { f.calls = append(f.calls, tasks) })
	select {
	case <-ctx.Done():
	case <-time.After(f.took):
	}
	outcomes := make([]partner.Outcome, len(tasks))
	for i, t := range tasks {
		f.set(func(*fake) { f.got = append(f.got, id(t)) }) // it arrived all the same
		if outcomes[i] = partner.Delivered(""); ctx.Err() != nil {
			outcomes[i] = partner.Unknown("cut", context.Cause(ctx).Error())
		}
	}
	return outcomes
}

// What an owner that lost the shop was sending is unknown to the next one.
func TestLoseCutsCalls(t *testing.T) {
	for _, c := range []struct {
		repeat partner.Repeat
		then   string // at the next owner, at once
		end    string // an hour later
		calls  int
	}{
		{partner.RepeatSafe, "retrying:1", "delivered:1", 2},
		{partner.AskFirst, "asking:1", "delivered:1", 1},
		{partner.RepeatNever, "parked:1", "parked:1", 1},
	} {
		t.Run(string(c.repeat), func(t *testing.T) {
			f := &fake{took: 5 * time.Second, look: func(partner.Task) partner.Outcome { return partner.Delivered("") }}
			side := f.side(partner.Each)
			side.Deliver, side.Repeat = f.slowly, c.repeat
			runNodes(t, func(cl *cluster, a, b *node) {
				cl.place("1")
				a.pass(time.Second)
				a.engine.Lose(shop)
				a.pass(0)
				if f.orders() != "1" { // the call has ended
					t.Errorf("the call goes on: %q", f.orders())
				}
				a.is("hook", "sending:1") // nothing is written
				cl.own(b)
				b.pass(time.Millisecond)
				b.is("hook", c.then)
				b.pass(time.Hour)
				b.is("hook", c.end)
				if calls, _ := f.count(); calls != c.calls {
					t.Errorf("%d calls", calls)
				}
				a.told("")
			}, hook(side))
		})
	}
}

// A node that was held up finds out by the store that it is not the owner.
func TestLateWritesAreRefused(t *testing.T) {
	f := &fake{took: 5 * time.Second}
	runNodes(t, func(c *cluster, a, b *node) {
		c.place("1", "2")
		a.pass(time.Second)
		c.own(b) // a does not hear of it; its calls can not be cut, and end
		b.pass(time.Second)
		a.told("")
		b.pass(time.Hour)
		a.told(shop)
		b.told("")
		b.is("hook", "delivered:2")
		if a.engine.Owns(shop) {
			t.Error("still held to be its own")
		}
		a.seen.expect(t, "")
		if _, tasks := f.count(); tasks != 3 {
			t.Errorf("%d tasks: what was under way is sent again, once", tasks)
		}
		if err := a.engine.Pause(ctx, shop, "hook", ""); !errors.Is(err, delivery.ErrElsewhere) {
			t.Errorf("pause: %v", err)
		}
	}, hook(f.side(partner.Each)))
}

// So does somebody's command, and a side's note.
func TestLateCommandsAreRefused(t *testing.T) {
	f := &fake{}
	var noted []error
	side := f.side(partner.Each)
	side.Deliver = func(ctx context.Context, tasks []partner.Task) []partner.Outcome {
		time.Sleep(time.Second)
		err := tasks[0].SaveNote(ctx, []byte("basket"))
		f.set(func(*fake) { noted = append(noted, err) })
		return allTaken(tasks)
	}
	runNodes(t, func(c *cluster, a, b *node) {
		c.own(b)
		if err := a.engine.Pause(ctx, shop, "hook", ""); !errors.Is(err, delivery.ErrElsewhere) {
			t.Errorf("pause: %v", err)
		}
		a.told(shop)
		c.place("1")
		b.pass(time.Millisecond)
		c.own(a)
		b.pass(time.Second)
		b.told(shop)
		a.pass(time.Hour)
		if len(noted) != 2 || !errors.Is(noted[0], delivery.ErrLost) || noted[1] != nil {
			t.Errorf("notes: %v", noted)
		}
		a.is("hook", "delivered:1")
		a.told(shop)
	}, hook(side))
}

func TestOwnEpochs(t *testing.T) {
	f := &fake{}
	runNodes(t, func(c *cluster, a, b *node) {
		if err := a.engine.Own(ctx, shop, 1); err != nil { // again
			t.Error(err)
		}
		c.next()
		if err := b.engine.Own(ctx, shop, 1); !errors.Is(err, delivery.ErrLost) || b.engine.Owns(shop) {
			t.Errorf("an epoch that is over: %v", err)
		}
		// The same node, with a new epoch: what it had begun is dropped.
		c.own(a)
		if err := a.engine.Own(ctx, shop, 1); !errors.Is(err, delivery.ErrLost) || !a.engine.Owns(shop) {
			t.Errorf("an epoch before ours: %v", err)
		}
		c.place("1")
		a.pass(time.Second)
		a.is("hook", "delivered:1")
		b.engine.Lose(shop) // was never its own
		b.yieldsWhatItHasNot()
	}, hook(f.side(partner.Each)))
}

func (n *node) yieldsWhatItHasNot() {
	if ok, err := n.engine.Yield(ctx, shop, 0); !ok || err != nil {
		n.t.Errorf("yields what it does not own: %v %v", ok, err)
	}
}
