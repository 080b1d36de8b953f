package sink_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/ordermux/ordermux/internal/mail"
	"github.com/ordermux/ordermux/internal/mail/sink"
)

func TestKeeps(t *testing.T) {
	t.Parallel()
	s, err := sink.Start(sink.Options{Keep: 2})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	server := &mail.Server{Host: s.Host(), Port: s.Port(), From: "hej@nordlys.example", TLS: "never"}
	sent := make(chan struct{})
	go func() {
		defer close(sent)
		for _, to := range []string{"a", "b", "c"} {
			err := server.Send(context.Background(), mail.Message{To: []string{to + "@kund.example"}, Subject: "Ärligt", Text: "Hej\n", HTML: "<p>Hej</p>", ID: to, At: time.Now()})
			if err != nil {
				t.Error(err)
			}
		}
	}()
	if _, err := s.Wait(t.Context(), 2); err != nil {
		t.Fatal(err)
	}
	<-sent
	if got := s.Mails(); len(got) != 2 || got[0].To[0] != "b@kund.example" || s.Texts() != 3 {
		t.Errorf("%d kept", len(got))
	}
	o, err := s.To("c@kund.example")[0].Open()
	if err != nil || o.Subject != "Ärligt" || o.Text != "Hej\n" || strings.TrimSpace(o.HTML) != "<p>Hej</p>" {
		t.Errorf("%+v, %v", o, err)
	}
	cancelled, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := s.Wait(cancelled, 100); err == nil {
		t.Error("waited for nothing")
	}
}

func TestTaken(t *testing.T) {
	t.Parallel()
	s, err := sink.Start(sink.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	if _, err := sink.Start(sink.Options{Address: s.Address()}); err == nil {
		t.Error("two at one address")
	}
}

func FuzzOpen(f *testing.F) {
	f.Add([]byte("Subject: =?utf-8?q?x?=\r\nContent-Type: text/plain\r\n\r\nHej"))
	f.Add([]byte("Content-Type: multipart/alternative; boundary=x\r\n\r\n--x\r\nContent-Type: text/html\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n=3Cp\r\n--x--"))
	f.Add([]byte("Content-Type: multipart/mixed; boundary=x\r\n\r\n--x\r\nContent-Type: multipart/mixed; boundary=x\r\n\r\n--x"))
	f.Fuzz(func(t *testing.T, b []byte) {
		if o, err := (sink.Mail{Data: b}).Open(); err == nil && len(o.Text)+len(o.HTML) > len(b) {
			t.Errorf("more came out than went in: %q", o.Text)
		}
	})
}
