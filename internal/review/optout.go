package review

import (
	"context"
	"encoding/hex"
	"fmt"
	"strings"

	"github.com/ordermux/ordermux/internal/order"
)

// Address is a keyed digest of a mail address: what may be kept of it for
// ever, and says nothing to who has not got the key. Addresses that lead to one
// mailbox in whatever letters have the same; another shop's is another.
func (b *Book) Address(shop, email string) string {
	email = strings.ToLower(strings.TrimSpace(email))
	mac := b.opts.Key.Derive("review address").Mac([]byte(shop + "\x00" + email))
	return hex.EncodeToString(mac[:16])
}

func optOutKey(address string) string { return "optout/" + address }

// OptOut keeps that an address gets no more invitations of the shop.
func (b *Book) OptOut(ctx context.Context, shop, email string) error {
	return b.optOut(ctx, shop, b.Address(shop, email))
}

func (b *Book) optOut(ctx context.Context, shop, address string) error {
	day := b.opts.Now().UTC().Format("2006-01-02")
	return b.opts.KV(shop).Put(ctx, optOutKey(address), []byte(`"`+day+`"`), 0)
}

// OptIn takes an opt-out back: the customer asked the shop for it.
func (b *Book) OptIn(ctx context.Context, shop, email string) error {
	return b.opts.KV(shop).Delete(ctx, optOutKey(b.Address(shop, email)))
}

// OptedOut reports whether an address gets no more invitations of the shop.
func (b *Book) OptedOut(ctx context.Context, shop, email string) (bool, error) {
	return b.addressOptedOut(ctx, shop, b.Address(shop, email))
}

func (b *Book) addressOptedOut(ctx context.Context, shop, address string) (bool, error) {
	_, ok, err := b.opts.KV(shop).Get(ctx, optOutKey(address))
	return ok, err
}

// Unsubscribe opts the address out that a link was sent to, with nothing but
// the link's token: what the line at a mail's end and its List-Unsubscribe
// header ask for. Doing it twice changes nothing. A test mail's link opts
// nobody out. Errors: order.ErrNotFound.
func (b *Book) Unsubscribe(ctx context.Context, shop, token string) (Link, error) {
	l, ok, err := b.find(ctx, shop, token)
	switch {
	case err != nil:
		return l, err
	case !ok:
		return l, fmt.Errorf("link: %w", order.ErrNotFound)
	case l.Test:
		return l, nil
	}
	address := l.Address
	if address == "" { // a link that the shop sent by its own means
		if address, err = b.addressOf(ctx, shop, l.Order); err != nil {
			return l, err
		}
	}
	if address != "" {
		if err := b.optOut(ctx, shop, address); err != nil {
			return l, err
		}
	}
	return b.Change(ctx, shop, token, func(l *Link) {
		if l.OptedOut.IsZero() {
			l.OptedOut = b.opts.Now().UTC()
		}
	})
}

// addressOf returns the digest of the address that an order names; "" if it
// names none, or no more.
func (b *Book) addressOf(ctx context.Context, shop, id string) (string, error) {
	orders, err := b.opts.Merged(ctx, shop, []string{id})
	if err != nil || len(orders) == 0 || orders[0] == nil || orders[0].Customer == nil || orders[0].Customer.Email == "" {
		return "", err
	}
	return b.Address(shop, orders[0].Customer.Email), nil
}
