package sftp

import (
	"context"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	wire "github.com/pkg/sftp"
	"golang.org/x/crypto/ssh"

	"github.com/ordermux/ordermux/internal/partner"
	"github.com/ordermux/ordermux/internal/secret"
)

// target is the world's server, as somebody else's hub knows it.
func (w *world) target(user, password string) partner.SFTPTarget {
	w.t.Helper()
	key, err := LoadOrCreateHostKey(filepath.Join(w.dir, "host_key"))
	if err != nil {
		w.t.Fatal(err)
	}
	print, err := Fingerprint(key)
	if err != nil {
		w.t.Fatal(err)
	}
	return targetAt(w.t, w.addr, user, password, print)
}

func targetAt(t *testing.T, addr, user, password, hostKey string) partner.SFTPTarget {
	t.Helper()
	at, err := net.ResolveTCPAddr("tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	return partner.SFTPTarget{Host: at.IP.String(), Port: at.Port, User: user, Password: secret.New(password), HostKey: hostKey}
}

func lines(list ...string) func(io.Writer) error {
	return func(w io.Writer) error {
		_, err := io.WriteString(w, strings.Join(list, "\n")+"\n")
		return err
	}
}

func TestPutUploadsToTheEmbeddedServer(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	to := w.target("ada", "battery staple")
	if _, err := Put(t.Context(), to, "orders", "anything.csv", nil, PutOptions{}); err != nil {
		t.Fatalf("the login alone: %v", err)
	}
	size, err := Put(t.Context(), to, "orders", "a.csv", lines("A-1", "A-2"), PutOptions{})
	if err != nil || size != 8 {
		t.Fatalf("%d bytes, %v", size, err)
	}
	if got := w.imported(1)[0]; got.Shop != "fjord" || got.Taken != 2 || !got.Clean {
		t.Errorf("imported %+v", got)
	}
	// More than a buffer, so that writes are on their way together.
	many := func(to io.Writer) error {
		for i := range 20_000 {
			if _, err := fmt.Fprintf(to, "B-%0100d\n", i); err != nil {
				return err
			}
		}
		return nil
	}
	size, err = Put(t.Context(), to, "orders", "b.csv", many, PutOptions{})
	if err != nil || size != 20_000*103 {
		t.Fatalf("%d bytes, %v", size, err)
	}
	if got := w.imported(2)[1]; got.Taken != 20_000 || got.Bytes != size {
		t.Errorf("imported %+v", got)
	}
}

func TestPutLeavesNothingWhereItFails(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	to := w.target("ada", "battery staple")
	broken := errors.New("the catalogue is away")
	f := func(what string, err error, to partner.SFTPTarget, folder string, write func(io.Writer) error, o PutOptions) {
		t.Helper()
		_, got := Put(t.Context(), to, folder, "a.csv", write, o)
		if got == nil || !errors.Is(got, err) && !strings.Contains(got.Error(), err.Error()) {
			t.Errorf("%s: %v", what, got)
		}
		if got != nil && strings.Contains(got.Error(), "battery") {
			t.Errorf("%s: the error has the password: %v", what, got)
		}
	}
	half := func(w io.Writer) error {
		_ = lines("A-1")(w)
		return broken
	}
	asked := 0
	wrong, other := to, to
	wrong.Password = secret.New("battery horse")
	other.HostKey = "SHA256:" + strings.Repeat("A", 43)
	f("what writes fails", broken, to, "orders", half, PutOptions{})
	f("the leave ends meanwhile", ErrNoLeave, to, "orders", lines("A-1"), PutOptions{May: func() bool { asked++; return asked == 1 }})
	f("there never was leave", ErrNoLeave, to, "orders", lines("A-1"), PutOptions{May: func() bool { return false }})
	f("no folder", errors.New("make a file in catalogue"), to, "catalogue", lines("A-1"), PutOptions{})
	f("no folder to look at", errors.New("no folder catalogue"), to, "catalogue", nil, PutOptions{})
	f("a wrong password", errors.New("refuses the user or the password"), wrong, "orders", lines("A-1"), PutOptions{})
	f("another server", errors.New("(ssh-ed25519)"), other, "orders", lines("A-1"), PutOptions{})
	other.HostKey = "MD5:00"
	f("no fingerprint", errors.New("is no fingerprint"), other, "orders", lines("A-1"), PutOptions{})
	// Then a good one, and it is all that is there.
	if _, err := Put(t.Context(), to, "orders", "a.csv", lines("A-9"), PutOptions{}); err != nil {
		t.Fatal(err)
	}
	w.imported(1)
	if w.ledger.orders() != 1 {
		t.Errorf("%d orders", w.ledger.orders())
	}
	if left, err := os.ReadDir(filepath.Join(w.folder, "fjord", "lists", "default", ordersDir)); err != nil || len(left) != 2 {
		t.Errorf("left: %v %v", left, err) // success and error
	}
}

func TestPutEndsWithItsContext(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	ctx, cancel := context.WithCancel(t.Context())
	_, err := Put(ctx, w.target("ada", "battery staple"), "orders", "a.csv", func(to io.Writer) error {
		cancel()
		for {
			if _, err := to.Write(make([]byte, putBuffer)); err != nil {
				return err
			}
		}
	}, PutOptions{})
	if !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
	// A server that never says a word.
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	_, err = Put(t.Context(), targetAt(t, l.Addr().String(), "ada", "x", "SHA256:"+strings.Repeat("A", 43)), "orders", "a.csv", lines("x"),
		PutOptions{Login: 50 * time.Millisecond})
	if ne, ok := errors.AsType[net.Error](err); !ok || !ne.Timeout() {
		t.Errorf("got %v", err)
	}
}

// plainServer serves a folder of the machine to anybody who knows the password,
// asked for as a question, under several host keys.
type plainServer struct {
	addr   string
	dir    string
	keys   []ssh.Signer
	logins atomic.Int32
}

func newPlainServer(t *testing.T) *plainServer {
	t.Helper()
	s := &plainServer{dir: t.TempDir()}
	_, edKey, _ := ed25519.GenerateKey(nil)
	ecKey, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	config := &ssh.ServerConfig{KeyboardInteractiveCallback: func(_ ssh.ConnMetadata, ask ssh.KeyboardInteractiveChallenge) (*ssh.Permissions, error) {
		answers, err := ask("", "", []string{"Password: "}, []bool{false})
		if err != nil || len(answers) != 1 || answers[0] != "sesame" {
			return nil, errors.New("no")
		}
		s.logins.Add(1)
		return nil, nil
	}}
	for _, key := range []any{edKey, ecKey} {
		signer, err := ssh.NewSignerFromKey(key)
		if err != nil {
			t.Fatal(err)
		}
		config.AddHostKey(signer)
		s.keys = append(s.keys, signer)
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	s.addr = l.Addr().String()
	go func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			go s.serve(conn, config)
		}
	}()
	return s
}

