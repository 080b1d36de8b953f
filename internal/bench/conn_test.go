package bench

import (
	"bytes"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

// answering returns a connection from which exactly these bytes can be read,
// some at a time.
func answering(t *testing.T, text string, step int) *conn {
	t.Helper()
	ours, theirs := net.Pipe()
	t.Cleanup(func() { ours.Close() })
	go func() {
		defer theirs.Close()
		for len(text) > 0 {
			n := min(step, len(text))
			if _, err := io.WriteString(theirs, text[:n]); err != nil {
				return
			}
			text = text[n:]
		}
	}()
	return &conn{Conn: ours, buf: make([]byte, 64)}
}

func TestReadAnswer(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("0123456789", 500)
	f := func(text string, status int, body string) {
		t.Helper()
		for _, step := range []int{1, 7, len(text)} {
			c := answering(t, text+"HTTP/1.1 204 No Content\r\nContent-Length: 0\r\n\r\n", step)
			a, err := c.readAnswer()
			if err != nil || a.status != status || string(a.body) != body {
				t.Errorf("step %d of %.60q: %d %.60q, %v", step, text, a.status, a.body, err)
			}
			if a, err := c.readAnswer(); err != nil || a.status != 204 {
				t.Errorf("step %d of %.60q: the next answer is %d, %v", step, text, a.status, err)
			}
		}
	}
	f("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}", 200, "{}")
	f("HTTP/1.1 200 OK\r\nDate: Sat, 21 Nov 2026 00:00:00 GMT\r\ncontent-length:5000\r\n\r\n"+long, 200, long)
	f("HTTP/1.1 503 Service Unavailable\r\nRetry-After: 1\r\nContent-Length: 0\r\n\r\n", 503, "")
	// Chunks are put together, whatever their size.
	f("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n1388;x=y\r\n"+long+"\r\n0\r\n\r\n", 200, "abc"+long)
	f("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\nTrailer: x\r\n\r\n", 200, "")
}

func TestReadAnswerRefuses(t *testing.T) {
	t.Parallel()
	f := func(text string) {
		t.Helper()
		if a, err := answering(t, text, 16).readAnswer(); err == nil {
			t.Errorf("%.60q is taken: %d %q", text, a.status, a.body)
		}
	}
	f("")
	f("SSH-2.0-x\r\n\r\n")
	f("HTTP/1.1 abc OK\r\nContent-Length: 0\r\n\r\n")
	f("HTTP/1.1 200 OK\r\n\r\n")
	f("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nabc")
	f("HTTP/1.1 200 OK\r\nContent-Length: 99999999999\r\n\r\nabc")
	f("HTTP/1.1 200 OK\r\nContent-Length: \r\n\r\nabc")
	f("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\n")
	f("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nfffffffff\r\n")
}

func FuzzReadAnswer(f *testing.F) {
	f.Add([]byte("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}"))
	f.Add([]byte("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nab\r\n0\r\n\r\n"))
	f.Fuzz(func(t *testing.T, text []byte) {
		c := answering(t, string(text), 512)
		if a, err := c.readAnswer(); err == nil && len(a.body) > len(text) {
			t.Errorf("%d bytes of body out of %d", len(a.body), len(text))
		}
	})
}

// TestRoundTripWithNetHTTP lets the standard server answer in each of its ways.
func TestRoundTripWithNetHTTP(t *testing.T) {
	t.Parallel()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		if r.URL.Path == "/flushed" {
			w.(http.Flusher).Flush() // makes it chunked
		}
		_, _ = w.Write(bytes.Repeat(body, 3))
	}))
	t.Cleanup(server.Close)
	c, err := dial(t.Context(), server.Listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	for _, path := range []string{"/", "/flushed", "/"} {
		body := strings.Repeat("x", 3000)
		a, err := c.roundTrip(fmt.Appendf(nil, "POST %s HTTP/1.1\r\nHost: h\r\nContent-Length: %d\r\n\r\n%s", path, len(body), body))
		if err != nil || a.status != 200 || len(a.body) != 9000 {
			t.Fatalf("%s: %d, %d bytes, %v", path, a.status, len(a.body), err)
		}
	}
}
