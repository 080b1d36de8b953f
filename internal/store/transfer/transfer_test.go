package transfer_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"reflect"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/ordermux/ordermux/internal/ledger"
	"github.com/ordermux/ordermux/internal/order"
	"github.com/ordermux/ordermux/internal/store/postgres"
	"github.com/ordermux/ordermux/internal/store/postgres/pgtest"
	"github.com/ordermux/ordermux/internal/store/sqlite"
	"github.com/ordermux/ordermux/internal/store/transfer"
)

func TestMain(m *testing.M) { os.Exit(pgtest.Main(m)) }

// ends opens both ends.
func ends(t testing.TB, dir, url string) (*sqlite.Export, *postgres.Import) {
	t.Helper()
	from, err := sqlite.OpenExport(t.Context(), dir)
	if err != nil {
		t.Fatal(err)
	}
	to, err := postgres.OpenImport(t.Context(), url)
	if err != nil {
		t.Fatal(err)
	}
	return from, to
}

func closeEnds(t testing.TB, from *sqlite.Export, to *postgres.Import) {
	t.Helper()
	if err := errors.Join(from.Close(), to.Close()); err != nil {
		t.Fatal(err)
	}
}

// sameRows compares every row of both ends.
func sameRows(t testing.TB, from *sqlite.Export, to *postgres.Import) {
	t.Helper()
	for _, table := range transfer.Tables() {
		here, err := transfer.RowsOf(t.Context(), from, nil, table)
		if err != nil {
			t.Fatal(err)
		}
		there, err := transfer.RowsOf(t.Context(), nil, to, table)
		if err != nil {
			t.Fatal(err)
		}
		if !reflect.DeepEqual(here, there) {
			t.Errorf("%s (-folder +database):\n%.2000s", table.Name, cmp.Diff(here, there))
		}
		if len(here) == 0 {
			t.Errorf("%s: no rows, so nothing was tested", table.Name)
		}
	}
}

