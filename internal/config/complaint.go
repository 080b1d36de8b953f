package config

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
)

// Complaint is one thing to mend in a configuration file.
type Complaint struct {
	Line int    // in the file, from 1; 0: the file as a whole
	Path string // "shops.nordlys.routes.ads.when"; empty: the file as a whole
	Text string // one sentence that says what to do; never a secret's value
}

func (c Complaint) String() string {
	if c.Path == "" {
		return c.Text
	}
	return c.Path + ": " + c.Text
}

// Error holds every complaint about one file, sorted by line.
type Error struct {
	File       string
	Complaints []Complaint
}

// Error returns a line per complaint: "file:line: path: sentence".
func (e *Error) Error() string {
	lines := make([]string, len(e.Complaints))
	for i, c := range e.Complaints {
		switch {
		case c.Line > 0:
			lines[i] = fmt.Sprintf("%s:%d: %s", e.File, c.Line, c)
		default:
			lines[i] = fmt.Sprintf("%s: %s", e.File, c)
		}
	}
	return strings.Join(lines, "\n")
}

// Complaint returns a complaint about the key at path, or where the file does
// not have it about the nearest key around it.
func (c *Config) Complaint(path, text string) Complaint {
	out := Complaint{Path: path, Text: text}
	for at := path; at != "" && out.Line == 0; {
		out.Line = c.lines[at]
		at = at[:max(strings.LastIndexByte(at, '.'), 0)]
	}
	return out
}

// checker collects complaints while a file is read.
type checker struct {
	opts       Options
	complaints []Complaint
	// visited are the documented paths that the reader asked for, so that a
	// test can compare them with Documentation.
	visited     map[string]bool
	lines       map[string]int    // of every key, by path
	credentials map[string]string // where a partner's door has this value, by partner and value
	accounts    map[string]account
}

func (c *checker) complain(line int, path, format string, args ...any) {
	c.complaints = append(c.complaints, Complaint{Line: line, Path: path, Text: fmt.Sprintf(format, args...)})
}

// sorted returns the complaints by line, each sentence once.
func (c *checker) sorted() []Complaint {
	slices.SortStableFunc(c.complaints, func(a, b Complaint) int { return cmp.Compare(a.Line, b.Line) })
	return slices.Compact(c.complaints)
}
