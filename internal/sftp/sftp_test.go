package sftp

import (
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	wire "github.com/pkg/sftp"
	"golang.org/x/crypto/ssh"

	"github.com/ordermux/ordermux/internal/order"
)

// local writes a file for a client to upload.
func (w *world) local(name, text string) string {
	w.t.Helper()
	file := filepath.Join(w.dir, name)
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		w.t.Fatal(err)
	}
	return file
}

// TestOpenSSH uploads with the client that most people have, by key and by
// password.
func TestOpenSSH(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	file := w.local("mine.csv", "1\n2\nbad\n3\n")
	// -p sets times and modes.
	said, ok := w.openssh("nils", filepath.Join(w.dir, "key-nils"), "cd orders", "put -p "+file, "ls -l")
	if !ok {
		t.Fatal(said)
	}
	if i := w.imported(1)[0]; i.Clean || i.Taken != 3 || i.Refused != 1 || i.Repeated != 0 || i.Shop != "nordlys" || i.User != "default" || i.Bytes != 10 {
		t.Errorf("%+v", i)
	}
	if e := w.ledger.said[0]; e.Source.Name != "lists:default" || e.Source.Rank != order.RankDoor {
		t.Errorf("%+v", e.Source)
	}
	if got := w.read("nordlys", "orders/error/mine.csv"); got != "1\n2\nbad\n3\n" {
		t.Errorf("%q", got)
	}
	want := "taken 3;refused 1;repeated 0;of 4 lines\r\nline;column;value;reason\r\n3;id;bad;\"is bad; really\"\r\n"
	report := filepath.Join(w.dir, "report")
	said, ok = w.openssh("nils", "password:correct horse", "get orders/error/mine.csv.log.csv "+report, "ls orders", "ls orders/error", "rm orders/error/mine.csv")
	if !ok || !strings.Contains(said, "orders/success") || !strings.Contains(said, "orders/error/mine.csv.log.csv") {
		t.Error(said)
	}
	if got, err := os.ReadFile(report); err != nil || string(got) != want {
		t.Errorf("%v %q", err, got)
	}
	if got := w.read("nordlys", "orders/error/mine.csv"); got != "" {
		t.Errorf("%q is there still", got)
	}
}

// TestNothingElse is all that a user may want beside his files.
func TestNothingElse(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	nils := filepath.Join(w.dir, "key-nils")
	w.local("secret", "hush")
	if said, ok := w.openssh("ada", "password:battery staple", "put "+w.local("a.csv", "1\n")+" orders/"); !ok {
		t.Fatal(said)
	}
	w.imported(1)
	// What an operator may have left there: a link out of the folder, one within.
	inside := filepath.Join(w.folder, "nordlys", "lists", "default")
	if said, ok := w.openssh("nils", nils, "ls"); !ok {
		t.Fatal(said)
	}
	for link, to := range map[string]string{"orders/.out": filepath.Join(w.dir, "secret"), "orders/success/out": "../../../../../../secret", "orders/error/in": "../../.queue"} {
		if err := os.Symlink(to, filepath.Join(inside, link)); err != nil {
			t.Fatal(err)
		}
	}
	f := func(command string) {
		t.Helper()
		said, ok := w.openssh("nils", nils, command)
		if ok || strings.Contains(said, "hush") || strings.Contains(said, w.dir+"/sftp") {
			t.Errorf("%s: %v %s", command, ok, said)
		}
	}
	into := filepath.Join(w.dir, "into")
	// the way up, and to others
	for _, path := range []string{
		"../../../../secret", "/../secret", "/etc/passwd", "orders/../../default/orders/a.csv", "/orders/../../../fjord/lists/default/orders/success/a.csv",
		"/fjord/lists/default/orders/success/a.csv", "/.queue", "/.upload", "/orders/success/../../.queue/x", "orders/success/a.csv",
		"orders/.out", "orders/success/out", "orders/error/in", "orders/success", "/",
	} {
		f("get " + path + " " + into)
	}
	mine := w.local("mine.csv", "7\n")
	for _, path := range []string{
		"/mine.csv", "../mine.csv", "/orders/deep/mine.csv", "/orders/success/mine.csv", "/orders/error/mine.csv", "/.queue/mine.csv", "/.upload/x", "/orders/../mine.csv",
		"orders/error/in/mine.csv",
	} {
		f("put " + mine + " " + path)
	}
	f("cd /fjord")
	f("cd orders/error/in")
	f("ls .queue")
	f("mkdir orders/more")
	f("mkdir more")
	f("rmdir orders/success")
	f("ln -s /etc/passwd orders/link")
	f("ln -s ../.queue orders/link.csv")
	f("ln orders/success/out orders/hard")
	f("rm orders/success")
	f("rm /.queue")
	f("rm orders/success/out")
	f("rm orders/.out")
	f("rename orders/success orders/done")
	f("rename orders/.out orders/mine.csv")
	f("rename orders/success/out orders/mine.csv")
	f("chmod 777 ../secret")
	f("chmod 777 orders/none")
	f("reput " + mine + " /etc/passwd")
	if text, err := os.ReadFile(into); err == nil {
		t.Errorf("it got %q", text)
	}
	if text, err := os.ReadFile(filepath.Join(w.dir, "secret")); err != nil || string(text) != "hush" {
		t.Error(err)
	}
	if list := w.heard.files(); len(list) != 1 || w.read("fjord", "orders/success/a.csv") != "1\n" {
		t.Errorf("%+v", list)
	}
	said, ok := w.openssh("nils", nils, "ls -la /", "ls -la orders", "ls -la orders/success", "ls -la orders/error")
	if !ok || strings.Contains(said, ".out") || strings.Contains(said, "queue") || strings.Contains(said, "a.csv") {
		t.Error(said)
	}
}

