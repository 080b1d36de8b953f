package app

import (
	"context"
	"crypto/rand"
	"errors"
	"net/http"
	"strings"

	"github.com/ordermux/ordermux/internal/api"
	"github.com/ordermux/ordermux/internal/mail"
	"github.com/ordermux/ordermux/internal/order"
	"github.com/ordermux/ordermux/internal/review"
)

// mailPartner is the partner whose routes send invitations themselves.
const mailPartner = "mail"

// invites returns the routes of a shop that invite customers to review.
func (a *App) invites(shop string) (out []api.InvitingRoute) {
	g := a.current.Load()
	s := g.config.Shops[shop]
	if s == nil {
		return nil
	}
	for _, c := range s.Routes {
		r := g.routes[routeKey{shop, c.Name}]
		if r == nil || len(r.delivery.Side.Invites) == 0 {
			continue
		}
		out = append(out, api.InvitingRoute{
			Name: c.Name, Partner: c.Partner, Mails: c.Partner == mailPartner, Kinds: r.delivery.Side.Invites, Plan: r.delivery.Side.Plan,
		})
	}
	return out
}

// sendTest mails a letter that shows a template to the shop's own people.
func (a *App) sendTest(ctx context.Context, to string, l review.Letter) error {
	problem := func(status int, detail string) error {
		return &api.Problem{Type: "about:blank", Title: http.StatusText(status), Status: status, Detail: detail}
	}
	server := MailServer(a.config())
	if server == nil {
		return problem(http.StatusConflict, "no mail server is configured: set smtp:")
	}
	err := server.Send(ctx, mail.Message{
		From: l.From, Sender: l.Sender, ReplyTo: l.ReplyTo, To: []string{to}, Subject: l.Subject, Text: l.Text, HTML: l.HTML,
		ID: "test." + rand.Text(), At: a.now(),
	})
	failed, ok := errors.AsType[*mail.Error](err)
	switch {
	case !ok:
		return err
	case failed.Stage == mail.StageMessage || failed.Stage == mail.StageRecipient:
		return problem(http.StatusBadRequest, failed.Error())
	}
	return problem(http.StatusServiceUnavailable, failed.Error())
}

// warnings says what a door let pass in a statement.
func (a *App) warnings(source string, o *order.Order) []string {
	name, _, _ := strings.Cut(source, ":")
	for _, p := range a.opts.Partners {
		if p.Name == name && p.Warnings != nil {
			return p.Warnings(o)
		}
	}
	return nil
}
