package listen_test

import (
	"archive/zip"
	"bytes"
	"context"
	"encoding/base64"
	"encoding/xml"
	"errors"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/ordermux/ordermux/internal/api"
	"github.com/ordermux/ordermux/internal/app"
	"github.com/ordermux/ordermux/internal/capture"
	"github.com/ordermux/ordermux/internal/catalog"
	"github.com/ordermux/ordermux/internal/config"
	"github.com/ordermux/ordermux/internal/order"
	"github.com/ordermux/ordermux/internal/partner/all"
	"github.com/ordermux/ordermux/internal/secret"
)

// lasting makes the listening a long one; without it a number of calls is made.
var lasting = flag.Duration("listen.for", 0, "how long to listen under load")

const (
	shopID = "polnoc"
	token  = "test-admin-token"
)

// wholesaler is a shop whose goods never run out, at three doors.
const wholesaler = `
listen: 127.0.0.1:0
data: ./data
admin_token: ` + token + `
shops:
  polnoc:
    name: Hurtownia Północ
    currency: PLN
    timezone: Europe/Warsaw
    couriers:
      dpd: {id: 5, name: DPD, countries: [PL]}
    doors:
      citrusad: {api_key: ` + adsKey + `, team_id: team-1}
      skeepers: {client_id: review-client, client_secret: ` + reviewSecret + `, website_id: ` + website + `}
      idosell:
        - {dropshipping_key: ` + icdfKey + `, accept_orders: true}
        - {kind: account, name: abc, login: sklep-abc, password: "` + storefrontKey + `"}
`

// hub is a running hub.
type hub struct {
	*testing.T
	app *app.App
	api *api.Client
}

