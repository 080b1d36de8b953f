package transfer

import (
	"context"
)

// RowsOf returns all rows of a table of a source, or of a target.
func RowsOf(ctx context.Context, source Source, target Target, t *Table) ([]Row, error) {
	s := side{target, ofPostgres, pageRows}
	if source != nil {
		s = side{source, ofSQLite, pageRows}
	}
	return s.list(ctx, t, Range{})
}

// Statements are those that read a table of the source, with their arguments.
func Statements(t *Table) map[string][]any {
	key := make(Key, len(t.Key))
	for i, c := range t.Key {
		key[i] = map[Kind]any{Int: int64(1), Text: "a", Bytes: []byte{1}}[c.Kind]
	}
	r := Range{After: key, To: key}
	list := map[string][]any{}
	add := func(text string, args []any) { list[text] = args }
	add(ofSQLite.selectRows(t, r, t.Open))
	add(ofSQLite.selectValues(t, r, append([]string{"count(*)"}, t.Proof...)))
	add(ofSQLite.selectEnd(t, Range{After: key}, 10))
	add(ofSQLite.selectEnd(t, Range{}, 10))
	add(ofSQLite.selectRows(t, Range{}, ""))
	add(ofSQLite.selectRows(t, Range{Under: key[:1]}, ""))
	add(ofSQLite.selectRows(t, Range{Under: key[:1]}, ""))
	add(ofSQLite.selectGroups(t, r, t.Key[0].Name, []string{"count(*)"}))
	if !t.Reference {
		add(ofSQLite.selectShops(t), nil)
	}
	return list
}

// InPagesOf makes a move read so many rows at a time.
func InPagesOf(m *Move, rows int) *Move {
	m.from.rows, m.to.rows = rows, rows
	return m
}
