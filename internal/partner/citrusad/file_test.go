package citrusad_test

import (
	"bytes"
	"compress/gzip"
	"errors"
	"io"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/ordermux/ordermux/internal/json"
	"github.com/ordermux/ordermux/internal/order"
	"github.com/ordermux/ordermux/internal/partner"
	"github.com/ordermux/ordermux/internal/partner/citrusad"
	"github.com/ordermux/ordermux/internal/partner/partnertest"
)

const tsvHeader = "order_id\torder_date\tproduct_code\tquantity\tregular_unit_price\tprice_with_discounts\tcustomer_id\tsession_id\tseller_id\n"

func tsvFormat() partner.Format { return citrusad.Partner.Formats[0] }

// readFile reads an order file into one text per order and one per fault.
func readFile(text string, opts partner.ReadOptions) (orders, faults []string) {
	for row, err := range tsvFormat().Read(strings.NewReader(text), opts) {
		var invalid *order.Invalid
		switch {
		case errors.As(err, &invalid):
			for _, f := range invalid.Faults {
				faults = append(faults, f.Path+": "+f.Reason)
			}
			continue
		case err != nil:
			faults = append(faults, err.Error())
			continue
		}
		b, err := json.Marshal(row.Entries[0].Statement.Order)
		if err != nil {
			faults = append(faults, err.Error())
		}
		orders = append(orders, string(b)+strings.ReplaceAll(row.Notice, "other orders stand between", " apart: "))
	}
	return orders, faults
}

func TestReadFile(t *testing.T) {
	t.Parallel()
	orders, faults := readFile("\ufeff"+strings.Replace(tsvHeader, "\n", "\tad_id\tad_ids\tcolour\r\n", 1)+
		"o-1\t2021-12-02T15:00:00Z\tA1\t3\t1.00\t3.00\tc-1\ts-1\tsel-1\tdisplay_a==\tdisplay_a==,display_b==\tred\r\n"+
		"o-1\t2021-12-02T15:00:00Z\tB2\t1\t\t2.5\tc-1\ts-1\t\t\tdisplay_c==\r\n"+
		"\r\n"+
		"o-2\t2021-12-02T15:00:00+10:00\tA1\t1\t0\t0\n", partner.ReadOptions{Currency: "SEK"})
	want := []string{
		`{"id":"o-1","placed_at":"2021-12-02T15:00:00Z","currency":"SEK","session":"s-1","customer":{"id":"c-1"},"lines":[` +
			`{"product":{"code":"A1"},"quantity":"3","unit_price":"1.00","total":"3.00","seller":"sel-1","ad_id":"display_a=="},` +
			`{"product":{"code":"B2"},"quantity":"1","total":"2.5"}],"media":{"ad_ids":["display_a==","display_b==","display_c=="]},` +
			`"extra":{"orderItems[0].colour":"red"}}`,
		`{"id":"o-2","placed_at":"2021-12-02T15:00:00+10:00","currency":"SEK","lines":[{"product":{"code":"A1"},"quantity":"1","unit_price":"0","total":"0"}]}`,
	}
	if len(faults) > 0 || !slices.Equal(orders, want) {
		t.Errorf("got %s\nfaults %s\nwant %s", orders, faults, want)
	}
}

// TestReadFileApart takes rows of one order that do not stand together, with a
// notice and their line numbers.
func TestReadFileApart(t *testing.T) {
	t.Parallel()
	text := tsvHeader +
		"o-1\t2021-12-02T15:00:00Z\tA1\t1\n" +
		"o-2\t2021-12-02T15:00:00Z\tA1\t1\n" +
		"o-1\t2021-12-02T15:00:00Z\tB2\t1\n"
	var rows []partner.Row
	for row, err := range tsvFormat().Read(strings.NewReader(text), partner.ReadOptions{}) {
		if err != nil {
			t.Fatal(err)
		}
		rows = append(rows, row)
	}
	if len(rows) != 2 || rows[0].Line != 2 || rows[0].LastLine != 4 || rows[0].Notice == "" || rows[1].Notice != "" {
		t.Fatalf("%+v", rows)
	}
	if n := len(rows[0].Entries[0].Statement.Order.Lines); n != 2 {
		t.Errorf("%d lines, want 2", n)
	}
}

