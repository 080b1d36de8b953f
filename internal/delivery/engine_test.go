package delivery_test

import (
	"strings"
	"testing"
	"time"

	"github.com/ordermux/ordermux/internal/delivery"
	"github.com/ordermux/ordermux/internal/partner"
)

func TestDelivers(t *testing.T) {
	run(t, func(h *hub) {
		f := &fake{took: time.Millisecond}
		h.routes(delivery.Route{Name: "hook", Side: f.side(partner.Each)})
		h.place("1", "2", "3")
		h.pass(time.Second)
		h.is("hook", "delivered:3")
		if f.orders() != "1 2 3" && len(strings.Fields(f.orders())) != 3 {
			t.Errorf("got %s", f.orders())
		}
		reads := h.store.reads
		h.place("4", "5")
		h.pass(time.Second)
		if h.is("hook", "delivered:5"); h.log.reads > 0 || h.store.reads > reads+2 { // two of them are the test's
			t.Errorf("new orders: %d reads of states, %d of rows", h.log.reads, h.store.reads-reads)
		}
	})
}
