// Package app is the wiring: it builds a hub of its parts, runs it and takes
// it down again. The commands and every end-to-end test use it.
package app

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"sync"
	"sync/atomic"
	"time"

	"github.com/ordermux/ordermux/internal/alert"
	"github.com/ordermux/ordermux/internal/api"
	"github.com/ordermux/ordermux/internal/capture"
	"github.com/ordermux/ordermux/internal/config"
	"github.com/ordermux/ordermux/internal/console"
	"github.com/ordermux/ordermux/internal/delivery"
	"github.com/ordermux/ordermux/internal/ledger"
	"github.com/ordermux/ordermux/internal/node"
	"github.com/ordermux/ordermux/internal/partner"
	"github.com/ordermux/ordermux/internal/partner/all"
	"github.com/ordermux/ordermux/internal/review"
	"github.com/ordermux/ordermux/internal/sandbox"
	"github.com/ordermux/ordermux/internal/secret"
	"github.com/ordermux/ordermux/internal/store"
	"github.com/ordermux/ordermux/internal/store/postgres"
	"github.com/ordermux/ordermux/internal/store/sqlite"
	"github.com/ordermux/ordermux/internal/user"
)

// hubShop is the reserved shop of what belongs to no shop.
const hubShop = "_hub"

// Options of an App.
type Options struct {
	// Config is what the hub starts with; see SandboxConfig for a sandbox.
	Config *config.Config
	// Load reads the configuration again for a reload that comes by the API;
	// nil: such a reload is refused.
	Load func() (*config.Config, error)
	// Sandbox makes the doors' faults settable.
	Sandbox bool
	Version string
	// Log is where the hub logs to; see NewLog. Nil: nowhere.
	Log *slog.Logger

	// For tests; the zero values are what the commands use.
	Partners []partner.Partner // default all.List()
	Now      func() time.Time  // default: this machine's, or the database's
	Store    sqlite.Options
	Database postgres.Options
	Node     node.Options // only its times count
	DiskFree func(dir string) (int64, error)
	// Passwords is how those of people and credentials are hashed; default
	// secret.NewPasswords().
	Passwords *secret.Passwords
	// Tick is how often alerts and the disk are looked at; default 15 s.
	Tick time.Duration
}

// App is a hub. Make one with New, run it once with Run, and Close it.
type App struct {
	opts        Options
	log         *slog.Logger
	now         func() time.Time
	store       store.Store
	folder      *sqlite.Store   // the store, if it is a data folder
	database    *postgres.Store // or if several nodes share it
	node        *node.Node      // this one among them; nil: it is the only one
	lease       *node.Lease
	keeper      *keeper
	ledger      *ledger.Ledger
	engine      *delivery.Engine
	metrics     *metrics
	ids         *requestIDs
	api         *api.API
	apiOptions  api.Options // that api was made with
	certificate *certificate
	faults      *sandbox.Registry
	doors       []door
	tokens      *tokens
	access      *secret.Tokens // signs what doors issue
	grants      *grants
	uses        *uses
	refusals    *refusals
	passwords   *secret.Passwords
	users       *user.Book
	console     *console.Console
	sealer      *secret.Sealer
	book        *review.Book
	files       *files
	uploads     *uploads // by SFTP; nil: not configured
	captures    *capture.Recorder
	stock       *stock
	promotions  *promotions
	retainer    *retainer
	chores      *chores
	search      *orderIndex
	flows       *flows
	watcher     *alert.Watcher
	disk        *disk
	traces      *traces
	sealKey     secret.Key
	hubID       string
	addrs       []listener
	current     atomic.Pointer[generation] // of the configuration
	name        string                     // of this node, for people
	began       time.Time
	wrong       wrongCredentials
	stopping    atomic.Bool
	unreachable atomic.Bool // the database, when this node beat last
	differ      difference
	reload      sync.Mutex

	cleanups []cleanup
	closing  sync.Once
	closed   error
}

// New builds a hub: opens the store, builds doors and routes, and
// listens on its addresses, though nothing is answered before Run. What it
// built it takes down again if it fails. Errors: *sqlite.InUse (wrapped) for a
// data folder in use, order.ErrReadOnly (wrapped) for one that can not be
// written, *postgres.Refused and *postgres.Newer (wrapped) for a database that
// is not fit, *AddressError for a taken port, *RouteError for a route or door
// whose settings its partner does not take.
func New(ctx context.Context, opts Options) (*App, error) {
	a := &App{opts: opts.withDefaults(), now: time.Now}
	a.log = a.opts.Log
	if err := a.build(ctx); err != nil {
		return nil, errors.Join(err, a.Close())
	}
	return a, nil
}

func (o Options) withDefaults() Options {
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	if o.Partners == nil {
		o.Partners = all.List()
	}
	if o.DiskFree == nil {
		o.DiskFree = diskFree
	}
	if o.Tick == 0 {
		o.Tick = 15 * time.Second
	}
	return o
}

// Addr returns the main address that the hub listens on: where port 0 was
// configured, the port it was given.
func (a *App) Addr() net.Addr { return a.addrs[0].net.Addr() }

// DoorAddr returns the address at whose root a partner's door answers; nil if
// it has none of its own.
func (a *App) DoorAddr(partner string) net.Addr {
	for _, l := range a.addrs {
		if l.door == partner {
			return l.net.Addr()
		}
	}
	return nil
}

// URL returns the hub's main address as people type it.
func (a *App) URL() string {
	scheme := "http"
	if a.config().TLS != nil {
		scheme = "https"
	}
	return fmt.Sprintf("%s://%s", scheme, a.Addr())
}

func (a *App) config() *config.Config { return a.current.Load().config }

// cleanup undoes one step of build.
type cleanup struct {
	name string
	run  func() error
}

// onClose registers a step to be undone, last one first.
func (a *App) onClose(name string, run func() error) {
	a.cleanups = append(a.cleanups, cleanup{name, run})
}

// Close takes the hub down. Safe to call twice, and after a Run, which calls
// it itself.
func (a *App) Close() error {
	a.closing.Do(func() {
		var failed []error
		for i := len(a.cleanups) - 1; i >= 0; i-- {
			if err := a.cleanups[i].run(); err != nil {
				failed = append(failed, fmt.Errorf("close %s: %w", a.cleanups[i].name, err))
			}
		}
		a.closed = errors.Join(failed...)
	})
	return a.closed
}
