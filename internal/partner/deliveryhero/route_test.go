package deliveryhero_test

import (
	"context"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/ordermux/ordermux/internal/json"
	"github.com/ordermux/ordermux/internal/order"
	"github.com/ordermux/ordermux/internal/partner"
	"github.com/ordermux/ordermux/internal/partner/deliveryhero"
	"github.com/ordermux/ordermux/internal/partner/partnertest"
)

const (
	routeChain  = "c0de0000-0000-4000-8000-000000000001"
	routeSecret = "s3cret-of-the-hook"
)

func TestRoute(t *testing.T) {
	t.Parallel()
	partnertest.RunRoute(t, deliveryhero.Partner, "testdata/route")
}

// TestWebhook runs the receiver as if it were a door: what it answers, and what
// it accepts.
func TestWebhook(t *testing.T) {
	t.Parallel()
	receiver := deliveryhero.Partner
	receiver.OpenAPI = nil // which is that of the door
	receiver.Door = func(deps partner.Deps) (partner.Side, error) {
		return deliveryhero.Partner.Route(deps, partnertest.Settings(t, deliveryhero.Partner, false, map[string]json.Value{
			"base_url": json.Value(`"https://uy.dh.example"`), "chain_id": json.Value(`"` + routeChain + `"`), "token": json.Value(`"tok"`),
			"webhook_secret": json.Value(`"` + routeSecret + `"`), "vendors": json.Value(`["CENTRO=290056"]`), "currency": json.Value(`"UYU"`),
		}))
	}
	partnertest.RunDoor(t, receiver, "testdata/webhook")
}

func sampleOrder() order.Order {
	return order.Order{
		ID: "0f5a6c1e-3b0d-4e55-9d4e-1d2f6f0a7b11", Currency: "UYU", Customer: &order.Customer{FirstName: "Ana", LastName: "Quiroga"},
		Lines:      []order.Line{{ID: "l1", Product: order.Product{SKU: "779001"}, Quantity: order.FromInt(2, 0)}},
		References: []order.Reference{{Kind: "chain_id", Value: routeChain}},
	}
}

func contextOf(t *testing.T, most time.Duration) (context.Context, context.CancelFunc) {
	return context.WithTimeout(t.Context(), most)
}

// TestWebhookText: no order is lost for what is no text in it, nor for what is
// written otherwise than the documents have it.
func TestWebhookText(t *testing.T) {
	t.Parallel()
	f := func(comment, want string) {
		t.Helper()
		c := newCounter(t, "")
		body := strings.Replace(placed("o-1", "RECEIVED", "2026-03-02T18:01:00.000Z"), "timbre roto", comment, 1)
		if code := c.hear(body); code != http.StatusOK {
			t.Errorf("%q: %d", comment, code)
			return
		}
		entries := c.hub.Entries()
		if len(entries) != 1 || len(entries[0].Statement.Order.Notes) != 1 || entries[0].Statement.Order.Notes[0].Text != want {
			t.Errorf("%q became %+v, want %q", comment, entries, want)
		}
	}
	f("a\\u0000b\x01c\x7fd\\bf", "a b c d f")
	f("two\nlines\tof \\\\u0000", `two lines of \u0000`)
	f("Se\xf1or", "Se?or")
	f(`smile \ud83d`, "smile ?")
	f(`\ude00 smile \ud83d\ude00 \ud83d\u00e9 \ud83d`, "? smile 😀 ?é ?")
	f(`\ud83d\ude00`, "😀")

	c := newCounter(t, "")
	if code := c.hear("\ufeff" + placed("o-1", "RECEIVED", "2026-03-02T18:01:00.000Z")); code != http.StatusOK {
		t.Errorf("byte order mark: %d", code)
	}
	cancelled := strings.TrimSuffix(placed("o-1", "CANCELED", "2026-03-02T18:02:00.000Z"), "}")
	if code := c.hear(cancelled + `,"cancellation":"closed"}`); code != http.StatusOK {
		t.Errorf("a cancellation that is a word: %d", code)
	}
	entries := c.hub.Entries()
	if len(entries) != 2 || entries[1].Happening.Kind != order.KindCancelled || entries[1].Happening.Reason != "CLOSED" {
		t.Errorf("accepted %+v", entries)
	}
	if code := c.hear(cancelled + `,"cancellation":5}`); code != http.StatusBadRequest {
		t.Errorf("a cancellation that is a number: %d", code)
	}
	if code := c.hear(`{"order_id":"` + strings.Repeat("x", partner.MaxBody) + `"}`); code != http.StatusRequestEntityTooLarge {
		t.Errorf("a large body: %d", code)
	}
}
