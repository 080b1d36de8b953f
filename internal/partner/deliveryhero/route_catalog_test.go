package deliveryhero_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/ordermux/ordermux/internal/catalog"
	"github.com/ordermux/ordermux/internal/json"
	"github.com/ordermux/ordermux/internal/order"
	"github.com/ordermux/ordermux/internal/partner"
	"github.com/ordermux/ordermux/internal/partner/deliveryhero"
	"github.com/ordermux/ordermux/internal/partner/partnertest"
)

// platform takes updates of a catalogue as jobs.
type platform struct {
	*httptest.Server
	mu    sync.Mutex
	puts  []string // outlet and body
	asked int
	// answer decides what becomes of a PUT; nil: 202 and a job.
	answer func(w http.ResponseWriter, n int, body string) bool
	// job is what is said of a job; nil: it is completed.
	job func(id string) string
}

func newPlatform(t *testing.T) *platform {
	t.Helper()
	p := &platform{}
	mux := http.NewServeMux()
	mux.HandleFunc("PUT /v2/chains/"+chainID+"/vendors/{vendor}/catalog", func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		p.mu.Lock()
		p.puts = append(p.puts, r.PathValue("vendor")+" "+string(body))
		n, answer := len(p.puts), p.answer
		p.mu.Unlock()
		if r.Header.Get("Authorization") != "Bearer tok" {
			w.WriteHeader(http.StatusUnauthorized)
			return
		}
		if answer != nil && answer(w, n, string(body)) {
			return
		}
		w.WriteHeader(http.StatusAccepted)
		fmt.Fprintf(w, `{"job_id":"job-%d","job_status":"QUEUED"}`, n)
	})
	mux.HandleFunc("GET /v2/chains/"+chainID+"/catalog/jobs/{job}", func(w http.ResponseWriter, r *http.Request) {
		p.mu.Lock()
		p.asked++
		job := p.job
		p.mu.Unlock()
		said := `{"job_id":"x","job_status":"COMPLETED","result":{"item_level_feedback":[],"duplicated_products":[]}}`
		if job != nil {
			said = job(r.PathValue("job"))
		}
		_, _ = io.WriteString(w, said)
	})
	mux.HandleFunc("GET /v2/chains/"+chainID+"/vendors/{vendor}/orders", func(w http.ResponseWriter, _ *http.Request) {
		_, _ = io.WriteString(w, `{"orders":[],"page_number":1,"page_size":100,"total_pages":0}`)
	})
	p.Server = httptest.NewServer(mux)
	t.Cleanup(p.Close)
	return p
}

func (p *platform) set(f func()) {
	p.mu.Lock()
	defer p.mu.Unlock()
	f()
}

// took returns what was sent since it was called last.
func (p *platform) took() []string {
	p.mu.Lock()
	defer p.mu.Unlock()
	list := p.puts
	p.puts = nil
	return list
}

// catalogWorld is a shop with a route, and a clock.
type catalogWorld struct {
	t        *testing.T
	hub      *partnertest.Hub
	clock    atomic.Int64 // Unix, milliseconds
	platform *platform
	side     partner.Side
	settings map[string]json.Value
	wrap     func(partner.State) partner.State
}

func newCatalogWorld(t *testing.T, more ...string) *catalogWorld {
	t.Helper()
	w := &catalogWorld{t: t, platform: newPlatform(t)}
	w.clock.Store(nine.UnixMilli())
	w.hub = partnertest.NewHub(w.now)
	w.settings = map[string]json.Value{
		"base_url": json.Value(`"` + w.platform.URL + `"`), "chain_id": json.Value(`"` + chainID + `"`), "token": json.Value(`"tok"`),
		"vendors": json.Value(`["CENTRO=290056"]`), "currency": json.Value(`"UYU"`), "catalog": json.Value(`true`),
		"calls_per_minute": json.Value(`100000`),
	}
	for i := 0; i+1 < len(more); i += 2 {
		w.settings[more[i]] = json.Value(more[i+1])
	}
	w.start()
	return w
}

// nine is when the worlds begin.
var nine = time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC)

