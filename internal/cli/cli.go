// Package cli is the command line: one file per command, each a struct of its
// options with a Run that is given its streams.
package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"reflect"
	"strings"
	"time"

	"github.com/alecthomas/kong"

	"github.com/ordermux/ordermux/internal/bench"
)

// The exit codes.
const (
	ExitOK     = 0
	ExitFailed = 1
	ExitUsage  = 2
)

// Env is what a command has of the world around it.
type Env struct {
	In       io.Reader
	Out, Err io.Writer
	// Terminal says that Err is a terminal: progress is shown. Screen says
	// that Out is one: tables are redrawn. Interactive says that In is one:
	// questions are asked.
	Terminal, Screen, Interactive bool
	// Colour says that Out shows colours.
	Colour bool
	// Hangup asks a running hub to reload its configuration; may be nil.
	Hangup  <-chan os.Signal
	Version string
	// Transport carries the calls to a hub; nil: the standard one.
	Transport http.RoundTripper
}

// grammar is every command. Those that work on a running hub embed remote.
type grammar struct {
	Demo       demoCmd       `cmd:"" group:"begin" help:"See the whole way of an order: a hub, sandbox partners and receivers on this machine, with real orders."`
	Init       initCmd       `cmd:"" group:"begin" help:"Write a configuration file with comments, by asking or from flags."`
	Check      checkCmd      `cmd:"" group:"begin" help:"Check a configuration file: every complaint at once."`
	Serve      serveCmd      `cmd:"" group:"begin" help:"Run the hub."`
	Sandbox    sandboxCmd    `cmd:"" group:"begin" help:"Run the doors alone, with well-known credentials and faults on demand."`
	Import     importCmd     `cmd:"" group:"begin" help:"Hand in the orders of a file. Repeating it does no harm."`
	Completion completionCmd `cmd:"" group:"begin" help:"Print a script that completes commands and flags in a shell."`
	Man        manCmd        `cmd:"" group:"begin" help:"Print the manual as roff: ordermux man | man -l -"`
	Version    versionCmd    `cmd:"" group:"begin" help:"Print the version."`

	Orders     ordersCmd     `cmd:"" group:"look" help:"List orders, newest first."`
	Order      orderCmd      `cmd:"" group:"look" help:"Show everything about one order: who said what, and where it arrived."`
	Routes     routesCmd     `cmd:"" group:"look" help:"Show the state of every route."`
	Deliveries deliveriesCmd `cmd:"" group:"look" help:"List deliveries."`
	Stuck      stuckCmd      `cmd:"" group:"look" help:"List what does not go on, by route and cause."`
	Reconcile  reconcileCmd  `cmd:"" group:"look" help:"List the orders that a route's partner lacks, and why."`
	Tail       tailCmd       `cmd:"" group:"look" help:"Follow live what is accepted, and what becomes of it."`
	Jobs       jobsCmd       `cmd:"" group:"look" help:"See what a door or a route was asked to do, such as updates of a catalogue, and what came of it."`
	Reviews    reviewsCmd    `cmd:"" group:"look" help:"List what customers wrote, newest first."`
	Refused    refusedCmd    `cmd:"" group:"look" help:"List calls to a shop's doors that were refused, with the reason."`
	Acts       actsCmd       `cmd:"" group:"look" help:"List what people did by hand, newest first."`
	Capture    captureCmd    `cmd:"" group:"look" help:"Listen to the calls of a door or a route for a set time."`

	Route       routeCmd       `cmd:"" group:"act" help:"Act on a route."`
	Delivery    deliveryCmd    `cmd:"" group:"act" help:"Act on deliveries."`
	Token       tokenCmd       `cmd:"" group:"act" help:"Make and end tokens of the API, and credentials of partners' doors."`
	Products    productsCmd    `cmd:"" group:"act" help:"See and change what a shop sells, and its stock."`
	Promotions  promotionsCmd  `cmd:"" group:"act" help:"See and change what a shop sells for less, and in which stores."`
	Invitations invitationsCmd `cmd:"" group:"act" help:"See and steer invitations to review."`
	Couriers    couriersCmd    `cmd:"" group:"act" help:"Show how a shop, or a route's partner, sends goods."`
	Ship        shipCmd        `cmd:"" group:"act" help:"Say that a parcel of an order is on its way."`
	TestOrder   testOrderCmd   `cmd:"" group:"act" help:"Let an order for tests be born at a door that can, such as Delivery Hero's."`

	Reload    reloadCmd    `cmd:"" group:"run" help:"Make a running hub read its configuration again, whole or not at all."`
	Nodes     nodesCmd     `cmd:"" group:"run" help:"List the nodes that a hub consists of."`
	Erase     eraseCmd     `cmd:"" group:"run" help:"Erase the person from an order."`
	Retention retentionCmd `cmd:"" group:"run" help:"Show for how long data is kept, and what is due to be removed."`
	Verify    verifyCmd    `cmd:"" group:"run" help:"Walk the hash chain of the ledger."`
	Backup    backupCmd    `cmd:"" group:"run" help:"Copy the data folder's store while the hub runs."`
	Restore   restoreCmd   `cmd:"" group:"run" help:"Make a data folder of a backup."`
	Migrate   migrateCmd   `cmd:"" group:"run" help:"Bring a database's schema up to date, or move a hub from its data folder into it."`
	Key       keyCmd       `cmd:"" group:"run" help:"Work on the seal key."`
	Bench     benchCmd     `cmd:"" group:"run" help:"Measure the hub against floor programs on this machine."`

	ShowVersion versionFlag `name:"version" help:"Print the version."`
}

