package partnertest

import (
	"errors"
	"testing"
	"time"

	"github.com/ordermux/ordermux/internal/order"
)

func TestCompare(t *testing.T) {
	t.Parallel()
	const answer = "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nX-More: 1\r\n\r\n" + `{"id":"7","n":1.00,"list":[1,2]}`
	got, err := parseMessage(answer)
	if err != nil {
		t.Fatal(err)
	}
	vars := map[string]string{"bound": "7"}
	f := func(want string, equal bool) {
		t.Helper()
		m, err := parseMessage(want)
		if err != nil {
			t.Fatal(err)
		}
		if err := m.compare(got, vars); (err == nil) != equal {
			t.Errorf("%q: %v", want, err)
		}
	}
	const head = "HTTP/1.1 200 OK\n"
	f(head+"\n{ \"id\": \"7\",\n\"n\": 1.00, \"list\": [1, 2] }\n", true)
	f(head+"content-type: application/json\n\n{\"id\":\"{{id}}\",\"n\":{{any}},\"list\":[1,2]}", true)
	f(head+"\n{\"id\":\"{{bound}}\",\"n\":1.00,\"list\":[1,2]}", true)
	if vars["id"] != "7" {
		t.Errorf("id is bound to %q", vars["id"])
	}
	f("HTTP/1.1 201 Created\n\n{\"id\":\"7\",\"n\":1.00,\"list\":[1,2]}", false)
	f(head+"Content-Type: text/plain\n\n{\"id\":\"7\",\"n\":1.00,\"list\":[1,2]}", false)
	f(head+"\n{\"id\":\"7\",\"n\":1.0,\"list\":[1,2]}", false)   // another spelling
	f(head+"\n{\"n\":1.00,\"id\":\"7\",\"list\":[1,2]}", false)  // another sequence
	f(head+"\n{\"id\":\"7\",\"n\":1.00}", false)                 // a key less
	f(head+"\n{\"id\":\"7 \",\"n\":1.00,\"list\":[1,2]}", false) // a blank inside a string
	vars["bound"] = "8"
	f(head+"\n{\"id\":\"{{bound}}\",\"n\":1.00,\"list\":[1,2]}", false)
}

func TestRequest(t *testing.T) {
	t.Parallel()
	m, err := parseMessage("POST /v1/x/{{token}}?a=b HTTP/1.1\nAuthorization: Basic {{token}}\n\n{\"a\": 1}\n")
	if err != nil {
		t.Fatal(err)
	}
	r, err := m.request(map[string]string{"token": "abc"})
	if err != nil {
		t.Fatal(err)
	}
	if r.URL.String() != "/v1/x/abc?a=b" || r.Header.Get("Authorization") != "Basic abc" || r.ContentLength != 8 {
		t.Errorf("%v %v %d", r.URL, r.Header, r.ContentLength)
	}
	if _, err := parseMessage("GET / HTTP/1.1\nnonsense\n\n"); err == nil {
		t.Error("a header line without a colon is taken")
	}
}

// TestHub checks what the suites rely on: idempotent per source, all or
// nothing, secret before public.
func TestHub(t *testing.T) {
	t.Parallel()
	hub := NewHub(func() time.Time { return time.Unix(0, 0) })
	entry := func(id, source, session string) order.Entry {
		rank := order.RankDoor
		if source == "a/public" {
			rank = order.RankPublic
		}
		return order.Entry{
			Subject: order.Subject{Kind: order.SubjectOrder, ID: id}, Source: order.Source{Name: source, Rank: rank},
			Statement: &order.Statement{Order: order.Order{ID: id, Session: session}},
		}
	}
	f := func(known bool, e ...order.Entry) {
		t.Helper()
		r, err := hub.Append(t.Context(), Shop, e)
		if err != nil || r[0].Known != known {
			t.Errorf("%+v %v", r, err)
		}
	}
	f(false, entry("1", "a/public", "forged"))
	f(false, entry("1", "a", "s"))
	f(true, entry("1", "a", "s"))
	f(false, entry("1", "a", "t"))
	f(false, entry("2", "ab", "other"))
	bad := entry("3", "", "")
	if _, err := hub.Append(t.Context(), Shop, []order.Entry{entry("3", "a", "s"), bad}); err == nil {
		t.Error("an entry without a source is taken")
	}
	got, err := hub.Layers(t.Context(), Shop, "a", []string{"1", "2", "3"})
	if err != nil || got[0].Session != "t" || got[1] != nil || got[2] != nil {
		t.Errorf("%+v %v", got, err)
	}
	refuse := entry("1", "a", "u")
	refuse.RefuseUpdate = true
	if _, err := hub.Append(t.Context(), Shop, []order.Entry{refuse}); !errors.Is(err, order.ErrConflict) {
		t.Errorf("a refused update: %v", err)
	}
}