// whole verifies the chains in a database and appends to one: the next order
// must find its place.
func whole(t testing.TB, url string, h *hub) {
	t.Helper()
	s, err := postgres.Open(t.Context(), url, postgres.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	l := ledger.New(s, ledger.Options{Shared: true})
	for _, shop := range h.shops {
		before, err := l.Verify(t.Context(), shop.id)
		if err != nil || before.Faults != nil || before.Events == 0 {
			t.Errorf("verify: %+v %v", before, err)
		}
		known, next := shop.ids[0], "after-the-move"
		receipts, err := l.Append(t.Context(), shop.id, []order.Entry{happened(known), happened(next)})
		if err != nil || receipts[1].Seq != before.Events+2 {
			t.Fatalf("append: %+v %v", receipts, err)
		}
		states, err := l.StatesByID(t.Context(), shop.id, []string{known})
		if err != nil || states[0].Row.First != shop.numbers[known] || states[0].Row.Newest != receipts[0].Seq {
			t.Errorf("the state of a known order: %+v %v", states[0], err)
		}
		if r, err := l.Verify(t.Context(), shop.id); err != nil || r.Faults != nil || r.Events != before.Events+2 {
			t.Errorf("verify: %+v %v", r, err)
		}
	}
}

func happened(id string) order.Entry {
	return order.Entry{
		Subject: order.Subject{Kind: order.SubjectOrder, ID: id}, Source: sources[0],
		Happening: &order.Happening{Kind: order.KindAccepted, Ref: "moved"},
	}
}

func options(from *sqlite.Export, to *postgres.Import) transfer.Options {
	return transfer.Options{Source: from, Target: to, Every: 5 * time.Millisecond, Look: time.Millisecond}
}

// TestMoveUnderWrites moves a hub that goes on writing, is interrupted again
// and again, and ends with everything.
func TestMoveUnderWrites(t *testing.T) {
	t.Parallel()
	h := newHub(t, 1)
	h.run(200)
	url := pgtest.Database(t)
	stop, done := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(done)
		for range 1000 {
			select {
			case <-stop:
				return
			default:
				h.step()
			}
		}
	}()
	random := rand.New(rand.NewPCG(7, 7))
	for i := range 6 {
		interrupted(t, h.dir, url, random, i)
	}
	from, to := ends(t, h.dir, url)
	opts := options(from, to)
	waited := false
	opts.Observe = func(s transfer.Step) {
		if s.Phase == transfer.Waiting && s.Pass > 3 && !waited {
			waited = true
			close(stop)
			go func() {
				<-done
				h.close()
			}()
		}
	}
	result, err := transfer.InPagesOf(transfer.New(opts), 20).Run(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if len(result.Shops) != 4 || result.Rows["events"] == 0 || result.Switch == 0 {
		t.Errorf("%+v", result)
	}
	t.Logf("%d steps, %d passes, %d orders", h.steps.Load(), result.Passes, result.Rows["orders"])
	sameRows(t, from, to)
	closeEnds(t, from, to)
	whole(t, url, h)
	if _, err := sqlite.Open(t.Context(), h.dir, sqlite.Options{}); !isMoved(err) || !strings.Contains(err.Error(), "postgres://") {
		t.Errorf("the folder opens: %v", err)
	}
}

func isMoved(err error) bool {
	_, ok := errors.AsType[*sqlite.Moved](err)
	return ok
}

// interrupted runs a move that is cut off somewhere.
func interrupted(t *testing.T, dir, url string, random *rand.Rand, i int) {
	t.Helper()
	from, to := ends(t, dir, url)
	defer closeEnds(t, from, to)
	ctx, cut := context.WithCancel(t.Context())
	defer cut()
	left := 1 + random.IntN(40*(i+1))
	opts := options(from, to)
	opts.Observe = func(transfer.Step) {
		if left--; left == 0 {
			cut()
		}
	}
	if _, err := transfer.InPagesOf(transfer.New(opts), 10+random.IntN(100)).Run(ctx); !errors.Is(err, context.Canceled) {
		t.Fatalf("cut off: %v", err)
	}
	if _, err := postgres.Open(t.Context(), url, postgres.Options{}); err == nil {
		t.Fatal("a node opens a database that is half filled")
	} else if _, ok := errors.AsType[*postgres.Filling](err); !ok {
		t.Fatal(err)
	}
}

// TestChangedMeanwhile erases orders, and changes closed deliveries, that the
// target has already.
func TestChangedMeanwhile(t *testing.T) {
	t.Parallel()
	h := newHub(t, 2)
	h.run(250)
	url := pgtest.Database(t)
	from, to := ends(t, h.dir, url)
	defer closeEnds(t, from, to)
	opts := options(from, to)
	erased := false
	opts.Observe = func(s transfer.Step) {
		if s.Phase == transfer.Waiting && !erased {
			erased = true
			for _, shop := range h.shops {
				for range 2 {
					h.replace(shop)
					h.erase(shop)
					h.replace(shop)
				}
			}
			h.close()
		}
	}
	if _, err := transfer.InPagesOf(transfer.New(opts), 9).Run(t.Context()); err != nil {
		t.Fatal(err)
	}
	sameRows(t, from, to)
}

// TestDatabaseKilled kills the database under a move, which goes on when it is
// back.
func TestDatabaseKilled(t *testing.T) {
	t.Parallel()
	server, err := pgtest.New()
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := server.Remove(); err != nil {
			t.Error(err)
		}
	}()
	h := newHub(t, 9)
	h.run(150)
	h.close()
	url, err := server.Database(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	from, to := ends(t, h.dir, url)
	defer closeEnds(t, from, to)
	opts := options(from, to)
	killed := false
	opts.Observe = func(s transfer.Step) {
		if s.Written > 100 && !killed {
			killed = true
			if err := errors.Join(server.Kill(), server.Start()); err != nil {
				t.Error(err)
			}
		}
	}
	if _, err := transfer.InPagesOf(transfer.New(opts), 30).Run(t.Context()); err != nil || !killed {
		t.Fatal(err)
	}
	sameRows(t, from, to)
}

// TestFinishAgain interrupts a move between its last two steps.
func TestFinishAgain(t *testing.T) {
	t.Parallel()
	h := newHub(t, 3)
	h.run(200)
	h.close()
	url := pgtest.Database(t)
	from, to := ends(t, h.dir, url)
	opts := options(from, to)
	opts.Target = unfinished{to}
	if _, err := transfer.New(opts).Run(t.Context()); !errors.Is(err, errCut) {
		t.Fatal(err)
	}
	closeEnds(t, from, to)
	if _, err := sqlite.Open(t.Context(), h.dir, sqlite.Options{}); !isMoved(err) {
		t.Errorf("the folder opens: %v", err)
	}
	if _, err := postgres.Open(t.Context(), url, postgres.Options{}); err == nil {
		t.Error("the database opens")
	}
	from, to = ends(t, h.dir, url)
	defer closeEnds(t, from, to)
	if _, err := transfer.New(options(from, to)).Run(t.Context()); err != nil {
		t.Fatal(err)
	}
	sameRows(t, from, to)
	whole(t, url, h)
	_, err := transfer.New(options(from, to)).Run(t.Context())
	if _, ok := errors.AsType[*transfer.Finished](err); !ok {
		t.Errorf("moved twice: %v", err)
	}
}

var errCut = errors.New("cut off")

type unfinished struct{ *postgres.Import }

func (unfinished) Finish(context.Context, string) error { return errCut }

// TestTroubleWhileWaiting: who waits for the hub to be stopped, and can not keep
// up with it, says so.
func TestTroubleWhileWaiting(t *testing.T) {
	t.Parallel()
	h := newHub(t, 11)
	h.run(20)
	defer h.close()
	from, to := ends(t, h.dir, pgtest.Database(t))
	defer closeEnds(t, from, to)
	opts := options(from, to)
	target := &failing{Import: to}
	opts.Target = target
	opts.Observe = func(s transfer.Step) {
		if s.Phase == transfer.Waiting {
			target.now.Store(true)
		}
	}
	if _, err := transfer.New(opts).Run(t.Context()); !errors.Is(err, errCut) {
		t.Error(err)
	}
}

type failing struct {
	*postgres.Import
	now atomic.Bool
}

func (f *failing) Query(ctx context.Context, query string, args []any, g func([]any) bool) error {
	if f.now.Load() {
		return errCut
	}
	return f.Import.Query(ctx, query, args, g)
}

// TestTargetOfAnother refuses databases that hold something else.
func TestTargetOfAnother(t *testing.T) {
	t.Parallel()
	f := func(what string, fill func(url string)) {
		t.Helper()
		h := newHub(t, 4)
		h.run(5)
		defer h.close()
		url := pgtest.Database(t)
		fill(url)
		from, to := ends(t, h.dir, url)
		defer closeEnds(t, from, to)
		_, err := transfer.New(options(from, to)).Run(t.Context())
		if e, ok := errors.AsType[*transfer.Occupied](err); !ok || !strings.Contains(e.What, what) {
			t.Errorf("%s: %v", what, err)
		}
	}
	f("a hub's state", func(url string) {
		s, err := postgres.Open(t.Context(), url, postgres.Options{})
		if err != nil {
			t.Fatal(err)
		}
		defer s.Close()
		if err := s.State("_hub", "hub").Put(t.Context(), "id", []byte("other"), 0); err != nil {
			t.Fatal(err)
		}
	})
	f("another folder", func(url string) {
		to, err := postgres.OpenImport(t.Context(), url)
		if err != nil {
			t.Fatal(err)
		}
		defer to.Close()
		if err := to.Begin(t.Context(), "another"); err != nil {
			t.Fatal(err)
		}
	})
}

// TestFaultsAreFound damages the copy: the folder must stay the hub's.
func TestFaultsAreFound(t *testing.T) {
	t.Parallel()
	h := newHub(t, 5)
	h.run(300)
	h.close()
	// A rule of the list of tables is broken: what was delivered changed.
	faults(t, h.dir, "deliveries of shop nordlys", &harm{name: "deliveries", at: "flags & 2", change: func(c *transfer.Changes, rows []transfer.Row) {
		i := slices.IndexFunc(rows, func(r transfer.Row) bool { // none that is erased: those are compared
			return r[column(c.Table, "state")] == int64(9) && r[column(c.Table, "digest")] != nil
		})
		c.Old = changed(rows[i], column(c.Table, "attempt"), int64(77))
	}})
	faults(t, h.dir, "are not those of its deliveries", &harm{name: "route_counts", at: "flags & 2", change: func(c *transfer.Changes, rows []transfer.Row) {
		c.Old = changed(rows[len(rows)-1], column(c.Table, "n"), int64(77))
	}})
	faults(t, h.dir, "later: count(*)", &harm{name: "later", at: "flags & 2", change: func(c *transfer.Changes, rows []transfer.Row) {
		c.Gone = []transfer.Key{transfer.Key(rows[0])}
	}})
	faults(t, h.dir, "event 3: its hash", &harm{name: "events", at: "ledger", change: func(c *transfer.Changes, rows []transfer.Row) {
		c.Old = changed(rows[2], column(c.Table, "body"), []byte("{}"))
	}})
}

// harm is done to the target at a moment.
type harm struct {
	name, at string
	change   func(c *transfer.Changes, rows []transfer.Row)
	done     sync.Once
}

func column(t *transfer.Table, name string) int {
	return slices.IndexFunc(t.All(), func(c transfer.Column) bool { return c.Name == name })
}

func changed(r transfer.Row, column int, v any) []transfer.Row {
	r = slices.Clone(r)
	r[column] = v
	return []transfer.Row{r}
}

// faults runs a move that must find what is wrong.
func faults(t *testing.T, dir, want string, what *harm) {
	t.Helper()
	from, to := ends(t, dir, pgtest.Database(t))
	do := func() {
		all := transfer.Tables()
		table := all[slices.IndexFunc(all, func(t *transfer.Table) bool { return t.Name == what.name })]
		rows, err := transfer.RowsOf(t.Context(), nil, to, table)
		if err != nil {
			t.Error(err)
		}
		c := transfer.Changes{Table: table}
		what.change(&c, slices.DeleteFunc(rows, func(r transfer.Row) bool { return r[0] != "nordlys" }))
		if err := to.Write(t.Context(), "nordlys", c); err != nil {
			t.Error(err)
		}
	}
	opts := options(from, to)
	opts.Source = harmfulSource{from, func(query string) {
		if strings.Contains(query, what.at) {
			what.done.Do(do)
		}
	}}
	opts.Target = harmfulTarget{to, func() {
		if what.at == "ledger" {
			what.done.Do(do)
		}
	}}
	_, err := transfer.New(opts).Run(t.Context())
	if e, ok := errors.AsType[*transfer.Faults](err); !ok || !strings.Contains(e.Error(), want) {
		t.Errorf("%s: %v", want, err)
	}
	closeEnds(t, from, to)
	s, err := sqlite.Open(t.Context(), dir, sqlite.Options{})
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		t.Error(err)
	}
}

