package order

import "unicode/utf8"

func digits(text string) (n int) {
	for i := range len(text) {
		if text[i] >= '0' && text[i] <= '9' {
			n++
		}
	}
	return n
}

// textFault says what is wrong with a text; "" if nothing is.
func textFault(s string, most int) ValueError {
	ascii := true
	for i := range len(s) {
		switch c := s[i]; {
		case c >= 0x80:
			ascii = false
		case c < ' ' && c != '\t' && c != '\n' && c != '\r', c == 0x7f:
			return ErrControl
		}
	}
	switch {
	case len(s) > most:
		return ErrTextTooLong
	case !ascii && !utf8.ValidString(s):
		return ErrUTF8
	}
	return ""
}

// rawFault looks for what textFault would find in the strings of a raw value,
// and for its depth. That it is JSON at all, the decoder has seen to.
func rawFault(r Raw) ValueError {
	depth, inString := 0, false
	for i := 0; i < len(r); i++ {
		switch c := r[i]; {
		case c == '"':
			inString = !inString
		case c == '\\' && inString:
			i++
			if EscapesControl(r[i:]) {
				return ErrControl
			}
		case c < ' ' && (inString || (c != '\t' && c != '\n' && c != '\r')), c == 0x7f:
			return ErrControl
		case !inString && (c == '{' || c == '['):
			if depth++; depth > MaxDepth {
				return ErrTooDeep
			}
		case !inString && (c == '}' || c == ']'):
			depth--
		}
	}
	switch {
	case inString || depth != 0:
		return ErrRaw
	case !utf8.Valid(r):
		return ErrUTF8
	}
	return ""
}
