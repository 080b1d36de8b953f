package idosell

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"strconv"

	"github.com/ordermux/ordermux/internal/catalog"
	"github.com/ordermux/ordermux/internal/order"
	"github.com/ordermux/ordermux/internal/partner"
	"github.com/ordermux/ordermux/internal/soap"
)

// placedOrder is what the door keeps of an order beside the ledger.
type placedOrder struct {
	ID        string `json:"id"`
	Account   string `json:"account"` // the login
	Serial    int64  `json:"serial"`
	External  string `json:"external,omitzero"`
	Recipient string `json:"recipient"`
}

// repeat is what an account's own order number stands for.
type repeat struct {
	ID       string `json:"id"`
	Request  string `json:"request"`  // digest of the call
	Products string `json:"products"` // digest of the goods
}

// answer is the answer of placeOrder; nil gives none.
func (o *placedOrder) answer() soap.Value {
	if o == nil {
		return soap.Value{}
	}
	return soap.ObjectOf(
		member("orderId", soap.TextOf(o.ID)), member("orderSerialNumber", number(o.Serial)),
		member("orderStatus", soap.TextOf("new")), member(addressID, soap.TextOf(o.Recipient)),
	)
}

func orderKey(id string) string { return "order/" + id }

func serialKey(n int64) string { return "serial/" + sortable(n) }

// repeated returns the order that was placed under the call's own number
// before. Who lost the answer may come with an empty basket, for that one was
// used up; with other goods, or other words, it is another order.
func (d *door) repeated(ctx context.Context, c *call, s cabinet, p *purchase, g *haul) (*placedOrder, error) {
	if p.External == "" {
		return nil, nil
	}
	var was repeat
	if raw, err := s.open(ctx, externalKey(c.account.Account, p.External), &was); err != nil || raw == nil {
		return nil, err
	}
	now, err := d.digests(ctx, s, p, g)
	if err != nil {
		return nil, err
	}
	if now.Request != was.Request || len(g.items) > 0 && now.Products != was.Products {
		return nil, &fault{code: codeMalformed, path: "params.orderExternalId", text: "was used for another order"}
	}
	o := &placedOrder{}
	raw, err := s.open(ctx, orderKey(was.ID), o)
	if err == nil && raw == nil {
		err = errors.New("an order that was placed is not there")
	}
	if err != nil {
		return nil, err
	}
	return o, d.useUp(ctx, c, s, g)
}

// useUp empties the basket of a call that was a repeat.
func (d *door) useUp(ctx context.Context, c *call, s cabinet, g *haul) error {
	edits := g.basket.emptied()
	if edits == nil {
		return nil
	}
	if done, err := s.Change(ctx, edits...); err != nil || !done {
		return err
	}
	if err := d.deps.Catalog.Release(ctx, c.account.Shop, reservation(c.session)); err != nil {
		return err
	}
	return s.drop(ctx, g.basket)
}

func (d *door) digests(ctx context.Context, s cabinet, p *purchase, g *haul) (r repeat, err error) {
	key, err := d.digestKey(ctx, s)
	if err != nil {
		return r, err
	}
	if r.Request, err = p.digest(key); err != nil {
		return r, err
	}
	r.Products, err = digestOf(g.items)
	return r, err
}

// commit appends the order. errAgain: basket or number are not what they were.
func (d *door) commit(ctx context.Context, c *call, s cabinet, p *purchase, g *haul) (*placedOrder, error) {
	unlock, err := d.desk.lock(ctx, c.account.Shop)
	if err != nil {
		return nil, err
	}
	defer unlock()
	for range placeTries {
		if err := s.stands(ctx, c, p, g); err != nil {
			return nil, err
		}
		done, err := d.append(ctx, c, s, p, g)
		short, bad := (*catalog.Short)(nil), (*order.Invalid)(nil)
		switch {
		case err == nil:
			if err := s.drop(ctx, g.basket); err != nil { // they end by themselves
				d.log.WarnContext(ctx, "remove a used basket", "shop", s.shop, "error", err)
			}
			return done, nil
		case errors.Is(err, order.ErrChanged):
		case errors.As(err, &short):
			return nil, tooFew(g.items, short)
		case errors.As(err, &bad):
			return nil, refused(bad)
		default:
			return nil, err
		}
	}
	return nil, fmt.Errorf("place an order: %w", order.ErrBusy)
}

