package demo

import (
	"context"
	"crypto/sha1"
	"encoding/hex"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"time"

	"github.com/ordermux/ordermux/internal/order"
)

var (
	errNotSent     = errors.New("its goods were not sent yet")
	errNoParcelYet = errors.New("the parcel's number has not come back to the shop")
)

// askWholesaler asks the wholesaler for what its two customers must have
// ordered, sends the goods as its people would, and looks whether the shop hears
// the parcel's number.
func (j *judge) askWholesaler(ctx context.Context, received []Message) (faults []string, err error) {
	for _, p := range dropships {
		key := p.Route + " " + p.OrderID
		if j.sent[key] {
			continue
		}
		switch err := j.follow(ctx, p, received); {
		case err == nil:
			j.sent[key] = true
		case ctx.Err() != nil:
			return nil, ctx.Err()
		default:
			faults = append(faults, fmt.Sprintf("%s: order %s: %v", p.Route, p.OrderID, err))
		}
	}
	return faults, nil
}

func (j *judge) follow(ctx context.Context, p dropship, received []Message) error {
	o, err := j.wholesaler.order(ctx, p.Login, p.OrderID)
	if err != nil {
		return err
	}
	if len(o.Packages) == 0 {
		if err := j.stands(ctx, p, o.OrderID); err != nil {
			return err
		}
		if err := j.send(ctx, o.OrderID); err != nil {
			return err
		}
		return errNotSent
	}
	for _, m := range received {
		if e := m.Event; e != nil && m.OrderID == p.OrderID && e.Kind == order.KindShipped && e.Parcel != nil && e.Parcel.Number == o.Packages[0].Number {
			return nil
		}
	}
	return errNoParcelYet
}

// stands compares what the wholesaler has to send with what was ordered.
func (j *judge) stands(ctx context.Context, p dropship, id string) error {
	state, err := j.portal.Order(ctx, sandboxShop, id)
	if err != nil {
		return err
	}
	o := state.Order
	switch {
	case len(o.Lines) != 1 || o.Lines[0].Product.Code != p.Line.Code || !equal(o.Lines[0].Quantity, p.Line.Quantity):
		return errors.New("other goods were ordered")
	case o.Recipient == nil || o.Recipient.City != "Poznań" || o.Recipient.Street != "Polna 3/7":
		return errors.New("the goods would go to another address")
	}
	return nil
}

// send is what the wholesaler's people do in their system.
func (j *judge) send(ctx context.Context, id string) error {
	body := fmt.Sprintf(`{"parcel": %q, "courier": "DPD"}`, "P-"+id)
	return portal(ctx, j.sandbox, http.MethodPost, "/orders/"+url.PathEscape(id)+"/ship", body, nil)
}

// systemKey is how a login proves itself at the wholesaler: a digest of today,
// as it is in Poland, and of the password's digest.
func systemKey(password string, now time.Time) string {
	if zone, err := time.LoadLocation("Europe/Warsaw"); err == nil {
		now = now.In(zone)
	}
	return sha1hex(now.Format("20060102") + sha1hex(password))
}

func sha1hex(s string) string {
	sum := sha1.Sum([]byte(s))
	return hex.EncodeToString(sum[:])
}
