package deliveryhero

import (
	"context"
	"crypto/sha1"
	"encoding/hex"
	"fmt"
	"strings"
	"time"

	"github.com/ordermux/ordermux/internal/partner"
)

// ordersKept is for how long orders can be asked about; source: the vendor's
// pages, seen 2026.
const ordersKept = 60 * 24 * time.Hour

// numbers are the order_ids of a chain's orders: an id that is a UUID itself,
// and for any other one a UUID that is made of it. The way back is kept.
type numbers struct {
	at    partner.State // Deps.At of the shop
	chain string        // its id
}

const numberPrefix = "n/"

// of returns the order_id of an order. Nobody may be told of it before tell.
func (n numbers) of(id string) string {
	if isUUID(id) {
		return strings.ToLower(id)
	}
	return namedUUID(n.chain, id)
}

// tell returns the order_id of an order, after the way back was written.
func (n numbers) tell(ctx context.Context, id string) (string, error) {
	number := n.of(id)
	if number == id {
		return number, nil
	}
	_, known, err := n.at.Get(ctx, numberPrefix+number)
	if err == nil && !known {
		err = n.at.Put(ctx, numberPrefix+number, []byte(id), ordersKept+24*time.Hour)
	}
	if err != nil {
		return "", fmt.Errorf("number of an order: %w", err)
	}
	return number, nil
}

// order returns the id of the order that was told of under a number; the number
// itself if it was never told of, "" if it can be none.
func (n numbers) order(ctx context.Context, number string) (string, error) {
	if !isUUID(number) {
		return "", nil
	}
	number = strings.ToLower(number)
	id, ok, err := n.at.Get(ctx, numberPrefix+number)
	if err != nil {
		return "", fmt.Errorf("order of a number: %w", err)
	}
	if ok {
		return string(id), nil
	}
	return number, nil
}

// namedUUID is RFC 9562's version 5 of a name in a space that is a UUID.
func namedUUID(space, text string) string {
	h := sha1.New()
	root, _ := hex.DecodeString(strings.ReplaceAll(space, "-", "")) // what is none is the empty space
	h.Write(root)
	h.Write([]byte(text))
	b := h.Sum(nil)[:16]
	b[6], b[8] = b[6]&0x0f|0x50, b[8]&0x3f|0x80
	return fmt.Sprintf("%x-%x-%x-%x-%x", b[:4], b[4:6], b[6:8], b[8:10], b[10:])
}
