package delivery_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/ordermux/ordermux/internal/delivery"
	"github.com/ordermux/ordermux/internal/order"
	"github.com/ordermux/ordermux/internal/partner"
)

// verdict judges an order by one route.
func (h *hub) verdict(route, id string) delivery.Verdict {
	h.t.Helper()
	v, err := h.engine.Judge(ctx, shop, route, id)
	if err != nil {
		h.t.Fatal(err)
	}
	return v
}

func TestRules(t *testing.T) {
	run(t, func(h *hub) {
		f := &fake{}
		zone, err := time.LoadLocation("Europe/Stockholm")
		h.must(err)
		set := func(side partner.Side, r delivery.Rules) { h.routes(delivery.Route{Name: "r", Side: side, Rules: r}) }
		each, once := f.side(partner.Each), f.side(partner.Once)
		h.routes(delivery.Route{Name: "r", Side: each})
		h.must(h.engine.Pause(ctx, shop, "r", ""))
		h.place("a")
		is := func(name, id, action, code string) {
			t.Helper()
			if v := h.verdict("r", id); v.Action != action || v.Code != code {
				t.Errorf("%s: %s %s (%s), want %s %s", name, v.Action, v.Code, v.Reason, action, code)
			}
		}
		is("no rules", "a", "send", "")
		set(each, delivery.Rules{When: `order.channel == "offline"`})
		is("when", "a", "skip", "when")
		set(each, delivery.Rules{Lines: `line.product.code == "P-9"`})
		is("no line", "a", "skip", "lines")
		set(each, delivery.Rules{On: []order.Kind{order.KindShipped}})
		is("on", "a", "skip", "on")
		h.happens("a", order.KindShipped)
		is("on, later", "a", "send", "")
		set(each, delivery.Rules{Unless: []order.Kind{order.KindShipped}})
		is("unless", "a", "skip", "unless")
		set(once, delivery.Rules{MaxAge: time.Hour})
		h.pass(2 * time.Hour)
		is("max_age", "a", "skip", "max_age")
		once.MaxAge = time.Hour
		set(once, delivery.Rules{})
		is("the side's own age", "a", "skip", "max_age")
		set(once, delivery.Rules{MaxAge: -1})
		is("no age", "a", "send", "")
		set(once, delivery.Rules{MaxAge: -1, After: 3 * time.Hour})
		is("after", "a", "send", "") // as it stands, no event to count from
		set(once, delivery.Rules{MaxAge: -1, At: "09:00", Location: zone})
		is("at", "a", "wait", "") // 2000-01-01 02:00 UTC is 03:00 there
		if v := h.verdict("r", "a"); v.Reason != "until 2000-01-01 09:00 +01:00" {
			t.Error(v.Reason)
		}
		once.Needs = []partner.Need{partner.NeedAddress, partner.NeedEmail, partner.NeedSession}
		set(once, delivery.Rules{MaxAge: -1})
		is("needs", "a", "hold", "needs")
		if v := h.verdict("r", "a"); v.Reason != "lacks: complete delivery address, session" {
			t.Error(v.Reason)
		}
		h.happens("b", order.KindShipped) // precedes its order
		once.Needs = nil
		set(once, delivery.Rules{})
		is("no statement", "b", "hold", "needs")
		if v := h.verdict("r", "b"); v.Reason != "nobody has stated this order yet" {
			t.Error(v.Reason)
		}
		set(each, delivery.Rules{})
		is("no statement, but each", "b", "send", "")
		each.Plan = func(*order.Order, time.Time, time.Time) partner.Plan { return partner.Plan{} }
		set(each, delivery.Rules{})
		is("no statement to be looked into", "b", "hold", "needs")
		each.Plan = nil
		h.accept(order.Event{Subject: order.Subject{ID: "c"}, Statement: sold("c"), Source: order.Source{Name: "citrusad:default/public", Rank: order.RankPublic}})
		is("public", "c", "skip", "trust")
		set(each, delivery.Rules{Trust: "public"})
		is("public allowed", "c", "send", "")
		h.happens("a", order.KindCancelled)
		set(f.side(partner.Once), delivery.Rules{})
		is("cancelled", "a", "skip", "unless")
		set(each, delivery.Rules{})
		is("cancelled, but each", "a", "send", "")
	})
}

