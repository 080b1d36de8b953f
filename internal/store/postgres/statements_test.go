package postgres

import (
	"context"
	"encoding/json"
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

	"github.com/jackc/pgx/v5"
	"github.com/ordermux/ordermux/internal/store/postgres/pgtest"
)

// withoutShop are the statements that may touch a shop's table without naming
// one shop, by how they begin: none is on the way of an order.
var withoutShop = map[string]string{
	"SELECT shop FROM shops ORDER BY shop":                                        "the operator's overview",
	"SELECT DISTINCT shop FROM routes ORDER BY shop":                              "start of a node: whose routes there are",
	"SELECT shop, node, epoch FROM owners":                                        "who delivers for which shop: at start, and when nodes come and go",
	"SELECT h.shop, h.head FROM heads h JOIN owners o ON o.shop = h.shop":         "a node's poll of heads",
	"SELECT shop, id, node, asker, kind, (extract(epoch FROM expires - clock_tim": "a node's poll of commands, which live for seconds",
}

// mover are the files that move a data folder into an empty database, over one
// connection and before any node works on it; their statements are made from
// the tables' columns.
var mover = regexp.MustCompile(`^import(_.*)?\.go$`)

var (
	isStatement = regexp.MustCompile(`^\s*(SELECT|INSERT|UPDATE|DELETE|WITH|TRUNCATE|LOCK|VACUUM|SET|DECLARE|LISTEN|NOTIFY|COPY|CREATE)\s`)
	isQuery     = regexp.MustCompile(`^\s*(SELECT|INSERT|UPDATE|DELETE|WITH)\s`)
	blanks      = regexp.MustCompile(`\s+`)
	// namesShop finds a shop that is given: a condition on it, or its column
	// in an INSERT.
	namesShop = regexp.MustCompile(`(?i)(\bshop = \$\d+|INSERT INTO [a-z_]+ (AS [a-z] )?\(shop[,)])`)
	// ofSession is what lives in a connection and not in a transaction, and is
	// lost behind a pooler or on another machine.
	ofSession = regexp.MustCompile(`(?i)(pg_(try_)?advisory|^SET (SESSION )?[a-z_]+ (TO|=)|TEMP(ORARY)? TABLE|WITH HOLD|\bPREPARE\b|nextval|currval|lastval|\bset_config\b)`)
	// changes finds what Citus refuses in them: a function that gives each
	// machine another value.
	changes  = regexp.MustCompile(`(?i)^(UPDATE|DELETE)|\b(UPDATE [a-z_]+ (AS )?([a-z] )?SET|DELETE FROM)\b`)
	volatile = regexp.MustCompile(`(?i)\b(clock_timestamp|random|gen_random_uuid|timeofday)\(`)
	touched  = regexp.MustCompile(`(?i)\b(FROM|INTO|UPDATE|JOIN) ([a-z_]{2,})`)
)

func exempt(text string, used map[string]bool) bool {
	for prefix := range withoutShop {
		if strings.HasPrefix(text, prefix) {
			used[prefix] = true
			return true
		}
	}
	return false
}

// touches returns the tables by shop that a statement names.
func touches(text string) (tables []string) {
	for _, m := range touched.FindAllStringSubmatch(text, -1) {
		if slices.Contains(tablesByShop, m[2]) {
			tables = append(tables, m[2])
		}
	}
	return tables
}

// TestStatementsNameTheirShop reads every statement in the package's sources.
func TestStatementsNameTheirShop(t *testing.T) {
	t.Parallel()
	found := statements(t)
	if len(found) < 60 {
		t.Fatalf("only %d statements found: the test reads wrongly", len(found))
	}
	used := map[string]bool{}
	for text, place := range found {
		if len(touches(text)) > 0 && !namesShop.MatchString(text) && !exempt(text, used) {
			t.Errorf("%s: names no shop: %s", place, text)
		}
		if ofSession.MatchString(text) {
			t.Errorf("%s: lives in a session: %s", place, text)
		}
		if changes.MatchString(text) && volatile.MatchString(text) {
			t.Errorf("%s: changes rows by a function that is not the same everywhere: %s", place, text)
		}
		if strings.Contains(text, "%s") {
			t.Errorf("%s: not a constant text: %s", place, text)
		}
	}
	for prefix := range withoutShop {
		if !used[prefix] {
			t.Errorf("an exception that nothing needs: %s", prefix)
		}
	}
}

// planned are statements whose plan may be otherwise than the rules want, by
// how they begin.
var planned = map[string]string{
	"SELECT name, at, bytes, whole FROM fetches WHERE shop = $1 AND route = $2 ORDER BY at DESC": "few: fetchesKept for each file of a route",
}

