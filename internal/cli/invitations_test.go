package cli_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/ordermux/ordermux/internal/api"
	"github.com/ordermux/ordermux/internal/order"
	"github.com/ordermux/ordermux/internal/review"
)

// invitingHub has invitations and reviews.
func invitingHub(t *testing.T) *fakeHub {
	t.Helper()
	h := newHub(t)
	const shop = "/api/v1/shops/nordlys"
	three, yes := 3, true
	mail := api.Invitation{
		Order: "1001", Route: "post", Partner: "mail", Email: "a***@customer.example", Kinds: []string{"shop", "products"}, State: api.InvitationOpened,
		StateText: "opened the form", Created: now, Planned: now.Add(72 * time.Hour), Sent: now.Add(72 * time.Hour), Opened: now.Add(80 * time.Hour),
		ShownAs: map[string]string{"trustpilot": "Delivered", "skeepers": "Form opened"},
	}
	handed := api.Invitation{
		Order: "1002", Route: "stars", Partner: "trustpilot", Kinds: []string{"shop"}, State: api.InvitationHandedOver, StateText: "handed to the partner",
		Created: now, Sent: now.Add(time.Hour), Reason: "a\nb", ShownAs: map[string]string{"trustpilot": "Queued"},
	}
	text := func(v string, from review.Origin) review.Value[string] {
		return review.Value[string]{Value: v, Origin: from}
	}
	effective := &review.Effective{
		Ask: review.Value[[]string]{Value: []string{"shop"}, Origin: review.FromOrder}, SenderName: text("Nordlys", review.FromConfiguration),
		From: text("", review.FromDefault), ReplyTo: text("hej@nordlys.example", review.FromSettings), Locale: text("sv", review.FromOrder), Location: text("", review.FromDefault),
		Frequency: review.Value[int]{Value: 30, Origin: review.FromSettings}, Remind: review.Value[int]{Origin: review.FromDefault},
		Shop: &review.Invite{
			Kinds: []string{"shop"}, At: review.Value[time.Time]{Value: now, Origin: review.FromDefault},
			Delay: &review.Value[int]{Value: 7, Origin: review.FromDefault}, Hour: &review.Value[string]{Origin: review.FromDefault}, Template: text("t-1", review.FromDefault),
			Redirect: text("", review.FromDefault), Tags: review.Value[[]string]{Value: []string{"a", "b"}, Origin: review.FromOrder},
		},
		Warnings: []string{"the redirect is no whole address of the web: it is not used"},
	}
	settings := api.InvitationSettings{
		InForce: review.Settings{SenderName: "Nordlys", Delay: &three, Public: &yes, Tags: []string{"a", "b"}},
		Set:     review.Settings{Delay: &three, Templates: map[string]string{"shop/sv": "t-1"}},
		Origins: map[string]review.Origin{"sender_name": review.FromConfiguration, "delay": review.FromSettings, "public": review.FromSettings, "tags": review.FromSettings},
	}
	letter := review.Letter{Template: "t-1", Locale: "sv", Subject: "Hej Eva", Text: "Tack!", HTML: "<p>Tack!</p>", Sender: "Nordlys", From: "hej@nordlys.example"}
	template := review.Template{ID: "t-1", Name: "own", Kind: "shop", Locale: "sv", Default: true, Subject: "Hej {{.FirstName}}", Text: "x"}
	first := review.Review{Reviewed: order.Reviewed{ID: "r-1", About: order.AboutProduct, Product: "p1", Stars: 5}, Order: "1001", Source: "review:form", At: now, Title: "Good", Text: "Very good"}
	gone := review.Review{Reviewed: order.Reviewed{ID: "r-2", About: order.AboutShop}, Order: "1002", Source: "route:stars", At: now, Erased: true}
	for path, answer := range map[string]any{
		"GET " + shop + "/invitations":                     api.Invitations{Invitations: []api.Invitation{mail}, Next: "two"},
		"GET " + shop + "/invitations?cursor=two&limit=49": api.Invitations{Invitations: []api.Invitation{handed}},
		"GET " + shop + "/invitations?state=sent":          raw("reference,email\n1001,a\n"),
		"GET " + shop + "/invitations/1001": api.OrderInvitations{
			Order: "1001", Invitations: []api.Invitation{mail}, Skipped: []api.Verdict{{Route: "stars", Order: "1001", Reason: "invited by post"}}, Effective: effective,
		},
		"POST " + shop + "/invitations/1001/cancel":        api.Acted{Count: 1, Verdicts: []api.Verdict{}},
		"GET " + shop + "/invitations/settings":            settings,
		"PUT " + shop + "/invitations/settings":            settings,
		"GET " + shop + "/invitations/templates":           api.Templates{Templates: []review.Template{template, {ID: "s-1", Name: "shipped", Kind: "both", Locale: "en", Shipped: true, Subject: "How was it?"}}},
		"PUT " + shop + "/invitations/templates":           template,
		"DELETE " + shop + "/invitations/templates?id=t-1": api.Done{Done: true},
		"POST " + shop + "/invitations/templates/preview":  letter,
		"POST " + shop + "/invitations/templates/test":     letter,
		"GET " + shop + "/reviews":                         api.Reviews{Reviews: []review.Review{first, gone}},
		"GET " + shop + "/reviews?tag=a":                   raw("id,order\n"),
		"GET " + shop + "/reviews/totals": api.ReviewTotals{
			By: "tag", Totals: []api.Total{{Value: "a", Count: 3, Stars: 12, Mean: decimal(t, "4.00")}},
			Months: []api.Total{{Value: "a", Month: "2026-05", Count: 3, Stars: 12, Mean: decimal(t, "4.00")}},
		},
	} {
		h.answers[path] = answer
	}
	return h
}

