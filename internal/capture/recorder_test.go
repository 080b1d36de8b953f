package capture

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/ordermux/ordermux/internal/outbound"
)

// memory is a State.
type memory struct {
	mu     sync.Mutex
	values map[string][]byte
	hold   chan struct{} // writes of calls wait for it
}

func (m *memory) Get(_ context.Context, key string) ([]byte, bool, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	v, ok := m.values[key]
	return v, ok, nil
}

func (m *memory) Put(_ context.Context, key string, value []byte, _ time.Duration) error {
	if m.hold != nil && strings.Contains(key, "/calls/") {
		<-m.hold
	}
	if len(value) > 1<<20 {
		return fmt.Errorf("%d bytes", len(value))
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	m.values[key] = value
	return nil
}

func (m *memory) Replace(ctx context.Context, key string, old, value []byte, ttl time.Duration) (bool, error) {
	m.mu.Lock()
	now, ok := m.values[key]
	m.mu.Unlock()
	if ok != (old != nil) || !bytes.Equal(now, old) {
		return false, nil
	}
	return true, m.Put(ctx, key, value, ttl)
}

func (m *memory) Delete(_ context.Context, key string) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	delete(m.values, key)
	return nil
}

func (m *memory) List(_ context.Context, prefix, after string, limit int) (keys []string, values [][]byte, err error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for k := range m.values {
		if strings.HasPrefix(k, prefix) && k > after {
			keys = append(keys, k)
		}
	}
	slices.Sort(keys)
	keys = keys[:min(limit, len(keys))]
	for _, k := range keys {
		values = append(values, m.values[k])
	}
	return keys, values, nil
}

type open struct{}

func (open) Seal(plain []byte, _ string) []byte           { return bytes.Clone(plain) }
func (open) Open(sealed []byte, _ string) ([]byte, error) { return sealed, nil }

func newRecorder(t *testing.T, change func(*Options)) *Recorder {
	t.Helper()
	list, calls := &memory{values: map[string][]byte{}}, &memory{values: map[string][]byte{}}
	o := Options{
		Node: "n1", List: list, State: func(string) State { return calls }, Seal: open{}, Now: time.Now, Log: slog.New(slog.NewTextHandler(t.Output(), nil)),
		Door: func(string) bool { return true }, Route: func(string, string) bool { return true },
	}
	if change != nil {
		change(&o)
	}
	r := New(o)
	ctx, stop := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() { defer close(done); r.Run(ctx) }()
	t.Cleanup(func() { stop(); <-done })
	return r
}

// TestAFullQueueDropsAndCounts lets the store stand still: every call is
// answered at once, and what could not be kept is counted.
func TestAFullQueueDropsAndCounts(t *testing.T) {
	t.Parallel()
	hold := make(chan struct{})
	calls := &memory{values: map[string][]byte{}, hold: hold}
	r := newRecorder(t, func(o *Options) {
		o.State, o.Queue = func(string) State { return calls }, 5
	})
	c, err := r.Start(t.Context(), "nordlys", "test", Spec{Door: "d", Seconds: 60})
	if err != nil {
		t.Fatal(err)
	}
	door := r.Door("d", func(_ *http.Request, h *Heard) { h.Grant(Login{Shop: "nordlys", Name: "default"}) }, http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		_, _ = io.Copy(io.Discard, req.Body)
		w.WriteHeader(http.StatusTeapot)
	}))
	const n = 50
	big := `{"a":"` + strings.Repeat("b, ", 100<<10) + `"}`
	for range n {
		w := httptest.NewRecorder()
		door.ServeHTTP(w, httptest.NewRequest("POST", "/v1/orders", strings.NewReader(big)))
		if w.Code != http.StatusTeapot {
			t.Fatal(w.Code)
		}
	}
	close(hold)
	if _, err := r.Stop(t.Context(), "nordlys", c.ID); err != nil {
		t.Fatal(err)
	}
	report, err := r.Report(t.Context(), "nordlys", c.ID)
	if err != nil {
		t.Fatal(err)
	}
	if report.Recorded+report.Dropped != n || report.Dropped == 0 || report.Recorded == 0 || report.Total.Faults != report.Recorded {
		t.Errorf("%d recorded, %d dropped", report.Recorded, report.Dropped)
	}
	err = r.calls(t.Context(), c, func(call *Call) error {
		if call.RequestSize != int64(len(big)) || len(call.Request) > KeepBody || len(call.Request) < KeepBody/2 {
			t.Errorf("%d of %d bytes", len(call.Request), call.RequestSize)
		}
		return nil
	})
	if err != nil {
		t.Error(err)
	}
}

// TestWhatBrokeOffIsRecorded lets a handler end the connection.
func TestWhatBrokeOffIsRecorded(t *testing.T) {
	t.Parallel()
	r := newRecorder(t, nil)
	c, err := r.Start(t.Context(), Hub, "test", Spec{Door: "d", Seconds: 60})
	if err != nil {
		t.Fatal(err)
	}
	door := r.Door("d", func(*http.Request, *Heard) {}, http.HandlerFunc(func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }))
	func() {
		defer func() {
			if recover() == nil {
				t.Error("the panic went no further")
			}
		}()
		door.ServeHTTP(httptest.NewRecorder(), httptest.NewRequest("GET", "/x", nil))
	}()
	report, err := r.Report(t.Context(), Hub, c.ID)
	if err != nil || report.Recorded != 1 || report.Total.Faults != 1 {
		t.Errorf("%+v %v", report, err)
	}
}

