package outbound

import (
	"context"
	"net/http"
	"slices"
	"time"
)

// Watcher is told of every call that the calls of a context make, once it
// ended. It must not block. Size is about how many bytes the call's bodies
// take; build makes the evidence, bounded and masked, and may be called later
// by whoever has the time.
type Watcher func(size int, build func() Exchange)

type watch struct {
	keep int
	tell Watcher
}

type watchKey struct{}

// WithWatch returns a context whose calls are told to w, with up to keep bytes
// of each body.
func WithWatch(ctx context.Context, keep int, w Watcher) context.Context {
	return context.WithValue(ctx, watchKey{}, &watch{keep, w})
}

func watchOf(ctx context.Context) *watch {
	w, _ := ctx.Value(watchKey{}).(*watch)
	return w
}

// watched tells of a call. It has its own copies, so that calls nobody watches
// need no memory for it.
func (c *Client) watched(w *watch, r Request, reply Reply, err error, begun time.Time) {
	took := c.opts.Now().Sub(begun)
	w.tell(len(r.Body)+len(reply.Body), func() Exchange {
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

// Head returns header lines in alphabetical sequence.
func (k Masker) Head(h http.Header) string { return k.m.headText(h) }

// Body returns at most the first keep bytes of a body, masked; body itself
// where there is nothing to mask.
func (k Masker) Body(body []byte, keep int) []byte { return k.m.body(body, keep) }

// SecretName reports whether a parameter, field, member or header of that name
// holds a secret.
func SecretName(name string) bool { return secretName(name) }
