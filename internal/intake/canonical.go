package intake

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"iter"
	"time"

	"github.com/ordermux/ordermux/internal/json"
	"github.com/ordermux/ordermux/internal/order"
	"github.com/ordermux/ordermux/internal/partner"
)

// maxValue bounds one order of a JSON file.
const maxValue = 10 << 20

// canonical is our own format: what our API takes, one object per line, an
// array, or objects one after the other. A bare order stands for an entry.
func canonical() partner.Format {
	return partner.Format{
		Name:        "ordermux",
		Description: `our own JSON or NDJSON: {"order": {…}}, {"happening": {…}, "order_id": …} or bare orders`,
		Sniff:       sniffCanonical,
		Read: func(r io.Reader, _ partner.ReadOptions) iter.Seq2[partner.Row, error] {
			return func(yield func(partner.Row, error) bool) { readCanonical(bufio.NewReaderSize(r, 64<<10), yield) }
		},
	}
}

func sniffCanonical(head []byte) bool {
	text := bytes.TrimLeft(withoutMark(head), " \t\r\n")
	if len(text) == 0 || text[0] != '{' && text[0] != '[' {
		return false
	}
	for _, name := range []string{`"order"`, `"happening"`, `"placed_at"`} {
		if bytes.Contains(text, []byte(name)) {
			return true
		}
	}
	return false
}

func withoutMark(b []byte) []byte { return bytes.TrimPrefix(b, []byte("\ufeff")) }

// readCanonical reads lines if the first one looks like a value of its own, so that a
// bad line spoils no other; else one stream of values.
func readCanonical(in *bufio.Reader, yield func(partner.Row, error) bool) {
	if mark, err := in.Peek(3); err == nil && len(withoutMark(mark)) == 0 {
		_, _ = in.Discard(3)
	}
	head, _ := in.Peek(in.Size())
	first, _, ended := bytes.Cut(bytes.TrimLeft(head, " \t\r\n"), []byte("\n"))
	first = bytes.TrimSpace(first)
	endless := !ended && len(head) == in.Size() // one line fills the buffer
	if bytes.HasPrefix(first, []byte("{")) && (endless || bytes.HasSuffix(first, []byte("}"))) {
		readLines(in, yield)
		return
	}
	if err := readStream(in, yield); err != nil && !errors.Is(err, errStopped) {
		yield(partner.Row{}, err)
	}
}

func readLines(in *bufio.Reader, yield func(partner.Row, error) bool) {
	for line := 1; ; line++ {
		text, err := readLine(in)
		if err != nil && !errors.Is(err, io.EOF) {
			yield(partner.Row{}, err)
			return
		}
		if len(bytes.TrimSpace(text)) > 0 && !yieldValue(text, line, line, yield) {
			return
		}
		if err != nil {
			return
		}
	}
}

// readLine reads up to and with the next line end, at most maxValue bytes.
func readLine(in *bufio.Reader) ([]byte, error) {
	var out []byte
	for {
		part, err := in.ReadSlice('\n')
		out = append(out, part...)
		if !errors.Is(err, bufio.ErrBufferFull) {
			return out, err
		}
		if len(out) > maxValue {
			return nil, fmt.Errorf("a line of more than %d bytes", maxValue)
		}
	}
}

// readStream reads values one after the other, or those of an array.
func readStream(in io.Reader, yield func(partner.Row, error) bool) error {
	lines := &lineCounter{r: in, line: 1}
	d := json.NewDecoder(lines)
	array := d.PeekKind() == '['
	if array {
		if _, err := d.ReadToken(); err != nil {
			return json.Explain(err)
		}
	}
	for {
		kind := d.PeekKind()
		if array && kind == ']' {
			return endOfStream(d)
		}
		from := d.InputOffset()
		value, err := d.ReadValue()
		switch {
		case errors.Is(err, io.EOF) && !array:
			return nil
		case err != nil:
			return json.Explain(err)
		}
		end := d.InputOffset()
		first := lines.at(max(from, end-int64(len(value))))
		if !yieldValue(value, first, lines.at(end), yield) {
			return errStopped
		}
	}
}

