package promotion

import (
	"bytes"
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/ordermux/ordermux/internal/json"
)

// Book is the promotions of shops. Safe for concurrent use, on several nodes at
// a time.
type Book struct {
	store Store
	goods Catalogue
	rests float64 // how long it rests for a while of work
	kept  func(shop string) time.Duration
}

// New returns a Book over a store and what shops sell.
func New(s Store, c Catalogue) *Book { return &Book{store: s, goods: c} }

// Keep lets a shop say for how long its promotions behind their end, jobs and
// changes are kept, at least 8 days; otherwise for 90. Call it before anything
// else.
func (b *Book) Keep(f func(shop string) time.Duration) { b.kept = f }

// keptRows is for how long a shop's promotions behind their end are kept.
func (b *Book) keptRows(shop string) time.Duration {
	if b.kept == nil {
		return keptRows
	}
	return max(b.kept(shop), keptContent+24*time.Hour)
}

// Pace lets whoever runs jobs, and removes what is left, work at most such a
// share of the time (above 0, at most 1), for the sake of what else the machine
// has to do: a job asks the catalogue for millions of pairs. Call it before
// anything else.
func (b *Book) Pace(share float64) { b.rests = 1/share - 1 }

// mostRest bounds a rest: what took long may have waited rather than worked.
const mostRest = 100 * time.Millisecond

