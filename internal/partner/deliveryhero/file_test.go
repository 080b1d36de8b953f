package deliveryhero_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/ordermux/ordermux/internal/catalog"
	"github.com/ordermux/ordermux/internal/json"
	"github.com/ordermux/ordermux/internal/order"
	"github.com/ordermux/ordermux/internal/partner"
	"github.com/ordermux/ordermux/internal/partner/deliveryhero"
	"github.com/ordermux/ordermux/internal/partner/partnertest"
	"github.com/ordermux/ordermux/internal/promotion"
)

// desk is where a chain's files are taken: outlets north (the chain's own name:
// SHOP-1, buffer 1) and south (buffer 5).
type desk struct {
	*testing.T
	hub     *partnertest.Hub
	deps    partner.Deps
	uploads partner.Uploads
	side    partner.Side
	grant   partner.Grant
	n       int
}

var noon = time.Date(2026, 3, 2, 12, 0, 0, 0, time.UTC)

func newDesk(t *testing.T, format string, tweaks ...func(*partner.Deps)) *desk {
	t.Helper()
	p := deliveryhero.Partner
	d := &desk{T: t, hub: partnertest.NewHub(func() time.Time { return noon })}
	d.hub.AddDoor(t, p, map[string]json.Value{"chain_id": json.Value(`"c0de0000-0000-4000-8000-000000000001"`)})
	add := func(of, name string, values ...string) {
		s := partner.Settings{}
		for i := 0; i < len(values); i += 2 {
			s[values[i]] = partner.Value{Text: values[i+1]}
		}
		d.hub.AddCredential(p, name, of, s)
	}
	add("vendor", "a", "vendor_id", "north", "external_id", "SHOP-1", "sales_buffer", "1")
	add("vendor", "b", "vendor_id", "south", "sales_buffer", "5")
	add("sftp", "files", "sftp_user", "nils", "sftp_format", format)
	d.deps = d.hub.Deps(p)
	for _, tweak := range tweaks {
		tweak(&d.deps)
	}
	list, err := d.deps.Credentials.List(t.Context(), partnertest.Shop, "sftp")
	d.must(err)
	d.grant = list[0]
	d.uploads, err = p.Uploads(d.deps)
	d.must(err)
	d.side, err = p.Door(d.deps)
	d.must(err)
	var products []catalog.Product
	for i := range 4 {
		products = append(products, catalog.Product{
			Product: order.Product{Code: fmt.Sprintf("P%d", i), SKU: fmt.Sprintf("S%d", i), GTIN: "4006381333931", Name: "Tea"},
			Price:   order.FromInt(100, 0), Currency: "SEK", Active: true,
		})
		if i > 0 {
			products[i].GTIN = ""
		}
	}
	products[3].Store = "south"
	_, err = d.deps.Catalog.Put(t.Context(), partnertest.Shop, products)
	d.must(err)
	return d
}

func (d *desk) must(err error) {
	d.Helper()
	if err != nil {
		d.Fatal(err)
	}
}

// try hands a file in, as one of the same key as the last one (again) or not.
func (d *desk) try(folder, name, text string, again bool) (partner.Taken, error) {
	if !again {
		d.n++
	}
	return d.uploads.Take(d.Context(), partner.Upload{
		Grant: d.grant, Folder: folder, Name: name, Key: fmt.Sprintf("%020d-0badcafe", d.n), At: noon.Add(time.Duration(d.n) * time.Second),
		Size: int64(len(text)), Body: strings.NewReader(text),
	})
}

// put hands a file in and returns its job.
func (d *desk) put(folder, name, text string) *partner.Job {
	d.Helper()
	taken, err := d.try(folder, name, text, false)
	d.must(err)
	job := d.job()
	if int64(taken.Taken) != job.Taken || int64(taken.Refused) != job.Refused {
		d.Errorf("%+v, but the job says %+v", taken, job)
	}
	return job
}

