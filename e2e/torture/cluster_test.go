//go:build linux

package torture_test

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/ordermux/ordermux/e2e/torture"
	"github.com/ordermux/ordermux/internal/store/postgres/pgtest"
)

// clusterOptions starts a PostgreSQL of its own and sets up a run.
func clusterOptions(t *testing.T) torture.ClusterOptions {
	t.Helper()
	server := pgtest.Own(t)
	url, err := server.Database(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	dir := folder(t)
	o := torture.ClusterOptions{
		Program: program(t), Dir: dir, Server: server, URL: url, Seed: *seed, Log: t.Logf,
		Nodes: 3, Shops: 17, Rate: 150, Rest: 500 * time.Millisecond, Down: time.Second, Frozen: 8 * time.Second,
		Quiet: 30 * time.Second, Even: 20,
		// One freeze, for it takes longer than a lease; the rest is quick.
		Rounds: [][]torture.Act{
			{torture.KillServer}, {torture.KillNode, torture.Cut}, {torture.FreezeNode, torture.RestartServer}, {torture.StopNode},
		},
	}
	if *full {
		o.Rounds = torture.Schedule(*seed, 40)
		o.Rate, o.Rest, o.Down, o.Quiet, o.Even = 200, 3*time.Second, 9*time.Second, 3*time.Minute, 200
	}
	if *rounds > 0 {
		o.Rounds = torture.Schedule(*seed, *rounds)
	}
	return o
}

// TestClusterTorture is the promise of several nodes under the worst that can
// happen to them and to their database.
func TestClusterTorture(t *testing.T) {
	t.Parallel()
	report, err := torture.RunCluster(t.Context(), clusterOptions(t))
	if err != nil {
		t.Fatal(err)
	}
	t.Log(report)
	if faults := report.Check(); len(faults) > 0 {
		t.Errorf("%d broken promises, the first: %s", len(faults), strings.Join(faults[:min(len(faults), 10)], "\n"))
	}
	if uneven := report.Uneven(); uneven > 0.2 {
		t.Errorf("the nodes' deliveries are %.0f %% from even: %v", 100*uneven, report.Spread)
	}
	if len(report.Acked) == 0 || report.Moves <= 18 { // each shop and the hub itself got one node at least
		t.Error("nothing was put at risk: the run shows nothing")
	}
}

// harm is what TestClusterTortureSeesHarm does: an order is lost, an event is
// stored twice, and a node writes for a shop of another one.
const harm = `
CREATE TABLE lost AS SELECT min(number) AS number FROM orders WHERE shop = 'shop00' AND kind = 'order' AND newest = number;
DELETE FROM orders WHERE shop = 'shop00' AND number = (SELECT number FROM lost);
DELETE FROM events WHERE shop = 'shop00' AND seq = (SELECT number FROM lost);
ALTER TABLE events DROP CONSTRAINT events_pkey;
CREATE INDEX ON events (shop, seq);
INSERT INTO events SELECT * FROM events WHERE shop = 'shop01' AND seq = 2;
SET application_name = 'node-1';
UPDATE deliveries SET reason = 'late' WHERE shop IN (SELECT shop FROM owners JOIN audit.nodes ON id = node WHERE name = 'node-2');
`

// TestClusterTortureSeesHarm plants faults and expects the run to name each of
// them: so it can fail.
func TestClusterTortureSeesHarm(t *testing.T) {
	t.Parallel()
	o := clusterOptions(t)
	o.Rounds, o.Nodes, o.Shops = nil, 2, 4
	o.Plant = func(ctx context.Context, conn *pgx.Conn) error {
		_, err := conn.Exec(ctx, harm)
		return err
	}
	report, err := torture.RunCluster(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	faults := strings.Join(report.Check(), "\n")
	for _, want := range []string{
		"got a 2xx and is not in the ledger",
		"the chain does not verify: shop00: ",
		"the chain does not verify: shop shop00: ",
		"the chain does not verify: shop shop01: ",
		"a node wrote for a shop that another one owned: node-1 wrote deliveries of shop ",
	} {
		if !strings.Contains(faults, want) {
			t.Errorf("not seen: %s", want)
		}
	}
	if t.Failed() {
		t.Logf("%s\n%s", report, faults)
	}
}

// TestUneven checks the measure of how the work is spread.
func TestUneven(t *testing.T) {
	t.Parallel()
	f := func(want float64, spread map[string]int) {
		t.Helper()
		if got := (torture.ClusterReport{Spread: spread}).Uneven(); got < want-0.001 || got > want+0.001 {
			t.Errorf("%v is %.3f from even, want %.3f", spread, got, want)
		}
	}
	f(0, map[string]int{"a": 10, "b": 10})
	f(0.5, map[string]int{"a": 15, "b": 5})
	f(1, map[string]int{"a": 10, "b": 10, "c": 10, "d": 0})
	f(0.2, map[string]int{"a": 10, "b": 11, "c": 9, "d": 8, "e": 12})
}

// TestSchedule checks that rounds hold every act and never two on the server.
func TestSchedule(t *testing.T) {
	t.Parallel()
	seen := map[torture.Act]int{}
	for _, round := range torture.Schedule(1, 60) {
		server := 0
		for _, act := range round {
			seen[act]++
			if act == torture.KillServer || act == torture.RestartServer || act == torture.Cut {
				server++
			}
		}
		if server > 1 || len(round) == 0 || len(round) > 2 {
			t.Errorf("a round of %v", round)
		}
	}
	for _, act := range torture.Acts {
		if seen[act] < 60/len(torture.Acts)-2 {
			t.Errorf("%q comes %d times in 60 rounds", act, seen[act])
		}
	}
}

// folder returns where a run keeps its files.
func folder(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	if *keep != "" {
		dir = filepath.Join(*keep, t.Name())
		if err := os.MkdirAll(dir, 0o700); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}
