package deliveryhero

import (
	"context"
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// TestMeanwhile: what is short goes on while something long is done, and both
// are over when it returns.
func TestMeanwhile(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var short int
		done := false
		err := meanwhile(t.Context(), 5*time.Second, func(context.Context) error {
			if short++; short == 3 {
				return errors.New("away")
			}
			return nil
		}, func(context.Context) error {
			time.Sleep(time.Minute + time.Second)
			done = true
			panic("a cell")
		})
		if short != 13 || !done || err == nil || err.Error() != "away\npanic: a cell" {
			t.Errorf("%d times, %v, %v", short, done, err)
		}
		begun := time.Now()
		if err := meanwhile(t.Context(), 5*time.Second, idle, idle); err != nil || time.Since(begun) > 0 {
			t.Errorf("%v after %v", err, time.Since(begun))
		}
		if err := meanwhile(t.Context(), 5*time.Second, func(context.Context) error { panic("a row") }, idle); err == nil ||
			!strings.Contains(err.Error(), "a row") {
			t.Error(err)
		}
	})
}

func idle(context.Context) error { return nil }

func TestIsUrgent(t *testing.T) {
	t.Parallel()
	r := &route{chain: "c"}
	if !isUrgent(r.orderPath("o-1")) {
		t.Error("an order is not urgent")
	}
	if isUrgent(r.listPath("v/orders") + "?page=1/orders/") {
		t.Error("a list is urgent")
	}
}