// job returns the newest job of a file.
func (d *desk) job() *partner.Job {
	d.Helper()
	page, _, err := d.side.Jobs(d.Context(), partnertest.Shop, "", 50)
	d.must(err)
	i := slices.IndexFunc(page, func(j partner.Job) bool { return j.Kind == partner.JobFile })
	if i < 0 {
		d.Fatal("no job of a file")
	}
	job, err := d.side.Job(d.Context(), partnertest.Shop, page[i].ID)
	d.must(err)
	return job
}

// offer says what an outlet sells a product for: "12.5 SEK on 3".
func (d *desk) offer(store, code string) string {
	d.Helper()
	list, err := d.deps.Catalog.Offers(d.Context(), partnertest.Shop, store, []string{code})
	d.must(err)
	if list[0] == nil {
		return "none"
	}
	o := list[0]
	return fmt.Sprintf("%s %s %s %d", o.Price, o.Currency, map[bool]string{true: "on", false: "off"}[o.Active], o.Most)
}

// items are those of a job: "3 north S1: why".
func items(j *partner.Job) (out []string) {
	for _, i := range j.Items {
		out = append(out, strings.Join(strings.Fields(fmt.Sprintf("%d %s %s: %s", i.Line, i.Store, i.SKU, i.Reason)), " "))
	}
	return out
}

func (d *desk) said(j *partner.Job, state partner.JobState, taken, refused int64, want ...string) {
	d.Helper()
	if j.State != state || j.Taken != taken || j.Refused != refused {
		d.Errorf("%+v", j)
	}
	got := items(j)
	if len(got) != len(want) {
		d.Errorf("%q", got)
		return
	}
	for i := range want {
		if !strings.Contains(got[i], want[i]) {
			d.Errorf("%q, not %q", got[i], want[i])
		}
	}
}

// TestCatalogFile reads every column, with a byte order mark and Windows' ends
// of lines.
func TestCatalogFile(t *testing.T) {
	t.Parallel()
	d := newDesk(t, "double")
	j := d.put("Catalog", "nordlys_SHOP-1.csv", "\ufeffSKU, Barcode ,price,active,quantity,maximum_sales_quantity,colour\r\n"+
		"S0,,4.5555555,,,,red\r\n"+
		"S1,,,false,100,,\r\n"+
		"S2,,12.50,1,1,3,\r\n"+
		",4006381333931,,,2,,\r\n"+
		"S3,,1,,,,\r\n"+
		"S1,,,,,,\r\n"+
		",,1,,,,\r\n"+
		"S1,,0.0001,,,,\r\n"+
		"S1,,1,yes,,,\r\n"+
		"S1,,1,,,-1,\r\n"+
		"S1,,1\r\n"+
		"S1,\xff,1,,,,\r\n"+
		"\"S1,\r\n")
	d.said(j, partner.JobCompleted, 4, 9, "7 S1: says nothing", "8 : sku: there is neither", "9 S1: price: is not above 0",
		"10 S1: active: is none of", "11 S1: maximum_sales_quantity: is no", "12 : has 3 cells instead of 7", "13 : is not UTF-8", "14 :", "6 north S3: sku: the outlet has no such product")
	if j.Name != "Catalog/nordlys_SHOP-1.csv" || j.By != "files" || j.Store != "north" || !strings.Contains(j.Reason, `"colour"`) {
		t.Errorf("%+v", j)
	}
	for code, want := range map[string]string{"P0": "4.555 SEK on 0", "P1": "100 SEK off 0", "P2": "12.50 SEK off 3"} {
		if got := d.offer("north", code); got != want {
			t.Errorf("%s: %s", code, got)
		}
	}
	if got := d.offer("south", "P0"); got != "100 SEK on 0" {
		t.Error(got)
	}
}

