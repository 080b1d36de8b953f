//go:build linux

package torture

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"sync"
	"time"
)

// Act is something violent that is done to nodes or their database.
type Act string

// The acts.
const (
	KillNode      Act = "kill a node"             // SIGKILL, and later a start
	FreezeNode    Act = "freeze a node"           // SIGSTOP past its lease, then SIGCONT
	StopNode      Act = "stop a node"             // SIGTERM, and later a start
	KillServer    Act = "kill PostgreSQL"         // SIGKILL, and a start
	RestartServer Act = "restart PostgreSQL"      // fast
	Cut           Act = "cut all its connections" // pg_terminate_backend
)

// Acts are all of them.
var Acts = []Act{KillNode, FreezeNode, StopNode, KillServer, RestartServer, Cut}

// onServer are the acts that are done to the database; one at a time.
var onServer = []Act{KillServer, RestartServer, Cut}

// Schedule draws rounds of acts; the acts of a round are done at the same time.
// Each act comes about as often as the others, and one round in three has two.
func Schedule(seed uint64, rounds int) [][]Act {
	dice := rand.New(rand.NewPCG(seed, 3))
	var pile []Act
	draw := func() Act {
		if len(pile) == 0 {
			pile = slices.Clone(Acts)
			dice.Shuffle(len(pile), func(i, j int) { pile[i], pile[j] = pile[j], pile[i] })
		}
		act := pile[0]
		pile = pile[1:]
		return act
	}
	out := make([][]Act, rounds)
	for i := range out {
		out[i] = []Act{draw()}
		if dice.IntN(3) > 0 {
			continue
		}
		second := draw()
		if slices.Contains(onServer, out[i][0]) && slices.Contains(onServer, second) {
			second = KillNode
		}
		out[i] = append(out[i], second)
	}
	return out
}

// violence does round after round and sees after each that all nodes live.
func (c *cluster) violence(ctx context.Context) error {
	for _, round := range c.Rounds {
		victims := c.dice.Perm(len(c.nodes))
		errs := make([]error, len(round))
		var wg sync.WaitGroup
		for i, act := range round {
			// The dice are not for goroutines.
			down := time.Duration(c.dice.Int64N(int64(c.Down) + 1))
			c.report.Acts[act]++
			wg.Go(func() { errs[i] = c.do(ctx, act, c.nodes[victims[i]], down) })
		}
		wg.Wait()
		for _, n := range c.nodes {
			errs = append(errs, n.fault())
		}
		if err := errors.Join(errs...); err != nil {
			return err
		}
		if err := pause(ctx, time.Duration(c.dice.Int64N(int64(c.Rest)+1))); err != nil {
			return err
		}
	}
	return nil
}

// do does one act; what it ends is down for a while.
func (c *cluster) do(ctx context.Context, act Act, n *node, down time.Duration) error {
	c.Log("%v: %s (%s, down for %v)", c.age(), act, n.name, down.Round(time.Millisecond))
	switch act {
	case KillNode:
		return errors.Join(n.kill(), pause(ctx, down), n.start(ctx))
	case StopNode:
		return errors.Join(n.stop(), pause(ctx, down), n.start(ctx))
	case FreezeNode:
		return n.freeze(ctx, c.Frozen)
	case KillServer:
		return errors.Join(c.Server.Kill(), pause(ctx, down/4), c.Server.Start())
	case RestartServer:
		return errors.Join(c.Server.Stop(), pause(ctx, down/4), c.Server.Start())
	case Cut:
		cut, err := c.db.cut(ctx)
		c.report.Cut += cut
		return err
	}
	return fmt.Errorf("no act %q", act)
}
