package rule

import (
	"regexp"
	"strings"
	"time"

	"github.com/expr-lang/expr/ast"

	"github.com/ordermux/ordermux/internal/order"
)

func truth(f func(*frame) bool) node { return node{typ: typ{kind: boolean}, bool: f} }

func (c *compiler) unary(n *ast.UnaryNode) (node, error) {
	x, err := c.node(n.Node)
	if err != nil {
		return node{}, err
	}
	switch op := n.Operator; {
	case (op == "not" || op == "!") && x.typ.kind == boolean:
		return truth(func(f *frame) bool { return !x.bool(f) }), nil
	case op == "-" && x.typ.kind == number:
		return node{typ: x.typ, number: func(f *frame) order.Decimal { return x.number(f).Neg() }}, nil
	case op == "+" && x.typ.kind == number:
		return node{typ: x.typ, number: x.number}, nil
	}
	return node{}, c.fail(n, hasHint(x), "%q does not work with %s", n.Operator, x.typ)
}

func hasHint(x node) string {
	if x.typ.kind == boolean {
		return ""
	}
	return "has(…) asks whether there is one"
}

func (c *compiler) binary(n *ast.BinaryNode) (node, error) {
	a, err := c.node(n.Left)
	if err != nil {
		return node{}, err
	}
	b, err := c.node(n.Right)
	if err != nil {
		return node{}, err
	}
	switch n.Operator {
	case "and", "&&", "or", "||":
		return c.logic(n, a, b)
	case "==", "!=":
		return c.equality(n, a, b)
	case "<", "<=", ">", ">=":
		return c.comparison(n, a, b)
	case "+", "-", "*":
		return c.arithmetic(n, a, b)
	case "in":
		return c.in(n, a, b)
	case "contains", "startsWith", "endsWith", "matches":
		return c.textual(n, a, b)
	case "??":
		return c.coalesce(n, a, b)
	case "/", "%", "**", "^":
		return node{}, c.fail(n, "multiply the other side", "%q is not exact and not offered", n.Operator)
	}
	return node{}, c.fail(n, "", "unknown operator %q", n.Operator)
}

func (c *compiler) mismatch(n *ast.BinaryNode, a, b node) error {
	return c.fail(n, "", "%q does not work between %s and %s", n.Operator, a.typ, b.typ)
}

func (c *compiler) logic(n *ast.BinaryNode, a, b node) (node, error) {
	if a.typ.kind != boolean || b.typ.kind != boolean {
		wrong := a
		if a.typ.kind == boolean {
			wrong = b
		}
		return node{}, c.fail(n, hasHint(wrong), "%q needs true or false on both sides, one is %s", n.Operator, wrong.typ)
	}
	x, y := a.bool, b.bool
	if n.Operator == "and" || n.Operator == "&&" {
		return truth(func(f *frame) bool { return x(f) && y(f) }), nil
	}
	return truth(func(f *frame) bool { return x(f) || y(f) }), nil
}

// equality compiles == and !=.
func (c *compiler) equality(n *ast.BinaryNode, a, b node) (node, error) {
	same, err := c.same(n, a, b)
	if err != nil || n.Operator == "==" {
		return truth(same), err
	}
	return truth(func(f *frame) bool { return !same(f) }), nil
}

func (c *compiler) same(n *ast.BinaryNode, a, b node) (func(*frame) bool, error) {
	if a.typ.kind == missing || b.typ.kind == missing {
		known := a
		if a.typ.kind == missing {
			known = b
		}
		there := present(known)
		return func(f *frame) bool { return !there(f) }, nil
	}
	a, b, err := c.dates(n, a, b)
	switch {
	case err != nil:
		return nil, err
	case a.typ.kind != b.typ.kind:
	case a.typ.kind == text && b.literal != nil:
		x, y := a.text, *b.literal
		return func(f *frame) bool { return x(f) == y }, nil
	case a.typ.kind == text:
		return func(f *frame) bool { return a.text(f) == b.text(f) }, nil
	case a.typ.kind == boolean:
		return func(f *frame) bool { return a.bool(f) == b.bool(f) }, nil
	case a.typ.kind == number:
		return ordered(a.number, b.number, func(d int) bool { return d == 0 }), nil
	case a.typ.kind == instant:
		return moments(a.instant, b.instant, func(d int) bool { return d == 0 }), nil
	}
	return nil, c.mismatch(n, a, b)
}

