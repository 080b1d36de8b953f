package order_test

import (
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/ordermux/ordermux/internal/order"
	"github.com/ordermux/ordermux/internal/order/ordertest"
)

// history generates the events of one order as a ledger would hold them.
func history() *rapid.Generator[[]order.Event] {
	sources := []order.Source{
		{Name: "citrusad:default/public", Rank: order.RankPublic},
		{Name: "skeepers:default/public", Rank: order.RankPublic},
		{Name: "route:dh", Rank: order.RankRoute},
		{Name: "citrusad:default", Rank: order.RankDoor},
		{Name: "skeepers:default", Rank: order.RankDoor},
		{Name: "api:erp", Rank: order.RankShop},
		{Name: "operator:anna", Rank: order.RankOperator},
		{Name: "operator:bo", Rank: order.RankOperator},
	}
	return rapid.Custom(func(t *rapid.T) []order.Event {
		events := make([]order.Event, rapid.IntRange(0, 8).Draw(t, "events"))
		for i := range events {
			e := &events[i]
			e.Seq = int64(i*3 + 1)
			e.Source = rapid.SampledFrom(sources).Draw(t, "source")
			if rapid.Bool().Draw(t, "statement") {
				e.Statement = ordertest.Order().Draw(t, "order")
				e.Statement.ID = "1"
				e.Statement.Status = rapid.SampledFrom([]order.Status{"", "", order.StatusAccepted, order.StatusCancelled, "on hold"}).Draw(t, "status")
			} else {
				e.Happening = ordertest.Happening().Draw(t, "happening")
			}
		}
		return events
	})
}

func TestMergeProperties(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		layers := order.Layers(history().Draw(t, "events"))
		before := cloneLayers(layers)
		m := order.Merge(layers)
		if !reflect.DeepEqual(layers, before) {
			t.Fatal("Merge changes its layers")
		}
		shuffled := rapid.Permutation(layers).Draw(t, "shuffled")
		if again := order.Merge(shuffled); !reflect.DeepEqual(m, again) {
			t.Fatalf("the sequence of the layers matters:\n%+v\n%+v", m, again)
		}
		if m.Order == nil {
			if slices.ContainsFunc(layers, func(l order.Layer) bool { return l.Statement != nil }) {
				t.Fatal("stated, and yet no order")
			}
			return
		}
		checkOrigin(t, layers, m)
		checkTrust(t, layers, m)
		one := order.Merge([]order.Layer{{Source: order.Source{Name: "all", Rank: order.RankShop}, First: 1, Seq: 1, Statement: m.Order}})
		if d := order.Diff(one.Order, m.Order); d != nil {
			t.Fatalf("merging the merged order changes %q", d)
		}
	})
}

// checkOrigin looks whether each group comes whole from the layer it is said to
// come from, parcels apart, and whether those who differ do.
func checkOrigin(t *rapid.T, layers []order.Layer, m order.Merged) {
	byName := map[string]*order.Layer{}
	for i := range layers {
		byName[layers[i].Source.Name] = &layers[i]
	}
	for _, g := range order.Groups() {
		from, ok := m.From[g]
		if !ok {
			if m.Order.States(g) {
				t.Fatalf("%s comes from nobody", g)
			}
			continue
		}
		said := byName[from].Statement
		if said == nil {
			said = &order.Order{} // told of a parcel only
		}
		merged := *m.Order
		if g == order.GroupShipping {
			merged.Shipping = withoutParcels(t, layers, said.Shipping, merged.Shipping)
		}
		if g == order.GroupCustomer {
			merged.Customer = withoutFilled(t, byName, m)
		}
		if g == order.GroupReview {
			merged.Review = withoutAdded(t, byName, m)
		}
		if !order.SameGroup(g, said, &merged) {
			t.Fatalf("%s is not what %s says", g, from)
		}
		for _, name := range m.Differ[g] {
			if name == from || order.SameGroup(g, byName[name].Statement, said) {
				t.Fatalf("%s: %s does not differ from %s", g, name, from)
			}
		}
	}
}

