package trustpilot

import (
	"fmt"
	"slices"
	"strings"
)

// knownLocales are those that a production code base works with (README.md,
// "Route"); the first of a language stands for it where a source names no
// region.
var knownLocales = []string{
	"da-DK", "de-DE", "de-AT", "de-CH", "en-US", "en-GB", "en-AU", "en-CA", "en-IE", "en-NZ", "es-ES", "fi-FI",
	"fr-FR", "fr-BE", "it-IT", "ja-JP", "nb-NO", "nl-NL", "nl-BE", "pl-PL", "pt-PT", "pt-BR", "ru-RU", "sv-SE", "zh-CN",
}

// locales chooses what is sent as locale.
type locales struct {
	known   []string
	without string // where nothing known is stated
}

func newLocales(without string, more []string) (locales, error) {
	l := locales{known: knownLocales, without: without}
	for _, m := range append([]string{without}, more...) {
		if !isLocale(m) {
			return l, fmt.Errorf("locale: must be written as sv-SE")
		}
		if !slices.Contains(l.known, m) {
			l.known = append(slices.Clip(l.known), m)
		}
	}
	return l, nil
}

// isLocale reports whether text is a language and a region, written xx-YY.
func isLocale(text string) bool {
	lower := func(c byte) bool { return 'a' <= c && c <= 'z' }
	upper := func(c byte) bool { return 'A' <= c && c <= 'Z' }
	return len(text) == 5 && lower(text[0]) && lower(text[1]) && text[2] == '-' && upper(text[3]) && upper(text[4])
}

// choose returns the first locale that Trustpilot knows of those stated, be
// they written sv-SE, sv_SE, SV-se or sv.
func (l locales) choose(stated ...string) string {
	for _, s := range stated {
		language, region, _ := strings.Cut(strings.ReplaceAll(s, "_", "-"), "-")
		language = strings.ToLower(language)
		if language == "no" {
			language = "nb"
		}
		if exact := language + "-" + strings.ToUpper(region); slices.Contains(l.known, exact) {
			return exact
		}
		if language == "" {
			continue
		}
		for _, k := range l.known {
			if strings.HasPrefix(k, language+"-") {
				return k
			}
		}
	}
	return l.without
}

// templateSet are configured templates by locale, language, or "" for all
// others.
type templateSet map[string]string

func readTemplates(list []string) (templateSet, error) {
	set := templateSet{}
	for _, text := range list {
		locale, id, found := strings.Cut(text, "=")
		if !found {
			locale, id = "", text
		}
		locale, id = strings.TrimSpace(locale), strings.TrimSpace(id)
		if id == "" || found && locale == "" {
			return nil, fmt.Errorf("each must be written LOCALE=ID or ID")
		}
		set[locale] = id
	}
	return set, nil
}

// of returns the template for a locale; "": the account's default.
func (t templateSet) of(locale string) string {
	language, _, _ := strings.Cut(locale, "-")
	for _, key := range []string{locale, language, ""} {
		if id := t[key]; id != "" {
			return id
		}
	}
	return ""
}