// usageError is a mistake in the command line that kong does not see.
type usageError struct{ text string }

func (e usageError) Error() string { return e.text }

func usagef(format string, args ...any) error { return usageError{fmt.Sprintf(format, args...)} }

// exit is how kong ends the program early, after --help.
type exit int

// Run runs one command and returns the exit code.
func Run(ctx context.Context, args []string, env Env) (code int) {
	defer func() {
		if p := recover(); p != nil {
			e, ok := p.(exit)
			if !ok {
				panic(p)
			}
			code = int(e)
		}
	}()
	env.Version = versionOf(env.Version)
	var g grammar
	parser, err := kong.New(&g, append(options(),
		kong.Writers(env.Out, env.Err),
		kong.Exit(func(code int) { panic(exit(code)) }),
		kong.BindTo(ctx, (*context.Context)(nil)),
		kong.Bind(&env),
	)...)
	if err != nil {
		fmt.Fprintln(env.Err, "ordermux:", err)
		return ExitFailed
	}
	if len(args) == 0 {
		args = []string{"--help"}
	}
	command, err := parser.Parse(args)
	if err != nil {
		fmt.Fprintf(env.Err, "ordermux: %s\nSee %s --help.\n", err, mistaken(err))
		return ExitUsage
	}
	if env.Colour {
		env.Out = painted{env.Out}
	}
	return env.report(command.Run())
}

// options are those of the grammar, whoever reads it.
func options() []kong.Option {
	return []kong.Option{
		kong.Name("ordermux"),
		kong.Description("Take an order once, get it provably to every partner."),
		kong.ConfigureHelp(kong.HelpOptions{Compact: true, NoExpandSubcommands: true}),
		kong.TypeMapper(reflect.TypeFor[time.Time](), kong.MapperFunc(decodeTime)),
		kong.ExplicitGroups([]kong.Group{
			{Key: "begin", Title: "To begin:"}, {Key: "look", Title: "To look:"},
			{Key: "act", Title: "To act:"}, {Key: "run", Title: "To keep a hub running:"},
		}),
		kong.PostBuild(groupless), kong.PostBuild(namesScenarios),
	}
}

// groupless takes the groups of the program's commands from those below them.
func groupless(k *kong.Kong) error {
	for _, c := range k.Model.Children {
		for _, below := range c.Children {
			below.Group = &kong.Group{Key: "commands", Title: "Commands:"}
		}
	}
	return nil
}

// namesScenarios gives the help of bench the names of its scenarios. Only that:
// kong looks through the variables of all once for every flag that there is.
func namesScenarios(k *kong.Kong) error {
	for _, c := range k.Model.Children {
		for _, f := range c.Flags {
			if c.Name == "bench" && f.Name == "scenario" {
				f.Tag.Vars = kong.Vars{"scenarios": strings.Join(bench.Scenarios(), ", ")}
			}
		}
	}
	return nil
}

// mistaken is the command whose use was wrong.
func mistaken(err error) string {
	if p, ok := errors.AsType[*kong.ParseError](err); ok && p.Context != nil && p.Context.Selected() != nil {
		return p.Context.Selected().FullPath()
	}
	return "ordermux"
}

// report prints a command's error, with what to do about it, and makes it an
// exit code.
func (env *Env) report(err error) int {
	if err == nil {
		return ExitOK
	}
	if e, ok := errors.AsType[usageError](err); ok {
		fmt.Fprintf(env.Err, "ordermux: %s\n", e)
		return ExitUsage
	}
	if errors.Is(err, errQuiet) {
		return ExitFailed
	}
	fmt.Fprintf(env.Err, "ordermux: %s\n", err)
	if next := advice(err); next != "" {
		fmt.Fprintln(env.Err, next)
	}
	return ExitFailed
}

// errQuiet is the error of a command that has printed what is wrong itself.
var errQuiet = errors.New("failed")
