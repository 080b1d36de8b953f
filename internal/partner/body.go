package partner

import (
	"compress/gzip"
	"errors"
	"io"
	"net/http"
	"strings"
)

// MaxBody bounds the bodies that doors take, packed and unpacked, in bytes.
const MaxBody = 10 << 20

// What can be wrong with a body that a door reads. Their texts are for
// callers.
var (
	ErrBodyTooLarge = errors.New("the body is larger than 10 MB")
	ErrBodyEncoding = errors.New("Content-Encoding must be gzip or absent")
	ErrBodyGzip     = errors.New("the body is not valid gzip")
	ErrBodyBroken   = errors.New("the body broke off")
)

// Body reads the bodies of requests, one after the other, into memory that it
// uses again. The zero value is ready.
type Body struct {
	buf  []byte
	gzip *gzip.Reader
}

// keepBody is how much memory a Body keeps between requests.
const keepBody = 1 << 20

// Read returns the body whole, decompressed, until the next call. The error is
// one of the ErrBody ones.
func (b *Body) Read(w http.ResponseWriter, r *http.Request) ([]byte, error) {
	if cap(b.buf) > keepBody {
		b.buf = nil
	}
	if r.ContentLength > MaxBody {
		w.Header().Set("Connection", "close") // nobody reads the rest
		return nil, ErrBodyTooLarge
	}
	var src io.Reader = http.MaxBytesReader(w, r.Body, MaxBody)
	switch strings.ToLower(r.Header.Get("Content-Encoding")) {
	case "", "identity":
	case "gzip", "x-gzip":
		if err := b.open(src); err != nil {
			return nil, bodyError(err)
		}
		src = b.gzip
	default:
		return nil, ErrBodyEncoding
	}
	err := b.fill(src, r.ContentLength)
	return b.buf, bodyError(err)
}

func (b *Body) open(src io.Reader) (err error) {
	if b.gzip != nil {
		return b.gzip.Reset(src)
	}
	if b.gzip, err = gzip.NewReader(src); err != nil {
		b.gzip = nil
	}
	return err
}

// fill reads at most MaxBody bytes. hint is the announced length, or -1.
func (b *Body) fill(src io.Reader, hint int64) error {
	b.buf = b.buf[:0]
	if need := int(max(hint, 511)) + 1; cap(b.buf) < need {
		b.buf = make([]byte, 0, need)
	}
	for {
		n, err := src.Read(b.buf[len(b.buf):cap(b.buf)])
		b.buf = b.buf[:len(b.buf)+n]
		switch {
		case len(b.buf) > MaxBody:
			return ErrBodyTooLarge
		case err == io.EOF:
			return nil
		case err != nil:
			return err
		case len(b.buf) == cap(b.buf):
			b.buf = append(b.buf, 0)[:len(b.buf)]
		}
	}
}

func bodyError(err error) error {
	var over *http.MaxBytesError
	switch {
	case err == nil, errors.Is(err, ErrBodyTooLarge):
		return err
	case errors.As(err, &over):
		return ErrBodyTooLarge
	case errors.Is(err, gzip.ErrHeader), errors.Is(err, gzip.ErrChecksum):
		return ErrBodyGzip
	}
	return ErrBodyBroken
}
