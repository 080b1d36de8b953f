package tutorial

import (
	"regexp"
	"strings"
)

// block is a fenced part of the tutorial: commands, or what they print.
type block struct {
	line     int    // of its first line
	commands bool   // else: what was printed
	terminal string // "": the reader's first; else the name of another one
	text     string
}

// blocks finds the fenced parts that the tutorial shows: "sh" are commands,
// "text" is what they print, and a word after that names the terminal.
func blocks(page string) (out []block) {
	var b *block
	for i, line := range strings.Split(page, "\n") {
		fence, ok := strings.CutPrefix(line, "```")
		switch {
		case ok && b == nil:
			kind, terminal, _ := strings.Cut(fence, " ")
			b = &block{line: i + 2, commands: kind == "sh", terminal: terminal}
		case ok:
			out, b = append(out, *b), nil
		case b != nil:
			b.text += line + "\n"
		}
	}
	return out
}

var (
	// looks are commands that change nothing: they may be asked until what
	// happens in the background has happened.
	looks = regexp.MustCompile(`^\./ordermux (order|orders|stuck|routes|verify)\b`)
	// changing are parts of a line that are others each time.
	changing = regexp.MustCompile(`\d{4}-\d\d-\d\d \d\d:\d\d:\d\d|(^| )\d\d:\d\d:\d\d\b|\bin \d+ ms|\bcall \d+|#\d+ [0-9a-f]{15}…`)
	spaces   = regexp.MustCompile(` {2,}`)
)

// onlyLooks reports whether a block's commands change nothing.
func (b block) onlyLooks() bool {
	for line := range strings.Lines(b.text) {
		if !looks.MatchString(line) {
			return false
		}
	}
	return true
}

// still takes out of a line what changes from run to run. Columns may be wider.
func still(line string) string {
	return spaces.ReplaceAllString(changing.ReplaceAllString(strings.TrimSpace(line), "~"), "  ")
}

// missing returns the first line of what should be printed that was not; "":
// all was. A line "…" stands for any lines, … within one for any text.
func missing(want, got string) string {
	printed := strings.Split(got, "\n")
	at, skip := 0, false
	for line := range strings.Lines(want) {
		line = strings.TrimSuffix(line, "\n")
		if line == "…" {
			skip = true
			continue
		}
		for ; at < len(printed) && skip && !same(line, printed[at]); at++ {
		}
		if at == len(printed) || !same(line, printed[at]) {
			return line
		}
		at, skip = at+1, false
	}
	if rest := strings.TrimSpace(strings.Join(printed[at:], "\n")); rest != "" && !skip {
		return "the end, before " + rest
	}
	return ""
}

// same compares a line of the page with one that was printed.
func same(want, got string) bool {
	want, got = still(want), still(got)
	if head, ok := strings.CutSuffix(want, "…"); ok && want != got {
		return strings.HasPrefix(got, head)
	}
	return want == got
}
