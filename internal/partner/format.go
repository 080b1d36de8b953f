package partner

import (
	"io"
	"iter"
	"time"

	"github.com/ordermux/ordermux/internal/order"
)

// Format reads one kind of file into entries.
type Format struct {
	Name        string // "citrusad-tsv"
	Description string
	// Sniff reports whether head (the first bytes of a file) looks like it.
	Sniff func(head []byte) bool
	// Read yields a row per order, in the file's sequence. A row's error is
	// its verdict and does not end the reading; an error that does comes last.
	Read func(r io.Reader, opts ReadOptions) iter.Seq2[Row, error]
	// Separator tells from head what stands between the cells, for a report in
	// the file's own manner; 0: it can not tell. Nil: the file has no cells.
	Separator func(head []byte) byte
}

// ReadOptions tell a reader what the file does not.
type ReadOptions struct {
	Shop     string
	Location *time.Location // of dates without offset
	Currency string
}

// Row is what a file says of one order.
type Row struct {
	Line     int // the first line of the order in the file, from 1
	LastLine int
	Count    int // lines of the file that make it; 0: all from Line to LastLine
	Bytes    int // of these lines; 0: not told
	Entries  []order.Entry
	// Skipped says why the rows are nothing to be sent, yet kept in the report.
	Skipped string
	// Notice says what is odd about rows that were taken all the same.
	Notice string
}
