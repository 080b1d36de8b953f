//go:build linux

package torture

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"syscall"
	"time"

	"github.com/ordermux/ordermux/internal/process"
)

// node is one of the equal hubs that share a database. Its name is that of its
// connections in the database, over all of its lives.
type node struct {
	name, addr string
	dir        string
	command    []string
	hub        *process.Process // its newest life
	wanted     bool             // it should be running
}

func newNode(program, config, dir string, i int) (*node, error) {
	addr, err := process.FreeAddr()
	if err != nil {
		return nil, err
	}
	return &node{
		name: fmt.Sprintf("node-%d", i+1), addr: addr, dir: dir,
		command: []string{program, "serve", "--config", config, "--listen", addr},
	}, nil
}

// start starts the node and waits until it is ready. While its database is
// down it may end at once: then it is started again, as a supervisor does.
func (n *node) start(ctx context.Context) (err error) {
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	for {
		n.hub, err = process.Start(context.WithoutCancel(ctx), process.Options{
			Command: n.command, Env: []string{"PGAPPNAME=" + n.name}, Log: n.log(), Addr: n.addr,
		})
		if err != nil {
			return err
		}
		err := n.hub.Ready(ctx, time.Minute)
		if err == nil {
			n.wanted = true
			return nil
		}
		if killed := n.hub.Kill(); killed != nil || ctx.Err() != nil {
			return fmt.Errorf("start %s: %w", n.name, errors.Join(err, killed))
		}
		if err := pause(ctx, 100*time.Millisecond); err != nil {
			return err
		}
	}
}

func (n *node) log() string { return filepath.Join(n.dir, n.name+".log") }

// kill ends the node without a word.
func (n *node) kill() error {
	n.wanted = false
	if n.hub == nil {
		return nil
	}
	return n.hub.Kill()
}

// stop asks the node to end.
func (n *node) stop() error {
	n.wanted = false
	if err := n.hub.Stop(); err != nil {
		return fmt.Errorf("stop %s: %w\n%s", n.name, err, n.hub.Tail())
	}
	return nil
}

// freeze stops the node in the middle of whatever it does, for a while.
func (n *node) freeze(ctx context.Context, while time.Duration) error {
	if err := syscall.Kill(n.hub.Pid, syscall.SIGSTOP); err != nil {
		return fmt.Errorf("freeze %s: %w", n.name, err)
	}
	err := pause(ctx, while)
	return errors.Join(err, syscall.Kill(n.hub.Pid, syscall.SIGCONT))
}

// fault tells of a node that ended without being told to.
func (n *node) fault() error {
	if n.wanted && n.hub.Ended() {
		return fmt.Errorf("%s ended by itself:\n%s", n.name, n.hub.Tail())
	}
	return nil
}

// words are the end of its log.
func (n *node) words() string {
	if n.hub == nil {
		return "(never started)"
	}
	return n.hub.Tail()
}
