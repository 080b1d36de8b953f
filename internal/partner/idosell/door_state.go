package idosell

import (
	"context"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"sync"

	"github.com/ordermux/ordermux/internal/json"
	"github.com/ordermux/ordermux/internal/partner"
)

// What the door keeps with a shop, under Deps.At:
//
//	serial                           the last number of the panel's orders
//	count/<account>                  the last one of an account's
//	order/<order id>                 placedOrder, sealed
//	serial/<number>                  the order's id
//	external/<digest>                repeat, sealed: what the shop's own number stands for
//	recipients                       the last number of recipients
//	recipient/<account>/<number>     recipient, sealed
//	tally/<account>                  tally of those
//	address/<digest>                 the number of the recipient who lives there
//	goes-to/<account>/<number>/<order id>   an order that may still change its address
//	basket/<session>                 basketHead; the pieces of its content behind it
//	key                              what digests of addresses are made with, sealed
//
// An account stands there as the digest of its login. All but baskets and
// recipients is written in the transaction that appends an order.

// desk is what a door knows of a shop beside what it keeps. The zero value is
// ready.
type desk struct {
	mu     sync.Mutex
	locks  map[string]chan struct{}
	keys   map[string][]byte
	places map[string]place
}

// lock lets one call of this process at a time place orders of a shop, so that
// they seldom lose against each other. Nothing depends on it.
func (k *desk) lock(ctx context.Context, shop string) (unlock func(), err error) {
	k.mu.Lock()
	l := k.locks[shop]
	if l == nil {
		if k.locks == nil {
			k.locks = map[string]chan struct{}{}
		}
		l = make(chan struct{}, 1)
		k.locks[shop] = l
	}
	k.mu.Unlock()
	select {
	case l <- struct{}{}:
		return func() { <-l }, nil
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// cabinet is the door's state at a shop.
type cabinet struct {
	partner.State
	seal partner.Sealer
	shop string
}

func (d *door) cabinet(shop string) cabinet { return cabinet{d.deps.At(shop), d.deps.Seal, shop} }

// open reads what is sealed under a key and returns it as it stands there, too;
// nil: there is nothing.
func (s cabinet) open(ctx context.Context, key string, v any) (raw []byte, err error) {
	raw, ok, err := s.Get(ctx, key)
	if err != nil || !ok {
		return nil, err
	}
	return raw, s.unseal(raw, key, v)
}

func (s cabinet) unseal(raw []byte, key string, v any) error {
	plain, err := s.seal.Open(raw, s.context(key))
	if err == nil {
		err = json.Unmarshal(plain, v)
	}
	if err != nil {
		return fmt.Errorf("read what the door keeps: %w", err)
	}
	return nil
}

// sealed is a value as it is kept under a key: never twice the same bytes.
func (s cabinet) sealed(key string, v any) ([]byte, error) {
	plain, err := json.Marshal(v)
	if err != nil {
		return nil, fmt.Errorf("keep at the door: %w", err)
	}
	return s.seal.Seal(plain, s.context(key)), nil
}

func (s cabinet) context(key string) string { return name + " door " + s.shop + " " + key }

// accountKey stands for a login in keys.
func accountKey(login string) string {
	sum := sha256.Sum256([]byte(login))
	return hex.EncodeToString(sum[:16])
}

// externalKey is where an account's own order number leads to the order.
func externalKey(login, number string) string {
	sum := sha256.Sum256([]byte(login + "\x00" + number))
	return "external/" + hex.EncodeToString(sum[:])
}

// reservation is what the goods of a session's basket are reserved for.
func reservation(session string) string {
	sum := sha256.Sum256([]byte(name + " basket\x00" + session))
	return hex.EncodeToString(sum[:])
}

// digestKey returns the key of a shop's digests of addresses, made the first
// time that somebody asks.
func (d *door) digestKey(ctx context.Context, s cabinet) ([]byte, error) {
	d.desk.mu.Lock()
	key := d.desk.keys[s.shop]
	d.desk.mu.Unlock()
	for key == nil {
		raw, err := s.open(ctx, "key", &key)
		if err != nil || raw != nil {
			if err != nil {
				return nil, err
			}
			break
		}
		fresh := make([]byte, sha256.Size)
		rand.Read(fresh)
		made, err := s.sealed("key", fresh)
		if err != nil {
			return nil, err
		}
		if _, err := s.Change(ctx, partner.Edit{Key: "key", New: made}); err != nil {
			return nil, err
		}
	}
	d.desk.mu.Lock()
	defer d.desk.mu.Unlock()
	if d.desk.keys == nil {
		d.desk.keys = map[string][]byte{}
	}
	d.desk.keys[s.shop] = key
	return key, nil
}

// mac is a keyed digest.
func mac(key []byte, text string) string {
	h := hmac.New(sha256.New, key)
	h.Write([]byte(text))
	return hex.EncodeToString(h.Sum(nil))
}
