package catalog

import (
	"fmt"
	"time"

	"github.com/ordermux/ordermux/internal/order"
)

// Reserve is Store.Reserve in a transaction.
func Reserve(tx Tx, shop, key string, now time.Time, lines []Line) error {
	if err := checkKey(key); err != nil {
		return err
	}
	if _, err := tx.LockCatalog(shop); err != nil {
		return fmt.Errorf("lock: %w", err)
	}
	a, err := wanted(tx, shop, key, now, lines)
	if err != nil {
		return err
	}
	if len(a.short) > 0 {
		return &Short{Lines: a.short}
	}
	if err := tx.DropHolds(shop, key); err != nil {
		return fmt.Errorf("drop what was reserved: %w", err)
	}
	if err := tx.KeepHolds(shop, key, a.holds(), now.Add(ReservedFor).UnixMicro(), now.UnixMicro()); err != nil {
		return fmt.Errorf("reserve: %w", err)
	}
	return nil
}

// ours adds up what is asked of our stock, by product.
func (a *asked) ours() (codes []string, sums map[string]order.Decimal) {
	sums = map[string]order.Decimal{}
	for i, f := range a.found {
		if p := f.Product; p.Kind == Ours {
			if _, ok := sums[p.Code]; !ok {
				codes = append(codes, p.Code)
			}
			sums[p.Code] = sums[p.Code].Add(a.lines[i].Quantity)
		}
	}
	return codes, sums
}

func (a *asked) holds() []Hold {
	codes, sums := a.ours()
	holds := make([]Hold, len(codes))
	for i, code := range codes {
		holds[i] = Hold{code, sums[code].String()}
	}
	return holds
}

func checkKey(key string) error {
	if len(keysFor(Internal, key)) == 0 {
		return order.Refuse("key", order.Malformed, fmt.Sprintf("a text of 1 to %d bytes", mostCode))
	}
	return nil
}

// Release is Store.Release in a transaction.
func Release(tx Tx, shop, key string) error {
	if checkKey(key) != nil {
		return nil // nothing is ever reserved for it
	}
	if _, err := tx.LockCatalog(shop); err != nil {
		return fmt.Errorf("lock: %w", err)
	}
	return tx.DropHolds(shop, key)
}
