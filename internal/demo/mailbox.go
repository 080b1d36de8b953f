package demo

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"slices"
	"time"

	"github.com/ordermux/ordermux/internal/json"
	"github.com/ordermux/ordermux/internal/mail/sink"
)

// Letter is a mail that the mailbox took.
type Letter struct {
	To      []string `json:"to"`
	Subject string   `json:"subject"`
	Text    string   `json:"text"`
}

// mailbox is the mail server of all customers: it keeps what it gets and tells
// it to whoever asks.
//
//	GET /mails  lists what it took, a Letter per line
type mailbox struct {
	sink *sink.Sink
	// drop names an address whose mail it takes well and loses: a planted loss.
	drop string
}

var _ http.Handler = (*mailbox)(nil)

// ServeHTTP implements http.Handler.
func (m *mailbox) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.Method+" "+r.URL.Path != "GET /mails" {
		http.NotFound(w, r)
		return
	}
	w.Header().Set("Content-Type", "application/x-ndjson")
	out := json.NewEncoder(w)
	for _, mail := range m.sink.Mails() {
		if m.drop != "" && slices.Contains(mail.To, m.drop) {
			continue
		}
		opened, err := mail.Open()
		if err == nil {
			err = json.MarshalEncode(out, Letter{To: mail.To, Subject: opened.Subject, Text: opened.Text})
		}
		if err != nil {
			return // the asker is gone, or sees that something is missing
		}
	}
}

func runMailbox(ctx context.Context, p Part, out io.Writer) error {
	s, err := sink.Start(sink.Options{})
	if err != nil {
		return err
	}
	defer s.Close()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	srv := &http.Server{Handler: &mailbox{sink: s, drop: p.Drop}, ReadHeaderTimeout: 10 * time.Second}
	if _, err := fmt.Fprintf(out, "{\"url\":\"http://%s\",\"smtp_port\":%d}\n", l.Addr(), s.Port()); err != nil {
		return errors.Join(err, l.Close())
	}
	return serveUntil(ctx, srv, l)
}

// serveUntil serves until ctx ends.
func serveUntil(ctx context.Context, srv *http.Server, l net.Listener) error {
	stopped := make(chan error, 1)
	go func() {
		<-ctx.Done()
		stopped <- srv.Close()
	}()
	if err := srv.Serve(l); !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	return <-stopped
}

// letters asks the mailbox what it has.
func letters(ctx context.Context, address string) ([]Letter, error) {
	body, err := get(ctx, address+"/mails", "")
	if err != nil {
		return nil, fmt.Errorf("ask the mailbox: %w", err)
	}
	var out []Letter
	for d := json.NewDecoder(body); ; {
		var l Letter
		if err := json.UnmarshalDecode(d, &l); errors.Is(err, io.EOF) {
			return out, nil
		} else if err != nil {
			return nil, fmt.Errorf("ask the mailbox: %w", err)
		}
		out = append(out, l)
	}
}
