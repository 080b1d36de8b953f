package webhook

import (
	"encoding/hex"
	"fmt"
	"strconv"
	"time"

	"github.com/ordermux/ordermux/internal/json"
	"github.com/ordermux/ordermux/internal/partner"
)

// appendEvent appends the body of one event; README.md shows it. Members
// without a value are left out.
func appendEvent(b []byte, t *partner.Task) ([]byte, error) {
	e := &t.Event
	b = append(b, `{"id":`...)
	b = appendText(b, t.Key)
	b = append(b, `,"type":`...)
	b = appendText(b, e.Subject.Kind+"."+string(e.Kind))
	b = append(b, `,"timestamp":"`...)
	b = e.At.UTC().AppendFormat(b, time.RFC3339Nano)
	b = append(b, `","shop":`...)
	b = appendText(b, e.Shop)
	b = append(b, `,"seq":`...)
	b = strconv.AppendInt(b, e.Seq, 10)
	b = append(b, `,"order_id":`...)
	b = appendText(b, e.Subject.ID)
	b = append(b, `,"source":`...)
	b = appendText(b, e.Source.Name)
	b = append(b, `,"hash":"`...)
	b = hex.AppendEncode(b, e.Hash[:])
	b = append(b, `","data":`...)
	b, err := appendData(b, t)
	return append(b, '}'), err
}

func appendData(b []byte, t *partner.Task) ([]byte, error) {
	b = append(b, '{')
	var err error
	if t.Order != nil {
		b = append(b, `"order":`...)
		if b, err = json.AppendOrder(b, t.Order); err != nil {
			return b, fmt.Errorf("encode order: %w", err)
		}
	}
	if t.Event.Happening != nil {
		if t.Order != nil {
			b = append(b, ',')
		}
		b = append(b, `"happening":`...)
		if b, err = json.AppendHappening(b, t.Event.Happening); err != nil {
			return b, fmt.Errorf("encode happening: %w", err)
		}
	}
	return append(b, '}'), nil
}

// appendText appends a JSON string.
func appendText(b []byte, s string) []byte {
	for i := range len(s) {
		if c := s[i]; c < ' ' || c >= 0x7f || c == '"' || c == '\\' {
			if quoted, err := json.Marshal(s); err == nil {
				return append(b, quoted...)
			}
			return append(b, `""`...) // invalid UTF-8, which no ledger takes
		}
	}
	b = append(b, '"')
	b = append(b, s...)
	return append(b, '"')
}

// appendBatch appends the body of several events.
func appendBatch(b []byte, tasks []partner.Task) ([]byte, error) {
	b = append(b, `{"events":[`...)
	for i := range tasks {
		if i > 0 {
			b = append(b, ',')
		}
		var err error
		if b, err = appendEvent(b, &tasks[i]); err != nil {
			return b, err
		}
	}
	return append(b, `]}`...), nil
}
