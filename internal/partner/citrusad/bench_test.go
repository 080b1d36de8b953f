package citrusad_test

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/ordermux/ordermux/internal/json"
	"github.com/ordermux/ordermux/internal/order"
	"github.com/ordermux/ordermux/internal/outbound"
	"github.com/ordermux/ordermux/internal/partner"
	"github.com/ordermux/ordermux/internal/partner/citrusad"
	"github.com/ordermux/ordermux/internal/partner/partnertest"
)

// fakeIntake takes everything and keeps nothing.
type fakeIntake struct{ orders int }

func (f *fakeIntake) Append(_ context.Context, _ string, entries []order.Entry) ([]order.Receipt, error) {
	f.orders += len(entries)
	return nil, nil
}

// benchBody makes a request of n orders with 1 to 5 lines, about 400 bytes each.
func benchBody(n int) string {
	list := make([]string, n)
	for i := range list {
		lines := make([]string, i%5+1)
		for j := range lines {
			lines[j] = fmt.Sprintf(`{"gtin":"79134%02d","quantity":%d,"regularUnitPrice":"1.00","totalOrderItemPriceAfterDiscounts":"3.00"}`, j, j+1)
		}
		list[i] = fmt.Sprintf(`{"customerId":"c-%d","sessionId":"7he4-%d","orderDate":"2021-12-02T15:00:00Z","id":"abcti84ew-%d","orderItems":[%s]}`,
			i, i, i, strings.Join(lines, ","))
	}
	return wrap(list...)
}

func benchDoor(b *testing.B, n int) {
	hub := partnertest.NewHub(nil)
	hub.AddDoor(b, citrusad.Partner, map[string]json.Value{"api_key": json.Value(`"sk-1"`), "team_id": json.Value(`"team-1"`)})
	deps := hub.Deps(citrusad.Partner)
	intake := &fakeIntake{}
	deps.Intake = intake
	side, err := citrusad.Partner.Door(deps)
	if err != nil {
		b.Fatal(err)
	}
	body := []byte(benchBody(n))
	reader := bytes.NewReader(body)
	r := httptest.NewRequest(http.MethodPost, "/v1/orders", nil)
	r.Header.Set("Authorization", "Basic sk-1")
	r.Body, r.ContentLength = io.NopCloser(reader), int64(len(body))
	b.SetBytes(int64(len(body)))
	b.ReportAllocs()
	for b.Loop() {
		reader.Reset(body)
		w := answer{header: http.Header{}}
		side.Handler.ServeHTTP(&w, r)
		if w.status != http.StatusOK {
			b.Fatal(w.status)
		}
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(intake.orders), "ns/order")
}

// answer is an http.ResponseWriter that keeps nothing.
type answer struct {
	header http.Header
	status int
}

func (a *answer) Header() http.Header         { return a.header }
func (a *answer) WriteHeader(status int)      { a.status = status }
func (a *answer) Write(b []byte) (int, error) { return len(b), nil }

// BenchmarkDoor100 is decode, map and encode of 100 orders per request.
func BenchmarkDoor100(b *testing.B) { benchDoor(b, 100) }

// BenchmarkDoorSingle is the same, one order per request.
func BenchmarkDoorSingle(b *testing.B) { benchDoor(b, 1) }

// BenchmarkRoute100 is a batch of 100 orders over loopback to a partner with a
// fixed answer: map, encode, send, decode, prove.
func BenchmarkRoute100(b *testing.B) {
	hub := partnertest.NewHub(nil)
	hub.AddDoor(b, citrusad.Partner, map[string]json.Value{"api_key": json.Value(`"sk-1"`), "team_id": json.Value(`"team-1"`)})
	door := partnertest.NewDoor(b, citrusad.Partner, hub)
	body := benchBody(100)
	r := httptest.NewRequest(http.MethodPost, "/v1/orders", strings.NewReader(body))
	r.Header.Set("Authorization", "Basic sk-1")
	w := httptest.NewRecorder()
	door.ServeHTTP(w, r)
	fixed := w.Body.Bytes()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		w.Header().Set("Content-Type", "application/json")
		_, _ = w.Write(fixed)
	}))
	defer server.Close()
	side := partnertest.NewRoute(b, citrusad.Partner, hub, server.URL,
		map[string]json.Value{"base_url": json.Value(`"{{base}}"`), "api_key": json.Value(`"sk-1"`), "read_back": json.Value(`"0"`)})
	var orders []order.Order
	for _, e := range hub.Entries() {
		orders = append(orders, e.Statement.Order)
	}
	tasks := partnertest.Tasks(orders...)
	b.ReportAllocs()
	for b.Loop() {
		ctx, _ := outbound.WithTrace(b.Context())
		for _, o := range side.Deliver(ctx, tasks) {
			if o.Result != partner.ResultDelivered {
				b.Fatal(o)
			}
		}
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/100, "ns/order")
}
