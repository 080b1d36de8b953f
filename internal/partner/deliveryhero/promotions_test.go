package deliveryhero

import (
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/iotest"
	"time"

	"github.com/ordermux/ordermux/internal/catalog"
	"github.com/ordermux/ordermux/internal/json"
	"github.com/ordermux/ordermux/internal/order"
	"github.com/ordermux/ordermux/internal/partner"
	"github.com/ordermux/ordermux/internal/partner/partnertest"
	"github.com/ordermux/ordermux/internal/promotion"
	"github.com/ordermux/ordermux/internal/secret"
)

const somePromotion = `{"vendors":["SHOP-07"],"type":"STRIKETHROUGH","reason":"TRADING","display_name":{"es_UY":"Ahora"},
 "conditions":{"start_time":"2026-03-01T00:00:00.000Z","end_time":"2026-03-31T00:00:00.000Z"},
 "discount":[{"sku":["779001"],"discount_subtype":"FINAL_PRICE","discount_value":99.90}]}`

// FuzzReadPromotion: what can be read is written again as what says the same.
func FuzzReadPromotion(f *testing.F) {
	f.Add([]byte(somePromotion))
	f.Add([]byte(`{"discount":[{"sku":["a","b"],"active":false},{}],"vendors":["*"],"active":false,"limits":{"max_discount_per_order":"1.50"},"x":[[{}]]}`))
	f.Add([]byte(`{"discount":null,"display_name":{"pt-BR":"x\u00e9"},"conditions":{"start_time":"2026-03-01T00:00:00","purchased_quantity":2}}`))
	f.Add([]byte(`{"discount":[],"discount":[]} {`))
	f.Fuzz(func(t *testing.T, body []byte) {
		w, discounts, err := readPromotion(bytes.NewReader(body))
		if err != nil {
			return
		}
		r := &promotion.Request{Header: w.header(), Inactive: !said(w.Active), Discounts: discounts, Stores: w.Vendors}
		r.Validate(10)
		again, err := json.Marshal(wirePromotionOf(r, "es_UY", func(s string) string { return s }))
		if err != nil {
			t.Fatal(err)
		}
		v, read, err := readPromotion(bytes.NewReader(again))
		if err != nil {
			t.Fatalf("%s: %v", again, err)
		}
		if len(r.Names) > 0 && fmt.Sprint(v.header().Names) != fmt.Sprint(r.Names) || !v.header().Start.Equal(momentOf(r.Start.Time()).Time) ||
			len(read) != len(discounts) || said(v.Active) != said(w.Active) {
			t.Fatalf("%s was read otherwise", again)
		}
		for i := range read {
			if !slices.Equal(read[i].SKUs, discounts[i].SKUs) || read[i].Remove != discounts[i].Remove || read[i].Value.Cmp(discounts[i].Value) != 0 {
				t.Fatalf("%s: %+v, was %+v", again, read[i], discounts[i])
			}
		}
	})
}

// dealer is a hub with a chain of two outlets that sells one thing, its clock,
// and its receiver, which may refuse.
type dealer struct {
	*testing.T
	hub  *partnertest.Hub
	door http.Handler
	hook partner.Settings // of its receiver

	mu      sync.Mutex
	now     time.Time
	refuses func(body string) bool
	heard   []string
}

func newDealer(t *testing.T) *dealer {
	t.Helper()
	d := &dealer{T: t, now: time.Date(2026, 3, 2, 12, 0, 0, 0, time.UTC), refuses: func(string) bool { return false }}
	d.hub = partnertest.NewHub(d.clock)
	text := func(s string) partner.Value { return partner.Value{Text: s} }
	receiver := httptest.NewServer(http.HandlerFunc(d.hear))
	t.Cleanup(receiver.Close)
	d.hub.AddCredential(Partner, "chain", ofChain, partner.Settings{fieldChain: text("c0de0000-0000-4000-8000-000000000001")})
	d.hub.AddCredential(Partner, "centro", ofVendor, partner.Settings{fieldVendor: text("290056"), fieldExternal: text("SHOP-07")})
	d.hub.AddCredential(Partner, "norte", ofVendor, partner.Settings{fieldVendor: text("s8ym")})
	d.hub.AddCredential(Partner, "token", ofToken, partner.Settings{fieldToken: {Secret: secret.New("tok")}})
	d.hook = partner.Settings{
		fieldHookURL: text(receiver.URL), fieldHookSecret: {Secret: secret.New("key")}, fieldHookPrefix: text("Bearer"), fieldHookPromos: text("true"),
	}
	d.hub.AddCredential(Partner, "hook", ofHook, d.hook)
	price := order.FromInt(12050, 2)
	_, err := d.hub.Catalog().Put(t.Context(), partnertest.Shop, []catalog.Product{
		{Product: order.Product{Code: "779001", SKU: "779001"}, Price: price, Active: true},
	})
	if err != nil {
		t.Fatal(err)
	}
	d.door = partnertest.NewDoor(t, Partner, d.hub)
	return d
}

