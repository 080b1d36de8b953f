package outbound

import (
	"context"
	"crypto/x509"
	"net/http"
	"net/netip"
	"slices"
	"sync"
	"sync/atomic"
	"time"
)

// Options of a Client. The zero value is ready to use.
type Options struct {
	Timeout        time.Duration // of one call, answer read; default 30 s
	DialTimeout    time.Duration // of connecting and of the TLS handshake, each; default 10 s
	IdleTimeout    time.Duration // of an unused connection; default 4 s
	KeepBody       int           // bytes of each body kept as evidence; default 16 KiB, negative: none
	MaxBody        int64         // longest answer, decompressed; default 10 MB
	MaxIdlePerHost int           // unused connections kept per partner; default 128
	// Allow are prefixes that an untrusted request may reach although they
	// are private.
	Allow []netip.Prefix
	// Untrusted counts every request as one whose address was taken from
	// elsewhere; see Request.
	Untrusted bool
	UserAgent string         // default "ordermux"
	Hop       string         // this hub's name in the HopHeader; empty: the header is not sent
	Roots     *x509.CertPool // certificate authorities; nil: the system's
	Now       func() time.Time
}

// The defaults of Options.
const (
	DefaultTimeout     = 30 * time.Second
	DefaultDialTimeout = 10 * time.Second
	// DefaultIdleTimeout is below the 5 s after which a Node server, the
	// shortest of the usual ones, closes an unused connection: reusing one in
	// that moment would make an unknown outcome out of nothing.
	DefaultIdleTimeout = 4 * time.Second
	DefaultKeepBody    = 16 << 10
	DefaultMaxBody     = 10_000_000
	DefaultIdlePerHost = 128

	maxHeader = 256 << 10 // bytes of an answer's header
)

// Client makes calls to partners. Safe for concurrent use. Every client has
// connections of its own, so routes share nothing.
type Client struct {
	opts   Options
	pool   pool
	masks  sync.Map // secret value -> [][]byte, the forms it may appear in
	nmasks atomic.Int64
	last   atomic.Pointer[target]
}

// New makes a client.
func New(opts Options) *Client {
	setDefault(&opts.Timeout, DefaultTimeout)
	setDefault(&opts.DialTimeout, DefaultDialTimeout)
	setDefault(&opts.IdleTimeout, DefaultIdleTimeout)
	setDefault(&opts.KeepBody, DefaultKeepBody)
	setDefault(&opts.MaxBody, DefaultMaxBody)
	setDefault(&opts.MaxIdlePerHost, DefaultIdlePerHost)
	setDefault(&opts.UserAgent, "ordermux")
	if opts.Now == nil {
		opts.Now = time.Now
	}
	return &Client{opts: opts, pool: pool{
		guard: guard{allow: opts.Allow}, roots: opts.Roots,
		limit: opts.DialTimeout, idle: opts.IdleTimeout, most: opts.MaxIdlePerHost,
	}}
}

func setDefault[T comparable](v *T, to T) {
	var zero T
	if *v == zero {
		*v = to
	}
}

// CloseIdle closes the connections that carry no call.
func (c *Client) CloseIdle() { c.pool.closeIdle() }

// Do makes one call and reads its answer whole. Every status is a reply, a
// redirect too. The error is always an *Error. The exchange is recorded in the
// Trace of ctx, if there is one.
//
// A request is sent again by itself only if the kept connection it was given
// turned out dead before one byte was written. A GET or HEAD, which must have
// no effect, is also repeated if a kept connection broke before an answer began.
func (c *Client) Do(ctx context.Context, r Request) (Reply, error) {
	begun := c.opts.Now()
	if r.Method == "" {
		r.Method = http.MethodGet
		if r.Body != nil {
			r.Method = http.MethodPost
		}
	}
	reply, err := c.do(ctx, &r)
	if r.Brings != nil && len(reply.Body) > 0 {
		r.Mask = append(slices.Clip(r.Mask), r.Brings(reply.Body)...)
	}
	if t := traceOf(ctx); t != nil {
		t.add(c.exchange(&r, &reply, err, begun, c.opts.KeepBody))
	}
	if w := watchOf(ctx); w != nil {
		c.watched(w, r, reply, err, begun)
	}
	if err != nil {
		return Reply{}, err
	}
	return reply, nil
}

// redials is how often a request finds a dead connection before it gives up.
const redials = 3

func (c *Client) do(ctx context.Context, r *Request) (Reply, error) {
	t, err := c.target(r.URL)
	if err != nil {
		return Reply{}, &Error{Op: OpRequest, Err: err}
	}
	deadline := time.Now().Add(c.opts.Timeout)
	for n := 1; ; n++ {
		call := call{client: c, request: r, ctx: ctx, deadline: deadline}
		reply, err := call.run(t)
		if err == nil {
			return reply, nil
		}
		if n == redials || !call.again(err) {
			return reply, err
		}
	}
}

// hop is the value of the HopHeader.
func (c *Client) hop(ctx context.Context) string {
	before, _ := ctx.Value(hopKey{}).(string)
	if before == "" || c.opts.Hop == "" {
		return before + c.opts.Hop
	}
	return before + ", " + c.opts.Hop
}
