//go:build linux

package torture

import (
	"errors"
	"io"
	"maps"
	"math/rand/v2"
	"net"
	"net/http"
	"regexp"
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
	got  map[string]int
}

func newReceiver(seed uint64) (*receiver, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	r := &receiver{addr: l.Addr().String(), dice: rand.New(rand.NewPCG(seed, 2)), got: map[string]int{}}
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

// ours finds the ids of the clients' orders, whatever the body looks like.
var ours = regexp.MustCompile(`"t[0-9]-[0-9]{6}"`)

// take counts each order of a body once.
func (r *receiver) take(body []byte) {
	ids := map[string]bool{}
	for _, id := range ours.FindAll(body, -1) {
		ids[string(id[1:len(id)-1])] = true
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	for id := range ids {
		r.got[id]++
	}
}
