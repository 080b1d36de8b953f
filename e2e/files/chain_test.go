package files

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/ordermux/ordermux/internal/partner"
	"github.com/ordermux/ordermux/internal/store/postgres/pgtest"
)

const chainConfig = `
listen: %s
STORE
admin_token: test-admin-token
sftp: {listen: "%s", folder: ./files}
shops:
  nordlys:
    currency: EUR
    timezone: America/Montevideo
    doors:
      deliveryhero:
        - {chain_id: c0de0000-0000-4000-8000-000000000001}
        - {name: Catalogue, kind: token, token: test-token}
        - {name: centro, kind: vendor, vendor_id: "290056", external_id: SHOP-07}
        - {name: files, kind: sftp, sftp_user: nils, sftp_keys: ["%s"]}
`

// ask asks the hub, or its door, and returns the body of a 200.
func (h *hub) ask(t *testing.T, method, path, token string, body []byte) []byte {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), method, "http://"+h.addr+path, bytes.NewReader(body))
	check(t, err)
	req.Header.Set("Authorization", "Bearer "+token)
	req.Header.Set("Content-Type", "application/json")
	answer, err := http.DefaultClient.Do(req)
	check(t, err)
	defer answer.Body.Close()
	text, err := io.ReadAll(answer.Body)
	check(t, err)
	if answer.StatusCode != http.StatusOK {
		t.Fatalf("%s %s: %d %.500s", method, path, answer.StatusCode, text)
	}
	return text
}

// ended waits for the job of a file to end and returns it.
func (h *hub) ended(t *testing.T, name string) (job partner.Job) {
	t.Helper()
	id := ""
	eventually(t, time.Minute, name+" is taken", func() bool {
		var page struct {
			Jobs []partner.Job `json:"jobs"`
		}
		check(t, json.Unmarshal(h.ask(t, http.MethodGet, "/api/v1/shops/nordlys/jobs?partner=deliveryhero", "test-admin-token", nil), &page))
		for _, j := range page.Jobs {
			if j.Kind == partner.JobFile && j.Name == name && j.State != partner.JobInProgress {
				id = j.ID
			}
		}
		return id != ""
	})
	check(t, json.Unmarshal(h.ask(t, http.MethodGet, "/api/v1/shops/nordlys/jobs/"+id+"?partner=deliveryhero", "test-admin-token", nil), &job))
	return job
}

// write writes a file to be uploaded.
func write(t *testing.T, file, header string, rows int, row func(n int) string) string {
	t.Helper()
	var b strings.Builder
	b.WriteString(header + "\n")
	for n := range rows {
		b.WriteString(row(n) + "\n")
	}
	check(t, os.WriteFile(file, []byte(b.String()), 0o600))
	return file
}

// TestChain uploads a chain's files by OpenSSH's sftp into the folders of
// Delivery Hero: a catalogue, a file of promotions that is too long, one that is
// not, and one with a wrong name. What became of them is in the door's jobs.
func TestChain(t *testing.T) {
	t.Parallel()
	for name, store := range map[string]func(*testing.T) string{
		"sqlite": func(*testing.T) string { return "data: ./data" },
		"postgres": func(t *testing.T) string {
			return "database: " + pgtest.Database(t) + "\nseal_key: " + strings.Repeat("0f", 32)
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			testChain(t, strings.Replace(chainConfig, "STORE", store(t), 1))
		})
	}
}

func testChain(t *testing.T, config string) {
	const rows = 2000
	dir := t.TempDir()
	h := startHub(t, program(t), config)
	var products []string
	for n := range rows {
		products = append(products, fmt.Sprintf(`{"code":"P-%04d","sku":"S-%04d","name":"Tea no %d","price":"90.00","currency":"EUR","active":true}`, n, n, n))
	}
	for n := 0; n < rows; n += 500 {
		h.ask(t, http.MethodPut, "/api/v1/shops/nordlys/products", "test-admin-token", []byte("["+strings.Join(products[n:n+500], ",")+"]"))
	}
	catalogue := write(t, filepath.Join(dir, "nordlys_290056.csv"), "sku,price,quantity,maximum_sales_quantity", rows+1, func(n int) string {
		return fmt.Sprintf("S-%04d,%d.5555,%d,3", n, n%80+1, n%10)
	})
	promotions := func(name string, rows int) string {
		return write(t, filepath.Join(dir, name), "sku,campaign_name,reason,start_date,end_date,promotion_type,discounted_price", rows, func(n int) string {
			return fmt.Sprintf("S-%04d,Spring %d,overstock,2026-01-01,2099-12-31 23:00:00,strikethrough,0.90", n%2000, n/2000)
		})
	}
	h.sftp(t, "ls", "cd catalog", "put "+catalogue, "put "+catalogue+" nordlys_290057.csv.part", "rename nordlys_290057.csv.part nordlys_290057.csv")
	j := h.ended(t, "Catalog/nordlys_290056.csv")
	if j.State != partner.JobCompleted || j.Taken != rows || j.Refused != 1 || j.Store != "290056" || j.By != "files" || len(j.Items) != 1 || j.Items[0].Line != rows+2 || j.Items[0].SKU != "S-2000" {
		t.Errorf("%+v", j)
	}
	if j := h.ended(t, "Catalog/nordlys_290057.csv"); j.State != partner.JobFailed || !strings.Contains(j.Reason, "nordlys_290056.csv or nordlys_SHOP-07.csv") {
		t.Errorf("%+v", j)
	}
	page := string(h.ask(t, http.MethodGet, "/deliveryhero/v2/chains/c0de0000-0000-4000-8000-000000000001/vendors/SHOP-07/catalog?page_size=500&query_term=S-0042", "test-token", nil))
	if !strings.Contains(page, `"price":43.555`) || !strings.Contains(page, `"active":true`) {
		t.Errorf("%.1000s", page)
	}

	h.sftp(t, "put "+promotions("long.csv", 20_000)+" PROMOTION/nordlys_290056.csv", "put "+promotions("good.csv", 4000)+" Promotion/nordlys_SHOP-07.csv", "ls Promotion")
	if j := h.ended(t, "Promotion/nordlys_290056.csv"); j.State != partner.JobFailed || j.Reason != "the file has more than 20000 rows with the header" || j.Taken != 0 {
		t.Errorf("%+v", j)
	}
	if j := h.ended(t, "Promotion/nordlys_SHOP-07.csv"); j.State != partner.JobCompleted || j.Taken != 4000 || j.Refused != 0 || j.Store != "290056" {
		t.Errorf("%+v", j)
	}
	eventually(t, time.Minute, "both promotions run", func() bool {
		text := string(h.ask(t, http.MethodGet, "/api/v1/shops/nordlys/promotions/shown?store=290056&sku=S-0042", "test-admin-token", nil))
		return strings.Contains(text, `"final":"0.90"`)
	})
	if left := h.sftp(t, "ls -1 Catalog", "ls -1 Promotion"); strings.Contains(left, ".csv") {
		t.Error(left)
	}
	t.Logf("hub above idle: %.1f MB", float64(h.peak(t))/(1<<20))
}
