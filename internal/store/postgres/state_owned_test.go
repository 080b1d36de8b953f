package postgres_test

import (
	"context"
	"errors"
	"testing"

	"github.com/ordermux/ordermux/internal/delivery"
	"github.com/ordermux/ordermux/internal/node"
	"github.com/ordermux/ordermux/internal/store/postgres"
	"github.com/ordermux/ordermux/internal/store/postgres/pgtest"
)

// TestStateOfAnOwner writes with the epoch that is in force, and with the one
// before it.
func TestStateOfAnOwner(t *testing.T) {
	t.Parallel()
	s, err := postgres.Open(t.Context(), pgtest.Filled(t), postgres.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	nodes := s.Nodes()
	defer nodes.Close()
	if err := nodes.AddShops(t.Context(), []string{"nordlys"}); err != nil {
		t.Fatal(err)
	}
	for epoch := range int64(2) {
		moved, err := nodes.Move(t.Context(), []node.Move{{Shop: "nordlys", To: "somebody", Epoch: epoch}})
		if err != nil || !moved[0] {
			t.Fatal(moved, err)
		}
	}
	with := func(epoch int64, owner bool) func(value string) error {
		state := s.StateOf("nordlys", "connection:ads", func(context.Context) (int64, bool) { return epoch, owner })
		return func(value string) error { return state.Put(t.Context(), "k", []byte(value), 0) }
	}
	for _, c := range []struct {
		put   func(string) error
		value string
		want  error
	}{
		{with(2, true), "owner", nil},
		{with(1, true), "before", delivery.ErrLost},
		{with(3, true), "never", delivery.ErrLost},
		{with(0, false), "anybody", nil},
	} {
		if err := c.put(c.value); !errors.Is(err, c.want) {
			t.Errorf("%s: %v", c.value, err)
		}
		got, _, err := s.State("nordlys", "connection:ads").Get(t.Context(), "k")
		if err != nil || (string(got) == c.value) != (c.want == nil) {
			t.Errorf("%s: %q %v", c.value, got, err)
		}
	}
	lost := s.StateOf("nordlys", "connection:ads", func(context.Context) (int64, bool) { return 1, true })
	if err := lost.Delete(t.Context(), "k"); !errors.Is(err, delivery.ErrLost) {
		t.Error(err)
	}
}
