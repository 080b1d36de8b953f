package postgres

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"
)

// Every table is in exactly one of these lists. Those by shop have it as the
// first column of every key and index and can be spread over machines by it;
// the reference tables are small, belong to no shop, and are whole everywhere.
var (
	tablesByShop = []string{
		"shops", // the others are placed beside it
		"heads", "checkpoints", "owners", "events", "personal", "orders", "later", "happenings", "refs", "stated",
		"order_index", "order_keys",
		"routes", "route_counts", "deliveries", "calls", "earlier_calls", "claims", "call_days",
		"state", "fetches", "files", "file_pieces", "commands",
		"reviews", "review_keys", "review_totals",
		"catalogs", "products", "product_codes", "reservations", "taken", "outlets", "offers",
		"promotion_heads", "promotion_jobs", "promotion_pieces", "promotions", "promotion_layers",
		"promotion_stores", "promotion_skus", "promotion_changes",
	}
	referenceTables = []string{"migrations", "tokens", "nodes", "transfers"}
)

// NoCitus is the error of distributing tables on a server that has no Citus.
type NoCitus struct {
	Version   string // of PostgreSQL
	Installed bool   // its files are there, but the database has not made the extension
}

func (e *NoCitus) Error() string {
	if e.Installed {
		return fmt.Sprintf("the database (PostgreSQL %s) has not made the extension Citus, which its server has: "+
			"CREATE EXTENSION citus, add the workers, and distribute again; no table was distributed", e.Version)
	}
	return fmt.Sprintf("the server is PostgreSQL %s without Citus: no table was distributed, and every shop stays in this one database", e.Version)
}

// Distribute spreads the tables over the machines of a Citus cluster by shop,
// all rows of a shop on one of them, and puts the reference tables on all. It
// says what it did, a line per table; what is distributed already is left
// alone, so it may be repeated. Best while no hub runs: each table is locked
// while its rows move. *NoCitus: the server can not.
func (s *Store) Distribute(ctx context.Context) (done []string, err error) {
	err = s.alone(ctx, func(conn *pgx.Conn) error {
		version, err := findCitus(ctx, conn)
		if err != nil {
			return err
		}
		done = append(done, "Citus "+version)
		are, err := distributedTables(ctx, conn)
		if err != nil {
			return err
		}
		d := distributor{conn: conn, are: are, done: done}
		defer func() { done = d.done }()
		for _, table := range referenceTables {
			if err := d.table(ctx, table, methodReference); err != nil {
				return err
			}
		}
		for _, table := range tablesByShop {
			if err := d.table(ctx, table, methodHash); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return done, fmt.Errorf("distribute: %w", err)
	}
	return done, nil
}

// findCitus returns the extension's version; *NoCitus: there is none.
func findCitus(ctx context.Context, conn *pgx.Conn) (string, error) {
	const find = `SELECT current_setting('server_version'),
		coalesce((SELECT extversion FROM pg_extension WHERE extname = 'citus'), ''),
		EXISTS (SELECT 1 FROM pg_available_extensions WHERE name = 'citus')`
	var found NoCitus
	var version string
	if err := conn.QueryRow(ctx, find).Scan(&found.Version, &version, &found.Installed); err != nil {
		return "", err
	}
	if version == "" {
		return "", &found
	}
	return version, nil
}

// How Citus keeps a table, as pg_dist_partition says it.
const (
	methodHash      = "h"
	methodReference = "n"
)

// distributedTables returns how the tables are kept that Citus knows.
func distributedTables(ctx context.Context, conn *pgx.Conn) (map[string]string, error) {
	rows, err := conn.Query(ctx, "SELECT logicalrelid::regclass::text, partmethod::text FROM pg_dist_partition")
	if err != nil {
		return nil, err
	}
	are := map[string]string{}
	var table, method string
	_, err = pgx.ForEachRow(rows, []any{&table, &method}, func() error { are[table] = method; return nil })
	return are, err
}

type distributor struct {
	conn *pgx.Conn
	are  map[string]string
	done []string
}

// table distributes one table. The rows that it had stay on this machine,
// unseen, until they are removed: an erasing would not reach them.
func (d *distributor) table(ctx context.Context, table, method string) error {
	const (
		reference = "SELECT create_reference_table($1::text::regclass)"
		first     = "SELECT create_distributed_table($1::text::regclass, 'shop', colocate_with => 'none')"
		beside    = "SELECT create_distributed_table($1::text::regclass, 'shop', colocate_with => 'shops')"
		remove    = "SELECT truncate_local_data_after_distributing_table($1::text::regclass)"
	)
	statement, how := beside, "distributed by shop"
	switch {
	case method == methodReference:
		statement, how = reference, "on every machine"
	case table == tablesByShop[0]:
		statement = first
	}
	switch d.are[table] {
	case method:
		how += " already"
	case "":
		if _, err := d.conn.Exec(ctx, statement, table); err != nil {
			return fmt.Errorf("%s: %w", table, err)
		}
	default:
		return fmt.Errorf("%s: Citus keeps it in another way (partmethod %s)", table, d.are[table])
	}
	if _, err := d.conn.Exec(ctx, remove, table); err != nil {
		return fmt.Errorf("%s: remove the rows left behind: %w", table, err)
	}
	d.done = append(d.done, table+": "+how)
	return nil
}
