package intake

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/ordermux/ordermux/internal/order"
)

// dateWords are the notation of date_format and Go's own, longest first where
// one begins like another.
var dateWords = []struct{ ours, layout string }{
	{"YYYY", "2006"}, {"YY", "06"},
	{"MMMM", "January"}, {"MMM", "Jan"}, {"MM", "01"}, {"M", "1"},
	{"DD", "02"}, {"D", "2"},
	{"HH", "15"}, {"H", "15"}, // Go reads one digit or two
	{"hh", "03"}, {"h", "3"},
	{"mm", "04"}, {"m", "4"},
	{"SSS", "000"}, {"ss", "05"}, {"s", "5"},
	{"A", "PM"}, {"a", "pm"},
	{"Z", "Z07:00"},
}

// Seconds and milliseconds since 1970, instead of a notation.
const (
	dateUnix   = "unix"
	dateUnixMs = "unix_ms"
)

// dateLayout turns "DD-MM-YY H:mm" into Go's layout. Text between single
// quotes is meant literally.
func dateLayout(format string) (string, error) {
	switch format {
	case "":
		return time.RFC3339, nil
	case dateUnix, dateUnixMs:
		return format, nil
	}
	var out strings.Builder
	seen := map[byte]bool{}
	for rest := format; rest != ""; {
		if rest[0] == '\'' {
			literal, after, ok := strings.Cut(rest[1:], "'")
			if !ok {
				return "", fmt.Errorf("%q: a quote is not closed", format)
			}
			if strings.ContainsAny(literal, "0123456789") {
				return "", fmt.Errorf("%q: digits can not be meant literally", format)
			}
			out.WriteString(literal)
			rest = after
			continue
		}
		word, layout, ok := dateWord(rest)
		switch {
		case ok:
			out.WriteString(layout)
			seen[word[0]] = true
			rest = rest[len(word):]
		case strings.IndexByte(" -/.,:_T", rest[0]) >= 0:
			out.WriteByte(rest[0])
			rest = rest[1:]
		default:
			return "", fmt.Errorf("%q: %q is not known; it knows YYYY YY MMMM MMM MM M DD D HH H hh h mm m ss s SSS A Z and blanks - / . , : T", format, rest[:1])
		}
	}
	if !seen['Y'] || !seen['M'] || !seen['D'] {
		return "", fmt.Errorf("%q: year, month or day is missing", format)
	}
	return out.String(), nil
}

func dateWord(text string) (word, layout string, ok bool) {
	for _, w := range dateWords {
		if strings.HasPrefix(text, w.ours) {
			return w.ours, w.layout, true
		}
	}
	return "", "", false
}

// parseDate reads a date in a layout of dateLayout; without an offset it is
// local to loc.
func parseDate(layout, text string, loc *time.Location) (order.Time, error) {
	switch layout {
	case dateUnix, dateUnixMs:
		n, err := strconv.ParseInt(text, 10, 64)
		if err != nil {
			return order.Time{}, fmt.Errorf("is no number of seconds since 1970")
		}
		at := time.Unix(n, 0)
		if layout == dateUnixMs {
			at = time.UnixMilli(n)
		}
		return order.At(at.In(loc)), nil
	case time.RFC3339:
		t, err := order.ParseTime(text)
		if err != nil {
			return order.Time{}, fmt.Errorf("is no RFC 3339 time with offset")
		}
		return t, nil
	}
	at, err := time.ParseInLocation(layout, text, loc)
	if err != nil {
		return order.Time{}, fmt.Errorf("is no date of the form given by date_format")
	}
	return order.At(at), nil
}
