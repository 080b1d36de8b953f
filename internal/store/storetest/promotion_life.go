package storetest

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"time"

	"github.com/ordermux/ordermux/internal/promotion"
)

func testPromotionChanged(m *market) {
	m.opens("lund", "ystad")
	m.sells("coffee 10.00", "tea 5.00", "milk 2.00")
	first := m.does(cheaper("spring", 0, 10, "lund ystad", "coffee 8.00", "tea 4.00"))
	m.clock.move(time.Minute)
	// What is not spoken of stays; stores in another sequence are the same.
	r := cheaper("spring", 0, 10, "ystad lund ystad", "coffee 7.00", "milk 1.00")
	r.Limits.Global = 7
	done := m.does(r)
	m.is("which", done.Promotion, first.Promotion)
	m.sees("spring 7.00, spring 4.00, spring 1.00", 1, "lund", "coffee", "tea", "milk")
	p, err := m.book.Find(m.Context(), shop, first.Promotion)
	if err != nil || p.Limits.Global != 7 || p.Changed.Sub(p.Created) != time.Minute {
		m.Errorf("%+v %v", p, err)
	}
	done = m.does(cheaper("spring", 0, 10, "lund ystad", "coffee -", "unknown -"))
	m.is("taken out", line(done.State, done.Result.Changed), "completed true")
	m.sees("-, spring 4.00, spring 1.00", 1, "lund", "coffee", "tea", "milk")
	// The last of several counts.
	m.does(cheaper("spring", 0, 10, "lund ystad", "coffee 6.00", "coffee -", "coffee 6.50"))
	m.sees("spring 6.50", 1, "ystad", "coffee")

	// Another name, other stores, another time: another promotion.
	for i, other := range []*promotion.Request{
		cheaper("sprint", 0, 10, "lund ystad", "tea 3.00"), cheaper("spring", 0, 10, "lund", "tea 3.00"),
		cheaper("spring", 0, 10, "*", "tea 3.00"), cheaper("spring", 0, 11, "lund ystad", "tea 3.00"), cheaper("spring", 1, 10, "lund ystad", "tea 3.00"),
	} {
		if done := m.does(other); done.Promotion != done.Number {
			m.Errorf("%d is promotion %d", i, done.Promotion)
		}
	}
	done = m.does(cheaper("autumn", 0, 10, "lund", "tea -"))
	m.is("nothing to take out of", line(done.State, done.Result.Reason != ""), "failed true")
}

func testPromotionRefusedChange(m *market) {
	m.opens("lund", "ystad")
	m.sells("coffee 10.00", "ystad coffee 8.00")
	m.does(cheaper("spring", 0, 10, "lund ystad", "coffee 7.00"))
	done := m.does(cheaper("spring", 0, 10, "lund ystad", "coffee 9.00"))
	m.is("refused", done.Result.InvalidSKUs, map[string][]string{"ystad": {"coffee"}})
	m.sees("spring 9.00", 1, "lund", "coffee")
	m.sees("spring 7.00", 1, "ystad", "coffee")
}

func testPromotionDeactivated(m *market) {
	m.opens("lund")
	m.sells("coffee 10.00")
	off := cheaper("spring", 0, 10, "lund", "coffee 8.00")
	off.Inactive = true
	done := m.does(off)
	m.is("one that is not known", line(done.State, done.Result.Reason != ""), "failed true")
	m.does(cheaper("spring", 0, 10, "lund", "coffee 8.00"))
	head := m.told(0, "job failed", "created spring", "started spring", "job completed spring")
	done = m.does(off)
	m.is("off", line(done.State, done.Result.Changed), "completed true")
	m.sees("-", 1, "lund", "coffee")
	p, err := m.book.Find(m.Context(), shop, done.Promotion)
	if err != nil || p.State != promotion.Deactivated {
		m.Errorf("%+v %v", p, err)
	}
	off.Discounts = nil // which nobody needs to end it
	done = m.does(off)
	m.is("off again", line(done.State, done.Result.Changed), "completed false")
	head = m.told(head, "deactivated spring", "job completed spring", "job completed spring")
	done = m.does(cheaper("spring", 0, 10, "lund", "coffee 8.00"))
	m.is("on", line(done.State, done.Result.Changed), "completed true")
	m.sees("spring 8.00", 1, "lund", "coffee")
	m.told(head, "changed spring", "started spring", "job completed spring")
	m.does(off)
	m.advance(20 * 24 * time.Hour)
	m.told(head+3, "deactivated spring", "job completed spring") // it does not end
}