func TestReadFileFaults(t *testing.T) {
	t.Parallel()
	f := func(text string, want ...string) {
		t.Helper()
		orders, faults := readFile(text, partner.ReadOptions{})
		if len(orders) > 0 || !slices.Equal(faults, want) {
			t.Errorf("%q: took %s\nfaults %q\n  want %q", text, orders, faults, want)
		}
	}
	// The file as such.
	f("", "read order file: it is empty")
	f("order_id\torder_date\tquantity\n", "read order file: line 1: there is no column product_code")
	f("order_id\torder_id\n", "read order file: line 1: column 2 stands twice")
	f(tsvHeader+strings.Repeat("x", 2<<20), "read order file: a line is longer than 1 MB")
	// Single cells.
	f(tsvHeader+"\t2021-12-02T15:00:00Z\tA1\t1\n", "line 2, order_id: is required")
	f(tsvHeader+"o-1\t\t\t\n", "line 2, order_date: is required", "line 2, product_code: is required", "line 2, quantity: is required")
	f(tsvHeader+"o-1\t2021-12-02\tA1\t1\n", "line 2, order_date: a date without time and offset; write it as 2026-05-31T00:00:00+10:00")
	f(tsvHeader+"o-1\t2021-12-02T15:00:00Z\tA1\t1.5\t1,00\n",
		"line 2, regular_unit_price: not a plain decimal number such as 12.50", "line 2, quantity: must be a whole number")
	f(tsvHeader+"o-1\t2021-12-02T15:00:00Z\tA\x001\t1\n", "line 2: control characters other than tab and line ends are not accepted")
	f(tsvHeader+"o-1\t2021-12-02T15:00:00Z\tA\xff\t1\n", "line 2: not valid UTF-8")
	f(tsvHeader+"o-1"+strings.Repeat("\tx", 12)+"\n", "line 2: has 13 cells, the header 9")
	// A bad row refuses its order whole, and no other one.
	f(tsvHeader+"o-1\t2021-12-02T15:00:00Z\tA1\t1\n"+"o-1\t2021-12-02T16:00:00Z\tB2\t1\t\t\tc-1\n"+"o-1\t2021-12-02T15:00:00Z\tB2\tx\t\t\tc-2\n",
		"line 3, order_date: differs from an earlier row of the same order",
		"line 4, customer_id: differs from an earlier row of the same order",
		"line 4, quantity: not a plain decimal number such as 12.50")
	orders, faults := readFile(tsvHeader+"o-1\t2021-12-02T15:00:00Z\tA1\tx\n"+"o-2\t2021-12-02 15:00:00\tA1\t1\n",
		partner.ReadOptions{Location: time.FixedZone("", 3600)})
	if len(orders) != 1 || len(faults) != 1 || !strings.Contains(orders[0], `"placed_at":"2021-12-02T15:00:00+01:00"`) {
		t.Errorf("%s %s", orders, faults)
	}
}

func TestSniffFile(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]bool{
		tsvHeader: true, "\ufeff" + tsvHeader: true, "product_code\torder_id\r\n": true,
		"order_id,product_code\n": false, "": false, `{"orders":[]}`: false, "order_id\n": false,
	} {
		if got := tsvFormat().Sniff([]byte(text)); got != want {
			t.Errorf("%q: %t", text, got)
		}
	}
}