// withoutFilled takes out the fields of the customer that others filled, each
// of which must be what its source says.
func withoutFilled(t *rapid.T, byName map[string]*order.Layer, m order.Merged) *order.Customer {
	if m.Order.Customer == nil {
		return nil
	}
	own := *m.Order.Customer
	v := reflect.ValueOf(&own).Elem()
	for i := range v.NumField() {
		name, _, _ := strings.Cut(v.Type().Field(i).Tag.Get("json"), ",")
		from, ok := m.From[order.Group("customer."+name)]
		if !ok {
			continue
		}
		if said := reflect.ValueOf(byName[from].Statement.Customer).Elem().Field(i); said.String() != v.Field(i).String() {
			t.Fatalf("customer.%s is not what %s says", name, from)
		}
		v.Field(i).SetZero()
	}
	return &own
}

// withoutAdded takes out the invitations that others added, each of which must
// be what its source says.
func withoutAdded(t *rapid.T, byName map[string]*order.Layer, m order.Merged) *order.Review {
	if m.Order.Review == nil {
		return nil
	}
	own := *m.Order.Review
	if from, ok := m.From["review.shop"]; ok {
		if !reflect.DeepEqual(own.Shop, byName[from].Statement.Review.Shop) {
			t.Fatalf("review.shop is not what %s says", from)
		}
		own.Shop = nil
	}
	if from, ok := m.From["review.products"]; ok {
		if !reflect.DeepEqual(own.Products, byName[from].Statement.Review.Products) {
			t.Fatalf("review.products is not what %s says", from)
		}
		own.Products = nil
	}
	return &own
}

// withoutParcels takes out the parcels that only happenings told of.
func withoutParcels(t *rapid.T, layers []order.Layer, said, merged *order.Shipping) *order.Shipping {
	told := map[string]bool{}
	for _, l := range layers {
		for _, h := range l.Happenings {
			if h.Parcel != nil {
				told[h.Parcel.Number] = true
			}
		}
	}
	if merged == nil {
		return nil
	}
	kept := 0
	if said != nil {
		kept = len(said.Parcels)
	}
	s := *merged
	numbers := map[string]bool{}
	for _, p := range s.Parcels[kept:] {
		if !told[p.Number] {
			t.Fatalf("parcel %q was told by nobody", p.Number)
		}
		if p.Number != "" && numbers[p.Number] {
			t.Fatalf("parcel %q stands twice", p.Number)
		}
		numbers[p.Number] = true
	}
	s.Parcels = s.Parcels[:kept]
	return &s
}

func checkTrust(t *rapid.T, layers []order.Layer, m order.Merged) {
	secret := slices.ContainsFunc(layers, func(l order.Layer) bool {
		return l.Statement != nil && !l.Source.Public() && l.Source.Rank != order.RankOperator
	})
	if m.Public && secret {
		t.Fatal("stated by a secret source, and yet public")
	}
	if !secret {
		return
	}
	var trusted []order.Layer
	for _, l := range layers {
		if !l.Source.Public() {
			trusted = append(trusted, l)
		}
	}
	if without := order.Merge(trusted); !reflect.DeepEqual(without, m) {
		t.Fatal("a public source changes what a secret one said")
	}
}

func cloneLayers(layers []order.Layer) []order.Layer {
	c := slices.Clone(layers)
	for i := range c {
		c[i].Statement = c[i].Statement.Clone()
		c[i].Happenings = slices.Clone(c[i].Happenings)
		for j := range c[i].Happenings {
			c[i].Happenings[j].Happening = *c[i].Happenings[j].Clone()
		}
	}
	return c
}

func TestLateRetryNeverUncancels(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		events := history().Draw(t, "events")
		end := &order.Happening{Kind: order.KindCancelled, Reason: "out of stock"}
		at := rapid.IntRange(0, len(events)).Draw(t, "at")
		erp := order.Source{Name: "api:erp", Rank: order.RankShop}
		events = slices.Insert(events, at, order.Event{Seq: 1000, Source: erp, Happening: end})
		events = append(events, order.Event{Seq: 2000, Source: erp, Statement: &order.Order{ID: "1", Status: order.StatusAccepted}})
		m := order.Merge(order.Layers(events))
		if m.Order.Status != order.StatusCancelled && m.Order.Status != order.StatusRefunded {
			t.Fatalf("cancelled, and now %q", m.Order.Status)
		}
		if m.Order.Cancellation == nil {
			t.Fatal("no reason told")
		}
	})
}

