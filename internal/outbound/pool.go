package outbound

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"net"
	"slices"
	"sync"
	"time"
)

// destination is where connections lead to. Untrusted requests have their own:
// so they never find a connection that a trusted one opened to a private
// address.
type destination struct {
	addr      string // host and port
	host      string // for TLS; empty: plain
	untrusted bool
}

// pool opens connections and keeps those that carry no call. A hub may have
// very many that never open one: what takes room is made when it is needed.
type pool struct {
	guard guard
	roots *x509.CertPool // nil: the system's
	limit time.Duration  // of connecting and of the handshake, each
	idle  time.Duration
	most  int // kept per destination

	mu    sync.Mutex
	tls   *tls.Config             // made with the first secure connection
	kept  map[destination][]*conn // the one used last is the last
	sweep *time.Timer             // nil: nothing is kept
}

// stageError is a failure before the request had a connection.
type stageError struct {
	op  string
	err error
}

func (e *stageError) Error() string { return e.err.Error() }
func (e *stageError) Unwrap() error { return e.err }

// get returns a kept connection that can still be used, or nil.
func (p *pool) get(at destination) *conn {
	for {
		c := p.take(at)
		if c == nil || alive(c.tcp) {
			return c
		}
		c.Close()
	}
}

func (p *pool) take(at destination) *conn {
	p.mu.Lock()
	defer p.mu.Unlock()
	list := p.kept[at]
	if len(list) == 0 {
		return nil
	}
	c := list[len(list)-1]
	list[len(list)-1] = nil
	p.kept[at] = list[:len(list)-1]
	return c
}

// put keeps a connection whose call is over.
func (p *pool) put(c *conn) {
	c.reused, c.kept = true, time.Now()
	p.mu.Lock()
	defer p.mu.Unlock()
	if len(p.kept[c.at]) >= p.most {
		c.Close()
		return
	}
	if p.kept == nil {
		p.kept = map[destination][]*conn{}
	}
	p.kept[c.at] = append(p.kept[c.at], c)
	if p.sweep == nil {
		p.sweep = time.AfterFunc(p.idle, p.clean)
	}
}

// clean closes what was not used for long, and comes back while there is more.
func (p *pool) clean() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.drop(time.Now().Add(-p.idle)) {
		p.sweep.Reset(p.idle)
	} else {
		p.sweep = nil
	}
}

// drop closes what was kept before a time, and reports whether any is left.
func (p *pool) drop(before time.Time) bool {
	for at, list := range p.kept {
		n := 0
		for n < len(list) && !list[n].kept.After(before) {
			list[n].Close()
			n++
		}
		switch n {
		case len(list):
			delete(p.kept, at)
		case 0:
		default:
			p.kept[at] = slices.Clone(list[n:])
		}
	}
	return len(p.kept) > 0
}

func (p *pool) closeIdle() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.drop(time.Now().Add(time.Hour))
}

// secure returns a configuration for a TLS connection; all share the sessions.
func (p *pool) secure() *tls.Config {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.tls == nil {
		p.tls = &tls.Config{RootCAs: p.roots, MinVersion: tls.VersionTLS12, ClientSessionCache: tls.NewLRUClientSessionCache(0)}
	}
	return p.tls.Clone()
}

// dial opens a connection; its error is a *stageError.
func (p *pool) dial(ctx context.Context, at destination) (*conn, error) {
	d := net.Dialer{Timeout: p.limit}
	if at.untrusted {
		d.Control = p.guard.control
	}
	tcp, err := d.DialContext(ctx, "tcp", at.addr)
	if denied := (*deniedError)(nil); errors.As(err, &denied) {
		return nil, &stageError{OpGuard, denied}
	}
	if unknown := (*net.DNSError)(nil); errors.As(err, &unknown) && !unknown.IsTimeout {
		return nil, &stageError{OpName, err}
	}
	if err != nil {
		return nil, &stageError{OpDial, err}
	}
	if at.host == "" {
		return newConn(tcp, tcp, at), nil
	}
	cfg := p.secure()
	cfg.ServerName = at.host
	ctx, cancel := context.WithTimeoutCause(ctx, p.limit, limitError{p.limit})
	defer cancel()
	secure := tls.Client(tcp, cfg)
	if err := secure.HandshakeContext(ctx); err != nil {
		tcp.Close()
		if ctx.Err() != nil {
			err = context.Cause(ctx)
		}
		return nil, &stageError{OpTLS, err}
	}
	return newConn(secure, tcp, at), nil
}
