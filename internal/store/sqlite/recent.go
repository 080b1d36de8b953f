package sqlite

import (
	"cmp"
	"context"
	"database/sql/driver"
	"errors"
	"slices"
	"sync"

	"github.com/ordermux/ordermux/internal/ledger"
)

// recent is the part of the index on order ids that is not in the table ids
// yet. Ids are random to the index: written one by one, each order would cost
// a page of its own, and more the longer the store lives. So the newest ids
// stay in memory and go into the table by tens of thousands, sorted, when many
// share a page. Nothing is lost in a crash: orders are stored with their
// digest in the sequence of their numbers, and shops.indexed says up to which
// number the table is complete; a start reads the rest.
//
// An id is in memory before the commit of its order and stays until after the
// commit that puts it into the table. A reader takes the generations before
// its view begins, so it finds each id in one of the two places at least. The
// order row itself decides: a number whose row is missing or of another
// subject is no hit.
type recent struct {
	mu     sync.RWMutex
	active *generation
	frozen *generation // on its way into the table; nil mostly
	shops  map[string]uint32
}

// generation is a set of ids. Only the active one changes.
type generation struct {
	numbers map[recentKey]int64
	more    []recentID // of a key that is there with another number
}

type recentKey struct {
	shop uint32
	hash int64
}

type recentID struct {
	key    recentKey
	number int64
}

const (
	// mergeFrom is how many ids there are before they go into the table:
	// some 10 MB of memory.
	mergeFrom = 1 << 17
	// mergeResting is how many are enough when the store rests.
	mergeResting = 1 << 12
	// mergeRows is how many go in one transaction, among other work: about a
	// millisecond.
	mergeRows = 1000
)

func newRecent() *recent {
	return &recent{active: newGeneration(), shops: map[string]uint32{}}
}

func newGeneration() *generation { return &generation{numbers: map[recentKey]int64{}} }

// add takes the id of an order with a digest.
func (r *recent) add(shop string, hash, number int64) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.active.add(r.key(shop, hash), number)
}

// key makes a key; call it with mu locked.
func (r *recent) key(shop string, hash int64) recentKey {
	n, ok := r.shops[shop]
	if !ok {
		n = uint32(len(r.shops))
		r.shops[shop] = n
	}
	return recentKey{n, hash}
}

func (g *generation) add(k recentKey, number int64) {
	if old, ok := g.numbers[k]; ok && old != number {
		g.more = append(g.more, recentID{k, old})
	}
	g.numbers[k] = number
}

// addRows takes the ids of the new rows of a transaction, before its commit.
func (r *recent) addRows(b *ledger.Batch) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for c := range b.Rows {
		if c.New {
			r.active.add(r.key(c.Shop, c.Row.Key.Hash), c.Row.Number)
		}
	}
}

// removeRows takes them back: the transaction failed. gone says of a row
// whether it is not there.
func (r *recent) removeRows(b *ledger.Batch, gone func(ledger.RowChange) bool) {
	for c := range b.Rows {
		if !c.New || !gone(c) {
			continue
		}
		r.mu.Lock()
		k := r.key(c.Shop, c.Row.Key.Hash)
		if r.active.numbers[k] == c.Row.Number {
			delete(r.active.numbers, k)
		}
		r.mu.Unlock()
	}
}

// generations are what a reader takes before its view.
type generations [2]*generation

func (r *recent) generations() generations {
	r.mu.RLock()
	defer r.mu.RUnlock()
	return generations{r.active, r.frozen}
}

// candidate is a number that the subject at a place of a list may have.
type candidate struct {
	place  int
	number int64
}

// candidates are the numbers that memory knows for subjects.
func (r *recent) candidates(gs generations, want []wanted) (list []candidate) {
	r.mu.RLock()
	defer r.mu.RUnlock()
	for i := range want {
		shop, ok := r.shops[want[i].shop]
		if !ok {
			continue
		}
		k := recentKey{shop, want[i].key.Hash}
		for _, g := range gs {
			if g == nil {
				continue
			}
			if n, ok := g.numbers[k]; ok {
				list = append(list, candidate{i, n})
			}
			for _, id := range g.more {
				if id.key == k {
					list = append(list, candidate{i, id.number})
				}
			}
		}
	}
	return list
}