// TestCatalogOfSeveral names outlets in its rows.
func TestCatalogOfSeveral(t *testing.T) {
	t.Parallel()
	d := newDesk(t, "multi")
	j := d.put("Catalog", "nordlys.csv", "sku,price,quantity,vendors,exclude\n"+
		"S0,5,,all,\n"+
		"S1,,3,ALL,SHOP-1\n"+
		"S1,6,,\"SHOP-1, north,nowhere\",\n"+
		"S3,7,,all,\n"+
		"S2,1,,,\n"+
		"S2,1,,north,south\n"+
		"S2,1,,\"all,north\",\n"+
		"S2,1,,all,nowhere\n")
	d.said(j, partner.JobCompleted, 7, 6, "4 nowhere S1: vendors: the chain has no such outlet", "6 S2: vendors: names no outlet", "7 S2: exclude: belongs", "8 S2: vendors: \"all\" stands",
		"9 nowhere S2: vendors:", "5 north S3: sku: the outlet has no such")
	for _, o := range [][3]string{
		{"north", "P0", "5 SEK on 0"}, {"south", "P0", "5 SEK on 0"}, {"south", "P1", "100 SEK off 0"}, {"north", "P1", "6 SEK on 0"},
		{"south", "P3", "7 SEK on 0"}, {"south", "P2", "1 SEK on 0"},
	} {
		if got := d.offer(o[0], o[1]); got != o[2] {
			t.Errorf("%s %s: %s", o[0], o[1], got)
		}
	}
}

// TestProductTwice: the last row counts, and people hear of it.
func TestProductTwice(t *testing.T) {
	t.Parallel()
	d := newDesk(t, "double")
	j := d.put("Catalog", "nordlys_south.csv", "sku,price\nS0,1\nS1,2\nS0,3\n")
	d.said(j, partner.JobCompleted, 3, 0, "4 south S0: sku: stands in the file before")
	if got := d.offer("south", "P0"); got != "3 SEK on 0" || !strings.Contains(j.Reason, "1 rows name a product") {
		t.Error(got, j.Reason)
	}
}

// TestFileNames are right and wrong names: the job says which are right.
func TestFileNames(t *testing.T) {
	t.Parallel()
	f := func(format, folder, name, wrong string) {
		t.Helper()
		d := newDesk(t, format)
		j := d.put(folder, name, "sku,price,vendors\nS0,5,all\n")
		if wrong == "" {
			d.said(j, partner.JobCompleted, j.Taken, 0)
			return
		}
		d.said(j, partner.JobFailed, 0, 1)
		if !strings.Contains(j.Reason, wrong) {
			t.Errorf("%s: %q", name, j.Reason)
		}
	}
	f("double", "Catalog", "nordlys_north.csv", "")
	f("double", "Catalog", "nordlys_SHOP-1.csv", "")
	f("single", "Assortment", "nordlys_south.csv", "")
	f("multi", "Catalog", "nordlys.csv", "")
	right := "wrong name: a file is called after its outlet: nordlys_north.csv or nordlys_SHOP-1.csv, nordlys_south.csv"
	for _, name := range []string{"nordlys.csv", "nordlys_.csv", "nordlys_west.csv", "NORDLYS_north.csv", "nordlys_north.CSV", "nordlys_north", "north.csv", "nordlys_north.csv.csv"} {
		f("double", "Catalog", name, right)
	}
	f("multi", "Promotion", "nordlys_north.csv", "wrong name: a file of several outlets is called nordlys.csv")
	f("double", "Assortment", "nordlys_north.csv", "(format double) go to Catalog and Promotion, not to Assortment")
	f("single", "Catalog", "nordlys_north.csv", "(format single) go to Assortment, not to Catalog")
}

// TestBadFiles are refused whole.
func TestBadFiles(t *testing.T) {
	t.Parallel()
	d := newDesk(t, "double")
	f := func(folder, text, why string) {
		t.Helper()
		j := d.put(folder, "nordlys_north.csv", text)
		d.said(j, partner.JobFailed, 0, 1)
		if !strings.Contains(j.Reason, why) {
			t.Errorf("%q", j.Reason)
		}
	}
	f("Catalog", "", "the file is empty")
	f("Catalog", "sku;price\nS0;1\n", "no column is called sku or barcode; the first row names the columns, apart by commas")
	f("Catalog", "sku,vendors\n", "no column is called price or active")
	f("Catalog", "sku,price,SKU\n", `two columns are called "sku"`)
	f("Catalog", "\"sku\n", "the header can not be read")
	f("Catalog", strings.Repeat("x", 90_000), "a row of more than 65536 bytes")
	f("Promotion", "sku,campaign_name\n", "no column is called reason")
	d.grant.Settings = nil
	f("Catalog", "sku,price\n", "the user was revoked")
}

