package intake

import (
	"bufio"
	"bytes"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"iter"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/ordermux/ordermux/internal/order"
)

// Shipment is what a line of a file says of a parcel.
type Shipment struct {
	Line    int // in the file, from 1
	Order   string
	Parcel  string
	Courier string     // "": the order's
	At      order.Time // zero: not said
}

// maxShipment bounds a line, in bytes.
const maxShipment = 64 << 10

// shipmentColumns are the names that a column may have, in any letters.
var shipmentColumns = [][]string{
	{"order", "order_id", "order id"},
	{"parcel", "parcel_number", "parcel number", "tracking_number"},
	{"courier", "carrier"},
	{"date", "shipped_at", "at", "time"},
}

// The places in shipmentColumns.
const (
	orderColumn = iota
	parcelColumn
	courierColumn
	dateColumn
)

// Shipments reads a CSV file of parcels: UTF-8, a header with the columns
// order, parcel and, if wished, courier and date in any sequence; cells apart
// by comma, semicolon or tab, whichever the header has most of. A line is a
// record, so a broken one spoils no other. Dates without a time are their noon,
// or now if that is earlier; without an offset they are of the location. What
// is wrong with a line is an *order.Invalid beside it; any other error comes
// last.
func Shipments(in io.Reader, location *time.Location, now time.Time) iter.Seq2[Shipment, error] {
	return func(yield func(Shipment, error) bool) {
		lines := bufio.NewScanner(in)
		lines.Buffer(make([]byte, 0, 4096), maxShipment)
		f := shipmentFile{location: location, now: now}
		for n := 1; lines.Scan(); n++ {
			text := lines.Bytes()
			if n == 1 {
				text = bytes.TrimPrefix(text, []byte("\ufeff"))
			}
			switch {
			case len(bytes.TrimSpace(text)) == 0:
			case f.columns == nil:
				if err := f.header(text); err != nil {
					yield(Shipment{Line: n}, err)
					return
				}
			default:
				s, err := f.read(text)
				s.Line = n
				if !yield(s, err) {
					return
				}
			}
		}
		switch {
		case errors.Is(lines.Err(), bufio.ErrTooLong):
			yield(Shipment{}, fmt.Errorf("a line of more than %d bytes", maxShipment))
		case lines.Err() != nil:
			yield(Shipment{}, lines.Err())
		case f.columns == nil:
			yield(Shipment{}, errors.New("the file is empty; its first line names the columns order and parcel"))
		}
	}
}

// shipmentFile is how a file of parcels is read.
type shipmentFile struct {
	location *time.Location
	now      time.Time
	comma    rune
	columns  []int // place in a line of each of shipmentColumns; -1: none
}

// header reads the first line.
func (f *shipmentFile) header(text []byte) error {
	f.comma = ','
	most := 0
	for _, c := range []rune{',', ';', '\t'} {
		if n := bytes.Count(text, []byte(string(c))); n > most {
			f.comma, most = c, n
		}
	}
	names, err := f.cells(text)
	if err != nil {
		return fmt.Errorf("the header: %w", err)
	}
	f.columns = slices.Repeat([]int{-1}, len(shipmentColumns))
	for i, name := range names {
		at := slices.IndexFunc(shipmentColumns, func(names []string) bool { return slices.Contains(names, strings.ToLower(name)) })
		switch {
		case at < 0:
			return fmt.Errorf("the header: column %d is none of order, parcel, courier, date", i+1)
		case f.columns[at] >= 0:
			return fmt.Errorf("the header: two columns are the %s", shipmentColumns[at][0])
		}
		f.columns[at] = i
	}
	if f.columns[orderColumn] < 0 || f.columns[parcelColumn] < 0 {
		return errors.New("the header: the columns order and parcel are needed")
	}
	return nil
}

// cells splits a line.
func (f *shipmentFile) cells(text []byte) ([]string, error) {
	if !utf8.Valid(text) {
		return nil, errors.New("not valid UTF-8")
	}
	r := csv.NewReader(bytes.NewReader(text))
	r.Comma = f.comma
	cells, err := r.Read()
	if err != nil {
		return nil, errors.New("a quote without an end, or in the middle of a cell")
	}
	for i := range cells {
		cells[i] = strings.TrimSpace(cells[i])
	}
	return cells, nil
}

func (f *shipmentFile) read(text []byte) (s Shipment, err error) {
	cells, err := f.cells(text)
	if err != nil {
		return s, order.Refuse("", order.Malformed, err.Error())
	}
	var bad order.Invalid
	cell := func(column int, needed bool) string {
		at, text := f.columns[column], ""
		if at >= 0 && at < len(cells) {
			text = cells[at]
		}
		if needed && text == "" {
			bad.Faults = append(bad.Faults, order.Fault{Path: shipmentColumns[column][0], Code: order.Required, Reason: "is empty"})
		}
		return text
	}
	s = Shipment{Order: cell(orderColumn, true), Parcel: cell(parcelColumn, true), Courier: cell(courierColumn, false)}
	if date := cell(dateColumn, false); date != "" {
		if s.At, err = f.date(date); err != nil {
			bad.Faults = append(bad.Faults, order.Fault{Path: "date", Code: order.Malformed, Reason: err.Error()})
		}
	}
	if len(bad.Faults) > 0 {
		return s, &bad
	}
	return s, nil
}

// shipmentTimes are how a date with a time may be written, without an offset.
var shipmentTimes = []string{
	"2006-01-02 15:04:05", "2006-01-02 15:04", "2006-01-02T15:04:05", "2006-01-02T15:04", "02.01.2006 15:04:05", "02.01.2006 15:04",
}

func (f *shipmentFile) date(text string) (order.Time, error) {
	if t, err := order.ParseTime(text); err == nil {
		return t, nil
	}
	for _, layout := range shipmentTimes {
		if t, err := time.ParseInLocation(layout, text, f.location); err == nil {
			return order.At(t), nil
		}
	}
	for _, layout := range []string{time.DateOnly, "02.01.2006"} {
		t, err := time.ParseInLocation(layout, text, f.location)
		if err != nil {
			continue
		}
		noon := time.Date(t.Year(), t.Month(), t.Day(), 12, 0, 0, 0, f.location)
		if now := f.now.In(f.location); now.Before(noon) && !now.Before(t) {
			noon = now
		}
		return order.At(noon), nil
	}
	return order.Time{}, errors.New("is no date such as 2026-05-31, 2026-05-31 09:30 or 2026-05-31T09:30:00+02:00")
}
