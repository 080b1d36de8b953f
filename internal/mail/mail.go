// Package mail hands mail to a server by SMTP, and says how far that got.
package mail

import (
	"context"
	"errors"
	"syscall"
	"time"

	"github.com/ordermux/ordermux/internal/secret"
)

// Server is where mail leaves.
type Server struct {
	Host, Username, From string // From: the sender's address where a message names none
	Port                 int    // 0: 587
	Password             secret.Text
	TLS                  string        // "starttls" (default: where offered), "always", "never"
	Timeout              time.Duration // of one mail, from dialling to the server's last word; 0: 30 s
	// Control is net.Dialer.Control: it may refuse an address; nil: none.
	Control func(network, address string, c syscall.RawConn) error
}

// DefaultTimeout bounds a mail of a server that names no time.
const DefaultTimeout = 30 * time.Second

// Message is one mail to one or more recipients. Addresses are as RFC 5322
// writes them: "Nordlys <hej@nordlys.example>".
type Message struct {
	From, ReplyTo string // From "": the server's
	Sender        string // the name beside the address of From, in place of the one there; "": that one
	To            []string
	Subject       string
	Text, HTML    string    // HTML "": text alone
	ID            string    // left of the @ of Message-ID
	At            time.Time // Date
	Header        map[string]string
	// Leave is asked once the server has let us in, right before the first
	// word about the mail: false, and nothing is said. Nil: yes.
	Leave func() bool
}

// Stage is how far a mail got.
type Stage string

// The stages.
const (
	StageMessage   Stage = "message"   // it can not be written: an address, a header field with a line break
	StageConnect   Stage = "connect"   // no connection, or no TLS
	StageLogin     Stage = "login"     // the server does not let us in
	StageLeave     Stage = "leave"     // Message.Leave said no
	StageSender    Stage = "sender"    // MAIL FROM
	StageRecipient Stage = "recipient" // RCPT TO
	StageData      Stage = "data"      // from DATA on: only without an answer it is unknown whether the mail went
)

// Error says where a mail ended. Its text holds no address and no password.
type Error struct {
	Stage     Stage
	Code      int    // the server's, 0: it said nothing
	Text      string // the server's words, masked
	Temporary bool   // the server, or the network, may think otherwise later
	Unknown   bool   // the text had gone out and no answer came: the mail may have been taken
}

func (e *Error) Error() string { return "mail: " + string(e.Stage) + ": " + e.Text }

// ErrNoServer is the error of a hub without a mail server.
var ErrNoServer = errors.New("no mail server is configured")

// Receipt is what is known of a mail that was taken.
type Receipt struct {
	ID     string // Message-ID, without its brackets
	Answer string // the server's words, masked
}

// Send hands a message over. Nil: the server has taken it. Errors: *Error, or
// ErrNoServer if the server is nil.
func (s *Server) Send(ctx context.Context, m Message) error {
	_, err := s.Hand(ctx, m)
	return err
}

// Hand hands a message over and returns what the server said to it. Errors are
// those of Send.
func (s *Server) Hand(ctx context.Context, m Message) (Receipt, error) {
	if s == nil {
		return Receipt{}, ErrNoServer
	}
	msg, id, err := s.message(m)
	if err != nil {
		return Receipt{}, err
	}
	answer, err := s.exchange(ctx, msg, m.Leave)
	return Receipt{ID: id, Answer: answer}, err
}

// Try connects and logs in without sending anything. Errors are those of Send.
func (s *Server) Try(ctx context.Context) error {
	if s == nil {
		return ErrNoServer
	}
	_, err := s.exchange(ctx, nil, nil)
	return err
}