// The cases below use these sources.
var (
	public   = order.Source{Name: "citrusad:default/public", Rank: order.RankPublic}
	route    = order.Source{Name: "route:dh", Rank: order.RankRoute}
	door     = order.Source{Name: "citrusad:default", Rank: order.RankDoor}
	otherOne = order.Source{Name: "skeepers:default", Rank: order.RankDoor}
	shop     = order.Source{Name: "api:erp", Rank: order.RankShop}
	anna     = order.Source{Name: "operator:anna", Rank: order.RankOperator}
	bo       = order.Source{Name: "operator:bo", Rank: order.RankOperator}
)

// log builds events with growing seq.
type log []order.Event

func (l log) says(s order.Source, o order.Order) log {
	o.ID = "1"
	return append(l, order.Event{Seq: int64(len(l) + 1), Source: s, Statement: &o})
}

func (l log) tells(s order.Source, h order.Happening) log {
	return append(l, order.Event{Seq: int64(len(l) + 1), Source: s, Happening: &h})
}

func (l log) merge() order.Merged { return order.Merge(order.Layers(l)) }

func email(s string) order.Order {
	return order.Order{Customer: &order.Customer{Email: s + "@shop.example"}}
}

func TestMergeRanks(t *testing.T) {
	t.Parallel()
	f := func(l log, wantFrom string, wantDiffer ...string) {
		t.Helper()
		m := l.merge()
		if got := m.From[order.GroupCustomer]; got != wantFrom {
			t.Errorf("customer from %q, want %q", got, wantFrom)
		}
		if got := m.Differ[order.GroupCustomer]; !slices.Equal(got, wantDiffer) {
			t.Errorf("differ: %q, want %q", got, wantDiffer)
		}
	}
	// the higher rank, whoever came first
	f(log{}.says(route, email("a")).says(door, email("b")).says(shop, email("c")), shop.Name, door.Name, route.Name)
	f(log{}.says(shop, email("c")).says(door, email("c")), shop.Name)
	// of equals the first
	f(log{}.says(otherOne, email("a")).says(door, email("b")), otherOne.Name, door.Name)
	// who does not state the group does not count
	f(log{}.says(shop, order.Order{Currency: "SEK"}).says(door, email("b")), door.Name)
	f(log{}.says(shop, email("a")).says(shop, order.Order{Currency: "SEK"}).says(door, email("b")), door.Name)
	// public sources leave
	f(log{}.says(public, email("a")), public.Name)
	f(log{}.says(public, email("a")).says(door, order.Order{Currency: "SEK"}), "")
}

func TestMergeCorrections(t *testing.T) {
	t.Parallel()
	f := func(l log, wantFrom string) {
		t.Helper()
		if got := l.merge().From[order.GroupCustomer]; got != wantFrom {
			t.Errorf("customer from %q, want %q", got, wantFrom)
		}
	}
	corrected := log{}.says(shop, email("a")).says(door, email("b")).says(anna, email("c"))
	f(corrected, anna.Name)
	// another source's news do not undo it, nor the own source's on other groups
	f(corrected.says(door, email("d")), anna.Name)
	f(corrected.says(shop, order.Order{Currency: "SEK", Customer: email("a").Customer}), anna.Name)
	// the own source's news do, until it is corrected again, by anybody
	news := corrected.says(shop, email("e"))
	f(news, shop.Name)
	f(news.says(anna, email("c")), anna.Name)
	f(news.says(bo, email("f")), bo.Name)
	f(corrected.says(bo, email("f")), bo.Name)
	// a higher source that appears later is the group's own from then on
	f(log{}.says(door, email("a")).says(anna, email("c")).says(shop, email("b")), shop.Name)
	f(log{}.says(anna, email("c")).says(shop, email("b")), shop.Name)
	f(log{}.says(anna, email("c")), anna.Name)
	// a correction vouches for its groups only
	m := log{}.says(public, order.Order{Currency: "SEK", Customer: email("a").Customer}).says(anna, email("c")).merge()
	if !m.Public || m.From[order.GroupCurrency] != public.Name || m.From[order.GroupCustomer] != anna.Name {
		t.Errorf("a corrected public order: %+v", m)
	}
	// corrections of several groups add up
	m = corrected.says(anna, order.Order{Currency: "NOK"}).merge()
	if m.From[order.GroupCustomer] != anna.Name || m.From[order.GroupCurrency] != anna.Name || m.Order.Currency != "NOK" {
		t.Errorf("two corrections: %+v", m)
	}
	// a layer without Groups: all groups stand since its last statement
	layers := order.Layers(corrected)
	for i := range layers {
		layers[i].Groups = nil
	}
	if m := order.Merge(layers); m.From[order.GroupCustomer] != anna.Name {
		t.Errorf("without Groups: %q", m.From[order.GroupCustomer])
	}
	// a correction may say that there is nothing
	o := email("x")
	nothing := order.Merge([]order.Layer{
		{Source: shop, First: 1, Seq: 1, Statement: &o},
		{Source: anna, First: 2, Seq: 2, Statement: &order.Order{}, Groups: map[order.Group]int64{order.GroupCustomer: 2}},
	})
	if nothing.Order.Customer != nil || nothing.From[order.GroupCustomer] != anna.Name {
		t.Errorf("corrected to nothing: %+v", nothing)
	}
}