// TestRowWithoutEnd: what stands before it counts.
func TestRowWithoutEnd(t *testing.T) {
	t.Parallel()
	d := newDesk(t, "double")
	j := d.put("Catalog", "nordlys_north.csv", "sku,price\nS0,1\n\""+strings.Repeat("x\n", 60_000))
	d.said(j, partner.JobCompleted, 1, 1, "nothing is read beyond it")
	if got := d.offer("north", "P0"); got != "1 SEK on 0" {
		t.Error(got)
	}
}

// failing is a catalogue that fails after some calls.
type failing struct {
	catalog.Store
	left int
}

var errAway = errors.New("the store is away")

func (f *failing) PutOffers(ctx context.Context, shop string, edits []catalog.OfferEdit) (catalog.OffersPut, error) {
	if f.left--; f.left < 0 {
		return catalog.OffersPut{}, errAway
	}
	return f.Store.PutOffers(ctx, shop, edits)
}

// TestTrouble keeps one job, however often the file is taken.
func TestTrouble(t *testing.T) {
	t.Parallel()
	f := &failing{left: 1}
	d := newDesk(t, "double", func(deps *partner.Deps) { f.Store, deps.Catalog = deps.Catalog, f })
	text := "sku,price\n" + strings.Repeat("S0,1\nS1,2\n", 3000)
	for range 2 {
		if _, err := d.try("Catalog", "nordlys_north.csv", text, d.n > 0); !errors.Is(err, errAway) {
			t.Fatal(err)
		}
		if j := d.job(); j.State != partner.JobInProgress {
			t.Errorf("%+v", j)
		}
	}
	first := d.job().ID
	f.left = 10
	taken, err := d.try("Catalog", "nordlys_north.csv", text, true)
	if err != nil || taken.Taken != 6000 || taken.Refused != 0 {
		t.Error(taken, err)
	}
	if j := d.job(); j.ID != first || j.State != partner.JobCompleted || j.Taken != 6000 || !strings.Contains(j.Reason, "5998 rows") {
		t.Errorf("%+v", j)
	}
	page, _, err := d.side.Jobs(t.Context(), partnertest.Shop, "", 50)
	if err != nil || len(page) != 1 {
		t.Error(page, err)
	}
}

// TestTakenAway ends the job of a file that waited and that its user removes;
// what is over, or was never begun, is left alone.
func TestTakenAway(t *testing.T) {
	t.Parallel()
	f := &failing{left: 1}
	d := newDesk(t, "double", func(deps *partner.Deps) { f.Store, deps.Catalog = deps.Catalog, f })
	gone := func(n int) {
		t.Helper()
		d.must(d.uploads.Gone(t.Context(), partner.Upload{
			Grant: d.grant, Folder: "Catalog", Name: "nordlys_north.csv", Key: fmt.Sprintf("%020d-0badcafe", n), At: noon.Add(time.Duration(n) * time.Second),
		}))
	}
	if _, err := d.try("Catalog", "nordlys_north.csv", "sku,price\n"+strings.Repeat("S0,1\nS1,2\n", 3000), false); !errors.Is(err, errAway) {
		t.Fatal(err)
	}
	gone(1)
	if j := d.job(); j.State != partner.JobFailed || !strings.Contains(j.Reason, "took the file away") {
		t.Errorf("%+v", j)
	}
	f.left = 10
	if j := d.put("Catalog", "nordlys_north.csv", "sku,price\nS0,1\n"); j.State != partner.JobCompleted {
		t.Errorf("%+v", j)
	}
	gone(2)
	gone(3)
	if j := d.job(); j.State != partner.JobCompleted || j.Taken != 1 {
		t.Errorf("%+v", j)
	}
}

const promotionHeader = "sku,barcode,campaign_name,reason,start_date,end_date,campaign_status,promotion_type,promotion_sub_type,discounted_price,max_no_of_orders,discount_usage_limit,bundle_details,bundle_discount"