func (r *recent) len() int {
	r.mu.RLock()
	defer r.mu.RUnlock()
	return len(r.active.numbers)
}

// freeze begins a new generation and returns what the old one holds, by shop
// and sorted as the table is. The writer calls it between two transactions,
// when all that memory holds is committed.
func (r *recent) freeze() map[string][]recentID {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.frozen, r.active = r.active, newGeneration()
	return r.frozen.lists(r.shops)
}

func (g *generation) lists(shops map[string]uint32) map[string][]recentID {
	names := make(map[uint32]string, len(shops))
	for name, n := range shops {
		names[n] = name
	}
	lists := map[string][]recentID{}
	for k, number := range g.numbers {
		name := names[k.shop]
		lists[name] = append(lists[name], recentID{k, number})
	}
	for _, id := range g.more {
		name := names[id.key.shop]
		lists[name] = append(lists[name], id)
	}
	return lists
}

// merged forgets what is in the table now.
func (r *recent) merged() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.frozen = nil
}

// unfreeze takes back what could not be merged.
func (r *recent) unfreeze() {
	r.mu.Lock()
	defer r.mu.Unlock()
	old := r.frozen
	r.frozen = nil
	for k, number := range old.numbers {
		r.active.add(k, number)
	}
	for _, id := range old.more {
		r.active.add(id.key, id.number)
	}
}

// mergeRecent puts the ids that are in memory into the table, a thousand at a
// time among the writer's other work.
func (s *Store) mergeRecent(ctx context.Context) error {
	var lists map[string][]recentID
	err := s.writer.outside(func() error { lists = s.recent.freeze(); return nil })
	if err != nil {
		return err
	}
	for shop, list := range lists {
		slices.SortFunc(list, func(a, b recentID) int {
			return cmp.Or(cmp.Compare(a.key.hash, b.key.hash), cmp.Compare(a.number, b.number))
		})
		if err := s.mergeShop(ctx, shop, list); err != nil {
			s.recent.unfreeze()
			return err
		}
	}
	s.recent.merged()
	return nil
}

func (s *Store) mergeShop(ctx context.Context, shop string, list []recentID) error {
	const insert = "INSERT INTO ids (shop, hash, number) VALUES %s ON CONFLICT DO NOTHING"
	const update = "UPDATE shops SET indexed = ? WHERE shop = ? AND indexed < ?"
	var last int64
	args := make([]driver.Value, 0, 3*mergeRows)
	for page := range slices.Chunk(list, mergeRows) {
		args = args[:0]
		for _, id := range page {
			args = append(args, shop, id.key.hash, id.number)
			last = max(last, id.number)
		}
		if err := s.Do(ctx, func(tx *Tx) error { return tx.InsertMany(insert, 3, args) }); err != nil {
			return err
		}
	}
	return s.Do(ctx, func(tx *Tx) error {
		_, err := tx.Exec(update, last, shop, last)
		return err
	})
}

// loadRecent reads the ids that are not in the table. The views are long, but
// nothing else runs at a start.
func (s *Store) loadRecent(ctx context.Context) error {
	const behind = "SELECT shop FROM shops WHERE head > indexed"
	const query = `SELECT hash, number FROM orders
		WHERE shop = ?1 AND number > (SELECT indexed FROM shops WHERE shop = ?1)`
	var shops []string
	err := s.View(ctx, func(v *View) (err error) {
		shops, err = texts(v, behind)
		return err
	})
	for _, shop := range shops {
		err = errors.Join(err, s.View(ctx, func(v *View) error {
			rows, err := v.Query(query, shop)
			if err != nil {
				return err
			}
			return eachRow(rows, func() error {
				var hash, number int64
				err := rows.Scan(&hash, &number)
				s.recent.add(shop, hash, number)
				return err
			})
		}))
	}
	return err
}
