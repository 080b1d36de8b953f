package console

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/ordermux/ordermux/internal/api"
	"github.com/ordermux/ordermux/internal/delivery"
	"github.com/ordermux/ordermux/internal/order"
)

// mostMoments bounds what a timeline shows; mostChanges what it says of one
// statement.
const (
	mostMoments = 400
	mostChanges = 12
)

// moments is one thing of the timeline.
type moments struct {
	At   time.Time
	Kind string // "event", "planned", "delivery", "call", "invitation"
	ID   string // of what can be opened

	Event    *api.Event
	Changed  []string // paths, of a statement that was stated anew
	Delivery *api.Delivery
	Callback bool // the delivery calls back whoever handed the order in
	Exchange *api.Exchange
	Failed   bool // of a call: it did not come to a good answer
	Others   int  // deliveries that the call carried beside this one

	Invitation *api.Invitation
	Step       string // what became of the invitation
}

// timeline puts everything in the sequence of its time; where that is too much,
// the newest, and how many are left out.
func timeline(s *api.OrderState, invited []api.Invitation) (out []moments, earlier int) {
	out = events(s)
	for i := range s.Deliveries {
		out = append(out, attempts(&s.Deliveries[i])...)
	}
	for i := range invited {
		out = append(out, invitation(&invited[i])...)
	}
	slices.SortStableFunc(out, func(a, b moments) int { return a.At.Compare(b.At) })
	if n := len(out) - mostMoments; n > 0 {
		return out[n:], n
	}
	return out, 0
}

// events are what was said of an order. Of what a source stated anew it is told
// what is other than before.
func events(s *api.OrderState) (out []moments) {
	stated := map[string]*order.Order{}
	for i := range s.Events {
		e := &s.Events[i]
		m := moments{At: e.At, Kind: "event", Event: e}
		if e.Order != nil {
			if was := stated[e.Source]; was != nil {
				m.Changed = order.Diff(was, e.Order)
				m.Changed = m.Changed[:min(len(m.Changed), mostChanges)]
			}
			stated[e.Source] = e.Order
		}
		out = append(out, m)
	}
	return out
}

// attempts are what became of one delivery.
func attempts(d *api.Delivery) (out []moments) {
	callback := strings.HasSuffix(d.Route, ":callback")
	add := func(m moments) {
		m.Delivery, m.Callback = d, callback
		out = append(out, m)
	}
	if d.State != delivery.Delivered || d.Run > 0 {
		add(moments{At: d.Planned, Kind: "planned"})
	}
	for _, call := range d.Calls {
		for k := range call.Exchanges {
			x := &call.Exchanges[k]
			add(moments{At: x.At, Kind: "call", ID: fmt.Sprintf("call-%s-%d-%d", plain(d.Route), call.ID, k), Exchange: x, Failed: x.Error != "" || x.Status >= 400, Others: max(call.Tasks-1, 0)})
		}
	}
	if !d.Settled.IsZero() {
		add(moments{At: d.Settled, Kind: "delivery"})
	}
	return out
}

// plain makes a name fit for an id.
func plain(name string) string {
	return strings.Map(func(r rune) rune {
		if r == '-' || '0' <= r && r <= '9' || 'a' <= r && r <= 'z' || 'A' <= r && r <= 'Z' {
			return r
		}
		return '_'
	}, name)
}

// invitation is what became of an invitation, step by step.
func invitation(i *api.Invitation) (out []moments) {
	for _, step := range []struct {
		name string
		at   time.Time
	}{{"sent", i.Sent}, {"opened", i.Opened}, {"answered", i.Answered}, {"not_received", i.Missing}, {"opted_out", i.OptedOut}} {
		if !step.at.IsZero() {
			out = append(out, moments{At: step.at, Kind: "invitation", Invitation: i, Step: "order.invitation." + step.name})
		}
	}
	return out
}
