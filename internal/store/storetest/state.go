package storetest

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/ordermux/ordermux/internal/store"
)

// OpenStore opens a new store for RunState, with a clock that the test moves.
type OpenStore func(t testing.TB, now func() time.Time) store.Store

// RunState holds a store to what doors, routes and our API rely on beside
// ledger and deliveries: the small state, tokens, fetches.
func RunState(t *testing.T, open OpenStore) {
	cases := map[string]func(*drawer){
		"state":               testState,
		"any key":             testStateKeys,
		"list by prefix":      testStateList,
		"expired and swept":   testStateSwept,
		"once":                testOnce,
		"change":              testChange,
		"change at a time":    testChangeRace,
		"change with order":   testChanging,
		"fetches":             testFetches,
		"tokens":              testTokens,
		"one token of a name": testTokenRace,
	}
	for name, f := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d := &drawer{T: t, clock: newClock()}
			d.store = open(t, d.clock.now)
			t.Cleanup(func() {
				if err := d.store.Close(); err != nil {
					t.Error(err)
				}
			})
			f(d)
		})
	}
}

// drawer is one test's store.
type drawer struct {
	*testing.T
	clock *clock
	store store.Store
}

func (d *drawer) put(scope, key, value string, ttl time.Duration) {
	d.Helper()
	if err := d.store.State(shop, scope).Put(d.Context(), key, []byte(value), ttl); err != nil {
		d.Fatal(err)
	}
}

// holds checks what stands under a key; want "-": nothing.
func (d *drawer) holds(scope, key, want string) {
	d.Helper()
	v, ok, err := d.store.State(shop, scope).Get(d.Context(), key)
	if err != nil || ok != (want != "-") || ok && string(v) != want {
		d.Errorf("%s %.20q: %q %v %v, want %q", scope, key, v, ok, err, want)
	}
}

func testState(d *drawer) {
	const ads, other = "connection:ads", "connection:dh"
	d.holds(ads, "token", "-")
	d.put(ads, "token", "one", 0)
	d.put(other, "token", "other", 0)
	d.holds(ads, "token", "one")
	d.put(ads, "token", "two", time.Hour)
	d.clock.move(time.Hour - time.Second)
	d.holds(ads, "token", "two")
	d.clock.move(time.Second)
	d.holds(ads, "token", "-")
	if err := d.store.State(shop, ads).Put(d.Context(), "token", nil, 0); err != nil {
		d.Fatal(err)
	}
	d.holds(ads, "token", "")
	if err := d.store.State(shop, ads).Delete(d.Context(), "token"); err != nil {
		d.Fatal(err)
	}
	d.holds(ads, "token", "-")
	d.holds(other, "token", "other")
	if v, ok, err := d.store.State("aurora", other).Get(d.Context(), "token"); err != nil || ok {
		d.Errorf("another shop's: %q %v", v, err)
	}
	if err := d.store.State(shop, ads).Put(d.Context(), "big", bytes.Repeat([]byte{1}, 1<<20+1), 0); err == nil {
		d.Error("a document was kept")
	}
}

// A prefix finds its keys in the sequence of their bytes, page by page.
func testStateList(d *drawer) {
	for _, key := range []string{"b/2", "b/1", "b/10", "a", "b", "b0", "c/1"} {
		d.put("door", key, "v"+key, 0)
	}
	d.put("door", "b/gone", "", time.Second)
	d.put("other", "b/3", "", 0)
	d.clock.move(time.Minute)
	f := func(prefix, after string, limit int, want ...string) {
		keys, values, err := d.store.State(shop, "door").List(d.Context(), prefix, after, limit)
		if err != nil || !slices.Equal(keys, want) || len(values) != len(keys) {
			d.Fatalf("list %q after %q: %q %v, want %q", prefix, after, keys, err, want)
		}
		for i, key := range keys {
			if string(values[i]) != "v"+key {
				d.Errorf("list: %s is %q", key, values[i])
			}
		}
	}
	f("b/", "", 10, "b/1", "b/10", "b/2")
	f("b/", "", 2, "b/1", "b/10")
	f("b/", "b/10", 10, "b/2")
	f("", "b", 10, "b/1", "b/10", "b/2", "b0", "c/1")
	f("z", "", 10)
}

