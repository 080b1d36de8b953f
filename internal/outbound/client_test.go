package outbound_test

import (
	"bufio"
	"bytes"
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/ordermux/ordermux/internal/outbound"
)

func TestReplies(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("x", 100_000)
	f := func(name, reply string, status int, body string) {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := outbound.New(outbound.Options{})
			defer c.CloseIdle()
			got, err := c.Do(t.Context(), outbound.Request{URL: listen(t, answer(reply)), Body: []byte("{}")})
			if err != nil {
				t.Fatal(err)
			}
			if got.Status != status || string(got.Body) != body {
				t.Errorf("got %d %.40q, want %d %.40q", got.Status, got.Body, status, body)
			}
		})
	}
	f("empty", "HTTP/1.1 204 No Content\r\n\r\n", 204, "")
	f("sized", "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok", 200, "ok")
	f("long", fmt.Sprintf("HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s", len(long), long), 200, long)
	f("chunked", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n", 200, "ok")
	f("until close", "HTTP/1.1 500 No\r\nConnection: close\r\n\r\noh", 500, "oh")
	f("interim", "HTTP/1.1 103 Early Hints\r\n\r\nHTTP/1.1 201 Created\r\nContent-Length: 0\r\n\r\n", 201, "")
	f("gzip", "HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nConnection: close\r\n\r\n"+zipped(t, []byte("ok")), 200, "ok")
	// A redirect is an answer, also one that leads back to itself.
	f("redirect", "HTTP/1.1 307 Again\r\nLocation: /\r\nContent-Length: 0\r\n\r\n", 307, "")
	f("other protocol", "HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: Upgrade\r\n\r\n", 101, "")
}

func TestRetryAfter(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	f := func(value string, want time.Duration) {
		t.Helper()
		c := outbound.New(outbound.Options{Now: func() time.Time { return now }})
		defer c.CloseIdle()
		got, err := c.Do(t.Context(), outbound.Request{URL: listen(t,
			answer("HTTP/1.1 429 Slow\r\nContent-Length: 0\r\nRetry-After: "+value+"\r\n\r\n"))})
		if err != nil || got.RetryAfter != want {
			t.Errorf("%q: %v, %v; want %v", value, got.RetryAfter, err, want)
		}
	}
	f("120", 2*time.Minute)
	f("1.5", 1500*time.Millisecond)
	f("Sun, 01 Mar 2026 12:00:30 GMT", 30*time.Second)
	// Nonsense and the past: no wish. Far away: a week.
	f("soon", 0)
	f("-5", 0)
	f("Sun, 01 Mar 2026 11:00:30 GMT", 0)
	f("1e300", 7*24*time.Hour)
	f("NaN", 7*24*time.Hour)
}

func TestRequestAsSent(t *testing.T) {
	t.Parallel()
	var got *http.Request
	var body []byte
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		got = r.Clone(context.Background())
		body, _ = io.ReadAll(r.Body)
	}))
	defer s.Close()
	c := outbound.New(outbound.Options{UserAgent: "ordermux/1.0", Hop: "hub-a"})
	defer c.CloseIdle()
	const parent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
	ctx := outbound.WithHop(outbound.WithTraceparent(t.Context(), parent), "hub-z")
	header := http.Header{"Content-Type": {"application/json"}, "Idempotency-Key": {"k1"}}
	at := strings.Replace(s.URL, "://", "://anna:pass%20word@", 1) + "/in?x=1#frag"
	if _, err := c.Do(ctx, outbound.Request{Method: "PUT", URL: at, Header: header, Body: []byte("hi")}); err != nil {
		t.Fatal(err)
	}
	user, password, _ := got.BasicAuth()
	if got.Method != "PUT" || got.RequestURI != "/in?x=1" || string(body) != "hi" || got.ContentLength != 2 ||
		user != "anna" || password != "pass word" {
		t.Errorf("got %s %s %q by %q", got.Method, got.RequestURI, body, user)
	}
	for name, want := range map[string]string{"User-Agent": "ordermux/1.0", "Traceparent": parent,
		"Ordermux-Hop": "hub-z, hub-a", "Content-Type": "application/json", "Idempotency-Key": "k1"} {
		if got.Header.Get(name) != want {
			t.Errorf("%s: %q, want %q", name, got.Header.Get(name), want)
		}
	}
	if len(header) != 2 {
		t.Errorf("the caller's header was changed: %v", header)
	}
}

func TestEmptyPostHasLength(t *testing.T) {
	t.Parallel()
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprint(w, r.Header["Content-Length"], r.ContentLength, r.TransferEncoding)
	}))
	defer s.Close()
	c := outbound.New(outbound.Options{})
	defer c.CloseIdle()
	got, err := c.Do(t.Context(), outbound.Request{Method: "POST", URL: s.URL})
	if err != nil || !strings.HasPrefix(string(got.Body), "[0] 0") {
		t.Errorf("%s, %v", got.Body, err)
	}
}

