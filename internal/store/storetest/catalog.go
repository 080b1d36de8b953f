package storetest

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/ordermux/ordermux/internal/catalog"
	"github.com/ordermux/ordermux/internal/ledger"
	"github.com/ordermux/ordermux/internal/order"
	"github.com/ordermux/ordermux/internal/store"
)

// OpenFailing opens a new store for RunCatalog, with a clock that the test
// moves and a fault that it may return at any point of a writing transaction.
type OpenFailing func(t testing.TB, now func() time.Time, fault func(point string) error) store.Store

// RunCatalog holds a store to what catalog.Store promises.
func RunCatalog(t *testing.T, open OpenFailing) {
	cases := map[string]func(*stall){
		"kept and found":           testCatalogKept,
		"every code":               testCatalogCodes,
		"changes":                  testCatalogChanges,
		"changes at a time":        testCatalogChangesRace,
		"one EAN":                  testCatalogDuplicate,
		"EANs change hands":        testCatalogSwap,
		"bad input":                testCatalogInvalid,
		"lists":                    testCatalogList,
		"few of many":              testCatalogFewOfMany,
		"deleted":                  testCatalogDeleted,
		"available":                testCatalogAvailable,
		"kinds of stock":           testCatalogKinds,
		"taken":                    testCatalogTaken,
		"taken once":               testCatalogTakenOnce,
		"fifty at a time":          testCatalogFifty,
		"reserved":                 testCatalogReserved,
		"reserved at a time":       testCatalogReservedRace,
		"a reservation ends":       testCatalogExpiry,
		"a reservation is used up": testCatalogConsumed,
		"all or nothing":           testCatalogCrash,
		"shops apart":              testCatalogShops,
		"a file":                   testCatalogImport,
		"stock alone":              testCatalogRestock,
		"given back":               testCatalogGivenBack,
		"given back once":          testCatalogGivenBackOnce,
		"given back at a time":     testCatalogGivenBackRace,
		"shipped stays away":       testCatalogShipped,
		"some lines":               testCatalogSomeLines,
		"given back, or not":       testCatalogGivenBackWhere,
		"given back or nothing":    testCatalogGivenBackCrash,
	}
	maps.Copy(cases, offerCases())
	for name, f := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := &stall{T: t, clock: newClock()}
			s.store = open(t, s.clock.now, func(point string) error {
				if at := s.fails.Load(); at != nil && *at == point {
					return errors.New("the engine failed")
				}
				return nil
			})
			s.catalog = s.store.Catalog()
			s.ledger = ledger.New(s.store, ledger.Options{})
			t.Cleanup(func() {
				if err := s.store.Close(); err != nil {
					t.Error(err)
				}
			})
			f(s)
		})
	}
}

// stall is one test's shop.
type stall struct {
	*testing.T
	clock   *clock
	fails   atomic.Pointer[string] // the point at which the engine fails
	store   store.Store
	catalog catalog.Store
	ledger  *ledger.Ledger
}

func num(text string) order.Decimal {
	d, err := order.ParseDecimal(text)
	if err != nil {
		panic(err)
	}
	return d
}

// goods is a product with so much in stock.
func goods(code, stock string) catalog.Product {
	return catalog.Product{
		Product: order.Product{Code: code, Name: "Name of " + code}, Active: true,
		Stock: []catalog.Stock{{Warehouse: "main", Quantity: num(stock)}},
	}
}

// of are lines "code quantity".
func of(texts ...string) (lines []catalog.Line) {
	for _, text := range texts {
		code, quantity, _ := strings.Cut(text, " ")
		lines = append(lines, catalog.Line{Type: catalog.Internal, Code: code, Quantity: num(quantity)})
	}
	return lines
}

func (s *stall) put(products ...catalog.Product) int {
	s.Helper()
	n, err := s.catalog.Put(s.Context(), shop, products)
	if err != nil {
		s.Fatal(err)
	}
	return n
}

func (s *stall) get(code string) *catalog.Product {
	s.Helper()
	list, err := s.catalog.Find(s.Context(), shop, []catalog.Line{{Type: catalog.Internal, Code: code}})
	if err != nil || len(list) != 1 {
		s.Fatal(list, err)
	}
	return list[0]
}

func (s *stall) head() int64 {
	s.Helper()
	n, err := s.catalog.Head(s.Context(), shop)
	if err != nil {
		s.Fatal(err)
	}
	return n
}

// available says what can be had of lines: "5", "3 too few", "ask".
func (s *stall) available(key string, lines ...catalog.Line) string {
	s.Helper()
	list, err := s.catalog.Available(s.Context(), shop, lines, key)
	if err != nil || len(list) != len(lines) {
		s.Fatal(list, err)
	}
	var out []string
	for _, a := range list {
		text := strings.TrimSpace(a.Free.String() + " " + string(a.Reason))
		if a.Ask {
			text += "ask"
		}
		out = append(out, text)
	}
	return strings.Join(out, ", ")
}

func (s *stall) isAvailable(want, key string, lines ...catalog.Line) {
	s.Helper()
	if got := s.available(key, lines...); got != want {
		s.Errorf("available: %q instead of %q", got, want)
	}
}

// place appends an order that takes lines.
func (s *stall) place(id, key string, lines ...catalog.Line) error {
	e := statement(door, sale(id))
	e.Effects = []order.Effect{s.catalog.Take(shop, key, lines)}
	_, err := s.ledger.Append(s.Context(), shop, []order.Entry{e})
	return err
}

func (s *stall) mustPlace(id, key string, lines ...catalog.Line) {
	s.Helper()
	if err := s.place(id, key, lines...); err != nil {
		s.Fatal(err)
	}
}

func (s *stall) reserve(key string, lines ...catalog.Line) {
	s.Helper()
	if err := s.catalog.Reserve(s.Context(), shop, key, lines); err != nil {
		s.Fatal(err)
	}
}

// isShort checks an error: the lines as "place code asked available reason".
func (s *stall) isShort(err error, want ...string) {
	s.Helper()
	var short *catalog.Short
	if !errors.As(err, &short) {
		s.Fatalf("error %v", err)
	}
	var got []string
	for _, l := range short.Lines {
		got = append(got, fmt.Sprintf("%d %s %s %s %s", l.Line, l.Code, l.Asked, l.Available, l.Reason))
	}
	if !slices.Equal(got, want) {
		s.Errorf("short of %q instead of %q", got, want)
	}
}

func (s *stall) events() int64 {
	s.Helper()
	head, err := s.ledger.Head(s.Context(), shop)
	if err != nil {
		s.Fatal(err)
	}
	return head
}
