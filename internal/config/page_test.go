package config_test

import (
	"flag"
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/ordermux/ordermux/internal/config"
)

var update = flag.Bool("update", false, "rewrite docs/configuration.md")

const pagePath = "../../docs/configuration.md"

// TestPage holds docs/configuration.md to the keys that are read. Rewrite it
// with: go test ./internal/config -run TestPage -update
func TestPage(t *testing.T) {
	t.Parallel()
	var b strings.Builder
	b.WriteString("# Configuration\n\n" +
		"One YAML file. `ordermux check --config FILE` names every complaint with its line; unknown keys are refused.\n" +
		"Every secret may be written as it is, as `{env: NAME}` or as `{file: PATH}`. Durations are written `90s`, `15m`, `12h`, `3d`.\n" +
		"`ordermux reload` applies a changed file whole or not at all.\n\n" +
		"| key | what it takes | default | meaning |\n| --- | --- | --- | --- |\n")
	for _, d := range config.Documentation() {
		fmt.Fprintf(&b, "| `%s` | %s | %s | %s |\n", d.Path, d.Kind, d.Default, d.Text)
	}
	b.WriteString("\nThe settings of each partner's doors and routes: [partners/](partners/).\n")
	b.WriteString("\nRoutes can also be connected while the hub runs, beside this file: [routes.md](routes.md).\n")
	if *update {
		if err := os.WriteFile(pagePath, []byte(b.String()), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	got, err := os.ReadFile(pagePath)
	if err != nil {
		t.Fatal(err)
	}
	if string(got) != b.String() {
		t.Error("docs/configuration.md is stale: go test ./internal/config -run TestPage -update")
	}
}
