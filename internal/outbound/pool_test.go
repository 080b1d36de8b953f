//go:build unix

package outbound

import (
	"net"
	"testing"
	"time"
)

// pair returns both ends of a TCP connection.
func pair(t *testing.T) (ours *conn, theirs net.Conn) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	c, err := net.Dial("tcp", l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	theirs, err = l.Accept()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close(); theirs.Close() })
	return newConn(c, c, destination{addr: "a"}), theirs
}

func newPool(most int) *pool {
	return &pool{idle: time.Hour, most: most, kept: map[destination][]*conn{}}
}

// closed reports whether the other end sees a connection closed.
func closed(t *testing.T, theirs net.Conn) bool {
	t.Helper()
	theirs.SetReadDeadline(time.Now().Add(10 * time.Millisecond))
	_, err := theirs.Read(make([]byte, 1))
	return err != nil && !isTimeout(err)
}

func TestPoolGivesTheNewestFirst(t *testing.T) {
	t.Parallel()
	p := newPool(2)
	defer p.closeIdle()
	a, _ := pair(t)
	b, _ := pair(t)
	c, far := pair(t)
	p.put(a)
	p.put(b)
	p.put(c) // one too many
	if !closed(t, far) {
		t.Error("more are kept than the bound")
	}
	if got := p.get(destination{addr: "a", untrusted: true}); got != nil {
		t.Error("an untrusted request got a trusted connection")
	}
	if p.get(a.at) != b || p.get(a.at) != a || p.get(a.at) != nil || !a.reused {
		t.Error("not the newest first")
	}
}

func TestPoolSkipsTheDead(t *testing.T) {
	t.Parallel()
	p := newPool(9)
	defer p.closeIdle()
	live, _ := pair(t)
	gone, far := pair(t)
	chatty, talker := pair(t)
	for _, c := range []*conn{live, gone, chatty} {
		p.put(c)
	}
	far.Close()
	talker.Write([]byte("HTTP/1.1 408 Request Timeout\r\n\r\n"))
	for alive(gone.tcp) || alive(chatty.tcp) { // until the network has brought it
	}
	if got := p.get(live.at); got != live {
		t.Errorf("got %p, want %p", got, live)
	}
}

func TestPoolForgets(t *testing.T) {
	t.Parallel()
	p := newPool(9)
	old, far := pair(t)
	young, near := pair(t)
	p.put(old)
	p.put(young)
	old.kept = old.kept.Add(-2 * time.Hour)
	p.clean()
	if !closed(t, far) || closed(t, near) || p.sweep == nil {
		t.Error("the old one must go, the young one stay")
	}
	young.kept = young.kept.Add(-2 * time.Hour)
	p.clean()
	if !closed(t, near) || p.sweep != nil || len(p.kept) != 0 {
		t.Error("nothing may be left")
	}
}
