package bench

import (
	"bytes"
	"errors"
	"net"
	"sync"
	"time"
)

// receiver is the light receiver of webhooks: it answers every request with
// 200, notes which orders came, how often, and how long after the time in the
// order's placed_at, which is when the generator sent it.
type receiver struct {
	listener net.Listener
	numbers  numbering
	delay    time.Duration // before each answer

	mu       sync.Mutex
	got      []uint64 // bit set of order numbers
	distinct int64
	repeats  int64
	requests int64
	strange  int64 // requests without an order of ours
	lag      *latencies
}

// received is what a receiver tells.
type received struct {
	Orders   int64   `json:"orders"` // distinct
	Repeats  int64   `json:"repeats"`
	Requests int64   `json:"requests"`
	Strange  int64   `json:"strange"`
	Lag      Latency `json:"lag"` // since the last reset
	CPU      float64 `json:"cpu_s"`
}

func newReceiver(random bool, delay time.Duration) (*receiver, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	return &receiver{listener: l, numbers: numbering{random}, delay: delay, lag: &latencies{}}, nil
}

// serve answers until the listener is closed.
func (r *receiver) serve() error {
	for {
		c, err := r.listener.Accept()
		if errors.Is(err, net.ErrClosed) {
			return nil
		}
		if err != nil {
			return err
		}
		go r.talk(&conn{Conn: c, buf: make([]byte, 16<<10)})
	}
}

var okAnswer = []byte("HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n{}")

func (r *receiver) talk(c *conn) {
	defer c.Close()
	for {
		body, err := c.readRequest()
		if err != nil {
			return // the hub ended the connection
		}
		r.note(body, time.Now())
		if r.delay > 0 {
			time.Sleep(r.delay)
		}
		if _, err := c.Write(okAnswer); err != nil {
			return
		}
	}
}

// readRequest returns the body of the next request, valid until the one after
// it is read.
func (c *conn) readRequest() ([]byte, error) {
	c.compact()
	head, err := c.head()
	if err != nil {
		return nil, err
	}
	length, chunked, err := framing(head)
	if err != nil {
		return nil, err
	}
	c.r += len(head)
	if chunked {
		return c.chunks()
	}
	return c.take(max(length, 0))
}

// note counts the orders of a body. An order may name its id more than once
// in a row.
func (r *receiver) note(body []byte, now time.Time) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.requests++
	last, any := uint64(0), false
	for at := 0; ; {
		i := bytes.Index(body[at:], []byte(`"`+idPrefix))
		if i < 0 {
			break
		}
		at += i + 1 + len(idPrefix)
		id, ok := takeID(body[at:])
		if !ok || any && id == last {
			continue
		}
		last, any = id, true
		r.mark(r.numbers.number(id))
	}
	if !any {
		r.strange++
		return
	}
	if placed, ok := placedAt(body); ok {
		r.lag.observe(now.Sub(placed))
	}
}

func (r *receiver) mark(number uint64) {
	word, bit := number/64, uint64(1)<<(number%64)
	if word > 1<<24 { // a billion orders: none of ours
		r.strange++
		return
	}
	for uint64(len(r.got)) <= word {
		r.got = append(r.got, make([]uint64, 1024)...)
	}
	if r.got[word]&bit != 0 {
		r.repeats++
		return
	}
	r.got[word] |= bit
	r.distinct++
}

// placedAt finds the time that the generator wrote into the first order.
func placedAt(body []byte) (time.Time, bool) {
	for _, name := range [...]string{`"placed_at":"`, `"orderDate":"`} {
		i := bytes.Index(body, []byte(name))
		if i < 0 {
			continue
		}
		text := body[i+len(name):]
		if end := bytes.IndexByte(text, '"'); end > 0 {
			t, err := time.Parse(time.RFC3339Nano, string(text[:end]))
			return t, err == nil
		}
	}
	return time.Time{}, false
}

// tell returns what came; reset also begins a new distribution.
func (r *receiver) tell(reset bool) received {
	r.mu.Lock()
	defer r.mu.Unlock()
	out := received{
		Orders: r.distinct, Repeats: r.repeats, Requests: r.requests, Strange: r.strange,
		Lag: r.lag.summary(), CPU: ownCPU().Seconds(),
	}
	if reset {
		r.lag = &latencies{}
	}
	return out
}