// What a dry run shows is what would be sent: the real event.
func TestDryRunShowsTheEvent(t *testing.T) {
	run(t, func(h *hub) {
		side := (&fake{}).side(partner.Each)
		side.Render = func(task partner.Task) ([]byte, error) {
			e := &task.Event
			return fmt.Appendf(nil, "%d %s %s %x %s", e.Seq, e.Kind, e.At.UTC().Format(time.DateTime), e.Hash, e.Subject.ID), nil
		}
		h.routes(delivery.Route{Name: "hook", Side: side})
		h.must(h.engine.Pause(ctx, shop, "hook", ""))
		h.place("a")
		h.pass(time.Hour)
		h.accept(order.Event{
			Subject: order.Subject{ID: "a"}, Kind: order.KindShipped, Happening: &order.Happening{Kind: order.KindShipped},
			Hash: [32]byte{0xab, 0xcd},
		})
		want := fmt.Sprintf("2 shipped 2000-01-01 01:00:00 abcd%060d a", 0)
		if v := h.verdict("hook", "a"); v.Action != "send" || v.Seq != 2 || string(v.Body) != want {
			t.Errorf("%+v: %s, want %s", v, v.Body, want)
		}
	})
}

func TestBadRules(t *testing.T) {
	run(t, func(h *hub) {
		for name, r := range map[string]delivery.Rules{
			"when": {When: "order.chanel == 1"}, "lines": {Lines: "line."}, "at": {At: "25:00"}, "trust": {Trust: "all"},
		} {
			err := h.engine.SetRoutes(ctx, []delivery.Route{{Shop: shop, Name: "r", Rules: r}})
			if err == nil || !strings.Contains(err.Error(), name+":") || !strings.Contains(err.Error(), "route r of shop nordlys") {
				t.Errorf("%s: %v", name, err)
			}
		}
		if err := h.engine.SetRoutes(ctx, []delivery.Route{{Shop: shop, Name: "r"}, {Shop: shop, Name: "r"}}); err == nil {
			t.Error("two routes of one name")
		}
	})
}

func TestAfterAndAt(t *testing.T) {
	run(t, func(h *hub) {
		f := &fake{}
		zone, err := time.LoadLocation("Europe/Stockholm")
		h.must(err)
		var sent time.Time
		f.answer = func(partner.Task) partner.Outcome {
			sent = time.Now()
			return partner.Delivered("")
		}
		h.routes(delivery.Route{Name: "mail", Side: f.side(partner.Once), Rules: delivery.Rules{
			On: []order.Kind{order.KindDelivered}, After: 72 * time.Hour, At: "09:00", Location: zone,
		}})
		h.place("1")
		h.pass(time.Hour)
		h.is("mail", "")
		at := order.At(time.Date(2000, 1, 3, 14, 0, 0, 0, zone))
		h.accept(order.Event{Subject: order.Subject{ID: "1"}, Kind: order.KindDelivered, Happening: &order.Happening{Kind: order.KindDelivered, At: at}})
		h.pass(30 * 24 * time.Hour)
		h.is("mail", "delivered:1")
		// 14:00 on the 3rd and three days is past nine on the 6th.
		if want := time.Date(2000, 1, 7, 9, 0, 0, 0, zone); !sent.Equal(want) {
			t.Errorf("sent at %v, want %v", sent.In(zone), want)
		}
	})
}

