package chore_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/ordermux/ordermux/internal/chore"
	"github.com/ordermux/ordermux/internal/json"
	"github.com/ordermux/ordermux/internal/order"
	"github.com/ordermux/ordermux/internal/partner"
)

// memory is a partner.State in memory, which several nodes share.
type memory struct {
	mu     sync.Mutex
	values map[string][]byte
	broken error // of every call
}

func (m *memory) Get(_ context.Context, key string) ([]byte, bool, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	v, ok := m.values[key]
	return v, ok, m.broken
}

func (m *memory) Put(ctx context.Context, key string, value []byte, _ time.Duration) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.values[key] = bytes.Clone(value)
	return errors.Join(m.broken, ctx.Err())
}

func (m *memory) Delete(_ context.Context, key string) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	delete(m.values, key)
	return m.broken
}

func (m *memory) List(_ context.Context, prefix, after string, limit int) (keys []string, values [][]byte, err error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for k := range m.values {
		if strings.HasPrefix(k, prefix) && k > after {
			keys = append(keys, k)
		}
	}
	slices.Sort(keys)
	keys = keys[:min(len(keys), limit)]
	for _, k := range keys {
		values = append(values, m.values[k])
	}
	return keys, values, m.broken
}

func (m *memory) Change(_ context.Context, edits ...partner.Edit) (bool, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, e := range edits {
		if v, ok := m.values[e.Key]; ok != (e.Old != nil) || !bytes.Equal(v, e.Old) {
			return false, m.broken
		}
	}
	for _, e := range edits {
		if e.New == nil {
			delete(m.values, e.Key)
		} else {
			m.values[e.Key] = bytes.Clone(e.New)
		}
	}
	return true, m.broken
}

func (m *memory) Changing(...partner.Edit) order.Effect { return nil }

// node is one node of a test's hub.
type node struct {
	book *chore.Book
	stop context.CancelFunc
	over chan struct{}
}

// starts a node that does chores of the kind "count".
func (m *memory) starts(t *testing.T, name string, do chore.Do) *node {
	t.Helper()
	n := &node{book: chore.NewBook(m, time.Now), over: make(chan struct{})}
	r := chore.NewRunner(chore.Options{Book: n.book, Node: name, Do: map[string]chore.Do{"count": do}, Log: slog.New(slog.DiscardHandler)})
	ctx, cancel := context.WithCancel(t.Context())
	n.stop = func() { cancel(); <-n.over }
	go func() {
		defer close(n.over)
		r.Run(ctx)
	}()
	t.Cleanup(n.stop)
	return n
}

func (n *node) begin(t *testing.T) chore.Chore {
	t.Helper()
	c, err := n.book.Create(t.Context(), chore.Chore{Shop: "nordlys", Kind: "count", By: "ada"}, map[string]int{"to": 3}, true)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// after is how a chore stands later.
func (n *node) after(t *testing.T, d time.Duration, c chore.Chore) chore.Chore {
	t.Helper()
	time.Sleep(d)
	synctest.Wait()
	c, err := n.book.Find(t.Context(), c.Shop, c.Kind, c.ID)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func newMemory() *memory { return &memory{values: map[string][]byte{}} }

func TestChoreIsDone(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		n := newMemory().starts(t, "a", func(ctx context.Context, run *chore.Run) error { return run.Save(ctx, map[string]int{"n": 3}) })
		c := n.after(t, 5*time.Second, n.begin(t))
		if c.State != chore.Done || string(c.Progress) != `{"n":3}` || c.Node != "" || c.Ended.IsZero() {
			t.Errorf("%+v", c)
		}
		if list, next, err := n.book.List(t.Context(), "nordlys", "count", "", 1); err != nil || len(list) != 1 || next != c.ID {
			t.Error(list, next, err)
		}
		if _, err := n.book.Start(t.Context(), "nordlys", "count", c.ID); !errors.Is(err, order.ErrConflict) {
			t.Error(err)
		}
		if _, err := n.book.Cancel(t.Context(), "nordlys", "count", c.ID); !errors.Is(err, order.ErrConflict) {
			t.Error(err)
		}
	})
}

