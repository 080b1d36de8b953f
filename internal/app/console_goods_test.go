package app_test

import (
	"bytes"
	"fmt"
	"html"
	"io"
	"mime/multipart"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/ordermux/ordermux/internal/catalog"
	"github.com/ordermux/ordermux/internal/order"
)

// promotionFields are a form of a promotion that runs now.
func promotionFields(more ...string) url.Values {
	day := time.Now().UTC()
	f := url.Values{
		"name": {"Spring <sale>"}, "start": {day.AddDate(0, 0, -1).Format("2006-01-02T15:04")}, "end": {day.AddDate(0, 0, 7).Format("2006-01-02T15:04")},
		"type": {"strikethrough"}, "reason": {"trading"}, "stores": {"K-1\n"}, "skus0": {"K-38\nK-39"}, "subtype0": {"percentage"}, "value0": {"10"},
	}
	for i := 0; i+1 < len(more); i += 2 {
		f.Set(more[i], more[i+1])
	}
	return f
}

func TestConsolePromotions(t *testing.T) {
	t.Parallel()
	h := startHub(t, inFolder(t), shop(adsRoute("http://127.0.0.1:1")))
	price, _ := order.ParseDecimal("20.00")
	if _, err := h.api.PutProducts(t.Context(), "nordlys", []catalog.Product{{Product: order.Product{Code: "K-38", SKU: "K-38"}, Store: "K-1", Active: true, Price: price, Currency: "SEK"}}); err != nil {
		t.Fatal(err)
	}
	ada := h.first(t)
	vi := ada.joins(h, "vi", "viewer")
	const list = "/shops/nordlys/promotions"
	ada.sees("GET", list, nil, 200, "There are no promotions", "New promotion")
	ada.sees("GET", list+"/new", nil, 200, `name="start" type="datetime-local" value="2`, "(Europe/Stockholm)")
	ada.sees("POST", list, promotionFields("value0", "x1", "end", "soon"), 422, "discounts[0].value", "end</strong>: is no day", `value="x1"`, "Spring &lt;sale&gt;", "K-38\nK-39")
	ada.sees("POST", list, promotionFields("subtype0", "half"), 400, "discounts[0].subtype")
	// What was left empty between the articles moves up, and is counted so.
	ada.sees("POST", list, promotionFields("skus2", "K-40", "value2", "many"), 422, "discounts[1].value", `name="value1" inputmode="decimal" value="many"`, `name="value2" inputmode="decimal" value=""`, "<details open><summary>Articles and terms 2")
	vi.sees("POST", list, promotionFields(), 403)
	if page := vi.sees("GET", list, nil, 200); strings.Contains(page, "New promotion") {
		t.Error("a viewer is offered to make a promotion")
	}

	page := ada.sees("POST", list, promotionFields("value0", "10,0"), 200, "Handed in", "Own catalogue: Job")
	job := ada.found(page, `href="(/shops/nordlys/promotions/jobs/[^"]+)"`)
	eventually(t, "the job is done", func() bool {
		_, page := ada.do("GET", job, nil)
		return strings.Contains(page, "<dd>done</dd>")
	})
	page = ada.sees("GET", job, nil, 200, "K-39", "Unknown there")
	at := ada.found(page, `href="(/shops/nordlys/promotions/[0-9]+)"`)
	ada.sees("GET", at, nil, 200, "Spring &lt;sale&gt;", "running", "<li>K-1</li>", "End it now")
	ada.sees("GET", list, nil, 200, "<svg", "Spring &lt;sale&gt;", "Made", "Started", `class="running"`, job)
	ada.sees("GET", list+"?store=K-1&skus=K-38+K-39", nil, 200, "<strong>18.00</strong>", "no promotion")
	ada.sees("GET", list+"/new?from="+at[strings.LastIndex(at, "/")+1:], nil, 200, "Spring &lt;sale&gt;", ">K-1</textarea>")
	ada.speaks(list, list+"/new", at, job, list+"?store=K-1&skus=K-38")
	page = ada.sees("POST", list, promotionFields("skus0", "K-99", "name", "Nothing"), 200, "Handed in")
	job = ada.found(page, `href="(/shops/nordlys/promotions/jobs/[^"]+)"`)
	eventually(t, "the job that takes nothing is done", func() bool {
		_, page := ada.do("GET", job, nil)
		return strings.Contains(page, "Nothing of this was taken") && strings.Contains(page, "K-99") && !strings.Contains(page, "was so before")
	})
	vi.sees("POST", at, url.Values{}, 403)
	if page := vi.sees("GET", at, nil, 200); strings.Contains(page, "End it now") {
		t.Error("a viewer is offered to end a promotion")
	}
	ada.sees("POST", at, url.Values{}, 200, "Asked to end")
	eventually(t, "the promotion is off", func() bool {
		_, page := ada.do("GET", at, nil)
		return strings.Contains(page, "ended early")
	})
	ada.sees("GET", list, nil, 200, "Ended early")
	ada.sees("GET", list+"/77", nil, 404)
	ada.sees("GET", list+"/x", nil, 404)
	ada.sees("GET", list+"/jobs/x", nil, 404)
	ada.sees("GET", list+"/routes/none/1", nil, 404)
}

