package deliveryhero_test

import (
	"fmt"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/ordermux/ordermux/internal/catalog"
	"github.com/ordermux/ordermux/internal/json"
	"github.com/ordermux/ordermux/internal/order"
	"github.com/ordermux/ordermux/internal/partner"
	"github.com/ordermux/ordermux/internal/partner/deliveryhero"
	"github.com/ordermux/ordermux/internal/partner/partnertest"
	"github.com/ordermux/ordermux/internal/secret"
)

// loopWorld is a shop whose route leads to the door of a chain, which has the
// outlets 290056 and s8ym (a sales buffer of 2).
type loopWorld struct {
	*catalogWorld
	chain *partnertest.Hub
	door  partner.Side
}

func newLoopWorld(t *testing.T, more ...string) *loopWorld {
	t.Helper()
	l := &loopWorld{}
	w := &catalogWorld{t: t}
	w.clock.Store(nine.UnixMilli())
	l.catalogWorld = w
	l.chain = partnertest.NewHub(w.now)
	p := deliveryhero.Partner
	l.chain.AddDoor(t, p, map[string]json.Value{"chain_id": json.Value(`"` + chainID + `"`)})
	add := func(of, name string, values ...string) {
		s := partner.Settings{}
		for i := 0; i < len(values); i += 2 {
			s[values[i]] = partner.Value{Text: values[i+1]}
		}
		l.chain.AddCredential(p, name, of, s)
	}
	l.chain.AddCredential(p, "orders", "token", partner.Settings{"token": {Secret: secret.New("tok")}})
	add("vendor", "centro", "vendor_id", "290056")
	add("vendor", "norte", "vendor_id", "s8ym", "sales_buffer", "2")
	var err error
	if l.door, err = p.Door(l.chain.Deps(p)); err != nil {
		t.Fatal(err)
	}
	srv := httptest.NewServer(l.door.Handler)
	t.Cleanup(srv.Close)
	w.hub = partnertest.NewHub(w.now)
	w.settings = map[string]json.Value{
		"base_url": json.Value(`"` + srv.URL + `"`), "chain_id": json.Value(`"` + chainID + `"`), "token": json.Value(`"tok"`),
		"vendors": json.Value(`["CENTRO=290056","NORTE=s8ym"]`), "catalog": json.Value(`true`), "calls_per_minute": json.Value(`100000`),
		"currency": json.Value(`"` + partnertest.Currency + `"`),
	}
	for i := 0; i+1 < len(more); i += 2 {
		w.settings[more[i]] = json.Value(more[i+1])
	}
	return l
}

// sells says what an outlet of the chain sells a product for.
func (l *loopWorld) sells(vendor, sku string) string {
	l.t.Helper()
	list, err := l.chain.Catalog().Offers(l.t.Context(), partnertest.Shop, vendor, []string{sku})
	if err != nil {
		l.t.Fatal(err)
	}
	if list[0] == nil {
		return "none"
	}
	o := list[0]
	return fmt.Sprintf("%s %v %d", o.Price, o.Active, o.Most)
}

func (l *loopWorld) want(vendor, sku, want string) {
	l.t.Helper()
	if got := l.sells(vendor, sku); got != want {
		l.t.Errorf("%s at %s: %s, not %s", sku, vendor, got, want)
	}
}

// sold is what the chain sells at first: products that its catalogue has.
func sold(code string) catalog.Product {
	return catalog.Product{Product: order.Product{Code: code, SKU: "S-" + code, Name: code}, Currency: partnertest.Currency, Price: order.FromInt(99, 0)}
}

func ours(code, price string, stock ...string) catalog.Product {
	p := product(code, price, stock...)
	p.Currency = partnertest.Currency
	return p
}

// TestCatalogLoop sends a shop's catalogue by the route to the door: every
// outlet sells what the shop says, by the buffer rule of the platform.
func TestCatalogLoop(t *testing.T) {
	t.Parallel()
	l := newLoopWorld(t)
	if _, err := l.chain.Catalog().Put(t.Context(), partnertest.Shop, []catalog.Product{sold("a"), sold("b"), sold("c")}); err != nil {
		t.Fatal(err)
	}
	l.start()
	l.put(ours("a", "12.3456", "10"), ours("b", "2", "2"), ours("unknown", "3", "1"), ours("c", "4"))
	most := int64(3)
	l.edit(catalog.OfferEdit{Store: "NORTE", Code: "a", Price: order.FromInt(1190, 2), Most: &most})
	l.polls(3, 40*time.Second)
	l.want("290056", "S-a", "12.345 true 0")
	l.want("s8ym", "S-a", "11.90 true 3")
	l.want("290056", "S-b", "2 true 0")
	l.want("s8ym", "S-b", "2 false 0") // no more than its buffer
	l.want("s8ym", "S-c", "4 true 0")
	jobs := l.jobs()
	if len(jobs) != 2 {
		t.Fatalf("jobs: %+v", jobs)
	}
	for _, job := range jobs {
		if job.State != partner.JobCompleted || job.Taken != 3 || job.Refused != 1 || job.Items[0].SKU != "S-unknown" || !strings.Contains(job.Items[0].Reason, "sku") {
			t.Errorf("job %+v", job)
		}
		// The door tells of the same job.
		theirs, err := l.door.Job(t.Context(), partnertest.Shop, job.Ref)
		if err != nil || theirs == nil || theirs.State != partner.JobCompleted {
			t.Errorf("theirs: %+v %v", theirs, err)
		}
	}
	if said := l.troubles(); len(said) != 2 {
		t.Errorf("troubles: %q", said)
	}
	// The chain lists it, and it changes: all is well.
	if _, err := l.chain.Catalog().Put(t.Context(), partnertest.Shop, []catalog.Product{sold("unknown")}); err != nil {
		t.Fatal(err)
	}
	l.put(ours("unknown", "3.10", "7"))
	if _, err := l.hub.Catalog().Delete(t.Context(), partnertest.Shop, []string{"c"}); err != nil {
		t.Fatal(err)
	}
	l.polls(3, 40*time.Second)
	l.want("290056", "S-unknown", "3.10 true 0")
	l.want("290056", "S-c", "4 false 0")
	if said := l.troubles(); len(said) != 0 {
		t.Errorf("troubles: %q", said)
	}
}
