package app_test

import (
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/ordermux/ordermux/internal/api"
	consoletext "github.com/ordermux/ordermux/internal/console/text"
	"github.com/ordermux/ordermux/internal/order"
)

// TestConsoleMendsAnOrder follows an order that a partner refuses through the
// console: its cause, the correction with its difference, and its arrival.
func TestConsoleMendsAnOrder(t *testing.T) {
	t.Parallel()
	sandbox := startSandbox(t)
	if _, err := sandbox.api.SetFaults(t.Context(), "citrusad", []byte(`{"refuse":["o-7"]}`)); err != nil {
		t.Fatal(err)
	}
	h := startHub(t, inFolder(t), shop(adsRoute(sandbox.URL())))
	ada := h.first(t)
	h.give(oneOrder("o-7", "3.00"))
	const at = "/shops/nordlys/orders/o-7"
	eventually(t, "the order is refused", func() bool {
		_, page := ada.do("GET", at, nil)
		return strings.Contains(page, "refused by the partner")
	})
	ada.sees("GET", at, nil, 200, "Correct it and try again", "What was answered", `href="/shops/nordlys/orders/o-7/correct"`, `value="retry"`, `value="drop"`)
	ada.sees("GET", "/", nil, 200, "One delivery is stuck", `class="accepted"`)
	for _, lang := range consoletext.Languages {
		ada.lang = lang
		for _, path := range []string{"/", at, at + "/correct"} {
			if page := ada.sees("GET", path, nil, 200, `<html lang="`+lang+`">`); unsaid.MatchString(page) {
				t.Errorf("%s in %s: %s", path, lang, unsaid.FindString(page))
			}
		}
	}
	ada.lang = "en"
	form := ada.sees("GET", at+"/correct", nil, 200, "<h1>Correct order o-7</h1>", `name="lines[0].quantity"`, `name="customer.email"`)
	seq := between(t, form, `name="seq" value="`, `"`)

	// What is no value is told beside its field, and stays as it was typed.
	ada.sees("POST", at+"/correct", url.Values{"seq": {seq}, "lines[0].quantity": {"four"}, "lines[0].product.name": {"Beans <b>"}}, 422,
		"Write a number", `value="four"`, `aria-invalid="true"`, "Beans &lt;b&gt;")
	ada.sees("POST", at+"/correct", url.Values{"seq": {seq}, "customer.email": {strings.Repeat("a", order.MaxText+1)}}, 422, "too long")
	ada.sees("POST", at+"/correct", url.Values{"seq": {seq}, "lines[0].quantity": {"3"}}, 422, "Nothing was changed")
	ada.sees("POST", at+"/correct", url.Values{"seq": {seq}, "session": {""}}, 422, "can not be emptied")
	ada.sees("POST", at+"/correct", url.Values{"seq": {"0"}, "lines[0].quantity": {"4"}}, 409, "has changed meanwhile", `value="4"`)

	right := url.Values{"seq": {seq}, "lines[0].quantity": {"4"}, "lines[0].total": {"4,00"}}
	ada.sees("POST", at+"/correct", right, 200, "<del>3</del>", "<ins>4</ins>", "<ins>4.00</ins>", "Correct and send again")
	if got := atSandbox(t, sandbox, "o-7"); got != "" {
		t.Fatalf("the partner took %s", got)
	}
	if _, err := sandbox.api.SetFaults(t.Context(), "citrusad", []byte(`{}`)); err != nil {
		t.Fatal(err)
	}
	right.Set("act", "edit") // back to the form, where it is as it was typed
	ada.sees("POST", at+"/correct", right, 200, `name="lines[0].quantity" value="4"`, "Show the difference")
	right.Set("act", "do")
	ada.sees("POST", at+"/correct", right, 200, "and what had failed is sent again", "operator:ada")
	eventually(t, "the corrected order arrives", func() bool {
		_, page := ada.do("GET", at, nil)
		return strings.Contains(page, ": arrived") && !strings.Contains(page, "note trouble")
	})
	if got := atSandbox(t, sandbox, "o-7"); !strings.Contains(got, `"quantity":4`) {
		t.Errorf("the partner has %s", got)
	}
	// Whoever looked before that can not correct it any more.
	ada.sees("POST", at+"/correct", right, 422, "Nothing was changed")
	right.Set("lines[0].quantity", "5")
	ada.sees("POST", at+"/correct", right, 409, "has changed meanwhile")
	ada.sees("POST", at, url.Values{"act": {"nonsense"}}, 404)
	ada.sees("POST", at, url.Values{"act": {"retry"}}, 200, "Nothing was done")
	right = url.Values{"seq": {between(t, ada.sees("GET", at+"/correct", nil, 200), `name="seq" value="`, `"`)}, "lines[0].quantity": {"5"}, "act": {"do"}}
	ada.sees("POST", at+"/correct", right, 200, "Nothing of it had failed")
	cancel := url.Values{"act": {"cancel"}, "reason": {"asked <i>by phone"}}
	ada.sees("POST", at, cancel, 200, "The order is cancelled", "asked &lt;i&gt;by phone")
	// Once is enough, and what nobody ordered can not be cancelled.
	cancel.Set("reason", "another one")
	if page := ada.sees("POST", at, cancel, 200, "Nothing was done"); strings.Contains(page, "another one") || strings.Contains(page, `value="cancel"`) {
		t.Errorf("it is cancelled twice:\n%s", page)
	}
	ada.sees("POST", "/shops/nordlys/orders/o-none", cancel, 404)
	ada.sees("GET", "/shops/nordlys/orders/o-none", nil, 404)

	eventually(t, "the deliveries are in the picture", func() bool {
		flow, err := h.api.Flow(t.Context(), "nordlys")
		if err != nil || len(flow.Minutes) != api.FlowMinutes {
			t.Fatal(flow, err)
		}
		var accepted, delivered int64
		for _, m := range flow.Minutes {
			accepted, delivered = accepted+m.Accepted, delivered+m.Delivered
		}
		return accepted >= 3 && delivered >= 1
	})
}