func TestReport(t *testing.T) {
	t.Parallel()
	all := &tally{}
	for i := range 100 {
		all.add(&Call{Nanos: int64(i+1) * 1e6, Status: 200 + 300*(i%2), RequestSize: 10, ResponseSize: int64(i)})
	}
	want := Row{Gate: "/a", Method: "GET", Calls: 100, Faults: 50, MinMS: 1, MeanMS: 50.5, P95MS: 95, MaxMS: 100, TotalMS: 5050, RequestBytes: 10, ResponseBytes: 49.5}
	if got := all.row("/a", "GET"); got != want {
		t.Errorf("%+v", got)
	}
	for url, gate := range map[string]string{
		"/v1/orders/10-22/lines?x=1": "/v1/orders/{id}/lines", "https://api.example/a/ada@x.example": "/a/{id}", "https://api.example": "/", "/v2.1/v": "/v2.1/v",
	} {
		if got := (&Call{URL: url}).pathKind(); got != gate {
			t.Errorf("%s: %s", url, got)
		}
	}
}

func TestPicture(t *testing.T) {
	t.Parallel()
	at := time.Date(2026, 5, 1, 10, 0, 0, 0, time.UTC)
	r := Report{Capture: Capture{Route: "a<b", Started: at, Until: at.Add(time.Hour)}}
	if err := wellFormed([]byte(r.Picture())); err != nil {
		t.Error(err)
	}
	for i := range 3 * mostPoints {
		r.points = append(r.points, point{at.Add(time.Duration(i) * time.Hour / (3 * mostPoints)), time.Duration(i), i%7 == 0})
	}
	got := r.Picture()
	if err := wellFormed([]byte(got)); err != nil {
		t.Error(err)
	}
	if n := strings.Count(got, "<circle"); n < 1000 || n > mostPoints+2 || !strings.Contains(got, "#dc2626") {
		t.Errorf("%d points", n)
	}
	for _, most := range []int{100, 4, 0} {
		r.Points = nil
		r.Draw(most)
		if n := len(r.Points); n < 2 || n > max(most, 4) || !slices.ContainsFunc(r.Points, func(p Point) bool { return p.Fault }) {
			t.Errorf("%d points of %d", n, most)
		}
	}
	few := Report{points: []point{{at, time.Millisecond, true}}}
	few.Draw(10)
	if len(few.Points) != 1 || few.Points[0] != (Point{At: at, MS: 1, Fault: true}) {
		t.Errorf("%+v", few.Points)
	}
}

// BenchmarkIdleDoor is what a door costs that nobody listens to.
func BenchmarkIdleDoor(b *testing.B) {
	r := New(Options{})
	door := r.Door("d", nil, http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
	req := httptest.NewRequest("GET", "/", nil)
	b.ReportAllocs()
	for b.Loop() {
		door.ServeHTTP(nil, req)
	}
}

// TestARouteHearsBothWays records what a route calls, what it does without
// HTTP, and what its partner sends to it.
func TestARouteHearsBothWays(t *testing.T) {
	t.Parallel()
	r := newRecorder(t, nil)
	if ctx, _ := r.Calls(t.Context(), "nordlys", "ads"); ctx != t.Context() {
		t.Error("it costs something where nobody listens")
	}
	c, err := r.Start(t.Context(), "nordlys", "test", Spec{Route: "ads", Gate: "/hook", Seconds: 60})
	if err != nil {
		t.Fatal(err)
	}
	partner := httptest.NewServer(http.NotFoundHandler())
	defer partner.Close()
	client := outbound.New(outbound.Options{})
	defer client.CloseIdle()
	for _, path := range []string{"/hook/a", "/other"} {
		for _, route := range []string{"ads", "another"} {
			ctx, done := r.Calls(t.Context(), "nordlys", route)
			_, err := client.Do(ctx, outbound.Request{URL: partner.URL + path, Body: []byte(`{"token":"hush-1","x":"hush-2"}`), Mask: []string{"hush-2"}})
			if err != nil {
				t.Fatal(err)
			}
			done()
		}
	}
	ctx, done := r.Calls(t.Context(), "nordlys", "ads")
	outbound.Record(ctx, outbound.Exchange{Method: "SMTP", URL: "/hook", Status: 250})
	done()
	receiver := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, `{"ok":true}`) })
	r.Receive("nordlys", "ads", httptest.NewRecorder(), httptest.NewRequest("POST", "/hook?key=hush-3", strings.NewReader("{}")), receiver)
	r.Receive("aurora", "ads", httptest.NewRecorder(), httptest.NewRequest("POST", "/hook", nil), receiver)
	report, err := r.Report(t.Context(), "nordlys", c.ID)
	if err != nil || report.Recorded != 3 || report.Total.Faults != 1 || len(report.Rows) != 3 {
		t.Fatalf("%+v %v", report, err)
	}
	err = r.calls(t.Context(), c, func(call *Call) error {
		shows(t, fmt.Sprintf("%s %s %s", call.URL, call.Request, call.Response), "hush")
		return nil
	})
	if err != nil {
		t.Error(err)
	}
}
