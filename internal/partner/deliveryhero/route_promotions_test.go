package deliveryhero_test

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/ordermux/ordermux/internal/json"
	"github.com/ordermux/ordermux/internal/order"
	"github.com/ordermux/ordermux/internal/partner"
	"github.com/ordermux/ordermux/internal/partner/deliveryhero"
	"github.com/ordermux/ordermux/internal/partner/partnertest"
	"github.com/ordermux/ordermux/internal/promotion"
)

// promoPlatform plays the platform as far as it is about promotions: what it
// answers to a PUT and to a GET stands in lists; the last one is answered from
// then on.
type promoPlatform struct {
	mu        sync.Mutex
	puts      []string // bodies
	gets      []string // ids of jobs
	came      chan struct{}
	putAnswer []string // "202 {…}"; "CLOSE": the connection ends without an answer
	getAnswer []string
}

func (p *promoPlatform) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	select {
	case p.came <- struct{}{}:
	default:
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	const path = "/v2/chains/d1c4a3b2-0000-4000-8000-00000000c001/promotion"
	next := func(list *[]string) string {
		a := (*list)[0]
		if len(*list) > 1 {
			*list = (*list)[1:]
		}
		return a
	}
	answer := "404 "
	id, isJob := strings.CutPrefix(r.URL.Path, path+"/jobs/")
	switch {
	case r.Method == http.MethodPut && r.URL.Path == path:
		b, _ := io.ReadAll(r.Body)
		p.puts = append(p.puts, string(b))
		answer = strings.ReplaceAll(next(&p.putAnswer), "{n}", fmt.Sprint(len(p.puts)))
	case r.Method == http.MethodGet && isJob:
		p.gets = append(p.gets, id)
		answer = next(&p.getAnswer)
	}
	if answer == "CLOSE" {
		panic(http.ErrAbortHandler)
	}
	status, body, _ := strings.Cut(answer, " ")
	w.Header().Set("Content-Type", "application/json")
	var code int
	_, _ = fmt.Sscan(status, &code)
	w.WriteHeader(code)
	_, _ = io.WriteString(w, body)
}

func (p *promoPlatform) answers(put, get []string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if put != nil {
		p.putAnswer = put
	}
	if get != nil {
		p.getAnswer = get
	}
}

func (p *promoPlatform) seen() (puts, gets []string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	return slices.Clone(p.puts), slices.Clone(p.gets)
}

const (
	taken     = `202 {"job_id":"job-{n}","job_status":"QUEUED"}`
	completed = `200 {"job_id":"x","job_status":"COMPLETED","result":{"invalid_vendors":[],"missing_skus":{},"invalid_discounted_skus":{}}}`
	running   = `200 {"job_id":"x","job_status":"IN_PROGRESS"}`
)

// promoter is a route with its platform and a clock.
type promoter struct {
	t        *testing.T
	side     partner.Side
	platform *promoPlatform
	hub      *partnertest.Hub
	mu       sync.Mutex
	at       time.Time
}

func (p *promoter) now() time.Time {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.at
}

func newPromoter(t *testing.T, settings map[string]string) *promoter {
	t.Helper()
	p := &promoter{t: t, at: time.Date(2026, 5, 20, 12, 0, 0, 0, time.UTC), platform: &promoPlatform{came: make(chan struct{}, 1), putAnswer: []string{taken}, getAnswer: []string{completed}}}
	srv := httptest.NewServer(p.platform)
	t.Cleanup(srv.Close)
	values := map[string]json.Value{
		"base_url": json.Value(`"{{base}}/v2"`), "chain_id": json.Value(`"d1c4a3b2-0000-4000-8000-00000000c001"`), "token": json.Value(`"tok-promotions"`),
		"webhook_secret": json.Value(`"hook-secret"`), "calls_per_minute": json.Value(`100000`), "poll_every": json.Value(`"1000h"`),
		"vendors": json.Value(`["K-1=290056","K-2=s8ym"]`),
	}
	for name, v := range settings {
		values[name] = json.Value(v)
	}
	p.hub = partnertest.NewHub(p.now)
	p.side = partnertest.NewRoute(t, deliveryhero.Partner, p.hub, srv.URL, values)
	return p
}

