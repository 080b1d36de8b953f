package idosell_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"testing"

	"github.com/ordermux/ordermux/e2e/tool"
	"github.com/ordermux/ordermux/internal/api"
	"github.com/ordermux/ordermux/internal/app"
	"github.com/ordermux/ordermux/internal/catalog"
	"github.com/ordermux/ordermux/internal/json"
	"github.com/ordermux/ordermux/internal/partner/all"
	"github.com/ordermux/ordermux/internal/secret"
)

// TestPHPSoapClient lets PHP's SoapClient order.
func TestPHPSoapClient(t *testing.T) {
	t.Parallel()
	php := tool.Need(t, "php", "ordering as a shop's program in PHP does")
	if out := run(t, ".", php, "-r", `echo class_exists("SoapClient") ? "there" : "missing";`); string(out) != "there" {
		t.Fatalf("PHP's extension soap is %s: apt-get install php-soap", out)
	}
	orderBy(t, "WWW-100234", func(settings string) []byte { return run(t, ".", php, "chain.php", settings) })
}

// TestNodeSoap lets Node's package soap order.
func TestNodeSoap(t *testing.T) {
	t.Parallel()
	node := tool.Need(t, "node", "ordering as a shop's program in Node does")
	dir := installed(t)
	orderBy(t, "WWW-100235", func(settings string) []byte { return run(t, dir, node, "chain.mjs", settings) })
}

// installed is a folder with the script for Node and the package that it uses,
// of the versions that the lock file names.
func installed(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	for _, name := range []string{"chain.mjs", "package.json", "package-lock.json", ".npmrc"} {
		content, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, name), content, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	run(t, dir, tool.Need(t, "npm", "installing Node's SOAP client"), "ci", "--ignore-scripts", "--prefer-offline")
	return dir
}

// run runs a program and returns what it printed.
func run(t *testing.T, dir, name string, args ...string) []byte {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), name, args...)
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "NO_PROXY=127.0.0.1", "no_proxy=127.0.0.1")
	var errs bytes.Buffer
	cmd.Stderr = &errs
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("%s: %v\n%s%s", name, err, out, errs.Bytes())
	}
	return out
}

// goods are what the wholesaler has.
const goods = `[
	{"code": "LAMP-OAK", "gtin": "5901234123457", "name": "Oak lamp", "price": "31.00", "currency": "EUR", "active": true, "weight": "1.8", "stock": [{"quantity": "10"}]},
	{"code": "CHAIR-PINE", "gtin": "5901234123464", "name": "Pine chair", "price": "84.00", "currency": "EUR", "active": true, "weight": "6.5", "stock": [{"quantity": "4"}]}]`

// orderBy lets a client order at a sandbox of its own, and judges its answers
// and the hub's.
func orderBy(t *testing.T, externalID string, client func(settings string) []byte) {
	t.Helper()
	url, hub := sandbox(t)
	var products []catalog.Product
	if err := json.Unmarshal([]byte(goods), &products); err != nil {
		t.Fatal(err)
	}
	if n, err := hub.PutProducts(t.Context(), app.SandboxShop, products); err != nil || n != len(products) {
		t.Fatalf("%d products, %v", n, err)
	}
	settings, err := json.Marshal(map[string]string{
		"base": url + "/idosell", "login": login, "password": "sandbox-password",
		"key": "sandbox-dropshipping-key", "externalId": externalID,
	})
	if err != nil {
		t.Fatal(err)
	}
	printed := client(string(settings))
	var said answers
	if err := json.Unmarshal(printed, &said); err != nil {
		t.Fatalf("%v: %s", err, printed)
	}
	said.check(t, externalID)
	checkHub(t, hub, externalID)
	if t.Failed() {
		t.Logf("the client was answered:\n%s", printed)
	}
}

// sandbox starts a sandbox.
func sandbox(t *testing.T) (url string, hub *api.Client) {
	t.Helper()
	log := &buffer{}
	a, err := app.New(t.Context(), app.Options{
		Config: app.SandboxConfig("127.0.0.1:0", t.TempDir(), all.List()), Sandbox: true, Log: app.NewLog(log, slog.LevelDebug, "text"),
	})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- a.Run(ctx) }()
	t.Cleanup(func() {
		cancel()
		if err := <-done; err != nil {
			t.Errorf("stop: %v", err)
		}
		if t.Failed() {
			t.Logf("the hub's log:\n%s", log)
		}
	})
	if hub, err = api.NewClient(a.URL(), secret.New(app.SandboxAdminToken), nil); err != nil {
		t.Fatal(err)
	}
	return a.URL(), hub
}

// checkHub asks the hub what became of the order.
func checkHub(t *testing.T, hub *api.Client, externalID string) {
	t.Helper()
	state, err := hub.Order(t.Context(), app.SandboxShop, login+"-1")
	if err != nil || state.Order == nil {
		t.Fatalf("the order: %v", err)
	}
	o := state.Order
	got := fmt.Sprint(o.Account, " ", o.Totals.Total, " ", o.Currency)
	for _, l := range o.Lines {
		got += fmt.Sprint(", ", l.Quantity, " ", l.Product.Code)
	}
	if want := login + " 150.50 EUR, 2 LAMP-OAK, 1 CHAIR-PINE"; got != want {
		t.Errorf("the order is %s, want %s", got, want)
	}
	if r := o.Recipient; r.FirstName+" "+r.LastName != "Żaneta Gęślą" || r.Street != "Łąkowa 12" || r.PostalCode+" "+r.City != "61-001 Łódź" || r.Country != "PL" {
		t.Errorf("the recipient after the change: %+v", r)
	}
	if b := o.Billing; b == nil || b.Company != "Sklep ABC" || b.TaxID != "1234563218" || b.Street != "Długa 1" {
		t.Errorf("billing: %+v", b)
	}
	if s := o.Shipping; s == nil || s.Courier != "DPD" {
		t.Errorf("shipping: %+v", s)
	}
	if len(o.Notes) != 1 || o.Notes[0].Text != "prosimy pakować <osobno> & ciasno" {
		t.Errorf("notes: %+v", o.Notes)
	}
	if n := len(o.References); n == 0 || o.References[n-1].Value != externalID {
		t.Errorf("references: %+v", o.References)
	}
	for code, want := range map[string]string{"LAMP-OAK": "8", "CHAIR-PINE": "3"} {
		p, err := hub.Product(t.Context(), app.SandboxShop, code)
		if err != nil || p.OnHand().String() != want {
			t.Errorf("%s: %s left, %v; want %s", code, p.OnHand(), err, want)
		}
	}
	var problem *api.Problem
	if _, err := hub.Order(t.Context(), app.SandboxShop, login+"-2"); !errors.As(err, &problem) || problem.Status != 404 {
		t.Errorf("another order: %v", err)
	}
}

// buffer takes a log from many goroutines.
type buffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (b *buffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.Write(p)
}

func (b *buffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.String()
}