// upload posts a form with a file.
func (b *browser) upload(path, name, text string, fields url.Values, status int, want ...string) string {
	b.t.Helper()
	var body bytes.Buffer
	w := multipart.NewWriter(&body)
	for key := range fields {
		_ = w.WriteField(key, fields.Get(key))
	}
	if name != "" {
		part, err := w.CreateFormFile("file", name)
		if err != nil {
			b.t.Fatal(err)
		}
		_, _ = part.Write([]byte(text))
	}
	_ = w.Close()
	resp, err := b.client.Post(b.base+path, w.FormDataContentType(), &body)
	if err != nil {
		b.t.Fatal(err)
	}
	defer resp.Body.Close()
	page, err := io.ReadAll(resp.Body)
	if err != nil {
		b.t.Fatal(err)
	}
	if resp.StatusCode != status || !contains(string(page), want) {
		b.t.Errorf("%s: %d, %q\n%s", path, resp.StatusCode, want, page)
	}
	return string(page)
}

func TestConsoleCatalogue(t *testing.T) {
	t.Parallel()
	h := startHub(t, inFolder(t), shop(adsRoute("http://127.0.0.1:1")))
	ada := h.first(t)
	vi := ada.joins(h, "vi", "viewer")
	const list = "/shops/nordlys/catalog"
	ada.sees("GET", list, nil, 200, "no products yet", "Import products")
	const file = "code;name;ean;price;stock:north;stock:south\nK-38;Shoe <38>;5901234123457;29.90;4;1\nK/39;Shoe 39;;x;0;2\nK/40;Shoe 40;;30;;\n"
	ada.upload(list+"/import", "", "", url.Values{"act": {"try"}}, 422, "choose a file")
	ada.upload(list+"/import", "p.csv", "colour\nred\n", url.Values{"act": {"try"}}, 400, "This was not taken")
	page := ada.upload(list+"/import", "p.csv", file, url.Values{"act": {"try"}}, 200, "Nothing was kept yet", "<dd>3</dd>", "Shoe &lt;38&gt;", "price", "Import what was checked")
	ada.sees("GET", list, nil, 200, "no products yet")
	held := ada.found(page, `name="held" value="([^"]+)"`)
	vi.upload(list+"/import", "", "", url.Values{"act": {"import"}, "held": {html.UnescapeString(held)}}, 403)
	ada.upload(list+"/import", "", "", url.Values{"act": {"import"}, "held": {html.UnescapeString(held)}, "name": {"p.csv"}}, 200, "Imported", "p.csv")
	ada.sees("GET", list, nil, 200, "K-38", "29.90 SEK", "K%2F40", `data-label="Stock">5</td>`)
	ada.sees("GET", list+"?text=shoe+4", nil, 200, "K%2F40", `value="shoe 4"`, "download/products?text=shoe")
	ada.sees("GET", list+"?text=glove", nil, 200, "No product is like that")
	if page := vi.sees("GET", list+"?active=false&kind=fixed", nil, 200, "No product is like that"); strings.Contains(page, "Import products") {
		t.Error("a viewer is offered to import")
	}
	others := []catalog.Product{{Product: order.Product{Code: "Z-1", GTIN: "5901234123464"}, Active: true}}
	for i := range 55 {
		others = append(others, catalog.Product{Product: order.Product{Code: fmt.Sprint("A-", i), Name: "goes with Z-1 and 5901234123464"}, Active: true})
	}
	if _, err := h.api.PutProducts(t.Context(), "nordlys", others); err != nil {
		t.Fatal(err)
	}
	for _, code := range []string{"Z-1", "5901234123464"} {
		ada.sees("GET", list+"?text="+code, nil, 200, "/products/Z-1", "/products/A-0", "More")
	}
	const one = list + "/products/K-38"
	ada.sees("GET", one, nil, 200, "Shoe &lt;38&gt;", "5901234123457", "north", "One can be ordered now", "Free: 5")
	vi.sees("POST", one, url.Values{"act": {"deactivate"}}, 403)
	if page := vi.sees("GET", one, nil, 200, "Free: 5"); strings.Contains(page, "Remove this product") {
		t.Error("a viewer is offered to remove")
	}
	ada.sees("POST", one, url.Values{"act": {"stock"}, "warehouse": {"north"}, "quantity": {"many"}}, 422, "quantity", "This was not taken", `value="many"`, `value="1"`)
	ada.sees("POST", list+"/products/K%2F40", url.Values{"act": {"stock"}, "warehouse": {"attic"}, "quantity": {"few"}}, 422, `value="attic"`, `value="few"`)
	ada.sees("POST", one, url.Values{"act": {"stock"}, "warehouse": {"north"}, "quantity": {"7,5"}}, 200, "The stock is saved", `value="7.5"`, "Free: 8.5")
	ada.sees("POST", one, url.Values{"act": {"deactivate"}}, 200, "can not be ordered any more", "It is switched off")
	ada.sees("POST", one, url.Values{"act": {"activate"}}, 200, "can be ordered again")
	ada.sees("POST", list+"/products/K%2F40", url.Values{"act": {"stock"}, "quantity": {"3"}}, 200, "Free: 3")
	ada.speaks(list, one, list+"/import", list+"?text=glove", list+"/products/K%2F40")
	ada.sees("POST", list+"/products/K%2F40", url.Values{"act": {"delete"}}, 200, "The product is removed")
	ada.sees("GET", list+"/products/K%2F40", nil, 404)
	ada.sees("POST", one, url.Values{"act": {"paint"}}, 404)
}

