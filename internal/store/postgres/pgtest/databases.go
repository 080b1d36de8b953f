package pgtest

import (
	"context"
	"fmt"
	"os"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
)

var databases atomic.Int64

// name returns a name that no database had.
func name() string { return "t" + strconv.FormatInt(databases.Add(1), 10) }

// Database makes an empty database and returns its address.
func (s *Server) Database(ctx context.Context) (string, error) {
	name, err := s.copy(ctx, "template1")
	return s.URL(name), err
}

// copy makes a database that is a copy of another one, and returns its name.
func (s *Server) copy(ctx context.Context, of string) (string, error) {
	name := name()
	return name, s.exec(ctx, "CREATE DATABASE "+name+" TEMPLATE "+of)
}

// exec runs a statement outside of the databases of tests.
func (s *Server) exec(ctx context.Context, statement string) error {
	c, err := pgx.Connect(ctx, s.URL("postgres"))
	if err != nil {
		return err
	}
	defer c.Close(ctx)
	_, err = c.Exec(ctx, statement)
	return err
}

// shared is the server of a test program.
var shared struct {
	once   sync.Once
	server *Server
	err    error
	places sync.Map // address by place
	fill   func(ctx context.Context, url string) error
}

// Shared returns the server of this test program, started at its first use;
// Main stops it.
func Shared(t testing.TB) *Server {
	t.Helper()
	shared.once.Do(func() { shared.server, shared.err = New() })
	if shared.err != nil {
		t.Fatalf("PostgreSQL for tests: %v", shared.err)
	}
	return shared.server
}

// Database returns the address of a new database on the shared server, with
// nothing in it.
func Database(t testing.TB) string {
	t.Helper()
	url, err := Shared(t).Database(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return url
}

// Filled returns the address of a database on the shared server as Main's fill
// leaves it. It may be one that another test has used and that was cleaned,
// since to make one takes longer than most tests; it has a name of its own. A
// benchmark gets a new one, and so does who calls Fresh.
func Filled(t testing.TB) string {
	t.Helper()
	if _, measured := t.(*testing.B); measured {
		return Fresh(t)
	}
	server := modelled(t)
	name := server.model.take()
	if name == "" {
		return Fresh(t)
	}
	return server.lend(t, name)
}

// Fresh returns the address of a database as by Filled whose files nobody has
// used before: for tests of plans, which depend on them.
func Fresh(t testing.TB) string {
	t.Helper()
	server := modelled(t)
	name, err := server.copy(t.Context(), server.model.name)
	if err != nil {
		t.Fatal(err)
	}
	return server.lend(t, name)
}

// modelled returns the shared server when it has its model.
func modelled(t testing.TB) *Server {
	t.Helper()
	server := Shared(t)
	server.model.once.Do(func() { server.model.err = server.fill(context.Background(), shared.fill) })
	if server.model.err != nil {
		t.Fatalf("fill a database: %v", server.model.err)
	}
	return server
}

// lend gives a database to a test and takes it back at the test's end.
func (s *Server) lend(t testing.TB, name string) (url string) {
	t.Cleanup(func() {
		if t.Failed() {
			return
		}
		ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
		defer cancel()
		if err := s.takeBack(ctx, name); err != nil {
			t.Logf("database %s is not used again: %v", name, err)
		}
	})
	return s.URL(name)
}

// At returns the address of the database of a place, as by Filled: the same
// for the same place until the test ends that asked first.
func At(t testing.TB, place string) string {
	t.Helper()
	if url, ok := shared.places.Load(place); ok {
		return url.(string)
	}
	url, there := shared.places.LoadOrStore(place, Filled(t))
	if !there {
		t.Cleanup(func() { shared.places.Delete(place) })
	}
	return url.(string)
}

// Main runs a package's tests and stops the server that they used:
//
//	func TestMain(m *testing.M) { os.Exit(pgtest.Main(m)) }
//
// With fill, Filled, Fresh and At give databases that it filled.
func Main(m *testing.M, fill ...func(ctx context.Context, url string) error) int {
	if len(fill) > 0 {
		shared.fill = fill[0]
	}
	code := m.Run()
	if shared.server != nil {
		if err := shared.server.Remove(); err != nil {
			fmt.Fprintln(os.Stderr, "stop PostgreSQL:", err)
			return max(code, 1)
		}
	}
	return code
}
