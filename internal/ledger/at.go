package ledger

import (
	"context"
	"fmt"

	"github.com/ordermux/ordermux/internal/order"
)

// At returns the events at these places of the shop's log, in the sequence
// asked. What is not there (any more) is left out.
func (l *Ledger) At(ctx context.Context, shop string, seqs []int64) ([]order.Event, error) {
	if len(seqs) == 0 {
		return nil, nil
	}
	var stored []*Stored
	err := l.store.Read(ctx, shop, func(r Reader) (err error) {
		stored, err = r.Events(seqs)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("read events: %w", err)
	}
	out := make([]order.Event, 0, len(stored))
	for _, s := range stored {
		if s == nil {
			continue
		}
		e, err := s.event(shop)
		if err != nil {
			return nil, fmt.Errorf("read events: %w", err)
		}
		out = append(out, e)
	}
	return out, nil
}
