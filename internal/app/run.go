package app

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/ordermux/ordermux/internal/alert"
)

// stopTime is how long a stop waits for requests that are being answered.
const stopTime = 30 * time.Second

// Run answers and delivers until ctx ends or an address fails, then stops: no
// new connections, requests in flight are answered, calls to partners finish,
// shops are handed over to other nodes, the store is closed. Its error is nil
// for a clean stop.
func (a *App) Run(ctx context.Context) error {
	if !a.config().AdminToken.Set() {
		a.log.Warn("no admin_token is configured: our own API takes only tokens made earlier")
	}
	work, stopWork := context.WithCancel(context.WithoutCancel(ctx))
	defer stopWork()
	var parts sync.WaitGroup
	failed := make(chan error, len(a.addrs)+3)
	parts.Go(func() {
		if err := a.engine.Run(work); err != nil {
			failed <- fmt.Errorf("deliveries: %w", err)
		}
	})
	parts.Go(func() { a.disk.run(work, a.opts.Tick, func() { a.watcher.Nudge(alert.Hub) }) })
	parts.Go(func() { tuneCollector(work) })
	parts.Go(func() { a.captures.Run(work) })
	parts.Go(func() { a.lookEvery(work, callbackLook, "doors' callbacks", a.addCallbacks) })
	if a.node != nil {
		parts.Go(func() { a.lookEvery(work, connectedLook, "connected routes", a.takeConnected) })
	}
	parts.Go(func() { a.uses.run(work) })
	parts.Go(func() { a.refusals.run(work) })
	parts.Go(func() { a.promotions.run(work) })
	parts.Go(func() { a.retainer.run(work) })
	parts.Go(func() { a.chores.runner.Run(work) })
	parts.Go(func() { a.search.run(work) })
	parts.Go(func() { a.flows.run(work) })
	parts.Go(func() { a.watcher.Run(work, a.opts.Tick) })
	giveBack(a.current.Load())
	leave := a.join(work, failed)
	a.start(failed)
	a.uploads.start(work, &parts, failed)
	a.log.Info("listening", "address", a.Addr().String(), "version", a.opts.Version)

	var err error
	select {
	case <-ctx.Done():
	case err = <-failed:
	}
	a.stopping.Store(true)
	a.log.Info("stopping")
	err = errors.Join(err, a.stopAnswering(), leave())
	stopWork()
	parts.Wait()
	err = errors.Join(err, a.Close())
	a.log.Info("stopped")
	return err
}

// stopAnswering closes the addresses and waits for requests and uploads in flight.
func (a *App) stopAnswering() error {
	ctx, cancel := context.WithTimeout(context.Background(), stopTime)
	defer cancel()
	errs := make([]error, len(a.addrs)+1)
	var all sync.WaitGroup
	all.Go(func() { errs[len(a.addrs)] = a.uploads.stop(ctx) })
	for i, l := range a.addrs {
		all.Go(func() {
			if err := l.server.Shutdown(ctx); err != nil {
				errs[i] = errors.Join(fmt.Errorf("stop %s: %w", l.net.Addr(), err), l.server.Close())
			}
		})
	}
	all.Wait()
	return errors.Join(errs...)
}