// polls moves the clock and polls, so many times.
func (p *promoter) polls(times int, step time.Duration) {
	p.t.Helper()
	for range times {
		p.mu.Lock()
		p.at = p.at.Add(step)
		p.mu.Unlock()
		// What the platform does wrong is an error of the poll; the tests see to
		// what follows from it.
		_ = p.side.Poll(p.t.Context())
	}
}

func (p *promoter) promote(r *promotion.Request) string {
	p.t.Helper()
	job, err := p.side.Promote(p.t.Context(), r)
	if err != nil || job == "" {
		p.t.Fatalf("%q %v", job, err)
	}
	return job
}

func (p *promoter) job(id string) *partner.Job {
	p.t.Helper()
	j, err := p.side.Job(p.t.Context(), partnertest.Shop, id)
	if err != nil || j == nil {
		p.t.Fatalf("job %s: %v %v", id, j, err)
	}
	return j
}

func (p *promoter) troubles() []string {
	p.t.Helper()
	list, err := p.side.Troubles(p.t.Context())
	if err != nil {
		p.t.Fatal(err)
	}
	return list
}

// mayOffer is a promotion of two SKUs in both outlets.
func mayOffer(change ...func(*promotion.Request)) *promotion.Request {
	at := func(text string) order.Time {
		t, err := order.ParseTime(text)
		if err != nil {
			panic(err)
		}
		return t
	}
	r := &promotion.Request{
		Header: promotion.Header{
			Names: map[string]string{"es_UY": "Oferta de mayo"}, Start: at("2026-05-25T00:00:00-03:00"), End: at("2026-06-01T00:00:00-03:00"),
			Type: promotion.Strikethrough, Reason: promotion.Trading, Limits: promotion.Limits{Global: 500, MaxDiscountPerOrder: order.FromInt(2000, 2)},
		},
		Stores: []string{"K-1", "K-2"},
		Discounts: []promotion.Discount{{
			SKUs:  []string{"CAFE-250", "CAFE-500"},
			Terms: promotion.Terms{Subtype: promotion.FinalPrice, Value: order.FromInt(850, 2), MaxQuantity: 2},
		}},
	}
	for _, f := range change {
		f(r)
	}
	return r
}

const mayBody = `{"vendors":["290056","s8ym"],"type":"STRIKETHROUGH","reason":"TRADING","display_name":{"es_UY":"Oferta de mayo"},` +
	`"conditions":{"start_time":"2026-05-25T03:00:00.000Z","end_time":"2026-06-01T03:00:00.000Z"},"limits":{"global_limit":500,"max_discount_per_order":20.00},` +
	`"discount":[{"sku":["CAFE-250","CAFE-500"],"discount_subtype":"FINAL_PRICE","discount_value":8.50,"max_quantity":2}]}`

