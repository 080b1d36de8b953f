package skeepers_test

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/ordermux/ordermux/internal/json"
	"github.com/ordermux/ordermux/internal/order"
	"github.com/ordermux/ordermux/internal/outbound"
	"github.com/ordermux/ordermux/internal/partner"
	"github.com/ordermux/ordermux/internal/partner/partnertest"
	"github.com/ordermux/ordermux/internal/partner/skeepers"
)

// fakeIntake takes everything and keeps nothing.
type fakeIntake struct{ orders int }

func (f *fakeIntake) Append(_ context.Context, _ string, entries []order.Entry) ([]order.Receipt, error) {
	f.orders += len(entries)
	return nil, nil
}

// benchBody makes a call of n events with 0 to 4 products, about 700 bytes
// each.
func benchBody(n int) string {
	events := make([]string, n)
	for i := range events {
		products := make([]string, i%5)
		for j := range products {
			products[j] = fmt.Sprintf(`{"product_ref":{"reference":"P-%d","sku":"SKU-%d","ean":"4006381333931"},"name":"Blue mug","price":12.5,"product_url":"https://shop.example/p/%d"}`, j, j, j)
		}
		kind := "PURCHASE_ONLY"
		if len(products) > 0 {
			kind = "BRAND_AND_PRODUCT"
		}
		events[i] = fmt.Sprintf(`{"purchase_reference":"W-%d","purchase_date":"2098-03-14T09:26:53Z","price":59.9,"consumer":{"first_name":"Ada","last_name":"Martin","email":"ada.%d@mail.example","language":"fr","country":"FR","hide_personal_data":false},"sales_channel":{"channel":"online","website_id":"%s"},"solicitation_parameters":{"delay":7,"delay_product":14,"purchase_event_type":"%s"},"products":[%s]}`,
			i, i, website, kind, strings.Join(products, ","))
	}
	return list(events...)
}

func benchDoor(b *testing.B, n int) {
	s := newShop(b)
	deps := s.hub.Deps(skeepers.Partner)
	intake := &fakeIntake{}
	deps.Intake = intake
	side, err := skeepers.Partner.Door(deps)
	if err != nil {
		b.Fatal(err)
	}
	body := []byte(benchBody(n))
	reader := bytes.NewReader(body)
	r := httptest.NewRequest(http.MethodPost, strings.TrimPrefix(syncPath, "/skeepers"), nil)
	r.Header.Set("Authorization", "Bearer "+s.token())
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

// BenchmarkDoor50 is decode, map and answer of 50 events per call.
func BenchmarkDoor50(b *testing.B) { benchDoor(b, 50) }

// BenchmarkDoorSingle is the same, one event per call.
func BenchmarkDoorSingle(b *testing.B) { benchDoor(b, 1) }

// BenchmarkRoute50 is a batch of 50 orders over loopback to a partner with a
// fixed answer: map, encode, send, judge.
func BenchmarkRoute50(b *testing.B) {
	s := newShop(b)
	w := s.call(syncPath, benchBody(50), "Authorization", "Bearer "+s.token())
	fixed := w.Body.Bytes()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		if r.URL.Path == "/token" {
			_, _ = io.WriteString(w, `{"access_token":"t"}`)
			return
		}
		_, _ = w.Write(fixed)
	}))
	defer server.Close()
	side := partnertest.NewRoute(b, skeepers.Partner, partnertest.NewHub(time.Now), server.URL, map[string]json.Value{
		"token_url": json.Value(`"{{base}}/token"`), "base_url": json.Value(`"{{base}}"`),
		"client_id": json.Value(`"c"`), "client_secret": json.Value(`"s"`), "website_id": json.Value(`"` + website + `"`)})
	var orders []order.Order
	for _, e := range s.hub.Entries() {
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
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/50, "ns/order")
}
