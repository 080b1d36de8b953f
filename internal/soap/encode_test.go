package soap_test

import (
	"strings"
	"testing"

	"github.com/ordermux/ordermux/internal/soap"
)

const fullRequest = `{"authenticate":{"sessionKey":"<k>&\"'\r\n\t"},"params":{"courierId":5,"products":[` +
	`{"code":"A","quantity":1.50,"comment":null,"gift":true,"file":"AAE=","tags":["x","ż\u007f\ufffe"],"products":[{"code":"p"}]},{}],` +
	`"extra":{"n":[1,3000000000,1.5,1e3,123456789012345678901,"t",null,{},[[]]]}}}`

func TestGoldenEnvelopes(t *testing.T) {
	t.Parallel()
	o := placeOrder()
	request, err := soap.EncodeRequest(o, mustJSON(t, strings.NewReplacer("\\u007f", "").Replace(fullRequest), o.Request))
	if err != nil {
		t.Fatal(err)
	}
	golden(t, "request.xml", request)
	response, err := soap.EncodeResponse(o, soap.ObjectOf(
		soap.Member{Name: "errors", Value: soap.ObjectOf(soap.Member{Name: "faultCode", Value: soap.NumberOf("0")}, soap.Member{Name: "faultString", Value: soap.TextOf("")})},
		soap.Member{Name: "orderId", Value: soap.TextOf("shop-1 \xff\x00")}, soap.Member{Name: "results", Value: soap.ListOf()}))
	if err != nil {
		t.Fatal(err)
	}
	golden(t, "response.xml", response)
	golden(t, "fault.xml", soap.EncodeFault(soap.Fault{Code: soap.Server, Reason: "try <again> & again"}))
}

func TestClientReadsWhatServerWrites(t *testing.T) {
	t.Parallel()
	o := placeOrder()
	m, err := soap.Parse(mustRead(t, "testdata/response.xml"))
	if err != nil || m.Method != "placeOrderResponse" {
		t.Fatal(m, err)
	}
	v, err := m.Decode(o.Response)
	if err != nil || v.At("errors", "faultCode").Text() != "0" || v.At("orderId").Text() != "shop-1 \uFFFD\uFFFD" || v.At("results").Kind() != soap.List {
		t.Errorf("%+v, %v", v, err)
	}
	if !v.At("results", "none").IsNil() || !v.At("none", "none").IsNil() {
		t.Error("something where nothing is")
	}
	m, err = soap.Parse(mustRead(t, "testdata/fault.xml"))
	if err != nil || m.Fault == nil || m.Fault.Code != soap.Server || m.Fault.Reason != "try <again> & again" {
		t.Errorf("%+v, %v", m, err)
	}
}

// TestAnswerOfAPHPServer reads what PHP 8.2's SoapServer answers when an object
// stands twice in its result.
func TestAnswerOfAPHPServer(t *testing.T) {
	t.Parallel()
	r := placeOrder().Response
	v := mustDecode(t, mustRead(t, "testdata/php-server-answer.xml"), r)
	const want = `{"errors":{"faultCode":0,"faultString":""},"results":[{"code":"same","quantity":1.50},{"code":"same","quantity":1.50},{"code":"A","comment":null,"tags":["x"]}]}`
	if got := string(soap.AppendJSON(nil, v, r)); got != want {
		t.Errorf("%s, want %s", got, want)
	}
}