func TestPromotionIsSentAndFollowed(t *testing.T) {
	t.Parallel()
	p := newPromoter(t, nil)
	p.platform.answers(nil, []string{running, `200 {"job_id":"job-1","job_status":"COMPLETED","created_at":"2026-05-20T12:00:05Z","result":{
		"invalid_vendors":["s8ym"],"missing_skus":{"290056":["CAFE-500"]},"invalid_discounted_skus":null,"more":1}}`})
	id := p.promote(mayOffer())
	if j := p.job(id); j.State != partner.JobQueued || j.Kind != partner.JobPromotion || j.Name != "Oferta de mayo" || j.Ref != "" {
		t.Errorf("%+v", j)
	}
	p.polls(1, 5*time.Second)
	puts, gets := p.platform.seen()
	if d := cmp.Diff([]string{mayBody}, puts); d != "" || len(gets) != 0 {
		t.Fatal(d, gets)
	}
	if j := p.job(id); j.State != partner.JobQueued || j.Ref != "job-1" {
		t.Errorf("%+v", j)
	}
	p.polls(1, 5*time.Second)
	if j := p.job(id); j.State != partner.JobInProgress {
		t.Errorf("%+v", j)
	}
	p.polls(6, 5*time.Second)
	want := []partner.JobItem{
		{Store: "K-2", Reason: "the platform has no such outlet of the chain"},
		{Store: "K-1", SKU: "CAFE-500", Reason: "not in the outlet's catalogue, or not active there"},
	}
	j := p.job(id)
	if d := cmp.Diff(want, j.Items); d != "" || j.State != partner.JobCompleted || j.Taken != 1 || j.Refused != 3 || j.Reason != "refused in part" {
		t.Errorf("%+v\n%s", j, d)
	}
	if puts, gets := p.platform.seen(); len(puts) != 1 || !slices.Equal(gets, []string{"job-1", "job-1"}) {
		t.Error(len(puts), gets)
	}
	p.polls(20, time.Minute)
	if puts, gets := p.platform.seen(); len(puts) != 1 || len(gets) != 2 {
		t.Error("something was called once more", len(puts), gets)
	}
	if list := p.troubles(); len(list) != 0 {
		t.Error(list)
	}
	page, next, err := p.side.Jobs(t.Context(), partnertest.Shop, "", 10)
	if err != nil || len(page) != 1 || next != "" || page[0].ID != id || page[0].Items != nil || page[0].Refused != 3 {
		t.Errorf("%+v %q %v", page, next, err)
	}
}

// TestPausesOfAskingGrow counts the questions about a job that takes its time:
// they become fewer, and it is late after 50 minutes only.
func TestPausesOfAskingGrow(t *testing.T) {
	t.Parallel()
	p := newPromoter(t, nil)
	p.platform.answers(nil, []string{running})
	id := p.promote(mayOffer())
	p.polls(1+49*12, 5*time.Second)
	if _, gets := p.platform.seen(); len(gets) < 10 || len(gets) > 20 {
		t.Errorf("%d questions in 49 minutes", len(gets))
	}
	if list := p.troubles(); len(list) != 0 {
		t.Error(list)
	}
	p.polls(1, 90*time.Second)
	if list := p.troubles(); len(list) != 1 || list[0] != "job 1 (promotion Oferta de mayo) is with the platform for more than 50 minutes and not over" {
		t.Error(list)
	}
	p.platform.answers(nil, []string{completed})
	p.polls(1, 5*time.Minute)
	if j := p.job(id); j.State != partner.JobCompleted || j.Taken != 4 || j.Refused != 0 || j.Reason != "" {
		t.Errorf("%+v", j)
	}
	if list := p.troubles(); len(list) != 0 {
		t.Error(list)
	}
}

// TestUnknownOutcome loses answers: the same bytes go again, and a duplicate of
// what arrived the first time is asked once more, because only then what was
// refused is told.
func TestUnknownOutcome(t *testing.T) {
	t.Parallel()
	p := newPromoter(t, nil)
	p.platform.answers([]string{`503 {"code":"busy","message":"later"}`, "CLOSE", `500 oops`, taken},
		[]string{`200 {"job_id":"job-4","job_status":"DUPLICATE"}`, `200 {"job_status":"COMPLETED","result":{"missing_skus":{"290056":["CAFE-500"]}}}`})
	id := p.promote(mayOffer())
	p.polls(20, 5*time.Second)
	puts, gets := p.platform.seen()
	if len(puts) != 4 || len(gets) != 1 {
		t.Fatal(len(puts), gets)
	}
	p.polls(30, 5*time.Second)
	if puts, _ = p.platform.seen(); len(puts) != 5 {
		t.Fatal(len(puts))
	}
	for _, body := range puts {
		if body != mayBody {
			t.Error(body)
		}
	}
	if j := p.job(id); j.State != partner.JobCompleted || j.Refused != 1 || j.Taken != 3 || j.Ref != "job-5" {
		t.Errorf("%+v", j)
	}
	if list := p.troubles(); len(list) != 0 {
		t.Error(list)
	}
}

