package review

import (
	"context"
	"slices"
	"strings"
	"time"

	"github.com/ordermux/ordermux/internal/order"
)

// The kinds of invitation, as settings and deliveries name them; those of a
// link are order.AboutShop and order.AboutProduct.
const (
	KindShop     = "shop"     // about the shop
	KindProducts = "products" // about the products bought
	KindBoth     = "both"     // of a template: one mail about both
	KindReminder = "reminder" // of a template: the one reminder
)

// kinds are those of templates.
var kinds = []string{KindShop, KindProducts, KindBoth, KindReminder}

// Origin says where an effective value comes from.
type Origin string

// The origins, strongest first.
const (
	FromOrder         Origin = "order"         // the caller's own wish
	FromSettings      Origin = "settings"      // set while the hub runs
	FromConfiguration Origin = "configuration" // the file
	FromDefault       Origin = "default"
)

// Value is an effective value with its origin.
type Value[T any] struct {
	Value  T      `json:"value"`
	Origin Origin `json:"origin"`
}

// Effective is all that an invitation to an order would be made of.
type Effective struct {
	Ask        Value[[]string] `json:"ask"`               // KindShop, KindProducts; empty: nothing can be asked
	Shop       *Invite         `json:"shop,omitzero"`     // nil: not asked
	Products   *Invite         `json:"products,omitzero"` // likewise
	Both       *Invite         `json:"both,omitzero"`     // of a route that asks about both: its one mail
	SenderName Value[string]   `json:"sender_name"`
	From       Value[string]   `json:"from"` // "": the mail server's own address
	ReplyTo    Value[string]   `json:"reply_to"`
	Locale     Value[string]   `json:"locale"`
	Location   Value[string]   `json:"location"`
	Reminder   Value[string]   `json:"reminder"`  // template id of the one reminder
	Remind     Value[int]      `json:"remind"`    // days after which it goes; 0: never
	Frequency  Value[int]      `json:"frequency"` // days between two orders' mails to one customer; 0: any
	// Warnings say what was wished for and is not done, or not as wished.
	Warnings []string `json:"warnings,omitzero"`
}

// Invite is one invitation of an order.
type Invite struct {
	Kinds    []string         `json:"kinds"`
	At       Value[time.Time] `json:"at"`
	Delay    *Value[int]      `json:"delay,omitzero"` // days that lead to At; nil: the order names the time
	Hour     *Value[string]   `json:"hour,omitzero"`  // of the day that Delay leads to; nil: the order says when, and no hour counts
	Template Value[string]    `json:"template"`       // id
	Redirect Value[string]    `json:"redirect"`       // "": our own page
	Tags     Value[[]string]  `json:"tags"`
}

// For returns the invitation that a route sends which asks about some kinds
// (none: about all); nil if the order wishes none of them. One mail about both
// goes at the later of both times: nobody is asked before it was wished for.
func (e *Effective) For(ask []string) *Invite {
	wants := func(kind string) bool { return len(ask) == 0 || has(ask, kind) }
	switch {
	case e.Both != nil && wants(KindShop) && wants(KindProducts):
		return e.Both
	case e.Shop != nil && wants(KindShop):
		return e.Shop
	case e.Products != nil && wants(KindProducts):
		return e.Products
	}
	return nil
}

// Effective returns what an invitation to an order would be made of: the
// order's own wishes before what is set, that before what is configured, and
// that before the defaults. Received is when we accepted the event that brings
// the order up, from which delays count (zero: base, the event's own time). Settings may be 5 s old;
// should they not be readable, the last ones known stand.
func (b *Book) Effective(shop string, o *order.Order, base, received time.Time) Effective {
	ctx, cancel := context.WithTimeout(context.Background(), cacheFor)
	defer cancel()
	k, err := b.known(ctx, shop)
	if err != nil {
		k = b.lastKnown(shop)
		b.opts.Log.Warn("invitation settings can not be read, the last ones known stand", "shop", shop, "error", err)
	}
	if received.IsZero() {
		received = base
	}
	d := &decision{
		shop: b.shop(shop), set: k.set, own: k.templates, order: o, wish: o.Review, received: received,
	}
	if d.wish == nil {
		d.wish = &order.Review{}
	}
	d.configured = d.shop.Settings
	d.decide()
	return d.Effective
}

// decision works an Effective out.
type decision struct {
	Effective
	shop            Shop
	set, configured Settings
	own             []Template
	order           *order.Order
	wish            *order.Review
	received        time.Time
}

func (d *decision) warn(text string) {
	if !slices.Contains(d.Warnings, text) {
		d.Warnings = append(d.Warnings, text)
	}
}

