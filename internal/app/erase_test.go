package app_test

import (
	"bytes"
	"compress/gzip"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/ordermux/ordermux/internal/app"
	"github.com/ordermux/ordermux/internal/store"
	"github.com/ordermux/ordermux/internal/store/folder"
	"github.com/ordermux/ordermux/internal/store/postgres"
)

// holding returns which of the words stand in what a hub keeps, and where.
func (p place) holding(t *testing.T, words []string) map[string][]string {
	t.Helper()
	if p.database != "" {
		return inTables(t, p.database, words)
	}
	return inFiles(t, filepath.Join(p.dir, "data"), words)
}

// inTables looks into every row of a database.
func inTables(t *testing.T, url string, words []string) map[string][]string {
	t.Helper()
	c, err := pgx.Connect(t.Context(), url)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close(t.Context())
	rows, err := c.Query(t.Context(), "SELECT tablename FROM pg_tables WHERE schemaname = current_schema()")
	if err != nil {
		t.Fatal(err)
	}
	tables, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		t.Fatal(err)
	}
	found := map[string][]string{}
	for _, table := range tables {
		for _, word := range words {
			var n int
			// Bytes are shown as hexadecimal digits.
			query := "SELECT count(*) FROM " + table + " r WHERE strpos(r::text, $1) > 0 OR strpos(r::text, encode(convert_to($1, 'UTF8'), 'hex')) > 0"
			if err := c.QueryRow(t.Context(), query, word).Scan(&n); err != nil {
				t.Fatal(table, err)
			}
			if n > 0 {
				found[word] = append(found[word], table)
			}
		}
	}
	return found
}

