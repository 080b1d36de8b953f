//go:build linux

package torture

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"sync"
	"time"

	"github.com/ordermux/ordermux/e2e/torture/unsynced"
	"github.com/ordermux/ordermux/internal/process"
)

const (
	shop       = "torture"
	adminToken = "torture-admin-token"
)

// slowSync is what each sync takes longer: much of the hub's life is then
// between a change and its sync, where a kill hurts.
const slowSync = 4 * time.Millisecond

// Options of a run.
type Options struct {
	Program string // the ordermux to torture; linked with libc, or the layer sees nothing
	Library string // from unsynced.Build
	Dir     string // for stores and logs
	Seed    uint64
	Kills   int
	Rate    float64 // orders per second that clients offer, about
	// Longest is how long the hub lives at most before it is killed.
	Longest time.Duration
	// Quiet is how long the hub may take after the last restart to deliver
	// what is left.
	Quiet time.Duration
	// Lie plants a fault: a disk on which a sync saves nothing.
	Lie bool
	Log func(format string, args ...any)
}

// Report is what a run saw.
type Report struct {
	Traffic
	Kills   int // of the hub
	Early   int // of these before it was ready
	Pending int // changes that no sync had made final when it was killed
	Undone  int // of these, what the layer took back
}

// String sums a report up.
func (r Report) String() string {
	return fmt.Sprintf("%d kills (%d while starting), %d of %d unsynced changes lost; %s", r.Kills, r.Early, r.Undone, r.Pending, r.Traffic)
}

// world is everything that runs.
type world struct {
	Options
	dice     *rand.Rand // of the killing; clients and partners have their own
	partners *partners
	hub      *process.Process
	hubAddr  string
	config   string
	layer    unsynced.Layer
	clients  *clients
	report   Report
}

// Run tortures a hub and returns what all sides have in the end. An error
// means that the run itself could not be finished; broken promises are in
// Report.Check.
func Run(ctx context.Context, opts Options) (Report, error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	w := &world{Options: opts, dice: rand.New(rand.NewPCG(opts.Seed, 1))}
	if err := w.setUp(ctx); err != nil {
		return w.report, err
	}
	defer w.partners.close()
	var sending sync.WaitGroup
	sendCtx, stop := context.WithCancel(ctx)
	defer stop()
	sending.Go(func() { w.clients.run(sendCtx) })
	if err := w.killing(ctx); err != nil {
		return w.report, errors.Join(err, w.kill())
	}
	stop()
	sending.Wait()
	defer w.hub.Kill()
	err := w.settle(ctx)
	if err == nil {
		w.report, err = w.collect(ctx)
	}
	if err != nil {
		err = fmt.Errorf("%w\nthe hub's last words:\n%s", err, w.hub.Tail())
	}
	return w.report, err
}

// setUp starts the partners and writes the hub's configuration.
func (w *world) setUp(ctx context.Context) (err error) {
	if w.hubAddr, err = process.FreeAddr(); err != nil {
		return err
	}
	w.layer = unsynced.Layer{
		Library: w.Library, Data: filepath.Join(w.Dir, "data"), Log: filepath.Join(w.Dir, "unsynced"),
		Lie: w.Lie, Slow: slowSync,
	}
	for _, dir := range []string{w.layer.Data, w.layer.Log} {
		if err := os.MkdirAll(dir, 0o700); err != nil {
			return err
		}
	}
	if w.partners, err = startPartners(ctx, w.Program, w.Dir, w.Seed); err != nil {
		return err
	}
	w.config = filepath.Join(w.Dir, "hub.yaml")
	w.clients = newClients([]string{w.hubAddr}, []string{shop}, w.Seed, w.Rate)
	return os.WriteFile(w.config, []byte(w.yaml()), 0o600)
}

func (w *world) yaml() string {
	return fmt.Sprintf("admin_token: %s\nshops:\n%s", adminToken, w.partners.shopYAML(shop, keyOf(0)))
}

// side is where the hub is asked.
func (w *world) side() side { return side{w.hubAddr, shop} }

// killing starts and kills the hub as often as asked, then starts it once more
// and leaves it running.
func (w *world) killing(ctx context.Context) error {
	for range w.Kills {
		if err := w.startHub(ctx); err != nil {
			return err
		}
		if err := w.live(ctx); err != nil {
			return err
		}
		if err := w.kill(); err != nil {
			return err
		}
		if err := w.loseUnsynced(); err != nil {
			return err
		}
	}
	if err := w.startHub(ctx); err != nil {
		return err
	}
	return w.hub.Ready(ctx, time.Minute)
}

func (w *world) startHub(ctx context.Context) (err error) {
	w.hub, err = process.Start(ctx, process.Options{
		Command: []string{w.Program, "serve", "--config", w.config, "--listen", w.hubAddr, "--data", w.layer.Data},
		Env:     w.layer.Env(), Log: filepath.Join(w.Dir, "hub.log"), Addr: w.hubAddr,
	})
	return err
}

// live lets the hub run for a random time: one time in five only while it
// starts.
func (w *world) live(ctx context.Context) error {
	if w.dice.IntN(5) == 0 && w.report.Kills > 0 {
		w.report.Early++
		return pause(ctx, time.Duration(w.dice.Int64N(int64(80*time.Millisecond))))
	}
	if err := w.hub.Ready(ctx, time.Minute); err != nil {
		return err
	}
	return pause(ctx, 20*time.Millisecond+time.Duration(w.dice.Int64N(int64(w.Longest))))
}

func (w *world) kill() error {
	if w.hub == nil {
		return nil
	}
	w.report.Kills++
	return w.hub.Kill()
}

// loseUnsynced undoes what was not synced, each time in another way.
func (w *world) loseUnsynced() error {
	survive := unsynced.Survive(w.dice.IntN(3))
	if w.Lie {
		survive = unsynced.None
	}
	lost, err := w.layer.Rollback(survive, w.dice)
	if errors.Is(err, os.ErrNotExist) && w.report.Early > 0 {
		return nil // it was killed before the library was loaded
	}
	if err != nil {
		return fmt.Errorf("lose what was not synced: %w", err)
	}
	w.report.Pending += lost.Pending
	w.report.Undone += lost.Undone
	if w.Log != nil {
		w.Log("kill %d: %d notes, %d changes unsynced, %d lost (survive: %s)", w.report.Kills, lost.Notes, lost.Pending, lost.Undone, survive)
	}
	return nil
}

// pause waits; it returns early with ctx's error.
func pause(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
