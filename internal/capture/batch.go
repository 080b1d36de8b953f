package capture

import (
	"bytes"
	"compress/flate"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"time"
)

// batchFormat is the first byte of a batch of calls as it is kept. After it
// come, packed by deflate, the calls, field by field as eachField names them: a
// number as a varint, a text or body with its length before it. Packing takes
// less time than writing ten times the bytes.
const batchFormat = 1

// mostPlain bounds a batch that is read, unpacked.
const mostPlain = 8 << 20

var errBatch = errors.New("no batch of calls")

// packer packs batches. For one goroutine.
type packer struct {
	w   *flate.Writer
	out bytes.Buffer
}

// pack returns a batch as it is kept, good until the next one.
func (p *packer) pack(plain []byte) ([]byte, error) {
	p.out.Reset()
	p.out.WriteByte(batchFormat)
	if p.w == nil {
		var err error
		if p.w, err = flate.NewWriter(&p.out, flate.BestSpeed); err != nil {
			return nil, fmt.Errorf("pack calls: %w", err)
		}
	} else {
		p.w.Reset(&p.out)
	}
	if _, err := p.w.Write(plain); err != nil {
		return nil, fmt.Errorf("pack calls: %w", err)
	}
	if err := p.w.Close(); err != nil {
		return nil, fmt.Errorf("pack calls: %w", err)
	}
	return p.out.Bytes(), nil
}

// callFields takes the fields of a call in the sequence of batchFormat. A new
// one makes a new format.
type callFields interface {
	number(*int64)
	text(*string)
	bytes(*[]byte)
}

// eachField hands the fields of a call over.
func (c *Call) eachField(f callFields) {
	start, status, flags := c.Start.UnixNano(), int64(c.Status), int64(0)
	if c.In {
		flags |= 1
	}
	if c.Erased {
		flags |= 2
	}
	for _, n := range []*int64{&start, &c.Nanos, &status, &flags, &c.RequestSize, &c.ResponseSize} {
		f.number(n)
	}
	c.Start, c.Status, c.In, c.Erased = time.Unix(0, start).UTC(), int(status), flags&1 != 0, flags&2 != 0
	for _, t := range []*string{&c.Gate, &c.Called, &c.Fault, &c.Method, &c.URL, &c.Credential, &c.Remote, &c.RequestHead, &c.ResponseHead, &c.Error} {
		f.text(t)
	}
	f.bytes(&c.Request)
	f.bytes(&c.Response)
}

// appendCall adds a call to a batch that is not packed yet.
func appendCall(batch []byte, c Call) []byte {
	w := callWriter(batch)
	c.eachField(&w)
	return w
}

type callWriter []byte

func (w *callWriter) number(n *int64) { *w = binary.AppendVarint(*w, *n) }
func (w *callWriter) text(s *string)  { *w = append(binary.AppendUvarint(*w, uint64(len(*s))), *s...) }
func (w *callWriter) bytes(b *[]byte) { *w = append(binary.AppendUvarint(*w, uint64(len(*b))), *b...) }

// readBatch reads what pack made of calls.
func readBatch(b []byte) (list []Call, err error) {
	if len(b) == 0 || b[0] != batchFormat {
		return nil, errBatch
	}
	plain, err := io.ReadAll(io.LimitReader(flate.NewReader(bytes.NewReader(b[1:])), mostPlain+1))
	if err != nil || len(plain) > mostPlain {
		return nil, errBatch
	}
	r := callReader{rest: plain}
	for len(r.rest) > 0 {
		var c Call
		c.eachField(&r)
		if r.bad {
			return nil, errBatch
		}
		list = append(list, c)
	}
	return list, nil
}

type callReader struct {
	rest []byte
	bad  bool
}

func (r *callReader) number(n *int64) {
	v, width := binary.Varint(r.rest)
	if width <= 0 {
		r.bad, r.rest = true, nil
		return
	}
	*n, r.rest = v, r.rest[width:]
}

func (r *callReader) text(s *string) {
	var b []byte
	r.bytes(&b)
	*s = string(b)
}

func (r *callReader) bytes(b *[]byte) {
	n, width := binary.Uvarint(r.rest)
	if width <= 0 || n > uint64(len(r.rest)-width) {
		r.bad, r.rest = true, nil
		return
	}
	r.rest = r.rest[width:]
	*b, r.rest = r.rest[:n:n], r.rest[n:]
}
