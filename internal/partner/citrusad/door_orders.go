package citrusad

import (
	"crypto/rand"
	"encoding/hex"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"github.com/ordermux/ordermux/internal/order"
	"github.com/ordermux/ordermux/internal/partner"
)

// handleOrdersCreate is POST /v1/orders: all orders of the request or none.
func (d *door) handleOrdersCreate(w http.ResponseWriter, r *http.Request) {
	g, err := d.login(r)
	if err != nil {
		d.fail(w, r, err, g)
		return
	}
	b := memories.Get().(*memory)
	defer b.release()
	if err := d.accept(w, r, b, g); err != nil {
		d.fail(w, r, err, g)
		return
	}
	b.out = appendAnswer(b.out, b.decoder.orders, g.Settings["team_id"].Text)
	writeJSON(w, http.StatusOK, b.out)
}

// accept takes the orders of a request; they are on disk when it returns nil.
func (d *door) accept(w http.ResponseWriter, r *http.Request, b *memory, g partner.Grant) error {
	body, err := b.body.Read(w, r)
	if err != nil {
		return err
	}
	if err := b.decoder.readRequest(body); err != nil {
		return err
	}
	if faults := demands(g.Settings, b.decoder.orders); faults != nil {
		return invalidInput(faults)
	}
	for i := range b.decoder.orders {
		if o := &b.decoder.orders[i]; o.ID == "" {
			o.ID = newID()
		}
	}
	_, err = d.deps.Intake.Append(r.Context(), g.Shop, entries(&b.decoder, g.Source, configured(g)))
	return err
}

// demands returns the complaints of the switches that a shop has set.
func demands(s partner.Settings, orders []wireOrder) (faults []order.Fault) {
	if on(s, "strict_batch") && len(orders) > maxBatch {
		faults = append(faults, order.Fault{Path: "orders", Code: order.TooLarge, Reason: "more than 100 orders"})
	}
	session, total := on(s, "require_session"), on(s, "require_total")
	if !session && !total {
		return faults
	}
	missing := func(p place) {
		if len(faults) < maxFaults {
			faults = append(faults, order.Fault{Path: p.String(), Code: order.Required, Reason: "is required"})
		}
	}
	for i := range orders {
		if session && orders[i].Session == "" {
			missing(place{i, -1, "sessionId", -1})
		}
		for j := range orders[i].Items {
			if total && !orders[i].Items[j].Total.IsSet() {
				missing(place{i, j, "totalOrderItemPriceAfterDiscounts", -1})
			}
		}
	}
	return faults
}

// entries turns what a decoder has read into entries for the ledger. The same
// id twice in one request makes two statements, of which the last wins.
func entries(d *decoder, source order.Source, s said) []order.Entry {
	list := make([]order.Entry, len(d.orders))
	statements := make([]order.Statement, len(d.orders))
	for i := range d.orders {
		w := &d.orders[i]
		statements[i].Order = toOrder(w, s, d.loose)
		statements[i].Wire = wire(w.Raw, d.loose)
		list[i] = order.Entry{
			Subject:   order.Subject{Kind: order.SubjectOrder, ID: w.ID},
			Source:    source,
			Statement: &statements[i],
		}
	}
	return list
}

// wire is what the fingerprint of an order is taken of: its element of the
// request, with the unknown fields beside "orders" that are kept with it.
func wire(raw []byte, loose []extraField) []byte {
	for _, f := range loose { // raw ends at its capacity, so this copies
		raw = append(append(append(append(raw, '\n'), f.Path...), '='), f.Value...)
	}
	return raw
}

func configured(g partner.Grant) said {
	return said{Currency: g.Currency, Channel: g.Settings["channel"].Text}
}

// newID makes an id for an order that came without one. The format is not
// documented; the samples look like UUIDs.
func newID() string {
	var b [16]byte
	_, _ = rand.Read(b[:]) // never fails
	b[6], b[8] = b[6]&0x0f|0x40, b[8]&0x3f|0x80
	var s [36]byte
	hex.Encode(s[0:8], b[0:4])
	hex.Encode(s[9:13], b[4:6])
	hex.Encode(s[14:18], b[6:8])
	hex.Encode(s[19:23], b[8:10])
	hex.Encode(s[24:36], b[10:16])
	s[8], s[13], s[18], s[23] = '-', '-', '-', '-'
	return string(s[:])
}

