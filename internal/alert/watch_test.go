package alert_test

import (
	"context"
	"log/slog"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/ordermux/ordermux/internal/alert"
)

func TestWatcher(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		e := &ear{name: "mail"}
		var now atomic.Pointer[[]alert.Trouble]
		set := func(list ...alert.Trouble) { now.Store(&list) }
		set()
		gather := func(context.Context) ([]alert.Trouble, error) { return *now.Load(), nil }
		w := alert.NewWatcher(alert.NewBook(memory{}, e), gather, time.Now, slog.New(slog.DiscardHandler))
		ctx, cancel := context.WithCancel(t.Context())
		go w.Run(ctx, 30*time.Second)
		synctest.Wait()
		set(blocked)
		time.Sleep(29 * time.Second)
		synctest.Wait()
		e.expect(t)
		time.Sleep(time.Second)
		synctest.Wait()
		e.expect(t, "route_blocked nordlys/ads raised")
		set()
		w.Nudge()
		w.Nudge()
		synctest.Wait()
		e.expect(t, "route_blocked nordlys/ads ended")
		cancel()
		synctest.Wait()
	})
}
