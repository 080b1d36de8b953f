package postgres

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"sync"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/ordermux/ordermux/internal/node"
)

const (
	// lanes is how many connections write rows of many shops at a time: each
	// waits for the disk once per shop, and those that wait together share it.
	lanes = 8
	// laneful is how many statements go in one round trip at most, and laneless
	// how many are not worth a further connection.
	laneful  = 256
	laneless = 16
)

// AddShops implements node.Owners.
func (n *nodes) AddShops(ctx context.Context, shops []string) error {
	const add = "INSERT INTO owners (shop) VALUES ($1) ON CONFLICT DO NOTHING"
	args := make([][][]byte, len(shops))
	for i, shop := range shops {
		args[i] = [][]byte{[]byte(shop)}
	}
	if _, err := n.each(ctx, add, args); err != nil {
		return fmt.Errorf("add shops: %w", err)
	}
	return nil
}

// Move implements node.Owners.
func (n *nodes) Move(ctx context.Context, moves []node.Move) ([]bool, error) {
	const move = "UPDATE owners SET node = $2, epoch = epoch + 1 WHERE shop = $1 AND epoch = $3"
	args := make([][][]byte, len(moves))
	for i, m := range moves {
		args[i] = [][]byte{[]byte(m.Shop), []byte(m.To), strconv.AppendInt(nil, m.Epoch, 10)}
	}
	moved, err := n.each(ctx, move, args)
	if err != nil {
		return nil, fmt.Errorf("move shops: %w", err)
	}
	return moved, nil
}

// each runs a statement once for each set of arguments (texts), every one in a
// transaction of its own, many in one round trip. It reports which hit a row.
func (n *nodes) each(ctx context.Context, sql string, args [][][]byte) ([]bool, error) {
	hit := make([]bool, len(args))
	var all sync.WaitGroup
	failed := make([]error, lanes)
	part := max(laneless, (len(args)+lanes-1)/lanes)
	for i := range lanes {
		from, to := min(i*part, len(args)), min((i+1)*part, len(args))
		if from < to {
			all.Go(func() { failed[i] = n.lane(ctx, sql, args[from:to], hit[from:to]) })
		}
	}
	all.Wait()
	return hit, errors.Join(failed...)
}

// lane does the work of each on one connection.
func (n *nodes) lane(ctx context.Context, sql string, args [][][]byte, hit []bool) error {
	return n.once(ctx, func(ctx context.Context, conn *pgx.Conn) error {
		for from := 0; from < len(args); from += laneful {
			to := min(from+laneful, len(args))
			if err := pipeline(ctx, conn.PgConn(), sql, args[from:to], hit[from:to]); err != nil {
				return err
			}
		}
		return nil
	})
}

// pipeline sends a statement many times in one round trip, each with an end of
// transaction behind it. An error of one does not touch the others.
func pipeline(ctx context.Context, conn *pgconn.PgConn, sql string, args [][][]byte, hit []bool) error {
	p := conn.StartPipeline(ctx)
	for _, a := range args {
		p.SendQueryParams(sql, a, nil, nil, nil)
		p.SendPipelineSync()
	}
	err := p.Flush()
	var first error
	for i := 0; i < len(args) && err == nil; {
		var result any
		var failed error
		switch result, failed = p.GetResults(); r := result.(type) {
		case *pgconn.ResultReader:
			var tag pgconn.CommandTag
			tag, failed = r.Close()
			hit[i] = failed == nil && tag.RowsAffected() > 0
		case *pgconn.PipelineSync:
			i++
		}
		var said *pgconn.PgError
		if failed != nil && !errors.As(failed, &said) {
			err = failed
		}
		if failed != nil && first == nil {
			first = failed
		}
	}
	return errors.Join(err, first, p.Close())
}

// Look implements node.Owners.
func (n *nodes) Look(ctx context.Context) ([]node.Owner, []node.Member, error) {
	const look = "SELECT shop, node, epoch FROM owners"
	owners, err := list(ctx, n.store, func(row pgx.CollectableRow) (o node.Owner, err error) {
		err = row.Scan(&o.Shop, &o.Node, &o.Epoch)
		return o, err
	}, look)
	if err != nil {
		return nil, nil, fmt.Errorf("read owners: %w", err)
	}
	// Afterwards: who took a shop had its row before.
	var v node.View
	err = n.store.ask(ctx, func(rows pgx.Rows) (err error) {
		v, err = collectMembers(rows, "")
		return err
	}, lightMembers)
	if err != nil {
		return nil, nil, fmt.Errorf("read nodes: %w", err)
	}
	return owners, v.Nodes, nil
}

// Heads implements node.Owners.
func (n *nodes) Heads(ctx context.Context, id string, after time.Time) ([]node.Head, error) {
	const heads = `SELECT h.shop, h.head FROM heads h JOIN owners o ON o.shop = h.shop WHERE h.moved > $2 AND o.node = $1`
	all, err := list(ctx, n.store, pgx.RowToStructByPos[node.Head], heads, id, after)
	if err != nil {
		return nil, fmt.Errorf("read heads: %w", err)
	}
	return all, nil
}
