package intake

import (
	"errors"
	"fmt"
	"hash/maphash"
	"io"
	"iter"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/ordermux/ordermux/internal/order"
	"github.com/ordermux/ordermux/internal/partner"
)

// Bounds of a file: they keep memory flat whatever it holds.
const (
	maxLines     = 10_000    // rows of one order
	maxKeyedRows = 1_000_000 // rows of a whole file grouped by key
	maxFaults    = 10        // complaints kept of one order
)

// SourceName is who said what a file says.
const SourceName = "import"

func source() order.Source { return order.Source{Name: SourceName, Rank: order.RankShop} }

// Format returns the mapping as a format that Open and the `import` command
// take.
func (m *Mapping) Format() partner.Format {
	return partner.Format{
		Name:        "csv",
		Description: "any CSV or TSV file, read by a mapping file",
		Read:        m.Read,
		Separator:   m.separator,
	}
}

func (m *Mapping) separator([]byte) byte {
	if len(m.Delimiter) != 1 {
		return 0
	}
	return m.Delimiter[0]
}

// Read yields one row per order of the file; see partner.Format.Read.
func (m *Mapping) Read(r io.Reader, opts partner.ReadOptions) iter.Seq2[partner.Row, error] {
	return func(yield func(partner.Row, error) bool) {
		f, err := m.open(r, opts)
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

// csvFile is a file being read.
type csvFile struct {
	mapping  *Mapping
	cells    *cellReader
	records  records
	columns  []column // by place in the file; a zero field is not mapped
	id       int      // place of order.id
	currency string
	seen     recent
	fixed    []column // Values, in a stable sequence
	sums     bool     // totals are to be computed
	broken   *broken  // the record just before could not be read
}

// column is where a field comes from.
type column struct {
	name   string // in the header
	target string
	field  field
	text   string // of a fixed value
}

// open reads the header and binds the columns to it.
func (m *Mapping) open(r io.Reader, opts partner.ReadOptions) (*csvFile, error) {
	f := &csvFile{mapping: m, records: newRecords(r, m), currency: opts.Currency, seen: newRecent()}
	f.cells = &cellReader{mapping: m, location: m.location}
	if f.cells.location == nil {
		f.cells.location = opts.Location
	}
	if f.cells.location == nil {
		f.cells.location = time.UTC
	}
	if m.Currency != "" {
		f.currency = m.Currency
	}
	for _, target := range sorted(m.Values) {
		f.fixed = append(f.fixed, column{target: target, field: fields[target], text: m.Values[target]})
	}
	if err := f.bind(); err != nil {
		return nil, err
	}
	f.sums = m.Totals == "computed" && !slices.ContainsFunc(f.columns, func(c column) bool { return c.target == "totals.total" })
	return f, nil
}

// bind finds the mapped columns by the header, or by their numbers.
func (f *csvFile) bind() error {
	var names []string
	if f.mapping.header() {
		head, err := f.records.next()
		if errors.Is(err, io.EOF) {
			return errors.New("the file is empty: not even a header")
		}
		if err != nil {
			return fmt.Errorf("header: %w", err)
		}
		for _, cell := range head.cells {
			names = append(names, strings.TrimSpace(cell))
		}
	} else {
		for _, name := range sorted(f.mapping.Columns) {
			n, err := strconv.Atoi(name)
			if err != nil || n < 1 || n > 10_000 {
				return fmt.Errorf("columns: %q is no column number, and the file has no header", name)
			}
			for len(names) < n {
				names = append(names, strconv.Itoa(len(names)+1))
			}
		}
	}
	f.columns = make([]column, len(names))
	for _, name := range sorted(f.mapping.Columns) {
		at := slices.Index(names, name)
		if at < 0 {
			return fmt.Errorf("header: there is no column %q; it has %s", name, strings.Join(names, ", "))
		}
		if slices.Contains(names[at+1:], name) {
			return fmt.Errorf("header: there are two columns %q", name)
		}
		target := f.mapping.Columns[name]
		f.columns[at] = column{name: name, target: target, field: fields[target]}
		if target == "order.id" {
			f.id = at
		}
	}
	return nil
}

// each yields the orders in the file's sequence.
func (f *csvFile) each(yield func(partner.Row, error) bool) error {
	if f.mapping.Group == "key" {
		return f.eachByKey(yield)
	}
	var open *group
	for {
		rec, err := f.next(yield, open)
		if errors.Is(err, errStopped) {
			return err
		}
		if err != nil {
			if yieldErr := f.finish(open, yield); yieldErr != nil {
				return yieldErr
			}
			if errors.Is(err, io.EOF) {
				return nil
			}
			return err
		}
		id := f.idOf(rec)
		if open == nil || open.id != id {
			if err := f.finish(open, yield); err != nil {
				return err
			}
			open = f.start(id, rec)
		}
		f.add(open, rec)
	}
}

// eachByKey yields the orders in the sequence of their first rows; it holds
// the whole file.
func (f *csvFile) eachByKey(yield func(partner.Row, error) bool) error {
	byID := map[string]*group{}
	var groups []*group
	var last *group
	for rows := 0; ; rows++ {
		rec, err := f.next(yield, last)
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return err
		}
		if rows == maxKeyedRows {
			return fmt.Errorf("group: key takes files of up to %d rows; sort the file by order and use group: contiguous", maxKeyedRows)
		}
		id := f.idOf(rec)
		if last = byID[id]; last == nil {
			last = f.start(id, rec)
			byID[id] = last
			groups = append(groups, last)
		}
		f.add(last, rec)
	}
	for _, g := range groups {
		if err := f.finish(g, yield); err != nil {
			return err
		}
	}
	return nil
}

// next returns the next record that names an order. Those that do not, or can
// not be read, get their verdict here; one that can not be read may belong to
// the orders beside it, so these are refused too: none is stored half.
func (f *csvFile) next(yield func(partner.Row, error) bool, before *group) (record, error) {
	for {
		rec, err := f.records.next()
		var bad *broken
		switch {
		case errors.As(err, &bad):
			f.broken = bad
			if before != nil {
				before.fault(order.Fault{Path: fmt.Sprintf("line %d", bad.line), Code: order.Malformed,
					Reason: "the row beside this order can not be read and may belong to it"})
			}
			if !yield(partner.Row{Line: bad.line, LastLine: bad.line}, invalid(fmt.Sprintf("line %d, column %d", bad.line, bad.col), bad.reason)) {
				return record{}, errStopped
			}
		case err != nil:
			return record{}, err
		case f.idOf(rec) == "":
			if !yield(partner.Row{Line: rec.line, LastLine: rec.line}, invalid(fmt.Sprintf("line %d (%s)", rec.line, f.columns[f.id].name), "the row names no order")) {
				return record{}, errStopped
			}
		default:
			return rec, nil
		}
	}
}

func (f *csvFile) idOf(rec record) string {
	if f.id >= len(rec.cells) {
		return ""
	}
	return strings.TrimSpace(rec.cells[f.id])
}

func invalid(path, reason string) error {
	return &order.Invalid{Faults: []order.Fault{{Path: path, Code: order.Malformed, Reason: reason}}}
}

// recent remembers the last orders of a file by their hashes: at least the
// last recentOrders of them, in bounded memory.
type recent struct {
	seed     maphash.Seed
	now, old map[uint64]struct{}
}

const recentOrders = 1 << 18

func newRecent() recent {
	return recent{seed: maphash.MakeSeed(), now: map[uint64]struct{}{}}
}

func (r *recent) has(id string) bool {
	h := maphash.String(r.seed, id)
	_, now := r.now[h]
	_, old := r.old[h]
	return now || old
}

func (r *recent) add(id string) {
	if len(r.now) >= recentOrders {
		r.old, r.now = r.now, map[uint64]struct{}{}
	}
	r.now[maphash.String(r.seed, id)] = struct{}{}
}
