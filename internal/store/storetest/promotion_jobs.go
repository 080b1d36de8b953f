package storetest

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/ordermux/ordermux/internal/order"
	"github.com/ordermux/ordermux/internal/promotion"
)

func testPromotionMade(m *market) {
	m.opens("lund", "ystad")
	m.sells("coffee 10.00", "tea 5.00")
	r := cheaper("spring", 0, 10, "lund", "coffee 8.50")
	r.Names = map[string]string{"sv_SE": "vår"}
	r.Limits = promotion.Limits{Global: 500, MaxDiscountPerOrder: num("20.0"), MaxItemsPerOrder: 3}
	r.Discounts[0].MaxQuantity = 2
	j := m.put(r)
	m.is("state", j.State, promotion.Queued)
	m.is("its size", line(j.Stores, j.SKUs), "1 1")
	m.sees("-", 1, "lund", "coffee")
	m.told(0)
	done := m.run()
	m.is("state", done.State, promotion.Completed)
	m.is("result", fmt.Sprintf("%+v", done.Result), fmt.Sprintf("%+v", promotion.Result{Accepted: 1, Changed: true}))
	m.is("the job as found", fmt.Sprintf("%+v", *m.job(j.ID)), fmt.Sprintf("%+v", done))
	m.idle()

	m.sees("spring 8.50, -", 1, "lund", "coffee", "tea")
	m.sees("-", 1, "ystad", "coffee")
	m.sees("-", -1, "lund", "coffee")
	m.sees("-", 10, "lund", "coffee")
	list, err := m.book.Shown(m.Context(), shop, "lund", []string{"coffee"}, day(0).Time())
	if err != nil || list[0].Promotion == nil {
		m.Fatal(list, err)
	}
	p := list[0].Promotion
	m.is("limits", line(p.Limits, list[0].Terms.MaxQuantity, p.Names), line(r.Limits, 2, r.Names))
	found, err := m.book.Find(m.Context(), shop, done.Promotion)
	if err != nil || fmt.Sprintf("%+v", found) != fmt.Sprintf("%+v", p) {
		m.Errorf("found %+v, shown %+v, %v", found, p, err)
	}
	m.is("state", found.State, promotion.Running)
	stores, err := m.book.Stores(m.Context(), shop, p.ID)
	m.is("stores", line(stores, err), "[lund] <nil>")
	page, err := m.book.List(m.Context(), shop, 0, 10)
	if err != nil || len(page) != 1 || page[0].ID != p.ID {
		m.Errorf("listed %+v %v", page, err)
	}
	m.told(0, "created spring", "started spring", "job completed spring")
	if j := m.job("none"); j != nil {
		m.Errorf("found %+v", j)
	}
	second := m.does(r)
	for before, want := range map[int64][]int64{0: {second.Number, done.Number}, second.Number: {done.Number}, done.Number: nil} {
		var numbers []int64
		list, err := m.book.Jobs(m.Context(), shop, before, 10)
		for _, j := range list {
			numbers = append(numbers, j.Number)
		}
		m.is(fmt.Sprint("jobs before ", before), line(numbers, err), line(want, nil))
	}
	if list, err := m.book.Jobs(m.Context(), shop, 0, 1); err != nil || len(list) != 1 || list[0].Number != second.Number {
		m.Errorf("the newest job: %+v %v", list, err)
	}
}