type harmfulSource struct {
	*sqlite.Export
	harm func(query string)
}

func (s harmfulSource) Query(ctx context.Context, query string, args []any, f func([]any) bool) error {
	s.harm(query)
	return s.Export.Query(ctx, query, args, f)
}

type harmfulTarget struct {
	*postgres.Import
	harm func()
}

func (t harmfulTarget) Ledger() ledger.Store {
	t.harm()
	return t.Import.Ledger()
}

// TestTablesCoverBothSchemas: what a later migration adds must not be
// forgotten.
func TestTablesCoverBothSchemas(t *testing.T) {
	t.Parallel()
	h := newHub(t, 6)
	defer h.close()
	from, to := ends(t, h.dir, pgtest.Database(t))
	defer closeEnds(t, from, to)
	here := schema(t, from, "SELECT t.name, c.name FROM sqlite_schema t JOIN pragma_table_info(t.name) c WHERE t.type = 'table'")
	there := schema(t, to, "SELECT table_name::text, column_name::text FROM information_schema.columns WHERE table_schema = current_schema()")
	copiedHere, copiedThere := map[string]bool{}, map[string]bool{}
	for _, table := range transfer.Tables() {
		from := table.Name
		if table.From != "" {
			from = table.From
		}
		for _, c := range table.All() {
			copiedHere[from+"."+c.Name], copiedThere[table.Name+"."+c.Name] = true, true
		}
	}
	leftHere, leftThere := transfer.Left()
	covers(t, "SQLite", here, copiedHere, leftHere)
	covers(t, "PostgreSQL", there, copiedThere, leftThere)
}

