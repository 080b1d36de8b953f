package soap_test

import (
	"bytes"
	"flag"
	"os"
	"testing"

	"github.com/ordermux/ordermux/internal/soap"
)

var update = flag.Bool("update", false, "write the golden files anew")

// placeOrder is an operation with everything a description can hold.
func placeOrder() *soap.Operation {
	text, whole := soap.Of(soap.String), soap.Of(soap.Int)
	part := soap.StructType("componentType", soap.Field{Name: "code", Type: text, Required: true})
	product := soap.StructType("productType",
		soap.Field{Name: "code", Type: text, Required: true, Doc: "Code of the product, \"A&B\" too."},
		soap.Field{Name: "quantity", Type: soap.Of(soap.Decimal)},
		soap.Field{Name: "comment", Type: text},
		soap.Field{Name: "gift", Type: soap.Of(soap.Boolean)},
		soap.Field{Name: "file", Type: soap.Of(soap.Base64)},
		soap.Field{Name: "tags", Type: soap.ListType(text)},
		soap.Field{Name: "products", Type: soap.ListType(part)})
	product.Doc = "One line."
	errors := soap.StructType("errorsType",
		soap.Field{Name: "faultCode", Type: whole, Required: true}, soap.Field{Name: "faultString", Type: text, Required: true})
	return &soap.Operation{
		Name: "placeOrder", Doc: "Places an order <at once>.",
		Request: soap.StructType("requestType",
			soap.Field{Name: "authenticate", Type: soap.StructType("authenticateType", soap.Field{Name: "sessionKey", Type: text})},
			soap.Field{Name: "params", Type: soap.StructType("paramsType",
				soap.Field{Name: "products", Type: soap.ListType(product)}, soap.Field{Name: "courierId", Type: whole},
				soap.Field{Name: "address", Type: soap.StructType("addressType", soap.Field{Name: "city", Type: text})})}),
		Response: soap.StructType("responseType",
			soap.Field{Name: "errors", Type: errors}, soap.Field{Name: "orderId", Type: text},
			soap.Field{Name: "results", Type: soap.ListType(product)}),
	}
}

// authenticate is an operation whose request has a field of its own name.
func authenticate() *soap.Operation {
	text := soap.Of(soap.String)
	return &soap.Operation{
		Name: "authenticate",
		Request: soap.StructType("requestType", soap.Field{Name: "authenticate", Type: soap.StructType("authenticateType",
			soap.Field{Name: "systemLogin", Type: text}, soap.Field{Name: "systemKey", Type: text})}),
		Response: soap.StructType("responseType", soap.Field{Name: "sessionKey", Type: text}),
	}
}

// golden compares with a file of testdata.
func golden(t *testing.T, name string, got []byte) {
	t.Helper()
	name = "testdata/" + name
	if *update {
		if err := os.WriteFile(name, got, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if want := mustRead(t, name); !bytes.Equal(got, want) {
		t.Errorf("%s:\n%s\nwant\n%s", name, got, want)
	}
}

func mustRead(t testing.TB, name string) []byte {
	t.Helper()
	b, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func mustJSON(t testing.TB, text string, typ *soap.Type) soap.Value {
	t.Helper()
	v, err := soap.DecodeJSON([]byte(text), typ)
	if err != nil {
		t.Fatalf("%s: %v", text, err)
	}
	return v
}

func mustDecode(t testing.TB, body []byte, typ *soap.Type) soap.Value {
	t.Helper()
	m, err := soap.Parse(body)
	if err != nil {
		t.Fatalf("%s: %v", body, err)
	}
	v, err := m.Decode(typ)
	if err != nil {
		t.Fatalf("%s: %v", body, err)
	}
	return v
}
