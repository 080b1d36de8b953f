package postgres_test

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/ordermux/ordermux/internal/node"
	"github.com/ordermux/ordermux/internal/store/postgres"
	"github.com/ordermux/ordermux/internal/store/postgres/pgtest"
)

// hub is several nodes over one database, with engines that only remember.
type hub struct {
	testing.TB
	url   string
	shops []string
}

func newHub(t testing.TB, url string, shops int) *hub {
	h := &hub{TB: t, url: url}
	for i := range shops {
		h.shops = append(h.shops, fmt.Sprintf("shop-%05d", i))
	}
	return h
}

type member struct {
	*node.Node
	engine *engine
	lease  *node.Lease
	cut    atomic.Bool
	stop   context.CancelFunc
	done   chan error
	dead   atomic.Int64 // how many others it declared dead
}

var errNotHere = errors.New("another node owns the shop")

// cuttable is a way to the database that can be cut.
type cuttable struct {
	node.Store
	cut *atomic.Bool
}

func (c cuttable) Beat(ctx context.Context, p node.Pulse) (node.View, error) {
	if c.cut.Load() {
		return node.View{}, errors.New("cut off")
	}
	return c.Store.Beat(ctx, p)
}

func (c cuttable) Listen(ctx context.Context, id string, ready func(), heard func(string)) error {
	return c.Store.Listen(ctx, id, ready, func(text string) {
		if !c.cut.Load() {
			heard(text)
		}
	})
}

// start starts a node; times are a third of the real ones.
func (h *hub) start(name string, change ...func(*node.Options)) *member {
	h.Helper()
	s, err := postgres.Open(h.Context(), h.url, postgres.Options{})
	if err != nil {
		h.Fatal(err)
	}
	m := &member{lease: node.NewLease(), done: make(chan error, 1)}
	m.engine = &engine{open: map[string]int64{}, heads: map[string]int64{}}
	opts := node.Options{
		Store: cuttable{s.Nodes(), &m.cut}, Engine: m.engine, Lease: m.lease, Name: name, Version: "test",
		Beat: 300 * time.Millisecond, Span: 2 * time.Second, Elsewhere: errNotHere,
		Report: func() node.Report { return node.Report{Config: "same", Totals: []byte(`{"n":"` + name + `"}`)} },
		Observe: func(e node.Event) {
			if e.Kind == node.Declared {
				m.dead.Add(1)
			}
		},
	}
	for _, f := range change {
		f(&opts)
	}
	m.Node = node.New(opts)
	m.SetShops(h.shops)
	m.Handle("say", func(_ context.Context, shop string, args []byte) ([]byte, error) {
		return []byte(name + " does " + string(args) + " for " + shop), nil
	})
	ctx, cancel := context.WithCancel(context.Background())
	m.stop = sync.OnceFunc(func() {
		cancel()
		if err := <-m.done; err != nil && !m.cut.Load() {
			h.Error(err)
		}
		if err := s.Close(); err != nil {
			h.Error(err)
		}
	})
	go func() { m.done <- m.Run(ctx) }()
	h.Cleanup(m.stop)
	return m
}

func (h *hub) within(what string, holds func() bool) {
	h.Helper()
	limit := time.After(time.Minute)
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for !holds() {
		select {
		case <-limit:
			h.Fatalf("never: %s", what)
		case <-tick.C:
		}
	}
}

func (h *hub) even(members ...*member) func() bool {
	return func() bool {
		total, sum := len(h.shops)+1, 0
		for _, m := range members {
			k := m.engine.count()
			if k < total/len(members) || k > (total+len(members)-1)/len(members) {
				return false
			}
			sum += k
		}
		return sum == total
	}
}

// query asks the database, on a connection of its own.
func (h *hub) query(sql string, args ...any) (n int64) {
	h.Helper()
	c, err := pgx.Connect(h.Context(), h.url)
	if err != nil {
		h.Fatal(err)
	}
	defer c.Close(h.Context())
	if err := c.QueryRow(h.Context(), sql, args...).Scan(&n); err != nil {
		h.Fatal(err)
	}
	return n
}

// epochs returns one number that changes with every move.
func (h *hub) epochs() int64 { return h.query("SELECT coalesce(sum(epoch), 0)::bigint FROM owners") }

// owners returns one number for who owns what.
func (h *hub) owners() int64 {
	return h.query("SELECT coalesce(sum(hashtextextended(shop || ' ' || node, 0)::numeric % 1000000007), 0)::bigint FROM owners")
}

type engine struct {
	mu    sync.Mutex
	open  map[string]int64
	heads map[string]int64
}

func (e *engine) Own(_ context.Context, shop string, epoch int64) error {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.open[shop] = epoch
	return nil
}

func (e *engine) Yield(_ context.Context, shop string, _ time.Duration) (bool, error) {
	e.Lose(shop)
	return true, nil
}

func (e *engine) Lose(shop string) {
	e.mu.Lock()
	defer e.mu.Unlock()
	delete(e.open, shop)
}