// TestStoppedWhileSending: the hub is stopped before it has heard the answer; the
// next one sends the same bytes, and asks again for what came of the first.
func TestStoppedWhileSending(t *testing.T) {
	t.Parallel()
	p := newPromoter(t, nil)
	p.polls(1, time.Second) // of orders nothing more is asked in this test
	p.waitsForAnswer()
	id := p.promote(mayOffer())
	stopped, cancel := context.WithCancel(t.Context())
	p.platform.mu.Lock() // no answer comes
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		_ = p.side.Poll(stopped)
	}()
	p.waitsForAnswer()
	cancel()
	<-ended
	p.platform.mu.Unlock()
	p.platform.answers([]string{taken}, []string{`200 {"job_status":"DUPLICATE"}`, completed})
	p.polls(40, 10*time.Second)
	puts, _ := p.platform.seen()
	if len(puts) != 3 || puts[0] != puts[1] || puts[1] != puts[2] {
		t.Errorf("%d", len(puts))
	}
	if j := p.job(id); j.State != partner.JobCompleted || j.Taken != 4 {
		t.Errorf("%+v", j)
	}
}

// waitsForAnswer waits until a request has reached the platform.
func (p *promoter) waitsForAnswer() {
	p.t.Helper()
	select {
	case <-p.platform.came:
	case <-time.After(20 * time.Second):
		p.t.Fatal("nothing is sent")
	}
}

// TestDuplicateOfAnother: nobody lost an answer, so the same promotion is under
// way by another hand.
func TestDuplicateOfAnother(t *testing.T) {
	t.Parallel()
	p := newPromoter(t, nil)
	p.platform.answers(nil, []string{`200 {"job_status":"DUPLICATE"}`})
	id := p.promote(mayOffer())
	p.polls(5, 5*time.Second)
	if j := p.job(id); j.State != partner.JobDuplicate || j.Reason == "" {
		t.Errorf("%+v", j)
	}
}

// TestPromotionIsChanged sends the whole body again with what is changed in it.
func TestPromotionIsChanged(t *testing.T) {
	t.Parallel()
	p := newPromoter(t, nil)
	p.promote(mayOffer())
	p.polls(4, 5*time.Second)
	p.promote(mayOffer(func(r *promotion.Request) {
		r.Discounts = []promotion.Discount{
			{SKUs: []string{"CAFE-500"}, Remove: true},
			{SKUs: []string{"TE-20", "TE-20"}, Terms: promotion.Terms{Subtype: promotion.Percentage, Value: order.FromInt(10, 0)}},
		}
	}))
	p.polls(4, 5*time.Second)
	p.promote(mayOffer(func(r *promotion.Request) {
		r.Inactive = true
		r.Discounts = []promotion.Discount{{SKUs: []string{"TE-20"}, Remove: true}}
	}))
	p.polls(4, 5*time.Second)
	puts, _ := p.platform.seen()
	head, _, _ := strings.Cut(mayBody, `"discount":`)
	first := `{"sku":["CAFE-250"],"discount_subtype":"FINAL_PRICE","discount_value":8.50,"max_quantity":2},{"sku":["CAFE-500"],"active":false},`
	want := []string{
		mayBody,
		head + `"discount":[` + first + `{"sku":["TE-20"],"discount_subtype":"PERCENTAGE","discount_value":10}]}`,
		strings.Replace(head, `"STRIKETHROUGH",`, `"STRIKETHROUGH","active":false,`, 1) + `"discount":[` + first + `{"sku":["TE-20"],"active":false}]}`,
	}
	if d := cmp.Diff(want, puts); d != "" {
		t.Error(d)
	}
}

