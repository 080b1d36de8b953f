package form

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"

	"github.com/ordermux/ordermux/e2e/browser"
	"github.com/ordermux/ordermux/internal/order"
)

// TestForm is one test, so that one browser does for all.
func TestForm(t *testing.T) {
	t.Parallel()
	h := startHub(t)
	shop := startShop(t)
	chromium := browser.Start(t, map[string]string{hubHost: h.address(), shopHost: shop, "www." + shopHost: shop})

	t.Run("keyboard", func(t *testing.T) {
		link := h.invited("N-1001", "sv-SE", "http://"+shopHost+"/tack")
		b := chromium.Open(t, link)
		if lang := browser.Ask[string](b, `document.documentElement.lang`); lang != "sv" {
			t.Errorf("the form speaks %q", lang)
		}
		b.Accessible("the form")
		fillIn(b)
		b.Arrives("http://www."+shopHost+"/tack/", "Välkommen tillbaka, referrer: .")
		checkReviews(t, h.said("N-1001", order.KindReviewed))

		b.Do(chromedp.Navigate(link)) // a second time
		b.Arrives(link, "Vi har redan fått ditt omdöme")
		b.Accessible("the form that was answered")
		browser.Ask[bool](b, `document.documentElement.removeAttribute("lang") === undefined`)
		if len(b.Violations()) == 0 {
			t.Error("axe sees nothing, whatever is wrong")
		}
	})
	t.Run("what is wrong", func(t *testing.T) {
		link := h.invited("N-1002", "de", "")
		b := chromium.Open(t, link)
		b.TabTo("text-shop")
		b.Press("Ohne Sterne")
		b.TabTo("Bewertung senden")
		b.Press("\r")
		b.Arrives(link, "Bitte berichtigen Sie:")
		b.Accessible("the form with a fault")
		if text := browser.Ask[string](b, `document.getElementById("text-shop").value`); text != "Ohne Sterne" {
			t.Errorf("what was typed is %q now", text)
		}
		b.TabTo("Wählen Sie die Sterne: Nordlys Kaffe") // leads to what is to be corrected
		b.Press("\r")
		browser.Eventually(t, "the focus is where the stars are", func() bool { return b.Focused() == "at-shop" })
		b.TabTo("stars-shop-5")
		b.Press(" ")
		b.TabTo("Bewertung senden")
		b.Press("\r")
		b.Arrives(link+"/thanks", "Vielen Dank für Ihre Bewertung")
		b.Accessible("our thanks")
		if list := h.said("N-1002", order.KindReviewed); len(list) != 1 || list[0].Note != "Ohne Sterne" || list[0].Review.Stars != 5 {
			t.Errorf("%+v", list)
		}
	})
	t.Run("not received, no more mails", func(t *testing.T) {
		link := h.invited("N-1003", "pl", "")
		b := chromium.Open(t, link)
		b.TabTo("Nie otrzymałem(-am) zamówienia")
		b.Press("\r")
		b.Arrives(link+"/missing", "został powiadomiony")
		b.Accessible("what was told")
		if list := h.said("N-1003", order.KindMissing); len(list) != 1 {
			t.Errorf("%+v", list)
		}
		b.Do(chromedp.Navigate(link))
		b.TabTo("Nie chcesz więcej zaproszeń?")
		b.Press("\r")
		b.Arrives(link+"/unsubscribe", "nie będzie już wysyłać")
		b.Accessible("the opt-out")
		b.TabTo("Nie wysyłajcie mi więcej zaproszeń")
		b.Press("\r")
		b.Arrives(link+"/unsubscribe", "Nie otrzymasz więcej zaproszeń")
		b.Accessible("the opt-out that was taken")
	})
	t.Run("one order only", func(t *testing.T) { oneOrderOnly(t, h) })
}

// fillIn answers the Swedish form without a mouse.
func fillIn(b *browser.Tab) {
	b.Helper()
	b.TabTo("stars-shop-5")
	b.Press("\u0301") // down: four stars
	if at := b.Focused(); at != "stars-shop-4" {
		b.Fatalf("down from five stars is %s", at)
	}
	b.TabTo("title-shop")
	b.Press("Snabbt och bra")
	b.TabTo("text-shop")
	b.Press("Kaffet kom på två dagar.\rTack!")
	b.TabTo("stars-p0-5")
	b.Press(" ")
	b.TabTo("Skicka mitt omdöme")
	b.Press("\r")
}

func checkReviews(t *testing.T, list []*order.Happening) {
	t.Helper()
	if len(list) != 2 {
		t.Fatalf("%d reviews in the ledger", len(list))
	}
	shop, product := list[0], list[1]
	if shop.Review.About != order.AboutShop || shop.Review.Stars != 4 || shop.Title != "Snabbt och bra" || shop.Note != "Kaffet kom på två dagar.\nTack!" ||
		shop.Review.Locale != "sv-SE" {
		t.Errorf("%+v, %+v", shop, shop.Review)
	}
	if product.Review.About != order.AboutProduct || product.Review.Product != "A1" || product.Review.Stars != 5 || product.Note != "" {
		t.Errorf("%+v, %+v", product, product.Review)
	}
}

// oneOrderOnly tries what a stranger would: other tokens, and a good one for
// another order.
func oneOrderOnly(t *testing.T, h *hub) {
	mine, other := h.invited("N-2001", "en", ""), h.invited("N-2002", "en", "")
	at := func(link string) string { return h.app.URL() + strings.TrimPrefix(link, "http://"+hubHost) }
	token := mine[strings.LastIndexByte(mine, '/')+1:]
	if len(token) < 27 || strings.Contains(mine, "2001") || token[:8] == other[strings.LastIndexByte(other, '/')+1:][:8] {
		t.Errorf("links that can be guessed: %s, %s", mine, other)
	}
	post := func(address string, fields url.Values) int {
		t.Helper()
		client := &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
		resp, err := client.PostForm(address, fields)
		if err != nil {
			t.Fatal(err)
		}
		resp.Body.Close()
		return resp.StatusCode
	}
	last := "A"
	if strings.HasSuffix(token, last) {
		last = "B"
	}
	for _, link := range []string{at(mine)[:len(at(mine))-1] + last, strings.Replace(at(mine), "/nordlys/", "/other/", 1), strings.Replace(at(mine), token, "N-2001", 1)} {
		if status := post(link, url.Values{"stars.shop": {"1"}}); status != http.StatusNotFound {
			t.Errorf("%s answers %d", link, status)
		}
	}
	everything := url.Values{"stars.shop": {"1"}, "order": {"N-2002"}, "link": {other}, "id": {"N-2002"}}
	if status := post(at(mine)+"?order=N-2002", everything); status != http.StatusSeeOther {
		t.Errorf("the good link answers %d", status)
	}
	if mine, other := len(h.said("N-2001", order.KindReviewed)), len(h.said("N-2002", order.KindReviewed)); mine != 1 || other != 0 {
		t.Errorf("%d reviews of its own order, %d of another", mine, other)
	}
}
