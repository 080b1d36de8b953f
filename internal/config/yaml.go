package config

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/parser"
)

// maxFile bounds a configuration file; no sane one comes near.
const maxFile = 64 << 20

// document parses the file to its top mapping. False: it complained.
func (c *checker) document(data []byte) (root *mapping, ok bool) {
	if len(data) > maxFile {
		c.complain(0, "", "the file is larger than %d MiB; give a configuration file", maxFile>>20)
		return nil, false
	}
	// The parser is other people's code fed with whatever a person wrote: a
	// fault in it is a complaint about the file, not the end of the hub.
	defer func() {
		if p := recover(); p != nil {
			c.complain(0, "", "not YAML that can be read; check brackets, quotes and indentation")
			root, ok = nil, false
		}
	}()
	file, err := parser.ParseBytes(data, 0)
	if err != nil {
		c.complainSyntax(err)
		return nil, false
	}
	docs := slices.DeleteFunc(file.Docs, func(d *ast.DocumentNode) bool { return d.Body == nil || isComment(d.Body) })
	switch {
	case len(docs) == 0:
		c.complain(0, "", "the file is empty; name at least one shop under shops:")
		return nil, false
	case len(docs) > 1:
		c.complain(line(docs[1].Body), "", "the file holds several documents; keep only the first and remove the --- lines")
		return nil, false
	}
	v := value{c: c, line: line(docs[0].Body), node: docs[0].Body}
	return v.mapping()
}

func (c *checker) complainSyntax(err error) {
	var ye yaml.Error
	if !errors.As(err, &ye) {
		c.complain(0, "", "not YAML that can be read; check brackets, quotes and indentation")
		return
	}
	at := 0
	if tk := ye.GetToken(); tk != nil && tk.Position != nil {
		at = tk.Position.Line
	}
	text := ye.GetMessage()
	if strings.Contains(text, "already defined") {
		c.complain(at, "", "%s; keep one of the two", strings.ReplaceAll(text, "mapping key", "key"))
		return
	}
	c.complain(at, "", "not valid YAML (%s); check brackets, quotes and indentation", text)
}

func isComment(n ast.Node) bool { return n.Type() == ast.CommentType }

func line(n ast.Node) int {
	if n == nil || n.GetToken() == nil || n.GetToken().Position == nil {
		return 0
	}
	return n.GetToken().Position.Line
}

// value is one place of the file: where it is, and what stands there.
type value struct {
	c    *checker
	path string // "shops.nordlys.name"
	doc  string // the same with * for names that people choose
	line int    // of its key
	node ast.Node
}

func (v value) complain(format string, args ...any) {
	v.c.complain(v.line, v.path, format, args...)
}

func (v value) empty() bool {
	return v.node == nil || v.node.Type() == ast.NullType
}

// list returns the elements of a sequence; a single value is a list of one.
func (v value) list() []value {
	if v.empty() {
		v.complain("is empty; give a value or remove the key")
		return nil
	}
	seq, ok := v.node.(*ast.SequenceNode)
	if !ok {
		return []value{v}
	}
	out := make([]value, len(seq.Values))
	for i, n := range seq.Values {
		out[i] = value{c: v.c, path: fmt.Sprintf("%s[%d]", v.path, i), doc: v.doc, line: line(n), node: n}
	}
	return out
}

// scalar returns the text of a plain value as it is written. False: it
// complained.
func (v value) scalar() (string, bool) {
	if v.empty() {
		v.complain("is empty; give a value or remove the key")
		return "", false
	}
	switch n := v.node.(type) {
	case *ast.StringNode:
		return n.Value, true
	case *ast.LiteralNode:
		return n.Value.Value, true
	case *ast.IntegerNode, *ast.FloatNode, *ast.BoolNode, *ast.InfinityNode, *ast.NanNode:
		return n.GetToken().Value, true
	}
	v.refuseShape("a plain value")
	return "", false
}

func (v value) refuseShape(want string) {
	switch v.node.Type() {
	case ast.AnchorType, ast.AliasType, ast.MergeKeyType, ast.TagType:
		v.complain("YAML anchors, aliases and tags are not supported; write the value out")
	case ast.MappingType, ast.MappingValueType:
		v.complain("must be %s, not keys and values", want)
	case ast.SequenceType:
		v.complain("must be %s, not a list", want)
	default:
		v.complain("must be %s", want)
	}
}

// isMapping reports whether keys and values stand here.
func (v value) isMapping() bool {
	if v.node == nil {
		return false
	}
	return v.node.Type() == ast.MappingType || v.node.Type() == ast.MappingValueType
}

// mapping is keys and values whose keys are asked for one by one; done
// complains about those nobody asked for.
type mapping struct {
	value
	pairs []pair
	known []string
}

type pair struct {
	key string
	value
}

// mapping returns the keys and values here. False: it complained.
func (v value) mapping() (*mapping, bool) {
	if v.empty() {
		v.complain("is empty; give its keys or remove it")
		return nil, false
	}
	var nodes []*ast.MappingValueNode
	switch n := v.node.(type) {
	case *ast.MappingNode:
		nodes = n.Values
	case *ast.MappingValueNode:
		nodes = []*ast.MappingValueNode{n}
	default:
		v.refuseShape("keys and values")
		return nil, false
	}
	m := &mapping{value: v}
	for _, n := range nodes {
		m.add(n)
	}
	return m, true
}

func (m *mapping) add(n *ast.MappingValueNode) {
	at := line(n.Key)
	if _, ok := n.Key.(*ast.StringNode); !ok && n.Key.Type() != ast.IntegerType {
		m.c.complain(at, m.path, "the key %q is not a plain name; write the name without anchors, tags or lists", n.Key.GetToken().Value)
		return
	}
	key := n.Key.GetToken().Value
	m.c.lines[join(m.path, key)] = at
	m.pairs = append(m.pairs, pair{key: key, value: value{
		c: m.c, path: join(m.path, key), doc: join(m.doc, "*"), line: at, node: n.Value,
	}})
}

func join(path, key string) string {
	if path == "" {
		return key
	}
	return path + "." + key
}

// take returns the value of a known key, whether it is there or not.
func (m *mapping) take(key string) (value, bool) {
	m.known = append(m.known, key)
	doc := join(m.doc, key)
	m.c.visited[doc] = true
	for _, p := range m.pairs {
		if p.key == key {
			p.doc = doc
			return p.value, true
		}
	}
	return value{c: m.c, path: join(m.path, key), doc: doc, line: m.line}, false
}

// done complains about every key that was not taken.
func (m *mapping) done() {
	for _, p := range m.pairs {
		if slices.Contains(m.known, p.key) {
			continue
		}
		if near := nearest(p.key, m.known); near != "" {
			m.c.complain(p.line, p.path, "unknown key; did you mean %s?", near)
			continue
		}
		known := slices.Clone(m.known)
		slices.Sort(known)
		known = slices.Compact(known)
		m.c.complain(p.line, p.path, "unknown key; known here: %s", strings.Join(known, ", "))
	}
}
