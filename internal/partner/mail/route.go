package mail

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	netmail "net/mail"
	"slices"
	"strconv"
	"time"

	"github.com/ordermux/ordermux/internal/mail"
	"github.com/ordermux/ordermux/internal/order"
	"github.com/ordermux/ordermux/internal/outbound"
	"github.com/ordermux/ordermux/internal/partner"
	"github.com/ordermux/ordermux/internal/review"
)

// maxAge is the greatest age of an order whose customer is still asked.
const maxAge = 183 * 24 * time.Hour

// slots is how many mails are handed over at a time unless the route says
// otherwise: mail servers count connections.
const slots = 4

// The bounds of timeout.
const (
	minTimeout = time.Second
	maxTimeout = 5 * time.Minute
)

// route invites by mail.
type route struct {
	deps   partner.Deps
	log    *slog.Logger
	book   *review.Book
	server *mail.Server
	ask    []string // empty: everything
}

func newRoute(deps partner.Deps, s partner.Settings) (partner.Side, error) {
	r := &route{deps: deps, log: deps.Log, book: deps.Reviews, ask: s["ask"].List}
	if r.log == nil {
		r.log = slog.New(slog.DiscardHandler)
	}
	timeout := mail.DefaultTimeout
	if t := s["timeout"].Text; t != "" {
		d, err := time.ParseDuration(t)
		if err != nil || d < minTimeout || d > maxTimeout {
			return partner.Side{}, fmt.Errorf("timeout: must be from %v to %v", minTimeout, maxTimeout)
		}
		timeout = d
	}
	if err := r.connectBy(s, timeout); err != nil {
		return partner.Side{}, err
	}
	switch {
	case r.server == nil:
		return partner.Side{}, errNoServer
	case deps.PublicURL == "":
		return partner.Side{}, errors.New("the links in its mails need public_url in the configuration")
	}
	repeat := partner.RepeatNever
	if s["resend_unknown"].Text == "true" {
		repeat = partner.RepeatSafe
	}
	invites := []string{partner.InviteShop, partner.InviteProducts}
	if len(r.ask) > 0 {
		invites = slices.Clone(r.ask)
	}
	return partner.Side{
		Deliver: r.deliver, Plan: r.plan, Connect: r.connect, Render: r.render, Unrehearsed: true,
		Poll: r.poll, PollEvery: time.Minute,
		Mode: partner.Once, Batch: 1, Slots: slots, Repeat: repeat, Timeout: timeout + 5*time.Second,
		Needs: []partner.Need{partner.NeedEmail}, Invites: invites, MaxAge: maxAge,
	}, nil
}

// connectBy finds the mail server: the route's own, else the hub's.
func (r *route) connectBy(s partner.Settings, timeout time.Duration) error {
	if s["host"].Text == "" {
		for _, name := range []string{"username", "from"} {
			if s[name].Text != "" {
				return errors.New(name + ": belongs to a mail server of the route; give host too")
			}
		}
		if s["password"].Secret.Set() {
			return errors.New("password: belongs to a mail server of the route; give host too")
		}
		if r.deps.Mail != nil {
			server := *r.deps.Mail
			server.Timeout = timeout
			r.server = &server
		}
		return nil
	}
	port, err := strconv.Atoi(s["port"].Text)
	if s["port"].Text == "" {
		port, err = 587, nil
	}
	switch {
	case err != nil || port < 1 || port > 65535:
		return errors.New("port: must be a number from 1 to 65535")
	case (s["username"].Text == "") == s["password"].Secret.Set():
		return errors.New("username: belongs together with password; give both or neither")
	}
	if _, err := netmail.ParseAddress(s["from"].Text); err != nil {
		return errors.New("from: must be the sender's mail address, such as hej@shop.example")
	}
	r.server = &mail.Server{
		Host: s["host"].Text, Port: port, From: s["from"].Text, TLS: s["tls"].Text, Timeout: timeout,
		Username: s["username"].Text, Password: s["password"].Secret, Control: r.deps.Control,
	}
	return nil
}

// connect logs in at the mail server.
func (r *route) connect(ctx context.Context) (string, error) {
	if err := r.server.Try(ctx); err != nil {
		return "", err
	}
	return "the mail server lets us in", nil
}

var errNoServer = errors.New("no mail server: give smtp in the configuration, or host in the route's settings")

// plan says when an order's invitation goes, and to what it invites.
func (r *route) plan(o *order.Order, base, received time.Time) partner.Plan {
	if o.Test {
		return partner.Plan{Code: "test", Skip: "a test order: nobody is invited"}
	}
	if o.Review != nil && o.Review.ByLink {
		return partner.Plan{Code: "by_link", Skip: "a link was asked for, which the shop delivers itself"}
	}
	e := r.book.Effective(r.deps.Shop, o, base, received)
	i := e.For(r.ask)
	if i == nil {
		return partner.Plan{Code: "not_asked", Skip: "neither the order nor the shop's settings ask for such an invitation"}
	}
	return partner.Plan{At: i.At.Value, Invites: i.Kinds}
}

func (r *route) deliver(ctx context.Context, tasks []partner.Task) []partner.Outcome {
	out := make([]partner.Outcome, len(tasks))
	for i := range tasks {
		out[i] = r.invite(ctx, &tasks[i])
	}
	return out
}

