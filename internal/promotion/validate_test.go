package promotion_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/ordermux/ordermux/internal/order"
	"github.com/ordermux/ordermux/internal/promotion"
)

func num(text string) order.Decimal {
	d, err := order.ParseDecimal(text)
	if err != nil {
		panic(err)
	}
	return d
}

func good() *promotion.Request {
	start := time.Date(2026, 6, 1, 0, 0, 0, 0, time.UTC)
	r := &promotion.Request{Stores: []string{"lund", "ystad"}}
	r.Header = promotion.Header{
		Name: "Vår", Start: order.At(start), End: order.At(start.Add(time.Hour)), Type: promotion.Strikethrough, Reason: promotion.Trading,
	}
	r.Discounts = []promotion.Discount{
		{SKUs: []string{"a", "b"}, Terms: promotion.Terms{Subtype: promotion.FinalPrice, Value: num("1.5")}},
		{SKUs: []string{"c"}, Remove: true},
	}
	return r
}

func TestValidate(t *testing.T) {
	t.Parallel()
	if bad := good().Validate(0); bad != nil {
		t.Fatal(bad)
	}
	f := func(path string, code order.FaultCode, change func(*promotion.Request)) {
		t.Helper()
		r := good()
		change(r)
		bad := r.Validate(100)
		if bad == nil || len(bad.Faults) != 1 || bad.Faults[0].Path != path || bad.Faults[0].Code != code || bad.Faults[0].Reason == "" {
			t.Errorf("%s: %v", path, bad)
		}
	}
	// What it is known by.
	f("name", order.Required, func(r *promotion.Request) { r.Name = "" })
	f("name", order.TooLarge, func(r *promotion.Request) { r.Name = strings.Repeat("x", 1001) })
	f("name", order.Malformed, func(r *promotion.Request) { r.Name = "a\x00b" })
	f("names", order.Malformed, func(r *promotion.Request) { r.Names = map[string]string{"sv_SE": "\xff"} })
	f("names", order.Required, func(r *promotion.Request) { r.Names = map[string]string{"sv_SE": ""} })
	f("start", order.Required, func(r *promotion.Request) { r.Start = order.Time{} })
	f("end", order.Required, func(r *promotion.Request) { r.End = order.Time{} })
	f("end", order.Malformed, func(r *promotion.Request) { r.End = r.Start })
	f("end", order.Malformed, func(r *promotion.Request) { r.Start, r.End = r.End, r.Start })
	f("stores", order.Required, func(r *promotion.Request) { r.Stores = nil })
	f("stores[1]", order.Required, func(r *promotion.Request) { r.Stores[1] = "" })
	f("stores[0]", order.Malformed, func(r *promotion.Request) { r.Stores[0] = "*" })
	// Its kind.
	f("type", order.Required, func(r *promotion.Request) { r.Type = "" })
	f("type", order.Malformed, func(r *promotion.Request) { r.Type = "STRIKETHROUGH" })
	f("reason", order.Required, func(r *promotion.Request) { r.Reason = "" })
	f("reason", order.Malformed, func(r *promotion.Request) { r.Reason = "because\n" })
	f("bundle", order.Malformed, func(r *promotion.Request) { r.Bundle.Purchased = 1 })
	f("bundle.discounted", order.Malformed, func(r *promotion.Request) {
		r.Type, r.Bundle = promotion.SameItemBundle, promotion.Bundle{Purchased: 2}
	})
	f("limits.global", order.Malformed, func(r *promotion.Request) { r.Limits.Global = -1 })
	f("limits.max_items_per_order", order.Malformed, func(r *promotion.Request) { r.Limits.MaxItemsPerOrder = 1 << 40 })
	f("limits.max_discount_per_order", order.Malformed, func(r *promotion.Request) { r.Limits.MaxDiscountPerOrder = num("-0.01") })
	// Its SKUs.
	f("discounts", order.Required, func(r *promotion.Request) { r.Discounts = nil })
	f("discounts[1].skus", order.Required, func(r *promotion.Request) { r.Discounts[1].SKUs = nil })
	f("discounts[0].skus[1]", order.TooLarge, func(r *promotion.Request) { r.Discounts[0].SKUs[1] = strings.Repeat("x", 201) })
	gathered := func(r *promotion.Request) { r.Discounts[0].From = []int32{7, 9}[:len(r.Discounts[0].SKUs)] }
	f("discounts[9].skus[0]", order.TooLarge, func(r *promotion.Request) { gathered(r); r.Discounts[0].SKUs[1] = strings.Repeat("x", 201) })
	f("discounts[7].value", order.Malformed, func(r *promotion.Request) { gathered(r); r.Discounts[0].Value = num("0.00") })
	f("discounts[0].subtype", order.Required, func(r *promotion.Request) { r.Discounts[0].Subtype = "" })
	f("discounts[0].subtype", order.Malformed, func(r *promotion.Request) { r.Discounts[0].Subtype = "free" })
	f("discounts[0].value", order.Required, func(r *promotion.Request) { r.Discounts[0].Value = order.Decimal{} })
	f("discounts[0].value", order.Malformed, func(r *promotion.Request) { r.Discounts[0].Value = num("0.00") })
	f("discounts[0].value", order.TooLarge, func(r *promotion.Request) { r.Discounts[0].Value = num(strings.Repeat("9", 20)) })
	f("discounts[0].max_quantity", order.Malformed, func(r *promotion.Request) { r.Discounts[0].MaxQuantity = -1 })
	for _, percent := range []string{"0.99", "100.01"} {
		f("discounts[0].value", order.Malformed, func(r *promotion.Request) {
			r.Discounts[0].Terms = promotion.Terms{Subtype: promotion.Percentage, Value: num(percent)}
		})
	}
}

// TestValidateSize counts pairs: those of a list, and those of all stores.
func TestValidateSize(t *testing.T) {
	t.Parallel()
	f := func(stores []string, have, skus int, fits bool) {
		t.Helper()
		r := good()
		r.Stores, r.Discounts = stores, r.Discounts[:1]
		r.Discounts[0].SKUs = make([]string, skus)
		for i := range skus {
			r.Discounts[0].SKUs[i] = fmt.Sprint(i)
		}
		bad := r.Validate(have)
		if (bad == nil) != fits || bad != nil && (bad.Faults[0].Path != "discounts" || bad.Faults[0].Code != order.TooLarge) {
			t.Errorf("%v of %d, %d SKUs: %v", stores, have, skus, bad)
		}
	}
	many := make([]string, 500)
	for i := range many {
		many[i] = fmt.Sprint("store ", i)
	}
	f([]string{"a"}, 0, promotion.MostPairs+1, false)
	f(many, 900, promotion.MostPairs/500, true)
	f(many, 900, promotion.MostPairs/500+1, false)
	f([]string{"*"}, 200, promotion.MostPairs/200, true)
	f([]string{"*"}, 200, promotion.MostPairs/200+1, false)
}

// TestValidateTellsFew bounds what is told.
func TestValidateTellsFew(t *testing.T) {
	t.Parallel()
	r := good()
	r.Discounts[0].SKUs = make([]string, 1000)
	r.Stores = make([]string, 1000)
	if bad := r.Validate(0); bad == nil || len(bad.Faults) != order.MaxFaults {
		t.Error(bad)
	}
}
