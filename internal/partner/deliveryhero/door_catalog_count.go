package deliveryhero

import (
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/ordermux/ordermux/internal/catalog"
)

// counts remembers what it costs a look at the whole catalogue to know: how
// many offers there are and where they begin, and which categories. It is
// believed for a moment, and then for as long as the catalogue did not change.
// The zero value is ready.
type counts struct {
	mu   sync.Mutex
	kept map[string]*counting
}

type counting struct {
	mu         sync.Mutex // held by who counts; the others wait for it
	at         time.Time
	version    int64
	known      bool
	pages      catalog.OfferPages
	categories []string
}

const (
	countFresh = 5 * time.Second
	mostCounts = 200
)

func (c *counts) of(key string) *counting {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.kept == nil || len(c.kept) >= mostCounts {
		c.kept = map[string]*counting{}
	}
	if c.kept[key] == nil {
		c.kept[key] = &counting{}
	}
	return c.kept[key]
}

// fresh calls look unless what it found holds.
func (n *counting) fresh(ctx context.Context, offers catalog.Store, shop string, look func() error) error {
	began := time.Now()
	if n.known && began.Sub(n.at) < countFresh {
		return nil
	}
	version, err := offers.Head(ctx, shop)
	if err != nil {
		return fmt.Errorf("read the catalogue's counter: %w", err)
	}
	if n.known && n.version == version {
		n.at = began
		return nil
	}
	n.known = false
	if err := look(); err != nil {
		return err
	}
	n.known, n.version, n.at = true, version, began
	return nil
}

// pages is catalog.OfferStore.OfferPages.
func (c *counts) pages(ctx context.Context, offers catalog.Store, shop, store string, f catalog.OfferFilter) (catalog.OfferPages, error) {
	active := "-"
	if f.Active != nil {
		active = fmt.Sprint(*f.Active)
	}
	n := c.of(fmt.Sprintf("%q %q %q %q %s %d", shop, store, f.Text, f.Categories, active, f.Limit))
	n.mu.Lock()
	defer n.mu.Unlock()
	err := n.fresh(ctx, offers, shop, func() (err error) {
		n.pages, err = offers.OfferPages(ctx, shop, store, f)
		return err
	})
	if err != nil {
		return catalog.OfferPages{}, fmt.Errorf("count offers: %w", err)
	}
	return n.pages, nil
}

// categories is catalog.OfferStore.Categories; the list is shared.
func (c *counts) categories(ctx context.Context, offers catalog.Store, shop, store string) ([]string, error) {
	n := c.of(fmt.Sprintf("%q %q categories", shop, store))
	n.mu.Lock()
	defer n.mu.Unlock()
	err := n.fresh(ctx, offers, shop, func() (err error) {
		n.categories, err = offers.Categories(ctx, shop, store)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("list categories: %w", err)
	}
	return n.categories, nil
}
