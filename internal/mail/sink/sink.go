// Package sink is a mail server that delivers nothing: it keeps what it gets
// and shows it. Demo, sandbox and tests mail to it, with faults on demand. It
// has an answer for whoever reaches its port, so it belongs on loopback.
package sink

import (
	"context"
	"crypto/tls"
	"fmt"
	"io"
	"log"
	"net"
	"slices"
	"sync"
	"time"

	"github.com/emersion/go-sasl"
	"github.com/emersion/go-smtp"

	"github.com/ordermux/ordermux/internal/mail"
)

// Options of a Sink.
type Options struct {
	Address            string      // "127.0.0.1:0" by default
	Username, Password string      // who may send; none: everybody
	TLS                *tls.Config // offers STARTTLS
	Keep               int         // most mails that are kept, the newest; 0: 10000
	Now                func() time.Time
}

// maxMail bounds a mail, in bytes.
const maxMail = 10 << 20

// Sink is a running server. Safe for concurrent use.
type Sink struct {
	opts     Options
	server   *smtp.Server
	listener net.Listener
	ended    chan struct{}
	once     sync.Once
	served   chan struct{}

	mu     sync.Mutex
	mails  []Mail
	faults []Fault
	more   chan struct{} // closed when a mail arrives
	calls  int
}

// Fault is what goes wrong, for the mails that it is about.
type Fault struct {
	To    string     `json:"to,omitzero"` // only mails to this address; "": all
	Stage mail.Stage `json:"stage"`       // StageLogin, StageSender, StageRecipient, StageData (after the text)
	// Code is the answer, such as 550 or 451; 0: as without the fault.
	Code  int           `json:"code,omitzero"`
	Words string        `json:"words,omitzero"` // of the answer
	Delay time.Duration `json:"delay,omitzero"` // before the answer
	// Drop closes the connection in place of an answer. The mail is not kept,
	// unless Taken says so: only the answer was lost.
	Drop  bool `json:"drop,omitzero"`
	Taken bool `json:"taken,omitzero"`
	Times int  `json:"times,omitzero"` // how often; 0: always
}

// Start listens and serves until Close.
func Start(opts Options) (*Sink, error) {
	if opts.Address == "" {
		opts.Address = "127.0.0.1:0"
	}
	if opts.Now == nil {
		opts.Now = time.Now
	}
	if opts.Keep == 0 {
		opts.Keep = 10_000
	}
	l, err := net.Listen("tcp", opts.Address)
	if err != nil {
		return nil, fmt.Errorf("mail sink: %w", err)
	}
	s := &Sink{opts: opts, listener: l, ended: make(chan struct{}), served: make(chan struct{}), more: make(chan struct{})}
	s.server = smtp.NewServer(smtp.BackendFunc(s.open))
	s.server.Domain, s.server.MaxMessageBytes, s.server.MaxRecipients = "sink.example", maxMail, 100
	s.server.ReadTimeout, s.server.WriteTimeout = time.Minute, time.Minute
	s.server.TLSConfig, s.server.AllowInsecureAuth = opts.TLS, opts.TLS == nil
	s.server.ErrorLog = log.New(io.Discard, "", 0)
	go func() {
		defer close(s.served)
		_ = s.server.Serve(l) // ends with Close
	}()
	return s, nil
}

// Close ends the server and its connections.
func (s *Sink) Close() {
	s.once.Do(func() { close(s.ended) })
	_ = s.server.Close()
	s.listener.Close() // the server knows of it only once it serves
	<-s.served
}

// Host and Port are where it listens.
func (s *Sink) Host() string { return s.listener.Addr().(*net.TCPAddr).IP.String() }

// Port is the port that it listens on.
func (s *Sink) Port() int { return s.listener.Addr().(*net.TCPAddr).Port }

// Address is host and port.
func (s *Sink) Address() string { return s.listener.Addr().String() }

// Fail adds a fault.
func (s *Sink) Fail(f Fault) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.faults = append(s.faults, f)
}

// Mend takes all faults back.
func (s *Sink) Mend() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.faults = nil
}

// Mails returns what was taken, oldest first.
func (s *Sink) Mails() []Mail {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.mails)
}

// To returns the mails to an address.
func (s *Sink) To(address string) []Mail {
	return slices.DeleteFunc(s.Mails(), func(m Mail) bool { return !slices.Contains(m.To, address) })
}

// Texts returns how many texts have come in whole, those included that a fault
// did not keep.
func (s *Sink) Texts() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.calls
}

