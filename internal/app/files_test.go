package app_test

import (
	"compress/gzip"
	"errors"
	"io"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/ordermux/ordermux/internal/app"
	"github.com/ordermux/ordermux/internal/order"
	"github.com/ordermux/ordermux/internal/partner"
	"github.com/ordermux/ordermux/internal/partner/all"
)

// basic is the Authorization of a user name and a password.
func basic(user, password string) string {
	req, _ := http.NewRequest("GET", "http://x.example", nil)
	req.SetBasicAuth(user, password)
	return req.Header.Get("Authorization")
}

// filer is a partner whose route does nothing but hold its files, which it
// hands to the test.
func filer(given *partner.Files) partner.Partner {
	return partner.Partner{
		Name:     "filer",
		Settings: []partner.Field{{Name: "file_password", Route: true, Kind: partner.Text, Secret: true}},
		Route: func(deps partner.Deps, _ partner.Settings) (partner.Side, error) {
			*given = deps.Files
			return partner.Side{Mode: partner.Each}, nil
		},
	}
}

func text(s string) func(io.Writer) error {
	return func(w io.Writer) error { _, err := io.WriteString(w, s); return err }
}

func TestFiles(t *testing.T) { eachStore(t, testFiles) }

func testFiles(t *testing.T, at newPlace) {
	var files partner.Files
	p := filer(&files)
	pl := at(t)
	cfg, err := parse(pl, shop("      ads: {partner: filer, settings: {file_password: fetch-me-please}}\n"), p)
	if err != nil {
		t.Fatal(err)
	}
	h := startHub(t, pl, shop(""), func(o *app.Options) { o.Partners, o.Config = append(all.List(), p), cfg })
	ctx := t.Context()
	if err := files.Write(ctx, "orders.tsv", text("o-1\ts-1\n")); err != nil {
		t.Fatal(err)
	}
	f := func(method, path, authorization string, want int, body string) {
		t.Helper()
		if status, got := send(t, method, h.URL()+path, authorization, ""); status != want || want == 200 && got != body {
			t.Errorf("%s %s: %d %q, want %d %q", method, path, status, got, want, body)
		}
	}
	password := basic("citrus", "fetch-me-please")
	f("GET", "/files/nordlys/ads/orders.tsv", "", 401, "")
	f("GET", "/files/nordlys/ads/orders.tsv", basic("citrus", "wrong"), 401, "")
	f("GET", "/files/nordlys/ads/orders.tsv", basic("citrus", ""), 401, "")
	f("POST", "/files/nordlys/ads/orders.tsv", password, 405, "")
	f("GET", "/files/nordlys/ads/other.tsv", password, 404, "")
	f("GET", "/files/nordlys/ads/..%2f..%2f..%2fordermux.db", password, 404, "")
	f("GET", "/files/nordlys/ads/.writing", password, 404, "")
	f("GET", "/files/nordlys/ads/", password, 404, "")
	f("GET", "/files/nordlys/other/orders.tsv", password, 401, "")
	f("HEAD", "/files/nordlys/ads/orders.tsv", password, 200, "")
	if at, err := files.Fetched(ctx, "orders.tsv"); err != nil || !at.IsZero() {
		t.Errorf("fetched at %v %v, though nobody got it whole", at, err)
	}
	before := time.Now().Add(-time.Minute) // by another clock
	f("GET", "/files/nordlys/ads/orders.tsv", password, 200, "o-1\ts-1\n")
	eventually(t, "the fetch is recorded", func() bool {
		at, err := files.Fetched(ctx, "orders.tsv")
		return err == nil && !at.Before(before)
	})

	// What fails halfway leaves the old file, and nothing beside it.
	broken := func(w io.Writer) error {
		_, _ = io.WriteString(w, "half")
		return errors.New("the disk is gone")
	}
	if err := files.Write(ctx, "orders.tsv", broken); err == nil || !strings.Contains(err.Error(), "the disk is gone") {
		t.Error(err)
	}
	f("GET", "/files/nordlys/ads/orders.tsv", password, 200, "o-1\ts-1\n")
	for _, name := range []string{"../x", "a/b", ".hidden", "", "x\x00"} {
		if err := files.Write(ctx, name, text("x")); err == nil {
			t.Errorf("wrote %q", name)
		}
	}
	if folder := filepath.Join(pl.dir, "data", "files", "nordlys", "ads"); pl.database == "" {
		if list, err := os.ReadDir(folder); err != nil || len(list) != 1 {
			t.Errorf("in the folder: %v %v", list, err)
		}
	}

	eventually(t, "both fetches are listed", func() bool {
		list, err := h.api.Files(ctx, "nordlys", "ads")
		if err != nil || len(list.Files) != 1 || list.Files[0].Bytes != 8 || list.Files[0].Written.IsZero() {
			t.Fatalf("%+v %v", list, err)
		}
		fetches := list.Files[0].Fetches
		return len(fetches) == 2 && fetches[0].Whole
	})
	if _, err := h.api.Files(ctx, "nordlys", "none"); !errors.Is(err, order.ErrNotFound) {
		t.Error(err)
	}
	if !strings.Contains(h.logs.String(), `msg="file fetched" shop=nordlys route=ads name=orders.tsv bytes=8 whole=true`) {
		t.Error("no log line of the fetch")
	}
}

