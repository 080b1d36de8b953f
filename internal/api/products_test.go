package api_test

import (
	"context"
	"errors"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/ordermux/ordermux/internal/api"
	"github.com/ordermux/ordermux/internal/catalog"
	"github.com/ordermux/ordermux/internal/order"
	"github.com/ordermux/ordermux/internal/partner/partnertest"
)

const productsPath = "/api/v1/shops/nordlys/products"

// newCatalog is a catalogue in memory.
func newCatalog() catalog.Store {
	return partnertest.NewHub(func() time.Time { return now }).Catalog()
}

// ownStock is a catalogue with nobody to ask; fresh questions are counted.
type ownStock struct {
	catalog.Store
	fresh *int
}

func (s ownStock) Available(ctx context.Context, shop string, lines []catalog.Line, key string, fresh bool) ([]catalog.Availability, error) {
	list, err := s.Store.Available(ctx, shop, lines, key)
	for i := range list {
		if list[i].Ask {
			list[i].Reason = catalog.Undecided
		}
	}
	if fresh && s.fresh != nil {
		*s.fresh++
	}
	return list, err
}

// newShelf is a hub with three products.
func newShelf(t *testing.T) (*hub, *int) {
	t.Helper()
	fresh := 0
	h := newHub(t, func(o *api.Options) {
		o.Catalog = newCatalog()
		o.Stock = ownStock{o.Catalog, &fresh}
	})
	r := h.call("PUT", productsPath, admin, `[{"code":"K-38","gtin":"5901234123457","name":"Shoe","price":"129.90","currency":"SEK","weight":"0.8","stock":[{"warehouse":"north","quantity":"4"},{"warehouse":"south","quantity":"1.5"}]},
		{"code":"a/b c","name":"Lace","active":false,"stock":[{"quantity":"7"}]},{"code":"L-1","kind":"live","brand":"Nord"}]`)
	if r.status != 200 || r.body != `{"changed":3}` {
		t.Fatal(r.status, r.body)
	}
	return h, &fresh
}

func codesOf(list []catalog.Product) (codes []string) {
	for _, p := range list {
		codes = append(codes, p.Code)
	}
	return codes
}

func TestProducts(t *testing.T) {
	t.Parallel()
	h, _ := newShelf(t)
	c := h.client("nordlys-read")
	p, err := c.Product(ctx, "nordlys", "K-38")
	if err != nil || p.OnHand().String() != "5.5" || p.Weight.String() != "0.8" || !p.Active || p.Version != 1 {
		t.Errorf("%+v, %v", p, err)
	}
	if p, err = c.Product(ctx, "nordlys", "a/b c"); err != nil || p.Name != "Lace" || p.Active {
		t.Errorf("%+v, %v", p, err)
	}
	for _, code := range []string{"none", "5901234123457"} {
		if _, err = c.Product(ctx, "nordlys", code); !errors.Is(err, order.ErrNotFound) {
			t.Error(code, err)
		}
	}
	f := func(o api.ProductOptions, want ...string) {
		t.Helper()
		var got []string
		for {
			page, err := c.Products(ctx, "nordlys", o)
			if err != nil {
				t.Fatal(err)
			}
			got = append(got, codesOf(page.Products)...)
			if o.Cursor = page.Next; o.Cursor == "" {
				break
			}
		}
		if d := cmp.Diff(want, got); d != "" {
			t.Errorf("%+v: %s", o, d)
		}
	}
	yes, no := true, false
	f(api.ProductOptions{}, "K-38", "L-1", "a/b c")
	f(api.ProductOptions{Limit: 1}, "K-38", "L-1", "a/b c")
	f(api.ProductOptions{Prefix: "K"}, "K-38")
	f(api.ProductOptions{Text: "LACE"}, "a/b c")
	f(api.ProductOptions{Kind: "live"}, "L-1")
	f(api.ProductOptions{Kind: "ours", Active: &yes}, "K-38")
	f(api.ProductOptions{Active: &no}, "a/b c")
	f(api.ProductOptions{Brand: "Nord"}, "L-1")
	f(api.ProductOptions{Store: "Lund"})
	f(api.ProductOptions{Code: "a/b c"}, "a/b c")
	f(api.ProductOptions{Code: "5901234123457"}, "K-38")
	f(api.ProductOptions{Code: "K-3"})
	for _, bad := range []string{"kind=mine", "active=maybe", "cursor=!", "limit=501", "colour=red", "code=K-38&brand=Nord"} {
		if r := h.call("GET", productsPath+"?"+bad, admin, ""); r.status != 400 {
			t.Errorf("%s: %d %s", bad, r.status, r.body)
		}
	}
}

