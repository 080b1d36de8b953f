package pgtest_test

import (
	"context"
	"errors"
	"os"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/ordermux/ordermux/internal/store/postgres/pgtest"
)

func TestMain(m *testing.M) {
	os.Exit(pgtest.Main(m, func(ctx context.Context, url string) error {
		c, err := pgx.Connect(ctx, url)
		if err != nil {
			return err
		}
		_, err = c.Exec(ctx, `
			CREATE TABLE kept (word text);
			CREATE TABLE own (id bigserial PRIMARY KEY, word text);
			CREATE TABLE of_own (id bigint REFERENCES own);
			INSERT INTO kept VALUES ('a	b')`)
		return errors.Join(err, c.Close(ctx))
	}))
}

// in runs a query with one result in a database.
func in(t *testing.T, url, query string) (got string) {
	t.Helper()
	c, err := pgx.Connect(t.Context(), url)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close(context.Background())
	if err := c.QueryRow(t.Context(), query).Scan(&got); err != nil {
		t.Fatalf("%s: %v", query, err)
	}
	return got
}

// TestFilledAgain uses databases one after the other: each is as if new,
// whatever was done to the one before, and none can be reached when its test is
// over.
func TestFilledAgain(t *testing.T) {
	t.Parallel()
	const oid = "SELECT oid::text FROM pg_database WHERE datname = current_database()"
	use := func(did ...string) (oidOf string) {
		url := ""
		t.Run("use", func(t *testing.T) {
			url = pgtest.Filled(t)
			if got := in(t, url, "SELECT count(*) || ' ' || (SELECT count(*) FROM own) || ' ' || min(word) FROM kept"); got != "1 0 a\tb" {
				t.Errorf("%q is in it", got)
			}
			oidOf = in(t, url, oid)
			c, err := pgx.Connect(t.Context(), url) // and stays
			if err != nil {
				t.Fatal(err)
			}
			for _, statement := range did {
				if _, err := c.Exec(t.Context(), statement); err != nil {
					t.Error(err)
				}
			}
			if got := in(t, url, "INSERT INTO own (word) VALUES ('w') RETURNING id::text"); len(did) == 0 && got != "1" {
				t.Errorf("the first number is %s", got)
			}
		})
		if c, err := pgx.Connect(t.Context(), url); err == nil {
			_ = c.Close(t.Context())
			if len(did) == 0 {
				t.Error("a database can be reached when its test is over")
			}
		}
		return oidOf
	}
	first := use("INSERT INTO own (word) SELECT repeat('x', 200) FROM generate_series(1, 20000)", "INSERT INTO of_own VALUES (7)",
		"UPDATE kept SET word = 'other'", "INSERT INTO kept VALUES ('more')")
	again := use("DELETE FROM kept", "INSERT INTO own (word) VALUES ('few')")
	if first != again {
		t.Error("a database was not used again")
	}
	use()
	for _, change := range []string{
		"CREATE TABLE more (a int)", "ALTER TABLE kept ADD more int", "CREATE INDEX more ON kept (word)", "CREATE SCHEMA more",
		"ANALYZE kept", "ALTER TABLE own DISABLE TRIGGER ALL",
		"DO $$ BEGIN EXECUTE 'ALTER DATABASE ' || current_database() || ' SET work_mem = 100'; END $$",
	} {
		changed := use(change)
		if next := use(); next == changed {
			t.Errorf("used again after %s", change)
		}
	}
}

// TestServerSurvivesKill: what was committed is there after a SIGKILL.
func TestServerSurvivesKill(t *testing.T) {
	t.Parallel()
	s := pgtest.Own(t)
	url, err := s.Database(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	run := func(query string) (got string) {
		c, err := pgx.Connect(t.Context(), url)
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close(t.Context())
		if err := c.QueryRow(t.Context(), query).Scan(&got); err != nil {
			t.Fatal(err)
		}
		return got
	}
	if got := run("SHOW fsync"); got != "on" {
		t.Errorf("fsync is %s", got)
	}
	run("WITH made AS (SELECT 1) SELECT set_config('a.b', 'c', false) FROM made")
	c, err := pgx.Connect(t.Context(), url)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := c.Exec(t.Context(), "CREATE TABLE kept AS SELECT 'here' AS word"); err != nil {
		t.Fatal(err)
	}
	if err := s.Kill(); err != nil {
		t.Fatal(err)
	}
	if err := s.Start(); err != nil {
		t.Fatal(err)
	}
	if got := run("SELECT word FROM kept"); got != "here" {
		t.Errorf("kept %q", got)
	}
}