func testPromotionEvery(m *market) {
	m.opens("lund", "ystad")
	m.sells("coffee 10.00", "ystad coffee 5.00", "tea 5.00", "lund tea -")
	done := m.does(cheaper("spring", 0, 10, "*", "coffee 8.00", "tea 4.00"))
	m.is("refused", line(done.Result.InvalidSKUs, done.Result.MissingSKUs), "map[ystad:[coffee]] map[lund:[tea]]")
	m.sees("spring 8.00, -", 1, "lund", "coffee", "tea")
	m.sees("-, spring 4.00", 1, "ystad", "coffee", "tea")
	// A store that opens later has it, too.
	m.opens("alvesta")
	m.sees("spring 8.00, spring 4.00", 1, "alvesta", "coffee", "tea")
	m.sells("ystad coffee 9.00", "alvesta coffee 8.00")
	done = m.does(cheaper("spring", 0, 10, "*", "coffee 8.00", "tea 4.00"))
	m.is("said again", line(done.Result.Changed, done.Result.InvalidSKUs), "true map[alvesta:[coffee]]")
	m.sees("-, spring 4.00", 1, "alvesta", "coffee", "tea")
	m.sees("spring 8.00, spring 4.00", 1, "ystad", "coffee", "tea")
	stores, err := m.book.Stores(m.Context(), shop, done.Promotion)
	m.is("stores", line(stores, err), "[alvesta lund ystad] <nil>")
}

func testPromotionOverlap(m *market) {
	m.opens("lund")
	m.sells("coffee 10.00")
	m.does(cheaper("long", 0, 20, "lund", "coffee 8.00"))
	m.does(cheaper("later", 5, 10, "*", "coffee 9.00"))
	m.does(cheaper("between", 3, 15, "lund", "coffee 7.00"))
	for day, want := range map[int]string{1: "long 8.00", 4: "between 7.00", 6: "later 9.00", 12: "between 7.00", 16: "long 8.00", 21: "-"} {
		m.sees(want, day, "lund", "coffee")
	}
	// Of equal starts the one that was changed last.
	m.does(cheaper("equal", 5, 8, "lund", "coffee 6.00"))
	m.sees("equal 6.00", 6, "lund", "coffee")
	m.does(cheaper("later", 5, 10, "*", "coffee 9.50"))
	m.sees("later 9.50", 6, "lund", "coffee")
	m.does(cheaper("later", 5, 10, "*", "coffee -"))
	m.sees("equal 6.00", 6, "lund", "coffee")
}

func testPromotionGone(m *market) {
	m.opens("lund")
	m.sells("coffee 10.00", "tea 5.00")
	m.does(cheaper("long", 0, 20, "lund", "coffee 6.00", "tea 4.00"))
	m.does(cheaper("later", 5, 10, "lund", "coffee 9.00"))
	m.sees("later 9.00", 6, "lund", "coffee")
	m.sells("coffee 8.00") // what is not lower now is no promotion
	m.sees("long 6.00", 6, "lund", "coffee")
	m.sells("coffee ?", "tea !")
	m.sees("-, -", 6, "lund", "coffee", "tea")
	m.sells("coffee 10.00", "tea -")
	m.sees("later 9.00, -", 6, "lund", "coffee", "tea")
}

func testPromotionLife(m *market) {
	m.opens("lund")
	m.sells("coffee 10.00")
	m.does(cheaper("soon", 2, 4, "lund", "coffee 8.00"))
	m.does(cheaper("past", -9, -2, "lund", "coffee 8.00"))
	due, err := m.book.Due(m.Context(), shop)
	m.is("due", line(due, err), line(day(2).Time().UTC(), "<nil>"))
	head := m.told(0, "created soon", "job completed soon", "created past", "started past", "ended past", "job completed past")
	state := func(want promotion.State) {
		m.Helper()
		p, err := m.book.Find(m.Context(), shop, 1)
		if err != nil || p.State != want {
			m.Errorf("%+v %v, not %s", p, err, want)
		}
	}
	state(promotion.Planned)
	m.advance(day(2).Time().Sub(m.clock.now()) - time.Microsecond)
	state(promotion.Planned)
	m.advance(time.Microsecond)
	state(promotion.Running)
	head = m.told(head, "started soon")
	due, err = m.book.Due(m.Context(), shop)
	m.is("due", line(due, err), line(day(4).Time().UTC(), "<nil>"))
	m.advance(48 * time.Hour)
	state(promotion.Ended)
	head = m.told(head, "ended soon")
	m.advance(0)
	m.told(head)

	// Hundreds that start at one time.
	for i := range 101 {
		m.does(cheaper(fmt.Sprint("many ", i), 6, 8, "lund", "coffee 8.00"))
	}
	_, head = m.changes(0)
	m.advance(10 * 24 * time.Hour)
	got, _ := m.changes(head)
	m.is("started and ended", len(got), 202)
	if got[0] != "started many 0" || got[1] != "ended many 0" {
		m.Errorf("%q", got[:2])
	}
}

