package postgres

import (
	"context"
	"errors"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/ordermux/ordermux/internal/order"
)

// Erasing names the order that is being erased.
type Erasing struct {
	Shop   string
	Number int64 // the order's number
	ID     string
}

// An eraser removes what another part of the store keeps about a person's
// order (evidence, files, waiting bodies), within the erasing transaction,
// which has locked the rows of all routes of the shop. Its tables belong into
// erasedTables.
type eraser func(tx *Tx, e Erasing) error

// erasers are all of them: a file of this package that keeps personal data
// adds its own function here.
func erasers() []eraser {
	return []eraser{eraseDeliveries, eraseSearch}
}

// erasedTables are the tables in which erasing leaves dead versions of rows
// with personal data or fingerprints. What is recorded of calls stands in state.
var erasedTables = []string{"personal", "happenings", "orders", "calls", "deliveries", "file_pieces", "state", "order_keys"}

// lockRoutes holds off all that the shop's routes commit: whatever they know
// of an order is then wholly before or wholly after its erasing. It comes
// before the lock of the head, as everywhere.
func lockRoutes(tx *Tx, shop string) error {
	_, err := tx.Exec(tx.ctx, "SELECT 1 FROM routes WHERE shop = $1 ORDER BY route FOR UPDATE", shop)
	return err
}

// erase runs an erasing call, which is alone in its transaction.
func (a *appender) erase(t *task) error {
	if t.err = guarded(func() error { return a.batch.Decide(t.call) }); t.err != nil {
		return nil
	}
	number, id, prints, _ := t.call.Erasing()
	shop := t.call.Shop
	if err := a.s.fault(PointInsert); err != nil {
		return err
	}
	for _, f := range erasers() {
		if err := f(a.tx, Erasing{Shop: shop, Number: number, ID: id}); err != nil {
			return err
		}
	}
	b := &pgx.Batch{}
	a.queue(b)
	// It never inserts; see changeOrders.
	const empty = `INSERT INTO personal (shop, seq, salt, body)
		SELECT $1, s.seq, '', '' FROM (SELECT $2::bigint AS seq
			UNION ALL SELECT seq FROM later WHERE shop = $1 AND number = $2) s
		CROSS JOIN LATERAL (SELECT FROM personal WHERE shop = $1 AND seq = s.seq LIMIT 1) p
		ON CONFLICT (shop, seq) DO UPDATE SET salt = '', body = ''`
	b.Queue(empty, shop, number)
	queuePrints(b, shop, number, prints)
	if err := a.s.fault(PointCommit); err != nil {
		return err
	}
	return a.tx.last(b)
}

// queuePrints replaces the prints of an order's happenings. Two remarks that
// differed in their personal part only become one: the earlier one.
func queuePrints[P ~[16]byte](b *pgx.Batch, shop string, number int64, prints map[int64]P) {
	if len(prints) == 0 {
		return
	}
	var seqs []int64
	for seq := range prints {
		seqs = append(seqs, seq)
	}
	slices.Sort(seqs)
	list := make([][]byte, len(seqs))
	for i, seq := range seqs {
		p := [16]byte(prints[seq])
		list[i] = p[:]
	}
	const remove = "DELETE FROM happenings WHERE shop = $1 AND number = $2 AND seq = ANY ($3::bigint[])"
	const add = `INSERT INTO happenings (shop, number, print, seq)
		SELECT $1, $2, u.* FROM unnest($3::bytea[], $4::bigint[]) u ON CONFLICT DO NOTHING`
	b.Queue(remove, shop, number, seqs)
	b.Queue(add, shop, number, list, seqs)
}

// erasedWait is how long Erased waits for transactions that may still see what
// was erased.
const erasedWait = 5 * time.Second

// errStillSeen means that old versions of rows may still stand in the tables.
var errStillSeen = errors.New("the order is erased, but a long transaction on the server (a dump, perhaps) " +
	"keeps old versions of its rows: erase again later")

// cleaning lets callers who come while a run is on its way share the next one.
type cleaning struct {
	mu   sync.Mutex
	next *cleanRun // not begun
	one  sync.Mutex
}

type cleanRun struct {
	done chan struct{}
	err  error
}

// Erased implements ledger.Store: it removes the dead versions of the rows
// that erasing changed from their tables, and waits for who may still see
// them. The bytes that get free are overwritten by what is stored next in
// their page. What was erased may stand longer in the server's log of writes
// (WAL) until its files are used again, in its archive, on standbys that are
// behind, and in backups: those are the operator's.
func (s *Store) Erased(ctx context.Context) error {
	run, mine := s.cleaning.join()
	if mine {
		// Not the caller's context: others wait for the same run.
		go s.cleaning.begin(run, func() error { return s.clean(s.life) })
	}
	select {
	case <-run.done:
		return run.err
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (c *cleaning) join() (run *cleanRun, mine bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if mine = c.next == nil; mine {
		c.next = &cleanRun{done: make(chan struct{})}
	}
	return c.next, mine
}

func (c *cleaning) begin(run *cleanRun, f func() error) {
	c.one.Lock()
	defer c.one.Unlock()
	c.mu.Lock()
	c.next = nil
	c.mu.Unlock()
	run.err = f()
	close(run.done)
}

// wait waits for the run that is on its way.
func (c *cleaning) wait() {
	c.one.Lock()
	defer c.one.Unlock()
}

func (s *Store) clean(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, time.Hour)
	defer cancel()
	return s.alone(ctx, func(conn *pgx.Conn) error {
		if err := waitForViews(ctx, conn); err != nil {
			return err
		}
		// The indexes hold nothing personal, and dead entries in them wait for
		// the server's own round.
		_, err := conn.Exec(ctx, "VACUUM (INDEX_CLEANUP OFF, TRUNCATE OFF) "+strings.Join(erasedTables, ", "))
		return err
	})
}

// waitForViews waits until no transaction sees the state before this moment.
// Other runs of VACUUM see nothing; of standbys those count that say what they
// see (hot_standby_feedback).
func waitForViews(ctx context.Context, conn *pgx.Conn) error {
	const begun = "SELECT pg_snapshot_xmax(pg_current_snapshot())::text"
	const older = `SELECT count(*) FROM pg_stat_activity
		WHERE (datname = current_database() OR backend_type = 'walsender')
		AND pid != pg_backend_pid() AND backend_type != 'autovacuum worker' AND query NOT LIKE 'VACUUM%'
		AND greatest(age(backend_xmin), age(backend_xid)) > age($1::text::xid8::xid)`
	var now string
	if err := conn.QueryRow(ctx, begun).Scan(&now); err != nil {
		return err
	}
	for until := time.Now().Add(erasedWait); ; {
		var n int
		if err := conn.QueryRow(ctx, older, now).Scan(&n); err != nil || n == 0 {
			return err
		}
		if time.Now().After(until) {
			return errors.Join(order.ErrBusy, errStillSeen)
		}
		if err := pause(ctx, 20*time.Millisecond); err != nil {
			return err
		}
	}
}
