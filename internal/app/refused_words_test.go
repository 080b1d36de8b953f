package app_test

import (
	"net/url"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/ordermux/ordermux/internal/app"
)

func TestSentenceOfAnAnswer(t *testing.T) {
	t.Parallel()
	f := func(said, want string) {
		t.Helper()
		if got := app.SentenceOf([]byte(said), "s3cret-key"); got != want {
			t.Errorf("%s: %q", said, got)
		}
	}
	f(`invalid credentials`, "invalid credentials")
	f(`{"message":"orders[0].id: is missing","additionalInfo":[]}`, "orders[0].id: is missing")
	f(`{"error":{"message":"lines: is missing"}}`, "lines: is missing")
	f(`{"error":"invalid_client","error_description":"unknown client id"}`, "unknown client id")
	f(`{"message":"The request was malformed","errorCode":1001,"details":"Field 'x' is missing."}`, "Field 'x' is missing.")
	f(`{"fault":{"faultstring":"Invalid API key","detail":{"errorcode":"oauth.v2.InvalidApiKey"}}}`, "Invalid API key")
	f(`{"type":"about:blank","title":"Not Found","status":404,"detail":"there is no such shop"}`, "there is no such shop")
	f(`{"errors":{"faultCode":100,"faultString":"no session"},"result":null}`, "no session")
	f(`<?xml version="1.0"?><e:Envelope><e:Body><e:Fault><faultstring xsi:type="xsd:string">a &lt;b&gt;</faultstring></e:Fault></e:Body></e:Envelope>`, "a <b>")
	f(`<html><title>Log in</title></html>`, "")
	f("two\nlines\x00", "two lines")
	// Nothing of a secret or a person, and not too much.
	f(`{"message":"s3cret-key of ada@customer.example is wrong, token=abcdef"}`, "*** of *** is wrong, token=***")
	f(`{"message":"cut`, `{"message":"cut`)
	f(strings.Repeat("é", 400), strings.Repeat("é", 300)+"…")
	f(``, "")
}

func TestShownPath(t *testing.T) {
	t.Parallel()
	f := func(address, want string) {
		t.Helper()
		u, err := url.Parse(address)
		if err != nil {
			t.Fatal(err)
		}
		if got := app.ShownPath(u); got != want {
			t.Errorf("%s: %q", address, got)
		}
	}
	f("/citrusad/v1/orders/10042", "/citrusad/v1/orders/10042")
	f("/trustpilot/v1/business-units/find?name=nordlys.example&apikey=abcdef", "/trustpilot/v1/business-units/find?apikey&name")
	f("/skeepers/v1/websites/2f1b6c1e-0d0f-4a2b-9c3d-7e8f90a1b2c3/events", "/skeepers/v1/websites/2f1b6c1e-0d0f-4a2b-9c3d-7e8f90a1b2c3/events")
	f("/x/ada@customer.example", "/x/***")
	f("/x/Zm9vYmFyYmF6cXV4MTIzNDU2Nzg5MGFiY2Rl/y", "/x/***/y")
	f("/x/%0a%3Cb%3E", "/x/ <b>")
	f("/x?%3Cscript%3E=1&a%20b=2", "/x??")
}

func FuzzRefusedWords(f *testing.F) {
	for _, s := range []string{`{"error":{"message":"x"}}`, `<a:faultstring>x<`, `{"errors":[{"errors":[{}]}]}`, "\xff", `{"error":[]}`, `[1]`} {
		f.Add(s, "/a/b?c=d")
	}
	f.Fuzz(func(t *testing.T, said, path string) {
		s := app.SentenceOf([]byte(said), "presented")
		if !utf8.ValidString(s) || strings.Contains(s, "presented") || utf8.RuneCountInString(s) > 301 {
			t.Errorf("%q", s)
		}
		if u, err := url.Parse(path); err == nil {
			if p := app.ShownPath(u); !utf8.ValidString(p) || strings.ContainsAny(p, "\n\x00") {
				t.Errorf("%q", p)
			}
		}
	})
}
