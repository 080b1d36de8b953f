package capture

import (
	"context"
	"io"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/ordermux/ordermux/internal/outbound"
)

// Heard is what becomes known of a call to a door while it is answered: whose
// it is, and what. Safe for concurrent use; its methods do nothing on nil.
type Heard struct {
	mu        sync.Mutex
	belongs   string // a shop, where nobody logged in
	logins    []Login
	note      outbound.Note
	presented []string
}

// Login is a credential that a call came with.
type Login struct {
	Shop    string
	Of      string // the kind of credential
	Name    string
	Account string // whose it is; "": nobody's
}

// whose returns the shop that the call belongs to, "": none, and who called. A
// call may come with several credentials of a shop: that of an account says who
// it is.
func (h *Heard) whose() (shop, login string) {
	if len(h.logins) == 0 {
		return h.belongs, ""
	}
	last := h.logins[len(h.logins)-1]
	shop, login = last.Shop, last.Name
	for _, l := range h.logins {
		if l.Shop == shop && l.Account != "" {
			login = l.Account
		}
	}
	return shop, login
}

// is reports whether the call came with the credential, or the account, of a
// name at the shop.
func (h *Heard) is(shop, name string) bool {
	return slices.ContainsFunc(h.logins, func(l Login) bool { return l.Shop == shop && (l.Name == name || l.Account == name) })
}

// Note notes what the call is; the last word counts.
func (h *Heard) Note(n outbound.Note) {
	if h == nil {
		return
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	h.note = n
}

// Grant notes that the caller logged in.
func (h *Heard) Grant(l Login) {
	if h == nil {
		return
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	if !slices.Contains(h.logins, l) {
		h.logins = append(h.logins, l)
	}
}

// Refuse notes that a login failed after all.
func (h *Heard) Refuse(l Login) {
	if h == nil {
		return
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	h.logins = slices.DeleteFunc(h.logins, func(known Login) bool { return known == l })
}

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
	h.belongs = shop
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
			shop, _ := h.whose()
			if shop == "" {
				shop = Hub
			}
			return matching(open, func(a *active) bool {
				return a.Shop == shop && (a.Account == "" || h.is(shop, a.Account)) && a.at(path, h.note)
			})
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
		return matching(open, func(a *active) bool { return a.at(path, outbound.Note{}) })
	})
}

func (r *Recorder) ofRoute(shop, route string) []*active {
	return r.listens(func(a *active) bool { return a.Shop == shop && a.Capture.Route == route })
}

// Calls returns a context whose calls to a partner are recorded, where a
// capture listens to the route; else ctx itself. The caller owes a call of the
// function when they are over.
func (r *Recorder) Calls(ctx context.Context, shop, route string) (context.Context, func()) {
	if r.active.Load() == nil || len(r.ofRoute(shop, route)) == 0 {
		return ctx, func() {}
	}
	return outbound.WithWatch(ctx, KeepBody, func(size int, n outbound.Note, build func() outbound.Exchange) {
		// Looked at again: a long Deliver makes many calls.
		open := r.ofRoute(shop, route)
		if slices.ContainsFunc(open, func(a *active) bool { return a.Gate != "" }) {
			x := build()
			open = matching(open, func(a *active) bool { return a.at(pathOf(x.URL), n) })
			build = func() outbound.Exchange { return x }
		}
		r.record(open, int64(size)+1000, func() Call { return callOf(build()).noted(n) })
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
	if n := req.ContentLength; n > 0 {
		in.b = make([]byte, 0, min(n, KeepBody+slack))
	}
	out := &answer{ResponseWriter: w}
	call := Call{Start: start, In: true, Method: req.Method, Remote: req.RemoteAddr}
	path, raw, head := req.URL.Path, req.URL.RequestURI(), outbound.Head(req.Header)
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
		request, answered := in.kept(), outbound.Head(out.Header())
		h.mu.Lock()
		defer h.mu.Unlock()
		_, call.Credential = h.whose()
		call = call.noted(h.note)
		presented := h.presented
		r.record(to(path), int64(len(request)+len(out.kept))+2000, func() Call {
			m := r.masks.of(presented)
			call.URL, call.RequestHead, call.ResponseHead = m.URL(raw), m.Text(head), m.Text(answered)
			call.Request = masked(m, request, headerOf(head, "Content-Type"))
			call.Response = masked(m, out.kept, headerOf(answered, "Content-Type"))
			return call
		})
	}()
	next.ServeHTTP(out, &r2)
	finished = true
}

// masked is a body without what callers presented; without secrets by name too
// where no scrubber will look at the names.
func masked(m outbound.Masker, body []byte, contentType string) []byte {
	if kindOf(body, contentType) == otherKind {
		return m.Body(body, KeepBody)
	}
	return m.Values(body, KeepBody)
}

// masks remembers the maskers of what callers present over and over. For one
// goroutine.
type masks struct{ known map[string]outbound.Masker }

// mostMasks bounds them.
const mostMasks = 500

func (k *masks) of(presented []string) outbound.Masker {
	key := strings.Join(presented, "\x00")
	if m, ok := k.known[key]; ok {
		return m
	}
	m := outbound.NewMasker(presented...)
	if k.known == nil || len(k.known) >= mostMasks {
		k.known = map[string]outbound.Masker{}
	}
	k.known[key] = m
	return m
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
