package delivery_test

import (
	"slices"
	"testing"
	"time"

	"github.com/ordermux/ordermux/internal/cause"
	"github.com/ordermux/ordermux/internal/delivery"
	"github.com/ordermux/ordermux/internal/partner"
)

// TestStuck: what does not go on is grouped by route and cause, what stops a
// route first; what a person holds back is not among it.
func TestStuck(t *testing.T) {
	run(t, func(h *hub) {
		f, key, lacks := &fake{}, &fake{}, &fake{}
		f.answer = func(task partner.Task) partner.Outcome {
			switch task.Order.ID {
			case "1", "2":
				return partner.Refused("http_400", "gtin: unknown")
			case "3":
				return partner.Refused("http_422", "unknown SKU 7")
			case "4":
				return partner.Later(0, "http_503", "busy")
			}
			return partner.Delivered("")
		}
		key.answer = func(partner.Task) partner.Outcome {
			return partner.Refused("http_401", "the key is wrong").Of(partner.ScopeRoute)
		}
		hold := lacks.side(partner.Once)
		hold.Needs = []partner.Need{partner.NeedSession}
		h.routes(
			delivery.Route{Name: "ads", Partner: "p", Side: f.side(partner.Once)}, delivery.Route{Name: "key", Side: key.side(partner.Once)},
			delivery.Route{Name: "mail", Side: hold},
		)
		h.place("1", "2", "3", "4", "5")
		h.pass(time.Second)
		groups, err := h.engine.Stuck(ctx, shop)
		if err != nil {
			t.Fatal(err)
		}
		find := func(route string, c cause.Cause) delivery.StuckGroup {
			t.Helper()
			i := slices.IndexFunc(groups, func(g delivery.StuckGroup) bool { return g.Route == route && g.Cause == c })
			if i < 0 {
				t.Errorf("no %s at %s in %+v", c, route, groups)
				return delivery.StuckGroup{}
			}
			return groups[i]
		}
		if g := find("key", cause.WrongKey); !g.Blocked || g.Waiting != 5 || groups[0].Route != "key" {
			t.Errorf("%+v", g)
		}
		g := find("ads", cause.UnknownProduct)
		if g.Count != 3 || g.ForPerson() != 3 || g.Partner != "p" || len(g.Codes) != 2 || len(g.Orders) != 3 || len(g.Words) != 2 || g.Words[0].Count != 2 {
			t.Errorf("%+v", g)
		}
		if g := find("ads", cause.PartnerDown); g.Count != 1 || g.ForPerson() != 0 {
			t.Errorf("%+v", g)
		}
		if g := find("mail", cause.MissingField); g.Count != 5 {
			t.Errorf("%+v", g)
		}
		if len(groups) != 4 {
			t.Errorf("%+v", groups)
		}
		codes, err := h.engine.StuckCodes(ctx, shop, "ads", cause.UnknownProduct)
		if want := []string{"http_400_unknown_product", "http_422_unknown_product"}; err != nil || !slices.Equal(codes, want) {
			t.Errorf("%q %v", codes, err)
		}
		if _, err := h.engine.Hold(ctx, shop, delivery.Filter{Route: "mail"}, "stock is counted", false); err != nil {
			t.Fatal(err)
		}
		groups, err = h.engine.Stuck(ctx, shop)
		if err != nil || slices.ContainsFunc(groups, func(g delivery.StuckGroup) bool { return g.Route == "mail" }) {
			t.Errorf("held by a person, and stuck: %+v %v", groups, err)
		}
	})
}

// TestStuckOfAStoppedRoute: what failed stays listed when the route is blocked for
// no reason that its deliveries tell, and nothing of a paused route goes on.
func TestStuckOfAStoppedRoute(t *testing.T) {
	run(t, func(h *hub) {
		f := &fake{answer: func(task partner.Task) partner.Outcome {
			if task.Order.ID == "2" {
				return partner.Refused("http_401", "the key is wrong").Of(partner.ScopeRoute)
			}
			return partner.Refused("odd", "nobody knows this")
		}}
		h.routes(delivery.Route{Name: "ads", Side: f.side(partner.Once)})
		h.place("1")
		h.pass(time.Second)
		h.place("2")
		h.pass(time.Second)
		if _, err := h.engine.Drop(ctx, shop, delivery.Filter{Route: "ads", States: []delivery.State{delivery.Ready}}, false); err != nil {
			t.Fatal(err)
		}
		groups, err := h.engine.Stuck(ctx, shop)
		if err != nil || len(groups) != 1 {
			t.Fatalf("%+v %v", groups, err)
		}
		if g := groups[0]; !g.Blocked || g.Cause != cause.Other || g.ForPerson() != 1 || len(g.Codes) != 1 || len(g.Words) != 2 {
			t.Errorf("%+v", g)
		}
		if err := h.engine.Pause(ctx, shop, "ads", "stock is counted"); err != nil {
			t.Fatal(err)
		}
		if groups, err = h.engine.Stuck(ctx, shop); err != nil || len(groups) != 1 || groups[0].Halted != delivery.Paused {
			t.Errorf("%+v %v", groups, err)
		}
	})
}

