// Package demo shows the main job in one go: a hub, a sandbox that plays
// CitrusAd, Skeepers, Trustpilot, an IdoSell wholesaler and a marketplace of
// Delivery Hero, the receiver of a webhook and the mailbox of all customers,
// each a program of its own on loopback; documented samples, orders that ask
// for reviews, orders whose goods a wholesaler sends, orders born on the
// marketplace and a real order book in, by every way; out by eight routes. It
// judges by asking the partners what they have.
package demo

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/ordermux/ordermux/internal/api"
	"github.com/ordermux/ordermux/internal/app"
	"github.com/ordermux/ordermux/internal/json"
	"github.com/ordermux/ordermux/internal/partner/all"
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

	routeAds    = "ads"
	routeHook   = "hook"
	routeFrance = "reviews-france"
	routeSweden = "reviews-sweden"
	routeMail   = "mail"

	sandboxShop = app.SandboxShop
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
	LoseAtSandbox, LoseAtReceiver, LoseAtSkeepers, LoseAtTrustpilot, LoseAtWholesaler, LoseAtMailbox string
	// LoseAtMarket is who carries the order ("platform", "vendor") of which the
	// marketplace loses what it is told.
	LoseAtMarket string
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

	hub, console, sandbox, receiver, mailbox string // addresses
	smtpPort                                 int    // of the mailbox
	api                                      *api.Client
	portal                                   *api.Client // of the sandbox
}

func (d *demo) run(ctx context.Context) error {
	if err := d.startParts(ctx); err != nil {
		return err
	}
	d.introduce()
	f := &feed{hub: d.hub, api: d.api, sandbox: d.sandbox, portal: d.portal, loseAtMarket: d.opts.LoseAtMarket, patience: d.opts.Patience}
	if err := f.run(ctx); err != nil {
		return err
	}
	j := &judge{
		sandbox: d.sandbox, receiver: d.receiver, mailbox: d.mailbox, portal: d.portal, want: f.want, events: f.events,
		ads: map[string]bool{}, hook: map[string]bool{}, refs: map[string]bool{}, invited: map[string]string{},
		wholesaler: newWholesaler(d.sandbox), sent: map[string]bool{},
		hub: d.api, hubURL: d.hub, born: f.born, market: map[string]bool{},
	}
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
	lost := ""
	if d.opts.LoseAtMailbox != "" {
		lost = address(d.opts.LoseAtMailbox)
	}
	mailbox, err := d.part(ctx, Part{Role: "mailbox", Drop: lost})
	if err != nil {
		return err
	}
	d.sandbox, d.receiver, d.mailbox, d.smtpPort = sandbox.URL, receiver.URL, mailbox.URL, mailbox.SMTPPort
	if d.portal, err = api.NewClient(d.sandbox, secret.New(app.SandboxAdminToken), nil); err != nil {
		return err
	}
	if err := d.plantLosses(ctx); err != nil {
		return err
	}
	if err := d.startHub(ctx, key); err != nil {
		return err
	}
	d.api, err = api.NewClient(d.hub, secret.New(hubToken), nil)
	return err
}

// startHub starts the hub at an address that is known beforehand: the links in
// its mails lead there. Somebody else may take the address first.
func (d *demo) startHub(ctx context.Context, key string) error {
	var errs []error
	for range 3 {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			return err
		}
		address := l.Addr().String()
		if err := l.Close(); err != nil {
			return err
		}
		if err := d.openWholesaler(ctx, "http://"+address+"/in/"+shopID+"/"+routeLamps+"/"+noticeToken); err != nil {
			return err
		}
		if err := d.openMarket(ctx, "http://"+address+"/in/"+shopID+"/"+routeMarket); err != nil {
			return err
		}
		file := filepath.Join(d.dir, "ordermux.yml")
		if err := os.WriteFile(file, []byte(d.configuration(address, key)), 0o600); err != nil {
			return err
		}
		hub, err := d.part(ctx, Part{Role: "hub", Config: file})
		if err == nil {
			d.hub, d.console = hub.URL, hub.Console
			return nil
		}
		errs = append(errs, err, d.closeAccounts(ctx), d.portal.RevokeCredential(ctx, marketHook))
	}
	return errors.Join(errs...)
}

func (d *demo) part(ctx context.Context, p Part) (*running, error) {
	r, err := d.start(ctx, p, filepath.Join(d.dir, p.Role+".log"))
	if err != nil {
		return nil, err
	}
	d.parts = append(d.parts, r)
	return r, nil
}

