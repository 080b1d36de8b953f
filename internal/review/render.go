package review

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	htmltemplate "html/template"
	"io"
	"strings"
	texttemplate "text/template"

	"github.com/ordermux/ordermux/internal/order"
)

// Fields are all that a template shows: {{.Shop}}, {{.Link}} …
type Fields struct {
	Shop        string   // the shop's name
	Name        string   // the customer's whole name; "" if nobody said
	FirstName   string   // their first name, or the whole one
	Order       string   // the order's number
	Products    []string // names of what is asked about, at most listed of them
	More        int      // how many products are not in Products
	Location    string
	Link        string // the form's address
	Unsubscribe string // where no more mails are asked for
	Again       bool   // the customer had not received the order at first
	Test        bool   // a test mail: what is sent in is thrown away
}

// listed is how many products a mail names.
const listed = 10

// Letter is a mail as it is to be sent, but for the recipient and the server's
// own address.
type Letter struct {
	Template string `json:"template"` // id
	Locale   string `json:"locale"`
	Subject  string `json:"subject"`
	Text     string `json:"text"`
	HTML     string `json:"html,omitzero"`
	// Sender is the name beside the address of From; From "": the server's own.
	Sender      string `json:"sender"`
	From        string `json:"from,omitzero"`
	ReplyTo     string `json:"reply_to,omitzero"`
	Unsubscribe string `json:"unsubscribe,omitzero"` // the address of List-Unsubscribe
}

// UnsubscribeURL is the address that opts out who got a link, by POST.
func UnsubscribeURL(link string) string { return link + "/unsubscribe" }

// FieldsOf are what a mail about a link to an order shows.
func (b *Book) FieldsOf(shop string, o *order.Order, l Link, url string) Fields {
	f := Fields{
		Shop: oneLine(b.shop(shop).Name), Order: oneLine(l.Order), Location: oneLine(l.Location), Link: url, Unsubscribe: UnsubscribeURL(url),
		Again: !l.Missing.IsZero(), Test: l.Test,
	}
	for _, p := range l.Products {
		if len(f.Products) < listed {
			f.Products = append(f.Products, oneLine(first(p.Name, p.Ref)))
		} else {
			f.More++
		}
	}
	f.Name, f.FirstName = names(o)
	return f
}

// names are those of the customer, else of who gets the goods.
func names(o *order.Order) (whole, firstName string) {
	if c := o.Customer; c != nil {
		whole = first(c.Name, strings.TrimSpace(c.FirstName+" "+c.LastName))
		firstName = c.FirstName
	}
	if r := o.Recipient; whole == "" && r != nil {
		whole = first(r.Name, strings.TrimSpace(r.FirstName+" "+r.LastName))
		firstName = r.FirstName
	}
	whole, firstName = oneLine(whole), oneLine(firstName)
	return whole, first(firstName, whole)
}

// oneLine makes line ends and runs of blanks one blank.
func oneLine(s string) string { return strings.Join(strings.Fields(s), " ") }

// Render makes the mail of a template, by its id; one that is gone meanwhile
// is replaced by the default of that kind ("": both) and locale.
func (b *Book) Render(ctx context.Context, shop, id, kind string, e *Effective, f Fields) (Letter, error) {
	all, err := b.Templates(ctx, shop)
	if err != nil {
		return Letter{}, err
	}
	t := defaultTemplate(all, first(kind, KindBoth), e.Locale.Value)
	for i := range all {
		if all[i].ID == id {
			t = all[i]
		}
	}
	l, err := t.render(f)
	if err != nil && !t.Shipped {
		b.opts.Log.Warn("a template fails, the shipped one is used", "shop", shop, "template", t.ID, "error", err)
		t = defaultTemplate(shipped(), t.Kind, t.Locale)
		l, err = t.render(f)
	}
	l.Sender, l.From, l.ReplyTo = e.SenderName.Value, e.From.Value, e.ReplyTo.Value
	return l, err
}

// Preview shows a template with the data of an order that nobody placed.
// Errors: order.ErrNotFound.
func (b *Book) Preview(ctx context.Context, shop, id string) (Letter, error) {
	t, ok, err := b.Template(ctx, shop, id)
	if err != nil {
		return Letter{}, err
	}
	if !ok {
		return Letter{}, fmt.Errorf("template: %w", order.ErrNotFound)
	}
	return b.preview(shop, t)
}

// PreviewOf makes the same of a template that is not kept. Errors:
// *order.Invalid, which names the line of a fault.
func (b *Book) PreviewOf(shop string, t Template) (Letter, error) {
	t.Locale = strings.ReplaceAll(t.Locale, "_", "-")
	if faults := t.check(); len(faults) > 0 {
		return Letter{}, invalid(faults)
	}
	return b.preview(shop, t)
}

