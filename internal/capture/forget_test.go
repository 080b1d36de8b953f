package capture

import (
	"bytes"
	"compress/gzip"
	"encoding/base64"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

// of is a person of our invention.
var of = Traces{Words: []string{"N-17", "zofia@klient.example", "Łącka", "Zofia Łącka", "Polna 3/7"}, Phones: []string{"+48 600-100-200", "12"}}

func TestSpeaksOf(t *testing.T) {
	t.Parallel()
	plain := of.plain()
	f := func(body string, want bool) {
		t.Helper()
		for _, c := range []Call{{Request: []byte(body)}, {Response: []byte(body)}, {URL: "/a", RequestHead: "X-About: " + body}} {
			if got := c.speaksOf(plain); got != want {
				t.Errorf("%q: %t", body, got)
			}
		}
	}
	// As JSON, XML and addresses spell it, and one in another.
	f(`{"id":"N-17"}`, true)
	f(`{"name":"\u0141\u0105cka"}`, true)
	f(`{"name":"ŁĄCKA"}`, true)
	f(`<n>&#321;&#x105;cka</n>`, true)
	f(`name=Zofia+%C5%81%C4%85cka&x=1`, true)
	f(`data=%7B%22n%22%3A%22%5Cu0141%5Cu0105cka%22%7D`, true)
	f(`{"to":"Zofia@Klient.EXAMPLE"}`, true)
	f(`{"to":"zofia%40klient.example"}`, true)
	f(`{"street":"Polna 3\/7"}`, true)
	f(`{"a":"Zofia\n  Łącka"}`, true)
	// Phones, with prefix and without.
	f("0048 600 100 200", true)
	f("600.100.200", true)
	f(`{"phone":600100200}`, true)
	f(`["600100","200"]`, false)
	// Others.
	f(`{"id":"N-171","n":"xN-17","who":"Zofia Łąckas","x":12}`, false)
	f(`{"id":"N-18","street":"Polna 33/7"}`, false)
	f(``, false)
}

func TestSpeaksOfPackedBodies(t *testing.T) {
	t.Parallel()
	plain := of.plain()
	f := func(body []byte, want bool) {
		t.Helper()
		if got := (&Call{Request: body}).speaksOf(plain); got != want {
			t.Errorf("%q: %t", body, got)
		}
	}
	pack := func(s string) []byte {
		var b bytes.Buffer
		z := gzip.NewWriter(&b)
		_, _ = z.Write([]byte(s))
		if err := z.Close(); err != nil {
			t.Fatal(err)
		}
		return b.Bytes()
	}
	filler := strings.Repeat("filler ", 100)
	f(pack(filler+"N-17"), true)
	f(pack(filler+"N-18"), false)
	f(pack("N-17 " + filler)[:40], true)
	f([]byte(`{"file":"`+base64.StdEncoding.EncodeToString([]byte("for Zofia Łącka; N-17"))+`"}`), true)
	f([]byte(`{"file":"`+base64.StdEncoding.EncodeToString([]byte("for somebody; N-18"))+`"}`), false)
	// Cut in the middle of a letter; what is no text may say anything.
	f([]byte("ab\xc5"), false)
	f([]byte("\xff\xfe\x00a"), true)
	f([]byte{0x1f, 0x8b, 1, 2}, true)
}

// TestForget erases an order that calls of three captures speak of.
func TestForget(t *testing.T) {
	t.Parallel()
	r := newRecorder(t, nil)
	start := func(shop string, personal bool) Capture {
		c, err := r.Start(t.Context(), shop, "test", Spec{Door: "d", Seconds: 60, KeepPersonal: personal})
		if err != nil {
			t.Fatal(err)
		}
		return c
	}
	asked, ordinary, nobodys := start("nordlys", true), start("nordlys", false), start(Hub, true)
	call := func(shop, body string) {
		note := func(_ *http.Request, h *Heard) { h.Grant(Login{Shop: shop, Name: "default"}) }
		r.Door("d", note, http.HandlerFunc(func(_ http.ResponseWriter, req *http.Request) {
			_, _ = bytes.NewBuffer(nil).ReadFrom(req.Body)
		})).ServeHTTP(httptest.NewRecorder(), httptest.NewRequest("POST", "/orders", strings.NewReader(body)))
	}
	said := func(c Capture, calls int, erased int) {
		t.Helper()
		err := r.calls(t.Context(), c, func(call *Call) error {
			calls--
			if call.Erased {
				erased--
				if call.RequestSize == 0 || len(call.Request) != 0 || call.Status != 200 || wellFormed(call.xml(c, 1)) != nil {
					t.Errorf("%+v", call)
				}
			}
			shows(t, string(call.Request), "Łącka")
			return nil
		})
		if err != nil || calls != 0 || erased != 0 {
			t.Errorf("%d calls, %d erased ones are missing: %v", calls, erased, err)
		}
	}
	asks := 0
	erase := func() {
		t.Helper()
		if err := r.Forget(t.Context(), "nordlys", func() (Traces, error) { asks++; return of, nil }); err != nil {
			t.Fatal(err)
		}
	}
	call("nordlys", `{"name":"Zofia Łącka"}`)
	call("nordlys", `{"id":"N-17"}`)
	call("nordlys", `{"name":"Somebody Else"}`)
	call("", `{"name":"Zofia Łącka"}`)
	erase()
	said(asked, 3, 2)
	said(ordinary, 3, 0)
	said(nobodys, 1, 1)
	// What is heard of her later is not kept either, and erasing again is harmless.
	call("nordlys", `{"name":"Zofia Łącka"}`)
	call("nordlys", `{"name":"Somebody Else"}`)
	if err := r.Flush(t.Context()); err != nil {
		t.Fatal(err)
	}
	said(asked, 5, 3)
	erase()
	said(asked, 5, 3)
	if asks != 2 {
		t.Errorf("asked %d times", asks)
	}
}

// TestForgetVeryMany erases more than a capture can remember: it keeps nothing.
func TestForgetVeryMany(t *testing.T) {
	t.Parallel()
	r := newRecorder(t, nil)
	c, err := r.Start(t.Context(), "nordlys", "test", Spec{Door: "d", Seconds: 60, KeepPersonal: true})
	if err != nil {
		t.Fatal(err)
	}
	note := func(_ *http.Request, h *Heard) { h.Grant(Login{Shop: "nordlys", Name: "default"}) }
	door := r.Door("d", note, http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
	for range 3 {
		door.ServeHTTP(httptest.NewRecorder(), httptest.NewRequest("GET", "/orders", nil))
	}
	if err := r.Forget(t.Context(), "nordlys", func() (Traces, error) {
		return Traces{Words: []string{strings.Repeat("x", mostForgotten)}}, nil
	}); err != nil {
		t.Fatal(err)
	}
	door.ServeHTTP(httptest.NewRecorder(), httptest.NewRequest("GET", "/orders", nil))
	if report, err := r.Report(t.Context(), "nordlys", c.ID); err != nil || report.Recorded != 0 {
		t.Errorf("%+v %v", report, err)
	}
}
