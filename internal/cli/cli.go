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
	Demo    demoCmd    `cmd:"" help:"See the whole way of an order: a hub, sandbox partners and receivers on this machine, with real orders."`
	Init    initCmd    `cmd:"" help:"Write a configuration file with comments, by asking or from flags."`
	Serve   serveCmd   `cmd:"" help:"Run the hub."`
	Reload  reloadCmd  `cmd:"" help:"Make a running hub read its configuration again, whole or not at all."`
	Nodes   nodesCmd   `cmd:"" help:"List the nodes that a hub consists of."`
	Sandbox sandboxCmd `cmd:"" help:"Run the doors alone, with well-known credentials and faults on demand."`
	Check   checkCmd   `cmd:"" help:"Check a configuration file: every complaint at once."`
	Import  importCmd  `cmd:"" help:"Hand in the orders of a file. Repeating it does no harm."`

	Orders     ordersCmd     `cmd:"" help:"List orders, newest first."`
	Order      orderCmd      `cmd:"" help:"Show everything about one order: who said what, and where it arrived."`
	Routes     routesCmd     `cmd:"" help:"Show the state of every route."`
	Deliveries deliveriesCmd `cmd:"" help:"List deliveries."`
	Stuck      stuckCmd      `cmd:"" help:"List what does not go on, by route and cause."`
	Reconcile  reconcileCmd  `cmd:"" help:"List the orders that a route's partner lacks, and why."`

	Couriers couriersCmd `cmd:"" help:"Show how a shop, or a route's partner, sends goods."`
	Ship     shipCmd     `cmd:"" help:"Say that a parcel of an order is on its way."`

	TestOrder testOrderCmd `cmd:"" help:"Let an order for tests be born at a door that can, such as Delivery Hero's."`

	Products   productsCmd   `cmd:"" help:"See and change what a shop sells, and its stock."`
	Jobs       jobsCmd       `cmd:"" help:"See what a door or a route was asked to do, such as updates of a catalogue, and what came of it."`
	Promotions promotionsCmd `cmd:"" help:"See and change what a shop sells for less, and in which stores."`

	Invitations invitationsCmd `cmd:"" help:"See and steer invitations to review."`
	Reviews     reviewsCmd     `cmd:"" help:"List what customers wrote, newest first."`

	Tail tailCmd `cmd:"" help:"Follow live what is accepted, and what becomes of it."`

	Route    routeCmd    `cmd:"" help:"Act on a route."`
	Delivery deliveryCmd `cmd:"" help:"Act on deliveries."`
	Token    tokenCmd    `cmd:"" help:"Make and end tokens of the API, and credentials of partners' doors."`

	Refused refusedCmd `cmd:"" help:"List calls to a shop's doors that were refused, with the reason."`
	Acts    actsCmd    `cmd:"" help:"List what people did by hand, newest first."`

	Capture captureCmd `cmd:"" help:"Listen to the calls of a door or a route for a set time."`

	Erase     eraseCmd     `cmd:"" help:"Erase the person from an order."`
	Retention retentionCmd `cmd:"" help:"Show for how long data is kept, and what is due to be removed."`
	Verify    verifyCmd    `cmd:"" help:"Walk the hash chain of the ledger."`
	Backup    backupCmd    `cmd:"" help:"Copy the data folder's store while the hub runs."`
	Restore   restoreCmd   `cmd:"" help:"Make a data folder of a backup."`
	Migrate   migrateCmd   `cmd:"" help:"Bring a database's schema up to date, or move a hub from its data folder into it."`
	Key       keyCmd       `cmd:"" help:"Work on the seal key."`
	Bench     benchCmd     `cmd:"" help:"Measure the hub against floor programs on this machine."`
	Version   versionCmd   `cmd:"" help:"Print the version."`

	Completion completionCmd `cmd:"" help:"Print a script that completes commands and flags in a shell."`
	Man        manCmd        `cmd:"" help:"Print the manual as roff: ordermux man | man -l -"`

	ShowVersion kong.VersionFlag `name:"version" help:"Print the version."`
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
		kong.Vars{"version": env.versionLine()},
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
		kong.Vars{"scenarios": strings.Join(bench.Scenarios(), ", ")},
	}
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
