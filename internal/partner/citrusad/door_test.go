package citrusad_test

import (
	"bytes"
	"compress/gzip"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/ordermux/ordermux/internal/json"
	"github.com/ordermux/ordermux/internal/partner/citrusad"
	"github.com/ordermux/ordermux/internal/partner/partnertest"
)

const oneOrder = `{"id":"o-1","orderDate":"2021-12-02T15:00:00Z","orderItems":[{"gtin":"A1","quantity":3,"regularUnitPrice":"1.00"}]}`

// newDoor serves a door under /citrusad/.
func newDoor(t testing.TB, settings string) (*partnertest.Hub, http.Handler) {
	t.Helper()
	values := map[string]json.Value{"api_key": json.Value(`"sk-1"`), "publishable_key": json.Value(`"pk-1"`), "team_id": json.Value(`"team-1"`)}
	if err := json.Unmarshal([]byte("{"+settings+"}"), &values); err != nil {
		t.Fatal(err)
	}
	hub := partnertest.NewHub(nil)
	hub.AddDoor(t, citrusad.Partner, values)
	return hub, http.StripPrefix("/citrusad", partnertest.NewDoor(t, citrusad.Partner, hub))
}

// post sends a body over a real connection.
func post(t *testing.T, door http.Handler, body string, header ...string) (int, string) {
	t.Helper()
	server := httptest.NewServer(door)
	defer server.Close()
	r, err := http.NewRequest(http.MethodPost, server.URL+"/citrusad/v1/orders", strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Authorization", "Basic sk-1")
	for i := 0; i < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	resp, err := server.Client().Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return resp.StatusCode, string(b)
}

func zipped(t *testing.T, body string) string {
	t.Helper()
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	_, err := io.WriteString(z, body)
	if err == nil {
		err = z.Close()
	}
	if err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func wrap(orders ...string) string { return `{"orders":[` + strings.Join(orders, ",") + `]}` }

// numbered makes n orders with ids of their own.
func numbered(n int) string {
	list := make([]string, n)
	for i := range list {
		list[i] = strings.Replace(oneOrder, "o-1", fmt.Sprintf("o-%d", i+1), 1)
	}
	return wrap(list...)
}

// TestDoorLimits is the table of bad and big input: status, what the answer
// says, and how many orders are stored.
func TestDoorLimits(t *testing.T) {
	t.Parallel()
	const digits = "123456789012345678901234567890.12"
	deep := strings.Repeat("[", 70) + strings.Repeat("]", 70)
	padding := func(size int) string { // a valid body of that size
		body := wrap(oneOrder)
		return body + strings.Repeat(" ", size-len(body))
	}
	order := func(from, to string) string { return wrap(strings.Replace(oneOrder, from, to, 1)) }
	for _, c := range []struct {
		name, settings, body string
		header               []string
		status               int
		says                 string
		stored               int
	}{
		{name: "101 orders", body: numbered(101), status: 200, says: `"id":"o-101"`, stored: 101},
		{name: "101 orders, strict", settings: `"strict_batch":true`, body: numbered(101), status: 400, says: `"orders: more than 100 orders"`},
		{name: "10001 orders", body: numbered(10_001), status: 400, says: `"orders: more than 10000 orders"`},
		{name: "10 MB", body: padding(10 << 20), status: 200, says: `"id":"o-1"`, stored: 1},
		{name: "10 MB + 1", body: padding(10<<20 + 1), status: 413, says: `larger than 10 MB`},
		{name: "gzip", body: zipped(t, wrap(oneOrder)), header: []string{"Content-Encoding", "gzip"}, status: 200, says: `"id":"o-1"`, stored: 1},
		{name: "gzip that grows over 10 MB", body: zipped(t, padding(10<<20+1)), header: []string{"Content-Encoding", "gzip"}, status: 413, says: `larger than 10 MB`},
		{name: "not gzip", body: wrap(oneOrder), header: []string{"Content-Encoding", "gzip"}, status: 400, says: `not valid gzip`},
		{name: "gzip cut off", body: zipped(t, numbered(50))[:200], header: []string{"Content-Encoding", "gzip"}, status: 400, says: `broke off`},
		{name: "other encoding", body: "x", header: []string{"Content-Encoding", "br"}, status: 415, says: `gzip`},
		{name: "duplicate key", body: order(`"quantity":3`, `"quantity":3,"quantity":4`), status: 400, says: `"orders[0].orderItems[0].quantity: this name stands twice`},
		{name: "duplicate orders", body: `{"orders":[` + oneOrder + `],"orders":[` + oneOrder + `]}`, status: 400, says: `"orders: this name stands twice`},
		{name: "NaN", body: order(`3`, `NaN`), status: 400, says: `"orders[0].orderItems[0].quantity: NaN`},
		{name: "Infinity as text", body: order(`"1.00"`, `"Infinity"`), status: 400, says: `"orders[0].orderItems[0].regularUnitPrice: NaN and infinity`},
		{name: "30 digits", body: order(`"1.00"`, `"`+digits+`"`), status: 200, says: `"regularUnitPrice":` + digits + `,`, stored: 1},
		{name: "30 digits as a number", body: order(`"1.00"`, digits), status: 200, says: `"regularUnitPrice":` + digits + `,`, stored: 1},
		{name: "64 digits", body: order(`"1.00"`, strings.Repeat("9", 64)), status: 200, says: strings.Repeat("9", 64) + ".00", stored: 1},
		{name: "65 digits", body: order(`"1.00"`, strings.Repeat("9", 65)), status: 400, says: `regularUnitPrice: a number must not have more than 64 digits`},
		{name: "date without offset", body: order(`00Z`, `00`), status: 400, says: `"orders[0].orderDate: a time without offset`},
		{name: "date alone", body: order(`T15:00:00Z`, ``), status: 400, says: `"orders[0].orderDate: a date without time`},
		{name: "31 February", body: order(`12-02`, `02-31`), status: 400, says: `"orders[0].orderDate: no such date`},
		{name: "trailing data", body: wrap(oneOrder) + `{"x":1}`, status: 400, says: `data follows the JSON value`},
		{name: "cut off", body: strings.TrimSuffix(wrap(oneOrder), `]}`), status: 400, says: `too early`},
		{name: "empty", body: ``, status: 400, says: `too early`},
		{name: "not an object", body: `[` + oneOrder + `]`, status: 400, says: `must be an object`},
		{name: "no orders", body: `{}`, status: 400, says: `"orders: is required"`},
		{name: "orders null", body: `{"orders":null}`, status: 400, says: `"orders: is required"`},
		{name: "orders an object", body: `{"orders":` + oneOrder + `}`, status: 400, says: `"orders: must be an array"`},
		{name: "invalid UTF-8", body: order(`A1`, "\xff\xfe"), status: 400, says: `orders[0].orderItems[0].gtin: not valid UTF-8`},
		{name: "NUL", body: order(`A1`, `\u0000`), status: 400, says: `orders[0].orderItems[0].gtin: control characters`},
		{name: "too deep", body: order(`"A1"`, `"A1","x":`+deep), status: 400, says: `nested too deeply`},
		{name: "id of two lines", body: order(`o-1`, `o\n1`), status: 400, says: `orders[0].id: control characters`},
		{name: "long id", body: order(`o-1`, strings.Repeat("x", 201)), status: 400, says: `orders[0].id: text is too long`},
		{name: "huge quantity", body: order(`3`, `2147483648`), status: 400, says: `quantity: must fit in 32 bits`},
		{name: "zero and negative quantities", body: wrap(oneOrder, strings.Replace(strings.Replace(oneOrder, "3", "-3", 1), "o-1", "o-2", 1)), status: 200, says: `"quantity":-3`, stored: 2},
		{name: "many loose fields", body: `{"x":"` + strings.Repeat("x", 5000) + `","orders":[` + oneOrder + `]}`, status: 400, says: `larger than 4 KB`},
		{name: "one bad of two", body: wrap(oneOrder, `{"orderDate":"2021-12-02T15:00:00Z"}`), status: 400, says: `"orders[1].orderItems: is required"`},
		{name: "escapes", body: order(`A1`, `\u00e4\ud83d\ude00\"\\\n`), status: 200, says: `"gtin":"ä😀\"\\\n"`, stored: 1},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			hub, door := newDoor(t, c.settings)
			status, answer := post(t, door, c.body, c.header...)
			if status != c.status || !strings.Contains(answer, c.says) {
				t.Errorf("%d %.300s\nwant %d with %s", status, answer, c.status, c.says)
			}
			if got := len(hub.Entries()); got != c.stored {
				t.Errorf("%d orders stored, want %d", got, c.stored)
			}
			if status/100 == 4 && status != 415 && !json.Valid([]byte(answer)) {
				t.Errorf("the error is no JSON: %s", answer)
			}
		})
	}
}

