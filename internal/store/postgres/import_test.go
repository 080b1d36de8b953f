package postgres

import (
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/ordermux/ordermux/internal/store/postgres/pgtest"
	"github.com/ordermux/ordermux/internal/store/transfer"
)

func mustImport(t *testing.T, url string) *Import {
	t.Helper()
	i, err := OpenImport(t.Context(), url)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := i.Close(); err != nil {
			t.Error(err)
		}
	})
	return i
}

func tableOf(name string) *transfer.Table {
	all := transfer.Tables()
	return all[slices.IndexFunc(all, func(t *transfer.Table) bool { return t.Name == name })]
}

// TestImportTwins writes orders whose digests are the same, in one page and in
// two, and changes one of them.
func TestImportTwins(t *testing.T) {
	t.Parallel()
	i := mustImport(t, pgtest.Database(t))
	orders := tableOf("orders")
	row := func(number, hash, newest int64) transfer.Row {
		return transfer.Row{"nordlys", number, hash, "order", "A", newest, int64(1), int64(0), []byte{1}}
	}
	write := func(c transfer.Changes) {
		t.Helper()
		c.Table = orders
		if err := i.Write(t.Context(), "nordlys", c); err != nil {
			t.Fatal(err)
		}
	}
	write(transfer.Changes{New: []transfer.Row{row(1, 5, 1), row(2, 6, 2), row(3, 5, 3)}})
	write(transfer.Changes{New: []transfer.Row{row(4, 7, 4), row(8, 5, 8)}, Old: []transfer.Row{row(3, 5, 9)}})
	var got [][3]int64
	err := i.Query(t.Context(), "SELECT number, twin, newest FROM orders WHERE shop = $1 ORDER BY number", []any{"nordlys"}, func(v []any) bool {
		got = append(got, [3]int64{v[0].(int64), int64(v[1].(int16)), v[2].(int64)})
		return true
	})
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([][3]int64{{1, 0, 1}, {2, 0, 2}, {3, 1, 9}, {4, 0, 4}, {8, 2, 8}}, got); diff != "" {
		t.Error(diff)
	}
	write(transfer.Changes{Gone: []transfer.Key{{"nordlys", int64(1)}, {"nordlys", int64(77)}}, New: []transfer.Row{row(9, 5, 9)}})
}

func TestImportAddress(t *testing.T) {
	t.Parallel()
	url := pgtest.Database(t)
	i := mustImport(t, url+"&password=hidden-word")
	if a := i.Address(); strings.Contains(a, "hidden") || !strings.HasPrefix(a, "postgres://ordermux@/t") || !strings.Contains(a, "?host=") {
		t.Errorf("address: %s", a)
	}
	for text, want := range map[string]string{
		"postgres://hub:hidden@db.example:6432/orders?sslmode=require": "postgres://hub@db.example:6432/orders",
		"postgres://hub:hidden@db.example/orders":                      "postgres://hub@db.example/orders",
		"host=db.example user=hub password=hidden dbname=orders":       "postgres://hub@db.example/orders",
	} {
		s := &Store{}
		var err error
		if s.config, err = s.configure(text); err != nil {
			t.Fatal(err)
		}
		if got := (&Import{s}).Address(); got != want {
			t.Errorf("%s instead of %s", got, want)
		}
	}
}
