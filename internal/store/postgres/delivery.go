package postgres

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/ordermux/ordermux/internal/delivery"
)

// Deliveries returns the part of the store that the delivery engine uses.
func (s *Store) Deliveries() delivery.Store { return deliveries{s} }

// deliveries keeps routes, deliveries, evidence and claims.
type deliveries struct{ store *Store }

var _ delivery.Store = deliveries{}

// Commit implements delivery.Store. The bundle is written in one round trip on
// the assumption that all rows are as the engine believes; where they are not,
// a statement fails on purpose, nothing is written, and the bundle is written
// once more row by row, so that each change gets its answer.
//
// An order can go on between the look at its version and the commit: so the
// versions of what was claimed for sending are read once more after it, and
// claims that were judged on an older version are taken back before anything
// leaves. Whatever was accepted before the claim was committed is seen.
func (d deliveries) Commit(ctx context.Context, b *delivery.Bundle) error {
	c := newCommit(b)
	err := d.store.do(ctx, c.atOnce)
	if unexpected(err) {
		err = d.store.do(ctx, c.rowByRow)
	}
	if err == nil {
		err = d.takeBack(ctx, c)
	}
	if err != nil {
		return fmt.Errorf("commit deliveries: %w", err)
	}
	return nil
}

// unexpected tells that a row was not as the engine believed.
func unexpected(err error) bool {
	return errors.Is(err, ErrDuplicate) || sqlState(err) == codeDivision && !errors.Is(err, delivery.ErrLost)
}

// Lanes of a delivery, see migrations/0002_delivery.sql.
const (
	laneLive int16 = iota
	laneBulk
	laneSending
)

func laneOf(d *delivery.Delivery) int16 {
	switch {
	case d.State == delivery.Sending:
		return laneSending
	case d.Act == delivery.ActBackfill || d.Act == delivery.ActReplay:
		return laneBulk
	}
	return laneLive
}

// states are the deliveries' states by the numbers they are stored as; see
// migrations/0002_delivery.sql. Only ever add to them.
var states = [...]delivery.State{
	1: delivery.Ready, 2: delivery.Held, 3: delivery.Sending, 4: delivery.AwaitingPartner, 5: delivery.Retrying,
	6: delivery.Asking, 7: delivery.Failed, 8: delivery.Parked, 9: delivery.Delivered, 10: delivery.Refused,
	11: delivery.Cancelled, 12: delivery.Superseded, 13: delivery.Dropped,
}

// stateCode is the number of a state; 0, which the table refuses, if it has
// none.
func stateCode(s delivery.State) int16 {
	for code, name := range states {
		if name == s && code > 0 {
			return int16(code)
		}
	}
	return 0
}

func stateOf(code int16) (delivery.State, error) {
	if code < 1 || int(code) >= len(states) {
		return "", fmt.Errorf("a delivery in the unknown state %d", code)
	}
	return states[code], nil
}

// micros is how times are stored; 0: none.
func micros(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.UnixMicro()
}

func fromMicros(n int64) time.Time {
	if n == 0 {
		return time.Time{}
	}
	return time.UnixMicro(n).UTC()
}

// plainText is what others said, as the database takes it: it refuses NUL and
// bytes that are no UTF-8, which the head of an answer may hold.
func plainText(s string) string {
	if utf8.ValidString(s) && strings.IndexByte(s, 0) < 0 {
		return s
	}
	return strings.ReplaceAll(strings.ToValidUTF8(s, "\uFFFD"), "\x00", "\uFFFD")
}

// blob makes nothing of nothing: an empty slice would be stored as such.
func blob(b []byte) []byte {
	if len(b) == 0 {
		return nil
	}
	return b
}
