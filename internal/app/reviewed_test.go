package app_test

import (
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/ordermux/ordermux/internal/demo"
	"github.com/ordermux/ordermux/internal/order"
	"github.com/ordermux/ordermux/internal/review"
)

// invite makes a link to an order's form and returns its address at the hub.
func (h *hub) invite(l review.Link) string {
	h.t.Helper()
	_, address, err := h.Book().Make(h.t.Context(), "nordlys", l.Order, l)
	if err != nil {
		h.t.Fatal(err)
	}
	return h.URL() + address[strings.Index(address, "/review/"):]
}

// fillIn sends a form and returns the status, without being led on.
func fillIn(t *testing.T, address string, fields url.Values) (status int, text string) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), "POST", address, strings.NewReader(fields.Encode()))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	client := &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	resp, err := client.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return resp.StatusCode, string(b)
}

func (h *hub) reviews(f review.Filter) []review.Review {
	h.t.Helper()
	list, _, err := h.Book().Reviews(h.t.Context(), "nordlys", f)
	if err != nil {
		h.t.Fatal(err)
	}
	return list
}

// TestReviewed follows a review: form, ledger, webhook, list and totals; and
// sees it go with its order's person.
func TestReviewed(t *testing.T) { eachStore(t, testReviewed) }

func testReviewed(t *testing.T, at newPlace) {
	receiver, received := startReceiver(t)
	p := at(t)
	h := startHub(t, p, shop(hookRoute(receiver)))
	h.give(oneOrder("o-1", "3.00"))
	form := h.invite(review.Link{
		Order: "o-1", Kinds: []string{order.AboutShop, order.AboutProduct}, Products: []review.Product{{Ref: "A1"}}, Tags: []string{"web"}, Locale: "sv",
	})
	fields := url.Values{"stars.shop": {"5"}, "title.shop": {"annas-title"}, "text.shop": {"annas-words"}, "stars.p0": {"4"}}
	for range 2 {
		if status, text := fillIn(t, form, fields); status != http.StatusSeeOther {
			t.Fatal(status, text)
		}
	}
	said := func(kind order.Kind) (list []demo.Message) {
		for _, m := range received() {
			if m.Event != nil && m.Event.Kind == kind {
				list = append(list, m)
			}
		}
		return list
	}
	eventually(t, "the webhook has both reviews", func() bool { return len(said(order.KindReviewed)) == 2 })
	h.settled()
	for _, m := range said(order.KindReviewed) {
		r := m.Event.Review
		if m.OrderID != "o-1" || r == nil || r.About == order.AboutShop && (r.Stars != 5 || m.Event.Note != "annas-words" || m.Event.Title != "annas-title" || r.Tags[0] != "web") {
			t.Errorf("%+v, review %+v", m.Event, r)
		}
	}
	if list := h.reviews(review.Filter{Order: "o-1"}); len(list) != 2 {
		t.Fatalf("%+v", list)
	}
	if list := h.reviews(review.Filter{About: order.AboutShop}); len(list) != 1 || list[0].Text != "annas-words" || list[0].Source != "review:form" {
		t.Errorf("%+v", list)
	}
	totals, err := h.Book().Totals(t.Context(), "nordlys", review.ByTag, "web", "", "")
	if sum := review.Sum(totals); err != nil || sum.Count != 2 || sum.Stars != 9 {
		t.Errorf("%+v, %v", totals, err)
	}

	// A review that the shop's own system tells of counts as well, once.
	told := `{"order_id":"o-1","happening":{"kind":"reviewed","at":"2026-03-05T10:00:00Z","ref":"r-1","review":{"id":"r-1","about":"shop","stars":1,"platform":"other"},"note":"told"}}`
	for range 2 {
		if _, err := h.api.Post(t.Context(), "nordlys", "application/json", strings.NewReader(told)); err != nil {
			t.Fatal(err)
		}
	}
	if list := h.reviews(review.Filter{Platform: "other"}); len(list) != 1 || list[0].Text != "told" || list[0].Stars != 1 {
		t.Errorf("%+v", list)
	}
	eraseReviews(t, p, h, form)
}

