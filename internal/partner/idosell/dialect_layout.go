package idosell

import (
	"fmt"
	"slices"
	"strings"

	"github.com/ordermux/ordermux/internal/soap"
)

// layout is where the fields of a message, or of an element of one of its
// lists, stand on the wire. Its paths are joined by points and begin at the
// message or the element.
type layout struct {
	out, in map[string]string  // path -> path, canonical -> wire and back
	lists   map[string]*layout // of lists of objects, by their canonical paths
	lacks   map[string]bool    // canonical paths of what the wire has no place for
	same    bool               // nothing is named otherwise
	wire    *soap.Type
}

// naming says what the wire calls a field: its new name, or behind a slash its
// new path. full is its path from the message: "params.products[].code".
type naming func(full, name string) string

// noField in place of a new name: the wire has no such field.
const noField = "-"

// newLayout lays a message out. The error is a sentence that names two fields
// at one place.
func newLayout(t *soap.Type, full string, called naming) (*layout, error) {
	l := &layout{out: map[string]string{}, in: map[string]string{}, lists: map[string]*layout{}, lacks: map[string]bool{}, same: true}
	shape := &sketch{typeName: t.Name, declared: true}
	if err := l.add(shape, t, "", "", full, called); err != nil {
		return nil, err
	}
	l.wire = shape.build()
	return l, nil
}

func (l *layout) add(shape *sketch, t *soap.Type, canonical, wire, full string, called naming) error {
	for _, f := range t.Fields {
		c, path := join(canonical, f.Name), join(full, f.Name)
		w := called(path, f.Name)
		if w == noField {
			l.lacks[c], l.same = true, false
			continue
		}
		if moved, absolute := strings.CutPrefix(w, "/"); absolute {
			w = moved
		} else {
			w = join(wire, w)
		}
		if other, taken := l.in[w]; taken {
			return fmt.Errorf("%s and %s would both be %s", join(full, lastOf(other)), path, w)
		}
		l.out[c], l.in[w] = w, c
		l.same = l.same && c == w
		if err := l.addType(shape, f, c, w, path, called); err != nil {
			return err
		}
	}
	return nil
}

// addType draws a field, with what is in it.
func (l *layout) addType(shape *sketch, f soap.Field, c, w, full string, called naming) error {
	f.Name = lastOf(w)
	switch {
	case f.Type.Class == soap.Struct:
		if err := shape.put(w, sketch{typeName: f.Type.Name, field: f, declared: true}); err != nil {
			return err
		}
		return l.add(shape, f.Type, c, w, full, called)
	case f.Type.Class == soap.Array && f.Type.Item != nil && f.Type.Item.Class == soap.Struct:
		inner, err := newLayout(f.Type.Item, full+"[]", called)
		if err != nil {
			return err
		}
		l.lists[c] = inner
		l.same = l.same && inner.same
		f.Type = soap.ListType(inner.wire)
	}
	return shape.put(w, sketch{field: f, leaf: true, declared: true})
}

// sketch is a type of the wire in the making.
type sketch struct {
	typeName       string
	field          soap.Field
	leaf, declared bool
	kids           []*sketch
}

// put draws a field at a path.
func (s *sketch) put(path string, what sketch) error {
	for names := strings.Split(path, "."); ; names = names[1:] {
		if s.leaf {
			return fmt.Errorf("%s stands inside of %s, which is no object", path, s.field.Name)
		}
		i := slices.IndexFunc(s.kids, func(k *sketch) bool { return k.field.Name == names[0] })
		if i < 0 {
			i = len(s.kids)
			s.kids = append(s.kids, &sketch{typeName: names[0] + "PartType", field: soap.Field{Name: names[0]}})
		}
		s = s.kids[i]
		if len(names) > 1 {
			continue
		}
		if len(s.kids) > 0 && what.leaf || s.declared {
			return fmt.Errorf("%s is two things", path)
		}
		what.kids = s.kids
		*s = what
		return nil
	}
}

// build makes the type. Objects that nothing is left in are left out.
func (s *sketch) build() *soap.Type {
	t := soap.StructType(s.typeName)
	for _, k := range s.kids {
		if !k.leaf {
			if k.field.Type = k.build(); len(k.field.Type.Fields) == 0 {
				continue
			}
		}
		t.Fields = append(t.Fields, k.field)
	}
	return t
}

