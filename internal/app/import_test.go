package app_test

import (
	"context"
	"os"
	"testing"
	"time"

	"github.com/ordermux/ordermux/internal/config"
	"github.com/ordermux/ordermux/internal/intake"
	"github.com/ordermux/ordermux/internal/order"
	"github.com/ordermux/ordermux/internal/partner"
)

// importBook hands the real order book in, as the command does.
func importBook(t *testing.T, h *hub, history bool) intake.Summary {
	t.Helper()
	text, err := os.ReadFile("../demo/data/online-retail.map.yml")
	if err != nil {
		t.Fatal(err)
	}
	m, err := intake.ParseMapping(text, config.DecodeYAML)
	if err != nil {
		t.Fatal(err)
	}
	book, err := os.Open("../demo/data/online-retail.csv")
	if err != nil {
		t.Fatal(err)
	}
	defer book.Close()
	sum, err := intake.Run(t.Context(), m.Read(book, partner.ReadOptions{Shop: "nordlys", Location: time.UTC}), intake.Options{
		History: history,
		Append: func(ctx context.Context, entries []order.Entry) ([]order.Receipt, error) {
			return h.api.Append(ctx, "nordlys", entries, true)
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	return sum
}

// TestTheOrderBookTwice imports the 90 real invoices twice: the second time
// nothing is new, and nothing is sent.
func TestTheOrderBookTwice(t *testing.T) { eachStore(t, testTheOrderBookTwice) }

func testTheOrderBookTwice(t *testing.T, at newPlace) {
	sandbox := startSandbox(t)
	receiver, received := startReceiver(t)
	h := startHub(t, at(t), shop(adsRoute(sandbox.URL())+hookRoute(receiver)))
	first := importBook(t, h, false)
	if first.Rows != 90 || first.Lines != 1694 || first.Results[intake.New] != 84 || first.Results[intake.Skipped] != 6 {
		t.Errorf("first: %+v", first)
	}
	h.settled()
	messages := len(received())
	if messages != 90 {
		t.Errorf("%d messages", messages)
	}
	second := importBook(t, h, false)
	if second.Results[intake.Known] != 84 || second.Results[intake.New] != 0 || second.Results[intake.Updated] != 0 {
		t.Errorf("second: %+v", second)
	}
	h.settled()
	if again := len(received()); again != messages {
		t.Errorf("%d messages after the second import, %d after the first", again, messages)
	}
	if v, err := h.api.Verify(t.Context(), "nordlys"); err != nil || !v.Whole || v.Events != 90 {
		t.Error(v, err)
	}
}

// TestTheOrderBookAsHistory imports without delivering.
func TestTheOrderBookAsHistory(t *testing.T) { eachStore(t, testTheOrderBookAsHistory) }

func testTheOrderBookAsHistory(t *testing.T, at newPlace) {
	receiver, received := startReceiver(t)
	h := startHub(t, at(t), shop(hookRoute(receiver)))
	if sum := importBook(t, h, true); sum.Results[intake.New] != 84 {
		t.Errorf("%+v", sum)
	}
	h.settled()
	if list := received(); len(list) != 0 {
		t.Errorf("%d messages", len(list))
	}
}
