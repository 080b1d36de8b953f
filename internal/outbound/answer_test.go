package outbound

import (
	"bytes"
	"context"
	"net"
	"testing"
	"time"
)

// said is a connection on which the other side says these bytes and leaves.
type said struct {
	net.Conn
	bytes *bytes.Reader
}

func (s said) Read(p []byte) (int, error)       { return s.bytes.Read(p) }
func (s said) Write(p []byte) (int, error)      { return len(p), nil }
func (s said) SetDeadline(time.Time) error      { return nil }
func (s said) SetWriteDeadline(time.Time) error { return nil }
func (s said) Close() error                     { return nil }

// Whatever a partner says is a bounded reply or an error that admits that the
// request has left.
func FuzzAnswer(f *testing.F) {
	f.Add([]byte("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"), "POST")
	f.Add([]byte("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n"), "GET")
	f.Add([]byte("HTTP/1.0 301 Moved\r\nLocation: /\r\nContent-Encoding: gzip\r\n\r\n\x1f\x8b\x08"), "POST")
	f.Add([]byte("HTTP/1.1 200 OK\r\nContent-Length: 99999999999\r\nRetry-After: 1e9\r\n\r\n"), "HEAD")
	client := New(Options{MaxBody: 1000})
	f.Fuzz(func(t *testing.T, answer []byte, method string) {
		if !isToken(method) {
			return
		}
		c := said{bytes: bytes.NewReader(answer)}
		a := call{client: client, request: &Request{Method: method, Body: []byte("{}")}, ctx: context.Background(), deadline: time.Now().Add(time.Hour)}
		a.conn = newConn(c, c, destination{})
		reply, reusable, err := a.exchange([]byte("POST / HTTP/1.1\r\n\r\n"), new([]byte))
		switch {
		case err != nil && (!a.fail(err).Left || reusable):
			t.Errorf("left %v, reusable %v: %v", a.fail(err).Left, reusable, err)
		case len(reply.Body) > 1000:
			t.Errorf("%d bytes", len(reply.Body))
		case err == nil && reply.Status < 100:
			t.Errorf("status %d", reply.Status)
		}
	})
}
