package review_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/ordermux/ordermux/internal/order"
	"github.com/ordermux/ordermux/internal/review"
)

func written(n int, r order.Reviewed) review.Review {
	r.ID = fmt.Sprintf("r-%03d", n)
	return review.Review{
		Reviewed: r, Order: "order-of-anna", Source: "review:form", At: time.Date(2026, 11, 30, 23, 0, 0, 0, time.UTC).Add(-time.Duration(n) * time.Hour),
		Title: "Title", Text: "Text",
	}
}

// feed asks for the public reviews.
func (d *desk) feed(query string, header ...string) *http.Response {
	d.Helper()
	r := httptest.NewRequestWithContext(d.Context(), "GET", "/review/nordlys/reviews.json"+query, nil)
	for i := 0; i < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	w := httptest.NewRecorder()
	d.book.Handler().ServeHTTP(w, r)
	return w.Result()
}

func showing(t *testing.T) *desk {
	d := newDesk(t)
	yes := true
	d.settings.Public = &yes
	d.totals = func(dim review.Dimension, value string) []review.Total {
		if dim != review.ByAbout && value != "P-1" && value != "web" {
			return nil
		}
		return []review.Total{{Value: value, Month: "2026-10", Count: 2, Stars: 9}, {Value: value, Month: "2026-11", Count: 1, Stars: 5}}
	}
	d.listed = func(f review.Filter) []review.Review {
		list := []review.Review{
			written(0, order.Reviewed{About: order.AboutShop, Stars: 5, Tags: []string{"web"}, Locale: "sv"}),
			written(1, order.Reviewed{About: order.AboutShop, Stars: 4, Deleted: true}),
			written(2, order.Reviewed{About: order.AboutProduct, Product: "P-1", Stars: 3, Platform: "trustpilot"}),
		}
		for i := range 60 {
			list = append(list, written(3+i, order.Reviewed{About: order.AboutShop, Stars: 1}))
		}
		return list
	}
	return d
}

func TestPublicReviews(t *testing.T) {
	t.Parallel()
	d := showing(t)
	resp := d.feed("")
	status, text := read(t, resp)
	h := resp.Header
	if status != 200 || h.Get("Content-Type") != "application/json" || h.Get("Cache-Control") != "public, max-age=60" || h.Get("Access-Control-Allow-Origin") != "*" {
		t.Fatal(status, h, text)
	}
	var got struct {
		Shop    string
		Count   int
		Mean    json.Number
		Reviews []map[string]any
	}
	if err := json.Unmarshal([]byte(text), &got); err != nil {
		t.Fatal(err)
	}
	if got.Shop != "nordlys" || got.Count != 3 || got.Mean != "4.67" || len(got.Reviews) != 20 {
		t.Errorf("%+v", got)
	}
	want := map[string]any{"about": "shop", "stars": 5.0, "title": "Title", "text": "Text", "month": "2026-11", "locale": "sv"}
	if fmt.Sprint(got.Reviews[0]) != fmt.Sprint(want) {
		t.Errorf("%v", got.Reviews[0])
	}
	for _, secret := range []string{"anna", "r-0", "P-1", "trustpilot", "form"} {
		if strings.Contains(text, secret) {
			t.Errorf("tells %q: %s", secret, text)
		}
	}
	for _, tag := range []string{h.Get("ETag"), "W/" + h.Get("ETag"), `"x", ` + h.Get("ETag"), "*"} {
		if resp := d.feed("", "If-None-Match", tag); resp.StatusCode != http.StatusNotModified || resp.Header.Get("ETag") != h.Get("ETag") {
			t.Errorf("%s: %d", tag, resp.StatusCode)
		}
	}
	if resp := d.feed("", "If-None-Match", `"x"`); resp.StatusCode != 200 {
		t.Error(resp.StatusCode)
	}
	_, text = read(t, d.feed("?product=P-1"))
	d.has(text, `"product":"P-1"`, `"stars":3`, `"platform":"trustpilot"`, `"mean":4.67`)
	_, text = read(t, d.feed("?tag=web"))
	d.has(text, `"tag":"web"`, `"count":3`)
	if _, text = read(t, d.feed("?tag=nothing")); text != `{"shop":"nordlys","tag":"nothing","count":0,"reviews":[]}`+"\n" {
		t.Error(text)
	}
	for _, query := range []string{"?tag=a&product=b", "?tag=a&tag=b", "?tag=" + strings.Repeat("a", 201), "?product=a%00"} {
		if status, text := read(t, d.feed(query)); status != http.StatusBadRequest {
			t.Error(query, status, text)
		}
	}
	if status, text := read(t, d.do("POST", "/review/nordlys/reviews.json", "", "")); status != http.StatusMethodNotAllowed {
		t.Error(status, text)
	}
}

