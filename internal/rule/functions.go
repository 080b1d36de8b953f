package rule

import (
	"errors"
	"reflect"
	"strings"

	"github.com/expr-lang/expr/ast"

	"github.com/ordermux/ordermux/internal/order"
)

// functions are the names that can be called.
var functions = []string{"has", "len", "lower", "upper", "trim", "date",
	"any", "all", "none", "one", "count", "filter", "sum"}

// call compiles a function.
func (c *compiler) call(n ast.Node, name string, args []ast.Node) (node, error) {
	switch name {
	case "has", "len", "lower", "upper", "trim", "date":
		if len(args) != 1 {
			return node{}, c.fail(n, "", "%s takes one value, not %d", name, len(args))
		}
		x, err := c.node(args[0])
		if err != nil {
			return node{}, err
		}
		return c.simple(n, name, x)
	case "any", "all", "none", "one", "count", "filter", "sum":
		return c.overList(n, name, args)
	}
	return node{}, c.fail(n, didYouMean(name, append([]string(nil), functions...)), "unknown function %q", name)
}

// simple compiles a function of one value.
func (c *compiler) simple(n ast.Node, name string, x node) (node, error) {
	change := map[string]func(string) string{"lower": strings.ToLower, "upper": strings.ToUpper, "trim": strings.TrimSpace}[name]
	switch {
	case name == "has":
		return truth(present(x)), nil
	case name == "len" && x.typ.kind == list:
		return node{typ: typ{kind: number}, number: func(f *frame) order.Decimal { return order.FromInt(int64(x.list(f).len()), 0) }}, nil
	case name == "len" && x.typ.kind == text:
		return node{typ: typ{kind: number}, number: func(f *frame) order.Decimal { return order.FromInt(int64(len([]rune(x.text(f)))), 0) }}, nil
	case name == "date" && x.literal != nil:
		return c.date(n, *x.literal)
	case name == "date":
		return node{}, c.fail(n, `write date("2026-01-31")`, "date takes a written text")
	case change != nil && x.typ.kind == text:
		return node{typ: x.typ, text: func(f *frame) string { return change(x.text(f)) }}, nil
	}
	return node{}, c.fail(n, "", "%s does not work with %s", name, x.typ)
}

// overList compiles a function over a list and what is said of each element.
func (c *compiler) overList(n ast.Node, name string, args []ast.Node) (node, error) {
	if len(args) == 0 || len(args) > 2 {
		return node{}, c.fail(n, "", "%s takes a list and what is said of each element", name)
	}
	of, err := c.node(args[0])
	if err != nil {
		return node{}, err
	}
	if of.typ.kind != list {
		return node{}, c.fail(args[0], "", "%s needs a list, this is %s", name, of.typ)
	}
	if len(c.scopes) == maxNested {
		return node{}, c.fail(n, "", "lists can be nested %d deep", maxNested)
	}
	c.scopes = append(c.scopes, *of.typ.elem)
	defer func() { c.scopes = c.scopes[:len(c.scopes)-1] }()
	var said node
	if len(args) == 2 {
		said, err = c.predicate(args[1])
	} else {
		said, err = c.pointer(&ast.PointerNode{})
	}
	if err != nil {
		return node{}, err
	}
	if name == "sum" {
		return c.sum(n, of, said)
	}
	if len(args) == 1 || said.typ.kind != boolean {
		return node{}, c.fail(n, `as in any(order.lines, .total > 10)`, "%s needs something that is true or false of each element", name)
	}
	return c.judged(name, of, said), nil
}

func (c *compiler) predicate(n ast.Node) (node, error) {
	if p, ok := n.(*ast.PredicateNode); ok {
		n = p.Node
	}
	return c.node(n)
}

// judged compiles the functions that judge each element.
func (c *compiler) judged(name string, of, said node) node {
	depth := len(c.scopes) - 1
	// holds counts the elements that are judged so, up to a bound.
	holds := func(f *frame, judged bool, most int) int {
		found := 0
		in := of.list(f)
		f.each(in, func(i int) bool {
			f.elems[depth] = in.at(i)
			if said.bool(f) == judged {
				found++
			}
			return found < most
		})
		return found
	}
	const noBound = int(^uint(0) >> 1)
	switch name {
	case "any":
		return truth(func(f *frame) bool { return holds(f, true, 1) == 1 })
	case "all":
		return truth(func(f *frame) bool { return holds(f, false, 1) == 0 })
	case "none":
		return truth(func(f *frame) bool { return holds(f, true, 1) == 0 })
	case "one":
		return truth(func(f *frame) bool { return holds(f, true, 2) == 1 })
	case "count":
		return node{typ: typ{kind: number}, number: func(f *frame) order.Decimal { return order.FromInt(int64(holds(f, true, noBound)), 0) }}
	}
	return node{typ: of.typ, list: func(f *frame) elements { // filter
		in := of.list(f)
		out := elements{v: in.v, picked: true}
		f.each(in, func(i int) bool {
			f.elems[depth] = in.at(i)
			if said.bool(f) {
				if in.picked {
					i = in.pick[i]
				}
				out.pick = append(out.pick, i)
			}
			return true
		})
		return out
	}}
}

// sum compiles the exact sum of what is said of each element. What is missing
// counts nothing; the sum of nothing is 0.
func (c *compiler) sum(n ast.Node, of, said node) (node, error) {
	if said.typ.kind != number {
		return node{}, c.fail(n, "as in sum(order.lines, .total)", "sum needs a number of each element, this is %s", said.typ)
	}
	depth := len(c.scopes) - 1
	return node{typ: said.typ, number: func(f *frame) order.Decimal {
		total := order.FromInt(0, 0)
		in := of.list(f)
		f.each(in, func(i int) bool {
			f.elems[depth] = in.at(i)
			if v := said.number(f); v.IsSet() {
				total = total.Add(v)
			}
			return true
		})
		return total
	}}, nil
}

// mapped compiles the value of a name in a set of named values.
func mapped(name, of node) node {
	return reader(rawType, func(f *frame) reflect.Value {
		if v := of.raw(f); v.IsValid() {
			return v.MapIndex(reflect.ValueOf(name.text(f)))
		}
		return reflect.Value{}
	})
}

var errTooMuch = errors.New("rule looks at too many elements")

// each calls do for each element until it says false, and reports whether it
// did. It stops, with an error, an evaluation that looks at too many.
func (f *frame) each(in elements, do func(i int) bool) (stopped bool) {
	for i := range in.len() {
		f.steps++
		if f.steps > maxSteps {
			f.err = errTooMuch
			return false
		}
		if !do(i) {
			return true
		}
	}
	return false
}
