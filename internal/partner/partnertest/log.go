package partnertest

import (
	"context"
	"slices"
	"time"

	"github.com/ordermux/ordermux/internal/order"
)

// record writes an accepted entry to the log.
func (h *Hub) record(o *stored, e *order.Entry, r order.Receipt) {
	event := order.Event{
		Shop: Shop, Seq: r.Seq, Order: o.first, At: r.At, Subject: e.Subject, Kind: r.Kind,
		Source: e.Source, Origin: e.Origin, History: e.History, Happening: e.Happening,
	}
	if e.Statement != nil {
		event.Statement, event.Kind = e.Statement.Order.Clone(), order.KindPlaced
		if slices.ContainsFunc(h.log, func(e order.Event) bool { return e.Order == o.first && e.Statement != nil }) {
			event.Kind = order.KindUpdated // another source stated it before
		}
	}
	h.log = append(h.log, event)
}

// Events answers as partner.Orders says.
func (h *Hub) Events(_ context.Context, _, id string) ([]order.Event, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	var out []order.Event
	for _, e := range h.log {
		if e.Subject.ID == id {
			out = append(out, e)
		}
	}
	if out == nil {
		return nil, order.ErrNotFound
	}
	return out, nil
}

// After answers as partner.Orders says.
func (h *Hub) After(_ context.Context, _ string, after int64, limit int) ([]order.Event, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	var out []order.Event
	for _, e := range h.log {
		if e.Seq > after && len(out) < limit {
			out = append(out, e)
		}
	}
	return out, nil
}

// SeqAt answers as partner.Orders says.
func (h *Hub) SeqAt(_ context.Context, _ string, t time.Time) (seq int64, err error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, e := range h.log {
		if !e.At.After(t) {
			seq = e.Seq
		}
	}
	return seq, nil
}
