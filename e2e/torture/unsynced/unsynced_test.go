//go:build linux

package unsynced_test

import (
	"context"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/ordermux/ordermux/e2e/tool"
	"github.com/ordermux/ordermux/e2e/torture/unsynced"
)

// victim compiles library and program once for all cases.
func victim(t *testing.T) (lib, program string) {
	t.Helper()
	cc := tool.Need(t, "cc", "compiling the layer that drops what was not synced")
	dir := t.TempDir()
	lib, err := unsynced.Build(t.Context(), dir)
	if err != nil {
		t.Fatal(err)
	}
	program = filepath.Join(dir, "victim")
	if out, err := exec.Command(cc, "-o", program, "testdata/victim.c").CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	return lib, program
}

// die runs the steps in a folder that holds what before says, until the kill.
func die(ctx context.Context, t *testing.T, l unsynced.Layer, program string, before map[string]string, steps []string) unsynced.Layer {
	t.Helper()
	l.Data, l.Log = t.TempDir(), t.TempDir()
	for name, text := range before {
		if err := os.WriteFile(filepath.Join(l.Data, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	cmd := exec.CommandContext(ctx, program, steps...)
	cmd.Dir = l.Data
	cmd.Env = append(os.Environ(), l.Env()...)
	out, err := cmd.CombinedOutput()
	if status, ok := cmd.ProcessState.Sys().(syscall.WaitStatus); !ok || status.Signal() != syscall.SIGKILL {
		t.Fatalf("the victim ended otherwise: %v\n%s", err, out)
	}
	return l
}

// contents returns "name=text name=text" of a folder.
func contents(t *testing.T, dir string) string {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	var out []string
	for _, e := range entries {
		b, err := os.ReadFile(filepath.Join(dir, e.Name()))
		if err != nil {
			t.Fatal(err)
		}
		out = append(out, e.Name()+"="+string(b))
	}
	return strings.Join(out, " ")
}

func TestRollbackDropsWhatWasNotSynced(t *testing.T) {
	t.Parallel()
	lib, program := victim(t)
	before := map[string]string{"a": "0123456789", "b": "old b"}
	f := func(want string, steps ...string) {
		t.Helper()
		l := die(t.Context(), t, unsynced.Layer{Library: lib}, program, before, steps)
		if _, err := l.Rollback(unsynced.None, rand.New(rand.NewPCG(1, 1))); err != nil {
			t.Errorf("%q: %v", steps, err)
		}
		if got := contents(t, l.Data); got != want {
			t.Errorf("%q left %q, want %q", steps, got, want)
		}
	}
	// Content: final with a sync of the file.
	f("a=0123456789 b=old b", "open=a", "put=2,XX")
	f("a=01XX456789 b=old b", "open=a", "put=2,XX", "sync=", "put=4,YY", "put=2,ZZ")
	f("a=0123456789 b=old b", "open=a", "put=8,longer")
	f("a=0123456789 b=old b", "open=a", "append=more", "append=more")
	f("a=0123456789more b=old b", "open=a", "append=more", "sync=", "cut=3", "put=1,QQ")
	f("a=0123456789 b=old b", "open=a", "cut=3", "append=AB")
	f("a=012AB b=old b", "open=a", "cut=3", "append=AB", "sync=")
	f("a=0123456789 b=old b", "empty=a", "append=new")
	f("a=0123456789 b=new b", "open=a", "put=0,XX", "open=b", "put=0,new b", "sync=")
	// Names: final with a sync of the folder.
	f("a=0123456789 b=old b", "open=c", "append=c", "sync=")
	f("a=0123456789 b=old b c=c", "open=c", "append=c", "sync=", "syncdir=.")
	f("a=0123456789 b=old b c=", "open=c", "append=c", "syncdir=.")
	f("a=0123456789 b=old b", "remove=a")
	f("b=old b", "remove=a", "syncdir=.")
	f("a=0123456789 b=old b", "open=a", "put=0,XX", "remove=a")
	f("a=0123456789 b=old b", "rename=a,b")
	f("b=0123456789", "rename=a,b", "syncdir=.")
	f("a=0123456789 b=old b", "open=c", "append=c", "sync=", "rename=c,b")
}

// TestRollbackKeepsAPart checks that what survives is a part of what was
// written, whole pages each, and that every dice give the same again.
func TestRollbackKeepsAPart(t *testing.T) {
	t.Parallel()
	lib, program := victim(t)
	a := func(letter string) string { return strings.Repeat(letter, 4096) }
	before := map[string]string{"a": a("a") + a("b") + a("c")}
	seen := map[string]int{}
	for seed := range uint64(24) {
		survive := unsynced.Prefix
		if seed%2 == 0 {
			survive = unsynced.Pages
		}
		l := die(t.Context(), t, unsynced.Layer{Library: lib}, program, before, []string{"open=a", "page=0,A", "page=1,B", "page=2,C"})
		report, err := l.Rollback(survive, rand.New(rand.NewPCG(seed, 1)))
		if err != nil || report.Pending != 3 {
			t.Fatalf("%+v, %v", report, err)
		}
		got := contents(t, l.Data)[2:]
		short := got[:1] + got[4096:4097] + got[8192:8193]
		if got != a(short[:1])+a(short[1:2])+a(short[2:]) || strings.ToLower(short) != "abc" {
			t.Fatalf("seed %d left something else: %s", seed, short)
		}
		if survive == unsynced.Prefix && short != "abc" && short != "Abc" && short != "ABc" && short != "ABC" {
			t.Errorf("seed %d left no first part: %s", seed, short)
		}
		seen[short]++
	}
	if len(seen) < 5 {
		t.Errorf("24 dice gave only %v", seen)
	}
}

// TestLyingDisk checks the layer's own plant: with it a sync saves nothing.
func TestLyingDisk(t *testing.T) {
	t.Parallel()
	lib, program := victim(t)
	l := die(t.Context(), t, unsynced.Layer{Library: lib, Lie: true}, program, map[string]string{"a": "01"}, []string{"open=a", "put=0,XX", "sync="})
	if _, err := l.Rollback(unsynced.None, rand.New(rand.NewPCG(1, 1))); err != nil {
		t.Fatal(err)
	}
	if got := contents(t, l.Data); got != "a=01" {
		t.Errorf("left %q", got)
	}
}
