package app_test

import (
	"context"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/ordermux/ordermux/internal/api"
)

// looking is somebody who follows a shop at a node.
type looking struct {
	mu   sync.Mutex
	seen []string
	over chan error // gets one when the answer has ended
}

func (l *looking) saw(line string) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return slices.Contains(l.seen, line)
}

// look follows shop nordlys until the hub ends the answer; it returns when the
// hub has begun to tell.
func (h *hub) look(route string) *looking {
	h.t.Helper()
	l := &looking{over: make(chan error, 1)}
	begun := make(chan struct{})
	ctx, cancel := context.WithCancel(h.t.Context())
	h.t.Cleanup(cancel)
	go func() {
		l.over <- h.api.Tail(ctx, "nordlys", api.TailOptions{Route: route}, func() { close(begun) }, func(n api.News) error {
			l.mu.Lock()
			defer l.mu.Unlock()
			switch {
			case n.Gap:
				l.seen = append(l.seen, "gap")
			case n.Event != nil:
				l.seen = append(l.seen, string(n.Event.Kind)+" "+n.Event.Order)
			default:
				l.seen = append(l.seen, n.Delivery.Route+" "+string(n.Delivery.State)+" "+n.Delivery.Order)
			}
			return nil
		})
	}()
	<-begun
	return l
}

// TestTail follows a shop at its owner and at another node, or at the only one:
// both see the same, and what a person does by hand. A stop ends the answer.
func TestTail(t *testing.T) {
	eachStore(t, func(t *testing.T, at newPlace) {
		receiver, _ := startReceiver(t)
		text := shop(strings.Replace(hookRoute(receiver), "partner: webhook", `partner: webhook, when: 'order.id != "o-2"'`, 1))
		p := at(t)
		nodes := []*hub{nil}
		if p.database == "" {
			nodes[0] = startHub(t, p, text)
		} else {
			nodes = startNodes(t, p, 2, text)
			here, elsewhere := owner(t, nodes, "nordlys")
			nodes = []*hub{elsewhere, here}
		}
		var lookers []*looking
		for _, h := range nodes {
			lookers = append(lookers, h.look(""), h.look("hook"))
		}
		h := nodes[0]
		h.give(oneOrder("o-1", "3.00"))
		h.give(oneOrder("o-2", "3.00"))
		for i, l := range lookers {
			eventually(t, "the delivery is seen", func() bool { return l.saw("hook delivered o-1") })
			if i%2 == 0 {
				eventually(t, "the events are seen", func() bool { return l.saw("placed o-1") && l.saw("placed o-2") })
			}
		}
		if _, err := h.api.Replay(t.Context(), "nordlys", "hook", api.Selection{Orders: []string{"o-1"}}); err != nil {
			t.Fatal(err)
		}
		for i, l := range lookers {
			eventually(t, "it is seen again", func() bool {
				l.mu.Lock()
				defer l.mu.Unlock()
				return strings.Count(strings.Join(l.seen, "\n"), "hook delivered o-1") == 2
			})
			if l.saw("gap") || l.saw("hook delivered o-2") || i%2 == 1 && l.saw("placed o-1") {
				t.Errorf("%d: %q", i, l.seen)
			}
		}
		if err := h.stop(); err != nil {
			t.Error(err)
		}
		for _, l := range lookers[:2] {
			if err := <-l.over; err != nil {
				t.Errorf("the answer does not end with the hub: %v", err)
			}
		}
	})
}
