package trustpilot

import (
	"context"
	"net/http"
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
		body.ReferenceNumber = d.madeReference(l.Shop, wire)
	}
	o := body.toOrder()
	if err := d.fromCatalogue(r.Context(), l.Shop, &o); err != nil {
		return err
	}
	part := ""
	if body.Service == nil && body.Product != nil {
		part = partProducts
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

// Warnings says, a sentence each, what Trustpilot may make otherwise of an
// order's invitations than its sender wants: the door took them all the same.
// Template reports whether a template is known; nil: nothing is said of them.
func Warnings(o *order.Order, template func(id string) bool) (list []string) {
	if o.Review == nil {
		return nil
	}
	for _, v := range []*order.Invitation{o.Review.Shop, o.Review.Products} {
		if v != nil {
			list = append(list, warningsOf(v, template)...)
		}
	}
	if strings.ContainsAny(o.ID, unwanted) {
		list = append(list, `The reference number holds one of # * + " % &, which Trustpilot advises against.`)
	}
	if o.Locale != "" && !inList(knownLocales, o.Locale) {
		list = append(list, "The locale is none of those that Trustpilot is known to support.")
	}
	if _, ok := o.Extra["locale"]; ok {
		list = append(list, "The locale is not written as sv-SE and was left out.")
	}
	if r := o.Review.Products; r != nil && len(r.SKUs) > 0 && !named(o, r.SKUs) {
		list = append(list, "The catalogue does not have all of the SKUs.")
	}
	return list
}

func warningsOf(v *order.Invitation, template func(id string) bool) (list []string) {
	if v.Template != "" && template != nil && !template(v.Template) {
		list = append(list, "The template is not known. With Trustpilot such an invitation is never sent.")
	}
	if v.Redirect != "" && !absolute(v.Redirect) {
		list = append(list, "The redirect address is not absolute; nobody is sent there.")
	}
	for _, tag := range v.Tags {
		if !isTag(tag) {
			return append(list, "A tag holds blanks or other signs that Trustpilot does not take.")
		}
	}
	return list
}

// named reports whether every SKU has a product with a name in the order.
func named(o *order.Order, skus []string) bool {
	names := map[string]bool{}
	for i := range o.Lines {
		if p := &o.Lines[i].Product; p.Name != "" {
			names[p.SKU] = true
		}
	}
	for _, sku := range skus {
		if !names[sku] {
			return false
		}
	}
	return true
}

func inList(list []string, text string) bool {
	for _, t := range list {
		if t == text || strings.HasPrefix(t, text+"-") {
			return true
		}
	}
	return false
}

// StatusLabel is what Trustpilot's invitation status page calls a state of an
// invitation (https://support.trustpilot.com/hc/en-us/articles/4404655951762,
// seen 2026); "": the page has no word for it, or none that could be read.
func StatusLabel(state string) string { return statusLabels[state] }

var statusLabels = map[string]string{
	"planned": "Queued", "sending": "Sending – On its way", "sent": "Delivered", "handed_over": "Queued",
	"opened": "Delivered", "answered": "Delivered", "opted_out": "Delivered – Unsubscribed",
	"failed": "Not delivered", "cancelled": "Cancelled",
}
