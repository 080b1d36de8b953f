package app

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/ordermux/ordermux/internal/api"
	"github.com/ordermux/ordermux/internal/delivery"
	"github.com/ordermux/ordermux/internal/json"
	"github.com/ordermux/ordermux/internal/order"
)

// flowScope is where a shop's marks stand in its state, under flowKey.
const (
	flowScope = "flow"
	flowKey   = "delivered"
)

// mark is how many deliveries of a shop had been taken by their partners when
// somebody looked last in a minute. The store counts them in the transactions
// that settle them, so that the difference of two marks loses none, whatever
// was killed between them.
type mark struct {
	Minute int64 `json:"minute"` // since 1970
	Total  int64 `json:"total"`
}

// flows tell how orders flow through the shops: what was accepted the ledger
// knows; what was delivered is marked every few seconds by the owner of the
// shop.
type flows struct {
	app *App

	mu    sync.Mutex
	ends  map[string]map[int64]int64 // of minutes that are over: the newest event then, by shop and minute
	wrote map[string]mark            // by this node
}

func (a *App) newFlows() *flows {
	return &flows{app: a, ends: map[string]map[int64]int64{}, wrote: map[string]mark{}}
}

// run marks until ctx ends.
func (f *flows) run(ctx context.Context) {
	tick := time.NewTicker(api.LookEvery)
	defer tick.Stop()
	for {
		for _, shop := range f.app.config().ShopOrder {
			if err := f.look(ctx, shop); err != nil && ctx.Err() == nil && !errors.Is(err, delivery.ErrLost) {
				f.app.log.Warn("deliveries can not be counted for the overview", "shop", shop, "error", err)
			}
		}
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}

// look marks how many deliveries of a shop were taken by now, if it is owned
// here and the number has changed.
func (f *flows) look(ctx context.Context, shop string) error {
	if !f.app.engine.Owns(shop) {
		return nil
	}
	if f.app.keeper != nil {
		ctx = f.app.keeper.asOwner(ctx, shop)
	}
	total, err := f.total(ctx, shop)
	if err != nil {
		return err
	}
	f.mu.Lock()
	was, known := f.wrote[shop]
	f.mu.Unlock()
	if known && was.Total == total {
		return nil
	}
	marks, err := f.marks(ctx, shop)
	if err != nil {
		return err
	}
	now := mark{minuteOf(f.app.now()), total}
	if len(marks) == 0 {
		if marks, err = f.beginning(ctx, shop); err != nil {
			return err
		}
	}
	text, err := json.Marshal(marked(marks, now))
	if err != nil {
		return fmt.Errorf("encode marks: %w", err)
	}
	if err := f.app.store.State(shop, flowScope).Put(ctx, flowKey, text, 0); err != nil {
		return fmt.Errorf("mark deliveries: %w", err)
	}
	f.mu.Lock()
	f.wrote[shop] = now
	f.mu.Unlock()
	return nil
}

// beginning are the marks of a shop that has none: where its first event is new,
// all that it delivered is, too.
func (f *flows) beginning(ctx context.Context, shop string) ([]mark, error) {
	before := f.app.now().Add(-api.FlowMinutes * time.Minute)
	seq, err := f.app.ledger.SeqAt(ctx, shop, before)
	if err != nil || seq > 0 {
		return nil, err
	}
	return []mark{{Minute: minuteOf(before)}}, nil
}

// total is how many deliveries of a shop were ever taken.
func (f *flows) total(ctx context.Context, shop string) (n int64, err error) {
	counts, err := f.app.store.Deliveries().Counts(ctx, shop)
	for _, states := range counts {
		n += states[delivery.Delivered]
	}
	return n, err
}

func (f *flows) marks(ctx context.Context, shop string) (marks []mark, err error) {
	text, ok, err := f.app.store.State(shop, flowScope).Get(ctx, flowKey)
	if err != nil || !ok {
		return nil, err
	}
	if err := json.Unmarshal(text, &marks); err != nil {
		return nil, fmt.Errorf("marks of deliveries: %w", err)
	}
	return marks, nil
}

// marked adds a mark, in place of an earlier one of the same minute, and drops
// what no picture shows any more; the newest of that stays, to count from.
func marked(marks []mark, now mark) []mark {
	if n := len(marks); n > 0 && marks[n-1].Minute >= now.Minute {
		marks[n-1].Total = now.Total
	} else {
		marks = append(marks, now)
	}
	for len(marks) > 1 && marks[1].Minute <= now.Minute-api.FlowMinutes {
		marks = marks[1:]
	}
	return marks
}

func minuteOf(t time.Time) int64 { return t.Unix() / 60 }

// of tells how a shop's orders flowed.
func (f *flows) of(ctx context.Context, shop string) ([]api.FlowMinute, error) {
	if f.app.config().Shops[shop] == nil {
		return nil, order.ErrNotFound
	}
	marks, err := f.marks(ctx, shop)
	if err != nil {
		return nil, err
	}
	now := f.app.now()
	last := minuteOf(now)
	if f.app.engine.Owns(shop) && len(marks) > 0 {
		total, err := f.total(ctx, shop)
		if err != nil {
			return nil, err
		}
		marks = marked(marks, mark{last, total})
	}
	delivered := map[int64]int64{}
	for i := 1; i < len(marks); i++ {
		delivered[marks[i].Minute] = max(marks[i].Total-marks[i-1].Total, 0)
	}
	ends, err := f.accepted(ctx, shop, now)
	if err != nil {
		return nil, err
	}
	out := make([]api.FlowMinute, api.FlowMinutes)
	for i := range out {
		minute := last - api.FlowMinutes + 1 + int64(i)
		out[i] = api.FlowMinute{
			At: time.Unix(minute*60, 0).UTC(), Accepted: max(ends[i+1]-ends[i], 0), Delivered: delivered[minute],
		}
	}
	return out, nil
}

// accepted returns the newest event at the end of the minute before the first
// one shown, and of each one shown.
func (f *flows) accepted(ctx context.Context, shop string, now time.Time) ([]int64, error) {
	head, err := f.app.ledger.Head(ctx, shop)
	if err != nil {
		return nil, err
	}
	known := f.known(shop)
	ends, fresh := make([]int64, api.FlowMinutes+1), map[int64]int64{}
	last := minuteOf(now)
	for i := range api.FlowMinutes {
		minute := last - api.FlowMinutes + int64(i)
		end, ok := known[minute]
		switch {
		case ok:
		case i > 0 && ends[i-1] == head:
			end = head // nothing came since
		default:
			if end, err = f.app.ledger.SeqAt(ctx, shop, time.Unix((minute+1)*60, 0).Add(-time.Microsecond)); err != nil {
				return nil, err
			}
		}
		ends[i] = end
		if now.Sub(time.Unix((minute+1)*60, 0)) > api.LookEvery { // no event of that minute is on its way any more
			fresh[minute] = end
		}
	}
	ends[api.FlowMinutes] = head
	f.mu.Lock()
	f.ends[shop] = fresh
	f.mu.Unlock()
	return ends, nil
}

// known are the ends of minutes that were read before: they do not change.
func (f *flows) known(shop string) map[int64]int64 {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.ends[shop]
}
