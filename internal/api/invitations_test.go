package api_test

import (
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/ordermux/ordermux/internal/api"
	"github.com/ordermux/ordermux/internal/delivery"
	"github.com/ordermux/ordermux/internal/order"
	"github.com/ordermux/ordermux/internal/review"
)

// invited makes a hub with invitations to the orders of seed: 1001 by mail,
// 1002 to a platform.
func invited(t *testing.T) (*hub, *review.Book) {
	t.Helper()
	book := newBook(t)
	engine := &invitingEngine{fakeEngine: &fakeEngine{}}
	h := newHub(t, func(o *api.Options) { o.Book, o.Engine = book, engine }).seed()
	row := func(route string, number int64, id string, state delivery.State, change func(*delivery.Delivery)) {
		d := delivery.Delivery{Shop: "nordlys", Route: route, Order: number, Seq: number, State: state, Planned: now.Add(time.Duration(number) * time.Hour), Base: now, OrderID: id}
		if change != nil {
			change(&d)
		}
		engine.list = append(engine.list, d)
	}
	settled := func(d *delivery.Delivery) { d.Settled = now.Add(100 * time.Hour) }
	row("ads", 4, "a/b c", delivery.Held, func(d *delivery.Delivery) { d.Code, d.Reason = "needs", "lacks: an e-mail" })
	row("ads", 2, "1002", delivery.Cancelled, func(d *delivery.Delivery) { settled(d); d.Code = "opted_out" })
	row("ads", 1, "1001", delivery.Delivered, settled)
	row("stars", 4, "a/b c", delivery.Ready, func(d *delivery.Delivery) { d.Due = now.Add(50 * time.Hour) })
	row("stars", 2, "1002", delivery.Delivered, func(d *delivery.Delivery) { settled(d); d.Ref = "t-1" })
	row("stars", 1, "1001", delivery.Superseded, settled)
	row("hook", 1, "1001", delivery.Delivered, settled)
	if _, _, err := book.Make(t.Context(), "nordlys", "1001", review.Link{Order: "1001", Route: "ads", Kinds: []string{order.AboutShop, order.AboutProduct}}); err != nil {
		t.Fatal(err)
	}
	return h, book
}

// said are the invitations of a page as "order route state".
func said(list []api.Invitation) string {
	var out []string
	for _, i := range list {
		out = append(out, i.Order+" "+i.Route+" "+string(i.State))
	}
	return strings.Join(out, ", ")
}

func TestInvitations(t *testing.T) {
	t.Parallel()
	h, _ := invited(t)
	c := h.client("nordlys-operate")
	var all []api.Invitation
	for o := (api.InvitationOptions{Limit: 2}); ; {
		page, err := c.Invitations(ctx, "nordlys", o)
		if err != nil || len(page.Invitations) > 2 {
			t.Fatal(page, err)
		}
		all = append(all, page.Invitations...)
		if o.Cursor = page.Next; page.Next == "" {
			break
		}
	}
	if got := said(all); got != "a/b c ads held, 1002 ads opted_out, 1001 ads sent, a/b c stars planned, 1002 stars handed_over" {
		t.Error(got)
	}
	mail, handed := all[2], all[4]
	want := api.Invitation{
		Order: "1001", Route: "ads", Partner: "mail", Email: "ada@customer.example", Kinds: []string{"shop", "products"}, State: "sent", StateText: "sent",
		Created: now.Add(time.Hour), Planned: now.Add(72 * time.Hour), Sent: now.Add(100 * time.Hour),
		ShownAs: map[string]string{"trustpilot": "Delivered", "skeepers": "Email sent"},
	}
	if d := cmp.Diff(want, mail); d != "" {
		t.Error(d)
	}
	// What a platform has is never called a mail that was sent.
	if handed.StateText != "handed to the partner" || handed.Ref != "t-1" || handed.ShownAs["trustpilot"] != "Queued" || handed.ShownAs["skeepers"] != "Scheduled email" {
		t.Errorf("%+v", handed)
	}
	if !all[3].Planned.Equal(now.Add(50*time.Hour)) || all[0].Reason != "lacks: an e-mail" {
		t.Errorf("%+v %+v", all[3], all[0])
	}
}