func TestOnlySFTP(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	conn, err := w.dial("nils", "correct horse")
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	for _, run := range []func(*ssh.Session) error{
		func(s *ssh.Session) error { return s.Run("id") },
		func(s *ssh.Session) error { return s.Shell() },
		func(s *ssh.Session) error { return s.RequestPty("xterm", 24, 80, nil) },
		func(s *ssh.Session) error { return s.RequestSubsystem("netconf") },
		func(s *ssh.Session) error { return s.Setenv("LD_PRELOAD", "x") },
	} {
		s, err := conn.NewSession()
		if err != nil {
			t.Fatal(err)
		}
		if run(s) == nil {
			t.Error("it was done")
		}
		s.Close()
	}
	if c, err := conn.Dial("tcp", w.addr); err == nil {
		c.Close()
		t.Error("a port was forwarded")
	}
	if l, err := conn.Listen("tcp", "127.0.0.1:0"); err == nil {
		l.Close()
		t.Error("a port was opened")
	}
	var open []*ssh.Session
	for range maxChannels + 1 {
		s, err := conn.NewSession()
		if err != nil {
			break
		}
		open = append(open, s)
	}
	if len(open) != maxChannels {
		t.Errorf("%d channels", len(open))
	}
}

// TestRefusals: whoever is not let in is told of once a connection, with the
// credential that he named and the reason.
func TestRefusals(t *testing.T) {
	t.Parallel()
	w := newWorld(t, func(o *Options) { o.Limits.PerUser = 1 })
	other := key(t, w.dir, "other")
	print := strings.Fields(publicLine(t, other))
	if said, ok := w.openssh("nils", other, "ls"); ok {
		t.Error(said)
	}
	signer, _, _, _, err := ssh.ParseAuthorizedKey([]byte(strings.Join(print, " ")))
	if err != nil {
		t.Fatal(err)
	}
	for _, user := range []string{"ada", "nobody"} {
		if c, err := w.dial(user, "wrong"); err == nil {
			c.Close()
			t.Errorf("%s came in", user)
		}
	}
	if c, err := ssh.Dial("tcp", w.addr, &ssh.ClientConfig{User: "ada", HostKeyCallback: ssh.InsecureIgnoreHostKey()}); err == nil {
		c.Close()
		t.Error("came in with nothing")
	}
	first, err := w.dial("nils", "correct horse")
	if err != nil {
		t.Fatal(err)
	}
	defer first.Close()
	if second, err := w.dial("nils", "correct horse"); err == nil {
		_ = second.Wait()
	}
	// Who looks for an open port is not told of.
	if c, err := net.Dial("tcp", w.addr); err == nil {
		c.Close()
	}
	want := []Refusal{
		{Shop: "nordlys", Partner: "lists", Account: "default", Way: "password", Reason: "the key " + ssh.FingerprintSHA256(signer) + " (ssh-ed25519) is not one of this user's; wrong password, or a user who has keys only"},
		{Shop: "fjord", Partner: "lists", Account: "default", Way: "password", Reason: "wrong password, or a user who has keys only"},
		{Way: "password", Reason: "no user of this name"},
		{Shop: "fjord", Partner: "lists", Account: "default", Way: "none", Reason: "neither a key nor a password was offered"},
		{Shop: "nordlys", Partner: "lists", Account: "default", Way: "password", Reason: "too many sessions of this user at a time", Proved: true},
	}
	eventually(t, "all are told of", func() bool { return len(w.heard.turnedAway()) >= len(want) })
	w.stop()
	got := w.heard.turnedAway()
	for i := range got {
		if !strings.HasPrefix(got[i].Address, "127.0.0.1:") {
			t.Errorf("%+v", got[i])
		}
		got[i].Address = ""
	}
	for _, list := range [][]Refusal{got, want} { // one connection may end after the next has begun
		slices.SortFunc(list, func(a, b Refusal) int { return strings.Compare(a.Account+a.Way+a.Reason, b.Account+b.Way+b.Reason) })
	}
	if !slices.Equal(got, want) {
		t.Errorf("%+v", got)
	}
}

