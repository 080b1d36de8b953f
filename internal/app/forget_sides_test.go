package app_test

import (
	"context"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/ordermux/ordermux/internal/app"
	"github.com/ordermux/ordermux/internal/order"
	"github.com/ordermux/ordermux/internal/partner"
	"github.com/ordermux/ordermux/internal/partner/all"
)

// mindful is a partner that can be told to forget a person.
type mindful struct {
	mu   sync.Mutex
	told []string // addresses
	fail error
}

func (m *mindful) partner() partner.Partner {
	return partner.Partner{Name: "mindful", Title: "Mindful", Route: func(partner.Deps, partner.Settings) (partner.Side, error) {
		return partner.Side{Mode: partner.Once, Needs: []partner.Need{partner.NeedEmail}, Deliver: m.deliver, Forget: m.forget}, nil
	}}
}

func (m *mindful) deliver(_ context.Context, tasks []partner.Task) []partner.Outcome {
	out := make([]partner.Outcome, len(tasks))
	for i := range out {
		out[i] = partner.Delivered("")
	}
	return out
}

func (m *mindful) forget(_ context.Context, o *order.Order) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if o.Customer != nil {
		m.told = append(m.told, o.Customer.Email)
	}
	return m.fail
}

func (m *mindful) heard() []string {
	m.mu.Lock()
	defer m.mu.Unlock()
	return slices.Clone(m.told)
}

// TestSidesAreTold tells a side that an order is about to be erased which it
// sent, while it can still be read, and of no other one. If that can not be
// kept, nothing is erased.
func TestSidesAreTold(t *testing.T) { eachStore(t, testSidesAreTold) }

func testSidesAreTold(t *testing.T, at newPlace) {
	m := &mindful{}
	p := at(t)
	text := shop("      mind: {partner: mindful, when: 'order.channel == \"online\"'}\n")
	cfg, err := parse(p, text, m.partner())
	if err != nil {
		t.Fatal(err)
	}
	h := startHub(t, p, shop(""), func(o *app.Options) { o.Config, o.Partners = cfg, append(all.List(), m.partner()) })
	for id, channel := range map[string]string{"o-1": "online", "o-2": "offline", "o-3": "online"} {
		body := `{"order":{"id":"` + id + `","channel":"` + channel + `","customer":{"email":"` + id + `@kund.example"}}}`
		if _, err := h.api.Post(t.Context(), "nordlys", "application/json", strings.NewReader(body)); err != nil {
			t.Fatal(err)
		}
	}
	h.settled()
	for _, id := range []string{"o-1", "o-2", "o-1"} {
		if err := h.api.Erase(t.Context(), "nordlys", id); err != nil {
			t.Fatal(err)
		}
	}
	if got := m.heard(); !slices.Equal(got, []string{"o-1@kund.example"}) {
		t.Errorf("told of %q", got)
	}
	m.mu.Lock()
	m.fail = order.ErrBusy
	m.mu.Unlock()
	if err := h.api.Erase(t.Context(), "nordlys", "o-3"); err == nil {
		t.Error("erased although the side could not keep what it needs")
	}
	state, err := h.api.Order(t.Context(), "nordlys", "o-3")
	if err != nil || state.Order.Customer == nil {
		t.Errorf("%+v %v", state.Order, err)
	}
}