// Keys may be what a stranger sent.
func testStateKeys(d *drawer) {
	long := strings.Repeat("long", 1000)
	keys := []string{"", " ", "ключ", "a\x00b", "\xff\xfe", long + "1", long + "2", `'"%_\`}
	for i, key := range keys {
		d.put("door", key, fmt.Sprint(i), 0)
	}
	for i, key := range keys {
		d.holds("door", key, fmt.Sprint(i))
	}
	for _, key := range keys {
		if err := d.store.State(shop, "door").Delete(d.Context(), key); err != nil {
			d.Error(err)
		}
		d.holds("door", key, "-")
	}
}

func testStateSwept(d *drawer) {
	for i := range 20 {
		d.put("door", fmt.Sprint(i), "short", time.Minute)
	}
	d.put("door", "for ever", "kept", 0)
	d.clock.move(time.Minute)
	d.put("door", "new", "kept", time.Hour) // removes the others
	d.put("door", "3", "again", time.Hour)
	d.clock.move(-time.Minute)
	d.holds("door", "2", "-")
	d.holds("door", "3", "again")
	d.holds("door", "for ever", "kept")
	d.holds("door", "new", "kept")
}

// Of several callers all get the first one's value.
func testOnce(d *drawer) {
	var wg sync.WaitGroup
	got := make([]string, 8)
	for i := range got {
		wg.Go(func() {
			kept, err := d.store.Once(d.Context(), "_hub", "keys", "master", fmt.Append(nil, "made by ", i))
			if err != nil {
				d.Error(err)
			}
			got[i] = string(kept)
		})
	}
	wg.Wait()
	for _, v := range got {
		if v != got[0] || !strings.HasPrefix(v, "made by ") {
			d.Errorf("kept: %q", got)
			break
		}
	}
	if kept, err := d.store.Once(d.Context(), "_hub", "keys", "other", []byte("x")); err != nil || string(kept) != "x" {
		d.Errorf("another key: %q %v", kept, err)
	}
}

func testFetches(d *drawer) {
	if at, err := d.store.Fetched(d.Context(), shop, "ads", "orders.tsv"); err != nil || !at.IsZero() {
		d.Fatal(at, err)
	}
	record := func(whole bool) time.Time {
		d.Helper()
		d.clock.move(time.Second)
		at := d.clock.now()
		if err := d.store.RecordFetch(d.Context(), shop, "ads", store.Fetch{Name: "orders.tsv", At: at, Bytes: 7, Whole: whole}); err != nil {
			d.Fatal(err)
		}
		return at
	}
	for range 205 {
		record(true)
	}
	whole := record(true)
	part := record(false)
	if at, err := d.store.Fetched(d.Context(), shop, "ads", "orders.tsv"); err != nil || !at.Equal(whole) {
		d.Errorf("fetched %v %v, want %v", at, err, whole)
	}
	list, err := d.store.Fetches(d.Context(), shop, "ads", 1000)
	if err != nil || len(list) != 200 {
		d.Fatalf("%d fetches are kept, %v", len(list), err)
	}
	if diff := cmp.Diff(store.Fetch{Name: "orders.tsv", At: part, Bytes: 7}, list[0]); diff != "" {
		d.Error(diff)
	}
	if list, err := d.store.Fetches(d.Context(), shop, "ads", 3); err != nil || len(list) != 3 {
		d.Errorf("%d fetches, %v", len(list), err)
	}
}

// token is a token of the shop by its text.
func (d *drawer) token(text string) store.Token {
	return store.Token{Digest: sha256.Sum256([]byte(text)), Shop: shop, Name: "erp", Scope: "submit", Issued: d.clock.now()}
}

func (d *drawer) finds(text string, want bool) {
	d.Helper()
	got, ok, err := d.store.FindToken(d.Context(), sha256.Sum256([]byte(text)))
	if err != nil || ok != want || ok && (got.Shop != shop || got.Name != "erp" || got.Scope != "submit") {
		d.Errorf("%s: %+v %v %v", text, got, ok, err)
	}
}

func testTokens(d *drawer) {
	ctx := d.Context()
	born := d.clock.now()
	if err := d.store.CreateToken(ctx, d.token("one")); err != nil {
		d.Fatal(err)
	}
	if err := d.store.CreateToken(ctx, d.token("two")); !errors.Is(err, store.ErrTokenExists) {
		d.Errorf("a second one: %v", err)
	}
	d.finds("one", true)
	d.finds("two", false)
	d.clock.move(time.Hour)
	rotated := d.token("two")
	rotated.Scope = "" // the old one's is kept
	until := d.clock.now().Add(time.Minute)
	if ok, err := d.store.RotateToken(ctx, rotated, until); err != nil || !ok {
		d.Fatal(ok, err)
	}
	d.finds("one", true)
	d.finds("two", true)
	list, err := d.store.Tokens(ctx, shop)
	if err != nil || len(list) != 2 || !list[1].Created.Equal(born) || !list[1].Issued.Equal(d.clock.now()) || !list[0].Expires.Equal(until) {
		d.Errorf("%+v %v", list, err)
	}
	d.clock.move(time.Minute)
	d.finds("one", false)
	d.finds("two", true)
	if ok, err := d.store.RevokeToken(ctx, shop, "erp"); err != nil || !ok {
		d.Fatal(ok, err)
	}
	d.finds("two", false)
	if ok, err := d.store.RevokeToken(ctx, shop, "erp"); err != nil || ok {
		d.Error("revoked twice", ok, err)
	}
	if ok, err := d.store.RotateToken(ctx, d.token("three"), d.clock.now()); err != nil || ok {
		d.Error("rotated nothing", ok, err)
	}
	if err := d.store.CreateToken(ctx, d.token("four")); err != nil {
		d.Error("a revoked name can not be used again: ", err)
	}
}

// Of several that make a token of one name at a time, one does.
func testTokenRace(d *drawer) {
	var wg sync.WaitGroup
	errs := make([]error, 6)
	for i := range errs {
		wg.Go(func() { errs[i] = d.store.CreateToken(d.Context(), d.token(fmt.Sprint(i))) })
	}
	wg.Wait()
	made := 0
	for _, err := range errs {
		if err == nil {
			made++
		} else if !errors.Is(err, store.ErrTokenExists) {
			d.Error(err)
		}
	}
	if made != 1 {
		d.Errorf("%d were made", made)
	}
}
