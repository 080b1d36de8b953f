// Package text holds what the console says, in every language it speaks.
package text

import (
	"embed"
	"fmt"
	"io/fs"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"golang.org/x/text/feature/plural"
	"golang.org/x/text/language"

	"github.com/ordermux/ordermux/internal/json"
)

// files hold a folder for each language, a file in it for each part of the
// console: what is said by its key, one text or, where a number decides, a text
// for each plural form ("one", "few", "many", "other"). {name} is a blank to be
// filled in.
//
//go:embed languages/*/*.json
var files embed.FS

// Languages are the languages spoken, by ISO 639-1 code; the first is what
// somebody reads whose language is none of them.
var Languages = []string{"en", "es", "fr", "pl", "sv"}

// Catalogue is what can be said.
type Catalogue struct {
	said    map[string]map[string]phrase // by language and key
	matcher language.Matcher
}

// phrase is a text, or one for each plural form.
type phrase struct {
	one   string
	forms map[string]string
}

func (p *phrase) UnmarshalJSON(b []byte) error {
	if len(b) > 0 && b[0] == '"' {
		return json.Unmarshal(b, &p.one)
	}
	return json.Unmarshal(b, &p.forms)
}

// Load reads the languages.
func Load() (*Catalogue, error) {
	c := &Catalogue{said: map[string]map[string]phrase{}}
	tags := make([]language.Tag, len(Languages))
	for i, lang := range Languages {
		tags[i] = language.MustParse(lang)
		var err error
		if c.said[lang], err = read(lang); err != nil {
			return nil, err
		}
	}
	c.matcher = language.NewMatcher(tags)
	return c, nil
}

// read reads the files of a language; no two of them say the same key.
func read(lang string) (map[string]phrase, error) {
	names, err := fs.Glob(files, "languages/"+lang+"/*.json")
	if err != nil {
		return nil, err
	}
	all := map[string]phrase{}
	for _, name := range names {
		b, err := files.ReadFile(name)
		if err != nil {
			return nil, err
		}
		said := map[string]phrase{}
		if err := json.Unmarshal(b, &said); err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
		for key, p := range said {
			if _, ok := all[key]; ok {
				return nil, fmt.Errorf("%s: %s is said twice", name, key)
			}
			all[key] = p
		}
	}
	return all, nil
}

// Choose returns the language for somebody: the one he wants ("": he does not
// say), or what his browser asks for.
func (c *Catalogue) Choose(wanted string, r *http.Request) string {
	if slices.Contains(Languages, wanted) {
		return wanted
	}
	tags, _, err := language.ParseAcceptLanguage(r.Header.Get("Accept-Language"))
	if err != nil {
		return Languages[0]
	}
	_, i, _ := c.matcher.Match(tags...)
	return Languages[i]
}

// Blank is what a blank of a text is filled with.
type Blank struct {
	Name  string
	Value any
}

// Say returns a text with its blanks filled in. Where the text has plural
// forms, the blank n decides, a whole number of at least 0. What no language says
// is shown by its key.
func (c *Catalogue) Say(lang, key string, blanks ...Blank) string {
	p, ok := c.said[lang][key]
	if !ok {
		if p, ok = c.said[Languages[0]][key]; !ok {
			return "[" + key + "]"
		}
	}
	said := p.one
	if p.forms != nil {
		said = p.forms[Form(lang, count(blanks))]
	}
	for _, b := range blanks {
		said = strings.ReplaceAll(said, "{"+b.Name+"}", show(lang, b.Value))
	}
	return said
}

// Has reports whether there is a text with that key.
func (c *Catalogue) Has(key string) bool {
	_, ok := c.said[Languages[0]][key]
	return ok
}

func count(blanks []Blank) int {
	for _, b := range blanks {
		if b.Name == "n" {
			n, _ := strconv.Atoi(fmt.Sprint(b.Value))
			return n
		}
	}
	return 0
}

// Form is the plural form of a language for a whole number.
func Form(lang string, n int) string {
	tag := language.MustParse(lang)
	return formNames[plural.Cardinal.MatchPlural(tag, n%10_000_000, 0, 0, 0, 0)]
}

var formNames = map[plural.Form]string{
	plural.Zero: "zero", plural.One: "one", plural.Two: "two", plural.Few: "few", plural.Many: "many", plural.Other: "other",
}

// Forms are the plural forms that a language has for numbers that the console
// shows.
func Forms(lang string) (forms []string) {
	for n := range 1000 {
		if f := Form(lang, n); !slices.Contains(forms, f) {
			forms = append(forms, f)
		}
	}
	slices.Sort(forms)
	return forms
}

// show writes whole numbers with the language's separator of thousands, and
// everything else as it is.
func show(lang string, v any) string {
	var n int64
	switch v := v.(type) {
	case int:
		n = int64(v)
	case int64:
		n = v
	default:
		return fmt.Sprint(v)
	}
	return Number(lang, n)
}

// separators stand between thousands: a narrow blank that does not break where
// the language has a blank.
var separators = map[string]string{"en": ",", "es": ".", "fr": "\u202f", "pl": "\u00a0", "sv": "\u00a0"}

// Number writes a whole number.
func Number(lang string, n int64) string {
	digits := strconv.FormatInt(n, 10)
	sign := ""
	if digits[0] == '-' {
		sign, digits = "-", digits[1:]
	}
	for at := len(digits) - 3; at > 0; at -= 3 {
		digits = digits[:at] + separators[lang] + digits[at:]
	}
	return sign + digits
}
