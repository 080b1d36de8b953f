package json_test

import (
	"bytes"
	"reflect"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/ordermux/ordermux/internal/json"
	"github.com/ordermux/ordermux/internal/order"
	"github.com/ordermux/ordermux/internal/order/ordertest"
)

// byLibrary encodes v by reflection, never by hand.
func byLibrary(t interface{ Fatal(...any) }, v any) []byte {
	var b bytes.Buffer
	if err := json.MarshalWrite(&b, v); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func TestOrderIsWrittenByHandAsByTheLibrary(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		o := ordertest.Order().Draw(t, "order")
		h := ordertest.Happening().Draw(t, "happening")
		_, p := o.Split()
		for _, v := range []any{o, *o, h, *h, &p, p} {
			hand, err := json.Marshal(v)
			if err != nil {
				t.Fatal(err)
			}
			if want := byLibrary(t, v); !bytes.Equal(hand, want) {
				t.Fatalf("by hand\n%s\nby the library\n%s", hand, want)
			}
			appended, err := json.MarshalAppend([]byte("x"), v)
			if err != nil || string(appended) != "x"+string(hand) {
				t.Fatalf("appended: %s, %v", appended, err)
			}
		}
	})
}

func TestOrderRoundTrip(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		o := ordertest.Order().Draw(t, "order")
		text, err := json.Marshal(o)
		if err != nil {
			t.Fatal(err)
		}
		var back order.Order
		if err := json.UnmarshalStrict(text, &back); err != nil {
			t.Fatal(err)
		}
		if !reflect.DeepEqual(o, &back) {
			t.Fatalf("%s\nis read as another order: %q", text, order.Diff(o, &back))
		}
		h := ordertest.Happening().Draw(t, "happening")
		if text, err = json.Marshal(h); err != nil {
			t.Fatal(err)
		}
		var backH order.Happening
		if err := json.UnmarshalStrict(text, &backH); err != nil || !reflect.DeepEqual(h, &backH) {
			t.Fatalf("%s\nis read as another happening: %v", text, err)
		}
	})
}

// Parts that are there but empty, and every list of nothing.
func TestEmptyPartsAreWrittenByHandAsByTheLibrary(t *testing.T) {
	t.Parallel()
	zero := 0
	for _, v := range []any{
		&order.Order{}, &order.Personal{}, &order.Happening{}, (*order.Order)(nil), (*order.Personal)(nil), (*order.Happening)(nil),
		&order.Order{
			Customer: &order.Customer{}, Recipient: &order.Party{}, Billing: &order.Party{}, Lines: []order.Line{}, Totals: &order.Totals{},
			Shipping: &order.Shipping{}, Payment: &order.Payment{}, Review: &order.Review{}, Media: &order.Media{}, Notes: []order.Note{},
			References: []order.Reference{}, Extra: map[string]order.Raw{}, Cancellation: &order.Cancellation{},
		},
		&order.Order{
			Lines: []order.Line{{}, {
				Ordered: &order.Ordered{}, ReviewDelay: &zero, Components: []order.Product{}, Attachments: []order.Attachment{{Data: []byte{}}},
				SubstitutedFor: order.Raw{},
			}},
			Totals:   &order.Totals{Other: []order.Amount{{}}},
			Shipping: &order.Shipping{Parcels: []order.Parcel{{Lines: []string{}}}},
			Review:   &order.Review{Shop: &order.Invitation{Tags: []string{}, SKUs: []string{""}}, Products: &order.Invitation{Delay: &zero}},
			Media:    &order.Media{AdIDs: []string{}},
			Extra:    map[string]order.Raw{"nil": nil, "": order.Raw(` { "a" : 1 } `)},
		},
		&order.Happening{Parcel: &order.Parcel{}, Lines: []order.Line{}, Extra: map[string]order.Raw{}},
	} {
		hand, err := json.Marshal(v)
		if err != nil {
			t.Fatal(err)
		}
		if want := byLibrary(t, v); !bytes.Equal(hand, want) {
			t.Errorf("by hand\n%s\nby the library\n%s", hand, want)
		}
	}
}

func TestOrderThatCanNotBeWritten(t *testing.T) {
	t.Parallel()
	for _, o := range []*order.Order{
		{ID: "\xff"},
		{ID: "1", Extra: map[string]order.Raw{"a": order.Raw(`{`)}},
		{ID: "1", Extra: map[string]order.Raw{"a": order.Raw(`1 2`)}},
		{ID: "1", Extra: map[string]order.Raw{"\xff": order.Raw(`1`)}},
		{ID: "1", Extra: map[string]order.Raw{"a": order.Raw(`{"b":1,"b":2}`)}},
		{ID: "1", Lines: []order.Line{{SubstitutedFor: order.Raw(`"secret`)}}},
	} {
		text, err := json.Marshal(o)
		if err == nil {
			t.Errorf("written as %s", text)
		} else if strings.Contains(err.Error(), "secret") {
			t.Error(err)
		}
		if err := json.MarshalWrite(&bytes.Buffer{}, o); err == nil {
			t.Error("written by the library")
		}
	}
}

func TestCanonicalOrderIsMinimal(t *testing.T) {
	t.Parallel()
	var o order.Order
	if err := json.Unmarshal([]byte(threeLines), &o); err != nil {
		t.Fatal(err)
	}
	text, err := json.Marshal(&o)
	if err != nil || string(text) != threeLines {
		t.Errorf("%s, %v", text, err)
	}
	if text, _ = json.Marshal(&order.Order{ID: "1"}); string(text) != `{"id":"1"}` {
		t.Errorf("%s", text)
	}
}

func TestWritingAnOrderDoesNotAllocate(t *testing.T) {
	var o order.Order
	if err := json.Unmarshal([]byte(threeLines), &o); err != nil {
		t.Fatal(err)
	}
	b := make([]byte, 0, 4096)
	if n := testing.AllocsPerRun(100, func() { b, _ = json.MarshalAppend(b[:0], &o) }); n > 1 {
		t.Errorf("%v allocations", n)
	}
}

// Decode, encode, decode: stable from the first decoding on.
func FuzzOrder(f *testing.F) {
	f.Add([]byte(threeLines))
	f.Add([]byte(`{"id":"1","extra":{"a b":{"x": [1.0, "\u00e9\/"]}},"lines":[{"quantity":"-0.00","substituted_for":null}]}`))
	f.Add([]byte(`{"id":"1","lines":[{"total":1.0}]}`))
	f.Add([]byte(`{"id":"1","placed_at":"2026-02-30T00:00:00Z"}`))
	f.Fuzz(func(t *testing.T, text []byte) {
		var first, second order.Order
		if err := json.UnmarshalInput(text, &first); err != nil {
			if _, ok := json.Invalid(err); !ok {
				t.Fatalf("%q: %v is no fault of the input", text, err)
			}
			return
		}
		once, err := json.Marshal(&first)
		if err != nil {
			t.Fatalf("%q can not be written: %v", text, err)
		}
		if want := byLibrary(t, &first); !bytes.Equal(once, want) {
			t.Fatalf("by hand\n%s\nby the library\n%s", once, want)
		}
		if err := json.UnmarshalStrict(once, &second); err != nil {
			t.Fatalf("%s can not be read again: %v", once, err)
		}
		if d := order.Diff(&first, &second); d != nil {
			t.Fatalf("%q differs after reading again: %q", text, d)
		}
		if twice, err := json.Marshal(&second); err != nil || !bytes.Equal(once, twice) {
			t.Fatalf("not stable:\n%s\n%s", once, twice)
		}
	})
}