// convert turns the message, or the element of a list, to canonical names (in)
// or to the wire's.
func (l *layout) convert(v soap.Value, words map[string]*vocabulary, in bool) soap.Value {
	if l.same && len(words) == 0 || v.Kind() != soap.Object {
		return v
	}
	c := &conversion{layout: l, words: words, in: in}
	c.walk(v, "", nil)
	return c.root.value()
}

// conversion is one object on its way.
type conversion struct {
	*layout
	words map[string]*vocabulary
	in    bool
	root  branch
}

// walk takes over the members of an object at a path, whose counterpart is at
// another.
func (c *conversion) walk(v soap.Value, from string, to []string) {
	table := c.out
	if c.in {
		table = c.layout.in
	}
	for _, m := range v.Members() {
		at := join(from, m.Name)
		if !c.in && c.lacks[at] {
			continue
		}
		there, declared := table[at]
		path := append(slices.Clip(to), m.Name)
		canonical := ""
		if declared {
			path, canonical = strings.Split(there, "."), at
		}
		if declared && c.in {
			canonical = there
		}
		c.take(m.Value, at, path, canonical, declared)
	}
}

func (c *conversion) take(v soap.Value, at string, path []string, canonical string, declared bool) {
	list := c.lists[canonical]
	switch {
	case v.Kind() == soap.Object && len(v.Members()) > 0 && list == nil:
		c.walk(v, at, path)
		return
	case v.Kind() == soap.List && list != nil:
		items := make([]soap.Value, len(v.Items()))
		for i, item := range v.Items() {
			items[i] = list.convert(item, c.words, c.in)
		}
		v = soap.ListOf(items...)
	default:
		v = c.words[lastOf(canonical)].say(v, c.in)
	}
	c.root.set(path, v, declared)
}

// say translates a value; what has no translation stays.
func (w *vocabulary) say(v soap.Value, in bool) soap.Value {
	if w == nil {
		return v
	}
	table := w.out
	if in {
		table = w.in
	}
	said, known := table[v.Text()]
	switch {
	case v.Kind() == soap.List:
		items := make([]soap.Value, len(v.Items()))
		for i, item := range v.Items() {
			items[i] = w.say(item, in)
		}
		return soap.ListOf(items...)
	case !known:
		return v
	case v.Kind() == soap.Number:
		return soap.NumberOf(said)
	}
	return soap.TextOf(said)
}

// branch is an object in the making.
type branch struct {
	names          []string
	kids           map[string]*branch
	leaf, declared bool
	is             soap.Value
}

// set puts a value at a path. What the dialect declares goes before what
// merely has its name.
func (b *branch) set(path []string, v soap.Value, declared bool) {
	for _, name := range path {
		if b.leaf && (b.declared || !declared) {
			return
		}
		b.leaf = false
		kid := b.kids[name]
		if kid == nil {
			if b.kids == nil {
				b.kids = map[string]*branch{}
			}
			kid = &branch{}
			b.kids[name], b.names = kid, append(b.names, name)
		}
		b = kid
	}
	if (b.leaf || b.names != nil) && (b.declared || !declared) {
		return
	}
	*b = branch{leaf: true, declared: declared, is: v}
}

func (b *branch) value() soap.Value {
	if b.leaf {
		return b.is
	}
	members := make([]soap.Member, len(b.names))
	for i, name := range b.names {
		members[i] = member(name, b.kids[name].value())
	}
	return soap.ObjectOf(members...)
}

// renamed calls f for the fields with other names on the wire, by their names.
func (l *layout) renamed(f func(wire, canonical string)) {
	for canonical, wire := range l.out {
		if lastOf(wire) != lastOf(canonical) {
			f(lastOf(wire), lastOf(canonical))
		}
	}
	for _, inner := range l.lists {
		inner.renamed(f)
	}
}

// wirePath is a canonical path of a request, "params.products[2].code", as the
// caller knows it.
func (l *layout) wirePath(path string) string {
	var out []byte
	for l != nil {
		here, rest, listed := strings.Cut(path, "[")
		there, known := l.out[here]
		if !known {
			break
		}
		out = append(out, there...)
		place, rest, _ := strings.Cut(rest, "]")
		if !listed {
			return string(out)
		}
		out = append(append(append(out, '['), place...), ']')
		if rest == "" {
			return string(out)
		}
		out, path, l = append(out, '.'), strings.TrimPrefix(rest, "."), l.lists[here]
	}
	return string(out) + path
}

func join(a, b string) string {
	if a == "" {
		return b
	}
	return a + "." + b
}

func lastOf(path string) string { return path[strings.LastIndexByte(path, '.')+1:] }
