package pgtest

import (
	"bytes"
	"context"
	"errors"
	"sync"

	"github.com/jackc/pgx/v5"
)

// model is the database that others are copies of, what is in it, and the
// copies that wait for their next test.
type model struct {
	once  sync.Once
	err   error
	name  string
	shape string            // what shapeOf says
	rows  map[string][]byte // of tables that are not empty, as COPY writes them

	mu    sync.Mutex
	clean []string
}

func (m *model) take() (name string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if n := len(m.clean); n > 0 {
		name, m.clean = m.clean[n-1], m.clean[:n-1]
	}
	return name
}

func (m *model) give(name string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.clean = append(m.clean, name)
}

// fill makes the server's model.
func (s *Server) fill(ctx context.Context, fill func(ctx context.Context, url string) error) (err error) {
	if s.model.name, err = s.copy(ctx, "template1"); err != nil {
		return err
	}
	if fill != nil {
		if err := fill(ctx, s.URL(s.model.name)); err != nil {
			return err
		}
	}
	// Nobody may be connected to a database that is copied.
	return s.in(ctx, s.model.name, func(c *pgx.Conn) error {
		if s.model.shape, err = shapeOf(ctx, c); err != nil {
			return err
		}
		s.model.rows, err = rowsOf(ctx, c)
		return err
	})
}

// in connects to a database for a while.
func (s *Server) in(ctx context.Context, name string, run func(c *pgx.Conn) error) error {
	c, err := pgx.Connect(ctx, s.URL(name))
	if err != nil {
		return err
	}
	return errors.Join(run(c), c.Close(ctx))
}

// shapeOf describes everything in a database but rows: tables with what the
// planner remembers of them, columns, indexes, rules, functions, settings.
// Copies of one database agree in the numbers within it.
func shapeOf(ctx context.Context, c *pgx.Conn) (shape string, err error) {
	const query = `
		WITH own AS (SELECT * FROM pg_class WHERE relnamespace = 'public'::regnamespace)
		SELECT md5(concat_ws(E'\n',
			(SELECT string_agg(concat_ws(' ', relname, relkind, relpersistence, reltuples, reloptions), E'\n' ORDER BY relname) FROM own),
			(SELECT string_agg(concat_ws(' ', relname, attname, attnum, format_type(atttypid, atttypmod), attnotnull, attcompression, attoptions,
					attisdropped, attstattarget, pg_get_expr(adbin, adrelid)), E'\n' ORDER BY relname, attnum)
				FROM own JOIN pg_attribute a ON attrelid = own.oid AND attnum > 0 LEFT JOIN pg_attrdef ON adrelid = attrelid AND adnum = attnum),
			(SELECT string_agg(pg_get_indexdef(indexrelid) || indisvalid, E'\n' ORDER BY relname) FROM own JOIN pg_index ON indexrelid = own.oid),
			(SELECT string_agg(concat_ws(' ', relname, conname, pg_get_constraintdef(k.oid)), E'\n' ORDER BY relname, conname)
				FROM own JOIN pg_constraint k ON conrelid = own.oid),
			(SELECT string_agg(concat_ws(' ', relname, tgname, tgenabled, pg_get_triggerdef(g.oid)), E'\n' ORDER BY relname, tgname)
				FROM own JOIN pg_trigger g ON tgrelid = own.oid),
			(SELECT string_agg(pg_get_functiondef(oid), E'\n' ORDER BY oid::regprocedure::text) FROM pg_proc
				WHERE pronamespace = 'public'::regnamespace AND prokind IN ('f', 'p')),
			(SELECT string_agg(nspname, ' ' ORDER BY nspname) FROM pg_namespace WHERE nspname !~ '^pg_(toast_)?temp_'),
			(SELECT string_agg(extname, ' ' ORDER BY extname) FROM pg_extension),
			(SELECT string_agg(setconfig::text, ' ') FROM pg_db_role_setting s JOIN pg_database d ON d.oid = setdatabase WHERE datname = current_database()),
			(SELECT concat_ws(' ', datallowconn, datconnlimit, datacl) FROM pg_database WHERE datname = current_database()),
			(SELECT count(*) FROM pg_prepared_xacts WHERE database = current_database()),
			(SELECT count(*) FROM pg_largeobject_metadata)))`
	return shape, c.QueryRow(ctx, query).Scan(&shape)
}

// tables lists a database's tables that have a page or more, quoted.
func tables(ctx context.Context, c *pgx.Conn) ([]string, error) {
	const query = `
		SELECT quote_ident(relname) FROM pg_class
		WHERE relnamespace = 'public'::regnamespace AND relkind = 'r' AND pg_relation_size(oid) > 0`
	rows, err := c.Query(ctx, query)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, pgx.RowTo[string])
}

// rowsOf reads all that is in a database.
func rowsOf(ctx context.Context, c *pgx.Conn) (map[string][]byte, error) {
	list, err := tables(ctx, c)
	if err != nil {
		return nil, err
	}
	rows := map[string][]byte{}
	for _, table := range list {
		var b bytes.Buffer
		if _, err := c.PgConn().CopyTo(ctx, &b, "COPY "+table+" TO STDOUT"); err != nil {
			return nil, err
		}
		if b.Len() > 0 {
			rows[table] = b.Bytes()
		}
	}
	return rows, nil
}

var errOtherShape = errors.New("a test changed more than rows")

// takeBack makes of a database what the model is, under a new name: whatever
// still runs of its last test finds it no more.
func (s *Server) takeBack(ctx context.Context, old string) error {
	const others = `SELECT pg_terminate_backend(pid, 10000) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()`
	err := s.in(ctx, old, func(c *pgx.Conn) error {
		if _, err := c.Exec(ctx, others); err != nil {
			return err
		}
		shape, err := shapeOf(ctx, c)
		if err != nil {
			return err
		}
		if shape != s.model.shape {
			return errOtherShape
		}
		return pgx.BeginFunc(ctx, c, func(tx pgx.Tx) error { return s.model.restore(ctx, tx) })
	})
	if err != nil {
		return err
	}
	clean := name()
	if err := s.exec(ctx, "ALTER DATABASE "+old+" RENAME TO "+clean); err != nil {
		return err
	}
	s.model.give(clean)
	return nil
}

// restore replaces a database's rows by the model's.
func (m *model) restore(ctx context.Context, tx pgx.Tx) error {
	// Rules between tables hold at the end, as they hold in the model. A table of
	// many rows is truncated, which makes new files; few rows go faster one by one.
	const empty = `
		DO $$
		DECLARE had regclass;
		BEGIN
			SET LOCAL session_replication_role = replica;
			FOR had IN SELECT oid FROM pg_class
				WHERE relnamespace = 'public'::regnamespace AND relkind = 'r' AND pg_relation_size(oid) > 0
			LOOP
				IF pg_total_relation_size(had) > 1000000 THEN
					EXECUTE 'TRUNCATE ' || had || ' CASCADE';
				ELSE
					EXECUTE 'DELETE FROM ' || had;
				END IF;
			END LOOP;
			PERFORM setval(seqrelid, seqstart, false) FROM pg_sequence;
		END $$`
	if _, err := tx.Exec(ctx, empty); err != nil {
		return err
	}
	if _, err := tx.Exec(ctx, "SET LOCAL session_replication_role = replica"); err != nil {
		return err
	}
	for table, rows := range m.rows {
		if _, err := tx.Conn().PgConn().CopyFrom(ctx, bytes.NewReader(rows), "COPY "+table+" FROM STDIN"); err != nil {
			return err
		}
	}
	return nil
}
