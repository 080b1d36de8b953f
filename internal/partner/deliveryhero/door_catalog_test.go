package deliveryhero

import (
	"bytes"
	"compress/gzip"
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/ordermux/ordermux/internal/catalog"
	"github.com/ordermux/ordermux/internal/json"
	"github.com/ordermux/ordermux/internal/order"
	"github.com/ordermux/ordermux/internal/partner"
	"github.com/ordermux/ordermux/internal/partner/partnertest"
	"github.com/ordermux/ordermux/internal/secret"
)

// stand is a chain with one outlet, and its door.
type stand struct {
	*jobBench
	door http.Handler
}

const catalogOf = "/v2/chains/c0de0000-0000-4000-8000-000000000001/vendors/290056/catalog"

func newStand(t *testing.T, products ...catalog.Product) *stand {
	s := &stand{jobBench: newJobBench(t)}
	s.hub.AddCredential(Partner, "default", ofChain, partner.Settings{fieldChain: {Text: "c0de0000-0000-4000-8000-000000000001"}})
	s.hub.AddCredential(Partner, "catalogue", ofToken, partner.Settings{fieldToken: {Secret: secret.New("tok")}})
	s.hub.AddCredential(Partner, "centro", ofVendor, partner.Settings{fieldVendor: {Text: "290056"}})
	if _, err := s.deps.Catalog.Put(t.Context(), partnertest.Shop, products); err != nil {
		t.Fatal(err)
	}
	side, err := newDoor(s.deps)
	if err != nil {
		t.Fatal(err)
	}
	s.door = side.Handler
	return s
}

func sold(code, price string) catalog.Product {
	p, _ := order.ParseDecimal(price)
	return catalog.Product{Product: order.Product{Code: code, Name: "Product " + code}, Price: p, Currency: "UYU", Active: true}
}

func (s *stand) send(method, path string, body io.Reader, header ...string) *httptest.ResponseRecorder {
	r := httptest.NewRequest(method, path, body)
	r.Header.Set("Authorization", "Bearer tok")
	for i := 0; i < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	w := httptest.NewRecorder()
	s.door.ServeHTTP(w, r)
	return w
}

// price is what the outlet sells A-1 for.
func (s *stand) price() string {
	s.Helper()
	list, err := s.deps.Catalog.Offers(s.Context(), partnertest.Shop, "290056", []string{"A-1"})
	if err != nil || list[0] == nil {
		s.Fatal(list, err)
	}
	return list[0].Price.String()
}

// TestUpdateThatBreaksOff is refused, and a job that failed tells what of it is
// kept.
func TestUpdateThatBreaksOff(t *testing.T) {
	t.Parallel()
	s := newStand(t, sold("A-1", "45"))
	body := `{"products":[` + strings.Repeat(`{"sku":"A-1","price":44},`, catalog.MostEdits)
	w := s.send("PUT", catalogOf, strings.NewReader(body+`{"sku":"A-1","price":43},oops]}`))
	if w.Code != http.StatusBadRequest || s.price() != "44" {
		t.Errorf("%d %s, price %s", w.Code, w.Body, s.price())
	}
	page, _, err := s.jobs.list(t.Context(), "", 10)
	if err != nil || len(page) != 1 || page[0].State != partner.JobFailed || page[0].Taken != catalog.MostEdits ||
		!strings.Contains(page[0].Reason, "10000 products before that were changed: products[10001]") {
		t.Errorf("%+v %v", page, err)
	}
	if s.left() != 0 {
		t.Error("it is told, too, although its caller was")
	}
	// Nothing was applied yet: there is no job.
	if w := s.send("PUT", catalogOf, strings.NewReader(`{"products":[{"sku":"A-1","price":42},`)); w.Code != http.StatusBadRequest || s.price() != "44" {
		t.Errorf("%d %s, price %s", w.Code, w.Body, s.price())
	}
	if page, _, err := s.jobs.list(t.Context(), "", 10); len(page) != 1 || err != nil {
		t.Errorf("%+v %v", page, err)
	}
}

