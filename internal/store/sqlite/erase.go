package sqlite

import (
	"context"
	"errors"
	"time"

	"github.com/ordermux/ordermux/internal/order"
)

// Erasing names the order that is being erased.
type Erasing struct {
	Shop   string
	Number int64 // the order's number
	ID     string
}

// An eraser removes what another part of the store keeps about a person's
// order (evidence, files, waiting bodies), within the erasing transaction.
//
// It must overwrite in place (UPDATE t SET body = zeroblob(length(body))) and
// not delete rows of wide tables: when a deletion makes the engine balance
// pages, stale copies of neighbouring rows can stay behind, which a later
// erase would not find. Narrow rows without personal texts may be deleted.
type eraser func(tx *Tx, e Erasing) error

// erasers are all of them: a file of this package that keeps personal data
// adds its own function here.
func erasers() []eraser {
	return []eraser{eraseDeliveries, eraseSearch}
}

// erase runs an erasing call, which is alone in its transaction.
func (a *appender) erase(t *task) error {
	if t.err = a.batch.Decide(t.call); t.err != nil {
		return nil
	}
	if err := a.write(); err != nil {
		return err
	}
	number, id, prints, _ := t.call.Erasing()
	shop := t.call.Shop
	if err := emptyPersonal(a.tx, shop, number); err != nil {
		return err
	}
	for seq, print := range prints {
		// Two remarks that differed in their personal part only become one.
		const replace = `UPDATE OR REPLACE happenings SET print = ? WHERE shop = ? AND number = ? AND seq = ?`
		if _, err := a.tx.Exec(replace, print[:], shop, number, seq); err != nil {
			return err
		}
	}
	for _, f := range erasers() {
		if err := f(a.tx, Erasing{Shop: shop, Number: number, ID: id}); err != nil {
			return err
		}
	}
	return nil
}

// emptyPersonal overwrites the personal parts of an order; see
// migrations/0001_ledger.sql. The sizes stay, so the engine writes over the old
// bytes.
func emptyPersonal(tx *Tx, shop string, number int64) error {
	const first = `UPDATE personal SET salt = zeroblob(length(salt)), body = zeroblob(length(body))
		WHERE shop = ? AND seq = ?`
	const rest = `UPDATE personal SET salt = zeroblob(length(salt)), body = zeroblob(length(body))
		WHERE shop = ?1 AND seq IN (SELECT seq FROM later WHERE shop = ?1 AND number = ?2)`
	if _, err := tx.Exec(first, shop, number); err != nil {
		return err
	}
	_, err := tx.Exec(rest, shop, number)
	return err
}

// erasedWait is how long Erased waits for readers that keep the log.
const erasedWait = 5 * time.Second

// errLogKept means that old pages may still stand in the log.
var errLogKept = errors.New("the order is erased, but the store's log still holds old pages of it: " +
	"a long read is in the way; erase again later")

// Erased implements ledger.Store: it writes the log back and cuts it, and
// removes the copies made before migrations.
func (s *Store) Erased(ctx context.Context) error {
	if err := s.removeCopies(time.Time{}); err != nil {
		return err
	}
	for until := time.Now().Add(erasedWait); ; {
		if err := ctx.Err(); err != nil {
			return err
		}
		var cut bool
		err := s.writer.outside(func() (err error) {
			cut, err = truncate(s.writer.conn, 200*time.Millisecond)
			return err
		})
		if err != nil || cut {
			return translate(err)
		}
		if time.Now().After(until) {
			return errors.Join(order.ErrBusy, errLogKept)
		}
	}
}