func TestLogin(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.users.add("keyless", "nordlys", "keyless", "", "no key at all")
	for user, password := range map[string]string{"nils": "wrong", "nobody": "correct horse", "ada": "correct horse", "keyless": "", "": ""} {
		if c, err := w.dial(user, password); err == nil {
			c.Close()
			t.Errorf("%q came in", user)
		}
	}
	if n := w.heard.refused(); n < 5 {
		t.Errorf("%d wrong logins heard", n)
	}
	if said, ok := w.openssh("nils", key(t, w.dir, "other"), "ls"); ok {
		t.Error(said)
	}
	if said, ok := w.openssh("ada", filepath.Join(w.dir, "key-nils"), "ls"); ok {
		t.Error(said)
	}
	// whoever guesses waits, and others do not
	w.slowed = 150 * time.Millisecond
	began := time.Now()
	if c, err := w.dial("nils", "wrong"); err == nil {
		c.Close()
		t.Error("came in")
	}
	if time.Since(began) < w.slowed {
		t.Error("the answer did not wait")
	}
	// a trouble of ours is no login
	w.users.mu.Lock()
	w.users.err = errors.New("away")
	w.users.mu.Unlock()
	if c, err := w.dial("nils", "correct horse"); err == nil {
		c.Close()
		t.Error("came in")
	}
}

func TestTimeToLogIn(t *testing.T) {
	t.Parallel()
	w := newWorld(t, func(o *Options) { o.Limits.Login = 50 * time.Millisecond })
	if c, err := ssh.Dial("tcp", w.addr, &ssh.ClientConfig{
		User: "nils", HostKeyCallback: ssh.InsecureIgnoreHostKey(),
		Auth: []ssh.AuthMethod{ssh.PasswordCallback(func() (string, error) {
			eventually(t, "the server hangs up", func() bool { w.mu.Lock(); defer w.mu.Unlock(); return len(w.conns) == 0 })
			return "correct horse", nil
		})},
	}); err == nil {
		c.Close()
		t.Error("it waited")
	}
}

func TestIdle(t *testing.T) {
	t.Parallel()
	w := newWorld(t, func(o *Options) { o.Limits.Idle = 100 * time.Millisecond })
	conn, err := w.dial("nils", "correct horse")
	if err != nil {
		t.Fatal(err)
	}
	if conn.Wait() == nil { // the server hangs up
		t.Error("no error")
	}
}

func TestTooManySessions(t *testing.T) {
	t.Parallel()
	w := newWorld(t, func(o *Options) { o.Limits.PerUser, o.Limits.Sessions = 2, 4 })
	w.client()
	w.client()
	conn, err := w.dial("nils", "correct horse")
	if err == nil {
		if _, err = wire.NewClient(conn); err == nil {
			t.Error("a third session of one user")
		}
	}
	eventually(t, "it was closed", func() bool { w.mu.Lock(); defer w.mu.Unlock(); return len(w.conns) == 2 })
	for range 2 {
		if _, err := w.dial("ada", "battery staple"); err != nil {
			t.Fatal(err)
		}
	}
	if c, err := w.dial("ada", "battery staple"); err == nil {
		c.Close()
		t.Error("a fifth connection")
	}
}

