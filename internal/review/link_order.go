package review

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"strings"

	"github.com/ordermux/ordermux/internal/json"
)

// ofOrder is the prefix of the keys that name the links of an order. The order
// stands there as a digest: what orders are called may be of any length.
func ofOrder(id string) string {
	sum := sha256.Sum256([]byte(id))
	return "of/" + hex.EncodeToString(sum[:16]) + "/"
}

// EndLinks closes the forms of an order that is erased, and removes from its
// links all but their times. Doing it again is harmless.
func (b *Book) EndLinks(ctx context.Context, shop, orderID string) error {
	prefix := ofOrder(orderID)
	for after := ""; ; {
		keys, _, err := b.opts.KV(shop).List(ctx, prefix, after, 100)
		if err != nil {
			return fmt.Errorf("end links: %w", err)
		}
		for _, key := range keys {
			if err := b.end(ctx, shop, "link/"+strings.TrimPrefix(key, prefix)); err != nil {
				return fmt.Errorf("end links: %w", err)
			}
			after = key
		}
		if len(keys) < 100 {
			return nil
		}
	}
}

func (b *Book) end(ctx context.Context, shop, key string) error {
	_, err := b.changeAt(ctx, shop, key, func(l *Link) {
		if l.Ended.IsZero() {
			l.Ended = b.opts.Now().UTC()
		}
		l.Products, l.Tags, l.Location, l.Redirect, l.Address = nil, nil, "", "", ""
	})
	if errors.Is(err, errNoLink) {
		return nil // named, but never kept
	}
	return err
}

// mostTries bounds how often a change is tried that others keep overtaking.
const mostTries = 20

var errOvertaken = errors.New("the link is changed by too many at once")

// changeAt lets change say what is new of a link, and keeps it. Where the store
// can compare (Options.Swap), of two changes at once none is lost.
func (b *Book) changeAt(ctx context.Context, shop, key string, change func(*Link)) (l Link, err error) {
	for range mostTries {
		old, ok, err := b.opts.KV(shop).Get(ctx, key)
		if err != nil {
			return l, err
		}
		if !ok {
			return l, errNoLink
		}
		l = Link{}
		if err := json.Unmarshal(old, &l); err != nil {
			return l, fmt.Errorf("read link: %w", err)
		}
		change(&l)
		value, err := json.Marshal(l)
		if err != nil {
			return l, fmt.Errorf("keep link: %w", err)
		}
		if b.opts.Swap == nil {
			return l, b.opts.KV(shop).Put(ctx, key, value, 0)
		}
		if done, err := b.opts.Swap(ctx, shop, key, old, value); err != nil || done {
			return l, err
		}
	}
	return l, errOvertaken
}
