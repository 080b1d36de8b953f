package trustpilot

import (
	"context"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/ordermux/ordermux/internal/order"
	"github.com/ordermux/ordermux/internal/partner"
)

// handleInvitation is POST …/email-invitations. It answers when the invitation
// is on disk: the caller gets no id and will not ask again.
func (d *door) handleInvitation(w http.ResponseWriter, r *http.Request, unit string) error {
	l, err := d.enterAs(r, unit)
	if err != nil {
		return err
	}
	var body wireInvitation
	wire, err := readJSON(w, r, &body)
	if err != nil {
		return err
	}
	c := checker{demands: demandsOf(l.Settings)}
	if err := c.invitation(&body); err != nil {
		return err
	}
	if body.ReferenceNumber == "" {
		body.ReferenceNumber = loose(d.madeReference(l.Shop, wire))
	}
	o := body.toOrder()
	if err := d.fromCatalogue(r.Context(), l.Shop, &o); err != nil {
		return err
	}
	part := ""
	switch {
	case body.Product == nil:
		err = d.keepProducts(r.Context(), l.Grant, &o)
	case body.Service == nil:
		part = partProducts
	}
	if err != nil {
		return err
	}
	if err := d.state(r.Context(), l.Grant, part, &o, wire); err != nil {
		return err
	}
	answerTaken(w, l.Settings)
	return nil
}

// The parts of a source. A shop may ask for a review of itself, for one of the
// products, and for links, each in a call of its own: what one call says does
// not take back what another one did.
const (
	partProducts     = "/products"
	partLink         = "/link"
	partProductsLink = "/products-link"
)

// keepProducts lets stand what an earlier call asked about the products of an
// order, for one that asks about the shop alone: with Trustpilot these are two
// invitations. What a call about products alone has asked stands by itself.
func (d *door) keepProducts(ctx context.Context, g partner.Grant, o *order.Order) error {
	was, err := d.said(ctx, g, "", o.ID)
	if err != nil || was == nil || was.Customer == nil || was.Review == nil || was.Review.Products == nil {
		return err
	}
	alone, err := d.said(ctx, g, partProducts, o.ID)
	if err != nil || alone != nil {
		return err
	}
	o.Review.Products, o.Lines = was.Review.Products, was.Lines
	return nil
}

// said is what was said of an order by a door's entry, or by a part of it; nil:
// nothing.
func (d *door) said(ctx context.Context, g partner.Grant, part, id string) (*order.Order, error) {
	list, err := d.deps.Orders.Layers(ctx, g.Shop, g.Source.Name+part, []string{id})
	if err != nil || len(list) == 0 {
		return nil, err
	}
	return list[0], nil
}

// state has the ledger take what a caller says of an order; it is on disk when
// state returns nil.
func (d *door) state(ctx context.Context, g partner.Grant, part string, o *order.Order, wire []byte) error {
	source := g.Source
	source.Name += part
	_, err := d.deps.Intake.Append(ctx, g.Shop, []order.Entry{{
		Subject: order.Subject{Kind: order.SubjectOrder, ID: o.ID}, Source: source,
		Statement: &order.Statement{Order: *o, Wire: wire},
	}})
	return err
}

// madeReference names an order that came without a reference number. The same
// body has the same: a client that repeats its call invites nobody twice. It
// is made with a key of ours, for the body holds an address.
func (d *door) madeReference(shop string, wire []byte) string {
	return "tp-" + d.deps.Reviews.Token(shop, "", "trustpilot\x00"+string(wire))
}

// answerTaken answers a taken invitation as the application is set.
func answerTaken(w http.ResponseWriter, s partner.Settings) {
	status, err := strconv.Atoi(s["success_status"].Text)
	if err != nil {
		status = http.StatusAccepted
	}
	if s["success_body"].Text == bodyObject {
		answerJSON(w, status, struct{}{})
		return
	}
	// Not chunked: a client stumbles over an empty body without a length
	// (https://github.com/dietdoctor/go-trustpilot, seen 2026).
	w.Header().Set("Content-Length", "0")
	w.WriteHeader(status)
}

// warnings says what Trustpilot may make otherwise of an invitation that the
// door took. What every shop is warned of (an unknown template, an address that
// is not whole) review.Effective says.
func warnings(o *order.Order) (list []string) {
	if o.Review == nil {
		return nil
	}
	if strings.ContainsAny(o.ID, unwanted) {
		list = append(list, `the reference number holds one of # * + " % &, which Trustpilot advises against`)
	}
	if o.Locale != "" && siteLocale(o.Locale) == o.Locale && !slices.Contains(knownLocales, o.Locale) {
		list = append(list, "the locale is none of those that Trustpilot is known to support")
	}
	if _, ok := o.Extra["locale"]; ok {
		list = append(list, "the locale is not written like sv-SE: it was left out")
	}
	if v := o.Review.Shop; v != nil && slices.ContainsFunc(v.Tags, func(tag string) bool { return !isTag(tag) }) {
		list = append(list, "a tag holds blanks or other signs that Trustpilot does not take")
	}
	if v := o.Review.Products; v != nil && !named(o.Lines, v.SKUs) {
		list = append(list, "the catalogue does not have all of the SKUs")
	}
	return list
}

// named reports whether every SKU has a product with a name.
func named(lines []order.Line, skus []string) bool {
	names := map[string]bool{}
	for i := range lines {
		if p := &lines[i].Product; p.Name != "" {
			names[p.SKU] = true
		}
	}
	return !slices.ContainsFunc(skus, func(sku string) bool { return !names[sku] })
}
