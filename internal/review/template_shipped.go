package review

import (
	"embed"
	"fmt"
	"strings"
	"sync"
)

// The words of the shipped templates, a file per language, and the two
// layouts that they are put into.
//
//go:embed templates
var templateFiles embed.FS

// Languages are those that mails and forms are shipped in.
func Languages() []string { return []string{"en", "fr", "pl", "es", "sv", "de"} }

// shipped returns the shipped templates; the caller must not change them.
var shipped = sync.OnceValue(func() []Template {
	var out []Template
	text, html := mustRead("layout.txt"), mustRead("layout.html")
	for _, locale := range Languages() {
		words := phrases(mustRead(locale + ".txt"))
		for _, kind := range kinds {
			name := "ordermux " + kind + " " + locale
			out = append(out, Template{
				ID: templateID(name), Name: name, Kind: kind, Locale: locale, Default: true, Shipped: true,
				Subject: words[kind+".subject"], Text: place(text, kind, words), HTML: place(html, kind, words),
			})
		}
	}
	return out
})

// mustRead reads a file that is part of the program.
func mustRead(name string) string {
	b, err := templateFiles.ReadFile("templates/" + name)
	if err != nil {
		panic(err)
	}
	return string(b)
}

// phrases reads lines of "name = words".
func phrases(text string) map[string]string {
	out := map[string]string{}
	for line := range strings.Lines(text) {
		if name, words, ok := strings.Cut(strings.TrimSpace(line), " = "); ok {
			out[name] = words
		}
	}
	return out
}

// place puts the words of a kind where a layout names them: [[greeting]].
func place(layout, kind string, words map[string]string) string {
	var b strings.Builder
	for {
		before, rest, ok := strings.Cut(layout, "[[")
		b.WriteString(before)
		if !ok {
			return b.String()
		}
		name, after, _ := strings.Cut(rest, "]]")
		said, ok := words[kind+"."+name]
		if !ok {
			said, ok = words[name]
		}
		if !ok {
			panic(fmt.Sprintf("templates: %q has no words", name))
		}
		b.WriteString(said)
		layout = after
	}
}
