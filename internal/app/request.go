package app

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"runtime/debug"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/ordermux/ordermux/internal/capture"
	"github.com/ordermux/ordermux/internal/outbound"
)

// Bounds of what comes in. Doors and the API bound their bodies themselves,
// in their own dialect; this is for those that would not.
const (
	maxRequestBody   = 64 << 20
	maxRequestHeader = 64 << 10
	readHeaderTime   = 10 * time.Second
	readTime         = 60 * time.Second
	writeTime        = 2 * time.Minute
	idleTime         = 2 * time.Minute
)

// call is what the hub knows of one request beside the request itself.
type call struct {
	id          string
	traceparent string
	hops        string // hubs that the request came through, as sent
	door        string // label for metrics: a partner, "api", "files" …
	began       time.Time
	answer      statusWriter
	heard       *capture.Heard // what a capture wants to know; nil: none listens

	mu  sync.Mutex
	who caller
}

// caller is who calls, as far as it is known.
type caller struct {
	shop, of, name string // of the credential; no shop: nobody knows him
	proved         bool   // he had its secret; false: he only named it
	presented      string // the last secret that he presented
}

// calls notes who calls. What somebody proved is not undone by another name
// that he gives, but by a secret of the same that is wrong.
func (c *call) calls(who caller) {
	c.mu.Lock()
	defer c.mu.Unlock()
	was := c.who
	if who.presented == "" {
		who.presented = was.presented
	}
	same := was.shop == who.shop && was.of == who.of && was.name == who.name
	if who.shop == "" || was.proved && !who.proved && !same {
		was.presented = who.presented
		who = was
	}
	c.who = who
}

func (c *call) caller() caller {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.who
}

type callKey struct{}

// callOf returns the call that a context belongs to; nil outside of one.
func callOf(ctx context.Context) *call {
	c, _ := ctx.Value(callKey{}).(*call)
	return c
}

// requestIDs are a random word of this process and a count.
type requestIDs struct {
	word  string
	count atomic.Uint64
}

func newRequestIDs() *requestIDs {
	var b [5]byte
	_, _ = rand.Read(b[:]) // never fails
	return &requestIDs{word: hex.EncodeToString(b[:])}
}

func (r *requestIDs) next() string {
	const digits = "0123456789abcdef"
	n := r.count.Add(1)
	b := make([]byte, 0, len(r.word)+17)
	b = append(append(b, r.word...), '-')
	for shift := 60; shift >= 0; shift -= 4 {
		if d := n >> shift & 15; d != 0 || len(b) > len(r.word)+1 || shift == 0 {
			b = append(b, digits[d])
		}
	}
	return string(b)
}

// statusWriter remembers the status of an answer.
type statusWriter struct {
	http.ResponseWriter
	status  int
	refused func() // called once, where credentials are wrong, before that is answered
	denied  bool   // they are
	fault   string // the partner's word for a refusal; "": none was said
	said    []byte // the beginning of an answer that is a refusal
}

func (w *statusWriter) WriteHeader(status int) {
	if w.status == 0 {
		w.status = status
		if status == http.StatusUnauthorized {
			w.deny()
		}
	}
	w.ResponseWriter.WriteHeader(status)
}

// deny says that credentials are wrong. A door that says so and then answers 401
// keeps its caller waiting once.
func (w *statusWriter) deny() {
	if !w.denied {
		w.denied = true
		w.refused()
	}
}

func (w *statusWriter) Write(b []byte) (int, error) {
	if w.status == 0 {
		w.status = http.StatusOK
	}
	if w.status >= 400 || w.fault != "" {
		w.said = append(w.said, b[:min(len(b), mostSaid-len(w.said))]...)
	}
	return w.ResponseWriter.Write(b)
}

// Unwrap lets http.ResponseController reach the connection.
func (w *statusWriter) Unwrap() http.ResponseWriter { return w.ResponseWriter }

// serve answers every request: it names it, carries trace and hops along,
// turns panics into 500, and measures.
func (a *App) serve(w http.ResponseWriter, r *http.Request, next http.HandlerFunc) {
	c := &call{began: time.Now(), hops: r.Header.Get(outbound.HopHeader), traceparent: traceparent(r.Header.Get("Traceparent"))}
	if c.id = r.Header.Get("X-Request-Id"); !plainID(c.id) {
		c.id = a.ids.next()
	}
	w.Header()["X-Request-Id"] = []string{c.id}
	a.forwarded(r)
	ctx := context.WithValue(r.Context(), callKey{}, c)
	ctx = outbound.WithTraceparent(outbound.WithHop(ctx, c.hops), c.traceparent)
	r = r.WithContext(ctx)
	c.answer.ResponseWriter = w
	c.answer.refused = func() { a.slow(r) }
	defer a.finish(&c.answer, r, c)
	next(&c.answer, r)
}

