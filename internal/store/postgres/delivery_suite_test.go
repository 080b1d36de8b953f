package postgres_test

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/ordermux/ordermux/internal/store/postgres"
	"github.com/ordermux/ordermux/internal/store/postgres/pgtest"
	"github.com/ordermux/ordermux/internal/store/storetest"
)

func TestDeliverySuite(t *testing.T) {
	t.Parallel()
	storetest.RunDelivery(t, openDelivery)
}

func openDelivery(t testing.TB, place string, now func() time.Time) storetest.DeliveryStore {
	s, err := postgres.Open(t.Context(), pgtest.At(t, place), postgres.Options{Now: now})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestSharedDeliverySuite(t *testing.T) {
	t.Parallel()
	storetest.RunSharedDelivery(t, storetest.SharedDelivery{Open: openDelivery, Own: own, Search: search})
}

// own gives a shop to another owner, as a node that takes it over does.
func own(t testing.TB, place, shop string) (epoch int64) {
	t.Helper()
	const take = `INSERT INTO owners AS o (shop, node, epoch) VALUES ($1, 'somebody', 1)
		ON CONFLICT (shop) DO UPDATE SET epoch = o.epoch + 1 RETURNING epoch`
	c := connect(t, place)
	if err := c.QueryRow(t.Context(), take, shop).Scan(&epoch); err != nil {
		t.Fatal(err)
	}
	return epoch
}

func connect(t testing.TB, place string) *pgx.Conn {
	t.Helper()
	c, err := pgx.Connect(t.Context(), pgtest.At(t, place))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close(context.Background()) })
	return c
}

// search looks through all rows of all tables, for the text and for its bytes.
func search(t testing.TB, place, text string) (found []string) {
	t.Helper()
	c := connect(t, place)
	rows, err := c.Query(t.Context(), "SELECT relname FROM pg_class WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace ORDER BY 1")
	if err != nil {
		t.Fatal(err)
	}
	tables, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil || len(tables) < 10 {
		t.Fatal(tables, err)
	}
	for _, table := range tables {
		query := "SELECT count(*) FROM " + table + " t WHERE strpos(t::text, $1) > 0 OR strpos(t::text, $2) > 0"
		var n int
		if err := c.QueryRow(t.Context(), query, text, fmt.Sprintf("%x", text)).Scan(&n); err != nil {
			t.Fatal(err)
		}
		if n > 0 {
			found = append(found, fmt.Sprintf("%s (%d rows)", table, n))
		}
	}
	return found
}
