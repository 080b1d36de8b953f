package app_test

import (
	"bytes"
	"fmt"
	"io"
	"mime/multipart"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/ordermux/ordermux/internal/api"
	"github.com/ordermux/ordermux/internal/app"
)

// uploads hands a file in by the form, and returns the page's path and text.
func (b *browser) uploads(path, name, text string) (int, string, string) {
	b.t.Helper()
	var body bytes.Buffer
	form := multipart.NewWriter(&body)
	part, err := form.CreateFormFile("file", name)
	if err != nil {
		b.t.Fatal(err)
	}
	if _, err := io.WriteString(part, text); err != nil {
		b.t.Fatal(err)
	}
	if err := form.Close(); err != nil {
		b.t.Fatal(err)
	}
	resp, err := b.client.Post(b.base+path, form.FormDataContentType(), &body)
	if err != nil {
		b.t.Fatal(err)
	}
	defer resp.Body.Close()
	page, err := io.ReadAll(resp.Body)
	if err != nil {
		b.t.Fatal(err)
	}
	return resp.StatusCode, resp.Request.URL.Path, string(page)
}

// waitsFor looks at a page until it says something.
func (b *browser) waitsFor(path string, want ...string) (page string) {
	b.t.Helper()
	eventually(b.t, path+" says "+strings.Join(want, ", "), func() bool {
		_, page = b.do("GET", path, nil)
		return contains(page, want)
	})
	return page
}

const importMapping = "columns: {Number: order.id, Placed: order.placed_at, Item: line.product.code, Count: line.quantity, Price: line.unit_price}\n"

func TestConsoleImport(t *testing.T) { eachStore(t, testConsoleImport) }