// Who does not show reviews answers as one who is not there.
func TestPublicReviewsAreOff(t *testing.T) {
	t.Parallel()
	no := false
	for _, public := range []*bool{nil, &no} {
		d := showing(t)
		d.settings.Public = public
		status, text := read(t, d.feed(""))
		if nobody, there := read(t, d.do("GET", "/review/other/reviews.json", "", "")); status != http.StatusNotFound || nobody != status || there != text {
			t.Error(status, text, nobody, there)
		}
	}
}

// The store is not asked for what was asked for a moment ago, and what is kept
// in memory is bounded.
func TestPublicReviewsAreKeptForAMoment(t *testing.T) {
	t.Parallel()
	d := showing(t)
	asked := 0
	totals := d.totals
	d.totals = func(dim review.Dimension, value string) []review.Total {
		asked++
		return totals(dim, value)
	}
	for range 3 {
		d.feed("")
	}
	if asked != 1 {
		t.Errorf("asked %d times", asked)
	}
	d.now = d.now.Add(5 * time.Second)
	if d.feed(""); asked != 2 {
		t.Errorf("asked %d times", asked)
	}
	for i := range 2000 {
		d.feed(fmt.Sprint("?tag=", i))
	}
	if asked != 2002 {
		t.Errorf("asked %d times", asked)
	}
}

func TestEachReviewGoesThroughAllPages(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	d.listed = func(review.Filter) (list []review.Review) {
		for i := range 999 {
			list = append(list, written(i, order.Reviewed{About: order.AboutShop, Stars: 1 + i%5}))
		}
		return list
	}
	var got []string
	for r, err := range d.book.EachReview(t.Context(), "nordlys", review.Filter{Stars: 2}) {
		if err != nil {
			t.Fatal(err)
		}
		got = append(got, r.ID)
	}
	if len(got) != 200 || got[0] != "r-001" || got[199] != "r-996" || !slices.IsSorted(got) {
		t.Errorf("%d: %v", len(got), got)
	}
	for range d.book.EachReview(t.Context(), "nordlys", review.Filter{}) {
		break // who has enough may stop
	}
	for _, err := range d.book.EachReview(t.Context(), "nordlys", review.Filter{Cursor: "x"}) {
		var invalid *order.Invalid
		if !errors.As(err, &invalid) {
			t.Errorf("%v", err)
		}
	}
}

func TestExport(t *testing.T) {
	t.Parallel()
	r := written(0, order.Reviewed{About: order.AboutShop, Stars: 5, Tags: []string{"web", "sv"}, Locale: "sv", Location: "Lund", Verified: true})
	r.Title, r.Text = "=1+1", "Line one\nline \"two\", end"
	p := written(1, order.Reviewed{About: order.AboutProduct, Product: "+46", Platform: "trustpilot", Link: "https://r.example/1", Deleted: true})
	p.Changed = time.Date(2026, 12, 1, 8, 0, 0, 0, time.UTC)
	all := func(yield func(review.Review, error) bool) {
		_ = yield(r, nil) && yield(p, nil)
	}
	var b bytes.Buffer
	if err := review.WriteCSV(&b, all); err != nil {
		t.Fatal(err)
	}
	want := `id,order,at,changed,about,product,stars,title,text,locale,location,tags,source,platform,link,verified,deleted
r-000,order-of-anna,2026-11-30T23:00:00Z,,shop,,5,'=1+1,"Line one
line ""two"", end",sv,Lund,web sv,review:form,form,,true,false
r-001,order-of-anna,2026-11-30T22:00:00Z,2026-12-01T08:00:00Z,product,'+46,,Title,Text,,,,review:form,trustpilot,https://r.example/1,false,true
`
	if b.String() != want {
		t.Errorf("%s", b.String())
	}
	b.Reset()
	if err := review.WriteNDJSON(&b, all); err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(strings.TrimSpace(b.String()), "\n")
	var back review.Review
	if err := json.Unmarshal([]byte(lines[0]), &back); err != nil || len(lines) != 2 || back.Text != r.Text || back.ID != "r-000" || back.Order != r.Order || !back.At.Equal(r.At) {
		t.Errorf("%s: %+v, %v", b.String(), back, err)
	}
	broken := errors.New("the store is away")
	failing := func(yield func(review.Review, error) bool) { _ = yield(r, nil) && yield(review.Review{}, broken) }
	if err := review.WriteCSV(&b, failing); !errors.Is(err, broken) {
		t.Error(err)
	}
	if err := review.WriteNDJSON(&b, failing); !errors.Is(err, broken) {
		t.Error(err)
	}
}

