package capture

import (
	"context"
	"io"
	"net/http"
	"sync"
	"time"

	"github.com/ordermux/ordermux/internal/outbound"
)

// Heard is what becomes known of a call to a door while it is answered: whose
// it is. Safe for concurrent use; its methods do nothing on nil.
type Heard struct {
	mu                        sync.Mutex
	shop, credential, account string
	presented                 []string
}

// Grant notes that the caller logged in.
func (h *Heard) Grant(shop, credential, account string) {
	if h == nil {
		return
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	h.shop, h.credential, h.account = shop, credential, account
}

// Refuse notes that the login failed after all.
func (h *Heard) Refuse() { h.Grant("", "", "") }

// Present notes what a caller presented: it is masked wherever it stands.
func (h *Heard) Present(value string) {
	if h == nil || len(value) < 4 {
		return
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	h.presented = append(h.presented, value)
}

// Belongs notes the shop of a call that nobody logged in for, such as one that
// handed orders in at a shop's own address.
func (h *Heard) Belongs(shop string) {
	if h == nil {
		return
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.shop == "" {
		h.shop = shop
	}
}

// Door answers a request by next and records it where a capture listens to
// the door. Note hands over what is to be told whose call it is; it is called
// before next, and not where nothing listens.
func (r *Recorder) Door(name string, note func(*http.Request, *Heard), next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		if r.active.Load() == nil {
			next.ServeHTTP(w, req)
			return
		}
		open := r.listens(func(a *active) bool { return a.Capture.Door == name })
		if len(open) == 0 {
			next.ServeHTTP(w, req)
			return
		}
		h := &Heard{}
		note(req, h)
		r.serve(w, req, next, h, func(path string) []*active {
			shop := h.shop
			if shop == "" {
				shop = Hub
			}
			return matching(open, func(a *active) bool { return a.matches(shop, name, "", h.credential, h.account, path) })
		})
	})
}

// Receive does so for what a partner sends to a route.
func (r *Recorder) Receive(shop, route string, w http.ResponseWriter, req *http.Request, next http.Handler) {
	open := r.ofRoute(shop, route)
	if len(open) == 0 {
		next.ServeHTTP(w, req)
		return
	}
	r.serve(w, req, next, &Heard{}, func(path string) []*active {
		return matching(open, func(a *active) bool { return a.matches(shop, "", route, "", "", path) })
	})
}

func (r *Recorder) ofRoute(shop, route string) []*active {
	return r.listens(func(a *active) bool { return a.Shop == shop && a.Capture.Route == route })
}

// Calls returns a context whose calls to a partner are recorded, where a
// capture listens to the route; else ctx itself.
func (r *Recorder) Calls(ctx context.Context, shop, route string) context.Context {
	if r.active.Load() == nil || len(r.ofRoute(shop, route)) == 0 {
		return ctx
	}
	return outbound.WithWatch(ctx, KeepBody, func(size int, build func() outbound.Exchange) {
		// Looked at again: a long Deliver makes many calls.
		open := r.ofRoute(shop, route)
		gated := false
		for _, a := range open {
			gated = gated || a.Gate != ""
		}
		if gated {
			x := build()
			open = matching(open, func(a *active) bool { return a.matches(shop, "", route, "", "", pathOf(x.URL)) })
			build = func() outbound.Exchange { return x }
		}
		r.record(open, int64(size)+1000, func() Call { return callOf(build()) })
	})
}

func matching(list []*active, match func(*active) bool) []*active {
	var out []*active
	for _, a := range list {
		if match(a) {
			out = append(out, a)
		}
	}
	return out
}

func callOf(x outbound.Exchange) Call {
	return Call{
		Start: x.At, Nanos: int64(x.Duration), Method: x.Method, URL: x.URL, Status: x.Status, Error: x.Error,
		RequestHead: x.RequestHead, Request: x.RequestBody, RequestSize: int64(x.RequestSize),
		ResponseHead: x.ResponseHead, Response: x.ResponseBody, ResponseSize: int64(x.ResponseSize),
	}
}

// slack is what is kept of a body past its bound, so that a secret at the cut
// is seen whole.
const slack = 8 << 10

// serve answers and records.
func (r *Recorder) serve(w http.ResponseWriter, req *http.Request, next http.Handler, h *Heard, to func(path string) []*active) {
	start, began := r.opts.Now(), time.Now()
	in := &body{ReadCloser: req.Body}
	out := &answer{ResponseWriter: w}
	call := Call{Start: start, In: true, Method: req.Method, Remote: req.RemoteAddr}
	path, raw, header := req.URL.Path, req.URL.RequestURI(), req.Header.Clone()
	r2 := *req
	if req.Body != nil && req.Body != http.NoBody {
		r2.Body = in
	}
	finished := false
	defer func() {
		call.Nanos = int64(time.Since(began))
		call.Status, call.RequestSize, call.ResponseSize = out.status, in.size(), out.size
		if !finished {
			call.Status, call.Error = 0, "the answer broke off"
		} else if call.Status == 0 {
			call.Status = http.StatusOK
		}
		request, answered := in.kept(), out.Header().Clone()
		h.mu.Lock()
		defer h.mu.Unlock()
		call.Credential = h.credential
		presented := h.presented
		r.record(to(path), int64(len(request)+len(out.kept))+2000, func() Call {
			m := outbound.NewMasker(presented...)
			call.URL, call.RequestHead, call.ResponseHead = m.URL(raw), m.Head(header), m.Head(answered)
			call.Request, call.Response = m.Body(request, KeepBody), m.Body(out.kept, KeepBody)
			return call
		})
	}()
	next.ServeHTTP(out, &r2)
	finished = true
}

// body keeps the beginning of what is read through it. A handler may leave a
// reader behind, so it is guarded.
type body struct {
	io.ReadCloser
	mu  sync.Mutex
	b   []byte
	all int64
}

func (b *body) Read(p []byte) (int, error) {
	n, err := b.ReadCloser.Read(p)
	b.mu.Lock()
	defer b.mu.Unlock()
	b.b, b.all = appendSome(b.b, p[:n]), b.all+int64(n)
	return n, err
}

func (b *body) kept() []byte {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b[:len(b.b):len(b.b)]
}

func (b *body) size() int64 {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.all
}

func appendSome(to, p []byte) []byte {
	return append(to, p[:min(len(p), max(KeepBody+slack-len(to), 0))]...)
}

// answer keeps the beginning of what is written through it.
type answer struct {
	http.ResponseWriter
	status int
	kept   []byte
	size   int64
}

// WriteHeader implements http.ResponseWriter. Interim answers are none.
func (a *answer) WriteHeader(status int) {
	if a.status == 0 && status >= 200 {
		a.status = status
	}
	a.ResponseWriter.WriteHeader(status)
}

// Write implements http.ResponseWriter.
func (a *answer) Write(p []byte) (int, error) {
	if a.status == 0 {
		a.status = http.StatusOK
	}
	n, err := a.ResponseWriter.Write(p)
	a.kept, a.size = appendSome(a.kept, p[:n]), a.size+int64(n)
	return n, err
}

// Unwrap lets http.ResponseController reach the connection.
func (a *answer) Unwrap() http.ResponseWriter { return a.ResponseWriter }
