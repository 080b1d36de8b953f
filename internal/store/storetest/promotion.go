package storetest

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/ordermux/ordermux/internal/order"
	"github.com/ordermux/ordermux/internal/promotion"
	"github.com/ordermux/ordermux/internal/store"
)

// RunPromotions holds a store to what promotion.Store promises, through the
// promotions that it keeps.
func RunPromotions(t *testing.T, open OpenFailing) {
	cases := map[string]func(*market){
		"made and shown":             testPromotionMade,
		"subtypes":                   testPromotionSubtypes,
		"refusals":                   testPromotionRefusals,
		"bad input":                  testPromotionInvalid,
		"the same request":           testPromotionSame,
		"changed":                    testPromotionChanged,
		"a refused change":           testPromotionRefusedChange,
		"deactivated":                testPromotionDeactivated,
		"every store":                testPromotionEvery,
		"the later start":            testPromotionOverlap,
		"sold no more":               testPromotionGone,
		"life by the clock":          testPromotionLife,
		"jobs in sequence":           testPromotionSequence,
		"goes on after an error":     testPromotionResumes,
		"goes on after a crash":      testPromotionCrash,
		"given up":                   testPromotionGivenUp,
		"one runner":                 testPromotionRunners,
		"a request that broke off":   testPromotionBroken,
		"all or nothing":             testPromotionAtomic,
		"many stores":                testPromotionStores,
		"old ones go":                testPromotionTidy,
		"shops apart":                testPromotionShops,
		"as if kept pair by pair":    testPromotionModel,
		"long lists are cut":         testPromotionLists,
		"asked for more than a page": testPromotionPages,
		"over the catalogue":         testPromotionOffers,
		"over many offers":           testPromotionManyOffers,
	}
	for name, f := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			m := &market{T: t, clock: newClock(), offers: map[string]promotion.Offer{}}
			m.store = open(t, m.clock.now, func(string) error {
				if m.writes.Load() != 0 && m.writes.Add(-1) <= 0 {
					m.writes.Store(1)
					return errors.New("the engine failed")
				}
				return nil
			})
			m.book = promotion.New(m.store.Promotions(), m)
			t.Cleanup(func() {
				if err := m.store.Close(); err != nil {
					t.Error(err)
				}
			})
			f(m)
		})
	}
}

// market is one test's chain, and its catalogue.
type market struct {
	*testing.T
	clock  *clock
	store  store.Store
	book   *promotion.Book
	writes atomic.Int64 // after how many points of transactions the engine fails, for ever; 0: never

	mu     sync.Mutex
	stores []string
	offers map[string]promotion.Offer // by "store sku"; without a store: everywhere
	asked  int                        // calls of Offers
	hook   func(store string) error   // of Offers
}

var _ promotion.Catalogue = (*market)(nil)

// Stores implements promotion.Catalogue.
func (m *market) Stores(context.Context, string) ([]string, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	return slices.Clone(m.stores), nil
}

// Offers implements promotion.Catalogue.
func (m *market) Offers(_ context.Context, _, store string, skus []string) ([]promotion.Offer, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.asked++
	if m.hook != nil {
		if err := m.hook(store); err != nil {
			return nil, err
		}
	}
	list := make([]promotion.Offer, len(skus))
	for i, sku := range skus {
		var ok bool
		if list[i], ok = m.offers[store+" "+sku]; !ok {
			list[i] = m.offers[sku]
		}
	}
	return list, nil
}

func (m *market) hooked(f func(store string) error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.hook = f
}

func (m *market) opens(stores ...string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.stores = append(m.stores, stores...)
}

// sells sets prices: "SKU price" or "store SKU price"; "-": not sold there,
// "?": sold, but the price is unknown, "!": not active.
func (m *market) sells(texts ...string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, text := range texts {
		i := strings.LastIndexByte(text, ' ')
		key, price := text[:i], text[i+1:]
		o := promotion.Offer{Known: true, Active: true}
		switch price {
		case "-":
			o = promotion.Offer{}
		case "?":
		case "!":
			o.Active, o.Price = false, num("10")
		default:
			o.Price = num(price)
		}
		m.offers[key] = o
	}
}

// day is midnight so many days after the clock's first day.
func day(n int) order.Time { return order.At(time.Date(2026, 5, 31+n, 0, 0, 0, 0, time.UTC)) }

