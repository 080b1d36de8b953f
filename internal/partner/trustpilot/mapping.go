package trustpilot

import (
	"strconv"
	"strings"

	"github.com/ordermux/ordermux/internal/json"
	"github.com/ordermux/ordermux/internal/order"
)

// toOrder maps an invitation that the checks passed (see check.go) to the order
// it is about. An invitation without either block asks for a review of the
// shop, with all that the shop has set.
func (w *wireInvitation) toOrder() order.Order {
	o := order.Order{
		ID:       string(w.ReferenceNumber),
		Customer: &order.Customer{Email: w.ConsumerEmail, Name: w.ConsumerName},
		Review: &order.Review{
			SenderName: w.SenderName, SenderEmail: w.SenderEmail, ReplyTo: w.ReplyTo, Location: w.LocationID,
		},
	}
	stateLocale(&o, w.Locale)
	switch {
	case w.Service != nil:
		o.Review.Shop = w.Service.invitation()
	case w.Product == nil:
		o.Review.Shop = &order.Invitation{}
	}
	if w.Product != nil {
		o.Review.Products = w.Product.invitation()
		o.Lines = toLines(w.Product.Products)
	}
	w.keepUnknown(&o)
	return o
}

// stateLocale states a locale as sv-SE; what can not be one is kept as it came.
func stateLocale(o *order.Order, text string) {
	locale, ok := readLocale(text)
	switch {
	case ok:
		o.Locale = locale
	case text != "":
		if raw, err := json.Marshal(text); err == nil {
			o.Extra = map[string]order.Raw{"locale": raw}
		}
	}
}

func (w *wireService) invitation() *order.Invitation {
	at, _ := readSendTime(w.SendTime)
	return &order.Invitation{SendAt: at, Template: w.TemplateID, Redirect: w.RedirectURI, Tags: w.Tags}
}

func (w *wireProduct) invitation() *order.Invitation {
	at, _ := readSendTime(w.SendTime)
	return &order.Invitation{SendAt: at, Template: w.TemplateID, Redirect: w.RedirectURI, SKUs: w.SKUs}
}

func toLines(items []wireItem) []order.Line {
	if len(items) == 0 {
		return nil
	}
	lines := make([]order.Line, len(items))
	for i := range items {
		w := &items[i]
		lines[i].Product = order.Product{
			SKU: w.SKU, Name: w.Name, URL: w.ProductURL, ImageURL: w.ImageURL,
			Brand: w.Brand, MPN: w.MPN, GTIN: w.GTIN, GoogleCategory: w.GoogleCategoryID,
		}
	}
	return lines
}

// keepUnknown keeps the members that no page knows under their paths.
func (w *wireInvitation) keepUnknown(o *order.Order) {
	add(o, "", w.Unknown)
	if w.Service != nil {
		add(o, "serviceReviewInvitation", w.Service.Unknown)
	}
	if w.Product == nil {
		return
	}
	add(o, "productReviewInvitation", w.Product.Unknown)
	for i := range w.Product.Products {
		if unknown := w.Product.Products[i].Unknown; len(unknown) > 0 {
			add(o, "productReviewInvitation.products["+strconv.Itoa(i)+"]", unknown)
		}
	}
}

// add keeps unknown members; the decoder has read them, so nothing is wrong
// with them.
func add(o *order.Order, at string, unknown json.Value) {
	if len(unknown) > 0 {
		_ = json.AddExtra(&o.Extra, at, unknown)
	}
}

// modern is an invitation of the old call as the new one would ask for it.
func (w *wireLegacy) modern() wireInvitation {
	return wireInvitation{
		ConsumerEmail: w.RecipientEmail, ConsumerName: w.RecipientName, ReferenceNumber: w.ReferenceID,
		Locale: w.Locale, SenderName: w.SenderName, SenderEmail: w.SenderEmail, ReplyTo: w.ReplyTo, Unknown: w.Unknown,
		Service: &wireService{TemplateID: w.TemplateID, SendTime: w.SendTime, RedirectURI: w.RedirectURI, Tags: w.Tags},
	}
}

