//go:build linux

package torture_test

import (
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
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
		Program: program(t), Library: lib, Dir: dir, Seed: *seed, Log: t.Logf,
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

// fresh is the program that all tests of a run torture; TestMain removes it.
var fresh struct {
	once sync.Once
	dir  string
	err  error
}

func TestMain(m *testing.M) {
	code := m.Run()
	if err := os.RemoveAll(fresh.dir); err != nil {
		fmt.Fprintln(os.Stderr, err)
		code = max(code, 1)
	}
	os.Exit(code)
}

// program returns the ordermux to torture.
func program(t *testing.T) string {
	t.Helper()
	if *built != "" {
		return *built
	}
	compiler := tool.Need(t, "go", "building the program to torture")
	fresh.once.Do(func() {
		if fresh.dir, fresh.err = os.MkdirTemp("", "ordermux-torture-"); fresh.err != nil {
			return
		}
		build := exec.Command(compiler, "build", "-o", filepath.Join(fresh.dir, "ordermux"), "github.com/ordermux/ordermux/cmd/ordermux")
		build.Env = append(build.Environ(), "CGO_ENABLED=1")
		if out, err := build.CombinedOutput(); err != nil {
			fresh.err = fmt.Errorf("build: %w\n%s", err, out)
		}
	})
	if fresh.err != nil {
		t.Fatal(fresh.err)
	}
	return filepath.Join(fresh.dir, "ordermux")
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