// TestFilesOfARouteThatCanNotWrite erases an order whose file nobody writes
// anew: it is withdrawn until somebody does. An id is a whole field.
func TestFilesOfARouteThatCanNotWrite(t *testing.T) { eachStore(t, testFilesOfARouteThatCanNotWrite) }

func testFilesOfARouteThatCanNotWrite(t *testing.T, at newPlace) {
	var files partner.Files
	p := filer(&files)
	pl := at(t)
	cfg, err := parse(pl, shop("      ads: {partner: filer, settings: {file_password: fetch-me-please}}\n"), p)
	if err != nil {
		t.Fatal(err)
	}
	h := startHub(t, pl, shop(""), func(o *app.Options) { o.Partners, o.Config = append(all.List(), p), cfg })
	packed := func(s string) func(io.Writer) error {
		return func(w io.Writer) error {
			z := gzip.NewWriter(w)
			_, err := io.WriteString(z, s)
			return errors.Join(err, z.Close())
		}
	}
	written := map[string]func(io.Writer) error{
		"a.tsv": text("id\n1\ts-1\n"), "b.tsv": text("id\n10\ts-1\n21\t1.00\to-1\n"), "c.csv": text("\"1\";x\r\n"), "d.tsv": text("x\t1"),
		"e.tsv.gz": packed("id\n1\ts-1\n"), "f.tsv.gz": packed("id\n11\ts-1\n"), "g.gz": text("no gzip at all"),
	}
	for name, write := range written {
		if err := files.Write(t.Context(), name, write); err != nil {
			t.Fatal(err)
		}
	}
	left := filepath.Join(pl.dir, "data", "files", "nordlys", "ads", ".writing-123")
	if pl.database == "" {
		write(t, filepath.Dir(left), filepath.Base(left), []byte("left by a killed hub"))
	}
	h.give(oneOrder("1", "3.00"))
	if err := h.api.Erase(t.Context(), "nordlys", "1"); err != nil {
		t.Fatal(err)
	}
	password := basic("citrus", "fetch-me-please")
	for name, want := range map[string]int{"a.tsv": 503, "b.tsv": 200, "c.csv": 503, "d.tsv": 503, "e.tsv.gz": 503, "f.tsv.gz": 200, "g.gz": 503, "none.tsv": 404} {
		if status, _ := send(t, "GET", h.URL()+"/files/nordlys/ads/"+name, password, ""); status != want {
			t.Errorf("%s: %d, want %d", name, status, want)
		}
	}
	if _, err := os.Stat(left); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("what was half written: %v", err)
	}
	if gone, err := files.(partner.Withdrawer).Withdrawn(t.Context(), "a.tsv"); err != nil || !gone {
		t.Error(gone, err)
	}
	if list, err := h.api.Files(t.Context(), "nordlys", "ads"); err != nil || len(list.Files) != 7 || !list.Files[0].Withdrawn || list.Files[1].Withdrawn {
		t.Errorf("%+v %v", list, err)
	}
	if err := files.Write(t.Context(), "a.tsv", text("id\n")); err != nil {
		t.Fatal(err)
	}
	if status, body := send(t, "GET", h.URL()+"/files/nordlys/ads/a.tsv", password, ""); status != 200 || body != "id\n" {
		t.Errorf("written anew: %d %q", status, body)
	}
	if gone, err := files.(partner.Withdrawer).Withdrawn(t.Context(), "a.tsv"); err != nil || gone {
		t.Error(gone, err)
	}
}
