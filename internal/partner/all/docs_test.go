package all_test

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/ordermux/ordermux/internal/partner"
	"github.com/ordermux/ordermux/internal/partner/all"
)

var update = flag.Bool("update", false, "rewrite docs/partners from the partners' settings")

// TestPages holds docs/partners to the settings that the partners declare.
// Rewrite them with: go test ./internal/partner/all -update
func TestPages(t *testing.T) {
	t.Parallel()
	for _, p := range all.List() {
		t.Run(p.Name, func(t *testing.T) {
			t.Parallel()
			path := filepath.Join("..", "..", "..", "docs", "partners", p.Name+".md")
			want := page(p)
			if *update {
				if err := os.WriteFile(path, []byte(want), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			got, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			if string(got) != want {
				t.Errorf("%s is stale: go test ./internal/partner/all -update", path)
			}
		})
	}
}

func TestEverySettingIsDescribed(t *testing.T) {
	t.Parallel()
	for _, p := range all.List() {
		for _, f := range p.Settings {
			if f.Description == "" || !f.Door && !f.Route || f.Kind == "" {
				t.Errorf("%s: setting %s lacks a description, a side or a kind", p.Name, f.Name)
			}
			if f.Keep != nil && (f.Credential || f.Kind == partner.List) || f.Kind == partner.Document && f.Secret {
				t.Errorf("%s: setting %s asks for what the hub does not do", p.Name, f.Name)
			}
		}
	}
}

func page(p partner.Partner) string {
	var b strings.Builder
	fmt.Fprintf(&b, "# %s\n\n", p.Title)
	fmt.Fprintf(&b, "What is spoken, and how sure each line is, stands in the [compatibility sheet](../../internal/partner/%s/README.md).\n", p.Name)
	section(&b, "Door", "doors", p, p.Door != nil, func(f partner.Field) bool { return f.Door && !f.Hub && f.Of == "" })
	otherKinds(&b, p)
	wholeDoor(&b, p)
	section(&b, "Route", "routes.NAME.settings", p, p.Route != nil, func(f partner.Field) bool { return f.Route })
	if len(p.Formats) > 0 {
		b.WriteString("\n## Files\n\n`ordermux import FILE --format NAME` reads:\n\n| format | what it is |\n| --- | --- |\n")
		for _, f := range p.Formats {
			fmt.Fprintf(&b, "| `%s` | %s |\n", f.Name, f.Description)
		}
	}
	return b.String()
}

// otherKinds shows the kinds of credential that a door has beside its own.
func otherKinds(b *strings.Builder, p partner.Partner) {
	var kinds []string
	for _, f := range p.Settings {
		if f.Door && !f.Hub && f.Of != "" && !slices.Contains(kinds, f.Of) {
			kinds = append(kinds, f.Of)
		}
	}
	for _, of := range kinds {
		fmt.Fprintf(b, "\nAn element of that list with `kind: %s`, or `ordermux token create NAME --partner %s --kind %s`:\n\n", of, p.Name, of)
		rows(b, p, func(f partner.Field) bool { return f.Door && !f.Hub && f.Of == of })
	}
}

// wholeDoor shows the settings that a door has once, for all shops.
func wholeDoor(b *strings.Builder, p partner.Partner) {
	applies := func(f partner.Field) bool { return f.Door && f.Hub }
	if slices.ContainsFunc(p.Settings, applies) {
		fmt.Fprintf(b, "\nOf the whole door, under the top-level `doors.%s` beside `listen`:\n\n", p.Name)
		rows(b, p, applies)
	}
}

func section(b *strings.Builder, title, where string, p partner.Partner, has bool, applies func(partner.Field) bool) {
	if !has {
		return
	}
	fmt.Fprintf(b, "\n## %s\n\nSettings under `%s`:\n\n", title, strings.ReplaceAll(where, "doors", "doors."+p.Name))
	rows(b, p, applies)
}

func rows(b *strings.Builder, p partner.Partner, applies func(partner.Field) bool) {
	b.WriteString("| setting | kind | default | meaning |\n| --- | --- | --- | --- |\n")
	for _, f := range p.Settings {
		if applies(f) {
			fmt.Fprintf(b, "| `%s` | %s | %s | %s |\n", f.Name, kind(f), standard(f), f.Description)
		}
	}
}

func kind(f partner.Field) string {
	k := string(f.Kind)
	if len(f.Choices) > 0 {
		k = "`" + strings.Join(f.Choices, "`, `") + "`"
	}
	if f.Secret {
		k += ", secret"
	}
	return k
}

func standard(f partner.Field) string {
	switch {
	case f.Required:
		return "required"
	case f.Default != "":
		return "`" + f.Default + "`"
	}
	return ""
}
