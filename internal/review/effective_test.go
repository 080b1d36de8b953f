package review_test

import (
	"log/slog"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/ordermux/ordermux/internal/order"
	"github.com/ordermux/ordermux/internal/partner"
	"github.com/ordermux/ordermux/internal/partner/partnertest"
	"github.com/ordermux/ordermux/internal/review"
	"github.com/ordermux/ordermux/internal/secret"
)

// office is a book over a hub in memory, whose clock and configuration can be
// set.
type office struct {
	*partnertest.Hub
	book       *review.Book
	configured review.Settings
	now        time.Time
}

const shop = partnertest.Shop

func newOffice(t *testing.T) *office {
	t.Helper()
	stockholm, err := time.LoadLocation("Europe/Stockholm")
	if err != nil {
		t.Fatal(err)
	}
	o := &office{now: time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)}
	o.Hub = partnertest.NewHub(func() time.Time { return o.now })
	state := o.Deps(partner.Partner{}).State
	o.book = review.New(review.Options{
		KV: func(string) review.KV { return state }, Key: secret.NewKey(),
		Shops: func(id string) (review.Shop, bool) {
			return review.Shop{Name: "Nordlys Kaffe", Location: stockholm, Settings: o.configured}, id == shop
		},
		PublicURL: func() string { return "https://orders.nordlys.example" },
		Append:    o.Append, Merged: o.Merged, Now: func() time.Time { return o.now }, Log: slog.New(slog.DiscardHandler),
	})
	return o
}

// set replaces what is set while the hub runs.
func (o *office) set(t *testing.T, s review.Settings) {
	t.Helper()
	if err := o.book.SetSettings(t.Context(), shop, s); err != nil {
		t.Fatal(err)
	}
}

func (o *office) effective(sale *order.Order) review.Effective {
	return o.book.Effective(shop, sale, o.now, o.now)
}

func number(n int) *int { return &n }

func bought(r *order.Review) *order.Order {
	return &order.Order{ID: "A-1", Review: r, Lines: []order.Line{
		{Product: order.Product{Code: "BON-250", Name: "Espresso"}}, {Product: order.Product{Code: "BON-250", Name: "Espresso"}},
		{Kind: order.LinePostage, Product: order.Product{Code: "DHL"}}, {Product: order.Product{SKU: "MUG-1", URL: "javascript:alert(1)"}},
	}}
}

func TestEffectiveDefaults(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	e := o.effective(&order.Order{ID: "A-1"})
	if e.Products != nil || !slices.Equal(e.Ask.Value, []string{"shop"}) || e.Ask.Origin != review.FromDefault ||
		!e.Shop.At.Value.Equal(o.now.AddDate(0, 0, 7)) || e.Shop.At.Origin != review.FromDefault ||
		e.SenderName != (review.Value[string]{Value: "Nordlys Kaffe", Origin: review.FromDefault}) || e.From.Value != "" || e.ReplyTo.Value != "" ||
		e.Locale.Value != "en" || e.Shop.Redirect.Value != "" || e.Shop.Tags.Value != nil || e.Warnings != nil {
		t.Errorf("%+v", e)
	}
	if e.For([]string{"products"}) != nil || e.For(nil) != e.Shop || e.For([]string{"shop"}) != e.Shop {
		t.Error("For")
	}
}

