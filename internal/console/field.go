package console

import (
	"slices"
	"strings"

	"github.com/ordermux/ordermux/internal/api"
)

// formField is a field of a form that is made of what a partner declares: a
// setting of a route, or of a credential.
type formField struct {
	ID          string // of the input, and its name in the form
	Name        string
	Description string
	Kind        string // "text", "bool", "int", "duration", "url", "list", "document"
	Default     string
	Choices     []string
	Required    bool
	Secret      bool
	Made        bool   // left empty, the hub makes it
	Fixed       bool   // can not be changed later
	Anew        bool   // where it changes, secrets must be given again
	Kept        bool   // a secret that is there, and stays unless another one is typed
	Value       string // typed, or what stands there
	Fault       string // what is wrong with it
}

// Long reports whether the value has several lines.
func (f formField) Long() bool { return f.Kind == "list" || f.Kind == "document" }

// Options are the values that there are; none: any.
func (f formField) Options() []string {
	if f.Kind == "bool" {
		return []string{"true", "false"}
	}
	return f.Choices
}

// Needed reports whether the form can not be sent without it.
func (f formField) Needed() bool { return f.Required && !f.Made && !f.Kept && f.Default == "" }

// typed reads what was typed for it; none: nothing was.
func (f formField) typed() api.FieldValue {
	switch {
	case f.Value == "":
		return nil
	case f.Kind == "list":
		return linesOf(f.Value)
	}
	return api.FieldValue{f.Value}
}

func linesOf(text string) (out api.FieldValue) {
	for line := range strings.Lines(text) {
		if line = strings.TrimSpace(line); line != "" {
			out = append(out, line)
		}
	}
	return out
}

// formFields are the fields of a form, as declared.
type formFields []formField

// First are those that somebody has to think about, the needed ones before the
// others.
func (l formFields) First() (out formFields) {
	for _, needed := range []bool{true, false} {
		for _, f := range l {
			if f.Default == "" && f.Needed() == needed {
				out = append(out, f)
			}
		}
	}
	return out
}

// More are those that have a value anyway: they are folded.
func (l formFields) More() (out formFields) {
	for _, f := range l {
		if f.Default != "" {
			out = append(out, f)
		}
	}
	return out
}

// Open reports whether one of them says something.
func (l formFields) Open() bool {
	return slices.ContainsFunc(l, func(f formField) bool { return f.Value != "" || f.Fault != "" })
}

// Changeable are those that can be changed once the form was taken.
func (l formFields) Changeable() formFields {
	return slices.DeleteFunc(slices.Clone(l), func(f formField) bool { return f.Secret || f.Fixed })
}

// mark puts what is wrong beside the fields that it is about: those whose path
// is prefix and the name.
func (l formFields) mark(prefix string, faults []api.Fault) {
	for _, fault := range faults {
		place, _, _ := strings.Cut(fault.Path, "[")
		for i := range l {
			if prefix+l[i].Name == place {
				l[i].Fault = fault.Reason
			}
		}
	}
}
