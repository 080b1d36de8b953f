package sqlite

import (
	"context"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"maps"
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// The rules of these tests are those of a store that is spread over machines
// by shop (design: stores and growth). They hold for every table from the
// first one on.

// references are the small tables that belong to no shop.
var references = map[string]string{
	"migrations": "what was done to this file",
	"tokens":     "credential digest to shop",
}

// withoutShop are the statements that may touch a shop's table without naming
// a shop: the operator's overview, and the start of a node.
var withoutShop = map[string]string{
	"SELECT shop FROM shops ORDER BY shop":            "overview",
	"SELECT shop FROM shops WHERE head > indexed":     "start of a node: head positions",
	"SELECT DISTINCT shop FROM routes ORDER BY shop":  "start of a node: whose routes it runs",
	"SELECT p.rowid, p.salt = zeroblob(length(p.salt": "giving room back: rows of whichever shop, from the first one on",
	"SELECT k.rowid, k.erased = 1 AND k.at < coalesc": "as before",
	"DELETE FROM personal WHERE rowid <= ?":           "as before",
	"DELETE FROM calls WHERE rowid <= ?":              "as before",
	"SELECT count(*) FROM migrations":                 "no shop's",
	"SELECT name FROM migrations ORDER BY name":       "no shop's",
	"INSERT INTO migrations (name, applied_at) VALUE": "no shop's",
}

func TestSchemaIsByShop(t *testing.T) {
	t.Parallel()
	s := mustOpen(t, t.TempDir(), Options{})
	err := s.View(t.Context(), func(v *View) error {
		tables, err := texts(v, "SELECT name FROM sqlite_schema WHERE type = 'table' ORDER BY name")
		if err != nil {
			return err
		}
		for _, table := range tables {
			if _, ok := references[table]; ok {
				continue
			}
			text, err := texts(v, "SELECT sql FROM sqlite_schema WHERE name = ?", table)
			if err != nil {
				return err
			}
			if strings.Contains(strings.ToUpper(text[0]), "AUTOINCREMENT") {
				t.Errorf("%s: a serial key", table)
			}
			if err := indexesByShop(t, v, table); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

// indexesByShop checks that a table has a primary key and that it and every
// index begin with shop.
func indexesByShop(t *testing.T, v *View, table string) error {
	first, err := texts(v, "SELECT name FROM pragma_table_info(?) WHERE pk = 1", table)
	if err != nil {
		return err
	}
	if len(first) != 1 || first[0] != "shop" {
		t.Errorf("%s: its primary key begins with %v instead of shop", table, first)
	}
	indexes, err := texts(v, "SELECT name FROM pragma_index_list(?)", table)
	if err != nil {
		return err
	}
	for _, index := range indexes {
		first, err := texts(v, "SELECT name FROM pragma_index_info(?) WHERE seqno = 0", index)
		if err != nil {
			return err
		}
		if len(first) != 1 || first[0] != "shop" {
			t.Errorf("%s: index %s begins with %v instead of shop", table, index, first)
		}
	}
	return nil
}

var (
	isStatement = regexp.MustCompile(`(?i)^\s*(SELECT|INSERT|UPDATE|DELETE|REPLACE|WITH)\s`)
	blanks      = regexp.MustCompile(`\s+`)
	// namesShop finds a shop that is given: a condition on it, or its column
	// in an INSERT.
	namesShop = regexp.MustCompile(`(?i)(\bshop = (\?|[a-z]+\.shop)|\(shop[,)])`)
)

// TestStatementsNameTheirShop reads every statement in the package's sources.
func TestStatementsNameTheirShop(t *testing.T) {
	t.Parallel()
	found := statements(t)
	if len(found) < 30 {
		t.Fatalf("only %d statements found: the test reads wrongly", len(found))
	}
	used := map[string]bool{}
	for text, place := range found {
		if why := exempt(text, used); why != "" || !touchesShop(text) {
			continue
		}
		if !namesShop.MatchString(text) {
			t.Errorf("%s: names no shop: %s", place, text)
		}
	}
	for prefix := range withoutShop {
		if !used[prefix] {
			t.Errorf("an exception that nothing needs: %s", prefix)
		}
	}
}

func exempt(text string, used map[string]bool) string {
	for prefix, why := range withoutShop {
		if strings.HasPrefix(text, prefix) {
			used[prefix] = true
			return why
		}
	}
	return ""
}

// touchesShop is false for statements about reference tables and pragmas only.
func touchesShop(text string) bool {
	for table := range references {
		text = strings.ReplaceAll(text, " "+table, " ")
	}
	return regexp.MustCompile(`(?i)\b(FROM|INTO|UPDATE|JOIN) [a-z_]{2,}`).MatchString(text)
}

// statements returns the SQL texts in the package's sources, blanks made one,
// with where they stand. Texts that are put together from constants are found
// by their parts: each part that begins a statement is followed to its end.
func statements(t *testing.T) map[string]string {
	t.Helper()
	files, err := os.ReadDir(".")
	if err != nil {
		t.Fatal(err)
	}
	fset := token.NewFileSet()
	var parsed []*ast.File
	for _, f := range files {
		if strings.HasSuffix(f.Name(), "_test.go") || !strings.HasSuffix(f.Name(), ".go") {
			continue
		}
		file, err := parser.ParseFile(fset, f.Name(), nil, parser.SkipObjectResolution)
		if err != nil {
			t.Fatal(err)
		}
		parsed = append(parsed, file)
	}
	constants := map[string]string{}
	for range 3 { // constants of constants
		for _, file := range parsed {
			collectConstants(file, constants)
		}
	}
	found := map[string]string{}
	for _, file := range parsed {
		ast.Inspect(file, func(n ast.Node) bool {
			e, ok := n.(ast.Expr)
			if !ok {
				return true
			}
			text, ok := constant(e, constants)
			if !ok || !isStatement.MatchString(text) {
				return true
			}
			text = strings.TrimSpace(blanks.ReplaceAllString(text, " "))
			found[text] = fset.Position(n.Pos()).String()
			return false
		})
	}
	return withoutParts(found)
}

// withoutParts drops texts that are the beginning of another one.
func withoutParts(found map[string]string) map[string]string {
	texts := slices.Sorted(maps.Keys(found))
	for i := 0; i+1 < len(texts); i++ {
		if strings.HasPrefix(texts[i+1], texts[i]) {
			delete(found, texts[i])
		}
	}
	return found
}

func collectConstants(file *ast.File, into map[string]string) {
	ast.Inspect(file, func(n ast.Node) bool {
		spec, ok := n.(*ast.ValueSpec)
		if !ok {
			return true
		}
		for i, name := range spec.Names {
			if i < len(spec.Values) {
				if text, ok := constant(spec.Values[i], into); ok {
					into[name.Name] = text
				}
			}
		}
		return true
	})
}

// constant returns the text of a string expression; what is not known is left
// out of a sum.
func constant(e ast.Expr, constants map[string]string) (string, bool) {
	switch e := e.(type) {
	case *ast.BasicLit:
		if e.Kind != token.STRING {
			return "", false
		}
		text, err := strconv.Unquote(e.Value)
		return text, err == nil
	case *ast.Ident:
		text, ok := constants[e.Name]
		return text, ok
	case *ast.ParenExpr:
		return constant(e.X, constants)
	case *ast.BinaryExpr:
		x, okX := constant(e.X, constants)
		y, okY := constant(e.Y, constants)
		return x + y, okX || okY
	}
	return "", false
}

// TestNoStatementWalksATable asks the engine how it finds the rows of every
// statement: never by reading a whole table, but for the exceptions.
func TestNoStatementWalksATable(t *testing.T) {
	t.Parallel()
	s := mustOpen(t, t.TempDir(), Options{})
	planned := 0
	for text, place := range statements(t) {
		if strings.Contains(text, "pragma") || exempt(text, map[string]bool{}) != "" {
			continue
		}
		lines := plan(t, s, text)
		planned += min(len(lines), 1)
		for _, line := range lines {
			if strings.HasPrefix(line, "SCAN") && !strings.Contains(line, "CONSTANT ROW") && !scansFew(line) {
				t.Errorf("%s: %s: %s", place, line, text)
			}
		}
	}
	if planned < 40 {
		t.Errorf("only %d statements have a plan: the test asks wrongly", planned)
	}
}

// scansFew tells scans of a statement's own values and of reference tables.
func scansFew(line string) bool {
	for _, few := range []string{"SCAN v", "SCAN (", "VALUES", "SCAN tokens", "SCAN migrations"} {
		if strings.HasPrefix(line, few) || strings.Contains(line, few) {
			return true
		}
	}
	return false
}

// plan returns the engine's plan; a statement that is only a part has none.
func plan(t *testing.T, s *Store, text string) []string {
	if strings.HasSuffix(text, "VALUES") {
		text += " %s"
	}
	if strings.Contains(text, "VALUES %s") {
		columns := strings.Count(text[:strings.Index(text, "VALUES")], ",") + 1
		text = strings.Replace(text, "%s", "("+strings.Repeat("?,", columns-1)+"?)", 1)
	}
	text = strings.ReplaceAll(text, "%s", "?")
	var lines []string
	conn, err := s.readers.db.Conn(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close() }()
	highest := strings.Count(text, "?")
	rows, err := conn.QueryContext(t.Context(), "EXPLAIN QUERY PLAN "+text, make([]any, parameters(text, highest))...)
	if err != nil {
		return nil
	}
	err = eachRow(rows, func() error {
		var id, parent, unused int
		var detail string
		err := rows.Scan(&id, &parent, &unused, &detail)
		lines = append(lines, detail)
		return err
	})
	if err != nil {
		t.Fatal(fmt.Errorf("%s: %w", text, err))
	}
	return lines
}

// parameters counts a statement's parameters: numbered ones once.
func parameters(text string, plain int) int {
	most := 0
	for _, m := range regexp.MustCompile(`\?(\d+)`).FindAllStringSubmatch(text, -1) {
		n, _ := strconv.Atoi(m[1])
		most = max(most, n)
	}
	if most > 0 {
		return most
	}
	return plain
}
