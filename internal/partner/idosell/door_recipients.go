package idosell

import (
	"context"
	"errors"
	"fmt"
	"strconv"

	"github.com/ordermux/ordermux/internal/order"
	"github.com/ordermux/ordermux/internal/partner"
	"github.com/ordermux/ordermux/internal/soap"
)

// statePage is how many keys are looked at in one go.
const statePage = 500

// handleRecipients lists the recipients that the account handed over: those
// that it names, or all.
func handleRecipients(ctx context.Context, d *door, c *call) (soap.Value, error) {
	f := paramsOf(c)
	ids := f.texts("clientDeliveryAddressesIds")
	if err := f.err(); err != nil {
		return soap.Value{}, err
	}
	p, err := pageOf(c.params)
	if err != nil {
		return soap.Value{}, err
	}
	s := d.cabinet(c.account.Shop)
	count := len(ids)
	var results []soap.Value
	if count > 0 {
		results, err = s.named(ctx, c, cut(p, ids))
	} else {
		results, count, err = d.listed(ctx, s, c.account.Account, p)
	}
	if err != nil {
		return soap.Value{}, err
	}
	answer := soap.ObjectOf(p.members(results, count)...)
	if len(results) == 0 {
		return answer, &fault{code: codeEmpty}
	}
	return answer, nil
}

// named are the recipients of these ids; one that is not the account's is
// unknown, whoever's it is.
func (s cabinet) named(ctx context.Context, c *call, ids []string) ([]soap.Value, error) {
	out := make([]soap.Value, len(ids))
	for i, id := range ids {
		k, err := s.recipientByID(ctx, c.account.Account, id)
		switch {
		case err != nil:
			return nil, err
		case k == nil:
			out[i] = soap.ObjectOf(member(addressID, soap.TextOf(id)),
				member("faultCode", number(int64(codeRecipient))), member("faultString", soap.TextOf(c.lang.of(codeRecipient))))
		default:
			out[i] = addressValue(id, &k.Party)
		}
	}
	return out, nil
}

// handleRecipientsUpdate changes recipients, and the orders for them that the
// warehouse has not begun with.
func handleRecipientsUpdate(ctx context.Context, d *door, c *call) (soap.Value, error) {
	f := paramsOf(c)
	list := f.list("recipients")
	if err := f.err(); err != nil {
		return soap.Value{}, err
	}
	if len(list) == 0 {
		return soap.Value{}, &fault{code: codeMalformed, path: "params.recipients", text: "is missing"}
	}
	results := make([]soap.Value, len(list))
	for i, change := range list {
		id := change.text(addressID)
		err := d.updateRecipient(ctx, c, id, change)
		bad := (*fault)(nil)
		if err != nil && !errors.As(err, &bad) {
			return soap.Value{}, err
		}
		results[i] = d.updated(c, id, bad)
	}
	return soap.ObjectOf(member("results", soap.ListOf(results...))), nil
}

func (d *door) updated(c *call, id string, bad *fault) soap.Value {
	faults := []soap.Value{}
	if bad != nil {
		faults = append(faults, soap.ObjectOf(member("faultCode", number(int64(bad.code))), member("faultString", soap.TextOf(d.sentence(c.op, bad, c.lang)))))
	}
	return soap.ObjectOf(member("resultStatus", yesNo(bad == nil)),
		member("clientDeliveryAddressResult", soap.ObjectOf(member(addressID, soap.TextOf(id)))),
		member("errors", soap.ListOf(faults...)))
}

// updateRecipient changes one recipient: a missing field stays, an empty one is
// emptied.
func (d *door) updateRecipient(ctx context.Context, c *call, id string, change *fields) error {
	s := d.cabinet(c.account.Shop)
	for range placeTries {
		old, err := s.recipientByID(ctx, c.account.Account, id)
		if err != nil {
			return err
		}
		if old == nil {
			return &fault{code: codeRecipient, path: change.path + "." + addressID}
		}
		party := old.Party
		change.change(&party)
		change.complete(&party)
		if err := change.err(); err != nil || party == old.Party {
			return err
		}
		if done, err := d.moves(ctx, c, s, old, party); done || err != nil {
			return err
		}
	}
	return fmt.Errorf("change a recipient: %w", order.ErrBusy)
}

