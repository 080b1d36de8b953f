//go:build linux

package torture

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"
)

// database is where a run looks into the nodes' database with its own eyes.
// Each look has a connection of its own: servers die in between.
type database struct{ url string }

func (d database) do(ctx context.Context, f func(*pgx.Conn) error) error {
	conn, err := pgx.Connect(ctx, d.url)
	if err != nil {
		return err
	}
	defer conn.Close(ctx)
	return f(conn)
}

// texts returns the first column of a query's rows, which is a text.
func (d database) texts(ctx context.Context, query string, args ...any) (out []string, err error) {
	err = d.do(ctx, func(conn *pgx.Conn) error {
		rows, err := conn.Query(ctx, query, args...)
		if err != nil {
			return err
		}
		out, err = pgx.CollectRows(rows, pgx.RowTo[string])
		return err
	})
	return out, err
}

// cut ends all connections to the database but its own, and returns how many
// there were.
func (d database) cut(ctx context.Context) (n int, err error) {
	err = d.do(ctx, func(conn *pgx.Conn) error {
		return conn.QueryRow(ctx, `SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity
			WHERE datname = current_database() AND pid <> pg_backend_pid()`).Scan(&n)
	})
	return n, err
}

// The audit notes, in the transactions that do it, who owned a shop with which
// epoch and who wrote for it with which one. Who wrote is the connection's
// application_name, which each node has of its own.
const auditSchema = `
CREATE SCHEMA audit;
CREATE TABLE audit.nodes (id text PRIMARY KEY, name text NOT NULL);
CREATE TABLE audit.owned (at timestamptz NOT NULL, shop text NOT NULL, epoch bigint NOT NULL, node text NOT NULL);
CREATE TABLE audit.wrote (at timestamptz NOT NULL, what text NOT NULL, shop text NOT NULL, route text NOT NULL, epoch bigint, name text NOT NULL);

CREATE FUNCTION audit.note_node() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
	INSERT INTO audit.nodes VALUES (NEW.id, current_setting('application_name'));
	RETURN NULL;
END $$;
CREATE TRIGGER audit AFTER INSERT ON nodes FOR EACH ROW EXECUTE FUNCTION audit.note_node();

CREATE FUNCTION audit.note_owner() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
	INSERT INTO audit.owned VALUES (clock_timestamp(), NEW.shop, NEW.epoch, NEW.node);
	RETURN NULL;
END $$;
CREATE TRIGGER audit AFTER INSERT OR UPDATE ON owners FOR EACH ROW EXECUTE FUNCTION audit.note_owner();

CREATE FUNCTION audit.note_route() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
	INSERT INTO audit.wrote VALUES (clock_timestamp(), 'a route', NEW.shop, NEW.route, NEW.epoch, current_setting('application_name'));
	RETURN NULL;
END $$;
CREATE TRIGGER audit AFTER INSERT OR UPDATE ON routes FOR EACH ROW EXECUTE FUNCTION audit.note_route();

-- A route's row is locked by whoever writes its deliveries, so its epoch here
-- is the one that the writer passed.
CREATE FUNCTION audit.note_deliveries() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
	INSERT INTO audit.wrote SELECT DISTINCT clock_timestamp(), 'deliveries', w.shop, w.route, r.epoch, current_setting('application_name')
	FROM written w LEFT JOIN routes r ON r.shop = w.shop AND r.route = w.route;
	RETURN NULL;
END $$;
CREATE TRIGGER audit_new AFTER INSERT ON deliveries REFERENCING NEW TABLE AS written
	FOR EACH STATEMENT EXECUTE FUNCTION audit.note_deliveries();
CREATE TRIGGER audit_changed AFTER UPDATE ON deliveries REFERENCING NEW TABLE AS written
	FOR EACH STATEMENT EXECUTE FUNCTION audit.note_deliveries();
CREATE TRIGGER audit_gone AFTER DELETE ON deliveries REFERENCING OLD TABLE AS written
	FOR EACH STATEMENT EXECUTE FUNCTION audit.note_deliveries();
`

// audited begins the audit. The schema must be there, and no node.
func (d database) audited(ctx context.Context) error {
	return d.do(ctx, func(conn *pgx.Conn) error {
		_, err := conn.Exec(ctx, auditSchema)
		return err
	})
}

// fenced returns writes of nodes with an epoch that was not theirs, and owners
// that took a shop without an epoch of their own.
func (d database) fenced(ctx context.Context) ([]string, error) {
	return d.texts(ctx, `
SELECT format('%s wrote %s of shop %s, route %s, %s times with epoch %s of %s', w.name, w.what, w.shop, w.route, count(*), w.epoch, coalesce(n.name, 'nobody'))
FROM audit.wrote w LEFT JOIN audit.owned o USING (shop, epoch) LEFT JOIN audit.nodes n ON n.id = o.node
WHERE n.name IS DISTINCT FROM w.name
GROUP BY w.name, w.what, w.shop, w.route, w.epoch, n.name
UNION ALL
SELECT format('shop %s had %s owners with epoch %s', shop, count(*), epoch) FROM audit.owned GROUP BY shop, epoch HAVING count(*) > 1`)
}

// gaps returns what is wrong with the numbers of the shops' events.
func (d database) gaps(ctx context.Context) ([]string, error) {
	return d.texts(ctx, `
SELECT format('shop %s: %s events, %s different numbers, %s to %s, and the head says %s', shop, n, different, low, high, head)
FROM (SELECT shop, count(*) n, count(DISTINCT seq) different, min(seq) low, max(seq) high FROM events GROUP BY shop) e
FULL JOIN (SELECT shop, head FROM heads WHERE head > 0) h USING (shop)
WHERE (n, different, low, high) IS DISTINCT FROM (head, head, 1::bigint, head)`)
}

// changes counts how often shops changed hands.
func (d database) changes(ctx context.Context) (n int, err error) {
	err = d.do(ctx, func(conn *pgx.Conn) error {
		return conn.QueryRow(ctx, `SELECT count(*) FROM audit.owned WHERE node <> ''`).Scan(&n)
	})
	return n, err
}

// owners counts the shops of each node, by its name; nobody's are under "". The
// hub's own shop is one of them.
func (d database) owners(ctx context.Context) (map[string]int, error) {
	out := map[string]int{}
	err := d.do(ctx, func(conn *pgx.Conn) error {
		rows, err := conn.Query(ctx, `SELECT coalesce(n.name, ''), count(*)::int FROM owners o LEFT JOIN audit.nodes n ON n.id = o.node GROUP BY 1`)
		if err != nil {
			return err
		}
		var name string
		var shops int
		_, err = pgx.ForEachRow(rows, []any{&name, &shops}, func() error { out[name] = shops; return nil })
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("ask who owns what: %w", err)
	}
	return out, nil
}
