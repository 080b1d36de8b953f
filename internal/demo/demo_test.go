package demo_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/ordermux/ordermux/internal/demo"
	"github.com/ordermux/ordermux/internal/store/postgres/pgtest"
)

// TestMain lets this program be a part of the demo: see TestAsProcesses.
func TestMain(m *testing.M) {
	if len(os.Args) == 3 && os.Args[1] == "demo-part" {
		if err := demo.RunPart(context.Background(), os.Args[2], os.Stdin, os.Stdout, os.Stderr, "test"); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	os.Exit(pgtest.Main(m))
}

// once runs the demo within this process.
func once(t *testing.T, tweak func(*demo.Options)) (string, error) {
	t.Helper()
	var out bytes.Buffer
	opts := demo.Options{Once: true, Out: &out, Version: "test", Patience: 30 * time.Second}
	if tweak != nil {
		tweak(&opts)
	}
	err := demo.Run(t.Context(), opts)
	return out.String(), err
}

func TestOnce(t *testing.T) {
	t.Parallel()
	t.Run("SQLite", func(t *testing.T) {
		t.Parallel()
		onceOn(t, "")
	})
	t.Run("PostgreSQL", func(t *testing.T) {
		t.Parallel()
		onceOn(t, pgtest.Database(t))
	})
}

func onceOn(t *testing.T, database string) {
	out, err := once(t, func(o *demo.Options) { o.Database = database })
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	t.Log(out)
	for _, want := range []string{"Taken, by door", "Delivered, by route", "Order 536370 from end to end", "the sandbox has 93 orders and the receiver 101 orders and 5 happenings",
		"8 customers were invited to review, each once: 3 by Skeepers, 2 by Trustpilot, 3 by our own mail",
		"said by skeepers:default: ",
		"3 parcels were sent by the wholesaler, and their numbers came back: 2 by webhook, 1 by asking",
		"Order DS-1001 is sent by two wholesalers",
		"was born on the marketplace, and the platform carries it", "ready by route:market", "shipped by route:market",
		"Of the marketplace, 4 of 4 things came through both ways",
		"sums up to 35290.58 GBP"} {
		if !strings.Contains(out, want) {
			t.Errorf("%q is missing in\n%s", want, out)
		}
	}
}

// stopper is an output that ends the demo when it has seen a text.
type stopper struct {
	bytes.Buffer
	at   string
	stop context.CancelFunc
}

func (s *stopper) Write(p []byte) (int, error) {
	defer func() {
		if strings.Contains(s.String(), s.at) {
			s.stop()
		}
	}()
	return s.Buffer.Write(p)
}

// TestStays runs the demo as processes and lets it stay until somebody has seen
// enough: it stays only if every order reached every partner.
func TestStays(t *testing.T) {
	t.Parallel()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(t.Context())
	out := &stopper{at: "/received", stop: stop}
	if err := demo.Run(ctx, demo.Options{Out: out, Command: []string{self, "demo-part"}, Live: true, Version: "test"}); err != nil {
		t.Errorf("%v\n%s", err, out)
	}
	if !strings.Contains(out.String(), "delivered  waiting  refused") || !strings.Contains(out.String(), "/received") {
		t.Errorf("it did not stay, or drew no table:\n%s", out)
	}
}

func TestAPartThatDoesNotStart(t *testing.T) {
	t.Parallel()
	_, err := once(t, func(o *demo.Options) { o.Command = []string{"/bin/sh", "-c", "echo no luck >&2; exit 3"} })
	if err == nil || !strings.Contains(err.Error(), "start the demo's sandbox") || !strings.Contains(err.Error(), "no luck") {
		t.Error(err)
	}
}

// TestPlantedLosses makes each partner lose one order that it answered well
// for: the demo must find every one of them, by asking the partner, and nothing
// else.
func TestPlantedLosses(t *testing.T) {
	t.Parallel()
	out, err := once(t, func(o *demo.Options) {
		o.LoseAtSandbox, o.LoseAtReceiver, o.LoseAtSkeepers = "536381", "doc-marketplace", "FR-2001"
		o.LoseAtTrustpilot, o.LoseAtMailbox, o.LoseAtWholesaler = "SE-1001", "EN-1001", "DS-1002"
		o.LoseAtMarket = "vendor"
	})
	var failed *demo.Failed
	if !errors.As(err, &failed) {
		t.Fatalf("no loss was found: %v\n%s", err, out)
	}
	want := []string{
		"ads: order 536381", "hook: order doc-marketplace", "lamps: order DS-1002", "mail: order EN-1001", "market: order ",
		"reviews-france: order FR-2001", "reviews-sweden: order SE-1001",
	}
	faults := slices.Sorted(slices.Values(failed.Faults))
	if !slices.EqualFunc(faults, want, func(fault, prefix string) bool { return strings.HasPrefix(fault, prefix) }) {
		t.Errorf("%q\n%s", faults, out)
	}
}
