package partner

import (
	"regexp"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Kind returns what the partner says of a kind of its door's credentials; with
// nothing but Of where it says nothing.
func (p Partner) Kind(of string) CredentialKind {
	for _, k := range p.Kinds {
		if k.Of == of {
			return k
		}
	}
	return CredentialKind{Of: of}
}

// UniqueValues are the values of a credential that no other one of its kind may
// have at the shop (Field.Unique), with the first field that has each.
func UniqueValues(fields []Field, s Settings) map[string]string {
	var out map[string]string
	for _, f := range fields {
		value := s[f.Name].Text
		if f.Unique == "" || value == "" {
			continue
		}
		if out == nil {
			out = map[string]string{}
		}
		if key := f.Unique + " " + value; out[key] == "" {
			out[key] = f.Name
		}
	}
	return out
}

// MostName bounds a credential's name of a kind that offers names, in
// characters.
const MostName = 100

var plainNames = regexp.MustCompile(`^[a-z0-9]([a-z0-9_-]{0,62}[a-z0-9])?$`)

// NameFault says what is wrong with a credential's name, "": nothing. Where the
// kind offers names, people name credentials by what they are for, in their own
// words; else names are those of programs.
func (k CredentialKind) NameFault(name string) string {
	if len(k.Names) == 0 {
		if !plainNames.MatchString(name) {
			return "must be 1 to 64 characters of a-z, 0-9, - and _, starting and ending with a letter or digit"
		}
		return ""
	}
	switch n := utf8.RuneCountInString(name); {
	case n == 0 || n > MostName:
		return "must be 1 to " + strconv.Itoa(MostName) + " characters, such as " + k.Names[0]
	case name == "." || name == ".." || strings.TrimSpace(name) != name:
		return "must be a name, without blanks around it"
	case !utf8.ValidString(name) || strings.ContainsFunc(name, func(r rune) bool {
		return !unicode.IsPrint(r) || r == utf8.RuneError || strings.ContainsRune(`/\`, r)
	}):
		return "must not hold slashes and signs that do not show"
	}
	return ""
}
