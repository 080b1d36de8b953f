package app_test

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	"github.com/ordermux/ordermux/internal/app"
	"github.com/ordermux/ordermux/internal/outbound"
	"github.com/ordermux/ordermux/internal/partner"
	"github.com/ordermux/ordermux/internal/partner/all"
)

func newServer(t *testing.T, h http.HandlerFunc) string {
	t.Helper()
	srv := httptest.NewServer(h)
	t.Cleanup(srv.Close)
	return srv.URL
}

func readAll(t *testing.T, r *http.Request) string {
	t.Helper()
	b, err := io.ReadAll(r.Body)
	if err != nil {
		t.Error(err)
	}
	return string(b)
}

func TestSurface(t *testing.T) { eachStore(t, testSurface) }

func testSurface(t *testing.T, at newPlace) {
	sandbox := startSandbox(t)
	h := startHub(t, at(t), shop(adsRoute(sandbox.URL())))
	h.give(oneOrder("o-1", "3.00"))
	h.settled()
	f := func(path string, wantStatus int, want ...string) {
		t.Helper()
		status, body := send(t, "GET", h.URL()+path, "", "")
		if status != wantStatus {
			t.Errorf("%s: %d", path, status)
		}
		for _, w := range want {
			if !strings.Contains(body, w) {
				t.Errorf("%s: %q is missing in\n%s", path, w, body)
			}
		}
	}
	f("/", 200, "<h1>Sign in</h1>", "Nobody can sign in yet")
	f("/healthz", 200, "ok")
	f("/readyz", 200, "ready")
	f("/nothing", 404)
	f("/webhook/v1", 404) // a partner without a door
	f("/in/nordlys/ads/", 404)
	f("/in/nordlys", 404)
	f("/files/nordlys/ads/orders.tsv", 401)
	f("/api/v1/shops", 401, "Authorization")
	f("/api/openapi.json", 200, "openapi")
	f("/citrusad/v1/orders/o-1", 401)
	f("/metrics", 200,
		`ordermux_events_total{partner="citrusad",result="new",shop="nordlys"} 1`,
		`ordermux_deliveries_total{partner="citrusad",route="ads",shop="nordlys",state="delivered"} 1`,
		`ordermux_deliveries{partner="citrusad",route="ads",shop="nordlys",state="delivered"} 1`,
		`ordermux_route_lag_seconds{partner="citrusad",route="ads",shop="nordlys"} 0`,
		`ordermux_route_state{partner="citrusad",route="ads",shop="nordlys",state="flowing"} 1`,
		`ordermux_call_duration_seconds_count{kind="deliver",partner="citrusad",route="ads",shop="nordlys"} 1`,
		`ordermux_request_duration_seconds_count{door="citrusad",status="2xx"} 1`)
}

// TestPathsReachDoorsAsTheyCame checks that nobody tidies up before a door.
func TestPathsReachDoorsAsTheyCame(t *testing.T) { eachStore(t, testPathsReachDoorsAsTheyCame) }

func testPathsReachDoorsAsTheyCame(t *testing.T, at newPlace) {
	h := startHub(t, at(t), shop(""))
	h.give(oneOrder("a/b c", "3.00"))
	for _, path := range []string{"/citrusad/v1/orders/a%2Fb%20c", "/citrusad//v1/v1/orders/a%2Fb%20c", "/citrusad/orders/a%2Fb%20c"} {
		if status, body := send(t, "GET", h.URL()+path, "Basic sk-12345", ""); status != 200 || !strings.Contains(body, `"id":"a/b c"`) {
			t.Errorf("%s: %d %s", path, status, body)
		}
	}
}

func TestDoorAtAnAddressOfItsOwn(t *testing.T) { eachStore(t, testDoorAtAnAddressOfItsOwn) }

func testDoorAtAnAddressOfItsOwn(t *testing.T, at newPlace) {
	h := startHub(t, at(t), shop("")+"doors: {citrusad: {listen: \"127.0.0.1:0\"}}\n")
	h.give(oneOrder("o-1", "3.00"))
	url := "http://" + h.DoorAddr("citrusad").String()
	if status, body := send(t, "GET", url+"/v1/orders/o-1", "Basic sk-12345", ""); status != 200 {
		t.Error(status, body)
	}
	for _, path := range []string{"/api/v1/shops", "/metrics", "/citrusad/v1/orders/o-1"} {
		if status, _ := send(t, "GET", url+path, "Basic sk-12345", ""); status != 404 {
			t.Errorf("%s is open there: %d", path, status)
		}
	}
}

// TestPanicsAreAnswered puts a door into the hub that panics.
func TestPanicsAreAnswered(t *testing.T) { eachStore(t, testPanicsAreAnswered) }

