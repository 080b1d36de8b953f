package capture

import (
	"context"
	"fmt"
	"time"
)

// Old returns how many captures of a shop ended before a moment and are kept
// still.
func (r *Recorder) Old(ctx context.Context, shop string, before time.Time) (n int, err error) {
	list, err := r.List(ctx, shop)
	for i := range list {
		if list[i].Until.Before(before) {
			n++
		}
	}
	return n, err
}

// RemoveOld removes those captures with all that was recorded.
func (r *Recorder) RemoveOld(ctx context.Context, shop string, before time.Time) (n int, err error) {
	list, err := r.List(ctx, shop)
	if err != nil {
		return 0, err
	}
	for _, c := range list {
		if !c.Until.Before(before) {
			continue
		}
		if err := r.remove(ctx, c); err != nil {
			return n, fmt.Errorf("remove capture: %w", err)
		}
		n++
	}
	return n, nil
}
