package cli_test

import (
	"bytes"
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/ordermux/ordermux/internal/cli"
)

// TestCompletionInBash lets a real bash complete.
func TestCompletionInBash(t *testing.T) {
	t.Parallel()
	script := run(t, "", "completion", "bash")
	if script.code != 0 {
		t.Fatal(script.err)
	}
	file := write(t, "completion.bash", script.out)
	yml := write(t, "hub.yml", "")
	f := func(want string, words ...string) {
		t.Helper()
		cmd := exec.Command("bash", "-u", "-c", `source "$0"; COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _ordermux; echo "${COMPREPLY[*]}"`, file)
		cmd.Args = append(append(cmd.Args, "ordermux"), words...)
		out, err := cmd.CombinedOutput()
		if got := strings.TrimSpace(string(out)); err != nil || got != want {
			t.Errorf("%q: %v\n%s\nwant\n%s", words, err, got, want)
		}
	}
	f("routes route", "rout")
	f("create list rotate change revoke", "token", "")
	f("submit read operate admin", "token", "create", "--scope", "")
	f("admin", "--hub", "http://hub.example", "token", "create", "--scope", "a")
	f("--shop --since --sku --state", "orders", "--s")
	f("--route", "tail", "--r")
	f("bash zsh fish", "completion", "")
	f("", "orders", "--channel", "")
	f(yml, "check", "--config", filepath.Join(filepath.Dir(yml), "h"))
	f("admin", "token", "create", "--scope", "=", "a")
	f("submit read operate admin", "token", "create", "--scope", "=")
}

// TestCompletionInFish lets a real fish complete.
func TestCompletionInFish(t *testing.T) {
	t.Parallel()
	file := write(t, "completion.fish", run(t, "", "completion", "fish").out)
	f := func(want, line string) {
		t.Helper()
		cmd := exec.Command("fish", "--no-config", "-c", `source $argv[1]; complete -C $argv[2]`, file, line)
		cmd.Env = append(os.Environ(), "HOME="+t.TempDir())
		out, err := cmd.CombinedOutput()
		var got []string
		for l := range strings.Lines(string(out)) {
			word, _, _ := strings.Cut(strings.TrimSpace(l), "\t")
			got = append(got, word)
		}
		if slices.Sort(got); err != nil || strings.Join(got, " ") != want {
			t.Errorf("%q: %v\n%s\nwant %s", line, err, out, want)
		}
	}
	f("route routes", "ordermux rout")
	f("change create list revoke rotate", "ordermux token ")
	f("admin", "ordermux token create --scope a")
	f("--shop --since --sku --state", "ordermux orders --s")
	f("bash fish zsh", "ordermux completion ")
}

// TestOtherShells: the scripts name every command, and quote what is in the
// help of commands and flags.
func TestOtherShells(t *testing.T) {
	t.Parallel()
	all, err := cli.Commands()
	if err != nil {
		t.Fatal(err)
	}
	zsh, fish := run(t, "", "completion", "zsh").out, run(t, "", "completion", "fish").out
	for _, words := range all[1:] {
		if name := "_ordermux_" + strings.NewReplacer(" ", "_", "-", "_").Replace(words) + "()"; !strings.Contains(zsh, name) {
			t.Errorf("zsh: no %s", name)
		}
		path, last, _ := strings.Cut(words, " ")
		if last == "" {
			path, last = "", path
		}
		if strings.Contains(last, " ") {
			continue
		}
		if line := "-n '" + strings.TrimSpace("__ordermux_at "+path) + "' -a " + last + " -d '"; !strings.Contains(fish, line) {
			t.Errorf("fish: no %s", line)
		}
	}
	for shell, script := range map[string]string{"zsh": zsh, "fish": fish} {
		for line := range strings.Lines(script) {
			line = strings.NewReplacer(`'\''`, "", `\\`, "", `\'`, "").Replace(line)
			if !strings.HasPrefix(line, "#") && strings.Count(line, "'")%2 != 0 && !strings.Contains(line, "command") {
				t.Errorf("%s: a quote is open in %s", shell, line)
			}
		}
	}
	// The grammar of zsh is near enough to bash's to find a slip in the script.
	if out, err := exec.Command("bash", "-n", write(t, "zsh", zsh)).CombinedOutput(); err != nil {
		t.Errorf("%s", out)
	}
	if r := run(t, "", "completion", "tcsh"); r.code != 2 || !strings.Contains(r.err, "bash") {
		t.Errorf("%+v", r)
	}
}

// TestManual: every command, nothing that roff would take for a request.
func TestManual(t *testing.T) {
	t.Parallel()
	r := run(t, "", "man")
	if r.code != 0 || !strings.HasPrefix(r.out, `.TH ORDERMUX 1 "" "ordermux 1.2.3`) {
		t.Fatalf("%.200s", r.out)
	}
	known := map[string]bool{".TH": true, ".SH": true, ".SS": true, ".TP": true, ".B": true, ".I": true, ".RI": true, ".nf": true, ".fi": true, ".PP": true}
	for line := range strings.Lines(r.out) {
		request, _, _ := strings.Cut(strings.TrimSpace(line), " ")
		if (strings.HasPrefix(line, ".") || strings.HasPrefix(line, "'")) && !known[request] {
			t.Errorf("roff takes this for a request: %s", line)
		}
		if strings.IndexFunc(line, func(r rune) bool { return r > '~' }) >= 0 {
			t.Errorf("not ASCII: %s", line)
		}
	}
	lines, err := cli.CallsOfHub()
	if err != nil {
		t.Fatal(err)
	}
	for _, words := range lines {
		if want := strings.ReplaceAll("ordermux "+words[0], "-", `\-`); !strings.Contains(r.out, `.SS "`+want) {
			t.Errorf("no %s", want)
		}
	}
}

// TestColours: a terminal shows them; scripts, and who asks for JSON, get none.
func TestColours(t *testing.T) {
	t.Parallel()
	h := newHub(t)
	in := func(colour bool, args ...string) string {
		t.Helper()
		var out, errs bytes.Buffer
		env := cli.Env{In: strings.NewReader(""), Out: &out, Err: &errs, Colour: colour}
		if code := cli.Run(context.Background(), append(args, "--hub", h.url, "--token", "t"), env); code != 0 {
			t.Fatal(errs.String())
		}
		return out.String()
	}
	for _, args := range [][]string{{"routes"}, {"deliveries"}, {"order", "1001"}} {
		plain, painted := in(false, args...), in(true, args...)
		if strings.Contains(plain, "\x1b[") || !strings.Contains(painted, "\x1b[1m") || !strings.Contains(painted, "\x1b[31m") {
			t.Errorf("%v:\n%q\n%q", args, plain, painted)
		}
		bare := painted
		for _, code := range []string{"0", "1", "2", "31", "32", "33"} {
			bare = strings.ReplaceAll(bare, "\x1b["+code+"m", "")
		}
		if bare != plain {
			t.Errorf("%v: without colours it is another text\n%s\n%s", args, bare, plain)
		}
		if one, two := in(false, append(args, "--json")...), in(true, append(args, "--json")...); one != two {
			t.Errorf("%v: colours reach JSON: %s", args, two)
		}
	}
	if got := cli.TintRow("ads  failed  said failed", []string{"ads", "failed", "said failed"}); got != "ads  \x1b[31mfailed\x1b[0m  said failed" {
		t.Errorf("%q", got)
	}
}
