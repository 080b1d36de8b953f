//go:build linux

package torture_test

import (
	"flag"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/ordermux/ordermux/e2e/tool"
	"github.com/ordermux/ordermux/e2e/torture"
	"github.com/ordermux/ordermux/e2e/torture/unsynced"
)

var (
	full   = flag.Bool("torture.full", false, "kill at least 25 times; make torture")
	kills  = flag.Int("torture.kills", 0, "how often to kill; 0: 3, in full 30")
	rounds = flag.Int("torture.rounds", 0, "how many rounds of violence against several nodes; 0: 4, in full 40")
	seed   = flag.Uint64("torture.seed", 1, "of the dice")
	keep   = flag.String("torture.dir", "", "a new folder for stores and logs, kept; empty: a temporary one")
	built  = flag.String("torture.program", "", "an ordermux with cgo to torture; empty: it is built")
)

// options builds program and library and sets up a run.
func options(t *testing.T) torture.Options {
	t.Helper()
	tool.Need(t, "cc", "the layer that drops what was not synced")
	dir := folder(t)
	lib, err := unsynced.Build(t.Context(), dir)
	if err != nil {
		t.Fatal(err)
	}
	o := torture.Options{
		Program: program(t, dir), Library: lib, Dir: dir, Seed: *seed, Log: t.Logf,
		Kills: 3, Rate: 400, Longest: 500 * time.Millisecond, Quiet: 30 * time.Second,
	}
	if *full {
		o.Kills, o.Rate, o.Longest, o.Quiet = 30, 400, 1500*time.Millisecond, 3*time.Minute
	}
	if *kills > 0 {
		o.Kills = *kills
	}
	return o
}

// program returns the ordermux to torture.
func program(t *testing.T, dir string) string {
	t.Helper()
	if *built != "" {
		return *built
	}
	path := filepath.Join(dir, "ordermux")
	build := exec.CommandContext(t.Context(), tool.Need(t, "go", "building the program to torture"),
		"build", "-o", path, "github.com/ordermux/ordermux/cmd/ordermux")
	build.Env = append(build.Environ(), "CGO_ENABLED=1")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("build: %v\n%s", err, out)
	}
	return path
}

// TestTorture is the promise under the worst that can happen: no order that
// got a 2xx is lost, whenever the power goes.
func TestTorture(t *testing.T) {
	t.Parallel()
	report, err := torture.Run(t.Context(), options(t))
	if err != nil {
		t.Fatal(err)
	}
	t.Log(report)
	if faults := report.Check(); len(faults) > 0 {
		t.Errorf("%d broken promises, the first: %s", len(faults), strings.Join(faults[:min(len(faults), 10)], "\n"))
	}
	if len(report.Acked) == 0 || *full && report.Pending == 0 {
		t.Error("nothing was put at risk: the run shows nothing")
	}
}

// TestTortureSeesALyingDisk plants a fault, a disk on which a sync saves
// nothing, and expects the run to notice: so it can fail.
func TestTortureSeesALyingDisk(t *testing.T) {
	t.Parallel()
	o := options(t)
	o.Lie, o.Kills, o.Quiet = true, 1, 5*time.Second
	report, err := torture.Run(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	faults := strings.Join(report.Check(), "\n")
	if !strings.Contains(faults, "got a 2xx and is not in the ledger") {
		t.Errorf("the loss was not seen: %s\n%s", report, faults)
	}
}
