package deliveryhero

import (
	"errors"
	"strings"
	"time"

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

// readStrange reads an order object from a body that may hold control
// characters, in a customer's comment for example: an order is not lost for
// their sake, they become blanks.
func readStrange(body []byte) (*wireOrder, error) {
	w, err := readOrder(body)
	if err == nil {
		return w, nil
	}
	cleaned := blankControls(body)
	if cleaned == nil {
		return nil, err
	}
	return readOrder(cleaned)
}

// blankControls replaces escaped control characters by blanks; nil: there are
// none.
func blankControls(body []byte) []byte {
	var out []byte
	from := 0
	for i := 0; i+1 < len(body); i++ {
		if body[i] != '\\' {
			continue
		}
		i++
		if !order.EscapesControl(body[i:]) {
			continue
		}
		end := i + 1
		if body[i] == 'u' {
			end = min(i+5, len(body))
		}
		out = append(append(out, body[from:i-1]...), ' ')
		from, i = end, end-1
	}
	if out == nil {
		return nil
	}
	return append(out, body[from:]...)
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