// TestSameRequest: while it waits it is the same job, later it is sent again.
func TestSameRequest(t *testing.T) {
	t.Parallel()
	p := newPromoter(t, nil)
	first := p.promote(mayOffer())
	if again := p.promote(mayOffer()); again != first {
		t.Error(first, again)
	}
	p.polls(1, 5*time.Second)
	if again := p.promote(mayOffer()); again != first { // the platform has it, and has not done it yet
		t.Error(first, again)
	}
	p.polls(3, 5*time.Second)
	again := p.promote(mayOffer())
	if again == first {
		t.Error("it is over")
	}
	p.polls(3, 5*time.Second)
	if puts, _ := p.platform.seen(); !slices.Equal(puts, []string{mayBody, mayBody}) {
		t.Error(puts)
	}
}

// TestSequence: changes of one promotion are sent one after the other has
// ended, others do not wait for them.
func TestSequence(t *testing.T) {
	t.Parallel()
	p := newPromoter(t, nil)
	p.platform.answers(nil, []string{running})
	price := func(units int64) func(*promotion.Request) {
		return func(r *promotion.Request) { r.Discounts[0].Value = order.FromInt(units, 0) }
	}
	p.promote(mayOffer())
	p.promote(mayOffer(price(7)))
	p.promote(mayOffer(price(6)))
	for i := range 3 {
		p.promote(mayOffer(func(r *promotion.Request) { r.Names = map[string]string{"es_UY": fmt.Sprint("Otra ", i)} }))
	}
	value := func(body string) string {
		_, rest, _ := strings.Cut(body, `"discount_value":`)
		price, _, _ := strings.Cut(rest, ",")
		name, _, _ := strings.Cut(strings.SplitN(body, `"es_UY":"`, 2)[1], `"`)
		return name + " " + price
	}
	sent := func() (list []string) {
		puts, _ := p.platform.seen()
		for _, b := range puts {
			list = append(list, value(b))
		}
		return list
	}
	p.polls(3, 5*time.Second)
	want := []string{"Oferta de mayo 8.50", "Otra 0 8.50", "Otra 1 8.50", "Otra 2 8.50"}
	if d := cmp.Diff(want, sent()); d != "" {
		t.Fatal(d)
	}
	p.platform.answers(nil, []string{completed})
	p.polls(30, 10*time.Second)
	if d := cmp.Diff(append(want, "Oferta de mayo 7", "Oferta de mayo 6"), sent()); d != "" {
		t.Error(d)
	}
	for id := 1; id <= 6; id++ {
		if j := p.job(fmt.Sprint(id)); j.State != partner.JobCompleted {
			t.Errorf("%+v", j)
		}
	}
}

// TestRefusedPromotion: what the platform does not take is told of, and is no
// part of what is sent next.
func TestRefusedPromotion(t *testing.T) {
	t.Parallel()
	p := newPromoter(t, nil)
	p.promote(mayOffer())
	p.polls(4, 5*time.Second)
	p.platform.answers([]string{`400 {"code":"invalid_discount","message":"sku BAD is no SKU"}`}, nil)
	bad := p.promote(mayOffer(func(r *promotion.Request) { r.Discounts[0].SKUs = []string{"BAD"} }))
	p.polls(2, 5*time.Second)
	if j := p.job(bad); j.State != partner.JobFailed || j.Reason != "http_400: invalid_discount: sku BAD is no SKU" {
		t.Errorf("%+v", j)
	}
	if list := p.troubles(); len(list) != 1 || list[0] != "job 2 (promotion Oferta de mayo) failed: http_400: invalid_discount: sku BAD is no SKU" {
		t.Error(list)
	}
	p.platform.answers([]string{taken}, nil)
	p.promote(mayOffer(func(r *promotion.Request) { r.Discounts[0].SKUs = []string{"CAFE-500"} }))
	p.polls(2, 5*time.Second)
	puts, _ := p.platform.seen()
	if last := puts[len(puts)-1]; strings.Contains(last, "BAD") || !strings.Contains(last, "CAFE-250") {
		t.Error(last)
	}
	p.polls(25, time.Hour)
	if list := p.troubles(); len(list) != 0 {
		t.Error(list)
	}
}

