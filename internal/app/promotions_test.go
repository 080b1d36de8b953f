package app_test

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/ordermux/ordermux/internal/app"
	"github.com/ordermux/ordermux/internal/catalog"
	"github.com/ordermux/ordermux/internal/order"
	"github.com/ordermux/ordermux/internal/partner"
	"github.com/ordermux/ordermux/internal/partner/all"
	"github.com/ordermux/ordermux/internal/promotion"
)

const (
	promotionChain = "c0de0000-0000-4000-8000-000000000001"
	promotionToken = "tok-promotions"
	hookSecret     = "Basic cm9zYTpsdW5h"
)

// market is a hub with a chain, what it may be asked directly, and its clock,
// which runs and can be moved.
type market struct {
	*hub
	t          *testing.T // of the row that is run
	promotions partner.Promotions
	catalog    catalog.Store
	began      time.Time // by the injected clock

	mu    sync.Mutex
	moved time.Duration
	told  []toldEvent // by the webhook
}

// toldEvent is what the chain's receiver was told.
type toldEvent struct {
	Event   string            `json:"event"`
	JobID   string            `json:"job_id"`
	Status  string            `json:"status"`
	ChainID string            `json:"chain_id"`
	Life    string            `json:"promotion_status"`
	Display map[string]string `json:"display_name"`
	Vendors []string          `json:"vendors"`
}

// promotionHub starts a hub with a chain of three outlets. The receiver of its
// webhook refuses the first so many calls.
func promotionHub(t *testing.T, p place, refuse int) *market {
	t.Helper()
	m := &market{t: t, began: time.Date(2026, 3, 2, 12, 0, 0, 0, time.UTC)}
	real := time.Now()
	now := func() time.Time {
		m.mu.Lock()
		defer m.mu.Unlock()
		return m.began.Add(time.Since(real) + m.moved)
	}
	receiver := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { m.hear(w, r, &refuse) }))
	t.Cleanup(receiver.Close)
	spy := partner.Partner{Name: "spy", Title: "Spy", Door: func(d partner.Deps) (partner.Side, error) {
		m.promotions, m.catalog = d.Promotions, d.Catalog
		return partner.Side{}, nil
	}}
	text := chainShop(receiver.URL, "")
	m.hub = startHub(t, p, text, func(o *app.Options) {
		o.Now, o.Partners = now, append(all.List(), spy)
	})
	if err := m.catalog.OpenStores(t.Context(), "nordlys", []string{"290056", "s8ym", "nbet"}); err != nil {
		t.Fatal(err)
	}
	return m
}

// chainShop is a shop with a chain of three outlets.
func chainShop(receiver, routes string) string {
	text := strings.Replace(shop(routes), "    routes:", fmt.Sprintf(`      deliveryhero:
        - {chain_id: %s}
        - {kind: token, name: Promotions, token: %s}
        - {kind: vendor, name: centro, vendor_id: "290056", external_id: SHOP-07}
        - {kind: vendor, name: norte, vendor_id: s8ym}
        - {kind: vendor, name: sur, vendor_id: nbet}
        - {kind: webhook, name: hook, webhook_url: "%s/orders", job_webhook_url: "%s/jobs", webhook_secret: "%s", promotion_webhook: true}
    routes:`, promotionChain, promotionToken, receiver, receiver, hookSecret), 1)
	return "outbound: {allow_private: [127.0.0.1]}\n" + strings.TrimLeft(text, "\n")
}

func (m *market) hear(w http.ResponseWriter, r *http.Request, refuse *int) {
	body, err := io.ReadAll(r.Body)
	m.mu.Lock()
	defer m.mu.Unlock()
	var e toldEvent
	if err == nil {
		err = json.Unmarshal(body, &e)
	}
	if err != nil || r.URL.Path != "/jobs" || r.Header.Get("Authorization") != hookSecret {
		m.hub.t.Errorf("told %s %v %s: %v", r.URL.Path, r.Header, body, err)
	}
	if *refuse > 0 {
		*refuse--
		w.WriteHeader(http.StatusInternalServerError)
		return
	}
	m.told = append(m.told, e)
}

func (m *market) sells(texts ...string) {
	m.t.Helper()
	var list []catalog.Product
	for _, text := range texts {
		sku, price, _ := strings.Cut(text, " ")
		amount, err := order.ParseDecimal(price)
		if err != nil {
			m.t.Fatal(err)
		}
		list = append(list, catalog.Product{Product: order.Product{Code: sku, SKU: sku, Name: sku}, Price: amount, Currency: "SEK", Active: true})
	}
	if _, err := m.catalog.Put(m.t.Context(), "nordlys", list); err != nil {
		m.t.Fatal(err)
	}
}

