package soap

import "slices"

// Kind says what a Value is.
type Kind uint8

// The kinds of Value. The zero Value is Nil.
const (
	Nil    Kind = iota
	Text        // also dates, yes and no, and base64
	Number      // as written, a JSON number
	Object      // members in sequence
	List
)

// Value is one node of the tree that JSON and SOAP map to. It is immutable by
// custom: share it, do not change what its accessors return.
type Value struct {
	kind    Kind
	text    string
	members []Member
	items   []Value
}

// Member is one field of an object. Names are unique in an object.
type Member struct {
	Name  string
	Value Value
}

// TextOf makes a text.
func TextOf(s string) Value { return Value{kind: Text, text: s} }

// NumberOf makes a number of its decimal text, such as "12.50", which must be
// a JSON number.
func NumberOf(digits string) Value { return Value{kind: Number, text: digits} }

// ObjectOf makes an object of its members, in this sequence.
func ObjectOf(members ...Member) Value { return Value{kind: Object, members: members} }

// ListOf makes a list.
func ListOf(items ...Value) Value { return Value{kind: List, items: items} }

// Kind says what v is.
func (v Value) Kind() Kind { return v.kind }

// IsNil reports whether v is nothing: absent, null, or xsi:nil.
func (v Value) IsNil() bool { return v.kind == Nil }

// Text is the text of a text or number, else "".
func (v Value) Text() string { return v.text }

// Members are the fields of an object, else none.
func (v Value) Members() []Member { return v.members }

// Items are the elements of a list, else none.
func (v Value) Items() []Value { return v.items }

// At follows names into objects; what is not there is Nil:
// v.At("params", "courierId").
func (v Value) At(names ...string) Value {
	for _, name := range names {
		i := slices.IndexFunc(v.members, func(m Member) bool { return m.Name == name })
		if i < 0 {
			return Value{}
		}
		v = v.members[i].Value
	}
	return v
}

// Equal reports whether two values are the same, sequence and spelling
// included.
func (v Value) Equal(w Value) bool {
	return v.kind == w.kind && v.text == w.text && slices.EqualFunc(v.items, w.items, Value.Equal) &&
		slices.EqualFunc(v.members, w.members, func(a, b Member) bool { return a.Name == b.Name && a.Value.Equal(b.Value) })
}
