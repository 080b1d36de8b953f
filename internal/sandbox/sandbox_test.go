package sandbox_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/ordermux/ordermux/internal/order"
	"github.com/ordermux/ordermux/internal/sandbox"
)

// setup returns a registry with one partner "shopper" and a server whose
// handler counts what it handled and answers "0123456789".
func setup(t *testing.T, f sandbox.Faults) (url string, handled func() int) {
	t.Helper()
	r := sandbox.New("shopper")
	if err := r.Set("shopper", f); err != nil {
		t.Fatal(err)
	}
	count := make(chan int, 1)
	count <- 0
	srv := httptest.NewServer(r.Wrap("shopper", http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		count <- <-count + 1
		w.Header().Set("X-Kept", "yes")
		w.WriteHeader(http.StatusCreated)
		io.WriteString(w, "0123456789")
	})))
	t.Cleanup(srv.Close)
	return srv.URL, func() int { n := <-count; count <- n; return n }
}

func post(url string) (int, string, http.Header, error) {
	resp, err := http.Post(url, "text/plain", strings.NewReader("order"))
	if err != nil {
		return 0, "", nil, err
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	return resp.StatusCode, string(b), resp.Header, err
}

func TestWrapWithoutFaults(t *testing.T) {
	t.Parallel()
	url, _ := setup(t, sandbox.Faults{})
	status, body, header, err := post(url)
	if err != nil || status != 201 || body != "0123456789" || header.Get("X-Kept") != "yes" {
		t.Fatalf("got %d %q %v", status, body, err)
	}
}

func TestWrapRefusesBeforeHandling(t *testing.T) {
	t.Parallel()
	for status, f := range map[int]sandbox.Faults{
		429: {TooMany: 1, RetryAfter: sandbox.Duration(1500 * time.Millisecond)},
		500: {Broken: 1},
	} {
		url, handled := setup(t, f)
		got, _, header, err := post(url)
		if err != nil || got != status || handled() != 0 {
			t.Errorf("want %d and nothing handled, got %d, %d handled, %v", status, got, handled(), err)
		}
		if status == 429 && header.Get("Retry-After") != "2" {
			t.Errorf("Retry-After %q", header.Get("Retry-After"))
		}
	}
}

func TestWrapLosesAnswerAfterStoring(t *testing.T) {
	t.Parallel()
	url, handled := setup(t, sandbox.Faults{LoseAnswer: 1})
	if status, _, _, err := post(url); err == nil {
		t.Fatalf("got an answer %d", status)
	}
	if handled() == 0 {
		t.Fatal("nothing was stored")
	}
	resp, err := http.Get(url)
	if err != nil {
		t.Fatalf("a read lost its answer: %v", err)
	}
	resp.Body.Close()
}

func TestWrapCutsOff(t *testing.T) {
	t.Parallel()
	url, handled := setup(t, sandbox.Faults{CutOff: 1})
	status, body, _, err := post(url)
	if status != 201 || body != "01234" || err == nil || handled() != 1 {
		t.Fatalf("got %d %q %v", status, body, err)
	}
}

func TestWrapSlowGivesUpWithTheClient(t *testing.T) {
	t.Parallel()
	r := sandbox.New("shopper")
	if err := r.Set("shopper", sandbox.Faults{Slow: 1, SlowFor: sandbox.Duration(time.Hour)}); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	h := r.Wrap("shopper", http.HandlerFunc(func(http.ResponseWriter, *http.Request) { t.Error("handled") }))
	h.ServeHTTP(httptest.NewRecorder(), httptest.NewRequestWithContext(ctx, "POST", "/", nil))
}

func TestSharesComeFromTheSeed(t *testing.T) {
	t.Parallel()
	draw := func() string {
		url, _ := setup(t, sandbox.Faults{Seed: 7, Broken: 0.5})
		var got strings.Builder
		for range 40 {
			status, _, _, err := post(url)
			if err != nil {
				t.Fatal(err)
			}
			got.WriteByte("25"[status/500])
		}
		return got.String()
	}
	first := draw()
	if second := draw(); first != second {
		t.Errorf("same seed, other faults:\n%s\n%s", first, second)
	}
	if n := strings.Count(first, "5"); n < 8 || n > 32 {
		t.Errorf("%d of 40 failed at a share of 0.5", n)
	}
}

// store is an intake that keeps order ids.
type store struct{ ids []string }

func (s *store) Append(_ context.Context, _ string, entries []order.Entry) ([]order.Receipt, error) {
	out := make([]order.Receipt, 0, len(entries))
	for _, e := range entries {
		s.ids = append(s.ids, e.Subject.ID)
		out = append(out, order.Receipt{Subject: e.Subject, Seq: int64(len(s.ids))})
	}
	return out, nil
}

func entries(ids ...string) []order.Entry {
	var out []order.Entry
	for _, id := range ids {
		out = append(out, order.Entry{Subject: order.Subject{Kind: order.SubjectOrder, ID: id}})
	}
	return out
}

func TestWrapIntakeThrowsAway(t *testing.T) {
	t.Parallel()
	r, s := sandbox.New("shopper"), &store{}
	if err := r.Set("shopper", sandbox.Faults{ThrowAwayID: []string{"b", "d"}}); err != nil {
		t.Fatal(err)
	}
	receipts, err := r.WrapIntake("shopper", s).Append(t.Context(), "shop", entries("a", "b", "c", "d"))
	if err != nil {
		t.Fatal(err)
	}
	var subjects []string
	for _, r := range receipts {
		subjects = append(subjects, r.Subject.ID)
	}
	if diff := cmp.Diff([]string{"a", "b", "c", "d"}, subjects); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff([]string{"a", "c"}, s.ids); diff != "" {
		t.Error(diff)
	}
}

// TestByAnotherNumber chooses orders by the numbers that others know them by,
// where a door gives them ids of its own. Shares count by the id alone.
func TestByAnotherNumber(t *testing.T) {
	t.Parallel()
	r, s := sandbox.New("shopper"), &store{}
	if err := r.Set("shopper", sandbox.Faults{ThrowAwayID: []string{"WWW-2"}}); err != nil {
		t.Fatal(err)
	}
	list := entries("a-1", "a-2", "a-3")
	for i := range list {
		list[i].Statement = &order.Statement{Order: order.Order{References: []order.Reference{{Kind: "external_order_id", Value: fmt.Sprint("WWW-", i+1)}}}}
	}
	if _, err := r.WrapIntake("shopper", s).Append(t.Context(), "shop", list); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"a-1", "a-3"}, s.ids); diff != "" {
		t.Error(diff)
	}
	if err := r.Set("shopper", sandbox.Faults{RefuseIDs: []string{"WWW-3"}}); err != nil {
		t.Fatal(err)
	}
	if _, err := r.WrapIntake("shopper", s).Append(t.Context(), "shop", list); err == nil {
		t.Error("an order that was to be refused by its number was taken")
	}
}

