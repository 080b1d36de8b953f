package bench

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync/atomic"
	"time"

	"github.com/ordermux/ordermux/internal/json"
)

const (
	promotionChain = "c0de0000-0000-4000-8000-000000000001"
	promotionToken = "bench-promotions"
	// promotionOutlets are the chain's; each of them sells every product.
	promotionOutlets = 200
	promotionConns   = 64
	// promotionLook is how often a job is asked about, and promotionLimit how
	// long one may take.
	promotionLook  = 100 * time.Millisecond
	promotionLimit = 10 * time.Minute
)

// promotions puts promotions of very many pairs through the Delivery Hero door:
// how long until their jobs are over, and what accepting orders singly, at half
// of the rate that the hub reaches, costs meanwhile.
func promotions(ctx context.Context, b *bench) error {
	outlets := promotionOutlets
	if b.Smoke {
		outlets = 4
	}
	f, err := b.startHub(ctx, "promotions", hubConfig{doors: chainDoor(outlets)})
	if err != nil {
		return err
	}
	defer f.Stop()
	p := &promoting{bench: b, fleet: f, products: max(b.Pairs/int64(outlets), 1), outlets: int64(outlets)}
	for from := int64(0); from < p.products; from += productPage {
		body := soldProducts(from, min(productPage, p.products-from))
		if err := f.first().call(ctx, http.MethodPut, "shops/"+shopID(0)+"/products", rawJSON(body), nil); err != nil {
			return err
		}
	}
	if !pause(ctx, min(settling, b.Rest)) {
		return ctx.Err()
	}
	if err := p.alone(ctx); err != nil {
		return err
	}
	return p.beside(ctx)
}

// chainDoor is the configuration of a chain with so many outlets.
func chainDoor(outlets int) string {
	var s strings.Builder
	fmt.Fprintf(&s, "      deliveryhero:\n        - {chain_id: %s}\n        - {kind: token, name: Promotions, token: %s}\n", promotionChain, promotionToken)
	for i := range outlets {
		fmt.Fprintf(&s, "        - {kind: vendor, name: v%03d, vendor_id: v%03d}\n", i, i)
	}
	return s.String()
}

// soldProducts is an array of products with a price.
func soldProducts(from, count int64) []byte {
	var b bytes.Buffer
	b.WriteByte('[')
	for n := from; n < from+count; n++ {
		if n > from {
			b.WriteByte(',')
		}
		fmt.Fprintf(&b, `{"code":"S-%07d","sku":"S-%07d","name":"Product number %d","price":"%d.90","currency":"EUR","active":true}`, n, n, n, n%500+2)
	}
	b.WriteByte(']')
	return b.Bytes()
}

// promoting is the scenario as it goes on.
type promoting struct {
	*bench
	fleet    *fleet
	products int64
	outlets  int64
	made     int
}

func (p *promoting) pairs() int64 { return p.products * p.outlets }

// body is a request for all products, each at a price of its own, in all
// outlets.
func (p *promoting) body() []byte {
	p.made++
	var b bytes.Buffer
	b.WriteString(`{"vendors":["v000"`)
	for i := int64(1); i < p.outlets; i++ {
		fmt.Fprintf(&b, `,"v%03d"`, i)
	}
	now := time.Now().UTC()
	fmt.Fprintf(&b, `],"type":"STRIKETHROUGH","reason":"TRADING","display_name":{"es_UY":"Number %d"},"conditions":{"start_time":"%s","end_time":"%s"},"discount":[`,
		p.made, now.Format(time.RFC3339), now.Add(24*time.Hour).Format(time.RFC3339))
	for n := range p.products {
		if n > 0 {
			b.WriteByte(',')
		}
		fmt.Fprintf(&b, `{"sku":["S-%07d"],"discount_subtype":"FINAL_PRICE","discount_value":%d.%02d}`, n, n%500+1, n%90)
	}
	b.WriteString(`]}`)
	return b.Bytes()
}

// door asks the Delivery Hero door.
func (p *promoting) door(ctx context.Context, method, path string, body []byte, out any) error {
	req, err := http.NewRequestWithContext(ctx, method, "http://"+p.fleet.first().Addr+"/deliveryhero/v2/chains/"+promotionChain+path, bytes.NewReader(body))
	if err != nil {
		return err
	}
	req.Header.Set("Authorization", "Bearer "+promotionToken)
	req.Header.Set("Content-Type", "application/json")
	answer, err := http.DefaultClient.Do(req)
	if err != nil {
		return err
	}
	defer answer.Body.Close()
	text, err := io.ReadAll(io.LimitReader(answer.Body, maxAnswer))
	if err != nil {
		return err
	}
	if answer.StatusCode/100 != 2 {
		return fmt.Errorf("%s %s: %d %.300s", method, path, answer.StatusCode, text)
	}
	return json.Unmarshal(text, out)
}

