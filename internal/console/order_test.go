package console

import (
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/ordermux/ordermux/internal/api"
	"github.com/ordermux/ordermux/internal/cause"
	"github.com/ordermux/ordermux/internal/console/text"
	"github.com/ordermux/ordermux/internal/delivery"
	"github.com/ordermux/ordermux/internal/order"
)

// TestFieldsOfAnOrder: each field of the form changes what its path says, nothing
// else, and has a name.
func TestFieldsOfAnOrder(t *testing.T) {
	t.Parallel()
	texts, err := text.Load()
	if err != nil {
		t.Fatal(err)
	}
	was := &order.Order{ID: "1", Lines: []order.Line{{}, {ID: "2"}}}
	n := 0
	for _, set := range fieldsets(was.Clone()) {
		if !texts.Has(set.Name) {
			t.Errorf("%s has no name", set.Name)
		}
		for _, f := range set.Fields {
			n++
			is := was.Clone()
			value := "12.50"
			if f.time != nil {
				value = "2026-05-31T09:30:00+02:00"
			}
			switch f.Path[strings.LastIndex(f.Path, ".")+1:] {
			case "country", "language":
				value = "SE"
			case "currency":
				value = "EUR"
			case "email":
				value = "anna@shop.example"
			}
			if !typed(fieldsets(is), url.Values{f.Path: {" " + value + " "}}) {
				t.Errorf("%s is no value", f.Path)
			}
			changes, groups := (&correcting{was, is}).difference(fieldsets(is))
			if d := order.Diff(was, is); !slices.Equal(d, []string{f.Path}) || len(changes) != 1 || changes[0].Path != f.Path || len(groups) != 1 {
				t.Errorf("%s changed %v: %+v", f.Path, d, changes)
				continue
			}
			if changes[0].Is != value || changes[0].Line != set.Line || !texts.Has(f.Label) {
				t.Errorf("%s: %+v", f.Path, changes[0])
			}
		}
	}
	if n < 40 {
		t.Errorf("%d fields", n)
	}
	for _, code := range []order.FaultCode{order.Required, order.Malformed, order.TooLarge} {
		sets := fieldsets(was.Clone())
		if rest := blame(sets, []order.Fault{{Path: "order.customer.email", Code: code}, {Path: "media", Code: code}}); len(rest) != 1 || !sets[0].Open || !texts.Has(sets[0].Fields[0].Fault) {
			t.Errorf("%s: %+v %+v", code, rest, sets[0])
		}
	}
	for _, c := range cause.All() {
		for _, key := range []string{"", ".why", ".mend"} {
			if !texts.Has("cause." + string(c) + key) {
				t.Errorf("there is no text cause.%s%s", c, key)
			}
		}
	}
}

// TestWhatIsTypedIsChecked: what is no number or time says so, and is kept.
func TestWhatIsTypedIsChecked(t *testing.T) {
	t.Parallel()
	texts, err := text.Load()
	if err != nil {
		t.Fatal(err)
	}
	f := func(path, value string) {
		t.Helper()
		sets := fieldsets(&order.Order{Lines: []order.Line{{}}})
		if typed(sets, url.Values{path: {value}}) {
			t.Errorf("%s=%s is taken", path, value)
		}
		if at := find(sets, path); !texts.Has(at.Fault) || at.Value != value {
			t.Errorf("%+v", at)
		}
	}
	f("lines[0].quantity", "four")
	f("lines[0].total", "1.000,00")
	f("totals.total", "1e3")
	f("recipient.country", "Sweden")
	f("customer.email", "not an address")
	f("customer.language", "swe")
	f("currency", "kr")
	f("placed_at", "yesterday")
	f("placed_at", "2026-05-31")
}

