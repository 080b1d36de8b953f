package sqlite_test

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/ordermux/ordermux/internal/store"
	"github.com/ordermux/ordermux/internal/store/sqlite"
)

// clock is a time that tests move.
type clock struct{ at time.Time }

func (c *clock) now() time.Time { return c.at }

// openState opens a store whose clock the test moves.
func openState(t *testing.T) (*sqlite.Store, *clock) {
	t.Helper()
	c := &clock{at: time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)}
	s, err := sqlite.Open(t.Context(), t.TempDir(), sqlite.Options{Now: c.now})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s, c
}

func TestState(t *testing.T) {
	t.Parallel()
	s, c := openState(t)
	ctx := t.Context()
	a, other := s.State("nordlys", "connection:ads"), s.State("nordlys", "connection:dh")
	get := func(want string, there bool) {
		t.Helper()
		v, ok, err := a.Get(ctx, "token")
		if err != nil || ok != there || string(v) != want {
			t.Errorf("got %q %v %v, want %q %v", v, ok, err, want, there)
		}
	}
	get("", false)
	if err := a.Put(ctx, "token", []byte("one"), 0); err != nil {
		t.Fatal(err)
	}
	if err := other.Put(ctx, "token", []byte("other"), 0); err != nil {
		t.Fatal(err)
	}
	get("one", true)
	if err := a.Put(ctx, "token", []byte("two"), time.Hour); err != nil {
		t.Fatal(err)
	}
	c.at = c.at.Add(time.Hour - time.Second)
	get("two", true)
	c.at = c.at.Add(time.Second)
	get("", false)
	if err := a.Put(ctx, "token", nil, 0); err != nil {
		t.Fatal(err)
	}
	get("", true)
	if err := a.Delete(ctx, "token"); err != nil {
		t.Fatal(err)
	}
	get("", false)
	if v, ok, _ := other.Get(ctx, "token"); !ok || string(v) != "other" {
		t.Error("another scope was touched")
	}
	if err := a.Put(ctx, "big", bytes.Repeat([]byte{1}, 1<<20+1), 0); err == nil {
		t.Error("a document was kept")
	}
}

func TestFetches(t *testing.T) {
	t.Parallel()
	s, c := openState(t)
	ctx := t.Context()
	if at, err := s.Fetched(ctx, "nordlys", "ads", "orders.tsv"); err != nil || !at.IsZero() {
		t.Fatal(at, err)
	}
	record := func(whole bool) time.Time {
		t.Helper()
		c.at = c.at.Add(time.Second)
		if err := s.RecordFetch(ctx, "nordlys", "ads", store.Fetch{Name: "orders.tsv", At: c.at, Bytes: 7, Whole: whole}); err != nil {
			t.Fatal(err)
		}
		return c.at
	}
	for range 205 {
		record(true)
	}
	whole := record(true)
	part := record(false)
	if at, err := s.Fetched(ctx, "nordlys", "ads", "orders.tsv"); err != nil || !at.Equal(whole) {
		t.Errorf("fetched %v %v, want %v", at, err, whole)
	}
	list, err := s.Fetches(ctx, "nordlys", "ads", 1000)
	if err != nil || len(list) != 200 {
		t.Fatalf("%d fetches are kept, %v", len(list), err)
	}
	if diff := cmp.Diff(store.Fetch{Name: "orders.tsv", At: part, Bytes: 7}, list[0]); diff != "" {
		t.Error(diff)
	}
}

func TestTokens(t *testing.T) {
	t.Parallel()
	s, c := openState(t)
	ctx := t.Context()
	token := func(text string) store.Token {
		return store.Token{Digest: sha256.Sum256([]byte(text)), Shop: "nordlys", Name: "erp", Scope: "submit", Issued: c.at}
	}
	find := func(text string, want bool) {
		t.Helper()
		got, ok, err := s.FindToken(ctx, sha256.Sum256([]byte(text)))
		if err != nil || ok != want || ok && (got.Shop != "nordlys" || got.Name != "erp" || got.Scope != "submit") {
			t.Errorf("%s: %+v %v %v", text, got, ok, err)
		}
	}
	born := c.at
	if err := s.CreateToken(ctx, token("one")); err != nil {
		t.Fatal(err)
	}
	if err := s.CreateToken(ctx, token("two")); !errors.Is(err, store.ErrTokenExists) {
		t.Errorf("a second one: %v", err)
	}
	find("one", true)
	find("two", false)
	c.at = c.at.Add(time.Hour)
	rotated := token("two")
	rotated.Scope = "" // the old one's is kept
	if ok, err := s.RotateToken(ctx, rotated, c.at.Add(time.Minute)); err != nil || !ok {
		t.Fatal(ok, err)
	}
	find("one", true)
	find("two", true)
	list, err := s.Tokens(ctx, "nordlys")
	if err != nil || len(list) != 2 || !list[1].Created.Equal(born) || !list[1].Issued.Equal(c.at) || !list[0].Expires.Equal(c.at.Add(time.Minute)) {
		t.Errorf("%+v %v", list, err)
	}
	c.at = c.at.Add(time.Minute)
	find("one", false)
	find("two", true)
	if ok, err := s.RevokeToken(ctx, "nordlys", "erp"); err != nil || !ok {
		t.Fatal(ok, err)
	}
	find("two", false)
	if ok, err := s.RevokeToken(ctx, "nordlys", "erp"); err != nil || ok {
		t.Error("revoked twice", ok, err)
	}
	if ok, err := s.RotateToken(ctx, token("three"), c.at); err != nil || ok {
		t.Error("rotated nothing", ok, err)
	}
	if err := s.CreateToken(ctx, token("four")); err != nil {
		t.Error("a revoked name can not be used again: ", err)
	}
}