func testPromotionSubtypes(m *market) {
	m.opens("lund")
	m.sells("a 10.00", "b 9.99", "c 10", "d 4.00", "e 0.01")
	r := cheaper("spring", 0, 10, "lund", "a 9.99", "b 1", "c 1", "d 1", "e 1")
	r.Discounts[1].Terms = promotion.Terms{Subtype: promotion.Percentage, Value: num("12.5")}
	r.Discounts[2].Terms = promotion.Terms{Subtype: promotion.Absolute, Value: num("0.500")}
	r.Discounts[3].Terms = promotion.Terms{Subtype: promotion.Absolute, Value: num("4.01")} // more than it costs
	r.Discounts[4].Terms = promotion.Terms{Subtype: promotion.Percentage, Value: num("1")}  // nothing, rounded
	done := m.does(r)
	m.is("invalid", done.Result.InvalidSKUs, map[string][]string{"lund": {"d", "e"}})
	m.sees("spring 9.99, spring 8.74, spring 9.500, -, -", 1, "lund", "a", "b", "c", "d", "e")

	b := cheaper("two for one", 1, 9, "lund", "a 1")
	b.Type, b.Bundle = promotion.SameItemBundle, promotion.Bundle{Purchased: 1, Discounted: 1}
	b.Discounts[0].Terms = promotion.Terms{Subtype: promotion.Percentage, Value: num("100")}
	m.does(b)
	list, err := m.book.Shown(m.Context(), shop, "lund", []string{"a"}, day(2).Time())
	if err != nil || list[0].Promotion == nil {
		m.Fatal(list, err)
	}
	m.is("the bundle", line(list[0].Promotion.Type, list[0].Promotion.Bundle, list[0].Final), "same_item_bundle {1 1} 0.00")
}

func testPromotionRefusals(m *market) {
	m.opens("lund", "ystad")
	m.sells("coffee 10.00", "tea 5.00", "ystad tea -", "milk 2.00", "ystad milk 1.00", "salt ?", "lund rice !", "ystad rice 3.00")
	done := m.does(cheaper("spring", 0, 10, "ystad nowhere lund gone",
		"coffee 8.00", "tea 4.00", "milk 1.50", "salt 1.00", "rice 2.00", "unknown 1.00"))
	r := done.Result
	m.is("state", done.State, promotion.Completed)
	m.is("invalid stores", r.InvalidStores, []string{"gone", "nowhere"})
	m.is("missing", r.MissingSKUs, map[string][]string{"lund": {"rice", "unknown"}, "ystad": {"tea", "unknown"}})
	m.is("invalid", r.InvalidSKUs, map[string][]string{"lund": {"salt"}, "ystad": {"milk", "salt"}})
	m.is("numbers", line(r.StoresRefused, r.Missing, r.Invalid, r.Accepted, r.Cut()), "2 4 3 5 false")
	skus := []string{"coffee", "tea", "milk", "salt", "rice", "unknown"}
	m.sees("spring 8.00, spring 4.00, spring 1.50, -, -, -", 1, "lund", skus...)
	m.sees("spring 8.00, -, -, -, spring 2.00, -", 1, "ystad", skus...)
	m.sees("-, -, -, -, -, -", 1, "gone", skus...)
	// What was refused stays out when it could be had, until it is said again.
	m.sells("ystad tea 5.00")
	m.sees("-", 1, "ystad", "tea")

	// Nothing that counts: no promotion.
	head := m.told(0, "created spring", "started spring", "job completed spring")
	done = m.does(cheaper("empty", 0, 10, "nowhere", "coffee 8.00"))
	m.is("nothing accepted", line(done.State, done.Promotion, done.Result.InvalidStores, done.Result.Changed), "completed 0 [nowhere] false")
	m.told(head, "job completed")
}

