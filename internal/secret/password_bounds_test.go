package secret

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
)

// TestPasswordsAreBounded: a flood is told to come again instead of taking all
// memory.
func TestPasswordsAreBounded(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		p := NewPasswords()
		ended, cancel := context.WithCancel(t.Context())
		free := make(chan struct{})
		working, done := 0, make(chan error, 200)
		for range 200 {
			go func() {
				done <- p.work(ended, func() {
					working++
					<-free
				})
			}()
			synctest.Wait()
		}
		if working != passwordsAtATime || p.waiting.Load() != passwordsAtATime+passwordsWaiting {
			t.Errorf("%d are worked on, %d are in", working, p.waiting.Load())
		}
		for range 200 - passwordsAtATime - passwordsWaiting {
			if err := <-done; !errors.Is(err, ErrPasswordsBusy) {
				t.Fatalf("too many: %v", err)
			}
		}
		// Who has gone is not served.
		cancel()
		for range passwordsWaiting {
			if err := <-done; !errors.Is(err, context.Canceled) {
				t.Fatalf("gone: %v", err)
			}
		}
		close(free)
		for range passwordsAtATime {
			if err := <-done; err != nil {
				t.Fatal(err)
			}
		}
		if err := p.work(ended, func() {}); !errors.Is(err, context.Canceled) {
			t.Errorf("gone before: %v", err)
		}
		if err := p.work(t.Context(), func() {}); err != nil || p.waiting.Load() != 0 {
			t.Errorf("after the flood: %v, %d are in", err, p.waiting.Load())
		}
	})
}