func TestInvitationFilters(t *testing.T) {
	t.Parallel()
	h, _ := invited(t)
	f := func(o api.InvitationOptions, want string) {
		t.Helper()
		page, err := h.client("nordlys-read").Invitations(ctx, "nordlys", o)
		if err != nil || said(page.Invitations) != want {
			t.Errorf("%+v: %q %v, want %q", o, said(page.Invitations), err, want)
		}
	}
	f(api.InvitationOptions{References: []string{"1002"}}, "1002 ads opted_out, 1002 stars handed_over")
	f(api.InvitationOptions{Email: "ADA@customer.example"}, "1001 ads sent") // the index does not know it yet
	h.follow()
	f(api.InvitationOptions{Email: "ADA@customer.example"}, "1001 ads sent")
	f(api.InvitationOptions{Email: "nobody@customer.example"}, "")
	f(api.InvitationOptions{Kind: "products", Route: "ads"}, "1001 ads sent")
	f(api.InvitationOptions{Partner: "trustpilot"}, "a/b c stars planned, 1002 stars handed_over")
	f(api.InvitationOptions{Route: "hook"}, "")
	f(api.InvitationOptions{States: []string{"planned", "held"}}, "a/b c ads held, a/b c stars planned")
	f(api.InvitationOptions{States: []string{"handed_over"}}, "1002 stars handed_over")
	f(api.InvitationOptions{CreatedFrom: now.Add(2 * time.Hour), CreatedTo: now.Add(4 * time.Hour)}, "1002 ads opted_out, 1002 stars handed_over")
	f(api.InvitationOptions{PlannedFrom: now.Add(40 * time.Hour), PlannedTo: now.Add(60 * time.Hour)}, "a/b c stars planned")
	f(api.InvitationOptions{SentFrom: now.Add(100 * time.Hour)}, "1001 ads sent, 1002 stars handed_over")
	f(api.InvitationOptions{SentTo: now.Add(100 * time.Hour)}, "")
	for query, path := range map[string]string{"state=gone": "state", "kind=all": "kind", "planned_to=soon": "planned_to", "cursor=x": "cursor", "format=xml": "format", "colour=red": ""} {
		r := h.call("GET", "/api/v1/shops/nordlys/invitations?"+query, admin, "")
		if p := r.problem(t); r.status != 400 || len(p.Faults) != 1 || p.Faults[0].Path != path {
			t.Errorf("%s: %d %s", query, r.status, r.body)
		}
	}
}

// Where few are selected, a page is filled in few readings, and the next one
// goes on right behind it.
func TestFewInvitationsOfMany(t *testing.T) {
	t.Parallel()
	engine := &invitingEngine{fakeEngine: &fakeEngine{}, most: 1000}
	h := newHub(t, func(o *api.Options) { o.Book, o.Engine = newBook(t), engine }).seed()
	var want []string
	for n := range 1500 {
		d := delivery.Delivery{Shop: "nordlys", Route: "stars", State: delivery.Refused, OrderID: fmt.Sprint("o-", n), Planned: now, Reason: "Too old"}
		if n == 3 || n == 700 || n > 1490 {
			d.Code, d.Reason = "no_email", "names no mail Address"
			want = append(want, d.OrderID+" stars refused")
		}
		engine.list = append(engine.list, d)
	}
	var all []api.Invitation
	o := api.InvitationOptions{Route: "stars", Reason: "mail address", Limit: 4}
	for pages := 0; ; pages++ {
		page, err := h.client("nordlys-read").Invitations(ctx, "nordlys", o)
		if err != nil || len(page.Invitations) > 4 || pages > 5 {
			t.Fatal(len(page.Invitations), pages, err)
		}
		all = append(all, page.Invitations...)
		if o.Cursor = page.Next; page.Next == "" {
			break
		}
	}
	if got := said(all); got != strings.Join(want, ", ") || engine.reads > 30 {
		t.Errorf("%d readings: %s", engine.reads, got)
	}
	if page, err := h.client("nordlys-read").Invitations(ctx, "nordlys", api.InvitationOptions{Reason: "no_email", Limit: 500}); err != nil || len(page.Invitations) != len(want) {
		t.Errorf("by code: %d %v", len(page.Invitations), err)
	}
}

