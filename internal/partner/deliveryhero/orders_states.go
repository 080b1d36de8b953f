package deliveryhero

import (
	"fmt"
	"slices"

	"github.com/ordermux/ordermux/internal/order"
)

// put is a state that a PUT may ask for.
type put struct {
	kind order.Kind // what happens; "": the lines change, nothing else
	// From which states of an order it may be asked for, by who carries it.
	platform, vendor []order.Status
	// brands: at some brands alone (brand.Accepts).
	brands bool
}

// Until where an order is on its way. "" is an order of which nobody has said
// but that it exists.
var (
	untouched = []order.Status{"", order.StatusReceived}
	inPicking = []order.Status{"", order.StatusReceived, order.StatusAccepted}
	notAway   = []order.Status{"", order.StatusReceived, order.StatusAccepted, order.StatusReady}
)

// puts are the states that a PUT takes; source: three readers of the vendor's
// pages agree on them, and Glovo's page adds ACCEPTED (seen 2026). That what was
// made ready or is away takes no more changes is inferred, as is that an order
// can be cancelled until it is away.
var puts = map[word]put{
	statusAccepted:   {kind: order.KindAccepted, vendor: untouched, brands: true},
	statusUpdateCart: {platform: inPicking, vendor: inPicking},
	statusReady:      {kind: order.KindReady, platform: inPicking},
	statusDispatched: {kind: order.KindShipped, vendor: notAway},
	statusCancelled:  {kind: order.KindCancelled, platform: notAway, vendor: notAway},
}

// allowed says whether a PUT may ask for a state. Errors: *wrong.
func allowed(b brand, transport word, now order.Status, asked word) (put, error) {
	p, known := puts[asked]
	from := p.platform
	if transport == byVendor {
		from = p.vendor
	}
	switch {
	case !known:
		return p, badRequest("status is none that can be put")
	case from == nil || p.brands && !b.Accepts:
		return p, badRequest(fmt.Sprintf("An order with transport_type %s can not be put to %s", transport, asked))
	case !slices.Contains(notAway, now):
		return p, badRequest("The order is finished: it takes no more changes")
	case !slices.Contains(from, now):
		return p, badRequest(fmt.Sprintf("The order is %s and can not be put to %s", statusOf(now, b, false), asked))
	}
	return p, nil
}

// statusOf is the state of an order as GET tells it. At an outlet where the
// platform picks, what has left or arrived is PICKED_UP, which foodpanda writes
// in small letters (the vendor's pages, seen 2026).
func statusOf(s order.Status, b brand, pelican bool) word {
	switch s {
	case order.StatusAccepted:
		if b.Accepts {
			return statusAccepted
		}
	case order.StatusReady:
		return statusReady
	case order.StatusShipped, order.StatusDelivered, order.StatusRefunded:
		switch {
		case pelican && b.Name == "foodpanda":
			return "picked_up"
		case pelican:
			return statusPickedUp
		case s == order.StatusShipped:
			return statusDispatched
		}
		return statusDelivered
	case order.StatusCancelled:
		return statusCancelled
	}
	return statusReceived
}

// toldOf is the state that the webhook tells of after an event; "": it tells of
// none.
func toldOf(k order.Kind, b brand, transport word) word {
	switch k {
	case order.KindPlaced:
		return statusReceived
	case order.KindReady:
		return statusReady
	case order.KindShipped:
		if transport == byVendor && b.ConfirmsReady {
			return statusReady
		}
		return statusDispatched
	case order.KindDelivered:
		return statusDelivered
	case order.KindCancelled:
		return statusCancelled
	}
	return ""
}
