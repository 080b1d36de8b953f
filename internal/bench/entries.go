package bench

import (
	"bytes"
	"fmt"
	"slices"
	"time"

	"github.com/ordermux/ordermux/internal/order"
)

// entryPool holds the orders of the generator as the door would hand them to
// the ledger. It is shared by all callers and never changed.
type entryPool struct {
	orders []order.Order
	wires  [][]byte
	digits int // where the digits stand in an id
}

func newEntryPool() (*entryPool, error) {
	p := &entryPool{digits: len(idPrefix)}
	for v := range variants {
		o, err := canonicalOrder(v)
		if err != nil {
			return nil, err
		}
		p.orders = append(p.orders, o)
		p.wires = append(p.wires, appendOrder(nil, v))
	}
	return p, nil
}

// canonicalOrder maps the order that appendOrder writes.
func canonicalOrder(variant int) (order.Order, error) {
	o := order.Order{
		Customer: &order.Customer{ID: fmt.Sprintf("c-%06d", variant*37%1000003)},
		Session:  fmt.Sprintf("5f0c9b1e-3d7a-4c57-9d6f-%012d", variant),
		PlacedAt: order.At(time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)),
	}
	for line := range lineCounts[variant%len(lineCounts)] {
		l := lineOf(variant, line)
		quantity, err := order.ParseDecimal(fmt.Sprint(l.quantity))
		if err != nil {
			return o, err
		}
		unit, err := order.ParseDecimal(price(l.cents))
		if err != nil {
			return o, err
		}
		total, err := order.ParseDecimal(price(l.cents * l.quantity))
		if err != nil {
			return o, err
		}
		o.Lines = append(o.Lines, order.Line{
			Product: order.Product{Code: l.gtin}, Quantity: quantity, UnitPrice: unit, Total: total,
		})
	}
	return o, nil
}

// entry returns the turn-th order with the number in its id.
func (p *entryPool) entry(turn int, number uint64) order.Entry {
	i := turn % len(p.orders)
	id := []byte(idPrefix + "0000000000")
	putID(id[p.digits:], number)
	o := p.orders[i]
	o.ID = string(id)
	wire := slices.Clone(p.wires[i])
	copy(wire[bytes.Index(wire, []byte(idPrefix)):], id)
	return order.Entry{
		Subject:   order.Subject{Kind: order.SubjectOrder, ID: o.ID},
		Source:    order.Source{Name: "citrusad:default", Rank: order.RankDoor},
		Statement: &order.Statement{Order: o, Wire: wire},
	}
}
