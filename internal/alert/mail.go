package alert

import (
	"context"
	"fmt"
	"time"

	"github.com/ordermux/ordermux/internal/config"
	"github.com/ordermux/ordermux/internal/mail"
)

// Mail tells by e-mail.
type Mail struct {
	server mail.Server
	to     []string
}

// NewMail makes a channel that mails to these addresses.
func NewMail(smtp config.SMTP, to []string) *Mail {
	return &Mail{to: to, server: mail.Server{
		Host: smtp.Host, Port: smtp.Port, From: smtp.From, Username: smtp.Username, Password: smtp.Password, TLS: smtp.TLS,
	}}
}

// Name implements Channel.
func (m *Mail) Name() string { return "mail" }

// Tell implements Channel: one mail to all addresses.
func (m *Mail) Tell(ctx context.Context, n Notice) error {
	return m.server.Send(ctx, mail.Message{
		To: m.to, Subject: subject(n), Text: body(n), ID: n.ID, At: n.At,
		// So that no absence note answers (RFC 3834).
		Header: map[string]string{"Auto-Submitted": "auto-generated"},
	})
}

func subject(n Notice) string {
	about := "ordermux"
	if n.Trouble.Shop != "" {
		about = n.Trouble.Shop + "/" + n.Trouble.Route
	}
	if n.Phase == Ended {
		return fmt.Sprintf("[ordermux] over: %s %s", about, words[n.Trouble.Kind])
	}
	return fmt.Sprintf("[ordermux] %s %s", about, words[n.Trouble.Kind])
}

var words = map[Kind]string{
	RoutePaused:  "is paused",
	RouteBlocked: "is blocked by the partner",
	BreakerOpen:  "stands still: the partner is in trouble",
	RouteLagging: "lags behind",
	OrderWaiting: "has an order that waits too long",
	DiskFull:     "has hardly any disk space",
	RouteFailing: "can not go on",
	NodesDiffer:  "has nodes with different configurations",
}

func body(n Notice) string {
	if n.Phase == Ended {
		return fmt.Sprintf("This is over since %s. It began at %s:\r\n\r\n%s\r\n",
			n.At.Format(time.RFC3339), n.Since.Format(time.RFC3339), n.Trouble.Text)
	}
	return fmt.Sprintf("%s\r\n\r\nSince %s. You will hear once more when it is over.\r\n",
		n.Trouble.Text, n.Since.Format(time.RFC3339))
}
