package config

import (
	"slices"
	"strconv"
	"strings"

	"github.com/ordermux/ordermux/internal/partner"
	"github.com/ordermux/ordermux/internal/secret"
)

// readSettings reads the settings of a door or route by the fields its partner
// declares, fills defaults in and complains about every other key.
func (c *checker) readSettings(m *mapping, p partner.Partner, door bool) partner.Settings {
	out := partner.Settings{}
	for _, f := range p.Settings {
		if door && !f.Door || !door && !f.Route {
			continue
		}
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
			out[f.Name] = defaultValue(f)
		}
	}
	m.done()
	return out
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
		return partner.Value{Secret: secret.New(s)}, ok
	}
	if f.Kind == partner.List {
		return readList(v, f)
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
	return partner.Value{Text: s}, true
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
		out.List = append(out.List, s)
	}
	return out, len(out.List) > 0
}

func defaultValue(f partner.Field) partner.Value {
	switch {
	case f.Secret:
		return partner.Value{Secret: secret.New(f.Default)}
	case f.Kind == partner.List:
		return partner.Value{List: strings.Split(f.Default, ",")}
	}
	if s, sentence := normalize(f, f.Default); sentence == "" {
		return partner.Value{Text: s}
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
	return s, ""
}
