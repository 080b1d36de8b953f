package outbound

import (
	"bytes"
	"context"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"
)

// Note says what a call was where method and address do not: gate and method
// of the partner's API, and the code of a fault in the answer's body.
type Note struct {
	Gate   string
	Method string
	Fault  string // "": none
}

// Watcher is told of every call that the calls of a context make. It must not
// block. Size is about how many bytes the call's bodies take; build makes the
// evidence, bounded and masked, and may be called later by whoever has the
// time.
type Watcher func(size int, n Note, build func() Exchange)

// watch holds the call that ended last back until what it was is noted, or can
// not be any more.
type watch struct {
	keep int
	tell Watcher

	mu   sync.Mutex
	last func(Note) // tells of it; nil: there is none
}

type watchKey struct{}

// WithWatch returns a context whose calls are told to w, with up to keep bytes
// of each body: of each call when it is noted, when the next one ends, or when
// the function is called that is returned, which the caller owes.
func WithWatch(ctx context.Context, keep int, w Watcher) (context.Context, func()) {
	watch := &watch{keep: keep, tell: w}
	return context.WithValue(ctx, watchKey{}, watch), func() { watch.release(Note{}) }
}

// Annotate notes what the call was that ended last of those of ctx, for whoever
// watches them. Of calls that go on at a time none should be noted.
func Annotate(ctx context.Context, n Note) {
	if w := watchOf(ctx); w != nil {
		w.release(n)
	}
}

func watchOf(ctx context.Context) *watch {
	w, _ := ctx.Value(watchKey{}).(*watch)
	return w
}

// ended takes a call up, and tells of the one before.
func (w *watch) ended(size int, build func() Exchange) {
	w.replace(func(n Note) { w.tell(size, n, build) }, Note{})
}

func (w *watch) release(n Note) { w.replace(nil, n) }

func (w *watch) replace(next func(Note), n Note) {
	w.mu.Lock()
	last := w.last
	w.last = next
	w.mu.Unlock()
	if last != nil {
		last(n)
	}
}

// watched takes up a call of a client. It has its own copies, so that calls
// nobody watches need no memory for it.
func (c *Client) watched(w *watch, r Request, reply Reply, err error, begun time.Time) {
	took := c.opts.Now().Sub(begun)
	w.ended(len(r.Body)+len(reply.Body), func() Exchange {
		x := c.exchange(&r, &reply, err, begun, w.keep)
		x.Duration = took
		return x
	})
}

// Masker hides secrets in what others than a Client exchanged: values by the
// names they stand under, and given values wherever they stand.
type Masker struct{ m masker }

// NewMasker makes a masker that also hides these values.
func NewMasker(secrets ...string) Masker {
	var m masker
	for _, v := range secrets {
		if v == "" {
			continue
		}
		forms := formsOf(v)
		m.longest = max(m.longest, len(forms[0]))
		m.forms = append(m.forms, forms...)
	}
	slices.SortStableFunc(m.forms, func(a, b []byte) int { return len(b) - len(a) })
	return Masker{m}
}

// URL masks user, password and secret parameters of an address.
func (k Masker) URL(raw string) string { return k.m.url(raw) }

// Head returns header lines in alphabetical sequence, masked by their names
// only; Text does the rest.
func Head(h http.Header) string {
	var b strings.Builder
	b.Grow(512)
	masker{}.head(&b, h)
	return b.String()
}

// Text masks a text.
func (k Masker) Text(s string) string { return k.m.text(s) }

// Body returns at most the first keep bytes of a body, masked; body itself
// where there is nothing to mask.
func (k Masker) Body(body []byte, keep int) []byte { return k.m.body(body, keep) }

// Values returns at most the first keep bytes of a body whose members and
// fields somebody else looks at: only the given values are masked.
func (k Masker) Values(body []byte, keep int) []byte {
	window := body[:min(len(body), keep+k.m.longest)]
	limit := min(keep, len(window))
	masked, changed := k.m.bytes(window, limit)
	if !changed {
		return window[:limit:limit]
	}
	return bytes.Clone(masked)
}

// SecretName reports whether a parameter, field, member or header of that name
// holds a secret.
func SecretName(name string) bool { return secretName(name) }
