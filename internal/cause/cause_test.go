package cause_test

import (
	"context"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/ordermux/ordermux/internal/cause"
	"github.com/ordermux/ordermux/internal/json"
	"github.com/ordermux/ordermux/internal/order"
	"github.com/ordermux/ordermux/internal/partner"
	"github.com/ordermux/ordermux/internal/partner/partnertest"
	"github.com/ordermux/ordermux/internal/partner/webhook"
)

// of is the cause of an outcome, as the engine makes it.
func of(result, scope, code, words string) cause.Cause {
	if result == "refused" {
		code = cause.Refine(code, words, scope == "route")
	}
	return cause.Of(code)
}

// fixtures are what the routes' cases come to that people ask for by name; a
// number behind the case says which of its outcomes.
var fixtures = map[cause.Cause][]string{
	cause.WrongKey:        {"citrusad/wrong-key", "skeepers/token-refused", "skeepers/token-400", "trustpilot/token-wrong-key", "deliveryhero/client-wrong", "deliveryhero/wrong-token", "idosell/login-refused"},
	cause.MissingRight:    {"skeepers/403", "trustpilot/forbidden", "trustpilot/templates-forbidden", "deliveryhero/forbidden", "mail/sender-refused"},
	cause.WrongAccount:    {"skeepers/500-website", "trustpilot/by-domain-unknown", "trustpilot/wrong-address"},
	cause.WrongURL:        {"citrusad/redirect", "skeepers/redirect", "trustpilot/redirect", "deliveryhero/wrong-address"},
	cause.InvalidAddress:  {"mail/recipient-refused", "mail/not-an-address", "trustpilot/refused", "skeepers/partly-refused#1"},
	cause.MissingField:    {"citrusad/refused-one", "skeepers/names#3", "skeepers/names#5", "skeepers/offline#1", "trustpilot/without-name", "deliveryhero/added-without-sku"},
	cause.UnknownTemplate: {"trustpilot/template-wrong"},
	cause.UnknownProduct:  {"citrusad/refused-batch"},
	cause.NoStock:         {"idosell/short", "idosell/short-waits"},
	cause.NoCourier:       {"idosell/courier-not-offered"},
	cause.RateLimit:       {"citrusad/too-many", "skeepers/429", "trustpilot/too-many", "trustpilot/token-too-often", "deliveryhero/too-many", "deliveryhero/client-token-429"},
	cause.Timeout:         {"citrusad/gateway"},
	cause.PartnerDown:     {"skeepers/503", "skeepers/500", "skeepers/token-500", "trustpilot/edge-520", "trustpilot/cut-off", "deliveryhero/broken-get", "mail/recipient-put-off"},
	cause.Refused:         {"skeepers/400-alone", "skeepers/200-refuses#1", "deliveryhero/refused", "deliveryhero/unknown-order", "mail/text-refused"},
	cause.Unclear:         {"citrusad/answer-differs", "skeepers/200-page", "mail/cut-off-after-text"},
}

// TestCausesOfCases: every cause comes out of what a partner really says.
func TestCausesOfCases(t *testing.T) {
	t.Parallel()
	for want, cases := range fixtures {
		for _, name := range cases {
			path, place, _ := strings.Cut(name, "#")
			n, _ := strconv.Atoi(place)
			p, dir, _ := strings.Cut(path, "/")
			list := outcomes(t, filepath.Join("..", "partner", p, "testdata", "route", dir, "outcome.json"))
			if n >= len(list) {
				t.Fatalf("%s has %d outcomes", name, len(list))
			}
			if o := list[n]; of(o.Result, o.Scope, o.Code, o.Reason) != want {
				t.Errorf("%s: %s %q is %s, want %s", name, o.Code, o.Reason, of(o.Result, o.Scope, o.Code, o.Reason), want)
			}
		}
	}
}

type outcome struct {
	Result string `json:"result"`
	Scope  string `json:"scope"`
	Ref    string `json:"ref"`
	After  string `json:"after"`
	Code   string `json:"code"`
	Reason string `json:"reason"`
}

// outcomes reads one or a list.
func outcomes(t *testing.T, path string) (list []outcome) {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if json.Value(b).Kind() != '[' {
		b = []byte("[" + string(b) + "]")
	}
	if err := json.Unmarshal(b, &list); err != nil {
		t.Fatalf("%s: %v", path, err)
	}
	return list
}

// TestNothingIsNameless: whatever a case of any partner comes to that is not
// well has a cause.
func TestNothingIsNameless(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob("../partner/*/testdata/*/*/*.json")
	if err != nil {
		t.Fatal(err)
	}
	seen := 0
	for _, f := range files {
		if base := filepath.Base(f); base != "outcome.json" && base != "look.json" {
			continue
		}
		for _, o := range outcomes(t, f) {
			if o.Result != "later" && o.Result != "refused" && o.Result != "unknown" {
				continue
			}
			seen++
			if c := of(o.Result, o.Scope, o.Code, o.Reason); o.Code == "" || c == cause.Other {
				t.Errorf("%s: %s %q is %s", f, o.Code, o.Reason, c)
			}
		}
	}
	if seen < 80 {
		t.Errorf("only %d outcomes were looked at", seen)
	}
}

