package mail

import (
	"context"
	"crypto/tls"
	"errors"
	"net"
	"slices"

	"github.com/wneessen/go-mail/smtp"
)

// login chooses the strongest way to log in that the server offers, and
// remembers that it began: what fails after that is about the login.
type login struct {
	server     *Server
	host       string
	chosen     smtp.Auth
	begun      bool
	impossible bool // the server offers nothing that we can use
}

var errNoLogin = errors.New("the server offers no login that can be used here; without TLS no password is sent in clear")

// Start chooses. Passwords go in clear only over TLS, or to this machine.
func (l *login) Start(server *smtp.ServerInfo) (string, []byte, error) {
	l.begun = true
	user, password := l.server.Username, l.server.Password.Reveal()
	clear := server.TLS || loopback(l.host)
	offers := func(name string) bool { return slices.Contains(server.Auth, name) }
	switch {
	case offers("SCRAM-SHA-256"):
		l.chosen = smtp.ScramSHA256Auth(user, password)
	case offers("SCRAM-SHA-1"):
		l.chosen = smtp.ScramSHA1Auth(user, password)
	case offers("CRAM-MD5"):
		l.chosen = smtp.CRAMMD5Auth(user, password)
	case offers("PLAIN") && clear:
		l.chosen = smtp.PlainAuth("", user, password, server.Name, true)
	case offers("LOGIN") && clear:
		l.chosen = smtp.LoginAuth(user, password, server.Name, true)
	default:
		l.impossible = true
		return "", nil, errNoLogin
	}
	return l.chosen.Start(server)
}

// Next answers the server's challenge.
func (l *login) Next(challenge []byte, more bool) ([]byte, error) {
	return l.chosen.Next(challenge, more)
}

// loopback reports whether a host is this machine.
func loopback(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}

// secure puts TLS around a connection.
func secure(ctx context.Context, conn net.Conn, host string) (net.Conn, error) {
	c := tls.Client(conn, &tls.Config{ServerName: host, MinVersion: tls.VersionTLS12})
	if err := c.HandshakeContext(ctx); err != nil {
		conn.Close()
		return nil, err
	}
	return c, nil
}
