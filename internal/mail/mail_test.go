package mail_test

import (
	"bufio"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io"
	"math/big"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/ordermux/ordermux/internal/mail"
	"github.com/ordermux/ordermux/internal/mail/sink"
	"github.com/ordermux/ordermux/internal/secret"
)

func start(t *testing.T, opts sink.Options) (*sink.Sink, *mail.Server) {
	t.Helper()
	s, err := sink.Start(opts)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Close)
	return s, &mail.Server{Host: s.Host(), Port: s.Port(), From: "Nordlys <hej@nordlys.example>", TLS: "never"}
}

func message() mail.Message {
	return mail.Message{
		To: []string{"Eva Lind <eva@kund.example>"}, Subject: "Hur gick det? Ärligt talat – så här långa rader bryts, och kommer fram som de var",
		Text: "Hej Eva!\n.\nEn rad med bara en punkt.\n", HTML: "<p>Hej Eva!</p>", ID: "key-1",
		At: time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC), ReplyTo: "Kundtjänst <svar@nordlys.example>",
		Header: map[string]string{"List-Unsubscribe": "<https://hub.example/off>", "List-Unsubscribe-Post": "List-Unsubscribe=One-Click"},
	}
}

func TestSend(t *testing.T) {
	t.Parallel()
	s, server := start(t, sink.Options{})
	m := message()
	m.Sender = "Nordlys Kaffe å Te"
	receipt, err := server.Hand(t.Context(), m)
	if err != nil {
		t.Fatal(err)
	}
	if receipt.ID != "key-1@nordlys.example" || receipt.Answer == "" {
		t.Errorf("%+v", receipt)
	}
	got := s.Mails()
	if len(got) != 1 || got[0].From != "hej@nordlys.example" || len(got[0].To) != 1 || got[0].To[0] != "eva@kund.example" {
		t.Fatalf("%+v", got)
	}
	o, err := got[0].Open()
	if err != nil {
		t.Fatal(err)
	}
	from, err := o.Header.AddressList("From")
	if err != nil || from[0].Name != m.Sender {
		t.Errorf("From: %v, %v", from, err)
	}
	for name, want := range map[string]string{
		"Message-Id": "<key-1@nordlys.example>", "Date": "Sun, 01 Mar 2026 12:00:00 +0000", "Auto-Submitted": "",
		"List-Unsubscribe": "<https://hub.example/off>", "List-Unsubscribe-Post": "List-Unsubscribe=One-Click", "User-Agent": "",
	} {
		if got := o.Header.Get(name); got != want {
			t.Errorf("%s: %q, want %q", name, got, want)
		}
	}
	if o.Subject != m.Subject || o.Text != m.Text || strings.TrimSpace(o.HTML) != m.HTML {
		t.Errorf("came out otherwise: %+v", o)
	}
}

// expect sends and compares how it failed.
func expect(t *testing.T, server *mail.Server, m mail.Message, want mail.Error) *mail.Error {
	t.Helper()
	err := server.Send(t.Context(), m)
	var e *mail.Error
	if !errors.As(err, &e) {
		t.Fatalf("%v is no *mail.Error", err)
	}
	if e.Stage != want.Stage || e.Code != want.Code || e.Temporary != want.Temporary || e.Unknown != want.Unknown {
		t.Errorf("got %+v, want %+v", *e, want)
	}
	if strings.Contains(e.Error(), "eva@") {
		t.Errorf("names an address: %s", e)
	}
	return e
}

func TestFaults(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		fault sink.Fault
		want  mail.Error
		kept  int
	}{
		"sender refused":        {sink.Fault{Stage: mail.StageSender, Code: 550}, mail.Error{Stage: mail.StageSender, Code: 550}, 0},
		"recipient refused":     {sink.Fault{Stage: mail.StageRecipient, Code: 550, To: "eva@kund.example", Words: "<eva@kund.example> unknown"}, mail.Error{Stage: mail.StageRecipient, Code: 550}, 0},
		"recipient put off":     {sink.Fault{Stage: mail.StageRecipient, Code: 451}, mail.Error{Stage: mail.StageRecipient, Code: 451, Temporary: true}, 0},
		"recipient, cut off":    {sink.Fault{Stage: mail.StageRecipient, Drop: true}, mail.Error{Stage: mail.StageRecipient, Temporary: true}, 0},
		"text refused":          {sink.Fault{Stage: mail.StageData, Code: 554}, mail.Error{Stage: mail.StageData, Code: 554}, 0},
		"text put off":          {sink.Fault{Stage: mail.StageData, Code: 452}, mail.Error{Stage: mail.StageData, Code: 452, Temporary: true}, 0},
		"cut off after text":    {sink.Fault{Stage: mail.StageData, Drop: true}, mail.Error{Stage: mail.StageData, Temporary: true, Unknown: true}, 0},
		"taken, answer is lost": {sink.Fault{Stage: mail.StageData, Drop: true, Taken: true}, mail.Error{Stage: mail.StageData, Temporary: true, Unknown: true}, 1},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s, server := start(t, sink.Options{})
			s.Fail(c.fault)
			expect(t, server, message(), c.want)
			if got := len(s.Mails()); got != c.kept {
				t.Errorf("%d mails kept, want %d", got, c.kept)
			}
			s.Mend()
			if err := server.Send(t.Context(), message()); err != nil {
				t.Errorf("afterwards: %v", err)
			}
		})
	}
}

