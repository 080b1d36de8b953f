package text

import (
	"net/http"
	"regexp"
	"slices"
	"testing"
)

func load(t *testing.T) *Catalogue {
	t.Helper()
	c, err := Load()
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// same are texts that may be equal to English, by language and key: names and
// words that the language has, too ("Routes" in French).
var same = map[string][]string{
	"es": {"forms.no"},
	"fr": {},
	"pl": {},
	"sv": {},
}

// everywhere are texts that are equal in all languages.
var everywhere = []string{"product"}

var blank = regexp.MustCompile(`\{[a-z]+\}`)

func blanks(s string) []string {
	found := blank.FindAllString(s, -1)
	slices.Sort(found)
	return slices.Compact(found)
}

// TestLanguagesAreWhole: every language says everything, in words of its own,
// with the same blanks, in all its plural forms.
func TestLanguagesAreWhole(t *testing.T) {
	t.Parallel()
	c := load(t)
	english := c.said["en"]
	for _, lang := range Languages {
		for key := range c.said[lang] {
			if _, ok := english[key]; !ok {
				t.Errorf("%s says %s, which English does not", lang, key)
			}
		}
		for key, want := range english {
			got, ok := c.said[lang][key]
			if !ok {
				t.Errorf("%s does not say %s", lang, key)
				continue
			}
			checkPhrase(t, lang, key, got, want)
		}
	}
}

func checkPhrase(t *testing.T, lang, key string, got, want phrase) {
	t.Helper()
	if (got.forms == nil) != (want.forms == nil) {
		t.Errorf("%s: %s has plural forms in one of the languages only", lang, key)
		return
	}
	if want.forms == nil {
		if got.one == "" || !slices.Equal(blanks(got.one), blanks(want.one)) {
			t.Errorf("%s: %s is %q, in English %q", lang, key, got.one, want.one)
		}
		allowed := lang == "en" || slices.Contains(everywhere, key) || slices.Contains(same[lang], key)
		if got.one == want.one && !allowed {
			t.Errorf("%s: %s is English: %q", lang, key, got.one)
		}
		return
	}
	for _, form := range Forms(lang) {
		said := got.forms[form]
		if said == "" {
			t.Errorf("%s: %s has no form %s", lang, key, form)
		}
		if !slices.Equal(without(blanks(said), "{n}"), without(blanks(want.forms["other"]), "{n}")) {
			t.Errorf("%s: %s, form %s, is %q", lang, key, form, said)
		}
	}
	for form := range got.forms {
		if !slices.Contains(Forms(lang), form) && form != "many" { // which some languages have for millions
			t.Errorf("%s: %s has the form %s, which the language has not", lang, key, form)
		}
	}
}

func without(list []string, s string) []string {
	return slices.DeleteFunc(slices.Clone(list), func(x string) bool { return x == s })
}

func TestPluralForms(t *testing.T) {
	t.Parallel()
	for lang, want := range map[string][]string{"en": {"one", "other"}, "fr": {"one", "other"}, "es": {"one", "other"}, "sv": {"one", "other"}, "pl": {"few", "many", "one"}} {
		if got := Forms(lang); !slices.Equal(got, want) {
			t.Errorf("%s: %v", lang, got)
		}
	}
	for n, want := range map[int]string{0: "many", 1: "one", 2: "few", 4: "few", 5: "many", 12: "many", 22: "few", 112: "many", 1_000_000: "many"} {
		if got := Form("pl", n); got != want {
			t.Errorf("%d: %s", n, got)
		}
	}
}

func TestChoose(t *testing.T) {
	t.Parallel()
	c := load(t)
	for header, want := range map[string]string{
		"": "en", "sv-SE,sv;q=0.9,en;q=0.8": "sv", "de-DE": "en", "de, fr-CA;q=0.7": "fr", "pl": "pl", "es-419": "es", "\xff;;": "en", "en-GB": "en",
	} {
		r := &http.Request{Header: http.Header{"Accept-Language": {header}}}
		if got := c.Choose("", r); got != want {
			t.Errorf("%q: %s", header, got)
		}
		if got := c.Choose("pl", r); got != "pl" {
			t.Errorf("%q: %s for somebody who wants Polish", header, got)
		}
	}
}

func TestNumbers(t *testing.T) {
	t.Parallel()
	for n, want := range map[int64]string{0: "0", 12: "12", 999: "999", 1000: "1,000", 1234567: "1,234,567", -1234: "-1,234"} {
		if got := Number("en", n); got != want {
			t.Errorf("%d: %s", n, got)
		}
	}
}