// handleOrderGet is GET /v1/orders/{id}: the bare order, as this door's
// sources told it.
func (d *door) handleOrderGet(w http.ResponseWriter, r *http.Request, id string) {
	g, err := d.login(r)
	if err != nil {
		d.fail(w, r, err, g)
		return
	}
	found, err := d.deps.Orders.Layers(r.Context(), g.Shop, g.Source.Name, []string{id})
	if err != nil {
		d.fail(w, r, err, g)
		return
	}
	if len(found) == 0 || found[0] == nil {
		d.answer(w, orderNotFound(), g.Settings)
		return
	}
	o := fromOrder(found[0])
	writeJSON(w, http.StatusOK, appendAnswerOrder(nil, &o, g.Settings["team_id"].Text))
}

// The bounds of GET /v1/orders. The default of 5 is the Swagger file's of
// 2017; its default of 5 for skip is evidently a slip for 0.
const (
	defaultLimit = 5
	maxLimit     = 1000
)

// listing is what GET /v1/orders asks for.
type listing struct {
	limit, skip int
	bounded     bool // limit or skip were given
	team        string
	ids         []string
}

// handleOrdersList is GET /v1/orders: the newest orders of this door, or those
// with the given ids.
func (d *door) handleOrdersList(w http.ResponseWriter, r *http.Request) {
	g, err := d.login(r)
	if err != nil {
		d.fail(w, r, err, g)
		return
	}
	ask, faults := readListing(r.URL.RawQuery)
	if faults != nil {
		d.fail(w, r, invalidInput(faults), g)
		return
	}
	list, err := d.list(r, g, ask)
	if err != nil {
		d.fail(w, r, err, g)
		return
	}
	writeJSON(w, http.StatusOK, appendAnswer(nil, list, g.Settings["team_id"].Text))
}

func (d *door) list(r *http.Request, g partner.Grant, ask listing) ([]wireOrder, error) {
	team := g.Settings["team_id"].Text
	if ask.team != "" && team != "" && ask.team != team {
		return nil, nil // another team's orders are none of ours
	}
	var found []*order.Order
	var err error
	if len(ask.ids) > 0 {
		found, err = d.deps.Orders.Layers(r.Context(), g.Shop, g.Source.Name, ask.ids)
		found = ask.page(found)
	} else {
		found, err = d.deps.Orders.ListLayers(r.Context(), g.Shop, g.Source.Name, ask.skip, ask.limit)
	}
	if err != nil {
		return nil, err
	}
	var list []wireOrder
	for _, o := range found {
		if o == nil {
			continue
		}
		w := fromOrder(o)
		if ask.team == "" || team != "" || w.Team == ask.team {
			list = append(list, w)
		}
	}
	return list, nil
}

// page cuts orders asked for by id to the given limit and skip; without these
// all are answered.
func (ask *listing) page(found []*order.Order) []*order.Order {
	if !ask.bounded {
		return found
	}
	var list []*order.Order
	for _, o := range found {
		if o != nil {
			list = append(list, o)
		}
	}
	list = list[min(ask.skip, len(list)):]
	return list[:min(ask.limit, len(list))]
}

// readListing reads the query. orderIds may be repeated (OpenAPI 3) or a comma
// list (Swagger 2); an id that holds a comma itself is found too.
func readListing(query string) (ask listing, faults []order.Fault) {
	values, err := url.ParseQuery(query)
	if err != nil {
		return ask, []order.Fault{{Code: order.Malformed, Reason: "the query can not be read"}}
	}
	number := func(name string, without, most int) int {
		text := values.Get(name)
		if text == "" {
			return without
		}
		ask.bounded = true
		n, err := strconv.Atoi(text)
		if err != nil || n < 0 {
			faults = append(faults, order.Fault{Path: name, Code: order.Malformed, Reason: "must be a number, 0 or more"})
			return without
		}
		return min(n, most)
	}
	ask.limit = number("limit", defaultLimit, maxLimit)
	ask.skip = number("skip", 0, 1<<31-1)
	ask.team = values.Get("teamId")
	seen := map[string]bool{}
	add := func(id string) {
		if id != "" && !seen[id] {
			seen[id] = true
			ask.ids = append(ask.ids, id)
		}
	}
	for _, v := range values["orderIds"] {
		add(v)
		if strings.Contains(v, ",") {
			for _, id := range strings.Split(v, ",") {
				add(strings.TrimSpace(id))
			}
		}
	}
	if len(ask.ids) > maxLimit {
		faults = append(faults, order.Fault{Path: "orderIds", Code: order.TooLarge, Reason: "more than 1000 ids"})
	}
	return ask, faults
}
