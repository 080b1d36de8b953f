package api_test

import (
	"context"
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"

	"github.com/ordermux/ordermux/internal/api"
)

// document is openapi.json, against which every answer of the tests is held.
type document struct {
	*openapi3.T
	seen *sync.Map
}

// parsed is read once: every test only looks at it.
var parsed = sync.OnceValues(func() (*openapi3.T, error) {
	return openapi3.NewLoader().LoadFromData(api.OpenAPI())
})

func loadDocument(t *testing.T) *document {
	t.Helper()
	doc, err := parsed()
	if err != nil {
		t.Fatal(err)
	}
	return &document{T: doc, seen: &seen}
}

var seen sync.Map

func testLog(w io.Writer) *slog.Logger { return slog.New(slog.NewTextHandler(w, nil)) }

// find returns what the document says of a path, by its pattern.
func (d *document) find(path string) (pattern string, item *openapi3.PathItem) {
	u, err := url.Parse(path)
	if err != nil {
		return "", nil
	}
	parts := strings.Split(u.EscapedPath(), "/")
	for _, pattern := range d.Paths.InMatchingOrder() {
		if matches(strings.Split(pattern, "/"), parts) {
			return pattern, d.Paths.Value(pattern)
		}
	}
	return "", nil
}

func matches(pattern, parts []string) bool {
	if len(pattern) != len(parts) {
		return false
	}
	for i := range parts {
		if pattern[i] != parts[i] && !strings.HasPrefix(pattern[i], "{") {
			return false
		}
	}
	return true
}

// check holds an answer against the document. Paths it does not have must be
// answered with a problem all the same.
func (d *document) check(t *testing.T, method, path string, res *http.Response, body []byte) {
	t.Helper()
	var schema *openapi3.SchemaRef
	_, item := d.find(path)
	if item == nil || item.GetOperation(method) == nil {
		if res.StatusCode < 400 {
			t.Errorf("%s %s is not documented", method, path)
			return
		}
		schema = d.Components.Schemas["Problem"]
	} else {
		r := item.GetOperation(method).Responses.Value(strconv.Itoa(res.StatusCode))
		if r == nil {
			t.Errorf("%s %s: the status %d is not documented", method, path, res.StatusCode)
			return
		}
		kind := strings.Split(res.Header.Get("Content-Type"), ";")[0]
		media := r.Value.Content[kind]
		if media == nil {
			t.Errorf("%s %s: %d with the content type %q is not documented", method, path, res.StatusCode, kind)
			return
		}
		schema = media.Schema
	}
	if res.StatusCode >= 400 && !d.first(item, method, res.StatusCode) {
		return // problems look the same everywhere, and holding them against a schema takes its time
	}
	if !strings.HasSuffix(strings.Split(res.Header.Get("Content-Type"), ";")[0], "json") || strings.Contains(res.Header.Get("Content-Type"), "ndjson") {
		return // an export
	}
	var v any
	if err := json.Unmarshal(body, &v); err != nil {
		t.Errorf("%s %s: %v in %s", method, path, err, body)
		return
	}
	if err := schema.Value.VisitJSON(v, openapi3.EnableJSONSchema2020()); err != nil {
		t.Errorf("%s %s: not as documented: %v", method, path, err)
	}
}

func TestDocumentIsValid(t *testing.T) {
	t.Parallel()
	d := loadDocument(t)
	if err := d.Validate(context.Background(), openapi3.IsOpenAPI31OrLater()); err != nil {
		t.Error(err)
	}
}

// TestDocumentSaysWhatItMeans: every field and every parameter has a sentence.
func TestDocumentSaysWhatItMeans(t *testing.T) {
	t.Parallel()
	d := loadDocument(t)
	seen := map[*openapi3.Schema]bool{}
	for name, s := range d.Components.Schemas {
		meant(t, name, s, seen)
	}
	for path, item := range d.Paths.Map() {
		for method, op := range item.Operations() {
			at := method + " " + path
			for _, p := range op.Parameters {
				if p.Value.Description == "" {
					t.Errorf("%s: nothing says what %s means", at, p.Value.Name)
				}
			}
			if op.RequestBody != nil {
				for _, media := range op.RequestBody.Value.Content {
					meant(t, at, media.Schema, seen)
				}
			}
			for _, r := range op.Responses.Map() {
				for _, media := range r.Value.Content {
					meant(t, at, media.Schema, seen)
				}
			}
		}
	}
	if len(seen) < 500 {
		t.Errorf("only %d schemas", len(seen))
	}
}

// meant checks the fields of a schema, and of those that it holds. What stands
// beside a $ref counts as well as what it leads to.
func meant(t *testing.T, at string, ref *openapi3.SchemaRef, seen map[*openapi3.Schema]bool) {
	t.Helper()
	if ref == nil || ref.Value == nil || seen[ref.Value] {
		return
	}
	s := ref.Value
	seen[s] = true
	for name, p := range s.Properties {
		if beside, _ := p.Extensions["description"].(string); beside == "" && p.Value.Description == "" {
			t.Errorf("%s: nothing says what %s means", at, name)
		}
		meant(t, at+"."+name, p, seen)
	}
	meant(t, at+"[]", s.Items, seen)
	for _, list := range []openapi3.SchemaRefs{s.OneOf, s.AnyOf, s.AllOf} {
		for _, one := range list {
			meant(t, at, one, seen)
		}
	}
}

// TestDocumentHasEveryEndpoint compares the document with what the API
// answers: each documented call is one, and no other method is.
func TestDocumentHasEveryEndpoint(t *testing.T) {
	t.Parallel()
	h := newHub(t)
	methods := []string{"GET", "POST", "PUT", "DELETE", "PATCH"}
	for pattern, item := range h.doc.Paths.Map() {
		path := strings.NewReplacer("{job}", "none", "{promotion}", "1", "{shop}", "nordlys", "{id}", "1001", "{route}", "ads", "{name}", "none", "{partner}", "citrusad", "{order}", "1001", "{code}", "K-38").Replace(pattern)
		for _, m := range methods {
			r := h.call(m, path, "", "")
			want := http.StatusUnauthorized // the endpoint exists, and asks who calls
			if item.GetOperation(m) == nil {
				want = http.StatusMethodNotAllowed
			}
			if r.status != want {
				t.Errorf("%s %s: %d, want %d", m, path, r.status, want)
			}
			if want == http.StatusMethodNotAllowed && r.header.Get("Allow") == "" {
				t.Errorf("%s %s: no Allow", m, path)
			}
		}
	}
	if n := len(h.doc.Paths.Map()); n != api.Patterns() {
		t.Errorf("%d documented paths, %d served", n, api.Patterns())
	}
}

// first reports whether this problem is the first of its kind.
func (d *document) first(item *openapi3.PathItem, method string, status int) bool {
	_, seen := d.seen.LoadOrStore([3]any{item, method, status}, true)
	return !seen
}

// visit holds a value against a schema of the document.
func (d *document) visit(name string, v any) error {
	return d.Components.Schemas[name].Value.VisitJSON(v, openapi3.EnableJSONSchema2020())
}
