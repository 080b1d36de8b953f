package alert_test

import (
	"context"
	"log/slog"
	"testing"
	"testing/synctest"
	"time"

	"github.com/ordermux/ordermux/internal/alert"
)

func TestWatcher(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		e := &ear{name: "mail"}
		var now []alert.Trouble
		gather := func(context.Context) ([]alert.Trouble, error) { return now, nil }
		w := alert.NewWatcher(alert.NewBook(memory{}, e), gather, time.Now, slog.New(slog.DiscardHandler))
		ctx, cancel := context.WithCancel(t.Context())
		go w.Run(ctx, 30*time.Second)
		synctest.Wait()
		now = []alert.Trouble{blocked}
		time.Sleep(29 * time.Second)
		synctest.Wait()
		e.expect(t)
		time.Sleep(time.Second)
		synctest.Wait()
		e.expect(t, "route_blocked nordlys/ads raised")
		now = nil
		w.Nudge()
		w.Nudge()
		synctest.Wait()
		e.expect(t, "route_blocked nordlys/ads ended")
		cancel()
		synctest.Wait()
	})
}
