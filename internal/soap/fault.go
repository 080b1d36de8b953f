package soap

import "strings"

// Codes of a Fault.
const (
	Client = "Client" // the message is wrong: do not send it again as it is
	Server = "Server" // a trouble of the server: it may be sent again
)

// Fault is a SOAP-ENV:Fault: the call did not reach what it called. It is an
// error.
type Fault struct {
	Code   string // Client, Server or what else came, without its prefix
	Reason string // for people
}

func (f *Fault) Error() string { return "SOAP fault " + f.Code + ": " + f.Reason }

// fault reads a fault of SOAP 1.1, or 1.2.
func (t *tree) fault(i int32) *Fault {
	text := func(names ...string) string {
		at := i
		for _, name := range names {
			if at = t.child(at, name); at < 0 {
				return ""
			}
		}
		return strings.Trim(t.nodes[at].text, blanks)
	}
	f := &Fault{Code: text("faultcode"), Reason: text("faultstring")}
	if f.Code == "" {
		f.Code, f.Reason = text("Code", "Value"), text("Reason", "Text")
	}
	f.Code = f.Code[strings.LastIndexByte(f.Code, ':')+1:]
	switch f.Code {
	case "Sender":
		f.Code = Client
	case "Receiver":
		f.Code = Server
	}
	return f
}

// EncodeFault writes an envelope with a fault. It goes out with HTTP status
// 500, whoever is to blame (SOAP 1.1, section 6.2).
func EncodeFault(f Fault) []byte {
	e := encoder{b: envelope(nil, "")}
	e.text("<SOAP-ENV:Fault><faultcode>SOAP-ENV:", f.Code)
	e.text("</faultcode><faultstring>", f.Reason)
	e.b = append(e.b, "</faultstring></SOAP-ENV:Fault>"...)
	return append(e.b, envelopeEnd...)
}