func TestConsoleDropships(t *testing.T) {
	t.Parallel()
	routes := "      lamps: {partner: idosell, lines: \"false\", settings: {base_url: \"http://127.0.0.1:1\", login: sklep, password: geheim-password, dropshipping_key: key-123456789}}\n"
	text := strings.Replace(shop(adsRoute("http://127.0.0.1:1")+routes), "    doors:", "    couriers:\n      dpd: {id: 5, name: DPD, countries: [SE], tracking: \"https://tracking.example/{parcel}\"}\n    doors:", 1)
	h := startHub(t, inFolder(t), text)
	ada := h.first(t)
	vi := ada.joins(h, "vi", "viewer")
	const list = "/shops/nordlys/dropship"
	ada.sees("GET", list, nil, 200, "No order came through", "Wholesaler: <strong>lamps</strong>", "Nothing went to this wholesaler")
	o := order.Order{ID: "abc/17", Channel: "dropshipping", Account: "sklep-abc", Lines: []order.Line{
		{ID: "l1", Product: order.Product{Code: "K-38", Name: "Shoe <38>"}, Quantity: order.FromInt(2, 0)}, {ID: "l2", Product: order.Product{Code: "K-39"}, Quantity: order.FromInt(1, 0)},
	}}
	h.hand(order.Entry{Subject: order.Subject{Kind: order.SubjectOrder, ID: o.ID}, Statement: &order.Statement{Order: o}})
	eventually(t, "the order is found by its account", func() bool {
		_, page := ada.do("GET", list+"?account=SKLEP-ABC", nil)
		return strings.Contains(page, "abc/17") && strings.Contains(page, `value="SKLEP-ABC"`)
	})
	ada.sees("GET", list, nil, 200, "abc/17", "sklep-abc", "no parcel yet")
	ada.sees("GET", list+"?account=sklep-xyz", nil, 200, "No order of this account", `value="sklep-xyz"`)
	const one = list + "/orders/abc%2F17"
	ada.sees("GET", one, nil, 200, "Parcels of order abc/17", "Shoe &lt;38&gt;", `<option value="dpd">DPD`)
	if page := vi.sees("GET", one, nil, 200); strings.Contains(page, "Mark as sent") {
		t.Error("a viewer is offered to ship")
	}
	vi.sees("POST", one, url.Values{"parcel": {"P-1"}}, 403)
	ada.sees("POST", one, url.Values{"parcel": {"P-1"}, "courier": {"pigeon"}, "line": {"l1"}}, 400, "courier", `value="P-1"`, `value="l1" checked`)
	ada.sees("POST", one, url.Values{"parcel": {"P-1"}, "courier": {"dpd"}, "line": {"l1"}}, 200, "The parcel is on its way", "https://tracking.example/P-1", "DPD")
	ada.sees("POST", one, url.Values{"parcel": {"P-1"}, "courier": {"dpd"}}, 200, "known already")
	ada.sees("GET", list, nil, 200, "https://tracking.example/P-1")
	ada.sees("GET", list+"?route=none", nil, 404)
	ada.sees("GET", list+"/orders/none", nil, 404)
	ada.speaks(list, list+"?account=x", one)
}

// A shop without stores is told that a promotion for all of them holds nowhere.
func TestConsolePromotionNowhere(t *testing.T) {
	t.Parallel()
	h := startHub(t, inFolder(t), shop(""))
	if _, err := h.api.PutProducts(t.Context(), "nordlys", []catalog.Product{{Product: order.Product{Code: "K-38"}, Active: true}}); err != nil {
		t.Fatal(err)
	}
	ada := h.first(t)
	page := ada.sees("POST", "/shops/nordlys/promotions", promotionFields("stores", "*"), 200, "Handed in")
	job := ada.found(page, `href="(/shops/nordlys/promotions/jobs/[^"]+)"`)
	eventually(t, "the job says so", func() bool {
		_, page := ada.do("GET", job, nil)
		return strings.Contains(page, "The shop knows no store yet")
	})
}
