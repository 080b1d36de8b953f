package transfer

import (
	"context"
	"maps"
	"slices"
)

// RowsOf returns all rows of a table, by shop, of a source or of a target.
func RowsOf(ctx context.Context, source Source, target Target, t *Table) (map[string][]Row, error) {
	s := side{target, ofPostgres}
	if source != nil {
		s = side{source, ofSQLite}
	}
	shops := map[string]bool{"": t.Reference}
	if !t.Reference {
		delete(shops, "")
		if err := s.shops(ctx, t, shops); err != nil {
			return nil, err
		}
	}
	all := map[string][]Row{}
	for _, shop := range slices.Sorted(maps.Keys(shops)) {
		rows, err := s.list(ctx, t, Range{Shop: shop})
		if err != nil {
			return nil, err
		}
		all[shop] = rows
	}
	return all, nil
}

// Statements are those that read a table of the source, with their arguments.
func Statements(t *Table) map[string][]any {
	key := make(Key, len(t.Key))
	for i, c := range t.Key {
		key[i] = map[Kind]any{Int: int64(1), Text: "a", Bytes: []byte{1}}[c.Kind]
	}
	r := Range{Shop: "nordlys", After: key, To: key}
	if len(key) == 0 {
		r.After, r.To = nil, nil
	}
	list := map[string][]any{}
	add := func(text string, args []any) { list[text] = args }
	add(ofSQLite.selectRows(t, r, t.Open))
	add(ofSQLite.selectValues(t, r, append([]string{"count(*)"}, t.Proof...)))
	if len(key) > 0 {
		add(ofSQLite.selectEnd(t, Range{Shop: r.Shop, After: key}, 10))
		add(ofSQLite.selectRows(t, Range{Shop: r.Shop, Under: key[:1]}, ""))
	}
	if !t.Reference {
		add(ofSQLite.selectShop(t, "a"))
	}
	return list
}