// The order's wish before what is set, that before the configuration, that
// before the default; each value by itself.
func TestEffectiveOrigins(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	o.configured = review.Settings{
		SenderName: "From the file", Language: "de", Delay: number(3), Ask: []string{"products"}, Tags: []string{"file"},
		Redirect: "https://nordlys.example/file", Location: "Lund", Senders: []string{"nordlys.example"}, SenderEmail: "file@nordlys.example",
	}
	e := o.effective(bought(nil))
	if e.Shop != nil || e.Products == nil || e.Ask.Origin != review.FromConfiguration || e.SenderName.Value != "From the file" || e.Locale.Value != "de" ||
		!e.Products.At.Value.Equal(o.now.AddDate(0, 0, 3)) || e.Products.At.Origin != review.FromConfiguration ||
		e.From.Value != "file@nordlys.example" || e.Location.Value != "Lund" || e.Products.Tags.Value[0] != "file" {
		t.Errorf("configured: %+v", e)
	}
	o.set(t, review.Settings{SenderName: "Set", Language: "sv-SE", DelayProducts: number(0), Redirect: "https://nordlys.example/set"})
	e = o.effective(bought(nil))
	if e.SenderName != (review.Value[string]{Value: "Set", Origin: review.FromSettings}) || e.Locale.Value != "sv-SE" ||
		!e.Products.At.Value.Equal(o.now) || e.Products.At.Origin != review.FromSettings || e.Products.Redirect.Origin != review.FromSettings ||
		e.Location.Origin != review.FromConfiguration || e.Ask.Origin != review.FromConfiguration {
		t.Errorf("set: %+v", e)
	}
	sale := bought(&order.Review{
		Shop:       &order.Invitation{SendAt: order.At(o.now.Add(-time.Hour)), Tags: []string{"a"}, Redirect: "http://nordlys.example/order"},
		SenderName: "Ordered", Location: "Malmö",
	})
	sale.Locale = "pl_PL"
	e = o.effective(sale)
	if e.Products != nil || !slices.Equal(e.Ask.Value, []string{"shop"}) || e.Ask.Origin != review.FromOrder || e.Locale.Value != "pl-PL" ||
		!e.Shop.At.Value.Equal(o.now.Add(-time.Hour)) || e.Shop.At.Origin != review.FromOrder || e.SenderName.Value != "Ordered" ||
		e.Shop.Redirect.Value != "http://nordlys.example/order" || e.Location.Value != "Malmö" || !slices.Equal(e.Shop.Tags.Value, []string{"a"}) {
		t.Errorf("ordered: %+v", e)
	}
	if s, err := o.book.Settings(t.Context(), shop); err != nil || s.SenderName != "Set" || *s.Delay != 3 || *s.DelayProducts != 0 {
		t.Errorf("%+v, %v", s, err)
	}
}

// What decides when and how often is told too, with its origin.
func TestEffectiveDays(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	o.configured = review.Settings{Delay: number(3), Hour: "09:00", Frequency: number(30), Ask: []string{"shop", "products"}}
	o.set(t, review.Settings{Reminder: number(5), DelayProducts: number(8)})
	days := func(n int, from review.Origin) review.Value[int] { return review.Value[int]{Value: n, Origin: from} }
	e := o.effective(bought(nil))
	if e.Frequency != days(30, review.FromConfiguration) || e.Remind != days(5, review.FromSettings) ||
		*e.Shop.Delay != days(3, review.FromConfiguration) || *e.Products.Delay != days(8, review.FromSettings) ||
		*e.Shop.Hour != (review.Value[string]{Value: "09:00", Origin: review.FromConfiguration}) {
		t.Errorf("%+v %+v", e, e.Shop)
	}
	if e.Both != e.For(nil) || *e.Both.Delay != days(8, review.FromSettings) || e.Both.At != e.Products.At {
		t.Errorf("%+v", e.Both)
	}
	e = o.effective(bought(&order.Review{Shop: &order.Invitation{Delay: number(0)}, Products: &order.Invitation{SendAt: order.At(o.now)}}))
	if *e.Shop.Delay != days(0, review.FromOrder) || e.Shop.Hour != nil || e.Products.Delay != nil || e.Products.Hour != nil {
		t.Errorf("%+v %+v", e.Shop, e.Products)
	}
	if e := newOffice(t).effective(bought(nil)); e.Both != nil || e.Frequency != days(0, review.FromDefault) || e.Remind != days(0, review.FromDefault) || *e.Shop.Delay != days(7, review.FromDefault) {
		t.Errorf("%+v", e)
	}
}