// What a GET answers can be put back, and changes nothing.
func TestProductComesBack(t *testing.T) {
	t.Parallel()
	h, _ := newShelf(t)
	r := h.call("GET", productsPath+"/K-38", admin, "")
	if r = h.call("PUT", productsPath, admin, r.body); r.status != 200 || r.body != `{"changed":0}` {
		t.Error(r.status, r.body)
	}
}

func TestRefusedProducts(t *testing.T) {
	t.Parallel()
	h, _ := newShelf(t)
	f := func(body string, status int, paths ...string) {
		t.Helper()
		r := h.call("PUT", productsPath, admin, body)
		var got []string
		for _, f := range r.problem(t).Faults {
			got = append(got, f.Path)
		}
		if d := cmp.Diff(paths, got); r.status != status || d != "" {
			t.Errorf("%s: %d %s", body, r.status, r.body)
		}
	}
	f(`{"code":"A","price":"-1"}`, 400, "price")
	f(`[{"code":"A"},{"code":"B","stock":[{"quantity":"1"},{"warehouse":"x","quantity":"-2"}]}]`, 400, "[1].stock[1].quantity")
	f(`[{"code":"A"},{"code":"A"}]`, 400, "[1].code")
	f(`[{"code":"A","colour":"red"},{"name":"x"}]`, 400, "[0].colour")
	f(`[{"code":"A"},{"name":"x"}]`, 400, "[1].code")
	f(`{"code":"A","price":1e3}`, 400, "price")
	f(`{"code":"A","kind":"mine"}`, 400, "kind")
	f(`nothing`, 400, "")
	f(`[`+strings.Repeat(`{"code":"A"},`, catalog.MostPut)+`{"code":"A"}]`, 413, "")
	if page, err := h.client(admin).Products(ctx, "nordlys", api.ProductOptions{}); err != nil || len(page.Products) != 3 {
		t.Errorf("%v, %v", codesOf(page.Products), err)
	}
}

func TestTwins(t *testing.T) {
	t.Parallel()
	h, _ := newShelf(t)
	r := h.call("PUT", productsPath, admin, `[{"code":"A","gtin":"4006381333931"},{"code":"B","gtin":"5901234123457"},{"code":"C","gtin":"4006381333931"}]`)
	p := r.problem(t)
	want := []api.Twins{{GTIN: "04006381333931", First: "A", Other: "C"}, {GTIN: "05901234123457", First: "B", Other: "K-38", Kept: true}}
	if d := cmp.Diff(want, p.Twins); r.status != 409 || d != "" {
		t.Error(r.status, r.body, d)
	}
	for _, code := range []string{`"A" (line 1)`, `"C" (line 3)`, `"B" (line 2)`, `"K-38"`} {
		if !strings.Contains(p.Detail, code) {
			t.Errorf("%s is not named: %s", code, p.Detail)
		}
	}
	// The client gives them the lines of their file.
	_, err := h.client(admin).PutProducts(ctx, "nordlys", []catalog.Product{
		{Product: order.Product{Code: "B", GTIN: "5901234123457"}, Line: 17}, {Product: order.Product{Code: "D"}, Line: 18},
	})
	twice, ok := errors.AsType[*catalog.Duplicate](err)
	if !ok || twice.Error() != `products "B" (line 17) and "K-38" have one EAN or GTIN: 05901234123457` {
		t.Error(err)
	}
}

