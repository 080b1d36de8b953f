package transfer

import (
	"context"
	"fmt"
)

// side is one end with the SQL it speaks.
type side struct {
	Reader
	dialect dialect
	rows    int // of a page
}

const (
	// pageRows and pageBytes bound what is read, and then written, at a time:
	// some ten milliseconds of reading. So many rows are also proved to be the
	// same at a time.
	pageRows  = 4000
	pageBytes = 4 << 20
)

// page reads the first rows of a range; more: there are others.
func (s side) page(ctx context.Context, t *Table, r Range, and string) (rows []Row, more bool, err error) {
	text, args := s.dialect.selectRows(t, r, and)
	text += fmt.Sprintf(" LIMIT %d", s.rows+1)
	size := 0
	err = s.read(ctx, t, text, args, func(row Row) bool {
		if len(rows) == s.rows || size >= pageBytes {
			more = true
			return false
		}
		rows = append(rows, row)
		size += bytesOf(row)
		return true
	})
	return rows, more, err
}

// each reads all rows of a range at once.
func (s side) each(ctx context.Context, t *Table, r Range, and string, f func(Row)) error {
	text, args := s.dialect.selectRows(t, r, and)
	return s.read(ctx, t, text, args, func(row Row) bool { f(row); return true })
}

// list is each for few rows.
func (s side) list(ctx context.Context, t *Table, r Range) (rows []Row, err error) {
	err = s.each(ctx, t, r, "", func(row Row) { rows = append(rows, row) })
	return rows, err
}

func (s side) read(ctx context.Context, t *Table, text string, args []any, f func(Row) bool) error {
	var bad error
	err := s.Query(ctx, text, args, func(values []any) bool {
		row, err := t.row(values, s.dialect)
		if err != nil {
			bad = err
			return false
		}
		return f(row)
	})
	if err == nil {
		err = bad
	}
	if err != nil {
		return fmt.Errorf("read %s: %w", t.Name, err)
	}
	return nil
}

func bytesOf(r Row) int {
	n := 16 * len(r)
	for _, v := range r {
		switch v := v.(type) {
		case string:
			n += len(v)
		case []byte:
			n += len(v)
		}
	}
	return n
}

// values computes expressions over a range.
func (s side) values(ctx context.Context, t *Table, r Range, expressions []string) (out []int64, err error) {
	text, args := s.dialect.selectValues(t, r, expressions)
	var bad error
	err = s.Query(ctx, text, args, func(values []any) bool {
		for _, v := range values {
			n, err := number(v)
			if err != nil {
				bad = err
				return false
			}
			out = append(out, n.(int64))
		}
		return false
	})
	if err == nil {
		err = bad
	}
	if err != nil {
		return nil, fmt.Errorf("count %s: %w", t.Name, err)
	}
	return out, nil
}

// end returns the key of the n-th row of a range; nil: it has fewer.
func (s side) end(ctx context.Context, t *Table, r Range, n int) (k Key, err error) {
	text, args := s.dialect.selectEnd(t, r, n)
	if err = s.Query(ctx, text, args, func(values []any) bool { k = append(k, values...); return false }); err != nil {
		return nil, fmt.Errorf("read %s: %w", t.Name, err)
	}
	return k, nil
}

// shops adds the shops that have rows of a table.
func (s side) shops(ctx context.Context, t *Table, to map[string]bool) error {
	err := s.Query(ctx, s.dialect.selectShops(t), nil, func(values []any) bool {
		to[fmt.Sprint(values[0])] = true
		return true
	})
	if err != nil {
		return fmt.Errorf("list shops: %w", err)
	}
	return nil
}