func testPromotionTidy(m *market) {
	m.opens("lund")
	m.sellsMany(1200)
	first := m.does(long("spring", 1200, "lund"))
	m.does(cheaper("spring", 0, 10, "lund", "5 7"))
	r := long("other", 1200, "lund")
	r.Start = day(-1)
	same := m.put(r)
	m.is("duplicate", m.put(r).State, promotion.Duplicate)
	m.run()
	other := m.does(cheaper("for long", -1, 200, "lund", "5 9"))
	m.advance(16 * 24 * time.Hour)
	m.sees("spring 7", 1, "lund", "5") // not long over
	m.advance(2 * 24 * time.Hour)
	m.sees("for long 9", 1, "lund", "5")
	stores, err := m.book.Stores(m.Context(), shop, first.Promotion)
	m.is("stores", line(stores, err), "[] <nil>")
	// It can still be changed, and goes again.
	done := m.does(cheaper("spring", 0, 10, "lund", "5 7"))
	m.is("changed", line(done.Promotion, done.Result.Changed), line(first.Promotion, true))
	m.sees("spring 7", 1, "lund", "5")
	m.advance(time.Hour)
	m.sees("for long 9", 1, "lund", "5")

	m.advance(95 * 24 * time.Hour)
	for _, id := range []int64{first.Promotion, other.Promotion} {
		p, err := m.book.Find(m.Context(), shop, id)
		if err != nil || (p == nil) != (id == first.Promotion) {
			m.Errorf("promotion %d: %+v %v", id, p, err)
		}
	}
	for _, id := range []string{first.ID, same.ID, other.ID} {
		if j := m.job(id); j != nil {
			m.Errorf("%+v", j)
		}
	}
	head, err := m.book.Head(m.Context(), shop)
	left, errLeft := m.book.Changes(m.Context(), shop, 0, 500)
	if err != nil || errLeft != nil || head < 10 || len(left) != 0 {
		m.Errorf("head %d, %d changes left, %v %v", head, len(left), err, errLeft)
	}
	m.sees("for long 9", 120, "lund", "5")
}

func testPromotionShops(m *market) {
	m.opens("lund")
	m.sells("coffee 10.00")
	m.does(cheaper("spring", 0, 10, "lund", "coffee 8.00"))
	list, err := m.book.Shown(m.Context(), "other", "lund", []string{"coffee"}, day(1).Time())
	if err != nil || list[0].Promotion != nil {
		m.Errorf("%+v %v", list, err)
	}
	j, err := m.book.Put(m.Context(), "other", cheaper("spring", 0, 10, "lund", "coffee 8.00"), nil)
	if err != nil || j.Number != 1 || j.State != promotion.Queued {
		m.Errorf("%+v %v", j, err)
	}
	if found := m.job(j.ID); found != nil {
		m.Errorf("found %+v", found)
	}
	m.idle()
}

// testPromotionStores has more stores than a row holds.
func testPromotionStores(m *market) {
	var stores []string
	for i := range 700 {
		stores = append(stores, fmt.Sprint("s", i))
	}
	m.opens(stores...)
	m.sells("coffee 10.00", "s13 coffee 5.00", "s699 coffee -")
	done := m.does(cheaper("spring", 0, 10, strings.Join(stores, " ")+" nowhere", "coffee 8.00"))
	m.is("refused", line(done.Result.InvalidStores, done.Result.InvalidSKUs, done.Result.MissingSKUs),
		"[nowhere] map[s13:[coffee]] map[s699:[coffee]]")
	slices.Sort(stores)
	found, err := m.book.Stores(m.Context(), shop, done.Promotion)
	if err != nil || !slices.Equal(found, append([]string{"nowhere"}, stores...)) {
		m.Errorf("%d stores %v", len(found), err)
	}
	for _, s := range stores {
		want := "spring 8.00"
		if s == "s13" || s == "s699" {
			want = "-"
		}
		m.sees(want, 1, s, "coffee")
	}
}