func TestProductChanges(t *testing.T) {
	t.Parallel()
	h, _ := newShelf(t)
	c := h.client("nordlys-operate")
	if err := c.DeleteProduct(ctx, "nordlys", "a/b c"); err != nil {
		t.Fatal(err)
	}
	if err := c.DeleteProduct(ctx, "nordlys", "a/b c"); !errors.Is(err, order.ErrNotFound) {
		t.Error(err)
	}
	var got []string
	for after := int64(0); ; {
		page, err := c.ProductChanges(ctx, "nordlys", after, 2)
		if err != nil || page.Head != 4 || len(got) > 3 {
			t.Fatal(page, err)
		}
		for _, p := range page.Products {
			text := strconv.FormatInt(p.Version, 10) + " " + p.Code
			if p.Deleted {
				text += " deleted"
			}
			got = append(got, text)
		}
		if after = page.After; after == page.Head {
			break
		}
	}
	if d := cmp.Diff([]string{"1 K-38", "3 L-1", "4 a/b c deleted"}, got); d != "" {
		t.Error(d)
	}
	// The counter counts offers, too: who follows products alone gets to its end.
	edit := catalog.OfferEdit{Store: "lund", Code: "K-38", Price: order.FromInt(9, 0)}
	if _, err := h.catalog.PutOffers(ctx, "nordlys", []catalog.OfferEdit{edit}); err != nil {
		t.Fatal(err)
	}
	page, err := c.ProductChanges(ctx, "nordlys", 4, 2)
	if err != nil || len(page.Products) != 0 || page.After != 5 || page.Head != 5 {
		t.Error(page, err)
	}
	if r := h.call("GET", productsPath+"/changes?after=-1", admin, ""); r.status != 400 {
		t.Error(r.status, r.body)
	}
}

func stockText(p catalog.Product) string {
	var list []string
	for _, s := range p.Stock {
		list = append(list, s.Warehouse+" "+s.Quantity.String())
	}
	return strings.Join(list, ", ")
}

func TestSetStock(t *testing.T) {
	t.Parallel()
	h, _ := newShelf(t)
	f := func(body string, status int, want string) {
		t.Helper()
		if r := h.call("POST", productsPath+"/stock", "nordlys-operate", body); r.status != status || !strings.Contains(r.body, want) {
			t.Errorf("%s: %d %s", body, r.status, r.body)
		}
	}
	f(`{"stock":[{"code":"K-38","warehouse":"north","change":"-4"},{"code":"K-38","warehouse":"east","quantity":"2"},{"code":"a/b c","quantity":"3"}]}`, 200, `{"changed":2}`)
	f(`{"stock":[{"code":"a/b c","change":"0"}]}`, 200, `{"changed":0}`)
	f(`{"stock":[{"code":"K-38","quantity":"3"}]}`, 400, `"stock[0].warehouse"`)
	f(`{"stock":[{"code":"a/b c","quantity":"9"},{"code":"K-38","warehouse":"south","change":"-2"}]}`, 400, `"stock[1].change"`)
	f(`{"stock":[{"code":"none","quantity":"3"}]}`, 400, `"stock[0].code"`)
	f(`{"stock":[{"code":"K-38","warehouse":"south"}]}`, 400, `"stock[0].quantity"`)
	f(`{"stock":[{"code":"K-38","warehouse":"south","quantity":"-1"},{}]}`, 400, `"stock[0].quantity"`)
	f(`{}`, 400, `"stock"`)
	p, err := h.client(admin).Product(ctx, "nordlys", "K-38")
	if got := stockText(p); err != nil || got != "north 0, south 1.5, east 2" {
		t.Error(got, err)
	}
	if p, err = h.client(admin).Product(ctx, "nordlys", "a/b c"); err != nil || stockText(p) != " 3" {
		t.Error(stockText(p), err)
	}
}

func TestSetActive(t *testing.T) {
	t.Parallel()
	h, _ := newShelf(t)
	c := h.client("nordlys-operate")
	if n, err := c.SetActive(ctx, "nordlys", []string{"K-38", "L-1"}, false); n != 2 || err != nil {
		t.Error(n, err)
	}
	if n, err := c.SetActive(ctx, "nordlys", []string{"K-38", "L-1", "a/b c"}, true); n != 3 || err != nil {
		t.Error(n, err)
	}
	_, err := c.SetActive(ctx, "nordlys", []string{"K-38", "none"}, false)
	if bad, ok := errors.AsType[*order.Invalid](err); !ok || bad.Faults[0].Path != "codes[1]" {
		t.Error(err)
	}
	if r := h.call("POST", productsPath+"/activate", admin, `{"codes":[]}`); r.status != 400 {
		t.Error(r.status, r.body)
	}
}

