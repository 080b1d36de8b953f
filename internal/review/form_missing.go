package review

import (
	"context"
	"fmt"
	"time"

	"github.com/ordermux/ordermux/internal/order"
)

// missing takes "I have not received my order": it is told to the shop once,
// and one later invitation is planned. Every step may be done again.
func (v *visit) missing() {
	if v.link.Missing.IsZero() && !v.link.Test && v.link.Answered.IsZero() {
		if err := v.miss(context.WithoutCancel(v.r.Context())); err != nil {
			v.failed(err)
			return
		}
	}
	v.lead(v.here(belowMissing))
}

func (v *visit) miss(ctx context.Context) error {
	now := v.b.opts.Now()
	entry := v.entry(now, order.Happening{Kind: order.KindMissing, Ref: v.ref("missing", "")})
	if _, err := v.b.opts.Append(ctx, v.shop, []order.Entry{entry}); err != nil {
		return err
	}
	if _, err := v.b.AskAgain(ctx, v.shop, v.token); err != nil {
		return err
	}
	first := false
	_, err := v.b.Change(ctx, v.shop, v.token, func(l *Link) {
		if first = l.Missing.IsZero(); first {
			l.Missing = now.UTC()
		}
	})
	if err == nil && first {
		v.notify(ctx)
	}
	return err
}

// notifyLimit bounds how long a customer waits for the mail to the shop.
const notifyLimit = 10 * time.Second

// notify tells the shop by mail, if it wants to be told so. The event is in the
// ledger and flows to routes in any case: a mail that fails is only logged.
func (v *visit) notify(ctx context.Context) {
	s, err := v.b.Settings(ctx, v.shop)
	if err == nil && (len(s.Notify) == 0 || v.b.opts.Notify == nil) {
		return
	}
	if err == nil {
		ctx, cancel := context.WithTimeout(ctx, notifyLimit)
		defer cancel()
		subject := fmt.Sprintf("%s: order %s has not arrived", v.name, oneLine(v.link.Order))
		text := fmt.Sprintf("The customer of order %s says in the review form that it has not arrived.\n\n"+
			"Shop: %s\nOrder: %s\nSaid: %s\n\nThe order says who it is: ordermux order %[1]q --shop %[2]s\n",
			oneLine(v.link.Order), v.shop, oneLine(v.link.Order), v.b.opts.Now().UTC().Format(time.RFC3339))
		err = v.b.opts.Notify(ctx, v.shop, s.Notify, subject, text)
	}
	if err != nil {
		v.b.opts.Log.WarnContext(ctx, "the shop could not be told of a missing order", "shop", v.shop, "link", v.link.ID, "error", err)
	}
}