// TestJobThatFailed at the platform, after it was taken.
func TestJobThatFailed(t *testing.T) {
	t.Parallel()
	p := newPromoter(t, nil)
	p.platform.answers(nil, []string{`200 {"job_status":"FAILED","message":"internal"}`})
	id := p.promote(mayOffer())
	p.polls(4, 5*time.Second)
	if j := p.job(id); j.State != partner.JobFailed || j.Reason != "internal" {
		t.Errorf("%+v", j)
	}
}

// TestLoginTrouble is the route's, not the promotion's: it waits, and people
// hear of it.
func TestLoginTrouble(t *testing.T) {
	t.Parallel()
	for _, status := range []string{`401 {"code":"unauthorized","message":"no"}`, `403 {}`, `404 {"code":"not_found","message":"no such chain"}`} {
		p := newPromoter(t, nil)
		p.platform.answers([]string{status}, nil)
		id := p.promote(mayOffer())
		p.polls(130, 5*time.Second)
		puts, _ := p.platform.seen()
		if j := p.job(id); j.State != partner.JobQueued || len(puts) < 10 || len(puts) > 20 {
			t.Errorf("%d %+v", len(puts), j)
		}
		if list := p.troubles(); len(list) != 1 || !strings.Contains(list[0], "can not be handed to the platform: http_"+status[:3]) {
			t.Error(list)
		}
		p.platform.answers([]string{taken}, nil)
		p.polls(4, 5*time.Minute)
		if j := p.job(id); j.State != partner.JobCompleted {
			t.Errorf("%+v", j)
		}
	}
}

// TestLostJob: an unknown id is waited for, and given up when it is late.
func TestLostJob(t *testing.T) {
	t.Parallel()
	p := newPromoter(t, nil)
	p.platform.answers(nil, []string{`404 {"code":"not_found","message":"no job"}`})
	id := p.promote(mayOffer())
	p.polls(50, time.Minute)
	if j := p.job(id); j.State != partner.JobQueued {
		t.Errorf("%+v", j)
	}
	p.polls(10, time.Minute)
	if j := p.job(id); j.State != partner.JobFailed || !strings.Contains(j.Reason, "knows no such job") {
		t.Errorf("%+v", j)
	}
}

// hook sends the route a webhook.
func (p *promoter) hook(body string) int {
	r := httptest.NewRequest(http.MethodPost, "/", strings.NewReader(body))
	r.Header.Set("Authorization", "hook-secret")
	r.Header.Set("Content-Type", "application/json")
	w := httptest.NewRecorder()
	p.side.Handler.ServeHTTP(w, r)
	return w.Code
}