// decide fills the parts in, each after what it needs.
func (d *decision) decide() {
	d.SenderName = pick(d.wish.SenderName, d.set.SenderName, d.configured.SenderName, d.shop.Name)
	d.addresses()
	d.Locale = d.locale()
	d.Location = pick(d.wish.Location, d.set.Location, d.configured.Location, "")
	d.Reminder = d.template(KindReminder, "")
	d.Remind = pickDays(d.set.Reminder, d.configured.Reminder, 0)
	d.Frequency = pickDays(d.set.Frequency, d.configured.Frequency, 0)
	d.Ask = d.ask()
	if has(d.Ask.Value, KindShop) {
		d.Shop = d.invite(KindShop, d.wish.Shop)
	}
	if has(d.Ask.Value, KindProducts) {
		d.Products = d.invite(KindProducts, d.wish.Products)
	}
	if d.Shop != nil && d.Products != nil {
		d.Both = d.together()
	}
}

// pick returns the strongest value that says something.
func pick[T comparable](wish, set, configured, standard T) Value[T] {
	var zero T
	switch {
	case wish != zero:
		return Value[T]{wish, FromOrder}
	case set != zero:
		return Value[T]{set, FromSettings}
	case configured != zero:
		return Value[T]{configured, FromConfiguration}
	}
	return Value[T]{standard, FromDefault}
}

// pickDays is pick for days that an order can not wish.
func pickDays(set, configured *int, standard int) Value[int] {
	days := pick(nil, set, configured, &standard)
	return Value[int]{*days.Value, days.Origin}
}

func pickList(wish, set, configured, standard []string) Value[[]string] {
	switch {
	case len(wish) > 0:
		return Value[[]string]{wish, FromOrder}
	case len(set) > 0:
		return Value[[]string]{set, FromSettings}
	case len(configured) > 0:
		return Value[[]string]{configured, FromConfiguration}
	}
	return Value[[]string]{standard, FromDefault}
}

// addresses decides From and Reply-To. An address of a domain that is not the
// shop's own would be forged as From; replies may go there.
func (d *decision) addresses() {
	sender := pick(d.wish.SenderEmail, d.set.SenderEmail, d.configured.SenderEmail, "")
	d.From = Value[string]{"", FromDefault}
	d.ReplyTo = pick(d.wish.ReplyTo, d.set.ReplyTo, d.configured.ReplyTo, "")
	switch {
	case sender.Value == "":
	case d.mayBeFrom(sender.Value):
		d.From = sender
	default:
		d.warn("the sender's address is of a domain that is not one of senders: it is used as Reply-To only")
		if d.ReplyTo.Value == "" || sender.Origin == FromOrder && d.ReplyTo.Origin != FromOrder {
			d.ReplyTo = sender
		}
	}
}

func (d *decision) mayBeFrom(address string) bool {
	_, domain, _ := strings.Cut(address, "@")
	return domain != "" && addressFault(address) == "" &&
		slices.ContainsFunc(d.configured.Senders, func(s string) bool { return strings.EqualFold(s, domain) })
}

func (d *decision) locale() Value[string] {
	wish := d.order.Locale
	if c := d.order.Customer; wish == "" && c != nil {
		wish = c.Language
	}
	if wish != "" && !locales.MatchString(wish) {
		d.warn("the order's language is not written like sv or sv-SE: it is not used")
		wish = ""
	}
	return pick(strings.ReplaceAll(wish, "_", "-"), d.set.Language, d.configured.Language, DefaultLanguage)
}

// ask decides what is asked. What can not be asked, for the order has no
// products, is left out.
func (d *decision) ask() Value[[]string] {
	var wish []string
	if d.wish.Shop != nil {
		wish = append(wish, KindShop)
	}
	if d.wish.Products != nil {
		wish = append(wish, KindProducts)
	}
	ask := pickList(wish, d.set.Ask, d.configured.Ask, []string{KindShop})
	if has(ask.Value, KindProducts) && len(Products(d.order)) == 0 {
		ask.Value = slices.DeleteFunc(slices.Clone(ask.Value), func(k string) bool { return k == KindProducts })
		d.warn("the order names no product: none can be asked about")
	}
	return ask
}

// invite decides one invitation; wish may be nil.
func (d *decision) invite(kind string, wish *order.Invitation) *Invite {
	if wish == nil {
		wish = &order.Invitation{}
	}
	i := &Invite{Kinds: []string{kind}}
	d.time(i, kind, wish)
	i.Template = d.template(kind, wish.Template)
	i.Redirect = d.redirect(wish.Redirect)
	i.Tags = pickList(wish.Tags, d.set.Tags, d.configured.Tags, nil)
	return i
}