// A server that takes its time has the time that it was given, and no more.
func TestSlowServer(t *testing.T) {
	t.Parallel()
	s, server := start(t, sink.Options{})
	s.Fail(sink.Fault{Stage: mail.StageData, Delay: time.Hour})
	server.Timeout = 2 * time.Second
	e := expect(t, server, message(), mail.Error{Stage: mail.StageData, Temporary: true, Unknown: true})
	if !strings.Contains(e.Text, "in time") {
		t.Errorf("%s", e.Text)
	}
	s.Mend()
	s.Fail(sink.Fault{Stage: mail.StageRecipient, Delay: time.Hour})
	ctx, cancel := context.WithCancel(t.Context())
	time.AfterFunc(50*time.Millisecond, cancel)
	server.Timeout = 0
	var cut *mail.Error
	if err := server.Send(ctx, message()); !errors.As(err, &cut) || cut.Stage != mail.StageRecipient || cut.Unknown || !cut.Temporary {
		t.Errorf("cut by the caller: %v", err)
	}
	s.Mend()
	s.Fail(sink.Fault{Stage: mail.StageRecipient, Delay: 50 * time.Millisecond})
	if err := server.Send(t.Context(), message()); err != nil {
		t.Errorf("a slow server: %v", err)
	}
}

// When the connection breaks in the middle of a text, its end must not be
// written: the server would take what it has for the whole.
func TestHalfATextIsNoMail(t *testing.T) {
	t.Parallel()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	ended := make(chan bool, 1)
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	go func() {
		conn, err := l.Accept()
		if err != nil {
			return
		}
		defer conn.Close()
		r := bufio.NewReader(conn)
		io.WriteString(conn, "220 slow.example\r\n")
		for {
			line, err := r.ReadString('\n')
			if err != nil {
				return
			}
			if strings.HasPrefix(line, "DATA") {
				io.WriteString(conn, "354 go ahead\r\n")
				break
			}
			io.WriteString(conn, "250 fine\r\n")
		}
		if _, err := r.ReadString('\n'); err != nil { // the text begins
			return
		}
		cancel()
		rest, _ := io.ReadAll(r)
		ended <- strings.Contains(string(rest), "\r\n.\r\n")
	}()
	server := &mail.Server{Host: "127.0.0.1", Port: l.Addr().(*net.TCPAddr).Port, From: "a@nordlys.example", TLS: "never"}
	m := message()
	m.Text = strings.Repeat("A long text that no buffer on the way holds as a whole.\n", 400_000)
	err = server.Send(ctx, m)
	var e *mail.Error
	if !errors.As(err, &e) || e.Stage != mail.StageData || e.Unknown || !e.Temporary {
		t.Errorf("%v", err)
	}
	if <-ended {
		t.Error("the end of the text was written")
	}
}

func TestNoConnection(t *testing.T) {
	t.Parallel()
	s, server := start(t, sink.Options{})
	s.Close()
	expect(t, server, message(), mail.Error{Stage: mail.StageConnect, Temporary: true})
	server.TLS = "always"
	_, open := start(t, sink.Options{})
	open.TLS = "always" // which the sink does not offer
	expect(t, open, message(), mail.Error{Stage: mail.StageConnect, Temporary: true})
	var none *mail.Server
	if err := none.Send(t.Context(), message()); !errors.Is(err, mail.ErrNoServer) {
		t.Errorf("%v", err)
	}
}

func TestLogin(t *testing.T) {
	t.Parallel()
	s, server := start(t, sink.Options{Username: "nordlys", Password: "hush"})
	expect(t, server, message(), mail.Error{Stage: mail.StageSender, Code: 502})
	server.Username, server.Password = "nordlys", secret.New("wrong")
	expect(t, server, message(), mail.Error{Stage: mail.StageLogin, Code: 535})
	server.Password = secret.New("hush")
	if err := server.Send(t.Context(), message()); err != nil {
		t.Error(err)
	}
	if err := server.Try(t.Context()); err != nil {
		t.Error(err)
	}
	s.Fail(sink.Fault{Stage: mail.StageLogin, Code: 454, Times: 1})
	expect(t, server, message(), mail.Error{Stage: mail.StageLogin, Code: 454, Temporary: true})
	if err := server.Send(t.Context(), message()); err != nil {
		t.Errorf("once only: %v", err)
	}
	_, open := start(t, sink.Options{})
	open.Username, open.Password = "nordlys", secret.New("hush")
	expect(t, open, message(), mail.Error{Stage: mail.StageLogin})
}