func TestBrokenUpload(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	conn, err := w.dial("nils", "correct horse")
	if err != nil {
		t.Fatal(err)
	}
	c, err := wire.NewClient(conn)
	if err != nil {
		t.Fatal(err)
	}
	f, err := c.Create("orders/half.csv")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := f.Write([]byte("1\n2\n")); err != nil {
		t.Fatal(err)
	}
	conn.Close()
	dir := filepath.Join(w.folder, "nordlys", "lists", "default")
	eventually(t, "the half file is gone", func() bool {
		left, err := filepath.Glob(filepath.Join(dir, uploadDir, "*"))
		return err == nil && len(left) == 0
	})
	put(t, w.client(), "orders/whole.csv", "3\n")
	w.imported(1)
	if n := w.ledger.orders(); n != 1 {
		t.Errorf("%d orders", n)
	}
	if left, _ := filepath.Glob(filepath.Join(dir, "*", "half*")); len(left) != 0 {
		t.Error(left)
	}
}

// TestHoles refuses a file of which a part was never written.
func TestHoles(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	c := w.client()
	f, err := c.Create("orders/hole.csv")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := f.WriteAt([]byte("9\n"), 1000); err != nil {
		t.Fatal(err)
	}
	if err := f.Close(); err == nil {
		t.Error("it was taken")
	}
	if _, err := c.OpenFile("orders/hole.csv", os.O_WRONLY|os.O_APPEND); err == nil {
		t.Error("it can be appended to")
	}
	// A client may cut what it wrote, not lengthen it.
	if f, err = c.Create("orders/cut.csv"); err != nil {
		t.Fatal(err)
	}
	if _, err := f.Write([]byte("1\n2\n3")); err != nil {
		t.Fatal(err)
	}
	if err := f.Truncate(1 << 40); err == nil {
		t.Error("it was lengthened")
	}
	if err := errors.Join(f.Truncate(4), f.Chmod(0o640), f.Close()); err != nil {
		t.Error(err)
	}
	if i := w.imported(1)[0]; i.Taken != 2 {
		t.Errorf("%+v", i)
	}
	if err := c.Truncate("orders/success/cut.csv", 0); err == nil {
		t.Error("an imported file was cut")
	}
}

// TestNamesToChange waits for a file's last name.
func TestNamesToChange(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	c := w.client()
	for i, name := range []string{"x.csv.part", "y.csv.filepart", ".z.csv", "q.TMP"} {
		put(t, c, "orders/"+name, fmt.Sprintf("%d\n", i))
	}
	if list, err := c.ReadDir("orders"); err != nil || len(list) != 6 {
		t.Fatal(list, err)
	}
	if n := len(w.heard.files()); n != 0 {
		t.Fatalf("%d files imported", n)
	}
	put(t, c, "orders/x.csv.part", "10\n11\n") // once more
	if err := c.Rename("orders/x.csv.part", "orders/y.csv.filepart"); err == nil {
		t.Error("a file gave way")
	}
	if err := c.Rename("orders/x.csv.part", "orders/x.csv"); err != nil {
		t.Fatal(err)
	}
	if i := w.imported(1)[0]; i.Taken != 2 {
		t.Errorf("%+v", i)
	}
	if err := c.PosixRename("orders/q.TMP", "orders/y.csv.filepart"); err != nil {
		t.Error(err)
	}
	if err := errors.Join(c.Rename("orders/.z.csv", "orders/z.csv"), c.Rename("orders/y.csv.filepart", "orders/y.csv")); err != nil {
		t.Error(err)
	}
	w.imported(3)
	if n := w.ledger.orders(); n != 4 || w.read("nordlys", "orders/success/y.csv") != "3\n" {
		t.Errorf("%d orders", n)
	}
	for _, to := range []string{"orders/success", "orders/error", "orders/success/x", "x", "orders/a\\b", "orders/" + strings.Repeat("x", 200)} {
		put(t, c, "orders/r.part", "1\n")
		if err := c.PosixRename("orders/r.part", to); err == nil {
			t.Errorf("renamed to %s", to)
		}
	}
}

// TestLooksAfterwards is what clients do with a file that they uploaded, which
// may be gone by then.
func TestLooksAfterwards(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	c := w.client()
	put(t, c, "orders/a.csv", "1\n2\n")
	w.imported(1)
	info, err := c.Stat("orders/a.csv")
	if err != nil || info.Size() != 4 || info.Name() != "a.csv" {
		t.Error(info, err)
	}
	if err := errors.Join(c.Chtimes("orders/a.csv", time.Now(), time.Now()), c.Chmod("orders/a.csv", 0o644)); err != nil {
		t.Error(err)
	}
	if err := c.Rename("orders/a.csv", "orders/b.csv"); err != nil {
		t.Error(err)
	}
	if info, err := c.Stat("orders/b.csv"); err != nil || info.Size() != 4 {
		t.Error(info, err)
	}
	w.imported(1)
	if _, err := w.client().Stat("orders/a.csv"); !errors.Is(err, os.ErrNotExist) {
		t.Error(err)
	}
}