// Restarts and pauses do not bring what waits forward.
func TestWaitingOutlivesRestart(t *testing.T) {
	run(t, func(h *hub) {
		f := &fake{}
		route := delivery.Route{Name: "mail", Side: f.side(partner.Once), Rules: delivery.Rules{After: 48 * time.Hour}}
		h.routes(route)
		h.place("1")
		h.pass(24 * time.Hour)
		h.halt()
		h.start()
		h.routes(route)
		h.pass(23 * time.Hour)
		h.is("mail", "ready:1")
		h.pass(2 * time.Hour)
		h.is("mail", "delivered:1")
	})
}

func TestLinesAreFiltered(t *testing.T) {
	run(t, func(h *hub) {
		f := &fake{}
		h.routes(delivery.Route{Name: "ads", Side: f.side(partner.Latest), Rules: delivery.Rules{Lines: `line.product.code != "P-2"`}})
		o := sold("1")
		o.Lines = append(o.Lines, order.Line{Product: order.Product{Code: "P-2"}})
		h.accept(order.Event{Subject: order.Subject{ID: "1"}, Statement: o})
		h.pass(time.Second)
		if got := f.sent()[0][0].Order.Lines; len(got) != 1 || got[0].Product.Code != "P-1" || len(o.Lines) != 2 {
			t.Errorf("lines %+v", got)
		}
		rows, _, err := h.engine.OfOrder(ctx, shop, "1")
		if h.must(err); len(rows) != 1 || len(rows[0].Lines) != 1 || rows[0].Lines[0] != 0 {
			t.Errorf("which lines it carries: %+v", rows)
		}
	})
}

// Never back to the route it came from, nor a door's own word as its callback.
func TestOrigin(t *testing.T) {
	run(t, func(h *hub) {
		f, g, k := &fake{}, &fake{}, &fake{}
		callback := k.side(partner.Each)
		callback.Confirms = []order.Kind{order.KindAccepted}
		h.routes(
			delivery.Route{Name: "dh", Side: f.side(partner.Each)},
			delivery.Route{Name: "hook", Side: g.side(partner.Each)},
			delivery.Route{Name: "citrusad-callback", Side: callback, Door: "citrusad:"},
		)
		h.place("1")
		h.accept(order.Event{
			Subject: order.Subject{ID: "1"}, Kind: order.KindShipped, Happening: &order.Happening{Kind: order.KindShipped},
			Source: order.Source{Name: "route:dh", Rank: order.RankRoute},
		})
		h.accept(order.Event{
			Subject: order.Subject{ID: "1"}, Kind: order.KindDelivered, Happening: &order.Happening{Kind: order.KindDelivered}, Origin: "dh",
		})
		h.happens("1", order.KindReady)    // the door said so
		h.happens("1", order.KindAccepted) // and wants this confirmed
		h.pass(time.Second)
		kinds := func(f *fake) string {
			var list []string
			for _, c := range f.sent() {
				list = append(list, string(c[0].Event.Kind))
			}
			return strings.Join(list, " ")
		}
		if got := kinds(f); got != "placed ready accepted" {
			t.Errorf("dh: %s", got)
		}
		if got := kinds(g); got != "placed shipped delivered ready accepted" {
			t.Errorf("hook: %s", got)
		}
		if got := kinds(k); got != "placed shipped delivered accepted" {
			t.Errorf("callback: %s", got)
		}
	})
}

// A forged public statement for a known order changes nothing that is sent.
func TestPublicLayer(t *testing.T) {
	run(t, func(h *hub) {
		f := &fake{}
		h.routes(delivery.Route{Name: "hook", Side: f.side(partner.Each), Rules: delivery.Rules{Trust: "public"}},
			delivery.Route{Name: "ads", Side: f.side(partner.Latest), Rules: delivery.Rules{Trust: "public"}})
		forged := sold("1")
		forged.Channel = "forged"
		public := order.Source{Name: "citrusad:default/public", Rank: order.RankPublic}
		h.place("1")
		h.accept(order.Event{Subject: order.Subject{ID: "1"}, Statement: forged, Source: public})
		h.pass(time.Second)
		h.is("hook", "delivered:1")
		h.is("ads", "delivered:1")
		for _, c := range f.sent() {
			if c[0].Order.Channel != "online" {
				t.Errorf("sent %s", c[0].Order.Channel)
			}
		}
	})
}

