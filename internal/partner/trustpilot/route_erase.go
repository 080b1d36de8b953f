package trustpilot

import (
	"context"
	"fmt"
	"net/http"
	"time"

	"github.com/ordermux/ordermux/internal/json"
	"github.com/ordermux/ordermux/internal/order"
	"github.com/ordermux/ordermux/internal/partner"
)

const (
	erasePrefix = "erase/"
	// eraseLife is how long we try to pass an erasure on; then the address is
	// dropped here too.
	eraseLife = 90 * 24 * time.Hour
	erasePage = 50
)

// forget keeps the address of an order that is about to be erased, sealed,
// until Trustpilot was told.
func (r *route) forget(ctx context.Context, o *order.Order) error {
	if o.Customer == nil || o.Customer.Email == "" {
		return nil
	}
	key := erasePrefix + o.ID
	sealed := r.deps.Seal.Seal([]byte(o.Customer.Email), r.eraseContext(key))
	if err := r.deps.State.Put(ctx, key, sealed, eraseLife); err != nil {
		return fmt.Errorf("keep for erasing at Trustpilot: %w", err)
	}
	return nil
}

func (r *route) eraseContext(key string) string {
	return "trustpilot\x00" + r.deps.Shop + "\x00" + key
}

// passErasures has Trustpilot delete the invitation data of the addresses that
// wait for it. It never asks to delete by age.
func (r *route) passErasures(ctx context.Context) error {
	for after := ""; ; {
		keys, sealed, err := r.deps.State.List(ctx, erasePrefix, after, erasePage)
		if err != nil || len(keys) == 0 {
			return err
		}
		for i, key := range keys {
			if err := r.passErasure(ctx, key, sealed[i]); err != nil {
				return err
			}
		}
		after = keys[len(keys)-1]
	}
}

func (r *route) passErasure(ctx context.Context, key string, sealed []byte) error {
	address, err := r.deps.Seal.Open(sealed, r.eraseContext(key))
	if err != nil { // the seal key was changed: nobody can read the address any more
		r.log.Error("an erasure can not be passed on: its address can not be opened", "order", key[len(erasePrefix):])
		return r.deps.State.Delete(ctx, key)
	}
	unit, o := r.unit(ctx)
	if o != nil {
		return failure(o)
	}
	body, err := json.Marshal(wireDelete{CustomerEmails: []string{string(address)}})
	if err != nil {
		return err
	}
	_, o = r.ask(r.private(ctx, http.MethodPost, r.at(unit, "invitation-data/delete"), body))
	switch {
	case o == nil:
		r.log.Info("erasure passed on", "order", key[len(erasePrefix):])
	case o.Result == partner.ResultRefused && o.Scope == partner.ScopeOrder:
		r.log.Error("Trustpilot refuses to erase the customer of an order", "order", key[len(erasePrefix):], "code", o.Code)
	default:
		return fmt.Errorf("pass erasure on: %w", failure(o))
	}
	return r.deps.State.Delete(ctx, key)
}