// wants makes the receiver one that wants to be told, or does not, and returns
// whoever tells it from then on.
func (d *dealer) wants(told string) *callback {
	d.hook[fieldHookPromos] = partner.Value{Text: told}
	c := &callback{deps: d.hub.Deps(Partner)}
	c.chains.deps = c.deps
	return c
}

func (d *dealer) clock() time.Time {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.now
}

func (d *dealer) later(by time.Duration) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.now = d.now.Add(by)
}

func (d *dealer) hear(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	d.mu.Lock()
	defer d.mu.Unlock()
	if err != nil || r.Header.Get("Authorization") != "Bearer key" {
		d.Errorf("heard %v %v", r.Header, err)
	}
	d.heard = append(d.heard, string(body))
	if d.refuses(string(body)) {
		w.WriteHeader(http.StatusBadGateway)
	}
}

// said returns what was heard since it was asked last, in a word each.
func (d *dealer) said() string {
	d.mu.Lock()
	defer d.mu.Unlock()
	var words []string
	for _, body := range d.heard {
		var e struct {
			Event   string            `json:"event"`
			Status  string            `json:"status"`
			Display map[string]string `json:"display_name"`
		}
		if err := json.Unmarshal([]byte(body), &e); err != nil {
			d.Fatal(err)
		}
		words = append(words, strings.TrimPrefix(e.Event, "PROMOTION_")+e.Status+e.Display["es_UY"])
	}
	d.heard = nil
	slices.Sort(words) // several promotions are told of at a time
	return strings.Join(words, " ")
}

func (d *dealer) put(body io.Reader, packed bool) *httptest.ResponseRecorder {
	r := httptest.NewRequest(http.MethodPut, "/v2/chains/c0de0000-0000-4000-8000-000000000001/promotion", body)
	r.Header.Set("Authorization", "Bearer tok")
	if packed {
		r.Header.Set("Content-Encoding", "gzip")
	}
	w := httptest.NewRecorder()
	d.door.ServeHTTP(w, r)
	return w
}

func (d *dealer) promote(name string) {
	d.Helper()
	if w := d.put(strings.NewReader(strings.Replace(somePromotion, "Ahora", name, 1)), false); w.Code != http.StatusAccepted {
		d.Fatal(w.Code, w.Body)
	}
}

func TestPromotionBodies(t *testing.T) {
	t.Parallel()
	d := newDealer(t)
	f := func(body io.Reader, packed bool, status int, says string) {
		t.Helper()
		w := d.put(body, packed)
		if w.Code != status || !strings.Contains(w.Body.String(), says) {
			t.Errorf("got %d %s, want %d with %q", w.Code, w.Body, status, says)
		}
	}
	pack := func(text string) io.Reader {
		var b bytes.Buffer
		z := gzip.NewWriter(&b)
		if _, err := io.WriteString(z, text); err != nil {
			t.Fatal(err)
		}
		if err := z.Close(); err != nil {
			t.Fatal(err)
		}
		return &b
	}
	f(pack(somePromotion), true, http.StatusAccepted, "QUEUED")
	f(strings.NewReader(somePromotion), true, http.StatusBadRequest, "gzip")
	f(io.LimitReader(pack(somePromotion), 150), true, http.StatusBadRequest, "")
	// Without an announced length it waits for its turn, which is free.
	f(io.MultiReader(strings.NewReader(somePromotion)), false, http.StatusAccepted, "QUEUED")
	f(strings.NewReader(strings.Replace(somePromotion, `"779001"`, strings.Repeat(`"x",`, promotion.MostPairs)+`"x"`, 1)), false, http.StatusBadRequest, "2000000")
}

// A large body waits for its turn, and is read in time.
func TestLargePromotions(t *testing.T) {
	t.Parallel()
	turns := make(chan struct{}, 1)
	of := func(ctx context.Context, next int64) *largePromotion {
		r := httptest.NewRequestWithContext(ctx, http.MethodPut, "/", nil)
		return &largePromotion{asked: &asked{Request: r, w: httptest.NewRecorder()}, body: strings.NewReader("0123456789"), turns: turns, next: next}
	}
	first, small := of(t.Context(), 5), of(t.Context(), 11)
	for _, l := range []*largePromotion{first, small} {
		if b, err := io.ReadAll(iotest.OneByteReader(l)); err != nil || string(b) != "0123456789" {
			t.Errorf("read %q, %v", b, err)
		}
	}
	gone, cancel := context.WithCancel(t.Context())
	cancel()
	if b, err := io.ReadAll(iotest.OneByteReader(of(gone, 5))); !errors.Is(unreadPromotion(err), order.ErrBusy) || string(b) != "01234" {
		t.Errorf("without a turn: read %q, %v", b, err)
	}
	small.close()
	first.close()
	next := of(t.Context(), 5)
	if _, err := io.ReadAll(next); err != nil {
		t.Error(err)
	}
	next.close()

	var w *wrong
	late := unreadPromotion(fmt.Errorf("read: %w", os.ErrDeadlineExceeded))
	if !errors.As(late, &w) || w.Status != http.StatusRequestTimeout {
		t.Errorf("too slow: %v", late)
	}
}