func testPromotionInvalid(m *market) {
	stores := make([]string, 200)
	for i := range stores {
		stores[i] = fmt.Sprint("store ", i)
	}
	stores[0] = "lund"
	m.opens(stores...)
	f := func(path string, change func(*promotion.Request)) {
		m.Helper()
		r := cheaper("spring", 0, 10, "lund", "coffee 8.00")
		change(r)
		_, err := m.book.Put(m.Context(), shop, r, nil)
		bad, ok := errors.AsType[*order.Invalid](err)
		if !ok || bad.Faults[0].Path != path {
			m.Errorf("%s: %v", path, err)
		}
	}
	f("end", func(r *promotion.Request) { r.End = r.Start })
	f("discounts", func(r *promotion.Request) { r.Discounts = nil })
	many := make([]string, promotion.MostPairs/len(stores)+1)
	for i := range many {
		many[i] = fmt.Sprint(i)
	}
	f("discounts", func(r *promotion.Request) { r.Stores, r.Discounts[0].SKUs = stores, many })
	f("discounts", func(r *promotion.Request) { r.Stores, r.Discounts[0].SKUs = []string{"*"}, many })
	if j, err := m.book.List(m.Context(), shop, 0, 1); err != nil || len(j) > 0 {
		m.Error(j, err)
	}
	m.idle()
	_, err := m.book.Shown(m.Context(), shop, "lund", make([]string, promotion.MostAsked+1), time.Now())
	if _, ok := errors.AsType[*order.Invalid](err); !ok {
		m.Error(err)
	}
}

func testPromotionSame(m *market) {
	m.opens("lund")
	m.sells("coffee 10.00", "tea 5.00")
	r := cheaper("spring", 0, 10, "lund", "coffee 8.00")
	first := m.put(r)
	again := m.put(r)
	m.is("while it waits", line(again.State, again.Of), line(promotion.Duplicate, first.ID))
	other := m.put(cheaper("spring", 0, 10, "lund", "coffee 8.00", "tea 4.00"))
	m.is("another request", other.State, promotion.Queued)
	// As it came, not what it says, tells equal ones.
	wired, err := m.book.Put(m.Context(), shop, r, []byte("{ }"))
	m.is("by its bytes", line(wired.State, err), "queued <nil>")
	release, went := make(chan struct{}), make(chan struct{})
	m.hooked(func(string) error {
		m.hook = nil
		close(went)
		m.mu.Unlock()
		<-release
		m.mu.Lock()
		return nil
	})
	var wait sync.WaitGroup
	wait.Go(func() { m.run() })
	<-went
	meanwhile := m.put(r)
	close(release)
	wait.Wait()
	m.is("while it runs", line(meanwhile.State, meanwhile.Of), line(promotion.Duplicate, first.ID))
	m.is("adds tea", m.run().Result.Changed, true)
	m.is("says less, so takes nothing out", m.run().Result.Changed, true)
	head := m.told(0, "job duplicate", "job duplicate", "created spring", "started spring", "job completed spring",
		"changed spring", "job completed spring", "changed spring", "job completed spring")
	done := m.does(r)
	m.is("later", line(done.State, done.Result.Changed, done.Result.Accepted, done.Promotion), line("completed false 1", first.Number))
	m.told(head, "job completed spring")
	m.sees("spring 8.00, spring 4.00", 1, "lund", "coffee", "tea")
	// Once the catalogue is another one, the same request is not.
	m.sells("coffee 7.00")
	done = m.does(r)
	m.is("another catalogue", line(done.Result.Changed, done.Result.InvalidSKUs), "true map[lund:[coffee]]")
}

func testPromotionSequence(m *market) {
	m.opens("lund")
	m.sells("coffee 10.00")
	var ids []string
	for i := range 5 {
		ids = append(ids, m.put(cheaper("spring", 0, 10, "lund", fmt.Sprintf("coffee %d", 5+i))).ID)
	}
	for i, id := range ids {
		done := m.run()
		m.is("which job", done.ID, id)
		m.sees(fmt.Sprint("spring ", 5+i), 1, "lund", "coffee")
	}
	m.idle()
	if _, err := m.book.Run(m.Context(), shop, 1); !errors.Is(err, promotion.ErrTaken) {
		m.Errorf("a job that is over: %v", err)
	}
}

// long is a request of several pieces for the stores, SKUs "0" and up.
func long(name string, skus int, stores string) *promotion.Request {
	r := cheaper(name, 0, 10, stores, "0 8")
	for i := 1; i < skus; i++ {
		r.Discounts[0].SKUs = append(r.Discounts[0].SKUs, fmt.Sprint(i))
	}
	return r
}