// testPromotionPages has more promotions on a SKU than one look returns.
func testPromotionPages(m *market) {
	m.opens("lund")
	m.sells("coffee 10.00")
	m.does(cheaper("first", 0, 10, "lund", "coffee 9.00"))
	for i := range 10 {
		r := cheaper(fmt.Sprint("p", i), 0, 10, "lund", "coffee 8.00")
		m.does(r)
		r.Inactive = true
		m.does(r)
	}
	m.sees("first 9.00, -", 1, "lund", "coffee", "tea")
}

// testPromotionModel compares with promotions that are kept pair by pair.
func testPromotionModel(m *market) {
	seed := rand.Uint64()
	m.Logf("seed %d", seed)
	random := rand.New(rand.NewPCG(seed, 1))
	stores := []string{"a", "b", "c", "d", "e"}
	m.opens(stores...)
	skus := m.sellsMany(12)
	type pair struct{ store, sku string }
	type kept struct {
		price string
		layer int64
	}
	type known struct {
		name       string
		start, end int
		off        bool
		pairs      map[pair]kept
	}
	model := map[string]*known{}
	price := map[pair]int{}
	for _, s := range stores {
		for _, sku := range skus {
			price[pair{s, sku}] = 10
		}
	}
	show := func(at int, p pair) string {
		best, bestLayer, bestStart := "-", int64(0), -1
		for _, name := range slices.Sorted(maps.Keys(model)) {
			k := model[name]
			said, ok := k.pairs[p]
			if !ok || k.off || at < k.start || at >= k.end || num(said.price).Cmp(num(fmt.Sprint(price[p]))) >= 0 {
				continue
			}
			if k.start > bestStart || k.start == bestStart && said.layer > bestLayer {
				best, bestLayer, bestStart = k.name+" "+said.price, said.layer, k.start
			}
		}
		return best
	}
	for step := range 60 {
		p := pair{stores[random.IntN(5)], skus[random.IntN(12)]}
		price[p] = 4 + random.IntN(8)
		m.sells(fmt.Sprintf("%s %s %d", p.store, p.sku, price[p]))
		which := random.IntN(6)
		in := [][]string{{"*"}, {"a"}, {"a", "b"}, {"b", "c", "d"}, {"*"}, {"a", "b", "c", "d", "e"}}[which]
		r := cheaper(fmt.Sprint("p", which), which%3, 5+which, strings.Join(in, " "), "x 1")
		r.Discounts = nil
		for range 1 + random.IntN(6) {
			d := promotion.Discount{Remove: random.IntN(5) == 0}
			for range 1 + random.IntN(3) {
				d.SKUs = append(d.SKUs, skus[random.IntN(12)])
			}
			if !d.Remove {
				d.Terms = promotion.Terms{Subtype: promotion.FinalPrice, Value: num(fmt.Sprint(3 + random.IntN(8)))}
			}
			r.Discounts = append(r.Discounts, d)
		}
		r.Inactive = random.IntN(8) == 0
		done := m.does(r)
		k := model[r.Name]
		switch {
		case done.State == promotion.Failed || done.Promotion == 0:
			continue
		case r.Inactive:
			k.off = true
			continue
		case k == nil:
			k = &known{name: r.Name, start: which % 3, end: 5 + which, pairs: map[pair]kept{}}
			model[r.Name] = k
		}
		k.off = false
		if in[0] == "*" {
			in = stores
		}
		last := map[string]promotion.Discount{}
		for _, d := range r.Discounts {
			for _, sku := range d.SKUs {
				last[sku] = d
			}
		}
		for sku, d := range last {
			for _, s := range in {
				p := pair{s, sku}
				switch {
				case d.Remove:
					delete(k.pairs, p)
				case d.Value.Cmp(num(fmt.Sprint(price[p]))) < 0:
					layer := int64(step + 1)
					if old, ok := k.pairs[p]; ok && !done.Result.Changed {
						layer = old.layer
					}
					k.pairs[p] = kept{d.Value.String(), layer}
				}
			}
		}
		for _, s := range stores {
			at := random.IntN(12)
			var want []string
			for _, sku := range skus {
				want = append(want, show(at, pair{s, sku}))
			}
			m.sees(strings.Join(want, ", "), at, s, skus...)
		}
	}
}
