package order

import "time"

// Time is an instant that keeps the text and offset it was written with. The
// zero value is "not set".
type Time struct {
	at   time.Time
	text string
}

// ParseTime reads an RFC 3339 time with offset ("Z" or "+10:00"), seconds, and
// a fraction of up to nine digits; years 1 to 9999. The text is kept verbatim.
// The error is a ValueError.
func ParseTime(text string) (Time, error) {
	at, err := parseTime(text)
	if err != nil {
		return Time{}, err
	}
	return Time{at: at, text: text}, nil
}

// At makes a Time of t, written as RFC 3339 in t's own offset. A t that can
// not be written so (the year is outside 1 to 9999) is "not set".
func At(t time.Time) Time {
	if y := t.Year(); y < 1 || y > 9999 {
		return Time{}
	}
	if _, seconds := t.Zone(); seconds%60 != 0 {
		t = t.UTC() // RFC 3339 has no seconds in offsets; old zones of local mean time do
	}
	return Time{at: t.Round(0), text: t.Format(time.RFC3339Nano)}
}

// Time returns the instant, in the offset it was written with.
func (t Time) Time() time.Time { return t.at }

// String returns the text as written; "" if it is not set.
func (t Time) String() string { return t.text }

// IsZero reports whether the time is not set.
func (t Time) IsZero() bool { return t.text == "" }

// Equal reports whether both are the same instant, or both are not set.
func (t Time) Equal(u Time) bool {
	return t.text == u.text || (t.text != "" && u.text != "" && t.at.Equal(u.at))
}

// AppendText appends the text as written.
func (t Time) AppendText(b []byte) ([]byte, error) { return append(b, t.text...), nil }

// MarshalText returns the text as written.
func (t Time) MarshalText() ([]byte, error) { return []byte(t.text), nil }

// UnmarshalText reads what ParseTime reads.
func (t *Time) UnmarshalText(b []byte) error {
	at, err := parseTime(b)
	if err != nil {
		return err
	}
	*t = Time{at: at, text: string(b)}
	return nil
}

// parseTime reads by hand: time.Parse takes things RFC 3339 does not have
// (a comma before the fraction, one-digit hours) and costs three times as much.
func parseTime[T string | []byte](s T) (time.Time, error) {
	year, month, day, ok := date(s)
	if !ok {
		return time.Time{}, ErrNotTime
	}
	if len(s) == 10 {
		return time.Time{}, ErrDateOnly
	}
	if s[10] != 'T' || len(s) < 19 || s[13] != ':' || s[16] != ':' {
		return time.Time{}, ErrNotTime
	}
	hour, okH := digits2(s, 11)
	minute, okM := digits2(s, 14)
	second, okS := digits2(s, 17)
	if !okH || !okM || !okS {
		return time.Time{}, ErrNotTime
	}
	nano, next, err := fraction(s, 19)
	if err != nil {
		return time.Time{}, err
	}
	zone, err := offset(s, next)
	if err != nil {
		return time.Time{}, err
	}
	if year == 0 || month < 1 || month > 12 || day < 1 || day > daysIn(year, month) ||
		hour > 23 || minute > 59 || second > 59 {
		return time.Time{}, ErrNoSuchTime
	}
	return time.Date(year, time.Month(month), day, hour, minute, second, nano, zone), nil
}

func date[T string | []byte](s T) (year, month, day int, ok bool) {
	if len(s) < 10 || s[4] != '-' || s[7] != '-' {
		return 0, 0, 0, false
	}
	century, ok1 := digits2(s, 0)
	years, ok2 := digits2(s, 2)
	month, ok3 := digits2(s, 5)
	day, ok4 := digits2(s, 8)
	return century*100 + years, month, day, ok1 && ok2 && ok3 && ok4
}

// fraction reads ".123" at i, if it is there, as nanoseconds.
func fraction[T string | []byte](s T, i int) (nano, next int, err error) {
	if i >= len(s) || s[i] != '.' {
		return 0, i, nil
	}
	i++
	first := i
	for ; i < len(s) && s[i] >= '0' && s[i] <= '9'; i++ {
		if i-first == 9 {
			return 0, i, ErrTooFine
		}
		nano = nano*10 + int(s[i]-'0')
	}
	if i == first {
		return 0, i, ErrNotTime
	}
	for range 9 - (i - first) {
		nano *= 10
	}
	return nano, i, nil
}

// offset reads "Z" or "+10:00", which must end the text.
func offset[T string | []byte](s T, i int) (*time.Location, error) {
	if i == len(s) {
		return nil, ErrNoOffset
	}
	if s[i] == 'Z' && i+1 == len(s) {
		return time.UTC, nil
	}
	if (s[i] != '+' && s[i] != '-') || len(s) != i+6 || s[i+3] != ':' {
		return nil, ErrNotTime
	}
	hours, okH := digits2(s, i+1)
	minutes, okM := digits2(s, i+4)
	if !okH || !okM || hours > 23 || minutes > 59 {
		return nil, ErrNotTime
	}
	seconds := hours*3600 + minutes*60
	if s[i] == '-' {
		seconds = -seconds
	}
	return time.FixedZone("", seconds), nil
}

func digits2[T string | []byte](s T, i int) (int, bool) {
	a, b := s[i]-'0', s[i+1]-'0'
	return int(a)*10 + int(b), a <= 9 && b <= 9
}

func daysIn(year, month int) int {
	switch month {
	case 2:
		if year%4 == 0 && (year%100 != 0 || year%400 == 0) {
			return 29
		}
		return 28
	case 4, 6, 9, 11:
		return 30
	}
	return 31
}
