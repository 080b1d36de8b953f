package app_test

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/ordermux/ordermux/internal/api"
	"github.com/ordermux/ordermux/internal/app"
	"github.com/ordermux/ordermux/internal/order"
	"github.com/ordermux/ordermux/internal/partner"
	"github.com/ordermux/ordermux/internal/partner/all"
)

// stars is a platform that invites three days after an order, or at once if
// that is of the channel fair.
func stars() partner.Partner {
	return partner.Partner{Name: "stars", Title: "Stars", Route: func(partner.Deps, partner.Settings) (partner.Side, error) {
		return partner.Side{
			Mode: partner.Once, Repeat: partner.RepeatNever, Invites: []string{partner.InviteShop}, Needs: []partner.Need{partner.NeedEmail},
			Plan: func(o *order.Order, _, received time.Time) partner.Plan {
				if o.Channel == "fair" {
					return partner.Plan{}
				}
				return partner.Plan{At: received.Add(72 * time.Hour)}
			},
			Deliver: func(_ context.Context, tasks []partner.Task) []partner.Outcome {
				out := make([]partner.Outcome, len(tasks))
				for i := range tasks {
					out[i] = partner.Delivered("s-" + tasks[i].Order.ID)
				}
				return out
			},
		}, nil
	}}
}

const starRoutes = "      gold: {partner: stars}\n      silver: {partner: stars}\n"

// withStars makes a hub know the platform, with two routes to it.
func withStars(t *testing.T, p place) func(*app.Options) {
	cfg, err := parse(p, shop(starRoutes), stars())
	if err != nil {
		t.Fatal(err)
	}
	return func(o *app.Options) {
		c := *cfg
		o.Partners, o.Config = append(all.List(), stars()), &c
	}
}

// sell hands an order of a customer in.
func (h *hub) sell(id, channel, email string) {
	h.t.Helper()
	o := order.Order{ID: id, Channel: channel}
	if email != "" {
		o.Customer = &order.Customer{Email: email}
	}
	entry := order.Entry{Subject: order.Subject{Kind: order.SubjectOrder, ID: id}, Statement: &order.Statement{Order: o}}
	if _, err := h.api.Append(h.t.Context(), "nordlys", []order.Entry{entry}, false); err != nil {
		h.t.Fatal(err)
	}
}

// invitations are those that a filter selects, as "order route state".
func (h *hub) invitations(o api.InvitationOptions) string {
	h.t.Helper()
	page, err := h.api.Invitations(h.t.Context(), "nordlys", o)
	if err != nil {
		h.t.Fatal(err)
	}
	var out []string
	for _, i := range page.Invitations {
		out = append(out, i.Order+" "+i.Route+" "+string(i.State))
	}
	return strings.Join(out, ", ")
}

// becomes waits until all invitations are as said.
func (h *hub) becomes(want string) {
	h.t.Helper()
	got := ""
	defer func() {
		if h.t.Failed() {
			h.t.Logf("invitations: %s", got)
		}
	}()
	eventually(h.t, want, func() bool {
		got = h.invitations(api.InvitationOptions{})
		return got == want
	})
}

func TestInvitationsOfAShop(t *testing.T) {
	eachStore(t, func(t *testing.T, at newPlace) {
		p := at(t)
		h := startHub(t, p, shop(""), withStars(t, p))
		h.sell("o-1", "", "anna@customer.example")
		h.sell("o-2", "fair", "bertil@customer.example")
		h.sell("o-3", "", "")
		h.becomes("o-3 gold held, o-2 gold handed_over, o-1 gold planned")
		ctx := t.Context()
		page, err := h.api.Invitations(ctx, "nordlys", api.InvitationOptions{Email: "anna@customer.example"})
		if err != nil || len(page.Invitations) != 1 {
			t.Fatal(page, err)
		}
		one := page.Invitations[0]
		if d := one.Planned.Sub(one.Created); d < 71*time.Hour || d > 73*time.Hour || one.Kinds[0] != "shop" {
			t.Errorf("%+v", one)
		}
		if got := h.invitations(api.InvitationOptions{PlannedFrom: time.Now().Add(time.Hour), States: []string{"planned"}}); got != "o-1 gold planned" {
			t.Error(got)
		}
		shown, err := h.api.Invitation(ctx, "nordlys", "o-1")
		if err != nil || shown.Effective == nil || shown.Effective.SenderName.Value != "Nordlys Kaffe" || len(shown.Skipped) != 1 || shown.Skipped[0].Route != "silver" {
			t.Errorf("%+v %v", shown, err)
		}
		// Cancelled by a person: the other route does not invite in its place.
		if acted, err := h.api.CancelInvitation(ctx, "nordlys", "o-1", ""); err != nil || acted.Count != 1 {
			t.Fatal(acted, err)
		}
		h.settled()
		h.becomes("o-3 gold held, o-2 gold handed_over, o-1 gold cancelled")
		if _, err := h.api.CancelInvitation(ctx, "nordlys", "o-2", ""); !errors.Is(err, order.ErrConflict) {
			t.Error(err)
		}
		// An erased customer is in no list.
		if err := h.api.Erase(ctx, "nordlys", "o-2"); err != nil {
			t.Fatal(err)
		}
		if got := h.invitations(api.InvitationOptions{Email: "bertil@customer.example"}); got != "" {
			t.Error(got)
		}
	})
}