// TestTheSameFileTwice does no harm, and neither is lost.
func TestTheSameFileTwice(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	hold := make(chan struct{})
	w.ledger.hold = hold
	c := w.client()
	put(t, c, "orders/a.csv", "1\n2\n")
	put(t, c, "orders/a.csv", "1\n2\n")
	put(t, c, "orders/a.csv", "2\n3\n")
	list, err := c.ReadDir("orders")
	if err != nil || len(list) != 3 || list[0].Name() != "a.csv" {
		t.Error(list, err)
	}
	// What is being imported can not be taken away.
	eventually(t, "the first one is being imported", func() bool { w.ledger.mu.Lock(); defer w.ledger.mu.Unlock(); return w.ledger.calls > 0 })
	close(hold)
	imported := w.imported(3)
	if a, b, d := imported[0], imported[1], imported[2]; a.Taken != 2 || b.Repeated != 2 || b.Taken != 0 || d.Taken != 1 || d.Repeated != 1 || !d.Clean {
		t.Errorf("%+v", imported)
	}
	for name, want := range map[string]string{"a.csv": "1\n2\n", "a.2.csv": "1\n2\n", "a.3.csv": "2\n3\n"} {
		if got := w.read("nordlys", "orders/success/"+name); got != want {
			t.Errorf("%s: %q", name, got)
		}
	}
	if got := w.read("nordlys", "orders/success/a.2.csv.log.csv"); !strings.HasPrefix(got, "taken 0;refused 0;repeated 2;of 2 lines\r\n") {
		t.Errorf("%q", got)
	}
}

func TestWithdrawn(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	hold := make(chan struct{})
	w.ledger.hold = hold
	c := w.client()
	put(t, c, "orders/first.csv", "1\n")
	eventually(t, "it is being imported", func() bool { w.ledger.mu.Lock(); defer w.ledger.mu.Unlock(); return w.ledger.calls > 0 })
	put(t, c, "orders/second.csv", "2\n")
	if err := c.Remove("orders/first.csv"); err == nil {
		t.Error("a file was removed while it was imported")
	}
	if err := c.Remove("orders/second.csv"); err != nil {
		t.Error(err)
	}
	close(hold)
	w.imported(1)
	if w.ledger.orders() != 1 {
		t.Error("the second one was imported")
	}
}

// TestUnreadable reports a file that is none of the format.
func TestUnreadable(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	put(t, w.client(), "orders/empty.csv", "")
	if i := w.imported(1)[0]; i.Clean {
		t.Errorf("%+v", i)
	}
	want := "taken 0;refused 0;repeated 0;of 0 lines\r\nline;column;value;reason\r\n;;;the file is empty\r\n"
	if got := w.read("nordlys", "orders/error/empty.csv.log.csv"); got != want {
		t.Errorf("%q", got)
	}
}

func TestLimits(t *testing.T) {
	t.Parallel()
	w := newWorld(t, func(o *Options) { o.Limits.File, o.Limits.Handles = 1000, 3 })
	c := w.client()
	f, err := c.Create("orders/large.csv")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := f.Write([]byte(strings.Repeat("1\n", 501))); err == nil || !strings.Contains(err.Error(), "too large") {
		t.Error(err)
	}
	if err := f.Close(); err == nil {
		t.Error("it was taken")
	}
	var open []io.Closer
	for i := range 3 {
		f, err := c.Create(fmt.Sprintf("orders/%d.csv", i))
		if err != nil {
			t.Fatal(err)
		}
		open = append(open, f)
	}
	if _, err := c.Create("orders/more.csv"); err == nil {
		t.Error("a fourth file is open")
	}
	if _, err := c.ReadDir("orders"); err == nil {
		t.Error("a folder beside three files is open")
	}
	for _, f := range open {
		f.Close()
	}
	if _, err := c.ReadDir("orders"); err != nil {
		t.Error(err)
	}
}

// TestRevoked stops a session whose credential is gone.
func TestRevoked(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	c := w.client()
	f, err := c.Create("orders/a.csv")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := f.Write([]byte("1\n")); err != nil {
		t.Fatal(err)
	}
	w.users.mu.Lock()
	delete(w.users.list, "nils")
	w.users.mu.Unlock()
	if err := f.Close(); err == nil {
		t.Error("it was taken")
	}
	if _, err := c.Create("orders/b.csv"); err == nil {
		t.Error("it may write")
	}
}

