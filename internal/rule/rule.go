// Package rule judges orders and lines by expressions that people write into
// the configuration: `order.channel == "online" and order.totals.total >= 100`.
//
// The syntax is that of the Expr language (https://expr-lang.org). Its parser
// reads the text; types are then checked and the text is turned into functions
// here, because the rules of our field differ from those of a general language:
// money compares exactly and never as a float, what an order lacks is empty
// instead of an error, and a mistake is found when the configuration is read.
//
// # What can be written
//
// Variables: `order`, and in line rules also `line`, with the fields of the
// canonical order by their JSON names. Literals: texts, numbers, true, false,
// nil, lists. Operators: == != < <= > >= (numbers and times), + - * (numbers),
// + (texts), and or not (&& || !), in, contains, startsWith, endsWith, matches
// (a regular expression), ?:, ??. Functions: has(x), len(x), lower(x),
// upper(x), trim(x), date("2026-01-31"), and over lists any, all, none, one,
// count, filter and sum, whose second part is judged for each element:
// `any(order.lines, .product.brand == "Nord")`.
//
// # What is missing
//
// A text that is missing is "", a list is empty, a truth is false. A number or
// time that is missing is not equal to, less or greater than any; has(x) and
// x == nil ask for it. A line without a kind is of kind "product".
package rule

import (
	"errors"
	"fmt"
	"reflect"
	"strings"
	"sync"
	"unicode/utf8"

	"github.com/expr-lang/expr/conf"
	"github.com/expr-lang/expr/file"
	"github.com/expr-lang/expr/parser"

	"github.com/ordermux/ordermux/internal/order"
)

// Kind says what a rule is about.
type Kind int8

// The kinds of rule.
const (
	Order Kind = iota // `when`: about an order
	Line              // `lines`: about a line of an order
)

// The bounds of a rule.
const (
	MaxLength = 2000      // characters
	maxNodes  = 1000      // parts
	maxNested = 4         // any(…, any(…, …))
	maxSteps  = 1_000_000 // elements looked at in one evaluation
)

// Program is a compiled rule. The nil Program, and that of an empty text, is
// true of everything. Safe for concurrent use.
type Program struct {
	text string
	kind Kind
	run  func(*frame) bool
}

// Compile checks a rule. Blank text compiles to a rule that is always true.
// The error is an *Error.
func Compile(kind Kind, text string) (*Program, error) {
	p := &Program{text: text, kind: kind, run: func(*frame) bool { return true }}
	if strings.TrimSpace(text) == "" {
		return p, nil
	}
	if n := utf8.RuneCountInString(text); n > MaxLength {
		return nil, &Error{Line: 1, Column: 1, Message: fmt.Sprintf("rule has %d characters, at most %d are taken", n, MaxLength)}
	}
	tree, err := parser.ParseWithConfig(text, &conf.Config{MaxNodes: maxNodes})
	if err != nil {
		return nil, syntaxError(err)
	}
	c := &compiler{kind: kind, source: []rune(text)}
	root, err := c.node(tree.Node)
	if err != nil {
		return nil, err
	}
	if root.typ.kind != boolean {
		return nil, c.fail(tree.Node, "write a comparison, or has(…)", "a rule must be true or false, this is %s", root.typ)
	}
	p.run = root.bool
	return p, nil
}

// String returns the rule as written.
func (p *Program) String() string {
	if p == nil {
		return ""
	}
	return p.text
}

// Order judges an order. A nil order is one of which nothing is known.
func (p *Program) Order(o *order.Order) (bool, error) {
	if p == nil {
		return true, nil
	}
	if p.kind == Line {
		return false, errors.New("a rule about lines can not judge an order")
	}
	return p.judge(o, nil)
}

// Line judges a line of an order.
func (p *Program) Line(o *order.Order, l *order.Line) (bool, error) {
	if p == nil {
		return true, nil
	}
	return p.judge(o, l)
}

// frame is one evaluation.
type frame struct {
	order, line reflect.Value // invalid: nothing known
	elems       [maxNested]reflect.Value
	steps       int
	err         error
}

var frames = sync.Pool{New: func() any { return new(frame) }}

func (p *Program) judge(o *order.Order, l *order.Line) (ok bool, err error) {
	f := frames.Get().(*frame)
	defer func() {
		if trouble := recover(); trouble != nil {
			ok, err = false, fmt.Errorf("rule failed: %v", trouble)
		}
		*f = frame{}
		frames.Put(f)
	}()
	if o != nil {
		f.order = reflect.ValueOf(o).Elem()
	}
	if l != nil {
		f.line = reflect.ValueOf(l).Elem()
	}
	ok = p.run(f)
	return ok && f.err == nil, f.err
}

// Error is what is wrong with a rule.
type Error struct {
	Line, Column int // from 1, in characters
	Message      string
	Hint         string // how it may be meant; may be empty
}

func (e *Error) Error() string {
	text := fmt.Sprintf("%d:%d: %s", e.Line, e.Column, e.Message)
	if e.Hint != "" {
		text += " (" + e.Hint + ")"
	}
	return text
}

// syntaxError turns the parser's complaint into ours.
func syntaxError(err error) *Error {
	var e *file.Error
	if !errors.As(err, &e) {
		return &Error{Line: 1, Column: 1, Message: err.Error()}
	}
	return &Error{Line: max(e.Line, 1), Column: e.Column + 1, Message: strings.TrimPrefix(e.Message, "compilation failed: ")}
}