func (s *plainServer) serve(conn net.Conn, config *ssh.ServerConfig) {
	defer conn.Close()
	_, channels, requests, err := ssh.NewServerConn(conn, config)
	if err != nil {
		return
	}
	go ssh.DiscardRequests(requests)
	for c := range channels {
		channel, requests, err := c.Accept()
		if err != nil {
			return
		}
		go func() {
			for r := range requests {
				_ = r.Reply(r.Type == "subsystem", nil)
			}
		}()
		server, err := wire.NewServer(channel, wire.WithServerWorkingDirectory(s.dir))
		if err != nil {
			return
		}
		_ = server.Serve()
		_ = channel.Close()
	}
}

func TestPutReplacesWhole(t *testing.T) {
	t.Parallel()
	s := newPlainServer(t)
	if err := os.Mkdir(filepath.Join(s.dir, "Catalog"), 0o700); err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(s.dir, "Catalog", "shop_7.csv")
	// Each of the server's host keys is one that a person may have noted.
	for i, key := range s.keys {
		to := targetAt(t, s.addr, "shop", "sesame", ssh.FingerprintSHA256(key.PublicKey()))
		text := strings.Repeat(fmt.Sprintf("line %d\n", i), 1000)
		before, _ := os.ReadFile(file)
		_, err := Put(t.Context(), to, "Catalog", "shop_7.csv", func(w io.Writer) error {
			if _, err := io.WriteString(w, text); err != nil {
				return err
			}
			if now, _ := os.ReadFile(file); string(now) != string(before) {
				return errors.New("it shows before it is whole")
			}
			return nil
		}, PutOptions{})
		if err != nil {
			t.Fatal(err)
		}
		if now, err := os.ReadFile(file); err != nil || string(now) != text {
			t.Errorf("the file has %d bytes, %v", len(now), err)
		}
	}
	if left, err := os.ReadDir(filepath.Dir(file)); err != nil || len(left) != 1 {
		t.Errorf("left: %v %v", left, err)
	}
	// A wrong key is seen before the password is said, whatever kind it is of.
	before := s.logins.Load()
	_, err := Put(t.Context(), targetAt(t, s.addr, "shop", "sesame", "SHA256:"+strings.Repeat("A", 43)), "Catalog", "x", lines("x"), PutOptions{})
	if err == nil || !strings.Contains(err.Error(), "(ssh-ed25519)") || !strings.Contains(err.Error(), "(ecdsa-sha2-nistp256)") || s.logins.Load() != before {
		t.Errorf("got %v, %d logins", err, s.logins.Load()-before)
	}
}

func TestCheckHostKey(t *testing.T) {
	t.Parallel()
	if why := CheckHostKey("SHA256:" + strings.Repeat("A", 43)); why != "" {
		t.Error(why)
	}
	for _, bad := range []string{"", "SHA256:", "SHA256:AAAA", strings.Repeat("A", 43), "MD5:" + strings.Repeat("A", 43), "SHA256:" + strings.Repeat("A", 42) + "="} {
		if CheckHostKey(bad) == "" {
			t.Errorf("%q is taken", bad)
		}
	}
}