// A certificate that nobody vouches for is no TLS.
func TestTLS(t *testing.T) {
	t.Parallel()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), NotAfter: time.Now().Add(time.Hour), IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	s, server := start(t, sink.Options{TLS: &tls.Config{Certificates: []tls.Certificate{{Certificate: [][]byte{der}, PrivateKey: key}}}})
	for _, policy := range []string{"always", "starttls", ""} {
		server.TLS = policy
		expect(t, server, message(), mail.Error{Stage: mail.StageConnect, Temporary: true})
	}
	server.TLS = "never"
	if err := server.Send(t.Context(), message()); err != nil || len(s.Mails()) != 1 {
		t.Errorf("without TLS: %v", err)
	}
}

func TestLeave(t *testing.T) {
	t.Parallel()
	s, server := start(t, sink.Options{})
	m := message()
	m.Leave = func() bool { return false }
	expect(t, server, m, mail.Error{Stage: mail.StageLeave, Temporary: true})
	if s.Texts() != 0 {
		t.Error("it was sent")
	}
	m.Leave = func() bool { return true }
	if err := server.Send(t.Context(), m); err != nil {
		t.Error(err)
	}
}

// What could begin a header field of its own is refused before a word is said.
func TestNoLineBreaks(t *testing.T) {
	t.Parallel()
	s, server := start(t, sink.Options{})
	f := func(change func(*mail.Message)) {
		t.Helper()
		m := message()
		change(&m)
		expect(t, server, m, mail.Error{Stage: mail.StageMessage})
	}
	for _, evil := range []string{"x\r\nBcc: a@evil.example", "x\nBcc: a@evil.example", "x\rBcc: a@evil.example", "x\x00"} {
		f(func(m *mail.Message) { m.Subject = evil })
		f(func(m *mail.Message) { m.Sender = evil })
		f(func(m *mail.Message) { m.From = evil + " <a@nordlys.example>" })
		f(func(m *mail.Message) { m.From = `"` + evil + `" <a@nordlys.example>` })
		f(func(m *mail.Message) { m.ReplyTo = evil + " <a@nordlys.example>" })
		f(func(m *mail.Message) { m.To = []string{evil + " <eva@kund.example>"} })
		f(func(m *mail.Message) { m.To = []string{"eva@kund.example" + evil} })
		f(func(m *mail.Message) { m.ID = evil })
		f(func(m *mail.Message) { m.Header = map[string]string{"List-Unsubscribe": evil} })
		f(func(m *mail.Message) { m.Header = map[string]string{evil: "x"} })
	}
	// An encoded word that holds one.
	f(func(m *mail.Message) { m.To = []string{"=?utf-8?q?x=0D=0ABcc:_a?= <eva@kund.example>"} })
	f(func(m *mail.Message) { m.To = []string{`"eva>\r\nRCPT TO:<x"@kund.example`} })
	f(func(m *mail.Message) { m.To = []string{`"eva lind"@kund.example`} })
	// Nobody, nothing, not an address, a field that the message has itself.
	f(func(m *mail.Message) { m.To = nil })
	f(func(m *mail.Message) { m.To = []string{"eva"} })
	f(func(m *mail.Message) { m.To = []string{"eva@kund.example, ola@kund.example"} })
	f(func(m *mail.Message) { m.ID = "" })
	f(func(m *mail.Message) { m.ID = "a@b" })
	f(func(m *mail.Message) { m.Subject = "\xff" })
	f(func(m *mail.Message) { m.Header = map[string]string{"Bcc": "ola@kund.example"} })
	if s.Texts() != 0 {
		t.Error("something was sent")
	}
}

// One recipient that is refused takes the mail from the others too: a mail goes
// to all or to nobody.
func TestAllOrNobody(t *testing.T) {
	t.Parallel()
	s, server := start(t, sink.Options{})
	s.Fail(sink.Fault{Stage: mail.StageRecipient, To: "ola@kund.example", Code: 550})
	m := message()
	m.To = append(m.To, "ola@kund.example")
	expect(t, server, m, mail.Error{Stage: mail.StageRecipient, Code: 550})
	if s.Texts() != 0 {
		t.Error("it was sent to one of them")
	}
}

func FuzzHeader(f *testing.F) {
	f.Add("Nordlys", "Eva <eva@kund.example>", "Hej", "x")
	f.Add("a\r\nb", "=?utf-8?b?DQo=?= <a@b>", "\n", "\r")
	f.Fuzz(func(t *testing.T, sender, to, subject, value string) {
		ok, text := mail.Written(&mail.Server{From: "a@nordlys.example"}, mail.Message{
			Sender: sender, To: []string{to}, Subject: subject, Text: "text", ID: "id", Header: map[string]string{"X-One": value},
		})
		if !ok {
			return
		}
		head, _, _ := strings.Cut(text, "\r\n\r\n")
		for line := range strings.SplitSeq(head, "\r\n") {
			name, _, _ := strings.Cut(line, ":")
			if strings.HasPrefix(line, " ") || strings.HasPrefix(line, "\t") {
				continue
			}
			switch name {
			case "Date", "MIME-Version", "Message-ID", "Subject", "X-One", "From", "To", "Content-Transfer-Encoding", "Content-Type":
			default:
				t.Errorf("a header field that nobody asked for: %q", line)
			}
		}
	})
}
