package trustpilot

import (
	"strings"
	"time"

	"github.com/ordermux/ordermux/internal/order"
)

// sendTimeLayout is how preferredSendTime is written: UTC without a zone, as
// the help page has it.
const sendTimeLayout = "2006-01-02T15:04:05"

// writeSendTime writes an instant as preferredSendTime.
func writeSendTime(t time.Time) string { return t.UTC().Format(sendTimeLayout) }

// readSendTime reads the spellings that are about: 2013-09-07T13:37:00 (help
// page), 09/07/2013 13:37:00 with the month first (developer pages), and with a
// fraction, Z or an offset as clients send it. No zone: UTC.
func readSendTime(text string) (order.Time, bool) {
	text = strings.TrimSpace(text)
	if len(text) >= 10 && text[2] == '/' && text[5] == '/' {
		text = text[6:10] + "-" + text[0:2] + "-" + text[3:5] + text[10:]
	}
	if len(text) > 10 && text[10] == ' ' {
		text = text[:10] + "T" + strings.TrimLeft(text[10:], " ")
	}
	// PHP's DATE_ISO8601 leaves the colon of the offset out.
	if n := len(text); n > 20 && (text[n-5] == '+' || text[n-5] == '-') {
		text = text[:n-2] + ":" + text[n-2:]
	}
	if t, err := order.ParseTime(text); err == nil {
		return t, true
	}
	if t, err := order.ParseTime(text + "Z"); err == nil {
		return t, true
	}
	return order.Time{}, false
}