// TestChoreWaits: what was not started is not done, and the newest is listed first.
func TestChoreWaits(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		done := 0
		n := newMemory().starts(t, "a", func(context.Context, *chore.Run) error { done++; return nil })
		first, err := n.book.Create(t.Context(), chore.Chore{Shop: "nordlys", Kind: "count"}, nil, false)
		if err != nil {
			t.Fatal(err)
		}
		time.Sleep(10 * time.Second)
		second, err := n.book.Create(t.Context(), chore.Chore{Shop: "nordlys", Kind: "count"}, nil, false)
		if err != nil || done != 0 {
			t.Fatal(err, done)
		}
		if list, _, err := n.book.List(t.Context(), "nordlys", "count", "", 10); err != nil || len(list) != 2 || list[0].ID != second.ID {
			t.Error(list, err)
		}
		if _, err := n.book.Start(t.Context(), "nordlys", "count", first.ID); err != nil {
			t.Fatal(err)
		}
		if c := n.after(t, 5*time.Second, first); c.State != chore.Done || done != 1 {
			t.Error(c, done)
		}
	})
}

// TestChoreFails: a failure ends it at once, a trouble of ours after some tries.
func TestChoreFails(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		err   error
		times int
		says  string
	}{
		"failure": {chore.Failf("no such route"), 1, "no such route"},
		"trouble": {errors.New("disk"), 5, "the hub's log has the reason"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				times := 0
				n := newMemory().starts(t, "a", func(context.Context, *chore.Run) error { times++; return c.err })
				got := n.after(t, 5*time.Minute, n.begin(t))
				if got.State != chore.Failed || !strings.Contains(got.Error, c.says) || times != c.times {
					t.Errorf("%d times: %+v", times, got)
				}
			})
		})
	}
}

func TestChorePanics(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		n := newMemory().starts(t, "a", func(context.Context, *chore.Run) error { panic("x") })
		if c := n.after(t, 5*time.Minute, n.begin(t)); c.State != chore.Failed || strings.Contains(c.Error, "x") && strings.Contains(c.Error, "panic") {
			t.Error(c)
		}
	})
}

// TestChoreIsCancelled: whoever does it is told soon.
func TestChoreIsCancelled(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		told := false
		n := newMemory().starts(t, "a", func(ctx context.Context, _ *chore.Run) error {
			<-ctx.Done()
			told = true
			return ctx.Err()
		})
		c := n.begin(t)
		if c := n.after(t, 10*time.Second, c); c.State != chore.Running || c.Node != "a" {
			t.Fatal(c)
		}
		if _, err := n.book.Cancel(t.Context(), c.Shop, c.Kind, c.ID); err != nil {
			t.Fatal(err)
		}
		if c := n.after(t, 10*time.Second, c); c.State != chore.Cancelled || !told {
			t.Error(c, told)
		}
	})
}

// TestNodesTakeOver: of a node that stops the next goes on at once, of one that
// is cut off after a silence, and only one at a time does a chore.
func TestNodesTakeOver(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		m := newMemory()
		does := ""
		hold := func(ctx context.Context, run *chore.Run) error {
			does += run.Node
			if err := run.Save(ctx, run.Restarts); err != nil {
				return err
			}
			<-ctx.Done()
			return ctx.Err()
		}
		a := m.starts(t, "a", hold)
		c := a.begin(t)
		a.after(t, 5*time.Second, c)
		b := m.starts(t, "b", hold)
		b.after(t, 2*time.Minute, c)
		if does != "a" {
			t.Errorf("done by %q", does)
		}
		a.stop()
		if c = b.after(t, 5*time.Second, c); does != "ab" || c.Node != "b" || c.Restarts != 1 {
			t.Errorf("done by %q: %+v", does, c)
		}
		// b is killed: nothing of it is given back.
		m.ends(b)
		third := m.starts(t, "c", hold)
		if c = third.after(t, 20*time.Second, c); c.Node != "b" {
			t.Errorf("taken over too soon: %+v", c)
		}
		if c = third.after(t, time.Minute, c); c.Node != "c" || does != "abc" || string(c.Progress) != "2" {
			t.Errorf("done by %q: %+v", does, c)
		}
	})
}

// ends ends a node as a kill does: nothing is given back.
func (m *memory) ends(n *node) {
	m.breaks(errors.New("cut off"))
	n.stop()
	m.breaks(nil)
}

func (m *memory) breaks(err error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.broken = err
}

// TestChoreThatKillsIsGivenUp: what ends every node that does it is not begun
// for ever, one that was given back is.
func TestChoreThatKillsIsGivenUp(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		m, times := newMemory(), 0
		hold := func(ctx context.Context, _ *chore.Run) error {
			times++
			<-ctx.Done()
			return ctx.Err()
		}
		n := m.starts(t, "0", hold)
		c := n.begin(t)
		for _, name := range []string{"1", "2", "3", "4"} {
			n.after(t, time.Minute, c)
			n.stop()
			n = m.starts(t, name, hold)
		}
		for _, name := range []string{"5", "6", "7", "8"} {
			n.after(t, time.Minute, c)
			m.ends(n)
			n = m.starts(t, name, hold)
		}
		if c = n.after(t, time.Minute, c); c.State != chore.Failed || !strings.Contains(c.Error, "ended 3 times") || times != 7 || c.Ended.IsZero() {
			t.Errorf("begun %d times: %+v", times, c)
		}
	})
}

