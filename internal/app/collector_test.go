package app

import "testing"

func TestGarbagePercent(t *testing.T) {
	t.Parallel()
	f := func(live uint64, want int) {
		t.Helper()
		if got := garbagePercent(live); got != want {
			t.Errorf("%d bytes: %d %%, want %d", live, got, want)
		}
	}
	f(0, 300)
	f(10<<20, 300)
	f(64<<20, 200)
	f(128<<20, 100)
	f(1<<30, 50)
}
