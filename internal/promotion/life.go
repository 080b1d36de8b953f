package promotion

import (
	"context"
	"fmt"
	"time"
)

// ChangeKind says what happened.
type ChangeKind string

// The kinds of changes.
const (
	WasCreated     ChangeKind = "created"
	WasChanged     ChangeKind = "changed" // by a request, also made active again
	WasDeactivated ChangeKind = "deactivated"
	HasStarted     ChangeKind = "started"
	HasEnded       ChangeKind = "ended"
	JobOver        ChangeKind = "job" // a job came to its end
)

// Change is something that happened to a promotion or a job.
type Change struct {
	Version   int64      `json:"version"`
	At        time.Time  `json:"at"` // when it was written; a promotion says itself when it starts and ends
	Kind      ChangeKind `json:"kind"`
	Promotion *Promotion `json:"promotion,omitzero"` // as it stands now; nil: none, or removed since
	Job       *Job       `json:"job,omitzero"`       // what did it, as it stands now; nil: the clock
}

// How long things are kept.
const (
	keptContent = 7 * 24 * time.Hour  // of a promotion, behind its end
	keptRows    = 90 * 24 * time.Hour // promotions behind their end, jobs and changes
	keptPart    = time.Hour           // of a request that was never whole
)

// mostMoved is how many promotions one transaction moves.
const mostMoved = 100

// writing is an open transaction that locked the promotions.
type writing struct {
	tx      Tx
	shop    string
	head    Head
	now     int64
	changes []ChangeRow
}

func (w *writing) tell(kind ChangeKind, promotion, job int64) {
	w.head.Version++
	w.changes = append(w.changes, ChangeRow{Version: w.head.Version, At: w.now, Kind: string(kind), Promotion: promotion, Job: job})
}

func (w *writing) keep(p *PromotionRow) error {
	if err := w.tx.KeepPromotion(w.shop, p); err != nil {
		return fmt.Errorf("keep promotion: %w", err)
	}
	return nil
}

// close writes what was told.
func (w *writing) close() error {
	if len(w.changes) == 0 {
		return nil
	}
	if err := w.tx.AddChanges(w.shop, w.changes); err != nil {
		return fmt.Errorf("add changes: %w", err)
	}
	if err := w.tx.KeepHead(w.shop, w.head); err != nil {
		return fmt.Errorf("keep counters: %w", err)
	}
	return nil
}

// moveOn moves a promotion to where it stands by the clock, and tells each step.
func (w *writing) moveOn(p *PromotionRow) {
	if p.State == RowPlanned && p.Start <= w.now {
		p.State, p.Due = RowRunning, p.End
		w.tell(HasStarted, p.ID, 0)
	}
	if p.State == RowRunning && p.End <= w.now {
		p.State, p.Due = RowEnded, p.End+keptContent.Microseconds()
		w.tell(HasEnded, p.ID, 0)
	}
	if p.State == RowEnded && p.Due > p.End+keptContent.Microseconds() {
		p.Due = p.End + keptContent.Microseconds() // it has content again
	}
}

// Due returns when Advance should be called next for the sake of promotions
// that start or end, or ended long ago; zero: nothing of that kind comes.
func (b *Book) Due(ctx context.Context, shop string) (at time.Time, err error) {
	err = b.store.Look(ctx, func(l Lookup) error {
		at = time.Time{}
		micros, ok, err := l.FirstDue(shop)
		if ok {
			at = moment(micros)
		}
		return err
	})
	if err != nil {
		return time.Time{}, fmt.Errorf("when promotions are due: %w", err)
	}
	return at, nil
}

// Advance does some of what the clock wants: promotions start and end, and what
// nobody needs any more is removed, of jobs too. It reports whether there is
// more to do. Call it when Due says so, and every few minutes.
func (b *Book) Advance(ctx context.Context, shop string) (more bool, err error) {
	now := b.store.Now().UnixMicro()
	var due []PromotionRow
	err = b.store.Look(ctx, func(l Lookup) (err error) {
		due, err = l.Due(shop, now, mostMoved)
		return err
	})
	if err != nil {
		return false, fmt.Errorf("advance promotions: %w", err)
	}
	if len(due) > 0 {
		if err := b.move(ctx, shop, now); err != nil {
			return false, fmt.Errorf("advance promotions: %w", err)
		}
	}
	for i := range due {
		if p := &due[i]; p.State == RowEnded || p.State == RowDeactivated {
			if err := b.tidy(ctx, shop, p.ID); err != nil {
				return false, fmt.Errorf("remove an old promotion: %w", err)
			}
		}
	}
	left, err := b.sweep(ctx, shop)
	if err != nil {
		return false, fmt.Errorf("remove what is left of promotion jobs: %w", err)
	}
	return left || len(due) == mostMoved, nil
}

// move moves those that are due by the clock.
func (b *Book) move(ctx context.Context, shop string, now int64) error {
	return b.store.Change(ctx, func(tx Tx) error {
		head, err := tx.LockPromotions(shop)
		if err != nil {
			return fmt.Errorf("lock: %w", err)
		}
		due, err := tx.Due(shop, now, mostMoved) // as they stand behind the lock
		if err != nil {
			return err
		}
		w := &writing{tx: tx, shop: shop, head: head, now: now}
		for i := range due {
			p := &due[i]
			if p.State == RowPlanned || p.State == RowRunning {
				w.moveOn(p)
				if err := w.keep(p); err != nil {
					return err
				}
			}
		}
		return w.close()
	})
}

// Head returns the version of the newest change; 0: there never was one.
func (b *Book) Head(ctx context.Context, shop string) (version int64, err error) {
	err = b.store.Look(ctx, func(l Lookup) error {
		h, err := l.Head(shop)
		version = h.Version
		return err
	})
	if err != nil {
		return 0, fmt.Errorf("read the counter of promotions: %w", err)
	}
	return version, nil
}

// Changes returns what happened after a version, in sequence: at most limit, at
// most 500. Changes are kept for 90 days.
func (b *Book) Changes(ctx context.Context, shop string, after int64, limit int) (list []Change, err error) {
	err = b.store.Look(ctx, func(l Lookup) (err error) {
		list, err = changes(l, shop, after, min(max(limit, 1), 500))
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("read changes of promotions: %w", err)
	}
	return list, nil
}

func changes(l Lookup, shop string, after int64, limit int) ([]Change, error) {
	rows, err := l.Changes(shop, after, limit)
	if err != nil {
		return nil, err
	}
	promotions, jobs := map[int64]*Promotion{0: nil}, map[int64]*Job{0: nil}
	for i := range rows {
		promotions[rows[i].Promotion], jobs[rows[i].Job] = nil, nil
	}
	found, err := l.Promotions(shop, sortedNumbers(promotions))
	if err != nil {
		return nil, err
	}
	for i := range found {
		if promotions[found[i].ID], err = found[i].promotion(); err != nil {
			return nil, err
		}
	}
	done, err := l.Jobs(shop, sortedNumbers(jobs))
	if err != nil {
		return nil, err
	}
	for i := range done {
		j, err := done[i].job()
		if err != nil {
			return nil, err
		}
		jobs[j.Number] = &j
	}
	list := make([]Change, len(rows))
	for i, r := range rows {
		list[i] = Change{r.Version, moment(r.At), ChangeKind(r.Kind), promotions[r.Promotion], jobs[r.Job]}
	}
	return list, nil
}