// TestStatementsUseIndexes asks the planner how it finds the rows of every
// statement: by an index and a shop, and what is read in pages comes in the
// sequence of an index.
func TestStatementsUseIndexes(t *testing.T) {
	t.Parallel()
	conn := other(t, openTest(t, pgtest.Fresh(t), Options{}))
	mustExec(t, conn, "SET plan_cache_mode = force_generic_plan")
	asked := 0
	for text, place := range statements(t) {
		if !isQuery.MatchString(text) || len(touches(text)) == 0 || exempt(text, map[string]bool{}) || beginsWithAny(text, planned) {
			continue
		}
		top, err := plan(t.Context(), conn, text)
		if err != nil {
			t.Errorf("%s: %v: %s", place, err, text)
			continue
		}
		asked++
		top.walk(func(n *planPart) {
			if fault := n.fault(strings.Contains(text, " LIMIT ")); fault != "" {
				t.Errorf("%s: %s: %s", place, fault, text)
			}
		})
	}
	if asked < 50 {
		t.Errorf("only %d statements have a plan: the test asks wrongly", asked)
	}
}

func beginsWithAny(text string, prefixes map[string]string) bool {
	for p := range prefixes {
		if strings.HasPrefix(text, p) {
			return true
		}
	}
	return false
}

// planPart is a part of a plan.
type planPart struct {
	Type     string `json:"Node Type"`
	Relation string `json:"Relation Name"`
	Index    string `json:"Index Name"`
	Cond     string `json:"Index Cond"`
	Plans    []planPart
}

func (n *planPart) walk(f func(*planPart)) {
	f(n)
	for i := range n.Plans {
		n.Plans[i].walk(f)
	}
}

// fault says what is wrong with a part; "": nothing.
func (n *planPart) fault(pages bool) string {
	byShop := slices.Contains(tablesByShop, n.Relation)
	switch {
	case byShop && n.Type == "Seq Scan":
		return "reads the whole table " + n.Relation
	case byShop && strings.HasPrefix(n.Type, "Index") && !strings.Contains(n.Cond, "shop = "):
		return fmt.Sprintf("reads the whole index %s (%s)", n.Index, n.Cond)
	case pages && strings.Contains(n.Type, "Sort"):
		return "sorts what it pages"
	}
	return ""
}

// plan returns the plan that a statement has for whatever values.
func plan(ctx context.Context, conn *pgx.Conn, text string) (*planPart, error) {
	const name = "asked"
	if _, err := conn.PgConn().Prepare(ctx, name, text, nil); err != nil {
		return nil, err
	}
	defer func() { _ = conn.PgConn().Deallocate(ctx, name) }()
	var count int
	const parameters = "SELECT cardinality(parameter_types) FROM pg_prepared_statements WHERE name = $1"
	if err := conn.QueryRow(ctx, parameters, name).Scan(&count); err != nil {
		return nil, err
	}
	explain := "EXPLAIN (FORMAT JSON) EXECUTE " + name
	if count > 0 {
		explain += "(" + strings.Repeat("NULL,", count-1) + "NULL)"
	}
	var found []byte
	if err := conn.QueryRow(ctx, explain, pgx.QueryExecModeSimpleProtocol).Scan(&found); err != nil {
		return nil, err
	}
	var tops []struct{ Plan planPart }
	err := json.Unmarshal(found, &tops)
	return &tops[0].Plan, err
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
		if strings.HasSuffix(f.Name(), "_test.go") || !strings.HasSuffix(f.Name(), ".go") || mover.MatchString(f.Name()) {
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
		for _, d := range file.Decls {
			known := constants
			if f, ok := d.(*ast.FuncDecl); ok {
				known = maps.Clone(constants)
				ast.Inspect(f, func(n ast.Node) bool {
					if g, ok := n.(*ast.GenDecl); ok {
						collect(g, known)
					}
					return true
				})
			}
			statementsIn(d, known, func(text string, at token.Pos) { found[text] = fset.Position(at).String() })
		}
	}
	return withoutParts(found)
}

// withoutParts drops texts that are a part of another one.
func withoutParts(found map[string]string) map[string]string {
	whole := maps.Clone(found)
	for part := range found {
		for text := range found {
			if text != part && strings.Contains(text, part) {
				delete(whole, part)
			}
		}
	}
	return whole
}

func statementsIn(d ast.Decl, known map[string]string, f func(text string, at token.Pos)) {
	ast.Inspect(d, func(n ast.Node) bool {
		e, ok := n.(ast.Expr)
		if !ok {
			return true
		}
		text, ok := constant(e, known)
		if !ok || !isStatement.MatchString(text) {
			return true
		}
		f(strings.TrimSpace(blanks.ReplaceAllString(text, " ")), n.Pos())
		return false
	})
}

// collectConstants takes the constants and variables of a file that its package
// sees: the names of others mean something else in each function.
func collectConstants(file *ast.File, into map[string]string) {
	for _, d := range file.Decls {
		if g, ok := d.(*ast.GenDecl); ok {
			collect(g, into)
		}
	}
}

func collect(g *ast.GenDecl, into map[string]string) {
	for _, s := range g.Specs {
		spec, ok := s.(*ast.ValueSpec)
		if !ok {
			continue
		}
		for i, name := range spec.Names {
			if i < len(spec.Values) {
				if text, ok := constant(spec.Values[i], into); ok {
					into[name.Name] = text
				}
			}
		}
	}
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
