package deliveryhero

import (
	"strings"
	"time"
)

// hours are those of one weekday, in the shop's zone.
type hours struct {
	weekday          time.Weekday
	opening, closing time.Duration // since midnight
}

// hoursOf reads "1=08:00-16:00", where 1 is Monday and 7 Sunday; the day may
// end at 24:00. False: it is of another form.
func hoursOf(s string) (h hours, ok bool) {
	day, span, ok := strings.Cut(s, "=")
	opening, closing, both := strings.Cut(span, "-")
	day = strings.TrimSpace(day)
	if !ok || !both || len(day) != 1 || day < "1" || day > "7" {
		return h, false
	}
	from, a := clockOf(strings.TrimSpace(opening))
	to, b := clockOf(strings.TrimSpace(closing))
	return hours{time.Weekday((day[0] - '0') % 7), from, to}, a && b && from < to
}

// clockOf reads "08:00"; false: it is no time of day.
func clockOf(s string) (time.Duration, bool) {
	if s == "24:00" {
		return 24 * time.Hour, true
	}
	t, err := time.Parse("15:04", s)
	return time.Duration(t.Hour())*time.Hour + time.Duration(t.Minute())*time.Minute, err == nil && len(s) == len("15:04")
}

// span is when an outlet is open once.
type span struct{ from, to time.Time }

// on is the span of the hours on a day, in the day's zone.
func (h hours) on(day time.Time) span {
	at := func(d time.Duration) time.Time {
		return time.Date(day.Year(), day.Month(), day.Day(), int(d/time.Hour), int(d%time.Hour/time.Minute), 0, 0, day.Location())
	}
	return span{at(h.opening), at(h.closing)}
}

// next returns the span that a moment is in, or the next one within a week;
// false: there is none. now tells the zone.
func nextSpan(list []hours, now time.Time) (span, bool) {
	var best span
	for days := range 8 {
		day := time.Date(now.Year(), now.Month(), now.Day()+days, 12, 0, 0, 0, now.Location())
		for _, h := range list {
			if h.weekday != day.Weekday() {
				continue
			}
			if s := h.on(day); s.to.After(now) && (best.to.IsZero() || s.from.Before(best.from)) {
				best = s
			}
		}
		if !best.to.IsZero() {
			return best, true
		}
	}
	return best, false
}
