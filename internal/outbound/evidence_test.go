package outbound_test

import (
	"encoding/base64"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"

	"github.com/ordermux/ordermux/internal/outbound"
)

func exchangeOf(t *testing.T, opts outbound.Options, r outbound.Request, reply http.HandlerFunc) outbound.Exchange {
	t.Helper()
	s := httptest.NewServer(reply)
	defer s.Close()
	c := outbound.New(opts)
	defer c.CloseIdle()
	r.URL = s.URL + r.URL
	if strings.HasPrefix(r.URL, "http://127.0.0.1") && r.Header.Get("X-User") != "" {
		r.URL = strings.Replace(r.URL, "://", "://anna:hush-password@", 1)
	}
	ctx, trace := outbound.WithTrace(t.Context())
	if _, err := c.Do(ctx, r); err != nil {
		t.Fatal(err)
	}
	return trace.Exchanges[0]
}

func TestEvidence(t *testing.T) {
	t.Parallel()
	const secret = "s3cret/with+signs=\"é"
	for _, v := range []string{secret, url.QueryEscape(secret), strings.ToLower(url.PathEscape(secret)), base64.StdEncoding.EncodeToString([]byte("x" + secret + "yz")),
		base64.RawURLEncoding.EncodeToString([]byte("ab" + secret)), base64.URLEncoding.EncodeToString([]byte(secret))} {
		x := exchangeOf(t, outbound.Options{}, outbound.Request{
			URL:    "/in?a=1&key=k-1&apikey=k-2;TOKEN=k-3&%6Bey=k-4&q=" + url.QueryEscape(v),
			Header: http.Header{"Authorization": {"Basic hush"}, "X-Api-Key": {"hush"}, "X-Other": {"before " + url.QueryEscape(v)}, "X-User": {"1"}},
			Body:   []byte(`{"a":"` + v + `","password":"hush\"still","b":1}`), Mask: []string{secret, "other"},
		}, func(w http.ResponseWriter, r *http.Request) {
			body, _ := io.ReadAll(r.Body)
			w.Header().Set("Set-Cookie", "sid=hush")
			w.Header().Set("Location", "https://shop.example/cb?code=hush&x=1")
			w.WriteHeader(302)
			fmt.Fprintf(w, `{"echo":%q,"access_token":"hush","x":2}`, body)
		})
		all := x.URL + x.RequestHead + string(x.RequestBody) + x.ResponseHead + string(x.ResponseBody)
		core := strings.Trim(v, "=")
		if len(core) > 8 {
			core = core[3 : len(core)-3] // the ends are shared with neighbours in base64
		}
		for _, s := range []string{v, core, "hush", "k-1", "k-2", "k-3", "k-4", "anna"} {
			if strings.Contains(all, s) {
				t.Errorf("%q shows in:\n%s", s, all)
			}
		}
		for _, s := range []string{"a=1", "X-Other: before ", "&x=1", `"b":1}`, `"x":2}`} {
			if !strings.Contains(all, s) {
				t.Errorf("%q is missing in:\n%s", s, all)
			}
		}
		if x.Status != 302 || x.ResponseSize == 0 || x.Method != "POST" {
			t.Errorf("%+v", x)
		}
	}
}

// TestLinksInEvidence takes out of addresses in bodies what opens them.
func TestLinksInEvidence(t *testing.T) {
	t.Parallel()
	x := exchangeOf(t, outbound.Options{}, outbound.Request{Body: []byte(`{"callback":"https://us.example/?secret=hush-1"}`)}, func(w http.ResponseWriter, _ *http.Request) {
		fmt.Fprint(w, `{"download_url":"https://files.example/a.csv?X-Amz-Date=1\u0026X-Amz-Signature=hush-2","next":"/jobs?page=2","b":1}`)
	})
	if got := string(x.RequestBody); got != `{"callback":"https://us.example/?secret=[masked]"}` {
		t.Error(got)
	}
	if got := string(x.ResponseBody); got != `{"download_url":"https://files.example/a.csv?X-Amz-Date=1\u0026X-Amz-Signature=[masked]","next":"/jobs?page=2","b":1}` {
		t.Error(got)
	}
}

func TestEvidenceIsBounded(t *testing.T) {
	t.Parallel()
	const secret = "abcdefghij-secret"
	// The secret straddles the cut at 100 at each offset; and many before it
	// shrink the text.
	for before := 80; before <= 101; before++ {
		body := strings.Repeat("x", before) + secret + strings.Repeat("y", 500)
		many := strings.Repeat(secret, 40)
		x := exchangeOf(t, outbound.Options{KeepBody: 100}, outbound.Request{Body: []byte(body), Mask: []string{secret}},
			func(w http.ResponseWriter, r *http.Request) { io.WriteString(w, many[before%17:]) })
		for _, kept := range [][]byte{x.RequestBody, x.ResponseBody} {
			if strings.Contains(string(kept), secret[:4]) && before%17 == 0 || strings.Contains(string(x.RequestBody), "abc") || len(kept) > 120 {
				t.Errorf("%d: kept %q", before, kept)
			}
		}
		if x.RequestSize != len(body) || x.ResponseSize != len(many)-before%17 {
			t.Errorf("sizes %d, %d", x.RequestSize, x.ResponseSize)
		}
	}
	x := exchangeOf(t, outbound.Options{KeepBody: -1}, outbound.Request{Body: []byte("{}")}, func(w http.ResponseWriter, r *http.Request) {})
	if x.RequestBody != nil || x.RequestSize != 2 {
		t.Errorf("kept %q", x.RequestBody)
	}
}

func TestErrorTextIsMasked(t *testing.T) {
	t.Parallel()
	c := outbound.New(outbound.Options{})
	defer c.CloseIdle()
	ctx, trace := outbound.WithTrace(t.Context())
	_, err := c.Do(ctx, outbound.Request{URL: listen(t, answer("HTTP/1.1 hush-secret\r\n")), Mask: []string{"hush-secret"}})
	for _, text := range []string{fmt.Sprint(err), fmt.Sprintf("%#v %+v", err, err), trace.Exchanges[0].Error} {
		if strings.Contains(text, "hush") {
			t.Error(text)
		}
	}
	if !strings.Contains(err.Error(), "[masked]") {
		t.Error(err)
	}
}

func TestTraceConcurrently(t *testing.T) {
	t.Parallel()
	s := httptest.NewServer(http.NotFoundHandler())
	defer s.Close()
	c := outbound.New(outbound.Options{})
	defer c.CloseIdle()
	ctx, trace := outbound.WithTrace(t.Context())
	var all sync.WaitGroup
	for range 8 {
		all.Go(func() {
			for range 40 {
				if _, err := c.Do(ctx, outbound.Request{URL: s.URL}); err != nil {
					t.Error(err)
				}
				trace.List()
			}
		})
	}
	all.Wait()
	if len(trace.Exchanges) != 256 || trace.Dropped != 64 {
		t.Errorf("%d kept, %d dropped", len(trace.Exchanges), trace.Dropped)
	}
}