func schema(t *testing.T, r transfer.Reader, query string) map[string][]string {
	t.Helper()
	tables := map[string][]string{}
	err := r.Query(t.Context(), query, nil, func(values []any) bool {
		table, column := fmt.Sprint(values[0]), fmt.Sprint(values[1])
		tables[table] = append(tables[table], column)
		return true
	})
	if err != nil {
		t.Fatal(err)
	}
	return tables
}

func covers(t *testing.T, engine string, schema map[string][]string, copied map[string]bool, left map[string]string) {
	t.Helper()
	all := map[string]bool{}
	for table, columns := range schema {
		all[table] = true
		for _, column := range columns {
			name := table + "." + column
			all[name] = true
			if !copied[name] && left[table] == "" && left[name] == "" {
				t.Errorf("%s: %s is neither copied nor left: add it to the list of tables, or to what is left and why", engine, name)
			}
		}
	}
	for name := range copied {
		if !all[name] {
			t.Errorf("%s has no %s", engine, name)
		}
	}
	for name := range left {
		if !all[name] {
			t.Errorf("%s has no %s, which is left", engine, name)
		}
	}
}

// TestReadsHaveAnIndex: a read of the source goes along the key, and never sorts.
func TestReadsHaveAnIndex(t *testing.T) {
	t.Parallel()
	h := newHub(t, 8)
	defer h.close()
	from, err := sqlite.OpenExport(t.Context(), h.dir)
	if err != nil {
		t.Fatal(err)
	}
	defer from.Close()
	for _, table := range transfer.Tables() {
		for text, args := range transfer.Statements(table) {
			err := from.Query(t.Context(), "EXPLAIN QUERY PLAN "+text, args, func(values []any) bool {
				if line := fmt.Sprint(values[3]); strings.Contains(line, "TEMP B-TREE") || strings.HasPrefix(line, "SCAN") && len(args) > 0 {
					t.Errorf("%s: %s", line, text)
				}
				return true
			})
			if err != nil {
				t.Error(err)
			}
		}
	}
}
