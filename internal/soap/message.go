package soap

import "github.com/ordermux/ordermux/internal/order"

// Message is an envelope that was read: a call, an answer or a fault.
type Message struct {
	Method string // name of the body's element: "placeOrder", "placeOrderResponse"
	Fault  *Fault // not nil: the body holds a fault
	tree   *tree
	root   int32 // the body's element
}

// Parse reads an envelope of at most MaxBytes. Headers are stepped over, also
// those that must be understood: clients write addressing into them that says
// nothing new. The error is an *Error.
func Parse(body []byte) (*Message, error) {
	t, err := scan(body)
	if err != nil {
		return nil, err
	}
	if t.nodes[0].name != "Envelope" {
		return nil, &Error{Reason: "not a SOAP envelope", Code: order.Malformed}
	}
	inside := t.child(0, "Body")
	if inside < 0 {
		return nil, &Error{Reason: "the envelope has no Body", Code: order.Required}
	}
	m := &Message{tree: t}
	if m.root, err = t.call(inside); err != nil {
		return nil, err
	}
	m.Method = t.nodes[m.root].name
	if m.Method == "Fault" {
		m.Fault = t.fault(m.root)
	}
	return m, nil
}

// call finds the one element of the body that is no target of references.
func (t *tree) call(body int32) (int32, error) {
	found := int32(-1)
	for _, k := range t.kids(body) {
		n := &t.nodes[k]
		switch {
		case n.aside || n.name == "multiRef" && n.labelled:
		case found < 0:
			found = k
		case !n.labelled:
			return -1, &Error{Path: "Body", Reason: "more than one call", Code: order.Malformed}
		}
	}
	if found < 0 {
		return -1, &Error{Path: "Body", Reason: "no call in it", Code: order.Required}
	}
	return found, nil
}

// Decode reads the value of the call's or answer's part as t describes it. A
// message whose fields stand in the method's element itself, without a part, is
// read too. The error is an *Error.
func (m *Message) Decode(t *Type) (Value, error) {
	d := newDecoder(m.tree)
	d.path = append(d.path, step{name: "Body"}, step{name: m.Method})
	part, err := d.part(m.root, t)
	if err != nil {
		return Value{}, err
	}
	return d.value(part, t)
}

// part finds the element that holds the value of type t in a method's element.
func (d *decoder) part(method int32, t *Type) (int32, error) {
	method, err := d.follow(method)
	if err != nil {
		return 0, err
	}
	n := &d.tree.nodes[method]
	if n.kids != 1 {
		return method, nil
	}
	name := d.tree.nodes[n.first].name
	inner, err := d.follow(n.first)
	if err != nil {
		return 0, err
	}
	if _, declared := t.field(name); !declared || t.Name != "" && d.tree.nodes[inner].typ == t.Name || d.declares(inner, t) {
		return inner, nil
	}
	// The only child is a field of the request: the client left the part out.
	return method, nil
}

// declares reports whether a child of the node is a field of t.
func (d *decoder) declares(i int32, t *Type) bool {
	for k := d.tree.nodes[i].first; k >= 0; k = d.tree.nodes[k].next {
		if _, ok := t.field(d.tree.nodes[k].name); ok {
			return true
		}
	}
	return false
}