// toOrder maps the wish for a link to an order that nobody mails about: the shop
// hands the link out itself.
func (w *wireLink) toOrder() order.Order {
	o := order.Order{
		ID:       string(w.ReferenceID),
		Customer: &order.Customer{Email: w.Email, Name: w.Name},
		Review:   &order.Review{Location: w.LocationID, ByLink: true},
	}
	stateLocale(&o, w.Locale)
	add(&o, "", w.Unknown)
	return o
}

// toOrder does so for products.
func (w *wireProductLink) toOrder() order.Order {
	o := order.Order{ID: string(w.ReferenceID), Review: &order.Review{ByLink: true}, Lines: toLines(w.Products)}
	if w.Consumer != nil {
		o.Customer = &order.Customer{Email: w.Consumer.Email, Name: w.Consumer.Name}
	}
	stateLocale(&o, w.Locale)
	add(&o, "", w.Unknown)
	return o
}

// toWire maps an order to the invitation that asks for it: about the shop,
// about its products, or both. It is a plain transcription: what the API does
// not take (tags with blanks, forbidden signs in references) is the caller's to
// change. An order that names no location has its store as one.
func toWire(o *order.Order, shop, products bool) wireInvitation {
	w := wireInvitation{ReferenceNumber: loose(o.ID), Locale: o.Locale, Type: typeEmail}
	if c := o.Customer; c != nil {
		w.ConsumerEmail, w.ConsumerName = c.Email, nameOf(c)
	}
	review := o.Review
	if review == nil {
		review = &order.Review{}
	}
	w.SenderName, w.SenderEmail, w.ReplyTo = review.SenderName, review.SenderEmail, review.ReplyTo
	if w.LocationID = review.Location; w.LocationID == "" {
		w.LocationID = o.Store
	}
	if shop {
		w.Service = serviceOf(review.Shop)
	}
	if products {
		w.Product = productOf(review.Products)
		if len(w.Product.SKUs) == 0 { // one or the other, never both
			w.Product.Products = fromLines(o.Lines)
		}
	}
	return w
}

func nameOf(c *order.Customer) string {
	if c.Name != "" {
		return c.Name
	}
	return strings.TrimSpace(c.FirstName + " " + c.LastName)
}

func serviceOf(v *order.Invitation) *wireService {
	if v == nil {
		return &wireService{}
	}
	return &wireService{TemplateID: v.Template, SendTime: sendTimeOf(v), RedirectURI: v.Redirect, Tags: v.Tags}
}

func productOf(v *order.Invitation) *wireProduct {
	if v == nil {
		return &wireProduct{}
	}
	return &wireProduct{TemplateID: v.Template, SendTime: sendTimeOf(v), RedirectURI: v.Redirect, SKUs: v.SKUs}
}

func sendTimeOf(v *order.Invitation) string {
	if v.SendAt.IsZero() {
		return ""
	}
	return writeSendTime(v.SendAt.Time())
}

// fromLines are the products bought: postage, discounts and fees are none.
func fromLines(lines []order.Line) []wireItem {
	var items []wireItem
	for i := range lines {
		if lines[i].Kind != order.LineProduct {
			continue
		}
		p := &lines[i].Product
		items = append(items, wireItem{
			SKU: skuOf(p), Name: p.Name, ProductURL: p.URL, ImageURL: p.ImageURL,
			Brand: p.Brand, MPN: p.MPN, GTIN: p.GTIN, GoogleCategoryID: p.GoogleCategory,
		})
	}
	return items
}

// skuOf is the code that Trustpilot should know a product by.
func skuOf(p *order.Product) string {
	for _, code := range []string{p.SKU, p.Code, p.GTIN} {
		if code != "" {
			return code
		}
	}
	return ""
}
