// Package demo shows the main job in one go: a hub, a sandbox that plays
// CitrusAd and the receiver of a webhook, each a program of its own on
// loopback; documented samples and a real order book in, by every way; out by
// two routes. It judges by asking the partners what they have.
package demo

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/ordermux/ordermux/internal/api"
	"github.com/ordermux/ordermux/internal/app"
	"github.com/ordermux/ordermux/internal/json"
	"github.com/ordermux/ordermux/internal/sandbox"
	"github.com/ordermux/ordermux/internal/secret"
)

// The demo's shop. None of these is a secret: everything listens on loopback
// and is thrown away at the end.
const (
	shopID       = "nordlys"
	hubKey       = "demo-secret-key"
	hubPublicKey = "demo-publishable-key"
	hubToken     = "demo-admin-token"
	sandboxKey   = "sandbox-secret-key"

	routeAds  = "ads"
	routeHook = "hook"
)

// Options of the demo.
type Options struct {
	// Once ends by itself with a summary; else the demo stays until ctx ends.
	Once bool
	Out  io.Writer
	// Command starts a part as a process of its own: program and arguments,
	// to which the part's text is added; see RunPart. Nil: parts run within
	// this process.
	Command []string
	Version string
	// Live redraws a table while deliveries run: for terminals.
	Live bool
	// Database is the address of a database for the hub; "": it keeps everything
	// in a folder.
	Database string
	// Patience is how long deliveries may take; default 60 s.
	Patience time.Duration

	// LoseAtSandbox and LoseAtReceiver name an order that this partner answers
	// well for and loses: planted losses, which the demo must find.
	LoseAtSandbox, LoseAtReceiver string
}

// Failed is the demo's verdict that an order did not reach a partner that it
// should have.
type Failed struct{ Faults []string }

func (e *Failed) Error() string {
	return fmt.Sprintf("%d orders or happenings did not reach a partner whole:\n  %s", len(e.Faults), strings.Join(e.Faults, "\n  "))
}

// Run runs the demo. Its error is *Failed if the partners lack something.
func Run(ctx context.Context, opts Options) (err error) {
	if opts.Patience == 0 {
		opts.Patience = time.Minute
	}
	dir, err := os.MkdirTemp("", "ordermux-demo-")
	if err != nil {
		return err
	}
	if f, ok := opts.Out.(*os.File); ok && opts.Live {
		info, err := f.Stat()
		opts.Live = err == nil && info.Mode()&os.ModeCharDevice != 0
	}
	d := &demo{opts: opts, out: opts.Out, dir: dir, start: within(opts.Version)}
	if opts.Command != nil {
		d.start = asProcess(opts.Command)
	}
	defer func() { err = errors.Join(err, d.stop(), os.RemoveAll(dir)) }()
	return d.run(ctx)
}

// demo is one run.
type demo struct {
	opts  Options
	out   io.Writer
	dir   string
	start starter
	parts []*running

	hub, sandbox, receiver string // addresses
	api                    *api.Client
}

func (d *demo) run(ctx context.Context) error {
	if err := d.startParts(ctx); err != nil {
		return err
	}
	d.introduce()
	f := &feed{hub: d.hub, api: d.api}
	if err := f.run(ctx); err != nil {
		return err
	}
	j := newJudge(d.sandbox, d.receiver, f.want, f.events)
	faults, err := d.wait(ctx, j)
	if err != nil {
		return err
	}
	if err := d.summary(ctx, f, j, faults); err != nil {
		return err
	}
	if len(faults) > 0 {
		return &Failed{Faults: faults}
	}
	if !d.opts.Once {
		return d.stay(ctx)
	}
	return nil
}