// noon is the clock's time without what has run since it was moved.
func (m *market) noon() time.Time {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.began.Add(m.moved)
}

func (m *market) move(by time.Duration) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.moved += by
}

// at is the text of a time so many hours from now; it stands until the clock is
// moved.
func (m *market) at(hours float64) string {
	return m.noon().Add(time.Duration(hours * float64(time.Hour))).Format("2006-01-02T15:04:05.000Z")
}

// body is a request for a promotion of some hours, in the wire's words.
func (m *market) body(name string, from, to float64, vendors, discount string, more ...string) string {
	text := `{"vendors":[` + vendors + `],"type":"STRIKETHROUGH","reason":"OVERSTOCK","display_name":{"es_UY":"` + name + `"},
		"conditions":{"start_time":"` + m.at(from) + `","end_time":"` + m.at(to) + `"},"discount":[` + discount + `]`
	return text + strings.Join(more, "") + "}"
}

func price(sku, value string) string {
	return `{"sku":["` + sku + `"],"discount_subtype":"FINAL_PRICE","discount_value":` + value + `}`
}

// put makes a request of the door.
func (m *market) put(body string) (status int, answer string) {
	m.t.Helper()
	return send(m.t, http.MethodPut, m.URL()+"/deliveryhero/v2/chains/"+promotionChain+"/promotion", "Bearer "+promotionToken, body)
}

// jobAnswer is what the door says of a job.
type jobAnswer struct {
	ID      string `json:"job_id"`
	Status  string `json:"job_status"`
	Message string `json:"message"`
	Result  struct {
		InvalidVendors []string            `json:"invalid_vendors"`
		MissingSKUs    map[string][]string `json:"missing_skus"`
		InvalidSKUs    map[string][]string `json:"invalid_discounted_skus"`
	} `json:"result"`
}

// begun makes a request, which is taken as a job.
func (m *market) begun(body string) (id string) {
	m.t.Helper()
	status, text := m.put(body)
	var job jobAnswer
	if err := json.Unmarshal([]byte(text), &job); err != nil || status != http.StatusAccepted || job.Status != "QUEUED" || job.ID == "" {
		m.t.Fatalf("PUT: %d %s", status, text)
	}
	return job.ID
}

func (m *market) job(id string) (job jobAnswer) {
	m.t.Helper()
	status, text := send(m.t, http.MethodGet, m.URL()+"/deliveryhero/v2/chains/"+promotionChain+"/promotion/jobs/"+id, "Bearer "+promotionToken, "")
	if err := json.Unmarshal([]byte(text), &job); err != nil || status != http.StatusOK || job.ID != id {
		m.t.Fatalf("job: %d %s", status, text)
	}
	return job
}

// done makes a request and waits for the end of its job, which it returns in a
// few words.
func (m *market) done(body string) string {
	m.t.Helper()
	return m.over(m.begun(body))
}

func (m *market) over(id string) string {
	m.t.Helper()
	var job jobAnswer
	eventually(m.t, "the job ends", func() bool {
		job = m.job(id)
		return job.Status != "QUEUED" && job.Status != "IN_PROGRESS"
	})
	r := job.Result
	return strings.TrimSpace(fmt.Sprint(job.Status, " ", r.InvalidVendors, " ", r.MissingSKUs, " ", r.InvalidSKUs, " ", job.Message))
}

// shows is which promotion a customer sees now, and for how much.
func (m *market) shows(store, sku string) string {
	m.t.Helper()
	list, err := m.promotions.Shown(m.t.Context(), "nordlys", store, []string{sku}, m.noon().Add(time.Minute))
	if err != nil {
		m.t.Fatal(err)
	}
	if list[0].Promotion == nil {
		return "-"
	}
	return list[0].Promotion.Names["es_UY"] + " " + list[0].Final.String()
}

