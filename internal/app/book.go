package app

import (
	"context"

	"github.com/ordermux/ordermux/internal/config"
	"github.com/ordermux/ordermux/internal/mail"
	"github.com/ordermux/ordermux/internal/order"
	"github.com/ordermux/ordermux/internal/review"
)

// newBook makes the book of invitations and reviews.
func (a *App) newBook() *review.Book {
	in := &intake{app: a, next: a.ledger, partner: "review"}
	return review.New(review.Options{
		KV:    func(shop string) review.KV { return a.store.State(shop, reviewScope) },
		Swap:  a.swapReview,
		Store: a.store.Reviews(),
		Key:   a.sealKey,
		Shops: func(shop string) (review.Shop, bool) {
			s := a.config().Shops[shop]
			if s == nil {
				return review.Shop{}, false
			}
			return review.Shop{Name: s.Name, Location: s.Location, Settings: s.Reviews}, true
		},
		PublicURL: func() string { return a.config().PublicURL },
		Append: func(ctx context.Context, shop string, entries []order.Entry) ([]order.Receipt, error) {
			return in.Append(ctx, shop, entries)
		},
		Merged: a.ledger.Merged, Notify: a.notifyShop,
		Now: a.now, Log: a.log.With("part", "review"),
	})
}

// MailServer is the hub's own; nil: none is configured.
func MailServer(cfg *config.Config) *mail.Server {
	if cfg.SMTP == nil {
		return nil
	}
	s := cfg.SMTP
	return &mail.Server{Host: s.Host, Port: s.Port, From: s.From, Username: s.Username, Password: s.Password, TLS: s.TLS}
}
