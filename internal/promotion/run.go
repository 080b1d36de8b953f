package promotion

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"
)

const (
	// Lease is for how long a runner has a job without a word.
	Lease = 30 * time.Second
	// mostCrashes is how many runners in sequence may end without a word
	// before the job is given up.
	mostCrashes = 5
)

// ErrTaken is the error of a job that another runner has, now or meanwhile, or
// that is not the one to be run next.
var ErrTaken = errors.New("another runner has the promotion job")

// Next returns the job that Run should be called for; false: there is none, or
// a runner has it.
func (b *Book) Next(ctx context.Context, shop string) (j Job, ok bool, err error) {
	err = b.store.Look(ctx, func(l Lookup) error {
		ok = false
		row, err := l.FirstOpen(shop)
		if err != nil || row == nil || held(row, b.store.Now()) {
			return err
		}
		ok = true
		j, err = row.job()
		return err
	})
	if err != nil {
		return Job{}, false, fmt.Errorf("next promotion job: %w", err)
	}
	return j, ok, nil
}

func held(row *JobRow, now time.Time) bool {
	return row.State == RowInProgress && now.UnixMicro() < row.Until
}

// Run runs the job that Next told, to its end, and returns it. After an error
// the job waits to be run again; what was done of it counts. Errors: ErrTaken,
// those of the store and the catalogue.
func (b *Book) Run(ctx context.Context, shop string, number int64) (Job, error) {
	r := &running{book: b, shop: shop}
	if err := r.take(ctx, number); err != nil {
		return Job{}, fmt.Errorf("run promotion job: %w", err)
	}
	if r.row.State == RowInProgress {
		err := r.work(ctx)
		if errors.Is(err, errBlock) {
			err = r.fail(ctx, "what was kept of the request can not be read")
		}
		if err != nil {
			if !errors.Is(err, ErrTaken) {
				err = errors.Join(err, r.release(ctx))
			}
			return Job{}, fmt.Errorf("run promotion job: %w", err)
		}
	}
	return r.row.job()
}

// running is a job that a runner has.
type running struct {
	book   *Book
	shop   string
	row    JobRow // as it was written last
	body   jobBody
	tally  tally
	stores []string // by number
	valid  []bool   // by number: the shop has it
}

// take gives the job to this runner.
func (r *running) take(ctx context.Context, number int64) error {
	err := r.book.store.Change(ctx, func(tx Tx) error {
		if _, err := tx.LockPromotions(r.shop); err != nil {
			return fmt.Errorf("lock: %w", err)
		}
		row, err := tx.FirstOpen(r.shop)
		if err != nil {
			return fmt.Errorf("find: %w", err)
		}
		now := r.book.store.Now()
		if row == nil || row.Number != number || held(row, now) {
			return ErrTaken
		}
		row.State, row.Updated, row.Until = RowInProgress, now.UnixMicro(), now.Add(Lease).UnixMicro()
		row.Attempt++
		row.Crashes++
		if r.row = *row; row.Crashes > mostCrashes {
			return r.end(tx, RowFailed, "the server ended whenever it ran the job")
		}
		return tx.KeepJob(r.shop, row)
	})
	if err != nil {
		return err
	}
	if r.body, err = decode[jobBody](r.row.Body); err != nil {
		return err
	}
	r.tally, err = decode[tally](r.row.Result)
	return err
}

// step runs f in a transaction that holds to the job: ErrTaken if it is another
// runner's by now. f changes the row, which is written behind it.
func (r *running) step(ctx context.Context, f func(tx Tx, row *JobRow) error) error {
	var row *JobRow
	err := r.book.store.Change(ctx, func(tx Tx) (err error) {
		if row, err = tx.LockJob(r.shop, r.row.Number, r.row.Attempt); err != nil {
			return fmt.Errorf("lock job: %w", err)
		}
		if row == nil {
			return ErrTaken
		}
		now := r.book.store.Now()
		row.Updated, row.Until = now.UnixMicro(), now.Add(Lease).UnixMicro()
		if err := f(tx, row); err != nil {
			return err
		}
		return tx.KeepJob(r.shop, row)
	})
	if err == nil {
		r.row = *row
	}
	return err
}