// inFiles looks into every file of a folder.
func inFiles(t *testing.T, dir string, words []string) map[string][]string {
	t.Helper()
	found := map[string][]string{}
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || !d.Type().IsRegular() {
			return err
		}
		content, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		if strings.HasSuffix(path, ".gz") {
			content = unpacked(t, content)
		}
		for _, word := range words {
			if bytes.Contains(content, []byte(word)) {
				found[word] = append(found[word], filepath.Base(path))
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return found
}

func unpacked(t *testing.T, b []byte) []byte {
	t.Helper()
	z, err := gzip.NewReader(bytes.NewReader(b))
	if err != nil {
		t.Fatal(err)
	}
	out, err := io.ReadAll(z)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// withdraw takes a file away as a hub does.
func (p place) withdraw(t *testing.T, name store.FileName) {
	t.Helper()
	var files store.Files = folder.New(filepath.Join(p.dir, "data", "files"))
	if p.database != "" {
		s, err := postgres.Open(t.Context(), p.database, postgres.Options{})
		if err != nil {
			t.Fatal(err)
		}
		defer s.Close()
		files = s.Files()
	}
	list, err := files.ListFiles(t.Context(), name.Shop, name.Route)
	if err == nil {
		err = files.WithdrawFiles(t.Context(), name.Shop, name.Route, list)
	}
	if err != nil {
		t.Fatal(err)
	}
}

// annasWords are what is personal of the order that giveAnnasOrder gives.
var annasWords = []string{"session-of-anna", "customer-anna", "anna@nordlys.example", "Anna Andersson"}

func (h *hub) giveAnnasOrder() {
	h.t.Helper()
	said := `{"order":{"id":"o-1","customer":{"email":"anna@nordlys.example","name":"Anna Andersson"}}}`
	if _, err := h.api.Post(h.t.Context(), "nordlys", "application/json", strings.NewReader(said)); err != nil {
		h.t.Fatal(err)
	}
	h.give(strings.NewReplacer("s-1", "session-of-anna", "c-1", "customer-anna").Replace(oneOrder("o-1", "3.00")))
}

// TestErasedEverywhere erases an order that was delivered by two routes and
// stands in two order files, and looks for the person in every byte of the data
// folder, or in every row of the database.
func TestErasedEverywhere(t *testing.T) { eachStore(t, testErasedEverywhere) }

func testErasedEverywhere(t *testing.T, at newPlace) {
	sandbox := startSandbox(t)
	receiver, received := startReceiver(t)
	file := func(name string) string {
		return "      " + name + ": {partner: citrusad, settings: {output: file, file_password: fetch-me-please, file_name: orders." + name + "}}\n"
	}
	p := at(t)
	var later atomic.Int64
	h := startHub(t, p, shop(adsRoute(sandbox.URL())+hookRoute(receiver)+file("tsv")+file("gz")), func(o *app.Options) {
		o.Now = func() time.Time { return time.Now().Add(time.Duration(later.Load())) }
	})
	h.giveAnnasOrder()
	h.settled()
	fetch := func(name string) string {
		status, body := send(t, "GET", h.URL()+"/files/nordlys/"+name+"/orders."+name, basic("citrus", "fetch-me-please"), "")
		if status != 200 {
			t.Fatalf("%s: %d %s", name, status, body)
		}
		if name == "gz" {
			return string(unpacked(t, []byte(body)))
		}
		return body
	}
	eventually(t, "the first files are written", func() bool {
		list, err := h.api.Files(t.Context(), "nordlys", "gz")
		list2, err2 := h.api.Files(t.Context(), "nordlys", "tsv")
		return err == nil && err2 == nil && len(list.Files) == 1 && len(list2.Files) == 1
	})
	later.Store(int64(25 * time.Hour))
	h.give(oneOrder("o-2", "4.00")) // wakes the routes, which look at the clock
	eventually(t, "the order stands in the files", func() bool {
		return strings.Contains(fetch("tsv"), "session-of-anna") && strings.Contains(fetch("gz"), "session-of-anna")
	})
	h.settled()
	state, err := h.api.Order(t.Context(), "nordlys", "o-1")
	if err != nil {
		t.Fatal(err)
	}
	delivered := map[string]bool{}
	for _, d := range state.Deliveries {
		delivered[d.Route] = delivered[d.Route] || d.State == "delivered"
	}
	if !delivered["ads"] || !delivered["hook"] || len(received()) == 0 {
		t.Fatalf("deliveries: %+v", state.Deliveries)
	}
	before := p.holding(t, annasWords)
	if len(before) != len(annasWords) {
		t.Fatalf("before erasing: %v", before)
	}

	if err := h.api.Erase(t.Context(), "nordlys", "o-1"); err != nil {
		t.Fatal(err)
	}
	clean := func(when string) {
		t.Helper()
		if found := p.holding(t, annasWords); len(found) > 0 {
			t.Errorf("%s: %v", when, found)
		}
		for _, name := range []string{"tsv", "gz"} { // never missing, and with the others
			if got := fetch(name); strings.Contains(got, "o-1\t") || strings.Contains(got, "anna") || !strings.HasPrefix(got, "order_id\t") {
				t.Errorf("%s, %s: %q", when, name, got)
			}
		}
	}
	clean("after erasing")
	h.giveAnnasOrder()
	h.settled()
	clean("after the same order came again")
	if v, err := h.api.Verify(t.Context(), "nordlys"); err != nil || !v.Whole {
		t.Error(v, err)
	}

	// A file that could not be written anew is, with the route's next look.
	p.withdraw(t, store.FileName{Shop: "nordlys", Route: "tsv", Name: "orders.tsv"})
	later.Add(int64(time.Minute))
	h.give(oneOrder("o-3", "4.00"))
	eventually(t, "the file is there again", func() bool {
		status, _ := send(t, "GET", h.URL()+"/files/nordlys/tsv/orders.tsv", basic("citrus", "fetch-me-please"), "")
		if status != 503 && status != 200 {
			t.Fatalf("meanwhile: %d", status)
		}
		return status == 200
	})
	clean("after a withdrawn file was written anew")
}