func TestMergeStatus(t *testing.T) {
	t.Parallel()
	at := func(hour int) order.Time {
		return order.At(time.Date(2026, 5, 31, hour, 0, 0, 0, time.UTC))
	}
	is := func(k order.Kind, hour int) order.Happening {
		h := order.Happening{Kind: k}
		if hour > 0 {
			h.At = at(hour)
		}
		return h
	}
	f := func(l log, want order.Status) {
		t.Helper()
		if got := l.merge().Order.Status; got != want {
			t.Errorf("status %q, want %q", got, want)
		}
	}
	stated := log{}.says(shop, order.Order{Currency: "SEK"})
	f(stated, "")
	f(log{}.says(shop, order.Order{Status: order.StatusReceived}), order.StatusReceived)
	f(log{}.says(shop, order.Order{Status: "on hold"}), "on hold")
	f(log{}.says(shop, order.Order{Status: "on hold"}).tells(shop, is(order.KindAccepted, 0)), order.StatusAccepted)
	// before its order, and in any sequence
	f(log{}.tells(route, is(order.KindShipped, 9)).says(shop, order.Order{Status: order.StatusAccepted}), order.StatusShipped)
	f(stated.tells(shop, is(order.KindDelivered, 0)).tells(shop, is(order.KindShipped, 0)), order.StatusDelivered)
	// one source's own time: it may take a step back
	f(stated.tells(shop, is(order.KindReady, 9)).tells(shop, is(order.KindAccepted, 10)), order.StatusAccepted)
	f(stated.tells(shop, is(order.KindAccepted, 10)).tells(shop, is(order.KindReady, 9)), order.StatusAccepted)
	f(stated.tells(shop, is(order.KindShipped, 9)).tells(shop, is(order.KindReady, 9)), order.StatusShipped)
	// clocks of two sources are not compared
	f(stated.tells(route, is(order.KindDelivered, 9)).tells(door, is(order.KindShipped, 10)), order.StatusDelivered)
	// ends
	f(stated.tells(door, is(order.KindCancelled, 9)).tells(shop, is(order.KindDelivered, 10)), order.StatusCancelled)
	f(stated.tells(shop, is(order.KindRefunded, 9)).tells(shop, is(order.KindCancelled, 10)), order.StatusRefunded)
	f(log{}.says(shop, order.Order{Status: order.StatusCancelled}).says(shop, order.Order{Status: order.StatusAccepted}), order.StatusCancelled)
	f(log{}.says(shop, order.Order{Status: order.StatusCancelled}).says(shop, order.Order{Status: order.StatusRefunded}), order.StatusRefunded)
	// of some lines only: the order goes on
	f(stated.tells(shop, is(order.KindShipped, 9)).tells(shop, order.Happening{Kind: order.KindCancelled, Lines: []order.Line{{ID: "2"}}}), order.StatusShipped)
	// no change of state
	f(stated.tells(shop, is(order.KindReviewed, 9)).tells(anna, is(order.KindNote, 9)), "")
	// a public source, once a secret one stated the order
	f(stated.tells(public, is(order.KindCancelled, 9)), "")
	f(log{}.says(public, order.Order{}).tells(public, is(order.KindCancelled, 9)), order.StatusCancelled)
}

