// Package transfer moves a hub from its data folder (SQLite) into a PostgreSQL
// database while it goes on accepting and delivering.
//
// The folder is read beside the running hub, in short reads. A pass makes the
// target the same as the source, table by table; what came in meanwhile is left
// to the next one. Passes repeat until they have little to do. Then the hub is
// stopped, and one more pass copies the rest of what stands still. What has to
// be compared at all, and why the rest need not be, stands beside the list of
// tables.
//
// Reads go along the keys over all shops, so that ten thousand small shops cost
// no more than a large one; each transaction that writes is of one shop.
//
// Nothing is kept of how far a move has come but the target itself: one that
// was interrupted, however, is simply begun again. Reading does no harm, and
// the target is used by nobody until the end.
package transfer

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"github.com/ordermux/ordermux/internal/ledger"
	"github.com/ordermux/ordermux/internal/order"
)

// Options of a Move.
type Options struct {
	Source Source
	Target Target
	// Files, unless nil, are copied too.
	Files *Files
	// Workers is how many tables are copied at a time; default 4.
	Workers int
	// Every is the pause between passes while the hub is still running, and
	// Look that between looks whether it is; default 5 s and 200 ms.
	Every, Look time.Duration
	// Observe is told how it goes, if not nil; one call at a time.
	Observe func(Step)
}

// Phase is a part of a move.
type Phase string

// The phases, in their sequence.
const (
	Copying   Phase = "copying"   // passes while the hub runs
	Verifying Phase = "verifying" // the chains, as far as they are copied
	Waiting   Phase = "waiting"   // for the hub to be stopped, with passes between
	Switching Phase = "switching" // the last pass and the last checks
)

// Step is a moment of a move.
type Step struct {
	Phase Phase
	Pass  int // from 1
	// Table is under way; "": none.
	Table string
	// Rows that were compared and written in this pass.
	Compared, Written int64
	// Over: the pass, or the phase, is over; it took so long.
	Over bool
	Took time.Duration
}

// Result is what a move came to.
type Result struct {
	Shops  []ledger.Report
	Rows   map[string]int64 // by table
	Passes int
	Took   time.Duration // all of it
	Switch time.Duration // from the hub's end to the end
	// Residue: orders were erased in the target too, but it could not make sure
	// that nothing is left in dead versions of their rows, and why.
	Residue error
}

// Move is one move.
type Move struct {
	opts     Options
	from, to side

	mu     sync.Mutex
	held   map[string]bool    // shops of which the target holds something, see isFresh
	blocks map[string][]block // of tables that have a Proof
	chain  []ledger.Report    // what was verified while the hub ran
	total  map[string]int64   // rows by table, of the last check

	phase             Phase
	pass              int
	compared, written atomic.Int64
	forgot            atomic.Bool // an order was erased in the target
	observing         sync.Mutex
}

// New makes a move; Run runs it.
func New(opts Options) *Move {
	if opts.Workers == 0 {
		opts.Workers = 4
	}
	if opts.Every == 0 {
		opts.Every = 5 * time.Second
	}
	if opts.Look == 0 {
		opts.Look = 200 * time.Millisecond
	}
	return &Move{
		opts: opts, from: side{opts.Source, ofSQLite, pageRows}, to: side{opts.Target, ofPostgres, pageRows},
		blocks: map[string][]block{}, phase: Copying,
	}
}

// Run moves everything. When it has returned without an error, the folder
// opens no more and nodes may use the database; after an error, or a kill, the
// hub goes on with its folder, and Run may be called again. Errors: *Occupied,
// *Finished, *Faults, those of the ends, the context's.
func (m *Move) Run(ctx context.Context) (Result, error) {
	began := time.Now()
	if err := m.opts.Target.Begin(ctx, m.opts.Source.ID()); err != nil {
		return Result{}, err
	}
	if err := m.approach(ctx); err != nil {
		return Result{}, fmt.Errorf("copy: %w", err)
	}
	if err := m.verifyEarly(ctx); err != nil {
		return Result{}, err
	}
	if err := m.await(ctx); err != nil {
		return Result{}, fmt.Errorf("copy: %w", err)
	}
	stopped := time.Now()
	if err := m.finish(ctx); err != nil {
		return Result{}, err
	}
	result := Result{
		Shops: m.chain, Rows: m.total, Passes: m.pass,
		Took: time.Since(began), Switch: time.Since(stopped),
	}
	if m.forgot.Load() {
		result.Residue = m.opts.Target.Ledger().Erased(ctx)
	}
	return result, nil
}

const (
	// mostPasses bounds the passes before the hub is to be stopped.
	mostPasses = 20
	// shortPass is a pass that can not get much shorter.
	shortPass = 2 * time.Second
)