// invite sends one invitation, unless it is not to be sent after all.
func (r *route) invite(ctx context.Context, t *partner.Task) partner.Outcome {
	email := addressOf(t.Order)
	switch {
	case email == "":
		return partner.Refused("no_email", "the order names no mail address")
	}
	e := r.book.Effective(r.deps.Shop, t.Order, t.Event.At, t.Event.At)
	i := e.For(r.ask)
	if i == nil {
		return partner.Declined("not_asked", "by now nobody asks for such an invitation")
	}
	settings, err := r.book.Settings(ctx, r.deps.Shop)
	if err != nil {
		return ours(err)
	}
	if o, over := r.mayInvite(ctx, t.Order.ID, email, settings); over {
		return o
	}
	l, url, err := r.link(ctx, t.Order, &e, i)
	if err != nil {
		return ours(err)
	}
	if !l.Ended.IsZero() {
		return partner.Declined("ended", "the form of this invitation is closed")
	}
	receipt, err := r.send(ctx, t.Order, l, url, letter{kind: kindOf(i.Kinds), template: i.Template.Value, id: t.Key, effective: &e})
	o := outcome(receipt, err, e.From.Value == "")
	r.settle(ctx, t.Order.ID, email, l, settings, o)
	return o
}

// mayInvite asks what speaks against a mail to this customer now, and claims
// the customer's turn.
func (r *route) mayInvite(ctx context.Context, id, email string, s review.Settings) (partner.Outcome, bool) {
	out, err := r.book.OptedOut(ctx, r.deps.Shop, email)
	if err != nil {
		return ours(err), true
	}
	if out {
		return partner.Declined("opted_out", "the customer wants no invitations"), true
	}
	days := 0
	if s.Frequency != nil {
		days = *s.Frequency
	}
	ok, err := r.book.TakeTurn(ctx, r.deps.Shop, email, id, days)
	if err != nil {
		return ours(err), true
	}
	if !ok {
		return partner.Declined("invited_lately", fmt.Sprintf("another order's invitation went to this customer within %d days", days)), true
	}
	return partner.Outcome{}, false
}

// link makes the link to the order's form. One of an attempt before that has
// not gone out asks what is asked now.
func (r *route) link(ctx context.Context, o *order.Order, e *review.Effective, i *review.Invite) (review.Link, string, error) {
	l := review.Link{
		Order: o.ID, Route: r.deps.Route, Source: "route:" + r.deps.Route,
		Locale: e.Locale.Value, Location: e.Location.Value, Tags: i.Tags.Value, Redirect: i.Redirect.Value,
		Address: r.book.Address(r.deps.Shop, addressOf(o)),
	}
	if slices.Contains(i.Kinds, review.KindShop) {
		l.Kinds = append(l.Kinds, order.AboutShop)
	}
	if slices.Contains(i.Kinds, review.KindProducts) {
		l.Kinds, l.Products = append(l.Kinds, order.AboutProduct), review.Products(o)
	}
	kept, url, err := r.book.Make(ctx, r.deps.Shop, o.ID, l)
	if err != nil || !kept.Sent.IsZero() || !kept.Ended.IsZero() || sameLink(&kept, &l) {
		return kept, url, err
	}
	kept, err = r.book.Mark(ctx, r.deps.Shop, kept.ID, func(k *review.Link) {
		k.Kinds, k.Products, k.Tags, k.Redirect = l.Kinds, l.Products, l.Tags, l.Redirect
		k.Locale, k.Location, k.Address = l.Locale, l.Location, l.Address
	})
	return kept, url, err
}

func sameLink(a, b *review.Link) bool {
	return slices.Equal(a.Kinds, b.Kinds) && slices.Equal(a.Products, b.Products) && slices.Equal(a.Tags, b.Tags) &&
		a.Redirect == b.Redirect && a.Locale == b.Locale && a.Location == b.Location && a.Address == b.Address
}

// settle keeps what follows from an outcome beside it. The mail has gone or
// not: nothing here changes that.
func (r *route) settle(ctx context.Context, id, email string, l review.Link, s review.Settings, o partner.Outcome) {
	// What has happened is kept even if the call was cut off meanwhile.
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
	defer cancel()
	var err error
	switch o.Result {
	case partner.ResultRefused:
		err = r.book.GiveTurnBack(ctx, r.deps.Shop, email, id)
	case partner.ResultDelivered:
		_, err = r.book.Mark(ctx, r.deps.Shop, l.ID, func(l *review.Link) { l.Sent = r.deps.Now().UTC() })
		if s.Reminder != nil && *s.Reminder > 0 {
			err = errors.Join(err, r.book.Remind(ctx, r.deps.Shop, l, *s.Reminder))
		}
	}
	if err != nil {
		r.log.Warn("what follows an invitation could not be kept", "order", id, "error", err)
	}
}

// ours is a trouble of ours before anything was sent.
func ours(err error) partner.Outcome { return partner.Later(0, "store", "not sent: "+err.Error()) }

// outcome maps what became of a mail. Ours says that the sender's address is
// the server's own and not the order's wish.
func outcome(receipt mail.Receipt, err error, ownSender bool) partner.Outcome {
	var e *mail.Error
	switch {
	case err == nil:
		return partner.Delivered(receipt.ID)
	case !errors.As(err, &e):
		return partner.Later(0, "mail", err.Error())
	}
	code := "smtp_" + string(e.Stage)
	if e.Code > 0 {
		code = "smtp_" + strconv.Itoa(e.Code)
	}
	switch {
	case e.Unknown:
		return partner.Unknown(code, "the mail server did not answer after the text: "+e.Text)
	case e.Temporary:
		return partner.Later(0, code, e.Text)
	case e.Stage == mail.StageLogin, e.Stage == mail.StageSender && ownSender:
		return partner.Refused(code, e.Text).Of(partner.ScopeRoute)
	}
	return partner.Refused(code, e.Text)
}

// leave asks the engine's gate at the last moment.
func leave(ctx context.Context) func() bool { return func() bool { return outbound.MayLeave(ctx) } }
