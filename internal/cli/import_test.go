package cli_test

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/ordermux/ordermux/internal/api"
	"github.com/ordermux/ordermux/internal/cli"
	"github.com/ordermux/ordermux/internal/json"
	"github.com/ordermux/ordermux/internal/order"
)

const events = "POST /api/v1/shops/nordlys/events"

const orders = `{"order":{"id":"1","placed_at":"2026-05-31T09:30:00+10:00","currency":"SEK","lines":[{"product":{"code":"p1","name":"Roast"},"quantity":"2","total":"5.00"}],"totals":{"total":"5.00"}}}
{"happening":{"kind":"cancelled","ref":"C1"},"order_id":"1"}
{"order":{"lines":[]}}
`

// takes answers a receipt per line of NDJSON.
func takes(body []byte) any {
	out := api.Receipts{}
	for i, l := range strings.Split(strings.TrimSpace(string(body)), "\n") {
		var e struct {
			Order struct {
				ID string `json:"id"`
			} `json:"order"`
			OrderID string `json:"order_id"`
		}
		if err := json.Unmarshal([]byte(l), &e); err != nil {
			return &api.Problem{Status: 400, Detail: err.Error()}
		}
		out.Receipts = append(out.Receipts, order.Receipt{
			Subject: order.Subject{Kind: order.SubjectOrder, ID: e.Order.ID + e.OrderID}, Seq: int64(i + 1), Hash: strings.Repeat("0", 64), Kind: order.KindPlaced, At: now,
		})
	}
	return out
}

func write(t *testing.T, name, text string) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return file
}

func TestImport(t *testing.T) {
	t.Parallel()
	h := newHub(t)
	h.answers[events] = takes
	file := write(t, "orders.ndjson", orders)
	r := h.run(t, "", "import", file)
	// One line is refused, so the status is 1, and the others are stored.
	if r.code != 1 || r.err != "" {
		t.Errorf("%+v", r)
	}
	golden(t, "import", r.out)
	if quiet := h.run(t, "", "import", file, "-q", "--history"); strings.Contains(quiet.out, "line 1:") || !strings.Contains(quiet.out, "line 3: refused") {
		t.Errorf("%+v", quiet)
	}
	if last := h.calls[len(h.calls)-1]; !strings.Contains(last, `"history":true`) {
		t.Error(last)
	}
	golden(t, "import-json", h.run(t, "", "import", file, "--json").out)
	// Standard input, with the format named.
	if r = h.run(t, strings.SplitAfter(orders, "\n")[0], "import", "-", "--format", "ordermux"); r.code != 0 || !strings.Contains(r.out, "1 order of 1 line, 1 new") {
		t.Errorf("%+v", r)
	}
}

func TestImportDryRunNeedsNoHub(t *testing.T) {
	t.Parallel()
	var b bytes.Buffer
	b.WriteString("Invoice,Code,Name,Qty,Date,Price\n")
	for i := range 12 {
		fmt.Fprintf(&b, "%d,p1,Morning roast,2,2026-05-31 09:30,2.50\n%d,POST,Postage,1,2026-05-31 09:30,1.00\n", 100+i, 100+i)
	}
	file := write(t, "orders.csv", b.String())
	mapping := write(t, "map.yml", `
date_format: YYYY-MM-DD HH:mm
columns:
  Invoice: order.id
  Code: line.product.code
  Name: line.product.name
  Qty: line.quantity
  Date: order.placed_at
  Price: line.unit_price
codes: {postage: [POST]}
`)
	args := []string{"import", file, "--map", mapping, "--dry-run", "--token", "", "--timezone", "Europe/Stockholm", "--currency", "SEK"}
	r := run(t, "", args...)
	if r.code != 0 || r.err != "" {
		t.Errorf("%+v", r)
	}
	golden(t, "import-dry", r.out)
	golden(t, "import-dry-json", run(t, "", append(args, "--json")...).out)
}

func TestImportFailures(t *testing.T) {
	t.Parallel()
	h := newHub(t)
	h.answers[events] = takes
	f := func(code int, want string, args ...string) {
		t.Helper()
		r := h.run(t, "", append([]string{"import"}, args...)...)
		if r.code != code || !strings.Contains(r.err, want) {
			t.Errorf("%v: %d %s", args, r.code, r.err)
		}
	}
	good := write(t, "orders.ndjson", orders)
	f(1, "no such file", filepath.Join(t.TempDir(), "none"))
	f(1, "a mapping file by --map", write(t, "x.bin", "\x00\x01"))
	f(1, `there is no format "edi"`, good, "--format", "edi")
	f(1, "unknown field", good, "--map", write(t, "map.yml", "colums: {}\n"))
	f(2, "unknown zone", good, "--timezone", "Mars")
	f(2, "can't be used together", good, "--map", "x", "--format", "y")
}

// TestImportInsists checks that an import waits for a busy hub.
func TestImportInsists(t *testing.T) {
	t.Parallel()
	h := newHub(t)
	tries := 0
	h.answers[events] = func(body []byte) any {
		if tries++; tries < 3 {
			return &api.Problem{Status: 503, Title: "Service Unavailable", Detail: "too busy"}
		}
		return takes(body)
	}
	file := write(t, "o.ndjson", strings.SplitAfter(orders, "\n")[0])
	if r := h.run(t, "", "import", file); r.code != 0 || tries != 3 {
		t.Errorf("%d tries: %+v", tries, r)
	}
}

func TestProgressOnATerminal(t *testing.T) {
	t.Parallel()
	h := newHub(t)
	h.answers[events] = takes
	file := write(t, "o.ndjson", strings.SplitAfter(orders, "\n")[0])
	var out, errs bytes.Buffer
	code := cli.Run(context.Background(), []string{"import", file, "--hub", h.url, "--token", "t"}, cli.Env{
		In: strings.NewReader(""), Out: &out, Err: &errs, Terminal: true,
	})
	if code != 0 || !strings.Contains(errs.String(), "[##############################] 100% 1 order") || strings.Contains(out.String(), "#####") {
		t.Errorf("%d %q %q", code, errs.String(), out.String())
	}
}

// TestImportKeepsWhatIsNoOrder checks the words for rows that are in the
// ledger and sell nothing.
func TestImportKeepsWhatIsNoOrder(t *testing.T) {
	t.Parallel()
	h := newHub(t)
	h.answers[events] = takes
	file := write(t, "o.csv", "Invoice,Code,Qty,Date,Price\nC7,p1,-1,2026-05-31T09:30:00Z,2.50\n")
	mapping := write(t, "map.yml", `
columns: {Invoice: order.id, Code: line.product.code, Qty: line.quantity, Date: order.placed_at, Price: line.unit_price}
cancel: {prefix: C, kind: cancelled, id: without_prefix}
`)
	args := []string{"import", file, "--map", mapping, "--currency", "SEK"}
	if r := h.run(t, "", args...); r.code != 0 || !strings.Contains(r.out, "line 2: kept 7 #1, no order: a cancellation (C7)") || !strings.Contains(r.out, ", 1 kept (no order)\n") {
		t.Errorf("%+v", r)
	}
	if r := h.run(t, "", append(args, "--dry-run")...); r.code != 0 || !strings.Contains(r.out, "line 2: would be kept 7, no order: ") {
		t.Errorf("%+v", r)
	}
}
