package delivery

import (
	"context"
	"slices"

	"github.com/ordermux/ordermux/internal/ledger"
	"github.com/ordermux/ordermux/internal/order"
	"github.com/ordermux/ordermux/internal/partner"
)

// loaded reads what judging the rows takes: order states, other rows of the
// orders, events.
func (pl *planner) loaded(rows []Delivery) ([]Delivery, error) {
	orders := make([]int64, 0, len(rows))
	for i := range rows {
		orders = append(orders, rows[i].Order)
	}
	slices.Sort(orders)
	orders = slices.Compact(orders)
	if err := pl.view(orders); err != nil {
		return nil, err
	}
	if err := pl.load(orders); err != nil {
		return nil, err
	}
	return rows, pl.loadEvents(rows)
}

// view makes the rows of the orders known, as this round leaves them.
func (pl *planner) view(orders []int64) error {
	if pl.b.view == nil {
		pl.b.view = make(map[int64][]Delivery, len(orders))
	}
	lack := make([]int64, 0, len(orders))
	for _, o := range orders {
		if _, ok := pl.b.view[o]; !ok {
			lack = append(lack, o)
		}
	}
	if len(lack) == 0 {
		return nil
	}
	rows, err := pl.r.e.store.OfOrders(pl.r.shop.ctx, pl.r.shop.id, pl.r.name, lack)
	if err != nil {
		return err
	}
	for _, o := range lack {
		pl.b.view[o] = nil
	}
	for i := range rows {
		pl.b.view[rows[i].Order] = append(pl.b.view[rows[i].Order], rows[i])
	}
	for i := range pl.b.Changes {
		d := &pl.b.Changes[i].Row
		if _, ok := pl.b.view[d.Order]; ok {
			pl.b.view[d.Order] = overlaid(pl.b.view[d.Order], d)
		}
	}
	return nil
}

// load makes the states of the orders known.
func (pl *planner) load(orders []int64) error {
	if pl.states == nil {
		pl.states = make(map[int64]*ledger.State, len(orders))
	}
	lack := make([]int64, 0, len(orders))
	for _, o := range orders {
		if _, ok := pl.states[o]; !ok {
			lack = append(lack, o)
		}
	}
	if len(lack) == 0 {
		return nil
	}
	states, err := pl.r.e.log.States(pl.r.shop.ctx, pl.r.shop.id, lack)
	if err != nil {
		return err
	}
	for i, o := range lack {
		pl.states[o] = states[i]
	}
	return nil
}

// loadEvents reads the events that the rows' tasks carry: in mode each the one
// that brought the row up, else the newest of the order.
func (pl *planner) loadEvents(rows []Delivery) error {
	var seqs []int64
	for i := range rows {
		seq := pl.eventOf(&rows[i])
		if _, ok := pl.events[seq]; !ok && seq > 0 {
			seqs = append(seqs, seq)
		}
	}
	if pl.events == nil {
		pl.events = make(map[int64]*order.Event, len(seqs))
	}
	return readEvents(pl.r.shop.ctx, pl.r.e.log, pl.r.shop.id, seqs, func(it *ledger.Item) {
		pl.events[it.Event.Seq] = &it.Event
	})
}

func (pl *planner) eventOf(d *Delivery) int64 {
	if pl.c.rules.mode == partner.Each {
		return d.Seq
	}
	if st := pl.states[d.Order]; st != nil {
		return st.Row.Newest
	}
	return 0
}

// readEvents reads single events, near ones together.
func readEvents(ctx context.Context, log Log, shop string, seqs []int64, f func(*ledger.Item)) error {
	slices.Sort(seqs)
	seqs = slices.Compact(seqs)
	for len(seqs) > 0 {
		// Take in what lies close: a read costs more than a few needless rows.
		n := 1
		for n < len(seqs) && seqs[n]-seqs[n-1] <= 8 && seqs[n]-seqs[0] < page {
			n++
		}
		items, err := log.Read(ctx, shop, seqs[0]-1, int(seqs[n-1]-seqs[0])+1)
		if err != nil {
			return err
		}
		for i := range items {
			if _, ok := slices.BinarySearch(seqs[:n], items[i].Event.Seq); ok {
				f(&items[i])
			}
		}
		seqs = seqs[n:]
	}
	return nil
}
