// Package mail is the route that invites customers by mail, for shops without
// a review platform and for what no other route takes: it renders the
// invitation, hands it to a mail server and says how far that got. Plans,
// templates, forms and reviews are those of package review. README.md
// describes it.
package mail

import (
	"github.com/ordermux/ordermux/internal/partner"
)

// Partner is the mail to the customer. It has no door.
var Partner = partner.Partner{
	Name:  "mail",
	Title: "Mail (invitations by ordermux itself)",
	Settings: []partner.Field{
		{Name: "ask", Route: true, Kind: partner.List, Choices: []string{partner.InviteShop, partner.InviteProducts},
			Description: "What this route's mails ask about: shop, products or both (default), which is one mail about both. For two mails configure two routes."},
		{Name: "host", Route: true, Kind: partner.Text,
			Description: "Mail server of this route, with the settings below. Default: that of smtp in the configuration."},
		{Name: "port", Route: true, Kind: partner.Int, Default: "587",
			Description: "Its port; 465 is TLS from the first byte."},
		{Name: "username", Route: true, Kind: partner.Text, Description: "Login at the mail server, with password."},
		{Name: "password", Route: true, Kind: partner.Text, Secret: true, Description: "Of the login."},
		{Name: "tls", Route: true, Kind: partner.Text, Default: "starttls", Choices: []string{"starttls", "always", "never"},
			Description: "starttls: encrypted where the server offers it; always: or nothing is sent."},
		{Name: "from", Route: true, Kind: partner.Text,
			Description: "Sender of this route's mails where the shop names none, such as \"Nordlys <hej@nordlys.example>\". Needed with host."},
		{Name: "resend_unknown", Route: true, Kind: partner.Bool, Default: "false",
			Description: "Send again when the mail server's answer got lost after the text. The customer may get two mails; without it a person decides."},
		{Name: "timeout", Route: true, Kind: partner.Duration, Default: "30s",
			Description: "Of one mail, from connecting to the server's last word, 1s to 5m."},
	},
	Route: newRoute,
}
