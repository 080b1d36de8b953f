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

// What fails again and again is an alert of the shop's, until it does not.
func TestPromotionsThatCanNotGoOn(t *testing.T) {
	t.Parallel()
	s := &fickle{err: errors.New("no such disk")}
	p := &promotions{
		Book: promotion.New(s, nil), app: &App{log: slog.New(slog.DiscardHandler)}, turns: map[turnID]*turn{},
		wake: make(chan struct{}, 1), looks: make(chan struct{}, 1), moves: make(chan struct{}, 1),
	}
	for _, key := range turnsOf("nordlys") {
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
	}
	if got := p.troubles("other"); got != nil {
		t.Errorf("another shop: %+v", got)
	}
}
