package bench

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"
	"time"
)

// load is one stretch of work for the generator.
type load struct {
	addrs   []string // connections take them in turn
	dialect *dialect // nil: CitrusAd's
	path    string   // "": the dialect's
	keys    []string // an API key or token per shop; requests take the shops in turn
	conns   int
	batch   int           // orders per request
	rate    float64       // orders per second; 0: the next as soon as one is answered
	lasting time.Duration // 0: until most
	most    int64         // 0: as many as lasting allows
	numbers numbering
	next    *atomic.Int64 // number of the next order; shared by the loads of a run
	floor   bool          // the answer is fixed: do not look for the orders in it
	// room, if set, returns how many orders may have been sent by now.
	room func() int64
}

// sent is what the generator saw.
type sent struct {
	Orders   int64 // answered well
	Requests int64
	Failed   int64 // requests answered otherwise, or not
	Elapsed  time.Duration
	Latency  *latencies // per request
	CPU      time.Duration
	First    error // one of the failures
}

func (s *sent) add(o *sent) {
	s.Orders += o.Orders
	s.Requests += o.Requests
	s.Failed += o.Failed
	s.Latency.add(o.Latency)
	if s.First == nil {
		s.First = o.First
	}
}

// perSecond is the rate of orders answered well.
func (s *sent) perSecond() float64 { return float64(s.Orders) / s.Elapsed.Seconds() }

// run sends until the load is done. Connections are opened before the clock
// starts.
func (l load) run(ctx context.Context) (*sent, error) {
	if l.dialect == nil {
		l.dialect = citrus
	}
	if l.path == "" {
		l.path = l.dialect.path
	}
	senders := make([]*sender, l.conns)
	for i := range senders {
		addr := l.addrs[i%len(l.addrs)]
		c, err := dial(ctx, addr)
		if err != nil {
			return nil, err
		}
		senders[i] = newSender(l, addr, c, i)
	}
	cpu, began := ownCPU(), time.Now()
	clock := &clock{began: began, first: l.next.Load(), load: l}
	var wg sync.WaitGroup
	for _, s := range senders {
		wg.Go(func() { s.run(ctx, clock) })
	}
	wg.Wait()
	total := &sent{Latency: &latencies{}, Elapsed: time.Since(began), CPU: ownCPU() - cpu}
	for _, s := range senders {
		total.add(&s.sent)
	}
	if total.Orders == 0 {
		return nil, fmt.Errorf("no order was accepted: %w", total.First)
	}
	return total, ctx.Err()
}

// clock says which orders a sender takes next, and when.
type clock struct {
	began time.Time
	first int64
	load  load
}

// take returns the number of the first order of the next request and the time
// it is due, or false when the load is done.
func (c *clock) take(ctx context.Context) (number int64, due time.Time, ok bool) {
	l := &c.load
	number = l.next.Add(int64(l.batch)) - int64(l.batch)
	mine := number - c.first
	now := time.Now()
	due = now
	if l.rate > 0 {
		due = c.began.Add(time.Duration(float64(mine) / l.rate * float64(time.Second)))
	}
	if l.most > 0 && mine >= l.most || l.lasting > 0 && later(now, due).Sub(c.began) >= l.lasting {
		return 0, due, false // the number is left out; numbers may have gaps
	}
	if wait := due.Sub(now); wait > 0 {
		if !pause(ctx, wait) {
			return 0, due, false
		}
		due = time.Now() // a late timer is not the hub's delay
	}
	for l.room != nil && mine >= l.room() {
		if !pause(ctx, time.Millisecond) || l.lasting > 0 && time.Since(c.began) >= l.lasting {
			return 0, due, false
		}
		due = time.Now()
	}
	return number, due, true
}

func later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}

func pause(ctx context.Context, d time.Duration) bool {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return true
	case <-ctx.Done():
		return false
	}
}

// sender works on one connection.
type sender struct {
	load  load
	addr  string
	conn  *conn
	heads [][]byte // per shop
	ready []body   // rendered requests, used in turn
	turn  int
	buf   []byte
	sent  sent
}

// variants is how many different orders a sender renders beforehand.
const variants = 200

func newSender(l load, addr string, c *conn, index int) *sender {
	s := &sender{load: l, addr: addr, conn: c, sent: sent{Latency: &latencies{}}}
	for i := 0; i < variants; i += l.batch {
		s.ready = append(s.ready, l.dialect.newBody(l.batch, index*variants+i))
	}
	for _, key := range l.keys {
		s.heads = append(s.heads, fmt.Appendf(nil, "POST %s HTTP/1.1\r\nHost: %s\r\nAuthorization: %s %s\r\n"+
			"Content-Type: application/json\r\nAccept: application/json\r\nContent-Length: ", l.path, addr, l.dialect.scheme, key))
	}
	return s
}

func (s *sender) run(ctx context.Context, clock *clock) {
	defer func() { s.conn.Close() }()
	for ctx.Err() == nil {
		number, due, ok := clock.take(ctx)
		if !ok {
			return
		}
		err := s.send(number)
		s.sent.Requests++
		s.sent.Latency.observe(time.Since(due))
		if err != nil {
			s.sent.Failed++
			if s.sent.First == nil {
				s.sent.First = err
			}
			if s.redial(ctx) != nil {
				return
			}
			continue
		}
		s.sent.Orders += int64(s.load.batch)
	}
}

// send posts the orders from number on and judges the answer.
func (s *sender) send(number int64) error {
	b := &s.ready[s.turn%len(s.ready)]
	s.turn++
	b.fill(s.load.numbers, uint64(number), time.Now())
	shop := int(number/int64(s.load.batch)) % len(s.heads)
	s.buf = append(s.buf[:0], s.heads[shop]...)
	s.buf = fmt.Appendf(s.buf, "%d\r\n\r\n", len(b.bytes))
	s.buf = append(s.buf, b.bytes...)
	a, err := s.conn.roundTrip(s.buf)
	if err != nil {
		return err
	}
	return s.load.dialect.judge(a, s.load.batch, s.load.floor)
}

// redial replaces a connection whose state is unknown. The failure stays
// counted.
func (s *sender) redial(ctx context.Context) error {
	s.conn.Close()
	c, err := dial(ctx, s.addr)
	if err != nil {
		return err
	}
	s.conn = c
	return nil
}
