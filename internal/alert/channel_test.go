package alert_test

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/emersion/go-smtp"
	"github.com/ordermux/ordermux/internal/alert"
	"github.com/ordermux/ordermux/internal/config"
	"github.com/ordermux/ordermux/internal/outbound"
	"github.com/ordermux/ordermux/internal/secret"
	standardwebhooks "github.com/standard-webhooks/standard-webhooks/libraries/go"
)

// letter is a mail as the SMTP server got it.
type letter struct {
	from string
	to   []string
	text string
}

// post is an SMTP server in the test.
type post struct{ got chan letter }

func (p post) NewSession(*smtp.Conn) (smtp.Session, error) { return &session{post: p}, nil }

type session struct {
	post post
	letter
}

func (s *session) Mail(from string, _ *smtp.MailOptions) error { s.from = from; return nil }
func (s *session) Rcpt(to string, _ *smtp.RcptOptions) error   { s.to = append(s.to, to); return nil }
func (s *session) Reset()                                      { s.letter = letter{} }
func (s *session) Logout() error                               { return nil }

func (s *session) Data(r io.Reader) error {
	text, err := io.ReadAll(r)
	s.text = string(text)
	s.post.got <- s.letter
	return err
}

// mailServer starts an SMTP server and returns how to reach it.
func mailServer(t *testing.T) (config.SMTP, <-chan letter) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	p := post{got: make(chan letter, 10)}
	srv := smtp.NewServer(p)
	srv.Domain = "mail.example"
	done := make(chan struct{})
	go func() { defer close(done); _ = srv.Serve(l) }()
	t.Cleanup(func() { srv.Close(); <-done })
	return config.SMTP{
		Host: "127.0.0.1", Port: l.Addr().(*net.TCPAddr).Port, TLS: "never", From: "Nordlys <hej@nordlys.example>",
	}, p.got
}

func TestMail(t *testing.T) {
	t.Parallel()
	smtp, got := mailServer(t)
	b := newBook(memory{}, alert.NewMail(smtp, []string{"ops@nordlys.example", "boss@nordlys.example"}))
	reconcile(t, b, 0, blocked)
	first := <-got
	if first.from != "hej@nordlys.example" || len(first.to) != 2 {
		t.Errorf("from %s to %v", first.from, first.to)
	}
	for _, want := range []string{"Subject: [ordermux] nordlys/ads is blocked by the partner", "Auto-Submitted: auto-generated", "wrong key", "Since 2026-03-01T12:00:00Z"} {
		if !strings.Contains(first.text, want) {
			t.Errorf("%q is missing in\n%s", want, first.text)
		}
	}
	reconcile(t, b, time.Hour)
	if second := <-got; !strings.Contains(second.text, "Subject: [ordermux] over: nordlys/ads") || !strings.Contains(second.text, "It began at 2026-03-01T12:00:00Z") {
		t.Errorf("the end:\n%s", second.text)
	}
}

func TestMailServerAway(t *testing.T) {
	t.Parallel()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	port := l.Addr().(*net.TCPAddr).Port
	l.Close()
	m := alert.NewMail(config.SMTP{Host: "127.0.0.1", Port: port, TLS: "never", From: "a@nordlys.example"}, []string{"b@nordlys.example"})
	if err := m.Tell(t.Context(), alert.Notice{Trouble: full, Phase: alert.Raised}); err == nil {
		t.Error("no error")
	}
}

func TestWebhook(t *testing.T) {
	t.Parallel()
	key := "whsec_" + base64.StdEncoding.EncodeToString([]byte("0123456789abcdef0123456789abcdef"))
	verifier, err := standardwebhooks.NewWebhook(key)
	if err != nil {
		t.Fatal(err)
	}
	type got struct {
		Type string
		Data struct{ Kind, Shop, Route, Text, Since string }
	}
	bodies := make(chan got, 10)
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		var g got
		if err := verifier.Verify(body, r.Header); err != nil {
			t.Error(err)
		}
		if err := json.Unmarshal(body, &g); err != nil {
			t.Error(err)
		}
		bodies <- g
		w.WriteHeader(http.StatusNoContent)
	}))
	t.Cleanup(srv.Close)
	w := alert.NewWebhook(config.AlertWebhook{URL: srv.URL, Secret: secret.New(key)}, outbound.New(outbound.Options{}), time.Now)
	b := newBook(memory{}, w)
	reconcile(t, b, 0, blocked)
	reconcile(t, b, time.Hour)
	for _, want := range []string{"alert.raised", "alert.ended"} {
		if g := <-bodies; g.Type != want || g.Data.Kind != "route_blocked" || g.Data.Route != "ads" || g.Data.Since != "2026-03-01T12:00:00Z" {
			t.Errorf("want %s, got %+v", want, g)
		}
	}
}

func TestWebhookRefused(t *testing.T) {
	t.Parallel()
	srv := httptest.NewServer(http.NotFoundHandler())
	t.Cleanup(srv.Close)
	w := alert.NewWebhook(config.AlertWebhook{URL: srv.URL}, outbound.New(outbound.Options{}), time.Now)
	if err := w.Tell(context.Background(), alert.Notice{Trouble: full}); err == nil || !strings.Contains(err.Error(), "404") {
		t.Error(err)
	}
}
