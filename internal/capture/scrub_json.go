package capture

import "bytes"

// jsonScrubber walks over JSON as it stands, cut off or broken too, and keeps
// its layout.
type jsonScrubber struct {
	policy
	words   []*word // of the lexicon
	in, out []byte
	at      int
	done    int // up to where in is in out
	depth   int
	frames  []jsonFrame
	outer   jsonFrame // of what stands alone
}

type jsonFrame struct {
	object bool
	naming bool    // the next string is a name
	thing  bool    // what is inside is one
	around verdict // of all that is inside
	label  verdict // what {"name": "email", "value": …} says of its value
	word   int32   // id of the name of the member that is being read
}

func (s *jsonScrubber) top() *jsonFrame {
	if len(s.frames) == 0 {
		return &s.outer
	}
	return &s.frames[len(s.frames)-1]
}

func (s *jsonScrubber) run() []byte {
	s.frames, s.words = make([]jsonFrame, 0, 16), s.lexicon.words
	for s.at < len(s.in) {
		switch c := s.in[s.at]; c {
		case ' ', '\t', '\r', '\n', ':':
			s.at++
		case ',':
			f := s.top()
			f.naming = f.object
			s.at++
		case '{', '[':
			s.push(c == '{')
		case '}', ']':
			if len(s.frames) > 0 {
				s.frames = s.frames[:len(s.frames)-1]
			}
			s.at++
		case '"':
			s.text()
		default:
			s.literal()
		}
	}
	if s.done == 0 {
		return s.in // nothing had to be taken out
	}
	return append(s.out, s.in[s.done:]...)
}

// replace puts a text in the place of what stands from a place on to here.
func (s *jsonScrubber) replace(from int, by ...[]byte) {
	if s.out == nil {
		s.out = make([]byte, 0, len(s.in)+64)
	}
	s.out = append(s.out, s.in[s.done:from]...)
	for _, b := range by {
		s.out = append(s.out, b...)
	}
	s.done = s.at
}

// verdict is that of the value at hand.
func (s *jsonScrubber) verdict() verdict {
	f := s.top()
	w := s.words[f.word]
	if f.label != keep && w.value {
		return f.label
	}
	return s.inside(f.around, w, f.thing)
}

func (s *jsonScrubber) push(object bool) {
	f := s.top()
	next := jsonFrame{object: object, naming: object, thing: s.words[f.word].below(f.thing)}
	if v := s.verdict(); len(s.frames) > 0 && (v == personal || v == secret) {
		next.around = v
	}
	if !object { // what is in an array goes by the array's name
		next.word, next.thing = f.word, f.thing
	}
	s.frames = append(s.frames, next)
	s.at++
}

// The marks of bytes in a string.
const (
	escapes = 1 << iota // it is written otherwise than it reads
	odd                 // it may have to be looked at
)

var marks = func() (t [256]byte) {
	t['\\'] = escapes | odd
	for _, c := range []byte("@%+{[<\n=") {
		t[c] = odd
	}
	return t
}()

// text takes a string: a name, or a value.
func (s *jsonScrubber) text() {
	from, end := s.at, s.at+1
	var seen byte
	for end < len(s.in) && s.in[end] != '"' {
		m := marks[s.in[end]]
		seen |= m
		if m&escapes != 0 {
			end++
		}
		end++
	}
	s.at = min(end+1, len(s.in))
	raw := s.in[from:s.at]
	inner := raw[1:]
	if len(inner) > 0 && inner[len(inner)-1] == '"' {
		inner = inner[:len(inner)-1]
	}
	if seen&escapes != 0 {
		inner = []byte(unquote(raw))
	}
	f := s.top()
	if f.naming {
		f.naming, f.word = false, s.id(inner)
		s.words = s.lexicon.words
		if seen != 0 {
			s.write(from, string(inner), s.plain(string(inner)))
		}
		return
	}
	w := s.words[f.word]
	if f.object && w.label && len(inner) <= longestWord {
		f.label = s.policy.label(string(inner))
	}
	switch v := s.verdict(); {
	case len(inner) == 0:
	case v == secret && f.object && f.label != keep && w.key: // the label itself
	case v != keep && !(f.object && f.label != keep && w.label):
		s.replace(from, quoteMark, []byte(v.word()), quoteMark)
	case seen != 0 || len(inner) >= leastBase64:
		s.write(from, string(inner), s.value(string(inner), s.depth))
	}
}

var quoteMark = []byte{'"'}

// write keeps the spelling of what did not change.
func (s *jsonScrubber) write(from int, before, after string) {
	if before != after {
		s.replace(from, quote(after))
	}
}

// literal takes a number, true, null, or what is no JSON at all.
func (s *jsonScrubber) literal() {
	from := s.at
	for s.at < len(s.in) && !separates[s.in[s.at]] {
		s.at++
	}
	if s.at == from {
		s.at++
	}
	word := s.in[from:s.at]
	switch v := s.verdict(); {
	case string(word) == "null", string(word) == "true", string(word) == "false":
	case v != keep:
		s.replace(from, quoteMark, []byte(v.word()), quoteMark)
	case bytes.ContainsAny(word, "@%+"):
		if before := string(word); s.plain(before) != before {
			s.replace(from, []byte(s.plain(before)))
		}
	}
}

var separates = func() (t [256]bool) {
	for _, c := range []byte(",:]}{[\" \t\r\n") {
		t[c] = true
	}
	return t
}()
