package trustpilot_test

import (
	"bytes"
	"context"
	"fmt"
	"log/slog"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/ordermux/ordermux/internal/api"
	"github.com/ordermux/ordermux/internal/app"
	"github.com/ordermux/ordermux/internal/config"
	"github.com/ordermux/ordermux/internal/json"
	"github.com/ordermux/ordermux/internal/partner"
	"github.com/ordermux/ordermux/internal/partner/trustpilot"
	"github.com/ordermux/ordermux/internal/secret"
)

const (
	adminToken = "test-admin-token"
	unit       = "5f0c3b9a1d2e4f6071829304"
	userID     = "5f0c3c001d2e4f60718293aa"
	password   = "correct horse battery"
)

// door is the configuration of a door as a shop's program knows Trustpilot.
const door = `
      trustpilot:
        - {api_key: k3y-demo, api_secret: s3cret-demo, domains: [nordljus.example, www.nordljus.example], business_unit_id: ` + unit + `}
        - {kind: user, name: anna, user_email: anna@nordljus.example, user_password: ` + password + `, user_id: ` + userID + `}`

// hub is a running hub.
type hub struct {
	*app.App
	api  *api.Client
	stop func()
}

// startHub runs a hub that keeps its data in a folder.
func startHub(t *testing.T, dir, shop string) *hub {
	t.Helper()
	return startHubAt(t, dir, shop, nil)
}

// startHubAt does so with a clock of its own.
func startHubAt(t *testing.T, dir, shop string, now func() time.Time) *hub {
	t.Helper()
	partners := []partner.Partner{trustpilot.Partner}
	text := "listen: 127.0.0.1:0\ndata: ./data\nadmin_token: " + adminToken + "\npublic_url: https://hub.example\nshops:\n  nordljus:\n" +
		"    name: Nordljus Kaffe\n    currency: SEK\n    timezone: Europe/Stockholm\n" + shop
	cfg, err := config.Parse([]byte(text), config.Options{Partners: partners, CompileRule: app.CheckRule, Dir: dir})
	if err != nil {
		t.Fatal(err)
	}
	log := &buffer{}
	a, err := app.New(t.Context(), app.Options{Config: cfg, Partners: partners, Now: now, Log: app.NewLog(log, slog.LevelDebug, "text")})
	if err != nil {
		t.Fatal(err)
	}
	h := &hub{App: a}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- a.Run(ctx) }()
	var once sync.Once
	h.stop = func() {
		once.Do(func() {
			cancel()
			if err := <-done; err != nil {
				t.Errorf("stop: %v", err)
			}
			if t.Failed() {
				t.Logf("the hub's log:\n%s", log)
			}
		})
	}
	t.Cleanup(h.stop)
	if h.api, err = api.NewClient(h.URL(), secret.New(adminToken), nil); err != nil {
		t.Fatal(err)
	}
	return h
}

// buffer takes a log from many goroutines.
type buffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (b *buffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.Write(p)
}

func (b *buffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.String()
}

// installed is a folder with our script and the package that it uses, of the
// versions that the lock file names.
func installed(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	for _, name := range []string{"client.js", "package.json", "package-lock.json", ".npmrc"} {
		content, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, name), content, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	run(t, dir, "npm", "ci", "--ignore-scripts", "--prefer-offline")
	return dir
}

// run runs a program and returns what it printed.
func run(t *testing.T, dir string, name string, args ...string) string {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), name, args...)
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "NO_PROXY=127.0.0.1", "no_proxy=127.0.0.1")
	var errs bytes.Buffer
	cmd.Stderr = &errs
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("%s: %v\n%s%s", name, err, out, errs.Bytes())
	}
	return string(out)
}

// answers is what the script prints.
type answers struct {
	Tokens    []string         `json:"tokens"`
	Again     []string         `json:"again"`
	Unit      string           `json:"unit"`
	SameUnit  string           `json:"sameUnit"`
	Slashed   string           `json:"slashed"`
	Invited   []int            `json:"invited"`
	Templates []map[string]any `json:"templates"`
	Link      struct {
		ID  string `json:"id"`
		URL string `json:"url"`
	} `json:"link"`
	Deleted int `json:"deleted"`

	NoUnit      refusal `json:"noUnit"`
	NoUser      refusal `json:"noUser"`
	Malformed   refusal `json:"malformed"`
	NoToken     refusal `json:"noToken"`
	WrongSecret refusal `json:"wrongSecret"`
}

// refusal is an answer to a call that must fail.
type refusal struct {
	Status int            `json:"status"`
	Body   map[string]any `json:"body"`
}

// TestNodeClient lets Trustpilot's own client for Node work against a hub.
func TestNodeClient(t *testing.T) {
	t.Parallel()
	script := installed(t)
	h := startHub(t, t.TempDir(), "    doors:"+door+"\n    routes: {}\n")
	settings, err := json.Marshal(map[string]string{
		"base": h.URL() + "/trustpilot", "key": "k3y-demo", "secret": "s3cret-demo", "domain": "www.nordljus.example",
		"username": "anna@nordljus.example", "password": password, "user": userID,
	})
	if err != nil {
		t.Fatal(err)
	}
	var got answers
	if err := json.Unmarshal([]byte(run(t, script, "node", "client.js", string(settings))), &got); err != nil {
		t.Fatal(err)
	}
	got.check(t)
	for id, there := range map[string]bool{"SO-1": true, "SO-2": true, "SO-3": false, "SO-4": false, "SO-5": false} {
		state, err := h.api.Order(t.Context(), "nordljus", id)
		if (err == nil) != there {
			t.Errorf("order %s: %v", id, err)
		}
		// The last call had the customer deleted.
		if there && (state.Order == nil || state.Order.Customer != nil) {
			t.Errorf("order %s after its data was deleted: %+v", id, state.Order)
		}
	}
}

func (got *answers) check(t *testing.T) {
	t.Helper()
	if len(got.Tokens) != 2 || got.Tokens[0] == "" || got.Tokens[1] == "" || len(got.Again) != 2 || got.Again[0] == "" || got.Again[1] == "" {
		t.Errorf("tokens: %q %q", got.Tokens, got.Again)
	}
	if got.Unit != unit || got.SameUnit != unit || got.Slashed != unit {
		t.Errorf("business unit: %q %q %q", got.Unit, got.SameUnit, got.Slashed)
	}
	if fmt.Sprint(got.Invited) != "[202 202]" || got.Deleted/100 != 2 {
		t.Errorf("invited: %v, deleted: %d", got.Invited, got.Deleted)
	}
	if len(got.Templates) == 0 || got.Templates[0]["id"] == "" {
		t.Errorf("templates: %v", got.Templates)
	}
	if u, err := url.Parse(got.Link.URL); err != nil || !u.IsAbs() || got.Link.ID == "" {
		t.Errorf("link: %+v", got.Link)
	}
	f := func(r refusal, status int, member string, value any) {
		t.Helper()
		if r.Status != status || fmt.Sprint(r.Body[member]) != fmt.Sprint(value) {
			t.Errorf("%+v, want %d with %s %v", r, status, member, value)
		}
	}
	f(got.NoUnit, 404, "errorCode", 404)
	f(got.NoUser, 403, "errorCode", 1014)
	f(got.Malformed, 400, "errorCode", 1001)
	if got.NoToken.Status != 401 || got.NoToken.Body["fault"] == nil {
		t.Errorf("without a token: %+v", got.NoToken)
	}
	if got.WrongSecret.Status != 401 || got.WrongSecret.Body["fault"] == nil {
		t.Errorf("wrong secret: %+v", got.WrongSecret)
	}
}