// TestWebhookOfAJob: it is asked about at once; where the platform does not
// know the job when asked, what the webhook says counts.
func TestWebhookOfAJob(t *testing.T) {
	t.Parallel()
	p := newPromoter(t, nil)
	p.platform.answers(nil, []string{running})
	id := p.promote(mayOffer())
	p.polls(60, 5*time.Second)
	_, before := p.platform.seen()
	p.platform.answers(nil, []string{completed})
	if code := p.hook(`{"job_id":"job-1","status":"COMPLETED"}`); code != 200 {
		t.Fatal(code)
	}
	p.polls(1, time.Second)
	if _, after := p.platform.seen(); len(after) != len(before)+1 {
		t.Error(len(before), len(after))
	}
	if j := p.job(id); j.State != partner.JobCompleted {
		t.Errorf("%+v", j)
	}

	p.platform.answers(nil, []string{`404 {"code":"not_found","message":"no job"}`})
	id = p.promote(mayOffer())
	p.polls(1, 5*time.Second)
	if code := p.hook(`{"job_id":"job-2","status":"completed","invalid_vendors":["290056"]}`); code != 200 {
		t.Fatal(code)
	}
	p.polls(1, time.Second)
	if j := p.job(id); j.State != partner.JobCompleted || j.Refused != 2 || len(j.Items) != 1 || j.Items[0].Store != "K-1" {
		t.Errorf("%+v", j)
	}
	// Somebody else's job, and one that is over.
	for _, body := range []string{`{"job_id":"job-77","status":"COMPLETED"}`, `{"job_id":"job-1","status":"FAILED"}`} {
		if code := p.hook(body); code != 200 {
			t.Error(code, body)
		}
	}
	p.polls(1, time.Second)
	if j := p.job("1"); j.State != partner.JobCompleted {
		t.Errorf("%+v", j)
	}
}

// TestOutletsOfOthers: a route that lists its outlets sends only for those.
func TestOutletsOfOthers(t *testing.T) {
	t.Parallel()
	p := newPromoter(t, nil)
	id := p.promote(mayOffer(func(r *promotion.Request) { r.Stores = []string{"K-2", "PARIS-1"} }))
	p.polls(4, 5*time.Second)
	puts, _ := p.platform.seen()
	if len(puts) != 1 || !strings.Contains(puts[0], `"vendors":["s8ym"]`) {
		t.Error(puts)
	}
	j := p.job(id)
	want := []partner.JobItem{{Store: "PARIS-1", Reason: "no outlet of this route"}}
	if d := cmp.Diff(want, j.Items); d != "" || j.Taken != 2 || j.Refused != 2 {
		t.Errorf("%+v %s", j, d)
	}
	_, err := p.side.Promote(t.Context(), mayOffer(func(r *promotion.Request) { r.Stores = []string{"PARIS-1"} }))
	if err == nil || !strings.Contains(err.Error(), "none of them is an outlet of this route") {
		t.Error(err)
	}
	many := p.promote(mayOffer(func(r *promotion.Request) {
		for i := range 3000 {
			r.Stores = append(r.Stores, fmt.Sprint("PARIS-", i))
		}
	}))
	p.polls(4, 5*time.Second)
	if j := p.job(many); j.Taken != 4 || j.Refused != 6000 || len(j.Items) != 1000 || !j.Cut {
		t.Errorf("%d %d %d", j.Taken, j.Refused, len(j.Items))
	}
	open := newPromoter(t, map[string]string{"vendors": `[]`, "locale": `"es_AR"`})
	open.promote(mayOffer(func(r *promotion.Request) { r.Stores, r.Name, r.Names = []string{promotion.Every}, "Mayo", nil }))
	open.polls(1, 5*time.Second)
	if puts, _ := open.platform.seen(); len(puts) != 1 || !strings.Contains(puts[0], `"vendors":["*"]`) || !strings.Contains(puts[0], `{"es_AR":"Mayo"}`) {
		t.Error(puts)
	}
	off := newPromoter(t, map[string]string{"promotions": `false`})
	if off.side.Promote != nil {
		t.Error("promotions are off")
	}
}

// TestPromotionThatEnded is not sent any more.
func TestPromotionThatEnded(t *testing.T) {
	t.Parallel()
	p := newPromoter(t, nil)
	id := p.promote(mayOffer())
	p.polls(1, 30*24*time.Hour)
	if j := p.job(id); j.State != partner.JobFailed || !strings.Contains(j.Reason, "was over before") {
		t.Errorf("%+v", j)
	}
	if puts, _ := p.platform.seen(); len(puts) != 0 {
		t.Error(puts)
	}
}