// renew keeps the job, if a good part of the lease is over.
func (r *running) renew(ctx context.Context) error {
	if left := r.row.Until - r.book.store.Now().UnixMicro(); left > (Lease / 2).Microseconds() {
		return nil
	}
	return r.step(ctx, func(Tx, *JobRow) error { return nil })
}

// release lets the job be run again at once, by whomever.
func (r *running) release(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), time.Second)
	defer cancel()
	err := r.step(ctx, func(_ Tx, row *JobRow) error {
		row.Until, row.Crashes = 0, max(row.Crashes-1, 0)
		return nil
	})
	if err != nil {
		return fmt.Errorf("give the job back: %w", err)
	}
	return nil
}

// work does what is left of the job.
func (r *running) work(ctx context.Context) error {
	if r.body.Inactive {
		return r.finish(ctx)
	}
	if r.row.Done == 0 {
		if err := r.prepare(ctx); err != nil {
			return fmt.Errorf("prepare: %w", err)
		}
	} else if err := r.findStores(ctx); err != nil {
		return err
	}
	for r.row.Done < r.row.Pieces {
		if err := r.piece(ctx); err != nil {
			return fmt.Errorf("piece %d: %w", r.row.Done, err)
		}
	}
	return r.finish(ctx)
}

// prepare keeps the stores of Every, and finds those that the shop does not
// have. Nothing else can be left of an earlier runner: a piece's rows are
// written with the progress.
func (r *running) prepare(ctx context.Context) error {
	if r.body.Every {
		if err := r.keepEvery(ctx); err != nil {
			return err
		}
	}
	if err := r.findStores(ctx); err != nil {
		return err
	}
	r.tally = tally{Content: identity(&r.body.Header, r.body.Every, r.stores)}
	for i, ok := range r.valid {
		if ok {
			continue
		}
		if r.tally.StoresRefused++; len(r.tally.InvalidStores) < MostListed {
			r.tally.InvalidStores = append(r.tally.InvalidStores, r.stores[i])
		}
	}
	return nil
}

// keepEvery keeps what stores the shop has now as those of the layer.
func (r *running) keepEvery(ctx context.Context) error {
	stores, err := r.book.goods.Stores(ctx, r.shop)
	if err != nil {
		return fmt.Errorf("stores: %w", err)
	}
	stores = slices.Compact(slices.Sorted(slices.Values(stores)))
	for n := rowsAtOnce; n == rowsAtOnce; {
		err := r.step(ctx, func(tx Tx, _ *JobRow) (err error) {
			n, err = tx.DropStores(r.shop, r.row.Number, rowsAtOnce)
			return err
		})
		if err != nil {
			return fmt.Errorf("remove stores: %w", err)
		}
	}
	r.body.Stores, r.body.Levels = len(stores), levels(len(stores))
	body, err := encode(&r.body)
	if err != nil {
		return err
	}
	for some := range slices.Chunk(storeRows(stores), storeRowsAtOnce) {
		err := r.step(ctx, func(tx Tx, row *JobRow) error {
			row.Body = body
			return tx.KeepStores(r.shop, r.row.Number, some)
		})
		if err != nil {
			return fmt.Errorf("keep stores: %w", err)
		}
	}
	return nil
}

// findStores reads the stores of the layer and which of them the shop has.
func (r *running) findStores(ctx context.Context) (err error) {
	if r.stores, err = r.book.readStores(ctx, r.shop, r.row.Number); err != nil {
		return fmt.Errorf("read stores: %w", err)
	}
	known, err := r.book.goods.Stores(ctx, r.shop)
	if err != nil {
		return fmt.Errorf("stores: %w", err)
	}
	has := make(map[string]bool, len(known))
	for _, s := range known {
		has[s] = true
	}
	for _, s := range r.body.Foreign {
		delete(has, s)
	}
	r.valid = make([]bool, len(r.stores))
	for i, s := range r.stores {
		r.valid[i] = has[s]
	}
	return nil
}

// span says when and where the layer holds.
func (r *running) span() Span {
	s := Span{Start: r.body.Start.Time().UnixMicro(), End: r.body.End.Time().UnixMicro(), Stores: everywhere}
	if r.body.Every {
		return s // those that come later, too
	}
	s.Stores = 0
	for _, store := range r.stores {
		s.Stores |= mask(hash(store))
	}
	return s
}
