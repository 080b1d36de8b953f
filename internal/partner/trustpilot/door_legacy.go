package trustpilot

import (
	"context"
	"net/http"
	"time"

	"github.com/ordermux/ordermux/internal/json"
	"github.com/ordermux/ordermux/internal/order"
)

// The old calls are gone from Trustpilot's pages but alive in clients: create
// answers the invitation, which can then be read by its id.

// remembered is what finds an old-style invitation again.
type remembered struct {
	Order   string    `json:"order"`
	Source  string    `json:"source"`
	User    string    `json:"user,omitzero"`
	Created time.Time `json:"created"`
}

func legacyKey(shop, id string) string { return "invitation/" + shop + "/" + id }

// handleLegacyCreate is POST …/invitations.
func (d *door) handleLegacyCreate(w http.ResponseWriter, r *http.Request, unit string) error {
	l, err := d.enter(r, unit)
	if err != nil {
		return err
	}
	if l.user == "" {
		l.user = r.Header.Get("X-Business-User-Id")
	} else if !l.mayInvite() {
		return forbidden()
	}
	var body wireLegacy
	wire, err := readJSON(w, r, &body)
	if err != nil {
		return err
	}
	c := checker{demands: demandsOf(l.Settings)}
	if err := c.legacy(&body); err != nil {
		return err
	}
	if body.ReferenceID == "" {
		body.ReferenceID = loose(d.madeReference(l.Shop, wire))
	}
	modern := body.modern()
	o := modern.toOrder()
	if err := d.keepProducts(r.Context(), l.Grant, &o); err != nil {
		return err
	}
	if err := d.state(r.Context(), l.Grant, "", &o, wire); err != nil {
		return err
	}
	id := madeID("invitation", l.Shop, l.Name, o.ID)
	m, err := d.remember(r.Context(), l, id, o.ID)
	if err != nil {
		return err
	}
	answer := d.legacyOf(&o, m, l)
	answer.ID, answer.BusinessUnitID = id, unit
	answerJSON(w, http.StatusOK, answer)
	return nil
}

// remember keeps what reading the invitation needs, unless that is known.
func (d *door) remember(ctx context.Context, l *login, id, order string) (remembered, error) {
	m, ok, err := d.recall(ctx, l.Shop, id)
	if err != nil || ok {
		return m, err
	}
	m = remembered{Order: order, Source: l.Source.Name, User: l.user, Created: d.now().UTC().Truncate(time.Microsecond)}
	b, err := json.Marshal(m)
	if err != nil {
		return m, err
	}
	return m, d.deps.State.Put(ctx, legacyKey(l.Shop, id), b, 0)
}

func (d *door) recall(ctx context.Context, shop, id string) (m remembered, ok bool, err error) {
	b, ok, err := d.deps.State.Get(ctx, legacyKey(shop, id))
	if err != nil || !ok {
		return m, false, err
	}
	return m, true, json.Unmarshal(b, &m)
}

// handleLegacyRead is GET …/invitations/{id}, from the ledger.
func (d *door) handleLegacyRead(w http.ResponseWriter, r *http.Request, unit, id string) error {
	l, err := d.enter(r, unit)
	if err != nil {
		return err
	}
	m, ok, err := d.recall(r.Context(), l.Shop, id)
	if err != nil {
		return err
	}
	if !ok {
		return notFound()
	}
	found, err := d.deps.Orders.Layers(r.Context(), l.Shop, m.Source, []string{m.Order})
	if err != nil {
		return err
	}
	if len(found) == 0 || found[0] == nil || found[0].Customer == nil || found[0].Review == nil { // erased
		return notFound()
	}
	answer := d.legacyOf(found[0], m, l)
	answer.ID, answer.BusinessUnitID = id, unit
	products := found[0].Review.Products != nil
	answer.InvitationType, answer.IncludesProduct = "ServiceReviewInvitation", &products
	answerJSON(w, http.StatusOK, answer)
	return nil
}

// legacyOf maps an order onto the answer of the old calls, which tells of what
// the caller left out what the shop has set. Its status stays as it was seen
// for new invitations: what became of them, a door is not told.
func (d *door) legacyOf(o *order.Order, m remembered, l *login) wireLegacyMade {
	e := d.deps.Reviews.Effective(l.Shop, o, m.Created, m.Created)
	w := wireLegacyMade{
		BusinessUserID: m.User, ReferenceID: o.ID, Locale: siteLocale(e.Locale.Value),
		Recipient:   wireParty{o.Customer.Email, o.Customer.Name},
		Sender:      wireParty{o.Review.SenderEmail, o.Review.SenderName},
		ReplyTo:     orNull(e.ReplyTo.Value),
		CreatedTime: m.Created.Format("2006-01-02T15:04:05.000000Z"),
		Tags:        []string{}, Status: "notsent", Source: "InvitationApi",
	}
	fillIn(&w.Sender.Email, e.From.Value)
	fillIn(&w.Sender.Name, displayName(l.Grant))
	if v := o.Review.Shop; v != nil {
		w.TemplateID, w.RedirectURI = orNull(v.Template), orNull(v.Redirect)
		w.Tags = append(w.Tags, v.Tags...)
	}
	if v := e.Shop; v != nil {
		at := v.At.Value
		if asked := o.Review.Shop; asked != nil && !asked.SendAt.IsZero() {
			at = asked.SendAt.Time()
		}
		w.SendTime = orNull(at.UTC().Format("2006-01-02T15:04:05Z"))
		if w.TemplateID == nil {
			w.TemplateID = orNull(v.Template.Value)
		}
	}
	return w
}

func orNull(text string) *string {
	if text == "" {
		return nil
	}
	return &text
}
