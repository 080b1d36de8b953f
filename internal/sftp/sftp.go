// Package sftp takes partners' files by SFTP: each user has a folder of his own
// and sees nothing else. A file that was uploaded whole is read in the
// background and handed to the door that the user belongs to; then it moves to
// success or error, with a report beside it, or vanishes where the folders are
// the partner's own. README.md says what holds.
package sftp

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"os"
	"slices"
	"sync"
	"time"

	"golang.org/x/crypto/ssh"

	"github.com/ordermux/ordermux/internal/partner"
	"github.com/ordermux/ordermux/internal/secret"
)

// Kind is the kind of credential (partner.Field.Of) that SFTP users have.
const Kind = "sftp"

// Door is a partner's door whose files are taken.
type Door struct {
	Partner     string
	Credentials partner.Credentials
	// Of files of orders: who takes them, and how they are read.
	Intake partner.Intake
	Format partner.Format
	// Uploads take files of folders that are the partner's own; nil: they are
	// files of orders.
	Uploads *partner.Uploads

	user, password, keys string // names of the credential's fields
	layout               *layout
}

// DoorOf returns the door of a partner that has SFTP users; false: it has none.
// Credentials and Intake, or Uploads where the partner has its own folders, are
// yet to be set.
func DoorOf(p partner.Partner) (Door, bool) {
	d := Door{Partner: p.Name}
	for _, f := range p.Settings {
		if !f.Door || f.Of != Kind {
			continue
		}
		switch {
		case f.Credential:
			d.user = f.Name
		case f.Secret:
			d.password = f.Name
		case f.Kind == partner.List:
			d.keys = f.Name
		}
	}
	if d.user == "" || len(p.Formats) == 0 && p.Uploads == nil {
		return Door{}, false
	}
	if p.Uploads == nil {
		d.Format = p.Formats[0]
	}
	return d, true
}

// Shop is what the reading of a file needs to know of a shop.
type Shop struct {
	Currency string
	Location *time.Location
}

// Observer hears what the server does. Its methods must not block.
type Observer interface {
	// LoggedIn hears of a login, or of one that was refused.
	LoggedIn(ok bool)
	// Refused hears of a client that went away without having been let in.
	Refused(Refusal)
	// Imported hears of a file that was read to its end.
	Imported(Imported)
	// Waits hears that files of a shop wait for a trouble of ours, each time
	// that it was tried in vain; nil: it is over.
	Waits(ctx context.Context, shop string, err error)
}

// Imported is what became of a file.
type Imported struct {
	Shop, Partner, User      string // User is the credential's name
	Clean                    bool   // not one line was refused
	Taken, Refused, Repeated int    // lines
	Bytes                    int64
	Took                     time.Duration
}

// Options of a Server.
type Options struct {
	Folder  string      // of all users
	HostKey secret.Text // PEM, as NewHostKey makes it
	Doors   []Door
	Shop    func(id string) (Shop, bool)
	// Ready says why no file can be taken now; nil: it can.
	Ready func() error
	// Wrong counts a wrong login and returns how long its answer waits; answered
	// is called then.
	Wrong func(address string) (wait time.Duration, answered func())

	Observer Observer
	Log      *slog.Logger
	Limits   Limits
}

// Limits bound what clients may do; zero values are the defaults.
type Limits struct {
	File     int64         // bytes of one file; 1 GiB
	Handles  int           // open files of a session; 32
	Sessions int           // connections, those not logged in with them; 100
	PerUser  int           // sessions of one user; 10
	Login    time.Duration // until a client is logged in; 30 s
	Idle     time.Duration // without a byte; 10 min
	Look     time.Duration // between two looks for files left over; 30 s
	Retry    time.Duration // first pause after a trouble of ours; 1 s, at most 5 min
}

func (l Limits) withDefaults() Limits {
	orElse(&l.File, 1<<30)
	orElse(&l.Handles, 32)
	orElse(&l.Sessions, 100)
	orElse(&l.PerUser, 10)
	orElse(&l.Login, 30*time.Second)
	orElse(&l.Idle, 10*time.Minute)
	orElse(&l.Look, 30*time.Second)
	orElse(&l.Retry, time.Second)
	return l
}

func orElse[T int | int64 | time.Duration](v *T, without T) {
	if *v == 0 {
		*v = without
	}
}

// maxTries is how often a client may try to log in on one connection.
const maxTries = 6

