// Command ordermux takes an order once and gets it, provably, to every
// partner that needs it.
package main

import (
	"context"
	"os"
	"os/signal"
	"syscall"

	"github.com/ordermux/ordermux/internal/cli"
)

// version is set when a release is built.
var version = "dev"

func main() { os.Exit(run()) }

func run() int {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	context.AfterFunc(ctx, stop) // a second signal ends the program at once
	hangup := make(chan os.Signal, 1)
	signal.Notify(hangup, syscall.SIGHUP)
	return cli.Run(ctx, os.Args[1:], cli.Standard(version, hangup))
}
