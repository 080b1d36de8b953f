package catalog

import (
	"fmt"
	"strings"

	"github.com/ordermux/ordermux/internal/order"
)

// Short is the error of a call whose lines can not all be had: nothing was
// taken or reserved.
type Short struct{ Lines []Shortage }

// Shortage is a line that can not be had.
type Shortage struct {
	Line      int // its place among the lines, from 0
	Type      CodeType
	Code      string // as asked for
	Asked     order.Decimal
	Available order.Decimal
	Reason    Reason
}

// Reason says why a line can not be had.
type Reason string

// The reasons; "": it can.
const (
	Unknown   Reason = "unknown"   // no product has the code
	Ambiguous Reason = "ambiguous" // several have
	Inactive  Reason = "inactive"
	TooFew    Reason = "too few"
	Undecided Reason = "undecided" // somebody else had to be asked, and did not answer
)

func (e *Short) Error() string {
	if len(e.Lines) == 0 {
		return "out of stock"
	}
	s := e.Lines[0]
	text := fmt.Sprintf("lines[%d]: ", s.Line)
	switch s.Reason {
	case Unknown:
		text += fmt.Sprintf("no product has the code %q", s.Code)
	case Ambiguous:
		text += fmt.Sprintf("several products have the code %q", s.Code)
	case Inactive:
		text += fmt.Sprintf("product %q is not sold", s.Code)
	default:
		text += fmt.Sprintf("product %q: %s asked for, %s available", s.Code, s.Asked, s.Available)
	}
	if more := len(e.Lines) - 1; more > 0 {
		text += fmt.Sprintf(" (and %d lines more)", more)
	}
	return text
}

// Duplicate is the error of products that would share an EAN or another GTIN:
// nothing of the call was kept.
type Duplicate struct{ Pairs []Pair }

// Pair is a product that was to be kept and the one that has its GTIN.
type Pair struct {
	GTIN  string // as the first one writes it
	First Named
	Other Named // of the same call, or kept earlier
}

// Named is a product in a complaint.
type Named struct {
	Code string
	Line int // in its file; 0: kept earlier, or in no file
}

func (n Named) String() string {
	if n.Line == 0 {
		return fmt.Sprintf("%q", n.Code)
	}
	return fmt.Sprintf("%q (line %d)", n.Code, n.Line)
}

func (p Pair) String() string {
	return fmt.Sprintf("products %s and %s have one EAN or GTIN: %s", p.First, p.Other, p.GTIN)
}

func (e *Duplicate) Error() string {
	var b strings.Builder
	for i, p := range e.Pairs {
		if i == 3 {
			fmt.Fprintf(&b, "; and %d pairs more", len(e.Pairs)-i)
			break
		}
		if i > 0 {
			b.WriteString("; ")
		}
		b.WriteString(p.String())
	}
	return b.String()
}
