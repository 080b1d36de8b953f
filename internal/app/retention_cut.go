package app

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/ordermux/ordermux/internal/api"
	"github.com/ordermux/ordermux/internal/delivery"
	"github.com/ordermux/ordermux/internal/ledger"
	"github.com/ordermux/ordermux/internal/order"
)

// notedKey is the key of the cut that was noted last.
const notedKey = "noted"

// events removes the beginning of the log as far as nothing needs it, and notes in
// the log itself from where on it goes.
func (x *round) events(ctx context.Context, before time.Time) (int64, error) {
	l := x.app.ledger
	from, err := l.Checkpoint(ctx, x.shop)
	if err != nil {
		return 0, err
	}
	if err := x.app.engine.WritePositions(ctx, x.shop); errors.Is(err, delivery.ErrElsewhere) {
		return 0, errNotOurs
	} else if err != nil {
		return 0, err
	}
	at := from
	x.report.Need = ledger.Need{}
	err = x.steps(ctx, func() (more bool, err error) {
		var persons []string
		at, x.report.Need, more, err = l.CutStep(ctx, x.shop, before, func(ctx context.Context, ids []string) error {
			persons = ids
			return x.goes(ctx, ids)
		})
		if errors.Is(err, ledger.ErrNeeded) || errors.Is(err, order.ErrChanged) {
			return false, nil // news came in between; the next round sees to it
		}
		if err == nil && len(persons) > 0 {
			err = x.app.forgetAfter(ctx, x.shop, persons)
		}
		return more, err
	})
	err = x.settle(ctx, errors.Join(err, x.noteCut(context.WithoutCancel(ctx), at)))
	if err == nil {
		err = x.steps(ctx, func() (bool, error) { return x.app.store.Retention().Reclaim(ctx, x.shop) })
	}
	if err == nil {
		err = x.keys(ctx, at.Seq)
	}
	return max(0, at.Seq-from.Seq), err
}

// goes does what has to be done before orders are removed whose persons are not
// erased.
func (x *round) goes(ctx context.Context, ids []string) error {
	if err := x.leave(ctx, ids); err != nil {
		return err
	}
	for _, id := range ids {
		if err := x.app.forgetBefore(ctx, x.shop, id); err != nil {
			return err
		}
	}
	return nil
}

// noteCut appends an act that says up to which event the log was removed, and the
// hash of that one: so that nobody can move the beginning of a log unseen. It does
// so also for a node that ended before it could.
func (x *round) noteCut(ctx context.Context, at ledger.Checkpoint) error {
	noted, err := x.app.position(ctx, x.state, notedKey)
	if err != nil || at.Seq <= noted {
		return err
	}
	mark, err := (actIndex{x.app}).Mark(ctx, x.shop)
	if err != nil {
		return err
	}
	now := x.app.now()
	_, err = x.app.ledger.Append(ctx, x.shop, []order.Entry{{
		Subject: order.Subject{Kind: api.SubjectAct, ID: now.UTC().Format("20060102T150405.000000000Z") + "-retention"},
		Source:  order.Source{Name: "hub:retention", Rank: order.RankOperator},
		Happening: &order.Happening{
			Kind: order.KindNote, At: order.At(now),
			Reason: fmt.Sprintf("retention: the events up to #%d were removed; the log goes on from %x", at.Seq, at.Hash[:]),
		},
		Effects: []order.Effect{mark},
	}})
	if err != nil {
		return err
	}
	return x.keep(ctx, notedKey, at.Seq)
}
