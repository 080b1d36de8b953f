package bench

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"sync"
	"sync/atomic"
	"time"
)

const (
	// productPage is how many products a call of the import hands in, as
	// `ordermux import --format products` does.
	productPage = 500
	// askedLines are those of one question for what is available, half of them
	// by EAN.
	askedLines = 100
	askers     = 2
	sampled    = 50 * time.Millisecond
)

// catalogue imports products over the API, and then asks how many of them are
// available. It tells what memory the hub took for the import beyond what it had
// when idle, and how long its answers took.
func catalogue(ctx context.Context, b *bench) error {
	f, err := b.startHub(ctx, "catalog", hubConfig{})
	if err != nil {
		return err
	}
	defer f.Stop()
	if !pause(ctx, min(settling, b.Rest)) {
		return ctx.Err()
	}
	if err := b.importProducts(ctx, f); err != nil {
		return err
	}
	if !pause(ctx, min(settling, b.Rest)) {
		return ctx.Err()
	}
	return b.askProducts(ctx, f)
}

func (b *bench) importProducts(ctx context.Context, f *fleet) error {
	idle, most, err := watchMemory(f)
	if err != nil {
		return err
	}
	began := time.Now()
	for from := int64(0); from < b.Products; from += productPage {
		body := productsFrom(from, min(productPage, b.Products-from))
		if err := f.first().call(ctx, http.MethodPut, "shops/"+shopID(0)+"/products", rawJSON(body), nil); err != nil {
			return errors.Join(err, most.stop(nil))
		}
	}
	took := time.Since(began)
	var peak int64
	if err := most.stop(&peak); err != nil {
		return err
	}
	u, err := f.used()
	if err != nil {
		return err
	}
	var changes struct {
		Head int64 `json:"head"`
	}
	if err := f.first().call(ctx, http.MethodGet, "shops/"+shopID(0)+"/products/changes?limit=1", nil, &changes); err != nil {
		return err
	}
	if changes.Head != b.Products {
		return fmt.Errorf("%d products handed in, %d changes in the catalogue", b.Products, changes.Head)
	}
	r := Result{
		Scenario: "catalog", Subject: fmt.Sprintf("import of %d", b.Products), Orders: b.Products, Accepted: b.Products,
		Seconds: took.Seconds(), PerSecond: float64(b.Products) / took.Seconds(),
	}
	r.use(u)
	r.Peak = peak
	r.Note = fmt.Sprintf("products instead of orders; rss idle %s, at most %s: %s more", mega(float64(idle.RSS)), mega(float64(peak)), mega(float64(peak-idle.RSS)))
	b.report(r)
	return nil
}

func (b *bench) askProducts(ctx context.Context, f *fleet) error {
	if err := f.mark(); err != nil {
		return err
	}
	end := time.Now().Add(b.Duration)
	began := time.Now()
	var wg sync.WaitGroup
	var failed atomic.Pointer[error]
	all := make([]latencies, askers)
	for i := range all {
		random := rand.New(rand.NewPCG(uint64(i), 5))
		wg.Go(func() {
			for time.Now().Before(end) && failed.Load() == nil {
				took, err := b.askOnce(ctx, f.first(), random)
				if err != nil {
					failed.Store(&err)
					return
				}
				all[i].observe(took)
			}
		})
	}
	wg.Wait()
	if err := failed.Load(); err != nil {
		return *err
	}
	var sum latencies
	for i := range all {
		sum.add(&all[i])
	}
	u, err := f.used()
	if err != nil {
		return err
	}
	took, answer := time.Since(began).Seconds(), sum.summary()
	r := Result{
		Scenario: "catalog", Subject: fmt.Sprintf("%d of %d, available?", askedLines, b.Products), Orders: sum.count, Accepted: sum.count,
		Seconds: took, PerSecond: float64(sum.count) / took, Answer: &answer,
		Note: fmt.Sprintf("questions instead of orders, %d at a time", askers),
	}
	r.use(u)
	b.report(r)
	return nil
}

// askOnce asks for random products, and checks that they are there.
func (b *bench) askOnce(ctx context.Context, h *hub, random *rand.Rand) (time.Duration, error) {
	var body bytes.Buffer
	body.WriteString(`{"lines":[`)
	for i := range askedLines {
		if i > 0 {
			body.WriteByte(',')
		}
		n := random.Int64N(b.Products)
		if i%2 == 0 {
			fmt.Fprintf(&body, `{"code":"P-%07d"}`, n)
		} else {
			fmt.Fprintf(&body, `{"code":"%013d","type":"producer"}`, eanOf(n))
		}
	}
	body.WriteString(`]}`)
	began := time.Now()
	text, err := h.get(ctx, http.MethodPost, "/api/v1/shops/"+shopID(0)+"/availability", body.Bytes())
	took := time.Since(began)
	if err == nil && !bytes.HasPrefix(text, []byte(`{"available":true`)) {
		err = fmt.Errorf("not all is available: %.300s", text)
	}
	return took, err
}

// eanOf scatters the EANs of products that have their codes in a row.
func eanOf(n int64) int64 { return (n*7_368_787 + 1) % 10_000_000_000_000 }

// rawJSON is a body that is encoded already.
type rawJSON []byte

// MarshalJSON implements json.Marshaler.
func (r rawJSON) MarshalJSON() ([]byte, error) { return r, nil }

// productsFrom is an array of products as a shop has them.
func productsFrom(from, count int64) []byte {
	var b bytes.Buffer
	b.WriteByte('[')
	for n := from; n < from+count; n++ {
		if n > from {
			b.WriteByte(',')
		}
		fmt.Fprintf(&b, `{"code":"P-%07d","sku":"S-%07d","gtin":"%013d","name":"Product number %d of the shop","brand":"Brand %d",`+
			`"price":"%d.90","currency":"EUR","weight":"0.25","stock":[{"warehouse":"north","quantity":"%d"},{"warehouse":"south","quantity":"4"}]}`,
			n, n, eanOf(n), n, n%100, n%500, n%50)
	}
	b.WriteByte(']')
	return b.Bytes()
}

// memoryWatch looks at the memory of processes now and then.
type memoryWatch struct {
	quit chan struct{}
	done chan struct{}
	most int64
	err  error
}

// watchMemory begins a measurement: it returns what is used at rest, and watches
// from then on.
func watchMemory(f *fleet) (idle usage, w *memoryWatch, err error) {
	if err := f.mark(); err != nil {
		return idle, nil, err
	}
	if idle, err = f.used(); err != nil {
		return idle, nil, err
	}
	w = &memoryWatch{quit: make(chan struct{}), done: make(chan struct{})}
	go func() {
		defer close(w.done)
		ticker := time.NewTicker(sampled)
		defer ticker.Stop()
		for {
			u, err := f.used()
			if err != nil {
				w.err = err
				return
			}
			w.most = max(w.most, u.RSS)
			select {
			case <-w.quit:
				return
			case <-ticker.C:
			}
		}
	}()
	return idle, w, nil
}

// stop ends the watch and tells the most memory that was seen.
func (w *memoryWatch) stop(most *int64) error {
	close(w.quit)
	<-w.done
	if most != nil {
		*most = w.most
	}
	return w.err
}