// approach runs passes until another one would have as much to do.
func (m *Move) approach(ctx context.Context) error {
	var before time.Duration
	for n := range mostPasses {
		took, written, err := m.passThrough(ctx)
		if err != nil {
			return err
		}
		if n == 0 {
			if err := m.opts.Target.Settle(ctx, Tables()); err != nil {
				return err
			}
		}
		if n > 0 && (written == 0 || took < shortPass || took > before*8/10) {
			return nil
		}
		before = took
	}
	return nil
}

// verifyEarly walks the chains while the hub runs, so that only what is
// appended later is left for the switch. Orders go once more: one may have
// been erased between the copying of its row and of its personal part.
func (m *Move) verifyEarly(ctx context.Context) error {
	began := time.Now()
	m.phase = Verifying
	m.observe(Step{})
	if err := m.findHeld(ctx); err != nil {
		return fmt.Errorf("copy: %w", err)
	}
	// Where a log begins goes last: events in front of it are not looked at, and
	// those behind it are all there.
	for _, name := range [...]string{ordersTable, "checkpoints"} {
		if err := m.copyTable(ctx, table(name)); err != nil {
			return fmt.Errorf("copy: %w", err)
		}
	}
	if err := m.verifyChains(ctx); err != nil {
		return err
	}
	m.observe(Step{Over: true, Took: time.Since(began)})
	return nil
}

// await waits until the hub is stopped, and keeps up with it.
func (m *Move) await(ctx context.Context) error {
	if got, err := m.opts.Source.Lock(); got || err != nil {
		return err
	}
	began := time.Now()
	m.phase = Waiting
	m.observe(Step{})
	passes, stop := context.WithCancel(ctx)
	locked := make(chan error, 1)
	go func() {
		defer stop() // a pass that is under way is of no more use
		locked <- m.lock(passes)
	}()
	err := m.keepUp(passes)
	stop()
	switch lost := <-locked; {
	case ctx.Err() != nil:
		return ctx.Err()
	case lost == nil: // the last pass does what this one left
		m.observe(Step{Over: true, Took: time.Since(began)})
		return nil
	case err != nil:
		return err
	default:
		return lost
	}
}

// lock takes the folder's lock as soon as the hub gave it free.
func (m *Move) lock(ctx context.Context) error {
	for {
		if got, err := m.opts.Source.Lock(); got || err != nil {
			return err
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(m.opts.Look):
		}
	}
}

// keepUp runs passes until ctx ends.
func (m *Move) keepUp(ctx context.Context) error {
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-time.After(m.opts.Every):
		}
		if _, _, err := m.passThrough(ctx); err != nil {
			return err
		}
	}
}

// patience is how long one of the ends may be out of reach.
const patience = 2 * time.Minute

// passThrough runs a pass, from the beginning again after a trouble that may
// pass: nothing is lost by that.
func (m *Move) passThrough(ctx context.Context) (took time.Duration, written int64, err error) {
	for began := time.Now(); ; {
		took, written, err = m.runPass(ctx)
		if err == nil || !errors.Is(err, order.ErrBusy) || time.Since(began) > patience {
			return took, written, err
		}
		select {
		case <-ctx.Done():
			return took, written, err
		case <-time.After(m.opts.Every):
		}
	}
}

// finish is the switch: nobody writes the folder any more.
func (m *Move) finish(ctx context.Context) error {
	m.phase = Switching
	if _, _, err := m.passThrough(ctx); err != nil {
		return fmt.Errorf("copy: %w", err)
	}
	if err := m.forgetAgain(ctx); err != nil {
		return fmt.Errorf("copy: %w", err)
	}
	if err := m.check(ctx); err != nil {
		return err
	}
	if err := errors.Join(m.verifyChains(ctx), m.sameHeads(ctx)); err != nil {
		return err
	}
	// The folder first: at no moment may both be used.
	if err := m.opts.Source.MarkMoved(ctx, m.opts.Target.Address()); err != nil {
		return fmt.Errorf("mark the folder: %w", err)
	}
	if err := m.opts.Target.Finish(ctx, m.opts.Source.ID()); err != nil {
		return fmt.Errorf("open the database to nodes (run it again): %w", err)
	}
	return nil
}

func (m *Move) observe(s Step) {
	if m.opts.Observe == nil {
		return
	}
	m.observing.Lock()
	defer m.observing.Unlock()
	s.Phase, s.Pass = m.phase, m.pass
	s.Compared, s.Written = m.compared.Load(), m.written.Load()
	m.opts.Observe(s)
}

func (m *Move) saw(t *Table, rows int64) {
	m.compared.Add(rows)
	m.observe(Step{Table: t.Name})
}

func (m *Move) wrote(t *Table, rows int64) {
	m.written.Add(rows)
	m.observe(Step{Table: t.Name})
}

func (m *Move) blocksOf(t *Table) []block {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.blocks[t.Name]
}

func (m *Move) keepBlocks(t *Table, list []block) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.blocks[t.Name] = list
}

// isFresh reports whether the target held nothing of a shop before its orders
// were copied: then nothing of an erased order can be there.
func (m *Move) isFresh(shop string) bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	return !m.held[shop]
}
