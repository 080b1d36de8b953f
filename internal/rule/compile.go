package rule

import (
	"fmt"
	"reflect"
	"slices"
	"strings"
	"time"

	"github.com/expr-lang/expr/ast"

	"github.com/ordermux/ordermux/internal/order"
)

// node is a compiled part of a rule: its type, and the function of that kind.
type node struct {
	typ     typ
	bool    func(*frame) bool
	text    func(*frame) string
	number  func(*frame) order.Decimal
	instant func(*frame) time.Time     // zero: missing
	record  func(*frame) reflect.Value // a struct; invalid: missing
	list    func(*frame) elements
	raw     func(*frame) reflect.Value // the Go value it was read from; nil: computed
	literal *string                    // of a text that is written in the rule
}

// compiler turns a syntax tree into functions.
type compiler struct {
	kind   Kind
	source []rune
	scopes []typ // of the lists whose elements are being judged, outermost first
}

// fail makes the error about a part of the rule.
func (c *compiler) fail(n ast.Node, hint, format string, args ...any) *Error {
	from := min(max(n.Location().From, 0), len(c.source))
	e := &Error{Line: 1, Column: 1, Message: fmt.Sprintf(format, args...), Hint: hint}
	for _, r := range c.source[:from] {
		e.Column++
		if r == '\n' {
			e.Line, e.Column = e.Line+1, 1
		}
	}
	return e
}

func (c *compiler) node(n ast.Node) (node, error) {
	switch n := n.(type) {
	case *ast.IdentifierNode:
		return c.identifier(n)
	case *ast.PointerNode:
		return c.pointer(n)
	case *ast.MemberNode:
		return c.member(n)
	case *ast.ChainNode: // a?.b: every way is safe here
		return c.node(n.Node)
	case *ast.BoolNode:
		return node{typ: typ{kind: boolean}, bool: func(*frame) bool { return n.Value }}, nil
	case *ast.StringNode:
		return node{typ: typ{kind: text}, text: func(*frame) string { return n.Value }, literal: &n.Value}, nil
	case *ast.IntegerNode:
		v := order.FromInt(int64(n.Value), 0)
		return node{typ: typ{kind: number}, number: func(*frame) order.Decimal { return v }}, nil
	case *ast.FloatNode:
		return c.decimal(n)
	case *ast.NilNode:
		return node{typ: typ{kind: missing}}, nil
	case *ast.ArrayNode:
		return c.array(n)
	case *ast.UnaryNode:
		return c.unary(n)
	case *ast.BinaryNode:
		return c.binary(n)
	case *ast.ConditionalNode:
		return c.conditional(n)
	case *ast.BuiltinNode:
		return c.call(n, n.Name, n.Arguments)
	case *ast.CallNode:
		if callee, ok := n.Callee.(*ast.IdentifierNode); ok {
			return c.call(n, callee.Value, n.Arguments)
		}
		return node{}, c.fail(n, "write lower(x) rather than x.lower()", "values have no methods")
	}
	return node{}, c.fail(n, "", "rules can not use this part of the language")
}

// identifier compiles a variable.
func (c *compiler) identifier(n *ast.IdentifierNode) (node, error) {
	switch {
	case n.Value == "order":
		return reader(orderType, func(f *frame) reflect.Value { return f.order }), nil
	case n.Value == "line" && c.kind == Line:
		return reader(lineType, func(f *frame) reflect.Value { return f.line }), nil
	case n.Value == "line":
		return node{}, c.fail(n, `write any(order.lines, .total > 10)`, "line is known in line rules only")
	}
	known := []string{"order"}
	if c.kind == Line {
		known = append(known, "line")
	}
	hint := didYouMean(n.Value, known)
	for _, v := range known {
		t, _ := c.identifier(&ast.IdentifierNode{Value: v})
		if _, ok, _ := fieldOf(t.typ.of, n.Value); ok {
			hint = fmt.Sprintf("did you mean %q?", v+"."+n.Value)
		}
	}
	return node{}, c.fail(n, hint, "unknown name %q", n.Value)
}

// pointer compiles `#`, the element being judged, which `.field` also means.
func (c *compiler) pointer(n *ast.PointerNode) (node, error) {
	if n.Name != "" {
		return node{}, c.fail(n, "", "unknown name %q", "#"+n.Name)
	}
	if len(c.scopes) == 0 {
		return node{}, c.fail(n, "", "there is no list whose elements could be meant")
	}
	depth := len(c.scopes) - 1
	return elementReader(c.scopes[depth], func(f *frame) reflect.Value { return f.elems[depth] }), nil
}