func TestOneInvitation(t *testing.T) {
	run(t, func(h *hub) {
		first, second := &fake{}, &fake{}
		first.answer = func(task partner.Task) partner.Outcome {
			if id(task) == "bad" {
				return partner.Refused("http_422", "no such address")
			}
			return partner.Delivered("")
		}
		side := func(f *fake, needs ...partner.Need) partner.Side {
			s := f.side(partner.Once)
			s.Invites, s.Needs = []string{"shop"}, needs
			return s
		}
		h.routes(
			delivery.Route{Name: "skeepers", Side: side(first), Rules: delivery.Rules{When: `order.currency == "SEK"`}},
			delivery.Route{Name: "mail", Side: side(second)},
		)
		h.must(h.engine.Pause(ctx, shop, "skeepers", ""))
		h.place("1", "bad")
		euro := sold("euro") // the first route does not want it
		euro.Currency = "EUR"
		h.accept(order.Event{Subject: order.Subject{ID: "euro"}, Statement: euro})
		h.pass(time.Minute)
		if got := second.orders(); got != "euro" {
			t.Errorf("mail went first: %s", got)
		}
		_, why, err := h.engine.OfOrder(ctx, shop, "1")
		if err != nil || len(why) != 2 || why[1].Code != "claimed" {
			t.Errorf("why: %+v %v", why, err)
		}
		h.must(h.engine.Resume(ctx, shop, "skeepers"))
		h.pass(time.Minute)
		h.is("skeepers", "delivered:1 refused:1")
		// What was refused frees the invitation: the second route goes.
		h.is("mail", "delivered:2")
		if got := second.orders(); got != "euro bad" {
			t.Errorf("mail: %s", got)
		}
		// The first one's retry finds it taken.
		done, err := h.engine.Retry(ctx, shop, delivery.Filter{Route: "skeepers"}, false)
		if err != nil || done.Count != 0 {
			t.Errorf("retry: %+v %v", done, err)
		}
		h.pass(time.Minute)
		h.is("skeepers", "delivered:1 refused:1")
		if got := first.orders(); got != "1" {
			t.Errorf("skeepers: %s", got)
		}
	})
}

func TestUnclaimed(t *testing.T) {
	run(t, func(h *hub) {
		f := &fake{}
		s := f.side(partner.Once)
		s.Invites = []string{"shop"}
		h.routes(delivery.Route{Name: "a", Side: s}, delivery.Route{Name: "b", Side: s, Rules: delivery.Rules{Unclaimed: true}})
		h.place("1")
		h.pass(time.Minute)
		if f.orders() != "1 1" {
			t.Error(f.orders())
		}
	})
}

func TestVanishedRouteComesBackPaused(t *testing.T) {
	run(t, func(h *hub) {
		f, g := &fake{}, &fake{}
		hook, mail := delivery.Route{Name: "hook", Side: f.side(partner.Each)}, delivery.Route{Name: "mail", Side: g.side(partner.Each)}
		h.routes(hook, mail)
		h.place("1")
		h.pass(time.Second)
		h.routes(hook)
		h.state("mail", "gone")
		h.place("2")
		h.pass(time.Second)
		h.halt() // it may vanish and come back while the hub is down
		h.start()
		h.routes(hook)
		h.state("mail", "gone")
		h.halt()
		h.start()
		h.routes(hook, mail)
		h.place("3")
		h.pass(time.Second)
		if s := h.status("mail"); s.State != "paused" || s.Position != 1 {
			t.Errorf("%+v", s)
		}
		h.must(h.engine.Resume(ctx, shop, "mail"))
		h.pass(time.Second)
		h.is("mail", "delivered:3")
		disabled := mail
		disabled.Disabled = true
		h.routes(hook, disabled)
		h.place("4")
		h.pass(time.Second)
		h.is("mail", "delivered:3")
		h.is("hook", "delivered:4")
	})
}

