// Package internal_test guards the house: who may import whom, who may use
// which library, and what a partner's folder holds.
package internal_test

import (
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

const module = "github.com/ordermux/ordermux/internal/"

// arrows lists, per package, which of our packages it may import. A partner
// is written partner/*; docs/ARCHITECTURE.md draws the same.
var arrows = map[string][]string{
	"order":                 {},
	"json":                  {"order"},
	"secret":                {},
	"soap":                  {"order", "json"},
	"outbound":              {"secret"},
	"capture":               {"outbound", "order", "json"},
	"rule":                  {"order"},
	"cause":                 {},
	"mail":                  {"secret"},
	"review":                {"order", "json", "secret"},
	"catalog":               {"order", "json"},
	"promotion":             {"order", "json"},
	"shipping":              {"order"},
	"user":                  {"order", "json", "secret"},
	"console/text":          {"json"},
	"console":               {"cause", "intake", "console/text", "rehearsal", "api", "user", "order", "json", "secret", "delivery", "capture", "catalog", "partner", "promotion", "review", "shipping"},
	"partner":               {"order", "outbound", "secret", "mail", "review", "catalog", "promotion", "shipping"},
	"chore":                 {"partner", "order", "json"},
	"partner/*":             {"partner", "outbound", "order", "json", "secret", "mail", "review", "catalog", "promotion", "shipping", "soap"},
	"rehearsal":             {"partner", "order", "catalog", "promotion", "review"},
	"partner/all":           {"partner", "partner/*"},
	"partner/partnertest":   {"partner", "rehearsal", "outbound", "order", "json", "secret", "review", "catalog", "promotion", "shipping"},
	"ledger":                {"order", "json"},
	"search":                {"ledger", "delivery", "order"},
	"delivery":              {"cause", "ledger", "partner", "order", "outbound", "rule", "json"},
	"store":                 {"ledger", "delivery", "partner", "order", "review", "catalog", "promotion", "search"},
	"store/sqlite":          {"store", "store/transfer", "ledger", "delivery", "partner", "order", "outbound", "json", "secret", "review", "catalog", "promotion", "search"},
	"store/postgres":        {"store", "store/transfer", "node", "ledger", "delivery", "partner", "order", "outbound", "json", "secret", "review", "catalog", "promotion", "search"},
	"store/postgres/pgtest": {"process"},
	"store/postgres/meter":  {},
	"store/folder":          {"store", "order"},
	"store/transfer":        {"store", "ledger", "order"},
	"node":                  {"order", "json"},
	"store/storetest":       {"store", "ledger", "delivery", "partner", "order", "order/ordertest", "outbound", "json", "secret", "review", "catalog", "promotion", "search"},
	"order/ordertest":       {"order"},
	"mail/sink":             {"mail"},
	"sftp":                  {"partner", "intake", "order", "json", "secret"},
	"config":                {"partner", "order", "secret", "review", "shipping"},
	"intake":                {"partner", "order", "json", "config", "catalog"},
	"sandbox":               {"partner", "order", "json"},
	"alert":                 {"config", "mail", "delivery", "order", "outbound", "secret", "json", "partner/webhook"},
	"api":                   {"intake", "cause", "user", "rehearsal", "capture", "ledger", "delivery", "partner", "review", "catalog", "promotion", "shipping", "order", "outbound", "json", "secret", "search"},
	"process":               {},
	"bench":                 {"order", "json", "ledger", "store", "store/sqlite", "store/postgres", "store/postgres/meter", "process"},
}

// drivers are the packages that alone import a third-party module.
var drivers = map[string]string{
	"github.com/mattn/go-sqlite3":         "store/sqlite",
	"modernc.org/sqlite":                  "store/sqlite",
	"github.com/go-json-experiment/json":  "json",
	"github.com/expr-lang/expr":           "rule",
	"github.com/alecthomas/kong":          "cli",
	"github.com/goccy/go-yaml":            "config",
	"github.com/prometheus/client_golang": "app",
	"github.com/wneessen/go-mail":         "mail",
	"github.com/emersion/go-smtp":         "mail",
	"github.com/emersion/go-sasl":         "mail",
	"github.com/pkg/sftp":                 "sftp",
	"golang.org/x/text/encoding":          "intake",
	"golang.org/x/text/transform":         "intake",
	"golang.org/x/text/feature/plural":    "console/text",
	"golang.org/x/text/language":          "console/text",
	"github.com/swaggest/swgui":           "console",
	"github.com/getkin/kin-openapi":       "partner/partnertest",
	"golang.org/x/term":                   "cli",
	"golang.org/x/time":                   "delivery",
	"golang.org/x/crypto/argon2":          "secret",
	"golang.org/x/crypto/ssh":             "sftp",
	"golang.org/x/sys":                    "store/sqlite",
	"github.com/jackc/pgx":                "store/postgres",
}

type source struct {
	pkg, file string
	test      bool
	imports   []string
}

func sources(t *testing.T) []source {
	t.Helper()
	var out []source
	err := filepath.WalkDir(".", func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || !strings.HasSuffix(path, ".go") {
			return err
		}
		f, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.ImportsOnly)
		if err != nil {
			return err
		}
		s := source{pkg: filepath.ToSlash(filepath.Dir(path)), file: path, test: strings.HasSuffix(path, "_test.go")}
		for _, i := range f.Imports {
			p, _ := strconv.Unquote(i.Path.Value)
			s.imports = append(s.imports, p)
		}
		out = append(out, s)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if len(out) < 20 {
		t.Fatalf("only %d files found: the walk is broken", len(out))
	}
	return out
}

// role folds the partners' folders into partner/*.
func role(pkg string) string {
	if dir, name, ok := strings.Cut(pkg, "/"); ok && dir == "partner" && name != "all" && name != "partnertest" {
		return "partner/*"
	}
	return pkg
}

func TestArrows(t *testing.T) {
	t.Parallel()
	for _, s := range sources(t) {
		allowed, restricted := arrows[role(s.pkg)]
		if s.test || !restricted && !slices.Contains(suites, s.pkg) {
			continue
		}
		for _, imp := range s.imports {
			to, ours := strings.CutPrefix(imp, module)
			if !ours {
				continue
			}
			if slices.Contains(suites, to) && !slices.Contains(suites, s.pkg) {
				t.Errorf("%s imports %s outside of tests", s.file, to)
			}
			if !slices.Contains(allowed, to) && !slices.Contains(allowed, role(to)) {
				t.Errorf("%s: %s may not import %s", s.file, s.pkg, to)
			}
		}
	}
}

func TestOrderImportsOnlyTheStandardLibrary(t *testing.T) {
	t.Parallel()
	for _, s := range sources(t) {
		if s.pkg != "order" || s.test {
			continue
		}
		for _, imp := range s.imports {
			if first, _, _ := strings.Cut(imp, "/"); strings.Contains(first, ".") {
				t.Errorf("%s imports %s", s.file, imp)
			}
		}
	}
}

// suites are packages that only tests import; like tests, they may use the
// test libraries.
var suites = []string{"store/storetest", "store/postgres/pgtest", "partner/partnertest", "order/ordertest"}

func TestEachLibraryHasOneImporter(t *testing.T) {
	t.Parallel()
	for _, s := range sources(t) {
		if s.test || slices.Contains(suites, s.pkg) {
			continue
		}
		for _, imp := range s.imports {
			first, _, _ := strings.Cut(imp, "/")
			if !strings.Contains(first, ".") || strings.HasPrefix(imp, module) {
				continue
			}
			if owner := ownerOf(imp); owner != s.pkg && !strings.HasPrefix(s.pkg, owner+"/") {
				t.Errorf("%s imports %s, which belongs to %q", s.file, imp, owner)
			}
		}
	}
}

func ownerOf(imp string) string {
	for prefix, owner := range drivers {
		if imp == prefix || strings.HasPrefix(imp, prefix+"/") {
			return owner
		}
	}
	return "nobody"
}

func TestNoDrawers(t *testing.T) {
	t.Parallel()
	drawers := []string{"util", "utils", "common", "helpers", "helper", "models", "types", "misc"}
	for _, s := range sources(t) {
		base := strings.TrimSuffix(strings.TrimSuffix(filepath.Base(s.file), ".go"), "_test")
		if slices.Contains(drawers, base) || slices.Contains(drawers, filepath.Base(s.pkg)) {
			t.Errorf("%s: name it after what it holds", s.file)
		}
	}
}

// TestPartnerFolderIsComplete checks that each partner has its sheet, its
// fixtures, its place in all.go and its page in docs/partners.
func TestPartnerFolderIsComplete(t *testing.T) {
	t.Parallel()
	list, err := os.ReadFile("partner/all/all.go")
	if err != nil {
		t.Fatal(err)
	}
	dirs, err := os.ReadDir("partner")
	if err != nil {
		t.Fatal(err)
	}
	seen := 0
	for _, d := range dirs {
		name := d.Name()
		if !d.IsDir() || name == "all" || name == "partnertest" {
			continue
		}
		seen++
		for _, want := range []string{"README.md", "partner.go", "wire.go", "partner_test.go", "testdata"} {
			if _, err := os.Stat(filepath.Join("partner", name, want)); err != nil {
				t.Errorf("partner %s lacks %s", name, want)
			}
		}
		if !strings.Contains(string(list), name+".Partner") {
			t.Errorf("partner %s is not listed in partner/all", name)
		}
		if _, err := os.Stat(filepath.Join("..", "docs", "partners", name+".md")); err != nil {
			t.Errorf("partner %s has no page docs/partners/%s.md", name, name)
		}
	}
	if seen < 2 {
		t.Fatalf("only %d partners found", seen)
	}
}
