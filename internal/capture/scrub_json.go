package capture

import "bytes"

// jsonScrubber walks over JSON as it stands, cut off or broken too, and keeps
// its layout.
type jsonScrubber struct {
	policy
	in, out []byte
	at      int
	depth   int
	frames  []jsonFrame
}

type jsonFrame struct {
	object bool
	naming bool    // the next string is a name
	name   string  // of the member that is being read
	around verdict // of all that is inside
	thing  bool
	label  verdict // what {"name": "email", "value": …} says of its value
}

func (s *jsonScrubber) top() *jsonFrame {
	if len(s.frames) == 0 {
		return &jsonFrame{}
	}
	return &s.frames[len(s.frames)-1]
}

func (s *jsonScrubber) run() []byte {
	s.out = make([]byte, 0, len(s.in)+64)
	for s.at < len(s.in) {
		switch c := s.in[s.at]; c {
		case ' ', '\t', '\r', '\n', ':':
			s.copy(1)
		case ',':
			s.top().naming = s.top().object
			s.copy(1)
		case '{', '[':
			s.push(c == '{')
		case '}', ']':
			if len(s.frames) > 0 {
				s.frames = s.frames[:len(s.frames)-1]
			}
			s.copy(1)
		case '"':
			s.text()
		default:
			s.literal()
		}
	}
	return s.out
}

func (s *jsonScrubber) copy(n int) {
	s.out = append(s.out, s.in[s.at:s.at+n]...)
	s.at += n
}

// verdict is that of the value at hand.
func (s *jsonScrubber) verdict() verdict {
	f := s.top()
	if f.label != keep && isValueName(f.name) {
		return f.label
	}
	return s.inside(f.around, f.name, f.thing)
}

func isValueName(name string) bool {
	n := normal(name)
	return n == "value" || n == "values" || n == "val"
}

func isLabelName(name string) bool {
	n := normal(name)
	return n == "name" || n == "key" || n == "field" || n == "id" || n == "code" || n == "label" || n == "type"
}

func (s *jsonScrubber) push(object bool) {
	f := s.top()
	next := jsonFrame{object: object, naming: object, thing: inThing(f.thing, f.name)}
	if v := s.verdict(); len(s.frames) > 0 && (v == personal || v == secret) {
		next.around = v
	}
	if !object { // what is in an array goes by the array's name
		next.name, next.thing = f.name, f.thing
	}
	s.frames = append(s.frames, next)
	s.copy(1)
}

// text takes a string: a name, or a value.
func (s *jsonScrubber) text() {
	end := s.at + 1
	for end < len(s.in) && s.in[end] != '"' {
		if s.in[end] == '\\' {
			end++
		}
		end++
	}
	end = min(end+1, len(s.in))
	raw := s.in[s.at:end]
	s.at = end
	f := s.top()
	plain := unquote(raw)
	if f.naming {
		f.naming, f.name = false, plain
		s.write(raw, plain, s.plain(plain))
		return
	}
	if f.object && isLabelName(f.name) {
		f.label = s.policy.label(plain)
	}
	switch v := s.verdict(); {
	case plain == "":
		s.out = append(s.out, raw...)
	case v == secret && f.object && f.label != keep && normal(f.name) == "key": // the label itself
		s.out = append(s.out, raw...)
	case v != keep && !(f.object && f.label != keep && isLabelName(f.name)):
		s.out = append(append(append(s.out, '"'), v.word()...), '"')
	default:
		s.write(raw, plain, s.value(plain, s.depth))
	}
}

// write keeps the spelling of what did not change.
func (s *jsonScrubber) write(raw []byte, before, after string) {
	if before == after {
		s.out = append(s.out, raw...)
		return
	}
	s.out = append(s.out, quote(after)...)
}

// literal takes a number, true, null, or what is no JSON at all.
func (s *jsonScrubber) literal() {
	n := bytes.IndexAny(s.in[s.at:], ",:]}{[\" \t\r\n")
	if n < 0 {
		n = len(s.in) - s.at
	}
	word := string(s.in[s.at : s.at+n])
	switch v := s.verdict(); {
	case word == "null", word == "true", word == "false":
		s.copy(n)
	case v != keep:
		s.out = append(append(append(s.out, '"'), v.word()...), '"')
		s.at += n
	default:
		s.out = append(s.out, s.plain(word)...)
		s.at += n
	}
}