func TestMergeCancellation(t *testing.T) {
	t.Parallel()
	why := func(reason string, hour int) order.Happening {
		return order.Happening{
			Kind: order.KindCancelled, At: order.At(time.Date(2026, 5, 31, hour, 0, 0, 0, time.UTC)),
			Cancellation: &order.Cancellation{By: "vendor", Reason: reason},
		}
	}
	stated := log{}.says(shop, order.Order{Currency: "SEK"})
	f := func(l log, want string) {
		t.Helper()
		if got := l.merge().Order.Cancellation; got == nil || got.Reason != want {
			t.Errorf("%+v, want %q", got, want)
		}
	}
	f(stated.tells(door, why("a", 9)), "a")
	f(stated.tells(door, why("a", 9)).tells(shop, why("b", 8)), "b")
	f(stated.tells(door, why("a", 9)).tells(door, why("b", 10)), "b")
	f(stated.tells(door, why("a", 9)).tells(door, why("b", 8)), "a")
	f(stated.tells(door, order.Happening{Kind: order.KindCancelled, Reason: "c"}), "c")
	f(log{}.says(shop, order.Order{Status: order.StatusCancelled, Cancellation: &order.Cancellation{Reason: "d"}}), "d")
	if got := stated.merge().Order.Cancellation; got != nil {
		t.Errorf("not cancelled, and yet %+v", got)
	}
}

func TestMergeParcels(t *testing.T) {
	t.Parallel()
	nine := order.At(time.Date(2026, 5, 31, 9, 0, 0, 0, time.UTC))
	shipped := func(number string, lines ...order.Line) order.Happening {
		return order.Happening{Kind: order.KindShipped, At: nine, Parcel: &order.Parcel{Number: number, Courier: "Nord"}, Lines: lines}
	}
	stated := log{}.says(shop, order.Order{Shipping: &order.Shipping{Method: "road", Parcels: []order.Parcel{{Number: "A"}}}})
	m := stated.tells(route, shipped("A")).tells(route, shipped("B", order.Line{ID: "7"})).tells(door, shipped("B")).merge()
	want := []order.Parcel{{Number: "A"}, {Number: "B", Courier: "Nord", ShippedAt: nine, Lines: []string{"7"}}}
	if !reflect.DeepEqual(m.Order.Shipping.Parcels, want) || m.Order.Shipping.Method != "road" {
		t.Errorf("%+v", m.Order.Shipping)
	}
	if m.From[order.GroupShipping] != shop.Name {
		t.Errorf("shipping from %q", m.From[order.GroupShipping])
	}
	if n := len(stated[0].Statement.Shipping.Parcels); n != 1 {
		t.Errorf("the statement has %d parcels now", n)
	}
	m = log{}.says(shop, order.Order{}).tells(route, shipped("B")).merge()
	if m.From[order.GroupShipping] != route.Name || len(m.Order.Shipping.Parcels) != 1 {
		t.Errorf("only told: %+v %+v", m.From, m.Order.Shipping)
	}
}

func TestLayerAdd(t *testing.T) {
	t.Parallel()
	l := order.Layer{Source: shop}
	a, b := email("a"), email("b")
	b.Currency = "SEK"
	c := b
	c.Currency = "NOK"
	l.Add(3, &a)
	l.Add(5, &b)
	l.Add(9, &c)
	if l.First != 3 || l.Seq != 9 || l.Statement != &c {
		t.Errorf("%+v", l)
	}
	if got := l.Groups[order.GroupCustomer]; got != 5 {
		t.Errorf("customer stands since %d", got)
	}
	if _, ok := l.Groups[order.GroupCurrency]; ok {
		t.Error("the currency has changed with the last statement")
	}
}

func BenchmarkMerge(b *testing.B) {
	for _, n := range []int{1, 3} {
		l := log{}
		for i := range n {
			l = l.says([]order.Source{shop, door, otherOne}[i], *fullOrder())
		}
		layers := order.Layers(l)
		b.Run(fmt.Sprint(n, " layers"), func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				order.Merge(layers)
			}
		})
	}
}

