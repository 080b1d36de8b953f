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
	"sync"
	"time"
)

// clients send orders to the CitrusAd door and to our API, as shops do: some
// repeat what got no answer, some give it up.
type clients struct {
	hub  string
	seed uint64
	rate float64

	mu      sync.Mutex
	acked   map[string]bool
	offered map[string]bool
	calls   int
	unknown int
	refused error // a 4xx: none of these orders deserves one
}

func newClients(hub string, seed uint64, rate float64) *clients {
	return &clients{hub: hub, seed: seed, rate: rate, acked: map[string]bool{}, offered: map[string]bool{}}
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
	for n := 0; ctx.Err() == nil; {
		ids := make([]string, 1+dice.IntN(8))
		for i := range ids {
			ids[i] = fmt.Sprintf("t%d-%06d", index, n)
			n++
		}
		c.offer(ctx, dice, index%2 == 0, ids)
		rest := time.Duration(float64(len(ids)) * doors / c.rate * float64(time.Second))
		if pause(ctx, rest/2+time.Duration(dice.Int64N(int64(rest)))) != nil {
			return
		}
	}
}

// offer sends a call until it gets a 2xx, or gives it up after a few.
func (c *clients) offer(ctx context.Context, dice *rand.Rand, citrus bool, ids []string) {
	c.note(func() {
		for _, id := range ids {
			c.offered[id] = true
		}
	})
	attempts := 1 + dice.IntN(4)*dice.IntN(8) // half of the clients are stubborn
	for range attempts {
		err := c.post(ctx, citrus, ids)
		c.note(func() { c.calls++ })
		var other *errStatus
		switch {
		case err == nil:
			c.note(func() {
				for _, id := range ids {
					c.acked[id] = true
				}
			})
			return
		case errors.As(err, &other) && other.status/100 == 4 && other.status != http.StatusTooManyRequests:
			c.note(func() { c.refused = fmt.Errorf("a good call was refused: %w", err) })
			return
		}
		c.note(func() { c.unknown++ })
		if pause(ctx, 20*time.Millisecond+time.Duration(dice.Int64N(int64(200*time.Millisecond)))) != nil {
			return
		}
	}
}

func (c *clients) note(f func()) {
	c.mu.Lock()
	defer c.mu.Unlock()
	f()
}

// post sends one call; nil: a 2xx. The client waits for the answer also while
// the run ends, so that none is lost by our own doing.
func (c *clients) post(ctx context.Context, citrus bool, ids []string) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 10*time.Second)
	defer cancel()
	path, authorization, body := "/citrusad/v1/orders", "Basic "+doorKey, citrusBody(ids)
	if !citrus {
		path, authorization, body = "/api/v1/shops/"+shop+"/events", "Bearer "+adminToken, eventsBody(ids)
	}
	_, err := do(ctx, http.MethodPost, "http://"+c.hub+path, authorization, body)
	return err
}

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

func eventsBody(ids []string) []byte {
	var b bytes.Buffer
	b.WriteByte('[')
	for i, id := range ids {
		if i > 0 {
			b.WriteByte(',')
		}
		fmt.Fprintf(&b, `{"order":{"id":%q,"placed_at":"2026-11-21T10:00:00Z","currency":"EUR","lines":[`+
			`{"product":{"code":"4006381333931"},"quantity":"2","unit_price":"1.50","total":"3.00"}]}}`, id)
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
