package transfer

import (
	"context"
	"errors"
	"sync"
	"time"
)

// runPass makes the target the same as the source was at some moments while it
// ran. If the source stands still, it is the same afterwards.
//
// Orders go first and alone. A page of another table that was read before an
// order was erased must never be written after that order was forgotten; so no
// other table is under way while orders are. And what is read after the orders'
// rows is erased where those are.
func (m *Move) runPass(ctx context.Context) (took time.Duration, written int64, err error) {
	began := time.Now()
	m.pass++
	m.compared.Store(0)
	m.written.Store(0)
	if err := m.findHeld(ctx); err != nil {
		return 0, 0, err
	}
	for _, first := range [...]bool{true, false} {
		if err := m.copyAll(ctx, func(t *Table) bool { return t.First == first }); err != nil {
			return 0, 0, err
		}
	}
	if err := m.copyFiles(ctx); err != nil {
		return 0, 0, err
	}
	took, written = time.Since(began), m.written.Load()
	m.observe(Step{Over: true, Took: took})
	return took, written, nil
}

// findHeld finds the shops of which the target holds something that erasing
// would have to reach.
func (m *Move) findHeld(ctx context.Context) error {
	held := map[string]bool{}
	for _, name := range []string{"personal", "happenings", "deliveries", "calls"} {
		if err := m.to.shops(ctx, table(name), held); err != nil {
			return err
		}
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	m.held = held
	return nil
}

// copyAll copies the tables that which names.
func (m *Move) copyAll(ctx context.Context, which func(*Table) bool) error {
	var list []*Table
	for _, t := range tables {
		if which(t) {
			list = append(list, t)
		}
	}
	return each(ctx, m.opts.Workers, list, m.copyTable)
}

// each runs f for all jobs, some at a time; the first error ends it.
func each[J any](ctx context.Context, most int, jobs []J, f func(context.Context, J) error) error {
	ctx, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	next := make(chan J)
	var workers sync.WaitGroup
	for range min(most, len(jobs)) {
		workers.Go(func() {
			for j := range next {
				if err := f(ctx, j); err != nil {
					stop(err)
				}
			}
		})
	}
	for _, j := range jobs {
		select {
		case next <- j:
			continue
		case <-ctx.Done():
		}
		break
	}
	close(next)
	workers.Wait()
	if err := context.Cause(ctx); err != nil && !errors.Is(err, context.Canceled) {
		return err
	}
	return ctx.Err()
}
