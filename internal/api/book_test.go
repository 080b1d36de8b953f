package api_test

import (
	"context"
	"errors"
	"iter"
	"log/slog"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/ordermux/ordermux/internal/api"
	"github.com/ordermux/ordermux/internal/delivery"
	"github.com/ordermux/ordermux/internal/order"
	"github.com/ordermux/ordermux/internal/partner"
	"github.com/ordermux/ordermux/internal/review"
	"github.com/ordermux/ordermux/internal/secret"
)

// ownTemplate is a template that every shop of a test has.
const ownTemplate = `{"name":"own","kind":"shop","locale":"sv","subject":"Hej {{.FirstName}}","text":"{{.Link}} {{.Unsubscribe}}"}`

var ownID = review.TemplateID("nordlys", "own")

// memory is a small key-value store.
type memory struct {
	mu   sync.Mutex
	keys map[string][]byte
}

func (m *memory) Get(_ context.Context, key string) ([]byte, bool, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	v, ok := m.keys[key]
	return v, ok, nil
}

func (m *memory) Put(_ context.Context, key string, value []byte, _ time.Duration) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.keys[key] = value
	return nil
}

func (m *memory) Delete(_ context.Context, key string) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	delete(m.keys, key)
	return nil
}

func (m *memory) List(_ context.Context, prefix, after string, limit int) (keys []string, values [][]byte, err error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for key := range m.keys {
		if strings.HasPrefix(key, prefix) && key > after {
			keys = append(keys, key)
		}
	}
	slices.Sort(keys)
	keys = keys[:min(limit, len(keys))]
	for _, key := range keys {
		values = append(values, m.keys[key])
	}
	return keys, values, nil
}

// shelf has three reviews.
type shelf struct{}

func (shelf) Record(string, review.Review) order.Effect { return nil }

func (shelf) List(_ context.Context, _ string, f review.Filter) (page []review.Review, next string, err error) {
	all := []review.Review{
		{Reviewed: order.Reviewed{ID: "r-3", About: order.AboutProduct, Product: "p1", Stars: 5, Tags: []string{"a", "b"}}, Order: "1002", Source: "review:form", At: now, Title: "=Good", Text: "Very, \"good\""},
		{Reviewed: order.Reviewed{ID: "r-2", About: order.AboutShop, Stars: 1, Platform: "trustpilot", Verified: true}, Order: "1001", Source: "route:out", At: now.Add(-time.Hour)},
		{Reviewed: order.Reviewed{ID: "r-1", About: order.AboutShop, Stars: 4, Locale: "sv"}, Order: "1001", Source: "review:form", At: now.Add(-2 * time.Hour), Erased: true},
	}
	start := 0
	if f.Cursor != "" {
		start = slices.IndexFunc(all, func(r review.Review) bool { return r.ID == f.Cursor })
	}
	if start < 0 {
		return nil, "", order.Refuse("cursor", order.Malformed, "is none that a page gave")
	}
	for _, r := range all[start:] {
		if !f.Selects(&r) {
			continue
		}
		if len(page) == f.Limit || len(page) == 2 {
			return page, r.ID, nil
		}
		page = append(page, r)
	}
	return page, "", nil
}

func (shelf) Totals(_ context.Context, _ string, d review.Dimension, value, from, to string) ([]review.Total, error) {
	if d != review.ByTag {
		return []review.Total{{Month: "2026-05", Count: 3, Stars: 10}}, nil
	}
	return []review.Total{
		{Value: "a", Month: "2026-04", Count: 2, Stars: 7}, {Value: "a", Month: "2026-05", Count: 1, Stars: 5}, {Value: "b", Month: "2026-05", Count: 1, Stars: 5},
	}, nil
}

