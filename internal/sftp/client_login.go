package sftp

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"net"
	"strconv"
	"strings"
	"time"

	"golang.org/x/crypto/ssh"

	"github.com/ordermux/ordermux/internal/partner"
)

// Port is where SSH listens.
const Port = 22

// CheckHostKey says what is wrong with the fingerprint of a host key; empty:
// nothing.
func CheckHostKey(fingerprint string) string {
	digest, ok := strings.CutPrefix(fingerprint, "SHA256:")
	if b, err := base64.RawStdEncoding.DecodeString(digest); !ok || err != nil || len(b) != 32 {
		return "is no fingerprint such as SHA256:… with 43 characters behind it, as ssh-keygen -l and ssh show it"
	}
	return ""
}

// dial connects and logs in. A server may have host keys of several kinds, and
// shows the one that both like best: the others are asked for too, until it is
// the target's.
func dial(ctx context.Context, to partner.SFTPTarget, o PutOptions) (*ssh.Client, error) {
	if why := CheckHostKey(to.HostKey); why != "" {
		return nil, errors.New("the host key " + why)
	}
	var shown []string
	for _, kinds := range hostKeyKinds() {
		client, err := dialFor(ctx, to, kinds, o)
		other, ok := errors.AsType[*otherKey](err)
		switch {
		case err == nil:
			return client, nil
		case ok:
			shown = append(shown, other.String())
		case len(shown) == 0 || ctx.Err() != nil:
			return nil, err
		case !noCommonKey(err):
			return nil, err
		}
	}
	return nil, fmt.Errorf("the server is not the one whose host key is configured: it shows %s", strings.Join(dedupe(shown), ", "))
}

// hostKeyKinds are the kinds to ask for, one set after the other; nil: any.
func hostKeyKinds() [][]string {
	return [][]string{
		nil,
		{ssh.KeyAlgoED25519},
		{ssh.KeyAlgoECDSA256, ssh.KeyAlgoECDSA384, ssh.KeyAlgoECDSA521},
		{ssh.KeyAlgoRSASHA512, ssh.KeyAlgoRSASHA256},
	}
}

// noCommonKey reports whether a server has no host key of the kinds asked for.
func noCommonKey(err error) bool {
	e, ok := errors.AsType[*ssh.AlgorithmNegotiationError](err)
	return ok && e != nil
}

func dedupe(list []string) []string {
	var out []string
	for _, s := range list {
		if len(out) == 0 || out[len(out)-1] != s {
			out = append(out, s)
		}
	}
	return out
}

// otherKey is a host key that is not the one expected.
type otherKey struct{ kind, fingerprint string }

func (k *otherKey) String() string { return k.fingerprint + " (" + k.kind + ")" }
func (k *otherKey) Error() string  { return "the server shows another host key: " + k.String() }

// dialFor connects and logs in at a server that must show a host key of these
// kinds.
func dialFor(ctx context.Context, to partner.SFTPTarget, kinds []string, o PutOptions) (*ssh.Client, error) {
	port := to.Port
	if port == 0 {
		port = Port
	}
	address := net.JoinHostPort(to.Host, strconv.Itoa(port))
	d := net.Dialer{Timeout: o.Login, Control: o.Control}
	conn, err := d.DialContext(ctx, "tcp", address)
	if err != nil {
		return nil, fmt.Errorf("connect: %w", err)
	}
	timed := &timedConn{Conn: conn, idle: o.Idle, until: time.Now().Add(o.Login)}
	stop := context.AfterFunc(ctx, func() { _ = conn.Close() })
	defer stop()
	c, channels, requests, err := ssh.NewClientConn(timed, address, clientConfig(to, kinds))
	if err != nil {
		_ = conn.Close()
		return nil, loginError(ctx, err)
	}
	timed.loggedIn()
	return ssh.NewClient(c, channels, requests), nil
}

func clientConfig(to partner.SFTPTarget, kinds []string) *ssh.ClientConfig {
	password := to.Password.Reveal()
	return &ssh.ClientConfig{
		User: to.User, HostKeyAlgorithms: kinds, ClientVersion: "SSH-2.0-ordermux",
		Auth: []ssh.AuthMethod{
			ssh.Password(password),
			// Some servers ask for the password as a question.
			ssh.KeyboardInteractive(func(_, _ string, questions []string, echos []bool) ([]string, error) {
				switch {
				case len(questions) == 0:
					return nil, nil
				case len(questions) == 1 && !echos[0]:
					return []string{password}, nil
				}
				return nil, errors.New("the server asks for more than a password")
			}),
		},
		HostKeyCallback: func(_ string, _ net.Addr, key ssh.PublicKey) error {
			if shown := ssh.FingerprintSHA256(key); shown != to.HostKey {
				return &otherKey{key.Type(), shown}
			}
			return nil
		},
	}
}

// loginError says in short what kept us out.
func loginError(ctx context.Context, err error) error {
	switch {
	case ctx.Err() != nil:
		return ctx.Err()
	case strings.Contains(err.Error(), "unable to authenticate"):
		return errors.New("the server refuses the user or the password")
	}
	return fmt.Errorf("log in: %w", err)
}
