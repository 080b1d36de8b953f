package skeepers

import (
	"time"

	"github.com/ordermux/ordermux/internal/order"
)

// The forms of dates beside RFC 3339. Those without an offset are in the
// shop's zone.
var (
	// of calls: a database's, ISO 8601 as PHP writes it, without seconds, and a
	// bare day.
	apiDates = []string{time.DateTime, "2006-01-02T15:04:05", "2006-01-02 15:04", time.DateOnly,
		"2006-01-02T15:04:05Z0700", "2006-01-02 15:04:05Z07:00", "2006-01-02T15:04", "2006-01-02T15:04Z07:00"}
)

const errDate order.ValueError = "not a date such as 2026-03-14T09:26:53Z or 2026-03-14 10:26:53"

// parseDate reads a date as the API takes it, or in one of the forms. zone is
// that of dates without an offset; nil: UTC.
func parseDate(text string, zone *time.Location, forms []string) (order.Time, error) {
	t, err := order.ParseTime(text)
	if err == nil {
		return t, nil
	}
	if zone == nil {
		zone = time.UTC
	}
	for _, form := range forms {
		if at, err := time.ParseInLocation(form, text, zone); err == nil {
			if t := order.At(at); !t.IsZero() {
				return t, nil
			}
			return order.Time{}, order.ErrNoSuchTime
		}
	}
	if err == order.ErrNoSuchTime {
		return order.Time{}, err
	}
	return order.Time{}, errDate
}
