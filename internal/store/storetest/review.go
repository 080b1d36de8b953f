package storetest

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/ordermux/ordermux/internal/ledger"
	"github.com/ordermux/ordermux/internal/order"
	"github.com/ordermux/ordermux/internal/review"
	"github.com/ordermux/ordermux/internal/store"
)

// RunReviews holds a store to what review.Store promises.
func RunReviews(t *testing.T, open OpenStore) {
	cases := map[string]func(*shelf){
		"recorded with its happening": testReviewRecorded,
		"a new version":               testReviewVersions,
		"taken back":                  testReviewDeleted,
		"all or nothing":              testReviewRefused,
		"filters":                     testReviewFilters,
		"pages":                       testReviewPages,
		"few of many":                 testReviewFewOfMany,
		"totals":                      testReviewTotals,
		"erased":                      testReviewErased,
		"shops apart":                 testReviewShops,
	}
	for name, f := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := &shelf{T: t, clock: newClock()}
			s.store = open(t, s.clock.now)
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

// shelf is one test's store with a ledger over it.
type shelf struct {
	*testing.T
	clock  *clock
	store  store.Store
	ledger *ledger.Ledger
}

// said is a version of a review, told by a source.
func said(orderID, at string, r order.Reviewed, title, text string) order.Entry {
	h := order.Happening{Kind: order.KindReviewed, Review: &r, Title: title, Note: text}
	if at != "" {
		when, err := order.ParseTime(at)
		if err != nil {
			panic(err)
		}
		h.At = when
	}
	h.Ref = r.ID + "/" + at
	return happening(route, orderID, h)
}

// record appends entries with what keeps their reviews.
func (s *shelf) record(entries ...order.Entry) []order.Receipt {
	s.Helper()
	receipts, err := s.ledger.Append(s.Context(), shop, s.with(shop, entries))
	if err != nil {
		s.Fatal(err)
	}
	return receipts
}

func (s *shelf) with(shop string, entries []order.Entry) []order.Entry {
	for i := range entries {
		e := &entries[i]
		if r, ok := review.Told(e.Subject.ID, e.Source.Name, e.Happening); ok {
			e.Effects = append(e.Effects, s.store.Reviews().Record(shop, r))
		}
	}
	return entries
}

func (s *shelf) list(f review.Filter) []review.Review {
	s.Helper()
	page, next, err := s.store.Reviews().List(s.Context(), shop, f)
	if err != nil || next != "" {
		s.Fatalf("list %+v: next %q, %v", f, next, err)
	}
	return page
}

func (s *shelf) ids(f review.Filter) string {
	s.Helper()
	var ids []string
	for _, r := range s.list(f) {
		ids = append(ids, r.ID)
	}
	return strings.Join(ids, " ")
}

// totals are the sums of a dimension as "value month count/stars".
func (s *shelf) totals(d review.Dimension, value, from, to string) []string {
	s.Helper()
	list, err := s.store.Reviews().Totals(s.Context(), shop, d, value, from, to)
	if err != nil {
		s.Fatal(err)
	}
	out := []string{}
	for _, t := range list {
		out = append(out, strings.TrimSpace(fmt.Sprintf("%s %s %d/%d", t.Value, t.Month, t.Count, t.Stars)))
	}
	return out
}

func (s *shelf) wants(what string, got []string, want ...string) {
	s.Helper()
	if !slices.Equal(got, want) {
		s.Errorf("%s: %q instead of %q", what, got, want)
	}
}

func aboutShop(id string, stars int, tags ...string) order.Reviewed {
	return order.Reviewed{ID: id, About: order.AboutShop, Stars: stars, Tags: tags}
}

func aboutProduct(id, product string, stars int, tags ...string) order.Reviewed {
	return order.Reviewed{ID: id, About: order.AboutProduct, Product: product, Stars: stars, Tags: tags}
}

func testReviewRecorded(s *shelf) {
	full := order.Reviewed{
		ID: "r-1", About: order.AboutProduct, Product: "P-1", Stars: 4, Locale: "sv-SE", Location: "Lund", Tags: []string{"b", "a", "b"},
		Link: "https://reviews.example/r-1", Platform: "trustpilot", Verified: true,
	}
	s.record(said("A-1", "2026-05-01T10:00:00.5+02:00", full, "Good", "Very good.\nReally."))
	bare := said("A-2", "", aboutShop("r-2", 0), "", "")
	if got := s.record(bare); got[0].Known {
		s.Error("known at once")
	}
	if got := s.record(bare); !got[0].Known {
		s.Error("the same again is new")
	}
	at := time.Date(2026, 5, 1, 8, 0, 0, 500_000_000, time.UTC)
	want := []review.Review{
		{Reviewed: aboutShop("r-2", 0), Order: "A-2", Source: route.Name, At: s.clock.now()},
		{Reviewed: full, Order: "A-1", Source: route.Name, At: at, Title: "Good", Text: "Very good.\nReally."},
	}
	if diff := cmp.Diff(want, s.list(review.Filter{})); diff != "" {
		s.Error(diff)
	}
	s.wants("all", s.totals(review.ByAll, "", "", ""), "2026-05 1/4")
	s.wants("tags", s.totals(review.ByTag, "", "", ""), "a 2026-05 1/4", "b 2026-05 1/4")
	s.wants("location", s.totals(review.ByLocation, "Lund", "", ""), "Lund 2026-05 1/4")
	s.wants("product", s.totals(review.ByProduct, "P-1", "", ""), "P-1 2026-05 1/4")
	s.wants("about", s.totals(review.ByAbout, "", "", ""), "product 2026-05 1/4")
}

// The newest version by its own time stands; what it is listed by and what it
// adds to follow.
func testReviewVersions(s *shelf) {
	s.record(said("A-1", "2026-04-30T10:00:00Z", aboutShop("r-1", 2, "a", "b"), "Bad", "Nothing came."))
	s.record(said("A-2", "2026-05-02T10:00:00Z", aboutShop("r-2", 5, "b"), "", ""))
	later := aboutShop("r-1", 4, "b", "c")
	later.Location = "Lund"
	s.record(said("A-1", "2026-05-04T10:00:00Z", later, "Better", "It came."))
	old := aboutShop("r-1", 1, "z")
	s.record(said("A-1", "2026-05-01T10:00:00Z", old, "In between", "Still nothing.")) // heard late
	got := s.list(review.Filter{Order: "A-1"})
	want := []review.Review{{
		Reviewed: later, Order: "A-1", Source: route.Name, Title: "Better", Text: "It came.",
		At: time.Date(2026, 4, 30, 10, 0, 0, 0, time.UTC), Changed: time.Date(2026, 5, 4, 10, 0, 0, 0, time.UTC),
	}}
	if diff := cmp.Diff(want, got); diff != "" {
		s.Error(diff)
	}
	for filter, want := range map[review.Filter]string{
		{Tag: "a"}: "", {Tag: "z"}: "", {Tag: "b"}: "r-2 r-1", {Tag: "c"}: "r-1", {Location: "Lund"}: "r-1", {Stars: 2}: "", {Stars: 4}: "r-1",
		{}: "r-2 r-1",
	} {
		if ids := s.ids(filter); ids != want {
			s.Errorf("%+v: %q instead of %q", filter, ids, want)
		}
	}
	s.wants("all", s.totals(review.ByAll, "", "", ""), "2026-04 1/4", "2026-05 1/5")
	s.wants("tags", s.totals(review.ByTag, "", "", ""), "b 2026-04 1/4", "b 2026-05 1/5", "c 2026-04 1/4")
	s.wants("location", s.totals(review.ByLocation, "", "", ""), "Lund 2026-04 1/4")
}

func testReviewDeleted(s *shelf) {
	s.record(said("A-1", "2026-05-01T10:00:00Z", aboutShop("r-1", 2, "a"), "Bad", "Nothing came."))
	gone := aboutShop("r-1", 2, "a")
	gone.Deleted = true
	s.record(said("A-1", "2026-05-02T10:00:00Z", gone, "", ""))
	if got := s.list(review.Filter{}); len(got) != 1 || !got[0].Deleted || got[0].Text != "" || got[0].Title != "" {
		s.Errorf("%+v", got)
	}
	s.wants("all", s.totals(review.ByAll, "", "", ""))
	s.wants("tag", s.totals(review.ByTag, "a", "", ""))
	s.record(said("A-1", "2026-05-03T10:00:00Z", aboutShop("r-1", 3, "a"), "", "Back again."))
	s.wants("all", s.totals(review.ByAll, "", "", ""), "2026-05 1/3")
}

// A refused call leaves no review; one without a happening is no review.
func testReviewRefused(s *shelf) {
	bad := happening(route, "A-1", order.Happening{Kind: order.KindNote, Note: "x"})
	out := errors.New("out of stock")
	bad.Effects = []order.Effect{effect(func(any) error { return out })}
	entries := append(s.with(shop, []order.Entry{said("A-1", "", aboutShop("r-1", 2), "", "")}), bad)
	if _, err := s.ledger.Append(s.Context(), shop, entries); !errors.Is(err, out) {
		s.Fatal(err)
	}
	if ids := s.ids(review.Filter{}); ids != "" {
		s.Error(ids)
	}
	s.wants("all", s.totals(review.ByAll, "", "", ""))
	if err := s.store.Reviews().Record(shop, review.Review{}).Apply(s.Context(), nil); err == nil {
		s.Error("recorded without a transaction")
	}
}

func testReviewFilters(s *shelf) {
	one := aboutProduct("r-1", "P-1", 5, "a")
	one.Locale, one.Location, one.Platform = "sv", "Lund", "trustpilot"
	two := aboutProduct("r-2", "P-1", 3, "a", "b")
	two.Locale = "sv"
	s.record(
		said("A-1", "2026-05-01T10:00:00Z", one, "", ""), said("A-1", "2026-05-02T10:00:00Z", two, "", ""),
		said("A-2", "2026-05-03T10:00:00Z", aboutShop("r-3", 3), "", ""),
	)
	day := func(n int) time.Time { return time.Date(2026, 5, n, 10, 0, 0, 0, time.UTC) }
	for _, c := range []struct {
		filter review.Filter
		want   string
	}{
		{review.Filter{Order: "A-1"}, "r-2 r-1"},
		{review.Filter{About: order.AboutShop}, "r-3"},
		{review.Filter{Product: "P-1", Stars: 5}, "r-1"},
		{review.Filter{Product: "P-2"}, ""},
		{review.Filter{Locale: "sv", Tag: "b"}, "r-2"},
		{review.Filter{Location: "Lund"}, "r-1"},
		{review.Filter{Platform: "trustpilot"}, "r-1"},
		{review.Filter{Platform: review.OwnPlatform}, "r-3 r-2"},
		{review.Filter{Stars: 3}, "r-3 r-2"},
		{review.Filter{From: day(2)}, "r-3 r-2"},
		{review.Filter{To: day(2)}, "r-1"},
		{review.Filter{From: day(2), To: day(3), About: order.AboutProduct}, "r-2"},
	} {
		if got := s.ids(c.filter); got != c.want {
			s.Errorf("%+v: %q instead of %q", c.filter, got, c.want)
		}
	}
}

// Pages go through all of them, those of one moment too, whatever comes meanwhile.
func testReviewPages(s *shelf) {
	var want []string
	for i := range 9 {
		id := fmt.Sprint("r-", i)
		s.record(said("A-1", fmt.Sprintf("2026-05-0%dT10:00:00Z", 1+i/3), aboutShop(id, 5), "", "text of "+id))
		want = append([]string{id}, want...)
	}
	var got []string
	f := review.Filter{Limit: 2}
	for n := 0; ; n++ {
		page, next, err := s.store.Reviews().List(s.Context(), shop, f)
		if err != nil || len(page) > 2 || n > 9 {
			s.Fatal(len(page), err)
		}
		for _, r := range page {
			got = append(got, r.ID)
			if r.Text != "text of "+r.ID {
				s.Errorf("%s says %q", r.ID, r.Text)
			}
		}
		if f.Cursor = next; next == "" {
			break
		}
		s.record(said("A-2", "2026-05-20T10:00:00Z", aboutShop(fmt.Sprint("new-", n), 1), "", ""))
	}
	s.wants("pages", got, want...)
	for _, bad := range []string{"x", ".", "MQ", "MQ.\xff", "eA.eA", "MQ.AA", strings.Repeat("M", 2000) + ".MQ"} {
		var invalid *order.Invalid
		if _, _, err := s.store.Reviews().List(s.Context(), shop, review.Filter{Cursor: bad}); !errors.As(err, &invalid) || invalid.Faults[0].Path != "cursor" {
			s.Errorf("cursor %q: %v", bad, err)
		}
	}
}

// One call looks at so many only, and says where to go on.
func testReviewFewOfMany(s *shelf) {
	const many = review.MostLooked + 2*review.MostListed
	for i := 0; i < many; i += 100 {
		var entries []order.Entry
		for j := i; j < i+100; j++ {
			stars := 5
			if j == 0 {
				stars = 1
			}
			entries = append(entries, said("A-1", "", aboutShop(fmt.Sprintf("r-%06d", j), stars, "all"), "", ""))
		}
		s.clock.move(time.Second)
		s.record(entries...)
	}
	f := review.Filter{Tag: "all", Stars: 1}
	page, next, err := s.store.Reviews().List(s.Context(), shop, f)
	if err != nil || len(page) != 0 || next == "" {
		s.Fatalf("%d reviews, next %q, %v", len(page), next, err)
	}
	f.Cursor = next
	if ids := s.ids(f); ids != "r-000000" {
		s.Errorf("found %q", ids)
	}
	s.wants("all", s.totals(review.ByAll, "", "", ""), fmt.Sprintf("2026-05 %d/%d", many, 5*many-4))
}

func testReviewTotals(s *shelf) {
	for i, month := range []string{"2026-01", "2026-02", "2026-02", "2026-03"} {
		s.record(said("A-1", month+"-15T10:00:00Z", aboutProduct(fmt.Sprint("r-", i), fmt.Sprint("P-", i%2), i+1, "t"), "", ""))
	}
	s.record(said("A-1", "2026-03-01T00:30:00+01:00", aboutShop("r-9", 5), "", "")) // still February in UTC
	s.wants("all", s.totals(review.ByAll, "", "", ""), "2026-01 1/1", "2026-02 3/10", "2026-03 1/4")
	s.wants("since", s.totals(review.ByAll, "", "2026-02", ""), "2026-02 3/10", "2026-03 1/4")
	s.wants("until", s.totals(review.ByAll, "", "", "2026-02"), "2026-01 1/1", "2026-02 3/10")
	s.wants("products", s.totals(review.ByProduct, "", "", ""), "P-0 2026-01 1/1", "P-0 2026-02 1/3", "P-1 2026-02 1/2", "P-1 2026-03 1/4")
	s.wants("one product", s.totals(review.ByProduct, "P-1", "2026-03", "2026-03"), "P-1 2026-03 1/4")
	s.wants("about", s.totals(review.ByAbout, order.AboutShop, "", ""), "shop 2026-02 1/5")
}

// Erasing takes the words and leaves the stars; what comes later brings none.
func testReviewErased(s *shelf) {
	s.record(said("A-1", "2026-05-01T10:00:00Z", aboutShop("r-1", 2), "By Anna", "Anna says."), said("A-2", "2026-05-01T09:00:00Z", aboutShop("r-2", 5), "", "Bo says."))
	if err := s.ledger.Erase(s.Context(), shop, "A-1"); err != nil {
		s.Fatal(err)
	}
	check := func(stars int) {
		s.Helper()
		got := s.list(review.Filter{})
		if len(got) != 2 || got[0].Title+got[0].Text != "" || got[0].Stars != stars || got[1].Text != "Bo says." || got[1].Erased {
			s.Errorf("%+v", got)
		}
	}
	check(2)
	if got := s.list(review.Filter{Order: "A-1"}); !got[0].Erased {
		s.Error("not told to be erased")
	}
	s.record(said("A-1", "2026-05-02T10:00:00Z", aboutShop("r-1", 3), "By Anna", "Anna says again."))
	check(3)
}

func testReviewShops(s *shelf) {
	s.record(said("A-1", "", aboutShop("r-1", 2), "", "here"))
	entries := s.with("other", []order.Entry{said("A-1", "", aboutShop("r-1", 5), "", "there")})
	if _, err := s.ledger.Append(s.Context(), "other", entries); err != nil {
		s.Fatal(err)
	}
	if got := s.list(review.Filter{}); len(got) != 1 || got[0].Stars != 2 || got[0].Text != "here" {
		s.Errorf("%+v", got)
	}
	s.wants("all", s.totals(review.ByAll, "", "", ""), "2026-05 1/2")
}
