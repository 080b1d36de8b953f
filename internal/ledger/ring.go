package ledger

import (
	"sync"

	"github.com/ordermux/ordermux/internal/order"
)

// ring keeps the newest events of each shop decoded, so that live routes read
// no store. A nil ring holds nothing. It is bounded per shop and over all shops, in events and in about
// bytes; the shop that was quiet the longest gives way first.
type ring struct {
	perShop, total int
	totalBytes     int

	mu    sync.Mutex
	shops map[string]*shopRing
	// quietest and loudest end the list of shops in the sequence of their
	// last append.
	quietest, loudest *shopRing
	events, bytes     int
}

// shopRing holds gapless items, oldest first, from items[start].
type shopRing struct {
	shop  string
	items []Item
	sizes []int
	start int
	// later are the seqs of the events after the first one, per order whose
	// first one is here.
	later      map[int64][]int64
	prev, next *shopRing
}

// has reports whether the event at seq is here.
func (s *shopRing) has(seq int64) bool {
	return s.start < len(s.items) && seq >= s.items[s.start].Event.Seq && seq <= s.items[len(s.items)-1].Event.Seq
}

// at returns the item of an event that is here.
func (s *shopRing) at(seq int64) *Item {
	return &s.items[s.start+int(seq-s.items[s.start].Event.Seq)]
}

func newRing(perShop int) *ring {
	return &ring{
		perShop: perShop, total: 4 * perShop, totalBytes: 32 << 20,
		shops: map[string]*shopRing{},
	}
}

// push takes a call's items. The store calls in the log's sequence; after a
// gap (a commit of unknown result) the shop starts anew.
func (r *ring) push(c *Call) {
	size := c.size/len(c.items) + 512
	r.mu.Lock()
	defer r.mu.Unlock()
	s := r.shops[c.Shop]
	if s == nil {
		s = &shopRing{shop: c.Shop, later: map[int64][]int64{}}
		r.shops[c.Shop] = s
	} else {
		r.unlink(s)
	}
	r.link(s)
	if n := len(s.items); n > s.start && s.items[n-1].Event.Seq+1 != c.items[0].Event.Seq {
		r.drop(s, n-s.start)
	}
	for i := range c.items {
		s.items = append(s.items, c.items[i])
		s.sizes = append(s.sizes, size)
		if e := &c.items[i].Event; e.Seq != e.Order && s.has(e.Order) {
			s.later[e.Order] = append(s.later[e.Order], e.Seq)
		}
	}
	r.events += len(c.items)
	r.bytes += size * len(c.items)
	r.drop(s, len(s.items)-s.start-r.perShop)
	for r.events > r.total || r.bytes > r.totalBytes {
		q := r.quietest
		r.drop(q, max(1, (len(q.items)-q.start)/2))
		if len(q.items) == 0 {
			r.unlink(q)
			delete(r.shops, q.shop)
		}
	}
}

// drop forgets the n oldest items of a shop.
func (r *ring) drop(s *shopRing, n int) {
	if n <= 0 {
		return
	}
	for _, size := range s.sizes[s.start : s.start+n] {
		r.bytes -= size
	}
	r.events -= n
	for i := range s.items[s.start : s.start+n] {
		if len(s.later) > 0 {
			delete(s.later, s.items[s.start+i].Event.Seq)
		}
	}
	clear(s.items[s.start : s.start+n])
	s.start += n
	if s.start*2 < len(s.items) {
		return
	}
	rest := copy(s.items, s.items[s.start:])
	copy(s.sizes, s.sizes[s.start:])
	clear(s.items[rest:])
	s.items, s.sizes, s.start = s.items[:rest], s.sizes[:rest], 0
}

// read returns copies of the items after a seq; false: they are not all here.
func (r *ring) read(shop string, after int64, limit int) ([]Item, bool) {
	if r == nil {
		return nil, false
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	s := r.shops[shop]
	if s == nil || s.start == len(s.items) {
		return nil, false
	}
	items := s.items[s.start:]
	skip := after + 1 - items[0].Event.Seq
	if skip < 0 || skip > int64(len(items)) {
		return nil, false
	}
	items = items[skip:]
	return append([]Item(nil), items[:min(limit, len(items))]...), true
}

// whole is an order all of whose events are in the ring.
type whole struct {
	row    Row
	events []order.Event
}

// orders returns the orders with these numbers that are in the ring from their
// first event on; nil otherwise.
func (r *ring) orders(shop string, numbers []int64) []*whole {
	list := make([]*whole, len(numbers))
	if r == nil {
		return list
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	s := r.shops[shop]
	if s == nil {
		return list
	}
	for i, n := range numbers {
		if !s.has(n) || s.at(n).Event.Order != n {
			continue
		}
		item := s.at(n)
		w := &whole{row: item.Row, events: []order.Event{item.Event}}
		for _, seq := range s.later[n] {
			item = s.at(seq)
			w.row, w.events = item.Row, append(w.events, item.Event)
		}
		list[i] = w
	}
	return list
}

// head returns the newest seq of a shop that the ring knows; 0: none.
func (r *ring) head(shop string) int64 {
	if r == nil {
		return 0
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	s := r.shops[shop]
	if s == nil || s.start == len(s.items) {
		return 0
	}
	return s.items[len(s.items)-1].Event.Seq
}

// reset forgets a shop.
func (r *ring) reset(shop string) {
	if r == nil {
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if s := r.shops[shop]; s != nil {
		r.drop(s, len(s.items)-s.start)
	}
}

// cut drops the shop's items up to a seq: orders were removed whose events are
// all among them.
func (r *ring) cut(shop string, seq int64) {
	if r == nil {
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	s := r.shops[shop]
	if s == nil || s.start == len(s.items) {
		return
	}
	r.drop(s, min(len(s.items)-s.start, int(max(0, seq+1-s.items[s.start].Event.Seq))))
}

// forget drops the shop's items up to the newest one of an order: it was
// erased.
func (r *ring) forget(shop string, number int64) {
	if r == nil {
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	s := r.shops[shop]
	if s == nil {
		return
	}
	for i := len(s.items) - 1; i >= s.start; i-- {
		if s.items[i].Event.Order == number {
			r.drop(s, i-s.start+1)
			return
		}
	}
}

func (r *ring) link(s *shopRing) {
	s.prev, s.next = r.loudest, nil
	if r.loudest != nil {
		r.loudest.next = s
	} else {
		r.quietest = s
	}
	r.loudest = s
}

func (r *ring) unlink(s *shopRing) {
	if s.prev != nil {
		s.prev.next = s.next
	} else {
		r.quietest = s.next
	}
	if s.next != nil {
		s.next.prev = s.prev
	} else {
		r.loudest = s.prev
	}
	s.prev, s.next = nil, nil
}
