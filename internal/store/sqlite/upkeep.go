package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"os"
	"sync"
	"time"
)

// upkeep writes the log back into the file while the writer goes on, so that
// no commit has to; and gives log and memory back when the store rests.
type upkeep struct {
	s       *Store
	db      *sql.DB
	conn    *sql.Conn
	ctx     context.Context // ends with stop
	quit    context.CancelFunc
	stopped sync.WaitGroup
}

const (
	// logPages is the length of the log, in pages, from which it is written
	// back. The writer's own bound (wal_autocheckpoint) is twice that.
	logPages = 10000
	// restPages is how many pages may be left for the writer to write back
	// itself between two transactions, after which the log starts anew: some
	// milliseconds during which appends wait.
	restPages = 200
	// logKept is how long the log's file may stay, in bytes: twice what
	// logPages take.
	logKept = 2 * logPages * 4096
	// lookEvery is how often the length of the log is looked at.
	lookEvery = 100 * time.Millisecond
)

func startUpkeep(ctx context.Context, s *Store) (*upkeep, error) {
	db, conn, err := open1(ctx, s.path(), roleUpkeep)
	if err != nil {
		return nil, err
	}
	u := &upkeep{s: s, db: db, conn: conn}
	u.ctx, u.quit = context.WithCancel(context.WithoutCancel(ctx))
	u.stopped.Go(u.loop)
	return u, nil
}

// loop sleeps until there is a commit, then looks at the log until the store
// rests.
func (u *upkeep) loop() {
	for {
		select {
		case <-u.ctx.Done():
			return
		case <-u.s.writer.dirty:
		}
		if !u.busy() {
			return
		}
	}
}

// busy returns when the store rests; false: upkeep is to stop.
func (u *upkeep) busy() bool {
	ticker := time.NewTicker(lookEvery)
	defer ticker.Stop()
	seen := int64(-1)
	var quiet time.Duration
	for {
		select {
		case <-u.ctx.Done():
			return false
		case <-ticker.C:
		}
		if n := u.s.writer.committed.Load(); n != seen {
			seen, quiet = n, 0
			u.merge(mergeFrom)
			u.writeBack()
			continue
		}
		if quiet += lookEvery; quiet >= u.s.opts.Rest && u.rest() {
			return true
		}
	}
}

// writeBack shortens a long log. What is left after a pass is what was
// committed meanwhile, each time less; the writer does the last of it between
// two transactions, since the log starts anew only when all of it is written
// back.
// Trouble is left to the writer's next commit to find.
func (u *upkeep) writeBack() { u.writeBackFrom(logPages) }

func (u *upkeep) writeBackFrom(pages int) {
	length, _, err := checkpoint(u.conn, "NOOP")
	if err != nil || length < pages {
		return
	}
	for range 6 {
		length, done, err := checkpoint(u.conn, "PASSIVE")
		if err != nil {
			return
		}
		if length-done <= restPages {
			break
		}
	}
	_ = u.s.writer.outside(func() error {
		_, _, err := checkpoint(u.s.writer.conn, "PASSIVE")
		return err
	})
}

// merge puts the ids that are in memory into their table, if there are enough.
// If it fails, they stay.
func (u *upkeep) merge(from int) {
	if u.s.recent.len() >= from {
		_ = u.s.mergeRecent(u.ctx)
	}
}

// rest writes the whole log back and gives memory back; false: a reader was in
// the way. The log's file keeps its length up to logKept: on the file systems
// at hand a sync is two to three times as fast while the file does not grow.
func (u *upkeep) rest() bool {
	u.merge(mergeResting)
	if _, _, err := checkpoint(u.conn, "PASSIVE"); err != nil {
		return false
	}
	var done bool
	err := u.s.writer.outside(func() (err error) {
		if done, err = u.s.writer.emptyLog(u.s.path() + "-wal"); err != nil {
			return err
		}
		return u.s.writer.rest()
	})
	u.s.readers.shrink()
	trimMemory()
	return err == nil && done
}

// emptyLog writes the log back so that the next commit begins it anew, and
// cuts its file if it has grown long.
func (w *writer) emptyLog(path string) (done bool, err error) {
	info, err := os.Stat(path)
	if err != nil {
		return false, err
	}
	if info.Size() > logKept {
		return truncate(w.conn, 50*time.Millisecond)
	}
	length, written, err := checkpoint(w.conn, "PASSIVE")
	return length == written, err
}

func (u *upkeep) stop() error {
	u.quit()
	u.stopped.Wait()
	return errors.Join(u.conn.Close(), u.db.Close())
}

// checkpoint runs one and returns the pages in the log and those of them that
// are written back.
func checkpoint(conn *sql.Conn, mode string) (length, done int, err error) {
	var busy int
	row := conn.QueryRowContext(context.Background(), "PRAGMA wal_checkpoint("+mode+")")
	err = row.Scan(&busy, &length, &done)
	return length, done, err
}

// truncate writes the whole log back and cuts it to nothing, waiting so long
// for readers; false: one of them was longer.
func truncate(conn *sql.Conn, wait time.Duration) (cut bool, err error) {
	ctx := context.Background()
	if _, err := conn.ExecContext(ctx, fmt.Sprintf("PRAGMA busy_timeout=%d", wait.Milliseconds())); err != nil {
		return false, err
	}
	var busy, length, done int
	err = conn.QueryRowContext(ctx, "PRAGMA wal_checkpoint(TRUNCATE)").Scan(&busy, &length, &done)
	_, back := conn.ExecContext(ctx, "PRAGMA busy_timeout=5000")
	return busy == 0, errors.Join(err, back)
}
