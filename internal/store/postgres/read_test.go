package postgres_test

import (
	"errors"
	"testing"

	"github.com/ordermux/ordermux/internal/store/postgres"
	"github.com/ordermux/ordermux/internal/store/postgres/pgtest"
)

// TestOpenToRead makes nothing of an empty database, and opens one beside a hub
// that has it open.
func TestOpenToRead(t *testing.T) {
	t.Parallel()
	url := pgtest.Database(t)
	var older *postgres.Older
	if _, err := postgres.OpenToRead(t.Context(), url); !errors.As(err, &older) {
		t.Fatal(err)
	}
	if _, err := postgres.OpenToRead(t.Context(), url); !errors.As(err, &older) {
		t.Fatalf("the first look wrote: %v", err)
	}
	hub, err := postgres.Open(t.Context(), url, postgres.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer hub.Close()
	s, err := postgres.OpenToRead(t.Context(), url)
	if err != nil {
		t.Fatal(err)
	}
	if shops, err := s.Shops(t.Context()); err != nil || len(shops) != 0 {
		t.Error(shops, err)
	}
	if err := s.Close(); err != nil {
		t.Error(err)
	}
}