// elementReader reads an element of a list of that type.
func elementReader(t typ, at func(*frame) reflect.Value) node {
	switch t.kind {
	case record:
		return reader(t.of, at)
	case number:
		return reader(decimalType, at)
	}
	return reader(reflect.TypeFor[string](), at)
}

// member compiles a.b, a["b"] and a[0].
func (c *compiler) member(n *ast.MemberNode) (node, error) {
	from, err := c.node(n.Node)
	if err != nil {
		return node{}, err
	}
	property, err := c.node(n.Property)
	if err != nil {
		return node{}, err
	}
	switch {
	case from.typ.kind == record && property.literal != nil:
		return c.field(n, from, *property.literal)
	case from.typ.kind == mapping && property.typ.kind == text:
		return mapped(property, from), nil
	case from.typ.kind == list && property.typ.kind == number:
		return elementReader(*from.typ.elem, func(f *frame) reflect.Value {
			list := from.list(f)
			i, ok := property.number(f).Int64()
			if i < 0 {
				i += int64(list.len())
			}
			if !ok || i < 0 || i >= int64(list.len()) {
				return reflect.Value{}
			}
			return list.at(int(i))
		}), nil
	case from.typ.kind == list && property.literal != nil:
		return node{}, c.fail(n, fmt.Sprintf("write any(…, .%s == …)", *property.literal), "a list has no field %q, its elements may", *property.literal)
	}
	return node{}, c.fail(n, "", "%s has no fields", from.typ)
}

// field compiles a field of a part of the order.
func (c *compiler) field(n *ast.MemberNode, from node, name string) (node, error) {
	f, ok, names := fieldOf(from.typ.of, name)
	if !ok {
		return node{}, c.fail(n.Property, didYouMean(name, names), "unknown field %q", name)
	}
	i, of := f.Index[0], from.record
	return reader(f.Type, func(f *frame) reflect.Value {
		if v := of(f); v.IsValid() {
			return v.Field(i)
		}
		return reflect.Value{}
	}), nil
}

// decimal compiles a number with a point, digit for digit as it is written:
// the parser's own value is a float.
func (c *compiler) decimal(n *ast.FloatNode) (node, error) {
	at := n.Location()
	if at.From < 0 || at.To > len(c.source) || at.From > at.To {
		return node{}, c.fail(n, "", "malformed number")
	}
	written := strings.ReplaceAll(string(c.source[at.From:at.To]), "_", "")
	if strings.HasPrefix(written, ".") {
		written = "0" + written
	}
	v, err := order.ParseDecimal(strings.TrimSuffix(written, "."))
	if err != nil {
		return node{}, c.fail(n, "write plain digits", "malformed number %q", written)
	}
	return node{typ: typ{kind: number}, number: func(*frame) order.Decimal { return v }}, nil
}

// array compiles a list of literals.
func (c *compiler) array(n *ast.ArrayNode) (node, error) {
	var texts []string
	var numbers []order.Decimal
	for _, e := range n.Nodes {
		v, err := c.node(e)
		if err != nil {
			return node{}, err
		}
		switch {
		case v.literal != nil:
			texts = append(texts, *v.literal)
		case v.typ.kind == number && isLiteral(e):
			numbers = append(numbers, v.number(nil))
		default:
			return node{}, c.fail(e, "", "a list holds written texts or numbers only")
		}
	}
	if len(texts) > 0 && len(numbers) > 0 {
		return node{}, c.fail(n, "", "a list holds either texts or numbers")
	}
	elem, slice := typ{kind: text}, reflect.ValueOf(texts)
	if len(numbers) > 0 {
		elem, slice = typ{kind: number}, reflect.ValueOf(numbers)
	}
	of := elements{v: slice}
	return node{typ: typ{kind: list, elem: &elem}, list: func(*frame) elements { return of }}, nil
}

// isLiteral reports whether n is a number as written, perhaps with a sign.
func isLiteral(n ast.Node) bool {
	switch n := n.(type) {
	case *ast.IntegerNode, *ast.FloatNode:
		return true
	case *ast.UnaryNode:
		return isLiteral(n.Node)
	}
	return false
}

// didYouMean returns a hint at the nearest name.
func didYouMean(name string, names []string) string {
	best, bestDistance := "", len(name)/2+1
	for _, n := range names {
		if d := distance(strings.ToLower(name), n); d < bestDistance {
			best, bestDistance = n, d
		}
	}
	if best == "" {
		slices.Sort(names)
		return "known: " + strings.Join(names, ", ")
	}
	return fmt.Sprintf("did you mean %q?", best)
}

// distance is the Levenshtein distance.
func distance(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			cost := diagonal
			if a[i] != b[j] {
				cost++
			}
			diagonal = row[j+1]
			row[j+1] = min(cost, row[j]+1, row[j+1]+1)
		}
	}
	return row[len(b)]
}