// promotionTable is what the sheet promises of promotions, row by row: its title
// stands there in the same words.
var promotionTable = []struct {
	title string
	f     func(m *market, is func(what, got, want string))
}{
	{"a vendor that the chain does not have", func(m *market, is func(what, got, want string)) {
		m.sells("yerba1 100.00")
		if err := m.catalog.OpenStores(m.t.Context(), "nordlys", []string{"another-door's"}); err != nil {
			m.t.Fatal(err)
		}
		is("job", m.done(m.body("ghost", -1, 5, `"ghost","SHOP-07","another-door's"`, price("yerba1", "90"))),
			"COMPLETED [another-door's ghost] map[] map[]")
		is("a job for every vendor", m.done(m.body("all", 9, 10, `"*"`, price("nothing", "90"))),
			"COMPLETED [] map[290056:[nothing] nbet:[nothing] s8ym:[nothing]] map[]")
		is("shown", m.shows("290056", "yerba1"), "ghost 90")
		is("elsewhere", m.shows("s8ym", "yerba1"), "-")
	}},
	{"a SKU that is unknown there, or not sold", func(m *market, is func(what, got, want string)) {
		m.sells("yerba2 100.00")
		discount := `{"sku":["nope","yerba2"],"discount_subtype":"PERCENTAGE","discount_value":10}`
		is("job", m.done(m.body("unknown", -1, 5, `"SHOP-07","s8ym"`, discount)), "COMPLETED [] map[SHOP-07:[nope] s8ym:[nope]] map[]")
		is("shown", m.shows("s8ym", "yerba2"), "unknown 90.00")
		is("shown", m.shows("s8ym", "nope"), "-")
	}},
	{"a price that is not lower than the regular one", func(m *market, is func(what, got, want string)) {
		m.sells("mate3 80.00", "bombilla3 50.00")
		is("job", m.done(m.body("dear", -1, 5, `"s8ym","nbet"`, price("mate3", "80.00")+","+price("bombilla3", "49.99"))),
			"COMPLETED [] map[] map[nbet:[mate3] s8ym:[mate3]]")
		is("shown", m.shows("nbet", "mate3")+", "+m.shows("nbet", "bombilla3"), "-, dear 49.99")
	}},
	{"two promotions for one SKU", func(m *market, is func(what, got, want string)) {
		m.sells("termo4 900.00")
		is("job", m.done(m.body("first", -2, 8, `"*"`, price("termo4", "800"))), "COMPLETED [] map[] map[]")
		is("job", m.done(m.body("second", 1, 4, `"nbet"`, price("termo4", "850"))), "COMPLETED [] map[] map[]")
		is("before the later start", m.shows("nbet", "termo4"), "first 800")
		m.move(90 * time.Minute)
		is("after it", m.shows("nbet", "termo4")+", "+m.shows("s8ym", "termo4"), "second 850, first 800")
		m.move(150 * time.Minute)
		is("after its end", m.shows("nbet", "termo4"), "first 800")
	}},
	{"2,000,001 pairs of a vendor and a SKU", func(m *market, is func(what, got, want string)) {
		skus := strings.TrimSuffix(strings.Repeat(`"x",`, 666_667), ",")
		status, text := m.put(m.body("huge", 1, 2, `"a","b","c"`, `{"sku":[`+skus+`],"discount_subtype":"ABSOLUTE","discount_value":1}`))
		is("answer", fmt.Sprint(status, strings.Contains(text, "2000001")), "400 true")
	}},
	{"an end that is not after the start", func(m *market, is func(what, got, want string)) {
		m.sells("mate6 80.00")
		status, text := m.put(m.body("never", 5, 5, `"*"`, price("mate6", "1")))
		is("answer", fmt.Sprint(status, strings.Contains(text, "conditions.end_time")), "400 true")
	}},
	{"the same body while the first waits or runs", func(m *market, is func(what, got, want string)) {
		m.sells("mate7 80.00")
		// A job of many SKUs keeps the others waiting; should it be over too
		// soon, there is another one.
		many := `"q"`
		for i := range 3000 {
			many += fmt.Sprintf(`,"q%d"`, i)
		}
		got := ""
		for n := 0; got != "DUPLICATE" && n < 50; n++ {
			m.begun(m.body(fmt.Sprint("many ", n), 1, 2, `"*"`, `{"sku":[`+many+`],"discount_subtype":"PERCENTAGE","discount_value":5}`))
			body := m.body(fmt.Sprint("twice ", n), 1, 2, `"*"`, price("mate7", "70"))
			first, second := m.begun(body), m.begun(body)
			got, _, _ = strings.Cut(m.over(second), " ")
			is("the first", m.over(first), "COMPLETED [] map[] map[]")
		}
		is("the second", got, "DUPLICATE")
	}},
	{"the same body later", func(m *market, is func(what, got, want string)) {
		m.sells("azúcar8 30.00")
		body := m.body("again", 1, 2, `"SHOP-07"`, price("azúcar8", "29"))
		is("job", m.done(body), "COMPLETED [] map[] map[]")
		before, err := m.promotions.List(m.t.Context(), "nordlys", 0, 1)
		if err != nil {
			m.t.Fatal(err)
		}
		is("later", m.done(body), "COMPLETED [] map[] map[]")
		after, err := m.promotions.List(m.t.Context(), "nordlys", 0, 1)
		if err != nil {
			m.t.Fatal(err)
		}
		is("the promotion", fmt.Sprint(after[0].ID, after[0].Changed), fmt.Sprint(before[0].ID, before[0].Changed))
	}},
	{"SKUs with active false", func(m *market, is func(what, got, want string)) {
		m.sells("mate9 80.00", "bombilla9 50.00")
		is("job", m.done(m.body("out", -1, 9, `"nbet"`, price("mate9", "60")+","+price("bombilla9", "40"))), "COMPLETED [] map[] map[]")
		is("job", m.done(m.body("out", -1, 9, `"nbet"`, `{"sku":["mate9"],"active":false}`)), "COMPLETED [] map[] map[]")
		is("shown", m.shows("nbet", "mate9")+", "+m.shows("nbet", "bombilla9"), "-, out 40")
	}},
	{"active false for the whole promotion", func(m *market, is func(what, got, want string)) {
		m.sells("mate10 80.00")
		body := m.body("off", -1, 9, `"SHOP-07"`, price("mate10", "60"))
		is("job", m.done(body), "COMPLETED [] map[] map[]")
		is("shown", m.shows("290056", "mate10"), "off 60")
		// Under the other id it is the same promotion.
		is("job", m.done(m.body("off", -1, 9, `"290056"`, price("mate10", "60"), `,"active":false`)), "COMPLETED [] map[] map[]")
		is("shown", m.shows("290056", "mate10"), "-")
		is("again", m.done(body), "COMPLETED [] map[] map[]")
		is("shown", m.shows("290056", "mate10"), "off 60")
	}},
	{"a promotion in its time", func(m *market, is func(what, got, want string)) {
		m.sells("azúcar11 30.00")
		is("job", m.done(m.body("life", 1, 2, `"*"`, price("azúcar11", "20"))), "COMPLETED [] map[] map[]")
		list, err := m.promotions.List(m.t.Context(), "nordlys", 0, 1)
		if err != nil {
			m.t.Fatal(err)
		}
		state := func(want promotion.State) {
			m.t.Helper()
			eventually(m.t, "the promotion is "+string(want), func() bool {
				p, err := m.promotions.Find(m.t.Context(), "nordlys", list[0].ID)
				if err != nil {
					m.t.Fatal(err)
				}
				return p.State == want
			})
		}
		state(promotion.Planned)
		is("planned", m.shows("nbet", "azúcar11"), "-")
		m.move(time.Hour)
		state(promotion.Running)
		is("running", m.shows("nbet", "azúcar11"), "life 20")
		m.move(time.Hour)
		state(promotion.Ended)
		is("ended", m.shows("nbet", "azúcar11"), "-")
	}},
}

