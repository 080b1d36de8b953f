package cli_test

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/ordermux/ordermux/internal/app"
	"github.com/ordermux/ordermux/internal/cli"
	"github.com/ordermux/ordermux/internal/config"
	"github.com/ordermux/ordermux/internal/intake"
	"github.com/ordermux/ordermux/internal/partner/all"
)

// block returns the one YAML block of a page that begins with start.
func block(t *testing.T, page, start string) []byte {
	t.Helper()
	text, err := os.ReadFile(page)
	if err != nil {
		t.Fatal(err)
	}
	parts := strings.Split(string(text), "```yaml\n"+start)
	if len(parts) != 2 {
		t.Fatalf("%s: %d blocks begin with %q", page, len(parts)-1, start)
	}
	body, _, closed := strings.Cut(parts[1], "\n```")
	if !closed {
		t.Fatalf("%s: the block is not closed", page)
	}
	return []byte(start + body + "\n")
}

// TestReadmeConfiguration reads the example that people copy first.
func TestReadmeConfiguration(t *testing.T) {
	t.Parallel()
	secrets := map[string]string{"ORDERMUX_ADMIN_TOKEN": "nordlys-admin", "HOOK_SECRET": "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"}
	cfg, err := config.Parse(block(t, "../../README.md", "# ordermux.yml"), config.Options{
		Partners: all.List(), CompileRule: app.CheckRule, File: "README.md",
		Getenv: func(name string) (string, bool) { v, ok := secrets[name]; return v, ok },
	})
	if err != nil {
		t.Fatal(err)
	}
	if s := cfg.Shops["nordlys"]; s == nil || len(s.Routes) != 2 || len(s.Doors["citrusad"]) != 1 {
		t.Errorf("%+v", s)
	}
}

// TestImportPageMapping reads the mapping that the page about imports shows.
func TestImportPageMapping(t *testing.T) {
	t.Parallel()
	m, err := intake.ParseMapping(block(t, "../../docs/import.md", "# How `ordermux import --map`"), config.DecodeYAML)
	if err != nil {
		t.Fatal(err)
	}
	if m.Columns["InvoiceNo"] != "order.id" || m.Cancel == nil {
		t.Errorf("%+v", m)
	}
}

// TestShippingPageConfiguration reads the couriers that the page about shipping
// shows.
func TestShippingPageConfiguration(t *testing.T) {
	t.Parallel()
	cfg, err := config.Parse(block(t, "../../docs/shipping.md", "# Couriers of a wholesaler"), config.Options{Partners: all.List(), File: "shipping.md"})
	if err != nil {
		t.Fatal(err)
	}
	if list := cfg.Shops["hurtownia"].Couriers; len(list) != 3 || list[1].ID != 5 || len(list[0].Prices) != 3 {
		t.Errorf("%+v", list)
	}
}

var (
	// fenced is a block of commands, inline a command in the middle of a text.
	fenced = regexp.MustCompile("(?ms)^```sh.*?\n(.*?)^```")
	inline = regexp.MustCompile("`ordermux ([^`]+)`")
	// called is a command in a block: its line, to a sign of the shell.
	called = regexp.MustCompile(`(?m)^(?:\./)?(?:ordermux|platform) ([^#|;>&)\n]*)`)
)

// TestDocumentsNameCommands: commands and flags that the documents show are
// those of the program.
func TestDocumentsNameCommands(t *testing.T) {
	t.Parallel()
	pages, err := filepath.Glob("../../docs/*.md")
	if err != nil {
		t.Fatal(err)
	}
	partners, err := filepath.Glob("../../docs/partners/*.md")
	if err != nil {
		t.Fatal(err)
	}
	mistake, err := cli.Reader()
	if err != nil {
		t.Fatal(err)
	}
	found := 0
	for _, page := range append(append(pages, partners...), "../../README.md", "../../CHANGELOG.md") {
		text, err := os.ReadFile(page)
		if err != nil {
			t.Fatal(err)
		}
		var lines []string
		for _, m := range inline.FindAllStringSubmatch(string(text), -1) {
			lines = append(lines, m[1])
		}
		for _, b := range fenced.FindAllStringSubmatch(string(text), -1) {
			for _, m := range called.FindAllStringSubmatch(strings.ReplaceAll(b[1], "\\\n", " "), -1) {
				lines = append(lines, m[1])
			}
		}
		for _, line := range lines {
			found++
			if wrong := mistake(strings.Fields(line)); wrong != "" {
				t.Errorf("%s: ordermux %s: %s", page, line, wrong)
			}
		}
	}
	if found < 100 {
		t.Errorf("only %d commands were found", found)
	}
}