// startParts starts the partners first: the hub's configuration names them.
func (d *demo) startParts(ctx context.Context) error {
	key := "whsec_" + base64.StdEncoding.EncodeToString([]byte("a key for the demo, known to all"))
	sandbox, err := d.part(ctx, Part{Role: "sandbox", Dir: filepath.Join(d.dir, "sandbox")})
	if err != nil {
		return err
	}
	receiver, err := d.part(ctx, Part{Role: "receiver", Key: key, Drop: d.opts.LoseAtReceiver})
	if err != nil {
		return err
	}
	d.sandbox, d.receiver = sandbox.URL, receiver.URL
	if err := d.plantLoss(ctx); err != nil {
		return err
	}
	file := filepath.Join(d.dir, "ordermux.yml")
	if err := os.WriteFile(file, []byte(d.configuration(key)), 0o600); err != nil {
		return err
	}
	hub, err := d.part(ctx, Part{Role: "hub", Config: file})
	if err != nil {
		return err
	}
	d.hub = hub.URL
	d.api, err = api.NewClient(d.hub, secret.New(hubToken), nil)
	return err
}

func (d *demo) part(ctx context.Context, p Part) (*running, error) {
	r, err := d.start(ctx, p, filepath.Join(d.dir, p.Role+".log"))
	if err != nil {
		return nil, err
	}
	d.parts = append(d.parts, r)
	return r, nil
}

// plantLoss tells the sandbox which order to lose.
func (d *demo) plantLoss(ctx context.Context) error {
	if d.opts.LoseAtSandbox == "" {
		return nil
	}
	c, err := api.NewClient(d.sandbox, secret.New(app.SandboxAdminToken), nil)
	if err != nil {
		return err
	}
	faults, err := json.Marshal(sandbox.Faults{ThrowAwayID: []string{d.opts.LoseAtSandbox}})
	if err == nil {
		_, err = c.SetFaults(ctx, "citrusad", faults)
	}
	return err
}

// configuration is the hub's file.
func (d *demo) configuration(key string) string {
	store := "data: ./hub"
	if d.opts.Database != "" {
		store = fmt.Sprintf("database: %q\nseal_key: %q", d.opts.Database, strings.Repeat("de", 32))
	}
	return fmt.Sprintf(`listen: 127.0.0.1:0
%s
admin_token: %s
alerts: {disk_free: 16MiB}
shops:
  %s:
    name: Nordlys Kaffe
    currency: GBP
    timezone: Europe/London
    doors:
      citrusad: {api_key: %s, publishable_key: %s, team_id: team-1}
    routes:
      %s:
        partner: citrusad
        when: any(order.lines, .kind == "product")   # no adjustments
        settings: {base_url: "%s/citrusad", api_key: %s, read_back: "0"}
      %s:
        partner: webhook
        trust: public                                # orders of browsers too
        settings: {url: "%s/in", secret: "%s"}
`, store, hubToken, shopID, hubKey, hubPublicKey, routeAds, d.sandbox, sandboxKey, routeHook, d.receiver, key)
}

func (d *demo) introduce() {
	fmt.Fprintf(d.out, `hub        %s  (API token %s)
sandbox    %s  plays CitrusAd
receiver   %s  takes the webhook

`, d.hub, hubToken, d.sandbox, d.receiver)
}

// stop stops the parts, the hub first.
func (d *demo) stop() error {
	var errs []error
	for i := len(d.parts) - 1; i >= 0; i-- {
		if err := d.parts[i].stop(); err != nil {
			errs = append(errs, fmt.Errorf("stop %s: %w", d.parts[i].Role, err))
		}
	}
	return errors.Join(errs...)
}

// stay keeps everything running until somebody has seen enough.
func (d *demo) stay(ctx context.Context) error {
	fmt.Fprintf(d.out, `
Everything keeps running until Ctrl-C. Look around:
  curl -H 'Authorization: Bearer %s' %s/api/v1/shops/%s/orders/doc-several-items
  curl -H 'Authorization: Basic %s' %s/citrusad/v1/orders/doc-several-items
  curl %s/received
`, hubToken, d.hub, shopID, sandboxKey, d.sandbox, d.receiver)
	<-ctx.Done()
	return nil
}