// TestTroublesAreCountedTogether: nodes that meet the same trouble do not each
// begin to count.
func TestTroublesAreCountedTogether(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		m, times := newMemory(), 0
		var mu sync.Mutex
		trouble := func(context.Context, *chore.Run) error {
			mu.Lock()
			defer mu.Unlock()
			times++
			return errors.New("disk")
		}
		n := m.starts(t, "a", trouble)
		m.starts(t, "b", trouble)
		if c := n.after(t, 5*time.Minute, n.begin(t)); c.State != chore.Failed || times != 5 {
			t.Errorf("begun %d times: %+v", times, c)
		}
	})
}

// TestChoresWaitTheirTurn: more than a node does at a time are done in the
// sequence they were begun in, whoever's they are.
func TestChoresWaitTheirTurn(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		m := newMemory()
		book := chore.NewBook(m, time.Now)
		var want []string
		for _, shop := range []string{"b", "a", "d", "c", "a", "e"} {
			c, err := book.Create(t.Context(), chore.Chore{Shop: shop, Kind: "count"}, nil, true)
			if err != nil {
				t.Fatal(err)
			}
			want = append(want, c.ID)
			time.Sleep(time.Second)
		}
		var mu sync.Mutex
		var got []string
		m.starts(t, "a", func(_ context.Context, run *chore.Run) error {
			mu.Lock()
			got = append(got, run.ID)
			n := len(got)
			mu.Unlock()
			time.Sleep(time.Duration(n) * time.Minute) // two never end together
			return nil
		})
		time.Sleep(time.Hour)
		synctest.Wait()
		slices.Sort(got[:min(2, len(got))]) // these begin at once
		slices.Sort(want[:2])
		if !slices.Equal(got, want) {
			t.Errorf("done: %v, begun: %v", got, want)
		}
	})
}

// plain seals nothing, but remembers for what.
type plain struct{}

func (plain) Seal(text []byte, context string) []byte { return append([]byte(context+"|"), text...) }
func (plain) Open(sealed []byte, context string) ([]byte, error) {
	text, ok := bytes.CutPrefix(sealed, []byte(context+"|"))
	if !ok {
		return nil, errors.New("sealed for something else")
	}
	return text, nil
}

func TestBlobs(t *testing.T) {
	t.Parallel()
	for _, size := range []int{0, 1, 512<<10 - 1, 512 << 10, 512<<10 + 1, 3 << 20} {
		m := newMemory()
		b := &chore.Blobs{State: m, Seal: plain{}, Shop: "nordlys", Keep: time.Hour}
		want := make([]byte, size)
		for i := range want {
			want[i] = byte(i % 251)
		}
		w := b.Writer(t.Context(), "file/1")
		for rest := want; len(rest) > 0; {
			n := min(len(rest), 100_000)
			if _, err := w.Write(rest[:n]); err != nil {
				t.Fatal(err)
			}
			rest = rest[n:]
		}
		if err := w.Close(); err != nil || w.Size() != int64(size) {
			t.Fatal(err, w.Size())
		}
		got, err := io.ReadAll(b.Reader(t.Context(), "file/1"))
		if err != nil || !bytes.Equal(got, want) {
			t.Errorf("%d bytes: %d were read (%v)", size, len(got), err)
		}
		if err := b.Delete(t.Context(), "file/1"); err != nil || len(m.values) != 0 {
			t.Errorf("%d bytes: %d keys are left (%v)", size, len(m.values), err)
		}
	}
}

// TestSpecIsKept: what is to be done comes back as it was said.
func TestSpecIsKept(t *testing.T) {
	t.Parallel()
	book := chore.NewBook(newMemory(), time.Now)
	made, err := book.Create(t.Context(), chore.Chore{Shop: "nordlys", Kind: "count"}, map[string]string{"route": "ads"}, false)
	if err != nil {
		t.Fatal(err)
	}
	found, err := book.Find(t.Context(), "nordlys", "count", made.ID)
	var spec map[string]string
	if err != nil || json.Unmarshal(found.Spec, &spec) != nil || spec["route"] != "ads" {
		t.Error(found, err)
	}
	if _, err := book.Find(t.Context(), "nordlys", "other", made.ID); !errors.Is(err, order.ErrNotFound) {
		t.Error(err)
	}
}
