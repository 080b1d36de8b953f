package outbound

import (
	"context"
	"crypto/tls"
	"errors"
	"net"
	"sync/atomic"
)

// conn is a TCP connection that counts what it writes.
type conn struct {
	net.Conn
	// written is raised before the write begins and lowered if nothing of it
	// was taken: whoever reads it after Close never reads too little.
	written atomic.Int64
}

func (c *conn) Write(p []byte) (int, error) {
	c.written.Add(int64(len(p)))
	n, err := c.Conn.Write(p)
	if n == 0 && err != nil {
		c.written.Add(-int64(len(p)))
	}
	return n, err
}

// connOf finds our connection under the one that net/http uses.
func connOf(c net.Conn) *conn {
	if t, ok := c.(*tls.Conn); ok {
		c = t.NetConn()
	}
	return c.(*conn)
}

// dialer connects and says at which stage it failed.
type dialer struct {
	net *net.Dialer
	tls *tls.Config
}

// stageError is a failure before a request had a connection.
type stageError struct {
	op  string
	err error
}

func (e *stageError) Error() string { return e.err.Error() }
func (e *stageError) Unwrap() error { return e.err }

func (d *dialer) plain(ctx context.Context, network, addr string) (net.Conn, error) {
	c, err := d.net.DialContext(ctx, network, addr)
	if denied := (*deniedError)(nil); errors.As(err, &denied) {
		return nil, &stageError{OpGuard, denied}
	}
	if err != nil {
		return nil, &stageError{OpDial, err}
	}
	return &conn{Conn: c}, nil
}

func (d *dialer) secure(ctx context.Context, network, addr string) (net.Conn, error) {
	c, err := d.plain(ctx, network, addr)
	if err != nil {
		return nil, err
	}
	host, _, err := net.SplitHostPort(addr)
	if err != nil {
		c.Close()
		return nil, &stageError{OpDial, err}
	}
	cfg := d.tls.Clone()
	cfg.ServerName = host
	ctx, cancel := context.WithTimeoutCause(ctx, d.net.Timeout, limitError{d.net.Timeout})
	defer cancel()
	secure := tls.Client(c, cfg)
	if err := secure.HandshakeContext(ctx); err != nil {
		c.Close()
		if ctx.Err() != nil {
			err = context.Cause(ctx)
		}
		return nil, &stageError{OpTLS, err}
	}
	return secure, nil
}