func TestLimits(t *testing.T) {
	run(t, func(h *hub) {
		f := &fake{}
		s := f.side(partner.Each)
		s.Rate, s.DailyCap = 2, 30
		shared := func(name string) delivery.Route { return delivery.Route{Name: name, Connection: "one", Side: s} }
		h.routes(shared("a"), shared("b"))
		for i := range 20 {
			h.place(fmt.Sprint(i))
		}
		h.pass(5 * time.Second)
		if n, _ := f.count(); n < 9 || n > 12 {
			t.Errorf("%d calls in 5 s at 2 a second", n)
		}
		h.pass(time.Hour)
		if n, _ := f.count(); n != 30 {
			t.Errorf("%d calls at 30 a day", n)
		}
		h.halt() // the day's count outlives a restart
		h.start()
		h.routes(shared("a"), shared("b"))
		h.pass(time.Hour)
		if n, _ := f.count(); n != 30 {
			t.Errorf("%d calls at 30 a day, restarted", n)
		}
		h.pass(24 * time.Hour)
		h.is("a", "delivered:20")
		h.is("b", "delivered:20")
	})
}

func TestSharedSlots(t *testing.T) {
	run(t, func(h *hub) {
		flying, most := 0, 0
		f := &fake{}
		s := f.side(partner.Each)
		s.Slots = 3
		s.Deliver = f.counted(&flying, &most)
		h.routes(delivery.Route{Name: "a", Connection: "one", Side: s}, delivery.Route{Name: "b", Connection: "one", Side: s})
		for i := range 50 {
			h.place(fmt.Sprint(i))
		}
		h.pass(time.Hour)
		h.is("a", "delivered:50")
		h.is("b", "delivered:50")
		if most != 3 {
			t.Errorf("%d calls at a time", most)
		}
	})
}

func TestSend(t *testing.T) {
	run(t, func(h *hub) {
		f := &fake{}
		s := f.side(partner.Once)
		s.Needs = []partner.Need{partner.NeedEmail}
		s.Render = func(task partner.Task) ([]byte, error) { return []byte("mail to " + task.Order.Customer.Email), nil }
		h.place("old")
		h.routes(delivery.Route{Name: "mail", Side: s, Rules: delivery.Rules{After: 72 * time.Hour}})
		h.place("new")
		bare := sold("bare")
		bare.Customer = nil
		h.accept(order.Event{Subject: order.Subject{ID: "bare"}, Statement: bare})
		h.pass(time.Second)
		h.is("mail", "held:1 ready:1")
		send := func(id string, dry bool) delivery.Verdict {
			t.Helper()
			v, err := h.engine.Send(ctx, shop, "mail", id, dry)
			h.must(err)
			return v
		}
		if v := send("old", true); v.Action != "send" || string(v.Body) != "mail to anna@nordlys.example" {
			t.Errorf("%+v", v)
		}
		h.pass(time.Second)
		h.is("mail", "held:1 ready:1")
		for id, action := range map[string]string{"old": "send", "new": "send", "bare": "hold"} {
			if v := send(id, false); v.Action != action {
				t.Errorf("%s: %+v", id, v)
			}
		}
		h.pass(time.Second)
		h.is("mail", "delivered:2 held:1")
		if v := send("old", false); v.Action != "skip" || v.Code != "once" {
			t.Errorf("again: %+v", v)
		}
		if _, err := h.engine.Send(ctx, shop, "mail", "none", false); err == nil {
			t.Error("an unknown order")
		}
		// Past its position: not a second time when the route comes there.
		h.must(h.engine.Pause(ctx, shop, "mail", ""))
		h.place("ahead")
		send("ahead", false)
		h.must(h.engine.Resume(ctx, shop, "mail"))
		h.pass(100 * time.Hour)
		got := strings.Fields(f.orders())
		slices.Sort(got)
		if strings.Join(got, " ") != "ahead new old" {
			t.Errorf("sent %v", got)
		}
	})
}

