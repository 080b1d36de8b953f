package idosell

import (
	"mime"
	"net/http"
	"strings"
)

// gateAddress is what the parameter gate of an address asks for:
// function/method/version/format, where version and format may be missing.
type gateAddress struct {
	gate, method string
	version      string // as it came
	format       string
	wsdl         bool
}

// gateOf reads the address of a request. Without a format it is that of the
// body.
func gateOf(r *http.Request) gateAddress {
	query := r.URL.Query()
	path, behind, _ := strings.Cut(query.Get("gate"), "?")
	parts := strings.FieldsFunc(path, func(c rune) bool { return c == '/' })
	to := gateAddress{version: "1", format: formatOf(r)}
	last := func(is func(string) bool) (part string) {
		if n := len(parts); n > 0 && is(parts[n-1]) {
			part, parts = parts[n-1], parts[:n-1]
		}
		return part
	}
	to.wsdl = last(func(s string) bool { return strings.EqualFold(s, "wsdl") }) != "" || strings.EqualFold(behind, "wsdl")
	for name := range query {
		to.wsdl = to.wsdl || strings.EqualFold(name, "wsdl")
	}
	if format := last(isFormat); format != "" {
		to.format = strings.ToLower(format)
	} else if to.wsdl {
		to.format = formatSOAP
	}
	if version := last(isVersion); version != "" {
		to.version = version
	}
	if len(parts) > 0 {
		to.gate, to.method = parts[0], strings.Join(parts[1:], "/")
	}
	to.wsdl = to.wsdl && to.format == formatSOAP
	return to
}

func isFormat(s string) bool {
	return strings.EqualFold(s, formatSOAP) || strings.EqualFold(s, formatJSON)
}

func isVersion(s string) bool { return len(s) <= 20 && strings.Trim(s, "0123456789") == "" }

// formatOf tells the format of a call whose address does not from its body.
func formatOf(r *http.Request) string {
	kind, _, _ := mime.ParseMediaType(r.Header.Get("Content-Type"))
	if kind == "application/json" {
		return formatJSON
	}
	return formatSOAP
}

// location is the address of an operation for its WSDL: the address under
// which the WSDL itself was asked for, as far as the hub knows it.
func (to gateAddress) location(r *http.Request, public, gate, method string) string {
	scheme, known, ok := strings.Cut(public, "://")
	host, _, _ := strings.Cut(known, "/")
	if !ok || !strings.EqualFold(host, r.Host) {
		scheme = "http"
		if r.TLS != nil {
			scheme = "https"
		}
	}
	path, _, _ := strings.Cut(r.RequestURI, "?")
	if !strings.HasPrefix(path, "/") {
		path = "/"
	}
	location := scheme + "://" + r.Host + path + "?gate=" + gate + "/" + method + "/" + to.version + "/" + formatSOAP
	if languageOf(r.URL.Query().Get("lang")) == polish {
		location += "&lang=pol"
	}
	return location
}