func TestCancel(t *testing.T) {
	t.Parallel()
	c := outbound.New(outbound.Options{})
	defer c.CloseIdle()
	ctx, cancel := context.WithCancel(t.Context())
	at := listen(t, func(c net.Conn) { c.Read(make([]byte, 1)); cancel(); hang(c) })
	_, err := c.Do(ctx, outbound.Request{URL: at, Body: []byte("{}")})
	var e *outbound.Error
	if !errors.As(err, &e) || !e.Left || !errors.Is(err, context.Canceled) {
		t.Errorf("after the first byte: %#v", err)
	}
	_, err = c.Do(ctx, outbound.Request{URL: at, Body: []byte("{}")})
	if !errors.As(err, &e) || e.Left || !errors.Is(err, context.Canceled) {
		t.Errorf("before the first byte: %#v", err)
	}
}

// A server that closes kept connections whenever it likes must never see a
// POST twice, and never one that we believe did not leave.
func TestNeverTwice(t *testing.T) {
	t.Parallel()
	for _, method := range []string{"POST", "DELETE"} {
		t.Run(method, func(t *testing.T) {
			t.Parallel()
			var mu sync.Mutex
			seen := map[string]int{}
			at := listen(t, func(c net.Conn) {
				r := bufio.NewReader(c)
				for n := 0; n < 2; n++ { // the third call on a connection meets a closed one
					req, err := http.ReadRequest(r)
					if err != nil {
						return
					}
					io.Copy(io.Discard, req.Body)
					mu.Lock()
					seen[req.Header.Get("X-Id")]++
					mu.Unlock()
					io.WriteString(c, "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
				}
			})
			c := outbound.New(outbound.Options{})
			defer c.CloseIdle()
			for n := range 300 {
				id := fmt.Sprint(n)
				req := outbound.Request{Method: method, URL: at, Header: http.Header{"X-Id": {id}, "Idempotency-Key": {id}}}
				if method == "POST" {
					req.Body = []byte(id)
				}
				_, err := c.Do(t.Context(), req)
				mu.Lock()
				times := seen[id]
				mu.Unlock()
				var e *outbound.Error
				switch errors.As(err, &e); {
				case err == nil && times != 1, times > 1, e != nil && !e.Left && times > 0:
					t.Fatalf("call %s: seen %d times, error %v", id, times, err)
				}
			}
		})
	}
}

// An answer that comes before the body is read is an answer.
func TestEarlyAnswer(t *testing.T) {
	t.Parallel()
	at := listen(t, func(c net.Conn) {
		http.ReadRequest(bufio.NewReader(c))
		io.WriteString(c, "HTTP/1.1 413 Too Large\r\nContent-Length: 0\r\n\r\n")
		hang(c)
	})
	c := outbound.New(outbound.Options{})
	defer c.CloseIdle()
	got, err := c.Do(t.Context(), outbound.Request{URL: at, Body: make([]byte, 8<<20)})
	if err != nil || got.Status != 413 {
		t.Errorf("got %d, %v", got.Status, err)
	}
}

func TestEarlyAnswerSecure(t *testing.T) {
	t.Parallel()
	s := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Connection", "close")
		w.WriteHeader(413)
	}))
	defer s.Close()
	c := trusting(s)
	defer c.CloseIdle()
	got, err := c.Do(t.Context(), outbound.Request{URL: s.URL, Body: make([]byte, 8<<20)})
	var e *outbound.Error
	if errors.As(err, &e) && !e.Left || err == nil && got.Status != 413 {
		t.Errorf("got %d, %v", got.Status, err) // a reset may overtake the answer
	}
}

// A body that is written in one piece, in two, and beside the answer arrives
// as it is; the connection is used again.
func TestBodies(t *testing.T) {
	t.Parallel()
	var addresses sync.Map
	echo := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		addresses.Store(r.RemoteAddr, true)
		b, _ := io.ReadAll(r.Body)
		w.Write(b)
	})
	for _, s := range []*httptest.Server{httptest.NewServer(echo), httptest.NewTLSServer(echo)} {
		defer s.Close()
		c := trusting(s)
		defer c.CloseIdle()
		for _, size := range []int{0, 1, 700, 15 << 10, 17 << 10, 64 << 10, 65 << 10, 3 << 20, 10} {
			body := bytes.Repeat([]byte("0123456789abcdef"), size/16+1)[:size]
			got, err := c.Do(t.Context(), outbound.Request{Method: "PUT", URL: s.URL, Body: body})
			if err != nil || !bytes.Equal(got.Body, body) {
				t.Errorf("%s, %d bytes: got %d, %v", s.URL, size, len(got.Body), err)
			}
		}
	}
	n := 0
	addresses.Range(func(any, any) bool { n++; return true })
	if n != 2 {
		t.Errorf("%d connections to two servers", n)
	}
}

