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

// Exchange is the evidence of one call: bounded and masked.
type Exchange struct {
	At           time.Time
	Duration     time.Duration
	Method       string
	URL          string // masked
	RequestHead  string // header lines, masked
	RequestBody  []byte // the first bytes (Options.KeepBody), masked; shared, never to be changed
	RequestSize  int
	Status       int // 0: no answer
	ResponseHead string
	ResponseBody []byte // as RequestBody
	ResponseSize int    // bytes read, after decompression
	Error        string // without URL and secrets
}

// Trace collects the exchanges of one Deliver, Look or Poll. Calls may record
// concurrently; read Exchanges when they are done, or use List.
type Trace struct {
	Exchanges []Exchange
	// Dropped counts exchanges past the first 256, which are not kept.
	Dropped int

	mu sync.Mutex
}

const maxExchanges = 256

type traceKey struct{}

// WithTrace returns a context whose calls are recorded in the returned Trace.
func WithTrace(ctx context.Context) (context.Context, *Trace) {
	t := &Trace{}
	return context.WithValue(ctx, traceKey{}, t), t
}

// List returns the exchanges recorded so far, in the sequence they ended.
func (t *Trace) List() []Exchange {
	t.mu.Lock()
	defer t.mu.Unlock()
	return slices.Clone(t.Exchanges)
}

func traceOf(ctx context.Context) *Trace {
	t, _ := ctx.Value(traceKey{}).(*Trace)
	return t
}

func (t *Trace) add(x Exchange) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if len(t.Exchanges) >= maxExchanges {
		t.Dropped++
		return
	}
	t.Exchanges = append(t.Exchanges, x)
}

// exchange builds the evidence of a call that ended with reply or err.
func (c *Client) exchange(r *Request, reply *Reply, err error, begun time.Time, keep int) Exchange {
	m := c.masker(r)
	keep = max(keep, 0)
	var heads strings.Builder
	heads.Grow(512)
	m.head(&heads, r.Header)
	cut := heads.Len()
	m.head(&heads, reply.Header)
	x := Exchange{
		At: begun, Duration: c.opts.Now().Sub(begun), Method: r.Method, URL: m.url(r.URL),
		RequestHead: heads.String()[:cut], RequestBody: m.body(r.Body, keep), RequestSize: len(r.Body),
		Status: reply.Status, ResponseHead: heads.String()[cut:],
		ResponseBody: m.body(reply.Body, keep), ResponseSize: len(reply.Body),
	}
	if err != nil {
		x.Error = err.Error()
	}
	return x
}

// head writes header lines in alphabetical sequence.
func (m masker) head(b *strings.Builder, h http.Header) {
	var room [24]string
	names := room[:0]
	for name := range h {
		names = append(names, name)
	}
	slices.Sort(names)
	for _, name := range names {
		for _, v := range h[name] {
			if b.Len() > maxHead {
				return
			}
			b.WriteString(name)
			b.WriteString(": ")
			b.WriteString(m.headerValue(name, v))
			b.WriteByte('\n')
		}
	}
}

const maxHead = 16 << 10 // bytes of both header blocks, about

// body returns the first keep bytes, masked: body itself where there is
// nothing to mask.
func (m masker) body(body []byte, keep int) []byte {
	if len(body) == 0 || keep == 0 {
		return nil
	}
	window := body[:min(len(body), keep+m.longest+maxNamed)]
	whole := len(window) == len(body)
	window = maskNamed(window)
	limit := min(keep, len(window))
	if !whole {
		// A secret that begins before the cut must be seen whole.
		limit = min(limit, max(len(window)-m.longest-maxNamed, 0))
	}
	masked, changed := m.bytes(window, limit)
	if !changed {
		return window[:limit:limit]
	}
	return bytes.Clone(masked)
}