// rest follows on some work.
func (b *Book) rest(ctx context.Context, worked time.Duration) error {
	if b.rests <= 0 {
		return nil
	}
	t := time.NewTimer(min(time.Duration(b.rests*float64(worked)), mostRest))
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// jobBody is what a job keeps of its request beside stores and SKUs.
type jobBody struct {
	Header
	Every    bool   `json:"every,omitzero"`
	Inactive bool   `json:"inactive,omitzero"`
	Stores   int    `json:"stores"`
	SKUs     int    `json:"skus"`
	Levels   int64  `json:"levels"` // rows of stores
	Print    []byte `json:"print"`
	Adds     bool   `json:"adds,omitzero"` // SKUs, not only takes out

	Named   map[string]string `json:"named,omitzero"`
	Foreign []string          `json:"foreign,omitzero"`
}

// tally is a job's result as it grows, in its row.
type tally struct {
	Result
	Promotion int64  `json:"promotion,omitzero"`
	Content   []byte `json:"content,omitzero"` // digest of the layer so far
}

// promotionBody is what a promotion's row keeps beside its columns.
type promotionBody struct {
	Header
	Every   bool   `json:"every,omitzero"`
	Stores  int    `json:"stores"`
	Layer   int64  `json:"layer,omitzero"` // the newest
	Content []byte `json:"content,omitzero"`
}

func encode(v any) ([]byte, error) {
	b, err := json.Marshal(v)
	if err != nil {
		return nil, fmt.Errorf("encode: %w", err)
	}
	return b, nil
}

func decode[T any](b []byte) (v T, err error) {
	if len(b) == 0 {
		return v, nil
	}
	if err := json.Unmarshal(b, &v); err != nil {
		return v, fmt.Errorf("decode: %w", err)
	}
	return v, nil
}

func moment(micros int64) time.Time { return time.UnixMicro(micros).UTC() }

var jobStates = []JobState{Queued, Queued, InProgress, Completed, Failed, Duplicate}

// job is a row for callers.
func (r *JobRow) job() (Job, error) {
	body, err := decode[jobBody](r.Body)
	if err != nil {
		return Job{}, fmt.Errorf("job: %w", err)
	}
	t, err := decode[tally](r.Result)
	if err != nil {
		return Job{}, fmt.Errorf("result of a job: %w", err)
	}
	j := Job{
		ID: r.ID, Number: r.Number, State: jobStates[r.State], Created: moment(r.Created), Updated: moment(r.Updated),
		Promotion: t.Promotion, Of: r.Of, Stores: body.Stores, SKUs: body.SKUs, Result: t.Result,
		Named: body.Named,
	}
	return j, nil
}

var states = []State{Planned, Running, Ended, Deactivated}

// promotion is a row for callers.
func (r *PromotionRow) promotion() (*Promotion, error) {
	body, err := decode[promotionBody](r.Body)
	if err != nil {
		return nil, fmt.Errorf("promotion: %w", err)
	}
	return &Promotion{
		ID: r.ID, Header: body.Header, Every: body.Every, Stores: body.Stores, State: states[r.State],
		Created: moment(r.Created), Changed: moment(r.Changed),
	}, nil
}

// Job returns a job; nil: there is none of this id, or it is long over.
func (b *Book) Job(ctx context.Context, shop, id string) (found *Job, err error) {
	number, ok := numberOf(id)
	if !ok {
		return nil, nil
	}
	err = b.store.Look(ctx, func(l Lookup) error {
		found = nil
		rows, err := l.Jobs(shop, []int64{number})
		if err != nil || len(rows) == 0 || rows[0].ID != id || rows[0].State == RowReceiving {
			return err
		}
		j, err := rows[0].job()
		found = &j
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("find promotion job: %w", err)
	}
	return found, nil
}

// Jobs returns jobs with numbers below before (0: all), the newest first, at
// most limit, at most 500. Jobs are kept for 90 days behind their end.
func (b *Book) Jobs(ctx context.Context, shop string, before int64, limit int) (page []Job, err error) {
	limit = min(max(limit, 1), 500)
	err = b.store.Look(ctx, func(l Lookup) error {
		page = nil
		head, err := l.Head(shop)
		if err != nil {
			return err
		}
		at := head.Number
		if before > 0 {
			at = min(at, before-1)
		}
		// Numbers have no gaps but where a request was never whole, and below the
		// oldest that is kept.
		for found := true; found && at > 0 && len(page) < limit; {
			var some []Job
			if some, at, err = jobsDown(l, shop, at, limit-len(page)); err != nil {
				return err
			}
			page, found = append(page, some...), len(some) > 0
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("list promotion jobs: %w", err)
	}
	return page, nil
}

// jobsDown returns the jobs with at most so many numbers from one on downwards,
// and the number below them.
func jobsDown(l Lookup, shop string, at int64, most int) (some []Job, next int64, err error) {
	numbers := make([]int64, 0, most)
	for ; at > 0 && len(numbers) < most; at-- {
		numbers = append(numbers, at)
	}
	rows, err := l.Jobs(shop, numbers)
	if err != nil {
		return nil, 0, err
	}
	slices.SortFunc(rows, func(a, b JobRow) int { return cmp.Compare(b.Number, a.Number) })
	for i := range rows {
		if rows[i].State == RowReceiving {
			continue
		}
		j, err := rows[i].job()
		if err != nil {
			return nil, 0, err
		}
		some = append(some, j)
	}
	return some, at, nil
}

// Find returns a promotion; nil: there is none, or it ended long ago.
func (b *Book) Find(ctx context.Context, shop string, id int64) (found *Promotion, err error) {
	err = b.store.Look(ctx, func(l Lookup) error {
		found = nil
		rows, err := l.Promotions(shop, []int64{id})
		if err == nil && len(rows) == 1 {
			found, err = rows[0].promotion()
		}
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("find promotion: %w", err)
	}
	return found, nil
}

// List returns promotions with ids below before (0: all), the newest first, at
// most 500.
func (b *Book) List(ctx context.Context, shop string, before int64, limit int) (page []Promotion, err error) {
	if before <= 0 {
		before = 1<<63 - 1
	}
	err = b.store.Look(ctx, func(l Lookup) error {
		page = nil
		rows, err := l.ListPromotions(shop, before, min(max(limit, 1), 500))
		for i := range rows {
			p, err := rows[i].promotion()
			if err != nil {
				return err
			}
			page = append(page, *p)
		}
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("list promotions: %w", err)
	}
	return page, nil
}

// Stores returns the stores that a promotion's newest request names, sorted;
// of Every those that the shop had then. Nil: there is none, or its content is
// removed.
func (b *Book) Stores(ctx context.Context, shop string, id int64) ([]string, error) {
	var layer int64
	err := b.store.Look(ctx, func(l Lookup) (err error) {
		_, layer, err = l.Layers(shop, id)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("stores of promotion: %w", err)
	}
	stores, err := b.readStores(ctx, shop, layer)
	if err != nil {
		return nil, fmt.Errorf("stores of promotion: %w", err)
	}
	return stores, nil
}

// readStores returns a layer's stores by their numbers, which is sorted.
func (b *Book) readStores(ctx context.Context, shop string, layer int64) ([]string, error) {
	const page = 200
	numbered := map[int]string{}
	for from := int64(0); ; {
		var rows []StoreRow
		err := b.store.Look(ctx, func(l Lookup) (err error) {
			rows, err = l.StoreBlocks(shop, layer, from, page)
			return err
		})
		if err != nil {
			return nil, err
		}
		for i := range rows {
			from = rows[i].Bucket + 1
			err := eachStore(rows[i].Body, func(store string, number int) bool { numbered[number] = store; return true })
			if err != nil {
				return nil, err
			}
		}
		if len(rows) < page {
			break
		}
	}
	stores := make([]string, len(numbered))
	for _, n := range slices.Sorted(maps.Keys(numbered)) {
		if n >= len(stores) {
			return nil, errBlock
		}
		stores[n] = numbered[n]
	}
	return stores, nil
}

func equalJSON(a, b any) bool {
	x, errX := encode(a)
	y, errY := encode(b)
	return errX == nil && errY == nil && bytes.Equal(x, y)
}
