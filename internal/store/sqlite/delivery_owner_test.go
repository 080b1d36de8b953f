package sqlite

import (
	"errors"
	"testing"
	"time"

	"github.com/ordermux/ordermux/internal/delivery"
)

// TestOwnersEpoch checks what an owner's epoch fences: the engine's tests run
// several engines over one file.
func TestOwnersEpoch(t *testing.T) {
	t.Parallel()
	const shop = "nordlys"
	d := mustOpen(t, t.TempDir(), Options{}).Deliveries()
	open := func(epoch int64, names ...string) ([]delivery.RouteRow, error) {
		var rows []delivery.RouteRow
		for _, name := range names {
			rows = append(rows, delivery.RouteRow{Shop: shop, Route: name, Partner: "webhook"})
		}
		return d.OpenRoutes(t.Context(), shop, epoch, rows)
	}
	first, err := open(3, "ads", "hook")
	if err != nil || len(first) != 2 || first[0].Epoch != 3 || first[1].Epoch != 3 || !first[0].Idle || !first[1].Idle {
		t.Fatalf("opened: %+v %v", first, err)
	}
	now := time.Now()
	row := delivery.Delivery{
		Shop: shop, Route: "hook", Order: 1, Seq: 1, State: delivery.Sending, Attempt: 1, Due: now, Planned: now, Base: now,
	}
	sent := &delivery.Bundle{Route: first[1], Changes: []delivery.Change{{Row: row}}, Now: now}
	if err := d.Commit(t.Context(), sent); err != nil {
		t.Fatal(err)
	}
	if err := d.SaveNote(t.Context(), shop, "hook", 3, row.Key(), []byte("step 1")); err != nil {
		t.Error(err)
	}
	// The next owner names one route, and fences all.
	second, err := open(5, "ads")
	if err != nil || len(second) != 2 || second[1].Epoch != 5 || second[1].Idle || !second[0].Idle {
		t.Fatalf("opened again: %+v %v", second, err)
	}
	if err := d.Commit(t.Context(), &delivery.Bundle{Route: first[1], Now: now}); !errors.Is(err, delivery.ErrLost) {
		t.Errorf("an old owner commits: %v", err)
	}
	if err := d.SaveNote(t.Context(), shop, "hook", 3, row.Key(), nil); !errors.Is(err, delivery.ErrLost) {
		t.Errorf("an old owner keeps a note: %v", err)
	}
	if _, err := open(4, "ads"); !errors.Is(err, delivery.ErrLost) {
		t.Errorf("an old owner opens: %v", err)
	}
	if again, err := open(5, "ads", "hook"); err != nil || again[1].Epoch != 5 {
		t.Errorf("the owner opens once more: %+v %v", again, err)
	}
	// Settled, nothing is left to look after.
	row.State, row.Due, row.Settled = delivery.Delivered, time.Time{}, now
	settled := &delivery.Bundle{Route: second[1], Changes: []delivery.Change{{Row: row, From: delivery.Sending}}, Now: now}
	if err := d.Commit(t.Context(), settled); err != nil {
		t.Fatal(err)
	}
	if last, err := open(6); err != nil || !last[1].Idle {
		t.Errorf("opened at last: %+v %v", last, err)
	}
}
