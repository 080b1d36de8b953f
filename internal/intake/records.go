package intake

import (
	"bufio"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"strings"
	"unicode/utf8"

	"golang.org/x/text/encoding"
	"golang.org/x/text/encoding/charmap"
	"golang.org/x/text/encoding/unicode"
	"golang.org/x/text/transform"
)

// maxRecord bounds one record: a quote that is never closed must not read a
// whole file into memory.
const maxRecord = 1 << 20

var errRecordTooLong = fmt.Errorf("a record of more than %d bytes: is a quote not closed?", maxRecord)

// encodings are the encodings of mapping files, the default first. Nil is
// UTF-8, which is read as it is and checked cell by cell.
var encodings = []struct {
	name string
	enc  encoding.Encoding
}{
	{"utf-8", nil},
	{"iso-8859-1", charmap.ISO8859_1},
	{"iso-8859-2", charmap.ISO8859_2},
	{"iso-8859-15", charmap.ISO8859_15},
	{"windows-1250", charmap.Windows1250},
	{"windows-1252", charmap.Windows1252},
	{"utf-16", unicode.UTF16(unicode.LittleEndian, unicode.UseBOM)},
}

func encodingNames() []string {
	var names []string
	for _, e := range encodings {
		names = append(names, e.name)
	}
	return names
}

// decoded returns r as UTF-8 without byte-order mark.
func decoded(r io.Reader, name string) io.Reader {
	for _, e := range encodings {
		if e.name == name && e.enc != nil {
			return transform.NewReader(r, e.enc.NewDecoder())
		}
	}
	b := bufio.NewReader(r)
	if mark, err := b.Peek(3); err == nil && string(mark) == "\ufeff" {
		_, _ = b.Discard(3)
	}
	return b
}

// record is one line of cells and where it stood.
type record struct {
	cells []string
	line  int
}

// broken is a record that can not be read; reading goes on after it.
type broken struct {
	line, col int
	reason    string
}

func (b *broken) Error() string { return b.reason }

// records reads a file's records. Errors: *broken, io.EOF, others end it.
type records interface{ next() (record, error) }

func newRecords(r io.Reader, m *Mapping) records {
	in := &budget{r: decoded(r, m.Encoding)}
	if m.Quotes == "none" {
		return &plainRecords{in: bufio.NewReaderSize(in, 64<<10), budget: in, delimiter: m.Delimiter}
	}
	c := csv.NewReader(in)
	c.Comma, _ = utf8.DecodeRuneInString(m.Delimiter)
	c.FieldsPerRecord = -1
	c.LazyQuotes = m.Quotes == "lazy"
	return &quotedRecords{csv: c, budget: in}
}

// budget is a reader that gives up when one record asks for too much.
type budget struct {
	r    io.Reader
	left int
}

func (b *budget) Read(p []byte) (int, error) {
	if b.left <= 0 {
		return 0, errRecordTooLong
	}
	n, err := b.r.Read(p)
	b.left -= n
	return n, err
}

// quotedRecords reads CSV as RFC 4180 has it.
type quotedRecords struct {
	csv    *csv.Reader
	budget *budget
}

func (q *quotedRecords) next() (record, error) {
	q.budget.left = maxRecord
	cells, err := q.csv.Read()
	var parse *csv.ParseError
	switch {
	case errors.As(err, &parse) && !errors.Is(err, errRecordTooLong):
		return record{}, &broken{line: parse.StartLine, col: parse.Column, reason: parse.Err.Error()}
	case err != nil:
		return record{}, err
	}
	line, _ := q.csv.FieldPos(0)
	return record{cells: cells, line: line}, nil
}

// plainRecords reads lines whose cells know no quotes.
type plainRecords struct {
	in        *bufio.Reader
	budget    *budget
	delimiter string
	line      int
}

func (p *plainRecords) next() (record, error) {
	for {
		p.budget.left = maxRecord
		text, err := p.in.ReadString('\n')
		if err != nil && (!errors.Is(err, io.EOF) || text == "") {
			return record{}, err
		}
		p.line++
		text = strings.TrimRight(text, "\r\n")
		if text == "" {
			continue
		}
		return record{cells: strings.Split(text, p.delimiter), line: p.line}, nil
	}
}

// checkText refuses what no order may hold.
func checkText(text string) error {
	if !utf8.ValidString(text) {
		return errors.New("is not UTF-8; the mapping's encoding may be another")
	}
	for i := range len(text) {
		if c := text[i]; c < ' ' && c != '\t' && c != '\n' && c != '\r' || c == 0x7f {
			return errors.New("holds a control character")
		}
	}
	return nil
}