// together makes one invitation of both.
func (d *decision) together() *Invite {
	i := *d.Shop
	i.Kinds = []string{KindShop, KindProducts}
	if d.Products.At.Value.After(i.At.Value) {
		i.At, i.Delay, i.Hour = d.Products.At, d.Products.Delay, d.Products.Hour
	}
	var wish string
	for _, v := range []*order.Invitation{d.wish.Products, d.wish.Shop} {
		if v != nil && v.Template != "" {
			wish = v.Template
		}
	}
	i.Template = d.template(KindBoth, wish)
	if i.Redirect.Origin != FromOrder && d.Products.Redirect.Origin == FromOrder {
		i.Redirect = d.Products.Redirect
	}
	if i.Tags.Origin != FromOrder && d.Products.Tags.Origin == FromOrder {
		i.Tags = d.Products.Tags
	}
	return &i
}

// redirect takes web addresses only.
func (d *decision) redirect(wish string) Value[string] {
	if wish != "" && redirectFault(wish) != "" {
		d.warn("the redirect is no whole address of the web: it is not used")
		wish = ""
	}
	return pick(wish, d.set.Redirect, d.configured.Redirect, "")
}

// time decides when: at the wished time; so many days after reception, as the
// order wishes; or so many days later at the hour that the shop set.
func (d *decision) time(i *Invite, kind string, wish *order.Invitation) {
	if !wish.SendAt.IsZero() {
		i.At = Value[time.Time]{wish.SendAt.Time(), FromOrder}
		return
	}
	delay := wish.Delay
	if delay == nil && kind == KindProducts {
		delay = longestDelay(d.order)
	}
	if delay != nil {
		i.Delay = &Value[int]{max(*delay, 0), FromOrder}
		i.At = Value[time.Time]{d.received.AddDate(0, 0, i.Delay.Value), FromOrder}
		return
	}
	set, configured := d.set.Delay, d.configured.Delay
	if kind == KindProducts {
		set, configured = first(d.set.DelayProducts, set), first(d.configured.DelayProducts, configured)
	}
	days := pickDays(set, configured, DefaultDelay)
	hour := pick("", d.set.Hour, d.configured.Hour, "")
	i.Delay, i.Hour = &days, &hour
	i.At = Value[time.Time]{d.after(days.Value, hour.Value), days.Origin}
}

// longestDelay is the longest delay of a line, if one has any.
func longestDelay(o *order.Order) *int {
	var longest *int
	for i := range o.Lines {
		if n := o.Lines[i].ReviewDelay; n != nil && (longest == nil || *n > *longest) {
			longest = n
		}
	}
	return longest
}

// after returns the time that lies so many days after reception, at the hour
// in the shop's zone if there is one; never before reception.
func (d *decision) after(days int, hour string) time.Time {
	if hour == "" {
		return d.received.AddDate(0, 0, days)
	}
	clock, err := time.Parse("15:04", hour)
	if err != nil {
		return d.received.AddDate(0, 0, days)
	}
	year, month, day := d.received.In(d.shop.Location).Date()
	at := func(n int) time.Time {
		return time.Date(year, month, day+n, clock.Hour(), clock.Minute(), 0, 0, d.shop.Location)
	}
	if t := at(days); !t.Before(d.received) {
		return t
	}
	return at(days + 1)
}

// maxProducts bounds the products that one form asks about.
const maxProducts = 50

// Products are those of an order that a form can ask about, each once: the
// lines' products, and codes of a catalogue that the order names.
func Products(o *order.Order) []Product {
	var out []Product
	add := func(p Product) {
		if p.Ref != "" && len(out) < maxProducts && !slices.ContainsFunc(out, func(q Product) bool { return q.Ref == p.Ref }) {
			out = append(out, p)
		}
	}
	for i := range o.Lines {
		if l := &o.Lines[i]; l.Kind == order.LineProduct && l.Status != order.LineNotFound && l.Status != order.LineReplaced {
			add(asked(&l.Product))
		}
	}
	if o.Review != nil && o.Review.Products != nil {
		for _, sku := range o.Review.Products.SKUs {
			add(Product{Ref: sku, Name: sku})
		}
	}
	return out
}

func asked(p *order.Product) Product {
	ref := first(p.Code, p.SKU, p.GTIN, p.UPC, p.ISBN, p.JAN, p.MPN, p.External, p.Name)
	return Product{Ref: ref, Name: first(p.Name, ref), URL: webAddress(p.URL), ImageURL: webAddress(p.ImageURL)}
}

// webAddress returns an address that a page may lead to, or "".
func webAddress(s string) string {
	if redirectFault(s) != "" {
		return ""
	}
	return s
}
