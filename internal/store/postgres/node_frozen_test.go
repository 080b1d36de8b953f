package postgres_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/ordermux/ordermux/internal/node"
	"github.com/ordermux/ordermux/internal/store/postgres"
	"github.com/ordermux/ordermux/internal/store/postgres/pgtest"
)

// frozenChild makes this test program a node of the database at that address.
const frozenChild = "ORDERMUX_TEST_FROZEN_CHILD"

// TestFrozenNodeMakesNoCallWhenItGoesOn: a process is stopped until another
// node has its shops, and continued. It may call again only under its new name.
func TestFrozenNodeMakesNoCallWhenItGoesOn(t *testing.T) {
	t.Parallel()
	if url := os.Getenv(frozenChild); url != "" {
		if err := beFrozen(url); err != nil {
			t.Fatal(err)
		}
		return
	}
	h := newHub(t, pgtest.Filled(t), 20)
	a := h.start("a")
	h.within("a has all", h.even(a))
	cmd := exec.Command(os.Args[0], "-test.run=^TestFrozenNodeMakesNoCallWhenItGoesOn$")
	cmd.Env = append(os.Environ(), frozenChild+"="+h.url)
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _, _ = cmd.Process.Kill(), cmd.Wait() })
	var last atomic.Value // under which name the child may call
	last.Store("")
	var late atomic.Bool
	first := ""
	go func() {
		for lines := bufio.NewScanner(out); lines.Scan(); {
			id, calls := strings.CutPrefix(lines.Text(), "call ")
			if calls && late.Load() && id == first {
				t.Errorf("it made a call under its old name %s", id)
			}
			if calls {
				last.Store(id)
			}
		}
	}()
	h.within("the child has its share", func() bool { return last.Load() != "" && a.engine.count() <= 11 })
	if err := cmd.Process.Signal(syscall.SIGSTOP); err != nil {
		t.Fatal(err)
	}
	h.within("a has all again", h.even(a))
	first = last.Load().(string)
	late.Store(true)
	if err := cmd.Process.Signal(syscall.SIGCONT); err != nil {
		t.Fatal(err)
	}
	h.within("the child is back under another name", func() bool { return last.Load() != first })
	h.within("the child has its share again", func() bool { return a.engine.count() <= 11 })
}

// beFrozen runs a node and says, now and then, that it may make calls.
func beFrozen(url string) error {
	s, err := postgres.Open(context.Background(), url, postgres.Options{})
	if err != nil {
		return err
	}
	lease := node.NewLease()
	n := node.New(node.Options{
		Store: s.Nodes(), Engine: &engine{open: map[string]int64{}, heads: map[string]int64{}}, Lease: lease, Name: "child",
		Beat: 300 * time.Millisecond, Span: 2 * time.Second,
	})
	var shops []string
	for i := range 20 {
		shops = append(shops, fmt.Sprintf("shop-%05d", i))
	}
	n.SetShops(shops)
	go func() { _ = n.Run(context.Background()) }()
	end := time.After(2 * time.Minute) // its parent kills it before
	for tick := time.NewTicker(20 * time.Millisecond); ; {
		select {
		case <-end:
			return errors.New("nobody killed it")
		case <-tick.C:
		}
		if id := n.ID(); lease.Valid() {
			fmt.Println("call " + id)
		}
	}
}