// TestDoorSequence checks that a big batch is answered in its own sequence.
func TestDoorSequence(t *testing.T) {
	t.Parallel()
	_, door := newDoor(t, "")
	_, answer := post(t, door, numbered(101))
	var got struct {
		Orders []struct {
			ID string `json:"id"`
		} `json:"orders"`
	}
	if err := json.Unmarshal([]byte(answer), &got); err != nil {
		t.Fatal(err)
	}
	for i, o := range got.Orders {
		if want := fmt.Sprintf("o-%d", i+1); o.ID != want {
			t.Fatalf("orders[%d] is %s, want %s", i, o.ID, want)
		}
	}
}

// TestDoorRepeat checks that a retry is known, also spaced and escaped
// otherwise, and that a change is not.
func TestDoorRepeat(t *testing.T) {
	t.Parallel()
	hub, door := newDoor(t, "")
	f := func(body string, events int) {
		t.Helper()
		if status, answer := post(t, door, body); status != 200 {
			t.Fatal(status, answer)
		}
		if got := len(hub.Entries()); got != events {
			t.Errorf("%d events, want %d", got, events)
		}
	}
	f(wrap(oneOrder), 1)
	f(wrap(oneOrder), 1)
	f(wrap(strings.ReplaceAll(oneOrder, ",", " ,\n")), 1)
	f(wrap(strings.Replace(oneOrder, `A1`, `\u00411`, 1)), 1)
	f(wrap(strings.Replace(oneOrder, `"1.00"`, `1.0`, 1)), 1)
	f(wrap(strings.Replace(oneOrder, `"1.00"`, `1.01`, 1)), 2)
	f(`{"note":"new",`+wrap(strings.Replace(oneOrder, `"1.00"`, `1.01`, 1))[1:], 3)
}

