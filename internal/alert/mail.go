package alert

import (
	"context"
	"fmt"
	"time"

	"github.com/ordermux/ordermux/internal/config"
	"github.com/wneessen/go-mail"
)

// mailTimeout bounds one mail, from dialling to the server's last word.
const mailTimeout = 30 * time.Second

// Mail tells by e-mail.
type Mail struct {
	smtp config.SMTP
	to   []string
}

// NewMail makes a channel that mails to these addresses.
func NewMail(smtp config.SMTP, to []string) *Mail { return &Mail{smtp: smtp, to: to} }

// Name implements Channel.
func (m *Mail) Name() string { return "mail" }

// Tell implements Channel: one mail to all addresses.
func (m *Mail) Tell(ctx context.Context, n Notice) error {
	msg, err := m.message(n)
	if err != nil {
		return err
	}
	client, err := m.client()
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, mailTimeout)
	defer cancel()
	return client.DialAndSendWithContext(ctx, msg)
}

func (m *Mail) message(n Notice) (*mail.Msg, error) {
	msg := mail.NewMsg(mail.WithNoDefaultUserAgent())
	if err := msg.From(m.smtp.From); err != nil {
		return nil, fmt.Errorf("smtp.from: %w", err)
	}
	if err := msg.To(m.to...); err != nil {
		return nil, fmt.Errorf("alerts.email: %w", err)
	}
	msg.Subject(subject(n))
	msg.SetDateWithValue(n.At)
	msg.SetMessageIDWithValue(n.ID + "@" + m.smtp.Host)
	// So that no absence note answers (RFC 3834).
	msg.SetGenHeader("Auto-Submitted", "auto-generated")
	msg.SetBodyString(mail.TypeTextPlain, body(n))
	return msg, nil
}

func (m *Mail) client() (*mail.Client, error) {
	opts := []mail.Option{mail.WithTimeout(mailTimeout)}
	switch m.smtp.TLS {
	case "always":
		opts = append(opts, mail.WithTLSPolicy(mail.TLSMandatory))
	case "never":
		opts = append(opts, mail.WithTLSPolicy(mail.NoTLS))
	default:
		opts = append(opts, mail.WithTLSPolicy(mail.TLSOpportunistic))
	}
	if m.smtp.Port > 0 {
		opts = append(opts, mail.WithPort(m.smtp.Port))
	}
	if m.smtp.Port == portImplicitTLS && m.smtp.TLS != "never" {
		opts = append(opts, mail.WithSSL())
	}
	if m.smtp.Username != "" {
		opts = append(opts, mail.WithSMTPAuth(mail.SMTPAuthAutoDiscover),
			mail.WithUsername(m.smtp.Username), mail.WithPassword(m.smtp.Password.Reveal()))
	}
	return mail.NewClient(m.smtp.Host, opts...)
}

// portImplicitTLS is submission with TLS from the first byte (RFC 8314).
const portImplicitTLS = 465

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
