package sftp

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"net"
	"slices"
	"strings"
	"time"

	"golang.org/x/crypto/ssh"

	"github.com/ordermux/ordermux/internal/partner"
)

// login is the logging in of one connection.
type login struct {
	server *Server
	ctx    context.Context
	conn   net.Conn

	user, way string   // that the client named and tried last; "": none yet
	why       []string // what it tried was not enough
	ours      bool     // a trouble of ours was in the way, the last time
}

// Refusal is why a client was not let in.
type Refusal struct {
	Address                string // the client's, with its port
	Shop, Partner, Account string // of the credential whose user it named; no shop: of none that there is
	Way                    string // what it tried last: "password", "publickey" or "none"
	Reason                 string // for people, without a secret
	Proved                 bool   // it is that user, and has too many sessions
	Ours                   bool   // a trouble of ours was in the way
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
	c.AuthLogCallback = func(meta ssh.ConnMetadata, way string, _ error) {
		l.user, l.way = meta.User(), way
	}
	return &c
}

// mostReasons bounds what is told of one client: some offer all keys they have.
const mostReasons = 3

// fails notes why what the client tried is not enough.
func (l *login) fails(why string, ours bool) {
	l.ours = ours
	if len(l.why) < mostReasons && !slices.Contains(l.why, why) {
		l.why = append(l.why, why)
	}
}

// refused tells of a client that was not let in.
// Who did not come as far as to name a user only looked for an open port.
func (l *login) refused() {
	if l.way == "" {
		return
	}
	r := Refusal{Address: l.conn.RemoteAddr().String(), Way: l.way, Reason: strings.Join(l.why, "; "), Ours: l.ours}
	list, err := l.server.find(l.ctx, l.user)
	switch {
	case err != nil:
		r.Ours, r.Reason = true, reasonOurs
	case len(list) > 0:
		a := list[0].account()
		r.Shop, r.Partner, r.Account = a.Shop, a.Partner, a.Name
		r.Reason = cmp.Or(r.Reason, "neither a key nor a password was offered")
	case !l.ours:
		r.Reason = "no user of this name"
	}
	l.server.opts.Observer.Refused(r)
}

// reasonOurs is said where a user can not be looked up.
const reasonOurs = "the user could not be looked up: the log has the reason"

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
	l.fails("wrong password, or a user who has keys only", false)
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
	l.fails("the key "+ssh.FingerprintSHA256(key)+" ("+key.Type()+") is not one of this user's", false)
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
	l.fails(reasonOurs, true)
	return errors.New("try again later")
}