func TestEffectiveTimes(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	at := func(sale *order.Order, want string) {
		t.Helper()
		e := o.effective(sale)
		if got := e.For(nil).At.Value.UTC().Format("2006-01-02 15:04"); got != want {
			t.Errorf("%s, want %s", got, want)
		}
	}
	o.configured = review.Settings{Delay: number(7), Hour: "09:00"}
	at(&order.Order{}, "2026-03-08 08:00") // in Stockholm's winter
	o.configured.Delay = number(29)
	at(&order.Order{}, "2026-03-30 07:00") // and summer
	o.configured.Delay = number(0)
	at(&order.Order{}, "2026-03-02 08:00") // today's nine is over
	o.configured.Hour = "23:30"
	at(&order.Order{}, "2026-03-01 22:30")
	// The order's own days have no hour.
	at(&order.Order{Review: &order.Review{Shop: &order.Invitation{Delay: number(2)}}}, "2026-03-03 12:00")
	// One mail about both waits for the later one.
	both := bought(&order.Review{Shop: &order.Invitation{Delay: number(2)}, Products: &order.Invitation{Delay: number(9)}})
	at(both, "2026-03-10 12:00")
	e := o.effective(both)
	if got := e.For([]string{"shop"}).At.Value; !got.Equal(o.now.AddDate(0, 0, 2)) {
		t.Errorf("the shop alone: %v", got)
	}
	if i := e.For([]string{"products", "shop"}); len(i.Kinds) != 2 {
		t.Errorf("%+v", i)
	}
	// Lines that want more time have it.
	slow := bought(&order.Review{Products: &order.Invitation{}})
	slow.Lines[0].ReviewDelay, slow.Lines[3].ReviewDelay = number(4), number(14)
	at(slow, "2026-03-15 12:00")
}

// An address whose domain is not the shop's is not sent from, whoever asks.
func TestEffectiveSender(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	f := func(r order.Review, from, reply string) {
		t.Helper()
		e := o.effective(&order.Order{Review: &r})
		if e.From.Value != from || e.ReplyTo.Value != reply || (len(e.Warnings) > 0) != (r.SenderEmail != "" && from == "") {
			t.Errorf("%+v: from %q, reply to %q, %q", r, e.From.Value, e.ReplyTo.Value, e.Warnings)
		}
	}
	o.configured = review.Settings{Senders: []string{"nordlys.example"}, ReplyTo: "svar@nordlys.example"}
	f(order.Review{}, "", "svar@nordlys.example")
	f(order.Review{SenderEmail: "hej@nordlys.example"}, "hej@nordlys.example", "svar@nordlys.example")
	f(order.Review{SenderEmail: "hej@NORDLYS.example", ReplyTo: "b@elsewhere.example"}, "hej@NORDLYS.example", "b@elsewhere.example")
	f(order.Review{SenderEmail: "hej@elsewhere.example"}, "", "hej@elsewhere.example")
	f(order.Review{SenderEmail: "hej@elsewhere.example", ReplyTo: "b@elsewhere.example"}, "", "b@elsewhere.example")
	f(order.Review{SenderEmail: "hej@sub.nordlys.example"}, "", "hej@sub.nordlys.example")
	f(order.Review{SenderEmail: "hej@elsewhere.example@nordlys.example"}, "", "hej@elsewhere.example@nordlys.example")
	f(order.Review{SenderEmail: "x\r\nBcc: <a@nordlys.example"}, "", "x\r\nBcc: <a@nordlys.example")
	// What is set can not name domains.
	err := o.book.SetSettings(t.Context(), shop, review.Settings{Senders: []string{"elsewhere.example"}})
	if err == nil || !strings.Contains(err.Error(), "senders: only the configuration") {
		t.Errorf("%v", err)
	}
}

