package api

import (
	"bytes"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"strconv"
	"time"

	"github.com/ordermux/ordermux/internal/json"
	"github.com/ordermux/ordermux/internal/order"
)

// The bounds of one call.
const (
	MaxBody    = 10 << 20 // bytes, also after decompression
	MaxEntries = 10_000
)

// Entry is what a caller hands in: an order, or what happened to one.
type Entry struct {
	// Order is the canonical order; its raw text is what the fingerprint of
	// the statement is taken of.
	Order json.Value `json:"order,omitzero"`

	Happening *order.Happening `json:"happening,omitzero"`
	OrderID   string           `json:"order_id,omitzero"` // of a happening

	// Version is the source's own time of an order; an older one than the
	// last changes nothing.
	Version time.Time `json:"version,omitzero"`
	// History records without ever delivering by itself.
	History bool `json:"history,omitzero"`
}

// EncodeEntry is the way back: what the client sends for an entry of ours.
func EncodeEntry(e order.Entry) (Entry, error) {
	out := Entry{History: e.History}
	switch {
	case e.Statement != nil:
		raw, err := json.Marshal(&e.Statement.Order)
		if err != nil {
			return out, fmt.Errorf("encode order: %w", err)
		}
		out.Order, out.Version = raw, e.Statement.Version
	case e.Happening != nil:
		out.Happening, out.OrderID = e.Happening, e.Subject.ID
	}
	return out, nil
}

// happenings are the kinds that a caller may report.
var happenings = map[order.Kind]bool{
	order.KindAccepted: true, order.KindReady: true, order.KindShipped: true, order.KindDelivered: true,
	order.KindCancelled: true, order.KindRefunded: true, order.KindReviewed: true, order.KindMissing: true, order.KindNote: true,
}

// entry makes an entry of ours out of one raw value. Errors are
// *json.PathError or *order.Invalid.
func decodeEntry(raw json.Value, source order.Source) (order.Entry, error) {
	var in Entry
	if err := json.UnmarshalStrict(raw, &in); err != nil {
		return order.Entry{}, err
	}
	out := order.Entry{Source: source, History: in.History}
	switch {
	case len(in.Order) > 0 && in.Happening != nil:
		return out, order.Refuse("", order.Malformed, "an entry is an order or a happening, not both")
	case len(in.Order) > 0:
		if in.OrderID != "" {
			return out, order.Refuse("order_id", order.Malformed, "belongs to happenings; an order has its id inside")
		}
		st, err := decodeStatement(in.Order, "order")
		if err != nil {
			return out, err
		}
		st.Version = in.Version
		out.Statement, out.Subject = st, order.Subject{Kind: order.SubjectOrder, ID: st.Order.ID}
		return out, nil
	case in.Happening != nil:
		return decodeHappening(in, out)
	}
	return out, order.Refuse("", order.Required, `an entry needs "order" or "happening"`)
}

func decodeHappening(in Entry, out order.Entry) (order.Entry, error) {
	if in.OrderID == "" {
		return out, order.Refuse("order_id", order.Required, string(order.ErrRequired))
	}
	if !happenings[in.Happening.Kind] {
		return out, order.Refuse("happening.kind", order.Malformed, "is none of accepted, ready, shipped, delivered, cancelled, refunded, reviewed, note")
	}
	if !in.Version.IsZero() {
		return out, order.Refuse("version", order.Malformed, "belongs to orders; a happening has its own time in at")
	}
	out.Happening, out.Subject = in.Happening, order.Subject{Kind: order.SubjectOrder, ID: in.OrderID}
	return out, nil
}

// decodeStatement decodes a canonical order and keeps its raw text, which it
// changes in place.
func decodeStatement(raw json.Value, at string) (*order.Statement, error) {
	st := &order.Statement{}
	if err := json.UnmarshalStrict(raw, &st.Order); err != nil {
		return nil, json.Within(err, at)
	}
	if st.Order.ID == "" {
		return nil, order.Refuse(at+".id", order.Required, string(order.ErrRequired))
	}
	if err := raw.Compact(); err != nil {
		return nil, json.Within(json.Explain(err), at)
	}
	st.Wire = raw
	return st, nil
}

// decodeEntries reads a body of one object, an array, or objects one after
// the other (NDJSON).
func decodeEntries(body []byte, ndjson bool, source order.Source) ([]order.Entry, error) {
	raws, single, err := splitEntries(body, ndjson)
	if err != nil {
		return nil, err
	}
	if len(raws) == 0 {
		return nil, order.Refuse("", order.Required, "the body holds no entry")
	}
	if len(raws) > MaxEntries {
		return nil, order.Refuse("", order.TooLarge, "more than "+strconv.Itoa(MaxEntries)+" entries in one call; split it")
	}
	entries := make([]order.Entry, len(raws))
	bad := &order.Invalid{}
	for i, raw := range raws {
		at := "[" + strconv.Itoa(i) + "]"
		if single {
			at = ""
		}
		if entries[i], err = decodeEntry(raw, source); err != nil {
			if err = collect(bad, err, at); err != nil {
				return nil, err
			}
		}
	}
	if len(bad.Faults) > 0 {
		return nil, bad
	}
	return entries, nil
}

