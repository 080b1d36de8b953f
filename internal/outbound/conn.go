package outbound

import (
	"bufio"
	"errors"
	"net"
	"time"
)

// conn is a connection to a partner. It carries one call at a time and belongs
// to that call alone until it is kept or closed.
type conn struct {
	net.Conn             // TCP, or TLS over it
	tcp      net.Conn    // underneath
	at       destination // whom it leads to
	answers  *bufio.Reader
	header   int // bytes that an answer's header may still take; negative: no bound
	reused   bool
	kept     time.Time // since when it carries no call
}

func newConn(c, tcp net.Conn, at destination) *conn {
	k := &conn{Conn: c, tcp: tcp, at: at, header: -1}
	k.answers = bufio.NewReader(k)
	return k
}

var errHeaderTooLong = errors.New("answer's header is too long")

// Read bounds an answer's header, which net/http reads without a bound.
func (c *conn) Read(p []byte) (int, error) {
	if c.header < 0 {
		return c.Conn.Read(p)
	}
	if c.header == 0 {
		return 0, errHeaderTooLong
	}
	n, err := c.Conn.Read(p[:min(len(p), c.header)])
	c.header -= n
	return n, err
}

// past is a deadline that ends what is going on.
var past = time.Unix(1, 0)
