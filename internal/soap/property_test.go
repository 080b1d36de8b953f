package soap_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/ordermux/ordermux/internal/soap"
)

// drawType makes a type. Each struct has a required field id, which keeps
// elements without any mark from being ambiguous.
func drawType(t *rapid.T, depth int, names *int) *soap.Type {
	class := rapid.SampledFrom([]soap.Class{soap.String, soap.Int, soap.Decimal, soap.Boolean, soap.Base64, soap.Array, soap.Struct}).Draw(t, "class")
	if depth == 0 && class >= soap.Struct {
		class = soap.String
	}
	switch class {
	case soap.Array:
		return soap.ListType(drawType(t, depth-1, names))
	case soap.Struct:
		return drawStruct(t, depth-1, names)
	}
	return soap.Of(class)
}

func drawStruct(t *rapid.T, depth int, names *int) *soap.Type {
	*names++
	out := soap.StructType(fmt.Sprintf("t%d", *names), soap.Field{Name: "id", Type: soap.Of(soap.String), Required: true})
	for i := range rapid.IntRange(0, 3).Draw(t, "fields") {
		out.Fields = append(out.Fields, soap.Field{Name: fmt.Sprintf("f%d", i), Type: drawType(t, depth, names)})
	}
	return out
}

func drawValue(t *rapid.T, typ *soap.Type) soap.Value {
	switch typ.Class {
	case soap.Int:
		return soap.NumberOf(fmt.Sprint(rapid.Int32().Draw(t, "int")))
	case soap.Decimal:
		return soap.NumberOf(rapid.SampledFrom([]string{"0", "-0.00", "12.50", "123456789012345678901234567890.1"}).Draw(t, "decimal"))
	case soap.Boolean:
		return soap.TextOf(rapid.SampledFrom([]string{"true", "false"}).Draw(t, "truth"))
	case soap.Array:
		var items []soap.Value
		for range rapid.IntRange(0, 3).Draw(t, "items") {
			items = append(items, drawValue(t, typ.Item))
		}
		return soap.ListOf(items...)
	case soap.Struct:
		members := []soap.Member{{Name: "id", Value: soap.TextOf("x")}}
		for _, f := range typ.Fields[1:] {
			if rapid.Bool().Draw(t, "has") {
				members = append(members, soap.Member{Name: f.Name, Value: drawValue(t, f.Type)})
			}
		}
		return soap.ObjectOf(members...)
	}
	return soap.TextOf("." + rapid.StringMatching(`[a-zé<>&"'\]\r\n\t ]{0,8}`).Draw(t, "text"))
}

// TestAnyTypeGoesThere: a value of any described type survives SOAP and JSON,
// and the WSDL of the type is written.
func TestAnyTypeGoesThere(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		names := 0
		o := &soap.Operation{Name: "call", Request: drawStruct(t, 4, &names), Response: soap.StructType("r")}
		v := drawValue(t, o.Request)
		body, err := soap.EncodeRequest(o, v)
		if err != nil {
			t.Fatal(err)
		}
		if w := decodeAs(t, body, o.Request); !w.Equal(v) {
			t.Fatalf("%+v became %+v in\n%s", v, w, body)
		}
		text := soap.AppendJSON(nil, v, o.Request)
		if w, err := soap.DecodeJSON(text, o.Request); err != nil || !w.Equal(v) {
			t.Fatalf("%+v became %+v, %v in\n%s", v, w, err, text)
		}
		s := soap.Service{Name: "S", Operations: []*soap.Operation{o}}
		if _, err := s.WSDL(); err != nil {
			t.Fatal(err)
		}
	})
}

// TestAnyClientIsUnderstood writes a value as a client without any manners
// does: no types, no namespaces, fields in any sequence, lists with a layer of
// some name or none, values behind references.
func TestAnyClientIsUnderstood(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		names := 0
		typ := drawStruct(t, 4, &names)
		v := drawValue(t, typ)
		c := &client{t: t}
		c.element("request", v, typ)
		body := `<Envelope><Body><call>` + c.b.String() + `</call>` + c.aside.String() + `</Body></Envelope>`
		if w := decodeAs(t, []byte(body), typ); !sorted(w).Equal(sorted(v)) {
			t.Fatalf("%+v became %+v in\n%s", v, w, body)
		}
	})
}

func decodeAs(t *rapid.T, body []byte, typ *soap.Type) soap.Value {
	m, err := soap.Parse(body)
	if err != nil {
		t.Fatalf("%v in\n%s", err, body)
	}
	v, err := m.Decode(typ)
	if err != nil {
		t.Fatalf("%v in\n%s", err, body)
	}
	return v
}

// client writes without manners.
type client struct {
	t        *rapid.T
	b, aside strings.Builder
	ids      int
}

func (c *client) element(name string, v soap.Value, typ *soap.Type) {
	if c.ids < 5 && rapid.IntRange(0, 9).Draw(c.t, "behind a reference") == 0 {
		c.ids++
		id := fmt.Sprintf("id%d", c.ids)
		fmt.Fprintf(&c.b, `<%s href="#%s"/>`, name, id)
		inner := &client{t: c.t, ids: 5} // what stands aside refers to nothing
		inner.content(v, typ)
		fmt.Fprintf(&c.aside, `<multiRef id="%s">%s</multiRef>`, id, inner.b.String())
		return
	}
	c.b.WriteString("<" + name + ">")
	c.content(v, typ)
	c.b.WriteString("</" + name + ">")
}

func (c *client) content(v soap.Value, typ *soap.Type) {
	switch typ.Class {
	case soap.Struct:
		for _, m := range rapid.Permutation(v.Members()).Draw(c.t, "sequence") {
			c.member(m, fieldType(typ, m.Name))
		}
	case soap.Array:
		layer := rapid.SampledFrom([]string{"item", "entry"}).Draw(c.t, "layer")
		for _, one := range v.Items() {
			c.element(layer, one, typ.Item)
		}
	default:
		text := strings.NewReplacer("&", "&amp;", "<", "&lt;", "\r", "&#xD;", "]", "&#93;").Replace(v.Text())
		c.b.WriteString(text)
	}
}

// member writes a field; a list sometimes as repeated elements.
func (c *client) member(m soap.Member, typ *soap.Type) {
	repeatable := typ.Class == soap.Array && typ.Item.Class != soap.Array && len(m.Value.Items()) > 0
	if !repeatable || rapid.Bool().Draw(c.t, "layered") {
		c.element(m.Name, m.Value, typ)
		return
	}
	for _, one := range m.Value.Items() {
		c.element(m.Name, one, typ.Item)
	}
}

func fieldType(typ *soap.Type, name string) *soap.Type {
	i := slices.IndexFunc(typ.Fields, func(f soap.Field) bool { return f.Name == name })
	return typ.Fields[i].Type
}

// sorted brings the members of all objects into one sequence.
func sorted(v soap.Value) soap.Value {
	switch v.Kind() {
	case soap.Object:
		members := slices.Clone(v.Members())
		for i := range members {
			members[i].Value = sorted(members[i].Value)
		}
		slices.SortFunc(members, func(a, b soap.Member) int { return strings.Compare(a.Name, b.Name) })
		return soap.ObjectOf(members...)
	case soap.List:
		items := slices.Clone(v.Items())
		for i := range items {
			items[i] = sorted(items[i])
		}
		return soap.ListOf(items...)
	}
	return v
}
