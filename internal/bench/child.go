package bench

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"slices"
	"time"
)

// childSpec says what a child process of bench is. It is handed over as JSON
// in --child.
type childSpec struct {
	Role    string        `json:"role"` // "floor", "receiver", "store"
	Dir     string        `json:"dir,omitempty"`
	Random  bool          `json:"random,omitempty"`
	Delay   time.Duration `json:"delay,omitempty"`
	Conns   int           `json:"conns,omitempty"`
	Batch   int           `json:"batch,omitempty"`
	Lasting time.Duration `json:"lasting,omitempty"`
	// Database of a store; "": an embedded one in Dir.
	Database string `json:"database,omitempty"`
}

// A child's first line tells where it listens; then it answers each line of
// its standard input with one line of JSON, and ends when that is closed, so
// that no child outlives its parent.
type hello struct {
	Addr string `json:"addr"`
}

func runChild(ctx context.Context, text string, in io.Reader, out io.Writer) error {
	var spec childSpec
	if err := json.Unmarshal([]byte(text), &spec); err != nil {
		return fmt.Errorf("read --child: %w", err)
	}
	switch spec.Role {
	case "floor":
		return runFloor(spec, in, out)
	case "receiver":
		defer quiet()()
		return runReceiver(spec, in, out)
	case "store":
		return runStore(ctx, spec, in, out)
	}
	return fmt.Errorf("no child %q", spec.Role)
}

func runReceiver(spec childSpec, in io.Reader, out io.Writer) error {
	r, err := newReceiver(spec.Random, spec.Delay)
	if err != nil {
		return err
	}
	defer r.listener.Close()
	failed := make(chan error, 1)
	go func() { failed <- r.serve() }()
	tell := json.NewEncoder(out)
	if err := tell.Encode(hello{r.listener.Addr().String()}); err != nil {
		return err
	}
	for lines := bufio.NewScanner(in); lines.Scan(); {
		if err := tell.Encode(r.tell(lines.Text() == "reset")); err != nil {
			return err
		}
	}
	r.listener.Close()
	return <-failed
}

// child is a running child process.
type child struct {
	cmd   *exec.Cmd
	in    io.WriteCloser
	out   *json.Decoder
	Addr  string
	began usage
}

// startChild starts a child and waits for its first line.
func (b *bench) startChild(ctx context.Context, spec childSpec) (*child, error) {
	text, err := json.Marshal(spec)
	if err != nil {
		return nil, err
	}
	c := &child{cmd: b.command(ctx, "bench", "--child", string(text))}
	if c.in, err = c.cmd.StdinPipe(); err != nil {
		return nil, err
	}
	out, err := c.cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	c.cmd.Stderr = os.Stderr
	if err := c.cmd.Start(); err != nil {
		return nil, err
	}
	c.out = json.NewDecoder(out)
	var h hello
	if err := c.out.Decode(&h); err != nil {
		return nil, errors.Join(fmt.Errorf("start %s: %w", spec.Role, err), c.stop())
	}
	c.Addr = h.Addr
	return c, nil
}

// command makes a command of our own program.
func (b *bench) command(ctx context.Context, args ...string) *exec.Cmd {
	all := append(b.self(), args...)
	return exec.CommandContext(ctx, all[0], all[1:]...)
}

// self returns how our own program is started, for arguments to be added.
func (b *bench) self() []string { return slices.Clip(b.Self) }

// ask sends a line and decodes the answer.
func (c *child) ask(line string, answer any) error {
	if _, err := io.WriteString(c.in, line+"\n"); err != nil {
		return err
	}
	return c.out.Decode(answer)
}

func (c *child) received(line string) (received, error) {
	var r received
	err := c.ask(line, &r)
	return r, err
}

// stop closes the child's input and waits for its end.
func (c *child) stop() error {
	c.in.Close()
	kill := time.AfterFunc(10*time.Second, func() { c.cmd.Process.Kill() })
	defer kill.Stop()
	return c.cmd.Wait()
}

// used returns what the process used since mark was called.
func (c *child) mark() (err error) {
	c.began, err = usageOf(c.cmd.Process.Pid)
	return err
}

func (c *child) used() (usage, error) {
	u, err := usageOf(c.cmd.Process.Pid)
	return u.since(c.began), err
}
