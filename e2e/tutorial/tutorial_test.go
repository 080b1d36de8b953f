package tutorial

import (
	"bufio"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/ordermux/ordermux/e2e/tool"
)

const (
	// patience is how long something in the background may take.
	patience = 20 * time.Second
	// end is printed after a block's commands, with their exit code.
	end = "--- end of the block"
)

// TestTutorial does what the tutorial tells, word for word, and looks whether
// it prints what the page shows.
func TestTutorial(t *testing.T) {
	t.Parallel()
	page, err := os.ReadFile("../../docs/tutorial.md")
	if err != nil {
		t.Fatal(err)
	}
	list := blocks(string(page))
	r := begin(t)
	var last block // of commands
	printed := ""
	commands, shown := 0, 0
	for _, b := range list {
		switch {
		case b.commands && b.terminal != "":
			r.open(b)
			commands++
		case b.commands:
			last, printed = b, r.run(b)
			commands++
		case b.terminal != "":
			r.sees(b)
			shown++
		default:
			r.compare(b, last, printed)
			shown++
		}
	}
	if commands < 10 || shown < 10 {
		t.Errorf("only %d blocks of commands and %d of what they print were found", commands, shown)
	}
}

// reader is somebody who follows the tutorial.
type reader struct {
	*testing.T
	in   io.Writer
	out  *bufio.Reader
	logs string // folder of what other terminals show
}

// begin opens the reader's terminal, in the folder of the source. Where the
// machine allows it, it has a network of its own: the tutorial's ports are
// those that other programs may use.
func begin(t *testing.T) *reader {
	t.Helper()
	tool.Need(t, "curl", "the tutorial's calls")
	shell := []string{tool.Need(t, "bash", "the tutorial's commands")}
	alone := []string{"unshare", "--user", "--map-root-user", "--net", "--pid", "--fork", "--kill-child"}
	if exec.Command(alone[0], append(alone[1:], "ip", "link", "set", "lo", "up")...).Run() == nil {
		shell = append(append(alone, shell...), "-c", "ip link set lo up; exec bash")
	}
	root, err := filepath.Abs("../..")
	if err != nil {
		t.Fatal(err)
	}
	r := &reader{T: t, logs: t.TempDir()}
	cmd := exec.Command(shell[0], shell[1:]...)
	cmd.Dir, cmd.Env = root, environment(t)
	stdin, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	cmd.Stdout, cmd.Stderr = w, w
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	r.in, r.out = stdin, bufio.NewReader(out)
	r.line("set -m") // each terminal is a group of processes, to be ended as one
	t.Cleanup(func() {
		r.line("kill -INT $(jobs -p | sed s/^/-/) 2>/dev/null; wait; exit")
		stuck := time.AfterFunc(patience, func() { _ = cmd.Process.Kill() })
		_ = stdin.Close()
		_ = w.Close()
		_ = cmd.Wait()
		stuck.Stop()
		_ = out.Close()
	})
	return r
}

// environment is that of a reader with an empty home, and of nothing of ours
// but what Go has cached.
func environment(t *testing.T) []string {
	t.Helper()
	env := []string{"HOME=" + t.TempDir(), "PATH=" + os.Getenv("PATH"), "LANG=C.UTF-8", "GOFLAGS=-buildvcs=false"}
	goTool := tool.Need(t, "go", "building the program")
	for _, name := range []string{"GOCACHE", "GOMODCACHE", "GOPATH", "GOPROXY", "GOTOOLCHAIN", "CGO_ENABLED", "CC"} {
		value, err := exec.Command(goTool, "env", name).Output()
		if err != nil {
			t.Fatal(err)
		}
		env = append(env, name+"="+strings.TrimSpace(string(value)))
	}
	return env
}

func (r *reader) line(text string) {
	r.Helper()
	if _, err := io.WriteString(r.in, text+"\n"); err != nil {
		r.Errorf("the terminal is gone: %v", err)
	}
}

// run types a block and returns what it printed. Its last command must do what
// it says.
func (r *reader) run(b block) string {
	r.Helper()
	r.line(strings.TrimSuffix(b.text, "\n"))
	r.line(fmt.Sprintf("printf '\\n%s %%s\\n' $?", end))
	var out strings.Builder
	for {
		line, err := r.out.ReadString('\n')
		if err != nil {
			r.Fatalf("line %d: the terminal is gone: %v\n%s", b.line, err, out.String())
		}
		if code, ok := strings.CutPrefix(line, end+" "); ok {
			if code != "0\n" {
				r.Fatalf("line %d: %safter\n%s%s", b.line, "exit "+code, b.text, out.String())
			}
			return strings.TrimSuffix(out.String(), "\n")
		}
		out.WriteString(line)
	}
}

// compare looks whether a block printed what the page shows; one that only
// looks is asked again while something is still on its way.
func (r *reader) compare(b, asked block, printed string) {
	r.Helper()
	for deadline := time.Now().Add(patience); ; {
		line := missing(b.text, printed)
		if line == "" {
			return
		}
		if !asked.onlyLooks() || time.Now().After(deadline) {
			r.Fatalf("line %d: not printed: %s\nprinted was\n%s", b.line, line, printed)
		}
		<-time.After(100 * time.Millisecond)
		printed = r.run(asked)
	}
}

// open types a block in another terminal, which stays open.
func (r *reader) open(b block) {
	r.Helper()
	file := filepath.Join(r.logs, b.terminal+".sh")
	if err := os.WriteFile(file, []byte(b.text), 0o600); err != nil {
		r.Fatal(err)
	}
	r.line(fmt.Sprintf("bash -e %s > %s 2>&1 < /dev/null &", file, r.log(b.terminal)))
}

func (r *reader) log(terminal string) string { return filepath.Join(r.logs, terminal+".log") }

// sees waits until another terminal shows what the page says.
func (r *reader) sees(b block) {
	r.Helper()
	for deadline := time.Now().Add(patience); ; {
		shown, _ := os.ReadFile(r.log(b.terminal)) // not there before it is opened
		line := missing(b.text, string(shown))
		if line == "" {
			return
		}
		if time.Now().After(deadline) {
			r.Fatalf("line %d: the terminal %s does not show: %s\nit shows\n%s", b.line, b.terminal, line, shown)
		}
		<-time.After(50 * time.Millisecond)
	}
}
