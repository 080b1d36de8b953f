package idosell

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/ordermux/ordermux/internal/catalog"
	"github.com/ordermux/ordermux/internal/json"
	"github.com/ordermux/ordermux/internal/order"
	"github.com/ordermux/ordermux/internal/outbound"
	"github.com/ordermux/ordermux/internal/shipping"
	"github.com/ordermux/ordermux/internal/soap"
)

// purchase is what a call of placeOrder says, the goods apart. Two calls say the
// same if their JSON is the same.
type purchase struct {
	To       order.Party  `json:"to"`
	ToID     string       `json:"to_id,omitzero"` // a recipient handed over earlier, in place of To
	Courier  int          `json:"courier"`
	Point    string       `json:"point,omitzero"`
	Deliver  string       `json:"deliver,omitzero"` // the day, YYYY-MM-DD
	Payer    *order.Party `json:"payer,omitzero"`
	Payment  string       `json:"payment,omitzero"`
	External string       `json:"external,omitzero"`
	Note     string       `json:"note,omitzero"`
	Hint     string       `json:"hint,omitzero"` // to the courier
	Extra    []rawField   `json:"extra,omitzero"`

	deliver time.Time
	beside  *fields // what else the address of ToID says
}

type rawField struct {
	Name  string    `json:"name"`
	Value order.Raw `json:"value"`
}

// haul is what an order is to be made of, and whether it can be.
type haul struct {
	inline bool    // they came with the call
	basket *basket // the session's, which the order uses up in any case
	items  []item
	list   []catalog.Availability
	offer  *shipping.Offer
}

// errAgain is the error of a try that believed something that had changed.
var errAgain = errors.New("changed meanwhile")

const placeTries = 100

// handlePlace places an order. What belongs to it (stock, numbers, the
// recipient, the end of the basket) is written in the transaction that appends
// it: who repeats a call that got no answer finds all of it or nothing.
func handlePlace(ctx context.Context, d *door, c *call) (soap.Value, error) {
	p, items, err := readPlacing(c)
	if err != nil {
		return soap.Value{}, err
	}
	s := d.cabinet(c.account.Shop)
	for range placeTries {
		b, err := s.basket(ctx, c.session)
		if err != nil {
			return soap.Value{}, err
		}
		g := &haul{inline: len(items) > 0, basket: b, items: b.items}
		if g.inline {
			g.items = items
		}
		if done, err := d.repeated(ctx, c, s, p, g); done != nil || err != nil {
			return done.answer(), err
		}
		if err := d.weigh(ctx, c, s, p, g); err != nil {
			return soap.Value{}, err
		}
		done, err := d.commit(ctx, c, s, p, g)
		if !errors.Is(err, errAgain) {
			return done.answer(), err
		}
	}
	return soap.Value{}, fmt.Errorf("place an order: %w", order.ErrBusy)
}

// readPlacing reads the call: what it says, and the goods if they come with it.
func readPlacing(c *call) (*purchase, []item, error) {
	f := paramsOf(c)
	p := &purchase{
		Courier: f.number("courierId", 0), Point: f.short("pickupPointId", mostAddress),
		deliver: f.date("deliveryDate", c.zone), Payment: f.word("orderPaymentType", payments...),
		External: f.short("orderExternalId", mostExternal), Note: f.remark("clientNoteToOrder"), Hint: f.remark("clientNoteToCourier"),
	}
	if p.Courier == 0 {
		f.refuse(codeMalformed, "courierId", "is missing")
	}
	if !p.deliver.IsZero() {
		p.Deliver = p.deliver.Format(time.DateOnly)
	}
	f.word("clientRequestInvoice", "y", "e", "n") // stays among Extra
	to := f.part("clientDeliveryAddress")
	if p.ToID = to.text(addressID); p.ToID == "" {
		p.To = to.recipient()
	} else {
		p.beside = to
	}
	payer := f.part("payerAddress")
	p.Payer = payer.payer()
	f.adopt(to)
	f.adopt(payer)
	p.Extra = extra(c)
	items, err := readItems(f)
	if err == nil {
		err = f.err()
	}
	if err != nil {
		return nil, nil, err
	}
	items, err = orderable(items)
	return p, items, err
}

// extra are the fields that an order has no place for, so that nothing of them
// is lost; but for what only the wholesaler decides, and keys.
func extra(c *call) (list []rawField) {
	of := c.op.params.Fields
	for _, m := range c.params.Members() {
		known := slices.ContainsFunc(of, func(f soap.Field) bool { return f.Name == m.Name })
		if known && m.Name != "clientRequestInvoice" || reserved(m.Name) || m.Value.IsNil() || isLogin(m.Name) {
			continue
		}
		list = append(list, rawField{m.Name, order.Raw(soap.AppendJSON(nil, m.Value, nil))})
	}
	return list
}

// isLogin reports whether a field is part of a login, which some callers send
// among the parameters.
func isLogin(name string) bool {
	return outbound.SecretName(name) || slices.Contains(slices.Concat(loginNames, systemNames, sessionNames, panelNames), name)
}

// weigh finds out whether the goods can be had and the courier carries them.
func (d *door) weigh(ctx context.Context, c *call, s cabinet, p *purchase, g *haul) (err error) {
	if len(g.items) == 0 {
		return &fault{code: codeBasket}
	}
	if g.list, err = d.available(ctx, c, g.items, true); err != nil {
		return err
	}
	if bad := firstLack(g.items, g.list); bad != nil {
		return bad
	}
	to := p.To
	if p.ToID != "" {
		k, err := s.recipientByID(ctx, c.account.Account, p.ToID)
		if err != nil {
			return err
		}
		if k == nil {
			return &fault{code: codeRecipient, path: "params.clientDeliveryAddress." + addressID}
		}
		if err := p.beside.agrees(&k.Party); err != nil {
			return err
		}
		to = k.Party
	}
	offers := d.offers(c, g.items, g.list, to, p.payment(c))
	i := slices.IndexFunc(offers, func(o shipping.Offer) bool { return o.ID == p.Courier })
	if i < 0 {
		return &fault{code: codeCourier, path: "params.courierId"}
	}
	g.offer = &offers[i]
	if g.offer.PickupPoints && p.Point == "" {
		return &fault{code: codeMalformed, path: "params.pickupPointId", text: "is missing: the courier delivers to points"}
	}
	return nil
}

// payment is how the order is settled: the account's way where the call does
// not say.
func (p *purchase) payment(c *call) string {
	if p.Payment != "" {
		return p.Payment
	}
	return c.account.Settings.TextOr("payment", payments[0])
}

// digest tells calls of the same content apart from others, and does not tell
// what they say.
func (p *purchase) digest(key []byte) (string, error) {
	b, err := json.Marshal(p)
	if err != nil {
		return "", fmt.Errorf("digest a request: %w", err)
	}
	return mac(key, string(b)), nil
}
