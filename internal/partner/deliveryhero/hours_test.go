package deliveryhero

import (
	"testing"
	"time"
)

func TestNextSpan(t *testing.T) {
	t.Parallel()
	zone, err := time.LoadLocation("America/Montevideo")
	if err != nil {
		t.Fatal(err)
	}
	var week []hours
	for _, s := range []string{"1=08:00-12:00", "1=14:00-24:00", "5=00:00-23:30", "7 = 10:30 - 13:00"} {
		h, ok := hoursOf(s)
		if !ok {
			t.Fatal(s)
		}
		week = append(week, h)
	}
	f := func(now, from, to string) {
		t.Helper()
		at, err := time.ParseInLocation("2006-01-02 15:04", now, zone)
		if err != nil {
			t.Fatal(err)
		}
		s, ok := nextSpan(week, at)
		if got := s.from.Format("2006-01-02 15:04"); !ok || got != from {
			t.Errorf("%s: from %s", now, got)
		}
		if got := s.to.Format("2006-01-02 15:04"); got != to {
			t.Errorf("%s: to %s", now, got)
		}
	}
	// 2026-03-02 is a Monday.
	f("2026-03-02 07:59", "2026-03-02 08:00", "2026-03-02 12:00")
	f("2026-03-02 11:59", "2026-03-02 08:00", "2026-03-02 12:00")
	f("2026-03-02 12:00", "2026-03-02 14:00", "2026-03-03 00:00")
	f("2026-03-03 00:00", "2026-03-06 00:00", "2026-03-06 23:30")
	f("2026-03-06 23:30", "2026-03-08 10:30", "2026-03-08 13:00")
	f("2026-03-08 13:00", "2026-03-09 08:00", "2026-03-09 12:00")
	if _, ok := nextSpan(nil, time.Now()); ok {
		t.Error("there are no hours")
	}
}

func TestFieldsThatAreRefused(t *testing.T) {
	t.Parallel()
	f := func(check func(string) []string, good bool, values ...string) {
		t.Helper()
		for _, v := range values {
			if (len(check(v)) == 0) != good {
				t.Errorf("%q: %v", v, check(v))
			}
		}
	}
	f(checkHours, true, "1=08:00-16:00", "7=00:00-24:00")
	f(checkHours, false, "", "0=08:00-16:00", "8=08:00-16:00", "1=08:00", "1=16:00-08:00", "1=8:00-16:00", "1=08:00-25:00", "08:00-16:00", "1=24:00-24:00")
	f(checkVendor, true, "290056", "s8ym", "SHOP-07", "a.b", "tienda_1")
	f(checkVendor, false, "*", "all", "All", "a b", "a/b", "a,b", "ñ", ".", "..", "a\\b", "12345678901234567890123456789012345678901234567890123456789012345")
	f(checkUUID, true, "c0de0000-0000-4000-8000-000000000001", "C0DE0000-0000-4000-8000-00000000000F")
	f(checkUUID, false, "", "c0de00000000400080000000000000010000", "g0de0000-0000-4000-8000-000000000001")
	f(checkCountry, true, "uy", "UY")
	f(checkCountry, false, "", "u", "ury", "1y")
	f(checkCount, true, "0", "60", "1000000000")
	f(checkCount, false, "-1", "1000000001", "x")
	f(checkHeader, true, "Authorization", "X-Webhook-Secret")
	f(checkHeader, false, "", "Host", "content-type", "a b", "a:b")
}

// TestBrands: Glovo is the one that differs; nobody is like the first.
func TestBrands(t *testing.T) {
	t.Parallel()
	for _, b := range brands {
		got := brandOf(b.Name)
		if differs := b.Name == "glovo"; got != b || got.Accepts != differs || got.ConfirmsReady != differs {
			t.Errorf("%+v", got)
		}
	}
	if brandOf("nobody").Name != "pedidosya" {
		t.Error("no brand")
	}
}

func FuzzHours(f *testing.F) {
	for _, s := range []string{"1=08:00-16:00", "7=00:00-24:00", "=", "1=-", "1=08:00-"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		h, ok := hoursOf(s)
		if ok && (h.opening >= h.closing || h.closing > 24*time.Hour || h.weekday < 0 || h.weekday > 6) {
			t.Errorf("%q: %+v", s, h)
		}
	})
}