func TestImportProducts(t *testing.T) {
	t.Parallel()
	h, _ := newShelf(t)
	got, err := h.client("nordlys-operate").ImportProducts(ctx, "nordlys", "", []byte("code;ean;price;weight;stock\nA;;5;0.25;3\nB;5901234123457;;;\nC;;x;;\n"))
	want := api.ImportedProducts{Rows: 3, Changed: 1, Refused: 2, Faults: []api.RefusedRow{
		{Line: 4, Cells: []api.CellFault{{Column: 3, Name: "price", Reason: string(order.ErrNotDecimal)}}},
		{Line: 3, Cells: []api.CellFault{{Reason: `products "B" (line 3) and "K-38" have one EAN or GTIN: 05901234123457`}}},
	}}
	if d := cmp.Diff(want, got); err != nil || d != "" {
		t.Error(err, d)
	}
	if p, err := h.client(admin).Product(ctx, "nordlys", "A"); err != nil || p.Currency != "SEK" || p.Weight.String() != "0.25" {
		t.Errorf("%+v, %v", p, err)
	}
	f := func(body, kind string, status int) {
		t.Helper()
		if r := h.call("POST", productsPath+"/import", admin, body, "Content-Type", kind); r.status != status {
			t.Errorf("%q: %d %s", body, r.status, r.body)
		}
	}
	tried, err := h.client("nordlys-operate").TryProducts(ctx, "nordlys", "", []byte("code;price\nK-38;5\nE;6\nF;x\n"))
	if err != nil || !tried.DryRun || tried.Rows != 3 || tried.New != 1 || tried.Refused != 1 || len(tried.First) != 2 || tried.First[1].Code != "E" {
		t.Errorf("%+v, %v", tried, err)
	}
	h.call("POST", productsPath+"/import?dry_run=true", "nordlys-operate", "code\nE\n", "Content-Type", "text/csv")
	if _, err := h.client(admin).Product(ctx, "nordlys", "E"); !errors.Is(err, order.ErrNotFound) {
		t.Errorf("a dry run kept a product: %v", err)
	}
	if r := h.call("POST", productsPath+"/import?dry_run=perhaps", admin, "code\nE\n", "Content-Type", "text/csv"); r.status != 400 {
		t.Error(r.status)
	}
	f("code\nD\n", "text/csv; charset=utf-8", 200)
	f("code\nD\n", "application/json", http.StatusUnsupportedMediaType)
	f("", "text/csv", 400)
	f("colour\nred\n", "text/csv", 400)
	f("code\n\""+strings.Repeat("x", 300<<10), "text/csv", 400)
	f("code\n"+strings.Repeat("x", api.MaxBody), "text/csv", 413)
}

func TestAvailability(t *testing.T) {
	t.Parallel()
	h, fresh := newShelf(t)
	got, err := h.client("nordlys-read").Availability(ctx, "nordlys", api.Asked{Fresh: true, Lines: []api.AskedLine{
		{Code: "5901234123457", Type: catalog.Producer, Quantity: order.FromInt(5, 0)}, {Code: "K-38"}, {Code: "a/b c"}, {Code: "L-1"}, {Code: "none"},
	}})
	var lines []string
	for _, l := range got.Lines {
		lines = append(lines, strings.Join([]string{l.Code, l.Product, string(l.Kind), strconv.FormatBool(l.Available), l.Free.String(), string(l.Reason)}, "|"))
	}
	want := []string{
		"5901234123457|K-38||true|5.5|", "K-38|K-38||false|0.5|too few", "a/b c|a/b c||false|0|inactive",
		"L-1|L-1|live|false||undecided", "none|||false|0|unknown",
	}
	if d := cmp.Diff(want, lines); err != nil || d != "" || got.Available || *fresh != 1 {
		t.Error(err, d, got.Available, *fresh)
	}
	f := func(body, want string) {
		t.Helper()
		if r := h.call("POST", "/api/v1/shops/nordlys/availability", admin, body); r.status != 400 || !strings.Contains(r.body, want) {
			t.Errorf("%s: %d %s", body, r.status, r.body)
		}
	}
	f(`{"lines":[]}`, `"lines"`)
	f(`{"lines":[{"code":"A"},{"code":"B","quantity":"0"}]}`, `"lines[1].quantity"`)
	f(`{"lines":[{"code":"A","type":"ean"}]}`, `"lines[0].type"`)
}