func eraseReviews(t *testing.T, p place, h *hub, form string) {
	t.Helper()
	words := []string{"annas-title", "annas-words"}
	if before := p.holding(t, words); len(before) != len(words) {
		t.Fatalf("before erasing: %v", before)
	}
	if err := h.api.Erase(t.Context(), "nordlys", "o-1"); err != nil {
		t.Fatal(err)
	}
	if found := p.holding(t, words); len(found) > 0 {
		t.Errorf("after erasing: %v", found)
	}
	for _, r := range h.reviews(review.Filter{Order: "o-1"}) {
		if r.Title+r.Text != "" || r.Stars == 0 || r.About == order.AboutShop && !r.Erased {
			t.Errorf("after erasing: %+v", r)
		}
	}
	if status, _ := fillIn(t, form, url.Values{"stars.shop": {"1"}}); status != http.StatusGone {
		t.Errorf("the form of an erased order answers %d", status)
	}
	if v, err := h.api.Verify(t.Context(), "nordlys"); err != nil || !v.Whole {
		t.Error(v, err)
	}
}

// "I have not received my order" reaches the shop's systems too, and a hub that
// is started anew knows its links.
func TestMissing(t *testing.T) { eachStore(t, testMissing) }

func testMissing(t *testing.T, at newPlace) {
	receiver, received := startReceiver(t)
	p := at(t)
	h := startHub(t, p, shop(hookRoute(receiver)))
	h.give(oneOrder("o-1", "3.00"))
	form := h.invite(review.Link{Order: "o-1", Kinds: []string{order.AboutShop}})
	if err := h.stop(); err != nil {
		t.Fatal(err)
	}
	h = startHub(t, p, shop(hookRoute(receiver)))
	form = h.URL() + form[strings.Index(form, "/review/"):]
	if status, text := fillIn(t, form, url.Values{"do": {"missing"}}); status != http.StatusSeeOther {
		t.Fatal(status, text)
	}
	eventually(t, "the webhook is told", func() bool {
		for _, m := range received() {
			if m.OrderID == "o-1" && m.Event != nil && m.Event.Kind == order.KindMissing {
				return true
			}
		}
		return false
	})
	l, ok, err := h.Book().Find(t.Context(), "nordlys", "", "o-1")
	if err != nil || !ok || l.Missing.IsZero() || l.Again.Before(time.Now().Add(24*time.Hour)) {
		t.Errorf("%+v, %v", l, err)
	}
}

// Shops show their reviews only if they say so.
func TestPublicReviews(t *testing.T) {
	t.Parallel()
	h := startHub(t, inFolder(t), shop("")+"  other:\n    name: Other\n    currency: SEK\n")
	yes := true
	if err := h.Book().SetSettings(t.Context(), "nordlys", review.Settings{Public: &yes}); err != nil {
		t.Fatal(err)
	}
	form := h.invite(review.Link{Order: "o-1", Kinds: []string{order.AboutShop}})
	if status, text := fillIn(t, form, url.Values{"stars.shop": {"4"}, "text.shop": {"Fine."}}); status != http.StatusSeeOther {
		t.Fatal(status, text)
	}
	status, body := send(t, "GET", h.URL()+"/review/nordlys/reviews.json", "", "")
	if status != 200 || !strings.Contains(body, `"count":1,"mean":4.00,"reviews":[{"about":"shop","stars":4,"text":"Fine."`) || strings.Contains(body, "o-1") {
		t.Error(status, body)
	}
	if status, body := send(t, "GET", h.URL()+"/review/other/reviews.json", "", ""); status != http.StatusNotFound {
		t.Error(status, body)
	}
}