func TestDrop(t *testing.T) {
	run(t, func(h *hub) {
		f := &fake{}
		f.answer = func(partner.Task) partner.Outcome { return partner.Refused("http_400", "no") }
		h.routes(delivery.Route{Name: "hook", Side: f.side(partner.Each)})
		h.place("1", "2")
		h.pass(time.Second)
		h.is("hook", "refused:2")
		if dry, err := h.engine.Drop(ctx, shop, delivery.Filter{OrderIDs: []string{"2"}}, true); err != nil || dry.Count != 1 || dry.Verdicts[0].OrderID != "2" {
			t.Errorf("%+v %v", dry, err)
		}
		if done, err := h.engine.Drop(ctx, shop, delivery.Filter{OrderIDs: []string{"2"}}, false); err != nil || done.Count != 1 {
			t.Errorf("%+v %v", done, err)
		}
		h.is("hook", "dropped:1 refused:1")
	})
}

func TestReconcile(t *testing.T) {
	run(t, func(h *hub) {
		f := &fake{}
		f.answer = func(task partner.Task) partner.Outcome {
			if id(task) == "2" {
				return partner.Refused("http_400", "no")
			}
			return partner.Delivered("")
		}
		h.place("before")
		h.routes(delivery.Route{Name: "ads", Side: f.side(partner.Latest), Rules: delivery.Rules{When: `order.channel == "online"`}})
		h.place("1", "2", "3")
		off := sold("off")
		off.Channel = "offline"
		h.accept(order.Event{Subject: order.Subject{ID: "off"}, Statement: off})
		h.accept(order.Event{Subject: order.Subject{ID: "theirs"}, Source: order.Source{Name: "route:ads", Rank: order.RankRoute}, Statement: sold("theirs")})
		h.pass(time.Second)
		var all []delivery.Verdict
		for f := (delivery.Filter{Limit: 1}); ; {
			list, next, err := h.engine.Reconcile(ctx, shop, "ads", f)
			h.must(err)
			all = append(all, list...)
			if next == "" {
				break
			}
			f.Cursor = next
		}
		var got []string
		for _, v := range all {
			got = append(got, v.OrderID+" "+v.Action+" "+v.Code)
		}
		want := "before skip before_start; 2 refused http_400; off skip when"
		if text := strings.Join(got, "; "); text != want {
			t.Errorf("%s, want %s", text, want)
		}
	})
}

func TestErasedOrder(t *testing.T) {
	run(t, func(h *hub) {
		f := &fake{}
		s := f.side(partner.Once)
		s.Needs = []partner.Need{partner.NeedEmail}
		h.routes(delivery.Route{Name: "mail", Side: s, Rules: delivery.Rules{After: time.Hour}}, delivery.Route{Name: "hook", Side: f.side(partner.Each)})
		h.place("1")
		h.pass(time.Second)
		h.accept(order.Event{Subject: order.Subject{ID: "1"}, Kind: order.KindErased})
		h.pass(2 * time.Hour)
		h.is("mail", "cancelled:1")
		h.is("hook", "delivered:1")
	})
}

func TestPoll(t *testing.T) {
	run(t, func(h *hub) {
		n := 0
		side := partner.Side{PollEvery: time.Minute, Poll: func(context.Context) error {
			n++
			if n == 2 {
				panic("oops")
			}
			return nil
		}}
		h.routes(delivery.Route{Name: "dh", Side: side})
		h.place("1")
		h.pass(10*time.Minute + time.Second)
		if n != 11 {
			t.Errorf("polled %d times", n)
		}
		if s := h.status("dh"); s.State != "flowing" || s.Lag != 0 {
			t.Errorf("%+v", s)
		}
	})
}
