//go:build linux

package torture

import (
	"encoding/json"
	"errors"
	"io"
	"maps"
	"math/rand/v2"
	"net"
	"net/http"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

// receiver is a partner that takes webhooks and misbehaves: too many requests,
// errors, slow, cut-off and lost answers. What it took it has for good.
type receiver struct {
	addr   string
	server *http.Server
	calm   atomic.Bool // no faults any more

	mu   sync.Mutex
	dice *rand.Rand
	got  map[string]int   // by event, see Evidence
	last map[string]int64 // seq of the latest event taken, by order
	back []string         // events that came after a later one of their order
}

func newReceiver(seed uint64) (*receiver, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	r := &receiver{addr: l.Addr().String(), dice: rand.New(rand.NewPCG(seed, 2)), got: map[string]int{}, last: map[string]int64{}}
	r.server = &http.Server{Handler: r}
	go func() {
		if err := r.server.Serve(l); !errors.Is(err, http.ErrServerClosed) {
			panic(err) // nothing of the run means anything without it
		}
	}()
	return r, nil
}

func (r *receiver) close() { r.server.Close() }

func (r *receiver) ServeHTTP(w http.ResponseWriter, req *http.Request) {
	body, err := io.ReadAll(req.Body)
	if err != nil {
		return // the hub was killed while it sent
	}
	switch fate := r.fate(); {
	case fate < 10:
		w.Header().Set("Retry-After", "0")
		http.Error(w, "too many", http.StatusTooManyRequests)
	case fate < 20:
		http.Error(w, "broken", http.StatusInternalServerError)
	case fate < 25: // cut off, nothing taken
		w.Header().Set("Content-Length", "100")
		_, _ = io.WriteString(w, `{"ta`)
		panic(http.ErrAbortHandler)
	case fate < 35: // taken, the answer lost
		r.take(body)
		panic(http.ErrAbortHandler)
	case fate < 40: // taken, slowly answered
		r.take(body)
		_ = pause(req.Context(), 500*time.Millisecond)
	default:
		r.take(body)
	}
}

// arrived counts how often each order was taken.
func (r *receiver) arrived() map[string]int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return maps.Clone(r.got)
}

func (r *receiver) fate() int {
	if r.calm.Load() {
		return 100
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.dice.IntN(100)
}

// turned returns the events that came after a later one of their order.
func (r *receiver) turned() []string {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.Clone(r.back)
}

// take notes the event of a body.
func (r *receiver) take(body []byte) {
	var e struct {
		Type  string
		Order string `json:"order_id"`
		Seq   int64
	}
	if err := json.Unmarshal(body, &e); err != nil {
		return // it will be missing
	}
	event := eventName(e.Order, strings.TrimPrefix(e.Type, "order."))
	r.mu.Lock()
	defer r.mu.Unlock()
	r.got[event]++
	if e.Seq < r.last[e.Order] {
		r.back = append(r.back, event)
	}
	r.last[e.Order] = max(r.last[e.Order], e.Seq)
}