// An address is looked for by the index of the orders, not in all invitations.
func TestInvitationsOfAnAddress(t *testing.T) {
	t.Parallel()
	engine := &invitingEngine{fakeEngine: &fakeEngine{}, most: 1000}
	h := newHub(t, func(o *api.Options) { o.Book, o.Engine = newBook(t), engine }).seed()
	for n := range 1500 {
		engine.list = append(engine.list, delivery.Delivery{Shop: "nordlys", Route: "stars", State: delivery.Ready, OrderID: fmt.Sprint("o-", n), Planned: now})
	}
	engine.list = append(engine.list, delivery.Delivery{Shop: "nordlys", Route: "stars", Order: 1, State: delivery.Ready, OrderID: "1001", Planned: now})
	h.follow()
	for email, want := range map[string]string{"ada@customer.example": "1001 stars planned", "nobody@customer.example": ""} {
		page, err := h.client("nordlys-operate").Invitations(ctx, "nordlys", api.InvitationOptions{Email: email})
		if err != nil || said(page.Invitations) != want || page.Next != "" {
			t.Errorf("%s: %q, %q, %v", email, said(page.Invitations), page.Next, err)
		}
	}
}

// Who may only read sees no address, in no form of the answer.
func TestInvitationsAreMasked(t *testing.T) {
	t.Parallel()
	h, _ := invited(t)
	for scope, want := range map[string]string{"read": "a***@customer.example", "operate": "ada@customer.example", "admin": "ada@customer.example"} {
		token := "nordlys-" + scope
		if scope == "read" {
			for _, path := range []string{"", "/1001", "?format=csv"} {
				if r := h.call("GET", "/api/v1/shops/nordlys/invitations"+path, token, ""); strings.Contains(r.body, "ada@") {
					t.Errorf("%s: %s", path, r.body)
				}
			}
		}
		c := h.client(token)
		page, err := c.Invitations(ctx, "nordlys", api.InvitationOptions{References: []string{"1001"}})
		if err != nil || page.Invitations[0].Email != want {
			t.Errorf("%+v %v", page, err)
		}
		if one, err := c.Invitation(ctx, "nordlys", "1001"); err != nil || one.Invitations[0].Email != want {
			t.Errorf("%+v %v", one, err)
		}
	}
}

func TestInvitationsAsCSV(t *testing.T) {
	t.Parallel()
	h, _ := invited(t)
	var out strings.Builder
	if err := h.client("nordlys-read").ExportInvitations(ctx, "nordlys", api.InvitationOptions{}, &out); err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(strings.TrimSpace(out.String()), "\n")
	if len(lines) != 6 || lines[0] != "reference,email,kind,route,partner,state,state_text,created,planned,sent,opened,answered,reason,shown_as_trustpilot,shown_as_skeepers" ||
		lines[3] != "1001,a***@customer.example,shop products,ads,mail,sent,sent,2026-05-31T10:30:00Z,2026-06-03T09:30:00Z,2026-06-04T13:30:00Z,,,,Delivered,Email sent" {
		t.Errorf("%s", out.String())
	}
}

// TestWhatTheCustomerDid: the form tells more than the mail.
func TestWhatTheCustomerDid(t *testing.T) {
	t.Parallel()
	h, book := invited(t)
	token := book.Token("nordlys", "ads", "1001")
	f := func(state, trustpilot, skeepers string, change func(*review.Link)) {
		t.Helper()
		if _, err := book.Change(t.Context(), "nordlys", token, change); err != nil {
			t.Fatal(err)
		}
		page, err := h.client(admin).Invitations(ctx, "nordlys", api.InvitationOptions{References: []string{"1001"}, States: []string{state}})
		if err != nil || len(page.Invitations) != 1 {
			t.Fatalf("%s: %+v %v", state, page, err)
		}
		want := map[string]string{"trustpilot": trustpilot, "skeepers": skeepers}
		if d := cmp.Diff(want, page.Invitations[0].ShownAs); d != "" {
			t.Errorf("%s: %s", state, d)
		}
	}
	f("sent", "Delivered", "Reminder", func(l *review.Link) { l.Reminded = now })
	f("opened", "Delivered", "Form opened", func(l *review.Link) { l.Opened = now })
	f("not_received", "Delivered", "Form opened", func(l *review.Link) { l.Missing = now })
	f("opted_out", "Delivered - Unsubscribed", "Error", func(l *review.Link) { l.OptedOut = now })
	f("answered", "Delivered", "Review submitted", func(l *review.Link) { l.Answered = now })
}