// TestConsoleShowsAnOrder: when it was placed is told in the shop's time, and of a
// call how many other deliveries it carried.
func TestConsoleShowsAnOrder(t *testing.T) {
	t.Parallel()
	sandbox := startSandbox(t)
	h := startHub(t, inFolder(t), shop(adsRoute(sandbox.URL())))
	ada := h.first(t)
	if err := h.api.Pause(t.Context(), "nordlys", "ads", "so that they go together"); err != nil {
		t.Fatal(err)
	}
	one := strings.Replace(oneOrder("o-1", "3.00"), "2026-03-02T15:00:00+01:00", "2026-03-02T23:30:00Z", 1)
	h.give(strings.TrimSuffix(one, "]}") + "," + strings.TrimPrefix(oneOrder("o-2", "4.00"), `{"orders":[`))
	if err := h.api.Resume(t.Context(), "nordlys", "ads"); err != nil {
		t.Fatal(err)
	}
	h.settled()
	ada.sees("GET", "/shops/nordlys/orders/o-1", nil, 200, "<time>2026-03-03 00:30:00 &#43;01:00</time>", "together with one other delivery")
}

// between is what stands between two texts.
func between(t *testing.T, text, before, after string) string {
	t.Helper()
	_, rest, ok := strings.Cut(text, before)
	middle, _, end := strings.Cut(rest, after)
	if !ok || !end {
		t.Fatalf("%q is missing in\n%s", before, text)
	}
	return middle
}

// TestConsoleHoldsAnOrder: a person holds an order back and lets it go, by the
// owner of the shop, whichever node he asks; who may only look, does not.
func TestConsoleHoldsAnOrder(t *testing.T) { eachStore(t, testConsoleHoldsAnOrder) }

