package form

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"testing"

	"github.com/ordermux/ordermux/e2e/browser"
	"github.com/ordermux/ordermux/internal/api"
	"github.com/ordermux/ordermux/internal/app"
	"github.com/ordermux/ordermux/internal/config"
	"github.com/ordermux/ordermux/internal/mail/sink"
	"github.com/ordermux/ordermux/internal/order"
	"github.com/ordermux/ordermux/internal/partner/all"
	"github.com/ordermux/ordermux/internal/secret"
)

const (
	hubHost  = "orders.nordlys.example"
	shopHost = "shop.nordlys.example"
	token    = "test-admin-token"
)

// hub is a running hub whose mails are kept.
type hub struct {
	*testing.T
	app  *app.App
	api  *api.Client
	sink *sink.Sink
}

func startHub(t *testing.T) *hub {
	t.Helper()
	box, err := sink.Start(sink.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(box.Close)
	h := &hub{T: t, sink: box}
	cfg, err := config.Parse([]byte(fmt.Sprintf(`
listen: 127.0.0.1:0
public_url: http://%s
data: ./data
admin_token: %s
smtp: {host: %s, port: %d, from: "Nordlys <hej@nordlys.example>", tls: never}
shops:
  nordlys:
    name: Nordlys Kaffe
    currency: SEK
    timezone: Europe/Stockholm
    reviews: {delay: 0}
    routes:
      mail: {partner: mail}
`, hubHost, token, box.Host(), box.Port())), config.Options{Partners: all.List(), CompileRule: app.CheckRule, Dir: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	h.app, err = app.New(t.Context(), app.Options{Config: cfg, Version: "test", Log: app.NewLog(t.Output(), slog.LevelWarn, "text")})
	if err != nil {
		t.Fatal(err)
	}
	h.run()
	if h.api, err = api.NewClient(h.app.URL(), secret.New(token), nil); err != nil {
		t.Fatal(err)
	}
	return h
}

func (h *hub) run() {
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- h.app.Run(ctx) }()
	h.Cleanup(func() {
		cancel()
		if err := <-done; err != nil {
			h.Errorf("stop: %v", err)
		}
	})
}

// address is where the hub listens.
func (h *hub) address() string { return strings.TrimPrefix(h.app.URL(), "http://") }

// invited hands an order in and returns the link of the mail that follows.
func (h *hub) invited(id, language, redirect string) string {
	h.Helper()
	said := fmt.Sprintf(`{"order":{"id":%[1]q,"locale":%[2]q,"customer":{"email":"%[1]s@kund.example","name":"Anna"},
		"lines":[{"product":{"code":"A1","name":"Brasilien, mellanrost"},"quantity":"1"}],
		"review":{"shop":{"redirect":%[3]q},"products":{"redirect":%[3]q}}}}`, id, language, redirect)
	if _, err := h.api.Post(h.Context(), "nordlys", "application/json", strings.NewReader(said)); err != nil {
		h.Fatal(err)
	}
	var link string
	browser.Eventually(h.T, "a mail to "+id, func() bool {
		for _, m := range h.sink.To(id + "@kund.example") {
			opened, err := m.Open()
			if err != nil {
				h.Fatal(err)
			}
			link = address.FindString(opened.Text)
		}
		return link != ""
	})
	return link
}

// address finds the form's in a mail.
var address = regexp.MustCompile(`http://` + regexp.QuoteMeta(hubHost) + `/review/nordlys/[A-Za-z0-9_-]+`)

// said returns the happenings of one kind that the ledger has of an order.
func (h *hub) said(id string, kind order.Kind) (list []*order.Happening) {
	h.Helper()
	state, err := h.api.Order(h.Context(), "nordlys", id)
	if err != nil {
		h.Fatal(err)
	}
	for _, e := range state.Events {
		if e.Kind == kind && e.Happening != nil {
			list = append(list, e.Happening)
		}
	}
	return list
}

// startShop is the shop's own site, where customers are led afterwards.
func startShop(t *testing.T) (address string) {
	t.Helper()
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/tack" { // as sites do: on to another address of theirs
			http.Redirect(w, r, "http://www."+shopHost+"/tack/", http.StatusFound)
			return
		}
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		_, _ = io.WriteString(w, "<!doctype html><title>Nordlys</title><p>Välkommen tillbaka, referrer: "+r.Referer()+".")
	}))
	t.Cleanup(srv.Close)
	return strings.TrimPrefix(srv.URL, "http://")
}