func startHub(t *testing.T) *hub {
	t.Helper()
	cfg, err := config.Parse([]byte(wholesaler), config.Options{Partners: all.List(), CompileRule: app.CheckRule, Dir: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	h := &hub{T: t}
	if h.app, err = app.New(t.Context(), app.Options{Config: cfg, Version: "test", Log: app.NewLog(t.Output(), slog.LevelError, "text")}); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- h.app.Run(ctx) }()
	t.Cleanup(func() {
		cancel()
		if err := <-done; err != nil {
			t.Errorf("stop: %v", err)
		}
	})
	if h.api, err = api.NewClient(h.app.URL(), secret.New(token), nil); err != nil {
		t.Fatal(err)
	}
	_, err = h.api.PutProducts(t.Context(), shopID, []catalog.Product{{
		Product: order.Product{Code: "KX-1", Name: "Kubek"}, Active: true, Price: order.FromInt(2500, 2), Stock: []catalog.Stock{{Quantity: order.FromInt(10_000_000, 0)}},
	}})
	if err != nil {
		t.Fatal(err)
	}
	return h
}

func (h *hub) listen(shop string, s capture.Spec) capture.Capture {
	h.Helper()
	s.Seconds = 3600
	c, err := h.api.StartCapture(h.Context(), shop, s)
	if err != nil {
		h.Fatal(err)
	}
	return c
}

// TestListenUnderLoad listens to three doors while orders come in by all of
// them.
func TestListenUnderLoad(t *testing.T) {
	t.Parallel()
	h := startHub(t)
	captures := map[string]capture.Capture{
		"citrusad": h.listen(shopID, capture.Spec{Door: "citrusad"}), "skeepers": h.listen(shopID, capture.Spec{Door: "skeepers"}),
		"idosell": h.listen(shopID, capture.Spec{Door: "idosell"}), "nobody": h.listen(api.Hub, capture.Spec{Door: "citrusad"}),
		"Dropshipping/placeOrder": h.listen(shopID, capture.Spec{Door: "idosell", Gate: "Dropshipping/placeOrder", Account: "sklep-abc"}),
		"none":                    h.listen(shopID, capture.Spec{Door: "idosell", Account: "sklep-xyz"}),
	}
	calls := newTraffic(h.app.URL())
	rounds, until := 6, time.Time{}
	if *lasting > 0 {
		rounds, until = 0, time.Now().Add(*lasting)
	}
	if err := calls.run(t.Context(), rounds, until); err != nil {
		t.Fatal(err)
	}
	for name, c := range captures {
		if _, err := h.api.StopCapture(t.Context(), c.Shop, c.ID); err != nil {
			t.Fatal(err)
		}
		report, err := h.api.Capture(t.Context(), c.Shop, c.ID)
		if err != nil {
			t.Fatal(err)
		}
		t.Logf("%s: %d calls, %d recorded, %d dropped", name, calls.calls[name], report.Recorded, report.Dropped)
		if report.Recorded+report.Dropped != calls.calls[name] || *lasting == 0 && (report.Dropped != 0 || report.Total.Faults != calls.faults[name]) {
			t.Errorf("%s: %d calls and %d faults were made; reported: %+v", name, calls.calls[name], calls.faults[name], report)
		}
		h.checkRows(&report, calls)
		h.checkArchive(c, &report, calls)
	}
}

// checkRows compares the rows of the drop-ship gates with what was called.
func (h *hub) checkRows(report *capture.Report, calls *traffic) {
	h.Helper()
	var sum int64
	for _, row := range report.Rows {
		sum += row.Calls
		if want, ok := calls.calls[row.Gate+"/"+row.Method]; ok && report.Dropped == 0 && (row.Calls != want || row.Faults != calls.faults[row.Gate+"/"+row.Method]) {
			h.Errorf("%d calls are reported, %d were made: %+v", row.Calls, want, row)
		}
	}
	if sum != report.Recorded || report.Total.Calls != report.Recorded {
		h.Errorf("the rows have %d calls, the report %d", sum, report.Recorded)
	}
}

// recorded is what the test reads of a call's file.
type recorded struct {
	Gate      string  `xml:"gate"`
	FaultCode string  `xml:"faultCode"`
	Login     string  `xml:"login"`
	Status    int     `xml:"httpStatus"`
	Request   content `xml:"request"`
	Response  content `xml:"response"`
}

type content struct {
	Text     string `xml:",chardata"`
	Encoding string `xml:"encoding,attr"`
}

func (c content) plain() (string, error) {
	if c.Encoding != "base64" {
		return c.Text, nil
	}
	b, err := base64.StdEncoding.DecodeString(c.Text)
	return string(b), err
}

// checkArchive opens the archive of a capture and reads all that is in it.
func (h *hub) checkArchive(c capture.Capture, report *capture.Report, calls *traffic) {
	h.Helper()
	var b bytes.Buffer
	if err := h.api.ExportCapture(h.Context(), c.Shop, c.ID, capture.ZIP, &b); err != nil {
		h.Fatal(err)
	}
	archive, err := zip.NewReader(bytes.NewReader(b.Bytes()), int64(b.Len()))
	if err != nil {
		h.Fatal(err)
	}
	look := newLook(calls)
	files := int64(0)
	for _, f := range archive.File {
		text, err := read(f)
		if err != nil {
			h.Fatalf("%s: %v", f.Name, err)
		}
		if err := wellFormed(text); err != nil && !strings.HasSuffix(f.Name, ".html") {
			h.Errorf("%s: %v", f.Name, err)
		}
		look.at(h.T, f.Name, string(text))
		if !strings.HasPrefix(f.Name, "calls/") {
			continue
		}
		files++
		var call recorded
		if err := xml.Unmarshal(text, &call); err != nil {
			h.Errorf("%s: %v", f.Name, err)
		}
		for _, body := range []content{call.Request, call.Response} {
			plain, err := body.plain()
			if err != nil {
				h.Errorf("%s: %v", f.Name, err)
			}
			look.at(h.T, f.Name, plain)
		}
		if call.Status == 0 || c.Door == "idosell" && (call.FaultCode == "" || call.Login != "sklep-abc" || strings.Contains(call.Gate, "/")) {
			h.Errorf("%s:\n%.3000s", f.Name, text)
		}
	}
	if files != report.Recorded {
		h.Errorf("%d files of %d calls", files, report.Recorded)
	}
	b.Reset()
	if err := h.api.ExportCapture(h.Context(), c.Shop, c.ID, capture.HAR, &b); err != nil {
		h.Fatal(err)
	}
	look.at(h.T, "the HAR", b.String())
}

// look knows what must not show.
type look struct {
	words *strings.Replacer
	list  []string
}

func newLook(calls *traffic) look {
	list := []string{
		adsKey, reviewSecret, icdfKey, storefrontKey, sha1hex(storefrontKey), token,
		person.First, person.Last, person.Street, person.Zip, person.City, strings.TrimPrefix(person.Phone, "+48"), person.Mail, strings.Replace(person.Mail, "@", "%40", 1),
	}
	for w := range calls.hidden {
		list = append(list, w)
	}
	var pairs []string
	for _, w := range list {
		pairs = append(pairs, w, "\x00")
	}
	return look{words: strings.NewReplacer(pairs...), list: list}
}

// at looks at a text for all of them at once.
func (l look) at(t *testing.T, where, text string) {
	t.Helper()
	if l.words.Replace(text) == text {
		return
	}
	for _, w := range l.list {
		if strings.Contains(text, w) {
			t.Errorf("%q shows in %s:\n%.3000s", w, where, text)
			return
		}
	}
}

func read(f *zip.File) ([]byte, error) {
	in, err := f.Open()
	if err != nil {
		return nil, err
	}
	defer in.Close()
	return io.ReadAll(in)
}

func wellFormed(b []byte) error {
	d := xml.NewDecoder(bytes.NewReader(b))
	for {
		if _, err := d.Token(); errors.Is(err, io.EOF) {
			return nil
		} else if err != nil {
			return fmt.Errorf("at %d: %w", d.InputOffset(), err)
		}
	}
}
