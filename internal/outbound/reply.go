package outbound

import (
	"bytes"
	"compress/gzip"
	"errors"
	"io"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"time"
)

var errTooBig = errors.New("answer too long")

// exactBody is the longest announced length for which memory is taken before
// the bytes have come.
const exactBody = 64 << 10

var buffers = sync.Pool{New: func() any { return new(bytes.Buffer) }}

// readBody reads an answer's body whole, at most limit bytes after
// decompression, which is done if it was asked for.
func readBody(resp *http.Response, limit int64, unzip bool) ([]byte, error) {
	if resp.Body == http.NoBody { // also of HEAD, which announces a length
		return nil, nil
	}
	if unzip && strings.EqualFold(resp.Header.Get("Content-Encoding"), "gzip") {
		z, err := gzip.NewReader(resp.Body)
		if err != nil {
			return nil, err
		}
		resp.Header.Del("Content-Encoding")
		resp.Header.Del("Content-Length")
		return readAll(z, limit)
	}
	n := resp.ContentLength
	if n > limit {
		return nil, errTooBig
	}
	if n >= 0 && n <= exactBody {
		body := make([]byte, n)
		read, err := io.ReadFull(resp.Body, body)
		return body[:read], err
	}
	return readAll(resp.Body, limit)
}

func readAll(r io.Reader, limit int64) ([]byte, error) {
	buf := buffers.Get().(*bytes.Buffer)
	defer func() {
		if buf.Cap() <= 1<<20 {
			buf.Reset()
			buffers.Put(buf)
		}
	}()
	_, err := io.Copy(buf, io.LimitReader(r, limit+1))
	if int64(buf.Len()) > limit {
		err = errTooBig
	}
	return bytes.Clone(buf.Bytes()), err
}

// longestWait bounds Retry-After: a date far away is more likely a mistake.
const longestWait = 7 * 24 * time.Hour

// retryAfter reads the Retry-After header: seconds or a date (RFC 9110, 10.2.3).
func retryAfter(h http.Header, now func() time.Time) time.Duration {
	v := strings.TrimSpace(h.Get("Retry-After"))
	if v == "" {
		return 0
	}
	var wait time.Duration
	if s, err := strconv.ParseFloat(v, 64); err == nil { // some send fractions
		wait = longestWait
		if s < longestWait.Seconds() {
			wait = time.Duration(s * float64(time.Second))
		}
	} else if at, err := http.ParseTime(v); err == nil {
		wait = at.Sub(now())
	}
	return min(max(wait, 0), longestWait)
}