func (w *catalogWorld) now() time.Time { return time.UnixMilli(w.clock.Load()).UTC() }

// start makes the route anew, as after a restart.
func (w *catalogWorld) start() {
	w.t.Helper()
	deps := w.hub.Deps(deliveryhero.Partner)
	w.t.Cleanup(deps.HTTP.CloseIdle)
	if w.wrap != nil {
		deps.State = w.wrap(deps.State)
	}
	side, err := deliveryhero.Partner.Route(deps, partnertest.Settings(w.t, deliveryhero.Partner, false, w.settings))
	if err != nil {
		w.t.Fatal(err)
	}
	w.side = side
}

func (w *catalogWorld) put(products ...catalog.Product) {
	w.t.Helper()
	if _, err := w.hub.Catalog().Put(w.t.Context(), partnertest.Shop, products); err != nil {
		w.t.Fatal(err)
	}
}

func (w *catalogWorld) edit(edits ...catalog.OfferEdit) {
	w.t.Helper()
	put, err := w.hub.Catalog().PutOffers(w.t.Context(), partnertest.Shop, edits)
	if err != nil || len(put.Refused) > 0 {
		w.t.Fatal(put, err)
	}
}

// poll lets so much time pass and polls once.
func (w *catalogWorld) poll(after time.Duration) error {
	w.clock.Add(after.Milliseconds())
	return w.side.Poll(w.t.Context())
}

// polls polls every so often.
func (w *catalogWorld) polls(n int, every time.Duration) {
	w.t.Helper()
	for range n {
		if err := w.poll(every); err != nil {
			w.t.Fatal(err)
		}
	}
}

func (w *catalogWorld) jobs() []partner.Job {
	w.t.Helper()
	page, _, err := w.side.Jobs(w.t.Context(), partnertest.Shop, "", 100)
	if err != nil {
		w.t.Fatal(err)
	}
	for i := range page {
		full, err := w.side.Job(w.t.Context(), partnertest.Shop, page[i].ID)
		if err != nil || full == nil {
			w.t.Fatal(full, err)
		}
		page[i] = *full
	}
	return page
}

func (w *catalogWorld) troubles() []string {
	w.t.Helper()
	said, err := w.side.Troubles(w.t.Context())
	if err != nil {
		w.t.Fatal(err)
	}
	return said
}

func (w *catalogWorld) sent(want ...string) {
	w.t.Helper()
	if got := w.platform.took(); !slices.Equal(got, want) {
		w.t.Errorf("sent %q\nwant %q", got, want)
	}
}

func product(code, price string, stock ...string) catalog.Product {
	p := catalog.Product{Product: order.Product{Code: code, SKU: "S-" + code, Name: code}, Active: true, Currency: "UYU"}
	if price != "" {
		p.Price, _ = order.ParseDecimal(price)
	}
	for _, n := range stock {
		q, _ := order.ParseDecimal(n)
		p.Stock = append(p.Stock, catalog.Stock{Warehouse: "M1", Quantity: q})
	}
	return p
}

