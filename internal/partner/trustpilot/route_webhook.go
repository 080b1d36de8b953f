package trustpilot

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/ordermux/ordermux/internal/json"
	"github.com/ordermux/ordermux/internal/order"
	"github.com/ordermux/ordermux/internal/partner"
)

// receiver takes Trustpilot's review webhook: what customers wrote, changed
// and took back. It answers 200 when all of it is stored.
type receiver struct{ route *route }

var _ http.Handler = (*receiver)(nil)

func (h *receiver) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Cache-Control", "no-store")
	switch {
	case !h.admits(r):
		http.NotFound(w, r) // a wrong token is an address that does not exist
		return
	case r.Method != http.MethodPost:
		w.Header().Set("Allow", http.MethodPost)
		http.Error(w, "method not allowed", http.StatusMethodNotAllowed)
		return
	}
	var b partner.Body
	body, err := b.Read(w, r)
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	reviews, err := readReviews(body)
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	if err := h.store(r, reviews); err != nil {
		h.fail(w, err)
		return
	}
	w.WriteHeader(http.StatusOK)
}

// admits compares the secret in constant time.
func (h *receiver) admits(r *http.Request) bool {
	o := &h.route.opts
	if o.webhookHeader != "" {
		return strings.Trim(r.URL.Path, "/") == "" && o.webhookToken.Is(r.Header.Get(o.webhookHeader))
	}
	return o.webhookToken.Is(strings.Trim(r.URL.Path, "/"))
}

func (h *receiver) fail(w http.ResponseWriter, err error) {
	var bad *order.Invalid
	switch {
	case errors.As(err, &bad):
		http.Error(w, bad.Error(), http.StatusBadRequest)
	case errors.Is(err, order.ErrBusy), errors.Is(err, order.ErrReadOnly):
		w.Header().Set("Retry-After", "10")
		http.Error(w, "not stored, send it again", http.StatusServiceUnavailable)
	default:
		h.route.log.Error("a review could not be stored", "error", err)
		http.Error(w, "not stored, send it again", http.StatusInternalServerError)
	}
}

// store appends all that one call says, whole.
func (h *receiver) store(r *http.Request, reviews []heardReview) error {
	if len(reviews) == 0 {
		return nil
	}
	ctx, now := r.Context(), h.route.now()
	entries := make([]order.Entry, len(reviews))
	for i := range reviews {
		v := &reviews[i]
		id, err := h.orderOf(r, v)
		if err != nil {
			return err
		}
		entries[i] = order.Entry{
			Subject: subject(id, v.id), Source: h.route.deps.Source, Origin: h.route.deps.Route,
			Happening: v.happening(now, h.version(v)),
		}
	}
	if _, err := h.route.deps.Intake.Append(ctx, h.route.deps.Shop, entries); err != nil {
		return err
	}
	return nil
}

// orderOf finds the order of a review by the reference of its invitation, or
// by what was said of the review before: of a deleted one only its id may come.
func (h *receiver) orderOf(r *http.Request, v *heardReview) (string, error) {
	refs := h.route.refs
	if v.reference == "" {
		return refs.review(r.Context(), v.id)
	}
	id, err := refs.order(r.Context(), v.reference)
	if err != nil {
		return "", err
	}
	return id, refs.keepReview(r.Context(), v.id, id)
}

// version tells the versions of a review apart: a sum over all that was said,
// with a key, so that nobody can try out texts.
func (h *receiver) version(v *heardReview) string {
	mac := hmac.New(sha256.New, []byte(h.route.opts.webhookToken.Reveal()))
	_, _ = mac.Write([]byte(v.event + "\x00"))
	_, _ = mac.Write(json.AppendCompact(nil, v.raw))
	return v.id + "/" + hex.EncodeToString(mac.Sum(nil)[:8])
}

// heardReview is an event of the webhook.
type heardReview struct {
	event, id, about   string
	deleted            bool
	reference          string
	title, text        string
	language, location string
	link, product      string
	stars              int
	verified           bool
	tags               []string
	created, updated   order.Time
	rest               map[string]order.Raw // what has no place of its own, the consumer among it
	raw                json.Value
}

const (
	mostEvents = 1000         // of one call
	platform   = "trustpilot" // order.Reviewed.Platform
)

var errNoEvents = errors.New("events is missing")

// readReviews reads a call's body. Types are taken as they come: only a part of
// the payload is documented.
func readReviews(body []byte) ([]heardReview, error) {
	var call struct {
		Events json.Value `json:"events"`
	}
	if err := json.Unmarshal(body, &call); err != nil {
		return nil, err
	}
	if call.Events.Kind() != '[' {
		return nil, errNoEvents
	}
	var list []heardReview
	return list, json.Within(json.Elements(call.Events, func(i int, element json.Value) error {
		v, err := readReview(element)
		switch {
		case err != nil:
			return err
		case i >= mostEvents:
			return &json.PathError{Reason: string(order.ErrTooMany), Code: order.TooLarge}
		case v.event != "": // else it is about something that nobody asked to hear
			list = append(list, v)
		}
		return nil
	}), "events")
}

