package deliveryhero

import (
	"bytes"
	"errors"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf16"

	"github.com/ordermux/ordermux/internal/json"
	"github.com/ordermux/ordermux/internal/order"
)

// happenings are what the states are in the canonical order. A state that is
// none of these (RECEIVED, UPDATE_CART, one that nobody knows) is no happening:
// what the order object says is stated all the same.
var happenings = map[word]order.Kind{
	statusAccepted:   order.KindAccepted,
	statusReady:      order.KindReady,
	statusDispatched: order.KindShipped,
	statusPickedUp:   order.KindShipped, // by the rider; seen in answers of GET only
	statusDelivered:  order.KindDelivered,
	statusCancelled:  order.KindCancelled,
}

func knownStatus(s word) bool {
	return s == "" || s == statusReceived || s == statusUpdateCart || happenings[s] != ""
}

// kindOf is what happened to an order in that state; "": nothing.
func (w *wireOrder) kindOf() order.Kind {
	if w.Status == statusPickedUp && w.Type == typePickup { // by the customer
		return order.KindDelivered
	}
	return happenings[w.Status]
}

var (
	errNoOrderID    = errors.New("order_id is missing")
	errForeignChain = errors.New("client.chain_id is that of another chain")
)

// check refuses what is no order of the chain's.
func (r *route) check(w *wireOrder) error {
	id := string(w.ID)
	switch {
	case id == "" || order.ValidateSubject(order.Subject{Kind: order.SubjectOrder, ID: id}) != nil:
		return errNoOrderID
	case w.Client.ChainID != "" && !strings.EqualFold(string(w.Client.ChainID), r.chain):
		return errForeignChain
	}
	return nil
}

// entries are what an order object says: what the order is, and, where its
// state says so, what happened. Both are known when they come again. Without
// is a kind that is not news.
func (r *route) entries(w *wireOrder, without order.Kind) ([]order.Entry, error) {
	o := w.canonical()
	o.Currency = r.opts.currency
	o.Store = r.storeOf(string(w.Client.StoreID), string(w.Client.External))
	if w.Client.ChainID == "" {
		o.References = append(o.References, order.Reference{Kind: refChain, Value: strings.ToLower(r.chain)})
	}
	about := order.Subject{Kind: order.SubjectOrder, ID: o.ID}
	entry := order.Entry{Subject: about, Source: r.deps.Source, Origin: r.deps.Route}
	said := entry
	said.Statement = &order.Statement{Order: o, Version: w.Sys.UpdatedAt.Time.Time()}
	if bad := order.Validate(&o); bad != nil {
		return nil, bad
	}
	list := []order.Entry{said}
	if kind := w.kindOf(); kind != "" && kind != without {
		happened := entry
		happened.Happening = w.happening(kind)
		if bad := order.ValidateHappening(happened.Happening); bad != nil {
			return nil, bad
		}
		list = append(list, happened)
	}
	return list, nil
}

// happening is known by the state and the revision, which integrators tell
// repeated events by (seen 2026).
func (w *wireOrder) happening(kind order.Kind) *order.Happening {
	h := &order.Happening{
		Kind: kind, At: w.Sys.UpdatedAt.Time, Ref: string(w.Status) + "/" + w.Sys.UpdatedAt.text(),
	}
	if kind == order.KindCancelled {
		if c := w.Cancellation.canonical(); c != nil {
			h.Cancellation, h.Reason = c, c.Reason
		}
	}
	return h
}

// readStrange reads an order object from a body that may hold what is no text:
// an order is not lost for a comment that was cut off within a sign.
func readStrange(body []byte) (*wireOrder, error) {
	w, err := readOrder(body)
	if err == nil {
		return w, nil
	}
	return readOrder(mended(body))
}

// mended replaces what is no text in a body, and would make it no JSON or no
// order: control characters, plain or escaped, become blanks; bytes that are no
// UTF-8, and halves of escaped signs, question marks. A byte order mark goes.
func mended(body []byte) []byte {
	body = bytes.ToValidUTF8(bytes.TrimPrefix(body, []byte("\ufeff")), []byte("?"))
	out := make([]byte, 0, len(body))
	for i := 0; i < len(body); {
		switch n := escapeAt(body[i:]); {
		case body[i] < ' ' || body[i] == 0x7f:
			out = append(out, ' ')
			i++
		case n == 0:
			out = append(out, body[i])
			i++
		case order.EscapesControl(body[i+1:]):
			out = append(out, ' ')
			i += n
		case n == lenUnit && utf16.IsSurrogate(unitAt(body[i:])):
			out = append(out, '?')
			i += n
		default:
			out = append(out, body[i:i+n]...)
			i += n
		}
	}
	return out
}

// lenUnit is the length of an escape of one UTF-16 unit, as \u00e9.
const lenUnit = len(`\u0000`)

// escapeAt is the length of the escape that a text begins with, that of both
// halves where they are one sign; 0: it begins with none.
func escapeAt(b []byte) int {
	switch {
	case len(b) < 2 || b[0] != '\\':
		return 0
	case b[1] != 'u' || len(b) < lenUnit:
		return 2
	case utf16.DecodeRune(unitAt(b), unitAt(b[lenUnit:])) != unicode.ReplacementChar:
		return 2 * lenUnit
	}
	return lenUnit
}

// unitAt is the UTF-16 unit whose escape a text begins with; -1: it does not.
func unitAt(b []byte) rune {
	if len(b) < lenUnit || b[0] != '\\' || b[1] != 'u' {
		return -1
	}
	n, err := strconv.ParseUint(string(b[2:lenUnit]), 16, 16)
	if err != nil {
		return -1
	}
	return rune(n)
}

// wherePath says what is wrong with a body without a word of it.
func wherePath(err error) string {
	if bad, ok := json.Invalid(err); ok {
		return bad.Error()
	}
	var bad *order.Invalid
	if errors.As(err, &bad) {
		return bad.Error()
	}
	return err.Error()
}

// listTime is a time as the list's query has it: UTC without suffix.
func listTime(t time.Time) string { return t.UTC().Format("2006-01-02T15:04:05") }