// FuzzReadFile feeds the reader anything: it never panics, and what it takes
// is an order with an id and lines.
func FuzzReadFile(f *testing.F) {
	f.Add(tsvHeader + "o-1\t2021-12-02T15:00:00Z\tA1\t3\t1.00\t3.00\tc-1\ts-1\tsel-1\n")
	f.Add("order_id\torder_date\tproduct_code\tquantity\tx\ty\tx\n\t\t\n")
	f.Fuzz(func(t *testing.T, text string) {
		for row, err := range tsvFormat().Read(strings.NewReader(text), partner.ReadOptions{Location: time.UTC}) {
			if err != nil {
				continue
			}
			o := row.Entries[0].Statement.Order
			if o.ID == "" || len(o.Lines) == 0 || row.Line < 2 || row.LastLine < row.Line {
				t.Fatalf("%+v", row)
			}
			if _, err := json.Marshal(o); err != nil {
				t.Fatal(err)
			}
		}
	})
}

// A fileRoute is a route that writes an order file, with a clock of its own.
type fileRoute struct {
	t    *testing.T
	now  time.Time
	hub  *partnertest.Hub
	side partner.Side
}

func newFileRoute(t *testing.T, settings string) *fileRoute {
	t.Helper()
	r := &fileRoute{t: t, now: time.Date(2026, 5, 31, 5, 0, 0, 0, time.UTC)}
	r.hub = partnertest.NewHub(func() time.Time { return r.now })
	r.side = partnertest.NewRoute(t, citrusad.Partner, r.hub, "http://partner.example",
		routeValues(t, `,"output":"file","file_password":"pw","send_seller_id":true`+settings))
	return r
}

// deliver states the orders in the hub and hands them to the route.
func (r *fileRoute) deliver(orders ...order.Order) []partner.Task {
	r.t.Helper()
	for i := range orders {
		_, err := r.hub.Append(r.t.Context(), partnertest.Shop, []order.Entry{{
			Subject:   order.Subject{Kind: order.SubjectOrder, ID: orders[i].ID},
			Source:    order.Source{Name: "api:erp", Rank: order.RankShop},
			Statement: &order.Statement{Order: orders[i]},
		}})
		if err != nil {
			r.t.Fatal(err)
		}
	}
	tasks := partnertest.Tasks(orders...)
	for i, o := range r.side.Deliver(r.t.Context(), tasks) {
		if o.Result != partner.ResultPending || o.Ref == "" {
			r.t.Errorf("deliver: %+v", o)
		}
		tasks[i].Ref = o.Ref
	}
	return tasks
}

func (r *fileRoute) poll(after time.Duration) string {
	r.t.Helper()
	r.now = r.now.Add(after)
	if err := r.side.Poll(r.t.Context()); err != nil {
		r.t.Fatal(err)
	}
	if f := r.hub.File("orders.tsv"); f != nil {
		return string(f.Content)
	}
	return ""
}

// looks is the results of asking for the tasks.
func (r *fileRoute) looks(tasks []partner.Task) (list []partner.Result) {
	r.t.Helper()
	for _, o := range r.side.Look(r.t.Context(), tasks) {
		list = append(list, o.Result)
	}
	return list
}

func sized(t *testing.T, id, session, total string) order.Order {
	t.Helper()
	o := simpleOrder(t, id)
	o.Session, o.Customer = session, &order.Customer{ID: "c\t1\n"}
	o.Lines = append(o.Lines, order.Line{Product: order.Product{Code: "B\u20282"}, Quantity: order.FromInt(2, 0),
		UnitPrice: mustDecimal(t, "2"), Total: mustDecimal(t, total), Seller: "sel-1"})
	return o
}