// TestPromotionFile groups rows into promotions.
func TestPromotionFile(t *testing.T) {
	t.Parallel()
	d := newDesk(t, "double")
	j := d.put("Promotion", "nordlys_south.csv", promotionHeader+"\n"+
		"S0,,Spring,overstock,2026-03-28,2026-03-29,,strikethrough,,80,50,,,\n"+
		"S1,,Spring,Old packaging,2026-03-28,2026-03-29,1,strikethrough,,80,50,0,,\n"+
		"S3,,Spring,overstock,2026-03-28,2026-03-29,0,strikethrough,,70,50,2,,\n"+
		",4006381333931,Two,expiring soon,2026-03-02 08:00:00,2026-03-02 20:30:00,1,same_item_bundle,free_item,,,,B2G1,\n"+
		"S2,,Two,nmr,2026-03-02 08:00:00,2026-03-02 20:30:00,1,same_item_bundle,PERCENTAGE_VALUE_OFF,,,,b2g1,30\n"+
		"S2,,Spring,overstock,2026-03-28,2026-03-29,,same_item_bundle,free_item,,50,,B1G1,\n"+
		",12345670,Two,nmr,2026-03-02 08:00:00,2026-03-02 20:30:00,1,same_item_bundle,free_item,,,,B2G1,\n"+
		"S0,,Spring,overstock,2026-03-28,2026-03-29,,strikethrough,,75,50,,,\n")
	d.said(j, partner.JobCompleted, 5, 2, "7 S2: promotion_type: is other than in line 2", "8 12345670: barcode: no product", "9 S0: sku: stands in the file before")
	if !strings.Contains(j.Reason, "1 rows give a reason of their own") {
		t.Error(j.Reason)
	}
	list := d.promotions()
	if len(list) != 2 {
		t.Fatalf("%+v", list)
	}
	spring, two := list[1], list[0]
	if spring.Name != "Spring" {
		spring, two = two, spring
	}
	if spring.Start.String() != "2026-03-28T00:00:00+01:00" || spring.End.String() != "2026-03-30T00:00:00+02:00" || spring.Reason != promotion.Overstock ||
		spring.Type != promotion.Strikethrough || spring.Limits.Global != 50 {
		t.Errorf("%+v", spring)
	}
	if two.Start.String() != "2026-03-02T08:00:00+01:00" || two.End.String() != "2026-03-02T20:30:00+01:00" || two.Reason != promotion.ExpiringSoon ||
		two.Type != promotion.SameItemBundle || two.Bundle != (promotion.Bundle{Purchased: 2, Discounted: 1}) || two.State != promotion.Running {
		t.Errorf("%+v", two)
	}
	later := time.Date(2026, 3, 28, 12, 0, 0, 0, time.UTC)
	d.shown("south", later, "S0 75", "S1 80", "S3 -", "S2 -")
	d.shown("south", noon, "S0 0.00", "S2 70.00", "S1 -")
	d.shown("north", noon, "S0 -")
}

func (d *desk) promotions() []promotion.Promotion {
	d.Helper()
	list, err := d.deps.Promotions.List(d.Context(), partnertest.Shop, 0, 100)
	d.must(err)
	return list
}

// shown looks what customers see: "S0 75", a SKU and its final price.
func (d *desk) shown(store string, at time.Time, want ...string) {
	d.Helper()
	var skus []string
	for _, w := range want {
		skus = append(skus, strings.Fields(w)[0])
	}
	list, err := d.deps.Promotions.Shown(d.Context(), partnertest.Shop, store, skus, at)
	d.must(err)
	for i, s := range list {
		got := s.SKU + " -"
		if s.Promotion != nil {
			got = s.SKU + " " + s.Final.String()
		}
		if got != want[i] {
			d.Errorf("%s: %s, not %s", store, got, want[i])
		}
	}
}