func TestPromotionsTable(t *testing.T) {
	sheet, err := os.ReadFile("../partner/deliveryhero/README.md")
	if err != nil {
		t.Fatal(err)
	}
	eachStore(t, func(t *testing.T, at newPlace) {
		m := promotionHub(t, at(t), 0)
		for _, row := range promotionTable {
			t.Run(row.title, func(t *testing.T) {
				m.t = t
				if !strings.Contains(string(sheet), "| "+row.title+" |") {
					t.Errorf("the sheet has no row for it")
				}
				row.f(m, func(what, got, want string) {
					t.Helper()
					if got != want {
						t.Errorf("%s: got %q, want %q", what, got, want)
					}
				})
			})
		}
	})
}

func TestPromotionsAreTold(t *testing.T) {
	eachStore(t, func(t *testing.T, at newPlace) {
		m := promotionHub(t, at(t), 2) // two tries are refused
		m.sells("yerba 100.00")
		id := m.begun(m.body("life", 1, 2, `"SHOP-07","ghost"`, price("yerba", "90")))
		events := func() (list []string) {
			m.mu.Lock()
			defer m.mu.Unlock()
			for _, e := range m.told {
				if e.ChainID != promotionChain || e.JobID != "" && e.JobID != id || e.JobID == "" && e.Display["es_UY"] != "life" {
					t.Errorf("told %+v", e)
				}
				list = append(list, strings.Join(strings.Fields(e.Event+" "+e.Status+" "+e.Life), " ")+fmt.Sprint(e.Vendors))
			}
			return list
		}
		want := []string{"PROMOTION_CREATED PLANNED[290056]", "COMPLETED[]"}
		is := func(what string) {
			t.Helper()
			eventually(t, what, func() bool {
				m.move(time.Second) // tries are ten seconds apart
				return len(events()) >= len(want)
			})
			if got := events(); !slices.Equal(got, want) {
				t.Fatalf("%s: told %q, want %q", what, got, want)
			}
		}
		is("the job's end is told")
		m.move(time.Hour)
		want = append(want, "PROMOTION_STARTED RUNNING[290056]")
		is("the start is told")
		m.move(time.Hour)
		want = append(want, "PROMOTION_ENDED ENDED[290056]")
		is("the end is told")
	})
}
