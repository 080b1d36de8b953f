package skeepers

import (
	"bytes"
	"errors"
	"fmt"
	"hash/maphash"
	"io"
	"iter"
	"strings"
	"time"

	"github.com/ordermux/ordermux/internal/order"
	"github.com/ordermux/ordermux/internal/partner"
)

// csvFormat is the file of Skeepers' upload, by SFTP or in its portal
// (https://help.rr.skeepers.com/hc/en-us/articles/4872628897564, seen 2026),
// and of the platform before it.
var csvFormat = partner.Format{
	Name:        "skeepers-csv",
	Description: "Skeepers' order file: a header, then a row per product of a purchase.",
	Sniff:       sniffCSV,
	Read:        readCSV,
	Separator:   separatorOf,
}

// Bounds of what one purchase may hold: our choice.
const (
	maxRows   = order.MaxLines
	maxBytes  = 4 << 20
	maxFaults = 100
)

// readCSV reads a file row by row. The rows of a purchase stand together; it is
// taken whole or refused whole.
func readCSV(r io.Reader, opts partner.ReadOptions) iter.Seq2[partner.Row, error] {
	return func(yield func(partner.Row, error) bool) {
		f := &csvFile{records: records{lines: newLineReader(r)}, opts: opts, seen: newSeen(maxSeen)}
		if f.opts.Location == nil {
			f.opts.Location = time.UTC
		}
		err := f.head()
		if err == nil {
			err = f.each(yield)
		}
		if err != nil && !errors.Is(err, errStopped) {
			yield(partner.Row{}, err)
		}
	}
}

// errStopped ends the reading when the consumer wants no more.
var errStopped = errors.New("stopped")

// A csvFile is a file being read.
type csvFile struct {
	records records
	opts    partner.ReadOptions
	columns []*column // by place in the file
	names   []string  // as the header writes them
	id      int       // place of purchase_reference
	seen    seen
	broken  struct {
		line int    // the row just before, if it can not be read
		id   string // of its purchase, if that could be
	}
}

// head reads the header.
func (f *csvFile) head() error {
	line, err := f.records.lines.next()
	switch {
	case errors.Is(err, io.EOF):
		return &partner.Unreadable{Reason: "the file is empty: not even a header"}
	case err != nil:
		return fmt.Errorf("read file: %w", err)
	case line.fault != "":
		return &partner.Unreadable{Line: 1, Reason: "the header " + line.fault}
	case strings.IndexByte(line.text, 0) >= 0:
		return &partner.Unreadable{Line: 1, Reason: "the file is in UTF-16; save it in UTF-8"}
	}
	f.records.separator, _ = separatorIn(line.text)
	if f.records.separator == 0 {
		return &partner.Unreadable{Line: 1, Reason: "no header of this format: purchase_reference, purchase_date, email, … between ; or , or tabs"}
	}
	return f.bind(f.records.header(line.text))
}

// bind finds the columns that the header names, in whichever sequence.
func (f *csvFile) bind(header []string) error {
	f.names, f.columns, f.id = make([]string, len(header)), make([]*column, len(header)), -1
	f.records.width = len(header)
	found := map[*column]string{}
	for i, cell := range header {
		f.names[i] = strings.TrimSpace(cell)
		c := columnOf(cell)
		if c == nil {
			continue
		}
		if other, twice := found[c]; twice {
			return &partner.Unreadable{Line: 1, Reason: fmt.Sprintf("the columns %s and %s are the same one", other, f.names[i])}
		}
		found[c], f.columns[i] = f.names[i], c
		if c.name == colReference {
			f.id = i
		}
	}
	for _, c := range columns {
		if _, ok := found[c]; c.must && !ok {
			return &partner.Unreadable{Line: 1, Reason: "there is no column " + c.name}
		}
	}
	return nil
}

// each yields the purchases in the file's sequence.
func (f *csvFile) each(yield func(partner.Row, error) bool) error {
	var open *purchase
	for {
		rec, err := f.next(yield, open)
		if errors.Is(err, errStopped) {
			return err
		}
		if err != nil {
			if stop := f.finish(open, yield); stop != nil {
				return stop
			}
			if errors.Is(err, io.EOF) {
				return nil
			}
			return err
		}
		if id := f.idOf(rec); open == nil || open.event.Reference != id {
			if err := f.finish(open, yield); err != nil {
				return err
			}
			open = f.start(id, rec)
		}
		open.add(rec)
	}
}

// next returns the next row that names a purchase. Those that do not, or can
// not be read, get their verdict here. One that can not be read takes with it
// the purchase that it plainly belongs to: none is taken half.
func (f *csvFile) next(yield func(partner.Row, error) bool, before *purchase) (record, error) {
	for {
		rec, err := f.records.next()
		if err != nil {
			return record{}, err
		}
		fault := partner.CellFault{Line: rec.line, Reason: rec.fault}
		switch {
		case rec.fault != "":
			// A row with too many or too few cells may tell all the same whose it is.
			f.broken.line, f.broken.id = rec.line, f.idOf(rec)
			if before != nil && before.event.Reference == f.broken.id {
				before.beside(rec.line)
			}
		case f.idOf(rec) == "":
			fault.Column, fault.Reason = f.names[f.id], "is required"
		default:
			return rec, nil
		}
		if !yield(partner.Row{Line: rec.line, LastLine: rec.last, Count: 1, Bytes: rec.bytes}, partner.CellFaults{fault}) {
			return record{}, errStopped
		}
	}
}

func (f *csvFile) idOf(rec record) string {
	if f.id >= len(rec.cells) {
		return ""
	}
	return strings.TrimSpace(rec.cells[f.id])
}

