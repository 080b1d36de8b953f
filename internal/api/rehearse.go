package api

import "github.com/ordermux/ordermux/internal/order"

// EventsOf is how the API shows events.
func EventsOf(events []order.Event) []Event {
	out := make([]Event, len(events))
	for i := range events {
		out[i] = eventOf(&events[i])
	}
	return out
}
