package transfer

import (
	"bytes"
	"cmp"
	"context"
	"slices"
	"strings"
)

// block is a range of a table, up to a key, as the last pass left it.
type block struct {
	to Key // nil: the rest of the table
	// proof are the target's values of Table.Proof. Nobody else writes there,
	// and the source's never come back to what they once were: as long as these
	// are the source's too, nothing has changed.
	proof []int64
}

// copyTable makes the rows of a table the same.
func (m *Move) copyTable(ctx context.Context, t *Table) error {
	if t.Proof == nil {
		_, err := m.merge(ctx, t, Range{}, "")
		return err
	}
	known := m.blocksOf(t)
	var now []block
	var r Range
	for grown, i := false, 0; ; i++ {
		var b block
		var err error
		if i < len(known) {
			b = known[i]
		} else if b.to, err = m.from.end(ctx, t, r, m.from.rows); err != nil {
			return err
		}
		r.To = b.to
		rows, err := m.copyBlock(ctx, t, r, &b)
		if err != nil {
			return err
		}
		if b.to == nil {
			m.keepBlocks(t, now)
			return nil
		}
		// A block that has grown too long is made anew, and what follows it.
		if grown = grown || rows > 2*m.from.rows; !grown {
			now = append(now, b)
		}
		r.After, r.To = b.to, nil
	}
}

// copyBlock makes a range the same, unless that is proved, and returns how many
// rows it had to read for that.
func (m *Move) copyBlock(ctx context.Context, t *Table, r Range, b *block) (rows int, err error) {
	proof := t.Proof
	if t.Open != "" {
		proof = append(slices.Clone(proof), "count(*) FILTER (WHERE "+t.Open+")")
	}
	here, err := m.from.values(ctx, t, r, proof)
	if err != nil {
		return 0, err
	}
	n := len(t.Proof)
	open := len(here) > n && here[n] > 0
	if b.proof == nil {
		if b.proof, err = m.to.values(ctx, t, r, t.Proof); err != nil {
			return 0, err
		}
	}
	m.saw(t, here[0])
	switch {
	case !slices.Equal(here[:n], b.proof):
		if rows, err = m.merge(ctx, t, r, ""); err == nil {
			b.proof, err = m.to.values(ctx, t, r, t.Proof)
		}
	case open:
		rows, err = m.merge(ctx, t, r, t.Open)
	}
	return rows, err
}

// merge reads a range on both sides in the sequence of the key and writes what
// differs. With a condition, only rows that meet it are read: one that meets it
// on the target alone has just ceased to, and is left to the next pass.
func (m *Move) merge(ctx context.Context, t *Table, r Range, and string) (read int, err error) {
	for {
		rows, more, err := m.from.page(ctx, t, r, and)
		if err != nil {
			return read, err
		}
		read += len(rows)
		part := r
		if more {
			part.To = t.key(rows[len(rows)-1])
		}
		d := differ{t: t, rows: rows}
		if err := m.to.each(ctx, t, part, and, d.meet); err != nil {
			return read, err
		}
		d.end()
		if and != "" {
			d.changes.Gone = nil
		}
		if t.Proof == nil {
			m.saw(t, int64(len(rows)))
		}
		if err := m.write(ctx, &d); err != nil || !more {
			return read, err
		}
		r.After = part.To
	}
}

// write writes what differs, shop by shop; of orders that were erased
// meanwhile with all that goes with it.
func (m *Move) write(ctx context.Context, d *differ) error {
	if d.t.Name == ordersTable {
		if err := m.forgetAll(ctx, d); err != nil {
			return err
		}
	}
	if d.t.Reference {
		return m.put(ctx, "", d.changes)
	}
	for shop, c := range d.changes.byShop() {
		if err := m.put(ctx, shop, *c); err != nil {
			return err
		}
	}
	return nil
}

func (m *Move) put(ctx context.Context, shop string, list ...Changes) error {
	list = slices.DeleteFunc(list, func(c Changes) bool { return c.size() == 0 })
	if len(list) == 0 {
		return nil
	}
	if err := m.opts.Target.Write(ctx, shop, list...); err != nil {
		return err
	}
	for i := range list {
		m.wrote(list[i].Table, int64(list[i].size()))
	}
	return nil
}

// differ finds what has to be written so that the target's rows of a range
// become the source's.
type differ struct {
	t       *Table
	rows    []Row // the source's, in sequence
	changes Changes
	before  []Row // what stands in the place of changes.Old
}

// meet takes the target's next row.
func (d *differ) meet(there Row) {
	for len(d.rows) > 0 {
		here := d.rows[0]
		switch c := compareKeys(d.t.key(here), d.t.key(there)); {
		case c < 0:
			d.changes.New = append(d.changes.New, here)
		case c == 0:
			if !equalRows(here, there) {
				d.changes.Old, d.before = append(d.changes.Old, here), append(d.before, there)
			}
			d.rows = d.rows[1:]
			return
		default:
			d.changes.Gone = append(d.changes.Gone, d.t.key(there))
			return
		}
		d.rows = d.rows[1:]
	}
	d.changes.Gone = append(d.changes.Gone, d.t.key(there))
}

// end takes what the target does not have.
func (d *differ) end() {
	d.changes.Table = d.t
	d.changes.New = append(d.changes.New, d.rows...)
	d.rows = nil
}

func compareKeys(a, b Key) int {
	for i := range a {
		if c := compareValues(a[i], b[i]); c != 0 {
			return c
		}
	}
	return 0
}

// compareValues is the sequence of both engines: keys are never NULL, and
// texts compare by bytes.
func compareValues(a, b any) int {
	switch a := a.(type) {
	case int64:
		return cmp.Compare(a, b.(int64))
	case string:
		return strings.Compare(a, b.(string))
	case []byte:
		return bytes.Compare(a, b.([]byte))
	}
	return 0
}

func equalRows(a, b Row) bool {
	for i := range a {
		if a[i] == nil || b[i] == nil {
			if a[i] != nil || b[i] != nil {
				return false
			}
		} else if compareValues(a[i], b[i]) != 0 {
			return false
		}
	}
	return true
}