func TestEncodeRefuses(t *testing.T) {
	t.Parallel()
	o := placeOrder()
	f := func(v soap.Value, want string) {
		t.Helper()
		b, err := soap.EncodeRequest(o, v)
		if err == nil || err.Error() != want || b != nil {
			t.Errorf("%+v: %v, want %s", v, err, want)
		}
	}
	in := func(name string, v soap.Value) soap.Value { return soap.ObjectOf(soap.Member{Name: name, Value: v}) }
	// names
	f(in("a b", soap.TextOf("")), "Body/placeOrder/?: a name that an XML element can not have")
	f(in("", soap.TextOf("")), "Body/placeOrder/?: a name that an XML element can not have")
	f(in("a:b", soap.TextOf("")), "Body/placeOrder/?: a name that an XML element can not have")
	f(in("1", soap.TextOf("")), "Body/placeOrder/1: a name that an XML element can not have")
	// values that are not of their type
	f(soap.TextOf("x"), "Body/placeOrder: must be an object")
	f(in("params", in("courierId", soap.ListOf())), "Body/placeOrder/params/courierId: must be a whole number")
	f(in("params", in("products", soap.ListOf(soap.ObjectOf(), soap.TextOf("x")))), "Body/placeOrder/params/products[1]: must be an object")
	f(in("params", in("products", soap.ObjectOf())), "Body/placeOrder/params/products: must be a list")
	// depth
	deep := soap.ListOf()
	for range 61 {
		deep = soap.ListOf(deep)
	}
	_, err := soap.EncodeRequest(o, in("x", deep))
	if err == nil || !strings.HasSuffix(err.Error(), "nested too deeply") {
		t.Errorf("deep: %v", err)
	}
}

func TestGoldenWSDL(t *testing.T) {
	t.Parallel()
	s := soap.Service{Name: "Dropshipping", PortType: "ApiDropshippingPortType", Doc: "Orders & more.",
		Location: "https://hub.example/customer-api/?gate=Dropshipping/placeOrder/1/soap&lang=pol", Operations: []*soap.Operation{placeOrder()}}
	b, err := s.WSDL()
	if err != nil {
		t.Fatal(err)
	}
	golden(t, "placeOrder.wsdl", b)
	two := soap.Service{Name: "Both", Location: "https://hub.example/", Operations: []*soap.Operation{
		{Name: "none", Space: "urn:both", Part: "request", Request: soap.StructType("emptyType"), Response: soap.StructType("emptyType")},
		{Name: "any", Space: "urn:both", Request: soap.StructType("anyRequest", soap.Field{Name: "lists", Type: soap.ListType(soap.ListType(nil))}), Response: soap.StructType("emptyType")},
	}}
	if b, err = two.WSDL(); err != nil {
		t.Fatal(err)
	}
	golden(t, "two.wsdl", b)
}

func TestWSDLRefuses(t *testing.T) {
	t.Parallel()
	text := soap.Of(soap.String)
	f := func(request *soap.Type, want string) {
		t.Helper()
		s := soap.Service{Name: "S", Operations: []*soap.Operation{{Name: "op", Request: request, Response: soap.StructType("responseType")}}}
		if _, err := s.WSDL(); err == nil || err.Error() != "WSDL of S: op: "+want {
			t.Errorf("%v, want %s", err, want)
		}
	}
	f(nil, "request and response must be structs")
	f(text, "request and response must be structs")
	f(soap.StructType(""), `type "": a name that is missing, taken or not possible`)
	f(soap.StructType("Map"), `type "Map": a name that is missing, taken or not possible`)
	f(soap.StructType("ArrayOfX"), `type "ArrayOfX": a name that is missing, taken or not possible`)
	f(soap.StructType("t", soap.Field{Name: "a b"}), `type "t": field "a b": a name that XML can not have`)
	f(soap.StructType("responseType", soap.Field{Name: "a"}), `type "responseType": two types of this name`)
	if _, err := (&soap.Service{Name: "S"}).WSDL(); err == nil {
		t.Error("a service without operations")
	}
	if _, err := (&soap.Service{Name: "S S", Operations: []*soap.Operation{placeOrder()}}).WSDL(); err == nil {
		t.Error("a service with a blank in its name")
	}
	if _, err := (&soap.Service{Name: "S", Operations: []*soap.Operation{placeOrder(), authenticate()}}).WSDL(); err == nil {
		t.Error("two namespaces")
	}
}

// TestWSDLIsReadByOurReader: it is well-formed, by the strictest reader at hand.
func TestWSDLIsReadByOurReader(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"placeOrder.wsdl", "two.wsdl"} {
		if _, err := soap.Parse(mustRead(t, "testdata/"+name)); err == nil || err.Error() != "not a SOAP envelope" {
			t.Errorf("%s: %v", name, err)
		}
	}
}
