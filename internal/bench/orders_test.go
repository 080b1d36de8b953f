package bench

import (
	"encoding/json"
	"testing"
	"time"
)

func TestNumbering(t *testing.T) {
	t.Parallel()
	for _, n := range []numbering{{}, {random: true}} {
		seen := map[uint64]bool{}
		for i := range uint64(10_000) {
			id := n.id(i)
			if id > idMask || seen[id] || n.number(id) != i {
				t.Fatalf("%+v: order %d has the id %x, which is order %d", n, i, id, n.number(id))
			}
			seen[id] = true
			var text [idDigits]byte
			putID(text[:], id)
			if back, ok := takeID(text[:]); !ok || back != id {
				t.Fatalf("%x is written %s and read %x", id, text, back)
			}
		}
	}
}

// TestBody checks that a filled body is what the generator promises: valid
// JSON, distinct ids, 1 to 5 lines, about 400 bytes an order.
func TestBody(t *testing.T) {
	t.Parallel()
	b := citrus.newBody(100, 0)
	now := time.Date(2026, 11, 21, 12, 30, 0, 123456000, time.UTC)
	b.fill(numbering{}, 255, now)
	var got struct {
		Orders []struct {
			ID        string
			OrderDate time.Time
			Items     []struct {
				GTIN                              string
				Quantity                          int
				TotalOrderItemPriceAfterDiscounts string
			} `json:"orderItems"`
		}
	}
	if err := json.Unmarshal(b.bytes, &got); err != nil {
		t.Fatal(err)
	}
	if len(got.Orders) != 100 || got.Orders[0].ID != "bench-00000000ff" || got.Orders[1].ID != "bench-0000000100" {
		t.Errorf("%d orders, the first two are %+v", len(got.Orders), got.Orders[:2])
	}
	for _, o := range got.Orders {
		if !o.OrderDate.Equal(now) || len(o.Items) < 1 || len(o.Items) > 5 {
			t.Errorf("order %+v", o)
		}
	}
	if size := len(b.bytes) / 100; size < 350 || size > 450 {
		t.Errorf("%d bytes an order", size)
	}
}

func TestLatencies(t *testing.T) {
	t.Parallel()
	var a, b latencies
	for i := 1; i <= 1000; i++ {
		a.observe(time.Duration(i) * time.Microsecond)
		b.observe(time.Duration(i) * time.Millisecond)
	}
	for _, q := range []struct {
		l    *latencies
		q    float64
		want time.Duration
	}{
		{&a, 0.5, 500 * time.Microsecond}, {&a, 0.99, 990 * time.Microsecond}, {&a, 1, time.Millisecond},
		{&b, 0.5, 500 * time.Millisecond}, {&b, 0.99, 990 * time.Millisecond}, {&b, 1, time.Second},
	} {
		got := q.l.quantile(q.q)
		if got < q.want || float64(got) > float64(q.want)*1.02 {
			t.Errorf("quantile %v is %v, want %v or up to 2 %% more", q.q, got, q.want)
		}
	}
	a.add(&b)
	if a.count != 2000 || a.max != time.Second {
		t.Errorf("together %d, at most %v", a.count, a.max)
	}
	// Any duration lands in a bucket that holds it.
	for d := time.Duration(1); d < time.Hour/4; d = d*3/2 + 1 {
		if got := upper(bucketOf(d)); got < d.Truncate(time.Microsecond) || float64(got) > float64(d)*1.02+float64(time.Microsecond) {
			t.Errorf("%v is counted as %v", d, got)
		}
	}
}