func TestMean(t *testing.T) {
	t.Parallel()
	f := func(count, stars int64, want string) {
		t.Helper()
		if got := (review.Total{Count: count, Stars: stars}).Mean().String(); got != want {
			t.Errorf("%d stars of %d: %s instead of %s", stars, count, got, want)
		}
	}
	f(3, 14, "4.67")
	f(3, 13, "4.33")
	f(8, 37, "4.63") // 4.625
	f(1, 5, "5.00")
	f(1_000_000_000, 4_999_999_999, "5.00")
	if !(review.Total{}).Mean().IsZero() {
		t.Error("a mean of nothing")
	}
	sum := review.Sum([]review.Total{{Value: "a", Month: "2026-10", Count: 1, Stars: 5}, {Value: "a", Month: "2026-11", Count: 2, Stars: 3}})
	if sum != (review.Total{Value: "a", Count: 3, Stars: 8}) {
		t.Errorf("%+v", sum)
	}
}

// What Replace says, applied to what was there, is what is there.
func TestReplace(t *testing.T) {
	t.Parallel()
	one := written(0, order.Reviewed{About: order.AboutProduct, Product: "P-1", Stars: 5, Tags: []string{"a", "b", "a"}})
	two := written(0, order.Reviewed{About: order.AboutProduct, Product: "P-1", Stars: 3, Tags: []string{"b", "c"}})
	gone, added, totals := review.Replace(&one, &two)
	f := func(what string, got any, want string) {
		t.Helper()
		if fmt.Sprint(got) != want {
			t.Errorf("%s: %v instead of %s", what, got, want)
		}
	}
	f("gone", gone, "[{stars 5} {tag a}]")
	f("added", added, "[{stars 3} {tag c}]")
	f("totals", totals, "[{about {product 2026-11 0 -2}} {all { 2026-11 0 -2}} {product {P-1 2026-11 0 -2}} "+
		"{tag {a 2026-11 -1 -5}} {tag {b 2026-11 0 -2}} {tag {c 2026-11 1 3}}]")
	if gone, added, totals := review.Replace(&one, &one); len(gone)+len(added)+len(totals) > 0 {
		t.Error("the same again moves something", gone, added, totals)
	}
	if gone, added, totals := review.Replace(nil, &one); gone != nil || len(added) != 8 || len(totals) != 5 {
		t.Error(gone, added, totals)
	}
}

// FuzzCursor: what is taken as a cursor names the same place again.
func FuzzCursor(f *testing.F) {
	f.Add(review.Place{At: 1, ID: "r-1"}.String())
	f.Add("MQ.cg")
	f.Add("LTE.")
	f.Add(".")
	f.Fuzz(func(t *testing.T, cursor string) {
		place, err := (&review.Filter{Cursor: cursor}).Start()
		if err != nil || cursor == "" {
			return
		}
		if again, err := (&review.Filter{Cursor: place.String()}).Start(); err != nil || again != place {
			t.Errorf("%q is %+v, then %+v, %v", cursor, place, again, err)
		}
	})
}