// testConsoleImport: a file is looked at, started, and its report is had; what a
// route never considered is found and sent.
func testConsoleImport(t *testing.T, at newPlace) {
	gone := strings.Replace(hookRoute("http://127.0.0.1:1"), "partner: webhook,", "partner: webhook, on: [shipped],", 1)
	h := startHub(t, at(t), shop(adsRoute("http://127.0.0.1:1")+gone))
	ada := h.first(t)
	ada.sees("GET", "/shops/nordlys/import", nil, 200, "No file was handed in yet")
	if status, _, page := ada.uploads("/shops/nordlys/import", "empty.csv", ""); status != 422 || !strings.Contains(page, "not empty") {
		t.Errorf("an empty file: %d\n%s", status, page)
	}

	var text strings.Builder
	text.WriteString("Number,Placed,Item,Count,Price\n")
	for i := range 300 {
		fmt.Fprintf(&text, "i-%d,2026-03-01T10:00:00+01:00,K-38<i>,1,3.00\n", i)
	}
	text.WriteString("i-bad,yesterday,K-38,1,3.00\n")
	status, path, page := ada.uploads("/shops/nordlys/import", "orders<b>.csv", text.String())
	if status != 200 || !contains(page, []string{"orders&lt;b&gt;.csv", "not recognised", "UTF-8", "waits for you", "K-38&lt;i&gt;,1", "order.placed_at</code>", "our own JSON"}) {
		t.Fatalf("%s: %d\n%s", path, status, page)
	}
	if strings.Contains(page, `value="start"`) {
		t.Error("what nobody can read can be started")
	}
	ada.sees("POST", path, url.Values{"act": {"settings"}, "format": {"mapping"}, "mapping": {"columns: {Number: nothing}"}}, 422, "columns: {Number: nothing}", `aria-invalid="true"`)
	page = ada.sees("POST", path, url.Values{"act": {"settings"}, "format": {"mapping"}, "mapping": {importMapping}}, 200, "The first 10 orders", "i-9", ">new<")
	if strings.Contains(page, "i-10<") {
		t.Error("more than ten orders are shown")
	}
	for _, want := range []string{"<strong>ads</strong>: would be sent", "<strong>hook</strong>: not for this partner"} {
		if n := strings.Count(page, want); n != 10 {
			t.Errorf("%d times %q in\n%s", n, want, page)
		}
	}
	h.foreseenOfImport(path)
	if list, err := h.api.Orders(t.Context(), "nordlys", api.ListOptions{}); err != nil || len(list.Orders) != 0 {
		t.Errorf("the look left %v (%v)", list.Orders, err)
	}

	vic := ada.joins(h, "vic", "viewer")
	seen := vic.sees("GET", path, nil, 200, "i-9", "would be sent")
	for _, hidden := range []string{"K-38", "<textarea", "act=", `value="start"`} { // what stands in the file is for operators
		if strings.Contains(seen, hidden) || !strings.Contains(page, "K-38") {
			t.Errorf("a viewer sees %q", hidden)
		}
	}
	vic.sees("POST", path, url.Values{"act": {"start"}}, 403)
	if status, _, _ := vic.uploads("/shops/nordlys/import", "x.csv", "x"); status != 403 {
		t.Errorf("a viewer hands a file in: %d", status)
	}
	ada.sees("POST", path, url.Values{"act": {"start"}}, 200)
	page = ada.waitsFor(path, "read to its end")
	for _, want := range []string{"<dd>300</dd>", "<dd>1</dd>", `<td class="n" data-label="Line">302</td>`} {
		if !strings.Contains(page, want) {
			t.Errorf("%q is missing in\n%s", want, page)
		}
	}
	csv := ada.gets(path+"/report?format=csv", 200)
	if n := strings.Count(csv, ",new,"); n != 300 || !strings.HasPrefix(csv, "line,last_line,order,result,seq,column,value,reason\n") || !strings.Contains(csv, ",refused,") {
		t.Errorf("%d new in the report:\n%.2000s", n, csv)
	}
	ada.sees("POST", path, url.Values{"act": {"start"}}, 200, "read to its end") // once is enough
	ada.sees("GET", "/shops/nordlys/import", nil, 200, "orders&lt;b&gt;.csv", "read to its end")

	orders := ada.gets("/shops/nordlys/download/orders?format=csv", 200)
	if n := strings.Count(orders, "\ni-"); n != 300 || !strings.HasPrefix(orders, "id,number,seq,accepted_at,") {
		t.Errorf("%d orders in the list:\n%.1000s", n, orders)
	}
	ada.sees("GET", "/shops/nordlys/download/tokens", nil, 404)
	ada.sees("GET", "/shops/nordlys/download/orders?since=yesterday&until=2026-03-01&format=ndjson", nil, 422, `role="alert"`, `value="yesterday" aria-invalid="true"`, `value="2026-03-01"`)
	today := time.Now().In(stockholm(t)).Format(time.DateOnly)
	for _, c := range []struct {
		days string
		want int
	}{{"since=" + today + "&until=" + today, 300}, {"since=&until=2026-03-01", 0}} {
		if n := strings.Count(ada.gets("/shops/nordlys/download/orders?format=ndjson&"+c.days, 200), "\n"); n != c.want {
			t.Errorf("%s: %d orders, want %d", c.days, n, c.want)
		}
	}
	lists := regexp.MustCompile(`/shops/nordlys/download/[a-z]+\?format=ndjson`).FindAllString(ada.sees("GET", "/shops/nordlys/import", nil, 200), -1)
	for _, list := range lists {
		if text := ada.gets(list, 200); strings.HasSuffix(list, "/acts?format=ndjson") && !strings.Contains(text, "start import") {
			t.Errorf("acts: %.500s", text)
		}
	}
	if len(lists) < 12 {
		t.Errorf("lists that can be had: %v", lists)
	}
	h.faultsOfImport(ada)
}

func stockholm(t *testing.T) *time.Location {
	t.Helper()
	zone, err := time.LoadLocation("Europe/Stockholm")
	if err != nil {
		t.Fatal(err)
	}
	return zone
}