func TestRouteSendsWhatChanges(t *testing.T) {
	t.Parallel()
	w := newCatalogWorld(t)
	gone, elsewhere, noSKU := product("gone", "1", "1"), product("elsewhere", "2", "1"), product("bare", "3.00")
	elsewhere.Store, noSKU.SKU = "NORTE", ""
	foreign, idle := product("foreign", "7", "1.5"), product("idle", "8", "5")
	foreign.Currency, idle.Active = "USD", false
	buffered := product("buffered", "9", "4")
	buffered.Buffer = order.FromInt(4, 0)
	w.put(gone)
	if _, err := w.hub.Catalog().Delete(t.Context(), partnertest.Shop, []string{"gone"}); err != nil {
		t.Fatal(err)
	}
	w.put(product("a", "4.5555555", "12"), elsewhere, noSKU, foreign, idle, buffered, product("free", "0.0004", "1"))
	most := int64(6)
	price, _ := order.ParseDecimal("5")
	w.edit(catalog.OfferEdit{Store: "CENTRO", Code: "a", Price: price, Most: &most}, catalog.OfferEdit{Store: "NORTE", Code: "a", Price: order.FromInt(1, 0)})
	w.polls(1, 0)
	w.sent(`290056 {"products":[{"sku":"S-a","price":5,"active":true,"quantity":12,"maximum_sales_quantity":6},{"sku":"bare","price":3.00,"active":true},{"sku":"S-foreign","active":true,"quantity":1},` +
		`{"sku":"S-idle","price":8,"active":false,"quantity":0},{"sku":"S-buffered","price":9,"active":false,"quantity":0},` +
		`{"sku":"S-free","active":true,"quantity":1}]}`)
	// Until the platform has it nothing else goes to that outlet.
	w.put(product("b", "4.5559", "1"))
	if err := w.poll(time.Second); err != nil {
		t.Fatal(err)
	}
	w.sent()
	w.polls(2, 40*time.Second)
	w.sent(`290056 {"products":[{"sku":"S-b","price":4.555,"active":true,"quantity":1}]}`)
	w.polls(3, 40*time.Second)
	w.sent()
	jobs := w.jobs()
	if len(jobs) != 2 || jobs[1].State != partner.JobCompleted || jobs[1].Taken != 6 || jobs[1].Refused != 2 || jobs[1].Ref != "job-1" || jobs[1].Store != "CENTRO" {
		t.Fatalf("jobs: %+v", jobs)
	}
	if got := fmt.Sprint(jobs[1].Items); !strings.Contains(got, "S-foreign price: it is in USD, the platform's are in UYU") || !strings.Contains(got, "S-free price: it is not above 0") {
		t.Errorf("refused: %s", got)
	}
	// What is removed is sold no more.
	if _, err := w.hub.Catalog().Delete(t.Context(), partnertest.Shop, []string{"a", "elsewhere"}); err != nil {
		t.Fatal(err)
	}
	w.polls(2, 40*time.Second)
	w.sent(`290056 {"products":[{"sku":"S-a","active":false,"quantity":0}]}`)
	if said := w.troubles(); len(said) != 1 { // of what was not sent
		t.Errorf("troubles: %q", said)
	}
}

func TestRouteTellsOfRefusedProducts(t *testing.T) {
	t.Parallel()
	w := newCatalogWorld(t)
	w.platform.job = func(string) string {
		return `{"job_status":"completed","result":{"item_level_feedback":[` +
			`{"sku":"S-a","status":"REJECTED","rejection_reasons":[{"rejected_data":"sku","rejected_reason":"not found"}]},` +
			`{"sku":"S-b","status":"ACCEPTED","rejection_reasons":[]}],"duplicated_products":[]}}`
	}
	w.put(product("a", "1"), product("b", "2"))
	w.polls(3, 40*time.Second)
	if n := len(w.platform.took()); n != 1 {
		t.Errorf("%d calls: a refused product is not sent again as it is", n)
	}
	jobs := w.jobs()
	if len(jobs) != 1 || jobs[0].Taken != 1 || jobs[0].Refused != 1 || fmt.Sprint(jobs[0].Items) != "[{0 CENTRO S-a sku: not found}]" {
		t.Fatalf("jobs: %+v", jobs)
	}
	if said := w.troubles(); len(said) != 1 || !strings.Contains(said[0], "outlet 290056 does not have some products") {
		t.Errorf("troubles: %q", said)
	}
	// Another product does not change that, the product itself does.
	w.platform.set(func() { w.platform.job = nil })
	w.put(product("b", "3"))
	w.polls(3, 40*time.Second)
	if said := w.troubles(); len(said) != 1 {
		t.Errorf("troubles: %q", said)
	}
	w.put(product("a", "3"))
	w.polls(3, 40*time.Second)
	if said := w.troubles(); len(said) != 0 {
		t.Errorf("troubles: %q", said)
	}
	if got := w.platform.took(); len(got) != 2 || !strings.Contains(got[1], `"S-a"`) || strings.Contains(got[1], `"S-b"`) {
		t.Errorf("sent %q", got)
	}
}