func TestWrapIntakeRefusesTheSameOrders(t *testing.T) {
	t.Parallel()
	r, s := sandbox.New("shopper"), &store{}
	if err := r.Set("shopper", sandbox.Faults{Seed: 3, Refuse: 0.3}); err != nil {
		t.Fatal(err)
	}
	in, refused := r.WrapIntake("shopper", s), 0
	for n := range 200 {
		id := fmt.Sprintf("o-%d", n)
		_, first := in.Append(t.Context(), "shop", entries(id))
		_, second := in.Append(t.Context(), "shop", entries(id))
		if (first == nil) != (second == nil) {
			t.Fatalf("order %s: %v, then %v", id, first, second)
		}
		var invalid *order.Invalid
		if errors.As(first, &invalid) {
			refused++
		}
	}
	if refused < 30 || refused > 90 {
		t.Errorf("%d of 200 refused at a share of 0.3", refused)
	}
}

func TestParse(t *testing.T) {
	t.Parallel()
	good, err := sandbox.Parse([]byte(`{"seed":4,"share_429":0.1,"share_slow":1,"slow_for":"5s","throw_away":["x"]}`))
	want := sandbox.Faults{Seed: 4, TooMany: 0.1, Slow: 1, SlowFor: sandbox.Duration(5 * time.Second), ThrowAwayID: []string{"x"}}
	if diff := cmp.Diff(want, good); diff != "" || err != nil {
		t.Fatal(diff, err)
	}
	for _, bad := range []string{
		``, `[]`, `{"share_429":2}`, `{"share_429":-0.1}`, `{"share_429":"a lot"}`, `{"share_of_luck":1}`,
		`{"share_slow":1}`, `{"slow_for":"soon"}`, `{"slow_for":"-5s"}`, `{} {}`,
	} {
		var invalid *order.Invalid
		if _, err := sandbox.Parse([]byte(bad)); !errors.As(err, &invalid) {
			t.Errorf("%s: %v", bad, err)
		}
	}
}

func TestUnknownPartner(t *testing.T) {
	t.Parallel()
	r := sandbox.New("shopper")
	if err := r.Set("nobody", sandbox.Faults{}); !errors.Is(err, order.ErrNotFound) {
		t.Error(err)
	}
	if _, ok := r.Get("nobody"); ok {
		t.Error("known")
	}
	s := &store{}
	if r.WrapIntake("nobody", s) != s {
		t.Error("wrapped")
	}
}
