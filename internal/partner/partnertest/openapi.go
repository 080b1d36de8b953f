package partnertest

import (
	"context"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"

	"github.com/ordermux/ordermux/internal/json"
	"github.com/ordermux/ordermux/internal/partner"
)

// sources are what a field's x-source may be: the partner says so itself, we
// infer it of what it says, or it is our choice.
var sources = []string{"vendor", "inferred", "ours"}

// apis are the documents read so far, by partner.
var apis sync.Map

func apiOf(t testing.TB, p partner.Partner) *openapi3.T {
	t.Helper()
	read, _ := apis.LoadOrStore(p.Name, sync.OnceValues(func() (*openapi3.T, error) {
		return openapi3.NewLoader().LoadFromData(p.OpenAPI)
	}))
	doc, err := read.(func() (*openapi3.T, error))()
	if err != nil {
		t.Fatalf("the document of %s: %v", p.Name, err)
	}
	return doc
}

// RunOpenAPI checks the document of a partner's door: that it is one, and that
// every call, parameter and field says what it means and whose word that is.
// RunDoor holds the fixtures against it.
func RunOpenAPI(t *testing.T, p partner.Partner) {
	t.Helper()
	doc := apiOf(t, p)
	if err := doc.Validate(context.Background(), openapi3.IsOpenAPI31OrLater()); err != nil {
		t.Error(err)
	}
	c := checking{t: t, seen: map[*openapi3.Schema]bool{}}
	for path, item := range doc.Paths.Map() {
		for method, op := range item.Operations() {
			c.operation(method+" "+path, op)
		}
	}
	for name, s := range doc.Components.Schemas {
		c.schema(name, s)
	}
}

type checking struct {
	t    *testing.T
	seen map[*openapi3.Schema]bool
}

func (c *checking) operation(at string, op *openapi3.Operation) {
	if op.Summary == "" {
		c.t.Errorf("%s has no summary", at)
	}
	for _, p := range op.Parameters {
		c.said(at+" "+p.Value.Name, p.Value.Description, p.Value.Extensions)
	}
	if op.RequestBody != nil {
		for kind, media := range op.RequestBody.Value.Content {
			c.schema(at+" "+kind, media.Schema)
		}
	}
	for status, r := range op.Responses.Map() {
		for kind, media := range r.Value.Content {
			c.schema(at+" "+status+" "+kind, media.Schema)
		}
	}
}

// schema checks the fields of a schema, and of those that it holds.
func (c *checking) schema(at string, ref *openapi3.SchemaRef) {
	if ref == nil || ref.Value == nil || c.seen[ref.Value] {
		return
	}
	s := ref.Value
	c.seen[s] = true
	for _, name := range slices.Sorted(maps.Keys(s.Properties)) {
		p := s.Properties[name]
		// What stands beside a $ref in OpenAPI 3.1 counts more than what it leads to.
		description, extensions := p.Value.Description, p.Value.Extensions
		if p.Ref != "" && p.Extensions != nil {
			extensions = p.Extensions
			if d, ok := p.Extensions["description"].(string); ok {
				description = d
			}
		}
		c.said(at+"."+name, description, extensions)
		c.schema(at+"."+name, p)
	}
	c.schema(at+"[]", s.Items)
	for _, list := range []openapi3.SchemaRefs{s.OneOf, s.AnyOf, s.AllOf} {
		for _, one := range list {
			c.schema(at, one)
		}
	}
}

func (c *checking) said(at, description string, extensions map[string]any) {
	if description == "" {
		c.t.Errorf("%s: nothing says what it means", at)
	}
	if source, _ := extensions["x-source"].(string); !slices.Contains(sources, source) {
		c.t.Errorf("%s: x-source is %q, not one of %v", at, source, sources)
	}
}

