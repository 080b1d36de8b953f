package cli

import (
	"io"
	"os"
	"strings"
	"unicode"

	"golang.org/x/term"
)

// Standard is the world of a program: its own streams, and what they are.
func Standard(version string, hangup <-chan os.Signal) Env {
	is := func(f *os.File) bool { return term.IsTerminal(int(f.Fd())) }
	screen := is(os.Stdout)
	return Env{
		In: os.Stdin, Out: os.Stdout, Err: os.Stderr, Hangup: hangup, Version: version,
		Terminal: is(os.Stderr), Screen: screen, Interactive: is(os.Stdin),
		// https://no-color.org: any value that is not empty.
		Colour: screen && os.Getenv("NO_COLOR") == "" && os.Getenv("TERM") != "dumb",
	}
}

// painted is an output that shows colours. What scripts read has none.
type painted struct{ io.Writer }

// paints reports whether an output shows colours.
func paints(w io.Writer) bool {
	_, ok := w.(painted)
	return ok
}

// The colours, by their numbers; they are those of the terminal's own palette.
const (
	bold   = "1"
	dim    = "2"
	red    = "31"
	green  = "32"
	yellow = "33"
)

func paint(colour, s string) string {
	if colour == "" || s == "" {
		return s
	}
	return "\x1b[" + colour + "m" + s + "\x1b[0m"
}

// colourOf is that of a word that says how something stands; "": it has none.
func colourOf(word string) string {
	switch word {
	case "delivered", "flowing", "living", "done", "sent", "answered":
		return green
	case "retrying", "asking", "held", "paused", "pending", "lagging", "leaving", "wait", "hold", "skip":
		return yellow
	case "failed", "parked", "refused", "blocked", "failing", "breaker_open", "gone", "ended":
		return red
	}
	return ""
}

// tinted is a word in its colour, where the output shows any.
func tinted(w io.Writer, word string) string {
	if !paints(w) {
		return word
	}
	return paint(colourOf(word), word)
}

// tintRow colours a line of a table in which the cells stand in sequence: a
// line of names is bold, words that say how something stands have their colour.
func tintRow(line string, cells []string) string {
	if isHead(strings.Join(cells, "")) {
		return paint(bold, line)
	}
	var out strings.Builder
	for _, c := range cells {
		i := strings.Index(line, c)
		if i < 0 {
			break
		}
		out.WriteString(line[:i])
		out.WriteString(paint(colourOf(c), c))
		line = line[i+len(c):]
	}
	return out.String() + line
}

// isHead reports whether a line says what the columns are.
func isHead(line string) bool {
	other := func(r rune) bool { return unicode.IsLower(r) || unicode.IsDigit(r) }
	return strings.ContainsFunc(line, unicode.IsUpper) && !strings.ContainsFunc(line, other)
}
