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
		if err := a.round(ctx, b.store, shop, limit); err != nil {
			return nil, fmt.Errorf("promotions shown: %w", err)
		}
	}
	return a.shown, nil
}

// asking looks for what is shown of SKUs. Each row is fetched once, however many
// of the SKUs it is about.
type asking struct {
	store  string
	hash   uint64
	at     int64
	shown  []Shown
	open   []*wanted // those that go on
	layers map[int64]*layer
	bodies map[int64]*Promotion
}

// wanted is a SKU whose promotion is not found yet.
type wanted struct {
	*Shown
	place Place
	past  map[int64]bool // promotions that say no more of it
}

// layer is one that was asked for; nil in its row: it does not count.
type layer struct {
	row    *LayerRow
	stores bool // the row of stores was asked for
	number int  // of the store; below 0: it is not there
}

// said is what a row says of a SKU.
type said struct {
	*Candidate
	block *block
	entry *entry
}

func newAsking(store string, skus []string, offers []Offer, at time.Time) *asking {
	a := &asking{
		store: store, hash: hash(store), at: at.UnixMicro(), shown: make([]Shown, len(skus)),
		layers: map[int64]*layer{}, bodies: map[int64]*Promotion{},
	}
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

// round looks at the next rows of each SKU, and keeps open what they do not
// decide.
func (a *asking) round(ctx context.Context, store Store, shop string, limit int) error {
	q := Candidacy{At: a.at, Store: mask(a.hash)}
	for _, w := range a.open {
		q.Places = append(q.Places, w.place)
	}
	var list [][]said
	var more []bool
	err := store.Look(ctx, func(l Lookup) error {
		rows, err := l.Candidates(shop, q, limit)
		if err != nil {
			return err
		}
		if list, more, err = a.sort(rows, limit); err != nil {
			return err
		}
		asks := a.unknown(list)
		if len(asks) == 0 {
			return nil
		}
		found, err := l.LayersOf(shop, asks, int64(a.hash&0xffffff))
		if err != nil {
			return err
		}
		return a.learn(asks, found)
	})
	if err != nil {
		return err
	}
	var open []*wanted
	for n, w := range a.open {
		done, err := a.decide(w, list[n])
		if err != nil {
			return err
		}
		if !done && more[n] {
			open = append(open, w)
		}
	}
	a.open = open
	return nil
}

// sort returns what rows say of each SKU, the latest start first, and whether
// there may be more.
func (a *asking) sort(rows []Candidate, limit int) (list [][]said, more []bool, err error) {
	slices.SortStableFunc(rows, func(x, y Candidate) int {
		return cmp.Or(cmp.Compare(x.Place, y.Place), cmp.Compare(y.Start, x.Start), cmp.Compare(y.Layer, x.Layer))
	})
	list, more = make([][]said, len(a.open)), make([]bool, len(a.open))
	blocks := map[[2]int64]*block{} // by key and layer: several SKUs may share a row
	counts := make([]int, len(a.open))
	for i := range rows {
		c := &rows[i]
		w := a.open[c.Place]
		counts[c.Place]++
		more[c.Place] = counts[c.Place] >= limit
		w.place.Start, w.place.Layer = c.Start, c.Layer
		id := [2]int64{w.place.Key, c.Layer}
		k := blocks[id]
		if k == nil {
			if k, err = readBlock(c.Body); err != nil {
				return nil, nil, err
			}
			blocks[id] = k
		}
		if at := slices.IndexFunc(k.entries, func(e entry) bool { return e.sku == w.SKU }); at >= 0 {
			list[c.Place] = append(list[c.Place], said{c, k, &k.entries[at]})
		}
	}
	return list, more, nil
}

// needsStores reports whether what is said depends on which store it is.
func (s *said) needsStores() bool { return s.Stores >= 0 || s.entry.refused > 0 }

// unknown are the layers that are to be asked for.
func (a *asking) unknown(list [][]said) (asks []LayerAsk) {
	places := map[int64]int{}
	for _, one := range list {
		for i := range one {
			s := &one[i]
			if l := a.layers[s.Layer]; l != nil && (l.row == nil || l.stores || !s.needsStores()) {
				continue
			}
			place, ok := places[s.Layer]
			if !ok {
				place = len(asks)
				places[s.Layer] = place
				asks = append(asks, LayerAsk{Layer: s.Layer})
			}
			asks[place].Stores = asks[place].Stores || s.needsStores()
		}
	}
	return asks
}

// learn keeps what was found of layers.
func (a *asking) learn(asks []LayerAsk, found []LayerRow) error {
	for _, ask := range asks {
		a.layers[ask.Layer] = &layer{stores: ask.Stores, number: -1}
	}
	for i := range found {
		l := a.layers[found[i].Layer]
		if l == nil {
			continue
		}
		l.row = &found[i]
		if len(l.row.Stores) == 0 {
			continue
		}
		err := eachStore(l.row.Stores, func(store string, n int) bool {
			if store == a.store {
				l.number = n
			}
			return l.number < 0
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// decide reports whether one of the rows, the first that does, says what is
// shown of a SKU.
func (a *asking) decide(w *wanted, list []said) (bool, error) {
	for i := range list {
		if done, err := a.judge(w, &list[i]); done || err != nil {
			return done, err
		}
	}
	return false, nil
}

// judge reports whether a row decides what is shown of a SKU.
func (a *asking) judge(w *wanted, s *said) (bool, error) {
	l := a.layers[s.Layer]
	if l == nil || l.row == nil || l.row.State == RowDeactivated || w.past[l.row.Promotion] {
		return false, nil
	}
	if s.Stores >= 0 && l.number < 0 {
		return false, nil // another store, whose mask is the same
	}
	if s.entry.refused > 0 && inSet(s.block.refused[s.entry.refused-1], l.number) {
		return false, nil // an older layer may say something
	}
	t := &s.block.terms[s.entry.terms]
	final, lower := t.Final(w.Regular)
	if t.Remove || !lower {
		if w.past == nil {
			w.past = map[int64]bool{}
		}
		w.past[l.row.Promotion] = true
		return false, nil
	}
	p, err := a.promotion(l.row)
	if err != nil {
		return false, err
	}
	w.Promotion, w.Terms, w.Final = p, t.Terms, final
	return true, nil
}

func (a *asking) promotion(r *LayerRow) (*Promotion, error) {
	if p := a.bodies[r.Promotion]; p != nil {
		return p, nil
	}
	row := PromotionRow{ID: r.Promotion, State: r.State, Created: r.Created, Changed: r.Changed, Body: r.Header}
	p, err := row.promotion()
	a.bodies[r.Promotion] = p
	return p, err
}