// Server takes files. Make one with New; Serve and Import it, then Shutdown.
type Server struct {
	opts     Options
	config   ssh.ServerConfig
	importer *importer

	mu       sync.Mutex
	stopping bool
	listener net.Listener
	conns    map[net.Conn]bool
	users    map[account]int // sessions
	uploads  int             // open
	idle     chan struct{}   // closed when stopping and no upload is open
	sessions sync.WaitGroup
}

// New makes a server and the folder.
func New(opts Options) (*Server, error) {
	opts.Limits, opts.Doors = opts.Limits.withDefaults(), slices.Clone(opts.Doors)
	for i := range opts.Doors {
		opts.Doors[i].layout = layoutOf(&opts.Doors[i])
	}
	key, err := ssh.ParsePrivateKey([]byte(opts.HostKey.Reveal()))
	if err != nil {
		return nil, errors.New("host_key: no private key in PEM without a passphrase, as ssh-keygen makes it")
	}
	if err := os.MkdirAll(opts.Folder, 0o700); err != nil {
		return nil, fmt.Errorf("folder: %w", err)
	}
	s := &Server{opts: opts, conns: map[net.Conn]bool{}, users: map[account]int{}, idle: make(chan struct{})}
	s.config = ssh.ServerConfig{MaxAuthTries: maxTries, ServerVersion: "SSH-2.0-ordermux"}
	s.config.AddHostKey(key)
	s.importer = newImporter(s)
	return s, nil
}

// Serve takes connections until Shutdown; its error is nil then.
func (s *Server) Serve(l net.Listener) error {
	s.mu.Lock()
	s.listener = l
	stopping := s.stopping
	s.mu.Unlock()
	if stopping {
		return l.Close()
	}
	for {
		conn, err := l.Accept()
		switch {
		case s.isStopping():
			return nil
		case errors.Is(err, net.ErrClosed):
			return err
		case err != nil: // too many open files: others may close theirs
			s.opts.Log.Warn("sftp: accept", "error", err)
			time.Sleep(100 * time.Millisecond)
			continue
		}
		if !s.enter(conn) {
			_ = conn.Close()
			continue
		}
		s.sessions.Go(func() {
			defer s.leave(conn)
			s.serve(conn)
		})
	}
}

// Import reads uploaded files until ctx ends.
func (s *Server) Import(ctx context.Context) { s.importer.run(ctx) }

// Shutdown takes no new connections and no new files, waits for uploads that
// are under way until ctx ends, and closes every session.
func (s *Server) Shutdown(ctx context.Context) error {
	s.mu.Lock()
	if !s.stopping {
		s.stopping = true
		if s.uploads == 0 {
			close(s.idle)
		}
	}
	var err error
	if s.listener != nil {
		if err = s.listener.Close(); errors.Is(err, net.ErrClosed) {
			err = nil
		}
	}
	s.mu.Unlock()
	select {
	case <-s.idle:
		s.lastWords(ctx)
	case <-ctx.Done():
	}
	s.mu.Lock()
	for conn := range s.conns {
		_ = conn.Close()
	}
	s.mu.Unlock()
	s.sessions.Wait()
	return err
}

// lastWord is how long an answer may take on its way that is written already.
const lastWord = 250 * time.Millisecond

// lastWords lets clients hear that their last file was taken.
func (s *Server) lastWords(ctx context.Context) {
	s.mu.Lock()
	open := len(s.conns)
	s.mu.Unlock()
	if open == 0 {
		return
	}
	t := time.NewTimer(lastWord)
	defer t.Stop()
	select {
	case <-t.C:
	case <-ctx.Done():
	}
}

func (s *Server) isStopping() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.stopping
}

// enter counts a connection; false: there are too many.
func (s *Server) enter(conn net.Conn) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.stopping || len(s.conns) >= s.opts.Limits.Sessions {
		return false
	}
	s.conns[conn] = true
	return true
}

func (s *Server) leave(conn net.Conn) {
	_ = conn.Close()
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.conns, conn)
}

// enterUser counts a user's session; false: he has too many.
func (s *Server) enterUser(a account) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.users[a] >= s.opts.Limits.PerUser {
		return false
	}
	s.users[a]++
	return true
}

func (s *Server) leaveUser(a account) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.users[a]--; s.users[a] == 0 {
		delete(s.users, a)
	}
}

// beginUpload counts an open upload; false: the server stops.
func (s *Server) beginUpload() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.stopping {
		return false
	}
	s.uploads++
	return true
}

func (s *Server) endUpload() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.uploads--; s.uploads == 0 && s.stopping {
		close(s.idle)
	}
}