func TestLookAtInvitations(t *testing.T) {
	t.Parallel()
	f := func(name string, args ...string) {
		t.Helper()
		r := invitingHub(t).run(t, "", args...)
		if r.code != 0 || r.err != "" {
			t.Errorf("%v: %+v", args, r)
		}
		golden(t, name, r.out)
	}
	f("invitations", "invitations")
	f("invitations-json", "invitations", "--json")
	f("invitation", "invitations", "1001")
	f("invitation-settings", "invitations", "settings")
	f("templates", "invitations", "templates")
	f("template-preview", "invitations", "templates", "preview", "t-1")
	f("reviews", "reviews")
	f("reviews-json", "reviews", "--json")
	f("review-totals", "reviews", "--totals", "tag")
	f("review-months", "reviews", "--totals", "tag", "--months")
}

func TestActsOnInvitations(t *testing.T) {
	t.Parallel()
	const shop = "/api/v1/shops/nordlys"
	file := filepath.Join(t.TempDir(), "mail.txt")
	if err := os.WriteFile(file, []byte("{{.Link}}"), 0o600); err != nil {
		t.Fatal(err)
	}
	f := func(args []string, out, call string) {
		t.Helper()
		h := invitingHub(t)
		r := h.run(t, "", append(args, "--shop", "nordlys")...)
		if r.code != 0 || !strings.HasPrefix(r.out, out) || h.calls[len(h.calls)-1] != call {
			t.Errorf("%v: %+v %q", args, r, h.calls)
		}
	}
	f([]string{"invitations", "--csv", "--state", "sent"}, "reference,email\n1001,a\n", "GET "+shop+"/invitations?state=sent")
	f([]string{"invitations", "cancel", "1001", "--route", "post"}, "1 invitation to order 1001 cancelled\n", "POST "+shop+`/invitations/1001/cancel {"route":"post"}`)
	f([]string{"invitations", "settings", "--set", "delay=10", "--set", "public=true", "--set", "tags=a,b", "--set", "sender_name=Kaffe = gott", "--unset", "hour"}, "SETTING",
		"PUT "+shop+`/invitations/settings {"delay":10,"hour":null,"public":true,"sender_name":"Kaffe = gott","tags":["a","b"]}`)
	f([]string{"invitations", "settings", "--set", "templates.both=t-2", "--unset", "templates.shop/sv"}, "SETTING",
		"PUT "+shop+`/invitations/settings {"templates":{"both":"t-2"}}`)
	f([]string{"invitations", "templates", "put", "own", "--kind", "shop", "--locale", "sv", "--subject", "Hej", "--text", file, "--default"}, "template own is kept as t-1\n",
		"PUT "+shop+`/invitations/templates {"name":"own","kind":"shop","locale":"sv","default":true,"subject":"Hej","text":"{{.Link}}"}`)
	f([]string{"invitations", "templates", "delete", "t-1"}, "template t-1 is removed\n", "DELETE "+shop+"/invitations/templates?id=t-1")
	f([]string{"invitations", "templates", "preview", "t-1", "--html"}, "<p>Tack!</p>\n", "POST "+shop+`/invitations/templates/preview {"id":"t-1"}`)
	f([]string{"invitations", "templates", "test", "t-1", "--to", "ops@shop.example"}, "\"Hej Eva\" went to ops@shop.example\n",
		"POST "+shop+`/invitations/templates/test {"id":"t-1","to":"ops@shop.example"}`)
	f([]string{"reviews", "--csv", "--tag", "a"}, "id,order\n", "GET "+shop+"/reviews?tag=a")
	f([]string{"reviews", "--totals", "tag", "--tag", "a", "--from", "2026-01-15T00:00:00Z"}, "VALUE", "GET "+shop+"/reviews/totals?by=tag&from=2026-01&value=a")
}

func TestInvitationFailures(t *testing.T) {
	t.Parallel()
	f := func(code int, want string, args ...string) {
		t.Helper()
		r := invitingHub(t).run(t, "", args...)
		if r.code != code || !strings.Contains(r.err, want) {
			t.Errorf("%v: code %d, %q, want %d, %q", args, r.code, r.err, code, want)
		}
	}
	f(1, "order 9 is not known at shop nordlys", "invitations", "9")
	f(1, "order 9 is not known at shop nordlys", "invitations", "cancel", "9")
	f(1, "template x2 is not known at shop other", "invitations", "templates", "preview", "x2", "--shop", "other")
	f(2, "takes a number of days", "invitations", "settings", "--set", "delay=soon")
	f(2, "takes true or false", "invitations", "settings", "--set", "public=perhaps")
	f(2, "NAME=VALUE", "invitations", "settings", "--set", "delay")
	f(2, "can't be used together", "invitations", "--csv", "--json")
	f(2, "can't be used together", "reviews", "--csv", "--ndjson")
}
