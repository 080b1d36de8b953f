package capture

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"
)

// orders is a body of n orders as CitrusAd's clients send it.
func orders(n int) string {
	var b strings.Builder
	b.WriteString(`{"orders":[`)
	for i := range n {
		if i > 0 {
			b.WriteByte(',')
		}
		fmt.Fprintf(&b, `{"teamId":"team-1","orderId":"o-%d","orderDate":"2026-05-01T10:00:00Z","customerId":"customer-%d","sessionId":"session-%d","orderItems":[`, i, i, i)
		for l := range 3 {
			if l > 0 {
				b.WriteByte(',')
			}
			fmt.Fprintf(&b, `{"gtin":"73123450%05d","quantity":2,"regularUnitPrice":"12.50","totalOrderItemPriceAfterDiscounts":"25.00"}`, l)
		}
		b.WriteString("]}")
	}
	return b.String() + "]}"
}

// BenchmarkListen is what a call costs that somebody listens to, all of it:
// recording, taking out, sealing (not here), keeping.
func BenchmarkListen(b *testing.B) {
	for _, n := range []int{1, 100} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			body := orders(n)
			w := writer{recorder: New(Options{Now: time.Now, State: func(string) State { return &memory{values: map[string][]byte{}} }, Seal: open{}, Queue: 1, Bytes: 1 << 40}), open: map[*active]bool{}}
			a := &active{Capture: Capture{ID: "c", Shop: "s"}}
			answer := strings.Repeat(`{"orderId":"o-1","status":"ok"},`, n)
			door := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				_, _ = io.Copy(io.Discard, r.Body)
				_, _ = io.WriteString(w, answer)
			})
			b.ReportAllocs()
			b.SetBytes(int64(len(body)))
			for b.Loop() {
				req := httptest.NewRequest("POST", "/citrusad/v1/orders", strings.NewReader(body))
				req.Header.Set("Content-Type", "application/json")
				req.Header.Set("Authorization", "Basic sk-1")
				h := &Heard{}
				h.Present("sk-12345")
				w.recorder.serve(httptest.NewRecorder(), req, door, h, func(string) []*active { return []*active{a} })
				w.take(b.Context(), <-w.recorder.queue)
				a.recorded, a.bytes = 0, 0
				a.full.Store(false)
			}
		})
	}
}

// BenchmarkScrub is the part of it that looks at what a body says.
func BenchmarkScrub(b *testing.B) {
	for _, n := range []int{1, 100} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			body, p := []byte(orders(n)), newPolicy(false, nil)
			b.ReportAllocs()
			b.SetBytes(int64(len(body)))
			for b.Loop() {
				p.body(body, "application/json", false)
			}
		})
	}
}