// TestCausesOfTheNetwork: what outbound says of a call that brought no answer.
func TestCausesOfTheNetwork(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	hang := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { <-ctx.Done() }))
	defer hang.Close()
	defer cancel()
	strange := httptest.NewTLSServer(http.NotFoundHandler()) // of an authority that nobody knows
	defer strange.Close()
	gone := httptest.NewServer(http.NotFoundHandler())
	gone.Close()
	for url, want := range map[string]cause.Cause{
		hang.URL: cause.Timeout, strange.URL: cause.Certificate, gone.URL: cause.PartnerDown, "http://nobody.invalid/": cause.NameNotFound,
	} {
		values := map[string]json.Value{"url": json.Value(strconv.Quote(url)), "secret": json.Value(`"whsec_MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIz"`), "timeout": json.Value(`"1s"`)}
		side := partnertest.NewRoute(t, webhook.Partner, partnertest.NewHub(nil), url, values)
		o := side.Deliver(t.Context(), partnertest.Tasks(order.Order{ID: "o-1"}))[0]
		if o.Result != partner.ResultLater && o.Result != partner.ResultUnknown || cause.Of(o.Code) != want {
			t.Errorf("%s: %+v is %s, want %s", url, o, cause.Of(o.Code), want)
		}
	}
}

// TestRefine: words decide where the code says nothing, and only there.
func TestRefine(t *testing.T) {
	t.Parallel()
	f := func(code, words string, route bool, want string) {
		t.Helper()
		got := cause.Refine(code, words, route)
		if got != want {
			t.Errorf("%s %q: %s, want %s", code, words, got, want)
		}
		if again := cause.Refine(got, words, route); again != got {
			t.Errorf("%s becomes %s", got, again)
		}
	}
	f("http_400", "templateId abc does not exist", false, "http_400_unknown_template")
	f("http_422", "Carrier DPX is not offered", false, "http_422_no_courier")
	f("http_409", "not enough stock of KX-1", false, "http_409_no_stock")
	f("http_400", "Unknown SKU 5", false, "http_400_unknown_product")
	f("refused", "purchase_date is required", false, "refused_missing_field")
	f("http_400_1001", "'ConsumerEmail' is not in the correct format", false, "http_400_1001_invalid_address")
	f("http_400", "niepoprawny kod pocztowy", false, "http_400_invalid_address")
	f("http_404", "no such order", false, "http_404_refused")
	f("http_404", "the website_id is wrong", true, "http_404_wrong_account")
	f("http_401", "unknown sku", true, "http_401")
	f("http_400", "no", false, "http_400")
	f("http_429", "unknown sku", false, "http_429")
	f("out_of_stock", "unknown sku", false, "out_of_stock")
	f("", "unknown sku", false, "")
}

func TestOf(t *testing.T) {
	t.Parallel()
	for code, want := range map[string]cause.Cause{
		"needs": cause.MissingField, "when": cause.Rule, "lines": cause.Rule, "http_302": cause.WrongURL, "http_403_1014": cause.MissingRight,
		"http_502": cause.PartnerDown, "http_500_0": cause.PartnerDown, "token_http_400": cause.WrongKey, "token_timeout": cause.Timeout,
		"login_fault_3": cause.WrongKey, "fault_4711": cause.Refused, "fault_130": cause.InvalidAddress, "store": cause.Ours, "http_": cause.Other,
		"": cause.Other, "no such code": cause.Other, "smtp_421": cause.PartnerDown, "smtp_535": cause.WrongKey, "http_200": cause.Unclear,
		"token_no_answer_name": cause.NameNotFound, "token_no_answer_tls": cause.Certificate, "token_token_": cause.WrongKey,
		"http_501": cause.WrongURL, "http_505": cause.WrongURL,
	} {
		if got := cause.Of(code); got != want {
			t.Errorf("%s: %s, want %s", code, got, want)
		}
	}
}

// FuzzRefine: what strangers say names one of the causes, once.
func FuzzRefine(f *testing.F) {
	f.Add("http_400", "Unknown SKU 5", false)
	f.Add("refused", "\xff e-mail \x00 invalid", true)
	f.Fuzz(func(t *testing.T, code, words string, route bool) {
		got := cause.Refine(code, words, route)
		if !strings.HasPrefix(got, code) || cause.Refine(got, words, route) != got {
			t.Errorf("%q %q: %q", code, words, got)
		}
	})
}