// TestInvitationsWhoseMailIsUnclear: what the customer did tells more than a mail of
// which nobody knows yet, or ever, whether it arrived.
func TestInvitationsWhoseMailIsUnclear(t *testing.T) {
	t.Parallel()
	book := newBook(t)
	engine := &invitingEngine{fakeEngine: &fakeEngine{}, list: []delivery.Delivery{
		{Shop: "nordlys", Route: "ads", Order: 1, Seq: 1, State: delivery.Asking, OrderID: "1001"},
		{Shop: "nordlys", Route: "ads", Order: 2, Seq: 2, State: delivery.Parked, OrderID: "1002"},
	}}
	h := newHub(t, func(o *api.Options) { o.Book, o.Engine = book, engine }).seed()
	for _, id := range []string{"1001", "1002"} {
		if _, _, err := book.Make(t.Context(), "nordlys", id, review.Link{Order: id, Route: "ads", Kinds: []string{order.AboutShop}}); err != nil {
			t.Fatal(err)
		}
	}
	f := func(state string, change func(*review.Link)) {
		t.Helper()
		for _, id := range []string{"1001", "1002"} {
			if _, err := book.Change(t.Context(), "nordlys", book.Token("nordlys", "ads", id), change); err != nil {
				t.Fatal(err)
			}
		}
		page, err := h.client(admin).Invitations(ctx, "nordlys", api.InvitationOptions{States: []string{state}})
		if want := "1001 ads " + state + ", 1002 ads " + state; err != nil || said(page.Invitations) != want {
			t.Errorf("%s: %q %v", state, said(page.Invitations), err)
		}
	}
	f("unknown", func(*review.Link) {})
	f("opened", func(l *review.Link) { l.Opened = now })
	f("not_received", func(l *review.Link) { l.Missing = now })
	f("opted_out", func(l *review.Link) { l.OptedOut = now })
	f("answered", func(l *review.Link) { l.Answered = now })
}

func TestOneInvitation(t *testing.T) {
	t.Parallel()
	h, book := invited(t)
	c := h.client("nordlys-operate")
	one, err := c.Invitation(ctx, "nordlys", "1001")
	if err != nil || said(one.Invitations) != "1001 ads sent" || len(one.Skipped) != 1 || one.Skipped[0].Reason != "invited by ads" {
		t.Fatalf("%+v %v", one, err)
	}
	e := one.Effective
	if e == nil || e.Shop == nil || e.Shop.At.Value != now.Add(time.Hour).AddDate(0, 0, 3) || e.Shop.At.Origin != review.FromConfiguration || e.SenderName.Value != "Nordlys" || e.Locale.Origin != review.FromDefault {
		t.Errorf("%+v", e)
	}
	if one, err = c.Invitation(ctx, "nordlys", "a/b c"); err != nil || said(one.Invitations) != "a/b c ads held, a/b c stars planned" {
		t.Errorf("%+v %v", one, err)
	}
	if _, err := c.Invitation(ctx, "nordlys", "none"); !errors.Is(err, order.ErrNotFound) {
		t.Error(err)
	}

	acted, err := c.CancelInvitation(ctx, "nordlys", "1001", "")
	if err != nil || acted.Count != 1 {
		t.Errorf("%+v %v", acted, err)
	}
	if d := cmp.Diff([]string{"operator:noperate: cancel invitation to order 1001"}, h.ledger.acts("nordlys")); d != "" {
		t.Error(d)
	}
	// The later one of a customer whose order had not arrived.
	if _, err := book.AskAgain(t.Context(), "nordlys", book.Token("nordlys", "ads", "1001")); err != nil {
		t.Fatal(err)
	}
	if one, err = c.Invitation(ctx, "nordlys", "1001"); err != nil || one.Invitations[0].Again.IsZero() {
		t.Errorf("%+v %v", one, err)
	}
	for _, want := range []int64{2, 1} { // the engine of this test always has one to drop
		if acted, err := c.CancelInvitation(ctx, "nordlys", "1001", ""); err != nil || acted.Count != want {
			t.Errorf("%+v %v, want %d", acted, err, want)
		}
	}
	if one, err = c.Invitation(ctx, "nordlys", "1001"); err != nil || !one.Invitations[0].Again.IsZero() {
		t.Errorf("%+v %v", one, err)
	}
	f := func(id, route string, status int) {
		t.Helper()
		_, err := c.CancelInvitation(ctx, "nordlys", id, route)
		if p, ok := errors.AsType[*api.Problem](err); !ok || p.Status != status {
			t.Errorf("%s %s: %v", id, route, err)
		}
	}
	f("1002", "", http.StatusConflict)
	f("1001", "stars", http.StatusConflict)
	f("1001", "hook", http.StatusBadRequest)
	f("none", "", http.StatusNotFound)
}