// FuzzOrders feeds the door anything: it never panics, what it accepts it
// answers with valid JSON, and asking again answers the same order.
func FuzzOrders(f *testing.F) {
	for _, body := range []string{
		wrap(oneOrder), wrap(oneOrder) + "]}", numbered(3), `{"orders":[{}]}`, `[]`, `{"orders":[[]]}`,
		`{"x":{"y":[1,"\"]"]},"orders":[{"id":"a","adIds":["b",null],"orderDate":"2021-12-02T15:00:00+10:00","orderItems":[{"gtin":"\u0041","quantity":1e0,"substitutedFor":{"a":[]}}]}]}`,
	} {
		f.Add([]byte(body))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		hub, door := newDoor(t, "")
		r := httptest.NewRequest(http.MethodPost, "/citrusad/v1/orders", bytes.NewReader(body))
		r.Header.Set("Authorization", "Basic sk-1")
		w := httptest.NewRecorder()
		door.ServeHTTP(w, r)
		if w.Code != 200 && w.Code != 400 || !json.Valid(w.Body.Bytes()) {
			t.Fatalf("%d %s", w.Code, w.Body)
		}
		if (w.Code == 200) != (len(hub.Entries()) > 0) {
			t.Fatalf("%d with %d entries", w.Code, len(hub.Entries()))
		}
		for _, e := range hub.Entries() {
			if !json.Valid(e.Statement.Wire) && !bytes.Contains(e.Statement.Wire, []byte("\n")) {
				t.Fatalf("wire is no JSON: %q", e.Statement.Wire)
			}
			if _, err := json.Marshal(e.Statement.Order); err != nil {
				t.Fatal(err)
			}
		}
	})
}

// FuzzPixel feeds third-o any query.
func FuzzPixel(f *testing.F) {
	f.Add("key=pk-1&catid=c&ordid=o&ordts=2021-12-02T15:00:00+10:00&sesid=s&procods=A&pris=1.00&quas=1")
	f.Add("key=pk-1&\xff=%00")
	f.Add("key=pk-1&procods=A&procods=B&pris=1&quas=%00&x=%ff")
	f.Fuzz(func(t *testing.T, query string) {
		hub, door := newDoor(t, "")
		r := httptest.NewRequest(http.MethodGet, "/citrusad/v1/resource/third-o", nil)
		r.URL.RawQuery = query
		w := httptest.NewRecorder()
		door.ServeHTTP(w, r)
		if w.Code != 200 && w.Code != 400 && w.Code != 401 || !json.Valid(w.Body.Bytes()) {
			t.Fatalf("%d %s", w.Code, w.Body)
		}
		for _, e := range hub.Entries() {
			if _, err := json.Marshal(e.Statement.Order); err != nil {
				t.Fatal(err)
			}
		}
	})
}