// TestLargePromotion is kept in pieces, and sent as it was kept. What would grow
// too large together with what was sent before is refused.
func TestLargePromotion(t *testing.T) {
	t.Parallel()
	var outlets, stores []string
	for i := range 100 {
		stores = append(stores, fmt.Sprint("K-", i))
		outlets = append(outlets, fmt.Sprintf("K-%d=%d", i, 1000+i))
	}
	vendors, err := json.Marshal(outlets)
	if err != nil {
		t.Fatal(err)
	}
	p := newPromoter(t, map[string]string{"vendors": string(vendors)})
	large := func(name string, n int) *promotion.Request {
		return mayOffer(func(r *promotion.Request) {
			r.Stores, r.Discounts[0].SKUs = stores, nil
			for i := range n {
				r.Discounts[0].SKUs = append(r.Discounts[0].SKUs, fmt.Sprintf("%s-%s-%05d", name, strings.Repeat("X", 70), i))
			}
		})
	}
	p.platform.answers([]string{"CLOSE", taken}, nil)
	id := p.promote(large("A", 15_000))
	p.polls(6, 5*time.Second)
	puts, _ := p.platform.seen()
	if len(puts) != 2 || puts[0] != puts[1] || len(puts[1]) < 1<<20 || !strings.Contains(puts[1], "-14999") {
		t.Fatal(len(puts))
	}
	if j := p.job(id); j.State != partner.JobCompleted || j.Taken != 1_500_000 {
		t.Errorf("%+v", j)
	}
	if _, err := p.side.Promote(t.Context(), large("B", 5001)); err == nil || !strings.Contains(err.Error(), "together with those that the promotion has") {
		t.Error(err)
	}
	p.promote(large("B", 5000))
}

// TestPromotionsAtATime are all kept, whoever hands them in.
func TestPromotionsAtATime(t *testing.T) {
	t.Parallel()
	p := newPromoter(t, nil)
	var wg sync.WaitGroup
	for i := range 20 {
		wg.Go(func() {
			_, err := p.side.Promote(t.Context(), mayOffer(func(r *promotion.Request) { r.Names = map[string]string{"es_UY": fmt.Sprint("Oferta ", i)} }))
			if err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	p.polls(20, 5*time.Second)
	seen := map[string]bool{}
	cursor, last := "", ""
	for {
		page, next, err := p.side.Jobs(t.Context(), partnertest.Shop, cursor, 7)
		if err != nil {
			t.Fatal(err)
		}
		for _, j := range page {
			if j.State != partner.JobCompleted || seen[j.Name] || last != "" && len(j.ID) > len(last) {
				t.Errorf("%+v", j)
			}
			seen[j.Name], last = true, j.ID
		}
		if cursor = next; next == "" {
			break
		}
	}
	if puts, _ := p.platform.seen(); len(seen) != 20 || len(puts) != 20 {
		t.Error(len(seen), len(puts))
	}
}

// TestPromotionRefusedHere is not kept.
func TestPromotionRefusedHere(t *testing.T) {
	t.Parallel()
	p := newPromoter(t, nil)
	_, err := p.side.Promote(t.Context(), mayOffer(func(r *promotion.Request) { r.End = r.Start }))
	if err == nil || !strings.Contains(err.Error(), "is not after the start") {
		t.Error(err)
	}
	_, err = p.side.Promote(t.Context(), mayOffer(func(r *promotion.Request) { r.Reason = "because it is May" }))
	if err == nil || !strings.Contains(err.Error(), "none that the platform's API knows") {
		t.Error(err)
	}
	if page, _, err := p.side.Jobs(t.Context(), partnertest.Shop, "", 5); err != nil || len(page) != 0 {
		t.Error(page, err)
	}
	for _, id := range []string{"1", "01", "x", "-1", ""} {
		if j, err := p.side.Job(t.Context(), partnertest.Shop, id); j != nil || err != nil {
			t.Error(id, j, err)
		}
	}
}
