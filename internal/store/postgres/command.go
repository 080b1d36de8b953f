package postgres

import (
	"context"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/ordermux/ordermux/internal/node"
)

// Put implements node.Commands.
func (n *nodes) Put(ctx context.Context, commands []node.Command) error {
	const put = `INSERT INTO commands (shop, id, node, asker, kind, args, expires, ends) VALUES ($1, $2, $3, $4, $5, $6,
		clock_timestamp() + $7::bigint * interval '1 microsecond', clock_timestamp() + $8::bigint * interval '1 microsecond')`
	for _, c := range commands {
		_, err := n.change(ctx, "put a command", put, c.Shop, c.ID, c.Node, c.Asker, c.Kind, notNil(c.Args),
			c.Within.Microseconds(), c.Keep.Microseconds())
		if err != nil {
			return err
		}
	}
	return nil
}

func notNil(b []byte) []byte {
	if b == nil {
		return []byte{}
	}
	return b
}

// Waiting implements node.Commands.
func (n *nodes) Waiting(ctx context.Context) ([]node.Command, error) {
	const waiting = `SELECT shop, id, node, asker, kind, (extract(epoch FROM expires - clock_timestamp()) * 1000000)::bigint,
			(extract(epoch FROM ends - clock_timestamp()) * 1000000)::bigint
		FROM commands WHERE taken = '' OR ends < clock_timestamp() - interval '1 minute' ORDER BY expires LIMIT 1000`
	all, err := list(ctx, n.store, scanCommand, waiting)
	if err != nil {
		return nil, fmt.Errorf("read commands: %w", err)
	}
	var open []node.Command
	var old [][][]byte
	for _, c := range all {
		switch {
		case c.Keep < -time.Minute:
			old = append(old, [][]byte{[]byte(c.Shop), []byte(c.ID)})
		case c.Within > 0:
			open = append(open, c)
		}
	}
	if len(old) > 0 {
		const forget = "DELETE FROM commands WHERE shop = $1 AND id = $2"
		if _, err := n.each(ctx, forget, old); err != nil {
			return nil, fmt.Errorf("forget commands: %w", err)
		}
	}
	return open, nil
}

func scanCommand(row pgx.CollectableRow) (c node.Command, err error) {
	var within, keep int64
	err = row.Scan(&c.Shop, &c.ID, &c.Node, &c.Asker, &c.Kind, &within, &keep)
	c.Within, c.Keep = time.Duration(within)*time.Microsecond, time.Duration(keep)*time.Microsecond
	return c, err
}

// Take implements node.Commands.
func (n *nodes) Take(ctx context.Context, c node.Command, id string, epoch int64) (args []byte, ok bool, err error) {
	const mine = `UPDATE commands SET taken = $3 WHERE shop = $1 AND id = $2 AND taken = '' AND expires > statement_timestamp()
		AND node = $3 RETURNING args`
	const owned = `UPDATE commands SET taken = $3 WHERE shop = $1 AND id = $2 AND taken = '' AND expires > statement_timestamp()
		AND node = '' AND EXISTS (SELECT 1 FROM owners o WHERE o.shop = $1 AND o.node = $3 AND o.epoch = $4) RETURNING args`
	into := []any{&args}
	if c.Node != "" {
		ok, err = n.row(ctx, "take a command", into, mine, c.Shop, c.ID, id)
	} else {
		ok, err = n.row(ctx, "take a command", into, owned, c.Shop, c.ID, id, epoch)
	}
	return args, ok, err
}

// Return implements node.Commands.
func (n *nodes) Return(ctx context.Context, c node.Command, id string) error {
	const back = "UPDATE commands SET taken = '' WHERE shop = $1 AND id = $2 AND taken = $3 AND answer IS NULL"
	_, err := n.change(ctx, "return a command", back, c.Shop, c.ID, id)
	return err
}

// Finish implements node.Commands.
func (n *nodes) Finish(ctx context.Context, c node.Command, id string, answer []byte) error {
	const finish = "UPDATE commands SET answer = $4, args = '' WHERE shop = $1 AND id = $2 AND taken = $3"
	_, err := n.change(ctx, "answer a command", finish, c.Shop, c.ID, id, notNil(answer))
	return err
}

// Collect implements node.Commands.
func (n *nodes) Collect(ctx context.Context, c node.Command) (s node.Standing, err error) {
	const read = "SELECT taken, answer IS NOT NULL, coalesce(answer, '') FROM commands WHERE shop = $1 AND id = $2"
	s.Known, err = n.row(ctx, "look at a command", []any{&s.Taken, &s.Done, &s.Answer}, read, c.Shop, c.ID)
	if err != nil || !s.Known {
		return node.Standing{}, err
	}
	if s.Done {
		const forget = "DELETE FROM commands WHERE shop = $1 AND id = $2"
		_, _ = n.change(ctx, "forget a command", forget, c.Shop, c.ID) // else it is swept
	}
	return s, nil
}

// Withdraw implements node.Commands.
func (n *nodes) Withdraw(ctx context.Context, c node.Command) (bool, error) {
	const withdraw = "DELETE FROM commands WHERE shop = $1 AND id = $2 AND taken = ''"
	return n.change(ctx, "withdraw a command", withdraw, c.Shop, c.ID)
}
