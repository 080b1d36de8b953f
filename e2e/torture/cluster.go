//go:build linux

package torture

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/jackc/pgx/v5"
)

// Server is the PostgreSQL server that the nodes share.
type Server interface {
	Kill() error  // as a power cut would
	Stop() error  // fast: cuts its connections
	Start() error // returns when it answers
}

// ClusterOptions of a run over several nodes.
type ClusterOptions struct {
	Program string // the ordermux to torture
	Dir     string // for the configuration and logs
	Server  Server
	URL     string // of an empty database on it
	Seed    uint64
	Nodes   int
	Shops   int
	Rate    float64 // orders per second that clients offer, about
	Rounds  [][]Act
	Rest    time.Duration // between two rounds at most
	Down    time.Duration // what was ended stays so at most this long
	Frozen  time.Duration // how long a frozen node is; longer than its lease
	// Quiet is how long the hub may take in the end to deliver what is left.
	Quiet time.Duration
	// Even is how many orders of each shop go through in the end to see whether
	// the nodes share the work; 0: that is not looked at.
	Even int
	// Plant does harm before the evidence is collected.
	Plant func(context.Context, *pgx.Conn) error
	Log   func(format string, args ...any)
}

// ClusterReport is what a run saw.
type ClusterReport struct {
	Traffic
	Acts   map[Act]int
	Cut    int            // connections
	Moves  int            // of a shop to another node
	Spread map[string]int // deliveries by node in the end
}

// String sums a report up.
func (r ClusterReport) String() string {
	var s strings.Builder
	for _, act := range Acts {
		if n := r.Acts[act]; n > 0 {
			fmt.Fprintf(&s, "%s: %d; ", act, n)
		}
	}
	fmt.Fprintf(&s, "%d connections cut, %d times a shop got a node; %s; in the end deliveries by node: %v", r.Cut, r.Moves, r.Traffic, r.Spread)
	return s.String()
}

// Uneven returns how far the node that delivered most or least is from an even
// share: 0.2 is 20 %.
func (r ClusterReport) Uneven() float64 {
	sum, worst := 0, 0.0
	for _, n := range r.Spread {
		sum += n
	}
	for _, n := range r.Spread {
		even := float64(sum) / float64(len(r.Spread))
		worst = max(worst, float64(n)/even-1, 1-float64(n)/even)
	}
	return worst
}

// cluster is everything that runs.
type cluster struct {
	ClusterOptions
	dice     *rand.Rand // of the violence; clients and partners have their own
	began    time.Time
	db       database
	partners *partners
	nodes    []*node
	shops    []string
	clients  *clients
	listed   map[string]bool // orders that stood on the careful routes' lists
	report   ClusterReport
}

// RunCluster tortures the nodes and their database and returns what all sides
// have in the end. An error means that the run itself could not be finished, or
// a node ended by itself; broken promises are in ClusterReport.Check.
func RunCluster(ctx context.Context, opts ClusterOptions) (ClusterReport, error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	c := &cluster{
		ClusterOptions: opts, dice: rand.New(rand.NewPCG(opts.Seed, 1)), began: time.Now(), db: database{opts.URL},
		listed: map[string]bool{}, report: ClusterReport{Acts: map[Act]int{}},
	}
	defer c.end()
	for _, part := range []struct {
		name string
		do   func(context.Context) error
	}{{"set up", c.setUp}, {"violence", c.underLoad}, {"settle", c.settle}, {"share", c.share}, {"collect", c.collect}} {
		c.Log("%v: %s", c.age(), part.name)
		if err := part.do(ctx); err != nil {
			for _, n := range c.nodes {
				err = fmt.Errorf("%w\nlast words of %s:\n%s", err, n.name, n.words())
			}
			return c.report, err
		}
	}
	return c.report, nil
}

func (c *cluster) age() time.Duration { return time.Since(c.began).Round(time.Millisecond) }

// end ends what still runs, frozen nodes too.
func (c *cluster) end() {
	var wg sync.WaitGroup
	for _, n := range c.nodes {
		wg.Go(func() { _ = n.kill() })
	}
	wg.Wait()
	if c.partners != nil {
		_ = c.partners.close()
	}
}

// setUp starts the partners, makes the schema and its audit, and starts the
// nodes.
func (c *cluster) setUp(ctx context.Context) (err error) {
	if c.partners, err = startPartners(ctx, c.Program, c.Dir, c.Seed); err != nil {
		return err
	}
	for i := range c.Shops {
		c.shops = append(c.shops, fmt.Sprintf("shop%02d", i))
	}
	config := filepath.Join(c.Dir, "cluster.yaml")
	if err := os.WriteFile(config, []byte(c.yaml()), 0o600); err != nil {
		return err
	}
	var addrs []string
	for i := range c.Nodes {
		n, err := newNode(c.Program, config, c.Dir, i)
		if err != nil {
			return err
		}
		c.nodes, addrs = append(c.nodes, n), append(addrs, n.addr)
	}
	c.clients = newClients(addrs, c.shops, c.Seed, c.Rate)
	// A client that is careful waits less for a node than its lease lasts.
	c.clients.follow, c.clients.limit = true, 4*time.Second
	// The first node migrates; whoever comes after is audited.
	if err := errors.Join(c.nodes[0].start(ctx), c.nodes[0].kill()); err != nil {
		return err
	}
	if err := c.db.audited(ctx); err != nil {
		return fmt.Errorf("begin the audit: %w", err)
	}
	return c.startAll(ctx)
}

