package postgres

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/ordermux/ordermux/internal/node"
)

// nodes is the part of the store that the nodes of a hub meet in.
type nodes struct {
	store *Store
	mu    sync.Mutex
	conn  *pgx.Conn // of the heartbeat alone; nil: to be made
	shut  bool
}

var _ node.Store = (*nodes)(nil)

// Nodes returns the part of the store that the nodes of a hub meet in. It has
// connections of its own beside the pool: close it.
func (s *Store) Nodes() node.Store { return &nodes{store: s} }

// beating runs f on the heartbeat's connection; after an error the next one
// begins with a new connection.
func (n *nodes) beating(ctx context.Context, f func(*pgx.Conn) error) error {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.shut {
		return errClosed
	}
	if n.conn == nil {
		conn, err := n.connect(ctx)
		if err != nil {
			return err
		}
		n.conn = conn
	}
	err := f(n.conn)
	if err != nil && !errors.Is(err, node.ErrEnded) || n.conn.IsClosed() {
		n.hangUp()
	}
	return translate(err)
}

// connect makes a connection beside the pool.
func (n *nodes) connect(ctx context.Context) (*pgx.Conn, error) {
	conn, err := pgx.ConnectConfig(ctx, n.store.config.ConnConfig.Copy())
	if err != nil {
		return nil, fmt.Errorf("connect to the database: %w", err)
	}
	return conn, nil
}

