package partner

import (
	"cmp"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/ordermux/ordermux/internal/order"
)

// CellFault is one complaint about a file: about a cell, or about a line.
type CellFault struct {
	Line   int    // in the file, from 1
	Column string // as the file's header names it; "": the whole line
	Value  string // as it may be shown to whoever handed the file in: Masked where personal
	Reason string // for people, without personal data
}

// Masked stands where a personal value stood.
const Masked = "[masked]"

// CellFaults is the error of a row whose cells are at fault: an *order.Invalid
// that knows the places. The first ones are told as faults of the order.
type CellFaults []CellFault

const toldFaults = 10

func (f CellFaults) Error() string { return f.invalid().Error() }

// Unwrap returns the faults as an *order.Invalid, without the values.
func (f CellFaults) Unwrap() error { return f.invalid() }

func (f CellFaults) invalid() *order.Invalid {
	var bad order.Invalid
	for i, c := range f {
		if i == toldFaults {
			bad.Faults = append(bad.Faults, order.Fault{Code: order.Malformed, Reason: fmt.Sprintf("and %d more", len(f)-i)})
			break
		}
		path := fmt.Sprintf("line %d", c.Line)
		if c.Column != "" {
			path += " (" + c.Column + ")"
		}
		bad.Faults = append(bad.Faults, order.Fault{Path: path, Code: order.Malformed, Reason: c.Reason})
	}
	return &bad
}

// CellFaultsOf returns the places that a row's error complains about; of an
// error that knows none, its reasons.
func CellFaultsOf(row Row, err error) []CellFault {
	if f, ok := errors.AsType[CellFaults](err); ok {
		return f
	}
	bad, ok := errors.AsType[*order.Invalid](err)
	if !ok {
		return nil
	}
	out := make([]CellFault, len(bad.Faults))
	for i, f := range bad.Faults {
		line, column := placeOf(f.Path)
		out[i] = CellFault{Line: cmp.Or(line, row.Line), Column: column, Reason: f.Reason}
	}
	return out
}

// placeOf takes the line off a path that begins with one, such as "line 4, total"
// or "line 4 (Total)"; 0: it has none.
func placeOf(path string) (line int, column string) {
	rest, ok := strings.CutPrefix(path, "line ")
	digits, column, _ := strings.Cut(rest, " ")
	line, err := strconv.Atoi(strings.TrimSuffix(digits, ","))
	if !ok || err != nil {
		return 0, path
	}
	if strings.HasPrefix(column, "(") {
		column = strings.Trim(column, "()")
	}
	return line, column
}

// Unreadable is the error that ends the reading of a file which is none of its
// format: sending it again does not help.
type Unreadable struct {
	Line   int // from 1; 0: the file as a whole
	Reason string
}

func (u *Unreadable) Error() string {
	if u.Line == 0 {
		return u.Reason
	}
	return fmt.Sprintf("line %d: %s", u.Line, u.Reason)
}
