// Package bench measures the hub from outside: it starts it as a process of
// its own on an embedded store on a real disk, drives it over loopback in the
// CitrusAd dialect and prints what it took, next to two floors measured in the
// same run. docs/performance.md tells how to read the figures.
//
// The generator is this process; the receiver of webhooks, the floors and the
// hub are children, so that the CPU seconds of each are told apart.
package bench

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

// Options of a run. The tags are those of the command line.
type Options struct {
	Scenario    []string      `help:"What to measure, several separated by commas; 'all' for everything: ${scenarios}." default:"accept-batch,accept-single,deliver,deliver-half" placeholder:"NAME"`
	Dir         string        `help:"Folder for the stores, on the disk to be measured. Default: a temporary one in the working directory." placeholder:"DIR"`
	Duration    time.Duration `help:"How long each measurement lasts." default:"10s"`
	Runs        int           `help:"Repetitions of what is compared with medians (listen, routes, isolation, growth)." default:"5"`
	Rate        float64       `help:"Orders per second of deliver, deliver-half, isolation and routes; 0: the scenario's own."`
	Batch       int           `help:"Orders per request while delivering." default:"100"`
	Connections int           `help:"Connections of the generator; 0: the scenario's own."`
	Slots       int           `help:"Calls at a time of the webhook routes; 0: what the hub does without a setting." default:"128"`
	Database    string        `help:"Measure PostgreSQL beside the embedded store: the address of a database of a user who may make others, which are removed in the end." env:"ORDERMUX_BENCH_DATABASE" placeholder:"URL"`
	Shops       int           `help:"Shops of idle." default:"10000"`
	Rest        time.Duration `help:"How long idle watches a hub that has nothing to do." default:"1m"`
	Orders      int64         `help:"Stored orders of growth, console and start." default:"1000000"`
	Products    int64         `help:"Products of catalog." default:"1000000"`
	Rows        int64         `help:"Rows of the file of upload." default:"1500000"`
	Pairs       int64         `help:"Pairs of an outlet and a product of promotions." default:"2000000"`
	JSON        bool          `help:"Print one JSON document per result instead of the table."`
	Smoke       bool          `help:"A few hundred orders per scenario; judges only that every order arrived."`
	Keep        bool          `help:"Leave the stores and the hubs' logs behind."`

	// Child is set for the processes that bench starts of itself: a JSON
	// document that says what to be.
	Child string `hidden:""`

	Out  io.Writer `kong:"-"` // nil: standard output
	Self []string  `kong:"-"` // how to start `ordermux`; nil: this executable
}

// Scenarios lists what can be measured, in the sequence of a full run.
func Scenarios() []string {
	names := make([]string, len(scenarios))
	for i, s := range scenarios {
		names[i] = s.name
	}
	return names
}

type scenario struct {
	name string
	run  func(context.Context, *bench) error
	// shared: several nodes are measured, so a database is needed.
	shared bool
}

var scenarios = []scenario{
	{name: "accept-batch", run: acceptBatch},
	{name: "accept-single", run: acceptSingle},
	{name: "accept-shops", run: acceptShops},
	{name: "accept-reviews", run: acceptReviews},
	{name: "deliver", run: deliverMost},
	{name: "deliver-half", run: deliverHalf},
	{name: "nodes", run: twoNodes, shared: true},
	{name: "citrus", run: citrusToCitrus},
	{name: "routes", run: manyRoutes},
	{name: "isolation", run: isolation},
	{name: "growth", run: growth},
	{name: "listen", run: listen},
	{name: "catalog", run: catalogue},
	{name: "upload", run: upload},
	{name: "promotions", run: promotions},
	{name: "console", run: console},
	{name: "idle", run: idle},
	{name: "start", run: start},
}

// bench is one run.
type bench struct {
	Options
	dir     string
	places  []*place
	place   *place // that is measured now
	results []Result
	floors  map[string]float64 // by scenario, in orders per second
	// delivered is what deliver reached at each place, in orders per second;
	// deliver-half takes half of it.
	delivered map[string]float64
}

