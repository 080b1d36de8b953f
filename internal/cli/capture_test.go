package cli_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/ordermux/ordermux/internal/api"
	"github.com/ordermux/ordermux/internal/capture"
)

// capturingHub listens to a door.
func capturingHub(t *testing.T) *fakeHub {
	t.Helper()
	h := newHub(t)
	const shop = "/api/v1/shops/nordlys/captures"
	c := capture.Capture{ID: "c1", Shop: "nordlys", Door: "citrusad", Account: "default", Gate: "/v1", Started: now, Until: now.Add(time.Hour), By: "desk", Listening: true}
	ended := capture.Capture{ID: "c0", Shop: "nordlys", Route: "ads", Started: now, Until: now.Add(time.Minute), By: "desk"}
	row := capture.Row{Gate: "/v1/orders/{id}", Method: "GET", Calls: 2, Faults: 1, MinMS: 1.5, MeanMS: 2, P95MS: 2.5, MaxMS: 2.5, TotalMS: 4, RequestBytes: 0, ResponseBytes: 20.5}
	for path, answer := range map[string]any{
		"POST " + shop:                          c,
		"GET " + shop:                           api.CaptureList{Captures: []capture.Capture{c, ended}},
		"GET " + shop + "/c1":                   capture.Report{Capture: c, Recorded: 2, Dropped: 1, Rows: []capture.Row{row}, Total: row},
		"POST " + shop + "/c1/stop":             c,
		"GET " + shop + "/c1/export?format=zip": raw("PK"),
		"GET " + shop + "/c1/export?format=har": raw("{}"),
	} {
		h.answers[path] = answer
	}
	return h
}

func TestCapture(t *testing.T) {
	t.Parallel()
	h := capturingHub(t)
	f := func(name string, args ...string) {
		t.Helper()
		r := h.run(t, "", append([]string{"capture"}, append(args, "--shop", "nordlys")...)...)
		if r.code != 0 {
			t.Fatal(r)
		}
		golden(t, name, r.out)
	}
	f("capture-start", "start", "--door", "citrusad", "--for", "30m", "--account", "default", "--gate", "/v1")
	f("capture-list", "list")
	f("capture-show", "show", "c1")
	f("capture-show-json", "show", "c1", "--json")
	f("capture-stop", "stop", "c1")
	for _, form := range []string{"PK", "{}"} {
		file := filepath.Join(t.TempDir(), "out")
		args := []string{"capture", "export", "c1", file, "--shop", "nordlys"}
		if form == "{}" {
			args = append(args, "--har")
		}
		if r := h.run(t, "", args...); r.code != 0 {
			t.Error(r)
		}
		if b, err := os.ReadFile(file); err != nil || string(b) != form {
			t.Errorf("%q %v", b, err)
		}
		if r := h.run(t, "", args...); r.code != 1 {
			t.Error("a file was written over")
		}
	}
	if got := h.calls[0]; got != `POST /api/v1/shops/nordlys/captures {"door":"citrusad","seconds":1800,"account":"default","gate":"/v1"}` {
		t.Error(got)
	}
}

func TestCaptureRefusals(t *testing.T) {
	t.Parallel()
	h := capturingHub(t)
	f := func(code int, says string, args ...string) {
		t.Helper()
		r := h.run(t, "", append([]string{"capture"}, append(args, "--shop", "nordlys")...)...)
		if r.code != code || !strings.Contains(r.err, says) {
			t.Errorf("%v: %d %s", args, r.code, r.err)
		}
	}
	f(2, "--door", "start")
	f(2, "--route", "start", "--door", "citrusad", "--route", "ads")
	f(2, "--for", "start", "--door", "citrusad", "--for", "25h")
	f(1, "capture none is not known at shop nordlys", "show", "none")
	f(1, "capture none is not known", "stop", "none")
	file := filepath.Join(t.TempDir(), "out")
	f(1, "capture none is not known", "export", "none", file)
	if _, err := os.Stat(file); err == nil {
		t.Error("an empty file was left")
	}
}