func (m *market) sellsMany(n int) (skus []string) {
	for i := range n {
		m.sells(fmt.Sprintf("%d 10", i))
		skus = append(skus, fmt.Sprint(i))
	}
	return skus
}

func testPromotionResumes(m *market) {
	m.opens("lund", "ystad")
	skus := m.sellsMany(3000)
	failed := errors.New("the catalogue failed")
	calls := 0
	m.hooked(func(string) error {
		if calls++; calls == 8 {
			return failed
		}
		return nil
	})
	j := m.put(long("spring", 3000, "lund ystad"))
	for i := range 100 {
		_, err := m.book.Run(m.Context(), shop, j.Number)
		if err == nil {
			break
		}
		if !errors.Is(err, failed) || i > 0 {
			m.Fatal(err)
		}
		m.is("state", m.job(j.ID).State, promotion.InProgress)
		m.sees("-", 1, "lund", "5")
	}
	done := m.job(j.ID)
	m.is("ended", line(done.State, done.Result.Accepted), "completed 6000")
	if pieces := 6; calls > 2*pieces+3 {
		m.Errorf("asked %d times: it began anew", calls)
	}
	m.sees(strings.Repeat("spring 8, ", 499)+"spring 8", 1, "ystad", skus[:500]...)
}

func testPromotionCrash(m *market) {
	m.opens("lund", "ystad")
	m.sellsMany(3000)
	j := m.put(long("spring", 3000, "*"))
	calls := 0
	m.hooked(func(string) error {
		if calls++; calls == 8 {
			m.writes.Store(2) // nothing is written from now on, so the job is not given back
		}
		return nil
	})
	if _, err := m.book.Run(m.Context(), shop, j.Number); err == nil {
		m.Fatal("no error")
	}
	m.writes.Store(0)
	m.idle() // another runner may have it
	if _, err := m.book.Run(m.Context(), shop, j.Number); !errors.Is(err, promotion.ErrTaken) {
		m.Fatal(err)
	}
	m.clock.move(promotion.Lease)
	before := calls
	done := m.run()
	m.is("ended", line(done.State, done.Result.Accepted), "completed 6000")
	if calls-before >= before+8 {
		m.Errorf("asked %d times after %d: it began anew", calls-before, before)
	}
	m.sees("spring 8, spring 8", 1, "lund", "0", "2999")
}

func testPromotionGivenUp(m *market) {
	m.opens("lund")
	m.sells("coffee 10.00")
	j := m.put(cheaper("spring", 0, 10, "lund", "coffee 8.00"))
	for range 5 {
		m.hooked(func(string) error { m.writes.Store(2); return errors.New("gone") })
		if _, err := m.book.Run(m.Context(), shop, j.Number); err == nil {
			m.Fatal("no error")
		}
		m.writes.Store(0)
		m.clock.move(promotion.Lease)
	}
	m.hooked(nil)
	done := m.run()
	m.is("given up", line(done.State, done.Result.Reason != "", *m.job(j.ID)), line("failed true", done))
	m.told(0, "job failed")
	m.sees("-", 1, "lund", "coffee")
	// One that fails and says so is not given up.
	j = m.put(cheaper("summer", 0, 10, "lund", "coffee 8.00"))
	m.hooked(func(string) error { return errors.New("not now") })
	for range 20 {
		if _, err := m.book.Run(m.Context(), shop, j.Number); err == nil {
			m.Fatal("no error")
		}
	}
	m.hooked(nil)
	m.is("at last", m.run().State, promotion.Completed)
}

