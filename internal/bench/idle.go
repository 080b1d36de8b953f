package bench

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/ordermux/ordermux/internal/store/postgres/meter"
)

// idleRoutes is how many routes each shop of idle has.
const idleRoutes = 5

// idle measures a hub of very many shops that has nothing to do: what it takes
// to start, its memory, and what it asks of its database meanwhile.
func idle(ctx context.Context, b *bench) error {
	var routes strings.Builder
	for i := range idleRoutes {
		// Nothing is ever sent there.
		routes.WriteString(webhookRoute(fmt.Sprintf("hook%d", i), "127.0.0.1:9", 0))
	}
	config := hubConfig{shops: b.Shops, routes: routes.String()}
	// The second start finds the shops' rows, as every later one does.
	first, err := b.startHub(ctx, "idle", config)
	if err != nil {
		return err
	}
	made := first.first().started
	if err := first.Stop(); err != nil {
		return err
	}
	counted := !b.place.embedded() && b.place.server.Count(ctx, databaseOf("idle"))
	f, err := b.startHub(ctx, "idle", config)
	if err != nil {
		return err
	}
	defer f.Stop()
	u, counts, err := b.watchIdle(ctx, f)
	if err != nil {
		return err
	}
	r := Result{
		Scenario: "idle", Subject: fmt.Sprintf("%d shops, %d routes", b.Shops, b.Shops*idleRoutes),
		Seconds: b.Rest.Seconds(), RSS: u.RSS, Peak: u.Peak,
	}
	r.Note = fmt.Sprintf("ready after %.1f s the first time, %.1f s then; over %v: cpu %.2f s, rss %s (peak %s)",
		made.Seconds(), f.first().started.Seconds(), b.Rest, u.CPU.Seconds(), mega(float64(u.RSS)), mega(float64(u.Peak)))
	if !b.place.embedded() {
		r.Transactions = float64(counts.Transactions) / b.Rest.Seconds()
		r.Note += fmt.Sprintf("; database: cpu %.2f s, %.1f transactions/s", u.DatabaseCPU.Seconds(), r.Transactions)
	}
	if counted {
		r.Statements = float64(counts.Statements) / b.Rest.Seconds()
		r.Note += fmt.Sprintf(", %.1f statements/s (pg_stat_statements, BEGIN and COMMIT among them)", r.Statements)
	}
	b.report(r)
	return nil
}

// settling is how long a hub is left alone before it counts as idle.
const settling = 15 * time.Second

// watchIdle leaves the hub alone and returns what it and its database used.
func (b *bench) watchIdle(ctx context.Context, f *fleet) (u usage, counts meter.Counts, err error) {
	if !pause(ctx, min(settling, b.Rest)) {
		return u, counts, ctx.Err()
	}
	before, err := b.place.counts(ctx, "idle")
	if err != nil {
		return u, counts, err
	}
	if err := f.mark(); err != nil {
		return u, counts, err
	}
	if !pause(ctx, b.Rest) {
		return u, counts, ctx.Err()
	}
	if u, err = f.used(); err != nil {
		return u, counts, err
	}
	counts, err = b.place.counts(ctx, "idle")
	counts.Transactions -= before.Transactions
	counts.Statements -= before.Statements
	return u, counts, err
}

// counts reads what the database of a store counted; nothing where the store
// is embedded.
func (p *place) counts(ctx context.Context, store string) (meter.Counts, error) {
	if p.embedded() {
		return meter.Counts{}, nil
	}
	return p.server.Counts(ctx, databaseOf(store))
}