// Entries of the same terms are one to the core, and what is wrong with one is
// told of where it stood.
func TestPromotionEntriesAreGathered(t *testing.T) {
	t.Parallel()
	d := newDealer(t)
	entries := func(list ...string) string {
		from := strings.Index(somePromotion, `[{"sku"`)
		return somePromotion[:from] + "[" + strings.Join(list, ",") + "]}"
	}
	at := func(price int, skus string) string {
		return fmt.Sprintf(`{"sku":[%s],"discount_subtype":"FINAL_PRICE","discount_value":%d}`, skus, price)
	}
	_, list, err := readPromotion(strings.NewReader(entries(at(9, `"a"`), at(8, `"b","c"`), `{"sku":["x"],"active":false}`, at(9, `"d"`), at(8, `"a"`), at(9, `"b"`))))
	if err != nil {
		t.Fatal(err)
	}
	got := ""
	for _, one := range list {
		got += fmt.Sprint(one.Value, one.Remove, one.SKUs, one.From, " ")
	}
	if want := "9 false [a d b] [0 3 5] 8 false [b c a] [1 1 4]  true [x] [2] "; got != want {
		t.Errorf("read %q, want %q", got, want)
	}
	for body, says := range map[string]string{
		entries(at(9, `"a"`), at(8, `"b"`), at(9, `"c",""`)): `discount[2].sku[1]: `,
		entries(at(9, `"a"`), at(0, `"b"`), at(0, `"c"`)):    `discount[1].discount_value: `,
		entries(at(9, `"a"`), at(9, ``)):                     `discount[1].sku: is required`,
	} {
		if w := d.put(strings.NewReader(body), false); w.Code != http.StatusBadRequest || !strings.Contains(w.Body.String(), says) {
			t.Errorf("%s: got %d %s", says, w.Code, w.Body)
		}
	}
	// The last one that is listed counts, wherever its terms stood first.
	if w := d.put(strings.NewReader(entries(at(50, `"779001"`), at(40, `"779001"`), at(50, `"779001"`))), false); w.Code != http.StatusAccepted {
		t.Fatal(w.Code, w.Body)
	}
	shown, err := d.hub.Deps(Partner).Promotions.Shown(t.Context(), partnertest.Shop, "290056", []string{"779001"}, d.clock())
	if err != nil || shown[0].Final.String() != "50" {
		t.Errorf("shown %+v, %v", shown, err)
	}
}

// What is not taken is told six times, ten seconds apart, and holds up nothing
// but what is about the same promotion.
func TestPromotionsAreToldAgain(t *testing.T) {
	t.Parallel()
	d := newDealer(t)
	side, err := newCallback(d.hub.Deps(Partner))
	if err != nil {
		t.Fatal(err)
	}
	poll := func(want string) {
		t.Helper()
		if err := side.Poll(t.Context()); err != nil {
			t.Fatal(err)
		}
		if got := d.said(); got != want {
			t.Fatalf("told %q, want %q", got, want)
		}
	}
	d.refuses = func(body string) bool {
		return strings.Contains(body, "PROMOTION_CREATED") && strings.Contains(body, "Mala")
	}
	d.promote("Mala")
	d.promote("Buena")
	for n := range 5 {
		poll(map[bool]string{true: "COMPLETED CREATEDBuena CREATEDMala STARTEDBuena", false: "CREATEDMala"}[n == 0])
		d.later(9 * time.Second)
		poll("")
		d.later(time.Second)
	}
	poll("COMPLETED CREATEDMala STARTEDMala") // the sixth try; then the rest has its turn
	d.later(time.Hour)
	poll("")

	// The callback begins anew where another one ended.
	if side, err = newCallback(d.hub.Deps(Partner)); err != nil {
		t.Fatal(err)
	}
	poll("")
	d.later(40 * 24 * time.Hour)
	poll("ENDEDBuena ENDEDMala")
}

// What happens while nobody wants to be told is not told later.
func TestPromotionsThatNobodyWants(t *testing.T) {
	t.Parallel()
	d := newDealer(t)
	c := d.wants("false")
	d.promote("Antes")
	for range 2 {
		if err := c.tellPromotions(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	c = d.wants("true")
	if err := c.tellPromotions(t.Context()); err != nil {
		t.Fatal(err)
	}
	if got := d.said(); got != "" {
		t.Errorf("told %q", got)
	}
	d.promote("Después")
	if err := c.tellPromotions(t.Context()); err != nil {
		t.Fatal(err)
	}
	if got := d.said(); got != "COMPLETED CREATEDDespués STARTEDDespués" {
		t.Errorf("told %q", got)
	}
}
