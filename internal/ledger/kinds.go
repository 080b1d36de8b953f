package ledger

import "github.com/ordermux/ordermux/internal/order"

// Kinds is a set of event kinds. Its bits are stored: only ever add to them.
type Kinds uint32

// kindBit returns the bit of a kind. Kinds that a later program brings share
// the last one, so that a set can say "something else happened".
func kindBit(k order.Kind) Kinds {
	switch k {
	case order.KindPlaced:
		return 1 << 0
	case order.KindUpdated:
		return 1 << 1
	case order.KindAccepted:
		return 1 << 2
	case order.KindReady:
		return 1 << 3
	case order.KindShipped:
		return 1 << 4
	case order.KindDelivered:
		return 1 << 5
	case order.KindCancelled:
		return 1 << 6
	case order.KindRefunded:
		return 1 << 7
	case order.KindReviewed:
		return 1 << 8
	case order.KindErased:
		return 1 << 9
	case order.KindNote:
		return 1 << 10
	case order.KindMissing:
		return 1 << 11
	}
	return 1 << 31
}

// bitCancelledAfter is that of a cancellation which leaves a sale: the goods had
// left already. Rules that ask for cancelled orders do not mean it.
const bitCancelledAfter = 1 << 12

// bitOf returns the bit of an event; h is nil for statements.
func bitOf(k order.Kind, h *order.Happening) Kinds {
	if k == order.KindCancelled && h != nil && h.Cancellation != nil && h.Cancellation.AfterPickedUp {
		return bitCancelledAfter
	}
	return kindBit(k)
}

// KindsOf makes a set.
func KindsOf(kinds ...order.Kind) Kinds {
	var s Kinds
	for _, k := range kinds {
		s |= kindBit(k)
	}
	return s
}

// Has reports whether the set holds k, where a cancellation that leaves a sale is
// none; see Saw.
func (s Kinds) Has(k order.Kind) bool { return s&kindBit(k) != 0 }

// Saw reports whether an event of kind k was seen, whatever it left.
func (s Kinds) Saw(k order.Kind) bool {
	return s.Has(k) || k == order.KindCancelled && s&bitCancelledAfter != 0
}