func TestRouteSendsAgainWhatIsNotKnownToBeTaken(t *testing.T) {
	t.Parallel()
	w := newCatalogWorld(t)
	w.platform.answer = func(rw http.ResponseWriter, n int, _ string) bool {
		switch n {
		case 1: // nobody knows
			panic(http.ErrAbortHandler)
		case 2:
			rw.WriteHeader(http.StatusTooManyRequests)
			return true
		}
		return false
	}
	w.put(product("a", "1"))
	if err := w.poll(0); err == nil {
		t.Error("the first call broke and nobody says so")
	}
	w.put(product("b", "2")) // goes with it
	if err := w.poll(10 * time.Second); err == nil {
		t.Error("the second call was refused and nobody says so")
	}
	w.start() // by another process
	w.polls(1, 20*time.Second)
	got := w.platform.took()
	if len(got) != 3 || got[0] == got[2] || !strings.Contains(got[2], `"S-a"`) || !strings.Contains(got[2], `"S-b"`) {
		t.Fatalf("sent %q", got)
	}
	w.start()
	w.polls(4, 40*time.Second)
	w.sent()
	if jobs := w.jobs(); len(jobs) != 1 || jobs[0].State != partner.JobCompleted || jobs[0].Taken != 2 {
		t.Errorf("jobs: %+v", jobs)
	}
}

func TestRouteSendsAgainAfterAJobThatFailed(t *testing.T) {
	t.Parallel()
	w := newCatalogWorld(t)
	w.platform.job = func(id string) string {
		if id == "job-1" {
			return `{"job_status":"FAILED","code":"INTERNAL","message":"out of order"}`
		}
		return `{"job_status":"COMPLETED","result":{}}`
	}
	w.put(product("a", "1"))
	w.polls(2, 40*time.Second) // sent; failed
	if n := len(w.platform.took()); n != 1 {
		t.Errorf("%d calls", n)
	}
	w.platform.set(func() { w.platform.puts = []string{"so that the next one is job-2"} })
	w.polls(3, 40*time.Second)
	if got := w.platform.took(); len(got) != 2 || !strings.Contains(got[1], `"S-a"`) {
		t.Errorf("sent %q", got)
	}
	jobs := w.jobs()
	if len(jobs) != 2 || jobs[1].State != partner.JobFailed || !strings.Contains(jobs[1].Reason, "out of order") || jobs[0].State != partner.JobCompleted {
		t.Errorf("jobs: %+v", jobs)
	}
}

func TestRouteFindsTheProductThatARequestIsRefusedFor(t *testing.T) {
	t.Parallel()
	w := newCatalogWorld(t)
	w.platform.answer = func(rw http.ResponseWriter, _ int, body string) bool {
		if !strings.Contains(body, `"S-p5"`) {
			return false
		}
		rw.WriteHeader(http.StatusBadRequest)
		_, _ = io.WriteString(rw, `{"code":"INVALID","message":"no such unit"}`)
		return true
	}
	var all []catalog.Product
	for i := range 8 {
		all = append(all, product(fmt.Sprintf("p%d", i), "1"))
	}
	w.put(all...)
	w.polls(14, 40*time.Second)
	arrived := map[string]bool{}
	for _, put := range w.platform.took() {
		for i := range 8 {
			if sku := fmt.Sprintf(`"S-p%d"`, i); strings.Contains(put, sku) && !strings.Contains(put, `"S-p5"`) {
				arrived[sku] = true
			}
		}
	}
	if len(arrived) != 7 {
		t.Errorf("arrived: %v", arrived)
	}
	var refused []partner.JobItem
	for _, job := range w.jobs() {
		if job.State != partner.JobCompleted {
			t.Errorf("job %+v", job)
		}
		refused = append(refused, job.Items...)
	}
	if len(refused) != 1 || refused[0].SKU != "S-p5" || !strings.Contains(refused[0].Reason, "no such unit") {
		t.Errorf("refused %+v", refused)
	}
}

// breakingState is a State whose nth write fails.
type breakingState struct {
	partner.State
	writes atomic.Int64
	fails  int64
}

var errStateAway = errors.New("the store is away")

