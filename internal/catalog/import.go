package catalog

import (
	"context"
	"errors"
	"fmt"
	"io"
)

// The bounds of an import.
const (
	importBatch = 500  // products of one Put
	mostFaults  = 1000 // rows whose faults are told
)

// Imported is what became of a file.
type Imported struct {
	Rows    int // products read
	Changed int // of them new, or other than before
	Refused int // rows that were not kept
	Faults  []RowError
}

// Putter is what Import needs of a Store.
type Putter interface {
	Put(ctx context.Context, shop string, products []Product) (changed int, err error)
}

// Import puts the products of a file into a shop's catalogue, some at a time,
// so that a file of any length takes the memory of a few. A row that is bad, or
// has the EAN of an earlier row or of another product, is left out and named;
// of two rows with one code the later one holds. After an error of the file or
// of the store, what was imported until then stays; importing again does no
// harm. refused is told each row that is left out, all of them; nil: nobody.
func Import(ctx context.Context, s Putter, shop string, r *Reader, refused func(RowError)) (Imported, error) {
	i := importing{ctx: ctx, store: s, shop: shop, refused: refused, codes: map[string]bool{}}
	for {
		p, err := r.Next()
		var bad *RowError
		switch {
		case errors.As(err, &bad):
			i.report.Rows++
			i.refuse(*bad)
			continue
		case errors.Is(err, io.EOF):
			err = i.flush()
			return i.report, err
		case err != nil:
			err = errors.Join(fmt.Errorf("read products: %w", err), i.flush())
			return i.report, err
		}
		i.report.Rows++
		if err := i.add(p); err != nil {
			return i.report, err
		}
	}
}

// importing is an import and what waits for the next Put.
type importing struct {
	ctx      context.Context
	store    Putter
	shop     string
	report   Imported
	products []Product
	codes    map[string]bool
	refused  func(RowError)
}

func (i *importing) refuse(bad RowError) {
	i.report.Refused++
	if len(i.report.Faults) < mostFaults {
		i.report.Faults = append(i.report.Faults, bad)
	}
	if i.refused != nil {
		i.refused(bad)
	}
}

func (i *importing) add(p *Product) error {
	if i.codes[p.Code] || len(i.products) >= importBatch {
		if err := i.flush(); err != nil {
			return err
		}
	}
	i.codes[p.Code] = true
	i.products = append(i.products, *p)
	return nil
}

// flush puts what waits, without those that would share an EAN.
func (i *importing) flush() error {
	for len(i.products) > 0 {
		n, err := i.store.Put(i.ctx, i.shop, i.products)
		var twice *Duplicate
		if err == nil {
			i.report.Changed += n
			break
		}
		if !errors.As(err, &twice) {
			return fmt.Errorf("import products up to line %d: %w", i.products[len(i.products)-1].Line, err)
		}
		i.leaveOut(twice)
	}
	clear(i.codes)
	clear(i.products)
	i.products = i.products[:0]
	return nil
}

// leaveOut takes the later one of each pair out of what waits.
func (i *importing) leaveOut(twice *Duplicate) {
	out := map[int]bool{}
	for _, p := range twice.Pairs {
		later := p.Other
		if later.Line == 0 { // kept before
			later = p.First
		}
		if !out[later.Line] {
			out[later.Line] = true
			i.refuse(RowError{Line: later.Line, Cells: []CellFault{{Reason: p.String()}}})
		}
	}
	kept := i.products[:0]
	for _, p := range i.products {
		if !out[p.Line] {
			kept = append(kept, p)
		}
	}
	i.products = kept
}