// bound lets no more of a body through than who answers may read: as much as
// anybody may, or what it says that it takes (partner.Partner.LongBodies).
func bound(w http.ResponseWriter, r *http.Request, takes int64) {
	most := max(takes, maxRequestBody)
	if r.ContentLength < 0 || r.ContentLength > most {
		r.Body = http.MaxBytesReader(w, r.Body, most)
	}
}

// refusedDoor is partner.Deps.Refused of a door.
func refusedDoor(ctx context.Context) {
	if c := callOf(ctx); c != nil {
		c.answer.deny()
	}
}

// slow keeps a caller with wrong credentials waiting.
func (a *App) slow(r *http.Request) {
	wait := a.wrong.refused(r.RemoteAddr, time.Now())
	if wait == 0 {
		return
	}
	defer a.wrong.answered()
	timer := time.NewTimer(wait)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-r.Context().Done():
	}
}

// finish measures, and answers for a handler that panicked.
func (a *App) finish(w *statusWriter, r *http.Request, c *call) {
	if p := recover(); p != nil {
		if err, ok := p.(error); ok && errors.Is(err, http.ErrAbortHandler) {
			a.metrics.answered(c.door, 0, time.Since(c.began))
			panic(p) // cut off on purpose
		}
		a.log.ErrorContext(r.Context(), "panic while answering", "panic", fmt.Sprint(p), "stack", string(debug.Stack()))
		if w.status == 0 {
			http.Error(w, "internal error", http.StatusInternalServerError)
		}
	}
	took := time.Since(c.began)
	a.metrics.answered(c.door, w.status, took)
	a.refusals.note(r, c)
	level := slog.LevelDebug
	// A 503 is our own word that we are busy: in a rush there are many.
	if w.status >= 500 && w.status != http.StatusServiceUnavailable {
		level = slog.LevelWarn
	}
	if a.log.Enabled(r.Context(), level) {
		a.log.Log(r.Context(), level, "answered", "door", c.door, "method", r.Method, "status", w.status,
			"ms", took.Milliseconds(), "client", r.RemoteAddr)
	}
}

// plainID reports whether a caller's request id can be shown everywhere.
func plainID(id string) bool {
	if id == "" || len(id) > 128 {
		return false
	}
	return strings.IndexFunc(id, func(c rune) bool {
		return !(c >= '0' && c <= '9' || c >= 'A' && c <= 'Z' || c >= 'a' && c <= 'z' || c == '-' || c == '_' || c == '.')
	}) < 0
}

// traceparent returns a W3C Trace Context header that is well formed, or "".
func traceparent(v string) string {
	if len(v) < 55 || len(v) > 256 || v[2] != '-' || v[35] != '-' || v[52] != '-' {
		return ""
	}
	for i, c := range []byte(v) {
		if i != 2 && i != 35 && i != 52 && !(c >= '0' && c <= '9' || c >= 'a' && c <= 'f') && i < 55 {
			return ""
		}
	}
	return v
}

// forwarded puts the client's own address into RemoteAddr if the request came
// from a proxy that the configuration trusts: of X-Forwarded-For the last
// address that is no such proxy. What others say of the scheme is not heard.
func (a *App) forwarded(r *http.Request) {
	trusted := a.current.Load().proxies
	if len(trusted) == 0 || !among(trusted, r.RemoteAddr) {
		r.Header.Del("X-Forwarded-Proto")
		return
	}
	list := strings.Split(strings.Join(r.Header.Values("X-Forwarded-For"), ","), ",")
	for i := len(list) - 1; i >= 0; i-- {
		addr, err := netip.ParseAddr(strings.TrimSpace(list[i]))
		if err != nil {
			return
		}
		r.RemoteAddr = net.JoinHostPort(addr.String(), "0")
		if !among(trusted, r.RemoteAddr) {
			return
		}
	}
}

// among reports whether the host of an address is in one of the prefixes.
func among(prefixes []netip.Prefix, hostport string) bool {
	p, err := netip.ParseAddrPort(hostport)
	if err != nil {
		return false
	}
	for _, prefix := range prefixes {
		if prefix.Contains(p.Addr().Unmap()) {
			return true
		}
	}
	return false
}
