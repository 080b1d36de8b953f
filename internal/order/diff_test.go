package order_test

import (
	"reflect"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/ordermux/ordermux/internal/order"
	"github.com/ordermux/ordermux/internal/order/ordertest"
)

func TestDiffProperties(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		a, b := ordertest.Order().Draw(t, "a"), ordertest.Order().Draw(t, "b")
		if d := order.Diff(a, a.Clone()); d != nil {
			t.Fatalf("an order differs from its clone: %q", d)
		}
		ab, ba := order.Diff(a, b), order.Diff(b, a)
		if !slices.Equal(ab, ba) {
			t.Fatalf("not symmetric: %q, %q", ab, ba)
		}
		if !slices.IsSorted(ab) || len(slices.Compact(slices.Clone(ab))) != len(ab) {
			t.Fatalf("not sorted, or a path twice: %q", ab)
		}
		if order.Same(a, b) != (len(ab) == 0) {
			t.Fatalf("Same says %v, Diff %q", order.Same(a, b), ab)
		}
		for _, g := range order.Groups() {
			inGroup := slices.ContainsFunc(ab, func(path string) bool { return order.GroupOf(path) == g })
			if order.SameGroup(g, a, b) == inGroup {
				t.Fatalf("group %s: %q", g, ab)
			}
			if a.States(g) == order.SameGroup(g, a, &order.Order{}) {
				t.Fatalf("group %s is stated: %v", g, a.States(g))
			}
		}
		// Taking all groups and the derived rest of b makes a say what b says.
		for _, g := range order.Groups() {
			order.CopyGroup(a, g, b)
		}
		a.ID, a.Status, a.Cancellation = b.ID, b.Status, b.Cancellation
		if d := order.Diff(a, b); d != nil {
			t.Fatalf("all groups copied, and still: %q", d)
		}
	})
}

func TestDiffMeaning(t *testing.T) {
	t.Parallel()
	line := func(total, quantity string) order.Line {
		return order.Line{Total: mustDecimal(t, total), Quantity: mustDecimal(t, quantity)}
	}
	at := func(text string) order.Time {
		got, err := order.ParseTime(text)
		if err != nil {
			t.Fatal(err)
		}
		return got
	}
	f := func(a, b order.Order, want ...string) {
		t.Helper()
		if got := order.Diff(&a, &b); !slices.Equal(got, want) {
			t.Errorf("%q, want %q", got, want)
		}
	}
	// the same in other words
	f(order.Order{Lines: []order.Line{line("1.00", "2")}}, order.Order{Lines: []order.Line{line("1", "2.0")}})
	f(order.Order{PlacedAt: at("2026-05-31T09:30:00+10:00")}, order.Order{PlacedAt: at("2026-05-30T23:30:00.0Z")})
	f(order.Order{Customer: &order.Customer{}, Lines: []order.Line{}, Extra: map[string]order.Raw{}}, order.Order{})
	f(order.Order{Extra: map[string]order.Raw{"a": order.Raw(`{"b": [1, "x y"]}`)}}, order.Order{Extra: map[string]order.Raw{"a": order.Raw(`{"b":[1,"x y"]}`)}})
	// not the same
	f(order.Order{Lines: []order.Line{line("1", "2"), line("3", "4")}}, order.Order{Lines: []order.Line{line("1", "2"), line("3.01", "4")}}, "lines[1].total")
	f(order.Order{Lines: []order.Line{line("1", "2")}}, order.Order{}, "lines[0]")
	f(order.Order{Customer: &order.Customer{Email: "a@shop.example"}}, order.Order{}, "customer.email")
	f(order.Order{Totals: &order.Totals{Tax: mustDecimal(t, "0")}}, order.Order{}, "totals.tax")
	f(order.Order{Extra: map[string]order.Raw{"items[2].colour": order.Raw(`1`), "b": order.Raw(`1`)}},
		order.Order{Extra: map[string]order.Raw{"b": order.Raw(`1.0`)}}, "extra.b", "extra.items[2].colour")
	f(order.Order{Review: &order.Review{Shop: &order.Invitation{}}}, order.Order{Review: &order.Review{}}, "review.shop")
	f(order.Order{Media: &order.Media{AdIDs: []string{"a", "b"}}}, order.Order{Media: &order.Media{AdIDs: []string{"a", "c"}}}, "media.ad_ids[1]")
	if got := order.Diff(nil, &order.Order{ID: "1"}); !slices.Equal(got, []string{"id"}) || order.Diff(nil, nil) != nil {
		t.Errorf("nil is no empty order: %q", got)
	}
}

