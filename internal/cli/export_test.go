package cli

import (
	"slices"

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

// TintRow colours a line of a table.
var TintRow = tintRow
