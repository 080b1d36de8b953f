// Package ordertest makes orders for property tests.
package ordertest

import (
	"fmt"
	"reflect"
	"strings"

	"pgregory.net/rapid"

	"github.com/ordermux/ordermux/internal/order"
)

// Order generates valid orders of every shape: any field may be set or not,
// lists have up to three elements.
func Order() *rapid.Generator[*order.Order] {
	return rapid.Custom(func(t *rapid.T) *order.Order {
		o := new(order.Order)
		fill(t, reflect.ValueOf(o).Elem(), "order")
		o.ID = rapid.StringMatching(`[A-Za-z0-9-]{1,12}`).Draw(t, "id")
		return o
	})
}

// Happening generates valid happenings of every shape.
func Happening() *rapid.Generator[*order.Happening] {
	kinds := order.Kinds()[2:]
	return rapid.Custom(func(t *rapid.T) *order.Happening {
		h := new(order.Happening)
		fill(t, reflect.ValueOf(h).Elem(), "happening")
		h.Kind = rapid.SampledFrom(kinds).Draw(t, "kind")
		if h.Review != nil {
			h.Kind = order.KindReviewed
			review(t, h.Review)
		}
		h.Wire = nil
		return h
	})
}

// review makes what was filled in a good review.
func review(t *rapid.T, r *order.Reviewed) {
	key := rapid.StringMatching(`[A-Za-z0-9-]{1,12}`)
	r.ID = key.Draw(t, "review")
	r.About = rapid.SampledFrom([]string{order.AboutShop, order.AboutProduct}).Draw(t, "about")
	r.Stars = rapid.IntRange(0, 5).Draw(t, "stars")
	if r.About == order.AboutProduct {
		r.Product = key.Draw(t, "product")
	}
	for _, s := range []*string{&r.Locale, &r.Location, &r.Platform, &r.Product} {
		if strings.ContainsAny(*s, "\t\r\n") { // these are of one line
			*s = key.Draw(t, "key")
		}
	}
	for i := range r.Tags {
		r.Tags[i] = key.Draw(t, "tag")
	}
}

// Number generates decimals as people write them, up to 64 digits.
func Number() *rapid.Generator[string] {
	return rapid.OneOf(
		rapid.StringMatching(`-?(0|[1-9][0-9]{0,4})(\.[0-9]{1,3})?`),
		rapid.StringMatching(`-?(0|[1-9][0-9]{0,15})(\.[0-9]{1,18})?`),
		rapid.StringMatching(`-?(0|[1-9][0-9]{0,31})(\.[0-9]{1,32})?`),
		rapid.SampledFrom([]string{"0", "-0", "0.00", "-0.00", "1.00", "999999999999999999", "0.00000000000000001"}),
	)
}

// Time generates RFC 3339 times.
func Time() *rapid.Generator[string] {
	return rapid.Custom(func(t *rapid.T) string {
		n := func(name string, low, high int) int { return rapid.IntRange(low, high).Draw(t, name) }
		day := fmt.Sprintf("%04d-%02d-%02d", n("year", 1, 9999), n("month", 1, 12), n("day", 1, 28))
		clock := fmt.Sprintf("T%02d:%02d:%02d", n("hour", 0, 23), n("minute", 0, 59), n("second", 0, 59))
		fraction := rapid.SampledFrom([]string{"", "", ".5", ".123", ".000000001"}).Draw(t, "fraction")
		return day + clock + fraction + rapid.SampledFrom([]string{"Z", "+10:00", "-03:30", "+00:00", "-00:00"}).Draw(t, "offset")
	})
}

var raws = []string{`null`, `0`, `1.50`, `"x"`, `"\u00e9\/"`, `{"b":1,"a":[true,false]}`, `[]`, `1e400`}

func fill(t *rapid.T, v reflect.Value, name string) {
	switch v.Type() {
	case reflect.TypeFor[order.Decimal]():
		if some(t) {
			d, err := order.ParseDecimal(Number().Draw(t, name))
			if err != nil {
				t.Fatal(err)
			}
			v.Set(reflect.ValueOf(d))
		}
		return
	case reflect.TypeFor[order.Time]():
		if some(t) {
			at, err := order.ParseTime(Time().Draw(t, name))
			if err != nil {
				t.Fatal(err)
			}
			v.Set(reflect.ValueOf(at))
		}
		return
	case reflect.TypeFor[order.Raw]():
		if some(t) {
			v.SetBytes([]byte(rapid.SampledFrom(raws).Draw(t, name)))
		}
		return
	}
	fillKind(t, v, name)
}

func fillKind(t *rapid.T, v reflect.Value, name string) {
	switch v.Kind() {
	case reflect.Struct:
		for i := range v.NumField() {
			fill(t, v.Field(i), v.Type().Field(i).Name)
		}
	case reflect.Pointer:
		if some(t) {
			v.Set(reflect.New(v.Type().Elem()))
			fill(t, v.Elem(), name)
		}
	case reflect.String:
		if some(t) {
			v.SetString(text().Draw(t, name))
		}
	case reflect.Bool:
		v.SetBool(some(t))
	case reflect.Int:
		v.SetInt(int64(rapid.IntRange(-3, 400).Draw(t, name)))
	case reflect.Slice:
		if v.Type().Elem().Kind() == reflect.Uint8 {
			if b := rapid.SliceOfN(rapid.Byte(), 0, 4).Draw(t, name); len(b) > 0 {
				v.SetBytes(b)
			}
			return
		}
		if n := rapid.IntRange(-3, 3).Draw(t, name); n > 0 {
			v.Set(reflect.MakeSlice(v.Type(), n, n))
			for i := range n {
				fill(t, v.Index(i), name)
			}
		}
	case reflect.Map:
		if some(t) {
			extra := map[string]order.Raw{}
			for range rapid.IntRange(1, 3).Draw(t, name) {
				extra[rapid.StringMatching(`[a-z]{1,3}(\[[0-9]\]\.[a-z]{1,3})?`).Draw(t, "key")] = order.Raw(rapid.SampledFrom(raws).Draw(t, "raw"))
			}
			v.Set(reflect.ValueOf(extra))
		}
	default:
		panic("ordertest: no generator for " + v.Type().String())
	}
}

// some is rarer than not: most fields of most orders are empty.
func some(t *rapid.T) bool { return rapid.IntRange(0, 9).Draw(t, "set") < 3 }

func text() *rapid.Generator[string] {
	return rapid.OneOf(
		rapid.StringMatching(`[a-zA-Z0-9 ]{1,8}`),
		rapid.Map(rapid.StringOfN(rapid.RuneFrom([]rune("aé\"\\/\t\n\r<>&\u2028😀 ")), 1, 6, -1), strings.Clone),
	)
}