func testPromotionRunners(m *market) {
	m.opens("lund")
	m.sellsMany(2000)
	j := m.put(long("spring", 2000, "lund"))
	var wait sync.WaitGroup
	var mu sync.Mutex
	done := 0
	for range 8 {
		wait.Go(func() {
			_, err := m.book.Run(m.Context(), shop, j.Number)
			mu.Lock()
			defer mu.Unlock()
			if err == nil {
				done++
			} else if !errors.Is(err, promotion.ErrTaken) {
				m.Error(err)
			}
		})
	}
	wait.Wait()
	m.is("runners", done, 1)
	m.is("state", m.job(j.ID).State, promotion.Completed)

	// A runner that lost its job meanwhile writes nothing more.
	late := m.put(long("summer", 2000, "lund"))
	calls := 0
	m.hooked(func(string) error {
		if calls++; calls == 3 {
			m.hook = nil
			m.mu.Unlock()
			defer m.mu.Lock()
			m.clock.move(promotion.Lease)
			m.is("who took over", m.run().State, promotion.Completed)
		}
		return nil
	})
	if _, err := m.book.Run(m.Context(), shop, late.Number); !errors.Is(err, promotion.ErrTaken) {
		m.Errorf("the one that lost it: %v", err)
	}
	got, _ := m.changes(0)
	m.is("changes", len(got), 6)
	m.is("accepted once", m.job(late.ID).Result.Accepted, 2000)

	// Many callers at a time: each job once, numbers without gaps.
	numbers := make([]int64, 10)
	for i := range numbers {
		wait.Go(func() { numbers[i] = m.put(cheaper(fmt.Sprint("p", i), 0, 10, "lund", "5 8")).Number })
	}
	wait.Wait()
	slices.Sort(numbers)
	m.is("numbers", numbers[9]-numbers[0], 9)
	for range numbers {
		m.run()
	}
	m.idle()
}

func testPromotionBroken(m *market) {
	m.opens("lund")
	m.sellsMany(10)
	r := long("spring", 40_000, "lund")
	m.writes.Store(5)
	if _, err := m.book.Put(m.Context(), shop, r, nil); err == nil {
		m.Fatal("no error")
	}
	m.writes.Store(0)
	m.idle()
	m.advance(2 * time.Hour)
	j := m.put(r)
	m.is("the same again", j.State, promotion.Queued)
	done := m.run()
	m.is("ended", line(done.State, done.Result.Accepted, done.Result.Missing), "completed 10 39990")
	m.advance(0)
	m.sees("spring 8, -", 1, "lund", "9", "10")
}

// testPromotionAtomic fails the engine at every point of a change: what is
// shown is the old or the new, never something between.
func testPromotionAtomic(m *market) {
	m.opens("lund")
	m.sellsMany(1500)
	m.does(long("spring", 1500, "lund"))
	r := long("spring", 1500, "lund")
	r.Discounts[0].Value = num("7")
	old, now := "spring 8, spring 8, spring 8", "spring 7, spring 7, spring 7"
	seen := func() string { return m.seen(1, "lund", "0", "700", "1400") }
	j := m.put(r)
	for n := int64(2); ; n++ {
		m.writes.Store(n)
		_, err := m.book.Run(m.Context(), shop, j.Number)
		m.writes.Store(0)
		got := seen()
		if got != old && got != now {
			m.Fatalf("after %d points: %s", n, got)
		}
		if err == nil {
			m.is("at last", got, now)
			break
		}
		m.clock.move(promotion.Lease)
		if found := m.job(j.ID); found.State.Over() {
			m.is("answered with an error, and done", line(found.State, got), line(promotion.Completed, now))
			break
		}
		if n > 200 {
			m.Fatal(err)
		}
	}
	got, _ := m.changes(0)
	m.is("told", got, []string{"created spring", "started spring", "job completed spring", "changed spring", "job completed spring"})
}

func testPromotionLists(m *market) {
	m.opens("lund", "ystad")
	m.sellsMany(10)
	done := m.does(long("spring", 9000, "lund ystad"))
	r := done.Result
	listed := 0
	for _, skus := range r.MissingSKUs {
		listed += len(skus)
	}
	m.is("cut", line(r.Missing, listed, r.Cut(), r.Accepted), line(2*8990, promotion.MostListed, true, 20))
}
