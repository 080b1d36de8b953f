package cli_test

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/ordermux/ordermux/internal/api"
)

// TestActs checks what each act tells the hub, and the person.
func TestActs(t *testing.T) {
	t.Parallel()
	const shop = "/api/v1/shops/nordlys"
	f := func(stdin string, args []string, out string, calls ...string) {
		t.Helper()
		h := newHub(t)
		r := h.run(t, stdin, append(args, "--shop", "nordlys")...)
		if r.code != 0 || r.out != out {
			t.Errorf("%v: code %d, out %q, err %q", args, r.code, r.out, r.err)
		}
		if d := cmp.Diff(calls, h.calls); d != "" {
			t.Errorf("%v (-want +got):\n%s", args, d)
		}
	}
	f("", []string{"route", "pause", "ads", "--reason", "stocktaking"}, "route ads is paused\n",
		"POST "+shop+`/routes/ads/pause {"reason":"stocktaking"}`)
	f("", []string{"route", "resume", "ads"}, "route ads goes on\n", "POST "+shop+"/routes/ads/resume")
	// Count first, then the act: asked, or answered beforehand.
	f("y\n", []string{"route", "replay", "ads", "--from-seq", "1", "--to-seq", "9"}, "2 sent again\n",
		"POST "+shop+`/routes/ads/replay {"from_seq":1,"to_seq":9,"dry_run":true}`,
		"POST "+shop+`/routes/ads/replay {"from_seq":1,"to_seq":9}`)
	f("", []string{"route", "backfill", "ads", "--from", "2026-05-31T09:30:00Z", "--yes"}, "2 planned\n",
		"POST "+shop+`/routes/ads/backfill {"from":"2026-05-31T09:30:00Z","dry_run":true}`,
		"POST "+shop+`/routes/ads/backfill {"from":"2026-05-31T09:30:00Z"}`)
	f("", []string{"delivery", "retry", "--state", "failed", "--code", "http_400", "-y"}, "2 retried\n",
		"POST "+shop+`/deliveries/retry {"states":["failed"],"code":"http_400","dry_run":true}`,
		"POST "+shop+`/deliveries/retry {"states":["failed"],"code":"http_400"}`)
	f("yes\n", []string{"delivery", "drop", "--order", "1001"}, "2 dropped\n",
		"POST "+shop+`/deliveries/drop {"orders":["1001"],"dry_run":true}`,
		"POST "+shop+`/deliveries/drop {"orders":["1001"]}`)
	f("", []string{"delivery", "send", "ads", "1001"}, "ads: send order 1001 (event #1)\n{\"id\":\"1001\"}\n",
		"POST "+shop+`/deliveries/send {"dry_run":false,"order":"1001","route":"ads"}`)
	f("y\n", []string{"erase", "1001"}, "order 1001 is erased\n", "POST "+shop+"/orders/1001/erase")
	f("", []string{"token", "create", "erp"}, "omx_once\n", "POST "+shop+`/tokens {"name":"erp","scope":"submit"}`)
	f("", []string{"token", "rotate", "erp", "--keep", "1h"}, "omx_once\n", "POST "+shop+`/tokens/erp/rotate {"keep_seconds":3600}`)
	f("", []string{"token", "revoke", "erp"}, "token erp is revoked\n", "DELETE "+shop+"/tokens/erp")

	file := filepath.Join(t.TempDir(), "password")
	if err := os.WriteFile(file, []byte("hush\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	const door = shop + "/credentials/skeepers"
	shown := "url:            https://hub.example/skeepers\nclient_id:      c-1\ndomains:        a.example, b.example\nclient_secret:  once\n"
	f("", []string{"token", "create", "erp", "--partner", "skeepers", "--kind", "user", "--set", "domains=a.example,b", "--set", "domains=c", "--set", "password=@" + file}, shown,
		"POST "+door+` {"kind":"user","name":"erp","values":{"domains":["a.example,b","c"],"password":"hush"}}`)
	f("", []string{"token", "change", "erp", "--partner", "skeepers", "--kind", "user", "--set", "open=true", "--unset", "role"},
		"NAME  KIND  MADE (UTC)            LAST USED  ROTATED  OLD SECRETS WORK UNTIL  VALUES                   SECRETS\n"+
			"anna  user  in the configuration  -          -        -                       email=a***@shop.example  password\n",
		"PATCH "+door+`/erp?kind=user {"values":{"open":"true","role":[]}}`)
	f("", []string{"token", "rotate", "erp", "--partner", "skeepers", "--keep", "24h"}, shown, "POST "+door+`/erp/rotate {"keep_seconds":86400}`)
	f("", []string{"token", "rotate", "erp", "--partner", "skeepers"}, shown, "POST "+door+`/erp/rotate {"keep_seconds":0}`)
	f("", []string{"token", "revoke", "erp", "--partner", "skeepers", "--tokens"},
		"the access tokens of erp at skeepers are revoked; it can get new ones\n", "POST "+door+"/erp/revoke-tokens")
	f("", []string{"token", "revoke", "anna", "--partner", "skeepers", "--kind", "user"},
		"credential anna of skeepers is revoked, with its access tokens\n", "DELETE "+door+"/anna?kind=user")
}

// TestRotateTellsTheOldTokensEnd: who rotates must know how long both work.
func TestRotateTellsTheOldTokensEnd(t *testing.T) {
	t.Parallel()
	h := newHub(t)
	f := func(want string, args ...string) {
		t.Helper()
		r := h.run(t, "", append([]string{"token", "rotate", "erp", "--shop", "nordlys"}, args...)...)
		if r.code != 0 || r.out != "omx_once\n" || !regexp.MustCompile(want).MatchString(r.err) {
			t.Errorf("%v: %+v", args, r)
		}
	}
	f(`the old token goes on working for 24h0m0s, until \d{4}-\d\d-\d\d \d\d:\d\d:\d\d UTC`)
	f(`the old token has stopped working`, "--keep", "0s")
}

func TestANoDoesNothing(t *testing.T) {
	t.Parallel()
	for _, answer := range []string{"n\n", "\n", "yep\n"} {
		h := newHub(t)
		r := h.run(t, answer, "delivery", "drop", "--all", "--shop", "nordlys")
		if r.code != 1 || !strings.Contains(r.err, "2 would be dropped. Go on? [y/N]") || !strings.Contains(r.err, "nothing was done") || len(h.calls) != 1 {
			t.Errorf("%q: %+v %v", answer, r, h.calls)
		}
	}
}

// TestNothingFits: an act on nothing says where to look, for a route's name may
// be wrong.
func TestNothingFits(t *testing.T) {
	t.Parallel()
	h := newHub(t)
	h.answers["POST /api/v1/shops/nordlys/deliveries/retry"] = api.Acted{}
	r := h.run(t, "", "delivery", "retry", "--route", "adds", "--all", "--shop", "nordlys")
	if r.code != 0 || r.out != "0 retried\n" || !strings.Contains(r.err, "ordermux routes") {
		t.Errorf("%+v", r)
	}
}

func TestHubActs(t *testing.T) {
	t.Parallel()
	h := newHub(t)
	if r := h.run(t, "", "reload"); r.code != 0 || r.out != "reloaded\n" {
		t.Errorf("%+v", r)
	}
	if r := h.run(t, "", "backup", "/backups/one"); r.code != 0 || !strings.HasPrefix(r.out, "/backups/one: 2 files, 4096 bytes") {
		t.Errorf("%+v", r)
	}
	h.answers["POST /api/v1/reload"] = api.Reloaded{Done: true, Nodes: []api.NodeReload{{ID: "a1", Name: "one", Done: true}, {ID: "b2", Name: "two", Done: true}}}
	if r := h.run(t, "", "reload"); r.code != 0 || r.out != "one: reloaded\ntwo: reloaded\n" {
		t.Errorf("%+v", r)
	}
	h.answers["POST /api/v1/reload"] = &api.Problem{Status: 400, Title: "Bad Request", Detail: "not every node …", Nodes: []api.NodeReload{
		{ID: "a1", Name: "one", Done: true}, {ID: "b2", Name: "two", Error: "f.yml:3: listne: unknown key"},
	}}
	if r := h.run(t, "", "reload"); r.code != 1 || r.out != "one: reloaded\n" || r.err != "two: nothing was changed: f.yml:3: listne: unknown key\n" {
		t.Errorf("%+v", r)
	}
	h.answers["POST /api/v1/reload"] = &api.Problem{Status: 400, Title: "Bad Request", Detail: "nothing was changed: f.yml:3: listne: unknown key"}
	if r := h.run(t, "", "reload"); r.code != 1 || !strings.HasPrefix(r.err, "ordermux: nothing was changed: f.yml:3: listne: unknown key\n") {
		t.Errorf("%+v", r)
	}
}

func TestShopMustBeClear(t *testing.T) {
	t.Parallel()
	h := newHub(t)
	h.answers["GET /api/v1/shops"] = api.Shops{Shops: []api.Shop{{ID: "aurora"}, {ID: "nordlys"}}}
	if r := h.run(t, "", "routes"); r.code != 2 || !strings.Contains(r.err, "ORDERMUX_SHOP to one of aurora, nordlys") {
		t.Errorf("%+v", r)
	}
	h.answers["GET /api/v1/shops"] = &api.Problem{Status: 403}
	if r := h.run(t, "", "routes"); r.code != 2 || !strings.Contains(r.err, "no shop") {
		t.Errorf("%+v", r)
	}
}
