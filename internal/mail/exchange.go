package mail

import (
	"context"
	"errors"
	"net"
	"net/textproto"
	"os"
	"regexp"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	"github.com/wneessen/go-mail"
	"github.com/wneessen/go-mail/smtp"
)

// portImplicitTLS is submission with TLS from the first byte (RFC 8314).
const portImplicitTLS = 465

// exchange has the conversation with the server: dial, TLS, login, and the
// mail if there is one. It returns the server's last word.
func (s *Server) exchange(ctx context.Context, msg *mail.Msg, leave func() bool) (string, error) {
	timeout := s.Timeout
	if timeout <= 0 {
		timeout = DefaultTimeout
	}
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	t := &talk{ctx: ctx}
	defer t.cut()
	c, err := s.client(t, timeout)
	if err != nil {
		return "", &Error{Stage: StageConnect, Text: mask(err.Error())}
	}
	conn, err := c.DialToSMTPClientWithContext(ctx)
	if err != nil {
		return "", t.notIn(err)
	}
	defer conn.Close() // QUIT before it, where the conversation is in order
	if msg == nil {
		_ = conn.Quit()
		return "", nil
	}
	if leave != nil && !leave() {
		_ = conn.Quit()
		return "", &Error{Stage: StageLeave, Text: "not sent: the hub's leave to send is over", Temporary: true}
	}
	err = c.SendWithSMTPClient(conn, msg)
	if msg.IsDelivered() { // what follows the server's word changes nothing
		_ = conn.Quit()
		return mask(msg.ServerResponse()), nil
	}
	// No QUIT now: the library's would end a text that was only half written,
	// and the server would take the half for the whole.
	return "", t.notSent(err)
}

// client makes the library's client for one conversation.
func (s *Server) client(t *talk, timeout time.Duration) (*mail.Client, error) {
	port := s.Port
	if port == 0 {
		port = mail.DefaultPortTLS
	}
	opts := []mail.Option{mail.WithTimeout(timeout), mail.WithPort(port), mail.WithoutNoop()}
	implicit := port == portImplicitTLS && s.TLS != "never"
	switch {
	case implicit || s.TLS == "never":
		opts = append(opts, mail.WithTLSPolicy(mail.NoTLS))
	case s.TLS == "always":
		opts = append(opts, mail.WithTLSPolicy(mail.TLSMandatory))
	default:
		opts = append(opts, mail.WithTLSPolicy(mail.TLSOpportunistic))
	}
	if s.Username != "" {
		t.login = &login{server: s, host: s.Host}
		opts = append(opts, mail.WithSMTPAuthCustom(t.login))
	}
	opts = append(opts, mail.WithDialContextFunc(t.dialer(s, implicit)))
	return mail.NewClient(s.Host, opts...)
}

// talk is what is known of a conversation beside the library's errors.
type talk struct {
	ctx   context.Context
	login *login // nil: none is wanted
	conn  *line
	stop  func() bool
}

// cut ends the connection, whatever the library left of it.
func (t *talk) cut() {
	if t.stop != nil {
		t.stop()
	}
	if t.conn != nil {
		t.conn.Close()
	}
}

// line is the connection. Its end is the conversation's: the library renews
// its own deadline with every step.
type line struct {
	net.Conn
	until time.Time
	over  atomic.Bool // the context has ended
}

func (l *line) SetDeadline(t time.Time) error {
	if l.over.Load() {
		return os.ErrDeadlineExceeded
	}
	if t.IsZero() || t.After(l.until) {
		t = l.until
	}
	return l.Conn.SetDeadline(t)
}

// dialer connects, and ties the connection to the context.
func (t *talk) dialer(s *Server, implicit bool) mail.DialContextFunc {
	return func(ctx context.Context, network, address string) (net.Conn, error) {
		conn, err := (&net.Dialer{Control: s.Control}).DialContext(ctx, network, address)
		if err != nil {
			return nil, err
		}
		until, _ := t.ctx.Deadline()
		l := &line{Conn: conn, until: until}
		t.conn = l
		t.stop = context.AfterFunc(t.ctx, func() {
			l.over.Store(true)
			l.Conn.SetDeadline(time.Unix(1, 0))
		})
		if !implicit {
			return l, nil
		}
		return secure(ctx, l, s.Host)
	}
}