// moves writes a recipient's new address, with an update of every order that
// is still open. False: something changed meanwhile.
func (d *door) moves(ctx context.Context, c *call, s cabinet, old *known, party order.Party) (bool, error) {
	edits, err := d.moving(ctx, c, s, old, party)
	if err != nil {
		return false, err
	}
	open, err := d.openOrders(ctx, c, s, old.id)
	if err != nil {
		return false, err
	}
	var entries []order.Entry
	for _, o := range open {
		recipient := party
		recipient.ID = old.id
		if o.said.Recipient != nil && *o.said.Recipient == recipient {
			continue
		}
		stated := o.said.Clone()
		stated.Recipient = &recipient
		entries = append(entries, order.Entry{
			Subject: order.Subject{Kind: order.SubjectOrder, ID: stated.ID}, Source: c.account.Source,
			Statement: &order.Statement{Order: *stated}, After: o.newest,
		})
	}
	if len(entries) == 0 {
		return s.Change(ctx, edits...)
	}
	entries[0].Effects = []order.Effect{s.Changing(edits...)}
	receipts, err := d.deps.Intake.Append(ctx, s.shop, entries)
	bad := (*order.Invalid)(nil)
	switch {
	case errors.Is(err, order.ErrChanged):
		return false, nil
	case errors.As(err, &bad):
		return false, refused(bad)
	case err != nil:
		return false, err
	}
	return !receipts[0].Known, nil // what is known has no effects
}

// moving are the edits of a move: the recipient, and what leads to the address.
func (d *door) moving(ctx context.Context, c *call, s cabinet, old *known, party order.Party) ([]partner.Edit, error) {
	digest, err := d.addressDigest(ctx, s, c.account.Account, party)
	if err != nil {
		return nil, err
	}
	next := *old
	next.recipient = recipient{party, digest}
	edit, err := next.keep(s)
	if err != nil || digest == old.Digest {
		return []partner.Edit{edit}, err
	}
	edits := []partner.Edit{edit}
	left, ok, err := s.Get(ctx, "address/"+old.Digest)
	if err != nil {
		return nil, err
	}
	if ok && string(left) == old.id {
		edits = append(edits, partner.Edit{Key: "address/" + old.Digest, Old: left})
	}
	if _, taken, err := s.Get(ctx, "address/"+digest); err != nil {
		return nil, err
	} else if !taken { // else somebody lives there already, and is found first
		edits = append(edits, partner.Edit{Key: "address/" + digest, New: []byte(old.id)})
	}
	return edits, nil
}

// openOrder is an order that the warehouse has not begun with.
type openOrder struct {
	said   *order.Order // by the account
	newest int64        // event of it when it was looked at
}

// openOrders are a recipient's. What is past that is not looked at again.
func (d *door) openOrders(ctx context.Context, c *call, s cabinet, id string) (open []openOrder, err error) {
	prefix := goesToKey(c.account.Account, id)
	for after := ""; ; {
		keys, _, err := s.List(ctx, prefix, after, statePage)
		if err != nil || len(keys) == 0 {
			return open, err
		}
		ids := make([]string, len(keys))
		for i, key := range keys {
			ids[i] = key[len(prefix):]
		}
		newest, err := d.deps.Orders.Newest(ctx, s.shop, ids)
		if err != nil {
			return nil, err
		}
		merged, err := d.deps.Orders.Merged(ctx, s.shop, ids)
		if err != nil {
			return nil, err
		}
		said, err := d.deps.Orders.Layers(ctx, s.shop, c.account.Source.Name, ids)
		if err != nil {
			return nil, err
		}
		for i, o := range merged {
			if o == nil || said[i] == nil || d.dialect.class(statusWord(o.Status)) != classOpen {
				if err := s.Delete(ctx, keys[i]); err != nil {
					return nil, err
				}
				continue
			}
			open = append(open, openOrder{said[i], newest[i]})
		}
		after = keys[len(keys)-1]
	}
}

// forget removes what the door knows of an order's recipient, who is to be
// forgotten. Another order for the same person hands the address over anew.
func (s cabinet) forget(ctx context.Context, id string) error {
	for range placeTries {
		var was placedOrder
		if raw, err := s.open(ctx, orderKey(id), &was); err != nil || raw == nil {
			return err
		}
		k, err := s.recipientByID(ctx, was.Account, was.Recipient)
		if err != nil || k == nil {
			return err
		}
		less, err := s.counted(ctx, was.Account, -1)
		if err != nil {
			return err
		}
		edits := []partner.Edit{{Key: k.key, Old: k.raw}, less}
		at, ok, err := s.Get(ctx, "address/"+k.Digest)
		if err != nil {
			return err
		}
		if n, err := strconv.ParseInt(string(at), 10, 64); ok && err == nil && strconv.FormatInt(n, 10) == k.id {
			edits = append(edits, partner.Edit{Key: "address/" + k.Digest, Old: at})
		}
		if done, err := s.Change(ctx, edits...); err != nil || done {
			return err
		}
	}
	return fmt.Errorf("forget a recipient: %w", order.ErrBusy)
}
