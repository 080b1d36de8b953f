package sandbox

import (
	"bytes"
	"context"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"time"

	"github.com/ordermux/ordermux/internal/order"
	"github.com/ordermux/ordermux/internal/partner"
)

// Wrap puts the faults of requests in front of a partner's door. An unknown
// partner's handler is returned as it is.
func (r *Registry) Wrap(partner string, next http.Handler) http.Handler {
	d, ok := r.doors[partner]
	if !ok {
		return next
	}
	return http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		draw := d.next()
		if draw.slow && !wait(req.Context(), time.Duration(draw.faults.SlowFor)) {
			return
		}
		switch {
		case draw.tooMany:
			if s := time.Duration(draw.faults.RetryAfter).Seconds(); s > 0 {
				w.Header().Set("Retry-After", strconv.Itoa(int(s+0.999)))
			}
			http.Error(w, "too many requests (a fault of the sandbox)", http.StatusTooManyRequests)
		case draw.broken:
			http.Error(w, "internal error (a fault of the sandbox)", http.StatusInternalServerError)
		case draw.loseAnswer && req.Method != http.MethodGet && req.Method != http.MethodHead:
			next.ServeHTTP(newRecorder(), req)
			panic(http.ErrAbortHandler)
		case draw.cutOff:
			cutOff(w, req, next)
		default:
			next.ServeHTTP(w, req)
		}
	})
}

// wait reports whether the client was still there after d.
func wait(ctx context.Context, d time.Duration) bool {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return true
	case <-ctx.Done():
		return false
	}
}

// cutOff answers with the head and the first half of the body, then ends the
// connection.
func cutOff(w http.ResponseWriter, req *http.Request, next http.Handler) {
	rec := newRecorder()
	next.ServeHTTP(rec, req)
	for name, values := range rec.header {
		w.Header()[name] = values
	}
	w.Header().Set("Content-Length", strconv.Itoa(max(rec.body.Len(), 1)))
	w.WriteHeader(rec.status)
	// A failed write is what a cut-off answer is.
	_, _ = w.Write(rec.body.Bytes()[:rec.body.Len()/2])
	_ = http.NewResponseController(w).Flush()
	panic(http.ErrAbortHandler)
}

// recorder is an answer kept in memory.
type recorder struct {
	header http.Header
	status int
	body   bytes.Buffer
}

func newRecorder() *recorder { return &recorder{header: http.Header{}, status: http.StatusOK} }

func (r *recorder) Header() http.Header         { return r.header }
func (r *recorder) WriteHeader(status int)      { r.status = status }
func (r *recorder) Write(b []byte) (int, error) { return r.body.Write(b) }

// WrapIntake puts the faults of orders between a partner's door and the
// ledger. An unknown partner's intake is returned as it is.
func (r *Registry) WrapIntake(name string, next partner.Intake) partner.Intake {
	d, ok := r.doors[name]
	if !ok {
		return next
	}
	return &intake{door: d, next: next}
}

type intake struct {
	door *door
	next partner.Intake
}

// Append refuses or throws away the chosen orders. Thrown away ones get a
// receipt that no ledger wrote.
func (i *intake) Append(ctx context.Context, shop string, entries []order.Entry) ([]order.Receipt, error) {
	i.door.mu.Lock()
	f := i.door.faults
	i.door.mu.Unlock()
	kept := make([]order.Entry, 0, len(entries))
	var thrown []int
	for n, e := range entries {
		switch {
		case f.refuses(e.Subject.ID) || named(&e, f.RefuseIDs):
			return nil, &order.Invalid{Faults: []order.Fault{{
				Path: fmt.Sprintf("orders[%d]", n), Code: order.Malformed, Reason: "refused (a fault of the sandbox)",
			}}}
		case f.throwsAway(e.Subject.ID) || named(&e, f.ThrowAwayID):
			thrown = append(thrown, n)
		default:
			kept = append(kept, e)
		}
	}
	if len(thrown) == 0 {
		return i.next.Append(ctx, shop, entries)
	}
	receipts, err := i.appendKept(ctx, shop, kept)
	if err != nil {
		return nil, err
	}
	for _, n := range thrown {
		fake := order.Receipt{Subject: entries[n].Subject, Kind: order.KindPlaced}
		receipts = append(receipts[:n], append([]order.Receipt{fake}, receipts[n:]...)...)
	}
	return receipts, nil
}

// named reports whether another number of an order is one of ids: some doors
// number orders by themselves.
func named(e *order.Entry, ids []string) bool {
	return e.Statement != nil && slices.ContainsFunc(e.Statement.Order.References, func(r order.Reference) bool {
		return slices.Contains(ids, r.Value)
	})
}

func (i *intake) appendKept(ctx context.Context, shop string, kept []order.Entry) ([]order.Receipt, error) {
	if len(kept) == 0 {
		return nil, nil
	}
	return i.next.Append(ctx, shop, kept)
}
