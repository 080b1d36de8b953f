package trustpilot

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"net/http"
	"slices"
	"strings"

	"github.com/ordermux/ordermux/internal/json"
	"github.com/ordermux/ordermux/internal/order"
	"github.com/ordermux/ordermux/internal/partner"
	"github.com/ordermux/ordermux/internal/review"
)

// A link that this door answers leads to ordermux's own form: a route can not
// be asked while a caller waits. The order is stated, for the review to have
// something to belong to, but nobody is mailed for it (order.Review.ByLink).

// handleLink is POST …/invitation-links: a link about the shop.
func (d *door) handleLink(w http.ResponseWriter, r *http.Request, unit string) error {
	l, err := d.enter(r, unit)
	if err != nil {
		return err
	}
	body, err := readLink(w, r)
	if err != nil {
		return err
	}
	c := checker{demands: demandsOf(l.Settings)}
	if err := c.link(&body); err != nil {
		return err
	}
	if body.ReferenceID == "" {
		body.ReferenceID = loose(d.madeReference(l.Shop, []byte("link\x00"+body.Email+"\x00"+body.Name)))
	}
	o := body.toOrder()
	made, address, err := d.link(r.Context(), l, partLink, &o, review.Link{
		Kinds: []string{order.AboutShop}, Location: body.LocationID, Tags: body.Tags, Redirect: body.RedirectURI,
	})
	if err != nil {
		return err
	}
	answerJSON(w, http.StatusOK, wireLinkMade{made.ID, whole(r, address)})
	return nil
}

// handleProductLink is POST …/product-reviews/…/invitation-links.
func (d *door) handleProductLink(w http.ResponseWriter, r *http.Request, unit string) error {
	l, err := d.enter(r, unit)
	if err != nil {
		return err
	}
	var body wireProductLink
	if _, err := readJSON(w, r, &body); err != nil {
		return err
	}
	c := checker{demands: demandsOf(l.Settings)}
	if err := c.productLink(&body); err != nil {
		return err
	}
	if body.ReferenceID == "" {
		body.ReferenceID = loose(d.madeReference(l.Shop, []byte("products\x00"+body.Consumer.Email+"\x00"+body.Consumer.Name)))
	}
	o := body.toOrder()
	if len(body.ProductIDs) > 0 {
		if o.Lines, err = d.linesByID(r.Context(), l.Shop, body.ProductIDs); err != nil {
			return err
		}
	}
	ask := review.Link{Kinds: []string{order.AboutProduct}, Redirect: body.RedirectURI}
	for i := range o.Lines {
		p := &o.Lines[i].Product
		ask.Products = append(ask.Products, review.Product{Ref: p.SKU, Name: p.Name, URL: p.URL, ImageURL: p.ImageURL})
	}
	made, address, err := d.link(r.Context(), l, partProductsLink, &o, ask)
	if err != nil {
		return err
	}
	answerJSON(w, http.StatusOK, wireProductLinkMade{made.ID[:24], whole(r, address)})
	return nil
}

// link states the order and makes the link. The same wish has the same link.
func (d *door) link(ctx context.Context, l *login, part string, o *order.Order, ask review.Link) (review.Link, string, error) {
	if err := d.state(ctx, l.Grant, part, o, nil); err != nil {
		return ask, "", err
	}
	if !absolute(ask.Redirect) {
		ask.Redirect = ""
	}
	ask.Order, ask.Locale, ask.Source = o.ID, o.Locale, l.Source.Name+part
	wish, err := json.Marshal(ask)
	if err != nil {
		return ask, "", err
	}
	sum := sha256.Sum256(wish)
	return d.deps.Reviews.Make(ctx, l.Shop, "trustpilot"+part+"/"+o.ID+"/"+hex.EncodeToString(sum[:16]), ask)
}

// whole makes an address of a path, where the hub has no public_url to say who
// it is: what the caller called it is the best guess then.
func whole(r *http.Request, address string) string {
	if !strings.HasPrefix(address, "/") {
		return address
	}
	return partner.Origin(r) + address
}

// linesByID are the products of the catalogue with these ids.
func (d *door) linesByID(ctx context.Context, shop string, ids []string) ([]order.Line, error) {
	lines, left := make([]order.Line, len(ids)), len(ids)
	err := d.eachArticle(ctx, shop, func(a *wireArticle) bool {
		if i := slices.IndexFunc(ids, func(id string) bool { return sameID(id, a.ID) }); i >= 0 {
			lines[i].Product = a.product()
			left--
		}
		return left > 0
	})
	if err != nil {
		return nil, err
	}
	if left > 0 {
		return nil, malformed(sentence("productIds", "must hold products of the catalogue only, each once."))
	}
	return lines, nil
}
