package pgtest_test

import (
	"os"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/ordermux/ordermux/internal/store/postgres/pgtest"
)

func TestMain(m *testing.M) { os.Exit(pgtest.Main(m)) }

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
