package order

import "errors"

// The error kinds that doors and the API translate at their edge. Everything
// else is a trouble of ours (5xx).
var (
	ErrConflict = errors.New("order is known with other content")
	// ErrChanged is the error of an effect, or an entry, whose caller believed
	// something that had changed meanwhile: look again, and call again.
	ErrChanged = errors.New("changed meanwhile")
	// ErrUndone is the error of an effect that has its call undone on purpose: it
	// was a rehearsal.
	ErrUndone   = errors.New("undone, as it was a rehearsal")
	ErrNotFound = errors.New("not found")
	ErrBusy     = errors.New("too busy, try again later")                   // 503 with Retry-After
	ErrReadOnly = errors.New("not accepting: storage is full or read-only") // 503
)

// ValueError is a complaint about one value, for people. Its text never holds
// the value, so it may be shown and logged.
type ValueError string

func (e ValueError) Error() string { return string(e) }

// Code returns the machine's word for the complaint.
func (e ValueError) Code() FaultCode {
	switch e {
	case ErrTooManyDigits, ErrTextTooLong, ErrTooMany, ErrTooDeep:
		return TooLarge
	case ErrRequired:
		return Required
	}
	return Malformed
}

// What can be wrong with a number.
const (
	ErrNotDecimal    ValueError = "not a plain decimal number such as 12.50"
	ErrExponent      ValueError = "a number with an exponent is not accepted"
	ErrNotFinite     ValueError = "NaN and infinity are not numbers"
	ErrLeadingPlus   ValueError = "a number must not start with a plus sign"
	ErrLeadingZero   ValueError = "a number must not start with a needless zero"
	ErrBarePoint     ValueError = "a number needs digits on both sides of its point"
	ErrTooManyDigits ValueError = "a number must not have more than 64 digits"
)

// What can be wrong with a time.
const (
	ErrNotTime    ValueError = "not an RFC 3339 time such as 2026-05-31T09:30:00+10:00"
	ErrDateOnly   ValueError = "a date without time and offset; write it as 2026-05-31T00:00:00+10:00"
	ErrNoOffset   ValueError = "a time without offset; add Z or an offset such as +10:00"
	ErrTooFine    ValueError = "a time must not have more than nine digits after the second's point"
	ErrNoSuchTime ValueError = "no such date or time of day, or not in the years 1 to 9999"
)

// What can be wrong with any field.
const (
	ErrRequired     ValueError = "is required"
	ErrTextTooLong  ValueError = "text is too long"
	ErrTooMany      ValueError = "too many elements"
	ErrTooDeep      ValueError = "nested too deeply"
	ErrControl      ValueError = "control characters other than tab and line ends are not accepted"
	ErrUTF8         ValueError = "not valid UTF-8"
	ErrRaw          ValueError = "not a JSON value"
	ErrNotHappening ValueError = "is not the kind of a happening"
	ErrNotReviewed  ValueError = "belongs to happenings of kind reviewed only"
	ErrStars        ValueError = "is not a number of stars from 1 to 5, or 0 for none"
	ErrAbout        ValueError = "is neither shop nor product"
)

// Fault is one complaint about bad input.
type Fault struct {
	Path   string // "orders[1].orderItems[0].gtin"; never a value
	Code   FaultCode
	Reason string // for people, without personal data
}

// FaultCode is the machine's word for a complaint.
type FaultCode string

// The fault codes.
const (
	Required  FaultCode = "Required"
	Malformed FaultCode = "Malformed"
	TooLarge  FaultCode = "TooLarge"
)

// Invalid is the error for refused input: final, nothing stored.
type Invalid struct{ Faults []Fault }

// Refuse makes an Invalid of one complaint.
func Refuse(path string, code FaultCode, reason string) *Invalid {
	return &Invalid{Faults: []Fault{{Path: path, Code: code, Reason: reason}}}
}

func (e *Invalid) Error() string {
	if len(e.Faults) == 0 {
		return "invalid input"
	}
	f := e.Faults[0]
	if f.Path == "" {
		return f.Reason
	}
	return f.Path + ": " + f.Reason
}
