package trustpilot_test

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"github.com/ordermux/ordermux/internal/partner"
)

// FuzzAnswers lets Trustpilot, or whatever stands before it, say anything: to
// the token call, to the list of templates, to the invitation. What becomes of
// it is an outcome whose words can be shown.
func FuzzAnswers(f *testing.F) {
	f.Add(0, 200, `{"access_token":"t","expires_in":"360000","refresh_token":"r","refresh_token_expires_in":1}`)
	f.Add(0, 401, `{"error":"invalid_grant","error_description":"of eva@kund.example"}`)
	f.Add(0, 400, `{"ErrorCode":"x","Error":"Eva Lind"}`)
	f.Add(1, 200, `{"templates":[{"id":"t-1"},{"id":null},{}]}`)
	f.Add(1, 200, `{"templates":{}}`)
	f.Add(2, 400, `{"message":"m","errorCode":1001,"details":"eva@kund.example","correlationId":"c"}`)
	f.Add(2, 403, `{"fault":{"faultstring":"no","detail":{"errorcode":"x"}}}`)
	f.Add(2, 403, "<html>\xff")
	f.Add(2, 299, "\x00{")
	f.Fuzz(func(t *testing.T, call, status int, body string) {
		if status < 200 || status > 599 {
			return
		}
		path := []string{oauth + "accesstoken", list, invite}[uint(call)%3]
		fake := &fake{answers: map[string]string{invite: taken, list: templates}}
		fake.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if r.URL.Path != path {
				fake.ServeHTTP(w, r)
				return
			}
			w.WriteHeader(status)
			_, _ = w.Write([]byte(body))
		}))
		defer fake.Close()
		d := newDeskAt(t, fake, `"templates":["t-1"]`)
		o := d.send(d.side, sold("SO-1"))
		if o.Result == partner.ResultDelivered && status/100 != 2 || len(o.Reason) > 1000 || !utf8.ValidString(o.Reason) ||
			strings.ContainsFunc(o.Reason+o.Code, unicode.IsControl) {
			t.Errorf("%+v", o)
		}
		if strings.Contains(o.Reason, "kund.example") || strings.Contains(o.Reason, "Eva Lind") {
			t.Errorf("shows the customer: %s", o.Reason)
		}
	})
}