func TestNotReady(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.ready = func() error { return order.ErrReadOnly }
	if _, err := w.client().Create("orders/a.csv"); err == nil || !strings.Contains(err.Error(), "later") {
		t.Error(err)
	}
}

// TestTroubleOfOurs keeps a file until it can be imported.
func TestTroubleOfOurs(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.ledger.set(order.ErrReadOnly)
	put(t, w.client(), "orders/a.csv", "1\nbad\n")
	eventually(t, "it is heard", func() bool { return len(w.heard.waited()) > 1 })
	if err := w.heard.waited()[0]; !errors.Is(err, order.ErrReadOnly) {
		t.Error(err)
	}
	w.ledger.set(nil)
	w.imported(1)
	eventually(t, "it is over", func() bool { list := w.heard.waited(); return list[len(list)-1] == nil })
	if got := w.read("nordlys", "orders/error/a.csv"); got != "1\nbad\n" {
		t.Errorf("%q", got)
	}
}

// TestLeftOver imports what a process that ended left behind.
func TestLeftOver(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.ledger.hold = make(chan struct{}) // never
	c := w.client()
	put(t, c, "orders/a.csv", "1\n2\n")
	put(t, c, "orders/b.csv", "3\n")
	eventually(t, "it is being imported", func() bool { w.ledger.mu.Lock(); defer w.ledger.mu.Unlock(); return w.ledger.calls > 0 })
	w.stop()
	old := filepath.Join(w.folder, "nordlys", "lists", "default", uploadDir, "old")
	if err := os.WriteFile(old, []byte("x"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Chtimes(old, time.Now(), time.Now().Add(-2*staleAfter)); err != nil {
		t.Fatal(err)
	}
	w.ledger.hold, w.ledger.known = nil, map[string]bool{"nordlys/1": true} // half of the first file was taken
	w.start()
	imported := w.imported(2)
	if a := imported[0]; a.Taken != 1 || a.Repeated != 1 {
		t.Errorf("%+v", imported)
	}
	if w.read("nordlys", "orders/success/b.csv") != "3\n" || w.read("nordlys", uploadDir+"/old") != "" {
		t.Error("not as it should be")
	}
}

// TestTwoNodes share a folder; each file is imported by one of them.
func TestTwoNodes(t *testing.T) {
	t.Parallel()
	one := newWorld(t)
	two := &world{t: t, dir: one.dir, folder: one.folder, users: one.users, ledger: one.ledger}
	two.start()
	hold := make(chan struct{})
	one.ledger.hold = hold
	a, b := one.client(), two.client()
	for i := range 10 {
		put(t, a, fmt.Sprintf("orders/a%d.csv", i), fmt.Sprintf("a%d\n", i))
		put(t, b, fmt.Sprintf("orders/b%d.csv", i), fmt.Sprintf("b%d\n", i))
	}
	close(hold)
	eventually(t, "all are imported", func() bool { return len(one.heard.files())+len(two.heard.files()) >= 20 })
	for _, i := range append(one.heard.files(), two.heard.files()...) {
		if i.Taken != 1 || i.Repeated != 0 {
			t.Errorf("%+v", i)
		}
	}
	one.ledger.mu.Lock()
	defer one.ledger.mu.Unlock()
	if one.ledger.calls != 20 {
		t.Errorf("%d calls", one.ledger.calls)
	}
}

// TestShutdown waits for an upload, and takes no new one.
func TestShutdown(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	c := w.client()
	f, err := c.Create("orders/a.csv")
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan struct{})
	go func() { defer close(done); w.stop() }()
	eventually(t, "it stops", w.isStopping)
	if _, err := c.Create("orders/b.csv"); err == nil {
		t.Error("a new file while it stops")
	}
	if _, err := f.Write([]byte("1\n")); err != nil {
		t.Error(err)
	}
	if err := f.Close(); err != nil {
		t.Error(err)
	}
	<-done
	// It is imported, or will be after the next start.
	waiting, err := filepath.Glob(filepath.Join(w.folder, "nordlys", "lists", "default", queueDir, "*-a.csv"))
	if err != nil || len(waiting) == 0 && w.read("nordlys", "orders/success/a.csv") != "1\n" {
		t.Error("it is lost", err)
	}
}
