package skeepers

import "strings"

// A cell stands as it is, with quotes and backslashes in it escaped by a
// backslash: so the vendor's shop module writes it. Or it stands between
// quotes, as other programs do: then separators and line ends may be in it, and
// a quote is written twice or escaped.

// split cuts a line into cells, which it appends. Open: a quoted cell is not
// closed by the line's end.
func split(text string, separator byte, cells []string) (out []string, open bool) {
	for {
		cell, end, how := quoted(text, separator)
		switch how {
		case notClosed:
			return cells, true
		case notQuoted:
			cell, end = plainCell(text, separator)
		}
		cells = append(cells, cell)
		if end == len(text) {
			return cells, false
		}
		text = text[end+1:]
	}
}

// splitPlain does so where quotes are nothing but letters.
func splitPlain(text string, separator byte, cells []string) []string {
	for {
		cell, end := plainCell(text, separator)
		cells = append(cells, cell)
		if end == len(text) {
			return cells
		}
		text = text[end+1:]
	}
}

// plainCell returns the first cell and where it ends.
func plainCell(text string, separator byte) (cell string, end int) {
	end = strings.IndexByte(text, separator)
	if end < 0 {
		end = len(text)
	}
	cell = text[:end]
	if strings.IndexByte(cell, '\\') >= 0 {
		cell = unescape.Replace(cell)
	}
	return cell, end
}

var unescape = strings.NewReplacer(`\\`, `\`, `\"`, `"`, `\'`, `'`)

// quoting is how a cell stands.
type quoting int8

const (
	isQuoted quoting = iota
	notQuoted
	notClosed
)

// quoted returns the first cell and where it ends, if it stands between quotes.
func quoted(text string, separator byte) (cell string, end int, how quoting) {
	if text == "" || text[0] != '"' {
		return "", 0, notQuoted
	}
	var out strings.Builder
	from := 1
	for i := 1; i < len(text); i++ {
		switch {
		case text[i] == '"' && i+1 < len(text) && text[i+1] == '"',
			text[i] == '\\' && i+1 < len(text) && text[i+1] == '"' && !ends(text, i+2, separator):
			out.WriteString(text[from:i])
			out.WriteByte('"')
			i++
			from = i + 1
		case text[i] == '"' && ends(text, i+1, separator):
			out.WriteString(text[from:i])
			end = i + 1
			for end < len(text) && text[end] != separator {
				end++
			}
			return out.String(), end, isQuoted
		case text[i] == '"':
			return "", 0, notQuoted // letters follow: `"Blue" mug`
		}
	}
	return "", 0, notClosed
}

// ends reports whether nothing but blanks stands between i and the end of the
// cell.
func ends(text string, i int, separator byte) bool {
	for i < len(text) && text[i] == ' ' {
		i++
	}
	return i >= len(text) || text[i] == separator
}