// documented holds an exchange with a door against the partner's document. What
// the door did not take may be anything.
func documented(t *testing.T, p partner.Partner, got message, request message) {
	t.Helper()
	if p.OpenAPI == nil {
		return
	}
	method, target, _ := strings.Cut(request.first, " ")
	target, _, _ = strings.Cut(target, " ")
	status := statusOf(got)
	item, op := operationOf(apiOf(t, p), method, target)
	if op == nil {
		if method == http.MethodOptions {
			return // browsers ask so before a call
		}
		if status != 404 && status != 405 && status != 401 && status != 400 {
			t.Errorf("%s %s is answered with %d, and not documented", method, target, status)
		}
		return
	}
	at := method + " " + target + " " + strconv.Itoa(status)
	r := op.Responses.Value(strconv.Itoa(status))
	if r == nil {
		t.Errorf("%s is not documented", at)
		return
	}
	holds(t, at, r.Value.Content, got)
	if status < 300 && !refused(apiOf(t, p), got) {
		asked(t, at, apiOf(t, p), append(item.Parameters[:len(item.Parameters):len(item.Parameters)], op.Parameters...), target)
	}
	if status < 300 && op.RequestBody != nil && !refused(apiOf(t, p), got) {
		content := op.RequestBody.Value.Content
		if kind, _, _ := strings.Cut(request.header.Get("Content-Type"), ";"); content.Get(kind) == nil && strings.HasPrefix(request.body, "{") {
			request.header = http.Header{"Content-Type": {"application/json"}} // which it is, whatever it says
		}
		holds(t, at+", the request", content, request)
	}
}

// refused reports whether an answer of 200 says no: by a member of it that is
// not 0, whose path is the document's x-ordermux-fault ("errors.faultCode").
func refused(doc *openapi3.T, got message) bool {
	path, _ := doc.Extensions["x-ordermux-fault"].(string)
	var v any
	if path == "" || json.Unmarshal([]byte(placeholder.ReplaceAllString(got.body, "any")), &v) != nil {
		return false
	}
	for name := range strings.SplitSeq(path, ".") {
		o, _ := v.(map[string]any)
		v = o[name]
	}
	n, _ := v.(float64)
	return n != 0
}

func statusOf(m message) int {
	fields := strings.Fields(m.first)
	n, _ := strconv.Atoi(fields[1])
	return n
}

// holds holds a body against what is documented of its content type.
func holds(t *testing.T, at string, content openapi3.Content, m message) {
	t.Helper()
	if m.body == "" {
		return
	}
	kind, _, _ := strings.Cut(m.header.Get("Content-Type"), ";")
	media := content.Get(strings.TrimSpace(kind))
	if media == nil {
		t.Errorf("%s: a body of type %q is not documented", at, kind)
		return
	}
	if !strings.HasSuffix(kind, "json") || media.Schema == nil {
		return
	}
	var v any
	if err := json.Unmarshal([]byte(placeholder.ReplaceAllString(m.body, "any")), &v); err != nil {
		t.Errorf("%s: %v", at, err)
		return
	}
	if err := media.Schema.Value.VisitJSON(taken(media.Schema.Value, v), openapi3.EnableJSONSchema2020()); err != nil {
		t.Errorf("%s: not as documented: %v", at, err)
	}
}

// taken is a body without those elements of its lists that are refused by
// themselves (x-refused-alone) because they are not as documented; of each such
// list one stays.
func taken(s *openapi3.Schema, v any) any {
	switch v := v.(type) {
	case map[string]any:
		for name, p := range s.Properties {
			if one, ok := v[name]; ok {
				v[name] = taken(p.Value, one)
			}
		}
	case []any:
		if alone, _ := s.Extensions["x-refused-alone"].(bool); alone && s.Items != nil {
			good := slices.DeleteFunc(slices.Clone(v), func(one any) bool {
				return s.Items.Value.VisitJSON(one, openapi3.EnableJSONSchema2020()) != nil
			})
			if len(v) > 0 && len(good) == 0 {
				good = v[:1]
			}
			return good
		}
	}
	return v
}

