//go:build linux

package torture

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"strings"
	"sync"
	"time"
)

// clients send orders to the CitrusAd door and to our API, as shops do: some
// repeat what got no answer, some give it up. Where the hub has several nodes
// a repeat goes to another one.
type clients struct {
	hubs   []string // addresses of its nodes
	shops  []string // they take turns
	seed   uint64
	rate   float64
	follow bool          // tell also what happened to orders
	limit  time.Duration // of a call

	mu      sync.Mutex
	traffic Traffic
	refused error // a 4xx: none of these orders deserves one
}

func newClients(hubs, shops []string, seed uint64, rate float64) *clients {
	return &clients{hubs: hubs, shops: shops, seed: seed, rate: rate, limit: 10 * time.Second, traffic: Traffic{Evidence: Evidence{
		Acked: map[string]bool{}, Offered: map[string]bool{}, Receipts: map[string]string{},
		Placed: map[string]int{}, Stored: map[string]string{},
	}}}
}

// doors is how many clients there are; the even ones use the CitrusAd door.
const doors = 6

func (c *clients) run(ctx context.Context) {
	var wg sync.WaitGroup
	for i := range doors {
		wg.Go(func() { c.one(ctx, i) })
	}
	wg.Wait()
}

// one sends small calls, about as many orders per second as its part of the
// rate.
func (c *clients) one(ctx context.Context, index int) {
	dice := rand.New(rand.NewPCG(c.seed, uint64(100+index)))
	for n, turn := 0, index; ctx.Err() == nil; turn++ {
		ids := make([]string, 1+dice.IntN(8))
		for i := range ids {
			ids[i] = fmt.Sprintf("t%d-%06d", index, n)
			n++
		}
		shop := turn % len(c.shops)
		if c.offer(ctx, dice, request{shop: shop, citrus: index%2 == 0, events: ids}) && c.follow {
			c.happen(ctx, dice, shop, ids[0])
		}
		rest := time.Duration(float64(len(ids)) * doors / c.rate * float64(time.Second))
		if pause(ctx, rest/2+time.Duration(dice.Int64N(int64(rest)))) != nil {
			return
		}
	}
}

// happen tells at once what became of an order, for its events to be in
// flight together.
func (c *clients) happen(ctx context.Context, dice *rand.Rand, shop int, id string) {
	for _, kind := range []string{"accepted", "shipped", "delivered"}[:dice.IntN(4)] {
		if !c.offer(ctx, dice, request{shop: shop, events: []string{eventName(id, kind)}}) {
			return
		}
	}
}

// request is a call of a client.
type request struct {
	shop   int
	citrus bool     // at the CitrusAd door, in place of our API
	events []string // see Evidence
}

// offer sends a call until it gets a 2xx, or gives it up after a few.
func (c *clients) offer(ctx context.Context, dice *rand.Rand, r request) bool {
	c.note(func() {
		for _, event := range r.events {
			c.traffic.Offered[event] = true
		}
	})
	attempts := 1 + dice.IntN(4)*dice.IntN(8) // half of the clients are stubborn
	first := dice.IntN(len(c.hubs))
	for i := range attempts {
		answer, err := c.post(ctx, c.hubs[(first+i)%len(c.hubs)], r)
		if c.judge(r, answer, err) {
			return err == nil
		}
		if pause(ctx, 20*time.Millisecond+time.Duration(dice.Int64N(int64(200*time.Millisecond)))) != nil {
			return false
		}
	}
	return false
}

// judge notes what came of a call and reports whether that was final.
func (c *clients) judge(r request, answer []byte, err error) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.traffic.Calls++
	var other *errStatus
	if err == nil {
		err = c.traffic.acknowledge(r, answer)
	}
	switch {
	case err == nil:
		return true
	case errors.As(err, &other) && other.status/100 == 4 && other.status != http.StatusTooManyRequests:
		c.refused = fmt.Errorf("a good call was refused: %w", err)
		return true
	}
	c.traffic.Unknown++
	return false
}

