package order_test

import (
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/ordermux/ordermux/internal/order"
)

// A leaf is one field of a value that holds no further fields, with the path
// that Diff and Validate call it by.
type leaf struct {
	path  string
	value reflect.Value
}

// leaves returns every leaf of a value in which fillAll left nothing empty.
func leaves(v reflect.Value, path string) []leaf {
	switch v.Type() {
	case reflect.TypeFor[order.Decimal](), reflect.TypeFor[order.Time](), reflect.TypeFor[order.Raw]():
		return []leaf{{path, v}}
	}
	switch v.Kind() {
	case reflect.Pointer:
		return leaves(v.Elem(), path)
	case reflect.Struct:
		var all []leaf
		for i := range v.NumField() {
			name, _, _ := strings.Cut(v.Type().Field(i).Tag.Get("json"), ",")
			if name != "-" {
				all = append(all, leaves(v.Field(i), strings.TrimPrefix(path+"."+name, "."))...)
			}
		}
		return all
	case reflect.Slice:
		if v.Type().Elem().Kind() != reflect.Uint8 {
			return leaves(v.Index(0), path+"[0]")
		}
	}
	return []leaf{{path, v}}
}

// fillAll sets every field; lists get one element.
func fillAll(v reflect.Value) {
	switch v.Type() {
	case reflect.TypeFor[order.Decimal]():
		v.Set(reflect.ValueOf(order.FromInt(125, 2)))
		return
	case reflect.TypeFor[order.Time]():
		at, _ := order.ParseTime("2026-05-31T09:30:00+10:00")
		v.Set(reflect.ValueOf(at))
		return
	case reflect.TypeFor[order.Raw](), reflect.TypeFor[[]byte]():
		v.SetBytes([]byte("1"))
		return
	}
	switch v.Kind() {
	case reflect.Pointer:
		v.Set(reflect.New(v.Type().Elem()))
		fillAll(v.Elem())
	case reflect.Struct:
		for i := range v.NumField() {
			fillAll(v.Field(i))
		}
	case reflect.Slice:
		v.Set(reflect.MakeSlice(v.Type(), 1, 1))
		fillAll(v.Index(0))
	case reflect.Map:
		v.Set(reflect.ValueOf(map[string]order.Raw{"key": order.Raw("1")}))
	case reflect.String:
		v.SetString("x")
	case reflect.Bool:
		v.SetBool(true)
	case reflect.Int:
		v.SetInt(1)
	default:
		panic(fmt.Sprint("no value for ", v.Type()))
	}
}

// change gives a leaf another value; of a map and bytes, in place.
func change(v reflect.Value) {
	switch v.Interface().(type) {
	case order.Decimal:
		v.Set(reflect.ValueOf(order.FromInt(126, 2)))
		return
	case order.Time:
		at, _ := order.ParseTime("2026-05-31T09:30:01+10:00")
		v.Set(reflect.ValueOf(at))
		return
	}
	switch v.Kind() {
	case reflect.Slice: // bytes
		v.Index(0).SetUint('2')
	case reflect.Map:
		v.SetMapIndex(reflect.ValueOf("key"), reflect.ValueOf(order.Raw("2")))
	case reflect.String:
		v.SetString("y")
	case reflect.Bool:
		v.SetBool(false)
	case reflect.Int:
		v.SetInt(2)
	}
}

func fullOrder() *order.Order {
	o := new(order.Order)
	fillAll(reflect.ValueOf(o).Elem())
	return o
}

func fullHappening() *order.Happening {
	h := new(order.Happening)
	fillAll(reflect.ValueOf(h).Elem())
	h.Kind, h.Review.About = order.KindReviewed, order.AboutShop
	return h
}

// pathOf is how Diff calls a leaf: members of extra have their own paths.
func (l leaf) pathOf() string {
	if l.value.Kind() == reflect.Map {
		return l.path + ".key"
	}
	return l.path
}

// Whoever adds a field must add it to Diff, Clone and the groups: this test
// changes each field of a clone and looks whether Diff, and only the field's
// own group, sees it.
func TestEveryFieldIsComparedAndCloned(t *testing.T) {
	t.Parallel()
	full := fullOrder()
	n := len(leaves(reflect.ValueOf(full).Elem(), ""))
	if n < 150 {
		t.Fatalf("only %d fields found", n)
	}
	for i := range n {
		clone := full.Clone()
		l := leaves(reflect.ValueOf(clone).Elem(), "")[i]
		change(l.value)
		for _, diff := range [][]string{order.Diff(full, clone), order.Diff(clone, full)} {
			if !slices.Equal(diff, []string{l.pathOf()}) {
				t.Errorf("%s changed in a clone: Diff finds %q", l.pathOf(), diff)
			}
		}
		if order.Same(full, clone) {
			t.Errorf("%s changed: Same sees nothing", l.path)
		}
		for _, g := range order.Groups() {
			if seen := !order.SameGroup(g, full, clone); seen != (g == order.GroupOf(l.pathOf())) {
				t.Errorf("%s changed: group %s differs: %v", l.path, g, seen)
			}
		}
	}
}

