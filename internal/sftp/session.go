package sftp

import (
	"context"
	"errors"
	"io"
	"net"
	"os"
	"sync"
	"time"

	wire "github.com/pkg/sftp"
	"golang.org/x/crypto/ssh"
)

// maxChannels is how many channels one connection may have.
const maxChannels = 4

// serve answers one connection.
func (s *Server) serve(conn net.Conn) {
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	timed := &timedConn{Conn: conn, idle: s.opts.Limits.Idle, until: time.Now().Add(s.opts.Limits.Login)}
	l := &login{server: s, ctx: ctx, conn: conn}
	sc, channels, requests, err := ssh.NewServerConn(timed, l.config())
	if err != nil {
		s.opts.Log.Debug("sftp: no login", "error", err)
		l.refused()
		return
	}
	defer sc.Close()
	timed.loggedIn()
	w, ok := sc.Permissions.ExtraData[whoKey{}].(who)
	if !ok {
		return
	}
	a := w.account()
	if !a.valid() || !s.enterUser(a) {
		s.opts.Log.Warn("sftp: too many sessions of one user", "shop", a.Shop, "partner", a.Partner, "user", a.Name)
		s.opts.Observer.Refused(Refusal{
			Address: conn.RemoteAddr().String(), Shop: a.Shop, Partner: a.Partner, Account: a.Name, Way: l.way, Proved: true,
			Reason: "too many sessions of this user at a time",
		})
		return
	}
	defer s.leaveUser(a)
	s.opts.Observer.LoggedIn(true)
	s.opts.Log.Debug("sftp: logged in", "shop", a.Shop, "partner", a.Partner, "user", a.Name)
	go ssh.DiscardRequests(requests)
	s.answer(ctx, w, channels)
}

// answer serves the connection's channels until it ends.
func (s *Server) answer(ctx context.Context, w who, channels <-chan ssh.NewChannel) {
	var open sync.WaitGroup
	defer open.Wait()
	slots := make(chan struct{}, maxChannels)
	for c := range channels {
		if c.ChannelType() != "session" {
			_ = c.Reject(ssh.UnknownChannelType, "only sftp is served here")
			continue
		}
		select {
		case slots <- struct{}{}:
		default:
			_ = c.Reject(ssh.ResourceShortage, "too many channels")
			continue
		}
		channel, requests, err := c.Accept()
		if err != nil {
			<-slots
			continue
		}
		open.Go(func() {
			defer func() { <-slots }()
			s.channel(ctx, w, channel, requests)
		})
	}
}

// channel waits for the request for SFTP, and refuses every other one: shell,
// command, terminal.
func (s *Server) channel(ctx context.Context, w who, channel ssh.Channel, requests <-chan *ssh.Request) {
	defer channel.Close()
	for r := range requests {
		var subsystem struct{ Name string }
		ok := r.Type == "subsystem" && ssh.Unmarshal(r.Payload, &subsystem) == nil && subsystem.Name == "sftp"
		if r.WantReply {
			_ = r.Reply(ok, nil)
		}
		if ok {
			go ssh.DiscardRequests(requests)
			s.files(ctx, w, channel)
			return
		}
	}
}

// files serves the user's folder.
func (s *Server) files(ctx context.Context, w who, channel ssh.Channel) {
	a := w.account()
	root, err := openAccount(s.opts.Folder, a, w.door.layout)
	if err != nil {
		s.opts.Log.Error("sftp: open a user's folder", "shop", a.Shop, "partner", a.Partner, "user", a.Name, "error", err)
		return
	}
	defer root.Close()
	t := newTree(ctx, s, w, root)
	server := wire.NewRequestServer(channel, wire.Handlers{FileGet: t, FilePut: t, FileCmd: t, FileList: t})
	err = server.Serve()
	if err != nil && !errors.Is(err, io.EOF) && !errors.Is(err, os.ErrClosed) {
		s.opts.Log.Debug("sftp: a session broke off", "shop", a.Shop, "user", a.Name, "error", err)
	}
	_, _ = channel.SendRequest("exit-status", false, ssh.Marshal(struct{ Status uint32 }{0}))
}

// timedConn is a connection whose client must log in by a moment, and must not
// be silent for long after it.
type timedConn struct {
	net.Conn
	idle time.Duration

	mu    sync.Mutex
	until time.Time // zero: logged in
}

func (c *timedConn) loggedIn() {
	c.mu.Lock()
	c.until = time.Time{}
	c.mu.Unlock()
	_ = c.Conn.SetDeadline(c.deadline())
}

func (c *timedConn) deadline() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	if !c.until.IsZero() {
		return c.until
	}
	return time.Now().Add(c.idle)
}

// Read implements net.Conn.
func (c *timedConn) Read(b []byte) (int, error) {
	if err := c.Conn.SetReadDeadline(c.deadline()); err != nil {
		return 0, err
	}
	return c.Conn.Read(b)
}

// Write implements net.Conn.
func (c *timedConn) Write(b []byte) (int, error) {
	if err := c.Conn.SetWriteDeadline(c.deadline()); err != nil {
		return 0, err
	}
	return c.Conn.Write(b)
}