// stands looks whether the basket and the call's own number are still as they
// were.
func (s cabinet) stands(ctx context.Context, c *call, p *purchase, g *haul) error {
	head, _, err := s.Get(ctx, g.basket.key)
	if err != nil {
		return err
	}
	if !bytes.Equal(head, g.basket.head) {
		return errAgain
	}
	if p.External == "" {
		return nil
	}
	_, taken, err := s.Get(ctx, externalKey(c.account.Account, p.External))
	if err == nil && taken {
		err = errAgain
	}
	return err
}

// append makes one try. order.ErrChanged: somebody else was faster.
func (d *door) append(ctx context.Context, c *call, s cabinet, p *purchase, g *haul) (*placedOrder, error) {
	o, to, edits, err := d.numbers(ctx, c, s, p)
	if err != nil {
		return nil, err
	}
	more, err := d.marks(ctx, s, o, p, g, to)
	if err != nil {
		return nil, err
	}
	stated, err := d.statement(ctx, c, p, g, o, to)
	if err != nil {
		return nil, err
	}
	take := d.deps.Catalog.Take(s.shop, reservation(c.session), linesOf(g.items))
	receipts, err := d.deps.Intake.Append(ctx, s.shop, []order.Entry{{
		Subject: order.Subject{Kind: order.SubjectOrder, ID: o.ID}, Source: c.account.Source,
		Statement: &order.Statement{Order: *stated}, RefuseUpdate: true,
		Effects: []order.Effect{s.Changing(append(edits, more...)...), take},
	}})
	switch {
	case errors.Is(err, order.ErrConflict): // another call of the account got the number
		return nil, order.ErrChanged
	case err != nil:
		return nil, err
	case receipts[0].Known: // the same, with the same content
		return nil, order.ErrChanged
	}
	return o, nil
}

// numbers are those that the order would get, its recipient, and the edits that
// take them.
func (d *door) numbers(ctx context.Context, c *call, s cabinet, p *purchase) (o *placedOrder, to *known, edits []partner.Edit, err error) {
	login := c.account.Account
	serial, n, err := s.next(ctx, "serial")
	if err != nil {
		return nil, nil, nil, err
	}
	count, id, err := d.freeID(ctx, s, login)
	if err != nil {
		return nil, nil, nil, err
	}
	edits = append(edits, serial, count)
	if p.ToID != "" {
		to, err = s.recipientByID(ctx, login, p.ToID)
		if err == nil && to == nil {
			err = &fault{code: codeRecipient, path: "params.clientDeliveryAddress." + addressID}
		}
	} else {
		var own []partner.Edit
		to, own, err = d.recipientAt(ctx, s, login, p.To)
		edits = append(edits, own...)
	}
	if err != nil {
		return nil, nil, nil, err
	}
	return &placedOrder{ID: id, Account: login, Serial: n, External: p.External, Recipient: to.id}, to, edits, nil
}

// freeID returns the account's next order id. A number is left out only where
// somebody else has stated an order of that id.
func (d *door) freeID(ctx context.Context, s cabinet, login string) (partner.Edit, string, error) {
	edit, n, err := s.next(ctx, "count/"+accountKey(login))
	if err != nil {
		return edit, "", err
	}
	for ; ; n++ {
		id := login + "-" + strconv.FormatInt(n, 10)
		list, err := d.deps.Orders.Merged(ctx, s.shop, []string{id})
		if err != nil {
			return edit, "", err
		}
		if list[0] == nil {
			edit.New = strconv.AppendInt(nil, n, 10)
			return edit, id, nil
		}
	}
}

// marks are the edits by which the order is found again, and those that use up
// the basket.
func (d *door) marks(ctx context.Context, s cabinet, o *placedOrder, p *purchase, g *haul, to *known) ([]partner.Edit, error) {
	recipient, err := to.keep(s)
	if err != nil {
		return nil, err
	}
	kept, err := s.sealed(orderKey(o.ID), o)
	if err != nil {
		return nil, err
	}
	edits := append(g.basket.emptied(), recipient,
		partner.Edit{Key: orderKey(o.ID), New: kept},
		partner.Edit{Key: serialKey(o.Serial), New: []byte(o.ID)},
		partner.Edit{Key: goesToKey(o.Account, to.id) + o.ID, New: []byte{}},
	)
	if p.External == "" {
		return edits, nil
	}
	was, err := d.digests(ctx, s, p, g)
	if err != nil {
		return nil, err
	}
	was.ID = o.ID
	key := externalKey(o.Account, p.External)
	sealed, err := s.sealed(key, &was)
	return append(edits, partner.Edit{Key: key, New: sealed}), err
}