func (c *cluster) startAll(ctx context.Context) error {
	errs := make([]error, len(c.nodes))
	var wg sync.WaitGroup
	for i, n := range c.nodes {
		wg.Go(func() { errs[i] = n.start(ctx) })
	}
	wg.Wait()
	return errors.Join(errs...)
}

func (c *cluster) yaml() string {
	var s strings.Builder
	fmt.Fprintf(&s, "admin_token: %s\ndatabase: %q\nseal_key: %q\nshops:\n", adminToken, c.URL, strings.Repeat("5e", 32))
	for i, name := range c.shops {
		s.WriteString(c.partners.shopYAML(name, keyOf(i)))
	}
	return s.String()
}

// underLoad lets the clients work while violence goes on.
func (c *cluster) underLoad(ctx context.Context) error {
	sendCtx, stop := context.WithCancel(ctx)
	var sending sync.WaitGroup
	sending.Go(func() { c.clients.run(sendCtx) })
	err := errors.Join(pause(ctx, time.Second), c.violence(ctx))
	stop()
	sending.Wait()
	return errors.Join(err, c.clients.refused)
}

// side is where one shop is asked about; another node each time.
func (c *cluster) side(i int) side { return side{c.nodes[c.dice.IntN(len(c.nodes))].addr, c.shops[i]} }

// settle ends the faults, waits until the hub has nothing left to do by itself
// and does what a person does: drops what nobody knows the end of, for what
// waits behind it to go.
func (c *cluster) settle(ctx context.Context) error {
	if err := c.partners.calm(ctx); err != nil {
		return err
	}
	limit := time.Now().Add(c.Quiet)
	for {
		busy, at := c.busy(ctx)
		if busy == "" {
			return ctx.Err()
		}
		if time.Now().After(limit) {
			c.Log("not quiet after %v: %s\n%s", c.Quiet, busy, c.side(at).open(ctx))
			return nil // what is missing is found by asking
		}
		if err := pause(ctx, 100*time.Millisecond); err != nil {
			return err
		}
	}
}

// busy names what is left to do for the last of the shops that is not at rest,
// and which one that is; "": nothing. One that can not be asked, because it has
// no node yet, is not at rest.
func (c *cluster) busy(ctx context.Context) (what string, at int) {
	for i, name := range c.shops {
		busy, err := c.drop(ctx, i)
		if err == nil && busy == "" {
			busy, err = c.side(i).busy(ctx)
		}
		if err != nil {
			busy = name + ": " + err.Error()
		}
		if busy != "" {
			what, at = busy, i
		}
	}
	return what, at
}

// drop drops what the careful route of a shop has parked.
func (c *cluster) drop(ctx context.Context, i int) (string, error) {
	parked := map[string]bool{}
	if err := c.side(i).listed(ctx, "careful", parked); err != nil || len(parked) == 0 {
		return "", err
	}
	maps.Copy(c.listed, parked)
	// Those that were seen, and no other that is parked by now.
	selection := map[string]any{"route": "careful", "states": []string{"parked"}, "orders": slices.Collect(maps.Keys(parked))}
	err := call(ctx, http.MethodPost, c.side(i).base()+"/deliveries/drop", "Bearer "+adminToken, selection, nil)
	return "dropped what was parked", err
}

// collect asks every side what it has.
func (c *cluster) collect(ctx context.Context) (err error) {
	if c.Plant != nil {
		if err := c.db.do(ctx, func(conn *pgx.Conn) error { return c.Plant(ctx, conn) }); err != nil {
			return fmt.Errorf("plant: %w", err)
		}
	}
	r := &c.report
	r.Traffic = c.clients.sent()
	if err := c.ledgers(ctx); err != nil {
		return fmt.Errorf("ask the hub: %w", err)
	}
	gaps, err := c.db.gaps(ctx)
	if err != nil {
		return err
	}
	r.Chain = append(r.Chain, gaps...)
	if r.Fenced, err = c.db.fenced(ctx); err != nil {
		return err
	}
	if r.Moves, err = c.db.changes(ctx); err != nil {
		return err
	}
	if r.Routes, err = c.partners.arrivals(ctx, r.Offered, c.listed); err != nil {
		return err
	}
	c.explain(ctx)
	return nil
}

// ledgers asks the hub for the events of all shops, at one node and another,
// and has it verify their chains.
func (c *cluster) ledgers(ctx context.Context) error {
	r := &c.report
	var mu sync.Mutex
	var all sync.WaitGroup
	errs := make([]error, len(c.shops))
	for i, name := range c.shops {
		s, verifies := c.side(i), c.side(i)
		all.Go(func() {
			faults, err := verifies.chain(ctx)
			errs[i] = errors.Join(err, s.ledger(ctx, &mu, &r.Evidence))
			mu.Lock()
			defer mu.Unlock()
			for _, f := range faults {
				r.Chain = append(r.Chain, name+": "+f)
			}
		})
	}
	all.Wait()
	return errors.Join(errs...)
}

// explain logs what the hub has to say about the first order that a promise
// was broken for.
func (c *cluster) explain(ctx context.Context) {
	for _, fault := range c.report.Check() {
		id := orderOf(ours.FindString(fault))
		if id == "" {
			continue
		}
		for i := range c.shops {
			s := c.side(i)
			if text, err := do(ctx, http.MethodGet, s.base()+"/orders/"+id, "Bearer "+adminToken, nil); err == nil {
				c.Log("%s; the hub about it: %s", fault, text)
				return
			}
		}
	}
}

// ours finds the id of an order of the clients.
var ours = regexp.MustCompile(`t[0-9]-[0-9]{6}`)
