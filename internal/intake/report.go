package intake

import (
	"bufio"
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"

	"github.com/ordermux/ordermux/internal/partner"
)

// maxReported bounds a report: a file may hold nothing but wrong lines.
const maxReported = 100_000

// Report gathers what is wrong with a file, for whoever handed it in: in the
// file's own manner, with a line for each fault. What it says of personal
// values is that they are masked.
type Report struct {
	separator string
	rows      *os.File // those written so far: the first line, above them, is known last
	buffer    *bufio.Writer
	written   int
	left      int // not written

	// What became of the file's lines; the header is none.
	Taken, Refused, Repeated int
}

// NewReport begins a report whose cells stand between separators; 0: commas.
// It keeps its rows in a file in dir ("": the system's own place) until Close.
func NewReport(dir string, separator byte) (*Report, error) {
	f, err := os.CreateTemp(dir, "report-*")
	if err != nil {
		return nil, fmt.Errorf("begin report: %w", err)
	}
	r := &Report{separator: ",", rows: f, buffer: bufio.NewWriter(f)}
	if separator != 0 {
		r.separator = string(separator)
	}
	return r, nil
}

// Add takes what became of one order of the file.
func (r *Report) Add(v Verdict) error {
	switch {
	case v.Result == Refused:
		r.Refused += v.Count
	case v.Known:
		r.Repeated += v.Count
	default:
		r.Taken += v.Count
	}
	for _, c := range v.Cells {
		if err := r.row(c); err != nil {
			return err
		}
	}
	return nil
}

// Unreadable takes why the file can not be read on.
func (r *Report) Unreadable(err *partner.Unreadable) error {
	return r.row(partner.CellFault{Line: err.Line, Reason: err.Reason})
}

func (r *Report) row(c partner.CellFault) error {
	if r.written == maxReported {
		r.left++
		return nil
	}
	r.written++
	line := ""
	if c.Line > 0 {
		line = strconv.Itoa(c.Line)
	}
	_, err := r.buffer.WriteString(r.join(line, c.Column, c.Value, c.Reason))
	return err
}

// join makes a row of cells.
func (r *Report) join(cells ...string) string {
	for i, c := range cells {
		cells[i] = r.cell(c)
	}
	return strings.Join(cells, r.separator) + "\r\n"
}

// cell quotes what would not be one cell. Spreadsheets run what begins like a
// formula: it is made a text.
func (r *Report) cell(text string) string {
	if text != "" && strings.IndexByte("=+@\t\r", text[0]) >= 0 || len(text) > 1 && text[0] == '-' && (text[1] < '0' || text[1] > '9') {
		text = "'" + text
	}
	if strings.ContainsAny(text, r.separator+"\"\r\n") {
		return `"` + strings.ReplaceAll(text, `"`, `""`) + `"`
	}
	return text
}

// Counts is the report's first line: what became of the file's lines.
func (r *Report) Counts() string {
	return strings.TrimSpace(strings.ReplaceAll(r.counts(), r.separator, ", "))
}

func (r *Report) counts() string {
	return r.join(fmt.Sprintf("taken %d", r.Taken), fmt.Sprintf("refused %d", r.Refused),
		fmt.Sprintf("repeated %d", r.Repeated), fmt.Sprintf("of %d lines", r.Taken+r.Refused+r.Repeated))
}

// WriteTo writes the whole report: the counts, the names of the columns, then a
// row per fault. Nothing may be added after it.
func (r *Report) WriteTo(w io.Writer) (int64, error) {
	if r.left > 0 {
		if _, err := r.buffer.WriteString(r.join("", "", "", fmt.Sprintf("and %d complaints more", r.left))); err != nil {
			return 0, err
		}
	}
	if err := r.buffer.Flush(); err != nil {
		return 0, err
	}
	if _, err := r.rows.Seek(0, io.SeekStart); err != nil {
		return 0, err
	}
	n, err := io.WriteString(w, r.counts()+r.join("line", "column", "value", "reason"))
	if err != nil {
		return int64(n), err
	}
	rows, err := io.Copy(w, r.rows)
	return int64(n) + rows, err
}

// Close takes away what was kept.
func (r *Report) Close() error {
	err := r.rows.Close()
	if gone := os.Remove(r.rows.Name()); err == nil {
		err = gone
	}
	return err
}
