package order_test

import (
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/ordermux/ordermux/internal/order"
	"github.com/ordermux/ordermux/internal/order/ordertest"
)

func TestValidate(t *testing.T) {
	t.Parallel()
	f := func(o order.Order, path string, want order.ValueError) {
		t.Helper()
		if o.ID == "" {
			o.ID = "1"
		}
		bad := order.Validate(&o)
		if want == "" {
			if bad != nil {
				t.Errorf("%v", bad.Faults)
			}
			return
		}
		if bad == nil || bad.Faults[0] != (order.Fault{Path: path, Code: want.Code(), Reason: string(want)}) {
			t.Errorf("%v, want %s: %s", bad, path, want)
		}
	}
	// good
	f(order.Order{}, "", "")
	f(order.Order{ID: "Bestellung 7/ä"}, "", "")
	f(order.Order{ID: strings.Repeat("x", 200)}, "", "")
	f(order.Order{Notes: []order.Note{{Text: "a\tb\r\nc é 😀"}}}, "", "")
	f(order.Order{Lines: make([]order.Line, 10_000)}, "", "")
	f(order.Order{Extra: map[string]order.Raw{"a": order.Raw(`{"b":["\t\n\\b\u000a\u000D\u0020"]}`)}}, "", "")
	// ids
	f(order.Order{ID: strings.Repeat("x", 201)}, "id", order.ErrTextTooLong)
	f(order.Order{ID: "a\nb"}, "id", order.ErrControl)
	// texts
	f(order.Order{Currency: strings.Repeat("x", 10_001)}, "currency", order.ErrTextTooLong)
	f(order.Order{Lines: []order.Line{{}, {Product: order.Product{Name: "a\x7f"}}}}, "lines[1].product.name", order.ErrControl)
	f(order.Order{Customer: &order.Customer{Name: "\xff"}}, "customer.name", order.ErrUTF8)
	f(order.Order{Media: &order.Media{AdIDs: []string{"a", "\x01"}}}, "media.ad_ids[1]", order.ErrControl)
	// lists
	f(order.Order{Lines: make([]order.Line, 10_001)}, "lines", order.ErrTooMany)
	f(order.Order{Notes: make([]order.Note, 1_001)}, "notes", order.ErrTooMany)
	f(order.Order{Review: &order.Review{Shop: &order.Invitation{Tags: make([]string, 1_001)}}}, "review.shop.tags", order.ErrTooMany)
	// raw values
	deep := order.Raw(strings.Repeat("[", 65) + strings.Repeat("]", 65))
	f(order.Order{Extra: map[string]order.Raw{"a": deep[1:129]}}, "", "")
	f(order.Order{Extra: map[string]order.Raw{"a": deep}}, "extra.a", order.ErrTooDeep)
	f(order.Order{Extra: map[string]order.Raw{"a\x00": order.Raw(`1`)}}, "extra", order.ErrControl)
	f(order.Order{Extra: map[string]order.Raw{"a": order.Raw(`"\u0000"`)}}, "extra.a", order.ErrControl)
	f(order.Order{Extra: map[string]order.Raw{"a": order.Raw(`"\u001F"`)}}, "extra.a", order.ErrControl)
	f(order.Order{Extra: map[string]order.Raw{"a": order.Raw(`"\f"`)}}, "extra.a", order.ErrControl)
	f(order.Order{Extra: map[string]order.Raw{"a": order.Raw(`[1`)}}, "extra.a", order.ErrRaw)
	f(order.Order{Lines: []order.Line{{SubstitutedFor: order.Raw("\"\xc3\"")}}}, "lines[0].substituted_for", order.ErrUTF8)
}

func TestValidateTellsSeveralFaults(t *testing.T) {
	t.Parallel()
	o := order.Order{Lines: make([]order.Line, 30)}
	for i := range o.Lines {
		o.Lines[i].Unit = "\x00"
	}
	bad := order.Validate(&o)
	if len(bad.Faults) != order.MaxFaults || bad.Faults[0].Path != "id" || bad.Faults[0].Code != order.Required {
		t.Errorf("%v", bad.Faults)
	}
	if got := bad.Faults[19].Path; got != "lines[18].unit" {
		t.Errorf("the last is %s", got)
	}
	if bad.Error() != "id: is required" {
		t.Errorf("%v", bad)
	}
}

func TestValidateSubject(t *testing.T) {
	t.Parallel()
	if bad := order.ValidateSubject(order.Subject{Kind: order.SubjectOrder, ID: "1"}); bad != nil {
		t.Error(bad)
	}
	if bad := order.ValidateSubject(order.Subject{Kind: order.SubjectOrder}); bad == nil || bad.Faults[0].Path != "id" {
		t.Error(bad)
	}
}

func TestGeneratedOrdersAreValid(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		if bad := order.Validate(ordertest.Order().Draw(t, "order")); bad != nil {
			t.Fatal(bad.Faults)
		}
		if bad := order.ValidateHappening(ordertest.Happening().Draw(t, "happening")); bad != nil {
			t.Fatal(bad.Faults)
		}
	})
}

func TestValidateDoesNotAllocate(t *testing.T) {
	o := fullOrder()
	if n := testing.AllocsPerRun(100, func() { order.Validate(o) }); n > 1 {
		t.Errorf("%v allocations", n)
	}
}

func TestKinds(t *testing.T) {
	t.Parallel()
	for _, k := range order.Kinds() {
		if !k.Known() || k.IsStatement() && k.Status() != "" {
			t.Errorf("%s", k)
		}
	}
	if order.Kind("lost").Known() || order.Kind("").Known() {
		t.Error("unknown kinds are known")
	}
	if order.KindShipped.Status() != order.StatusShipped || order.KindNote.Status() != "" || !order.KindUpdated.IsStatement() {
		t.Error("status of a kind")
	}
}

func BenchmarkValidate(b *testing.B) {
	o := fullOrder()
	b.ReportAllocs()
	for b.Loop() {
		order.Validate(o)
	}
}
