package app

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/ordermux/ordermux/internal/order"
	"github.com/ordermux/ordermux/internal/partner"
	"github.com/ordermux/ordermux/internal/rehearsal"
)

// undoing is an intake that takes a rehearsed call and undoes it. One order can
// not be taken, one is known.
type undoing struct {
	partner.Orders
	calls []int // entries of each, without the rehearsal's own
}

func (u *undoing) Append(ctx context.Context, _ string, entries []order.Entry) ([]order.Receipt, error) {
	u.calls = append(u.calls, len(entries)-1)
	seq := int64(0)
	for _, e := range entries {
		if e.Subject.ID == "conflict" {
			return nil, fmt.Errorf("append: %w", order.ErrConflict)
		}
		for _, f := range e.Effects {
			if n, ok := f.(order.Numbered); ok && e.Subject.ID != "known" {
				seq++
				f = n.Of(seq, time.Unix(seq, 0))
			}
			if err := f.Apply(ctx, nil); err != nil {
				return nil, err
			}
		}
	}
	return nil, nil
}

func (u *undoing) Newest(_ context.Context, _ string, ids []string) ([]int64, error) {
	return make([]int64, len(ids)), nil
}

// TestPreviewIsOneCall: ten orders of a file are decided on in one call; where
// one is refused, each in its own.
func TestPreviewIsOneCall(t *testing.T) {
	t.Parallel()
	f := func(ids []string, calls, refused, news int) {
		t.Helper()
		u := &undoing{}
		begin := func() *rehearsal.Rehearsal {
			return rehearsal.New(partner.Deps{Intake: u, Orders: u, Now: time.Now}, nil)
		}
		groups := make([][]order.Entry, len(ids))
		for i, id := range ids {
			if id != "" { // "": one whose line can not be read
				e := order.Entry{Subject: order.Subject{Kind: order.SubjectOrder, ID: id}, Statement: &order.Statement{Order: order.Order{ID: id}}}
				groups[i] = []order.Entry{e}
			}
		}
		list, err := rehearsedBy(t.Context(), begin, "nordlys", groups)
		if err != nil || len(list) != len(ids) || len(u.calls) != calls {
			t.Fatalf("%v: %d calls, %+v, %v", ids, len(u.calls), list, err)
		}
		for i, b := range list {
			if b.refused != "" {
				refused--
			}
			if news -= len(b.events); len(b.events) == 1 && b.events[0].Subject.ID != ids[i] {
				t.Errorf("%v: %d has the event of %s", ids, i, b.events[0].Subject.ID)
			}
			if calls == 1 && len(b.events) == 1 && int(b.events[0].Seq) != len(b.before)+1 {
				t.Errorf("%v: %d has event %d after %d", ids, i, b.events[0].Seq, len(b.before))
			}
		}
		if refused != 0 || news != 0 {
			t.Errorf("%v: %+v", ids, list)
		}
	}
	f([]string{"1", "2", "3", "4", "5", "6", "7", "8", "9", "10"}, 1, 0, 10)
	f([]string{"1", "known", "", "4"}, 1, 0, 2)
	f([]string{"1", "conflict", "", "known"}, 4, 1, 1)
	f([]string{"", ""}, 0, 0, 0)
	f(nil, 0, 0, 0)
}