// operationOf finds a call in the document, and what it belongs to; nil: there
// is none.
func operationOf(doc *openapi3.T, method, target string) (*openapi3.PathItem, *openapi3.Operation) {
	u, err := url.ParseRequestURI(target)
	if err != nil {
		return nil, nil
	}
	parts := strings.Split(u.EscapedPath(), "/")
	for _, pattern := range doc.Paths.InMatchingOrder() {
		item := doc.Paths.Value(pattern)
		for _, path := range append(also(item), pattern) {
			path, query, _ := strings.Cut(path, "?")
			if op := item.GetOperation(method); op != nil && fits(strings.Split(path, "/"), parts) && asks(query, u.Query()) {
				return item, op
			}
		}
	}
	return nil, nil
}

// asked holds the query of a call that was taken against what is documented of
// it: a name that must be there is, and values are as their schema says. Names of
// which descriptions tell alone stand in the document's x-also-asked.
func asked(t *testing.T, at string, doc *openapi3.T, parameters openapi3.Parameters, target string) {
	t.Helper()
	u, err := url.ParseRequestURI(target)
	if err != nil {
		return
	}
	query := u.Query()
	for _, ref := range parameters {
		p := ref.Value
		if p.In != openapi3.ParameterInQuery || p.Schema == nil {
			continue
		}
		values := query[p.Name]
		if len(values) == 0 {
			if p.Required {
				t.Errorf("%s: taken without %s, which is documented as required", at, p.Name)
			}
			continue
		}
		if len(values) > 1 && !p.Schema.Value.Type.Is("array") {
			t.Errorf("%s: taken with %d of %s, which is documented as one", at, len(values), p.Name)
		}
		if err := p.Schema.Value.VisitJSON(worded(p.Schema.Value, values), openapi3.EnableJSONSchema2020()); err != nil {
			t.Errorf("%s: %s is not as documented: %v", at, p.Name, err)
		}
		delete(query, p.Name)
	}
	for _, s := range doc.Components.SecuritySchemes {
		if s.Value.In == openapi3.ParameterInQuery {
			delete(query, s.Value.Name)
		}
	}
	told, _ := doc.Extensions["x-also-asked"].([]any)
	for name := range query {
		if slices.Contains(told, any(name)) {
			continue
		}
		t.Errorf("%s: taken with %s, which is not documented", at, name)
	}
}

// worded are the values of a name in a query as its schema speaks of them.
func worded(s *openapi3.Schema, values []string) any {
	if s.Type.Is("array") {
		list := make([]any, len(values))
		for i, v := range values {
			list[i] = worded(s.Items.Value, []string{v})
		}
		return list
	}
	if s.Type.Is("integer") || s.Type.Is("number") || s.Type.Is("boolean") {
		var v any
		if json.Unmarshal([]byte(values[0]), &v) == nil {
			return v
		}
	}
	return values[0]
}

// asks reports whether a query is one of a pattern's, in whatever letters:
// "gate=A/b/" is any gate that begins so.
func asks(pattern string, query url.Values) bool {
	wanted, _ := url.ParseQuery(pattern)
	for name := range wanted {
		if !strings.HasPrefix(strings.ToLower(query.Get(name)), strings.ToLower(wanted.Get(name))) {
			return false
		}
	}
	return true
}

// also are the other ways in which clients write a path (x-also), which may have
// a query that tells calls apart.
func also(item *openapi3.PathItem) (paths []string) {
	list, _ := item.Extensions["x-also"].([]any)
	for _, path := range list {
		if text, ok := path.(string); ok {
			paths = append(paths, text)
		}
	}
	return paths
}

// fits reports whether a path is one of a pattern's.
func fits(pattern, parts []string) bool {
	if len(pattern) != len(parts) {
		return false
	}
	for i := range pattern {
		if before, rest, ok := strings.Cut(pattern[i], "{"); ok {
			_, after, _ := strings.Cut(rest, "}")
			if len(parts[i]) <= len(before)+len(after) || !strings.HasPrefix(parts[i], before) || !strings.HasSuffix(parts[i], after) {
				return false
			}
			continue
		}
		if pattern[i] != parts[i] {
			return false
		}
	}
	return true
}
