package delivery

import (
	"context"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"
)

const (
	// mostTold is how many of the newest outcomes are kept for who looks.
	mostTold = 2000
	// toldFor is how long they are kept on after somebody has looked last.
	toldFor = 30 * time.Second
	// toldAtOnce is how many are told at a time.
	toldAtOnce = 500
)

// Told is a piece of what the deliveries of a shop came to.
type Told struct {
	// Deliveries as they became, the earliest first; one stands there as often
	// as it changed.
	Deliveries []Delivery
	// Mark is where the next piece begins.
	Mark string
	// Gap says that more happened since the mark than is told.
	Gap bool
}

// Told returns what the deliveries of a shop came to since a mark: what was
// settled, and what is tried again, asked about or held. Without a mark it
// returns nothing but one: what happens from then on is told by the next call,
// if it comes within half a minute. It is kept in memory, by the shop's owner
// alone and only while somebody looks. ErrElsewhere: another node has the shop.
func (e *Engine) Told(ctx context.Context, shop, mark string) (Told, error) {
	s, done, err := e.command(shop)
	if err != nil {
		return Told{}, err
	}
	defer done()
	t := s.told.Load()
	for t == nil || t.old(e.now()) {
		s.told.CompareAndSwap(t, &told{id: e.now().UnixNano(), asked: e.now()})
		t = s.told.Load()
	}
	out := t.since(mark, e.now())
	return out, e.nameOrders(ctx, shop, out.Deliveries)
}

// told is what the deliveries of one shop came to lately. Another one begins
// when nobody asked for a while, or the shop has another owner.
type told struct {
	id int64

	mu    sync.Mutex
	asked time.Time
	first int64 // number of list[0]
	list  []Delivery
}

// old reports whether nobody has asked for it for long.
func (t *told) old(now time.Time) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	return now.Sub(t.asked) > toldFor
}

func (t *told) add(d *Delivery) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if len(t.list) == mostTold {
		t.list, t.first = append(make([]Delivery, 0, mostTold), t.list[mostTold/2:]...), t.first+mostTold/2
	}
	one := *d
	one.Note, one.Digest = nil, nil
	t.list = append(t.list, one)
}

// since returns what came after a mark; "": the mark of now alone.
func (t *told) since(mark string, now time.Time) Told {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.asked = now
	end := t.first + int64(len(t.list))
	if mark == "" {
		return Told{Mark: t.mark(end)}
	}
	var out Told
	id, n := readMark(mark)
	if id != t.id || n < t.first || n > end {
		n, out.Gap = t.first, true
	}
	next := min(n+toldAtOnce, end)
	out.Deliveries, out.Mark = slices.Clone(t.list[n-t.first:next-t.first]), t.mark(next)
	return out
}

func (t *told) mark(n int64) string {
	return strconv.FormatInt(t.id, 36) + "-" + strconv.FormatInt(n, 36)
}

// readMark reads the id of a told and a number in it; what is no mark is of none.
func readMark(mark string) (id, n int64) {
	a, b, _ := strings.Cut(mark, "-")
	id, err := strconv.ParseInt(a, 36, 64)
	if err != nil {
		return 0, 0
	}
	if n, err = strconv.ParseInt(b, 36, 64); err != nil {
		return 0, 0
	}
	return id, n
}

// tell keeps what a delivery came to, if somebody looks.
func (s *shop) tell(d *Delivery, now time.Time) {
	t := s.told.Load()
	if t == nil || d.State == Ready || d.State == Sending {
		return
	}
	if t.old(now) {
		s.told.CompareAndSwap(t, nil)
		return
	}
	t.add(d)
}