func (b *Book) preview(shop string, t Template) (Letter, error) {
	o, l := b.sample(shop, t)
	e := b.Effective(shop, o, b.opts.Now(), b.opts.Now())
	letter, err := t.render(b.FieldsOf(shop, o, l, b.URL(shop, "preview")))
	letter.Sender, letter.From, letter.ReplyTo = e.SenderName.Value, e.From.Value, e.ReplyTo.Value
	return letter, err
}

// TestLetter makes a mail that shows a template to the shop's own people. Its
// link opens a real form, and what is sent in there is thrown away. Errors:
// order.ErrNotFound.
func (b *Book) TestLetter(ctx context.Context, shop, id string) (Letter, error) {
	t, ok, err := b.Template(ctx, shop, id)
	if err != nil {
		return Letter{}, err
	}
	if !ok {
		return Letter{}, fmt.Errorf("template: %w", order.ErrNotFound)
	}
	o, l := b.sample(shop, t)
	l, url, err := b.Make(ctx, shop, "test\x00"+id, l)
	if err != nil {
		return Letter{}, err
	}
	e := b.Effective(shop, o, b.opts.Now(), b.opts.Now())
	letter, err := t.render(b.FieldsOf(shop, o, l, url))
	letter.Sender, letter.From, letter.ReplyTo = e.SenderName.Value, e.From.Value, e.ReplyTo.Value
	letter.Subject = "[test] " + letter.Subject
	letter.Unsubscribe = UnsubscribeURL(url)
	return letter, err
}

// sample is an order that nobody placed, and its link.
func (b *Book) sample(shop string, t Template) (*order.Order, Link) {
	o := sampleOrder()
	l := Link{Order: o.ID, Locale: t.Locale, Test: true, Kinds: []string{order.AboutShop}}
	if t.Kind != KindShop {
		l.Kinds, l.Products = []string{order.AboutShop, order.AboutProduct}, Products(o)
	}
	if t.Kind == KindProducts {
		l.Kinds = l.Kinds[1:]
	}
	return o, l
}

func sampleOrder() *order.Order {
	return &order.Order{
		ID: "A-1001", Customer: &order.Customer{FirstName: "Eva", LastName: "Lind", Email: "eva@kund.example"},
		Lines: []order.Line{
			{Product: order.Product{Code: "BON-250", Name: "Espresso Nº 3, 250 g"}},
			{Product: order.Product{Code: "MUG-1", Name: "Mug “Nordlys” <blue>"}},
		},
	}
}

// maxMail bounds what a template makes.
const maxMail = 500_000

var errTooLong = errors.New("the mail is longer than " + fmt.Sprint(maxMail) + " bytes")

// bounded takes so much and no more.
type bounded struct{ bytes.Buffer }

func (b *bounded) Write(p []byte) (int, error) {
	if b.Len()+len(p) > maxMail {
		return 0, errTooLong
	}
	return b.Buffer.Write(p)
}

type executor interface{ Execute(io.Writer, any) error }

func fill(t executor, f *Fields) (string, error) {
	var out bounded
	err := t.Execute(&out, f)
	return out.String(), err
}

// render fills a template in.
func (t *Template) render(f Fields) (Letter, error) {
	p, faults := t.parse()
	if len(faults) > 0 {
		return Letter{}, fmt.Errorf("template %s: %s: %s", t.ID, faults[0].Path, faults[0].Reason)
	}
	l := Letter{Template: t.ID, Locale: t.Locale, Unsubscribe: f.Unsubscribe}
	subject, err := fill(p.subject, &f)
	if err != nil {
		return l, fmt.Errorf("template %s: %w", t.ID, &partError{"subject", err})
	}
	l.Subject = strings.TrimSpace(subject)
	if l.Text, err = fill(p.text, &f); err != nil {
		return l, fmt.Errorf("template %s: %w", t.ID, &partError{"text", err})
	}
	if p.html != nil {
		if l.HTML, err = fill(p.html, &f); err != nil {
			return l, fmt.Errorf("template %s: %w", t.ID, &partError{"html", err})
		}
	}
	return l, nil
}

// partError says which part of a template can not be filled in.
type partError struct {
	part string
	err  error
}

func (e *partError) Error() string { return e.part + ": " + e.err.Error() }
func (e *partError) Unwrap() error { return e.err }

// parsed is a template that can be filled in.
type parsed struct {
	subject, text *texttemplate.Template
	html          *htmltemplate.Template // nil: none
}
