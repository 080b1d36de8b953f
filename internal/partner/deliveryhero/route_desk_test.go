package deliveryhero_test

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/ordermux/ordermux/internal/json"
	"github.com/ordermux/ordermux/internal/order"
	"github.com/ordermux/ordermux/internal/partner"
	"github.com/ordermux/ordermux/internal/partner/deliveryhero"
	"github.com/ordermux/ordermux/internal/partner/partnertest"
)

// listed plays a platform that has orders, and says how it was asked.
type listed struct {
	*httptest.Server
	mu     sync.Mutex
	issued int
	life   int    // of tokens, in seconds
	taken  string // the token that counts; "": any
	tokens int    // calls for one
	calls  []string
	answer func(vendor string, page int, query url.Values) (int, string)
}

func newListed(t *testing.T) *listed {
	t.Helper()
	p := &listed{life: 7200}
	p.Server = httptest.NewServer(p)
	t.Cleanup(p.Close)
	return p
}

func (p *listed) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	p.mu.Lock()
	defer p.mu.Unlock()
	_, _ = io.Copy(io.Discard, r.Body)
	if r.URL.Path == "/v2/oauth/token" {
		p.tokens++
		p.issued++
		if p.taken != "none" {
			p.taken = fmt.Sprintf("jwt-%d", p.issued)
		}
		_, _ = fmt.Fprintf(w, `{"access_token":"jwt-%d","expires_in":%d}`, p.issued, p.life)
		return
	}
	p.calls = append(p.calls, r.Method+" "+r.URL.RequestURI())
	if p.taken != "" && r.Header.Get("Authorization") != "Bearer "+p.taken {
		w.WriteHeader(http.StatusUnauthorized)
		return
	}
	parts := strings.Split(r.URL.Path, "/")
	status, text := http.StatusOK, `{"orders":[]}`
	if p.answer != nil && len(parts) > 5 {
		page := 0
		_, _ = fmt.Sscan(r.URL.Query().Get("page"), &page)
		status, text = p.answer(parts[5], page, r.URL.Query())
	}
	w.WriteHeader(status)
	_, _ = io.WriteString(w, text)
}

// asked returns the calls since it was asked last.
func (p *listed) asked() []string {
	p.mu.Lock()
	defer p.mu.Unlock()
	calls := p.calls
	p.calls = nil
	return calls
}

func (p *listed) says(f func(vendor string, page int, query url.Values) (int, string)) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.answer = f
}

// counter is a route at a listed platform, with a clock.
type counter struct {
	t        *testing.T
	hub      *partnertest.Hub
	platform *listed
	side     partner.Side
	settings map[string]json.Value
	mu       sync.Mutex
	time     time.Time
}

func newCounter(t *testing.T, settings string) *counter {
	t.Helper()
	c := &counter{t: t, platform: newListed(t), time: time.Date(2026, 3, 2, 20, 0, 0, 0, time.UTC), settings: map[string]json.Value{}}
	c.hub = partnertest.NewHub(c.now)
	for _, text := range []string{
		`{"base_url":"{{base}}","chain_id":"` + routeChain + `","token":"tok","webhook_secret":"` + routeSecret + `","currency":"UYU","calls_per_minute":10000}`,
		`{` + settings + `}`,
	} {
		if err := json.Unmarshal([]byte(text), &c.settings); err != nil {
			t.Fatal(err)
		}
	}
	c.restart()
	return c
}

func (c *counter) restart() {
	c.t.Helper()
	c.side = partnertest.NewRoute(c.t, deliveryhero.Partner, c.hub, c.platform.URL, c.settings)
}

func (c *counter) now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.time
}

func (c *counter) later(by time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.time = c.time.Add(by)
}

func (c *counter) poll() {
	c.t.Helper()
	if err := c.side.Poll(c.t.Context()); err != nil {
		c.t.Fatal(err)
	}
}

// hear calls the receiver.
func (c *counter) hear(body string) int {
	r := httptest.NewRequest(http.MethodPost, "/", strings.NewReader(body))
	r.Header.Set("Authorization", routeSecret)
	w := httptest.NewRecorder()
	c.side.Handler.ServeHTTP(w, r)
	return w.Code
}

// said are the kinds of what was accepted, in sequence.
func (c *counter) said() (list []string) {
	for _, e := range c.hub.Entries() {
		if e.Statement != nil {
			list = append(list, "order "+e.Subject.ID)
		} else {
			list = append(list, string(e.Happening.Kind)+" "+e.Subject.ID)
		}
	}
	return list
}

func (c *counter) status(id string) order.Status {
	c.t.Helper()
	list, err := c.hub.Merged(c.t.Context(), partnertest.Shop, []string{id})
	if err != nil || list[0] == nil {
		c.t.Fatalf("order %s: %v", id, err)
	}
	return list[0].Status
}

// placed is an order object of the platform's.
func placed(id, status, updated string) string {
	return `{"order_id":"` + id + `","external_order_id":"7","order_code":"A1","status":"` + status + `","order_type":"DELIVERY",` +
		`"transport_type":"LOGISTICS_DELIVERY","isPreorder":false,"client":{"chain_id":"` + routeChain + `","country_code":"uy","store_id":"290056"},` +
		`"customer":{"first_name":"Ana","last_name":"Quiroga","phone_number":"+59800000001"},"comment":"timbre roto",` +
		`"items":[{"_id":"l1","sku":"779001","name":"Yerba","status":"NOT_PROCESSED","pricing":{"pricing_type":"UNIT","quantity":2,"unit_price":120.5}}],` +
		`"payment":{"sub_total":241,"order_total":290,"type":"PAID"},"sys":{"created_at":"2026-03-02T18:01:00.000Z","updated_at":"` + updated + `"}}`
}

func page(pages int, orders ...string) string {
	return fmt.Sprintf(`{"orders":[%s],"page_number":1,"page_size":100,"total_pages":%d}`, strings.Join(orders, ","), pages)
}
