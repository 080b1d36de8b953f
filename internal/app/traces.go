package app

import (
	"sync"

	"github.com/ordermux/ordermux/internal/order"
	"github.com/ordermux/ordermux/internal/partner"
)

// traces remembers with which traceparent the newest events came, so that
// their deliveries carry it on. After a restart they carry none: a trace is a
// look at what happens, not a record of it. Of several nodes, only that which
// took an event knows its trace.
type traces struct {
	mu   sync.Mutex
	ring [traceRing]traced
	next int
	at   map[eventKey]int
}

const traceRing = 8192

type eventKey struct {
	shop string
	seq  int64
}

type traced struct {
	event       eventKey
	traceparent string
}

func newTraces() *traces { return &traces{at: map[eventKey]int{}} }

// keep remembers the trace of what is new in a call.
func (t *traces) keep(shop string, receipts []order.Receipt, traceparent string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for _, r := range receipts {
		if r.Known {
			continue
		}
		old := &t.ring[t.next]
		delete(t.at, old.event)
		*old = traced{eventKey{shop, r.Seq}, traceparent}
		t.at[old.event] = t.next
		t.next = (t.next + 1) % traceRing
	}
}

// of returns the trace that all tasks share; "" if they do not.
func (t *traces) of(tasks []partner.Task) string {
	t.mu.Lock()
	defer t.mu.Unlock()
	if len(t.at) == 0 {
		return ""
	}
	found := ""
	for i := range tasks {
		at, ok := t.at[eventKey{tasks[i].Shop, tasks[i].Event.Seq}]
		if !ok || found != "" && t.ring[at].traceparent != found {
			return ""
		}
		found = t.ring[at].traceparent
	}
	return found
}
