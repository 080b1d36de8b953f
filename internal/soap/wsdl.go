package soap

import (
	"fmt"
	"reflect"
	"strings"
)

// Service is what a WSDL describes: operations at one address.
type Service struct {
	Name       string // "Dropshipping"
	PortType   string // "" is the name and "PortType"
	Location   string // URL to which calls are posted
	Doc        string
	Operations []*Operation // at least one; all of one namespace
}

// WSDL writes the description of a service: WSDL 1.1, RPC style, encoded use,
// arrays as restrictions of SOAP-ENC:Array. The error is a mistake of the
// description: a name that XML can not have, a Struct without a name, two types
// of one name.
func (s *Service) WSDL() ([]byte, error) {
	w := &wsdl{known: map[string]*Type{}}
	if err := w.collect(s); err != nil {
		return nil, fmt.Errorf("WSDL of %s: %w", s.Name, err)
	}
	portType := s.PortType
	if portType == "" {
		portType = s.Name + "PortType"
	}
	w.head(s)
	w.types(s.Operations[0].space())
	for _, o := range s.Operations {
		w.messages(o)
	}
	w.portType(portType, s.Operations)
	w.binding(s.Name+"Binding", portType, s.Operations)
	w.line(1, `<service name="%s">`, s.Name)
	w.doc(2, "documentation", s.Doc)
	w.line(2, `<port name="%sPort" binding="tns:%sBinding"><soap:address location="%s"/></port>`, s.Name, s.Name, s.Location)
	w.line(1, `</service>`)
	w.line(0, `</definitions>`)
	return w.b, nil
}

// wsdl is a description in the making.
type wsdl struct {
	b       []byte
	known   map[string]*Type // complex types by name
	complex []complexType    // in the sequence of first sight
}

type complexType struct {
	name string
	t    *Type
}

// line writes one line; the arguments are escaped texts.
func (w *wsdl) line(indent int, format string, args ...string) {
	escaped := make([]any, len(args))
	for i, a := range args {
		escaped[i] = string(appendText(nil, a))
	}
	w.b = append(w.b, strings.Repeat("  ", indent)...)
	w.b = append(fmt.Appendf(w.b, format, escaped...), '\n')
}

func (w *wsdl) doc(indent int, element, text string) {
	if text != "" {
		w.line(indent, "<"+element+">%s</"+element+">", text)
	}
}

func (w *wsdl) collect(s *Service) error {
	if len(s.Operations) == 0 {
		return fmt.Errorf("no operation")
	}
	if !isName(s.Name) || s.PortType != "" && !isName(s.PortType) {
		return fmt.Errorf("a name that XML can not have")
	}
	for _, o := range s.Operations {
		if !isName(o.Name) || !isName(o.part()) {
			return fmt.Errorf("%s: a name that XML can not have", o.Name)
		}
		if o.space() != s.Operations[0].space() {
			return fmt.Errorf("%s: another namespace than %s", o.Name, s.Operations[0].Name)
		}
		for _, t := range []*Type{o.Request, o.Response} {
			if t == nil || t.Class != Struct {
				return fmt.Errorf("%s: request and response must be structs", o.Name)
			}
			if err := w.collectType(t); err != nil {
				return fmt.Errorf("%s: %w", o.Name, err)
			}
		}
	}
	return nil
}

func (w *wsdl) collectType(t *Type) error {
	if t == nil || t.Class != Struct && t.Class != Array {
		return nil
	}
	name := schemaName(t)
	if t.Class == Struct && (!isName(name) || name == "Array" || name == "Struct" || name == "Map" || strings.HasPrefix(name, "ArrayOf")) {
		return fmt.Errorf("type %q: a name that is missing, taken or not possible", name)
	}
	if other, known := w.known[name]; known {
		if other != t && !reflect.DeepEqual(other, t) {
			return fmt.Errorf("type %q: two types of this name", name)
		}
		return nil
	}
	w.known[name] = t
	w.complex = append(w.complex, complexType{name, t})
	for _, f := range t.Fields {
		if !isName(f.Name) {
			return fmt.Errorf("type %q: field %q: a name that XML can not have", name, f.Name)
		}
		if err := w.collectType(f.Type); err != nil {
			return err
		}
	}
	return w.collectType(t.Item)
}

// schemaName is the name of a type in the schema, without prefix.
func schemaName(t *Type) string {
	switch {
	case t == nil:
		return "anyType"
	case t.Class == Struct:
		return t.Name
	case t.Class == Array:
		item := schemaName(t.Item)
		return "ArrayOf" + strings.ToUpper(item[:min(1, len(item))]) + item[min(1, len(item)):]
	}
	return classes[t.Class].xsd
}

