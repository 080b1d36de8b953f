package capture

import (
	"archive/zip"
	"bufio"
	"bytes"
	"cmp"
	"context"
	"encoding/base64"
	"encoding/xml"
	"fmt"
	"html/template"
	"io"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"
)

// The forms of an export.
const (
	ZIP = "zip"
	HAR = "har"
)

// Export writes a capture: as ZIP with one XML per call, the report as XML and
// as a page, and its picture; or as HAR 1.2.
func (r *Recorder) Export(ctx context.Context, shop, id, form string, w io.Writer) error {
	report, err := r.Report(ctx, shop, id)
	if err != nil {
		return err
	}
	if form == HAR {
		return r.har(ctx, report, w)
	}
	return r.zip(ctx, report, w)
}

func (r *Recorder) zip(ctx context.Context, report *Report, w io.Writer) error {
	out := zip.NewWriter(w)
	add := func(name string, content []byte) error {
		f, err := out.CreateHeader(&zip.FileHeader{Name: name, Method: zip.Deflate, Modified: report.Capture.Started})
		if err == nil {
			_, err = f.Write(content)
		}
		if err != nil {
			return fmt.Errorf("write %s: %w", name, err)
		}
		return nil
	}
	page, err := report.page()
	if err != nil {
		return err
	}
	for _, f := range []struct {
		name    string
		content []byte
	}{{"report.xml", report.xml()}, {"report.html", page}, {"report.svg", []byte(report.Picture())}} {
		if err := add(f.name, f.content); err != nil {
			return err
		}
	}
	numbers := report.numbers()
	i := 0
	err = r.calls(ctx, report.Capture, func(c *Call) error {
		if i >= len(numbers) { // recorded since the report was made
			return nil
		}
		n := numbers[i]
		i++
		return add(c.file(n), c.xml(report.Capture, n))
	})
	if err != nil {
		return err
	}
	if err := out.Close(); err != nil {
		return fmt.Errorf("write archive: %w", err)
	}
	return nil
}

// numbers returns the number of each call, in the sequence in which they are
// read: they are numbered by their start, over all nodes.
func (r *Report) numbers() []int {
	order := make([]int, len(r.points))
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(a, b int) int {
		return cmp.Or(r.points[a].start.Compare(r.points[b].start), cmp.Compare(a, b))
	})
	out := make([]int, len(order))
	for n, i := range order {
		out[i] = n + 1
	}
	return out
}

// file is the name of a call's file.
func (c *Call) file(number int) string {
	first, second := c.Method, c.pathKind()
	if c.Gate != "" {
		first, second = c.Gate, c.Called
	}
	return fmt.Sprintf("calls/%06d_%s_%s.xml", number, fileWord(first), fileWord(second))
}

// faultCode is the code of the fault in the body of a call that somebody noted,
// "0" of none.
func (c *Call) faultCode() string {
	if c.Gate == "" && c.Fault == "" {
		return ""
	}
	return cmp.Or(c.Fault, "0")
}

// xmlText writes elements by hand: CDATA is what people want to read.
type xmlText struct{ bytes.Buffer }

func (b *xmlText) element(name, value string) {
	if value == "" {
		return
	}
	b.WriteString("  <" + name + ">")
	_ = xml.EscapeText(b, []byte(readable(value)))
	b.WriteString("</" + name + ">\n")
}

func (b *xmlText) attribute(name, value string) {
	b.WriteString(" " + name + `="`)
	_ = xml.EscapeText(b, []byte(readable(value)))
	b.WriteString(`"`)
}

// readable is a text without what XML can not hold.
func readable(s string) string {
	return strings.Map(func(r rune) rune {
		if r == utf8.RuneError || !inXML(r) {
			return '\ufffd'
		}
		return r
	}, s)
}

// inXML reports whether XML 1.0 can hold a character.
func inXML(r rune) bool {
	return r == '\t' || r == '\n' || r == '\r' || r >= 0x20 && r <= 0xd7ff || r >= 0xe000 && r <= 0xfffd || r >= 0x10000 && r <= 0x10ffff
}

