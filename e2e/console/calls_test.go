package console

import (
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"
)

// send makes a call of the hub that is none of the console.
func (j *journey) send(method, path, authorization, body string) (int, string) {
	j.Helper()
	return call(j.T, method, j.app.URL()+path, http.Header{"Authorization": {authorization}, "Content-Type": {"application/json"}}, body)
}

func call(t *testing.T, method, address string, header http.Header, body string) (int, string) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), method, address, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	r.Header = header
	resp, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	answer, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return resp.StatusCode, string(answer)
}

// atSandbox is an order as the partner has it; "": it has none.
func (j *journey) atSandbox(id string) string {
	j.Helper()
	status, body := call(j.T, "GET", j.sandbox+"/citrusad/v1/orders/"+url.PathEscape(id), http.Header{"Authorization": {"Basic sandbox-secret-key"}}, "")
	if status != http.StatusOK {
		return ""
	}
	return body
}

// journeyOrder is an order of one product.
func journeyOrder(id, product string) string {
	return fmt.Sprintf(`{"id":%q,"placed_at":"2026-03-02T15:00:00+01:00","currency":"SEK","session":"s-1","customer":{"id":"c-1","email":"anna@shop.example","first_name":"Anna","last_name":"Ask"},
		"lines":[{"product":{"code":%q,"name":"Coffee"},"quantity":"1","unit_price":"9.00","total":"9.00"}]}`, id, product)
}
