package bench

import (
	"net/http"
	"strings"
	"testing"
	"time"
)

// TestReceiver posts with the standard client, as routes do.
func TestReceiver(t *testing.T) {
	t.Parallel()
	r, err := newReceiver(false, 0)
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan error, 1)
	go func() { done <- r.serve() }()
	placed := time.Now().Add(-time.Minute).UTC().Format(time.RFC3339Nano)
	post := func(body string) {
		t.Helper()
		a, err := http.Post("http://"+r.listener.Addr().String()+"/in", "application/json", strings.NewReader(body))
		if err != nil || a.StatusCode != 200 {
			t.Fatalf("%v %v", a, err)
		}
		a.Body.Close()
	}
	// The subject and the order name the same id: one order.
	post(`{"subject":{"id":"bench-0000000001"},"order":{"id":"bench-0000000001","placed_at":"` + placed + `"}}`)
	post(`[{"id":"bench-0000000002"},{"id":"bench-0000000003"}]`)
	post(`{"id":"bench-0000000002"}`)
	post(`{"id":"other"}`)
	got := r.tell(true)
	if got.Orders != 3 || got.Repeats != 1 || got.Requests != 4 || got.Strange != 1 {
		t.Errorf("received %+v", got)
	}
	if got.Lag.Count != 1 || got.Lag.P50 < 60_000 {
		t.Errorf("lag %+v", got.Lag)
	}
	if after := r.tell(false); after.Lag.Count != 0 || after.Orders != 3 {
		t.Errorf("after a reset %+v", after)
	}
	r.listener.Close()
	if err := <-done; err != nil {
		t.Error(err)
	}
}
