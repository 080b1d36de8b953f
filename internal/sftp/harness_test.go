package sftp

import (
	"bufio"
	"bytes"
	"context"
	"crypto/ed25519"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"iter"
	"log/slog"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	wire "github.com/pkg/sftp"
	"golang.org/x/crypto/ssh"

	"github.com/ordermux/ordermux/e2e/tool"
	"github.com/ordermux/ordermux/internal/order"
	"github.com/ordermux/ordermux/internal/partner"
	"github.com/ordermux/ordermux/internal/secret"
)

// listFormat is a file of numbers: each line is an order; "bad" is a fault.
var listFormat = partner.Format{
	Name:      "list",
	Separator: func([]byte) byte { return ';' },
	Read: func(r io.Reader, _ partner.ReadOptions) iter.Seq2[partner.Row, error] {
		return func(yield func(partner.Row, error) bool) {
			lines := bufio.NewScanner(r)
			n := 0
			for lines.Scan() {
				n++
				id := lines.Text()
				row := partner.Row{Line: n, LastLine: n}
				var err error
				if id == "bad" {
					err = partner.CellFaults{{Line: n, Column: "id", Value: id, Reason: "is bad; really"}}
				} else {
					row.Entries = []order.Entry{{Subject: order.Subject{Kind: order.SubjectOrder, ID: id}, Statement: &order.Statement{Order: order.Order{ID: id}}}}
				}
				if !yield(row, err) {
					return
				}
			}
			if n == 0 {
				yield(partner.Row{}, &partner.Unreadable{Reason: "the file is empty"})
			}
		}
	},
}

// users are credentials by name of user.
type users struct {
	mu   sync.Mutex
	list map[string]partner.Grant
	err  error
}

var _ partner.Credentials = (*users)(nil)

func (u *users) Find(_ context.Context, kind, presented string) (partner.Grant, bool, error) {
	u.mu.Lock()
	defer u.mu.Unlock()
	if kind != "sftp_user" {
		return partner.Grant{}, false, fmt.Errorf("asked for %s", kind)
	}
	g, ok := u.list[presented]
	return g, ok, u.err
}

func (u *users) Check(_ context.Context, g partner.Grant, field, presented string) (bool, error) {
	return g.Settings[field].Secret.Is(presented), nil
}

func (u *users) List(_ context.Context, shop, of string) (out []partner.Grant, err error) {
	u.mu.Lock()
	defer u.mu.Unlock()
	for _, g := range u.list {
		if g.Shop == shop && g.Of == of {
			out = append(out, g)
		}
	}
	return out, u.err
}

func (u *users) All(context.Context, string) ([]partner.Grant, error) { return nil, nil }

func (u *users) add(user, shop, name, password string, keys ...string) {
	u.mu.Lock()
	defer u.mu.Unlock()
	u.list[user] = partner.Grant{Shop: shop, Name: name, Of: Kind, Settings: partner.Settings{
		"sftp_password": {Secret: secret.New(password)}, "sftp_keys": {List: keys},
	}}
}

// ledger takes orders, once each.
type ledger struct {
	mu    sync.Mutex
	known map[string]bool
	said  []order.Entry
	calls int
	fail  error         // of the next calls
	hold  chan struct{} // calls wait for it; nil: they do not
}

var _ partner.Intake = (*ledger)(nil)

