package app

import (
	"context"
	"errors"
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"

	"github.com/ordermux/ordermux/internal/api"
	"github.com/ordermux/ordermux/internal/order"
	"github.com/ordermux/ordermux/internal/partner"
)

// actIndex finds the acts of people among a shop's orders. In the state of the
// shop, scope "acts", stand
//
//	a/<MaxInt64 - seq>   an act: the newest comes first
//	since                up to where in the log acts are older than the index
//
// An act's key is written in the transaction that appends it.
type actIndex struct{ app *App }

var _ api.ActIndex = actIndex{}

const (
	actScope  = "acts"
	actPrefix = "a/"
	actSince  = "since"
)

func (x actIndex) state(shop string) partner.State { return x.app.store.State(shop, actScope) }

func actKey(seq int64) string { return fmt.Sprintf("%s%019d", actPrefix, math.MaxInt64-seq) }

// Mark implements api.ActIndex.
func (x actIndex) Mark(ctx context.Context, shop string) (order.Effect, error) {
	if _, err := x.since(ctx, shop); err != nil {
		return nil, err
	}
	return marking{x.state(shop)}, nil
}

// marking writes the key of the act that it comes with.
type marking struct{ state partner.State }

var _ order.Numbered = marking{}

// Of implements order.Numbered.
func (m marking) Of(seq int64, _ time.Time) order.Effect {
	return m.state.Changing(partner.Edit{Key: actKey(seq), New: []byte{'1'}})
}

// Apply implements order.Effect.
func (m marking) Apply(context.Context, any) error {
	return errors.New("an act is marked with its event only")
}

// since is where the index begins: what was appended before was not marked. The
// first who asks writes it down.
func (x actIndex) since(ctx context.Context, shop string) (int64, error) {
	value, ok, err := x.state(shop).Get(ctx, actSince)
	if err == nil && !ok {
		var head int64
		if head, err = x.app.ledger.Head(ctx, shop); err == nil {
			value, err = x.app.store.Once(ctx, shop, actScope, actSince, strconv.AppendInt(nil, head, 10))
		}
	}
	if err != nil {
		return 0, fmt.Errorf("find where acts are marked: %w", err)
	}
	return strconv.ParseInt(string(value), 10, 64)
}

// Newest implements api.ActIndex.
func (x actIndex) Newest(ctx context.Context, shop string, below int64, limit int) (seqs []int64, since int64, err error) {
	if since, err = x.since(ctx, shop); err != nil {
		return nil, 0, err
	}
	after := ""
	if below > 0 {
		after = actKey(below)
	}
	keys, _, err := x.state(shop).List(ctx, actPrefix, after, limit)
	if err != nil {
		return nil, 0, fmt.Errorf("list acts: %w", err)
	}
	for _, key := range keys {
		n, err := strconv.ParseInt(strings.TrimPrefix(key, actPrefix), 10, 64)
		if err != nil {
			return nil, 0, fmt.Errorf("list acts: %q is no key of ours", key)
		}
		seqs = append(seqs, math.MaxInt64-n)
	}
	return seqs, since, nil
}

// begin lets the index of new shops begin with their logs.
func (x actIndex) begin(ctx context.Context, shops []string) {
	for _, shop := range append([]string{hubShop}, shops...) {
		if _, err := x.since(ctx, shop); err != nil {
			x.app.log.WarnContext(ctx, "acts of a shop are not marked yet", "shop", shop, "error", err)
			return // the store takes nothing now: whoever acts first begins it
		}
	}
}
