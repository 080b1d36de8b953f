package promotion

import (
	"cmp"
	"context"
	"fmt"
	"math"
	"slices"
	"time"

	"github.com/ordermux/ordermux/internal/order"
)

// Shown is what a customer sees of a SKU.
type Shown struct {
	SKU       string      `json:"sku"`
	Promotion *Promotion  `json:"promotion,omitzero"` // nil: none
	Terms     Terms       `json:"terms,omitzero"`
	Regular   order.Money `json:"regular,omitzero"` // what the catalogue says; not set: unknown there
	Final     order.Money `json:"final,omitzero"`   // by the terms
}

// Shown says which promotion a customer of a store sees for each SKU at a
// moment, in their sequence: of those that hold then and are not deactivated
// the one with the latest start; of equal starts the one that was changed last.
// A SKU that the store does not sell now, or not for more, has none. Of a past
// moment it knows what ended in the last days only. At most MostAsked SKUs:
// *order.Invalid.
func (b *Book) Shown(ctx context.Context, shop, store string, skus []string, at time.Time) ([]Shown, error) {
	if len(skus) > MostAsked {
		return nil, order.Refuse("skus", order.TooLarge, fmt.Sprintf("at most %d SKUs", MostAsked))
	}
	offers, err := b.goods.Offers(ctx, shop, store, skus)
	if err != nil {
		return nil, fmt.Errorf("promotions shown: offers: %w", err)
	}
	if len(offers) != len(skus) {
		return nil, fmt.Errorf("promotions shown: %d offers for %d SKUs", len(offers), len(skus))
	}
	a := newAsking(store, skus, offers, at)
	for limit := 2; len(a.open) > 0; limit = min(limit*8, 512) {
		var rows []Candidate
		q := a.candidacy()
		err := b.store.Look(ctx, func(l Lookup) (err error) {
			rows, err = l.Candidates(shop, q, limit)
			return err
		})
		if err == nil {
			err = a.hear(rows, limit)
		}
		if err != nil {
			return nil, fmt.Errorf("promotions shown: %w", err)
		}
	}
	return a.shown, nil
}

// asking looks for what is shown of SKUs.
type asking struct {
	store  string
	hash   uint64
	at     int64
	shown  []Shown
	open   []*wanted // those that go on
	bodies map[int64]*Promotion
}

// wanted is a SKU whose promotion is not found yet.
type wanted struct {
	*Shown
	place Place
	past  map[int64]bool // promotions that say no more of it
}

func newAsking(store string, skus []string, offers []Offer, at time.Time) *asking {
	a := &asking{store: store, hash: hash(store), at: at.UnixMicro(), shown: make([]Shown, len(skus)), bodies: map[int64]*Promotion{}}
	for i, sku := range skus {
		s := &a.shown[i]
		s.SKU = sku
		if o := &offers[i]; o.Known {
			if s.Regular = o.Price; o.Active && o.Price.Sign() > 0 {
				h := hash(sku)
				a.open = append(a.open, &wanted{Shown: s, place: Place{Key: skuKey(h), SKU: mask(h), Start: a.at, Layer: math.MaxInt64}})
			}
		}
	}
	return a
}

func (a *asking) candidacy() Candidacy {
	q := Candidacy{At: a.at, Store: mask(a.hash), Hash: int64(a.hash & 0xffffff)}
	for _, w := range a.open {
		q.Places = append(q.Places, w.place)
	}
	return q
}

// hear goes through what was found, latest start first, and keeps open what it
// does not decide.
func (a *asking) hear(rows []Candidate, limit int) error {
	slices.SortStableFunc(rows, func(x, y Candidate) int {
		return cmp.Or(cmp.Compare(x.Place, y.Place), cmp.Compare(y.Start, x.Start), cmp.Compare(y.Layer, x.Layer))
	})
	var open []*wanted
	for n, w := range a.open {
		count, found := 0, false
		for len(rows) > 0 && rows[0].Place == n {
			c := &rows[0]
			rows = rows[1:]
			count++
			w.place.Start, w.place.Layer = c.Start, c.Layer
			if found {
				continue
			}
			var err error
			if found, err = a.judge(w, c); err != nil {
				return err
			}
		}
		if !found && count >= limit {
			open = append(open, w)
		}
	}
	a.open = open
	return nil
}

// judge reports whether a row decides what is shown of a SKU.
func (a *asking) judge(w *wanted, c *Candidate) (bool, error) {
	if c.Promotion == 0 || c.State == RowDeactivated || w.past[c.Promotion] {
		return false, nil
	}
	k, err := readBlock(c.Body)
	if err != nil {
		return false, err
	}
	i := slices.IndexFunc(k.entries, func(e entry) bool { return e.sku == w.SKU })
	if i < 0 {
		return false, nil
	}
	e := &k.entries[i]
	number := -1
	err = eachStore(c.Stores, func(store string, n int) bool {
		if store == a.store {
			number = n
		}
		return number < 0
	})
	if err != nil && len(c.Stores) > 0 {
		return false, err
	}
	p, err := a.promotion(c)
	if err != nil || number < 0 && !p.Every {
		return false, err
	}
	if e.refused > 0 && inSet(k.refused[e.refused-1], number) {
		return false, nil // an older layer may say something
	}
	t := &k.terms[e.terms]
	final, lower := t.Final(w.Regular)
	if t.Remove || !lower {
		if w.past == nil {
			w.past = map[int64]bool{}
		}
		w.past[c.Promotion] = true
		return false, nil
	}
	w.Promotion, w.Terms, w.Final = p, t.Terms, final
	return true, nil
}

func (a *asking) promotion(c *Candidate) (*Promotion, error) {
	if p := a.bodies[c.Promotion]; p != nil {
		return p, nil
	}
	row := PromotionRow{ID: c.Promotion, State: c.State, Created: c.Created, Changed: c.Changed, Body: c.Header}
	p, err := row.promotion()
	a.bodies[c.Promotion] = p
	return p, err
}