func TestUpdateInOneStream(t *testing.T) {
	t.Parallel()
	s := newStand(t, sold("A-1", "45"))
	pack := func(text string) *bytes.Buffer {
		var b bytes.Buffer
		z := gzip.NewWriter(&b)
		if _, err := io.WriteString(z, text); err != nil || z.Close() != nil {
			t.Fatal(err)
		}
		return &b
	}
	f := func(w *httptest.ResponseRecorder, status int, price string) {
		t.Helper()
		if got := s.price(); w.Code != status || got != price {
			t.Errorf("%d %s, price %s instead of %s", w.Code, w.Body, got, price)
		}
	}
	f(s.send("PUT", catalogOf, pack(`{"products":[{"sku":"A-1","price":44}]}`), "Content-Encoding", "gzip"), 202, "44")
	packed := pack(`{"products":[{"sku":"A-1","price":43}]}`)
	packed.Truncate(packed.Len() - 6)
	f(s.send("PUT", catalogOf, packed, "Content-Encoding", "gzip"), 400, "44")
	f(s.send("PUT", catalogOf, strings.NewReader("no gzip"), "Content-Encoding", "gzip"), 400, "44")
	f(s.send("PUT", catalogOf, strings.NewReader("{}"), "Content-Encoding", "br"), 415, "44")
	// Longer than may be, said before and found out.
	endless := &made{many: 1 << 30, write: func(b []byte) []byte { return append(b, `{"sku":"B","active":true},`...) }}
	r := httptest.NewRequest("PUT", catalogOf, endless)
	r.Header.Set("Authorization", "Bearer tok")
	r.ContentLength = mostCatalog + 1
	w := httptest.NewRecorder()
	s.door.ServeHTTP(w, r)
	f(w, 413, "44")
	if w.Header().Get("Connection") != "close" {
		t.Error("the connection is kept for a body that nobody reads")
	}
}

// A body that turns out to be too long is 413, and what was applied stays told.
func TestUpdateThatIsTooLong(t *testing.T) {
	t.Parallel()
	s := newStand(t, sold("A-1", "45"))
	a := &asked{Request: httptest.NewRequest("PUT", catalogOf, nil), w: httptest.NewRecorder()}
	u := &update{asked: a, job: &partner.Job{}, door: &door{deps: s.deps}}
	err := u.broken(fmt.Errorf("read: %w", &http.MaxBytesError{Limit: mostCatalog}))
	if got := trouble(err); got.Status != http.StatusRequestEntityTooLarge || a.w.Header().Get("Connection") != "close" {
		t.Errorf("%+v", got)
	}
	a.Request = httptest.NewRequest("PUT", catalogOf, strings.NewReader(strings.Repeat(" ", 100)))
	body, err := a.stream(50)
	if err == nil {
		t.Errorf("%v is read although its length is known", body)
	}
	a.ContentLength = -1
	if body, err = a.stream(50); err != nil {
		t.Fatal(err)
	}
	if n, err := io.Copy(io.Discard, body); n != 50 || err == nil {
		t.Errorf("%d bytes, %v", n, err)
	}
}

// A trouble of ours is none of the caller's.
func TestUpdateWithoutStore(t *testing.T) {
	t.Parallel()
	s := newStand(t, sold("A-1", "45"))
	for err, status := range map[error]int{order.ErrBusy: 503, order.ErrReadOnly: 503, io.ErrClosedPipe: 500} {
		deps := s.deps
		deps.Catalog = brokenCatalog{deps.Catalog, err}
		side, e := newDoor(deps)
		if e != nil {
			t.Fatal(e)
		}
		s.door = side.Handler
		for _, path := range []string{"PUT " + catalogOf, "GET " + catalogOf, "GET " + strings.TrimSuffix(catalogOf, "catalog") + "categories"} {
			method, path, _ := strings.Cut(path, " ")
			if w := s.send(method, path, strings.NewReader(`{"products":[{"sku":"A-1","price":44}]}`)); w.Code != status {
				t.Errorf("%s %v: %d %s", path, err, w.Code, w.Body)
			}
		}
	}
}

type brokenCatalog struct {
	catalog.Store
	err error
}

func (c brokenCatalog) PutOffers(context.Context, string, []catalog.OfferEdit) (catalog.OffersPut, error) {
	return catalog.OffersPut{}, c.err
}

func (c brokenCatalog) OfferPages(context.Context, string, string, catalog.OfferFilter) (catalog.OfferPages, error) {
	return catalog.OfferPages{}, c.err
}

func (c brokenCatalog) Categories(context.Context, string, string) ([]string, error) {
	return nil, c.err
}

