package order

// Raw is a JSON value kept as it came, but for blanks outside strings: numbers
// and escapes keep their spelling. Nil is "not set"; a written null is set.
type Raw []byte

// IsZero reports whether there is no value.
func (r Raw) IsZero() bool { return len(r) == 0 }

// MarshalJSON returns the value; null if there is none.
func (r Raw) MarshalJSON() ([]byte, error) {
	if len(r) == 0 {
		return []byte("null"), nil
	}
	return r, nil
}

// UnmarshalJSON keeps a copy of the value without blanks outside strings.
func (r *Raw) UnmarshalJSON(b []byte) error {
	*r = AppendCompact(make(Raw, 0, len(b)), b)
	return nil
}

// AppendCompact appends a valid JSON text without blanks outside strings to
// dst. It changes nothing else, and checks nothing.
func AppendCompact(dst, text []byte) []byte {
	inString, from := false, 0
	for i := 0; i < len(text); i++ {
		switch c := text[i]; {
		case c == '"':
			inString = !inString
		case c == '\\' && inString:
			i++
		case !inString && (c == ' ' || c == '\n' || c == '\t' || c == '\r'):
			dst = append(dst, text[from:i]...)
			from = i + 1
		}
	}
	return append(dst, text[from:]...)
}

// EscapesControl reports whether a JSON escape, read from behind its
// backslash, stands for a control character other than tab and line ends.
func EscapesControl(b []byte) bool {
	if len(b) > 0 && (b[0] == 'b' || b[0] == 'f') {
		return true
	}
	if len(b) < 5 || b[0] != 'u' || b[1] != '0' || b[2] != '0' {
		return false
	}
	switch last := b[4] | 0x20; b[3] { // 'A' to 'F' become small letters, digits stay
	case '0':
		return last != '9' && last != 'a' && last != 'd'
	case '1':
		return true
	case '7':
		return last == 'f'
	}
	return false
}
