package sftp

import (
	"bytes"
	"context"
	"errors"
	"net"
	"time"

	"golang.org/x/crypto/ssh"

	"github.com/ordermux/ordermux/internal/partner"
)

// login is the logging in of one connection.
type login struct {
	server *Server
	ctx    context.Context
	conn   net.Conn
}

// who is who logged in.
type who struct {
	door  *Door
	user  string
	grant partner.Grant
}

func (w who) account() account {
	return account{Shop: w.grant.Shop, Partner: w.door.Partner, Name: w.grant.Name}
}

type whoKey struct{}

// errLogin says no more than that it is wrong.
var errLogin = errors.New("wrong user, password or key")

// config is that of one connection.
func (l *login) config() *ssh.ServerConfig {
	c := l.server.config
	c.PasswordCallback = l.password
	c.PublicKeyCallback = l.publicKey
	return &c
}

// find returns the users of a name: several doors may have one.
func (s *Server) find(ctx context.Context, user string) (out []who, err error) {
	for i := range s.opts.Doors {
		d := &s.opts.Doors[i]
		g, ok, err := d.Credentials.Find(ctx, d.user, user)
		if err != nil {
			return nil, err
		}
		if ok {
			out = append(out, who{d, user, g})
		}
	}
	return out, nil
}

// password implements ssh.ServerConfig.PasswordCallback. A user that does not
// exist takes as long as a wrong password.
func (l *login) password(meta ssh.ConnMetadata, password []byte) (*ssh.Permissions, error) {
	list, err := l.server.find(l.ctx, meta.User())
	if err != nil {
		return nil, l.trouble(err)
	}
	known := len(list) > 0
	if !known && len(l.server.opts.Doors) > 0 {
		list = []who{{door: &l.server.opts.Doors[0]}}
	}
	for _, w := range list {
		if len(password) == 0 || w.door.password == "" {
			continue
		}
		right, err := w.door.Credentials.Check(l.ctx, w.grant, w.door.password, string(password))
		if err != nil {
			return nil, l.trouble(err)
		}
		if known && right {
			return permit(w), nil
		}
	}
	l.wrong()
	return nil, errLogin
}

// publicKey implements ssh.ServerConfig.PublicKeyCallback: whether the key is
// one of the user's. Clients offer all they have, so one that is not costs no
// time; their number is bounded.
func (l *login) publicKey(meta ssh.ConnMetadata, key ssh.PublicKey) (*ssh.Permissions, error) {
	list, err := l.server.find(l.ctx, meta.User())
	if err != nil {
		return nil, l.trouble(err)
	}
	for _, w := range list {
		if w.has(key) {
			return permit(w), nil
		}
	}
	return nil, errLogin
}

// has reports whether a key is one of the user's.
func (w who) has(key ssh.PublicKey) bool {
	if w.door.keys == "" {
		return false
	}
	for _, line := range w.grant.Settings[w.door.keys].List {
		if CheckKey(line) != "" {
			continue
		}
		known, _, _, _, err := ssh.ParseAuthorizedKey([]byte(line))
		if err == nil && bytes.Equal(known.Marshal(), key.Marshal()) {
			return true
		}
	}
	return false
}

func permit(w who) *ssh.Permissions {
	return &ssh.Permissions{ExtraData: map[any]any{whoKey{}: w}}
}

// wrong slows whoever guesses.
func (l *login) wrong() {
	l.server.opts.Observer.LoggedIn(false)
	wait, answered := l.server.opts.Wrong(l.conn.RemoteAddr().String())
	if wait <= 0 {
		return
	}
	defer answered()
	t := time.NewTimer(wait)
	defer t.Stop()
	select {
	case <-t.C:
	case <-l.ctx.Done():
	}
}

// trouble logs what keeps us from looking a user up; the client hears less.
func (l *login) trouble(err error) error {
	l.server.opts.Log.Warn("sftp: a user can not be looked up", "error", err)
	return errors.New("try again later")
}
