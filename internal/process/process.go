// Package process starts ordermux as a process of its own, waits until it is
// ready, and ends it: for bench and for the end-to-end tests.
package process

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"net/http"
	"os"
	"os/exec"
	"syscall"
	"time"
)

// Options of a process.
type Options struct {
	Command []string // program and arguments
	Env     []string // beside the own environment
	Log     string   // file that output is appended to
	Addr    string   // where it will answer /readyz
}

// Process is a started program. Its methods are for one goroutine.
type Process struct {
	Options
	Pid     int
	cmd     *exec.Cmd
	log     *os.File
	done    chan struct{} // closed at its end
	failure error         // valid then
}

// Start starts the program; it is killed when ctx ends.
func Start(ctx context.Context, o Options) (*Process, error) {
	log, err := os.OpenFile(o.Log, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return nil, err
	}
	p := &Process{Options: o, log: log, done: make(chan struct{})}
	p.cmd = exec.CommandContext(ctx, o.Command[0], o.Command[1:]...)
	p.cmd.Env = append(os.Environ(), o.Env...)
	p.cmd.Stdout, p.cmd.Stderr = log, log
	if err := p.cmd.Start(); err != nil {
		return nil, errors.Join(err, log.Close())
	}
	p.Pid = p.cmd.Process.Pid
	go func() {
		p.failure = errors.Join(p.cmd.Wait(), log.Close())
		close(p.done)
	}()
	return p, nil
}

// Ready waits until the process answers /readyz with 200, at most limit. If it
// ends or the time is up, the error shows the end of its log.
func (p *Process) Ready(ctx context.Context, limit time.Duration) error {
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	tick := time.NewTicker(time.Millisecond)
	defer tick.Stop()
	for !p.answers(ctx) {
		select {
		case <-p.done:
			return fmt.Errorf("the process ended (%v) before it was ready:\n%s", p.failure, p.Tail())
		case <-ctx.Done():
			return fmt.Errorf("not ready: %w\n%s", ctx.Err(), p.Tail())
		case <-tick.C:
		}
	}
	return nil
}

func (p *Process) answers(ctx context.Context) bool {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+p.Addr+"/readyz", nil)
	if err != nil {
		return false
	}
	answer, err := http.DefaultClient.Do(req)
	if err != nil {
		return false
	}
	answer.Body.Close()
	return answer.StatusCode == http.StatusOK
}

// Tail returns the last 3,000 bytes of the log.
func (p *Process) Tail() string {
	text, err := os.ReadFile(p.Log)
	if err != nil {
		return err.Error()
	}
	return string(text[max(len(text)-3000, 0):])
}

// Ended reports whether the process has ended.
func (p *Process) Ended() bool {
	select {
	case <-p.done:
		return true
	default:
		return false
	}
}

// Kill ends the process without warning and waits for its end.
func (p *Process) Kill() error {
	if err := p.cmd.Process.Kill(); err != nil && !errors.Is(err, os.ErrProcessDone) {
		return err
	}
	<-p.done
	return nil
}

// Stop asks the process to end and waits, at most 30 seconds; then it is
// killed. Error: it had to be killed, or ended badly. Safe to call twice.
func (p *Process) Stop() error {
	if err := p.cmd.Process.Signal(syscall.SIGTERM); err != nil && !errors.Is(err, os.ErrProcessDone) {
		return errors.Join(err, p.Kill())
	}
	late := time.NewTimer(30 * time.Second)
	defer late.Stop()
	select {
	case <-p.done:
		return p.failure
	case <-late.C:
		return errors.Join(errors.New("the process did not stop within 30 s and was killed"), p.Kill())
	}
}

// FreeAddr returns a loopback address that nobody listens on now. It is one of
// its own below 127/8 where the system has these, so that nothing else takes
// the port while the process that owns it is down.
func FreeAddr() (string, error) {
	host := fmt.Sprintf("127.%d.%d.%d", 1+rand.IntN(254), rand.IntN(256), 1+rand.IntN(254))
	l, err := net.Listen("tcp", net.JoinHostPort(host, "0"))
	if err != nil {
		l, err = net.Listen("tcp", "127.0.0.1:0")
	}
	if err != nil {
		return "", err
	}
	return l.Addr().String(), l.Close()
}
