package app_test

import (
	"errors"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/ordermux/ordermux/internal/app"
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

func TestFiles(t *testing.T) {
	t.Parallel()
	var files partner.Files
	p := filer(&files)
	dir := t.TempDir()
	cfg, err := parse(dir, shop("      ads: {partner: filer, settings: {file_password: fetch-me-please}}\n"), p)
	if err != nil {
		t.Fatal(err)
	}
	h := startHub(t, dir, shop(""), func(o *app.Options) { o.Partners, o.Config = append(all.List(), p), cfg })
	ctx := t.Context()
	if err := files.Write(ctx, "orders.tsv", text("order o-1 of session s-1\n")); err != nil {
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
	before := time.Now().Truncate(time.Microsecond)
	f("GET", "/files/nordlys/ads/orders.tsv", password, 200, "order o-1 of session s-1\n")
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
	f("GET", "/files/nordlys/ads/orders.tsv", password, 200, "order o-1 of session s-1\n")
	for _, name := range []string{"../x", "a/b", ".hidden", "", "x\x00"} {
		if err := files.Write(ctx, name, text("x")); err == nil {
			t.Errorf("wrote %q", name)
		}
	}
	folder := filepath.Join(dir, "data", "files", "nordlys", "ads")
	if list, err := os.ReadDir(folder); err != nil || len(list) != 1 {
		t.Errorf("in the folder: %v %v", list, err)
	}

	// Erasing takes away the files that speak of the order.
	if err := files.Write(ctx, "other.tsv", text("order o-2\n")); err != nil {
		t.Fatal(err)
	}
	h.give(oneOrder("o-1", "3.00"))
	if err := h.api.Erase(ctx, "nordlys", "o-1"); err != nil {
		t.Fatal(err)
	}
	if list, err := os.ReadDir(folder); err != nil || len(list) != 1 || list[0].Name() != "other.tsv" {
		t.Errorf("in the folder: %v %v", list, err)
	}
}