// TestPromotionAgain changes, ends and repeats promotions by files.
func TestPromotionAgain(t *testing.T) {
	t.Parallel()
	d := newDesk(t, "multi")
	file := func(status, price string) {
		t.Helper()
		j := d.put("Promotion", "nordlys.csv", "sku,campaign_name,reason,start_date,end_date,campaign_status,promotion_type,discounted_price,vendors,exclude\n"+
			"S0,Spring,nmr,2026-03-01,2026-03-31,"+status+",strikethrough,"+price+",\"SHOP-1,south\",\n"+
			"S1,All,nmr,2026-03-01,2026-03-31,1,strikethrough,60,all,\n"+
			"S1,But,nmr,2026-03-02,2026-03-31,1,strikethrough,50,all,north\n")
		d.said(j, partner.JobCompleted, 3, 0)
	}
	file("1", "90")
	d.shown("north", noon, "S0 90", "S1 60")
	d.shown("south", noon, "S0 90", "S1 50")
	file("1", "85")
	d.shown("south", noon, "S0 85")
	file("0", "85")
	d.shown("north", noon, "S0 -", "S1 60")
	if list := d.promotions(); len(list) != 3 {
		t.Errorf("%d promotions", len(list))
	}
	page, _, err := d.side.Jobs(t.Context(), partnertest.Shop, "", 50)
	d.must(err)
	n := 0
	for _, j := range page {
		if j.Kind == partner.JobPromotion && j.By == "files" && j.Name != "" {
			n++
		}
	}
	if n != 9 {
		t.Errorf("%d jobs of promotions", n)
	}
}

// TestPromotionRows are refused, each for its reason.
func TestPromotionRows(t *testing.T) {
	t.Parallel()
	d := newDesk(t, "double")
	good := map[string]string{
		"sku": "S0", "campaign_name": "Spring", "reason": "nmr", "start_date": "2026-03-01", "end_date": "2026-03-31",
		"promotion_type": "strikethrough", "discounted_price": "80",
	}
	f := func(why string, changes ...string) {
		t.Helper()
		var row []string
		for name := range strings.SplitSeq(promotionHeader, ",") {
			cell := good[name]
			for i := 0; i < len(changes); i += 2 {
				if changes[i] == name {
					cell = changes[i+1]
				}
			}
			row = append(row, cell)
		}
		j := d.put("Promotion", "nordlys_north.csv", promotionHeader+"\n"+strings.Join(row, ",")+"\n")
		d.said(j, partner.JobCompleted, 0, 1, why)
	}
	f("sku: there is neither", "sku", "")
	f("campaign_name: is missing", "campaign_name", "")
	f("campaign_name: ", "campaign_name", strings.Repeat("x", 2000))
	f("reason: is missing", "reason", " ")
	f("start_date: is no date", "start_date", "01.03.2026")
	f("start_date: is no date", "start_date", "2026-02-30")
	f("end_date: is no date", "end_date", "")
	f("end_date: is not after start_date", "end_date", "2026-02-28")
	f("campaign_status: is neither", "campaign_status", "2")
	f("promotion_type: is missing", "promotion_type", "")
	f("promotion_type: is neither", "promotion_type", "bogo")
	f("promotion_sub_type: is none", "promotion_sub_type", "half")
	f("discounted_price: is missing", "discounted_price", "")
	f("discounted_price: is no number", "discounted_price", "80 kr")
	f("discounted_price: is not above 0", "discounted_price", "0")
	f("max_no_of_orders: is no whole number", "max_no_of_orders", "1.5")
	f("discount_usage_limit: is no whole number", "discount_usage_limit", "-1")
	f("bundle_details: is nothing like B2G1", "promotion_type", "same_item_bundle", "bundle_details", "2+1")
	f("promotion_sub_type: is missing", "promotion_type", "same_item_bundle", "bundle_details", "B2G1")
	f("bundle_discount: is missing", "promotion_type", "same_item_bundle", "bundle_details", "B2G1", "promotion_sub_type", "absolute_value_off")
	f("discount: is not a percentage", "promotion_type", "same_item_bundle", "bundle_details", "B2G1", "promotion_sub_type", "percentage_value_off", "bundle_discount", "101")
}