// TestWhatTellsMost: of several deliveries at a partner the one is shown that
// needs a person, else what is to come, else the newest.
func TestWhatTellsMost(t *testing.T) {
	t.Parallel()
	is := func(route string, seq int64, s delivery.State, code string) api.Delivery {
		return api.Delivery{Route: route, Seq: seq, State: s, Code: code, Reason: string(s)}
	}
	s := &api.OrderState{
		Deliveries: []api.Delivery{
			is("a", 1, delivery.Refused, "http_400"), is("a", 2, delivery.Delivered, ""), is("a", 3, delivery.Ready, ""),
			is("b", 1, delivery.Held, "on_hold"), is("b", 2, delivery.Delivered, ""), is("c", 1, delivery.Delivered, ""), is("c", 2, delivery.Superseded, ""),
			is("d", 1, delivery.Asking, ""), is("e", 2, delivery.Cancelled, ""), is("e", 1, delivery.Delivered, ""),
		},
		Skipped: []api.Verdict{{Route: "f", Action: "skip"}, {Route: "g", Action: "wait"}},
	}
	want := map[string]string{
		"a": "delivery.refused", "b": "order.onhold", "c": "delivery.delivered", "d": "delivery.asking", "e": "delivery.cancelled",
		"f": "delivery.skipped", "g": "delivery.ready",
	}
	list := partners(s)
	for _, p := range list {
		if p.State != want[p.Route] {
			t.Errorf("%s is %s, want %s", p.Route, p.State, want[p.Route])
		}
	}
	if len(list) != len(want) || !slices.Equal(list[1].Acts, []string{"release", "drop"}) || list[3].Acts != nil {
		t.Errorf("%+v", list)
	}
	if got := troubles(s); len(got) != 1 || got[0].Route != "a" || got[0].Said != "refused" {
		t.Errorf("%+v", got)
	}
}

// TestTimelineIsBounded: of an order of which very much is known, the newest is
// shown.
func TestTimelineIsBounded(t *testing.T) {
	t.Parallel()
	s := &api.OrderState{}
	at := time.Date(2026, 5, 31, 9, 0, 0, 0, time.UTC)
	for i := range mostMoments + 7 {
		s.Events = append(s.Events, api.Event{Seq: int64(i), At: at.Add(time.Duration(i) * time.Second), Source: "a", Order: &order.Order{ID: "1", Channel: string(rune('a' + i%26))}})
	}
	list, earlier := timeline(s, []api.Invitation{{Sent: at.Add(time.Hour)}})
	if len(list) != mostMoments || earlier != 8 || list[len(list)-1].Step != "order.invitation.sent" {
		t.Errorf("%d, %d left out", len(list), earlier)
	}
	if m := list[len(list)-2]; !slices.Equal(m.Changed, []string{"channel"}) {
		t.Errorf("%+v", m)
	}
}

// TestPicture: bars are as long as what they stand for, and what is not nothing
// is seen.
func TestPicture(t *testing.T) {
	t.Parallel()
	if p := pictureOf(api.Flow{}, time.UTC); p != nil {
		t.Errorf("%+v", p)
	}
	at := time.Date(2026, 5, 31, 9, 0, 0, 0, time.UTC)
	p := pictureOf(api.Flow{Minutes: []api.FlowMinute{{At: at, Accepted: 1000}, {At: at.Add(time.Minute), Accepted: 1, Delivered: 500}, {At: at.Add(2 * time.Minute)}}}, time.UTC)
	want := []bar{{X: 1, Up: 40, Y: 0, Accepted: 1000}, {X: 11, Up: 2, Y: 38, Down: 20, Accepted: 1, Given: 500}, {X: 21, Y: 40}}
	if !slices.Equal(p.Bars, want) || p.Accepted != 1001 || p.Delivered != 500 || p.Most != 1000 || p.From != "09:00" || p.To != "09:02 +00:00" {
		t.Errorf("%+v", p)
	}
	if p = pictureOf(api.Flow{Minutes: []api.FlowMinute{{At: at}}}, time.UTC); p.Bars[0].Up != 0 || p.Bars[0].Down != 0 {
		t.Errorf("%+v", p)
	}
}
