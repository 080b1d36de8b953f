package demo_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
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
	for _, want := range []string{"Taken, by door", "Delivered, by route", "Order 536370 from end to end", "the sandbox has 93 orders and the receiver 99 orders and 5 happenings",
		"6 customers were invited to review, each once: 3 by Skeepers, 2 by Trustpilot, 1 by our own mail",
		"said by skeepers:default: ",
		"3 parcels were sent by the wholesaler, and their numbers came back: 2 by webhook, 1 by asking",
		"Order DS-1001 is sent by two wholesalers",
		"sums up to 35290.58 GBP"} {
		if !strings.Contains(out, want) {
			t.Errorf("%q is missing in\n%s", want, out)
		}
	}
}

func TestAsProcesses(t *testing.T) {
	t.Parallel()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	out, err := once(t, func(o *demo.Options) { o.Command = []string{self, "demo-part"} })
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
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

// TestStays lets the demo run until somebody has seen enough.
func TestStays(t *testing.T) {
	t.Parallel()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	for name, command := range map[string][]string{"within": nil, "processes": {self, "demo-part"}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			ctx, stop := context.WithCancel(t.Context())
			out := &stopper{at: "/received", stop: stop}
			if err := demo.Run(ctx, demo.Options{Out: out, Command: command, Live: true, Version: "test"}); err != nil {
				t.Errorf("%v\n%s", err, out)
			}
			if !strings.Contains(out.String(), "delivered  waiting  refused") {
				t.Errorf("no table was drawn:\n%s", out)
			}
		})
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
// for: the demo must find it, by asking the partner.
func TestPlantedLosses(t *testing.T) {
	t.Parallel()
	for partner, tweak := range map[string]func(*demo.Options){
		"ads: order 536381":             func(o *demo.Options) { o.LoseAtSandbox = "536381" },
		"hook: order doc-marketplace":   func(o *demo.Options) { o.LoseAtReceiver = "doc-marketplace" },
		"reviews-france: order FR-2001": func(o *demo.Options) { o.LoseAtSkeepers = "FR-2001" },
		"reviews-sweden: order SE-1001": func(o *demo.Options) { o.LoseAtTrustpilot = "SE-1001" },
		"mail: order EN-1001":           func(o *demo.Options) { o.LoseAtMailbox = "EN-1001" },
		"lamps: order DS-1002":          func(o *demo.Options) { o.LoseAtWholesaler = "DS-1002" },
	} {
		t.Run(partner, func(t *testing.T) {
			t.Parallel()
			out, err := once(t, tweak)
			var failed *demo.Failed
			if !errors.As(err, &failed) {
				t.Fatalf("a loss was not found: %v\n%s", err, out)
			}
			if len(failed.Faults) != 1 || !strings.HasPrefix(failed.Faults[0], partner) {
				t.Errorf("%v", failed.Faults)
			}
		})
	}
}
