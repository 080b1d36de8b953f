package citrusad

import (
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"io"
	"strings"

	"github.com/ordermux/ordermux/internal/json"
	"github.com/ordermux/ordermux/internal/order"
)

// write writes the file out of the chunks from newest to oldest, so that of an
// order handed over several times the newest is taken, in one pass. It returns
// the oldest chunk there is.
func (f *file) write(ctx context.Context, w io.Writer, from, head int64) (int64, error) {
	if strings.HasSuffix(f.name, ".gz") {
		z := gzip.NewWriter(w)
		defer z.Close() // its error shows in the Close below
		oldest, err := f.writeRows(ctx, z, from, head)
		return oldest, errors.Join(err, z.Close())
	}
	return f.writeRows(ctx, w, from, head)
}

func (f *file) writeRows(ctx context.Context, w io.Writer, from, head int64) (int64, error) {
	if _, err := io.WriteString(w, strings.Join(written, "\t")+"\n"); err != nil {
		return from, err
	}
	done := map[string]bool{}
	for n := head - 1; n >= from; n-- {
		chunk, ok, err := f.deps.State.Get(ctx, f.keyChunk(n))
		if err != nil {
			return from, err
		}
		if !ok {
			return n + 1, nil // older ones are gone by age too
		}
		if err := f.writeChunk(ctx, w, chunk, done); err != nil {
			return from, err
		}
	}
	return from, nil
}

// writeChunk writes the orders of a chunk that are not yet in the file.
func (f *file) writeChunk(ctx context.Context, w io.Writer, chunk []byte, done map[string]bool) error {
	var records []record
	var ids []string
	for _, rec := range readRecords(chunk) {
		if !done[rec.id] {
			done[rec.id] = true
			records, ids = append(records, rec), append(ids, rec.id)
		}
	}
	if len(ids) == 0 {
		return nil
	}
	orders, err := f.deps.Orders.Merged(ctx, f.deps.Shop, ids)
	if err != nil {
		return err
	}
	var b []byte
	for i, rec := range records {
		if i < len(orders) {
			b = f.appendNamed(b, &rec, orders[i])
		}
	}
	_, err = w.Write(b)
	return err
}

// appendNamed appends a record's rows with customer and session filled in. An
// order that had a session and lost it was erased, and is left out.
func (f *file) appendNamed(b []byte, rec *record, o *order.Order) []byte {
	if o == nil || rec.session && o.Session == "" {
		return b
	}
	customer := ""
	if o.Customer != nil && f.send.Customer {
		customer = o.Customer.ID
	}
	for row := range bytes.Lines(rec.rows) {
		before, seller, ok := bytes.Cut(row, []byte(blankNames))
		if !ok {
			continue
		}
		b = append(append(b, before...), '\t')
		b = append(append(b, cell(customer)...), '\t')
		b = append(append(b, cell(o.Session)...), '\t')
		b = append(b, seller...)
	}
	return b
}

// blankNames is what stands in a chunk for customer and session, with the tabs
// around: no value can hold it, see cell.
const blankNames = "\t\x1f\t\x1f\t"

// A record is an order in a chunk: a line with its quoted id and a mark, and
// its rows.
type record struct {
	id      string
	session bool
	rows    []byte
}

// appendRecord appends an order without what names a person.
func appendRecord(b []byte, w *wireOrder) []byte {
	b = append(appendText(append(b, '\x1e'), w.ID), '\t')
	if w.Session != "" {
		b = append(b, 's')
	}
	return appendRows(append(b, '\n'), w, "\x1f", "\x1f")
}

func readRecords(chunk []byte) (list []record) {
	for _, text := range bytes.Split(chunk, []byte{'\x1e'}) {
		head, rows, ok := bytes.Cut(text, []byte{'\n'})
		quoted, mark, tab := bytes.Cut(head, []byte{'\t'})
		if !ok || !tab {
			continue // what stands before the first record: nothing
		}
		c := json.NewCursor(string(quoted))
		list = append(list, record{id: c.Text(), session: len(mark) > 0, rows: rows})
	}
	return list
}
