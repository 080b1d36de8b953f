package soap

import (
	"slices"
	"strings"

	"github.com/ordermux/ordermux/internal/order"
)

// decoder makes a value of a tree. References can multiply a tree, so it counts
// what it has made.
type decoder struct {
	tree        *tree
	path        []step
	left, bytes int
	work        int // children that may still be looked at
}

func newDecoder(t *tree) *decoder {
	return &decoder{tree: t, left: MaxElements, bytes: MaxBytes, work: 8 * MaxElements}
}

// look pays for a look at all children of a node. Without references no node
// is looked at more than a few times; with them one large node could be, once
// for every reference to it.
func (d *decoder) look(i int32) error {
	if d.work -= 1 + int(d.tree.nodes[i].kids); d.work < 0 {
		return d.tooMuch()
	}
	return nil
}

func (d *decoder) tooMuch() error {
	return d.fault("references make this too large or too deep", order.TooLarge)
}

func (d *decoder) fault(reason string, code order.FaultCode) error {
	return &Error{Path: pathOf(d.path, "/"), Reason: reason, Code: code}
}

// follow resolves references until an element that is none.
func (d *decoder) follow(i int32) (int32, error) {
	for range MaxDepth {
		ref := d.tree.nodes[i].ref
		if ref == "" {
			return i, nil
		}
		id, inside := strings.CutPrefix(ref, "#")
		target, found := d.tree.ids[id]
		if !inside || !found {
			return 0, d.fault("refers to what is not in the message", order.Malformed)
		}
		i = target
	}
	return 0, d.fault("refers to itself", order.Malformed)
}

// value makes the value of a node.
func (d *decoder) value(i int32, t *Type) (Value, error) {
	i, err := d.follow(i)
	if err != nil {
		return Value{}, err
	}
	n := &d.tree.nodes[i]
	d.left--
	d.bytes -= len(n.name) + len(n.text)
	if d.left < 0 || d.bytes < 0 || len(d.path) > MaxDepth {
		return Value{}, d.tooMuch()
	}
	if err := d.look(i); err != nil {
		return Value{}, err
	}
	switch {
	case n.null:
		return Value{}, nil
	case t == nil:
		return d.guess(i)
	case t.Class == Struct:
		return d.object(i, t)
	case t.Class == Array:
		return d.list([]int32{i}, t.Item)
	case n.kids > 0:
		return Value{}, d.fault("must be "+classes[t.Class].must+", not elements", order.Malformed)
	}
	v, fault := scalar(n.text, t.Class)
	if fault != "" {
		return Value{}, d.fault(string(fault), fault.Code())
	}
	return v, nil
}

// group is all children of one name, or one pair of a map.
type group struct {
	name  string
	nodes []int32
}

// object makes an object of a node's children, whatever their sequence.
func (d *decoder) object(i int32, t *Type) (Value, error) {
	if n := &d.tree.nodes[i]; n.kids == 0 && strings.Trim(n.text, blanks) != "" {
		return Value{}, d.fault("must be an object, not a text", order.Malformed)
	}
	groups, err := d.groups(i, t)
	if err != nil {
		return Value{}, err
	}
	v := Value{kind: Object, members: make([]Member, 0, len(groups))}
	for _, g := range groups {
		d.path = append(d.path, step{name: g.name})
		ft, declared := t.field(g.name)
		member, err := d.member(g.nodes, ft, declared)
		if err != nil {
			return Value{}, err
		}
		d.path = d.path[:len(d.path)-1]
		v.members = append(v.members, Member{g.name, member})
	}
	return v, nil
}

// member makes a field of the elements that bear its name.
func (d *decoder) member(nodes []int32, t *Type, declared bool) (Value, error) {
	switch {
	case t != nil && t.Class == Array:
		return d.list(nodes, t.Item)
	case len(nodes) == 1:
		return d.value(nodes[0], t)
	case declared && t != nil:
		return Value{}, d.fault("stands twice, and is no list", order.Malformed)
	}
	return d.elements(nodes, t)
}

// groups gathers the children of an object by name, in the sequence of first
// sight; a map's pairs by their keys.
func (d *decoder) groups(i int32, t *Type) ([]group, error) {
	if _, declared := t.field("item"); !declared && d.tree.isMap(i) {
		return d.pairs(i)
	}
	n := &d.tree.nodes[i]
	out := make([]group, 0, min(n.kids, 64))
	var places map[string]int // of names, once there are too many to search
	for k := n.first; k >= 0; k = d.tree.nodes[k].next {
		name := d.tree.nodes[k].name
		at := -1
		if places != nil {
			if known, ok := places[name]; ok {
				at = known
			}
		} else {
			at = slices.IndexFunc(out, func(g group) bool { return g.name == name })
		}
		if at < 0 {
			at = len(out)
			out = append(out, group{name: name})
			places = remember(places, out)
		}
		out[at].nodes = append(out[at].nodes, k)
	}
	return out, nil
}

