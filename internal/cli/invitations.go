package cli

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/ordermux/ordermux/internal/api"
	"github.com/ordermux/ordermux/internal/review"
)

type invitationsCmd struct {
	List      invitationsListCmd      `cmd:"" default:"withargs" help:"List invitations to review, or show one order's."`
	Cancel    invitationsCancelCmd    `cmd:"" help:"Cancel what has not gone out of an order's invitations."`
	Settings  invitationsSettingsCmd  `cmd:"" help:"Show or change how a shop invites."`
	Templates invitationsTemplatesCmd `cmd:"" help:"Show, change, preview and test the mails."`
}

type invitationsListCmd struct {
	Order       string    `arg:"" optional:"" help:"Show everything about the invitations to this order." placeholder:"ORDER"`
	Reference   []string  `help:"Only to these orders, with commas between them." placeholder:"ORDER"`
	Email       string    `help:"Only this address." placeholder:"ADDRESS"`
	Kind        string    `help:"Only these: shop or products." enum:",shop,products" default:"" placeholder:"KIND"`
	Route       string    `help:"Only this route." placeholder:"NAME"`
	Partner     string    `help:"Only routes to this partner." placeholder:"NAME"`
	State       []string  `help:"Only these states, with commas between them: planned, held, sending, sent, handed_over, failed, refused, unknown, opened, answered, not_received, cancelled, opted_out." placeholder:"STATE"`
	Reason      string    `help:"Only with these words in the reason." placeholder:"WORDS"`
	CreatedFrom time.Time `help:"Made at or after (RFC 3339, or a day in UTC)." placeholder:"TIME"`
	CreatedTo   time.Time `help:"Made before." placeholder:"TIME"`
	PlannedFrom time.Time `help:"Planned for this time or later." placeholder:"TIME"`
	PlannedTo   time.Time `help:"Planned for before this time." placeholder:"TIME"`
	SentFrom    time.Time `help:"Left us at or after." placeholder:"TIME"`
	SentTo      time.Time `help:"Left us before." placeholder:"TIME"`
	CSV         bool      `help:"Print all as CSV." name:"csv" xor:"form"`
	pageFlags
	ofShop
	JSON bool `help:"Print JSON." name:"json" xor:"form"`
}

func (c *invitationsListCmd) options() api.InvitationOptions {
	return api.InvitationOptions{
		References: c.Reference, Email: c.Email, Kind: c.Kind, Route: c.Route, Partner: c.Partner, States: c.State, Reason: c.Reason, CreatedFrom: c.CreatedFrom, CreatedTo: c.CreatedTo,
		PlannedFrom: c.PlannedFrom, PlannedTo: c.PlannedTo, SentFrom: c.SentFrom, SentTo: c.SentTo, Cursor: c.Cursor,
	}
}

// Run lists invitations, or shows those to one order.
func (c *invitationsListCmd) Run(ctx context.Context, env *Env) error {
	client, shop, err := c.client(ctx, env)
	switch {
	case err != nil:
		return err
	case c.Order != "":
		return c.one(ctx, env, client, shop)
	case c.CSV:
		return client.ExportInvitations(ctx, shop, c.options(), env.Out)
	}
	all := api.Invitations{Invitations: []api.Invitation{}}
	all.Next, err = c.pages(func(p api.ListOptions) (int, string, error) {
		o := c.options()
		o.Cursor, o.Limit = p.Cursor, p.Limit
		page, err := client.Invitations(ctx, shop, o)
		all.Invitations = append(all.Invitations, page.Invitations...)
		return len(page.Invitations), page.Next, err
	})
	if err != nil {
		return err
	}
	if c.JSON {
		return env.printJSON(all)
	}
	if err := env.printInvitations(all.Invitations); err != nil {
		return err
	}
	return env.more(all.Next)
}

func (env *Env) printInvitations(list []api.Invitation) error {
	t := table(env.Out)
	row(t, "REFERENCE", "E-MAIL", "KIND", "ROUTE", "STATE", "CREATED (UTC)", "PLANNED", "LEFT US", "REASON")
	for _, i := range list {
		row(t, i.Order, i.Email, strings.Join(i.Kinds, "+"), i.Route, i.StateText, at(i.Created), at(i.Planned), at(i.Sent), short(i.Reason, 60))
	}
	return t.Flush()
}

