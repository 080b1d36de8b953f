package cli_test

import (
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/ordermux/ordermux/internal/api"
	"github.com/ordermux/ordermux/internal/catalog"
	"github.com/ordermux/ordermux/internal/ledger"
	"github.com/ordermux/ordermux/internal/order"
	"github.com/ordermux/ordermux/internal/promotion"
	"github.com/ordermux/ordermux/internal/store"
	"github.com/ordermux/ordermux/internal/store/sqlite"
)

// offers is a hub that keeps promotions for a shop that sells CAFE in K-1 for
// 10.00, and TE for 8.00.
type offers struct {
	fakeHub
	book *promotion.Book
}

func newOffers(t *testing.T) *offers {
	t.Helper()
	db, err := sqlite.Open(t.Context(), t.TempDir(), sqlite.Options{Now: func() time.Time { return now }})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	for _, p := range []catalog.Product{{Product: order.Product{Code: "CAFE"}, Price: order.FromInt(1000, 2)}, {Product: order.Product{Code: "TE"}, Price: order.FromInt(800, 2)}} {
		p.Currency, p.Active = "SEK", true
		if _, err := db.Catalog().Put(t.Context(), "nordlys", []catalog.Product{p}); err != nil {
			t.Fatal(err)
		}
	}
	if err := db.Catalog().OpenStores(t.Context(), "nordlys", []string{"K-1"}); err != nil {
		t.Fatal(err)
	}
	o := &offers{book: promotion.New(db.Promotions(), store.OffersForPromotions(db.Catalog()))}
	srv := httptest.NewServer(api.New(api.Options{
		Tokens: oneToken{}, Catalog: db.Catalog(), Promotions: o.book, Ledger: ledger.New(db, ledger.Options{}), Now: func() time.Time { return now },
		Operator: api.Operator{Shops: func() []api.Shop { return []api.Shop{{ID: "nordlys", Currency: "SEK", Timezone: "UTC"}} }},
	}))
	t.Cleanup(srv.Close)
	o.url = srv.URL
	return o
}

// runs the jobs that wait.
func (o *offers) runs(t *testing.T) {
	t.Helper()
	for {
		j, ok, err := o.book.Next(t.Context(), "nordlys")
		if err != nil {
			t.Fatal(err)
		}
		if !ok {
			return
		}
		if _, err := o.book.Run(t.Context(), "nordlys", j.Number); err != nil {
			t.Fatal(err)
		}
	}
}

func TestPromotions(t *testing.T) {
	t.Parallel()
	o := newOffers(t)
	start, end := now.Add(time.Hour).Format(time.RFC3339), now.Add(48*time.Hour).Format(time.RFC3339)
	body := `{"names":{"es_UY":"Oferta"},"start":"` + start + `","end":"` + end + `","type":"strikethrough","reason":"trading",
		"stores":["K-1","K-9"],"discounts":[{"skus":["CAFE","TE","PAN"],"subtype":"final_price","value":"8.50"}],"limits":{"global":5}}`
	must := func(stdin string, args ...string) string {
		t.Helper()
		r := o.run(t, stdin, args...)
		if r.code != 0 || r.err != "" {
			t.Fatalf("%v: %+v", args, r)
		}
		return r.out
	}
	has := func(text string, want ...string) {
		t.Helper()
		for _, w := range want {
			if !strings.Contains(text, w) {
				t.Errorf("%q is missing in\n%s", w, text)
			}
		}
	}
	said := must(body, "promotions", "put", "-")
	has(said, "job ", ": queued")
	job := strings.TrimSuffix(strings.TrimPrefix(strings.TrimSpace(said), "job "), ": queued")
	has(must(body, "promotions", "put", "-"), ": duplicate")
	o.runs(t)
	has(must("", "promotions", "job", job), "completed", "1 pair", "no such store", "K-9", "not sold there", "K-1 PAN", "not lower", "K-1 TE")
	has(must("", "promotions", "job", job, "--json"), `"invalid_stores":["K-9"]`)
	has(must("", "promotions"), "Oferta", "strikethrough", "planned")
	has(must("", "promotions", "--json"), `"promotions":[{"id":1,`)
	has(must("", "promotions", "get", "1"), "name:es_UY", "K-1", "orders in all")
	has(must("", "promotions", "get", "1", "--json"), `"stores":["K-1"`)
	later := now.Add(24 * time.Hour).Format(time.RFC3339)
	has(must("", "promotions", "shown", "--store", "K-1", "--at", later, "CAFE", "TE"), "8.50", "Oferta", "8.00")
	if text := must("", "promotions", "shown", "--store", "K-1", "CAFE"); strings.Contains(text, "Oferta") {
		t.Errorf("it has not started\n%s", text)
	}
	fails := func(stdin, want string, args ...string) {
		t.Helper()
		if r := o.run(t, stdin, args...); r.code == 0 || !strings.Contains(r.err, want) {
			t.Errorf("%v: %+v", args, r)
		}
	}
	fails("", "there is no promotion 7", "promotions", "get", "7")
	fails("", "there is no job none", "promotions", "job", "none")
	fails(`{"stores":["K-1"]}`, "discounts", "promotions", "put", "-")
	fails(body, "neither a catalogue nor a route", "promotions", "put", "-", "--route", "peya")
	fails("", "--cursor is the id", "promotions", "--cursor", "x")
	fails("", "store", "promotions", "shown", "CAFE")
}