// reference is a type's name as attributes write it.
func (w *wsdl) reference(t *Type) string {
	if t != nil && (t.Class == Struct || t.Class == Array) {
		return "tns:" + schemaName(t)
	}
	return "xsd:" + schemaName(t)
}

func (w *wsdl) head(s *Service) {
	space := s.Operations[0].space()
	w.b = append(w.b, xmlHead...)
	w.line(0, `<definitions name="%s" targetNamespace="%s" xmlns:tns="%s"`, s.Name, space, space)
	w.line(2, `xmlns="http://schemas.xmlsoap.org/wsdl/" xmlns:wsdl="http://schemas.xmlsoap.org/wsdl/"`)
	w.line(2, `xmlns:soap="http://schemas.xmlsoap.org/wsdl/soap/" xmlns:xsd="`+nsSchema+`" xmlns:SOAP-ENC="`+nsEncoding+`">`)
	w.doc(1, "documentation", s.Doc)
}

func (w *wsdl) types(space string) {
	w.line(1, `<types>`)
	w.line(2, `<xsd:schema targetNamespace="%s">`, space)
	w.line(3, `<xsd:import namespace="`+nsEncoding+`"/>`)
	w.line(3, `<xsd:import namespace="http://schemas.xmlsoap.org/wsdl/"/>`)
	for _, c := range w.complex {
		w.line(3, `<xsd:complexType name="%s">`, c.name)
		w.annotation(4, c.t.Doc)
		if c.t.Class == Array {
			w.array(c.t)
		} else {
			w.fields(c.t)
		}
		w.line(3, `</xsd:complexType>`)
	}
	w.line(2, `</xsd:schema>`)
	w.line(1, `</types>`)
}

func (w *wsdl) array(t *Type) {
	w.line(4, `<xsd:complexContent><xsd:restriction base="SOAP-ENC:Array">`)
	w.line(5, `<xsd:attribute ref="SOAP-ENC:arrayType" wsdl:arrayType="%s[]"/>`, w.reference(t.Item))
	w.line(4, `</xsd:restriction></xsd:complexContent>`)
}

func (w *wsdl) fields(t *Type) {
	if len(t.Fields) == 0 {
		w.line(4, `<xsd:all/>`)
		return
	}
	w.line(4, `<xsd:all>`)
	for _, f := range t.Fields {
		tag := `<xsd:element name="%s" type="%s" minOccurs="0" nillable="true"`
		if f.Required {
			tag = `<xsd:element name="%s" type="%s"`
		}
		if f.Doc == "" {
			w.line(5, tag+`/>`, f.Name, w.reference(f.Type))
			continue
		}
		w.line(5, tag+`>`, f.Name, w.reference(f.Type))
		w.annotation(6, f.Doc)
		w.line(5, `</xsd:element>`)
	}
	w.line(4, `</xsd:all>`)
}

func (w *wsdl) annotation(indent int, text string) {
	if text != "" {
		w.line(indent, `<xsd:annotation><xsd:documentation>%s</xsd:documentation></xsd:annotation>`, text)
	}
}

func (w *wsdl) messages(o *Operation) {
	w.line(1, `<message name="%sRequest"><part name="%s" type="%s"/></message>`, o.Name, o.part(), w.reference(o.Request))
	w.line(1, `<message name="%sResponse"><part name="`+ResponsePart+`" type="%s"/></message>`, o.Name, w.reference(o.Response))
}

func (w *wsdl) portType(name string, operations []*Operation) {
	w.line(1, `<portType name="%s">`, name)
	for _, o := range operations {
		w.line(2, `<operation name="%s">`, o.Name)
		w.doc(3, "documentation", o.Doc)
		w.line(3, `<input message="tns:%sRequest"/>`, o.Name)
		w.line(3, `<output message="tns:%sResponse"/>`, o.Name)
		w.line(2, `</operation>`)
	}
	w.line(1, `</portType>`)
}

func (w *wsdl) binding(name, portType string, operations []*Operation) {
	body := `<soap:body use="encoded" namespace="%s" encodingStyle="` + nsEncoding + `"/>`
	w.line(1, `<binding name="%s" type="tns:%s">`, name, portType)
	w.line(2, `<soap:binding style="rpc" transport="http://schemas.xmlsoap.org/soap/http"/>`)
	for _, o := range operations {
		w.line(2, `<operation name="%s">`, o.Name)
		w.line(3, `<soap:operation soapAction="%s"/>`, o.Name)
		w.line(3, `<input>`+body+`</input>`, o.space())
		w.line(3, `<output>`+body+`</output>`, o.space())
		w.line(2, `</operation>`)
	}
	w.line(1, `</binding>`)
}
