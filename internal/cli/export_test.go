package cli

import (
	"slices"
	"strings"

	"github.com/alecthomas/kong"
)

// CallsOfHub are command lines of all commands that call a hub, with made-up
// arguments.
func CallsOfHub() (lines [][]string, err error) {
	var g grammar
	k, err := kong.New(&g, options()...)
	if err != nil {
		return nil, err
	}
	for _, t := range topics(k.Model.Node) {
		if len(t.subs) > 0 || !slices.Contains(t.long(), "--hub") {
			continue
		}
		if a := t.argument(); a != nil && isFile(a, a.Tag.PlaceHolder) {
			continue // it looks at the file first
		}
		line := slices.Clone(t.path)
		for _, a := range t.node.Positional {
			if a.Required {
				line = append(line, "1")
			}
		}
		for _, f := range t.flags {
			switch {
			case f.Name == "yes", f.Name == "all", f.Name == "shop" && f.IsBool():
				line = append(line, "--"+f.Name)
			case f.Name == "shop":
				line = append(line, "--shop=nordlys")
			case f.Required && len(choices(f.Value)) > 0:
				line = append(line, "--"+f.Name+"="+choices(f.Value)[0])
			case f.Required:
				line = append(line, "--"+f.Name+"=1")
			}
		}
		lines = append(lines, line)
	}
	return lines, nil
}

// Commands are the words of all commands.
func Commands() (out []string, err error) {
	var g grammar
	k, err := kong.New(&g, options()...)
	if err != nil {
		return nil, err
	}
	for _, t := range topics(k.Model.Node) {
		out = append(out, t.name(" "))
	}
	return out, nil
}

// Reader returns what reads a command line as a document writes it, the words
// behind ordermux, and says which commands and flags are none; "": all are.
func Reader() (func(words []string) string, error) {
	var g grammar
	k, err := kong.New(&g, options()...)
	if err != nil {
		return nil, err
	}
	list := topics(k.Model.Node)
	return func(words []string) string { return mistakeIn(list, words) }, nil
}

func mistakeIn(list []topic, words []string) string {
	find := func(path []string) (topic, bool) {
		i := slices.IndexFunc(list, func(t topic) bool { return slices.Equal(t.path, path) })
		if i < 0 {
			return topic{}, false
		}
		return list[i], true
	}
	at, reading := list[0], true
	for _, w := range words {
		name, _, _ := strings.Cut(w, "=")
		switch t, ok := find(append(slices.Clone(at.path), w)); {
		case ok && reading:
			at = t
		case strings.HasPrefix(w, "--"):
			known := append(at.long(), "--help", "--version")
			if d := at.node.DefaultCmd; d != nil {
				t, _ := find(append(slices.Clone(at.path), d.Name))
				known = append(known, t.long()...)
			}
			if !slices.Contains(known, name) {
				return at.name(" ") + " has no " + name
			}
		case reading && len(at.subs) > 0 && at.node.DefaultCmd == nil:
			return at.name(" ") + " has no " + w
		default:
			reading = false
		}
	}
	return ""
}

// TintRow colours a line of a table.
var TintRow = tintRow

// Count writes a number of things.
var Count = count[int]
