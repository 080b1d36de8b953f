package postgres

import (
	"context"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/ordermux/ordermux/internal/node"
)

// channel is the name under which a node hears. Notifications are of one
// database.
func channel(id string) string { return "ordermux_" + id }

// Hint implements node.Hints.
func (n *nodes) Hint(ctx context.Context, hints []node.Hint) error {
	const notify = "SELECT pg_notify($1, $2)"
	b := &pgx.Batch{}
	for _, h := range hints {
		b.Queue(notify, channel(h.Node), h.Text)
	}
	err := n.once(ctx, func(ctx context.Context, conn *pgx.Conn) error { return conn.SendBatch(ctx, b).Close() })
	if err != nil {
		return fmt.Errorf("hint: %w", err)
	}
	return nil
}

const (
	// quiet is how long a listening connection may say nothing before it is
	// asked whether it is there.
	quiet        = 20 * time.Second
	pingLimit    = 2 * time.Second
	connectLimit = 5 * time.Second
)

// Listen implements node.Hints.
func (n *nodes) Listen(ctx context.Context, id string, ready func(), heard func(text string)) error {
	limited, stop := context.WithTimeout(ctx, connectLimit)
	defer stop()
	conn, err := n.connect(limited)
	if err != nil {
		return err
	}
	defer func() {
		done, cancel := context.WithCancel(context.Background())
		cancel() // do not wait for anything
		_ = conn.Close(done)
	}()
	// A name can not be a parameter here.
	if _, err := conn.Exec(limited, "LISTEN "+pgx.Identifier{channel(id)}.Sanitize()); err != nil {
		return fmt.Errorf("listen: %w", err)
	}
	ready()
	for {
		text, err := next(ctx, conn)
		if err != nil {
			return fmt.Errorf("listen: %w", err)
		}
		if text != "" {
			heard(text)
		}
	}
}

// next waits for a notification; "": there was none for a while, but the
// connection is good.
func next(ctx context.Context, conn *pgx.Conn) (string, error) {
	limited, cancel := context.WithTimeout(ctx, quiet)
	defer cancel()
	said, err := conn.WaitForNotification(limited)
	switch {
	case err == nil:
		return said.Payload, nil
	case ctx.Err() != nil || !pgconn.Timeout(err):
		return "", err
	}
	ping, stop := context.WithTimeout(ctx, pingLimit)
	defer stop()
	return "", conn.Ping(ping)
}
