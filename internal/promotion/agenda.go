package promotion

import (
	"context"
	"fmt"
	"time"
)

// Agenda is what is to be done for a shop: by whoever runs its jobs.
type Agenda struct {
	// Job is the number of the one that Run should be called for; 0: none.
	Job int64
	// Held is until when another runner has it; zero: nobody does.
	Held time.Time
	// Due is when Advance should be called for the sake of promotions that start
	// or end; zero: nothing of that kind comes.
	Due time.Time
	// Empty: the shop never had a promotion, nor a job.
	Empty bool
}

// Agenda says what is to be done for a shop, in one reading transaction.
func (b *Book) Agenda(ctx context.Context, shop string) (a Agenda, err error) {
	err = b.store.Look(ctx, func(l Lookup) error {
		a = Agenda{}
		head, err := l.Head(shop)
		if a.Empty = head == (Head{}); err != nil || a.Empty {
			return err
		}
		row, err := l.FirstOpen(shop)
		if err != nil {
			return err
		}
		if row != nil {
			a.Job = row.Number
			if held(row, b.store.Now()) {
				a.Held = moment(row.Until)
			}
		}
		micros, ok, err := l.FirstDue(shop)
		if ok {
			a.Due = moment(micros)
		}
		return err
	})
	if err != nil {
		return Agenda{}, fmt.Errorf("what promotions want: %w", err)
	}
	return a, nil
}
