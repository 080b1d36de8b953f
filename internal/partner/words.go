package partner

import (
	"strings"
	"unicode/utf8"
)

// maxWords bounds a partner's words that are kept with an outcome, in bytes.
const maxWords = 300

// Words makes one bounded printable line of what a partner said. What looks
// like a mail address goes: a partner may repeat what it was sent.
func Words(text string) string {
	words := strings.Fields(strings.ToValidUTF8(text, "?"))
	for i, w := range words {
		if strings.Contains(w, "@") {
			words[i] = "[masked]"
		}
	}
	text = strings.Join(words, " ")
	if len(text) <= maxWords {
		return text
	}
	cut := maxWords
	for cut > 0 && !utf8.RuneStart(text[cut]) {
		cut--
	}
	return text[:cut] + "…"
}
