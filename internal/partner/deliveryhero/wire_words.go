package deliveryhero

import (
	"slices"
	"strings"

	"github.com/ordermux/ordermux/internal/order"
)

// The states of an order. PICKED_UP is seen in answers of GET only, in capital
// letters at one brand and in small ones at another.
const (
	statusReceived   word = "RECEIVED"
	statusAccepted   word = "ACCEPTED"
	statusUpdateCart word = "UPDATE_CART"
	statusReady      word = "READY_FOR_PICKUP"
	statusDispatched word = "DISPATCHED"
	statusCancelled  word = "CANCELLED"
	statusDelivered  word = "DELIVERED"
	statusPickedUp   word = "PICKED_UP"
)

// The states of a line.
const (
	itemOpen     word = "NOT_PROCESSED"
	itemInCart   word = "IN_CART"
	itemNotFound word = "NOT_FOUND"
	itemReplaced word = "REPLACED"
	itemAddition word = "ADDITION"
)

// Other words of the order object.
const (
	typeDelivery word = "DELIVERY"
	typePickup   word = "PICKUP"

	byPlatform word = "LOGISTICS_DELIVERY"
	byVendor   word = "VENDOR_DELIVERY"

	pricedUnit word = "UNIT"
	pricedKG   word = "KG"

	promotionsShown  word = "AVAILABLE"
	promotionsHidden word = "UNAVAILABLE"

	cancelledByVendor word = "VENDOR"
)

// Reasons of a cancellation. Two readers of the vendor's pages name two lists.
const (
	reasonClosed      word = "CLOSED"
	reasonUnavailable word = "ITEM_UNAVAILABLE"
	reasonBusy        word = "TOO_BUSY"
	reasonOutOfStock  word = "OUT_OF_STOCK_UNAVAILABLE"
	reasonTechnical   word = "TECHNICAL_PROBLEM"
)

var knownWords = []word{
	statusReceived, statusAccepted, statusUpdateCart, statusReady, statusDispatched, statusCancelled, statusDelivered, statusPickedUp,
	itemOpen, itemInCart, itemNotFound, itemReplaced, itemAddition,
	typeDelivery, typePickup, byPlatform, byVendor, pricedUnit, pricedKG, promotionsShown, promotionsHidden,
	cancelledByVendor, reasonClosed, reasonUnavailable, reasonBusy, reasonOutOfStock, reasonTechnical,
}

// word is a value of an enumeration. Known ones are read in any letters;
// others are kept as they came.
type word string

// wordOf reads a word.
func wordOf(text string) word {
	w := word(strings.ToUpper(strings.TrimSpace(text)))
	if w == "CANCELED" {
		return statusCancelled
	}
	if slices.Contains(knownWords, w) {
		return w
	}
	return word(text)
}

// UnmarshalText reads a word.
func (w *word) UnmarshalText(b []byte) error {
	*w = wordOf(string(b))
	return nil
}

// lineStatus is a line's state in the canonical order; false: an unknown word.
func (w word) lineStatus() (order.LineStatus, bool) {
	switch w {
	case itemOpen, "":
		return order.LineOpen, true
	case itemInCart:
		return order.LineInCart, true
	case itemNotFound:
		return order.LineNotFound, true
	case itemReplaced:
		return order.LineReplaced, true
	case itemAddition:
		return order.LineAdded, true
	}
	return order.LineOpen, false
}

// itemWord is the wire's word for a line's state.
func itemWord(s order.LineStatus) word {
	switch s {
	case order.LineInCart:
		return itemInCart
	case order.LineNotFound:
		return itemNotFound
	case order.LineReplaced:
		return itemReplaced
	case order.LineAdded:
		return itemAddition
	}
	return itemOpen
}