func (s *breakingState) write() error {
	if s.writes.Add(1) == s.fails {
		return errStateAway
	}
	return nil
}

func (s *breakingState) Put(ctx context.Context, key string, value []byte, ttl time.Duration) error {
	if err := s.write(); err != nil {
		return err
	}
	return s.State.Put(ctx, key, value, ttl)
}

func (s *breakingState) Change(ctx context.Context, edits ...partner.Edit) (bool, error) {
	if err := s.write(); err != nil {
		return false, err
	}
	return s.State.Change(ctx, edits...)
}

func (s *breakingState) Delete(ctx context.Context, key string) error {
	if err := s.write(); err != nil {
		return err
	}
	return s.State.Delete(ctx, key)
}

// TestRouteSurvivesWhereverItEnds breaks off at each write in turn and starts
// anew: all changes arrive, the last word of each product last.
func TestRouteSurvivesWhereverItEnds(t *testing.T) {
	t.Parallel()
	for n := 1; ; n++ {
		if n > 100 {
			t.Fatal("it never ends")
		}
		w := newCatalogWorld(t, "catalog_batch", "2")
		broke := &breakingState{fails: int64(n)}
		w.wrap = func(s partner.State) partner.State { broke.State = s; return broke }
		w.start()
		w.put(product("a", "1"), product("b", "1"), product("c", "1"))
		faults := 0
		step := func(n int) {
			for range n {
				if w.poll(40*time.Second) != nil {
					faults++
					w.start()
				}
			}
		}
		step(4)
		w.put(product("b", "2"), product("a", "2"))
		step(8)
		last := map[string]string{}
		for _, put := range w.platform.took() {
			_, body, _ := strings.Cut(put, " ")
			var sent struct {
				Products []struct {
					SKU   string     `json:"sku"`
					Price json.Value `json:"price"`
				} `json:"products"`
			}
			if err := json.UnmarshalInput([]byte(body), &sent); err != nil {
				t.Fatal(err)
			}
			for _, p := range sent.Products {
				last[p.SKU] = string(p.Price)
			}
		}
		if fmt.Sprint(last) != "map[S-a:2 S-b:2 S-c:1]" {
			t.Errorf("write %d: arrived %v", n, last)
		}
		for _, job := range w.jobs() {
			if job.State != partner.JobCompleted {
				t.Errorf("write %d: left over: %+v", n, job)
			}
		}
		if faults == 0 {
			if n < 15 {
				t.Errorf("only %d writes", n)
			}
			return
		}
	}
}

func TestRouteCatalogSettings(t *testing.T) {
	t.Parallel()
	f := func(want string, more ...string) {
		t.Helper()
		settings := map[string]json.Value{
			"base_url": json.Value(`"https://uy.dh.example"`), "chain_id": json.Value(`"` + chainID + `"`), "token": json.Value(`"tok"`),
			"vendors": json.Value(`["CENTRO=290056"]`), "catalog": json.Value(`true`),
		}
		for i := 0; i+1 < len(more); i += 2 {
			settings[more[i]] = json.Value(more[i+1])
		}
		_, err := deliveryhero.Partner.Route(partner.Deps{}, partnertest.Settings(t, deliveryhero.Partner, false, settings))
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: got %v", want, err)
		}
	}
	f("vendors: name the outlets", "vendors", `[]`)
	f("catalog_batch: write a number from 1 to 5000", "catalog_batch", `5001`)
	f("catalog_every: write a duration", "catalog_every", `"1ms"`)
	f("sftp_user: is needed with sftp_host", "sftp_host", `"sftp.example"`)
	f("sftp_host_key: is needed with sftp_host", "sftp_host", `"sftp.example"`)
	f("sftp_host_key: write the fingerprint", "sftp_host", `"sftp.example"`, "sftp_host_key", `"SHA256:AAAA"`)
	f("sftp_host: write the name of a host alone", "sftp_host", `"sftp.example:22"`)
	f("sftp_port: write a port", "sftp_host", `"sftp.example"`, "sftp_port", `70000`)
	f("can not stand in the name of a file", "sftp_host", `"sftp.example"`, "sftp_prefix", `"a/b"`)
}
