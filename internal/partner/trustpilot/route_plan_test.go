package trustpilot_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/ordermux/ordermux/internal/json"
	"github.com/ordermux/ordermux/internal/order"
	"github.com/ordermux/ordermux/internal/partner"
	"github.com/ordermux/ordermux/internal/partner/partnertest"
)

// coffee is a line that Trustpilot can name.
func coffee() order.Line {
	return order.Line{Product: order.Product{
		SKU: "BON-250", Name: "Bönor", URL: "https://nordljus.example/p", ImageURL: "https://nordljus.example/i.jpg",
	}}
}

func day(n int) time.Time { return time.Date(2030, 1, n, 9, 0, 0, 0, time.UTC) }

// TestPlan says what would be asked and when: the order's wish, the route's
// setting, the shop's.
func TestPlan(t *testing.T) {
	t.Parallel()
	d := lonely(t, "")
	three := 3
	f := func(settings string, review *order.Review, lines []order.Line, at time.Time, invites ...string) {
		t.Helper()
		o := sold("SO-1")
		o.Review, o.Lines = review, lines
		p := d.route(settings).Plan(&o, day(2), day(1))
		if p.Skip != "" || !p.At.Equal(at) || !slices.Equal(p.Invites, invites) {
			t.Errorf("%s %+v: %+v", settings, review, p)
		}
	}
	none, lines := time.Time{}, []order.Line{coffee()}
	f("", nil, nil, none, "shop")
	f("", nil, lines, none, "shop")
	f(`"ask":"products"`, nil, lines, none, "products")
	f(`"ask":"both"`, nil, lines, none, "shop", "products")
	f(`"ask":"both"`, nil, nil, none, "shop")
	at := func(n int) *order.Invitation { return &order.Invitation{SendAt: order.At(day(n))} }
	f(`"ask":"both"`, &order.Review{Shop: at(15)}, lines, day(15), "shop")
	f("", &order.Review{Shop: &order.Invitation{Delay: &three}}, nil, day(4), "shop")
	f("", &order.Review{Shop: &order.Invitation{Delay: &three, SendAt: order.At(day(20))}}, nil, day(20), "shop")
	f("", &order.Review{Shop: at(15), Products: at(10)}, lines, day(15), "shop", "products")
	f("", &order.Review{Shop: at(15), Products: at(22)}, lines, day(15), "shop", "products")
	// One without a time must reach Trustpilot now.
	f("", &order.Review{Shop: at(15), Products: &order.Invitation{}}, lines, none, "shop", "products")
	f("", &order.Review{Products: at(22)}, lines, day(22), "products")
	f("", &order.Review{Products: &order.Invitation{SKUs: []string{"A"}}}, nil, none, "products")
	f(`"wait":"there"`, &order.Review{Shop: at(15)}, nil, none, "shop")
	d.hub.Settings.Ask = []string{"shop", "products"}
	f("", nil, lines, none, "shop", "products")
	d.hub.Settings.Delay = &three
	f("", nil, lines, day(4), "shop", "products")
	f(`"ask":"shop"`, nil, lines, day(4), "shop")
	d.hub.Settings.Hour = "10:00"
	f("", nil, lines, day(4).Add(time.Hour), "shop", "products")
	f("", &order.Review{Shop: at(15)}, lines, day(15), "shop")
}

// TestPlanSkips what is none of the route's.
func TestPlanSkips(t *testing.T) {
	t.Parallel()
	d := lonely(t, "")
	f := func(settings string, review *order.Review, code string) {
		t.Helper()
		o := sold("SO-1")
		o.Review = review
		o.Lines = []order.Line{{Product: order.Product{Name: "Without a code"}}}
		if p := d.route(settings).Plan(&o, day(1), day(1)); p.Skip == "" || p.Code != code {
			t.Errorf("%s: %+v", settings, p)
		}
	}
	f(`"ask":"products"`, nil, "no_products")
	f("", &order.Review{Products: &order.Invitation{}}, "no_products")
	f("", &order.Review{ByLink: true}, "by_link")
	if p := d.side.Plan(&order.Order{ID: "SO-1"}, day(1), day(1)); p.Skip != "" {
		t.Errorf("an order that nobody has completed yet: %+v", p)
	}
}

// TestRender shows what would go out, with the plan of the event that brought
// the order up, and products strictly after the shop.
func TestRender(t *testing.T) {
	t.Parallel()
	d := lonely(t, "")
	three := 3
	d.hub.Settings.Delay, d.hub.Settings.DelayProducts, d.hub.Settings.Ask = &three, &three, []string{"shop", "products"}
	d.hub.Settings.Language, d.hub.Settings.Tags, d.hub.Settings.Redirect = "da", []string{"from shop"}, "https://nordljus.example/tack"
	o := sold("SO#1")
	o.Locale, o.Lines = "", []order.Line{coffee()}
	task := partnertest.Tasks(o)[0]
	task.Planned = day(9)
	task.Event = order.Event{Kind: order.KindShipped, Happening: &order.Happening{Kind: order.KindShipped, At: order.At(day(9))}}
	got, err := d.side.Render(task)
	want := `{"consumerEmail":"eva@kund.example","consumerName":"Eva Lind","referenceNumber":"SO-1-c98b9c62","locale":"da-DK","type":"email",` +
		`"serviceReviewInvitation":{"preferredSendTime":"2030-01-12T09:00:00","redirectUri":"https://nordljus.example/tack","tags":["from_shop"]},` +
		`"productReviewInvitation":{"preferredSendTime":"2030-01-12T09:01:00","redirectUri":"https://nordljus.example/tack","products":[{"sku":"BON-250","name":"Bönor",` +
		`"productUrl":"https://nordljus.example/p","imageUrl":"https://nordljus.example/i.jpg"}]}}`
	if err != nil || string(got) != want {
		t.Errorf("%s %v\nwant %s", got, err, want)
	}
	if _, err := d.side.Render(partner.Task{}); err == nil {
		t.Error("no order renders")
	}
}

// FuzzReference never lets two orders share a reference, nor sends what is
// forbidden; tags likewise.
func FuzzReference(f *testing.F) {
	f.Add("SO-1", "SO#1")
	f.Add("A*B", "A+B")
	f.Add("A-B", "A&B\x7f")
	f.Fuzz(func(t *testing.T, a, b string) {
		d := lonely(t, "")
		reference := func(id string) (string, []string) {
			o := sold(id)
			o.Review = &order.Review{Shop: &order.Invitation{Tags: []string{id}}}
			got, err := d.side.Render(partnertest.Tasks(o)[0])
			if err != nil {
				return "", nil // not UTF-8
			}
			var w struct {
				Reference string `json:"referenceNumber"`
				Service   struct {
					Tags []string `json:"tags"`
				} `json:"serviceReviewInvitation"`
			}
			if err := json.Unmarshal(got, &w); err != nil {
				t.Fatal(err)
			}
			return w.Reference, w.Service.Tags
		}
		x, tags := reference(a)
		y, _ := reference(b)
		if x == y && a != b && x != "" {
			t.Errorf("%q and %q share %q", a, b, x)
		}
		if strings.ContainsAny(x, `#*+"%&`) {
			t.Errorf("%q is sent as %q", a, x)
		}
		for _, tag := range tags {
			if strings.Trim(tag, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.-") != "" || tag == "" {
				t.Errorf("%q gives the tag %q", a, tag)
			}
		}
	})
}
