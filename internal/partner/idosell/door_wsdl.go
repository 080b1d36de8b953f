package idosell

import (
	"net/http"

	"github.com/ordermux/ordermux/internal/soap"
)

// describe answers with the WSDL of one operation, in the manner of the family:
// a description per method, whose service is the gate.
func (x *exchange) describe() {
	gate, method := x.dialect.names(x.op)
	service := &soap.Service{
		Name: gate, PortType: "Api" + gate + "PortType",
		Location: x.to.location(x.r, x.deps.PublicURL, gate, method), Operations: []*soap.Operation{x.dialect.soap(x.op)},
	}
	body, err := service.WSDL()
	if err != nil {
		x.trouble(err)
		return
	}
	x.note("")
	x.write(http.StatusOK, soap.ContentType, body)
}