// comparison compiles < <= > >=.
func (c *compiler) comparison(n *ast.BinaryNode, a, b node) (node, error) {
	judge := map[string]func(int) bool{
		"<":  func(d int) bool { return d < 0 },
		"<=": func(d int) bool { return d <= 0 },
		">":  func(d int) bool { return d > 0 },
		">=": func(d int) bool { return d >= 0 },
	}[n.Operator]
	a, b, err := c.dates(n, a, b)
	switch {
	case err != nil:
		return node{}, err
	case a.typ.kind == number && b.typ.kind == number:
		return truth(ordered(a.number, b.number, judge)), nil
	case a.typ.kind == instant && b.typ.kind == instant:
		return truth(moments(a.instant, b.instant, judge)), nil
	}
	return node{}, c.mismatch(n, a, b)
}

// ordered compares numbers exactly; a missing one compares with nothing.
func ordered(a, b func(*frame) order.Decimal, judge func(int) bool) func(*frame) bool {
	return func(f *frame) bool {
		x, y := a(f), b(f)
		return x.IsSet() && y.IsSet() && judge(x.Cmp(y))
	}
}

func moments(a, b func(*frame) time.Time, judge func(int) bool) func(*frame) bool {
	return func(f *frame) bool {
		x, y := a(f), b(f)
		return !x.IsZero() && !y.IsZero() && judge(x.Compare(y))
	}
}

// dates turns a written text into a time where the other side is one.
func (c *compiler) dates(n *ast.BinaryNode, a, b node) (node, node, error) {
	var err error
	switch {
	case a.typ.kind == instant && b.literal != nil:
		b, err = c.date(n.Right, *b.literal)
	case b.typ.kind == instant && a.literal != nil:
		a, err = c.date(n.Left, *a.literal)
	}
	return a, b, err
}

// date reads "2026-01-31" (midnight UTC) or a time with its offset.
func (c *compiler) date(n ast.Node, written string) (node, error) {
	at, err := time.Parse(time.DateOnly, written)
	if err != nil {
		var t order.Time
		if t, err = order.ParseTime(written); err != nil {
			return node{}, c.fail(n, `write "2026-01-31" or "2026-01-31T09:00:00+01:00"`, "%q is no time", written)
		}
		at = t.Time()
	}
	return node{typ: typ{kind: instant}, instant: func(*frame) time.Time { return at }}, nil
}

// arithmetic compiles + - *; with a missing number the result is missing.
func (c *compiler) arithmetic(n *ast.BinaryNode, a, b node) (node, error) {
	if n.Operator == "+" && a.typ.kind == text && b.typ.kind == text {
		return node{typ: a.typ, text: func(f *frame) string { return a.text(f) + b.text(f) }}, nil
	}
	if a.typ.kind != number || b.typ.kind != number {
		return node{}, c.mismatch(n, a, b)
	}
	do := map[string]func(x, y order.Decimal) order.Decimal{
		"+": order.Decimal.Add, "-": order.Decimal.Sub, "*": order.Decimal.Mul,
	}[n.Operator]
	return node{typ: a.typ, number: func(f *frame) order.Decimal {
		x, y := a.number(f), b.number(f)
		if !x.IsSet() || !y.IsSet() {
			return order.Decimal{}
		}
		return do(x, y)
	}}, nil
}

func (c *compiler) in(n *ast.BinaryNode, a, b node) (node, error) {
	switch {
	case b.typ.kind == mapping && a.typ.kind == text:
		return truth(present(mapped(a, b))), nil
	case b.typ.kind == list && b.typ.elem.kind == text && a.typ.kind == text:
		return truth(func(f *frame) bool {
			in, x := b.list(f), a.text(f)
			return f.each(in, func(i int) bool { return in.at(i).String() != x })
		}), nil
	case b.typ.kind == list && b.typ.elem.kind == number && a.typ.kind == number:
		return truth(func(f *frame) bool {
			in, x := b.list(f), a.number(f)
			return f.each(in, func(i int) bool {
				return !x.IsSet() || in.at(i).Addr().Interface().(*order.Decimal).Cmp(x) != 0
			})
		}), nil
	}
	return node{}, c.mismatch(n, a, b)
}

