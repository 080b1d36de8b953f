package order

import "strconv"

// trail is where a walk over an order stands: "lines[2].product". It costs no
// allocation until a path is asked for.
type trail struct {
	steps [6]step
	depth int
}

type step struct {
	name  string
	index int // of a list's element; -1: none
}

// enter goes into a part if wanted, and reports whether it did.
func (t *trail) enter(name string, wanted bool) bool {
	if wanted {
		t.steps[t.depth] = step{name, -1}
		t.depth++
	}
	return wanted
}

func (t *trail) enterElement(name string, i int) {
	t.steps[t.depth] = step{name, i}
	t.depth++
}

func (t *trail) leave() { t.depth-- }

// path returns the path of a field of the part where the walk stands; "" is
// the part itself.
func (t *trail) path(field string) string {
	var b []byte
	for _, s := range t.steps[:t.depth] {
		b = appendName(b, s.name)
		if s.index >= 0 {
			b = append(strconv.AppendInt(append(b, '['), int64(s.index), 10), ']')
		}
	}
	if field != "" {
		b = appendName(b, field)
	}
	return string(b)
}

func appendName(b []byte, name string) []byte {
	if len(b) > 0 {
		b = append(b, '.')
	}
	return append(b, name...)
}