// notIn is the error of a conversation that did not get as far as the mail.
func (t *talk) notIn(err error) error {
	e := t.explain(err)
	e.Stage, e.Temporary = StageConnect, true
	if t.login != nil && t.login.begun {
		// A server that is in trouble says so with 4xx, or goes away.
		e.Stage, e.Temporary = StageLogin, e.Code/100 == 4 || e.Code == 0 && !t.login.impossible
	}
	return e
}

// notSent is the error of a mail that was not taken, or not that we know.
func (t *talk) notSent(err error) error {
	e := t.explain(err)
	e.Temporary = e.Code/100 != 5
	var failed *mail.SendError
	if !errors.As(err, &failed) {
		e.Stage = StageData
		e.Unknown = e.Code == 0
		return e
	}
	switch failed.Reason {
	case mail.ErrGetSender, mail.ErrGetRcpts, mail.ErrNoUnencoded:
		e.Stage, e.Temporary = StageMessage, false
	case mail.ErrConnCheck:
		e.Stage = StageConnect
	case mail.ErrSMTPMailFrom:
		e.Stage = StageSender
	case mail.ErrSMTPRcptTo:
		e.Stage = StageRecipient
	case mail.ErrSMTPData, mail.ErrWriteContent: // the text's end has not gone out
		e.Stage = StageData
	default:
		e.Stage = StageData
		e.Unknown = e.Code == 0
	}
	return e
}

// explain finds the server's words in an error, or says in ours what it was.
func (t *talk) explain(err error) *Error {
	var said *textproto.Error
	var failed *mail.SendError
	var timeout interface{ Timeout() bool }
	switch {
	case errors.As(err, &said):
		return &Error{Code: said.Code, Text: mask(said.Msg)}
	case errors.As(err, &failed) && failed.ErrorCode() > 0:
		return &Error{Code: failed.ErrorCode(), Text: mask(answerOf(failed))}
	case t.ctx.Err() == context.DeadlineExceeded, errors.As(err, &timeout) && timeout.Timeout():
		return &Error{Text: inTime}
	case t.ctx.Err() != nil:
		return &Error{Text: "the conversation was ended: " + context.Cause(t.ctx).Error()}
	}
	if failed != nil {
		return &Error{Text: mask(answerOf(failed))}
	}
	return &Error{Text: mask(err.Error())}
}

const inTime = "the server did not answer in time"

// quoted is how the library shows a server's words: code, and text in quotes.
var quoted = regexp.MustCompile(`\b[45][0-9]{2} ("(?:[^"\\]|\\.)*")`)

// answerOf finds the server's words, or what broke the connection, in the
// library's error, which shows them only inside a text of its own.
func answerOf(failed *mail.SendError) string {
	text := failed.Error()
	if m := quoted.FindStringSubmatch(text); m != nil {
		if words, err := strconv.Unquote(m[1]); err == nil {
			return words
		}
	}
	text = strings.TrimPrefix(text, failed.Reason.String()+": ")
	text, _, _ = strings.Cut(text, ", affected ")
	switch {
	case text == "EOF":
		return "the connection was closed"
	case strings.HasSuffix(text, os.ErrDeadlineExceeded.Error()):
		return inTime
	}
	return text
}

// addresses finds whatever looks like one.
var addresses = regexp.MustCompile(`[^\s<>"'(),;:=\[\]]+@[^\s<>"'(),;:\[\]]+`)

// maxWords bounds what is kept of a server's words.
const maxWords = 300

// mask returns a server's words on one line, without addresses.
func mask(words string) string {
	words = addresses.ReplaceAllString(strings.Join(strings.Fields(words), " "), "[masked]")
	if len(words) > maxWords {
		words = strings.ToValidUTF8(words[:maxWords], "") + "…"
	}
	return strings.ToValidUTF8(words, "?")
}

var _ smtp.Auth = (*login)(nil)
