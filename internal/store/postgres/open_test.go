package postgres

import (
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"testing/fstest"

	"github.com/jackc/pgx/v5"
	"github.com/ordermux/ordermux/internal/order"
	"github.com/ordermux/ordermux/internal/store/postgres/pgtest"
)

// TestOpensAtOnce: of nodes that start at once, one migrates.
func TestOpensAtOnce(t *testing.T) {
	t.Parallel()
	url := pgtest.Database(t)
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			s, err := Open(t.Context(), url, Options{Writers: 1})
			if err != nil {
				t.Error(err)
				return
			}
			if err := s.Close(); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
}

func TestOpenRefuses(t *testing.T) {
	t.Parallel()
	url := pgtest.Database(t)
	var refused *Refused
	f := func(what, param string) {
		t.Helper()
		s, err := Open(t.Context(), url+param, Options{})
		if s != nil || !errors.As(err, &refused) || !strings.Contains(err.Error(), what) {
			t.Errorf("%s: %v", param, err)
		}
	}
	f("set it to on", "&synchronous_commit=off")
	f("set it to read committed", "&default_transaction_isolation=serializable")
	if err := refuse("off", "on", isolation); !errors.As(err, &refused) || !strings.Contains(err.Error(), "fsync = on") {
		t.Errorf("fsync: %v", err)
	}
	for _, kept := range []string{"on", "local", "remote_write", "remote_apply"} {
		if err := refuse("on", kept, isolation); err != nil {
			t.Error(err)
		}
	}
	if _, err := Open(t.Context(), strings.Replace(url, "/t", "/none", 1), Options{}); err == nil {
		t.Error("a database that is not there was opened")
	}
	_, err := Open(t.Context(), "postgres://ordermux:hush@127.0.0.1:1/x", Options{})
	if !errors.Is(err, order.ErrBusy) || strings.Contains(err.Error(), "hush") {
		t.Errorf("no server: %v", err)
	}
}

func TestMigrateForwardOnly(t *testing.T) {
	t.Parallel()
	url := pgtest.Database(t)
	files := fstest.MapFS{
		"migrations/0001_one.sql": {Data: []byte(`CREATE TABLE one (shop text PRIMARY KEY); CREATE TABLE transfers (began timestamptz, ended timestamptz);`)},
	}
	open := func() error {
		s, err := Open(t.Context(), url, Options{migrations: files})
		if err == nil {
			err = s.Close()
		}
		return err
	}
	if err := open(); err != nil {
		t.Fatal(err)
	}
	files["migrations/0002_two.sql"] = &fstest.MapFile{Data: []byte(`CREATE TABLE two (shop text PRIMARY KEY); SELECT 1/0;`)}
	if err := open(); err == nil || !strings.Contains(err.Error(), "0002_two") {
		t.Errorf("a faulty migration: %v", err)
	}
	files["migrations/0002_two.sql"] = &fstest.MapFile{Data: []byte(`CREATE TABLE two (shop text PRIMARY KEY);`)}
	for range 2 {
		if err := open(); err != nil {
			t.Errorf("mended: %v", err)
		}
	}
	delete(files, "migrations/0002_two.sql")
	var newer *Newer
	if err := open(); !errors.As(err, &newer) || newer.Migration != "0002_two" {
		t.Errorf("an older program: %v", err)
	}
}

// TestPool: the pool has room for writers and readers, unless the URL says
// otherwise; then appends leave half of it to the rest.
func TestPool(t *testing.T) {
	t.Parallel()
	for param, want := range map[string]string{"": "32 16", "&pool_max_conns=6": "6 3", "&pool_max_conns=1": "1 1"} {
		s := &Store{opts: Options{}.withDefaults()}
		cfg, err := s.configure("postgres://x@y/z?a=b" + param)
		if err != nil {
			t.Fatal(err)
		}
		if got := fmt.Sprint(cfg.MaxConns, " ", s.opts.Writers); got != want {
			t.Errorf("%s: %s instead of %s", param, got, want)
		}
	}
	s := openTest(t, pgtest.Filled(t)+"&pool_max_conns=1&application_name=here", Options{})
	mustAppend(t, openLedger(s), testEntry("A-1", "p"))
	var name string
	err := s.view(t.Context(), func(v *View) error {
		return v.QueryRow(v.ctx, "SELECT current_setting('application_name')").Scan(&name)
	})
	if err != nil || name != "here" {
		t.Errorf("application name %q, %v", name, err)
	}
}

// TestWaysOfAsking: every way that pgx has of sending statements works; poolers
// that give each transaction another session need one without prepared ones.
func TestWaysOfAsking(t *testing.T) {
	t.Parallel()
	for _, mode := range []string{"exec", "simple_protocol", "describe_exec", "cache_describe"} {
		t.Run(mode, func(t *testing.T) {
			t.Parallel()
			s := openTest(t, pgtest.Filled(t)+"&default_query_exec_mode="+mode, Options{})
			l := openLedger(s)
			mustAppend(t, l, testEntry("A-1", "p"), testEntry("A-2", "p"))
			mustAppend(t, l, testEntry("A-3", "p"))
			e := testEntry("A-1", "q")
			e.Statement.Order.References = []order.Reference{{Kind: "external", Value: "X-1"}}
			r := mustAppend(t, l, e, happened("A-2", "s-1"), happened("A-2", "s-1"), testEntry("A-4", "p"))
			if r[0].Known || r[1].Known || !r[2].Known || r[3].Known {
				t.Errorf("receipts: %+v", r)
			}
			if r := mustAppend(t, l, e, happened("A-2", "s-1")); !r[0].Known || !r[1].Known {
				t.Errorf("again: %+v", r)
			}
			if err := l.Erase(t.Context(), testShop, "A-2"); err != nil {
				t.Error(err)
			}
			if id, ok, err := l.Resolve(t.Context(), testShop, "citrusad:default", "X-1"); id != "A-1" || !ok || err != nil {
				t.Errorf("resolve: %q %v %v", id, ok, err)
			}
			list, err := l.ListLayers(t.Context(), testShop, "citrusad:default", 0, 10)
			if err != nil || len(list) != 4 {
				t.Errorf("list: %d, %v", len(list), err)
			}
			states, err := l.StatesByID(t.Context(), testShop, []string{"A-2", "A-1"})
			if err != nil || states[0] == nil || !states[0].Row.Erased || states[1].Merged.Order.Customer.Email != "q@nordlys.example" {
				t.Errorf("states: %v", err)
			}
			mustVerify(t, s, 7)
		})
	}
}

// TestSettings: our connections have what the planner and the locks need.
func TestSettings(t *testing.T) {
	t.Parallel()
	s := openNew(t, Options{})
	err := s.view(t.Context(), func(v *View) error {
		for _, group := range []map[string]string{settings, limits} {
			for name := range group {
				var got string
				if err := v.QueryRow(v.ctx, "SELECT source FROM pg_settings WHERE name = $1", name).Scan(&got); err != nil || got != "client" {
					t.Errorf("%s comes from %q, %v", name, got, err)
				}
			}
		}
		return nil
	})
	if err != nil {
		t.Error(err)
	}
	err = s.alone(t.Context(), func(conn *pgx.Conn) error {
		var got string
		err := conn.QueryRow(t.Context(), "SHOW statement_timeout").Scan(&got)
		if got != "0" {
			t.Errorf("statement_timeout of long work: %s", got)
		}
		return err
	})
	if err != nil {
		t.Error(err)
	}
}
