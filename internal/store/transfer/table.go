package transfer

import (
	"fmt"
	"slices"
	"strings"
)

// Kind is how the values of a column are handed over.
type Kind int8

// The kinds. SQLite has neither booleans nor arrays.
const (
	Int     Kind = iota // int64
	Bool                // int64, 0 or 1
	Text                // string: valid UTF-8 without NUL
	Bytes               // []byte
	Numbers             // string: "{1,500}"; in SQLite "1-500 812-900"
)

// Column is a column of a table.
type Column struct {
	Name string
	Kind Kind
	// Null: nil is a value of it.
	Null bool
	// Erased: SQLite overwrites it with zeros where PostgreSQL keeps nothing.
	Erased bool
}

// Table is a table and how it is copied.
type Table struct {
	Name string
	// From is the table that has these columns in SQLite; "": the same name.
	From string
	// Key is the primary key, shop first; Columns are all others.
	Key     []Column
	Columns []Column
	// Proof are expressions over a range of rows: where both sides have the
	// same values, the rows are the same, but for those that Open tells. Nil:
	// nothing is known but by comparing.
	Proof []string
	// Open is the condition of rows that Proof says nothing of.
	Open string
	// First: copied before the others, see pass.
	First bool
	// Check are expressions, beside the number of rows, that are compared at
	// the end.
	Check []string
	// Reference: a table of no shop. Its key is written as it is.
	Reference bool
	// Twin: PostgreSQL tells rows of one hash apart by a number.
	Twin bool

	list []Column
}

// Row is a row: the values of the key, then the others.
type Row []any

// Key are the values of a row's key, or the first of them.
type Key = []any

// Range is a part of a table, over shops.
type Range struct {
	Under Key // the first columns of the key have these values
	After Key // greater than this; nil: from the first row
	To    Key // up to this; nil: to the last row
}

func (t *Table) key(r Row) Key { return Key(r[:len(t.Key)]) }

// All are the columns in the sequence of a Row.
func (t *Table) All() []Column { return t.list }

func (t *Table) index(column string) int {
	return slices.IndexFunc(t.list, func(c Column) bool { return c.Name == column })
}

// columns reads a list of columns: "name kind", with "null" or "erased" behind
// it where that holds.
func columns(list ...string) []Column {
	kinds := map[string]Kind{"int": Int, "bool": Bool, "text": Text, "bytes": Bytes, "numbers": Numbers}
	out := make([]Column, len(list))
	for i, text := range list {
		words := strings.Fields(text)
		out[i] = Column{Name: words[0], Kind: kinds[words[1]]}
		for _, w := range words[2:] {
			out[i].Null = out[i].Null || w == "null"
			out[i].Erased = out[i].Erased || w == "erased"
		}
	}
	return out
}

// dialect is what differs in the SQL of the two ends.
type dialect int8

const (
	ofSQLite dialect = iota
	ofPostgres
)

func (d dialect) mark(n int) string {
	if d == ofPostgres {
		return fmt.Sprint("$", n)
	}
	return "?"
}

func (d dialect) table(t *Table) string {
	if d == ofSQLite && t.From != "" {
		return t.From
	}
	return t.Name
}

func (d dialect) column(c Column) string {
	if d == ofPostgres && c.Kind == Numbers {
		return c.Name + "::text"
	}
	return c.Name
}

func (d dialect) columns(list []Column) string {
	names := make([]string, len(list))
	for i, c := range list {
		names[i] = d.column(c)
	}
	return strings.Join(names, ", ")
}

