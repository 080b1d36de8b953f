package config

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/ordermux/ordermux/internal/partner"
)

// GivenRoute is a route that somebody connected while the hub runs: texts under
// the keys that the file has for it.
type GivenRoute struct {
	Name, Partner string
	// Rules are the route's keys beside partner and settings; those of retry are
	// written with a dot: "retry.first". A list has several texts.
	Rules map[string][]string
	// Settings are those of its partner's fields. A document is what the file
	// would hold.
	Settings map[string][]string
}

// RuleKeys are the keys of GivenRoute.Rules, in the sequence in which people are
// asked for them.
func RuleKeys() []string {
	return []string{
		"when", "lines", "on", "unless", "after", "at", "max_age", "trust", "connection", "slots", "rate", "daily_cap",
		"retry.first", "retry.max", "retry.give_up", "retry.attempts", "disabled",
	}
}

// maxGiven bounds a document that is given, in bytes: it is kept in the store.
const maxGiven = 256 << 10

// ReadGiven reads a route as the file's are read. Complaints have no line; their
// paths are "name", "partner", "rules.when", "settings.base_url". A secret is
// its text: no file and no variable of the hub's machine can be named.
func ReadGiven(g GivenRoute, opts Options) (Route, []Complaint) {
	c := &checker{opts: opts, visited: map[string]bool{}, lines: map[string]int{}}
	at := func(path string) value { return value{c: c, path: path, doc: path} }
	at("name").checkName("a route's name", g.Name)
	r := Route{Name: g.Name, Connection: g.Name}
	part, ok := partner.Partner{}, false
	if g.Partner == "" {
		at("partner").complain("is missing; give one of %s", strings.Join(c.known(false), ", "))
	} else {
		part, ok = c.find(at("partner"), g.Partner, false)
	}
	r.Partner = g.Partner
	c.readGivenRules(g.Rules, &r)
	if ok {
		r.Settings = c.readGivenSettings(g.Settings, routeFields(part))
	}
	return r, c.complaints
}

// readGivenRules writes the rules as the file would have them, and reads that.
func (c *checker) readGivenRules(rules map[string][]string, r *Route) {
	var b strings.Builder
	retry := false
	for _, key := range slices.Sorted(maps.Keys(rules)) {
		if !slices.Contains(RuleKeys(), key) {
			c.complain(0, "rules."+key, "unknown key; known here: %s", strings.Join(RuleKeys(), ", "))
			continue
		}
		name := key
		if rest, ok := strings.CutPrefix(key, "retry."); ok {
			if name = "  " + rest; !retry {
				retry = true
				b.WriteString("retry:\n")
			}
		} else if retry {
			retry = false // sorted: those of retry stand together
		}
		texts := make([]string, len(rules[key]))
		for i, s := range rules[key] {
			texts[i] = strconv.Quote(strings.ToValidUTF8(s, "\x00"))
		}
		written := strings.Join(texts, ", ")
		if len(texts) != 1 || key == "on" || key == "unless" {
			written = "[" + written + "]"
		}
		b.WriteString(name + ": " + written + "\n")
	}
	if b.Len() == 0 {
		return
	}
	root, ok := c.document([]byte(b.String()))
	if !ok {
		return
	}
	before := len(c.complaints)
	if v, ok := root.text("connection", &r.Connection); ok {
		v.checkName("a connection's name", r.Connection)
	}
	c.readRules(root, r)
	c.readLimits(root, r)
	root.flag("disabled", &r.Disabled)
	for i := range c.complaints[before:] {
		said := &c.complaints[before+i]
		said.Line, said.Path = 0, "rules."+said.Path
	}
}

func (c *checker) readGivenSettings(given map[string][]string, fields []partner.Field) partner.Settings {
	out := partner.Settings{}
	for _, name := range slices.Sorted(maps.Keys(given)) {
		if !slices.ContainsFunc(fields, func(f partner.Field) bool { return f.Name == name }) {
			c.complain(0, "settings."+name, "unknown setting; known here: %s", namesOf(fields))
		}
	}
	for _, f := range fields {
		texts := given[f.Name]
		if len(texts) > 0 {
			v, sentence := readGivenField(f, texts)
			if sentence != "" {
				c.complain(0, "settings."+f.Name, "%s", sentence)
				continue
			}
			out[f.Name] = v
			continue
		}
		if f.Required {
			c.complain(0, "settings."+f.Name, "is missing; give %s", describe(f))
			continue
		}
		if f.Default != "" {
			out[f.Name] = DefaultValue(f)
		}
	}
	return out
}

func readGivenField(f partner.Field, texts []string) (partner.Value, string) {
	if f.Kind != partner.Document {
		return ReadField(f, texts)
	}
	switch {
	case len(texts) != 1:
		return partner.Value{}, "must be one value"
	case len(texts[0]) > maxGiven:
		return partner.Value{}, fmt.Sprintf("is longer than %d kB", maxGiven>>10)
	case !utf8.ValidString(texts[0]):
		return partner.Value{}, "is not valid UTF-8"
	}
	if f.Check != nil {
		if faults := f.Check(texts[0]); len(faults) > 0 {
			return partner.Value{}, strings.Join(faults, "; ")
		}
	}
	return partner.Value{Text: texts[0]}, ""
}

func namesOf(fields []partner.Field) string {
	names := make([]string, len(fields))
	for i, f := range fields {
		names[i] = f.Name
	}
	return strings.Join(names, ", ")
}

// RouteFields returns the fields of a partner's routes.
func RouteFields(p partner.Partner) []partner.Field { return routeFields(p) }

// Account is what tells the account of a route at its partner apart from others
// (partner.Field.Account), and the names of the settings that do; "": nothing
// does, or the route is disabled.
func Account(p partner.Partner, r *Route) (key, names string) {
	c := checker{opts: Options{Partners: []partner.Partner{p}}}
	return c.accountOf(r)
}
