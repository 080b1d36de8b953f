package cli_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/ordermux/ordermux/internal/partner/all"
)

// TestInit writes a configuration from flags, and by asking: check takes both.
func TestInit(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "ordermux.yml")
	flags := []string{
		"init", "--config", file, "--shop", "nordlys", "--name", `Nordlys "Kaffe": å`, "--currency", "SEK", "--timezone", "Europe/Stockholm",
		"--door", "citrusad,skeepers", "--set", "doors.citrusad.team_id=team-1", "--set", "doors.skeepers.website_id=5a4db0c5-0000-4000-8000-5a4db0c50001",
		"--route", "ads=citrusad", "--set", "ads.base_url=http://127.0.0.1:8090/citrusad", "--set", "ads.api_key={file: key}", "--set", "ads.read_back=0",
		"--route", "webhook", "--set", "webhook.url=http://127.0.0.1:9000/in", "--set", "webhook.secret=whsec_dGVzdHRlc3R0ZXN0dGVzdHRlc3R0ZXN0",
	}
	if r := run(t, "", flags...); r.code != 2 || !strings.Contains(r.err, "nothing was written") || !strings.Contains(r.err, "api_key") {
		t.Errorf("a secret that is not there: %+v", r)
	}
	if err := os.WriteFile(filepath.Join(filepath.Dir(file), "key"), []byte("k-1"), 0o600); err != nil {
		t.Fatal(err)
	}
	if r := run(t, "", flags...); r.code != 0 || !strings.Contains(r.out, "ordermux serve --config") {
		t.Fatalf("%+v", r)
	}
	if r := run(t, "", "check", "--config", file); r.code != 0 || !strings.Contains(r.out, "1 shop, 2 routes") {
		t.Errorf("%+v", r)
	}
	if info, err := os.Stat(file); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("%v %v", info.Mode(), err)
	}
	before, _ := os.ReadFile(file)
	if r := run(t, "", flags...); r.code != 1 || !strings.Contains(r.err, "is there already") {
		t.Errorf("%+v", r)
	}
	if after, _ := os.ReadFile(file); string(after) != string(before) {
		t.Error("it was overwritten")
	}
}

// TestInitAsks answers its questions, wrongly first.
func TestInitAsks(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "hub.yml")
	answers := strings.Join([]string{
		"Nordlys!", "nordlys", "", "sek", "SEK", "Mars", "Europe/Stockholm", "localhost", "", // shop, name, currency, zone, listen
		"nobody", "citrusad", // doors
		"ads=nobody", "ads=citrusad, hook=webhook", // routes
		"ftp://x", "http://127.0.0.1:8090/citrusad", "sandbox-secret-key", "", // ads: base_url, api_key, file_password
		"http://127.0.0.1:9000/in", "whsec_dGVzdHRlc3R0ZXN0dGVzdHRlc3R0ZXN0", // hook
	}, "\n") + "\n\n\n\n\n"
	r := run(t, answers, "init", "--config", file)
	if r.code != 0 {
		t.Fatalf("%+v", r)
	}
	for _, want := range []string{"characters of a-z", "three capital letters", "name of a zone", `no door of "nobody"`, `no route to "nobody"`} {
		if !strings.Contains(r.err, want) {
			t.Errorf("it does not complain: %s\n%s", want, r.err)
		}
	}
	if r := run(t, "", "check", "--config", file); r.code != 0 || !strings.Contains(r.out, "1 shop, 2 routes") {
		text, _ := os.ReadFile(file)
		t.Errorf("%+v\n%s", r, text)
	}
	none := filepath.Join(t.TempDir(), "none.yml")
	if r := run(t, "nordlys\n", "init", "--config", none); r.code != 1 || !strings.Contains(r.err, "nothing was written") {
		t.Errorf("%+v", r)
	}
	if _, err := os.Stat(none); err == nil {
		t.Error("half of the answers made a file")
	}
}

// TestInitKeepsAnswers: what can not run yet is written all the same for who has
// answered everything, if he likes.
func TestInitKeepsAnswers(t *testing.T) {
	t.Parallel()
	for answer, written := range map[string]bool{"": true, "no": false} {
		file := filepath.Join(t.TempDir(), "hub.yml")
		answers := []string{"nordlys", "", "SEK", "", "", "", "webhook", "https://hook.example/in", "{env: ORDERMUX_NO_SUCH_SECRET}", "", "", answer, ""}
		r := run(t, strings.Join(answers, "\n"), "init", "--config", file)
		if !strings.Contains(r.err, "ORDERMUX_NO_SUCH_SECRET") || (r.code == 0) != written {
			t.Errorf("%q: %+v", answer, r)
		}
		if text, err := os.ReadFile(file); (err == nil) != written || written != strings.Contains(string(text), "{env: ORDERMUX_NO_SUCH_SECRET}") {
			t.Errorf("%q: %v\n%s", answer, err, text)
		}
	}
}

// TestInitRefuses says which flag is wrong or lacking.
func TestInitRefuses(t *testing.T) {
	t.Parallel()
	f := func(want string, args ...string) {
		t.Helper()
		file := filepath.Join(t.TempDir(), "x.yml")
		r := run(t, "", append([]string{"init", "--config", file}, args...)...)
		if _, err := os.Stat(file); r.code != 2 || !strings.Contains(r.err, want) || err == nil {
			t.Errorf("%q: %+v, want %s", args, r, want)
		}
	}
	f("give at least --shop and --currency")
	f("--shop: must be 1 to 64 characters of a-z", "--shop", "A b", "--currency", "SEK")
	f("--currency: must be three", "--shop", "a", "--currency", "kr")
	f("--timezone", "--shop", "a", "--currency", "SEK", "--timezone", "Mars")
	f("there are citrusad", "--shop", "a", "--currency", "SEK", "--door", "nobody")
	f("is named twice", "--shop", "a", "--currency", "SEK", "--route", "ads=citrusad", "--route", "ads=webhook")
	f("--set hook.url=…", "--shop", "a", "--currency", "SEK", "--route", "hook=webhook")
	f("--set hook.nope: takes", "--shop", "a", "--currency", "SEK", "--route", "hook=webhook", "--set", "hook.nope=1")
	f("--shop: must be", "--shop=-a", "--currency", "SEK")
	f("--listen: must be an address", "--shop", "a", "--currency", "SEK", "--listen", "nowhere")
	f("base_url: must be an absolute", "--shop", "a", "--currency", "SEK", "--route", "ads=citrusad")
}

// TestInitOfEveryDoor: whatever partner is chosen, what is made is taken.
func TestInitOfEveryDoor(t *testing.T) {
	t.Parallel()
	values := map[string]string{"website_id": "5a4db0c5-0000-4000-8000-5a4db0c50001", "domains": "a.example", "chain_id": "5a4db0c5-0000-4000-8000-5a4db0c50001"}
	for _, p := range all.List() {
		if p.Door == nil {
			continue
		}
		args := []string{"init", "--config", filepath.Join(t.TempDir(), "x.yml"), "--shop", "a", "--currency", "EUR", "--door", p.Name}
		for _, f := range p.Settings {
			if f.Door && !f.Hub && f.Of == "" && f.Required && f.Make == "" && f.Default == "" {
				v := values[f.Name]
				if v == "" && len(f.Choices) > 0 {
					v = f.Choices[0]
				} else if v == "" {
					v = "x-1"
				}
				args = append(args, "--set", "doors."+p.Name+"."+f.Name+"="+v)
			}
		}
		if r := run(t, "", args...); r.code != 0 {
			t.Errorf("%s: %+v", p.Name, r)
		}
	}
}
