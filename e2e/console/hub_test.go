package console

import (
	"context"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/ordermux/ordermux/e2e/browser"
	"github.com/ordermux/ordermux/internal/api"
	"github.com/ordermux/ordermux/internal/app"
	"github.com/ordermux/ordermux/internal/config"
	"github.com/ordermux/ordermux/internal/mail/sink"
	"github.com/ordermux/ordermux/internal/partner/all"
	"github.com/ordermux/ordermux/internal/secret"
)

const token = "test-admin-token"

// hub is a running hub with a console, and a sandbox whose doors are its
// partners.
type hub struct {
	*testing.T
	app     *app.App
	sandbox string
	api     *api.Client
	mails   *sink.Sink
}

// startAt starts a hub with a configuration that is made for a mail server's
// port and a folder, and with what else is said.
func startAt(t *testing.T, sandbox string, configured func(port int, dir string) string, more ...func(*app.Options)) *hub {
	t.Helper()
	box, err := sink.Start(sink.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(box.Close)
	h := &hub{T: t, mails: box, sandbox: sandbox}
	dir := t.TempDir()
	file, text := filepath.Join(dir, "ordermux.yaml"), configured(box.Port(), dir)
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	cfg, err := config.Parse([]byte(text), config.Options{Partners: all.List(), CompileRule: app.CheckRule, Dir: dir})
	if err != nil {
		t.Fatal(err)
	}
	opts := app.Options{Config: cfg, Version: "test", Log: app.NewLog(t.Output(), slog.LevelError, "text")}
	for _, say := range more {
		say(&opts)
	}
	h.app = run(t, opts)
	if h.api, err = api.NewClient(h.app.URL(), secret.New(token), nil); err != nil {
		t.Fatal(err)
	}
	return h
}

func startSandbox(t *testing.T) string {
	t.Helper()
	return run(t, app.Options{
		Config: app.SandboxConfig("127.0.0.1:0", t.TempDir(), all.List()), Sandbox: true, Log: app.NewLog(t.Output(), slog.LevelError, "text"),
	}).URL()
}

func run(t *testing.T, opts app.Options) *app.App {
	t.Helper()
	a, err := app.New(t.Context(), opts)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- a.Run(ctx) }()
	t.Cleanup(func() {
		cancel()
		if err := <-done; err != nil {
			t.Errorf("stop: %v", err)
		}
	})
	return a
}

// give hands an order in by our API.
func (h *hub) give(order string) {
	h.Helper()
	if _, err := h.api.Post(h.Context(), "nordlys", "application/json", strings.NewReader(`{"order":`+order+`}`)); err != nil {
		h.Fatal(err)
	}
}

// password of every user.
const password = "correct horse battery"

// first makes the first user.
func (h *hub) first(t *testing.T, b *browser.Browser, name string) *browser.Tab {
	t.Helper()
	link, err := h.app.Welcome(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	tab := b.Open(t, h.app.URL()+link[strings.Index(link, "/welcome/"):]) // the public address may be another one
	tab.Fill("input[name=name]", name)
	tab.Fill("input[name=password]", password)
	tab.Click("main button")
	tab.Arrives(h.app.URL()+"/", "Nordlys")
	return tab
}
