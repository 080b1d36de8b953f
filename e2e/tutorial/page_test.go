package tutorial

import "testing"

// TestMissing: what may differ from run to run does, all else is noticed.
func TestMissing(t *testing.T) {
	t.Parallel()
	f := func(want, got, first string) {
		t.Helper()
		if line := missing(want, got); line != first {
			t.Errorf("%q beside %q: %q, want %q", want, got, line, first)
		}
	}
	f("a\nb\n", "a\nb\n", "")
	f("a\nb\n", "a\n", "b")
	f("a\n", "a\nb\n", "the end, before b")
	f("a\n…\n", "a\nb\nc\n", "")
	f("…\nc\n", "a\nb\nc\n", "")
	f("…\nd\n", "a\nb\nc\n", "d")
	f("…\nc\n", "a\nc\nd\n", "the end, before d")
	f("sandbox at http://127.0.0.1:8090 (x)\n  api: 1\n…\n", "sandbox at http://127.0.0.1:8090 (x)\n  api: 1\n  b\n", "")
	f("placed 2026-11-02T15:00:00+01:00\n", "placed 2026-11-02T15:00:01+01:00\n", "placed 2026-11-02T15:00:00+01:00")
	f("  2026-11-22 15:01:05 ├─ → 200 in 7 ms, call 1\n", "  2031-01-02 01:02:03 ├─ → 200 in 123 ms, call 9\n", "")
	f("→ 200 in 7 ms\n", "→ 400 in 7 ms\n", "→ 200 in 7 ms")
	f("said: {\"a\":1,…\n", "said: {\"a\":1,\"b\":2}\n", "")
	f("said: {\"a\":1,…\n", "said: {\"a\":2}\n", "said: {\"a\":1,…")
	f("SINCE (UTC)          ORDERS\n", "SINCE (UTC)  ORDERS\n", "")
	f("whole up to #3 4373c7c00c5627f…\n", "whole up to #3 1e73c7c00c5627f…\n", "")
}
