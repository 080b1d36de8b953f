package config

import (
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/ordermux/ordermux/internal/partner"
	"github.com/ordermux/ordermux/internal/secret"
)

// DoorFields returns the fields of one kind of credential (Field.Of) of a
// partner's door.
func DoorFields(p partner.Partner, of string) (out []partner.Field) {
	for _, f := range p.Settings {
		if f.Door && !f.Hub && f.Of == of {
			out = append(out, f)
		}
	}
	return out
}

// hubFields returns those of a partner's whole door.
func hubFields(p partner.Partner) (out []partner.Field) {
	for _, f := range p.Settings {
		if f.Door && f.Hub {
			out = append(out, f)
		}
	}
	return out
}

// HubSettings returns the settings of a partner's whole door, with the defaults
// where the file says nothing of it.
func (c *Config) HubSettings(p partner.Partner) partner.Settings {
	if given := c.Doors[p.Name].Settings; given != nil {
		return given
	}
	out := partner.Settings{}
	for _, f := range hubFields(p) {
		if f.Default != "" {
			out[f.Name] = DefaultValue(f)
		}
	}
	return out
}

// routeFields returns those of a partner's routes.
func routeFields(p partner.Partner) (out []partner.Field) {
	for _, f := range p.Settings {
		if f.Route {
			out = append(out, f)
		}
	}
	return out
}

// doorKinds returns the kinds of credential that a partner's door has beside
// its own.
func doorKinds(p partner.Partner) (out []string) {
	for _, f := range p.Settings {
		if f.Door && !f.Hub && f.Of != "" && !slices.Contains(out, f.Of) {
			out = append(out, f.Of)
		}
	}
	return out
}

// readSettings reads the settings of a door or route by the fields its partner
// declares, fills defaults in and complains about every other key.
func (c *checker) readSettings(m *mapping, fields []partner.Field) partner.Settings {
	out := partner.Settings{}
	for _, f := range fields {
		v, there := m.take(f.Name)
		if there {
			if val, ok := c.readField(v, f); ok {
				out[f.Name] = val
			}
			continue
		}
		if f.Required {
			m.complain("%s is missing; give %s", f.Name, describe(f))
			continue
		}
		if f.Default != "" {
			out[f.Name] = DefaultValue(f)
		}
	}
	m.done()
	return out
}

// ReadField reads a value that did not come from the file, as the file's are
// read; a list is given one by one. The sentence says what it must be; empty:
// nothing is wrong. A document stands in a file beside the configuration, and
// nowhere else.
func ReadField(f partner.Field, texts []string) (v partner.Value, sentence string) {
	if f.Kind == partner.Document {
		return v, "is read from a file that the configuration names; it can not be given here"
	}
	if len(texts) == 0 || f.Kind != partner.List && len(texts) > 1 {
		return v, "must be one value"
	}
	for _, s := range texts {
		if strings.ContainsFunc(s, func(r rune) bool { return r == utf8.RuneError }) {
			return v, "is not valid UTF-8"
		}
		s, sentence := normalize(f, s)
		switch {
		case sentence != "":
			return v, sentence
		case f.Kind == partner.List:
			v.List = append(v.List, s)
		case f.Secret:
			v.Secret = secret.New(Kept(f, s))
		default:
			v.Text = Kept(f, s)
		}
	}
	return v, ""
}

// Kept returns what is kept of a field's value: all of it, unless the field
// says otherwise.
func Kept(f partner.Field, s string) string {
	if f.Keep == nil {
		return s
	}
	return f.Keep(s)
}

// describe says what a field is, for a sentence that asks for it.
func describe(f partner.Field) string {
	if f.Description == "" {
		return "it a value"
	}
	d := strings.TrimSuffix(oneLine(f.Description), ".")
	return "it (" + d + ")"
}

func (c *checker) readField(v value, f partner.Field) (partner.Value, bool) {
	if f.Secret {
		s, ok := v.secretText()
		return partner.Value{Secret: secret.New(Kept(f, s))}, ok
	}
	switch f.Kind {
	case partner.List:
		return readList(v, f)
	case partner.Document:
		s, ok := v.document()
		return partner.Value{Text: s}, ok && v.fits(f, s)
	}
	s, ok := v.scalar()
	if !ok {
		return partner.Value{}, false
	}
	s, sentence := normalize(f, s)
	if sentence != "" {
		v.complain("%s", sentence)
		return partner.Value{}, false
	}
	return partner.Value{Text: Kept(f, s)}, true
}

func readList(v value, f partner.Field) (partner.Value, bool) {
	var out partner.Value
	for _, e := range v.list() {
		s, ok := e.scalar()
		if !ok {
			return out, false
		}
		if len(f.Choices) > 0 && !slices.Contains(f.Choices, s) {
			e.complain("must be %s", orList(f.Choices))
			return out, false
		}
		if !e.fits(f, s) {
			return out, false
		}
		out.List = append(out.List, s)
	}
	return out, len(out.List) > 0
}

// DefaultValue is what a field is that nobody gave.
func DefaultValue(f partner.Field) partner.Value {
	switch {
	case f.Secret:
		return partner.Value{Secret: secret.New(Kept(f, f.Default))}
	case f.Kind == partner.List:
		return partner.Value{List: strings.Split(f.Default, ",")}
	case f.Kind == partner.Document:
		return partner.Value{Text: f.Default}
	}
	if s, sentence := normalize(f, f.Default); sentence == "" {
		return partner.Value{Text: Kept(f, s)}
	}
	return partner.Value{Text: f.Default}
}

// normalize returns the text as sides read it (booleans as true and false,
// durations as time.ParseDuration takes them), or the sentence that says what
// it must be.
func normalize(f partner.Field, s string) (text, sentence string) {
	if s == "" || strings.ContainsFunc(s, func(r rune) bool { return r < ' ' }) {
		return "", "is empty or holds a control character; give a plain value"
	}
	switch f.Kind {
	case partner.Bool:
		b, err := parseBool(s)
		if err != nil {
			return "", "must be true or false"
		}
		s = strconv.FormatBool(b)
	case partner.Int:
		if _, err := strconv.ParseInt(s, 10, 64); err != nil {
			return "", "must be a whole number"
		}
	case partner.Duration:
		d, err := parseDuration(s)
		if err != nil {
			return "", "must be a duration such as 90s, 15m, 12h or 3d"
		}
		s = d.String()
	case partner.URL:
		if fault := urlFault(s); fault != "" {
			return "", fault
		}
	}
	if len(f.Choices) > 0 && !slices.Contains(f.Choices, s) {
		return "", "must be " + orList(f.Choices)
	}
	if f.Check != nil && !f.Secret {
		return s, strings.Join(f.Check(s), "; ")
	}
	return s, ""
}

// fits complains about all that its field finds wrong with a value.
func (v value) fits(f partner.Field, s string) bool {
	if f.Check == nil {
		return true
	}
	sentences := f.Check(s)
	for _, sentence := range sentences {
		v.complain("%s", sentence)
	}
	return len(sentences) == 0
}