// newBook makes the book of invitations of a shop that has set a few things.
func newBook(t *testing.T) *review.Book {
	t.Helper()
	var mu sync.Mutex
	shops := map[string]*memory{}
	three := 3
	b := review.New(review.Options{
		KV: func(shop string) review.KV {
			mu.Lock()
			defer mu.Unlock()
			if shops[shop] == nil {
				shops[shop] = &memory{keys: map[string][]byte{}}
			}
			return shops[shop]
		},
		Store: shelf{}, Key: secret.NewKey(),
		Shops: func(shop string) (review.Shop, bool) {
			return review.Shop{Name: "Nordlys Kaffe", Settings: review.Settings{Delay: &three, SenderName: "Nordlys", ReplyTo: "hej@nordlys.example"}}, shop == "nordlys"
		},
		PublicURL: func() string { return "https://hub.example" },
		Now:       func() time.Time { return now }, Log: slog.New(slog.DiscardHandler),
	})
	_, err := b.PutTemplate(t.Context(), "nordlys", review.Template{Name: "own", Kind: "shop", Locale: "sv", Subject: "Hej", Text: "{{.Link}} {{.Unsubscribe}}"})
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// invites are a route that mails and one that hands over to a platform.
func invites(shop string) []api.InvitingRoute {
	if shop != "nordlys" {
		return nil
	}
	both := []string{partner.InviteShop, partner.InviteProducts}
	return []api.InvitingRoute{
		{Name: "ads", Partner: "mail", Mails: true, Kinds: both, Plan: func(o *order.Order, base, _ time.Time) partner.Plan {
			return partner.Plan{At: base.Add(72 * time.Hour), Invites: both[:1]}
		}},
		{Name: "stars", Partner: "trustpilot", Kinds: both},
	}
}

func TestInvitationSettings(t *testing.T) {
	t.Parallel()
	h := newHub(t)
	c := h.client("nordlys-operate")
	s, err := c.InvitationSettings(ctx, "nordlys")
	if err != nil || *s.InForce.Delay != 3 || s.Origins["delay"] != review.FromConfiguration {
		t.Fatalf("%+v %v", s, err)
	}
	s, err = c.ChangeInvitationSettings(ctx, "nordlys", []byte(`{"delay":10,"sender_name":"Kaffe","tags":["a"],"public":true}`))
	if err != nil || *s.InForce.Delay != 10 || s.InForce.SenderName != "Kaffe" || s.Origins["delay"] != review.FromSettings || *s.Configured.Delay != 3 {
		t.Fatalf("%+v %v", s, err)
	}
	// What is not named stays; null goes back to the configuration.
	s, err = c.ChangeInvitationSettings(ctx, "nordlys", []byte(`{"delay":null,"public":false}`))
	if err != nil || *s.InForce.Delay != 3 || s.InForce.SenderName != "Kaffe" || s.Origins["delay"] != review.FromConfiguration || *s.InForce.Public {
		t.Fatalf("%+v %v", s, err)
	}
	want := []string{
		"operator:noperate: change invitation settings: delay, public, sender_name, tags",
		"operator:noperate: change invitation settings: delay, public",
	}
	if d := cmp.Diff(want, h.ledger.acts("nordlys")); d != "" {
		t.Error(d)
	}
	f := func(body, path string) {
		t.Helper()
		r := h.call("PUT", "/api/v1/shops/nordlys/invitations/settings", admin, body)
		if p := r.problem(t); r.status != 400 || len(p.Faults) != 1 || p.Faults[0].Path != path {
			t.Errorf("%s: %d %s", body, r.status, r.body)
		}
	}
	f(`{"hour":"25:00"}`, "hour")
	f(`{"delay":"soon"}`, "delay")
	f(`{"colour":"red"}`, "colour")
	f(`{"senders":["shop.example"]}`, "senders")
	f(`{}`, "")
}

func TestTemplates(t *testing.T) {
	t.Parallel()
	var sent []string
	h := newHub(t, func(o *api.Options) {
		o.Operator.SendTest = func(_ context.Context, to string, l review.Letter) error {
			sent = append(sent, to+" "+l.Subject)
			return nil
		}
	})
	c := h.client("nordlys-operate")
	kept, err := c.PutTemplate(ctx, "nordlys", api.NewTemplate{Name: "warm", Kind: "shop", Locale: "sv", Default: true, Subject: "Hej {{.FirstName}}", Text: "{{.Link}} {{.Unsubscribe}}", HTML: "<a href=\"{{.Link}}\">x</a> {{.Unsubscribe}}"})
	if err != nil || kept.ID != review.TemplateID("nordlys", "warm") {
		t.Fatalf("%+v %v", kept, err)
	}
	list, err := c.Templates(ctx, "nordlys")
	if err != nil || len(list.Templates) < 3 || list.Templates[1].Name != "warm" || !list.Templates[len(list.Templates)-1].Shipped {
		t.Errorf("%v", err)
	}
	unkept := api.NewTemplate{Name: "other", Kind: "shop", Locale: "sv", Subject: "Tack {{.FirstName}}", Text: "{{.Link}} {{.Unsubscribe}}"}
	if l, err := c.PreviewOf(ctx, "nordlys", unkept); err != nil || !strings.HasPrefix(l.Subject, "Tack ") {
		t.Errorf("%+v %v", l, err)
	}
	unkept.Text = "{{.Nothing}}"
	if _, err := c.PreviewOf(ctx, "nordlys", unkept); !errors.As(err, new(*order.Invalid)) {
		t.Error(err)
	}
	if r := h.call("POST", "/api/v1/shops/nordlys/invitations/templates/preview", admin, `{"id":"x","template":`+ownTemplate+`}`); r.status != 400 {
		t.Error(r.status, r.body)
	}
	letter, err := c.PreviewTemplate(ctx, "nordlys", kept.ID)
	if err != nil || letter.Subject != "Hej Eva" || letter.Sender != "Nordlys" {
		t.Errorf("%+v %v", letter, err)
	}
	if letter, err = c.TestTemplate(ctx, "nordlys", kept.ID, "ops@shop.example"); err != nil || !slices.Equal(sent, []string{"ops@shop.example [test] Hej Eva"}) {
		t.Errorf("%+v %q %v", letter, sent, err)
	}
	if err := c.DeleteTemplate(ctx, "nordlys", kept.ID); err != nil {
		t.Error(err)
	}
	f := func(method, path, body string, status int, detail string) {
		t.Helper()
		r := h.call(method, "/api/v1/shops/nordlys/invitations/templates"+path, admin, body)
		if p := r.problem(t); r.status != status || !strings.Contains(p.Detail, detail) {
			t.Errorf("%s %s: %d %s", method, path, r.status, r.body)
		}
	}
	f("PUT", "", `{"name":"x","kind":"shop","locale":"sv","subject":"s","text":"no link"}`, 400, "does not show {{.Link}}")
	f("DELETE", "", ``, 400, "id")
	f("DELETE", "?id="+kept.ID, ``, 404, "")
	f("DELETE", "?id="+list.Templates[len(list.Templates)-1].ID, ``, 400, "shipped")
	f("POST", "/preview", `{"id":"none"}`, 404, "")
	f("POST", "/preview", `{}`, 400, "id")
	f("POST", "/preview", `{"id":"x","to":"a@shop.example"}`, 400, "to")
	f("POST", "/test", `{"id":"`+ownID+`"}`, 400, "to")
}

func TestReviews(t *testing.T) {
	t.Parallel()
	h := newHub(t)
	c := h.client("nordlys-read")
	page, err := c.Reviews(ctx, "nordlys", api.ReviewOptions{Limit: 1})
	if err != nil || len(page.Reviews) != 1 || page.Next != "r-2" || page.Reviews[0].Title != "=Good" {
		t.Errorf("%+v %v", page, err)
	}
	page, err = c.Reviews(ctx, "nordlys", api.ReviewOptions{About: "shop", Stars: 4, Platform: "form", From: now.Add(-3 * time.Hour), To: now})
	if err != nil || len(page.Reviews) != 1 || page.Reviews[0].ID != "r-1" || !page.Reviews[0].Erased {
		t.Errorf("%+v %v", page, err)
	}
	var csv, nd strings.Builder
	if err := c.ExportReviews(ctx, "nordlys", api.ReviewOptions{}, "csv", &csv); err != nil {
		t.Error(err)
	}
	if lines := strings.Split(csv.String(), "\n"); len(lines) != 5 || !strings.HasPrefix(lines[0], "id,order,at") || !strings.Contains(lines[1], `'=Good,"Very, ""good"""`) {
		t.Errorf("%q", csv.String())
	}
	if err := c.ExportReviews(ctx, "nordlys", api.ReviewOptions{Order: "1001"}, "ndjson", &nd); err != nil || strings.Count(nd.String(), "\n") != 2 {
		t.Errorf("%q %v", nd.String(), err)
	}
	r := h.call("GET", "/api/v1/shops/nordlys/reviews", admin, "", "Accept", "text/html, text/csv;q=0.9")
	if r.header.Get("Content-Type") != "text/csv; charset=utf-8" || r.header.Get("Content-Disposition") != `attachment; filename="reviews.csv"` {
		t.Errorf("%v", r.header)
	}
	totals, err := c.ReviewTotals(ctx, "nordlys", "tag", "", "", "")
	if err != nil || len(totals.Totals) != 2 || len(totals.Months) != 3 || totals.Totals[0].Count != 3 || totals.Totals[0].Mean.String() != "4.00" || totals.Months[0].Mean.String() != "3.50" {
		t.Errorf("%+v %v", totals, err)
	}
	if totals, err = c.ReviewTotals(ctx, "nordlys", "", "", "2026-01", "2026-12"); err != nil || totals.By != "all" || totals.Totals[0].Mean.String() != "3.33" {
		t.Errorf("%+v %v", totals, err)
	}
	f := func(query, path string) {
		t.Helper()
		r := h.call("GET", "/api/v1/shops/nordlys/reviews"+query, admin, "")
		if p := r.problem(t); r.status != http.StatusBadRequest || len(p.Faults) != 1 || p.Faults[0].Path != path {
			t.Errorf("%s: %d %s", query, r.status, r.body)
		}
	}
	f("?stars=6", "stars")
	f("?about=me", "about")
	f("?from=yesterday", "from")
	f("?format=pdf", "format")
	f("?cursor=none", "cursor")
	f("?format=csv&cursor=none", "cursor")
	f("/totals?by=colour", "by")
	f("/totals?from=2026-13", "from")
	none := newHub(t, func(o *api.Options) { o.Book = nil })
	if r := none.call("GET", "/api/v1/shops/nordlys/reviews", admin, ""); r.status != 404 {
		t.Errorf("%d", r.status)
	}
}

// A hub that breaks off in the middle of an export must not look as if it had
// come to the end.
func TestBrokenExport(t *testing.T) {
	t.Parallel()
	h := newHub(t, func(o *api.Options) { o.Book = brokenBook{newBook(t)} })
	var out strings.Builder
	if err := h.client(admin).ExportReviews(ctx, "nordlys", api.ReviewOptions{}, "csv", &out); err == nil {
		t.Errorf("no error after %q", out.String())
	}
}

// brokenBook fails after the first review.
type brokenBook struct{ *review.Book }

func (b brokenBook) EachReview(ctx context.Context, shop string, f review.Filter) iter.Seq2[review.Review, error] {
	return func(yield func(review.Review, error) bool) {
		for i := 0; i < 5000; i++ {
			if !yield(review.Review{Order: "1001"}, nil) {
				return
			}
		}
		yield(review.Review{}, context.DeadlineExceeded)
	}
}

// invitingEngine has deliveries of the inviting routes.
type invitingEngine struct {
	*fakeEngine
	list  []delivery.Delivery
	most  int // of one reading; 0: 2
	reads int
}

func (e *invitingEngine) Deliveries(_ context.Context, _ string, f delivery.Filter) (page []delivery.Delivery, next string, err error) {
	e.reads++
	most := min(f.Limit, 2)
	if e.most > 0 {
		most = min(f.Limit, e.most)
	}
	for _, d := range e.list {
		id := d.OrderID + " " + string(d.State)
		switch {
		case d.Route != f.Route || len(f.OrderIDs) > 0 && !slices.Contains(f.OrderIDs, d.OrderID) || len(f.States) > 0 && !slices.Contains(f.States, d.State):
		case f.Cursor != "" && f.Cursor != id:
		case len(page) == most:
			return page, id, nil
		default:
			page, f.Cursor = append(page, d), ""
		}
	}
	return page, "", nil
}

func (e *invitingEngine) OfOrder(_ context.Context, _, id string) ([]delivery.Delivery, []delivery.Verdict, error) {
	list := slices.DeleteFunc(slices.Clone(e.list), func(d delivery.Delivery) bool { return d.OrderID != id })
	return list, []delivery.Verdict{{Route: "stars", OrderID: id, Seq: 1, Action: "skip", Code: "claimed", Reason: "invited by ads"}, {Route: "hook", OrderID: id, Action: "skip"}}, nil
}

func (e *invitingEngine) Drop(_ context.Context, _ string, f delivery.Filter, _ bool) (delivery.Acted, error) {
	if !f.Keep || len(f.OrderIDs) != 1 {
		return delivery.Acted{}, order.ErrConflict
	}
	if f.Route == "ads" && f.OrderIDs[0] == "1001" {
		return delivery.Acted{Count: 1}, nil
	}
	return delivery.Acted{}, nil
}