// TestFileWritten follows orders into the file: grouped, the newest state of
// each, whole every time; delivered when fetched after that.
func TestFileWritten(t *testing.T) {
	t.Parallel()
	r := newFileRoute(t, "")
	if got := r.poll(0); got != tsvHeader {
		t.Errorf("first file: %q", got)
	}
	first := r.deliver(sized(t, "o-1", "s-1", "4.00"), sized(t, "o-2", "", "4.00"))
	second := r.deliver(sized(t, "o-1", "s-1", "3.999"))
	if got := r.poll(time.Hour); got != tsvHeader {
		t.Errorf("written before its time: %q", got)
	}
	rows := func(id, session, total string) string {
		return id + "\t2021-12-02T15:00:00Z\tA1\t1\t\t2.50\tc 1 \t" + session + "\t\n" +
			id + "\t2021-12-02T15:00:00Z\tB 2\t2\t2.00\t" + total + "\tc 1 \t" + session + "\tsel-1\n"
	}
	want := tsvHeader + rows("o-1", "s-1", "3.999") + rows("o-2", "", "4.00")
	if got := r.poll(23 * time.Hour); got != want {
		t.Errorf("got %q\nwant %q", got, want)
	}
	all := append(first, second...)
	if got := r.looks(all); !slices.Equal(got, []partner.Result{2, 2, 2}) {
		t.Errorf("before it was fetched: %v", got)
	}
	r.now = r.now.Add(time.Minute)
	r.hub.Fetch("orders.tsv")
	late := r.deliver(sized(t, "o-3", "s-3", "4.00"))
	if got := r.looks(append(all, late...)); !slices.Equal(got, []partner.Result{1, 1, 1, 2}) {
		t.Errorf("after it was fetched: %v", got)
	}
	r.poll(24 * time.Hour)
	if got := r.looks(append(all, late...)); !slices.Equal(got, []partner.Result{1, 1, 1, 2}) {
		t.Errorf("after the next file: %v", got)
	}
	r.hub.Forget("o-1")
	r.hub.Forget("o-2")
	if got := r.poll(24 * time.Hour); strings.Contains(got, "c 1") != strings.Contains(got, "o-3") || strings.Contains(got, "o-1") {
		t.Errorf("after erasing: %q", got)
	}
	if got := r.poll(40 * 24 * time.Hour); got != tsvHeader {
		t.Errorf("after the window: %q", got)
	}
}

func TestFileSchedule(t *testing.T) {
	t.Parallel()
	r := newFileRoute(t, `,"file_schedule":"06:00","file_zone":"Europe/Stockholm","file_proof":"written"`)
	r.now = time.Date(2026, 5, 31, 3, 0, 0, 0, time.UTC) // 05:00 in Stockholm
	r.poll(0)
	tasks := r.deliver(sized(t, "o-1", "s-1", "4.00"))
	if got := r.poll(59 * time.Minute); got != tsvHeader {
		t.Errorf("05:59: %q", got)
	}
	if got := r.poll(time.Minute); got == tsvHeader {
		t.Error("06:00: not written")
	}
	if got := r.looks(tasks); got[0] != partner.ResultDelivered {
		t.Errorf("written: %v", got)
	}
	r.deliver(sized(t, "o-2", "s-1", "4.00"))
	if got := r.poll(23 * time.Hour); strings.Contains(got, "o-2") {
		t.Error("05:00 next day: written")
	}
	if got := r.poll(time.Hour); !strings.Contains(got, "o-2") {
		t.Error("06:00 next day: not written")
	}
}

func TestFileCompressed(t *testing.T) {
	t.Parallel()
	r := newFileRoute(t, `,"file_name":"orders.tsv.gz"`)
	r.deliver(sized(t, "o-1", "s-1", "4.00"))
	r.poll(0)
	z, err := gzip.NewReader(bytes.NewReader(r.hub.File("orders.tsv.gz").Content))
	if err != nil {
		t.Fatal(err)
	}
	if b, err := io.ReadAll(z); err != nil || !strings.Contains(string(b), "o-1\t") {
		t.Errorf("%s %v", b, err)
	}
}

// TestFileLoop reads back the file that the route wrote.
func TestFileLoop(t *testing.T) {
	t.Parallel()
	r := newFileRoute(t, "")
	in := loopOrders(t, 120)
	for i := range in {
		in[i].Media = nil
		for j := range in[i].Lines {
			l := &in[i].Lines[j]
			l.AdID, l.AdDiscount, l.SubstitutedFor = "", order.Decimal{}, nil
		}
	}
	r.deliver(in[:100]...)
	r.deliver(in[100:]...)
	byID := map[string]*order.Order{}
	for i := range in {
		byID[in[i].ID] = &in[i]
	}
	n := 0
	for row, err := range tsvFormat().Read(strings.NewReader(r.poll(0)), partner.ReadOptions{Currency: "SEK"}) {
		if err != nil {
			t.Fatal(err)
		}
		n++
		got := row.Entries[0].Statement.Order
		if d := order.Diff(byID[got.ID], &got); len(d) > 0 || row.Notice != "" {
			t.Errorf("%s: %v %s", got.ID, d, row.Notice)
		}
	}
	if n != len(in) {
		t.Errorf("%d orders, want %d", n, len(in))
	}
}