func (c *invitationsListCmd) one(ctx context.Context, env *Env, client *api.Client, shop string) error {
	one, err := client.Invitation(ctx, shop, c.Order)
	if err != nil {
		return notFound(err, "order %s is not known at shop %s", c.Order, shop)
	}
	if c.JSON {
		return env.printJSON(one)
	}
	if err := env.printInvitations(one.Invitations); err != nil {
		return err
	}
	for _, i := range one.Invitations {
		for _, platform := range slices.Sorted(maps.Keys(i.ShownAs)) {
			fmt.Fprintf(env.Out, "%s: %s would show %q\n", i.Route, platform, i.ShownAs[platform])
		}
	}
	for _, i := range one.Invitations {
		if !i.Again.IsZero() {
			fmt.Fprintf(env.Out, "%s: the order had not arrived; asked once more at %s UTC\n", i.Route, at(i.Again))
		}
	}
	for _, v := range one.Skipped {
		fmt.Fprintf(env.Out, "%s: not invited by it: %s\n", v.Route, cell(v.Reason))
	}
	if one.Effective == nil {
		return nil
	}
	fmt.Fprintln(env.Out, "\nby the shop's settings:")
	return env.printEffective(one.Effective)
}

// printEffective prints every value that an invitation is made of, and where
// it comes from.
func (env *Env) printEffective(e *review.Effective) error {
	t := table(env.Out)
	row(t, "VALUE OF", "", "FROM")
	say := func(name, value string, from review.Origin) { row(t, name, short(value, 60), from) }
	say("ask", strings.Join(e.Ask.Value, ", "), e.Ask.Origin)
	for _, i := range []struct {
		name string
		*review.Invite
	}{{"shop", e.Shop}, {"products", e.Products}, {"both in one", e.Both}} {
		if i.Invite == nil {
			continue
		}
		say(i.name+": at", at(i.At.Value), i.At.Origin)
		if i.Delay != nil {
			say(i.name+": delay", strconv.Itoa(i.Delay.Value), i.Delay.Origin)
		}
		if i.Hour != nil {
			say(i.name+": hour", i.Hour.Value, i.Hour.Origin)
		}
		say(i.name+": template", i.Template.Value, i.Template.Origin)
		say(i.name+": redirect", i.Redirect.Value, i.Redirect.Origin)
		say(i.name+": tags", strings.Join(i.Tags.Value, ", "), i.Tags.Origin)
	}
	say("sender_name", e.SenderName.Value, e.SenderName.Origin)
	say("from", e.From.Value, e.From.Origin)
	say("reply_to", e.ReplyTo.Value, e.ReplyTo.Origin)
	say("locale", e.Locale.Value, e.Locale.Origin)
	say("location", e.Location.Value, e.Location.Origin)
	say("frequency", strconv.Itoa(e.Frequency.Value), e.Frequency.Origin)
	say("reminder", strconv.Itoa(e.Remind.Value), e.Remind.Origin)
	if err := t.Flush(); err != nil {
		return err
	}
	for _, w := range e.Warnings {
		fmt.Fprintln(env.Out, "note:", cell(w))
	}
	return nil
}

type invitationsCancelCmd struct {
	Order string `arg:"" help:"Order whose invitations are cancelled." placeholder:"ORDER"`
	Route string `help:"Only on this route." placeholder:"NAME"`
	ofShop
}

// Run cancels invitations.
func (c *invitationsCancelCmd) Run(ctx context.Context, env *Env) error {
	client, shop, err := c.client(ctx, env)
	if err != nil {
		return err
	}
	acted, err := client.CancelInvitation(ctx, shop, c.Order, c.Route)
	if err != nil {
		return notFound(err, "order %s is not known at shop %s", c.Order, shop)
	}
	fmt.Fprintf(env.Out, "%s to order %s cancelled\n", count(acted.Count, "invitation"), c.Order)
	return nil
}