// remember keeps the places of groups in a map, from the 16th group on.
func remember(places map[string]int, groups []group) map[string]int {
	const searchable = 16
	switch n := len(groups); {
	case n < searchable:
		return nil
	case n == searchable:
		places = make(map[string]int, 2*searchable)
		for at, g := range groups {
			places[g.name] = at
		}
	default:
		places[groups[n-1].name] = n - 1
	}
	return places
}

// pairs are the keys and values of a map.
func (d *decoder) pairs(i int32) ([]group, error) {
	var out []group
	seen := map[string]bool{}
	for k := d.tree.nodes[i].first; k >= 0; k = d.tree.nodes[k].next {
		item, err := d.follow(k)
		if err != nil {
			return nil, err
		}
		if err := d.look(item); err != nil {
			return nil, err
		}
		key, value := d.tree.child(item, "key"), d.tree.child(item, "value")
		if key < 0 || value < 0 {
			return nil, d.fault("an item of a map needs a key and a value", order.Malformed)
		}
		if key, err = d.follow(key); err != nil {
			return nil, err
		}
		name := d.tree.nodes[key].text
		// Keys become the names of elements and members.
		if seen[name] || len(name) > maxName {
			return nil, d.fault("a key stands twice in a map, or is too long", order.Malformed)
		}
		if d.bytes -= len(name); d.bytes < 0 {
			return nil, d.tooMuch()
		}
		seen[name] = true
		out = append(out, group{name, []int32{value}})
	}
	return out, nil
}

// list makes a list of the elements that bear its name: one with the items
// inside, or each an item.
func (d *decoder) list(nodes []int32, item *Type) (Value, error) {
	var items []int32
	for _, k := range nodes {
		i, err := d.follow(k)
		if err != nil {
			return Value{}, err
		}
		if d.tree.nodes[i].null && len(nodes) == 1 {
			return Value{}, nil
		}
		if err := d.look(i); err != nil {
			return Value{}, err
		}
		if items, err = d.layer(items, i, item); err != nil {
			return Value{}, err
		}
		if len(items) > MaxElements {
			return Value{}, d.tooMuch()
		}
	}
	return d.elements(items, item)
}

// elements makes a list of nodes that are its items.
func (d *decoder) elements(nodes []int32, item *Type) (Value, error) {
	v := Value{kind: List, items: make([]Value, 0, min(len(nodes), d.left+1))}
	for at, k := range nodes {
		d.path = append(d.path, place(at))
		one, err := d.value(k, item)
		if err != nil {
			return Value{}, err
		}
		d.path = d.path[:len(d.path)-1]
		v.items = append(v.items, one)
	}
	return v, nil
}

// layer appends the items that a list's element holds: its children, or the
// element itself.
func (d *decoder) layer(items []int32, i int32, item *Type) ([]int32, error) {
	n := &d.tree.nodes[i]
	_, keyed := item.field("key")
	switch {
	case n.array && n.typ != "Map":
	case !keyed && d.tree.isMap(i):
		pairs, err := d.pairs(i)
		for _, p := range pairs {
			items = append(items, p.nodes...)
		}
		return items, err
	case n.kids == 0 && (n.null || strings.Trim(n.text, blanks) != ""):
		return append(items, i), nil
	case n.kids > 0 && item != nil && item.Class == Struct && !d.holdsItems(i, item):
		return append(items, i), nil
	}
	return append(items, d.tree.kids(i)...), nil
}

// holdsItems tells a list's element with items of any name from one that is
// itself an item, of type t.
func (d *decoder) holdsItems(i int32, t *Type) bool {
	name := d.tree.sameName(i)
	if name == "" {
		return false
	}
	ft, declared := t.field(name)
	if !declared {
		return true
	}
	// An item with nothing but a list in it, though something else is
	// required: that is the list once more, under the same name.
	return ft != nil && ft.Class == Array && t.requiresOther(name)
}

// guess makes a value of which no type is known.
func (d *decoder) guess(i int32) (Value, error) {
	n := &d.tree.nodes[i]
	switch {
	case n.typ == "Map":
		return d.object(i, nil)
	case n.array:
		return d.elements(d.tree.kids(i), nil)
	case n.typ == "Struct":
		return d.object(i, nil)
	case n.kids == 0:
		return guessText(n), nil
	case d.tree.isMap(i), d.tree.sameName(i) != "item":
		return d.object(i, nil)
	}
	return d.elements(d.tree.kids(i), nil)
}

// guessText is a number if the element says so.
func guessText(n *node) Value {
	switch n.typ {
	case "int", "integer", "long", "short", "byte", "decimal", "float", "double", "unsignedInt", "unsignedLong", "unsignedShort",
		"unsignedByte", "nonNegativeInteger", "positiveInteger", "negativeInteger", "nonPositiveInteger":
		if text := strings.Trim(n.text, blanks); isNumber(text) {
			return NumberOf(text)
		}
	}
	return TextOf(n.text)
}
