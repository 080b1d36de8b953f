package app

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/ordermux/ordermux/internal/alert"
	"github.com/ordermux/ordermux/internal/api"
	"github.com/ordermux/ordermux/internal/config"
	"github.com/ordermux/ordermux/internal/json"
	"github.com/ordermux/ordermux/internal/partner"
	"github.com/ordermux/ordermux/internal/secret"
	"github.com/ordermux/ordermux/internal/sftp"
)

// hostKeyFile is the key of the SFTP server in the data folder; sftpScope is
// what it keeps in the store.
const (
	hostKeyFile = "sftp_host_key"
	sftpScope   = "sftp"
	sealedKey   = "host_key"
	waitsPrefix = "waits/"
)

// uploads takes partners' files by SFTP. A nil one takes none.
type uploads struct {
	app      *App
	server   *sftp.Server
	listener net.Listener
	state    partner.State

	files  *prometheus.CounterVec // shop, partner, result
	lines  *prometheus.CounterVec // shop, partner, result
	logins *prometheus.CounterVec // result

	mu    sync.Mutex
	since map[string]time.Time // shops whose files wait
}

// listenForFiles opens the address of the SFTP server.
func (a *App) listenForFiles(cfg *config.Config) error {
	if cfg.SFTP == nil {
		return nil
	}
	l, err := net.Listen("tcp", cfg.SFTP.Listen)
	if err != nil {
		return &AddressError{Key: "sftp.listen", Address: cfg.SFTP.Listen, Err: err}
	}
	a.onClose("sftp", func() error {
		if err := l.Close(); err != nil && !errors.Is(err, net.ErrClosed) {
			return err
		}
		return nil
	})
	a.uploads = &uploads{app: a, listener: l, since: map[string]time.Time{}}
	return nil
}

// buildUploads makes the SFTP server, once there are a store and doors.
func (a *App) buildUploads(ctx context.Context, cfg *config.Config) error {
	u := a.uploads
	if u == nil {
		return nil
	}
	key, err := a.hostKey(ctx, cfg)
	if err != nil {
		return fmt.Errorf("sftp.host_key: %w", err)
	}
	opts := sftp.Options{
		Folder: cfg.SFTP.Folder, HostKey: key, Shop: a.shopOfFiles, Observer: u, Log: a.log,
		Ready: a.disk.check,
		Wrong: func(address string) (time.Duration, func()) {
			return a.wrong.refused(address, time.Now()), a.wrong.answered
		},
	}
	for _, p := range a.opts.Partners {
		d, ok := sftp.DoorOf(p)
		if !ok {
			continue
		}
		d.Credentials, d.Intake = doorCredentials{app: a, partner: p.Name}, &intake{app: a, next: a.ledger, partner: p.Name}
		if p.Uploads != nil {
			own, err := p.Uploads(a.doorDeps(p))
			if err != nil {
				return &RouteError{Partner: p.Name, Err: err}
			}
			d.Uploads = &own
		}
		opts.Doors = append(opts.Doors, d)
	}
	u.state = a.store.State(hubShop, sftpScope)
	u.figures(a.metrics.registry)
	if u.server, err = sftp.New(opts); err != nil {
		return fmt.Errorf("sftp: %w", err)
	}
	print, err := sftp.Fingerprint(key)
	a.log.Info("sftp", "address", u.listener.Addr().String(), "host_key", print, "doors", len(opts.Doors))
	return err
}

// hostKey returns the configured key, or that of the data folder or of all
// nodes, which is made once.
func (a *App) hostKey(ctx context.Context, cfg *config.Config) (secret.Text, error) {
	switch {
	case cfg.SFTP.HostKey != "":
		text, err := os.ReadFile(cfg.SFTP.HostKey)
		return secret.New(string(text)), err
	case a.folder != nil:
		return sftp.LoadOrCreateHostKey(filepath.Join(cfg.Data, hostKeyFile))
	}
	made, err := sftp.NewHostKey()
	if err != nil {
		return secret.Text{}, err
	}
	const context = "state/" + hubShop + "/" + sftpScope + "/" + sealedKey
	kept, err := a.store.Once(ctx, hubShop, sftpScope, sealedKey, a.sealer.Seal([]byte(made.Reveal()), context))
	if err != nil {
		return secret.Text{}, err
	}
	plain, err := a.sealer.Open(kept, context)
	return secret.New(string(plain)), err
}

func (a *App) shopOfFiles(id string) (sftp.Shop, bool) {
	s := a.config().Shops[id]
	if s == nil {
		return sftp.Shop{}, false
	}
	return sftp.Shop{Currency: s.Currency, Location: s.Location}, true
}

// UploadAddr returns the address that files are uploaded to; nil: none is.
func (a *App) UploadAddr() net.Addr {
	if a.uploads == nil {
		return nil
	}
	return a.uploads.listener.Addr()
}

// start takes and imports files until ctx ends. Errors come on failed.
func (u *uploads) start(ctx context.Context, parts *sync.WaitGroup, failed chan<- error) {
	if u == nil {
		return
	}
	parts.Go(func() { u.server.Import(ctx) })
	parts.Go(func() {
		if err := u.server.Serve(u.listener); err != nil {
			failed <- fmt.Errorf("serve sftp: %w", err)
		}
	})
}

