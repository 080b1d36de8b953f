package deliveryhero_test

import (
	"bytes"
	"context"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/ordermux/ordermux/internal/catalog"
	"github.com/ordermux/ordermux/internal/json"
	"github.com/ordermux/ordermux/internal/order"
	"github.com/ordermux/ordermux/internal/partner"
	"github.com/ordermux/ordermux/internal/partner/deliveryhero"
	"github.com/ordermux/ordermux/internal/partner/partnertest"
	"github.com/ordermux/ordermux/internal/promotion"
	"github.com/ordermux/ordermux/internal/secret"
	"github.com/ordermux/ordermux/internal/sftp"
)

// desks hears what a server takes.
type desks struct {
	mu   sync.Mutex
	took []sftp.Imported
}

func (d *desks) LoggedIn(bool)                        {}
func (d *desks) Refused(sftp.Refusal)                 {}
func (d *desks) Waits(context.Context, string, error) {}
func (d *desks) Imported(i sftp.Imported) {
	d.mu.Lock()
	d.took = append(d.took, i)
	d.mu.Unlock()
}

func (d *desks) count() int {
	d.mu.Lock()
	defer d.mu.Unlock()
	return len(d.took)
}

// serve runs the chain's SFTP server for its user "files" and returns what a
// route needs to know of it.
func (l *loopWorld) serve(format string) (*desks, partner.SFTPTarget) {
	t := l.t
	t.Helper()
	p := deliveryhero.Partner
	l.chain.AddCredential(p, "files", "sftp", partner.Settings{
		"sftp_user": {Text: "cadena"}, "sftp_password": {Secret: secret.New("sesame")}, "sftp_format": {Text: format}, "sftp_prefix": {Text: "cadena"},
	})
	key, err := sftp.LoadOrCreateHostKey(filepath.Join(t.TempDir(), "host_key"))
	if err != nil {
		t.Fatal(err)
	}
	print, err := sftp.Fingerprint(key)
	if err != nil {
		t.Fatal(err)
	}
	uploads, err := p.Uploads(l.chain.Deps(p))
	if err != nil {
		t.Fatal(err)
	}
	door, ok := sftp.DoorOf(p)
	if !ok {
		t.Fatal("the door has no users of SFTP")
	}
	door.Credentials, door.Uploads = l.chain, &uploads
	d := &desks{}
	s, err := sftp.New(sftp.Options{
		Folder: t.TempDir(), HostKey: key, Doors: []sftp.Door{door}, Observer: d, Log: slog.New(slog.DiscardHandler),
		Shop: func(string) (sftp.Shop, bool) {
			return sftp.Shop{Currency: partnertest.Currency, Location: time.UTC}, true
		},
		Ready:  func() error { return nil },
		Wrong:  func(string) (time.Duration, func()) { return 0, func() {} },
		Limits: sftp.Limits{Look: 20 * time.Millisecond, Retry: time.Millisecond},
	})
	if err != nil {
		t.Fatal(err)
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	var parts sync.WaitGroup
	parts.Go(func() { _ = s.Serve(listener) })
	parts.Go(func() { s.Import(ctx) })
	t.Cleanup(func() {
		late, stop := context.WithTimeout(context.Background(), 5*time.Second)
		defer stop()
		_ = s.Shutdown(late)
		cancel()
		parts.Wait()
	})
	at := listener.Addr().(*net.TCPAddr)
	return d, partner.SFTPTarget{Host: at.IP.String(), Port: at.Port, HostKey: print}
}

// files makes the route one that uploads to a server.
func (l *loopWorld) files(format string, to partner.SFTPTarget) {
	for name, v := range map[string]string{
		"sftp_host": `"` + to.Host + `"`, "sftp_port": fmt.Sprint(to.Port), "sftp_user": `"cadena"`, "sftp_password": `"sesame"`,
		"sftp_host_key": `"` + to.HostKey + `"`, "sftp_format": `"` + format + `"`, "sftp_prefix": `"cadena"`,
	} {
		l.settings[name] = json.Value(v)
	}
	l.begin(func(ctx context.Context, to partner.SFTPTarget, folder, name string, write func(io.Writer) error) error {
		_, err := sftp.Put(ctx, to, folder, name, write, sftp.PutOptions{})
		return err
	})
}

// begin makes the route with what uploads.
func (l *loopWorld) begin(put func(context.Context, partner.SFTPTarget, string, string, func(io.Writer) error) error) {
	l.t.Helper()
	deps := l.hub.Deps(deliveryhero.Partner)
	l.t.Cleanup(deps.HTTP.CloseIdle)
	deps.Put, deps.Timezone = put, partnertest.Timezone
	side, err := deliveryhero.Partner.Route(deps, partnertest.Settings(l.t, deliveryhero.Partner, false, l.settings))
	if err != nil {
		l.t.Fatal(err)
	}
	l.side = side
}

// until polls, ten seconds later each time, until so many files were taken.
func (l *loopWorld) until(d *desks, n int) {
	l.t.Helper()
	deadline := time.Now().Add(20 * time.Second)
	for d.count() < n {
		if time.Now().After(deadline) {
			l.t.Fatalf("%d files were taken, not %d; jobs of the door: %+v", d.count(), n, l.theirs())
		}
		if err := l.poll(10 * time.Second); err != nil {
			l.t.Fatal(err)
		}
	}
}

// theirs are the chain's jobs.
func (l *loopWorld) theirs() []partner.Job {
	l.t.Helper()
	page, _, err := l.door.Jobs(l.t.Context(), partnertest.Shop, "", 100)
	if err != nil {
		l.t.Fatal(err)
	}
	for i := range page {
		if full, err := l.door.Job(l.t.Context(), partnertest.Shop, page[i].ID); err == nil && full != nil {
			page[i] = *full
		}
	}
	return page
}

func (l *loopWorld) promote(r *promotion.Request) string {
	l.t.Helper()
	id, err := l.side.Promote(l.t.Context(), r)
	if err != nil {
		l.t.Fatal(err)
	}
	return id
}

// spring is a promotion of what is sold for less from 10:00 to the day after.
func (l *loopWorld) spring(subtype promotion.Subtype, value order.Decimal, skus ...string) *promotion.Request {
	return &promotion.Request{
		Header: promotion.Header{
			Name: "Spring", Start: order.At(l.now().Add(time.Hour)), End: order.At(l.now().Add(24 * time.Hour)),
			Type: promotion.Strikethrough, Reason: promotion.Overstock,
		},
		Stores: []string{promotion.Every}, Discounts: []promotion.Discount{{SKUs: skus, Terms: promotion.Terms{Subtype: subtype, Value: value}}},
	}
}

func (l *loopWorld) shown(vendor, sku string) string {
	l.t.Helper()
	list, err := l.chain.Promotions().Shown(l.t.Context(), partnertest.Shop, vendor, []string{sku}, l.now().Add(90*time.Minute))
	if err != nil || len(list) != 1 {
		l.t.Fatal(list, err)
	}
	if list[0].Promotion == nil {
		return "none"
	}
	return fmt.Sprint(list[0].Final)
}

// TestFilesLoop uploads catalogue and promotions by real SFTP to our own door,
// in each of the formats.
func TestFilesLoop(t *testing.T) {
	t.Parallel()
	for format, files := range map[string]struct{ catalog, promotion int }{"single": {2, 2}, "double": {2, 2}, "multi": {1, 1}} {
		t.Run(format, func(t *testing.T) {
			t.Parallel()
			l := newLoopWorld(t)
			if _, err := l.chain.Catalog().Put(t.Context(), partnertest.Shop, []catalog.Product{sold("a"), sold("b"), sold("c")}); err != nil {
				t.Fatal(err)
			}
			d, to := l.serve(format)
			l.files(format, to)
			if said, err := l.side.Connect(t.Context()); err != nil || !strings.Contains(said, "sftp as cadena") {
				t.Fatalf("connect: %q %v", said, err)
			}
			l.put(ours("a", "12.3456", "10"), ours("b", "2", "2"), ours("c", "4"))
			most := int64(3)
			l.edit(catalog.OfferEdit{Store: "NORTE", Code: "a", Price: order.FromInt(1190, 2), Most: &most})
			l.until(d, files.catalog)
			for range 3 {
				if err := l.poll(40 * time.Second); err != nil {
					t.Fatal(err)
				}
			}
			if n := d.count(); n != files.catalog {
				t.Errorf("%d files: what did not change is not uploaded again", n)
			}
			l.want("290056", "S-a", "12.345 true 0")
			l.want("s8ym", "S-a", "11.90 true 3")
			l.want("290056", "S-b", "2 true 0")
			l.want("s8ym", "S-b", "2 false 0")
			l.want("s8ym", "S-c", "4 true 0")
			// A promotion of a fifth off is one of final prices there.
			id := l.promote(l.spring(promotion.Percentage, order.FromInt(20, 0), "S-a", "S-unknown"))
			l.until(d, files.catalog+files.promotion)
			job, err := l.side.Job(t.Context(), partnertest.Shop, id)
			if err != nil || job == nil || job.State != partner.JobCompleted || !strings.Contains(job.Reason, "uploaded") || job.Refused != 2 {
				t.Errorf("job %+v %v", job, err)
			}
			if got := l.shown("290056", "S-a") + " " + l.shown("s8ym", "S-a"); got != "9.876 9.52" {
				t.Errorf("shown: %s", got)
			}
			// A second one goes with the first, which the file says again.
			second := l.spring(promotion.FinalPrice, order.FromInt(150, 2), "S-c")
			second.Name = "Second"
			l.promote(second)
			l.until(d, files.catalog+2*files.promotion)
			if got := l.shown("290056", "S-a") + " " + l.shown("s8ym", "S-c"); got != "9.876 1.50" {
				t.Errorf("shown: %s", got)
			}
			// What is removed is sold no more.
			if _, err := l.hub.Catalog().Delete(t.Context(), partnertest.Shop, []string{"b"}); err != nil {
				t.Fatal(err)
			}
			l.clock.Add(time.Hour.Milliseconds())
			l.until(d, 2*files.catalog+2*files.promotion)
			l.want("290056", "S-b", "2 false 0")
			for _, job := range l.theirs() {
				if job.Kind == partner.JobFile && (job.State != partner.JobCompleted || job.Refused > 0) {
					t.Errorf("the door says: %+v", job)
				}
			}
			if said := l.troubles(); len(said) > 0 {
				t.Errorf("troubles: %q", said)
			}
		})
	}
}

// TestFilesWait lets a file wait for a server that is away, tells of it, and
// brings all of it later.
func TestFilesWait(t *testing.T) {
	t.Parallel()
	l := newLoopWorld(t)
	away := errors.New("connect: connection refused")
	var calls int
	var got bytes.Buffer
	l.settings["vendors"] = json.Value(`["CENTRO=290056"]`)
	for name, v := range map[string]string{
		"sftp_host": "sftp.example", "sftp_user": "cadena", "sftp_password": "sesame", "sftp_prefix": "cadena",
		"sftp_host_key": "SHA256:" + strings.Repeat("A", 43),
	} {
		l.settings[name] = json.Value(`"` + v + `"`)
	}
	delete(l.settings, "token") // nothing goes by the API
	put := func(_ context.Context, to partner.SFTPTarget, folder, name string, write func(io.Writer) error) error {
		calls++
		if to.Host != "sftp.example" || to.User != "cadena" || to.Password.Reveal() != "sesame" || to.Port != 22 || !strings.HasPrefix(to.HostKey, "SHA256:") {
			t.Errorf("target %+v", to)
		}
		if away != nil {
			return away
		}
		if folder == "Catalog" && name == "cadena_290056.csv" {
			got.Reset()
			return write(&got)
		}
		return write(io.Discard)
	}
	l.begin(put)
	l.put(ours("a", "1", "1"))
	id := l.promote(l.spring(promotion.FinalPrice, order.FromInt(50, 2), "S-a"))
	for range 20 {
		_ = l.poll(40 * time.Second)
	}
	if calls < 4 || calls > 20 {
		t.Errorf("tried %d times", calls)
	}
	said := strings.Join(l.troubles(), "\n")
	if !strings.Contains(said, "Catalog/cadena_290056.csv can not be uploaded: connect: connection refused") || !strings.Contains(said, "can not be handed to the platform") {
		t.Errorf("troubles: %s", said)
	}
	away = nil
	l.put(ours("b", "2", "1"))
	l.begin(put)
	for range 3 {
		if err := l.poll(10 * time.Minute); err != nil {
			t.Fatal(err)
		}
	}
	rows, err := csv.NewReader(&got).ReadAll()
	if err != nil || fmt.Sprint(rows) != "[[sku price active quantity maximum_sales_quantity] [S-a 1 true 1 ] [S-b 2 true 1 ]]" {
		t.Errorf("uploaded %q %v", rows, err)
	}
	if said := l.troubles(); len(said) > 0 {
		t.Errorf("troubles: %q", said)
	}
	if job, err := l.side.Job(t.Context(), partnertest.Shop, id); err != nil || job.State != partner.JobCompleted {
		t.Errorf("job %+v %v", job, err)
	}
}

// TestPromotionFileLimits refuses what no file can say, and more rows than the
// platform reads.
func TestPromotionFileLimits(t *testing.T) {
	t.Parallel()
	l := newLoopWorld(t)
	l.settings["vendors"] = json.Value(`["CENTRO=290056"]`)
	for name, v := range map[string]string{
		"sftp_host": "sftp.example", "sftp_user": "cadena", "sftp_password": "sesame", "sftp_prefix": "cadena",
		"sftp_host_key": "SHA256:" + strings.Repeat("A", 43), "catalog": "false",
	} {
		l.settings[name] = json.Value(`"` + v + `"`)
	}
	l.settings["catalog"] = json.Value(`false`)
	var got bytes.Buffer
	l.begin(func(_ context.Context, _ partner.SFTPTarget, _, _ string, write func(io.Writer) error) error {
		got.Reset()
		return write(&got)
	})
	bundle := l.spring(promotion.Percentage, order.FromInt(100, 0), "S-a")
	bundle.Type, bundle.Bundle = promotion.SameItemBundle, promotion.Bundle{Purchased: 2, Discounted: 1}
	bundle.Discounts = append(bundle.Discounts,
		promotion.Discount{SKUs: []string{"S-b"}, Terms: promotion.Terms{Subtype: promotion.Absolute, Value: order.FromInt(15, 1), MaxQuantity: 4}},
		promotion.Discount{SKUs: []string{"S-c"}, Terms: promotion.Terms{Subtype: promotion.FinalPrice, Value: order.FromInt(1, 0)}})
	bundle.Limits = promotion.Limits{Global: 500, MaxItemsPerOrder: 3}
	id := l.promote(bundle)
	if err := l.poll(time.Second); err != nil {
		t.Fatal(err)
	}
	want := "sku,campaign_name,reason,start_date,end_date,campaign_status,promotion_type,promotion_sub_type,discounted_price,max_no_of_orders,discount_usage_limit,bundle_details,bundle_discount\n" +
		"S-a,Spring,overstock,2026-03-02 11:00:00,2026-03-03 10:00:00,1,same_item_bundle,free_item,,500,3,B2G1,\n" +
		"S-b,Spring,overstock,2026-03-02 11:00:00,2026-03-03 10:00:00,1,same_item_bundle,absolute_value_off,,500,3,B2G1,1.5\n" // 4 of the product, 3 of all
	if got.String() != want {
		t.Errorf("uploaded\n%swant\n%s", got.String(), want)
	}
	job, err := l.side.Job(t.Context(), partnertest.Shop, id)
	if err != nil || job.Refused != 1 || job.Items[0].SKU != "S-c" || job.Taken != 2 {
		t.Errorf("job %+v %v", job, err)
	}
	capped := l.spring(promotion.FinalPrice, order.FromInt(1, 0), "S-a")
	capped.Name, capped.Limits = "Capped", promotion.Limits{MaxDiscountPerOrder: order.FromInt(5, 0)}
	id = l.promote(capped)
	if err := l.poll(time.Minute); err != nil {
		t.Fatal(err)
	}
	if job, err = l.side.Job(t.Context(), partnertest.Shop, id); err != nil || job.Refused != 1 || !strings.Contains(job.Items[0].Reason, "max_discount_per_order") || strings.Contains(got.String(), "Capped") {
		t.Errorf("job %+v %v, uploaded\n%s", job, err, got.String())
	}
	var many []string
	for i := range 20_000 {
		many = append(many, fmt.Sprintf("S-%05d", i))
	}
	large := l.spring(promotion.FinalPrice, order.FromInt(1, 0), many...)
	large.Name = "Large"
	l.promote(large)
	if err := l.poll(time.Minute); err == nil || !strings.Contains(err.Error(), "more than 20000 rows") {
		t.Errorf("got %v", err)
	}
}
