package bench

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"time"
)

// conn is one connection of the generator: requests are sent as bytes made
// beforehand, of an answer only the status and the length are read. It is no
// HTTP client for anything but a server we trust.
type conn struct {
	net.Conn
	buf     []byte // what has been read
	r, w    int    // unread: buf[r:w]
	stop    func() bool
	renewed time.Time // when the deadline was set
}

const (
	maxAnswer   = 32 << 20
	answerLimit = 30 * time.Second
)

// dial opens a connection that ends with ctx.
func dial(ctx context.Context, addr string) (*conn, error) {
	c, err := (&net.Dialer{}).DialContext(ctx, "tcp", addr)
	if err != nil {
		return nil, err
	}
	stop := context.AfterFunc(ctx, func() { c.Close() })
	return &conn{Conn: c, buf: make([]byte, 64<<10), stop: stop}, nil
}

func (c *conn) Close() error {
	if c.stop != nil {
		c.stop()
	}
	return c.Conn.Close()
}

// answer is one answer; body is valid until the next one is read.
type answer struct {
	status int
	body   []byte
}

// roundTrip sends a whole request and reads its answer.
func (c *conn) roundTrip(request []byte) (answer, error) {
	// A hub that hangs must not hang the run. Setting a deadline is not free.
	if now := time.Now(); now.Sub(c.renewed) > answerLimit/10 {
		if err := c.SetDeadline(now.Add(answerLimit)); err != nil {
			return answer{}, err
		}
		c.renewed = now
	}
	if _, err := c.Write(request); err != nil {
		return answer{}, err
	}
	return c.readAnswer()
}

func (c *conn) readAnswer() (answer, error) {
	c.compact()
	head, err := c.head()
	if err != nil {
		return answer{}, err
	}
	status, err := statusOf(head)
	if err != nil {
		return answer{}, err
	}
	length, chunked, err := framing(head)
	if err != nil {
		return answer{}, err
	}
	c.r += len(head)
	if chunked {
		body, err := c.chunks()
		return answer{status, body}, err
	}
	if length < 0 {
		return answer{}, errors.New("answer without a length")
	}
	body, err := c.take(length)
	return answer{status, body}, err
}

// head returns the bytes up to and including the empty line, without taking
// them.
func (c *conn) head() ([]byte, error) {
	from := 0
	for {
		unread := c.buf[c.r:c.w]
		if i := bytes.Index(unread[from:], []byte("\r\n\r\n")); i >= 0 {
			return unread[:from+i+4], nil
		}
		from = max(len(unread)-3, 0)
		if len(unread) > 64<<10 {
			return nil, errors.New("head longer than 64 KiB")
		}
		if err := c.more(); err != nil {
			return nil, err
		}
	}
}

// take returns the next n bytes.
func (c *conn) take(n int) ([]byte, error) {
	for c.w-c.r < n {
		if err := c.more(); err != nil {
			return nil, err
		}
	}
	b := c.buf[c.r : c.r+n]
	c.r += n
	return b, nil
}

// chunks returns the body of a chunked answer, put together in place.
func (c *conn) chunks() ([]byte, error) {
	start, end := c.r, c.r // the body so far: buf[start:end]
	for {
		line, err := c.line()
		if err != nil {
			return nil, err
		}
		size, err := hexSize(line)
		if err != nil {
			return nil, err
		}
		if size == 0 {
			return c.buf[start:end], c.trailer()
		}
		data, err := c.take(size)
		if err != nil {
			return nil, err
		}
		end += copy(c.buf[end:], data)
		if _, err := c.take(2); err != nil {
			return nil, err
		}
	}
}

// line takes a line and returns it without its end.
func (c *conn) line() ([]byte, error) {
	for {
		if i := bytes.IndexByte(c.buf[c.r:c.w], '\n'); i >= 0 {
			line := c.buf[c.r : c.r+i]
			c.r += i + 1
			return bytes.TrimSuffix(line, []byte("\r")), nil
		}
		if err := c.more(); err != nil {
			return nil, err
		}
	}
}

// trailer takes the lines after the last chunk.
func (c *conn) trailer() error {
	for {
		line, err := c.line()
		if err != nil || len(line) == 0 {
			return err
		}
	}
}

// compact moves the unread bytes to the front, which ends the life of what
// was returned before.
func (c *conn) compact() {
	c.w = copy(c.buf, c.buf[c.r:c.w])
	c.r = 0
}

// more reads once. It never moves what stands in the buffer; when that is
// full, a greater one takes its place.
func (c *conn) more() error {
	if c.w == len(c.buf) {
		if len(c.buf) >= maxAnswer {
			return errors.New("message longer than 32 MiB")
		}
		c.buf = append(c.buf, make([]byte, len(c.buf))...)
	}
	n, err := c.Read(c.buf[c.w:])
	c.w += n
	if n > 0 {
		return nil
	}
	if err == io.EOF && c.w > c.r {
		return io.ErrUnexpectedEOF
	}
	return err
}

func statusOf(head []byte) (int, error) {
	// HTTP/1.1 200 OK
	if len(head) < 13 || !bytes.HasPrefix(head, []byte("HTTP/1.")) || head[8] != ' ' {
		return 0, fmt.Errorf("no answer of HTTP/1: %.40q", head)
	}
	status := 0
	for _, c := range head[9:12] {
		if c < '0' || c > '9' {
			return 0, fmt.Errorf("no status: %.40q", head)
		}
		status = status*10 + int(c-'0')
	}
	return status, nil
}

// framing reads how the body ends from a head: its length (-1: not said), or
// that it is chunked.
func framing(head []byte) (length int, chunked bool, err error) {
	length = -1
	for line := range bytes.SplitSeq(head, []byte("\n")) {
		if len(line) < 16 || line[0]|0x20 != 'c' && line[0]|0x20 != 't' {
			continue
		}
		name, value, ok := bytes.Cut(line, []byte(":"))
		if !ok {
			continue
		}
		value = bytes.TrimSpace(value)
		switch {
		case bytes.EqualFold(name, []byte("content-length")):
			if length, err = decimal(value); err != nil {
				return 0, false, err
			}
		case bytes.EqualFold(name, []byte("transfer-encoding")):
			chunked = bytes.EqualFold(value, []byte("chunked"))
		}
	}
	return length, chunked, nil
}

func decimal(text []byte) (int, error) {
	n := 0
	for _, c := range text {
		if c < '0' || c > '9' || n > maxAnswer {
			return 0, fmt.Errorf("no length: %.20q", text)
		}
		n = n*10 + int(c-'0')
	}
	if len(text) == 0 || n > maxAnswer {
		return 0, fmt.Errorf("no length: %.20q", text)
	}
	return n, nil
}

func hexSize(line []byte) (int, error) {
	text, _, _ := bytes.Cut(line, []byte(";"))
	n := 0
	for _, c := range bytes.TrimSpace(text) {
		digit := bytes.IndexByte([]byte("0123456789abcdef"), c|0x20)
		if digit < 0 || n > maxAnswer {
			return 0, fmt.Errorf("no size of a chunk: %.20q", line)
		}
		n = n<<4 | digit
	}
	if len(bytes.TrimSpace(text)) == 0 || n > maxAnswer {
		return 0, fmt.Errorf("no size of a chunk: %.20q", line)
	}
	return n, nil
}
