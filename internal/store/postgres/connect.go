package postgres

import (
	"context"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
)

// settings are parameters of our connections: every statement of this package
// has an index that ends its work early, and the planner must not think
// otherwise while a table is young and its statistics are of an empty one. A
// plan does not depend on the values, so it is made once: otherwise statements
// over short lists would be planned each time.
var settings = map[string]string{
	"default_transaction_isolation": isolation, "jit": "off", "plan_cache_mode": "force_generic_plan",
	"enable_seqscan": "off", "enable_bitmapscan": "off", "enable_hashjoin": "off", "enable_mergejoin": "off",
}

// limits of what may take long on the server, in milliseconds. A node that was
// frozen within a transaction must not keep its locks: the server ends it.
var limits = map[string]string{
	"statement_timeout": "20000", "lock_timeout": "10000", "idle_in_transaction_session_timeout": "5000",
}

// readers is how many connections there are beside those of Options.Writers.
const readers = 16

// configure makes the pool's settings of a URL.
func (s *Store) configure(url string) (*pgxpool.Config, error) {
	s.life, s.end = context.WithCancel(context.Background())
	plain, err := pgx.ParseConfig(url)
	if err != nil {
		return nil, err
	}
	cfg, err := pgxpool.ParseConfig(url)
	if err != nil {
		return nil, err
	}
	if _, ok := plain.RuntimeParams["pool_max_conns"]; !ok {
		cfg.MaxConns = int32(s.opts.Writers + readers)
	}
	// Appends leave connections for the rest.
	s.opts.Writers = max(1, min(s.opts.Writers, int(cfg.MaxConns)/2))
	if cfg.ConnConfig.ConnectTimeout == 0 {
		cfg.ConnConfig.ConnectTimeout = 5 * time.Second
	}
	params := cfg.ConnConfig.RuntimeParams
	setDefault(params, "application_name", "ordermux")
	if cfg.ConnConfig.DefaultQueryExecMode == pgx.QueryExecModeCacheStatement {
		// A pooler, which the URL's other way of asking is for, may refuse
		// parameters at the start: there the role has to have them.
		for _, group := range []map[string]string{settings, limits} {
			for name, value := range group {
				setDefault(params, name, value)
			}
		}
	}
	cfg.PingTimeout = 2 * time.Second
	cfg.ShouldPing = s.shouldPing
	cfg.AfterConnect = check
	return cfg, nil
}

func setDefault(params map[string]string, name, value string) {
	if _, ok := params[name]; !ok {
		params[name] = value
	}
}

// restedLong is how long a connection has been idle when it is tried before use.
const restedLong = 30 * time.Second

// doubtIdle is called when a connection was lost: those that were idle then
// may be gone too, so each is tried before its next use.
func (s *Store) doubtIdle() { s.doubted.Store(time.Now().UnixNano()) }

func (s *Store) shouldPing(_ context.Context, p pgxpool.ShouldPingParams) bool {
	return p.IdleDuration > restedLong || time.Now().Add(-p.IdleDuration).UnixNano() <= s.doubted.Load()
}

// Refused is the error of a server that does not keep what it commits, or
// keeps it otherwise than this program expects.
type Refused struct{ Setting, Value string }

func (e *Refused) Error() string {
	switch e.Setting {
	case "fsync":
		return "the server runs with fsync = off: a crash would lose accepted orders; set fsync = on in its configuration"
	case "synchronous_commit":
		return fmt.Sprintf("synchronous_commit is %s: a crash would lose accepted orders; "+
			"set it to on (server, database, role or URL; local, remote_write and remote_apply are taken too)", e.Value)
	}
	return fmt.Sprintf("%s is %s: set it to read committed for the role or the database", e.Setting, e.Value)
}

// isolation is what writing transactions count on.
const isolation = "read committed"

// check refuses a connection to a server that does not keep what it commits.
// It is asked on each new one: a server can be replaced, and settings change.
func check(ctx context.Context, conn *pgx.Conn) error {
	const query = `SELECT current_setting('fsync'), current_setting('synchronous_commit'),
		current_setting('default_transaction_isolation')`
	var fsync, commit, level string
	if err := conn.QueryRow(ctx, query).Scan(&fsync, &commit, &level); err != nil {
		return err
	}
	return refuse(fsync, commit, level)
}

func refuse(fsync, commit, level string) error {
	switch {
	case fsync == "off":
		return &Refused{"fsync", fsync}
	case commit == "off":
		return &Refused{"synchronous_commit", commit}
	case level != isolation:
		return &Refused{"default_transaction_isolation", level}
	}
	return nil
}