// plantLosses tells the sandbox which orders to lose.
func (d *demo) plantLosses(ctx context.Context) error {
	for partner, id := range map[string]string{
		"citrusad": d.opts.LoseAtSandbox, "skeepers": d.opts.LoseAtSkeepers, "trustpilot": d.opts.LoseAtTrustpilot,
		"idosell": d.opts.LoseAtWholesaler,
	} {
		if id == "" {
			continue
		}
		faults, err := json.Marshal(sandbox.Faults{ThrowAwayID: []string{id}})
		if err == nil {
			_, err = d.portal.SetFaults(ctx, partner, faults)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// configuration is the hub's file.
func (d *demo) configuration(address, key string) string {
	store := "data: ./hub"
	if d.opts.Database != "" {
		store = fmt.Sprintf("database: %q\nseal_key: %q", d.opts.Database, strings.Repeat("de", 32))
	}
	return fmt.Sprintf("listen: %[1]s\npublic_url: http://%[1]s\n", address) + fmt.Sprintf(`%s
admin_token: %s
alerts: {disk_free: 16MiB}
smtp: {host: 127.0.0.1, port: %d, from: "Nordlys Kaffe <hej@nordlys.example>", tls: never}
shops:
  %s:
    name: Nordlys Kaffe
    currency: GBP
    timezone: Europe/London
    reviews: {delay: 0, frequency: 0}
    doors:
      citrusad: {api_key: %s, publishable_key: %s, team_id: team-1}
      skeepers: {client_id: %s, client_secret: %s, website_id: %s}
      trustpilot: {api_key: %s, api_secret: %s, domains: [%s], require_user: "false"}
    routes:
`, store, hubToken, d.smtpPort, shopID, hubKey, hubPublicKey, hubClient, hubClientKey, hubWebsite, hubAPIKey, hubAPISecret, hubDomain) + d.routes(key)
}

// routes are the routes in the hub's file. Those that invite divide the orders
// between them; what no platform takes is left to mails of our own.
func (d *demo) routes(key string) string {
	skeepers, trustpilot := sandboxDoor("skeepers"), sandboxDoor("trustpilot")
	return fmt.Sprintf(`      %s:
        partner: citrusad
        when: not has(order.store) and any(order.lines, .kind == "product" and has(.total))   # the web shop's sales, no adjustments
        settings: {base_url: "%s/citrusad", api_key: %s, read_back: "0"}
      %s:
        partner: webhook
        trust: public                                # orders of browsers too
        settings: {url: "%s/in", secret: "%s"}
      %s:
        partner: skeepers
        when: order.id startsWith "FR-"
        settings: {token_url: "%[8]s/skeepers/realms/skeepers/protocol/openid-connect/token", base_url: "%[8]s/skeepers/purchase-event", client_id: %[9]s, client_secret: %[10]s, website_id: %[11]s}
      %[12]s:
        partner: trustpilot
        when: order.id startsWith "SE-"
        settings: {base_url: "%[8]s/trustpilot", api_key: %[13]s, api_secret: %[14]s, domain: %[15]s, business_user_id: %[16]s}
      %[17]s:
        partner: mail
        when: has(order.customer.email)
%[18]s`, routeAds, d.sandbox, sandboxKey, routeHook, d.receiver, key, routeFrance, d.sandbox, skeepers("client_id"), skeepers("client_secret"), skeepers("website_id"),
		routeSweden, trustpilot("api_key"), trustpilot("api_secret"), trustpilot("domains"), trustpilot("user_id"), routeMail, d.dropshipRoutes()+d.marketRoute())
}

// sandboxDoor returns the well-known settings of one of the sandbox's doors,
// of all its kinds of credential.
func sandboxDoor(name string) func(field string) string {
	doors := app.SandboxConfig("", "", all.List()).Shops[sandboxShop].Doors[name]
	return func(field string) string {
		for _, d := range doors {
			if v, ok := d.Settings[field]; ok {
				return v.Text + strings.Join(v.List, "") + v.Secret.Reveal()
			}
		}
		return ""
	}
}

func (d *demo) introduce() {
	fmt.Fprintf(d.out, `hub        %s  (API token %s)
console    %s  makes your user, once
sandbox    %s  plays CitrusAd, Skeepers, Trustpilot, an IdoSell wholesaler and a marketplace of Delivery Hero
receiver   %s  takes the webhook
mailbox    %s  takes the customers' mail

`, d.hub, hubToken, d.console, d.sandbox, d.receiver, d.mailbox)
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
  curl %s/mails
`, hubToken, d.hub, shopID, sandboxKey, d.sandbox, d.receiver, d.mailbox)
	<-ctx.Done()
	return nil
}