// quiet makes a server that does not log the handshakes that a test breaks.
func quiet(h http.Handler) *httptest.Server {
	s := httptest.NewUnstartedServer(h)
	s.Config.ErrorLog = log.New(io.Discard, "", 0)
	return s
}

// trusting makes a client that knows a test server's certificate.
func trusting(s *httptest.Server) *outbound.Client {
	roots := x509.NewCertPool()
	if s.Certificate() != nil {
		roots.AddCert(s.Certificate())
	}
	return outbound.New(outbound.Options{Roots: roots})
}

func TestSecure(t *testing.T) {
	t.Parallel()
	s := quiet(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { fmt.Fprint(w, r.Proto) }))
	s.EnableHTTP2 = true
	s.StartTLS()
	defer s.Close()
	c := trusting(s)
	defer c.CloseIdle()
	for range 2 {
		got, err := c.Do(t.Context(), outbound.Request{URL: s.URL})
		if err != nil || string(got.Body) != "HTTP/1.1" {
			t.Errorf("got %s, %v", got.Body, err)
		}
	}
	// The right authority, another name.
	_, err := c.Do(t.Context(), outbound.Request{URL: strings.Replace(s.URL, "127.0.0.1", "localhost", 1)})
	var e *outbound.Error
	if !errors.As(err, &e) || e.Op != outbound.OpTLS || e.Left {
		t.Errorf("other name: %v", err)
	}
}

func TestGuardAllows(t *testing.T) {
	t.Parallel()
	s := httptest.NewServer(http.NotFoundHandler())
	defer s.Close()
	c := outbound.New(outbound.Options{Allow: []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}})
	defer c.CloseIdle()
	got, err := c.Do(t.Context(), outbound.Request{URL: s.URL, Untrusted: true})
	if err != nil || got.Status != 404 {
		t.Errorf("got %d, %v", got.Status, err)
	}
}

// An untrusted request finds no connection that a trusted one left open.
func TestGuardSharesNoConnection(t *testing.T) {
	t.Parallel()
	s := httptest.NewServer(http.NotFoundHandler())
	defer s.Close()
	c := outbound.New(outbound.Options{})
	defer c.CloseIdle()
	if _, err := c.Do(t.Context(), outbound.Request{URL: s.URL}); err != nil {
		t.Fatal(err)
	}
	var e *outbound.Error
	if _, err := c.Do(t.Context(), outbound.Request{URL: s.URL, Untrusted: true}); !errors.As(err, &e) || e.Op != outbound.OpGuard {
		t.Errorf("got %v", err)
	}
}

// BenchmarkDo measures one webhook-like call. The other side does as little as
// possible; cpu-ns/op is the processor time of both.
func BenchmarkDo(b *testing.B) {
	at := listen(b, func(c net.Conn) {
		r := bufio.NewReaderSize(c, 8<<10)
		for {
			for line := []byte("..."); len(line) > 2; {
				var err error
				if line, err = r.ReadSlice('\n'); err != nil {
					return
				}
			}
			if _, err := r.Discard(700); err != nil {
				return
			}
			io.WriteString(c, "HTTP/1.1 204 No Content\r\n\r\n")
		}
	})
	body := bytes.Repeat([]byte("a"), 700)
	for _, traced := range []bool{false, true} {
		b.Run(fmt.Sprintf("traced=%v", traced), func(b *testing.B) {
			c := outbound.New(outbound.Options{})
			defer c.CloseIdle()
			b.ReportAllocs()
			before := cpu()
			b.RunParallel(func(p *testing.PB) {
				for p.Next() {
					ctx := b.Context()
					if traced {
						ctx, _ = outbound.WithTrace(ctx)
					}
					header := http.Header{"Content-Type": {"application/json"}, "Authorization": {"Basic abc"}}
					if _, err := c.Do(ctx, outbound.Request{URL: at, Header: header, Body: body, Mask: []string{"sk-secret-value"}}); err != nil {
						b.Error(err)
						return
					}
				}
			})
			b.ReportMetric(float64(cpu()-before)/float64(b.N), "cpu-ns/op")
		})
	}
}

// cpu returns the processor time of this process.
func cpu() time.Duration {
	var u syscall.Rusage
	if syscall.Getrusage(syscall.RUSAGE_SELF, &u) != nil {
		return 0
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}
