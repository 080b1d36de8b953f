package idosell

import (
	"cmp"
	"maps"
	"slices"
	"strings"

	"github.com/ordermux/ordermux/internal/soap"
)

// dialect makes the dialect of what was read.
func (r *dialectReader) dialect() *dialect {
	d := &dialect{
		ops: r.ops, spoken: map[*operation]*spoken{}, called: map[string]*operation{}, methods: map[string]*operation{},
		words: map[string]*vocabulary{}, classes: r.file.classes,
	}
	for _, op := range r.ops {
		d.spoken[op] = r.spoken(op)
		r.call(d, op)
	}
	for field, table := range r.file.values {
		if len(table) > 0 {
			d.words[field] = newVocabulary(table)
		}
	}
	return d
}

// newVocabulary reads a translation both ways. Of two codes that a wholesaler
// writes alike, the smaller one is understood.
func newVocabulary(table map[string]string) *vocabulary {
	w := &vocabulary{out: table, in: map[string]string{}}
	for _, ours := range slices.Sorted(maps.Keys(table)) {
		if _, known := w.in[table[ours]]; !known {
			w.in[table[ours]] = ours
		}
	}
	return w
}

// spoken lays both messages of an operation out, and sees that a WSDL can be
// written of them.
func (r *dialectReader) spoken(op *operation) *spoken {
	f := r.file.operations[op]
	path := "operations." + op.method
	fill := strings.NewReplacer("{gate}", f.gate, "{method}", f.method)
	s := &spoken{gate: f.gate, method: f.method, version: f.version}
	s.request = r.layout(path+".request", requestOf(op), f.request)
	s.response = r.layout(path+".response", responseOf(op), f.response)
	s.soap = &soap.Operation{
		Name: f.method, Doc: op.doc, Space: fill.Replace(cmp.Or(f.space, r.file.space)), Part: fill.Replace(cmp.Or(f.part, r.file.part)),
		Request: s.request.wire, Response: s.response.wire,
	}
	if s.request.wire == nil || s.response.wire == nil {
		return s
	}
	if _, err := (&soap.Service{Name: f.gate, Operations: []*soap.Operation{s.soap}}).WSDL(); err != nil {
		r.complain(path, "has no WSDL: %v", err)
	}
	return s
}

func (r *dialectReader) layout(path string, t *soap.Type, renamed map[string]string) *layout {
	l, err := newLayout(t, "", func(full, name string) string {
		return cmp.Or(renamed[full], r.file.fields[name], name)
	})
	if err != nil {
		r.complain(path, "%v", err)
		return &layout{}
	}
	return l
}

// call enters the names by which an operation is called. Where a file gives a
// method a new name, the old one still calls it, unless it is another's now.
func (r *dialectReader) call(d *dialect, op *operation) {
	f, path := r.file.operations[op], "operations."+op.method
	for _, name := range append([]string{f.gate + "/" + f.method}, f.aliases...) {
		key := strings.ToLower(name)
		if other := d.called[key]; other != nil && other != op {
			r.complain(path, "%s is %s already", name, other.method)
		}
		d.called[key] = op
	}
	key := strings.ToLower(f.method)
	if other := d.methods[key]; other != nil && strings.EqualFold(r.file.operations[other].method, f.method) {
		return // two methods of one name in different gates: only the gate tells them apart
	}
	d.methods[key] = op
	if old := strings.ToLower(op.method); d.methods[old] == nil {
		d.methods[old] = op
	}
}
