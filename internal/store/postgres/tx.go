package postgres

import (
	"context"

	"github.com/jackc/pgx/v5"
)

// Tx is an open writing transaction of one shop, as closures of do and effects
// of entries get it. It is valid only while they run.
type Tx struct {
	pgx.Tx
	ctx context.Context
}

// do runs f in one transaction (READ COMMITTED) and returns when it is
// committed. What f writes is undone if f returns an error or panics. After a
// serialization failure, or a connection lost before the commit, f runs again:
// it must have no effect but its writes and the values that it hands out (set
// them anew each time).
//
// Errors: those of f, order.ErrReadOnly, order.ErrBusy, or one of a commit
// whose result is unknown (errUnknownCommit).
func (s *Store) do(ctx context.Context, f func(tx *Tx) error) error {
	return pgx.BeginFunc(ctx, s.pool, func(tx pgx.Tx) error { return f(&Tx{Tx: tx, ctx: ctx}) })
}

// View is a reading transaction: what it reads is of one moment.
type View struct {
	pgx.Tx
	ctx context.Context
}

// view runs f in a transaction that can not write (REPEATABLE READ).
func (s *Store) view(ctx context.Context, f func(v *View) error) error {
	opts := pgx.TxOptions{IsoLevel: pgx.RepeatableRead, AccessMode: pgx.ReadOnly}
	return pgx.BeginTxFunc(ctx, s.pool, opts, func(tx pgx.Tx) error { return f(&View{Tx: tx, ctx: ctx}) })
}
