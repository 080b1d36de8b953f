package idosell

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/ordermux/ordermux/internal/json"
	"github.com/ordermux/ordermux/internal/order"
	"github.com/ordermux/ordermux/internal/soap"
)

// DialectError is what is wrong with a dialect's file, all of it.
type DialectError struct{ Faults []order.Fault }

func (e *DialectError) Error() string {
	said := make([]string, len(e.Faults))
	for i, f := range e.Faults {
		said[i] = sentenceOf(f)
	}
	return "dialect: " + strings.Join(said, "; ")
}

func sentenceOf(f order.Fault) string {
	if f.Path == "" {
		return f.Reason
	}
	return f.Path + ": " + f.Reason
}

// readDialect reads a dialect's file (README.md, "The dialect"); "" is the
// standard. The error is a *DialectError.
func readDialect(document string) (*dialect, error) {
	r := &dialectReader{ops: operations()}
	r.file = dialectFile{
		operations: map[*operation]*operationFile{}, fields: map[string]string{},
		values: map[string]map[string]string{}, classes: map[string]statusClass{},
	}
	for _, op := range r.ops {
		r.file.operations[op] = &operationFile{gate: op.gate, method: op.method, version: 1}
	}
	if document != "" {
		r.read(document)
	}
	d := r.dialect()
	if len(r.faults) > 0 {
		return nil, &DialectError{r.faults}
	}
	return d, nil
}

// dialectFile is a dialect's file as it was read.
type dialectFile struct {
	space, part string // of SOAP, with {gate} and {method}
	operations  map[*operation]*operationFile
	fields      map[string]string
	values      map[string]map[string]string
	classes     map[string]statusClass
}

type operationFile struct {
	gate, method      string
	aliases           []string
	version           int
	space, part       string
	request, response map[string]string // by path from the message
}

type dialectReader struct {
	ops    []*operation
	file   dialectFile
	faults []order.Fault
}

func (r *dialectReader) complain(path, format string, args ...any) {
	r.faults = append(r.faults, order.Fault{Path: path, Code: order.Malformed, Reason: fmt.Sprintf(format, args...)})
}

func (r *dialectReader) read(document string) {
	var raw json.Value
	document = strings.TrimPrefix(document, "\ufeff")
	if err := json.UnmarshalInput([]byte(document), &raw); err != nil {
		r.complain("", "%v", err)
		return
	}
	r.object("", raw, func(name string, v json.Value) {
		switch name {
		case "soap":
			r.readSOAP(name, v)
		case "operations":
			r.object(name, v, func(method string, v json.Value) { r.readOperation(json.Join(name, method), method, v) })
		case "fields":
			r.readFields(name, v)
		case "values":
			r.readValues(name, v)
		case "codes":
			r.readCodes(name, v)
		case "statuses":
			r.readStatuses(name, v)
		default:
			r.complain(name, "is unknown; there are soap, operations, fields, values, codes and statuses")
		}
	})
}

// object calls f for the members of an object.
func (r *dialectReader) object(path string, v json.Value, f func(name string, v json.Value)) {
	if v.Kind() != '{' {
		r.complain(path, "must be an object")
		return
	}
	_ = json.Members(v, func(name string, v json.Value) error { // it was read before: nothing can be wrong
		f(name, v)
		return nil
	})
}

// texts calls f for the members of an object of texts.
func (r *dialectReader) texts(path string, v json.Value, f func(at, name, text string)) {
	r.object(path, v, func(name string, v json.Value) {
		at := json.Join(path, name)
		if s, ok := r.text(at, v); ok {
			f(at, name, s)
		}
	})
}

func (r *dialectReader) text(path string, v json.Value) (string, bool) {
	var s string
	if v.Kind() != '"' || json.Unmarshal(v, &s) != nil || s == "" {
		r.complain(path, "must be a text that is not empty")
		return "", false
	}
	return s, true
}

func (r *dialectReader) readSOAP(path string, v json.Value) {
	r.texts(path, v, func(at, name, s string) {
		switch name {
		case "space":
			r.file.space = s
		case "part":
			r.file.part = s
		default:
			r.complain(at, "is unknown; there are space and part")
		}
	})
}

func (r *dialectReader) readOperation(path, method string, v json.Value) {
	i := slices.IndexFunc(r.ops, func(op *operation) bool { return op.method == method })
	if i < 0 {
		r.complain(path, "is no operation; there are %s", strings.Join(r.methods(), ", "))
		return
	}
	f := r.file.operations[r.ops[i]]
	r.object(path, v, func(name string, v json.Value) {
		at := json.Join(path, name)
		switch name {
		case "gate":
			f.gate = r.word(at, v, f.gate)
		case "method":
			f.method = r.word(at, v, f.method)
		case "space":
			f.space, _ = r.text(at, v)
		case "part":
			f.part = r.word(at, v, "")
		case "version":
			f.version = r.number(at, v, 0)
		case "aliases":
			f.aliases = r.aliases(at, v)
		case "request":
			f.request = r.renames(at, v, requestOf(r.ops[i]))
		case "response":
			f.response = r.renames(at, v, responseOf(r.ops[i]))
		default:
			r.complain(at, "is unknown; there are gate, method, aliases, version, space, part, request and response")
		}
	})
}

func (r *dialectReader) methods() (out []string) {
	for _, op := range r.ops {
		out = append(out, op.method)
	}
	return out
}

// word reads a name that URLs and XML can have.
func (r *dialectReader) word(path string, v json.Value, without string) string {
	s, ok := r.text(path, v)
	switch {
	case !ok:
		return without
	case !isWord(s):
		r.complain(path, "must be a word of letters, digits, _ and -, beginning with a letter or _")
		return without
	}
	return s
}