// TestStuckTellsWhatBlocks: of several causes of a route that is blocked, the one
// holds it of which was said what blocked it; the others do not go on by
// themselves either.
func TestStuckTellsWhatBlocks(t *testing.T) {
	run(t, func(h *hub) {
		status := "http_503"
		f := &fake{answer: func(partner.Task) partner.Outcome {
			if status == "http_401" {
				return partner.Refused(status, "the key is wrong").Of(partner.ScopeRoute)
			}
			return partner.Later(time.Hour, status, "busy")
		}}
		h.routes(delivery.Route{Name: "ads", Side: f.side(partner.Once)})
		h.place("1", "2", "3")
		h.pass(time.Second)
		status = "http_401"
		h.place("4")
		h.pass(2 * time.Hour)
		groups, err := h.engine.Stuck(ctx, shop)
		if err != nil || len(groups) != 2 {
			t.Fatal(groups, err)
		}
		for _, g := range groups {
			if g.Blocked != (g.Cause == cause.WrongKey) || g.Halted != delivery.Blocked {
				t.Errorf("%+v", g)
			}
		}
	})
}

// TestStuckTellsWhatBlocksWhatIsAsked: what is asked about and was told why the
// route is blocked tells it, though it waits for no turn.
func TestStuckTellsWhatBlocksWhatIsAsked(t *testing.T) {
	run(t, func(h *hub) {
		f := &fake{
			answer: func(task partner.Task) partner.Outcome {
				if task.Order.ID == "3" {
					return partner.Later(time.Hour, "http_503", "busy")
				}
				return partner.Unknown("timeout", "no answer")
			},
			look: func(partner.Task) partner.Outcome {
				return partner.Refused("http_401", "the key is wrong").Of(partner.ScopeRoute)
			},
		}
		h.routes(delivery.Route{Name: "ads", Side: f.side(partner.Once)})
		h.place("1", "2", "3")
		h.pass(30 * time.Minute)
		groups, err := h.engine.Stuck(ctx, shop)
		if err != nil || len(groups) != 3 { // the second was not asked about any more
			t.Fatalf("%+v %v", groups, err)
		}
		for _, g := range groups {
			if g.Blocked != (g.Cause == cause.WrongKey) || g.Blocked && g.States[delivery.Asking] != 1 || g.Halted != delivery.Blocked {
				t.Errorf("%+v", g)
			}
		}
	})
}

// TestStuckIsCountedOn: of many, the count of the route says how many.
func TestStuckIsCountedOn(t *testing.T) {
	run(t, func(h *hub) {
		h.routes(delivery.Route{Name: "ads", Side: (&fake{}).side(partner.Once)})
		h.store.stuck = []delivery.StuckKind{
			{Route: "ads", State: delivery.Retrying, Code: "http_503", Count: delivery.MostCounted},
			{Route: "ads", State: delivery.Retrying, Code: "http_429", Count: 5},
			{Route: "ads", State: delivery.Held, Code: "needs", Count: delivery.MostCounted},
		}
		h.store.counts = map[string]map[delivery.State]int64{"ads": {delivery.Retrying: 25_005, delivery.Held: 25_000}}
		groups, err := h.engine.Stuck(ctx, shop)
		if err != nil || len(groups) != 3 {
			t.Fatal(groups, err)
		}
		for _, g := range groups {
			want, more := map[cause.Cause]int64{cause.PartnerDown: 25_000, cause.RateLimit: 5, cause.MissingField: delivery.MostCounted}[g.Cause], g.Cause == cause.MissingField
			if g.Count != want || g.More != more {
				t.Errorf("%+v", g)
			}
		}
	})
}