// Wait returns the mails as soon as there are so many. The error is that of
// the context.
func (s *Sink) Wait(ctx context.Context, atLeast int) ([]Mail, error) {
	for {
		s.mu.Lock()
		mails, more := slices.Clone(s.mails), s.more
		s.mu.Unlock()
		if len(mails) >= atLeast {
			return mails, nil
		}
		select {
		case <-more:
		case <-ctx.Done():
			return mails, ctx.Err()
		}
	}
}

func (s *Sink) keep(m Mail) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.mails) >= s.opts.Keep {
		s.mails = slices.Delete(s.mails, 0, len(s.mails)-s.opts.Keep+1)
	}
	s.mails = append(s.mails, m)
	close(s.more)
	s.more = make(chan struct{})
}

// fault returns the fault of a stage for any of the addresses, and counts it.
func (s *Sink) fault(stage mail.Stage, to ...string) (Fault, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for i := range s.faults {
		f := &s.faults[i]
		if f.Stage != stage || f.Times < 0 || f.To != "" && !slices.Contains(to, f.To) {
			continue
		}
		found := *f
		if f.Times--; f.Times == 0 {
			f.Times = -1
		} else if f.Times < 0 {
			f.Times = 0 // always
		}
		return found, true
	}
	return Fault{}, false
}

// session is one conversation.
type session struct {
	sink *Sink
	conn *smtp.Conn
	in   bool // logged in
	from string
	to   []string
}

var _ smtp.AuthSession = (*session)(nil)

func (s *Sink) open(c *smtp.Conn) (smtp.Session, error) {
	return &session{sink: s, conn: c, in: s.opts.Username == ""}, nil
}

// play has a fault happen; the error is the answer. True: it decides.
func (s *session) play(f Fault) (error, bool) {
	if f.Delay > 0 {
		t := time.NewTimer(f.Delay)
		defer t.Stop()
		select {
		case <-t.C:
		case <-s.sink.ended:
		}
	}
	switch {
	case f.Drop:
		s.conn.Conn().Close()
		return &smtp.SMTPError{Code: 421, Message: "gone"}, true
	case f.Code > 0:
		words := f.Words
		if words == "" {
			words = "as ordered"
		}
		return &smtp.SMTPError{Code: f.Code, EnhancedCode: smtp.EnhancedCode{f.Code / 100, 0, 0}, Message: words}, true
	}
	return nil, false
}

func (s *session) at(stage mail.Stage, to ...string) (error, bool) {
	f, ok := s.sink.fault(stage, to...)
	if !ok {
		return nil, false
	}
	return s.play(f)
}

// Mail answers MAIL FROM.
func (s *session) Mail(from string, _ *smtp.MailOptions) error {
	if !s.in {
		return smtp.ErrAuthRequired
	}
	if err, over := s.at(mail.StageSender); over {
		return err
	}
	s.from = from
	return nil
}

// Rcpt answers RCPT TO.
func (s *session) Rcpt(to string, _ *smtp.RcptOptions) error {
	if err, over := s.at(mail.StageRecipient, to); over {
		return err
	}
	s.to = append(s.to, to)
	return nil
}

// Data takes the text; one that is cut off is not kept.
func (s *session) Data(r io.Reader) error {
	text, err := io.ReadAll(r)
	if err != nil {
		return err
	}
	m := Mail{From: s.from, To: s.to, Data: text, At: s.sink.opts.Now()}
	s.sink.mu.Lock()
	s.sink.calls++
	s.sink.mu.Unlock()
	if f, ok := s.sink.fault(mail.StageData, s.to...); ok {
		if f.Taken {
			s.sink.keep(m)
		}
		if err, over := s.play(f); over {
			return err
		}
		if f.Taken {
			return nil
		}
	}
	s.sink.keep(m)
	return nil
}

// Reset forgets the mail that was begun.
func (s *session) Reset() { s.from, s.to = "", nil }

// Logout ends the conversation.
func (s *session) Logout() error { return nil }

// AuthMechanisms are offered where a login is wanted.
func (s *session) AuthMechanisms() []string {
	if s.sink.opts.Username == "" {
		return nil
	}
	return []string{sasl.Plain}
}

// Auth checks a login.
func (s *session) Auth(string) (sasl.Server, error) {
	return sasl.NewPlainServer(func(_, username, password string) error {
		if err, over := s.at(mail.StageLogin); over {
			return err
		}
		s.in = username == s.sink.opts.Username && password == s.sink.opts.Password
		if !s.in {
			return smtp.ErrAuthFailed
		}
		return nil
	}), nil
}
