package app

import (
	"context"
	"errors"
	"log/slog"
	"testing"

	"github.com/ordermux/ordermux/internal/alert"
	"github.com/ordermux/ordermux/internal/promotion"
)

// fickle is a store of promotions that can not be read, or has none.
type fickle struct {
	promotion.Store
	err error
}

func (f *fickle) Look(_ context.Context, do func(promotion.Lookup) error) error {
	if f.err != nil {
		return f.err
	}
	return do(nothing{})
}

type nothing struct{ promotion.Lookup }

func (nothing) Head(string) (promotion.Head, error) { return promotion.Head{}, nil }

// What fails again and again is an alert of the shop's, until it does not. What
// the clock wants does not wait for a job, nor a job for that.
func TestPromotionsThatCanNotGoOn(t *testing.T) {
	t.Parallel()
	s := &fickle{err: errors.New("no such disk")}
	p := &promotions{
		Book: promotion.New(s, nil), app: &App{log: slog.New(slog.DiscardHandler)}, turns: map[turnID]*turn{},
		wake: make(chan struct{}, 1), slots: make(chan struct{}, 1), looks: make(chan struct{}, 1), moves: make(chan struct{}, 1),
	}
	p.slots <- struct{}{}
	for _, key := range turnsOf("nordlys") {
		others := p.moves
		if key.clock {
			others = p.looks
		}
		others <- struct{}{}
		for _, want := range []int{1, 0} {
			p.mu.Lock()
			at := p.turnOf(key)
			p.start(t.Context(), key, at)
			p.mu.Unlock()
			<-at.done
			got := p.troubles("nordlys")
			if len(got) != want || want == 1 && (got[0].Kind != alert.PromotionsFailing || got[0].Shop != "nordlys") {
				t.Errorf("%v: %+v, want %d", key, got, want)
			}
			s.err = nil
		}
		s.err = errors.New("no such disk")
		<-others
	}
	if got := p.troubles("other"); got != nil {
		t.Errorf("another shop: %+v", got)
	}
}