// TestFileScheduleIsExact looks a little late each time, as a real clock does:
// each minute brings its file all the same, and missed ones are not made up.
func TestFileScheduleIsExact(t *testing.T) {
	t.Parallel()
	r := newFileRoute(t, `,"file_schedule":"1m"`)
	r.poll(0)
	start, n := r.now, 0
	for look := range 600 {
		before := r.hub.File("orders.tsv").Written
		r.poll(10*time.Second + time.Millisecond)
		if at := r.hub.File("orders.tsv").Written; !at.Equal(before) {
			n++
			if late := at.Sub(start) % time.Minute; late > 11*time.Second {
				t.Fatalf("look %d: %s after its minute", look, late)
			}
		}
	}
	if n != 100 {
		t.Errorf("%d files in 100 minutes", n)
	}
	r.poll(150 * time.Second)
	before := r.hub.File("orders.tsv").Written
	r.poll(time.Second)
	if at := r.hub.File("orders.tsv").Written; !at.Equal(before) {
		t.Error("a missed file was made up")
	}
}

// TestFileRewritten erases an order that stands in the file: the file is
// written anew with what was in it, and that changes nothing else.
func TestFileRewritten(t *testing.T) {
	t.Parallel()
	r := newFileRoute(t, "")
	tasks := r.deliver(sized(t, "o-1", "s-1", "4.00"), sized(t, "o-2", "s-2", "4.00"))
	r.poll(0)
	r.now = r.now.Add(time.Minute)
	r.hub.Fetch("orders.tsv")
	late := r.deliver(sized(t, "o-3", "s-3", "4.00"))
	r.now = r.now.Add(time.Minute)
	r.hub.Forget("o-1")
	if err := r.side.Rewrite(t.Context()); err != nil {
		t.Fatal(err)
	}
	got := string(r.hub.File("orders.tsv").Content)
	if strings.Contains(got, "o-1\t") || !strings.Contains(got, "o-2\t") || strings.Contains(got, "o-3\t") {
		t.Errorf("anew: %q", got)
	}
	if got := r.looks(append(tasks, late...)); !slices.Equal(got, []partner.Result{1, 1, 2}) {
		t.Errorf("what counts as fetched: %v", got)
	}
	if got := r.poll(24*time.Hour - 2*time.Minute); !strings.Contains(got, "o-3\t") || strings.Contains(got, "o-1\t") {
		t.Errorf("the next one, when it was due anyway: %q", got)
	}
}

// TestFileSaysWhen reads the words about delivered orders.
func TestFileSaysWhen(t *testing.T) {
	t.Parallel()
	r := newFileRoute(t, "")
	tasks := r.deliver(sized(t, "o-1", "s-1", "4.00"))
	r.poll(0)
	r.now = r.now.Add(time.Minute)
	r.hub.Fetch("orders.tsv")
	o := r.side.Look(t.Context(), tasks)[0]
	if o.Ref != "orders.tsv" || o.Code != "file_fetched" || o.Reason != "stood in the order file that was fetched at 2026-05-31 05:01:00 UTC" {
		t.Errorf("%+v", o)
	}
	r = newFileRoute(t, `,"file_proof":"written"`)
	tasks = r.deliver(sized(t, "o-1", "s-1", "4.00"))
	r.poll(0)
	if o := r.side.Look(t.Context(), tasks)[0]; o.Reason != "stands in the order file written at 2026-05-31 05:00:00 UTC" || o.Code != "file_written" {
		t.Errorf("%+v", o)
	}
}