// A group is stated by any one of its fields.
func TestEveryFieldStatesItsGroup(t *testing.T) {
	t.Parallel()
	for i, l := range leaves(reflect.ValueOf(fullOrder()).Elem(), "") {
		o := fullOrder()
		for j, other := range leaves(reflect.ValueOf(o).Elem(), "") {
			if j != i {
				other.value.SetZero()
			}
		}
		for _, g := range order.Groups() {
			if got, want := o.States(g), !order.SameGroup(g, o, &order.Order{}); got != want {
				t.Errorf("only %s is set: group %s is stated: %v, differs from an empty order: %v", l.path, g, got, want)
			}
		}
	}
}

func TestEveryFieldBelongsToItsGroup(t *testing.T) {
	t.Parallel()
	full := fullOrder()
	var copied order.Order
	for _, g := range order.Groups() {
		order.CopyGroup(&copied, g, full)
		if !copied.States(g) || (&order.Order{}).States(g) {
			t.Errorf("group %s is not copied", g)
		}
	}
	want := []string{"cancellation.after_picked_up", "cancellation.by", "cancellation.reason", "id", "status"}
	if diff := order.Diff(full, &copied); !slices.Equal(diff, want) {
		t.Errorf("in no group: %q", diff)
	}
	for _, path := range append(want, "", "foo") {
		if g := order.GroupOf(path); g != "" {
			t.Errorf("%q belongs to %s", path, g)
		}
	}
}

func TestEveryHappeningFieldIsCloned(t *testing.T) {
	t.Parallel()
	full := fullHappening()
	n := len(leaves(reflect.ValueOf(full).Elem(), ""))
	for i := range n {
		clone := full.Clone()
		if !reflect.DeepEqual(full, clone) {
			t.Fatal("a clone differs")
		}
		l := leaves(reflect.ValueOf(clone).Elem(), "")[i]
		change(l.value)
		if reflect.DeepEqual(full, clone) {
			t.Errorf("%s is shared between a happening and its clone", l.path)
		}
	}
}

// Whoever adds a text or a number must add it to Validate.
func TestEveryFieldIsValidated(t *testing.T) {
	t.Parallel()
	if bad := order.Validate(fullOrder()); bad != nil {
		t.Fatal(bad.Faults)
	}
	if bad := order.ValidateHappening(fullHappening()); bad != nil {
		t.Fatal(bad.Faults)
	}
	long := mustDecimal(t, strings.Repeat("9", 64))
	spoil := func(l leaf) (order.ValueError, bool) {
		switch l.value.Interface().(type) {
		case order.Decimal:
			l.value.Set(reflect.ValueOf(long.Mul(long)))
			return order.ErrTooManyDigits, true
		case order.Raw:
			l.value.SetBytes([]byte(`"\u0000"`))
			return order.ErrControl, true
		case map[string]order.Raw:
			l.value.SetMapIndex(reflect.ValueOf("key"), reflect.ValueOf(order.Raw(`["\b"]`)))
			return order.ErrControl, true
		case order.Kind:
			l.value.SetString("placed")
			return order.ErrNotHappening, true
		}
		if l.value.Kind() != reflect.String {
			return "", false
		}
		l.value.SetString("a\x00b")
		return order.ErrControl, true
	}
	check := func(l leaf, validate func() *order.Invalid) {
		t.Helper()
		want, ok := spoil(l)
		if !ok {
			return
		}
		bad := validate()
		if bad == nil || len(bad.Faults) != 1 || bad.Faults[0].Path != l.pathOf() ||
			bad.Faults[0].Reason != string(want) || bad.Faults[0].Code != want.Code() {
			t.Errorf("%s: %v", l.path, bad)
		}
	}
	for i := range leaves(reflect.ValueOf(fullOrder()).Elem(), "") {
		o := fullOrder()
		check(leaves(reflect.ValueOf(o).Elem(), "")[i], func() *order.Invalid { return order.Validate(o) })
	}
	for i := range leaves(reflect.ValueOf(fullHappening()).Elem(), "") {
		h := fullHappening()
		check(leaves(reflect.ValueOf(h).Elem(), "")[i], func() *order.Invalid { return order.ValidateHappening(h) })
	}
}

// Numbers and times that are not set have no JSON form that is read again, so
// each of them must be left out.
func TestEveryNumberAndTimeIsOmittedWhenZero(t *testing.T) {
	t.Parallel()
	var walk func(typ reflect.Type, path string)
	walk = func(typ reflect.Type, path string) {
		switch typ.Kind() {
		case reflect.Pointer, reflect.Slice:
			walk(typ.Elem(), path)
		case reflect.Struct:
			for i := range typ.NumField() {
				f := typ.Field(i)
				if !f.IsExported() {
					continue
				}
				switch f.Type {
				case reflect.TypeFor[order.Decimal](), reflect.TypeFor[order.Time](), reflect.TypeFor[order.Raw]():
					if !strings.HasSuffix(f.Tag.Get("json"), ",omitzero") {
						t.Errorf("%s.%s lacks omitzero", path, f.Name)
					}
				default:
					walk(f.Type, path+"."+f.Name)
				}
			}
		}
	}
	walk(reflect.TypeFor[order.Order](), "Order")
	walk(reflect.TypeFor[order.Happening](), "Happening")
}