// endOfStream reads the end of an array, after which nothing may follow.
func endOfStream(d *json.Decoder) error {
	if _, err := d.ReadToken(); err != nil {
		return json.Explain(err)
	}
	if _, err := d.ReadToken(); !errors.Is(err, io.EOF) {
		return errors.New("data follows the end of the list")
	}
	return nil
}

// lineCounter knows on which line a byte stands, asked in rising sequence.
type lineCounter struct {
	r    io.Reader
	read int64
	ends []int64 // offsets of line ends that are not yet passed
	line int
}

func (l *lineCounter) Read(p []byte) (int, error) {
	n, err := l.r.Read(p)
	for i, c := range p[:n] {
		if c == '\n' {
			l.ends = append(l.ends, l.read+int64(i))
		}
	}
	l.read += int64(n)
	return n, err
}

func (l *lineCounter) at(offset int64) int {
	passed := 0
	for passed < len(l.ends) && l.ends[passed] < offset {
		passed++
	}
	l.line += passed
	l.ends = append(l.ends[:0], l.ends[passed:]...)
	return l.line
}

// canonicalEntry is the shape of an entry; see the API's.
type canonicalEntry struct {
	Order     json.Value       `json:"order,omitzero"`
	Happening *order.Happening `json:"happening,omitzero"`
	OrderID   string           `json:"order_id,omitzero"`
	Version   time.Time        `json:"version,omitzero"`
	History   bool             `json:"history,omitzero"`
}

func yieldValue(text []byte, first, last int, yield func(partner.Row, error) bool) bool {
	row := partner.Row{Line: first, LastLine: last}
	e, err := parseEntry(text)
	if err != nil {
		if bad, ok := json.Invalid(err); ok {
			err = bad
		}
		return yield(row, atLine(first, err))
	}
	row.Entries = []order.Entry{e}
	return yield(row, nil)
}

// atLine puts the line before the path of each fault.
func atLine(line int, err error) error {
	bad, ok := AsInvalid(err)
	if !ok {
		return err
	}
	out := &order.Invalid{}
	for _, f := range bad.Faults {
		at := fmt.Sprintf("line %d", line)
		if f.Path != "" {
			at += ", " + f.Path
		}
		f.Path = at
		out.Faults = append(out.Faults, f)
	}
	return out
}

// parseEntry reads one value: an entry, or a bare order.
func parseEntry(text []byte) (order.Entry, error) {
	var in canonicalEntry
	if err := json.CheckInput(text); err != nil {
		return order.Entry{}, err
	}
	if err := json.Unmarshal(text, &in); err != nil {
		return order.Entry{}, err
	}
	if len(in.Order) == 0 && in.Happening == nil {
		in.Order = text
	} else if err := json.UnmarshalStrict(text, &in); err != nil {
		return order.Entry{}, err
	}
	out := order.Entry{Source: source(), History: in.History, Subject: order.Subject{Kind: order.SubjectOrder, ID: in.OrderID}}
	switch {
	case in.Happening != nil && len(in.Order) > 0:
		return out, order.Refuse("", order.Malformed, "an entry is an order or a happening, not both")
	case in.Happening != nil && in.OrderID == "":
		return out, order.Refuse("order_id", order.Required, "is missing")
	case in.Happening != nil && in.Happening.Kind == "":
		return out, order.Refuse("happening.kind", order.Required, "is missing")
	case in.Happening != nil:
		out.Happening = in.Happening
		return out, nil
	}
	return out, parseOrder(in, &out)
}

func parseOrder(in canonicalEntry, out *order.Entry) error {
	st := &order.Statement{Version: in.Version}
	if err := json.UnmarshalStrict(in.Order, &st.Order); err != nil {
		return err
	}
	if st.Order.ID == "" {
		return order.Refuse("id", order.Required, "is missing")
	}
	out.Statement, out.Subject.ID = st, st.Order.ID
	return nil
}