// promotionJob is how a promotion's job stands.
type promotionJob struct {
	ID     string `json:"job_id"`
	Status string `json:"job_status"`
	Result struct {
		Vendors []string            `json:"invalid_vendors"`
		Missing map[string][]string `json:"missing_skus"`
		Invalid map[string][]string `json:"invalid_discounted_skus"`
	} `json:"result"`
}

// one puts a promotion and waits for the end of its job: how long it took to be
// answered, and in all.
func (p *promoting) one(ctx context.Context) (answered, took time.Duration, err error) {
	ctx, cancel := context.WithTimeout(ctx, promotionLimit)
	defer cancel()
	body := p.body()
	began := time.Now()
	var job promotionJob
	if err := p.door(ctx, http.MethodPut, "/promotion", body, &job); err != nil {
		return 0, 0, err
	}
	answered = time.Since(began)
	for job.Status == "QUEUED" || job.Status == "IN_PROGRESS" {
		if !pause(ctx, promotionLook) {
			return 0, 0, ctx.Err()
		}
		if err := p.door(ctx, http.MethodGet, "/promotion/jobs/"+job.ID, nil, &job); err != nil {
			return 0, 0, err
		}
	}
	if r := &job.Result; job.Status != "COMPLETED" || len(r.Vendors)+len(r.Missing)+len(r.Invalid) > 0 {
		return 0, 0, fmt.Errorf("the job ended %s, with %d vendors and SKUs of %d and %d refused", job.Status, len(r.Vendors), len(r.Missing), len(r.Invalid))
	}
	return answered, time.Since(began), nil
}

// alone runs a job while the hub has nothing else to do.
func (p *promoting) alone(ctx context.Context) error {
	idle, most, err := watchMemory(p.fleet)
	if err != nil {
		return err
	}
	answered, took, err := p.one(ctx)
	var peak int64
	if err := errors.Join(err, most.stop(&peak)); err != nil {
		return err
	}
	u, err := p.fleet.used()
	if err != nil {
		return err
	}
	r := Result{
		Scenario: "promotions", Subject: fmt.Sprintf("%d pairs", p.pairs()), Orders: p.pairs(), Accepted: p.pairs(),
		Seconds: took.Seconds(), PerSecond: float64(p.pairs()) / took.Seconds(),
	}
	r.use(u)
	r.Peak = peak
	r.Note = fmt.Sprintf("pairs instead of orders; answered after %s; rss idle %s, at most %s more", ms(milliseconds(answered)), mega(float64(idle.RSS)), mega(float64(peak-idle.RSS)))
	p.report(r)
	return nil
}

func milliseconds(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }

// beside accepts orders at half of what the hub reaches, without and with jobs
// that run.
func (p *promoting) beside(ctx context.Context) error {
	next := new(atomic.Int64)
	l := p.bounded(load{conns: p.connections(promotionConns), batch: 1, next: next})
	accept := func(subject string, l load, note string) (Result, error) {
		r, err := p.fleet.accept(ctx, l)
		r.Scenario, r.Subject, r.Note = "promotions", subject, note
		return r, err
	}
	top, err := accept("orders, top rate", l, "")
	if err != nil {
		return err
	}
	p.report(top)
	l.rate = top.PerSecond / 2
	quiet, err := accept("half of it, no job", l, "")
	if err != nil {
		return err
	}
	p.report(quiet)

	work, stop := context.WithCancel(ctx)
	defer stop()
	type ran struct {
		jobs int
		took time.Duration
		err  error
	}
	over := make(chan ran, 1)
	go func() {
		var r ran
		for r.err == nil && work.Err() == nil {
			var took time.Duration
			if _, took, r.err = p.one(ctx); r.err == nil {
				r.jobs++
				r.took += took
			}
		}
		over <- r
	}()
	busy, err := accept("half of it, job runs", l, "")
	stop()
	r := <-over
	if err := errors.Join(err, r.err); err != nil {
		return err
	}
	busy.Note = fmt.Sprintf("%d jobs, %.1f s each", r.jobs, r.took.Seconds()/float64(max(r.jobs, 1)))
	p.report(busy)
	p.say("%-14s p99 of an answer rises by %s", "promotions", ms(busy.Answer.P99-quiet.Answer.P99))
	return nil
}
