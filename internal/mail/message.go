package mail

import (
	"fmt"
	netmail "net/mail"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/wneessen/go-mail"
)

// message writes m down as the library wants it, and returns its Message-ID.
// The error is an *Error of StageMessage that names the field, not its value.
func (s *Server) message(m Message) (*mail.Msg, string, error) {
	msg := mail.NewMsg(mail.WithNoDefaultUserAgent())
	from, err := s.from(m)
	if err != nil {
		return nil, "", err
	}
	msg.FromMailAddress(from)
	if err := recipients(msg, m); err != nil {
		return nil, "", err
	}
	if err := checkLine("Subject", m.Subject); err != nil {
		return nil, "", err
	}
	msg.Subject(m.Subject)
	msg.SetDateWithValue(m.At)
	_, domain, _ := strings.Cut(from.Address, "@")
	id := m.ID + "@" + domain
	if m.ID == "" || strings.ContainsFunc(id, func(r rune) bool { return r <= ' ' || r >= 0x7f || strings.ContainsRune("<>@", r) && r != '@' }) || strings.Count(id, "@") != 1 {
		return nil, "", unwritable("Message-ID", "is empty or holds characters that it must not")
	}
	msg.SetMessageIDWithValue(id)
	if err := header(msg, m.Header); err != nil {
		return nil, "", err
	}
	msg.SetBodyString(mail.TypeTextPlain, m.Text)
	if m.HTML != "" {
		msg.AddAlternativeString(mail.TypeTextHTML, m.HTML)
	}
	return msg, id, nil
}

// from is the sender: the message's address or the server's, with the name
// that the message wants.
func (s *Server) from(m Message) (*netmail.Address, error) {
	text := m.From
	if text == "" {
		text = s.From
	}
	from, err := address("From", text)
	if err != nil {
		return nil, err
	}
	if m.Sender != "" {
		if err := checkLine("From", m.Sender); err != nil {
			return nil, err
		}
		from.Name = m.Sender
	}
	return from, nil
}

func recipients(msg *mail.Msg, m Message) error {
	if len(m.To) == 0 {
		return unwritable("To", "is missing")
	}
	var to []*netmail.Address
	for _, text := range m.To {
		a, err := address("To", text)
		if err != nil {
			return err
		}
		to = append(to, a)
	}
	msg.ToMailAddress(to...)
	if m.ReplyTo == "" {
		return nil
	}
	a, err := address("Reply-To", m.ReplyTo)
	if err != nil {
		return err
	}
	msg.ReplyToMailAddress(a)
	return nil
}

// address reads one address. What is no plain address is refused: addresses
// go to the server on a line of their own.
func address(field, text string) (*netmail.Address, error) {
	if err := checkLine(field, text); err != nil {
		return nil, err
	}
	a, err := netmail.ParseAddress(text)
	if err != nil {
		return nil, unwritable(field, "is no mail address")
	}
	if strings.ContainsFunc(a.Address, func(r rune) bool { return r <= ' ' || r == 0x7f || strings.ContainsRune(`<>"\,;:`, r) }) {
		return nil, unwritable(field, "is a mail address with characters that are not sent")
	}
	return a, checkLine(field, a.Name) // encoded words may hide a line break
}

// owned are the header fields that a message has fields of its own for.
var owned = []string{"from", "to", "cc", "bcc", "reply-to", "sender", "subject", "date", "message-id", "mime-version", "content-type", "content-transfer-encoding", "return-path"}

func header(msg *mail.Msg, all map[string]string) error {
	for name, v := range all {
		if name == "" || strings.ContainsFunc(name, func(r rune) bool { return r <= ' ' || r >= 0x7f || r == ':' }) || slices.Contains(owned, strings.ToLower(name)) {
			return unwritable("a header field", "has a name that it can not have")
		}
		if err := checkLine(name, v); err != nil {
			return err
		}
		msg.SetGenHeader(mail.Header(name), v)
	}
	return nil
}

// checkLine refuses what would begin a new header field.
func checkLine(field, v string) error {
	if strings.ContainsFunc(v, func(r rune) bool { return r < ' ' && r != '\t' || r == 0x7f }) {
		return unwritable(field, "holds a line break or another control character")
	}
	if !utf8.ValidString(v) {
		return unwritable(field, "is not valid UTF-8")
	}
	return nil
}

func unwritable(field, what string) error {
	return &Error{Stage: StageMessage, Text: fmt.Sprintf("%s %s", field, what)}
}