// stop takes no new files, and waits for those that are being uploaded.
func (u *uploads) stop(ctx context.Context) error {
	if u == nil {
		return nil
	}
	return u.server.Shutdown(ctx)
}

func (u *uploads) figures(registry *prometheus.Registry) {
	u.files = prometheus.NewCounterVec(prometheus.CounterOpts{
		Name: "ordermux_files_total", Help: "Uploaded files read to their end: taken (every line), refused (at least one line was not taken).",
	}, []string{"shop", "partner", "result"})
	u.lines = prometheus.NewCounterVec(prometheus.CounterOpts{
		Name: "ordermux_file_lines_total", Help: "Lines of uploaded files: taken, refused, repeated.",
	}, []string{"shop", "partner", "result"})
	u.logins = prometheus.NewCounterVec(prometheus.CounterOpts{
		Name: "ordermux_sftp_logins_total", Help: "Logins of the SFTP server: good, wrong.",
	}, []string{"result"})
	registry.MustRegister(u.files, u.lines, u.logins)
}

var _ sftp.Observer = (*uploads)(nil)

// LoggedIn implements sftp.Observer.
func (u *uploads) LoggedIn(ok bool) {
	u.logins.WithLabelValues(map[bool]string{true: "good", false: "wrong"}[ok]).Inc()
}

// Refused implements sftp.Observer.
func (u *uploads) Refused(r sftp.Refusal) {
	c := api.RefusedCall{
		Door: cmp.Or(r.Partner, "sftp"), Method: "SFTP", Path: r.Way, Cause: api.CauseCredentials, Reason: r.Reason, From: networkOf(r.Address),
		Name: r.Account, Proved: r.Proved,
	}
	switch {
	case r.Ours:
		c.Cause = api.CauseOurs
	case r.Proved:
		c.Cause = api.CauseTooMany
	}
	if r.Shop != "" {
		c.Kind = sftp.Kind
	}
	u.app.refusals.count(cmp.Or(r.Shop, hubShop), c, "")
}

// Imported implements sftp.Observer: one summary line per file.
func (u *uploads) Imported(i sftp.Imported) {
	result := map[bool]string{true: "taken", false: "refused"}[i.Clean]
	u.files.WithLabelValues(i.Shop, i.Partner, result).Inc()
	for word, n := range map[string]int{"taken": i.Taken, "refused": i.Refused, "repeated": i.Repeated} {
		u.lines.WithLabelValues(i.Shop, i.Partner, word).Add(float64(n))
	}
	u.app.log.Info("file imported", "shop", i.Shop, "partner", i.Partner, "user", i.User, "result", result,
		"taken", i.Taken, "refused", i.Refused, "repeated", i.Repeated, "bytes", i.Bytes, "ms", i.Took.Milliseconds())
}

// waiting is what a node keeps of a shop whose files it can not import, where
// whoever tells of the hub's troubles finds it.
type waiting struct {
	Since  time.Time `json:"since"`
	Reason string    `json:"reason"`
}

// waitingKept is how long it is believed of a node that says no more.
const waitingKept = 15 * time.Minute

// Waits implements sftp.Observer.
func (u *uploads) Waits(ctx context.Context, shop string, err error) {
	key := waitsPrefix + shop + "/" + u.app.name
	u.mu.Lock()
	since, waits := u.since[shop]
	switch {
	case err == nil:
		delete(u.since, shop)
	case !waits:
		since = u.app.now()
		u.since[shop] = since
	}
	u.mu.Unlock()
	var kept error
	if err == nil {
		kept = u.state.Delete(ctx, key)
	} else if value, bad := json.Marshal(waiting{since, refusal(err)}); bad == nil {
		kept = u.state.Put(ctx, key, value, waitingKept)
	}
	if kept != nil {
		u.app.log.Warn("keep that files wait", "shop", shop, "error", kept)
	}
	u.app.watcher.Nudge(alert.Hub)
}

// mostWaiting bounds the shops that are told of at a time.
const mostWaiting = 100

// troubles returns the shops whose files wait, on whichever node, and have for
// more than a moment.
func (u *uploads) troubles(ctx context.Context) ([]alert.Trouble, error) {
	if u == nil {
		return nil, nil
	}
	keys, values, err := u.state.List(ctx, waitsPrefix, "", mostWaiting)
	if err != nil {
		return nil, fmt.Errorf("files that wait: %w", err)
	}
	var out []alert.Trouble
	told := map[string]bool{}
	for n, key := range keys {
		var w waiting
		shop, _, _ := strings.Cut(strings.TrimPrefix(key, waitsPrefix), "/")
		if json.Unmarshal(values[n], &w) != nil || told[shop] || u.app.now().Sub(w.Since) < 2*u.app.opts.Tick {
			continue
		}
		told[shop] = true
		out = append(out, alert.OfFiles(shop, w.Reason))
	}
	return out, nil
}
