package review

import (
	"errors"
	"fmt"
	htmltemplate "html/template"
	"regexp"
	"slices"
	"strconv"
	"strings"
	texttemplate "text/template"
	"text/template/parse"

	"github.com/ordermux/ordermux/internal/order"
)

// check returns what is wrong with a shop's own template, with the line of
// each fault in a source.
func (t *Template) check() []order.Fault {
	c := &settingsCheck{}
	if strings.TrimSpace(t.Name) == "" {
		c.add("name", string(order.ErrRequired))
	}
	c.line("name", t.Name)
	if !slices.Contains(kinds, t.Kind) {
		c.add("kind", "must be one of "+strings.Join(kinds, ", "))
	}
	if !locales.MatchString(t.Locale) {
		c.add("locale", "must be a language such as sv or sv-SE")
	}
	if strings.TrimSpace(t.Subject) == "" {
		c.add("subject", string(order.ErrRequired))
	}
	if strings.TrimSpace(t.Text) == "" {
		c.add("text", string(order.ErrRequired))
	}
	if len(t.Subject) > maxSubject || len(t.Text) > maxSource || len(t.HTML) > maxSource {
		c.add("text", fmt.Sprintf("a subject has at most %d bytes, text and HTML %d each", maxSubject, maxSource))
	}
	if len(c.faults) > 0 {
		return c.faults
	}
	_, faults := t.parse()
	if len(faults) > 0 {
		return faults
	}
	return t.try()
}

// try fills a template in as a mail would, with names and without.
func (t *Template) try() []order.Fault {
	c := &settingsCheck{}
	full := Fields{
		Shop: "Shop", Name: "Eva Lind", FirstName: "Eva", Order: "A-1", Products: []string{"One", "Two"}, More: 1,
		Location: "North", Link: "https://shop.example/review/link", Unsubscribe: "https://shop.example/review/off",
	}
	bare := Fields{Shop: "Shop", Order: "A-1", Link: full.Link, Unsubscribe: full.Unsubscribe}
	again := full
	again.Again, again.Test = true, true
	for _, f := range []Fields{full, bare, again} {
		l, err := t.render(f)
		if err != nil {
			part := "text"
			if failed := (*partError)(nil); errors.As(err, &failed) {
				part, err = failed.part, failed.err
			}
			c.add(part, lineOf(err))
			return c.faults
		}
		c.add("subject", lineFault(l.Subject))
		c.shows("text", l.Text, f)
		if t.HTML != "" {
			c.shows("html", l.HTML, f)
		}
		if len(c.faults) > 0 {
			break
		}
	}
	return c.faults
}

// shows demands the two addresses that every mail must have.
func (c *settingsCheck) shows(key, mail string, f Fields) {
	if !strings.Contains(mail, f.Link) {
		c.add(key, "does not show {{.Link}}, the address of the form")
	}
	if !strings.Contains(mail, f.Unsubscribe) {
		c.add(key, "does not show {{.Unsubscribe}}, where the customer asks for no more mails")
	}
}

// parse reads the three sources.
func (t *Template) parse() (p parsed, faults []order.Fault) {
	var err error
	c := &settingsCheck{}
	if p.subject, err = parseText("subject", t.Subject); err != nil {
		c.add("subject", lineOf(err))
	}
	if p.text, err = parseText("text", t.Text); err != nil {
		c.add("text", lineOf(err))
	}
	if t.HTML == "" {
		return p, c.faults
	}
	if p.html, err = htmltemplate.New("html").Parse(t.HTML); err == nil {
		err = allowed(p.html.Tree, len(p.html.Templates()))
	}
	if err != nil {
		c.add("html", lineOf(err))
	}
	return p, c.faults
}

func parseText(name, source string) (*texttemplate.Template, error) {
	t, err := texttemplate.New(name).Parse(source)
	if err != nil {
		return nil, err
	}
	return t, allowed(t.Tree, len(t.Templates()))
}

var atLine = regexp.MustCompile(`^(?:html/)?template: ?(?:html|text|subject):(\d+)(?::\d+)?: ?(?:executing "[a-z]+" at )?`)

// lineOf turns a library's error into a sentence that begins with the line.
func lineOf(err error) string {
	text := err.Error()
	if m := atLine.FindStringSubmatch(text); m != nil {
		text = "line " + m[1] + ": " + text[len(m[0]):]
	}
	text, _, _ = strings.Cut(text, "\n")
	return text
}