// hangUp closes the heartbeat's connection without waiting for anything.
func (n *nodes) hangUp() {
	if n.conn == nil {
		return
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	_ = n.conn.Close(ctx)
	n.conn = nil
}

// Close implements node.Store.
func (n *nodes) Close() error {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.shut = true
	n.hangUp()
	return nil
}

// Join implements node.Members.
func (n *nodes) Join(ctx context.Context, m node.Member) error {
	const forget = "DELETE FROM nodes WHERE ended < statement_timestamp() - interval '1 hour'"
	const join = `INSERT INTO nodes (id, name, version, lease, leaving, known, config) VALUES ($1, $2, $3, $4, $5, $6, $7)`
	err := n.beating(ctx, func(conn *pgx.Conn) error {
		b := &pgx.Batch{}
		b.Queue(forget)
		b.Queue(join, m.ID, plainText(m.Name), plainText(m.Version), m.Lease.Microseconds(), m.Leaving, m.Set, m.Config)
		return conn.SendBatch(ctx, b).Close()
	})
	if err != nil {
		return fmt.Errorf("join the nodes: %w", err)
	}
	return nil
}

// Beat implements node.Members, in one round trip.
func (n *nodes) Beat(ctx context.Context, p node.Pulse) (v node.View, err error) {
	const beat = `UPDATE nodes SET beat = statement_timestamp(), beats = beats + 1, leaving = $2, shops = $3, known = $4,
		config = $5, totals = coalesce($6, totals) WHERE id = $1 AND ended IS NULL`
	err = n.beating(ctx, func(conn *pgx.Conn) error {
		asked, hit := time.Now(), false
		b := &pgx.Batch{}
		b.Queue(beat, p.ID, p.Leaving, p.Shops, p.Set, p.Config, p.Totals).Exec(affected(&hit))
		b.Queue(lightMembers).Query(func(rows pgx.Rows) (err error) {
			v, err = collectMembers(rows, p.ID)
			return err
		})
		if err := conn.SendBatch(ctx, b).Close(); err != nil {
			return err
		}
		if !hit {
			return node.ErrEnded
		}
		n.store.clock.set(asked, v.Now)
		return nil
	})
	if err != nil {
		return node.View{}, fmt.Errorf("heartbeat: %w", err)
	}
	return v, nil
}

const (
	lightMembers = `SELECT clock_timestamp(), told, id, name, version, lease, started, beat, beats, leaving, ended, shops, known,
		config, NULL::bytea FROM nodes ORDER BY name, started, id`
	wholeMembers = `SELECT clock_timestamp(), told, id, name, version, lease, started, beat, beats, leaving, ended, shops, known,
		config, totals FROM nodes ORDER BY name, started, id`
)

// collectMembers reads rows of nodes; Told is that of one of them.
func collectMembers(rows pgx.Rows, me string) (v node.View, err error) {
	defer rows.Close()
	for rows.Next() {
		var m node.Member
		var told, lease int64
		var ended *time.Time
		err := rows.Scan(&v.Now, &told, &m.ID, &m.Name, &m.Version, &lease, &m.Started, &m.Beat, &m.Beats, &m.Leaving,
			&ended, &m.Shops, &m.Set, &m.Config, &m.Totals)
		if err != nil {
			return v, err
		}
		m.Lease = time.Duration(lease) * time.Microsecond
		if ended != nil {
			m.Ended = *ended
		}
		if m.ID == me {
			v.Told = told
		}
		v.Nodes = append(v.Nodes, m)
	}
	return v, rows.Err()
}

// End implements node.Members.
func (n *nodes) End(ctx context.Context, id string, beats int64) (bool, error) {
	const end = "UPDATE nodes SET ended = statement_timestamp() WHERE id = $1 AND beats = $2 AND ended IS NULL"
	return n.change(ctx, "declare a node dead", end, id, beats)
}

// Leave implements node.Members.
func (n *nodes) Leave(ctx context.Context, id string) error {
	const leave = "DELETE FROM nodes WHERE id = $1"
	_, err := n.change(ctx, "leave the nodes", leave, id)
	return err
}

// Members implements node.Members.
func (n *nodes) Members(ctx context.Context) (v node.View, err error) {
	err = n.store.ask(ctx, func(rows pgx.Rows) (err error) {
		v, err = collectMembers(rows, "")
		return err
	}, wholeMembers)
	if err != nil {
		return node.View{}, fmt.Errorf("read nodes: %w", err)
	}
	return v, nil
}

// Tell implements node.Members.
func (n *nodes) Tell(ctx context.Context, ids []string) error {
	// In one sequence, so that two who tell the same do not wait for each other.
	const tell = `UPDATE nodes SET told = told + 1 WHERE id IN (SELECT id FROM nodes WHERE id = ANY ($1::text[]) ORDER BY id FOR UPDATE)`
	_, err := n.change(ctx, "tell nodes", tell, ids)
	return err
}

// once runs f on a connection of the pool, and not again if it fails: whoever
// calls looks first what became of it.
func (n *nodes) once(ctx context.Context, f func(context.Context, *pgx.Conn) error) error {
	return kind(n.store.try(ctx, func(ctx context.Context, conn *pgxpool.Conn) error { return f(ctx, conn.Conn()) }))
}

// change runs one statement and reports whether it hit a row.
func (n *nodes) change(ctx context.Context, what, sql string, args ...any) (hit bool, err error) {
	err = n.once(ctx, func(ctx context.Context, conn *pgx.Conn) error {
		tag, err := conn.Exec(ctx, sql, args...)
		hit = tag.RowsAffected() > 0
		return err
	})
	if err != nil {
		return false, fmt.Errorf("%s: %w", what, err)
	}
	return hit, nil
}

// row runs one statement that answers with at most one row; false: with none.
func (n *nodes) row(ctx context.Context, what string, into []any, sql string, args ...any) (found bool, err error) {
	err = n.once(ctx, func(ctx context.Context, conn *pgx.Conn) error {
		err := conn.QueryRow(ctx, sql, args...).Scan(into...)
		found = err == nil
		if errors.Is(err, pgx.ErrNoRows) {
			return nil
		}
		return err
	})
	if err != nil {
		return false, fmt.Errorf("%s: %w", what, err)
	}
	return found, nil
}

// affected reports whether a statement of a batch hit a row.
func affected(hit *bool) func(pgconn.CommandTag) error {
	return func(tag pgconn.CommandTag) error {
		*hit = tag.RowsAffected() > 0
		return nil
	}
}