func (l *ledger) Append(ctx context.Context, shop string, entries []order.Entry) ([]order.Receipt, error) {
	l.mu.Lock()
	hold, err := l.hold, l.fail
	l.calls++
	l.mu.Unlock()
	if hold != nil {
		select {
		case <-hold:
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
	if err != nil {
		return nil, err
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	out := make([]order.Receipt, len(entries))
	for i, e := range entries {
		key := shop + "/" + e.Subject.ID
		out[i] = order.Receipt{Subject: e.Subject, Kind: order.KindPlaced, Known: l.known[key]}
		if !l.known[key] {
			l.known[key], l.said = true, append(l.said, e)
		}
	}
	return out, nil
}

func (l *ledger) set(err error) {
	l.mu.Lock()
	l.fail = err
	l.mu.Unlock()
}

func (l *ledger) orders() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return len(l.known)
}

// heard is an Observer.
type heard struct {
	mu       sync.Mutex
	imported []Imported
	waits    []error
	logins   map[bool]int
	turned   []Refusal
}

var _ Observer = (*heard)(nil)

func (h *heard) LoggedIn(ok bool)  { h.mu.Lock(); h.logins[ok]++; h.mu.Unlock() }
func (h *heard) Refused(r Refusal) { h.mu.Lock(); h.turned = append(h.turned, r); h.mu.Unlock() }
func (h *heard) Imported(i Imported) {
	h.mu.Lock()
	h.imported = append(h.imported, i)
	h.mu.Unlock()
}
func (h *heard) Waits(_ context.Context, _ string, err error) {
	h.mu.Lock()
	h.waits = append(h.waits, err)
	h.mu.Unlock()
}

func (h *heard) files() []Imported {
	h.mu.Lock()
	defer h.mu.Unlock()
	return append([]Imported(nil), h.imported...)
}

func (h *heard) waited() []error {
	h.mu.Lock()
	defer h.mu.Unlock()
	return append([]error(nil), h.waits...)
}

func (h *heard) turnedAway() []Refusal {
	h.mu.Lock()
	defer h.mu.Unlock()
	return append([]Refusal(nil), h.turned...)
}

func (h *heard) refused() int {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.logins[false]
}

// world is a server with two users of two shops: nils and ada.
type world struct {
	t      *testing.T
	dir    string // of the test
	folder string
	*Server
	addr   string
	users  *users
	ledger *ledger
	heard  *heard
	ready  func() error
	slowed time.Duration
	stop   func()
}

// fastLimits are for tests.
var fastLimits = Limits{Look: 20 * time.Millisecond, Retry: time.Millisecond}

func newWorld(t *testing.T, tweaks ...func(*Options)) *world {
	t.Helper()
	dir := t.TempDir()
	w := &world{
		t: t, dir: dir, folder: filepath.Join(dir, "sftp"),
		users: &users{list: map[string]partner.Grant{}}, ledger: &ledger{known: map[string]bool{}},
	}
	w.users.add("nils", "nordlys", "default", "correct horse", publicLine(t, key(t, dir, "nils")))
	w.users.add("ada", "fjord", "default", "battery staple")
	w.start(tweaks...)
	return w
}

// start starts a server on the world's folder; again after stop.
func (w *world) start(tweaks ...func(*Options)) {
	t := w.t
	t.Helper()
	hostKey, err := LoadOrCreateHostKey(filepath.Join(w.dir, "host_key"))
	if err != nil {
		t.Fatal(err)
	}
	w.heard = &heard{logins: map[bool]int{}}
	opts := Options{
		Folder: w.folder, HostKey: hostKey, Limits: fastLimits,
		Doors: []Door{{
			Partner: "lists", Credentials: w.users, Intake: w.ledger, Format: listFormat,
			user: "sftp_user", password: "sftp_password", keys: "sftp_keys",
		}},
		Shop: func(string) (Shop, bool) { return Shop{Currency: "EUR", Location: time.UTC}, true },
		Ready: func() error {
			if w.ready != nil {
				return w.ready()
			}
			return nil
		},
		Wrong:    func(string) (time.Duration, func()) { return w.slowed, func() {} },
		Observer: w.heard, Log: slog.New(slog.NewTextHandler(t.Output(), &slog.HandlerOptions{Level: slog.LevelDebug})),
	}
	for _, tweak := range tweaks {
		tweak(&opts)
	}
	if w.Server, err = New(opts); err != nil {
		t.Fatal(err)
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	w.addr = l.Addr().String()
	ctx, cancel := context.WithCancel(context.Background())
	var parts sync.WaitGroup
	server := w.Server
	parts.Go(func() {
		if err := server.Serve(l); err != nil {
			t.Error(err)
		}
	})
	parts.Go(func() { server.Import(ctx) })
	var once sync.Once
	w.stop = func() {
		once.Do(func() {
			late, stop := context.WithTimeout(context.Background(), 5*time.Second)
			defer stop()
			if err := server.Shutdown(late); err != nil {
				t.Error(err)
			}
			cancel()
			parts.Wait()
		})
	}
	t.Cleanup(w.stop)
}

// eventually waits until ok says so.
func eventually(t *testing.T, what string, ok func() bool) {
	t.Helper()
	deadline := time.After(20 * time.Second)
	tick := time.NewTicker(2 * time.Millisecond)
	defer tick.Stop()
	for !ok() {
		select {
		case <-deadline:
			t.Fatalf("never: %s", what)
		case <-tick.C:
		}
	}
}

// read returns a file of a user's folder; "" if there is none.
func (w *world) read(shop, name string) string {
	w.t.Helper()
	b, err := os.ReadFile(filepath.Join(w.folder, shop, "lists", "default", filepath.FromSlash(name)))
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		w.t.Error(err)
	}
	return string(b)
}

// imported waits until so many files were imported.
func (w *world) imported(n int) []Imported {
	w.t.Helper()
	eventually(w.t, fmt.Sprintf("%d files are imported", n), func() bool { return len(w.heard.files()) >= n })
	list := w.heard.files()
	if len(list) != n {
		w.t.Fatalf("%d files imported, not %d", len(list), n)
	}
	return list
}

// dial logs in with a password.
func (w *world) dial(user, password string) (*ssh.Client, error) {
	return ssh.Dial("tcp", w.addr, &ssh.ClientConfig{
		User: user, Auth: []ssh.AuthMethod{ssh.Password(password)}, HostKeyCallback: ssh.InsecureIgnoreHostKey(),
	})
}

// client logs nils in.
func (w *world) client() *wire.Client {
	w.t.Helper()
	conn, err := w.dial("nils", "correct horse")
	if err != nil {
		w.t.Fatal(err)
	}
	w.t.Cleanup(func() { conn.Close() })
	c, err := wire.NewClient(conn)
	if err != nil {
		w.t.Fatal(err)
	}
	return c
}

// put uploads a file.
func put(t *testing.T, c *wire.Client, name, text string) {
	t.Helper()
	f, err := c.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_TRUNC)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := f.Write([]byte(text)); err != nil {
		t.Fatal(err)
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
}

// key makes a user's private key and returns its file.
func key(t *testing.T, dir, name string) string {
	t.Helper()
	_, private, err := ed25519.GenerateKey(nil)
	if err != nil {
		t.Fatal(err)
	}
	block, err := ssh.MarshalPrivateKey(private, name)
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(dir, "key-"+name)
	if err := os.WriteFile(file, pem.EncodeToMemory(block), 0o600); err != nil {
		t.Fatal(err)
	}
	return file
}

// publicLine returns the public key of a private one.
func publicLine(t *testing.T, file string) string {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	s, err := ssh.ParsePrivateKey(text)
	if err != nil {
		t.Fatal(err)
	}
	return strings.TrimSpace(string(ssh.MarshalAuthorizedKey(s.PublicKey()))) + " nils@laptop.example"
}

// openssh runs OpenSSH's sftp with commands and returns what it says and
// whether all went well.
func (w *world) openssh(user, keyFile string, commands ...string) (said string, ok bool) {
	w.t.Helper()
	host, port, _ := net.SplitHostPort(w.addr)
	known := filepath.Join(w.dir, "known_hosts")
	text, err := os.ReadFile(filepath.Join(w.dir, "host_key"))
	if err != nil {
		w.t.Fatal(err)
	}
	s, err := ssh.ParsePrivateKey(text)
	if err != nil {
		w.t.Fatal(err)
	}
	line := fmt.Sprintf("[%s]:%s %s", host, port, ssh.MarshalAuthorizedKey(s.PublicKey()))
	if err := os.WriteFile(known, []byte(line), 0o600); err != nil {
		w.t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(w.t.Context(), 30*time.Second)
	defer cancel()
	c := exec.CommandContext(ctx, tool.Need(w.t, "sftp", "uploading"), "-F", "none", "-o", "BatchMode=no", "-b", "-", "-P", port,
		"-o", "StrictHostKeyChecking=yes", "-o", "UserKnownHostsFile="+known, "-o", "IdentityAgent=none", "-o", "IdentitiesOnly=yes",
		"-o", "NumberOfPasswordPrompts=1")
	if strings.HasPrefix(keyFile, "password:") {
		ask := filepath.Join(w.dir, "ask")
		if err := os.WriteFile(ask, []byte("#!/bin/sh\necho '"+strings.TrimPrefix(keyFile, "password:")+"'\n"), 0o700); err != nil {
			w.t.Fatal(err)
		}
		c.Args = append(c.Args, "-o", "PubkeyAuthentication=no")
		c.Env = append(os.Environ(), "SSH_ASKPASS="+ask, "SSH_ASKPASS_REQUIRE=force", "DISPLAY=:0")
	} else {
		c.Args = append(c.Args, "-i", keyFile)
	}
	c.Args = append(c.Args, user+"@"+host)
	c.Stdin = strings.NewReader(strings.Join(commands, "\n") + "\n")
	var out bytes.Buffer
	c.Stdout, c.Stderr = &out, &out
	err = c.Run()
	if _, exited := errors.AsType[*exec.ExitError](err); err != nil && !exited {
		w.t.Fatalf("OpenSSH's sftp (Debian: openssh-client): %v", err)
	}
	return out.String(), err == nil
}