func TestSettingsAndReviewsOfAShop(t *testing.T) {
	eachStore(t, func(t *testing.T, at newPlace) {
		p := at(t)
		h := startHub(t, p, shop(""), withStars(t, p))
		ctx := t.Context()
		if _, err := h.api.ChangeInvitationSettings(ctx, "nordlys", []byte(`{"delay":2,"sender_name":"Kaffe"}`)); err != nil {
			t.Fatal(err)
		}
		if s, err := h.api.InvitationSettings(ctx, "nordlys"); err != nil || *s.InForce.Delay != 2 || s.InForce.SenderName != "Kaffe" {
			t.Errorf("%+v %v", s, err)
		}
		if list, err := h.api.Templates(ctx, "nordlys"); err != nil || len(list.Templates) == 0 {
			t.Error(err)
		} else if _, err := h.api.TestTemplate(ctx, "nordlys", list.Templates[0].ID, "ops@shop.example"); !errors.Is(err, order.ErrConflict) {
			t.Errorf("no mail server: %v", err)
		}
		h.sell("o-1", "", "anna@customer.example")
		happened := order.Entry{Subject: order.Subject{Kind: order.SubjectOrder, ID: "o-1"}, Happening: &order.Happening{
			Kind: order.KindReviewed, At: order.At(time.Now()), Ref: "r-1", Title: "Good", Note: "=very good",
			Review: &order.Reviewed{ID: "r-1", About: order.AboutShop, Stars: 4, Tags: []string{"warm"}},
		}}
		if _, err := h.api.Append(ctx, "nordlys", []order.Entry{happened}, false); err != nil {
			t.Fatal(err)
		}
		page, err := h.api.Reviews(ctx, "nordlys", api.ReviewOptions{Tag: "warm"})
		if err != nil || len(page.Reviews) != 1 || page.Reviews[0].Text != "=very good" || page.Reviews[0].Stars != 4 {
			t.Errorf("%+v %v", page, err)
		}
		var csv strings.Builder
		if err := h.api.ExportReviews(ctx, "nordlys", api.ReviewOptions{}, "csv", &csv); err != nil || !strings.Contains(csv.String(), "'=very good") {
			t.Errorf("%q %v", csv.String(), err)
		}
		sums, err := h.api.ReviewTotals(ctx, "nordlys", "tag", "warm", "", "")
		if err != nil || len(sums.Totals) != 1 || sums.Totals[0].Mean.String() != "4.00" {
			t.Errorf("%+v %v", sums, err)
		}
		if status, _ := send(t, "GET", h.URL()+"/api/v1/shops/nordlys/reviews", "", ""); status != http.StatusUnauthorized {
			t.Errorf("%d", status)
		}
	})
}

// TestInvitationsOnEveryNode: what only a shop's owner can do is done there.
func TestInvitationsOnEveryNode(t *testing.T) {
	t.Parallel()
	p := inDatabase(t)
	nodes := startNodes(t, p, 2, shop(""), withStars(t, p))
	nodes[0].sell("o-1", "", "anna@customer.example")
	for i, h := range nodes {
		h.becomes("o-1 gold planned")
		if i == 0 {
			continue
		}
		if acted, err := h.api.CancelInvitation(t.Context(), "nordlys", "o-1", ""); err != nil || acted.Count != 1 {
			t.Error(acted, err)
		}
	}
	for _, h := range nodes {
		h.becomes("o-1 gold cancelled")
		if _, err := h.api.CancelInvitation(t.Context(), "nordlys", "o-1", "gold"); !errors.Is(err, order.ErrConflict) {
			t.Error(err)
		}
	}
}