// maxFaults bounds the list of complaints of one answer.
const maxFaults = 100

// collect adds a refusal to bad; other errors come back.
func collect(bad *order.Invalid, err error, at string) error {
	var one *order.Invalid
	if e, ok := json.Invalid(err); ok {
		one = e
	} else if e, ok := errors.AsType[*order.Invalid](err); ok {
		one = e
	} else {
		return err
	}
	for _, f := range one.Faults {
		if len(bad.Faults) == maxFaults {
			return nil
		}
		f.Path = json.Join(at, f.Path)
		bad.Faults = append(bad.Faults, f)
	}
	return nil
}

// splitEntries cuts a body into its entries. The first byte decides where
// nobody said NDJSON: '[' is an array, anything else one object.
func splitEntries(body []byte, ndjson bool) (raws []json.Value, single bool, err error) {
	if ndjson {
		raws, err = splitLines(body)
		return raws, false, err
	}
	trimmed := bytes.TrimLeft(body, " \t\r\n")
	if len(trimmed) > 0 && trimmed[0] == '[' {
		return raws, false, json.UnmarshalInput(body, &raws)
	}
	var one json.Value
	if err := json.UnmarshalInput(body, &one); err != nil {
		return nil, true, err
	}
	return []json.Value{one}, true, nil
}

// splitLines reads values one after the other, each of them checked by
// itself when it is decoded.
func splitLines(body []byte) ([]json.Value, error) {
	if err := json.CheckText(body); err != nil {
		return nil, err
	}
	var out []json.Value
	d := json.NewDecoder(bytes.NewReader(body))
	for {
		v, err := d.ReadValue()
		if errors.Is(err, io.EOF) {
			return out, nil
		}
		if err != nil {
			return nil, json.Within(json.Explain(err), "["+strconv.Itoa(len(out))+"]")
		}
		if len(out) == MaxEntries {
			return nil, order.Refuse("", order.TooLarge, "more than "+strconv.Itoa(MaxEntries)+" entries in one call; split it")
		}
		out = append(out, v.Clone())
	}
}

// The content types of bodies.
const (
	typeJSON = iota
	typeNDJSON
	typeUnsaid
)

func contentType(r *http.Request) (int, error) {
	h := r.Header.Get("Content-Type")
	if h == "" {
		return typeUnsaid, nil
	}
	t, _, err := mime.ParseMediaType(h)
	if err == nil {
		switch t {
		case "application/json":
			return typeJSON, nil
		case "application/x-ndjson", "application/ndjson", "application/jsonl", "application/x-jsonlines":
			return typeNDJSON, nil
		case "application/x-www-form-urlencoded":
			return typeUnsaid, nil // what `curl -d` says if nobody told it better
		}
	}
	return 0, problemf(http.StatusUnsupportedMediaType, "send application/json or application/x-ndjson")
}

// readBody reads at most MaxBody bytes, unpacked if the caller packed them.
func readBody(r *http.Request) ([]byte, error) { return readUpTo(r, MaxBody) }

// readUpTo is readBody with a bound of its own.
func readUpTo(r *http.Request, most int64) ([]byte, error) {
	var in io.Reader = r.Body
	switch r.Header.Get("Content-Encoding") {
	case "", "identity":
	case "gzip":
		zip, err := gzip.NewReader(io.LimitReader(r.Body, most+1))
		if err != nil {
			return nil, order.Refuse("", order.Malformed, "the body is not gzip")
		}
		in = zip
	default:
		return nil, problemf(http.StatusUnsupportedMediaType, "the body may be packed with gzip only")
	}
	b, err := json.ReadAll(in, most)
	if _, ours := json.Invalid(err); err != nil && !ours {
		return nil, order.Refuse("", order.Malformed, "the body ends too early or is not well packed")
	}
	return b, err
}

// readJSON decodes the body of an act into v; an empty body is its zero value.
func readJSON(r *http.Request, v any) error {
	if t, err := contentType(r); err != nil {
		return err
	} else if t == typeNDJSON {
		return problemf(http.StatusUnsupportedMediaType, "send application/json")
	}
	b, err := readBody(r)
	if err != nil || len(bytes.TrimSpace(b)) == 0 {
		return err
	}
	return json.UnmarshalStrict(b, v)
}
