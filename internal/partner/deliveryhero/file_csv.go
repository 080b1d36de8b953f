package deliveryhero

import (
	"bufio"
	"bytes"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"unicode/utf8"
)

// mostRow bounds the bytes of one row of a file (our choice): some thousands of
// outlets.
const mostRow = 64 << 10

// refusedFile is the error of a file of which nothing is taken: why.
type refusedFile string

func (r refusedFile) Error() string { return string(r) }

// badRow is the error of a row that can not be read; the next ones can.
type badRow struct {
	line   int
	reason string
}

func (b *badRow) Error() string { return fmt.Sprintf("line %d: %s", b.line, b.reason) }

// errRowTooLong ends the reading of a file.
var errRowTooLong = fmt.Errorf("a row of more than %d bytes, or a quote without an end", mostRow)

// table is a file as it is read: UTF-8, with or without a byte order mark, with
// a header; cells apart by commas (the pages show it so; quotes as in RFC 4180
// are inferred).
type table struct {
	csv     *csv.Reader
	bytes   *bounded
	names   []string // of the columns, in small letters
	columns map[string]int
	cells   []string // of the row that was read last
	line    int      // where that begins, from 1
}

// newTable reads the header. Errors: refusedFile, those of the file.
func newTable(r io.Reader) (*table, error) {
	limited := &bounded{r: r, left: mostRow}
	buffer := bufio.NewReaderSize(limited, 16<<10)
	head, err := buffer.Peek(3)
	if err != nil && !errors.Is(err, io.EOF) {
		return nil, err
	}
	if bytes.Equal(head, []byte("\ufeff")) {
		_, _ = buffer.Discard(3)
	}
	t := &table{csv: csv.NewReader(buffer), bytes: limited, columns: map[string]int{}}
	t.csv.FieldsPerRecord, t.csv.ReuseRecord = -1, true
	switch err := t.read(); {
	case errors.Is(err, io.EOF):
		return nil, refusedFile("the file is empty")
	case errors.Is(err, errRowTooLong):
		return nil, refusedFile(err.Error())
	case err != nil:
		if bad, ok := errors.AsType[*badRow](err); ok {
			return nil, refusedFile("the header can not be read: " + bad.Error())
		}
		return nil, err
	}
	return t, t.header()
}

// header reads the names of the columns.
func (t *table) header() error {
	for i, cell := range t.cells {
		name := strings.ToLower(strings.TrimSpace(cell))
		if _, twice := t.columns[name]; twice && name != "" {
			return refusedFile(fmt.Sprintf("two columns are called %s", quoted(name)))
		}
		t.columns[name] = i
		t.names = append(t.names, name)
	}
	return nil
}

// demand says which of the columns are missing that a file must have; of some
// in one string, apart by blanks, one is enough.
func (t *table) demand(names ...string) error {
	for _, some := range names {
		choices := strings.Fields(some)
		if !slices.ContainsFunc(choices, t.has) {
			return refusedFile("no column is called " + strings.Join(choices, " or ") + "; the first row names the columns, apart by commas")
		}
	}
	return nil
}

func (t *table) has(name string) bool { _, ok := t.columns[name]; return ok }

// strange returns the columns that mean nothing.
func (t *table) strange(known ...string) (out []string) {
	for _, name := range t.names {
		if name != "" && !slices.Contains(known, name) {
			out = append(out, quoted(name))
		}
	}
	return out
}

// next reads the next row. Errors: io.EOF, *badRow, errRowTooLong and those of
// the file; after the last two there is nothing more to be read.
func (t *table) next() error {
	if err := t.read(); err != nil {
		return err
	}
	if len(t.cells) != len(t.names) {
		return &badRow{t.line, fmt.Sprintf("has %d cells instead of %d", len(t.cells), len(t.names))}
	}
	for _, cell := range t.cells {
		if !utf8.ValidString(cell) {
			return &badRow{t.line, "is not UTF-8"}
		}
	}
	return nil
}

// cell returns a cell without blanks around it; "" where there is no such
// column.
func (t *table) cell(name string) string {
	i, ok := t.columns[name]
	if !ok {
		return ""
	}
	return strings.TrimSpace(t.cells[i])
}

func (t *table) read() (err error) {
	t.bytes.left = mostRow
	t.cells, err = t.csv.Read()
	if errors.Is(err, errRowTooLong) {
		return errRowTooLong
	}
	if bad, ok := errors.AsType[*csv.ParseError](err); ok {
		return &badRow{bad.StartLine, bad.Err.Error()}
	}
	if err == nil {
		t.line, _ = t.csv.FieldPos(0)
	}
	return err
}

// bounded is a reader that fails when a row takes too much of it.
type bounded struct {
	r    io.Reader
	left int
}

func (b *bounded) Read(p []byte) (int, error) {
	if b.left <= 0 {
		return 0, errRowTooLong
	}
	n, err := b.r.Read(p[:min(len(p), b.left)])
	b.left -= n
	return n, err
}

// quoted is a stranger's word in a sentence.
func quoted(word string) string {
	const most = 60
	if len(word) > most {
		word = strings.ToValidUTF8(word[:most], "") + "…"
	}
	return fmt.Sprintf("%q", word)
}

// checkRows refuses a file of more rows than a most, the header among them or
// not. The file is at its beginning then.
func checkRows(r io.ReadSeeker, most int, header bool) error {
	all, word := most, "rows with the header"
	if !header {
		all, word = most+1, "rows"
	}
	n, err := countLines(r)
	if err == nil && n > all { // some may be within quotes, or empty
		n, err = countRows(r, all)
	}
	if err == nil && n > all {
		return refusedFile(fmt.Sprintf("the file has more than %d %s", most, word))
	}
	return err
}

func countLines(r io.ReadSeeker) (n int, err error) {
	buffer := make([]byte, 64<<10)
	last := byte('\n')
	for {
		read, err := r.Read(buffer)
		n += bytes.Count(buffer[:read], []byte("\n"))
		if read > 0 {
			last = buffer[read-1]
		}
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return 0, err
		}
	}
	if last != '\n' {
		n++
	}
	return n, rewind(r)
}

// countRows counts rows, up to one more than the most.
func countRows(r io.ReadSeeker, most int) (n int, err error) {
	t, err := newTable(r)
	if err != nil {
		return 0, err
	}
	for n = 1; n <= most; n++ {
		err := t.read()
		if errors.Is(err, io.EOF) || errors.Is(err, errRowTooLong) {
			break
		}
		if _, bad := errors.AsType[*badRow](err); err != nil && !bad {
			return 0, err
		}
	}
	return n, rewind(r)
}

func rewind(r io.Seeker) error { _, err := r.Seek(0, io.SeekStart); return err }
