package idosell

import (
	"github.com/ordermux/ordermux/internal/catalog"
	"github.com/ordermux/ordermux/internal/order"
)

// refused is the fault of an order that is wrong, by the first complaint.
func refused(bad *order.Invalid) *fault {
	if len(bad.Faults) == 0 {
		return &fault{code: codeMalformed}
	}
	return &fault{code: codeMalformed, path: bad.Faults[0].Path, text: bad.Faults[0].Reason}
}

// tooFew is the fault of lines that can not all be had, by the first of them.
func tooFew(items []item, short *catalog.Short) *fault {
	l := short.Lines[0]
	return &fault{code: lineCode(l.Reason), path: items[l.Line].path(l.Line)}
}

// firstLack is the same of what was looked at before; nil: all can be had.
func firstLack(items []item, list []catalog.Availability) *fault {
	for i := range list {
		if code := lineCode(list[i].Reason); code != codeOK {
			return &fault{code: code, path: items[i].path(i)}
		}
	}
	return nil
}
