package mail

import (
	"context"
	"errors"
	"fmt"
	"net"
	netmail "net/mail"
	"strconv"
	"strings"
	"time"

	"github.com/ordermux/ordermux/internal/mail"
	"github.com/ordermux/ordermux/internal/order"
	"github.com/ordermux/ordermux/internal/outbound"
	"github.com/ordermux/ordermux/internal/partner"
	"github.com/ordermux/ordermux/internal/review"
)

// letter is which mail is to be sent.
type letter struct {
	kind, template string // of the template
	id             string // left of the @ of Message-ID
	effective      *review.Effective
}

// kindOf is the kind of template for the kinds of an invitation.
func kindOf(kinds []string) string {
	if len(kinds) == 1 {
		return kinds[0]
	}
	return review.KindBoth
}

// addressOf is the customer's address; "" if nobody said it.
func addressOf(o *order.Order) string {
	if o == nil || o.Customer == nil {
		return ""
	}
	return strings.TrimSpace(o.Customer.Email)
}

// nameOf is the customer's name as it was said: one with a line break in it
// makes the mail one that is not sent.
func nameOf(o *order.Order) string {
	c := o.Customer
	if c.Name != "" {
		return c.Name
	}
	return strings.TrimSpace(c.FirstName + " " + c.LastName)
}

// message is the mail on the wire. Its two List- fields are how mail programs
// offer to end such mails (RFC 2369, and with one click RFC 8058).
func message(ctx context.Context, r review.Letter, o *order.Order, id string, at time.Time) mail.Message {
	to := netmail.Address{Name: nameOf(o), Address: addressOf(o)}
	return mail.Message{
		From: r.From, Sender: r.Sender, ReplyTo: r.ReplyTo, To: []string{to.String()},
		Subject: r.Subject, Text: r.Text, HTML: r.HTML, ID: id, At: at, Leave: leave(ctx),
		Header: map[string]string{
			"List-Unsubscribe":      "<" + r.Unsubscribe + ">",
			"List-Unsubscribe-Post": "List-Unsubscribe=One-Click",
		},
	}
}

// send renders a mail about a link and hands it over; what was said of it is
// recorded as evidence.
func (r *route) send(ctx context.Context, o *order.Order, l review.Link, url string, w letter) (mail.Receipt, error) {
	fields := r.book.FieldsOf(r.deps.Shop, o, l, url)
	made, err := r.book.Render(ctx, r.deps.Shop, w.template, w.kind, w.effective, fields)
	if err != nil {
		return mail.Receipt{}, fmt.Errorf("the mail can not be made: %w", err)
	}
	begun := r.deps.Now()
	receipt, err := r.server.Hand(ctx, message(ctx, made, o, w.id, begun))
	shown, failed := r.book.Render(ctx, r.deps.Shop, made.Template, w.kind, w.effective, masked(fields))
	if failed == nil {
		outbound.Record(ctx, r.evidence(made, shown, w.id, begun, receipt, err))
	}
	return receipt, err
}

// render writes the mail to an order as people may see it before it goes.
func (r *route) render(t partner.Task) ([]byte, error) {
	e := r.book.Effective(r.deps.Shop, t.Order, t.Event.At, t.Event.At)
	i := e.For(r.ask)
	if i == nil {
		return nil, errors.New("nobody asks for such an invitation")
	}
	ctx, cancel := context.WithTimeout(context.Background(), renderTime)
	defer cancel()
	fields := masked(r.book.FieldsOf(r.deps.Shop, t.Order, review.Link{Order: t.Order.ID, Route: r.deps.Route, Products: review.Products(t.Order)}, mask))
	made, err := r.book.Render(ctx, r.deps.Shop, i.Template.Value, kindOf(i.Kinds), &e, fields)
	if err != nil {
		return nil, err
	}
	return []byte(head(made, t.Key) + "\n" + cut(made.Text)), nil
}

// renderTime bounds the reading of settings and templates for a render.
const renderTime = 5 * time.Second

const mask = "[masked]"

// masked are the fields without what leads to the customer: the link too, for
// who has it can answer in their place.
func masked(f review.Fields) review.Fields {
	f.Link, f.Unsubscribe = mask, mask
	if f.Name != "" {
		f.Name = mask
	}
	if f.FirstName != "" {
		f.FirstName = mask
	}
	return f
}

// keepText bounds the text in evidence.
const keepText = 4 << 10

// evidence is what is kept of one mail.
func (r *route) evidence(sent, shown review.Letter, id string, begun time.Time, receipt mail.Receipt, err error) outbound.Exchange {
	port := r.server.Port
	if port == 0 {
		port = 587
	}
	x := outbound.Exchange{
		At: begun, Duration: r.deps.Now().Sub(begun), Method: "SMTP",
		URL:         "smtp://" + net.JoinHostPort(r.server.Host, strconv.Itoa(port)),
		RequestHead: head(shown, id), RequestBody: []byte(cut(shown.Text)), RequestSize: len(sent.Text) + len(sent.HTML),
	}
	var e *mail.Error
	switch {
	case err == nil:
		x.Status, x.ResponseBody = 250, []byte(receipt.Answer)
	case asError(err, &e):
		x.Status, x.ResponseBody, x.Error = e.Code, []byte(e.Text), e.Error()
	default:
		x.Error = err.Error()
	}
	x.ResponseSize = len(x.ResponseBody)
	return x
}

// head are the lines of the mail's head that say something, without whom it
// goes to.
func head(l review.Letter, id string) string {
	return fmt.Sprintf("Message-ID: <%s@…>\nTo: %s\nSubject: %s\nTemplate: %s\nLocale: %s\n", id, mask, l.Subject, l.Template, l.Locale)
}

func cut(text string) string {
	if len(text) > keepText {
		return strings.ToValidUTF8(text[:keepText], "") + "…"
	}
	return text
}