// actions are the functions that a template may call. Others could print
// without end, or are of no use here.
var actions = []string{"and", "or", "not", "eq", "ne", "lt", "le", "gt", "ge", "len"}

// allowed refuses what a template of a mail does not need and strangers could
// misuse: definitions (and so recursion), functions that are not listed, and
// loops over anything but the products.
func allowed(tree *parse.Tree, templates int) error {
	if templates > 1 {
		return fmt.Errorf("define, block and template are not available")
	}
	if tree == nil || tree.Root == nil {
		return nil
	}
	return (&walk{tree: tree}).list(tree.Root, false)
}

type walk struct{ tree *parse.Tree }

func (w *walk) refuse(n parse.Node, what string) error {
	location, _ := w.tree.ErrorContext(n)
	_, line, _ := strings.Cut(location, ":")
	number, _, _ := strings.Cut(line, ":")
	if _, err := strconv.Atoi(number); err != nil {
		number = "1"
	}
	return fmt.Errorf("template: text:%s: %s", number, what)
}

func (w *walk) list(l *parse.ListNode, looping bool) error {
	if l == nil {
		return nil
	}
	for _, n := range l.Nodes {
		if err := w.node(n, looping); err != nil {
			return err
		}
	}
	return nil
}

func (w *walk) node(n parse.Node, looping bool) error {
	switch n := n.(type) {
	case *parse.TextNode, *parse.CommentNode, *parse.BreakNode, *parse.ContinueNode:
		return nil
	case *parse.ActionNode:
		return w.pipe(n.Pipe)
	case *parse.IfNode:
		return w.branch(&n.BranchNode, looping)
	case *parse.WithNode:
		return w.branch(&n.BranchNode, looping)
	case *parse.RangeNode:
		if looping || !overProducts(n.Pipe) {
			return w.refuse(n, "range is for {{range .Products}} alone, and not inside another one")
		}
		return w.branch(&n.BranchNode, true)
	}
	return w.refuse(n, "define, block and template are not available")
}

func (w *walk) branch(b *parse.BranchNode, looping bool) error {
	if err := w.pipe(b.Pipe); err != nil {
		return err
	}
	if err := w.list(b.List, looping); err != nil {
		return err
	}
	return w.list(b.ElseList, looping)
}

// overProducts reports whether a pipeline is .Products or $.Products.
func overProducts(p *parse.PipeNode) bool {
	if p == nil || len(p.Cmds) != 1 || len(p.Cmds[0].Args) != 1 {
		return false
	}
	switch n := p.Cmds[0].Args[0].(type) {
	case *parse.FieldNode:
		return slices.Equal(n.Ident, []string{"Products"})
	case *parse.VariableNode:
		return slices.Equal(n.Ident, []string{"$", "Products"})
	}
	return false
}

func (w *walk) pipe(p *parse.PipeNode) error {
	if p == nil {
		return nil
	}
	for _, c := range p.Cmds {
		for _, a := range c.Args {
			if err := w.arg(a); err != nil {
				return err
			}
		}
	}
	return nil
}

func (w *walk) arg(n parse.Node) error {
	switch n := n.(type) {
	case *parse.IdentifierNode:
		if !slices.Contains(actions, n.Ident) {
			return w.refuse(n, "the function "+n.Ident+" is not available; there are "+strings.Join(actions, ", "))
		}
	case *parse.FieldNode:
		return w.field(n, n.Ident)
	case *parse.VariableNode:
		if n.Ident[0] == "$" {
			return w.field(n, n.Ident[1:])
		}
	case *parse.PipeNode:
		return w.pipe(n)
	case *parse.ChainNode:
		return w.arg(n.Node)
	}
	return nil
}

// field demands one of Fields: a branch that is taken seldom must not fail
// when it is.
func (w *walk) field(n parse.Node, path []string) error {
	if len(path) > 0 && !slices.Contains(fields, path[0]) {
		return w.refuse(n, "there is no ."+path[0]+"; there are ."+strings.Join(fields, ", ."))
	}
	return nil
}

// fields are the names of Fields.
var fields = []string{"Shop", "Name", "FirstName", "Order", "Products", "More", "Location", "Link", "Unsubscribe", "Again", "Test"}