// TestEveryPageOfAList reads lists page by page, by every size: each product
// once, in one sequence.
func TestEveryPageOfAList(t *testing.T) {
	t.Parallel()
	const many = 503
	var products []catalog.Product
	var all, odd []string
	for i := range many {
		p := sold(fmt.Sprintf("P-%05d", i), "1")
		p.Active = i%2 == 1
		products, all = append(products, p), append(all, p.Code)
		if p.Active {
			odd = append(odd, p.Code)
		}
	}
	s := newStand(t, products...)
	f := func(size int, query string, want []string) {
		t.Helper()
		var got []string
		for n, pages := 1, 1; n <= pages; n++ {
			w := s.send("GET", fmt.Sprintf("%s?page=%d&page_size=%d%s", catalogOf, n, size, query), nil)
			var page wireProducts
			if err := json.Unmarshal(w.Body.Bytes(), &page); err != nil || w.Code != 200 || page.Page != n || page.PageSize != size {
				t.Fatalf("%d %s", w.Code, w.Body)
			}
			if pages = page.TotalPages; pages != (len(want)+size-1)/size {
				t.Fatalf("%d pages of %d", pages, size)
			}
			for _, p := range page.Products {
				got = append(got, p.SKU)
			}
		}
		if !slices.Equal(got, want) {
			t.Errorf("by %d%s: %d products instead of %d", size, query, len(got), len(want))
		}
	}
	for _, size := range []int{31, 251, 500} {
		f(size, "", all)
	}
	f(99, "&is_active=true", odd)
	f(1, "&query_term=P-0003", all[30:40])
}

// counter counts looks at a catalogue.
type counter struct {
	catalog.Store
	looks, version int
}

func (c *counter) OfferPages(context.Context, string, string, catalog.OfferFilter) (catalog.OfferPages, error) {
	c.looks++
	return catalog.OfferPages{Total: c.looks}, nil
}

func (c *counter) Head(context.Context, string) (int64, error) { return int64(c.version), nil }

// TestCountsAreKept: a catalogue is looked at once for as long as it stands
// still, and every few seconds at most while it does not.
func TestCountsAreKept(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var kept counts
		c := &counter{}
		f := func(want int) {
			t.Helper()
			if p, err := kept.pages(t.Context(), c, "nordlys", "lund", catalog.OfferFilter{Limit: 5}); err != nil || p.Total != want {
				t.Errorf("look %d instead of %d, %v", p.Total, want, err)
			}
		}
		f(1)
		f(1)
		c.version++
		f(1)
		time.Sleep(countFresh)
		f(2)
		for range 10 {
			time.Sleep(countFresh)
			f(2)
		}
		for i := range mostCounts {
			if _, err := kept.pages(t.Context(), c, "nordlys", fmt.Sprint("store-", i), catalog.OfferFilter{}); err != nil {
				t.Fatal(err)
			}
		}
		if len(kept.kept) > mostCounts {
			t.Errorf("%d are kept", len(kept.kept))
		}
	})
}

func TestTree(t *testing.T) {
	t.Parallel()
	f := func(leaves bool, want string, categories ...string) {
		t.Helper()
		list := tree("c0de0000-0000-4000-8000-000000000001", categories, leaves)
		names := map[string]string{}
		var got []string
		for _, c := range list {
			names[c.ID] = c.Name
			if c.ID == "" || len(names) != len(got)+1 {
				t.Errorf("%+v has no id of its own", c)
			}
			if c.Parent != "" && !leaves {
				c.Name = names[c.Parent] + "/" + c.Name
			}
			got = append(got, c.Name)
		}
		if text := strings.Join(got, ", "); text != want {
			t.Errorf("%q: %q instead of %q", categories, text, want)
		}
	}
	f(false, "")
	f(false, "Food", "Food")
	f(false, "Food, Food/Bread, Bread/Rye, Food/Cheese, Wine", "Food > Bread > Rye", "Food > Cheese", "Wine")
	f(true, "Rye, Cheese, Wine", "Food > Bread > Rye", "Food > Cheese", "Food", "Wine")
	f(false, " > Odd, A>B, C, C/", " > Odd", "A>B", "C > ")
	if id := categoryID("x", "5A9C0F00-0000-4000-8000-00000000BEEF"); id != "5a9c0f00-0000-4000-8000-00000000beef" {
		t.Error(id)
	}
}