// acknowledge notes a 2xx and the receipts in it.
func (t *Traffic) acknowledge(r request, answer []byte) error {
	for _, event := range r.events {
		t.Acked[event] = true
	}
	if r.citrus {
		return nil
	}
	var got struct {
		Receipts []struct {
			Seq  int64
			Hash string
		}
	}
	if err := json.Unmarshal(answer, &got); err != nil || len(got.Receipts) != len(r.events) {
		return fmt.Errorf("%d receipts for %d events: %.200s (%v)", len(got.Receipts), len(r.events), answer, err)
	}
	for i, event := range r.events {
		t.Receipts[event] = receiptText(got.Receipts[i].Seq, got.Receipts[i].Hash)
	}
	return nil
}

func (c *clients) note(f func()) {
	c.mu.Lock()
	defer c.mu.Unlock()
	f()
}

// sent returns what the clients saw. Only when they have ended.
func (c *clients) sent() Traffic { return c.traffic }

// post sends one call to a node; nil: a 2xx. The client waits for the answer
// also while the run ends, so that none is lost by our own doing.
func (c *clients) post(ctx context.Context, hub string, r request) ([]byte, error) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), c.limit)
	defer cancel()
	if r.citrus {
		return do(ctx, http.MethodPost, "http://"+hub+"/citrusad/v1/orders", "Basic "+keyOf(r.shop), citrusBody(r.events))
	}
	return do(ctx, http.MethodPost, side{hub, c.shops[r.shop]}.base()+"/events", "Bearer "+adminToken, eventsBody(r.events))
}

// keyOf is the key of the i-th shop's CitrusAd door.
func keyOf(i int) string { return fmt.Sprintf("torture-door-key-%02d", i) }

func citrusBody(ids []string) []byte {
	var b bytes.Buffer
	b.WriteString(`{"orders":[`)
	for i, id := range ids {
		if i > 0 {
			b.WriteByte(',')
		}
		fmt.Fprintf(&b, `{"customerId":"c-1","sessionId":"s-1","orderDate":"2026-11-21T10:00:00Z","id":%q,"orderItems":[`+
			`{"gtin":"4006381333931","quantity":2,"regularUnitPrice":"1.50","totalOrderItemPriceAfterDiscounts":"3.00"}]}`, id)
	}
	b.WriteString("]}")
	return b.Bytes()
}

func eventsBody(events []string) []byte {
	var b bytes.Buffer
	b.WriteByte('[')
	for i, event := range events {
		if i > 0 {
			b.WriteByte(',')
		}
		if id, kind, later := strings.Cut(event, "/"); later {
			fmt.Fprintf(&b, `{"order_id":%q,"happening":{"kind":%q,"at":"2026-11-21T11:00:00Z"}}`, id, kind)
			continue
		}
		fmt.Fprintf(&b, `{"order":{"id":%q,"placed_at":"2026-11-21T10:00:00Z","currency":"EUR","lines":[`+
			`{"product":{"code":"4006381333931"},"quantity":"2","unit_price":"1.50","total":"3.00"}]}}`, event)
	}
	b.WriteByte(']')
	return b.Bytes()
}

// errStatus is an answer that is no 2xx.
type errStatus struct {
	status int
	text   string
}

func (e *errStatus) Error() string { return fmt.Sprintf("answer %d: %.300s", e.status, e.text) }

// call asks an API and decodes its answer into out, if not nil.
func call(ctx context.Context, method, url, authorization string, in, out any) error {
	var body []byte
	if in != nil {
		var err error
		if body, err = json.Marshal(in); err != nil {
			return err
		}
	}
	text, err := do(ctx, method, url, authorization, body)
	if err != nil || out == nil {
		return err
	}
	return json.Unmarshal(text, out)
}

// do makes a call and returns the body of a 2xx; other answers are *errStatus.
func do(ctx context.Context, method, url, authorization string, body []byte) ([]byte, error) {
	req, err := http.NewRequestWithContext(ctx, method, url, bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	req.Header.Set("Authorization", authorization)
	req.Header.Set("Content-Type", "application/json")
	answer, err := http.DefaultClient.Do(req)
	if err != nil {
		return nil, err
	}
	defer answer.Body.Close()
	// A 2xx counts only with the whole answer, as for any careful client.
	text, err := io.ReadAll(answer.Body)
	if err == nil && answer.StatusCode/100 != 2 {
		err = fmt.Errorf("%s %s: %w", method, req.URL.Path, &errStatus{answer.StatusCode, string(text)})
	}
	return text, err
}

// isStatus reports whether err is an answer of that status.
func isStatus(err error, status int) bool {
	var e *errStatus
	return errors.As(err, &e) && e.status == status
}