func testPanicsAreAnswered(t *testing.T, at newPlace) {
	broken := partner.Partner{Name: "broken", Door: func(partner.Deps) (partner.Side, error) {
		return partner.Side{Handler: http.HandlerFunc(func(http.ResponseWriter, *http.Request) { panic("a fault of ours") })}, nil
	}}
	h := startHub(t, at(t), shop(""), func(o *app.Options) { o.Partners = append(all.List(), broken) })
	if status, body := send(t, "GET", h.URL()+"/broken/x", "", ""); status != 500 || strings.Contains(body, "fault") {
		t.Error(status, body)
	}
	if !strings.Contains(h.logs.String(), "a fault of ours") {
		t.Error("the panic is not in the log")
	}
	h.give(oneOrder("o-1", "3.00"))
}

// TestRequestIDsAndTraces follows a trace from the request to the delivery.
func TestRequestIDsAndTraces(t *testing.T) { eachStore(t, testRequestIDsAndTraces) }

func testRequestIDsAndTraces(t *testing.T, at newPlace) {
	var mu sync.Mutex
	seen := http.Header{}
	url := newServer(t, func(w http.ResponseWriter, r *http.Request) {
		mu.Lock()
		defer mu.Unlock()
		seen = r.Header.Clone()
	})
	h := startHub(t, at(t), shop(hookRoute(url)))
	post := func(id string, header http.Header) http.Header {
		req, _ := http.NewRequestWithContext(t.Context(), "POST", h.URL()+"/citrusad/v1/orders", strings.NewReader(oneOrder(id, "3.00")))
		req.Header = header
		req.Header.Set("Authorization", "Basic sk-12345")
		req.Header.Set("Content-Type", "application/json")
		resp, err := http.DefaultClient.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		resp.Body.Close()
		h.settled()
		return resp.Header
	}
	got := func(name string) string {
		mu.Lock()
		defer mu.Unlock()
		return seen.Get(name)
	}
	const trace = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
	if id := post("o-1", http.Header{"Traceparent": {trace}, "X-Request-Id": {"mine-1"}}).Get("X-Request-Id"); id != "mine-1" {
		t.Errorf("request id %q", id)
	}
	// A delivery that leaves before its order's call has returned carries none.
	more := 0
	eventually(t, "a delivery with the trace", func() bool {
		more++
		return got("Traceparent") == trace || post(fmt.Sprintf("o-1-%d", more), http.Header{"Traceparent": {trace}}) == nil
	})
	hub := got(outbound.HopHeader)
	if !strings.HasPrefix(hub, "hub-") {
		t.Errorf("hop %q", hub)
	}
	if id := post("o-2", http.Header{"Traceparent": {"00-x"}, "X-Request-Id": {"a\"b"}}).Get("X-Request-Id"); id == "" || strings.Contains(id, "\"") {
		t.Errorf("request id %q", id)
	}
	if got("Traceparent") != "" {
		t.Errorf("traceparent %q", got("Traceparent"))
	}
	// What came through another hub goes on with its name; what came through
	// this one is recorded and goes nowhere.
	post("o-3", http.Header{outbound.HopHeader: {"hub-other"}})
	if got(outbound.HopHeader) != "hub-other, "+hub {
		t.Errorf("hop %q", got(outbound.HopHeader))
	}
	post("o-4", http.Header{outbound.HopHeader: {"hub-other, " + hub}})
	state, err := h.api.Order(t.Context(), "nordlys", "o-4")
	if err != nil || len(state.Deliveries) != 0 || len(state.Events) != 1 {
		t.Errorf("%+v %v", state, err)
	}
}

// TestStopAnswersWhatIsInFlight stops a hub while a request is being answered.
func TestStopAnswersWhatIsInFlight(t *testing.T) { eachStore(t, testStopAnswersWhatIsInFlight) }

func testStopAnswersWhatIsInFlight(t *testing.T, at newPlace) {
	entered, leave := make(chan struct{}), make(chan struct{})
	slow := partner.Partner{Name: "slow", Door: func(partner.Deps) (partner.Side, error) {
		return partner.Side{Handler: http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			close(entered)
			<-leave
			io.WriteString(w, "done")
		})}, nil
	}}
	h := startHub(t, at(t), shop(""), func(o *app.Options) { o.Partners = append(all.List(), slow) })
	answered := make(chan string, 1)
	go func() {
		_, body, err := try(context.Background(), "GET", h.URL()+"/slow/", "", "")
		if err != nil {
			body = err.Error()
		}
		answered <- body
	}()
	<-entered
	stopped := make(chan error, 1)
	go func() { stopped <- h.stop() }()
	eventually(t, "no new connections", func() bool {
		_, _, err := try(t.Context(), "GET", h.URL()+"/healthz", "", "")
		return err != nil
	})
	close(leave)
	if body := <-answered; body != "done" {
		t.Errorf("the request in flight got %q", body)
	}
	if err := <-stopped; err != nil {
		t.Error(err)
	}
}

// TestDoubledSlashes: a base address that ends with a slash, and a path that
// begins with one, still find their door.
func TestDoubledSlashes(t *testing.T) {
	t.Parallel()
	h := startHub(t, inFolder(t), shop(""))
	if status, body := send(t, "GET", h.URL()+"//citrusad/v1/orders", "Basic sk-12345", ""); status != 200 {
		t.Errorf("status %d: %s", status, body)
	}
}
