package app_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/ordermux/ordermux/internal/app"
	"github.com/ordermux/ordermux/internal/catalog"
	"github.com/ordermux/ordermux/internal/order"
	"github.com/ordermux/ordermux/internal/partner"
	"github.com/ordermux/ordermux/internal/partner/all"
)

// asleep is a hub that looks at nothing by itself: who wants something done
// wakes it.
func asleep(o *app.Options) { o.Tick = time.Hour }

// spied hands out what doors are given.
func spied(deps *partner.Deps) func(*app.Options) {
	spy := partner.Partner{Name: "spy", Title: "Spy", Door: func(d partner.Deps) (partner.Side, error) {
		*deps = d
		return partner.Side{}, nil
	}}
	return func(o *app.Options) { o.Partners = append(all.List(), spy) }
}

// A request that any node takes is run at once by the shop's owner, and begins
// by the clock without anybody looking.
func TestPromotionsAmongNodes(t *testing.T) {
	t.Parallel()
	receiver, _ := startReceiver(t)
	at := inDatabase(t)
	text := chainShop(receiver, hookRoute(receiver))
	first := make([]partner.Deps, 2)
	var nodes []*hub
	for i := range first {
		h, err := newHub(t, at, text, quick, asleep, spied(&first[i]))
		if err != nil {
			t.Fatal(err)
		}
		nodes = append(nodes, h)
	}
	spread(t, nodes)
	here, elsewhere := owner(t, nodes, "nordlys")
	m := &market{hub: elsewhere, t: t, began: time.Now().UTC(), promotions: first[0].Promotions, catalog: first[0].Catalog}
	m.sells("yerba 100.00")
	is := func(what, got, want string) {
		t.Helper()
		if got != want {
			t.Errorf("%s: got %q, want %q", what, got, want)
		}
	}
	is("put elsewhere", m.done(m.body("soon", 1.0/3600, 1, `"*"`, price("yerba", "90"))), "COMPLETED [] map[] map[]")
	m.hub = here
	is("put at the owner", m.done(m.body("later", 2, 3, `"*"`, price("yerba", "90"))), "COMPLETED [] map[] map[]")
	if strings.Contains(elsewhere.logs.String(), "promotion job") || !strings.Contains(here.logs.String(), "promotion job") {
		t.Error("the jobs were not run by the shop's owner")
	}
	eventually(t, "the promotion starts", func() bool {
		list, err := m.promotions.Changes(t.Context(), "nordlys", 0, 100)
		if err != nil {
			t.Fatal(err)
		}
		for _, c := range list {
			if c.Kind == "started" {
				return true
			}
		}
		return false
	})

	// What the owner leaves is gone on with by the next one, which need not wait
	// until the lease of the job is over.
	m.hub = elsewhere
	var products []catalog.Product
	skus := make([]string, 4000)
	for i := range skus {
		skus[i] = fmt.Sprintf(`"q%d"`, i)
		code := strings.Trim(skus[i], `"`)
		products = append(products, catalog.Product{Product: order.Product{Code: code, SKU: code}, Price: order.FromInt(100, 0), Active: true})
	}
	if _, err := m.catalog.Put(t.Context(), "nordlys", products); err != nil {
		t.Fatal(err)
	}
	discount := `{"sku":[` + strings.Join(skus, ",") + `],"discount_subtype":"ABSOLUTE","discount_value":1}`
	var jobs []string
	for i := range 8 {
		jobs = append(jobs, m.begun(m.body(fmt.Sprint("many ", i), 1, 2, `"*"`, discount)))
	}
	if err := here.stop(); err != nil {
		t.Fatal(err)
	}
	for _, id := range jobs {
		is("job", m.over(id), "COMPLETED [] map[] map[]")
	}
}
