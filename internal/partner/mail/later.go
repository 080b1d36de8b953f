package mail

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/ordermux/ordermux/internal/mail"
	"github.com/ordermux/ordermux/internal/order"
	"github.com/ordermux/ordermux/internal/outbound"
	"github.com/ordermux/ordermux/internal/review"
)

// perPoll bounds the later mails of one poll.
const perPoll = 100

// poll sends the reminders and later invitations that are due. Each is taken
// from the queue, and its link marked, before it is sent: it goes at most once.
func (r *route) poll(ctx context.Context) error {
	for range perPoll {
		if !outbound.MayLeave(ctx) {
			return nil
		}
		l, ok, err := r.book.TakeLater(ctx, r.deps.Shop, r.deps.Route)
		if err != nil || !ok {
			return err
		}
		if err := r.later(ctx, l); err != nil {
			return fmt.Errorf("send a %s mail: %w", l.Kind, err)
		}
	}
	return nil
}

// later sends one, if it is still wanted.
func (r *route) later(ctx context.Context, l review.Later) error {
	o, link, why, err := r.wanted(ctx, l)
	if err != nil {
		return errors.Join(err, r.book.PutBack(ctx, r.deps.Shop, l))
	}
	if why != "" {
		r.log.Info("a later mail is not sent", "kind", l.Kind, "order", l.Order, "reason", why)
		return nil
	}
	now := r.deps.Now().UTC()
	if _, err := r.book.Mark(ctx, r.deps.Shop, link.ID, mark(l.Kind, now)); err != nil {
		return errors.Join(err, r.book.PutBack(ctx, r.deps.Shop, l))
	}
	err = r.sendLater(ctx, l, o, link)
	e := (*mail.Error)(nil)
	if err == nil {
		return nil
	}
	if !asError(err, &e) || e.Temporary && !e.Unknown { // certainly not gone out
		_, unmarked := r.book.Mark(ctx, r.deps.Shop, link.ID, mark(l.Kind, time.Time{}))
		return errors.Join(err, unmarked, r.book.PutBack(ctx, r.deps.Shop, l))
	}
	r.log.Warn("a later mail was not taken", "kind", l.Kind, "order", l.Order, "error", err)
	return nil // refused, or nobody knows: once is enough
}

func mark(kind string, at time.Time) func(*review.Link) {
	return func(l *review.Link) {
		if kind == review.KindReminder {
			l.Reminded = at
		} else {
			l.Asked = at
		}
	}
}

// wanted returns the order and the link, or why the mail is not to be sent.
func (r *route) wanted(ctx context.Context, l review.Later) (*order.Order, review.Link, string, error) {
	orders, err := r.deps.Orders.Merged(ctx, r.deps.Shop, []string{l.Order})
	if err != nil || len(orders) != 1 {
		return nil, review.Link{}, "", errors.Join(err, ctx.Err())
	}
	s, err := r.book.Settings(ctx, r.deps.Shop)
	if err != nil {
		return nil, review.Link{}, "", err
	}
	if l.Kind == review.KindReminder && (s.Reminder == nil || *s.Reminder == 0) {
		return nil, review.Link{}, "the shop wants no reminders any more", nil
	}
	link, why, err := r.book.StillWanted(ctx, r.deps.Shop, l, orders[0])
	return orders[0], link, why, err
}

// sendLater hands the mail over. A link that the shop had sent by its own
// means is not known by its address: the mail carries one of this route.
func (r *route) sendLater(ctx context.Context, l review.Later, o *order.Order, link review.Link) error {
	now := r.deps.Now()
	e := r.book.Effective(r.deps.Shop, o, now, now)
	url := r.book.URL(r.deps.Shop, r.book.Token(r.deps.Shop, link.Route, link.Order))
	if link.Route == "" {
		fresh := link
		fresh.Route, fresh.Address = r.deps.Route, r.book.Address(r.deps.Shop, addressOf(o))
		var err error
		if _, url, err = r.book.Make(ctx, r.deps.Shop, link.Order, fresh); err != nil {
			return err
		}
	}
	w := letter{id: l.Kind + "-" + link.ID, effective: &e, kind: review.KindReminder, template: e.Reminder.Value}
	if l.Kind == review.LaterAgain {
		w.kind, w.template = kindOf(kindsOf(link)), ""
		if i := e.For(kindsOf(link)); i != nil {
			w.kind, w.template = kindOf(i.Kinds), i.Template.Value
		}
	}
	_, err := r.send(ctx, o, link, url, w)
	return err
}

// kindsOf are a link's kinds as templates name them.
func kindsOf(l review.Link) []string {
	var out []string
	for _, k := range l.Kinds {
		if k == order.AboutProduct {
			k = review.KindProducts
		}
		out = append(out, k)
	}
	return out
}

func asError(err error, e **mail.Error) bool { return errors.As(err, e) }