func TestEffectiveLeavesOut(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	f := func(sale *order.Order, warning string) review.Effective {
		t.Helper()
		e := o.effective(sale)
		if len(e.Warnings) != 1 || !strings.Contains(e.Warnings[0], warning) {
			t.Errorf("%q, want %q", e.Warnings, warning)
		}
		return e
	}
	if e := f(&order.Order{Review: &order.Review{Products: &order.Invitation{}}}, "names no product"); e.For(nil) != nil {
		t.Errorf("%+v", e)
	}
	for _, evil := range []string{"javascript:alert(1)", "nordlys.example", "//nordlys.example", "ftp://nordlys.example", "https://a:b@nordlys.example", "https://nordlys.example/\r\nx", "data:text/html,x"} {
		if e := f(&order.Order{Review: &order.Review{Shop: &order.Invitation{Redirect: evil}}}, "redirect"); e.Shop.Redirect.Value != "" {
			t.Errorf("%q: %+v", evil, e.Shop.Redirect)
		}
	}
	if e := f(&order.Order{Locale: "swedish, please"}, "language"); e.Locale.Value != "en" {
		t.Errorf("%+v", e.Locale)
	}
	if e := f(&order.Order{Review: &order.Review{Shop: &order.Invitation{Template: "507f191e810c19729de860ea"}}}, "template"); e.Shop.Template.Value == "" {
		t.Error("no template")
	}
	got := review.Products(bought(&order.Review{Products: &order.Invitation{SKUs: []string{"X-1", "BON-250"}}}))
	want := []review.Product{{Ref: "BON-250", Name: "Espresso"}, {Ref: "MUG-1", Name: "MUG-1"}, {Ref: "X-1", Name: "X-1"}}
	if !slices.Equal(got, want) {
		t.Errorf("%+v", got)
	}
}

func TestSettings(t *testing.T) {
	t.Parallel()
	f := func(s review.Settings, want string) {
		t.Helper()
		faults := s.Check()
		if len(faults) != 1 || faults[0].Path+": "+faults[0].Reason != want {
			t.Errorf("%v, want %s", faults, want)
		}
	}
	f(review.Settings{SenderName: "a\nb"}, "sender_name: must not hold line breaks or other control characters")
	f(review.Settings{SenderEmail: "Hej <hej@nordlys.example>"}, "sender_email: must be a mail address such as hello@shop.example, without a name")
	f(review.Settings{ReplyTo: "hej"}, "reply_to: must be a mail address such as hello@shop.example, without a name")
	f(review.Settings{Ask: []string{"shop", "x"}}, "ask[1]: must be shop or products")
	f(review.Settings{Delay: number(-1)}, "delay: must be a number of days from 0 to 3650")
	f(review.Settings{Hour: "24:00"}, `hour: must be a time of day such as "09:00"`)
	f(review.Settings{Tags: []string{"å"}}, "tags[0]: must be 1 to 100 of the characters a-z, A-Z, 0-9, _, - and .")
	f(review.Settings{Location: strings.Repeat("x", 201)}, "location: must not be longer than 200 characters")
	f(review.Settings{Senders: make([]string, 51)[:1]}, "senders[0]: must be a domain in lower case such as shop.example")
	if s := (review.Settings{SenderName: "Ärlig", Templates: map[string]string{"both/pt-BR": "507f191e810c19729de860ea"}, Senders: []string{"a.example"}}); s.Check() != nil {
		t.Error(s.Check())
	}
}

// What one node sets the others see within five seconds, and at once itself.
func TestSettingsOfAnotherNode(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	other := *o
	state := o.Deps(partner.Partner{}).State
	other.book = review.New(review.Options{
		KV: func(string) review.KV { return state }, Key: secret.NewKey(),
		Shops: func(string) (review.Shop, bool) { return review.Shop{Name: "Nordlys"}, true },
		Now:   func() time.Time { return o.now }, Log: slog.New(slog.DiscardHandler),
	})
	name := func(b *review.Book) string {
		s, err := b.Settings(t.Context(), shop)
		if err != nil {
			t.Fatal(err)
		}
		return s.SenderName
	}
	if name(o.book)+name(other.book) != "" {
		t.Fatal("not empty")
	}
	o.set(t, review.Settings{SenderName: "New"})
	if name(o.book) != "New" {
		t.Error("not at once")
	}
	o.now = o.now.Add(5 * time.Second)
	if name(other.book) != "New" {
		t.Error("not after five seconds")
	}
}
