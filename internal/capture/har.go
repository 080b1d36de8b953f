package capture

import (
	"encoding/base64"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"unicode/utf8"

	"github.com/ordermux/ordermux/internal/json"
)

// The entry of a HAR file.
type harEntry struct {
	StartedDateTime string      `json:"startedDateTime"`
	Time            float64     `json:"time"` // ms
	Request         harRequest  `json:"request"`
	Response        harResponse `json:"response"`
	Cache           struct{}    `json:"cache"`
	Timings         harTimings  `json:"timings"`
	ServerIPAddress string      `json:"serverIPAddress,omitzero"`
	Comment         string      `json:"comment,omitzero"`
	// Our own, as HAR marks them.
	Gate      string `json:"_gate,omitzero"`
	Called    string `json:"_method,omitzero"`
	FaultCode string `json:"_faultCode,omitzero"`
}

type harPair struct {
	Name  string `json:"name"`
	Value string `json:"value"`
}

type harRequest struct {
	Method      string    `json:"method"`
	URL         string    `json:"url"`
	HTTPVersion string    `json:"httpVersion"`
	Cookies     []harPair `json:"cookies"`
	Headers     []harPair `json:"headers"`
	QueryString []harPair `json:"queryString"`
	PostData    *harPost  `json:"postData,omitzero"`
	HeadersSize int       `json:"headersSize"`
	BodySize    int64     `json:"bodySize"`
}

type harPost struct {
	MimeType string    `json:"mimeType"`
	Params   []harPair `json:"params"`
	Text     string    `json:"text"`
	Comment  string    `json:"comment,omitzero"`
}

type harResponse struct {
	Status      int        `json:"status"`
	StatusText  string     `json:"statusText"`
	HTTPVersion string     `json:"httpVersion"`
	Cookies     []harPair  `json:"cookies"`
	Headers     []harPair  `json:"headers"`
	Content     harContent `json:"content"`
	RedirectURL string     `json:"redirectURL"`
	HeadersSize int        `json:"headersSize"`
	BodySize    int64      `json:"bodySize"`
}

type harContent struct {
	Size     int64  `json:"size"`
	MimeType string `json:"mimeType"`
	Text     string `json:"text"`
	Encoding string `json:"encoding,omitzero"`
}

type harTimings struct {
	Send    float64 `json:"send"`
	Wait    float64 `json:"wait"`
	Receive float64 `json:"receive"`
}

// har is the call as an entry. Of a door's calls only the whole time is known,
// so all of it is waiting.
func (c *Call) har(of Capture) ([]byte, error) {
	address := c.URL
	if strings.HasPrefix(address, "/") { // an address must be whole; the door's own is not in the call
		address = "http://" + of.Door + ".door.invalid" + address
	}
	took := ms(c.took())
	e := harEntry{
		StartedDateTime: c.Start.Format(xmlTime), Time: took, Timings: harTimings{Wait: took}, Comment: c.Error,
		Gate: c.Gate, Called: c.Called, FaultCode: c.faultCode(),
		Request: harRequest{
			Method: c.Method, URL: address, HTTPVersion: "HTTP/1.1", Cookies: []harPair{}, Headers: pairs(c.RequestHead),
			QueryString: []harPair{}, HeadersSize: -1, BodySize: c.RequestSize,
		},
		Response: harResponse{
			Status: c.Status, StatusText: http.StatusText(c.Status), HTTPVersion: "HTTP/1.1", Cookies: []harPair{}, Headers: pairs(c.ResponseHead),
			RedirectURL: headerOf(c.ResponseHead, "Location"), HeadersSize: -1, BodySize: c.ResponseSize,
			Content: harContent{Size: c.ResponseSize, MimeType: headerOf(c.ResponseHead, "Content-Type")},
		},
	}
	if c.Erased {
		e.Comment = "erased"
	}
	if _, query, ok := strings.Cut(c.URL, "?"); ok {
		for part := range strings.SplitSeq(query, "&") {
			name, value, _ := strings.Cut(part, "=")
			e.Request.QueryString = append(e.Request.QueryString, harPair{unescape(name), unescape(value)})
		}
	}
	if c.RequestSize > 0 {
		text, encoding := harText(c.Request)
		e.Request.PostData = &harPost{MimeType: headerOf(c.RequestHead, "Content-Type"), Params: []harPair{}, Text: text, Comment: encoding}
	}
	e.Response.Content.Text, e.Response.Content.Encoding = harText(c.Response)
	b, err := json.Marshal(e)
	if err != nil {
		return nil, fmt.Errorf("encode entry: %w", err)
	}
	return b, nil
}

func harText(body []byte) (text, encoding string) {
	if utf8.Valid(body) {
		return string(body), ""
	}
	return base64.StdEncoding.EncodeToString(body), "base64"
}

func unescape(s string) string {
	plain, err := url.QueryUnescape(s)
	if err != nil || !utf8.ValidString(plain) {
		return strings.ToValidUTF8(s, "\ufffd")
	}
	return plain
}

func pairs(head string) []harPair {
	out := []harPair{}
	for line := range strings.Lines(head) {
		if name, value, ok := strings.Cut(strings.TrimRight(line, "\n"), ":"); ok {
			out = append(out, harPair{name, strings.TrimSpace(value)})
		}
	}
	return out
}