// textual compiles the operators between texts.
func (c *compiler) textual(n *ast.BinaryNode, a, b node) (node, error) {
	if a.typ.kind == list && n.Operator == "contains" {
		return c.in(&ast.BinaryNode{Operator: "in", Left: n.Right, Right: n.Left}, b, a)
	}
	if a.typ.kind != text || b.typ.kind != text {
		return node{}, c.mismatch(n, a, b)
	}
	judge := map[string]func(x, y string) bool{
		"contains": strings.Contains, "startsWith": strings.HasPrefix, "endsWith": strings.HasSuffix,
	}[n.Operator]
	if judge != nil {
		return truth(func(f *frame) bool { return judge(a.text(f), b.text(f)) }), nil
	}
	if b.literal == nil {
		return node{}, c.fail(n.Right, "", "the pattern of matches must be written in the rule")
	}
	pattern, err := regexp.Compile(*b.literal)
	if err != nil {
		return node{}, c.fail(n.Right, "", "malformed pattern: %v", err)
	}
	return truth(func(f *frame) bool { return pattern.MatchString(a.text(f)) }), nil
}

// coalesce compiles a ?? b: a, or b where a is missing.
func (c *compiler) coalesce(n *ast.BinaryNode, a, b node) (node, error) {
	if a.typ.kind != b.typ.kind {
		return node{}, c.mismatch(n, a, b)
	}
	either, ok := choose(present(a), a, b)
	if !ok {
		return node{}, c.mismatch(n, a, b)
	}
	return either, nil
}

// conditional compiles cond ? a : b.
func (c *compiler) conditional(n *ast.ConditionalNode) (node, error) {
	cond, err := c.node(n.Cond)
	if err != nil {
		return node{}, err
	}
	a, err := c.node(n.Exp1)
	if err != nil {
		return node{}, err
	}
	b, err := c.node(n.Exp2)
	if err != nil {
		return node{}, err
	}
	if cond.typ.kind != boolean {
		return node{}, c.fail(n.Cond, hasHint(cond), "the condition must be true or false, it is %s", cond.typ)
	}
	either, ok := choose(cond.bool, a, b)
	if !ok {
		return node{}, c.fail(n, "", "both answers must be of one kind, they are %s and %s", a.typ, b.typ)
	}
	return either, nil
}

// choose makes the value that is a where cond holds and b otherwise.
func choose(cond func(*frame) bool, a, b node) (node, bool) {
	n := node{typ: a.typ}
	if a.typ.kind != b.typ.kind {
		return n, false
	}
	switch a.typ.kind {
	case boolean:
		n.bool = pick(cond, a.bool, b.bool)
	case text:
		n.text = pick(cond, a.text, b.text)
	case number:
		n.number = pick(cond, a.number, b.number)
	case instant:
		n.instant = pick(cond, a.instant, b.instant)
	default:
		return n, false
	}
	return n, true
}

func pick[T any](cond func(*frame) bool, a, b func(*frame) T) func(*frame) T {
	return func(f *frame) T {
		if cond(f) {
			return a(f)
		}
		return b(f)
	}
}

// present makes the question whether there is a value at all.
func present(n node) func(*frame) bool {
	switch n.typ.kind {
	case boolean:
		return n.bool
	case text:
		return func(f *frame) bool { return n.text(f) != "" }
	case number:
		return func(f *frame) bool { return n.number(f).IsSet() }
	case instant:
		return func(f *frame) bool { return !n.instant(f).IsZero() }
	case record:
		return func(f *frame) bool { v := n.record(f); return v.IsValid() && !v.IsZero() }
	case list:
		return func(f *frame) bool { return n.list(f).len() > 0 }
	case missing:
		return func(*frame) bool { return false }
	}
	return func(f *frame) bool { v := n.raw(f); return v.IsValid() && v.Len() > 0 }
}