// faultsOfImport: what is wrong with an order stands there once.
func (h *hub) faultsOfImport(b *browser) {
	h.t.Helper()
	_, _, page := b.uploads("/shops/nordlys/import", "bad.ndjson", `{"order":{"id":"f-1","placed_at":"2026-03-01T10:00:00+01:00","currency":"SEK","lines":[{"product":{"code":"K"},"quantity":"1"}]}}`+"\n"+`{"order":{"placed_at":"soon"}}`)
	if strings.Count(page, "line 1") != 1 || strings.Count(page, "line 2") != 1 || strings.Count(page, "<code>placed_at</code>") != 1 {
		h.t.Errorf("the faults of a file:\n%s", page)
	}
}

// TestImportIsKept: a file of which the end is gone is not taken for read to its
// end, and a report can be had for as long as its import stands there.
func TestImportIsKept(t *testing.T) {
	t.Parallel()
	var later atomic.Int64
	h := startHub(t, inFolder(t), shop(""), func(o *app.Options) {
		o.Now = func() time.Time { return time.Now().Add(time.Duration(later.Load())) }
	})
	ctx := t.Context()
	reads := func(name, text string, between func(id string)) (i api.Import) {
		i, err := h.api.UploadImport(ctx, "nordlys", name, strings.NewReader(text))
		if err != nil {
			t.Fatal(err)
		}
		between(i.ID)
		if _, err := h.api.StartImport(ctx, "nordlys", i.ID); err != nil {
			t.Fatal(err)
		}
		eventually(t, name+" is over", func() bool {
			i, err = h.api.Import(ctx, "nordlys", i.ID)
			return err == nil && !i.Ended.IsZero()
		})
		return i
	}
	one := `{"order":{"id":"kept-%d","placed_at":"2026-03-01T10:00:00+01:00","currency":"SEK","lines":[{"product":{"code":"K-38"},"quantity":"1"}]}}` + strings.Repeat(" ", 5000) + "\n"
	var long strings.Builder
	for n := range 150 {
		fmt.Fprintf(&long, one, n)
	}
	i := reads("long.ndjson", long.String(), func(id string) {
		if err := h.App.LoseEndOfFile(ctx, "nordlys", id); err != nil {
			t.Fatal(err)
		}
	})
	if i.State != "failed" || !strings.Contains(i.Error, "hand it in again") || i.Progress.Orders == 0 {
		t.Errorf("a file that is cut off: %+v", i)
	}
	i = reads("short.ndjson", fmt.Sprintf(one, 1), func(string) {})
	later.Store(int64(20 * 24 * time.Hour))
	var report bytes.Buffer
	if err := h.api.ImportReport(ctx, "nordlys", i.ID, "ndjson", &report); err != nil || !strings.Contains(report.String(), "kept-1") {
		t.Errorf("the report after some weeks: %q %v", report.String(), err)
	}
}

// foreseenOfImport: the preview says of each order what each route would do with
// it, and leaves nothing.
func (h *hub) foreseenOfImport(path string) {
	h.t.Helper()
	before := h.head()
	look, err := h.api.PreviewImport(h.t.Context(), "nordlys", path[strings.LastIndex(path, "/")+1:])
	if err != nil || len(look.Orders) != 10 {
		h.t.Fatal(look, err)
	}
	for i, o := range look.Orders {
		id := fmt.Sprintf("i-%d", i)
		if o.Order != id || o.Result != "new" || len(o.Entries) != 1 || len(o.Routes) != 2 {
			h.t.Fatalf("%+v", o)
		}
		for k, want := range []string{"ads send ", "hook skip on"} {
			if v := o.Routes[k]; v.Order != id || v.Route+" "+v.Action+" "+v.Code != want || strings.Contains(v.Body, id) != (k == 0) {
				h.t.Errorf("%s: %+v, want %s", id, v, want)
			}
		}
	}
	if head := h.head(); head != before {
		h.t.Errorf("the head went from %d to %d", before, head)
	}
}