// readReview reads one event; an empty one if it is not about a review.
func readReview(element json.Value) (v heardReview, err error) {
	var e struct {
		Name string     `json:"eventName"`
		Data json.Value `json:"eventData"`
	}
	if err := json.Unmarshal(element, &e); err != nil {
		return v, err
	}
	about, what, ok := strings.Cut(e.Name, "-review-")
	switch about {
	case "service":
		v.about = order.AboutShop
	case "product":
		v.about = order.AboutProduct
	default:
		ok = false
	}
	if !ok {
		return v, nil
	}
	if e.Data.Kind() != '{' {
		return v, json.Within(&json.PathError{Reason: string(order.ErrRequired), Code: order.Required}, "eventData")
	}
	v.event, v.deleted, v.raw = e.Name, what == "deleted", e.Data
	if err := json.Within(v.read(e.Data), "eventData"); err != nil {
		return v, err
	}
	if v.id == "" || len(v.id) > order.MaxID/2 || cleaned(v.id) != v.id {
		return v, json.Within(&json.PathError{Reason: string(order.ErrRequired), Code: order.Required}, "eventData.id")
	}
	return v, nil
}

// read sorts the members of eventData.
func (v *heardReview) read(data json.Value) error {
	texts := map[string]*string{
		"id": &v.id, "referenceId": &v.reference, "title": &v.title, "text": &v.text, "content": &v.text,
		"language": &v.language, "locationId": &v.location, "link": &v.link, "sku": &v.product,
	}
	return json.Members(data, func(name string, value json.Value) error {
		if to := texts[name]; to != nil && plainText(value, to) {
			return nil
		}
		switch name {
		case "stars":
			v.stars = stars(value)
			return nil
		case "isVerified":
			v.verified = value.Kind() == 't'
			return nil
		case "createdAt", "updatedAt":
			if v.time(name, value) {
				return nil
			}
		case "tags":
			if v.readTags(value) {
				return nil
			}
		case "product":
			v.readProduct(value)
		}
		v.keep(name, value)
		return nil
	})
}

// plainText takes a string, a number or null.
func plainText(value json.Value, to *string) bool {
	switch value.Kind() {
	case 'n':
		return true
	case '0':
		*to = string(value)
		return true
	case '"':
		return json.Unmarshal(value, to) == nil
	}
	return false
}

func stars(value json.Value) int {
	n, err := strconv.Atoi(strings.Trim(string(value), `"`))
	if err != nil || n < 1 || n > 5 {
		return 0
	}
	return n
}

func (v *heardReview) time(name string, value json.Value) bool {
	var text string
	if !plainText(value, &text) {
		return false
	}
	at, ok := readSendTime(text) // spelled in the same ways
	if ok && name == "createdAt" {
		v.created = at
	} else if ok {
		v.updated = at
	}
	return ok || text == ""
}

// readTags takes {group, value} as they come, and plain strings as invitations
// have them. False: something else is in the list, which is kept beside.
func (v *heardReview) readTags(value json.Value) bool {
	if value.Kind() != '[' {
		return value.Kind() == 'n'
	}
	whole := true
	_ = json.Elements(value, func(_ int, tag json.Value) error {
		var t struct {
			Group string `json:"group"`
			Value string `json:"value"`
		}
		switch tag.Kind() {
		case '"':
			_ = json.Unmarshal(tag, &t.Value)
		case '{':
			if json.Unmarshal(tag, &t) != nil {
				whole = false
			}
		default:
			whole = false
		}
		whole = whole && (t.Group == "" || t.Group == "Generic")
		if t.Value = cleaned(t.Value); t.Value != "" && len(v.tags) < order.MaxElements {
			v.tags = append(v.tags, t.Value)
		}
		return nil
	})
	return whole
}

// readProduct looks for the SKU; that of product reviews is not documented
// (inferred from the review API).
func (v *heardReview) readProduct(value json.Value) {
	members := map[string]string{}
	flatten(members, value, 1)
	if v.product == "" {
		v.product = members["sku"]
	}
}

func (v *heardReview) keep(name string, value json.Value) {
	if v.rest == nil {
		v.rest = map[string]order.Raw{}
	}
	v.rest["eventData."+name] = order.Raw(json.AppendCompact(nil, value))
}

// happening is the event as the ledger has it. A text that is longer than the
// ledger takes is cut, and kept whole beside.
func (v *heardReview) happening(now time.Time, ref string) *order.Happening {
	for name, text := range map[string]*string{"title": &v.title, "text": &v.text} {
		if *text = cleaned(*text); len(*text) > order.MaxText {
			if whole, err := json.Marshal(*text); err == nil {
				v.keep(name, whole)
			}
			*text = strings.ToValidUTF8((*text)[:order.MaxText], "")
		}
	}
	h := &order.Happening{
		Kind: order.KindReviewed, At: v.at(now), Ref: ref, Title: v.title, Note: v.text, Extra: v.rest,
		Review: &order.Reviewed{
			ID: v.id, About: v.about, Product: cleaned(v.product), Stars: v.stars, Locale: cleaned(v.language),
			Location: cleaned(v.location), Tags: v.tags, Link: cleaned(v.link), Platform: platform,
			Verified: v.verified, Deleted: v.deleted,
		},
	}
	if order.ValidateHappening(h) != nil {
		h.Extra = nil // control characters in what has no place of its own
	}
	return h
}

// at is when the customer wrote it; of an edit or a removal, which carry no
// time of their own, when we heard of it.
func (v *heardReview) at(now time.Time) order.Time {
	switch {
	case !v.updated.IsZero():
		return v.updated
	case strings.HasSuffix(v.event, "-created") && !v.created.IsZero():
		return v.created
	}
	return order.At(now.UTC())
}

// cleaned is a stranger's text without the control characters that the ledger
// does not take.
func cleaned(text string) string {
	return strings.Map(func(r rune) rune {
		if r < ' ' && r != '\t' && r != '\n' && r != '\r' || r == 0x7f {
			return ' '
		}
		return r
	}, text)
}
