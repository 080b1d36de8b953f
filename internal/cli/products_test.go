package cli_test

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/ordermux/ordermux/internal/api"
	"github.com/ordermux/ordermux/internal/catalog"
	"github.com/ordermux/ordermux/internal/store/sqlite"
)

// oneToken lets everybody in as the shop's operator.
type oneToken struct{ api.Tokens }

func (oneToken) Check(context.Context, string) (api.Grant, error) {
	return api.Grant{Shop: "nordlys", Scope: api.Operate, Name: "desk"}, nil
}

// shelf is a hub that keeps products, and is too busy for some calls.
type shelf struct {
	fakeHub
	catalog catalog.Store
	busy    atomic.Int32
}

func newShelf(t *testing.T) *shelf {
	t.Helper()
	store, err := sqlite.Open(t.Context(), t.TempDir(), sqlite.Options{Now: func() time.Time { return now }})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = store.Close() })
	s := &shelf{catalog: store.Catalog()}
	hub := api.New(api.Options{Tokens: oneToken{}, Catalog: s.catalog, Operator: api.Operator{Shops: func() []api.Shop {
		return []api.Shop{{ID: "nordlys", Currency: "SEK", Timezone: "UTC"}}
	}}})
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodPut && s.busy.Add(-1) >= 0 {
			w.WriteHeader(http.StatusServiceUnavailable)
			return
		}
		hub.ServeHTTP(w, r)
	}))
	t.Cleanup(srv.Close)
	s.url = srv.URL
	return s
}

// must runs a command that works.
func (s *shelf) must(t *testing.T, stdin string, args ...string) string {
	t.Helper()
	r := s.run(t, stdin, args...)
	if r.code != 0 || r.err != "" {
		t.Fatalf("%v: %+v", args, r)
	}
	return r.out
}

const threeProducts = `[{"code":"K-38","gtin":"5901234123457","name":"Shoe","names":{"pl":"But"},"size":"38","parent":"K","price":"129.90","currency":"SEK","weight":"0.8","buffer":"1",
	"stock":[{"warehouse":"north","quantity":"4"},{"warehouse":"south","quantity":"1.5"}]},
	{"code":"K-39","name":"Shoe","active":false,"kind":"fixed","stock":[{"quantity":"7"}]},{"code":"L-1","kind":"live"}]`

func TestProducts(t *testing.T) {
	t.Parallel()
	s := newShelf(t)
	if got := s.must(t, "", "products", "put", write(t, "products.json", threeProducts)); got != "3 products changed\n" {
		t.Error(got)
	}
	if got := s.must(t, "{\"code\":\"M-1\"}\n{\"code\":\"M-2\"}\n", "products", "put", "-"); got != "2 products changed\n" {
		t.Error(got)
	}
	golden(t, "products", s.must(t, "", "products"))
	golden(t, "products-page", s.must(t, "", "products", "list", "--prefix", "K", "--limit", "1"))
	golden(t, "products-json", s.must(t, "", "products", "--kind", "fixed", "--inactive", "--json"))
	golden(t, "product", s.must(t, "", "products", "get", "K-38"))
	golden(t, "product-json", s.must(t, "", "products", "get", "L-1", "--json"))
	f := func(want string, args ...string) {
		t.Helper()
		if got := s.must(t, "", append([]string{"products"}, args...)...); got != want+"\n" {
			t.Errorf("%v: %q", args, got)
		}
	}
	f("K-39: 3 fixed in stock", "stock", "K-39", "3")
	f("K-38: 4.5 in stock", "stock", "K-38", "--change=-1", "--warehouse", "north")
	f("K-38: 6.5 in stock", "stock", "K-38", "2", "--warehouse", "east")
	f("2 products changed", "deactivate", "K-38", "L-1")
	f("1 product changed", "activate", "K-38")
	f("product M-1 is removed", "delete", "M-1", "--yes")
}

func TestProductsThatFail(t *testing.T) {
	t.Parallel()
	s := newShelf(t)
	s.must(t, threeProducts, "products", "put", "-")
	f := func(code int, want string, args ...string) {
		t.Helper()
		r := s.run(t, "", append([]string{"products"}, args...)...)
		if r.code != code || !strings.Contains(r.err, want) {
			t.Errorf("%v: %+v", args, r)
		}
	}
	f(1, "there is no product none in shop nordlys", "get", "none")
	f(1, "there is no product none in shop nordlys", "delete", "none", "--yes")
	f(2, "add --yes to go on", "delete", "K-38")
	f(2, "either a quantity or --change", "stock", "K-38")
	f(2, "either a quantity or --change", "stock", "K-38", "1", "--change", "2")
	f(2, "not a plain decimal", "stock", "K-38", "many")
	f(1, "stock[0].warehouse", "stock", "K-38", "1")
	f(1, "codes[0]: there is no such product", "activate", "none")
	twin := write(t, "twin.json", `{"code":"A","gtin":"5901234123457"}`)
	f(1, `products "A" (line 1) and "K-38" have one EAN`, "put", twin)
	f(1, "no such file", "put", "none.json")
}

// A file of several pages; what is wrong with a line is said with the line, and
// both products with one EAN are named, wherever the first stands.
func TestImportProducts(t *testing.T) {
	t.Parallel()
	s := newShelf(t)
	s.must(t, threeProducts, "products", "put", "-")
	var b strings.Builder
	b.WriteString("code;ean;name;price;stock:north;stock:south\n")
	for i := range 1100 { // from line 2 on
		ean := ""
		switch i {
		case 7, 1050:
			ean = "4006381333931"
		case 8:
			ean = "5901234123457"
		}
		fmt.Fprintf(&b, "P-%04d;%s;Product %d;5;%d;1\n", i, ean, i, i)
	}
	b.WriteString("P-9;;;x;;\nP-9;;;;1\n")
	file := write(t, "products.csv", b.String())
	s.busy.Store(2)
	r := s.run(t, "", "import", file, "--format", "products")
	if r.code != 1 || r.err != "" {
		t.Errorf("%+v", r)
	}
	golden(t, "import-products", r.out)
	golden(t, "import-products-json", s.run(t, "", "import", file, "--format", "products", "--json").out)
	p := s.must(t, "", "products", "get", "P-1099")
	if !strings.Contains(p, "5 SEK") || !strings.Contains(p, "1100") {
		t.Error(p)
	}
	short := write(t, "short.csv", "code,price\nQ-1,2\nQ-2,3\n")
	if got := s.must(t, "", "import", short, "--format", "products", "--currency", "EUR"); got != "2 products, 2 new or changed\n" {
		t.Error(got)
	}
	if got := s.must(t, "", "import", short, "--format", "products", "--currency", "EUR"); got != "2 products, 0 new or changed\n" {
		t.Error(got)
	}
	if got := s.must(t, "", "import", short, "--format", "products", "--dry-run"); !strings.HasPrefix(got, "line 2: Q-1 , 2 SEK, stock 0\n") {
		t.Error(got)
	}
	for _, bad := range [][2]string{{"", "the file is empty"}, {"colour\n", "no column has this name"}} {
		if r := s.run(t, "", "import", write(t, "bad.csv", bad[0]), "--format", "products"); r.code != 1 || !strings.Contains(r.err, bad[1]) {
			t.Errorf("%+v", r)
		}
	}
	if r := s.run(t, "", "import", file, "--format", "products", "--history"); r.code != 2 {
		t.Errorf("%+v", r)
	}
}