// cdata writes a body: as it is where XML can hold it, else as base64.
func (b *xmlText) cdata(name string, body []byte, size int64, contentType string) {
	b.WriteString("  <" + name)
	b.attribute("bytes", strconv.FormatInt(size, 10))
	if contentType != "" {
		b.attribute("contentType", contentType)
	}
	// \r would be read as \n.
	if !utf8.Valid(body) || bytes.ContainsFunc(body, func(r rune) bool { return r == '\r' || !inXML(r) }) {
		b.WriteString(` encoding="base64">` + base64.StdEncoding.EncodeToString(body))
	} else {
		b.WriteString("><![CDATA[" + strings.ReplaceAll(string(body), "]]>", "]]]]><![CDATA[>") + "]]>")
	}
	b.WriteString("</" + name + ">\n")
}

const xmlTime = "2006-01-02T15:04:05.000Z07:00"

func (c *Call) xml(of Capture, number int) []byte {
	b := &xmlText{}
	b.WriteString(xml.Header + "<apiCall")
	b.attribute("listening", of.ID)
	b.attribute("sequence", strconv.Itoa(number))
	b.WriteString(">\n")
	b.element("door", of.Door)
	b.element("route", of.Route)
	if c.Gate != "" {
		b.element("gate", c.Gate)
		b.element("method", c.Called)
		b.element("httpMethod", c.Method)
	} else {
		b.element("gate", c.path())
		b.element("method", c.Method)
	}
	b.element("url", c.URL)
	b.element("login", c.Credential)
	b.element("remoteAddress", c.Remote)
	b.element("startTime", c.Start.Format(xmlTime))
	b.element("executionTimeMs", strconv.FormatFloat(ms(c.took()), 'f', -1, 64))
	b.element("httpStatus", strconv.Itoa(c.Status))
	b.element("faultCode", c.faultCode())
	b.element("error", c.Error)
	if c.Erased {
		b.element("erased", "true")
	}
	b.element("requestHeaders", c.RequestHead)
	b.cdata("request", c.Request, c.RequestSize, headerOf(c.RequestHead, "Content-Type"))
	b.element("responseHeaders", c.ResponseHead)
	b.cdata("response", c.Response, c.ResponseSize, headerOf(c.ResponseHead, "Content-Type"))
	b.WriteString("</apiCall>\n")
	return b.Bytes()
}

func (r *Report) xml() []byte {
	b := &xmlText{}
	b.WriteString(xml.Header + "<speedReport")
	b.attribute("listening", r.Capture.ID)
	b.attribute("shop", r.Capture.Shop)
	b.WriteString(">\n")
	b.element("door", r.Capture.Door)
	b.element("route", r.Capture.Route)
	b.element("account", r.Capture.Account)
	b.element("onlyGate", r.Capture.Gate)
	b.element("started", r.Capture.Started.Format(xmlTime))
	b.element("until", r.Capture.Until.Format(xmlTime))
	b.element("recorded", strconv.FormatInt(r.Recorded, 10))
	b.element("dropped", strconv.FormatInt(r.Dropped, 10))
	b.element("takenOut", r.Covered)
	for _, row := range r.Rows {
		b.row("row", row)
	}
	b.row("total", r.Total)
	b.WriteString("</speedReport>\n")
	return b.Bytes()
}

func (b *xmlText) row(name string, row Row) {
	b.WriteString("  <" + name)
	if name == "row" {
		b.attribute("gate", row.Gate)
		b.attribute("method", row.Method)
	}
	b.attribute("calls", strconv.FormatInt(row.Calls, 10))
	b.attribute("faults", strconv.FormatInt(row.Faults, 10))
	for _, f := range []struct {
		name  string
		value float64
	}{
		{"minMs", row.MinMS}, {"meanMs", row.MeanMS}, {"p95Ms", row.P95MS}, {"maxMs", row.MaxMS}, {"totalMs", row.TotalMS},
		{"meanRequestBytes", row.RequestBytes}, {"meanResponseBytes", row.ResponseBytes},
	} {
		b.attribute(f.name, strconv.FormatFloat(f.value, 'f', -1, 64))
	}
	b.WriteString("/>\n")
}

