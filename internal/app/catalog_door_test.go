package app_test

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	"github.com/ordermux/ordermux/internal/api"
	"github.com/ordermux/ordermux/internal/catalog"
	"github.com/ordermux/ordermux/internal/order"
	"github.com/ordermux/ordermux/internal/partner"
)

const shelvesChain = "c0de0000-0000-4000-8000-000000000001"

// shelves is a hub with a chain of two outlets whose receiver wants to be told
// of jobs.
type shelves struct {
	*hub
	base string

	mu   sync.Mutex
	told []string // job and status
}

func shelvesHub(t *testing.T, p place) *shelves {
	t.Helper()
	s := &shelves{}
	receiver := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var news struct {
			ID     string `json:"job_id"`
			Status string `json:"status"`
			Vendor string `json:"platform_vendor_id"`
			URL    string `json:"download_url"`
		}
		if err := json.NewDecoder(r.Body).Decode(&news); err != nil || r.Header.Get("Authorization") != "s3cret" || news.URL == "" {
			t.Errorf("told %+v: %v", news, err)
		}
		s.mu.Lock()
		defer s.mu.Unlock()
		s.told = append(s.told, news.ID+" "+news.Status+" "+news.Vendor)
	}))
	t.Cleanup(receiver.Close)
	text := strings.Replace(shop(""), "    routes:", fmt.Sprintf(`      deliveryhero:
        - {chain_id: %s}
        - {kind: token, name: Catalogue, token: tok}
        - {kind: vendor, name: centro, vendor_id: "290056", external_id: SHOP-07}
        - {kind: vendor, name: norte, vendor_id: s8ym}
        - {kind: webhook, name: hook, webhook_url: "%s", webhook_secret: s3cret, catalog_webhook: true}
    routes:`, shelvesChain, receiver.URL), 1)
	s.hub = startHub(t, p, "outbound: {allow_private: [127.0.0.1]}\n"+strings.TrimLeft(text, "\n"))
	s.base = s.URL() + "/deliveryhero/v2/chains/" + shelvesChain
	return s
}

func (s *shelves) ask(method, path, body string, status int, into any) string {
	s.t.Helper()
	got, text := send(s.t, method, s.base+path, "Bearer tok", body)
	if got != status {
		s.t.Fatalf("%s %s: %d %s", method, path, got, text)
	}
	if into != nil {
		if err := json.Unmarshal([]byte(text), into); err != nil {
			s.t.Fatal(err)
		}
	}
	return text
}

func (s *shelves) isTold(want string) {
	s.t.Helper()
	eventually(s.t, want, func() bool {
		s.mu.Lock()
		defer s.mu.Unlock()
		return strings.Contains(strings.Join(s.told, ", "), want)
	})
}

// TestCatalogueOfAChain takes an update at a door, shows what came of it by the
// door, the API and a file, and tells the chain's receiver.
func TestCatalogueOfAChain(t *testing.T) {
	eachStore(t, func(t *testing.T, at newPlace) {
		const many = 3000
		s := shelvesHub(t, at(t))
		var products []catalog.Product
		var body strings.Builder
		for i := range many {
			code := fmt.Sprintf("SKU-%05d", i)
			products = append(products, catalog.Product{Product: order.Product{Code: code, Name: code}, Price: order.FromInt(10, 0), Active: true})
			fmt.Fprintf(&body, `{"sku":%q,"price":9.9999,"active":true,"quantity":%d},`, code, i%2*5)
		}
		if _, err := s.api.PutProducts(t.Context(), "nordlys", products); err != nil {
			t.Fatal(err)
		}
		var queued struct {
			ID     string `json:"job_id"`
			Status string `json:"job_status"`
		}
		s.ask("PUT", "/vendors/SHOP-07/catalog", `{"products":[`+body.String()+`{"sku":"NOBODY","price":1}]}`, 202, &queued)
		if queued.Status != "QUEUED" {
			t.Errorf("%+v", queued)
		}
		s.isTold(queued.ID + " COMPLETED 290056")

		of := api.JobsOf{Partner: "deliveryhero"}
		job, err := s.api.Job(t.Context(), "nordlys", of, queued.ID)
		if err != nil || job.State != partner.JobCompleted || job.Taken != many || job.Refused != 1 || len(job.Items) != 1 || job.By != "Catalogue" {
			t.Errorf("%+v %v", job, err)
		}
		page, err := s.api.Jobs(t.Context(), "nordlys", api.JobsOf{}, api.ListOptions{Limit: 10})
		if err != nil || len(page.Jobs) != 1 || page.Jobs[0].ID != queued.ID {
			t.Errorf("%+v %v", page, err)
		}
		for _, of := range []api.JobsOf{{Partner: "skeepers"}, {Partner: "none"}, {Route: "none"}} {
			if _, err := s.api.Jobs(t.Context(), "nordlys", of, api.ListOptions{}); err == nil {
				t.Errorf("%+v has jobs", of)
			}
		}
		var list struct {
			Pages    int `json:"total_pages"`
			Products []struct {
				SKU   string      `json:"sku"`
				Price json.Number `json:"price"`
			} `json:"products"`
		}
		s.ask("GET", "/vendors/290056/catalog?page=3&page_size=500&is_active=true", "", 200, &list)
		if list.Pages != many/1000 || len(list.Products) != 500 || list.Products[0].SKU != "SKU-02001" || list.Products[0].Price != "9.999" {
			t.Errorf("%d pages, %d products, %+v", list.Pages, len(list.Products), list.Products[:1])
		}
		s.ask("GET", "/vendors/s8ym/catalog?page_size=500", "", 200, &list)
		if list.Pages != many/500 || list.Products[0].Price != "10" {
			t.Errorf("of the other outlet: %d pages, %+v", list.Pages, list.Products[:1])
		}
		var done struct {
			URL string `json:"download_url"`
		}
		s.ask("POST", "/vendors/290056/catalog/export", "", 202, &queued)
		s.ask("GET", "/catalog/jobs/"+queued.ID, "", 200, &done)
		reply, err := http.Get(done.URL)
		if err != nil {
			t.Fatal(err)
		}
		defer reply.Body.Close()
		csv, err := io.ReadAll(reply.Body)
		if text := string(csv); err != nil || reply.StatusCode != 200 || strings.Count(text, "\n") != many+1 ||
			!strings.HasPrefix(text, "\"sku\",\"barcode\",\"price\",\"active\",\"maximum_sales_quantity\"\nSKU-00000,,9.999,false,\nSKU-00001,,9.999,true,\n") {
			t.Errorf("%d, %d bytes: %.200s, %v", reply.StatusCode, len(csv), text, err)
		}
	})
}