// where writes the condition of a range, and one more if it is not empty.
func (d dialect) where(t *Table, r Range, and string) (string, []any) {
	var b strings.Builder
	var args []any
	values := func(list Key) string {
		marks := make([]string, len(list))
		for i, v := range list {
			args = append(args, v)
			marks[i] = d.mark(len(args))
		}
		return strings.Join(marks, ", ")
	}
	b.WriteString(t.Key[0].Name + " IS NOT NULL") // all of it
	for i, v := range r.Under {
		b.WriteString(" AND " + t.Key[i].Name + " = " + values(Key{v}))
	}
	// What both ends have in common stands as equal, most often the shop: a
	// planner sees then which index narrows the range.
	n := r.common()
	for i, v := range r.After[:n] {
		b.WriteString(" AND " + d.column(t.Key[i]) + " = " + values(Key{v}))
	}
	key := d.columns(t.Key[n:])
	if r.After != nil {
		fmt.Fprintf(&b, " AND (%s) > (%s)", key, values(r.After[n:]))
	}
	if r.To != nil {
		fmt.Fprintf(&b, " AND (%s) <= (%s)", key, values(r.To[n:]))
	}
	if and != "" {
		fmt.Fprintf(&b, " AND (%s)", and)
	}
	return b.String(), args
}

// common is how many leading columns of the key are equal at both ends; the
// last one never counts.
func (r Range) common() (n int) {
	if r.After == nil || r.To == nil {
		return 0
	}
	for n < min(len(r.After), len(r.To))-1 && plainValue(r.After[n]) && r.After[n] == r.To[n] {
		n++
	}
	return n
}

// plainValue reports whether a key's value is one that == compares.
func plainValue(v any) bool {
	switch v.(type) {
	case string, int64:
		return true
	}
	return false
}

// selectRows reads the rows of a range in the sequence of the key.
func (d dialect) selectRows(t *Table, r Range, and string) (string, []any) {
	where, args := d.where(t, r, and)
	return "SELECT " + d.columns(t.list) + " FROM " + d.table(t) + " WHERE " + where + d.order(t), args
}

func (d dialect) order(t *Table) string { return " ORDER BY " + d.columns(t.Key) }

// selectValues computes expressions over a range: whole numbers.
func (d dialect) selectValues(t *Table, r Range, expressions []string) (string, []any) {
	where, args := d.where(t, r, "")
	list := make([]string, len(expressions))
	for i, e := range expressions {
		list[i] = "CAST(coalesce(" + d.expression(e) + ", 0) AS bigint)"
	}
	return "SELECT " + strings.Join(list, ", ") + " FROM " + d.table(t) + " WHERE " + where, args
}

// keptSalt stands in an expression for: the personal part is not erased.
const keptSalt = "{salt}"

func (d dialect) expression(e string) string {
	kept := "salt != zeroblob(length(salt))"
	if d == ofPostgres {
		kept = "salt != decode(repeat('00', length(salt)), 'hex')"
	}
	return strings.ReplaceAll(e, keptSalt, kept)
}

// selectEnd reads the key of the n-th row of a range.
func (d dialect) selectEnd(t *Table, r Range, n int) (string, []any) {
	where, args := d.where(t, r, "")
	text := "SELECT " + d.columns(t.Key) + " FROM " + d.table(t) + " WHERE " + where + d.order(t)
	return text + fmt.Sprintf(" LIMIT 1 OFFSET %d", n-1), args
}

// selectShops reads the shops that have rows, jumping from one to the next
// over the key.
func (d dialect) selectShops(t *Table) string {
	table := d.table(t)
	return "WITH RECURSIVE s (shop) AS (SELECT min(shop) FROM " + table + " UNION ALL SELECT (SELECT min(x.shop) FROM " + table +
		" x WHERE x.shop > s.shop) FROM s WHERE s.shop IS NOT NULL) SELECT shop FROM s WHERE shop IS NOT NULL"
}

// selectGroups computes expressions for each value of some columns.
func (d dialect) selectGroups(t *Table, r Range, by string, expressions []string) (string, []any) {
	where, args := d.where(t, r, "")
	list := make([]string, len(expressions))
	for i, e := range expressions {
		list[i] = "CAST(coalesce(" + e + ", 0) AS bigint)"
	}
	return "SELECT " + by + ", " + strings.Join(list, ", ") + " FROM " + d.table(t) + " WHERE " + where + " GROUP BY " + by, args
}