// cheaper is a request for a store and SKUs "SKU price", from a day to another.
func cheaper(name string, from, to int, stores string, skus ...string) *promotion.Request {
	r := &promotion.Request{Stores: strings.Fields(stores)}
	r.Name, r.Start, r.End, r.Type, r.Reason = name, day(from), day(to), promotion.Strikethrough, promotion.Overstock
	for _, text := range skus {
		sku, price, _ := strings.Cut(text, " ")
		d := promotion.Discount{SKUs: []string{sku}, Remove: price == "-"}
		if !d.Remove {
			d.Terms = promotion.Terms{Subtype: promotion.FinalPrice, Value: num(price)}
		}
		r.Discounts = append(r.Discounts, d)
	}
	return r
}

func (m *market) put(r *promotion.Request) promotion.Job {
	m.Helper()
	j, err := m.book.Put(m.Context(), shop, r, nil)
	if err != nil {
		m.Fatal(err)
	}
	return j
}

// run runs the next job.
func (m *market) run() promotion.Job {
	m.Helper()
	next, ok, err := m.book.Next(m.Context(), shop)
	if err != nil || !ok {
		m.Fatalf("next: %v %v", ok, err)
	}
	j, err := m.book.Run(m.Context(), shop, next.Number)
	if err != nil {
		m.Fatal(err)
	}
	return j
}

// does puts a request and runs it.
func (m *market) does(r *promotion.Request) promotion.Job {
	m.Helper()
	j := m.put(r)
	done := m.run()
	if done.ID != j.ID || !done.State.Over() {
		m.Fatalf("%+v ran instead of %s", done, j.ID)
	}
	return done
}

// idle checks that no job is to be run.
func (m *market) idle() {
	m.Helper()
	if j, ok, err := m.book.Next(m.Context(), shop); ok || err != nil {
		m.Errorf("next: %+v %v", j, err)
	}
}

func (m *market) job(id string) *promotion.Job {
	m.Helper()
	j, err := m.book.Job(m.Context(), shop, id)
	if err != nil {
		m.Fatal(err)
	}
	return j
}

// seen is what is shown of SKUs on a day at noon: "name price", "-".
func (m *market) seen(day int, store string, skus ...string) string {
	m.Helper()
	at := time.Date(2026, 5, 31+day, 12, 0, 0, 0, time.UTC)
	list, err := m.book.Shown(m.Context(), shop, store, skus, at)
	if err != nil || len(list) != len(skus) {
		m.Fatal(list, err)
	}
	var out []string
	for i, s := range list {
		text := "-"
		if s.Promotion != nil {
			text = s.Promotion.Name + " " + s.Final.String()
		}
		if s.SKU != skus[i] {
			m.Errorf("%s instead of %s", s.SKU, skus[i])
		}
		out = append(out, text)
	}
	return strings.Join(out, ", ")
}

func (m *market) sees(want string, day int, store string, skus ...string) {
	m.Helper()
	if got := m.seen(day, store, skus...); got != want {
		m.Errorf("day %d in %s: %v shown as %q instead of %q", day, store, skus, got, want)
	}
}

// changes are those after a version: "kind name".
func (m *market) changes(after int64) (list []string, head int64) {
	m.Helper()
	found, err := m.book.Changes(m.Context(), shop, after, 500)
	if err != nil {
		m.Fatal(err)
	}
	for _, c := range found {
		if after++; c.Version != after {
			m.Errorf("change %d behind %d", c.Version, after-1)
		}
		text := string(c.Kind)
		if c.Kind == promotion.JobOver {
			text += " " + string(c.Job.State)
		}
		if c.Promotion != nil {
			text += " " + c.Promotion.Name
		}
		list = append(list, text)
	}
	if head, err = m.book.Head(m.Context(), shop); err != nil || head != after {
		m.Errorf("head %d instead of %d, %v", head, after, err)
	}
	return list, head
}

func (m *market) told(after int64, want ...string) int64 {
	m.Helper()
	got, head := m.changes(after)
	if !slices.Equal(got, want) {
		m.Errorf("changes %q instead of %q", got, want)
	}
	return head
}

// advance lets time pass and does what it wants.
func (m *market) advance(d time.Duration) {
	m.Helper()
	m.clock.move(d)
	for more := true; more; {
		var err error
		if more, err = m.book.Advance(m.Context(), shop); err != nil {
			m.Fatal(err)
		}
	}
}

func (m *market) is(what string, got, want any) {
	m.Helper()
	if fmt.Sprint(got) != fmt.Sprint(want) {
		m.Errorf("%s: %v instead of %v", what, got, want)
	}
}

// line puts values on one line, with a blank between all of them.
func line(values ...any) string { return strings.TrimSuffix(fmt.Sprintln(values...), "\n") }