// TestPromotionLimit refuses 20,001 rows, and takes 20,000, the header among
// them.
func TestPromotionLimit(t *testing.T) {
	t.Parallel()
	d := newDesk(t, "double")
	rows := func(n int) string {
		var b strings.Builder
		b.WriteString("sku,campaign_name,reason,start_date,end_date,promotion_type,discounted_price\n")
		for i := range n {
			fmt.Fprintf(&b, "X%d,Spring,nmr,2026-03-01,2026-03-31,strikethrough,80\n", i)
		}
		return b.String()
	}
	j := d.put("Promotion", "nordlys_north.csv", rows(20_000))
	d.said(j, partner.JobFailed, 0, 1)
	if j.Reason != "the file has more than 20000 rows with the header" || len(d.promotions()) != 0 {
		t.Error(j.Reason)
	}
	// Empty lines are none.
	j = d.put("Promotion", "nordlys_north.csv", strings.ReplaceAll(rows(19_999), "\n", "\n\n"))
	d.said(j, partner.JobCompleted, 19_999, 0)
}

// TestSingleFile is catalogue and promotions in one.
func TestSingleFile(t *testing.T) {
	t.Parallel()
	d := newDesk(t, "single")
	j := d.put("Assortment", "nordlys_north.csv", "sku,price,active,maximum_sales_quantity,campaign_name,reason,start_date,end_date,promotion_type,discounted_price\n"+
		"S0,90,1,4,Spring,nmr,2026-03-01,2026-03-31,strikethrough,85\n"+
		"S1,70,,,,,,,,\n"+
		"S2,,,,Spring,nmr,2026-03-01,2026-03-31,strikethrough,95\n"+
		"S2,,,,,,,,,\n"+
		"S2,,,,Spring,nmr,2026-03-01,2026-03-31,strikethrough\n"+
		"S2,x,,,Spring,,2026-03-01,2026-03-31,strikethrough,95\n")
	d.said(j, partner.JobCompleted, 4, 4, "7 S2: reason: is missing", "5 S2: says nothing", "6 : has 9 cells", "7 S2: price: is no number")
	d.shown("north", noon, "S0 85", "S1 -", "S2 95")
	if got := d.offer("north", "P0") + ", " + d.offer("north", "P1"); got != "90 SEK on 4, 70 SEK on 0" {
		t.Error(got)
	}
	j = d.put("Assortment", "nordlys_north.csv", "sku,price\nS0,91\n")
	d.said(j, partner.JobCompleted, 1, 0)
	j = d.put("Assortment", "nordlys_north.csv", "sku,price,promotion_type\nS0,92,\n")
	d.said(j, partner.JobFailed, 0, 1)
	if got := d.offer("north", "P0"); got != "91 SEK on 4" {
		t.Error(got)
	}
}

// FuzzFiles never panics, always ends the job it began, and counts no row of
// an outlet more than twice.
func FuzzFiles(f *testing.F) {
	for _, text := range []string{
		"sku,price,vendors\nS0,5,all\n", "\ufeffsku,barcode,quantity,active,vendors,exclude\r\nS1,,3,1,all,north\r\n", "sku\n", "\"", "sku,price\n\"S0\"x,1\n",
		promotionHeader + ",vendors\nS0,,Spring,nmr,2026-03-01,2026-03-31,1,strikethrough,,80,50,1,,,\"north,south\"\nS0,,Two,nmr,2026-03-01 00:00:00,2026-03-31,0,same_item_bundle,free_item,,,,B2G1,,all\n",
	} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		for format, folders := range map[string][]string{"single": {"Assortment"}, "multi": {"Catalog", "Promotion"}} {
			d := newDesk(t, format)
			for _, folder := range folders {
				name := map[string]string{"single": "nordlys_north.csv", "multi": "nordlys.csv"}[format]
				if _, err := d.try(folder, name, text, false); err != nil {
					t.Fatal(err)
				}
				j := d.job()
				if j.State != partner.JobCompleted && j.State != partner.JobFailed || j.Name != folder+"/"+name {
					t.Errorf("%+v", j)
				}
				if most := int64(4 * (strings.Count(text, "\n") + 1) * (strings.Count(text, ",") + 2)); j.Taken+j.Refused > most {
					t.Errorf("%d and %d of %d", j.Taken, j.Refused, most)
				}
			}
		}
	})
}
