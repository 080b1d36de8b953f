package api

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/ordermux/ordermux/internal/json"
	"github.com/ordermux/ordermux/internal/review"
)

// InvitationOptions narrow a list of invitations; zero values do not.
type InvitationOptions struct {
	References             []string
	Email, Kind, Reason    string
	Route, Partner         string
	States                 []string
	CreatedFrom, CreatedTo time.Time // the end is not included
	PlannedFrom, PlannedTo time.Time
	SentFrom, SentTo       time.Time
	Cursor                 string
	Limit                  int
}

// ReviewOptions narrow a list of reviews; zero values do not.
type ReviewOptions struct {
	Order, About, Product, Location, Tag, Locale, Platform string
	Stars                                                  int
	From, To                                               time.Time // the end is not included
	Cursor                                                 string
	Limit                                                  int
}

// parameters are what is set of name, value, name, value …
func parameters(pairs ...any) string {
	q := url.Values{}
	for i := 0; i < len(pairs); i += 2 {
		text := ""
		switch v := pairs[i+1].(type) {
		case string:
			text = v
		case []string:
			text = strings.Join(v, ",")
		case int:
			if v > 0 {
				text = strconv.Itoa(v)
			}
		case time.Time:
			if !v.IsZero() {
				text = v.Format(time.RFC3339Nano)
			}
		}
		if text != "" {
			q.Set(pairs[i].(string), text)
		}
	}
	if len(q) == 0 {
		return ""
	}
	return "?" + q.Encode()
}

func (o InvitationOptions) query() string {
	return parameters("reference", o.References, "email", o.Email, "kind", o.Kind, "route", o.Route, "partner", o.Partner, "state", o.States, "reason", o.Reason,
		"created_from", o.CreatedFrom, "created_to", o.CreatedTo, "planned_from", o.PlannedFrom, "planned_to", o.PlannedTo,
		"sent_from", o.SentFrom, "sent_to", o.SentTo, "cursor", o.Cursor, "limit", o.Limit)
}

func (o ReviewOptions) query() string {
	return parameters("order", o.Order, "about", o.About, "product", o.Product, "location", o.Location, "tag", o.Tag, "locale", o.Locale,
		"platform", o.Platform, "stars", o.Stars, "from", o.From, "to", o.To, "cursor", o.Cursor, "limit", o.Limit)
}

// Invitations returns a page of invitations. It may be empty and yet have a
// next one.
func (c *Client) Invitations(ctx context.Context, shop string, o InvitationOptions) (out Invitations, err error) {
	return out, c.call(ctx, http.MethodGet, path(shop, "invitations")+o.query(), nil, &out)
}

// ExportInvitations writes all that the options select as CSV.
func (c *Client) ExportInvitations(ctx context.Context, shop string, o InvitationOptions, w io.Writer) error {
	return c.export(ctx, path(shop, "invitations")+o.query(), "csv", w)
}

// Invitation returns all that is known of the invitations to one order.
func (c *Client) Invitation(ctx context.Context, shop, order string) (out OrderInvitations, err error) {
	return out, c.call(ctx, http.MethodGet, path(shop, "invitations", order), nil, &out)
}

// CancelInvitation cancels what has not gone out of an order's invitations.
// Route "": on all routes.
func (c *Client) CancelInvitation(ctx context.Context, shop, order, route string) (out Acted, err error) {
	in := map[string]string{}
	if route != "" {
		in["route"] = route
	}
	return out, c.call(ctx, http.MethodPost, path(shop, "invitations", order, "cancel"), in, &out)
}

// InvitationSettings returns how a shop invites.
func (c *Client) InvitationSettings(ctx context.Context, shop string) (out InvitationSettings, err error) {
	return out, c.call(ctx, http.MethodGet, path(shop, "invitations", "settings"), nil, &out)
}

// ChangeInvitationSettings changes the settings that are named, as JSON; null
// goes back to the configuration.
func (c *Client) ChangeInvitationSettings(ctx context.Context, shop string, settings []byte) (out InvitationSettings, err error) {
	return out, c.call(ctx, http.MethodPut, path(shop, "invitations", "settings"), json.Value(settings), &out)
}

// Templates lists the templates of invitations.
func (c *Client) Templates(ctx context.Context, shop string) (out Templates, err error) {
	return out, c.call(ctx, http.MethodGet, path(shop, "invitations", "templates"), nil, &out)
}

// PutTemplate keeps a template of the shop's own.
func (c *Client) PutTemplate(ctx context.Context, shop string, t NewTemplate) (out review.Template, err error) {
	return out, c.call(ctx, http.MethodPut, path(shop, "invitations", "templates"), t, &out)
}

// DeleteTemplate removes one.
func (c *Client) DeleteTemplate(ctx context.Context, shop, id string) error {
	return c.call(ctx, http.MethodDelete, path(shop, "invitations", "templates")+parameters("id", id), nil, &Done{})
}

// PreviewTemplate shows a template with an order that nobody placed.
func (c *Client) PreviewTemplate(ctx context.Context, shop, id string) (out review.Letter, err error) {
	return out, c.call(ctx, http.MethodPost, path(shop, "invitations", "templates", "preview"), map[string]string{"id": id}, &out)
}

// PreviewOf shows a template that is not kept.
func (c *Client) PreviewOf(ctx context.Context, shop string, t NewTemplate) (out review.Letter, err error) {
	return out, c.call(ctx, http.MethodPost, path(shop, "invitations", "templates", "preview"), map[string]any{"template": t}, &out)
}

// TestTemplate mails a template to the shop's own people.
func (c *Client) TestTemplate(ctx context.Context, shop, id, to string) (out review.Letter, err error) {
	return out, c.call(ctx, http.MethodPost, path(shop, "invitations", "templates", "test"), map[string]string{"id": id, "to": to}, &out)
}

// Reviews returns a page of reviews, newest first. It may be empty and yet have
// a next one.
func (c *Client) Reviews(ctx context.Context, shop string, o ReviewOptions) (out Reviews, err error) {
	return out, c.call(ctx, http.MethodGet, path(shop, "reviews")+o.query(), nil, &out)
}

// ExportReviews writes all that the options select, as "csv" or "ndjson".
func (c *Client) ExportReviews(ctx context.Context, shop string, o ReviewOptions, form string, w io.Writer) error {
	return c.export(ctx, path(shop, "reviews")+o.query(), form, w)
}

// ReviewTotals counts reviews by a dimension; from and to are months.
func (c *Client) ReviewTotals(ctx context.Context, shop, by, value, from, to string) (out ReviewTotals, err error) {
	return out, c.call(ctx, http.MethodGet, path(shop, "reviews", "totals")+parameters("by", by, "value", value, "from", from, "to", to), nil, &out)
}

// export copies an answer of any length.
func (c *Client) export(ctx context.Context, path, form string, w io.Writer) error {
	res, err := c.do(ctx, http.MethodGet, path, http.Header{"Accept": {mediaTypes[form]}}, nil)
	if err != nil {
		return err
	}
	defer res.Body.Close()
	if res.StatusCode != http.StatusOK {
		b, err := json.ReadAll(res.Body, maxAnswer)
		if err != nil {
			return fmt.Errorf("read the hub's answer: %w", err)
		}
		return problemOf(res, b)
	}
	if _, err := io.Copy(w, res.Body); err != nil {
		return fmt.Errorf("read the hub's answer: %w", err)
	}
	return nil
}
