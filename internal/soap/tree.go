package soap

import "strings"

// tree is a message as it was written, without prefixes, and with only those
// attributes that say something about a value.
type tree struct {
	nodes []node
	ids   map[string]int32
}

// node is an element. Its children are linked by first and next; -1 is none.
type node struct {
	name, text  string
	typ         string // xsi:type without its prefix
	ref         string // the href it stands for
	first, last int32
	next, kids  int32
	array       bool // it says that it is an array
	null        bool // xsi:nil
	aside       bool // SOAP-ENC:root="0": not the call
	labelled    bool // it has an id
}

// add makes a node below parent.
func (t *tree) add(parent int32, name string) int32 {
	i := int32(len(t.nodes))
	t.nodes = append(t.nodes, node{name: name, first: -1, last: -1, next: -1})
	if parent < 0 {
		return i
	}
	p := &t.nodes[parent]
	if p.kids++; p.last < 0 {
		p.first = i
	} else {
		t.nodes[p.last].next = i
	}
	p.last = i
	return i
}

// attribute takes note of an attribute; false if its id is taken.
func (t *tree) attribute(i int32, local string, prefixed bool, value string) bool {
	n := &t.nodes[i]
	switch {
	case local == "type" && prefixed:
		n.typ = value[strings.IndexByte(value, ':')+1:]
		n.array = n.array || n.typ == "Array" || strings.HasPrefix(n.typ, "ArrayOf")
	case local == "arrayType" || local == "itemType" && prefixed: // SOAP 1.1 and 1.2
		n.array = true
	case (local == "nil" || local == "null") && prefixed: // null: the schema drafts of 1999
		n.null = value == "true" || value == "1"
	case local == "href" && !prefixed, local == "ref" && prefixed: // SOAP 1.1 and 1.2
		n.ref = value
		if local == "ref" && !strings.HasPrefix(value, "#") {
			n.ref = "#" + value
		}
	case local == "root" && prefixed:
		n.aside = value == "0" || value == "false"
	case local == "id":
		n.labelled = true
		if _, taken := t.ids[value]; taken {
			return false
		}
		if t.ids == nil {
			t.ids = map[string]int32{}
		}
		t.ids[value] = i
	}
	return true
}

// child finds the first child of that name, or -1.
func (t *tree) child(i int32, name string) int32 {
	for k := t.nodes[i].first; k >= 0; k = t.nodes[k].next {
		if t.nodes[k].name == name {
			return k
		}
	}
	return -1
}

// kids are the children of a node.
func (t *tree) kids(i int32) []int32 {
	out := make([]int32, 0, t.nodes[i].kids)
	for k := t.nodes[i].first; k >= 0; k = t.nodes[k].next {
		out = append(out, k)
	}
	return out
}

// sameName is the name that all children of a node share, or "".
func (t *tree) sameName(i int32) string {
	first := t.nodes[i].first
	if first < 0 {
		return ""
	}
	name := t.nodes[first].name
	for k := t.nodes[first].next; k >= 0; k = t.nodes[k].next {
		if t.nodes[k].name != name {
			return ""
		}
	}
	return name
}

// isMap reports whether a node is a map as PHP and Apache write it: items with
// a key and a value each. An element that says that it is something else is
// none.
func (t *tree) isMap(i int32) bool {
	if t.nodes[i].typ == "Map" {
		return true
	}
	if t.nodes[i].typ != "" || t.nodes[i].array || t.sameName(i) != "item" {
		return false
	}
	for k := t.nodes[i].first; k >= 0; k = t.nodes[k].next {
		if t.nodes[k].kids != 2 || t.child(k, "key") < 0 || t.child(k, "value") < 0 {
			return false
		}
	}
	return true
}
