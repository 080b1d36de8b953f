package deliveryhero

import (
	"cmp"
	"context"
	"errors"
	"log/slog"
	"maps"
	"net/http"
	"path"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/ordermux/ordermux/internal/json"
	"github.com/ordermux/ordermux/internal/partner"
)

// door plays Delivery Hero for all chains: the token of a call says whose it is.
type door struct {
	deps   partner.Deps
	log    *slog.Logger
	mux    *http.ServeMux
	chains chains
	limit  *limiter // of addresses
	logins *limiter // of clients that ask for tokens

	counted counts // of the catalogue's lists
}

var _ http.Handler = (*door)(nil)

// asked is a call of somebody who may make it.
type asked struct {
	*http.Request
	w      http.ResponseWriter
	grant  partner.Grant // of the token or the client
	chain  *chain
	vendor *vendor // that the path names; nil: it names none
}

// answer is what a call is answered with; Body is written as JSON, nil: nothing.
// A Status of 0 says that the handler has answered by itself, on asked.w.
type answer struct {
	Status int
	Body   any
}

// handler answers a call. Its error may be a *wrong, which is the answer, an
// *order.Invalid (400), order.ErrBusy and order.ErrReadOnly (503); any other is
// a trouble of ours (500).
type handler func(*asked) (answer, error)

func newDoor(deps partner.Deps) (partner.Side, error) {
	d := &door{deps: deps, log: deps.Log, mux: http.NewServeMux(), chains: chains{deps: deps}}
	d.log = cmp.Or(d.log, slog.New(slog.DiscardHandler))
	if d.deps.Now == nil {
		d.deps.Now = time.Now
	}
	most, _ := strconv.Atoi(deps.Settings[fieldLimit].Text) // absent: no limit
	d.limit = newLimiter(d.deps, "calls", most)
	d.logins = newLimiter(d.deps, "logins", mostLogins)
	d.mux.HandleFunc("POST /v2/oauth/token", d.serveToken)
	for pattern, call := range d.openCalls() {
		d.mux.HandleFunc(pattern, call)
	}
	for _, calls := range []map[string]handler{d.orderCalls(), d.promotionCalls(), d.catalogCalls(), d.statusCalls()} {
		for _, pattern := range slices.Sorted(maps.Keys(calls)) {
			d.mux.Handle(pattern, d.answers(calls[pattern]))
		}
	}
	return partner.Side{Handler: d, TestOrder: d.testOrder, Jobs: d.listJobs, Job: d.findJob}, nil
}

func (d *door) now() time.Time { return d.deps.Now() }

// ServeHTTP finds the call. Nothing is redirected, and a path that is none is
// answered with an empty body, as the platform was seen to do (2026).
func (d *door) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	after, err := d.limit.take(r.Context(), addressOf(r))
	if err == nil && after > 0 {
		err = tooMany(after)
	}
	if err != nil {
		d.fail(w, r, err)
		return
	}
	r = tidied(r)
	if d.patternOf(r) == "" {
		if status := withVendors(r); d.patternOf(status) != "" {
			r = status
		}
	}
	if d.patternOf(r) != "" {
		d.mux.ServeHTTP(w, r)
		return
	}
	if allow := d.methodsOf(r); allow != "" {
		w.Header().Set("Allow", allow)
		w.WriteHeader(http.StatusMethodNotAllowed)
		return
	}
	w.WriteHeader(http.StatusNotFound)
}

func (d *door) patternOf(r *http.Request) string {
	_, pattern := d.mux.Handler(r)
	return pattern
}

// methodsOf says which other methods the path of a call takes; "": none.
func (d *door) methodsOf(r *http.Request) string {
	var out []string
	for _, method := range []string{http.MethodGet, http.MethodPost, http.MethodPut} {
		other := *r
		other.Method = method
		if d.patternOf(&other) != "" {
			out = append(out, method)
		}
	}
	return strings.Join(out, ", ")
}

// tidied is the call with the path's needless slashes taken away: clients put
// the base address and a path together, often with a slash each.
func tidied(r *http.Request) *http.Request {
	tidy := func(p string) string {
		for strings.Contains(p, "//") {
			p = strings.ReplaceAll(p, "//", "/")
		}
		if len(p) > 1 {
			p = strings.TrimSuffix(p, "/")
		}
		return p
	}
	if clean := tidy(r.URL.EscapedPath()); clean == r.URL.EscapedPath() && path.Clean(r.URL.Path) == r.URL.Path {
		return r
	}
	u := *r.URL
	u.Path = tidy(u.Path)
	if u.RawPath != "" {
		u.RawPath = tidy(u.RawPath)
	}
	if path.Clean(u.Path) != u.Path { // dots: no call has them, and the mux would redirect
		u.Path, u.RawPath = "/-", ""
	}
	out := *r
	out.URL = &u
	return &out
}

// withVendors is the call with the segment that the vendor's page on the status
// of outlets leaves out (seen 2026; clients send it).
func withVendors(r *http.Request) *http.Request {
	parts := strings.Split(r.URL.EscapedPath(), "/") // "", v2, chains, CHAIN, VENDOR, status
	if len(parts) != 6 || parts[5] != "status" || parts[2] != "chains" {
		return r
	}
	u := *r.URL
	u.RawPath = strings.Join(slices.Insert(parts, 4, "vendors"), "/")
	plain := strings.Split(u.Path, "/")
	if len(plain) != 6 { // an escaped slash: no outlet's id has one
		return r
	}
	u.Path = strings.Join(slices.Insert(plain, 4, "vendors"), "/")
	out := *r
	out.URL = &u
	return &out
}

// answers lets those in who may call, and writes what the handler returns.
func (d *door) answers(h handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		a, err := d.enter(w, r)
		if err != nil {
			d.fail(w, r, err)
			return
		}
		got, err := h(a)
		switch {
		case err != nil:
			d.fail(w, r, err)
		case got.Status != 0:
			writeAnswer(w, got)
		}
	})
}

// fail answers with an error, and logs what is a trouble of ours.
func (d *door) fail(w http.ResponseWriter, r *http.Request, err error) {
	p := trouble(err)
	if p.Status == http.StatusInternalServerError && !errors.Is(r.Context().Err(), context.Canceled) {
		d.log.ErrorContext(r.Context(), "delivery hero door", "method", r.Method, "error", err)
	}
	d.deps.Note(r.Context(), "", "", p.Code)
	p.write(w)
}

// writeAnswer writes an answer; what we make ourselves can always be encoded.
func writeAnswer(w http.ResponseWriter, a answer) {
	if a.Body == nil {
		w.WriteHeader(a.Status)
		return
	}
	body, err := json.Marshal(a.Body)
	if err != nil {
		a.Status, body = http.StatusInternalServerError, []byte(`{"code":"INTERNAL_ERROR","message":"An internal error occurred"}`)
	}
	h := w.Header()
	h.Set("Content-Type", "application/json")
	h.Set("Content-Length", strconv.Itoa(len(body)))
	w.WriteHeader(a.Status)
	_, _ = w.Write(body) // a client that left is not our trouble
}
