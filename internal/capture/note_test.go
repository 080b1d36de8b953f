package capture

import (
	"archive/zip"
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"github.com/ordermux/ordermux/internal/outbound"
)

// gates is a partner whose calls all have one path.
const gates = "/api/?gate="

// TestNotedCalls listens to a door and a route of an API whose method and path
// say nothing: the report goes by what was noted, faults in bodies count, and
// --gate takes such names.
func TestNotedCalls(t *testing.T) {
	t.Parallel()
	r := newRecorder(t, nil)
	start := func(s Spec) Capture {
		s.Seconds = 60
		c, err := r.Start(t.Context(), "nordlys", "test", s)
		if err != nil {
			t.Fatal(err)
		}
		return c
	}
	said := []outbound.Note{
		{Gate: "Authenticate", Method: "authenticate"}, {Gate: "Dropshipping", Method: "placeOrder"}, {Gate: "Dropshipping", Method: "placeOrder", Fault: "111"},
		{Gate: "Dropshipping", Method: "getCouriers"}, {},
	}
	for _, listen := range []Spec{{Door: "d"}, {Route: "r"}} {
		by := map[string]int64{"": 5, "/api": 5, "/other": 0, "dropshipping": 3, "Dropshipping/placeOrder": 2, "dropshipping/placeorder": 2, "placeOrder": 0}
		captures := map[string]Capture{}
		for gate := range by {
			listen.Gate = gate
			captures[gate] = start(listen)
		}
		if listen.Door != "" {
			callDoor(r, said)
		} else {
			callPartner(t, r, said)
		}
		for gate, want := range by {
			report, err := r.Report(t.Context(), "nordlys", captures[gate].ID)
			if err != nil || report.Recorded != want || report.Dropped != 0 {
				t.Errorf("%+v, gate %q: %+v %v", listen, gate, report, err)
			}
		}
		checkNoted(t, r, captures[""])
		for _, c := range captures {
			if _, err := r.Stop(t.Context(), "nordlys", c.ID); err != nil {
				t.Fatal(err)
			}
		}
	}
}

func callDoor(r *Recorder, said []outbound.Note) {
	var heard *Heard
	n := 0
	note := func(_ *http.Request, h *Heard) { heard = h; h.Grant(Login{Shop: "nordlys", Name: "panel"}) }
	door := r.Door("d", note, http.HandlerFunc(func(http.ResponseWriter, *http.Request) {
		heard.Note(outbound.Note{Gate: "overtaken", Fault: "1"})
		heard.Note(said[n])
		n++
	}))
	for range said {
		door.ServeHTTP(httptest.NewRecorder(), httptest.NewRequest("POST", gates+"x/y/1/json", strings.NewReader("{}")))
	}
}

func callPartner(t *testing.T, r *Recorder, said []outbound.Note) {
	t.Helper()
	partner := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
	defer partner.Close()
	client := outbound.New(outbound.Options{})
	defer client.CloseIdle()
	ctx, done := r.Calls(t.Context(), "nordlys", "r")
	outbound.Annotate(ctx, outbound.Note{Gate: "before any call"})
	for _, n := range said {
		if _, err := client.Do(ctx, outbound.Request{URL: partner.URL + gates + "x/y/1/json", Body: []byte("{}")}); err != nil {
			t.Fatal(err)
		}
		if n.Gate != "" { // the last one is told by the end
			outbound.Annotate(ctx, n)
		}
	}
	done()
	done()
	outbound.Annotate(ctx, outbound.Note{Gate: "too late"})
}

// checkNoted reads what five calls came to.
func checkNoted(t *testing.T, r *Recorder, c Capture) {
	t.Helper()
	report, err := r.Report(t.Context(), "nordlys", c.ID)
	if err != nil {
		t.Fatal(err)
	}
	var rows []string
	for _, row := range report.Rows {
		rows = append(rows, row.Gate+" "+row.Method+" "+strings.Repeat("+", int(row.Calls))+strings.Repeat("!", int(row.Faults)))
	}
	if want := []string{"/api/ POST +", "Authenticate authenticate +", "Dropshipping getCouriers +", "Dropshipping placeOrder ++!"}; !slices.Equal(rows, want) {
		t.Errorf("%q", rows)
	}
	var b bytes.Buffer
	if err := r.Export(t.Context(), "nordlys", c.ID, ZIP, &b); err != nil {
		t.Fatal(err)
	}
	files, err := zip.NewReader(bytes.NewReader(b.Bytes()), int64(b.Len()))
	if err != nil {
		t.Fatal(err)
	}
	f := func(name string, words ...string) {
		t.Helper()
		in, err := files.Open(name)
		if err != nil {
			t.Error(err)
			return
		}
		text, err := io.ReadAll(in)
		if err != nil || wellFormed(text) != nil {
			t.Errorf("%s: %v", name, err)
		}
		for _, w := range words {
			if !strings.Contains(string(text), w) {
				t.Errorf("%q is missing in\n%s", w, text)
			}
		}
	}
	f("calls/000003_Dropshipping_placeOrder.xml", "<gate>Dropshipping</gate>", "<method>placeOrder</method>", "<httpMethod>POST</httpMethod>", "<faultCode>111</faultCode>", "<httpStatus>200</httpStatus>")
	f("calls/000001_Authenticate_authenticate.xml", "<faultCode>0</faultCode>")
	f("calls/000005_POST_api.xml", "<gate>/api/</gate>", "<method>POST</method>")
	f("report.xml", `<row gate="Dropshipping" method="placeOrder" calls="2" faults="1"`)
	b.Reset()
	if err := r.Export(t.Context(), "nordlys", c.ID, HAR, &b); err != nil {
		t.Fatal(err)
	}
	if !json.Valid(b.Bytes()) || strings.Count(b.String(), `"_gate":"Dropshipping","_method":"placeOrder","_faultCode":"111"`) != 1 {
		t.Errorf("%s", b.Bytes())
	}
}

// TestACallOfAnAccount comes with the account's session and the wholesaler's
// key: it is the account's, whichever was looked at last.
func TestACallOfAnAccount(t *testing.T) {
	t.Parallel()
	account, panel := Login{Shop: "nordlys", Of: "account", Name: "sklep-7", Account: "sklep"}, Login{Shop: "nordlys", Name: "panel"}
	other := Login{Shop: "aurora", Name: "panel"}
	f := func(shop, login string, names []string, to func(*Heard)) {
		t.Helper()
		h := &Heard{}
		to(h)
		if gotShop, got := h.whose(); got != login || gotShop != shop {
			t.Errorf("%q at %q", got, gotShop)
		}
		for _, name := range []string{"panel", "sklep", "sklep-7", "nobody"} {
			if got := h.is(shop, name); got != slices.Contains(names, name) {
				t.Errorf("%q hears %q: %t", name, login, got)
			}
		}
	}
	all := []string{"panel", "sklep", "sklep-7"}
	f("nordlys", "sklep", all, func(h *Heard) { h.Grant(account); h.Grant(panel) })
	f("nordlys", "sklep", all, func(h *Heard) { h.Grant(panel); h.Grant(account) })
	f("nordlys", "sklep", all[1:], func(h *Heard) { h.Grant(account); h.Refuse(panel) })
	f("nordlys", "panel", all[:1], func(h *Heard) { h.Grant(panel); h.Grant(account); h.Refuse(account) })
	f("aurora", "panel", all[:1], func(h *Heard) { h.Grant(account); h.Grant(other) })
	f("", "", nil, func(h *Heard) { h.Grant(panel); h.Refuse(panel) })
	f("nordlys", "", nil, func(h *Heard) { h.Belongs("nordlys") })
}