var pageTemplate = template.Must(template.New("report").Funcs(template.FuncMap{
	"at": func(t time.Time) string { return t.UTC().Format("2006-01-02 15:04:05") + " UTC" },
}).Parse(`<!doctype html>
<html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>Speed report {{.Capture.ID}}</title>
<style>body{font:15px/1.5 system-ui,sans-serif;margin:2rem auto;max-width:64rem;padding:0 1rem}table{border-collapse:collapse}th,td{padding:.2em .7em;text-align:right;border-bottom:1px solid #ddd}th:first-child,td:first-child,th:nth-child(2),td:nth-child(2){text-align:left}svg{max-width:100%;height:auto}</style>
<h1>Speed report</h1>
<p>Shop {{.Capture.Shop}}, {{if .Capture.Door}}door {{.Capture.Door}}{{else}}route {{.Capture.Route}}{{end}}{{with .Capture.Account}}, account {{.}}{{end}}{{with .Capture.Gate}}, {{if eq (slice . 0 1) "/"}}paths that begin with{{else}}gate{{end}} {{.}}{{end}}.
From {{at .Capture.Started}} to {{at .Capture.Until}}. {{.Recorded}} calls recorded, {{.Dropped}} dropped.</p>
{{.Image}}
<table><tr><th>Gate<th>Method<th>Calls<th>Faults<th>Min ms<th>Mean ms<th>p95 ms<th>Max ms<th>Total ms<th>Request bytes<th>Answer bytes</tr>
{{range .Rows}}<tr><td>{{.Gate}}<td>{{.Method}}<td>{{.Calls}}<td>{{.Faults}}<td>{{.MinMS}}<td>{{.MeanMS}}<td>{{.P95MS}}<td>{{.MaxMS}}<td>{{.TotalMS}}<td>{{.RequestBytes}}<td>{{.ResponseBytes}}</tr>
{{end}}{{with .Total}}<tr><th>Total<th><th>{{.Calls}}<th>{{.Faults}}<th>{{.MinMS}}<th>{{.MeanMS}}<th>{{.P95MS}}<th>{{.MaxMS}}<th>{{.TotalMS}}<th>{{.RequestBytes}}<th>{{.ResponseBytes}}</tr>{{end}}
</table>
<p>{{.Covered}}</p>
`))

// page is the report as a page.
func (r *Report) page() ([]byte, error) {
	var b bytes.Buffer
	err := pageTemplate.Execute(&b, struct {
		*Report
		Image template.HTML
	}{r, template.HTML(r.Picture())}) // our own drawing, texts escaped
	if err != nil {
		return nil, fmt.Errorf("write page: %w", err)
	}
	return b.Bytes(), nil
}

// har writes HAR 1.2 (http://www.softwareishard.com/blog/har-12-spec/).
func (r *Recorder) har(ctx context.Context, report *Report, w io.Writer) error {
	out := bufio.NewWriter(w)
	out.WriteString(`{"log":{"version":"1.2","creator":{"name":"ordermux","version":"1"},"entries":[`)
	left := report.Recorded
	first := true
	err := r.calls(ctx, report.Capture, func(c *Call) error {
		if left--; left < 0 {
			return nil
		}
		b, err := c.har(report.Capture)
		if err != nil {
			return err
		}
		if !first {
			out.WriteByte(',')
		}
		first = false
		out.WriteByte('\n')
		_, err = out.Write(b)
		return err
	})
	if err != nil {
		return err
	}
	out.WriteString("\n]}}\n")
	if err := out.Flush(); err != nil {
		return fmt.Errorf("write HAR: %w", err)
	}
	return nil
}
