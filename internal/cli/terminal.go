package cli

import (
	"io"
	"os"
	"slices"
	"strings"

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

// colours of words that say how something stands; the word says it too.
var colours = map[string][]string{
	green:  {"delivered", "flowing", "living", "done", "sent", "answered"},
	yellow: {"retrying", "asking", "held", "paused", "pending", "lagging", "leaving", "wait", "hold", "skip"},
	red:    {"failed", "parked", "refused", "blocked", "failing", "breaker_open", "gone", "ended", "BROKEN"},
}

// colourOf is that of a word that says how something stands; "": it has none.
func colourOf(word string) string {
	for colour, words := range colours {
		if slices.Contains(words, word) {
			return colour
		}
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
	if head := strings.Join(cells, ""); head == strings.ToUpper(head) && strings.ContainsFunc(head, func(r rune) bool { return r >= 'A' && r <= 'Z' }) && !strings.ContainsAny(head, "0123456789") {
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