func TestDiffIsCheapWhenEqual(t *testing.T) {
	a := fullOrder()
	b := a.Clone()
	if n := testing.AllocsPerRun(100, func() { order.Diff(a, b) }); n > 3 {
		t.Errorf("%v allocations", n)
	}
}

func TestCloneSharesNothing(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		o := ordertest.Order().Draw(t, "order")
		if c := o.Clone(); !reflect.DeepEqual(o, c) {
			t.Fatal("a clone is not equal")
		}
	})
	if (*order.Order)(nil).Clone() != nil || (*order.Happening)(nil).Clone() != nil {
		t.Error("nil has a clone")
	}
}

func TestSplitJoin(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		o := ordertest.Order().Draw(t, "order")
		before := o.Clone()
		public, personal := o.Split()
		if !reflect.DeepEqual(o, before) {
			t.Fatal("Split changes the order")
		}
		_, none := public.Split()
		if !none.IsZero() {
			t.Fatal("the public part has something personal")
		}
		public.Join(&personal)
		if !reflect.DeepEqual(&public, o) {
			t.Fatal("Join does not restore the order")
		}

		h := ordertest.Happening().Draw(t, "happening")
		kept := h.Clone()
		publicH, personalH := h.Split()
		if !reflect.DeepEqual(h, kept) || publicH.Note != "" || publicH.Title != "" || publicH.Extra != nil {
			t.Fatal("Split of a happening")
		}
		files := slices.ContainsFunc(h.Lines, func(l order.Line) bool { return len(l.Attachments) > 0 })
		if personalH.IsZero() != (h.Note == "" && h.Title == "" && len(h.Extra) == 0 && !files) {
			t.Fatal("IsZero of a happening's personal part")
		}
		publicH.Join(&personalH)
		if !reflect.DeepEqual(&publicH, h) {
			t.Fatal("Join does not restore the happening")
		}
	})
	full := fullOrder()
	public, personal := full.Split()
	if (&personal).IsZero() || !(*order.Personal)(nil).IsZero() {
		t.Error("IsZero")
	}
	want := []string{
		"billing", "customer", "extra", "lines", "notes", "recipient", "session",
	}
	var got []string
	for _, path := range order.Diff(full, &public) {
		field, rest, _ := cut(path)
		if field == "lines" && !strings.Contains(rest, "attachments") {
			t.Errorf("taken out: %s", path)
		}
		if len(got) == 0 || got[len(got)-1] != field {
			got = append(got, field)
		}
	}
	if !slices.Equal(got, want) {
		t.Errorf("taken out: %q", got)
	}
}

// TestJoinOfWhatIsOlder reads what was stored when the files of lines were no
// personal part.
func TestJoinOfWhatIsOlder(t *testing.T) {
	t.Parallel()
	stored := func() order.Order {
		return order.Order{Lines: []order.Line{{ID: "1"}, {ID: "2", Attachments: []order.Attachment{{Name: "a.png", Data: []byte("a")}}}}}
	}
	o := stored()
	o.Join(&order.Personal{Session: "s"})
	if o.Session != "s" || len(o.Lines[1].Attachments) != 1 {
		t.Errorf("joined: %+v", o)
	}
	o.Join(nil)
	if o.Session != "" || o.Lines[1].Attachments != nil {
		t.Errorf("taken out: %+v", o)
	}
	o.Join(&order.Personal{Attachments: []order.LineAttachments{
		{Line: 0, Files: []order.Attachment{{Name: "b.png"}}}, {Line: 2, Files: []order.Attachment{{}}}, {Line: -1},
	}})
	if len(o.Lines) != 2 || len(o.Lines[0].Attachments) != 1 || o.Lines[1].Attachments != nil {
		t.Errorf("a part of other lines: %+v", o)
	}
	h := order.Happening{Lines: stored().Lines}
	h.Join(&order.Personal{Notes: []order.Note{{Text: "n"}}})
	if h.Note != "n" || len(h.Lines[1].Attachments) != 1 {
		t.Errorf("joined: %+v", h)
	}
}

func cut(path string) (field, rest string, found bool) {
	for i := range len(path) {
		if path[i] == '.' || path[i] == '[' {
			return path[:i], path[i:], true
		}
	}
	return path, "", false
}