// gets returns what a file says.
func (b *browser) gets(path string, want int) string {
	b.t.Helper()
	resp, err := b.client.Get(b.base + path)
	if err != nil {
		b.t.Fatal(err)
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	if err != nil || resp.StatusCode != want {
		b.t.Fatalf("%s: %d %v\n%s", path, resp.StatusCode, err, text)
	}
	if d := resp.Header.Get("Content-Disposition"); want == http.StatusOK && !strings.HasPrefix(d, "attachment") {
		b.t.Errorf("%s: %q", path, d)
	}
	return string(text)
}

func TestConsoleMissing(t *testing.T) { eachStore(t, testConsoleMissing) }

// testConsoleMissing: what a route never considered is found, counted and sent,
// once.
func testConsoleMissing(t *testing.T, at newPlace) {
	h := startHub(t, at(t), shop(adsRoute("http://127.0.0.1:1")))
	ada := h.first(t)
	ada.sees("GET", "/shops/nordlys/missing", nil, 200, "Nobody has looked yet")
	for _, form := range []url.Values{
		{"route": {"ads"}, "from": {"soon"}}, {"route": {"ads"}, "from": {"2026-03-02"}, "to": {"2026-03-01"}}, {"route": {"gone"}},
	} {
		ada.sees("POST", "/shops/nordlys/missing", form, 422, `role="alert"`, `aria-invalid="true"`)
	}
	for _, id := range []string{"m-1", "m-2", "m-3"} {
		h.state(`{"order":{"id":"` + id + `","placed_at":"2026-03-01T10:00:00+01:00","currency":"SEK","session":"s-1","lines":[{"product":{"code":"K-38"},"quantity":"1","unit_price":"3.00"}]},"history":true}`)
	}
	h.settled()
	begun, err := h.api.BeginCheck(t.Context(), "nordlys", api.CheckMissing, api.CheckSpec{Route: "ads"})
	if err != nil {
		t.Fatal(err)
	}
	if all := ada.sees("POST", "/shops/nordlys/missing", url.Values{"route": {""}}, 200, "Searches until now"); strings.Count(all, "/missing/missing/") != 2 {
		t.Errorf("of every route:\n%s", all)
	}
	path := "/shops/nordlys/missing/missing/" + begun.ID
	page := ada.waitsFor(path, "done", "Would be sent afterwards")
	if !contains(page, []string{"<dd>3</dd>", "m-1", "m-3", "Send 3 orders", "<dt>only recorded</dt><dd>3</dd>"}) {
		t.Errorf("what was found:\n%s", page)
	}
	if n := strings.Count(ada.gets("/shops/nordlys/download/reconcile?route=ads&from=&format=ndjson", 200), "\n"); n != 3 {
		t.Errorf("%d missing in the list", n)
	}
	vic := ada.joins(h, "vic", "viewer")
	vic.sees("POST", path, url.Values{"act": {"backfill"}}, 403)
	ada.sees("GET", path+"/backfill", nil, 200, "3 orders would be sent to ads")
	for range 2 { // the second time there is nothing left to be sent
		ada.sees("POST", path, url.Values{"act": {"backfill"}}, 200, "Send what is missing")
	}
	eventually(t, "both backfills end", func() bool {
		list, err := h.api.Checks(t.Context(), "nordlys", api.CheckBackfill, api.ListOptions{})
		return err == nil && len(list.Checks) == 2 && list.Checks[0].State == "done" && list.Checks[1].State == "done"
	})
	sent := int64(0)
	list, err := h.api.Checks(t.Context(), "nordlys", api.CheckBackfill, api.ListOptions{})
	for _, c := range list.Checks {
		sent += c.Progress.Sent
	}
	if err != nil || sent != 3 {
		t.Errorf("%d were planned (%v): %+v", sent, err, list.Checks)
	}
}
