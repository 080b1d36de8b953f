package order_test

import (
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/ordermux/ordermux/internal/order"
	"github.com/ordermux/ordermux/internal/order/ordertest"
)

func TestParseTimeRefuses(t *testing.T) {
	t.Parallel()
	f := func(text string, want order.ValueError) {
		t.Helper()
		if _, err := order.ParseTime(text); err != want {
			t.Errorf("ParseTime(%q) = %v, want %v", text, err, want)
		}
	}
	// no offset
	f("2026-05-31", order.ErrDateOnly)
	f("2026-05-31T09:30:00", order.ErrNoOffset)
	f("2026-05-31T09:30:00.5", order.ErrNoOffset)
	// other people's ways
	f("", order.ErrNotTime)
	f("1780213800", order.ErrNotTime)
	f("31.05.2026", order.ErrNotTime)
	f("2026-5-31T09:30:00Z", order.ErrNotTime)
	f("2026-05-31 09:30:00Z", order.ErrNotTime)
	f("2026-05-31t09:30:00z", order.ErrNotTime)
	f("2026-05-31T09:30Z", order.ErrNotTime)
	f("2026-05-31T9:30:00Z", order.ErrNotTime)
	f("2026-05-31T09:30:00,5Z", order.ErrNotTime)
	f("2026-05-31T09:30:00.Z", order.ErrNotTime)
	f("2026-05-31T09:30:00+1000", order.ErrNotTime)
	f("2026-05-31T09:30:00+10", order.ErrNotTime)
	f("2026-05-31T09:30:00+24:00", order.ErrNotTime)
	f("2026-05-31T09:30:00+10:60", order.ErrNotTime)
	f("2026-05-31T09:30:00Z ", order.ErrNotTime)
	f("2026-05-31T09:30:00 Z", order.ErrNotTime)
	f("20260531T093000Z", order.ErrNotTime)
	f("2026-05-31T", order.ErrNotTime)
	f("2026-05-3aT09:30:00Z", order.ErrNotTime)
	f("+026-05-31T09:30:00Z", order.ErrNotTime)
	// no such time
	f("2026-02-29T09:30:00Z", order.ErrNoSuchTime)
	f("2026-13-01T09:30:00Z", order.ErrNoSuchTime)
	f("2026-00-01T09:30:00Z", order.ErrNoSuchTime)
	f("2026-01-00T09:30:00Z", order.ErrNoSuchTime)
	f("2026-04-31T09:30:00Z", order.ErrNoSuchTime)
	f("2026-05-31T24:00:00Z", order.ErrNoSuchTime)
	f("2026-05-31T09:60:00Z", order.ErrNoSuchTime)
	f("2026-12-31T23:59:60Z", order.ErrNoSuchTime)
	f("0000-05-31T09:30:00Z", order.ErrNoSuchTime)
	f("2026-05-31T09:30:00.1234567890Z", order.ErrTooFine)
}

func TestParseTimeKeepsTextAndInstant(t *testing.T) {
	t.Parallel()
	for _, text := range []string{
		"2026-05-31T09:30:00+10:00", "2024-02-29T00:00:00Z", "2026-05-31T09:30:00.120-03:30",
		"0001-01-01T00:00:00Z", "9999-12-31T23:59:59.999999999Z", "2000-02-29T00:00:00-00:00",
	} {
		got, err := order.ParseTime(text)
		if err != nil || got.String() != text || got.IsZero() {
			t.Errorf("%s: %s, %v", text, got, err)
		}
		want, _ := time.Parse(time.RFC3339Nano, text)
		if !got.Time().Equal(want) {
			t.Errorf("%s: %v, want %v", text, got.Time(), want)
		}
	}
}

func TestTimeAgainstStandardLibrary(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		text := ordertest.Time().Draw(t, "text")
		got, err := order.ParseTime(text)
		if err != nil {
			t.Fatalf("%s: %v", text, err)
		}
		want, err := time.Parse(time.RFC3339Nano, text)
		if err != nil {
			t.Fatal(err)
		}
		_, offset := got.Time().Zone()
		_, wantOffset := want.Zone()
		if !got.Time().Equal(want) || offset != wantOffset || got.String() != text {
			t.Fatalf("%s: %v, want %v", text, got.Time(), want)
		}
		again := order.At(got.Time())
		if !again.Equal(got) {
			t.Fatalf("%s: At makes %s of it", text, again)
		}
		if back, err := order.ParseTime(again.String()); err != nil || !back.Equal(got) {
			t.Fatalf("%s: written as %s, which is not read: %v", text, again, err)
		}
	})
}

func TestAt(t *testing.T) {
	t.Parallel()
	sydney := time.FixedZone("AEST", 10*3600)
	if got := order.At(time.Date(2026, 5, 31, 9, 30, 0, 0, sydney)).String(); got != "2026-05-31T09:30:00+10:00" {
		t.Errorf("At: %s", got)
	}
	lmt := time.FixedZone("LMT", 3600+17)
	if got := order.At(time.Date(1890, 1, 1, 1, 0, 17, 0, lmt)).String(); got != "1890-01-01T00:00:00Z" {
		t.Errorf("At with an offset of seconds: %s", got)
	}
	if !order.At(time.Date(10000, 1, 1, 0, 0, 0, 0, time.UTC)).IsZero() {
		t.Error("the year 10000 can not be written")
	}
	if order.At(time.Now()).Equal(order.Time{}) || !(order.Time{}).Equal(order.Time{}) {
		t.Error("not set equals only not set")
	}
}

func FuzzParseTime(f *testing.F) {
	for _, seed := range []string{"2026-05-31T09:30:00+10:00", "2026-05-31", "2026-02-30T00:00:00.5Z", "9999-12-31T23:59:59-23:59"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		got, err := order.ParseTime(text)
		if err != nil {
			if !got.IsZero() || len(text) > 6 && strings.Contains(err.Error(), text) && !strings.Contains(string(order.ErrNotTime+order.ErrDateOnly), text) {
				t.Fatalf("%q: %v, error %v", text, got, err)
			}
			return
		}
		want, err := time.Parse(time.RFC3339Nano, text)
		if err != nil || !got.Time().Equal(want) || got.String() != text {
			t.Fatalf("%q: %v, the standard library says %v, %v", text, got.Time(), want, err)
		}
	})
}

func BenchmarkParseTime(b *testing.B) {
	text := []byte("2026-05-31T09:30:00+10:00")
	var at order.Time
	b.ReportAllocs()
	for b.Loop() {
		_ = at.UnmarshalText(text)
	}
}
