package cli

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/ordermux/ordermux/internal/store/folder"
	"github.com/ordermux/ordermux/internal/store/postgres"
	"github.com/ordermux/ordermux/internal/store/sqlite"
	"github.com/ordermux/ordermux/internal/store/transfer"
)

type migrateCmd struct {
	From       string `help:"Data folder of a hub that moves into the database, as sqlite:DIR. The hub may run until this asks to stop it." placeholder:"sqlite:DIR"`
	To         string `help:"The database; better in the environment, where no list of processes shows the password." env:"ORDERMUX_DATABASE" placeholder:"postgres://…"`
	Config     string `help:"Configuration file that names the database, in the place of --to." placeholder:"FILE" type:"path"`
	Distribute bool   `help:"Spread the tables over a Citus cluster by shop."`
}

// Run brings the database's schema up to date, and does what else is asked.
func (c *migrateCmd) Run(ctx context.Context, env *Env) error {
	url, err := c.database()
	if err != nil {
		return err
	}
	switch {
	case c.From != "" && c.Distribute:
		return usagef("first --from, then --distribute")
	case c.From != "":
		dir, ok := strings.CutPrefix(c.From, "sqlite:")
		if !ok || dir == "" {
			return usagef("--from must be sqlite: and a data folder, such as sqlite:./data")
		}
		return move(ctx, env, dir, url)
	}
	store, err := postgres.Open(ctx, url, postgres.Options{})
	if err != nil {
		return err
	}
	if c.Distribute {
		err = distribute(ctx, env, store)
	} else {
		_, err = fmt.Fprintln(env.Out, "the schema is up to date")
	}
	return errors.Join(err, store.Close())
}

// database is the address that --to, the environment or a file names.
func (c *migrateCmd) database() (string, error) {
	if c.Config != "" {
		cfg, err := loadConfig(c.Config)
		if err != nil {
			return "", err
		}
		if cfg.Database.Set() {
			return cfg.Database.Reveal(), nil
		}
		if c.To == "" {
			return "", usagef("%s names no database: give --to or set ORDERMUX_DATABASE", c.Config)
		}
	}
	if !strings.HasPrefix(c.To, "postgres://") && !strings.HasPrefix(c.To, "postgresql://") {
		return "", usagef("no database: give --to postgres://…, set ORDERMUX_DATABASE, or give --config")
	}
	return c.To, nil
}

func distribute(ctx context.Context, env *Env, store *postgres.Store) error {
	done, err := store.Distribute(ctx)
	for _, line := range done {
		fmt.Fprintln(env.Out, line)
	}
	return err
}

// move moves a hub from its folder into the database.
func move(ctx context.Context, env *Env, dir, url string) (err error) {
	from, err := sqlite.OpenExport(ctx, dir)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, from.Close()) }()
	to, err := postgres.OpenImport(ctx, url)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, to.Close()) }()
	show := &movement{env: env, dir: dir, began: time.Now()}
	result, err := transfer.New(transfer.Options{
		Source: from, Target: to, Observe: show.step,
		Files: &transfer.Files{From: folder.New(filepath.Join(dir, "files")), To: to.Files()},
	}).Run(ctx)
	show.clear()
	if err != nil {
		return stayed(ctx, err)
	}
	return moved(env, dir, to.Address(), result)
}

// stayed says what holds after a move that did not end.
func stayed(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return errors.New("interrupted: the hub goes on with its folder; the same command goes on from here")
	}
	return err
}

// moved says what was moved, and what is to be done now.
func moved(env *Env, dir, address string, r transfer.Result) error {
	for _, report := range r.Shops {
		env.printChain(verified(report))
	}
	fmt.Fprintf(env.Out, "moved in %s, of which the hub stood still for %s: %s, %s\n", rounded(r.Took), rounded(r.Switch),
		count(r.Rows["events"], "event"), count(r.Rows["deliveries"], "delivery"))
	fmt.Fprintf(env.Out, "\nPut this into the configuration in the place of data:, then start the hub, or several:\n\n")
	fmt.Fprintf(env.Out, "  database: {env: ORDERMUX_DATABASE}   # %s, with its password\n", address)
	key := filepath.Join(dir, "seal.key")
	if abs, err := filepath.Abs(key); err == nil {
		key = abs
	}
	if _, err := os.Stat(key); err == nil {
		fmt.Fprintf(env.Out, "  seal_key: {file: %s}   # a copy of it on each node\n", key)
	} else {
		fmt.Fprintln(env.Out, "  seal_key: …   # as it is configured now, the same on each node")
	}
	fmt.Fprintf(env.Out, "\nNo hub opens the folder %s any more. It still holds what it held, personal data too: keep it or remove it.\n", dir)
	if r.Residue != nil {
		fmt.Fprintf(env.Err, "ordermux: orders were erased while they were copied, and the database may hold old versions of their rows for a while: %s\n", r.Residue)
	}
	return nil
}

func rounded(d time.Duration) time.Duration {
	if d < 10*time.Second {
		return d.Round(10 * time.Millisecond)
	}
	return d.Round(time.Second)
}

// movement shows how a move goes: a line that is kept for each pass, and on a
// terminal one that changes.
type movement struct {
	env   *Env
	dir   string
	began time.Time
	shown time.Time
	dirty bool
	asked bool
}

func (m *movement) step(s transfer.Step) {
	switch {
	case s.Phase == transfer.Waiting && !m.asked:
		m.asked = true
		m.say("everything is copied but what comes in now. Stop the hub: this keeps up with it, and goes on by itself as soon as it has stopped")
	case s.Phase == transfer.Copying && s.Over:
		m.say("pass %d: %s compared, %d written, %s", s.Pass, count(s.Compared, "row"), s.Written, rounded(s.Took))
	case s.Phase == transfer.Verifying && s.Over:
		m.say("the chains are whole as far as they are copied, %s", rounded(s.Took))
	case s.Phase == transfer.Waiting && s.Over:
		m.say("the hub has stopped")
	default:
		m.draw(s)
	}
}

func (m *movement) say(format string, args ...any) {
	m.clear()
	fmt.Fprintf(m.env.Out, format+"\n", args...)
}

// draw draws the line that changes, at most ten times a second.
func (m *movement) draw(s transfer.Step) {
	if !m.env.Terminal || time.Since(m.shown) < 100*time.Millisecond {
		return
	}
	m.shown, m.dirty = time.Now(), true
	fmt.Fprintf(m.env.Err, "\r\x1b[K%s %s, pass %d: %d rows compared, %d written; %s", rounded(time.Since(m.began)),
		doing(s.Phase), s.Pass, s.Compared, s.Written, cmp.Or(s.Table, "…"))
}

func doing(p transfer.Phase) string {
	switch p {
	case transfer.Waiting:
		return "waiting for the hub to be stopped"
	case transfer.Switching:
		return "last pass and checks"
	}
	return string(p)
}

func (m *movement) clear() {
	if m.dirty {
		fmt.Fprint(m.env.Err, "\r\x1b[K")
		m.dirty = false
	}
}
