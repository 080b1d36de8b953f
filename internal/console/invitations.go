package console

import (
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/ordermux/ordermux/internal/api"
	"github.com/ordermux/ordermux/internal/review"
)

func (c *Console) invitationsPlaces() []place {
	const list = "/shops/{shop}/invitations"
	const of = "/shops/{shop}/invitations"
	return []place{
		{at: "GET " + list, do: c.invitations},
		{at: "GET " + list + "/orders/{order}", do: c.invitation},
		{at: "POST " + list + "/orders/{order}", do: c.cancelInvitation, calls: []string{"POST " + of + "/{order}/cancel"}},
		{at: "GET " + list + "/settings", do: c.inviting},
		{at: "POST " + list + "/settings", do: c.changeInviting, calls: []string{"PUT " + of + "/settings"}},
		{at: "GET " + list + "/templates", do: c.templates},
		{at: "GET " + list + "/templates/edit", do: c.template, calls: []string{"POST " + of + "/templates/preview"}},
		{at: "POST " + list + "/templates/edit", do: c.changeTemplate, calls: []string{
			"PUT " + of + "/templates", "DELETE " + of + "/templates", "POST " + of + "/templates/preview", "POST " + of + "/templates/test",
		}},
		{at: "GET /shops/{shop}/reviews", do: c.reviews},
	}
}

// invitationsPage lists invitations that a search selects.
type invitationsPage struct {
	Search      invitationSearch
	States      []api.InvitationState
	Invitations []api.Invitation
	More        string
	Download    string // address of the list as a file
	Refused     *refusal
}

type invitationSearch struct{ Reference, Email, Kind, State, Route string }

func (c *Console) invitations(v *visit) error {
	q := v.URL.Query()
	get := func(name string) string { return strings.TrimSpace(q.Get(name)) }
	p := invitationsPage{
		Search: invitationSearch{get("reference"), get("email"), get("kind"), get("state"), get("route")}, States: api.InvitationStates(),
	}
	o := api.InvitationOptions{
		Email: p.Search.Email, Kind: p.Search.Kind, Route: p.Search.Route, Cursor: q.Get("cursor"), Limit: ordersShown,
		References: words(p.Search.Reference), States: words(p.Search.State),
	}
	list, err := v.hub.Invitations(v.Context(), v.PathValue("shop"), o)
	if p.Refused = refusalOf(err); p.Refused == nil && err != nil {
		return err
	}
	p.Invitations = list.Invitations
	again := url.Values{}
	for _, name := range []string{"reference", "email", "kind", "state", "route"} {
		if value := get(name); value != "" {
			again.Set(name, value)
		}
	}
	p.Download = v.listFile("invitations", again)
	if list.Next != "" {
		again.Set("cursor", list.Next)
		p.More = v.URL.Path + "?" + again.Encode()
	}
	return v.show(p.Refused.status(), "invitations", "invitations.title", p)
}

// Asked reports whether something was searched for.
func (p invitationsPage) Asked() bool { return p.Search != invitationSearch{} }

// invitationPage is what is known of an order's invitations, and what an
// invitation to it is made of.
type invitationPage struct {
	api.OrderInvitations
	Values   []effectiveValue
	Warnings []string
	Open     bool // something has not gone out
}

// effectiveValue is a value of an invitation with where it comes from.
type effectiveValue struct {
	Key      string // invitations.value.…
	Of       string // "shop", "products", "both"; "": of all
	Text     string
	Origin   review.Origin
	Template string // id of the template that Text names; "": it is none
}

func (c *Console) invitation(v *visit) error {
	shop, err := v.shop()
	if err != nil {
		return err
	}
	found, err := v.hub.Invitation(v.Context(), shop.ID, v.PathValue("order"))
	if err != nil {
		return err
	}
	p := invitationPage{OrderInvitations: found}
	p.Open = slices.ContainsFunc(found.Invitations, func(i api.Invitation) bool {
		return i.State == api.InvitationPlanned || i.State == api.InvitationHeld || i.State == api.InvitationFailed
	})
	if e := found.Effective; e != nil {
		p.Values, p.Warnings = effectiveValues(e, func(i *review.Invite) string { return moment(i.At.Value, zoneOf(shop)) }), e.Warnings
		if err := v.nameTemplates(shop.ID, p.Values); err != nil {
			return err
		}
	}
	return v.show(http.StatusOK, "invitation", "invitations.title", p)
}

// nameTemplates shows templates by their names. One that is not kept stays an
// id: no mail can go out by it.
func (v *visit) nameTemplates(shop string, values []effectiveValue) error {
	list, err := v.hub.Templates(v.Context(), shop)
	if err != nil {
		return err
	}
	for k := range values {
		if values[k].Key != valueTemplate {
			continue
		}
		for _, t := range list.Templates {
			if t.ID == values[k].Text {
				values[k].Text, values[k].Template = t.Name, t.ID
				break
			}
		}
	}
	return nil
}

// valueTemplate is the key of a value that is a template.
const valueTemplate = "invitations.value.template"

// effectiveValues lists what is made of the settings and the order's wishes.
func effectiveValues(e *review.Effective, at func(*review.Invite) string) (out []effectiveValue) {
	add := func(key, of, text string, origin review.Origin) {
		if text != "" {
			out = append(out, effectiveValue{Key: "invitations.value." + key, Of: of, Text: text, Origin: origin})
		}
	}
	add("ask", "", strings.Join(e.Ask.Value, ", "), e.Ask.Origin)
	for _, one := range []struct {
		of     string
		invite *review.Invite
	}{{"shop", e.Shop}, {"products", e.Products}, {"both", e.Both}} {
		if i := one.invite; i != nil {
			add("at", one.of, at(i), i.At.Origin)
			add("template", one.of, i.Template.Value, i.Template.Origin)
			add("redirect", one.of, i.Redirect.Value, i.Redirect.Origin)
			add("tags", one.of, strings.Join(i.Tags.Value, ", "), i.Tags.Origin)
		}
	}
	add("sender_name", "", e.SenderName.Value, e.SenderName.Origin)
	add("from", "", e.From.Value, e.From.Origin)
	add("reply_to", "", e.ReplyTo.Value, e.ReplyTo.Origin)
	add("locale", "", e.Locale.Value, e.Locale.Origin)
	add("location", "", e.Location.Value, e.Location.Origin)
	add("remind", "", whole(int64(e.Remind.Value)), e.Remind.Origin)
	add("frequency", "", whole(int64(e.Frequency.Value)), e.Frequency.Origin)
	return out
}

func (c *Console) cancelInvitation(v *visit) error {
	done, err := v.hub.CancelInvitation(v.Context(), v.PathValue("shop"), v.PathValue("order"), "")
	if err != nil {
		return err
	}
	return v.done(v.URL.EscapedPath(), "invitations.cancelled", int(done.Count))
}