// TestMergeCompletes merges doors whose dialects have no place for what others
// say: neither hides it, whoever spoke first.
func TestMergeCompletes(t *testing.T) {
	t.Parallel()
	price := func(text string) order.Money {
		d, err := order.ParseDecimal(text)
		if err != nil {
			t.Fatal(err)
		}
		return d
	}
	ads := &order.Order{ID: "1", Customer: &order.Customer{ID: "C-7"}, Lines: []order.Line{{Product: order.Product{Code: "A"}, Total: price("9.00")}}}
	reviews := &order.Order{ID: "1", Customer: &order.Customer{Email: "eva@kund.example", FirstName: "Eva", LastName: "Lind"},
		Lines: []order.Line{{Product: order.Product{Code: "A", Name: "Mug"}}}}
	more := &order.Order{ID: "1", Customer: &order.Customer{Email: "eva@kund.example", Name: "Eva Lind"}}
	other := &order.Order{ID: "1", Customer: &order.Customer{Email: "bo@kund.example", Phone: "1"}}
	layer := func(name string, first int64, o *order.Order) order.Layer {
		return order.Layer{Source: order.Source{Name: name, Rank: order.RankDoor}, First: first, Seq: first, Statement: o}
	}
	for _, firsts := range [][3]int64{{1, 2, 3}, {2, 1, 3}, {3, 2, 1}} {
		m := order.Merge([]order.Layer{layer("citrusad:default", firsts[0], ads), layer("skeepers:default", firsts[1], reviews),
			layer("trustpilot:default", firsts[2], more)})
		want := order.Customer{ID: "C-7", Email: "eva@kund.example", Name: "Eva Lind", FirstName: "Eva", LastName: "Lind"}
		if *m.Order.Customer != want {
			t.Errorf("%v: customer %+v", firsts, *m.Order.Customer)
		}
		if m.From[order.GroupLines] != "citrusad:default" || m.From["customer.id"] != "citrusad:default" || len(m.Differ[order.GroupCustomer]) != 0 {
			t.Errorf("%v: from %v, differ %v", firsts, m.From, m.Differ)
		}
	}
	m := order.Merge([]order.Layer{layer("skeepers:default", 1, reviews), layer("trustpilot:default", 2, other), layer("citrusad:default", 3, ads)})
	if c := m.Order.Customer; c.Phone != "" || c.ID != "C-7" || !slices.Equal(m.Differ[order.GroupCustomer], []string{"trustpilot:default"}) {
		t.Errorf("who contradicts adds nothing: %+v, differ %v", *c, m.Differ)
	}
}

// TestMergeInvitations merges what one shop asked for in several calls: a link
// that it hands out itself, a review of the shop, a review of the products.
func TestMergeInvitations(t *testing.T) {
	t.Parallel()
	link := &order.Review{ByLink: true, Location: "L"}
	shop := &order.Review{Shop: &order.Invitation{Template: "s"}, SenderName: "Nordlys"}
	products := &order.Review{Products: &order.Invitation{Template: "p"}, SenderName: "Other"}
	layer := func(name string, rank order.Rank, first int64, r *order.Review) order.Layer {
		return order.Layer{Source: order.Source{Name: name, Rank: rank}, First: first, Seq: first, Statement: &order.Order{ID: "1", Review: r}}
	}
	for _, firsts := range [][3]int64{{1, 2, 3}, {3, 2, 1}, {2, 3, 1}} {
		m := order.Merge([]order.Layer{layer("t:a/link", order.RankDoor, firsts[0], link),
			layer("t:a", order.RankDoor, firsts[1], shop), layer("t:a/products", order.RankDoor, firsts[2], products)})
		r := m.Order.Review
		if r.ByLink || r.Shop == nil || r.Shop.Template != "s" || r.Products == nil || r.Products.Template != "p" {
			t.Errorf("%v: %+v", firsts, r)
		}
	}
	if shop.Products != nil || products.Shop != nil {
		t.Error("a statement was changed")
	}
	m := order.Merge([]order.Layer{layer("api:erp", order.RankShop, 2, shop), layer("t:a/products", order.RankDoor, 1, products)})
	if m.Order.Review.Products != nil {
		t.Error("a lower source adds an invitation")
	}
	if m = order.Merge([]order.Layer{layer("t:a/link", order.RankDoor, 1, link)}); !m.Order.Review.ByLink {
		t.Error("a link alone is lost")
	}
}