// finish yields what became of a purchase.
func (f *csvFile) finish(p *purchase, yield func(partner.Row, error) bool) error {
	if p == nil {
		return nil
	}
	row := partner.Row{Line: p.line, LastLine: p.last, Count: p.count, Bytes: p.bytes}
	err := p.complete()
	if err == nil {
		row.Entries = []order.Entry{{
			Subject:   order.Subject{Kind: order.SubjectOrder, ID: p.order.ID},
			Statement: &order.Statement{Order: p.order},
		}}
	}
	if !yield(row, err) {
		return errStopped
	}
	return nil
}

// seen remembers the last purchases of a file by their digests: at least the
// last most of them, in bounded memory.
type seen struct {
	most     int
	seed     maphash.Seed
	now, old map[uint64]struct{}
}

// maxSeen is our choice: a file of a million rows fits in, and what it takes
// stays below 10 MB.
const maxSeen = 1 << 18

func newSeen(most int) seen {
	return seen{most: most, seed: maphash.MakeSeed(), now: map[uint64]struct{}{}}
}

// again remembers a purchase and reports whether it was there before.
func (s *seen) again(id string) bool {
	h := maphash.String(s.seed, id)
	_, now := s.now[h]
	_, old := s.old[h]
	if len(s.now) >= s.most {
		s.old, s.now = s.now, map[uint64]struct{}{}
	}
	s.now[h] = struct{}{}
	return now || old
}

// records puts lines together into rows.
type records struct {
	lines     *lineReader
	separator byte
	width     int // cells of the header
	unclosed  int // quotes that no line closed
	cells     []string
}

// A record is a row of the file.
type record struct {
	line, last int
	bytes      int
	cells      []string // until the next record is read
	fault      string   // of the row as such
}

// Bounds of a cell with line ends in it: our choice.
const (
	maxJoined   = 20
	maxUnclosed = 100 // quotes not closed, after which line ends in cells are given up
)

func (r *records) header(text string) []string {
	cells, open := split(text, r.separator, nil)
	if open {
		cells = splitPlain(text, r.separator, nil)
	}
	return cells
}

// next returns the next row that is not empty.
func (r *records) next() (record, error) {
	for {
		line, err := r.lines.next()
		if err != nil {
			return record{}, err
		}
		rec := record{line: line.n, last: line.n, bytes: line.bytes, fault: line.fault}
		if rec.fault != "" {
			return rec, nil
		}
		if strings.Trim(line.text, "; ,\t") == "" {
			continue
		}
		cells, open := split(line.text, r.separator, r.cells[:0])
		r.cells = cells
		if rec.cells = cells; open {
			err = r.join(&rec, line)
		}
		r.fit(&rec)
		return rec, err
	}
}

// join reads on until the quote is closed. A quote that is none, but a letter
// of a file without quotes, must not swallow the rows after it: what looks like
// a row of its own ends the search.
func (r *records) join(rec *record, first textLine) error {
	text := first.text
	var held []textLine
	for r.unclosed < maxUnclosed && len(held) < maxJoined {
		line, err := r.lines.next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return err
		}
		held = append(held, line)
		if line.fault != "" || r.isRow(line.text) {
			break
		}
		text += "\n" + line.text
		cells, open := split(text, r.separator, nil)
		if open {
			continue
		}
		if len(cells) != r.width {
			break
		}
		rec.cells, rec.last = cells, line.n
		for _, l := range held {
			rec.bytes += l.bytes
		}
		return nil
	}
	r.unclosed++
	r.lines.giveBack(held)
	if rec.cells = splitPlain(first.text, r.separator, nil); len(rec.cells) != r.width {
		rec.fault = "a quote is not closed"
	}
	return nil
}

func (r *records) isRow(text string) bool {
	cells, open := split(text, r.separator, nil)
	return !open && len(cells) == r.width || len(splitPlain(text, r.separator, nil)) == r.width
}

// fit refuses a row that has not the header's cells. Empty ones more are
// nothing.
func (r *records) fit(rec *record) {
	for len(rec.cells) > r.width && strings.TrimSpace(rec.cells[len(rec.cells)-1]) == "" {
		rec.cells = rec.cells[:len(rec.cells)-1]
	}
	if rec.fault == "" && len(rec.cells) != r.width {
		rec.fault = fmt.Sprintf("has %d cells, the header has %d", len(rec.cells), r.width)
		if len(rec.cells) > r.width {
			rec.fault += ": is a separator part of a value?"
		}
	}
}

// separatorIn returns what stands between the columns of a header, and how many
// columns it then has that we know; 0: it is no header of this format.
func separatorIn(header string) (separator byte, known int) {
	for _, s := range []byte{';', ',', '\t'} {
		n := 0
		r := records{separator: s}
		reference := false
		for _, cell := range r.header(header) {
			if c := columnOf(cell); c != nil {
				n++
				reference = reference || c.name == colReference
			}
		}
		if reference && n > known {
			separator, known = s, n
		}
	}
	return separator, known
}

func firstLine(head []byte) string {
	line, _, _ := bytes.Cut(bytes.TrimPrefix(head, []byte(utf8BOM)), []byte{'\n'})
	return strings.TrimRight(string(line), "\r")
}

func separatorOf(head []byte) byte {
	separator, _ := separatorIn(firstLine(head))
	return separator
}

// sniffCSV knows the file by its reference, its mail address and a name.
func sniffCSV(head []byte) bool {
	_, known := separatorIn(firstLine(head))
	return known >= 4
}
