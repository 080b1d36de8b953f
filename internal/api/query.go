package api

import (
	"encoding/base64"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/ordermux/ordermux/internal/delivery"
	"github.com/ordermux/ordermux/internal/order"
)

// The lengths of pages.
const (
	defaultLimit = 50
	maxLimit     = 500
)

// query reads the parameters of a list, and refuses those it does not know, and
// those given twice, unless their name is known with a plus behind it.
type query struct {
	values map[string][]string
	bad    order.Invalid
}

func newQuery(r *request, known ...string) *query {
	q := &query{values: r.URL.Query()}
	for _, name := range slices.Sorted(maps.Keys(q.values)) {
		switch {
		case slices.Contains(known, name+"+"):
		case !slices.Contains(known, name):
			q.refuse("", "unknown parameter; known here: "+strings.ReplaceAll(strings.Join(known, ", "), "+", ""))
		case len(q.values[name]) > 1:
			q.refuse(name, "is given twice")
		}
	}
	return q
}

func (q *query) refuse(name, reason string) {
	q.bad.Faults = append(q.bad.Faults, order.Fault{Path: name, Code: order.Malformed, Reason: reason})
}

func (q *query) err() error {
	if len(q.bad.Faults) > 0 {
		return &q.bad
	}
	return nil
}

func (q *query) text(name string) string {
	if v := q.values[name]; len(v) > 0 {
		return v[0]
	}
	return ""
}

// list reads a parameter of words with commas between them.
func (q *query) list(name string) []string {
	s := q.text(name)
	if s == "" {
		return nil
	}
	return strings.Split(s, ",")
}

// format reads in which form an answer is wished for: by the parameter, else by
// the header Accept, else the first one known here.
func (q *query) format(r *request, known ...string) string {
	if s := q.text("format"); s != "" {
		if !slices.Contains(known, s) {
			q.refuse("format", "must be "+strings.Join(known, " or "))
		}
		return s
	}
	for accepted := range strings.SplitSeq(r.Header.Get("Accept"), ",") {
		kind, _, _ := strings.Cut(accepted, ";")
		for _, k := range known {
			if strings.EqualFold(strings.TrimSpace(kind), mediaTypes[k]) {
				return k
			}
		}
	}
	return known[0]
}

// mediaTypes are the forms of answers.
var mediaTypes = map[string]string{"json": "application/json", "csv": "text/csv", "ndjson": "application/x-ndjson", "zip": "application/zip", "har": "application/json"}

func (q *query) time(name string) time.Time {
	s := q.text(name)
	if s == "" {
		return time.Time{}
	}
	t, err := time.Parse(time.RFC3339Nano, s)
	if err != nil {
		q.refuse(name, string(order.ErrNotTime))
	}
	return t
}

func (q *query) number(name string) int64 {
	s := q.text(name)
	if s == "" {
		return 0
	}
	n, err := strconv.ParseInt(s, 10, 64)
	if err != nil || n < 0 {
		q.refuse(name, "is no whole number")
	}
	return n
}

func (q *query) limit() int {
	if q.text("limit") == "" {
		return defaultLimit
	}
	n := q.number("limit")
	if n < 1 || n > maxLimit {
		q.refuse("limit", "must be a number from 1 to "+strconv.Itoa(maxLimit))
		return defaultLimit
	}
	return int(n)
}

// states reads names of delivery states.
func (q *query) states(name string) []delivery.State {
	var out []delivery.State
	for _, s := range q.list(name) {
		if !knownState(delivery.State(s)) {
			q.refuse(name, noState())
			return nil
		}
		out = append(out, delivery.State(s))
	}
	return out
}

// knownStates are those that a delivery can be in.
var knownStates = []delivery.State{
	delivery.Ready, delivery.Held, delivery.Sending, delivery.AwaitingPartner, delivery.Retrying, delivery.Asking,
	delivery.Failed, delivery.Parked, delivery.Delivered, delivery.Refused, delivery.Cancelled,
	delivery.Superseded, delivery.Dropped,
}

func knownState(s delivery.State) bool { return slices.Contains(knownStates, s) }

// noState says which states there are, to who named another.
func noState() string {
	var names []string
	for _, s := range knownStates {
		names = append(names, string(s))
	}
	return "is no state of a delivery; there are " + strings.Join(names, ", ")
}

// before reads a cursor of ours: the seq below which the page starts.
func (q *query) before(name string) int64 {
	s := q.text(name)
	if s == "" {
		return 0
	}
	b, err := base64.RawURLEncoding.DecodeString(s)
	n := int64(0)
	if err == nil {
		n, err = strconv.ParseInt(strings.TrimPrefix(string(b), "<"), 10, 64)
	}
	if err != nil || n < 1 || b[0] != '<' {
		q.refuse(name, "is no cursor of this list")
		return 0
	}
	return n
}

func cursor(before int64) string {
	return base64.RawURLEncoding.EncodeToString([]byte("<" + strconv.FormatInt(before, 10)))
}
