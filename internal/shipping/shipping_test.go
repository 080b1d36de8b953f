package shipping_test

import (
	"fmt"
	"strings"
	"testing"
	"time"
	_ "time/tzdata"

	"github.com/ordermux/ordermux/internal/order"
	"github.com/ordermux/ordermux/internal/shipping"
)

func number(t *testing.T, text string) order.Decimal {
	t.Helper()
	if text == "" {
		return order.Decimal{}
	}
	d, err := order.ParseDecimal(text)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func road(t *testing.T) shipping.Courier {
	return shipping.Courier{
		Key: "road", ID: 5, Name: "Road", Countries: []string{"PL", "SE"}, MinWeight: number(t, "0.5"), MaxWeight: number(t, "20"),
		MaxValue: number(t, "1000.00"), Payments: []string{"prepaid"},
		Prices: []shipping.Price{
			{Country: "PL", UpTo: number(t, "5"), Price: number(t, "12.90")},
			{Country: "PL", Price: number(t, "19.90")},
			{UpTo: number(t, "10"), Price: number(t, "30")},
		},
	}
}

// TestServes: every limit is inclusive, and what is not known breaks none.
func TestServes(t *testing.T) {
	t.Parallel()
	f := func(country, weight, value, payment string, want shipping.Reason) {
		t.Helper()
		c := road(t)
		b := shipping.Basket{Country: country, Weight: number(t, weight), Value: number(t, value), Payment: payment}
		if got := c.Serves(b); got != want {
			t.Errorf("%s %s kg, %s, %s: %q, want %q", country, weight, value, payment, got, want)
		}
	}
	f("PL", "1", "10", "prepaid", shipping.Serves)
	f("pl", "1", "10", "", shipping.Serves)
	f("DE", "1", "10", "", shipping.NotThere)
	f("", "1", "10", "", shipping.NotThere)
	f("PL", "0.5", "", "", shipping.Serves)
	f("PL", "0.49", "", "", shipping.TooLight)
	f("PL", "0", "", "", shipping.TooLight)
	f("PL", "", "", "", shipping.Serves)
	f("PL", "20.000", "", "", shipping.Serves)
	f("PL", "20.001", "", "", shipping.TooHeavy)
	f("PL", "1", "1000", "", shipping.Serves)
	f("PL", "1", "1000.01", "", shipping.TooDear)
	f("PL", "1", "1", "cash_on_delivery", shipping.NotSo)
	f("SE", "10", "1", "", shipping.Serves)
	f("SE", "10.5", "1", "", shipping.NoPriceRow)
	f("SE", "", "1", "", shipping.Serves)

	anything := shipping.Courier{Key: "any", ID: 1, Name: "Any"}
	if why := anything.Serves(shipping.Basket{}); why != shipping.Serves {
		t.Error(why)
	}
}

// TestOffers: the cheapest first, of equal price as configured; no table is no
// charge.
func TestOffers(t *testing.T) {
	t.Parallel()
	list := []shipping.Courier{
		{Key: "flat", ID: 1, Name: "Flat", Prices: []shipping.Price{{Price: number(t, "12.900")}}},
		road(t),
		{Key: "free", ID: 9, Name: "Free", Countries: []string{"PL"}},
	}
	f := func(country, weight, want string) {
		t.Helper()
		var got []string
		for _, o := range shipping.Offers(list, shipping.Basket{Country: country, Weight: number(t, weight)}, time.Unix(0, 0), time.UTC) {
			got = append(got, o.Key+" "+o.Cost.String())
		}
		if s := strings.Join(got, ", "); s != want {
			t.Errorf("%s %s kg: %s, want %s", country, weight, s, want)
		}
	}
	f("PL", "5", "free 0.00, flat 12.900, road 12.90")
	f("PL", "5.1", "free 0.00, flat 12.900, road 19.90")
	f("SE", "2", "flat 12.900, road 30")
	f("DE", "2", "flat 12.900")
	if got := shipping.Offers(nil, shipping.Basket{}, time.Unix(0, 0), time.UTC); got == nil || len(got) != 0 {
		t.Error(got)
	}
}

// TestLeaves: what comes until the cut-off leaves that day, later the next;
// across the days on which clocks change.
func TestLeaves(t *testing.T) {
	t.Parallel()
	warsaw, err := time.LoadLocation("Europe/Warsaw")
	if err != nil {
		t.Fatal(err)
	}
	f := func(cutOff, now, want string) {
		t.Helper()
		at, err := time.Parse(time.RFC3339, now)
		if err != nil {
			t.Fatal(err)
		}
		got := shipping.Offers([]shipping.Courier{{ID: 1, Name: "A", CutOff: cutOff}}, shipping.Basket{}, at, warsaw)
		if len(got) != 1 || got[0].Leaves.Format(time.RFC3339) != want {
			t.Errorf("%s with cut-off %s: %v, want %s", now, cutOff, got, want)
		}
	}
	f("", "2026-05-01T10:00:00Z", "2026-05-01T12:00:00+02:00")
	f("14:00", "2026-05-01T10:00:00Z", "2026-05-01T14:00:00+02:00")
	f("14:00", "2026-05-01T12:00:00Z", "2026-05-01T14:00:00+02:00")
	f("14:00", "2026-05-01T12:00:01Z", "2026-05-02T14:00:00+02:00")
	f("14:00", "2026-05-01T23:30:00Z", "2026-05-02T14:00:00+02:00") // it is tomorrow there already
	f("14:00", "2026-12-31T20:00:00Z", "2027-01-01T14:00:00+01:00")
	f("14:00", "2026-03-28T20:00:00Z", "2026-03-29T14:00:00+02:00")
	f("14:00", "2026-10-24T20:00:00Z", "2026-10-25T14:00:00+01:00")
}

func TestTrackingURL(t *testing.T) {
	t.Parallel()
	f := func(template, parcel, want string) {
		t.Helper()
		c := shipping.Courier{Tracking: template}
		if got := c.TrackingURL(parcel); got != want {
			t.Errorf("%s with %q: %s, want %s", template, parcel, got, want)
		}
	}
	f("https://track.example/{parcel}", "P-1.a_b~c", "https://track.example/P-1.a_b~c")
	f("https://track.example/{parcel}?n={parcel}", "1", "https://track.example/1?n=1")
	f("https://track.example/?n={parcel}", "a b+c&d=e/f?g#h%", "https://track.example/?n=a%20b%2Bc%26d%3De%2Ff%3Fg%23h%25")
	f("https://track.example/{parcel}", "ä\"<>\n", "https://track.example/%C3%A4%22%3C%3E%0A")
	f("https://track.example/{parcel}", "{parcel}", "https://track.example/%7Bparcel%7D")
	f("https://track.example/{parcel}", "", "")
	f("", "1", "")
}

func TestFind(t *testing.T) {
	t.Parallel()
	list := []shipping.Courier{{Key: "dpd", ID: 5, Name: "DPD Classic"}, {Key: "5", ID: 7, Name: "Seven"}, {Key: "x", ID: 9, Name: "dpd"}}
	f := func(word, want string) {
		t.Helper()
		c, ok := shipping.Find(list, word)
		if ok != (want != "") || ok && c.Key != want {
			t.Errorf("%q: %v", word, c)
		}
	}
	f("dpd", "dpd")
	f("DPD", "x")
	f("dpd classic", "dpd")
	f("5", "5") // a key before a number
	f("7", "5")
	f("9", "x")
	f("", "")
	f("gls", "")
}

func TestCheck(t *testing.T) {
	t.Parallel()
	f := func(change func(*shipping.Courier), want ...string) {
		t.Helper()
		c := road(t)
		change(&c)
		var got []string
		for _, fault := range shipping.Check(&c) {
			got = append(got, fault.Field)
			if fault.Text == "" {
				t.Errorf("%s without a sentence", fault.Field)
			}
		}
		if fmt.Sprint(got) != fmt.Sprint(want) {
			t.Errorf("%v, want %v", got, want)
		}
	}
	f(func(*shipping.Courier) {})
	f(func(c *shipping.Courier) { c.ID = 0 }, "id")
	f(func(c *shipping.Courier) { c.ID = shipping.MaxID + 1 }, "id")
	f(func(c *shipping.Courier) { c.Name = "" }, "name")
	f(func(c *shipping.Courier) { c.Name = "a\nb" }, "name")
	f(func(c *shipping.Courier) { c.Name = strings.Repeat("ä", 101) }, "name")
	f(func(c *shipping.Courier) { c.Countries = []string{"PL", "pl", "POL"} }, "countries[1]", "countries[2]")
	f(func(c *shipping.Courier) { c.Payments = []string{"On delivery"} }, "payments[0]")
	f(func(c *shipping.Courier) { c.MinWeight = number(t, "-1") }, "min_weight")
	f(func(c *shipping.Courier) { c.MinWeight = number(t, "21") }, "min_weight")
	f(func(c *shipping.Courier) { c.MaxWeight = number(t, "0") })
	f(func(c *shipping.Courier) { c.MaxValue = number(t, "-0.01") }, "max_value")
	f(func(c *shipping.Courier) { c.CutOff = "24:00" }, "cut_off")
	f(func(c *shipping.Courier) { c.CutOff = "9:00" }, "cut_off")
	f(func(c *shipping.Courier) { c.Prices = []shipping.Price{{Country: "Poland", UpTo: number(t, "-1")}} }, "prices[0].country", "prices[0].up_to", "prices[0].price")
	f(func(c *shipping.Courier) { c.Tracking = "https://track.example/" }, "tracking")
	f(func(c *shipping.Courier) { c.Tracking = "track.example/{parcel}" }, "tracking")
	f(func(c *shipping.Courier) { c.Tracking = "javascript:alert({parcel})" }, "tracking")
	f(func(c *shipping.Courier) { c.Tracking = "https://me:word@track.example/{parcel}" }, "tracking")
}

func TestIsCountry(t *testing.T) {
	t.Parallel()
	for word, want := range map[string]bool{"SE": true, "se": true, "": false, "S": false, "SWE": false, "S1": false, " SE": false} {
		if shipping.IsCountry(word) != want {
			t.Errorf("%q: %t", word, !want)
		}
	}
}

// FuzzTrackingURL: a stranger's number never gets out of its place.
func FuzzTrackingURL(f *testing.F) {
	for _, s := range []string{"1", "a/../b", "?x=1#", "\x00\xff", "{parcel}", " +%"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, parcel string) {
		got := shipping.TrackingURL("https://track.example/{parcel}?a=b", parcel)
		if parcel == "" {
			return
		}
		middle, ok := strings.CutPrefix(got, "https://track.example/")
		middle, ok2 := strings.CutSuffix(middle, "?a=b")
		if !ok || !ok2 || strings.ContainsAny(middle, "/?#&=+ \"'<>\\\r\n") {
			t.Errorf("%q: %s", parcel, got)
		}
	})
}
