package outbound_test

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"errors"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/ordermux/ordermux/internal/outbound"
)

// listen serves every connection with handle, on an address of its own.
func listen(t testing.TB, handle func(net.Conn)) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	var open sync.WaitGroup
	open.Go(func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			open.Go(func() { defer c.Close(); handle(c) })
		}
	})
	t.Cleanup(func() { l.Close(); open.Wait() })
	return "http://" + l.Addr().String()
}

// answer reads one request whole and writes text.
func answer(text string) func(net.Conn) {
	return func(c net.Conn) {
		req, err := http.ReadRequest(bufio.NewReader(c))
		if err != nil {
			return
		}
		io.Copy(io.Discard, req.Body)
		io.WriteString(c, text)
	}
}

// refused returns an address where nobody listens.
func refused(t *testing.T) string {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return "http://" + l.Addr().String()
}

func zipped(t *testing.T, body []byte) string {
	t.Helper()
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	if _, err := w.Write(body); err != nil {
		t.Fatal(err)
	}
	w.Close()
	return b.String()
}

// hang reads what comes and never answers, until the other side leaves.
func hang(c net.Conn) { io.Copy(io.Discard, c) }

func TestFaults(t *testing.T) {
	t.Parallel()
	secure := quiet(http.NotFoundHandler())
	secure.StartTLS()
	t.Cleanup(secure.Close)
	bomb := zipped(t, make([]byte, 1<<20))
	half := zipped(t, []byte(strings.Repeat("words that do not repeat 0123456789", 3)))
	half = half[:len(half)/2]

	cases := []struct {
		name string
		url  string
		op   string
		left bool
		text string // in the error
		with func(*outbound.Request)
	}{
		{name: "nobody listens", url: refused(t), op: outbound.OpDial, text: "refused"},
		{name: "no such name", url: "http://nobody.invalid/", op: outbound.OpName},
		{name: "malformed url", url: "http://[::1/?token=abc", op: outbound.OpRequest, text: "malformed address"},
		{name: "other scheme", url: "ftp://a.example/", op: outbound.OpRequest},
		{name: "no host", url: "http:///x", op: outbound.OpRequest},
		{name: "host not in ASCII", url: "http://bücher.example/", op: outbound.OpRequest, text: "ASCII"},
		{name: "bad header name", url: "http://127.0.0.1:1/", op: outbound.OpRequest, with: func(r *outbound.Request) {
			r.Header = http.Header{"X A": {"a"}}
		}},
		{name: "bad method", url: "http://127.0.0.1:1/", op: outbound.OpRequest, with: func(r *outbound.Request) { r.Method = "GET /x" }},
		{name: "endless interim answers", url: listen(t, answer(strings.Repeat("HTTP/1.1 102 Processing\r\n\r\n", 100))), op: outbound.OpRead, left: true, text: "interim"},
		{name: "bad header", url: "http://127.0.0.1:1/", op: outbound.OpRequest, with: func(r *outbound.Request) {
			r.Header = http.Header{"X-A": {"a\nb"}}
		}},
		{name: "accept and close", url: listen(t, func(net.Conn) {}), op: "", left: true},
		{name: "close after the request", url: listen(t, answer("")), op: outbound.OpRead, left: true, text: "without an answer"},
		{name: "cut in the status line", url: listen(t, answer("HTTP/1.1 20")), op: outbound.OpRead, left: true},
		{name: "cut in the header", url: listen(t, answer("HTTP/1.1 200 OK\r\nContent-Le")), op: outbound.OpRead, left: true},
		{name: "cut after the header", url: listen(t, answer("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n")), op: outbound.OpRead, left: true, text: "cut off"},
		{name: "cut in the body", url: listen(t, answer("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n12345")), op: outbound.OpRead, left: true, text: "cut off"},
		{name: "cut in a chunk", url: listen(t, answer("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\na\r\n12345")), op: outbound.OpRead, left: true, text: "cut off"},
		{name: "last chunk missing", url: listen(t, answer("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n12345\r\n")), op: outbound.OpRead, left: true, text: "cut off"},
		{name: "no HTTP at all", url: listen(t, answer("220 mail.example ESMTP\r\n")), op: outbound.OpRead, left: true},
		{name: "cut in gzip", url: listen(t, answer("HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nConnection: close\r\n\r\n"+half)), op: outbound.OpRead, left: true, text: "cut off"},
		{name: "endless header", url: listen(t, answer("HTTP/1.1 200 OK\r\nX-A: "+strings.Repeat("a", 300<<10)+"\r\n\r\n")), op: outbound.OpRead, left: true},
		{name: "announced too long", url: listen(t, answer("HTTP/1.1 200 OK\r\nContent-Length: 100001\r\n\r\n")), op: outbound.OpTooBig, left: true},
		{name: "too long", url: listen(t, answer("HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n"+strings.Repeat("a", 100_001))), op: outbound.OpTooBig, left: true},
		{name: "gzip bomb", url: listen(t, answer("HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nConnection: close\r\n\r\n"+bomb)), op: outbound.OpTooBig, left: true},
		{name: "never answers", url: listen(t, hang), op: outbound.OpRead, left: true, text: "time limit"},
		{name: "answers slowly", url: listen(t, func(c net.Conn) {
			answer("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n123")(c)
			hang(c)
		}), op: outbound.OpRead, left: true, text: "time limit"},
		{name: "unknown authority", url: secure.URL, op: outbound.OpTLS, text: "certificate"},
		{name: "TLS to plain", url: strings.Replace(listen(t, func(c net.Conn) {
			io.CopyN(io.Discard, c, 5)
			io.WriteString(c, "HTTP/1.1 400 Bad Request\r\n\r\n")
		}), "http:", "https:", 1), op: outbound.OpTLS},
		{name: "TLS cut in the handshake", url: strings.Replace(listen(t, func(c net.Conn) {
			io.CopyN(io.Discard, c, 5)
		}), "http:", "https:", 1), op: outbound.OpTLS},
		{name: "TLS never answers", url: strings.Replace(listen(t, hang), "http:", "https:", 1), op: outbound.OpTLS, text: "time limit"},
		{name: "loopback, untrusted", url: listen(t, answer("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")), op: outbound.OpGuard, with: func(r *outbound.Request) { r.Untrusted = true }},
		{name: "name of loopback, untrusted", url: "http://localhost:1/", op: outbound.OpGuard, with: func(r *outbound.Request) { r.Untrusted = true }},
	}
	for _, tc := range cases {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			// Long enough for the busiest machine; cases that end by it have less.
			c := outbound.New(outbound.Options{Timeout: 20 * time.Second, DialTimeout: 20 * time.Second, MaxBody: 100_000})
			defer c.CloseIdle()
			req := outbound.Request{Method: "POST", URL: tc.url, Body: []byte(`{"a":1}`)}
			if strings.Contains(tc.text, "time limit") {
				c = outbound.New(outbound.Options{Timeout: 200 * time.Millisecond, DialTimeout: 100 * time.Millisecond})
			}
			if tc.with != nil {
				tc.with(&req)
			}
			ctx, trace := outbound.WithTrace(t.Context())
			_, err := c.Do(ctx, req)
			var e *outbound.Error
			if !errors.As(err, &e) {
				t.Fatalf("got %v, want an *Error", err)
			}
			if tc.op != "" && e.Op != tc.op || e.Left != tc.left && tc.op != "" || !strings.Contains(e.Error(), tc.text) {
				t.Errorf("got op %q, left %v, %q; want op %q, left %v, text %q", e.Op, e.Left, e, tc.op, tc.left, tc.text)
			}
			if strings.Contains(e.Error(), "://") {
				t.Errorf("the error names the URL: %q", e)
			}
			if e.Timeout() != strings.Contains(tc.text, "time limit") {
				t.Errorf("timeout = %v of %v", e.Timeout(), e)
			}
			if len(trace.Exchanges) != 1 || trace.Exchanges[0].Error != e.Error() {
				t.Errorf("evidence: %+v", trace.Exchanges)
			}
		})
	}
}