// Run measures what the options name and prints it. It returns an error if a
// process failed or an order was lost; a slow hub is no error.
func Run(ctx context.Context, opts Options) error {
	if opts.Child != "" {
		return runChild(ctx, opts.Child, os.Stdin, os.Stdout)
	}
	if opts.Out == nil {
		opts.Out = os.Stdout
	}
	chosen, err := choose(opts.Scenario)
	if err != nil {
		return err
	}
	b := &bench{Options: opts.withDefaults(), floors: map[string]float64{}, delivered: map[string]float64{}}
	if b.Self == nil {
		self, err := os.Executable()
		if err != nil {
			return fmt.Errorf("find own executable: %w", err)
		}
		b.Self = []string{self}
	}
	if b.dir, err = makeDir(opts.Dir); err != nil {
		return err
	}
	if !opts.Keep {
		defer os.RemoveAll(b.dir)
	}
	if err := b.openPlaces(ctx); err != nil {
		return err
	}
	defer quiet()()
	b.printMachine()
	err = b.measure(ctx, chosen)
	b.printPlaces()
	return errors.Join(err, b.lost(), b.closePlaces(context.WithoutCancel(ctx)))
}

// measure runs the scenarios, each at all places before the next one.
func (b *bench) measure(ctx context.Context, chosen []scenario) error {
	for _, s := range chosen {
		for _, b.place = range b.places {
			if s.shared && b.place.embedded() {
				continue
			}
			if err := s.run(ctx, b); err != nil {
				return fmt.Errorf("%s on %s: %w", s.name, b.place.name, err)
			}
		}
		if s.shared && len(b.places) == 1 {
			b.say("%-14s left out: it needs --database", s.name)
		}
	}
	return nil
}

func (o Options) withDefaults() Options {
	if o.Duration <= 0 {
		o.Duration = 10 * time.Second
	}
	if o.Runs <= 0 {
		o.Runs = 5
	}
	if o.Batch <= 0 {
		o.Batch = 100
	}
	if o.Orders <= 0 {
		o.Orders = 1_000_000
	}
	if o.Products <= 0 {
		o.Products = 1_000_000
	}
	if o.Rows <= 0 {
		o.Rows = 1_500_000
	}
	if o.Pairs <= 0 {
		o.Pairs = 2_000_000
	}
	if o.Shops <= 0 {
		o.Shops = 10_000
	}
	if o.Rest <= 0 {
		o.Rest = time.Minute
	}
	if o.Smoke {
		o.Duration = time.Second
		o.Runs = 1
		o.Orders, o.Products, o.Rows, o.Pairs = 1000, 2000, 2000, 2000
		o.Shops, o.Rest = 20, 100*time.Millisecond
	}
	return o
}

func choose(names []string) ([]scenario, error) {
	if len(names) == 1 && names[0] == "all" {
		return scenarios, nil
	}
	var out []scenario
	for _, name := range names {
		i := slices.IndexFunc(scenarios, func(s scenario) bool { return s.name == name })
		if i < 0 {
			return nil, fmt.Errorf("no scenario %q; there are: %s", name, strings.Join(Scenarios(), ", "))
		}
		out = append(out, scenarios[i])
	}
	if len(out) == 0 {
		return nil, errors.New("no scenario named")
	}
	return out, nil
}

func makeDir(parent string) (string, error) {
	if parent == "" {
		parent = "."
	}
	parent, err := filepath.Abs(parent)
	if err != nil {
		return "", err
	}
	if err := os.MkdirAll(parent, 0o700); err != nil {
		return "", err
	}
	return os.MkdirTemp(parent, "ordermux-bench-")
}

// lost tells which results show orders that were accepted and did not arrive.
func (b *bench) lost() error {
	var errs []error
	for _, r := range b.results {
		if err := r.complete(); err != nil {
			errs = append(errs, fmt.Errorf("%s: %w", r.Scenario, err))
		}
	}
	return errors.Join(errs...)
}