func (e *engine) Notify(shop string, head int64) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.heads[shop] = max(e.heads[shop], head)
}

func (e *engine) count() int {
	e.mu.Lock()
	defer e.mu.Unlock()
	return len(e.open)
}

func (e *engine) head(shop string) int64 {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.heads[shop]
}

// owned returns the name of one of the engine's shops.
func (e *engine) owned() string {
	e.mu.Lock()
	defer e.mu.Unlock()
	for shop := range e.open {
		if shop != node.Hub {
			return shop
		}
	}
	return ""
}

func TestNodesSpreadTakeOverAndHandOver(t *testing.T) {
	t.Parallel()
	h := newHub(t, pgtest.Filled(t), 300)
	a := h.start("a")
	h.within("a has all", h.even(a))
	b, c := h.start("b"), h.start("c")
	h.within("three have all", h.even(a, b, c))
	b.cut.Store(true)
	h.within("b is taken over", h.even(a, c))
	if b.lease.Valid() {
		t.Error("the lease of b holds")
	}
	if got := a.dead.Load() + c.dead.Load(); got != 1 {
		t.Errorf("declared dead %d times", got)
	}
	b.cut.Store(false)
	h.within("three again", h.even(a, b, c))
	a.stop()
	h.within("handed over", h.even(b, c))
	list, err := b.Nodes(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	states := map[string]string{}
	for _, s := range list {
		if s.State != node.Ended {
			states[s.Name] = s.State + " " + string(s.Totals)
		}
	}
	if want := map[string]string{"b": `living {"n":"b"}`, "c": `living {"n":"c"}`}; !maps.Equal(states, want) {
		t.Errorf("nodes are %v", states)
	}
	if !b.Agreed() {
		t.Error("they do not agree")
	}
}

func TestOwnersHearOfAppends(t *testing.T) {
	t.Parallel()
	h := newHub(t, pgtest.Filled(t), 10)
	a, b := h.start("a"), h.start("b")
	h.within("even", h.even(a, b))
	shop := a.engine.owned()
	// There is no row of heads: only a hint can bring it.
	h.within("a hint", func() bool { b.Appended(shop, 7); return a.engine.head(shop) == 7 })
	if b.engine.head(shop) != 0 {
		t.Error("b was told of a shop that it does not own")
	}
	a.Appended(shop, 9)
	if a.engine.head(shop) != 9 {
		t.Error("the owner did not hear itself at once")
	}
	// And without one the poll does.
	h.query("INSERT INTO heads (shop, head) VALUES ($1, 11) RETURNING head", shop)
	h.within("the poll", func() bool { return a.engine.head(shop) == 11 })
	h.query("UPDATE heads SET head = 12, moved = clock_timestamp() WHERE shop = $1 RETURNING head", shop)
	h.within("the poll", func() bool { return a.engine.head(shop) == 12 })
	// A cut connection is replaced.
	h.query("SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE datname = current_database() AND query LIKE 'LISTEN%'")
	h.within("a hint again", func() bool { b.Appended(shop, 20); return a.engine.head(shop) == 20 })
}

func TestCommandsReachTheOwner(t *testing.T) {
	t.Parallel()
	h := newHub(t, pgtest.Filled(t), 10)
	a, b := h.start("a"), h.start("b")
	h.within("even", h.even(a, b))
	shop := a.engine.owned()
	for _, m := range []*member{a, b} {
		out, err := m.Ask(t.Context(), shop, "say", []byte("it"))
		if err != nil || string(out) != "a does it for "+shop {
			t.Errorf("answered %q, %v", out, err)
		}
	}
	replies, err := b.AskAll(t.Context(), "say", []byte("that"))
	if err != nil || len(replies) != 2 {
		t.Fatalf("answered %v, %v", replies, err)
	}
	for i, want := range []string{"a does that for _hub", "b does that for _hub"} {
		if replies[i].Err != nil || string(replies[i].Answer) != want {
			t.Errorf("answered %q, %v", replies[i].Answer, replies[i].Err)
		}
	}
	if n := h.query("SELECT count(*) FROM commands"); n != 0 {
		t.Errorf("%d commands are left", n)
	}
}

func TestCommandIsTakenOnce(t *testing.T) {
	t.Parallel()
	h := newHub(t, pgtest.Filled(t), 0)
	s, err := postgres.Open(t.Context(), h.url, postgres.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	n := s.Nodes()
	defer n.Close()
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	must(n.AddShops(t.Context(), []string{"s"}))
	_, err = n.Move(t.Context(), []node.Move{{Shop: "s", To: "me", Epoch: 0}})
	must(err)
	c := node.Command{Shop: "s", ID: "1", Asker: "you", Kind: "k", Args: []byte("x"), Within: time.Minute, Keep: time.Minute}
	old := c
	old.ID, old.Within, old.Keep = "2", -time.Second, -2*time.Minute
	must(n.Put(t.Context(), []node.Command{c, old}))
	list, err := n.Waiting(t.Context())
	if err != nil || len(list) != 1 || list[0].ID != "1" || list[0].Args != nil {
		t.Fatalf("waiting %v, %v", list, err)
	}
	if left := h.query("SELECT count(*) FROM commands"); left != 1 {
		t.Errorf("%d commands are left", left)
	}
	take := func(id string, epoch int64) bool {
		t.Helper()
		args, ok, err := n.Take(t.Context(), c, id, epoch)
		if err != nil || ok && string(args) != "x" {
			t.Fatalf("took %q, %v", args, err)
		}
		return ok
	}
	if take("me", 2) || take("other", 1) || !take("me", 1) || take("me", 1) {
		t.Error("taken by the wrong one, or twice")
	}
	must(n.Return(t.Context(), c, "me"))
	if !take("me", 1) {
		t.Error("not taken again")
	}
	if done, err := n.Withdraw(t.Context(), c); done || err != nil {
		t.Errorf("withdrawn %v, %v", done, err)
	}
	must(n.Finish(t.Context(), c, "me", []byte("y")))
	st, err := n.Collect(t.Context(), c)
	if err != nil || !st.Known || !st.Done || st.Taken != "me" || string(st.Answer) != "y" {
		t.Errorf("stands %+v, %v", st, err)
	}
	if st, err = n.Collect(t.Context(), c); err != nil || st.Known {
		t.Errorf("stands %+v, %v", st, err)
	}
}

// TestShopsMoveOnce: of many who want a shop under one epoch, one gets it.
func TestShopsMoveOnce(t *testing.T) {
	t.Parallel()
	h := newHub(t, pgtest.Filled(t), 600)
	s, err := postgres.Open(t.Context(), h.url, postgres.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	n := s.Nodes()
	defer n.Close()
	won := make([]int, len(h.shops))
	var mu sync.Mutex
	var all sync.WaitGroup
	for who := range 3 {
		all.Go(func() {
			if err := n.AddShops(t.Context(), h.shops); err != nil {
				t.Error(err)
				return
			}
			moves := make([]node.Move, len(h.shops))
			for i, shop := range h.shops {
				moves[i] = node.Move{Shop: shop, To: fmt.Sprint(who)}
			}
			moved, err := n.Move(t.Context(), moves)
			mu.Lock()
			defer mu.Unlock()
			for i := range moved {
				if moved[i] {
					won[i]++
				}
			}
			if err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	for i, k := range won {
		if k != 1 {
			t.Fatalf("%s moved %d times", h.shops[i], k)
		}
	}
	if sum := h.epochs(); sum != 600 {
		t.Errorf("the epochs' sum is %d", sum)
	}
}

// TestServerRestartMovesNothing: the nodes come back, each with its shops.
func TestServerRestartMovesNothing(t *testing.T) {
	t.Parallel()
	server := pgtest.Own(t)
	url, err := server.Database(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	h := newHub(t, url, 100)
	a, b, c := h.start("a"), h.start("b"), h.start("c")
	h.within("even", h.even(a, b, c))
	h.within("settled", func() bool {
		before := h.epochs()
		return h.query("SELECT 1 FROM pg_sleep(0.7)") == 1 && h.epochs() == before
	})
	before := h.owners()
	if err := server.Kill(); err != nil {
		t.Fatal(err)
	}
	h.within("all leases are over", func() bool { return !a.lease.Valid() && !b.lease.Valid() && !c.lease.Valid() })
	if err := server.Start(); err != nil {
		t.Fatal(err)
	}
	h.within("even again", h.even(a, b, c))
	if after := h.owners(); after != before || a.dead.Load()+b.dead.Load()+c.dead.Load() > 0 {
		t.Errorf("shops moved: %d, then %d", before, after)
	}
}

// TestFullPoolStopsNoBeats: what else is stuck, the lease goes on.
func TestFullPoolStopsNoBeats(t *testing.T) {
	t.Parallel()
	h := newHub(t, pgtest.Filled(t)+"&pool_max_conns=2", 10)
	a := h.start("a")
	h.within("a has all", h.even(a))
	plain, err := pgx.ParseConfig(h.url)
	if err != nil {
		t.Fatal(err)
	}
	delete(plain.RuntimeParams, "pool_max_conns")
	c, err := pgx.ConnectConfig(t.Context(), plain)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close(context.Background())
	if _, err := c.Exec(t.Context(), "BEGIN; LOCK TABLE owners, heads, commands IN ACCESS EXCLUSIVE MODE"); err != nil {
		t.Fatal(err)
	}
	lease := a.lease.Context()
	beats := func() (n int64) {
		if err := c.QueryRow(t.Context(), "SELECT sum(beats)::bigint FROM nodes").Scan(&n); err != nil {
			t.Fatal(err)
		}
		return n
	}
	first := beats()
	h.within("beats", func() bool { return beats() > first+8 })
	if lease.Err() != nil {
		t.Error("the lease is over")
	}
}
