package soap

import (
	"strings"

	"github.com/ordermux/ordermux/internal/order"
)

// Class is what a Type describes.
type Class uint8

// The classes of types, with their names in XML Schema.
const (
	String  Class = iota // xsd:string
	Int                  // xsd:int; a whole number
	Decimal              // xsd:decimal; without an exponent
	Boolean              // xsd:boolean; the text "true" or "false" in a Value
	Base64               // xsd:base64Binary; the text, not decoded
	Struct               // a complex type: an object with fields
	Array                // SOAP-ENC:Array: a list of Item
)

var classes = [...]struct{ xsd, must string }{
	String:  {"string", "a text"},
	Int:     {"int", "a whole number"},
	Decimal: {"decimal", "a number"},
	Boolean: {"boolean", "true or false"},
	Base64:  {"base64Binary", "a text in base64"},
	Struct:  {"", "an object"},
	Array:   {"", "a list"},
}

// Type describes a value: what a single or a repeated element means, what is
// written as xsi:type, and the schema of a WSDL. A nil *Type is any value.
type Type struct {
	Class  Class
	Name   string  // of a Struct, unique in a service: "requestType"
	Fields []Field // of a Struct
	Item   *Type   // of an Array; nil is any value
	Doc    string  // for people who read the WSDL
}

// Field is a field of a Struct. Fields that are not described are read and
// written too, as what they look like.
type Field struct {
	Name     string
	Type     *Type
	Required bool // for the WSDL; reading does not ask for it
	Doc      string
}

// ListType is the type of a list of item.
func ListType(item *Type) *Type { return &Type{Class: Array, Item: item} }

// StructType is the type of an object with these fields.
func StructType(name string, fields ...Field) *Type {
	return &Type{Class: Struct, Name: name, Fields: fields}
}

// Of is a simple type: Of(soap.Int).
func Of(c Class) *Type { return &Type{Class: c} }

// field finds the description of a field, in Struct types only.
func (t *Type) field(name string) (*Type, bool) {
	if t == nil || t.Class != Struct {
		return nil, false
	}
	for i := range t.Fields {
		if t.Fields[i].Name == name {
			return t.Fields[i].Type, true
		}
	}
	return nil, false
}

// requiresOther reports whether a field other than the named one is required.
func (t *Type) requiresOther(name string) bool {
	for _, f := range t.Fields {
		if f.Required && f.Name != name {
			return true
		}
	}
	return false
}

// scalar reads the text of a simple type. An empty number or truth value is
// nil: that is how clients write what they do not have.
func scalar(text string, c Class) (Value, order.ValueError) {
	if c == String || c == Base64 {
		return TextOf(text), ""
	}
	text = strings.Trim(text, blanks)
	if text == "" {
		return Value{}, ""
	}
	if c == Boolean {
		switch text {
		case "true", "1":
			return TextOf("true"), ""
		case "false", "0":
			return TextOf("false"), ""
		}
		return Value{}, "must be true or false"
	}
	text = plain(text)
	d, err := order.ParseDecimal(text)
	if fault, ok := err.(order.ValueError); ok {
		return Value{}, fault
	}
	if c == Int && strings.Contains(text, ".") || !d.IsSet() {
		return Value{}, "must be a whole number"
	}
	return NumberOf(text), ""
}

// plain writes a decimal of XML Schema, which may begin with a plus or needless
// zeros and may lack digits on one side of its point, as a JSON number. What is
// none stays none.
func plain(s string) string {
	sign, digits := "", strings.TrimPrefix(s, "+")
	if rest, negative := strings.CutPrefix(s, "-"); negative {
		sign, digits = "-", rest
	}
	whole, fraction, point := strings.Cut(digits, ".")
	if whole+fraction == "" || strings.Trim(whole+fraction, "0123456789") != "" {
		return s
	}
	if whole = strings.TrimLeft(whole, "0"); whole == "" {
		whole = "0"
	}
	if !point || fraction == "" {
		return sign + whole
	}
	return sign + whole + "." + fraction
}

// isNumber reports whether s is a number as JSON writes it.
func isNumber(s string) bool {
	s = strings.TrimPrefix(s, "-")
	digits := func() bool {
		n := 0
		for n < len(s) && s[n] >= '0' && s[n] <= '9' {
			n++
		}
		s = s[n:]
		return n > 0
	}
	zero := strings.HasPrefix(s, "0")
	before := len(s)
	if !digits() || zero && before-len(s) > 1 {
		return false
	}
	if strings.HasPrefix(s, ".") {
		if s = s[1:]; !digits() {
			return false
		}
	}
	if s != "" && (s[0] == 'e' || s[0] == 'E') {
		if s = s[1:]; s != "" && (s[0] == '+' || s[0] == '-') {
			s = s[1:]
		}
		return digits() && s == ""
	}
	return s == ""
}
