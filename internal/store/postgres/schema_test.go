package postgres

import (
	"slices"
	"testing"

	"github.com/jackc/pgx/v5"
)

// The rules of these tests are those of a store that is spread over machines
// by shop (design: stores and growth). They hold for every table from the
// first one on.

// texts returns the first column of a query.
func texts(t *testing.T, conn *pgx.Conn, query string, args ...any) []string {
	t.Helper()
	rows, err := conn.Query(t.Context(), query, args...)
	if err != nil {
		t.Fatal(err)
	}
	list, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		t.Fatal(err)
	}
	return list
}

// TestEveryTableHasItsKind: what is distributed by shop, and what stands
// everywhere, is decided for each table.
func TestEveryTableHasItsKind(t *testing.T) {
	t.Parallel()
	conn := other(t, openNew(t, Options{}))
	const tables = `SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p') ORDER BY relname`
	want := slices.Sorted(slices.Values(slices.Concat(tablesByShop, referenceTables)))
	if got := texts(t, conn, tables); !slices.Equal(got, want) {
		t.Errorf("tables %v, but distribute.go knows %v", got, want)
	}
	for _, table := range erasedTables {
		if !slices.Contains(tablesByShop, table) {
			t.Errorf("%s: erased, but no table by shop", table)
		}
	}
}

func TestSchemaIsByShop(t *testing.T) {
	t.Parallel()
	conn := other(t, openNew(t, Options{}))
	f := func(what, query string, args ...any) {
		t.Helper()
		for _, found := range texts(t, conn, query, args...) {
			t.Errorf("%s: %s", what, found)
		}
	}
	const byShop = ` c.relnamespace = 'public'::regnamespace AND c.relname = ANY ($1)`
	f("a table without a primary key", `SELECT c.relname FROM pg_class c WHERE`+byShop+`
		AND NOT EXISTS (SELECT 1 FROM pg_index i WHERE i.indrelid = c.oid AND i.indisprimary)`, tablesByShop)
	f("an index that does not begin with shop", `SELECT i.indexrelid::regclass::text FROM pg_index i
		JOIN pg_class c ON c.oid = i.indrelid LEFT JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum = i.indkey[0]
		WHERE`+byShop+` AND a.attname IS DISTINCT FROM 'shop'`, tablesByShop)
	f("a text of a key that does not compare by bytes", `SELECT i.indexrelid::regclass || ' ' || a.attname FROM pg_index i
		JOIN pg_class c ON c.oid = i.indrelid JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum = ANY (i.indkey)
		WHERE`+byShop+` AND a.atttypid = 'text'::regtype AND a.attcollation != '"C"'::regcollation`, tablesByShop)
	f("a shop that is no text by bytes", `SELECT c.relname FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attname = 'shop'
		WHERE`+byShop+` AND (a.atttypid != 'text'::regtype OR a.attcollation != '"C"'::regcollation OR NOT a.attnotnull)`, tablesByShop)
	f("a sequence", "SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind = 'S'")
	f("a foreign key, or an exclusion", "SELECT conname FROM pg_constraint WHERE contype NOT IN ('p', 'u', 'c') AND connamespace = 'public'::regnamespace")
	f("a trigger", "SELECT tgname FROM pg_trigger WHERE NOT tgisinternal")
	f("a function", "SELECT proname FROM pg_proc WHERE pronamespace = 'public'::regnamespace")
	f("a default that is made anew for each machine", `SELECT adrelid::regclass::text FROM pg_attrdef
		WHERE pg_get_expr(adbin, adrelid) ~ '(nextval|random|uuid)'`)
}
