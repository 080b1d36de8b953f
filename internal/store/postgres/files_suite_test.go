package postgres_test

import (
	"testing"

	"github.com/ordermux/ordermux/internal/store"
	"github.com/ordermux/ordermux/internal/store/postgres"
	"github.com/ordermux/ordermux/internal/store/postgres/pgtest"
	"github.com/ordermux/ordermux/internal/store/storetest"
)

func TestFilesSuite(t *testing.T) {
	t.Parallel()
	storetest.RunFiles(t, func(t *testing.T) store.Files {
		s, err := postgres.Open(t.Context(), pgtest.Filled(t), postgres.Options{})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() {
			if err := s.Close(); err != nil {
				t.Error(err)
			}
		})
		return s.Files()
	})
}
