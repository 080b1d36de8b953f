package bench

import (
	"context"
	"fmt"
	"strings"

	"github.com/ordermux/ordermux/internal/store/postgres/meter"
)

// place is where hubs keep everything: the embedded store, or databases of a
// server.
type place struct {
	name      string            // "sqlite" or "postgres"
	server    *meter.Server     // nil: embedded
	addresses map[string]string // of the databases made so far, by name
}

// places returns what is measured, one after the other.
func (b *bench) openPlaces(ctx context.Context) error {
	b.places = []*place{{name: "sqlite"}}
	if b.Database == "" {
		return nil
	}
	server, err := meter.Open(ctx, b.Database)
	if err != nil {
		return err
	}
	b.places = append(b.places, &place{name: "postgres", server: server, addresses: map[string]string{}})
	return nil
}

// closePlaces removes the databases.
func (b *bench) closePlaces(ctx context.Context) error {
	for _, p := range b.places {
		if p.server != nil {
			return p.server.Close(ctx, b.Keep)
		}
	}
	return nil
}

func (p *place) embedded() bool { return p.server == nil }

// databaseOf is the name of the database of a store.
func databaseOf(store string) string { return "bench_" + strings.ReplaceAll(store, "-", "_") }

// address returns the address of the database of a store, which is made at its
// first use; "" where the store is embedded.
func (p *place) address(ctx context.Context, store string) (string, error) {
	if p.embedded() {
		return "", nil
	}
	if address, ok := p.addresses[store]; ok {
		return address, nil
	}
	address, err := p.server.Fresh(ctx, databaseOf(store))
	if err != nil {
		return "", err
	}
	p.addresses[store] = address
	return address, nil
}

// used returns what the server's processes have used so far: nothing where the
// store is embedded, or the server is on another machine.
func (p *place) used() (usage, error) {
	if p == nil || p.embedded() {
		return usage{}, nil
	}
	u, err := usageOfServer(p.server.Backend())
	if err != nil {
		return usage{}, fmt.Errorf("read what the database used: %w", err)
	}
	return usage{DatabaseCPU: u.CPU, DatabaseWritten: u.Written}, nil
}