func testConsoleHoldsAnOrder(t *testing.T, at newPlace) {
	receiver, received := startReceiver(t)
	late := strings.Replace(hookRoute(receiver), "{partner: webhook,", "{partner: webhook, after: 2h,", 1)
	h := startHub(t, at(t), shop(late))
	ada := h.first(t)
	h.hand(order.Entry{
		Subject: order.Subject{Kind: order.SubjectOrder, ID: "o-1"},
		Statement: &order.Statement{Order: order.Order{
			ID: "o-1", PlacedAt: order.At(time.Now()), Currency: "SEK",
			Customer:  &order.Customer{Email: "anna@shop.example", FirstName: "Anna<script>", LastName: "Ask"},
			Recipient: &order.Party{Name: "Anna Ask", Street: "Storgatan", Number: "1", City: "Lund", Country: "SE"},
		}},
	})
	const page = "/shops/nordlys/orders/o-1"
	eventually(t, "it waits for its time", func() bool {
		_, text := ada.do("GET", page, nil)
		return strings.Contains(text, `Hold back<span`) && strings.Contains(text, "waits for its turn")
	})
	ada.sees("GET", page, nil, 200, "Anna&lt;script&gt; Ask", "anna@shop.example", "Storgatan 1")
	ada.sees("POST", page, url.Values{"act": {"hold"}, "reason": {"she asked"}}, 200, "One delivery is held back", "held back by a person", "held by ada: she asked", `value="release"`)

	vi := ada.joins(h, "vi", "viewer")
	text := vi.sees("GET", page, nil, 200, "held back by a person", "Your role does not show personal data")
	for _, hidden := range []string{"anna@shop.example", "Storgatan", `name="act"`, "/correct"} {
		if strings.Contains(text, hidden) {
			t.Errorf("a viewer sees %q", hidden)
		}
	}
	for _, act := range []string{"send", "retry", "drop", "hold", "release", "cancel"} {
		vi.sees("POST", page, url.Values{"act": {act}, "route": {"hook"}}, 403)
	}
	vi.sees("GET", page+"/correct", nil, 403)
	vi.sees("POST", page+"/correct", url.Values{"act": {"do"}, "customer.email": {"x@shop.example"}}, 403)

	ada.sees("POST", page, url.Values{"act": {"release"}, "route": {"hook"}}, 200, "One delivery goes on")
	eventually(t, "it waits for its time again", func() bool {
		_, text := ada.do("GET", page, nil)
		return strings.Contains(text, "waits for its turn")
	})
	if n := len(received()); n != 0 {
		t.Errorf("%d were sent before their time", n)
	}
	ada.sees("POST", page, url.Values{"act": {"send"}, "route": {"hook"}}, 200, "It is on its way")
	eventually(t, "it arrives", func() bool { return len(received()) == 1 })
	acts, err := h.api.Order(t.Context(), "nordlys", "o-1")
	if err != nil || len(acts.Deliveries) != 1 {
		t.Errorf("%+v %v", acts.Deliveries, err)
	}
}

// TestConsoleFlowOutlivesARestart: what was delivered is counted by the store, so a
// restart loses none of it.
func TestConsoleFlowOutlivesARestart(t *testing.T) {
	t.Parallel()
	receiver, _ := startReceiver(t)
	p := inFolder(t)
	total := func(h *hub) (n int64) {
		flow, err := h.api.Flow(t.Context(), "nordlys")
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range flow.Minutes {
			n += m.Delivered
		}
		return n
	}
	h := startHub(t, p, shop(hookRoute(receiver)))
	h.give(oneOrder("o-1", "3.00"))
	eventually(t, "it is counted", func() bool { return total(h) == 1 })
	if err := h.stop(); err != nil {
		t.Fatal(err)
	}
	h = startHub(t, p, shop(hookRoute(receiver)))
	if n := total(h); n != 1 {
		t.Errorf("%d deliveries after the restart", n)
	}
	if _, err := h.api.Flow(t.Context(), "none"); err == nil {
		t.Error("a shop that is not there flows")
	}
}
