package idosell

import (
	"errors"

	"github.com/ordermux/ordermux/internal/catalog"
	"github.com/ordermux/ordermux/internal/order"
	"github.com/ordermux/ordermux/internal/soap"
)

// faultCode is a code of errors, in the numbers of the sheet; a dialect has
// others.
type faultCode int

// The codes of the door. 0 and 1 are the family's, the others our choice.
const (
	codeOK              faultCode = 0
	codeLogin           faultCode = 1
	codeEmpty           faultCode = 2
	codeSession         faultCode = 100
	codeExpired         faultCode = 101
	codeDropshippingKey faultCode = 102
	codeSwitchedOff     faultCode = 103
	codeTooLarge        faultCode = 104
	codeMalformed       faultCode = 105
	codeTooMany         faultCode = 106
	codeProduct         faultCode = 110
	codeStock           faultCode = 111
	codeBasket          faultCode = 112
	codeCourier         faultCode = 120
	codeAddress         faultCode = 130
	codeRecipient       faultCode = 131
	codeOrder           faultCode = 140
	codeInternal        faultCode = 199
)

// codeNames are what a dialect's file calls the codes.
var codeNames = map[string]faultCode{
	"login": codeLogin, "empty": codeEmpty, "session": codeSession, "expired": codeExpired, "dropshippingKey": codeDropshippingKey,
	"switchedOff": codeSwitchedOff, "tooLarge": codeTooLarge, "malformed": codeMalformed, "tooMany": codeTooMany,
	"product": codeProduct, "stock": codeStock, "basket": codeBasket, "courier": codeCourier, "address": codeAddress,
	"recipient": codeRecipient, "order": codeOrder, "internal": codeInternal,
}

// fault is an answer of the door that says no, in the body. Its text is that
// of its code, in the caller's language, unless it has one of its own.
type fault struct {
	code   faultCode
	path   string // "params.products[2].quantity", in canonical names; "": the whole
	inside string // the place in a document that stands there: "line 3"
	text   string // in place of the code's, in English
	wire   bool   // the path is in the caller's names already
}

func (f *fault) Error() string { return f.in(english) }

// in is the fault as a sentence.
func (f *fault) in(l language) string {
	text := l.of(f.code)
	if f.text != "" {
		text = l.reason(f.text)
	}
	for _, at := range []string{f.inside, f.path} {
		if at != "" {
			text = at + ": " + text
		}
	}
	return text
}

// faultFor is what an error of a handler, the intake or the catalogue says to
// the caller; nil: nothing, it is a trouble of ours.
func faultFor(err error) *fault {
	var f *fault
	var invalid *order.Invalid
	var short *catalog.Short
	switch {
	case errors.As(err, &f):
		return f
	case errors.As(err, &invalid) && len(invalid.Faults) > 0:
		first := invalid.Faults[0]
		return &fault{code: codeMalformed, path: first.Path, text: first.Reason}
	case errors.As(err, &short):
		return &fault{code: codeStock}
	}
	return nil
}

// errorsValue is the block errors of an answer.
func errorsValue(code faultCode, text string) soap.Member {
	return member("errors", soap.ObjectOf(member("faultCode", number(int64(code))), member("faultString", soap.TextOf(text))))
}
