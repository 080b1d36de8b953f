package trustpilot_test

import (
	"fmt"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/ordermux/ordermux/internal/api"
	"github.com/ordermux/ordermux/internal/order"
)

const (
	hookToken = "0123456789abcdef"
	// reference is how Trustpilot is told the order SO#1.
	reference = "SO-1-c98b9c62"
)

// routeTo is a shop whose customers are invited by another hub's door.
func routeTo(at string) string {
	return fmt.Sprintf(`    routes:
      reviews:
        partner: trustpilot
        unless: [cancelled, refunded]
        settings: {base_url: "%s/trustpilot", api_key: k3y-demo, api_secret: s3cret-demo, business_user_id: %s, domain: nordljus.example, webhook_token: %s}
`, at, userID, hookToken)
}

// TestRoute sends an order by the route of one hub to the door of another one,
// hears of its review, does not send what was refunded in time, and passes an
// erasure on that a restart came between.
func TestRoute(t *testing.T) {
	t.Parallel()
	theirs := startHub(t, t.TempDir(), "    doors:"+door+"\n    routes: {}\n")
	dir := t.TempDir()
	var ahead atomic.Int64 // of our hub's clock
	ours := startHubAt(t, dir, routeTo(theirs.URL()), func() time.Time { return time.Now().Add(time.Duration(ahead.Load())) })
	ours.post(t, `{"order":{"id":"SO#1","locale":"sv-SE","customer":{"email":"eva@kund.example","name":"Eva Lind"},
		"review":{"shop":{"send_at":"2026-01-15T09:00:00Z","tags":["region north"]}}}}`)
	ours.post(t, `{"order":{"id":"SO-2","customer":{"email":"ulf@kund.example","name":"Ulf Ek"},"review":{"shop":{"delay":5}}}}`)

	eventually(t, "the invitation arrives", func() bool { return ours.state(t, "SO#1").delivery() == "delivered" })
	got := theirs.state(t, reference).Order
	if got == nil || got.Customer.Email != "eva@kund.example" || got.Locale != "sv-SE" || got.Review.Shop.Tags[0] != "region_north" {
		t.Fatalf("arrived as %+v", got)
	}

	review := `{"events":[{"eventName":"service-review-created","version":"1","eventData":{"id":"6000aa11bb22cc33dd44ee55","title":"Bra",
		"text":"Snabbt","referenceId":"` + reference + `","stars":5,"createdAt":"2026-02-01T08:00:00Z"}}]}`
	for range 2 {
		ours.hook(t, hookToken, review, http.StatusOK)
	}
	ours.hook(t, "0123456789abcdeg", review, http.StatusNotFound)
	if n := ours.state(t, "SO#1").reviews("Bra"); n != 1 {
		t.Errorf("the order has %d reviews", n)
	}

	eventually(t, "the second one waits", func() bool { return ours.state(t, "SO-2").delivery() == "ready" })
	ours.post(t, `{"order_id":"SO-2","happening":{"kind":"refunded"}}`)
	ahead.Store(int64(6 * 24 * time.Hour))
	ours.post(t, `{"order":{"id":"SO-3"}}`) // wakes the route
	eventually(t, "the second one is cancelled", func() bool { return ours.state(t, "SO-2").delivery() == "cancelled" })

	if err := ours.api.Erase(t.Context(), "nordljus", "SO#1"); err != nil {
		t.Fatal(err)
	}
	ours.stop()
	startHub(t, dir, routeTo(theirs.URL()))
	eventually(t, "the erasure arrives", func() bool { return theirs.state(t, reference).Order.Customer == nil })
	if _, err := theirs.api.Order(t.Context(), "nordljus", "SO-2"); err == nil {
		t.Error("what was refunded was sent")
	}
}

// state is what a hub knows of an order.
type state struct{ api.OrderState }

func (h *hub) state(t *testing.T, id string) state {
	t.Helper()
	s, err := h.api.Order(t.Context(), "nordljus", id)
	if err != nil {
		t.Fatalf("order %s: %v", id, err)
	}
	return state{s}
}

// delivery is the state of the order's one delivery; "": there is none.
func (s state) delivery() string {
	if len(s.Deliveries) != 1 {
		return ""
	}
	return string(s.Deliveries[0].State)
}

func (s state) reviews(title string) (n int) {
	for _, e := range s.Events {
		if e.Kind == order.KindReviewed && e.Happening.Title == title {
			n++
		}
	}
	return n
}

func (h *hub) post(t *testing.T, body string) {
	t.Helper()
	if _, err := h.api.Post(t.Context(), "nordljus", "application/json", strings.NewReader(body)); err != nil {
		t.Fatal(err)
	}
}

func (h *hub) hook(t *testing.T, token, body string, want int) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, h.URL()+"/in/nordljus/reviews/"+token, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	resp, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
	if resp.StatusCode != want {
		t.Errorf("the webhook is answered with %d, want %d", resp.StatusCode, want)
	}
}

// eventually waits until ok says so.
func eventually(t *testing.T, what string, ok func() bool) {
	t.Helper()
	deadline := time.After(20 * time.Second)
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for !ok() {
		select {
		case <-deadline:
			t.Fatalf("never: %s", what)
		case <-tick.C:
		}
	}
}