func isWord(s string) bool {
	for i, c := range s {
		letter := c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c == '_'
		if !letter && (i == 0 || (c < '0' || c > '9') && c != '-') {
			return false
		}
	}
	return s != "" && len(s) <= 100
}

// number reads a whole number; -1 if it is none, or below least.
func (r *dialectReader) number(path string, v json.Value, least int) int {
	n, err := strconv.Atoi(string(v))
	if v.Kind() != '0' || err != nil || n < least {
		r.complain(path, "must be a whole number from %d", least)
		return -1
	}
	return n
}

func (r *dialectReader) aliases(path string, v json.Value) (out []string) {
	if v.Kind() != '[' {
		r.complain(path, "must be a list of texts such as Gate/method")
		return nil
	}
	_ = json.Elements(v, func(i int, v json.Value) error { // it was read before: nothing can be wrong
		at := path + "[" + strconv.Itoa(i) + "]"
		s, ok := r.text(at, v)
		gate, method, two := strings.Cut(s, "/")
		switch {
		case ok && two && isWord(gate) && isWord(method):
			out = append(out, s)
		case ok:
			r.complain(at, "must be like Gate/method")
		}
		return nil
	})
	return out
}

// renames reads new names of fields by their paths in a message.
func (r *dialectReader) renames(path string, v json.Value, message *soap.Type) map[string]string {
	known := map[string]bool{}
	paths(message, "", func(full, _ string, _ *soap.Type) { known[full] = true })
	out := map[string]string{}
	r.object(path, v, func(field string, v json.Value) {
		at := json.Join(path, field)
		s, ok := noField, v.Kind() == 'n'
		if !ok {
			s, ok = r.text(at, v)
		}
		if !ok {
			return
		}
		if !known[field] {
			r.complain(at, "is no field of this message")
			return
		}
		if s == noField && v.Kind() == 'n' || r.fieldName(at, s) {
			out[field] = s
		}
	})
	return out
}

// fieldName checks a new name, or behind a slash a new path.
func (r *dialectReader) fieldName(path, s string) bool {
	names := []string{s}
	if moved, ok := strings.CutPrefix(s, "/"); ok {
		names = strings.Split(moved, ".")
	}
	for _, name := range names {
		if !isWord(name) {
			r.complain(path, "must be a name of letters, digits, _ and -, or a path such as /params.name")
			return false
		}
	}
	return true
}

// paths calls f for every field of a message: its path from the message, its
// name and type.
func paths(t *soap.Type, full string, f func(full, name string, t *soap.Type)) {
	for _, field := range t.Fields {
		at := join(full, field.Name)
		f(at, field.Name, field.Type)
		inner := field.Type
		if inner.Class == soap.Array && inner.Item != nil {
			inner, at = inner.Item, at+"[]"
		}
		if inner.Class == soap.Struct {
			paths(inner, at, f)
		}
	}
}

// fieldTypes are the types of all fields of all messages by name.
func (r *dialectReader) fieldTypes() map[string]*soap.Type {
	out := map[string]*soap.Type{}
	for _, op := range r.ops {
		for _, t := range []*soap.Type{requestOf(op), responseOf(op)} {
			paths(t, "", func(_, name string, t *soap.Type) { out[name] = t })
		}
	}
	return out
}

func (r *dialectReader) readFields(path string, v json.Value) {
	known := r.fieldTypes()
	r.texts(path, v, func(at, name, s string) {
		switch {
		case known[name] == nil:
			r.complain(at, "is no field of any message")
		case strings.HasPrefix(s, "/"):
			r.complain(at, "must be a name; paths stand in operations.NAME.request and response")
		case r.fieldName(at, s):
			r.file.fields[name] = s
		}
	})
}

func (r *dialectReader) readValues(path string, v json.Value) {
	known := r.fieldTypes()
	r.object(path, v, func(field string, v json.Value) {
		at := json.Join(path, field)
		t := known[field]
		if t != nil && t.Class == soap.Array && t.Item != nil {
			t = t.Item
		}
		switch {
		case t == nil:
			r.complain(at, "is no field of any message")
			return
		case t.Class != soap.String:
			r.complain(at, "is no field of text")
			return
		}
		r.file.values[field] = map[string]string{}
		r.texts(at, v, func(_, ours, theirs string) { r.file.values[field][ours] = theirs })
		r.twice(at, r.file.values[field])
	})
}

// twice complains about two values with one translation.
func (r *dialectReader) twice(path string, table map[string]string) {
	seen := map[string]string{}
	for _, ours := range slices.Sorted(maps.Keys(table)) {
		if other, ok := seen[table[ours]]; ok {
			r.complain(json.Join(path, ours), "is the same as %s", other)
		}
		seen[table[ours]] = ours
	}
}

func (r *dialectReader) readCodes(path string, v json.Value) {
	table := map[string]string{}
	r.object(path, v, func(meaning string, v json.Value) {
		at := json.Join(path, meaning)
		code, ok := codeNames[meaning]
		if !ok {
			r.complain(at, "is no meaning; there are %s", strings.Join(slices.Sorted(maps.Keys(codeNames)), ", "))
			return
		}
		table[strconv.Itoa(int(code))] = strconv.Itoa(r.number(at, v, 1)) // 0 is success
	})
	r.file.values["faultCode"] = table
}

func (r *dialectReader) readStatuses(path string, v json.Value) {
	r.texts(path, v, func(at, status, class string) {
		switch c := statusClass(class); c {
		case classOpen, classPacking, classShipped, classClosed, classDead:
			r.file.classes[status] = c
		default:
			r.complain(at, "must be open, packing, shipped, closed or dead")
		}
	})
}
