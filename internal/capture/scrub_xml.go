package capture

import (
	"bytes"
	"encoding/xml"
	"html"
	"strings"
)

// xmlScrubber walks over XML as it stands, cut off or broken too.
type xmlScrubber struct {
	policy
	in, out []byte
	at      int
	depth   int
	frames  []xmlFrame
}

type xmlFrame struct {
	word   *word
	around verdict // of what is inside
	own    verdict // of the text right in it
	thing  bool
	label  verdict // what a child <key> or <name> said of its sibling <value>
}

func (s *xmlScrubber) top() *xmlFrame {
	if len(s.frames) == 0 {
		return &xmlFrame{word: s.lexicon.words[0]}
	}
	return &s.frames[len(s.frames)-1]
}

func (s *xmlScrubber) run() []byte {
	s.out = make([]byte, 0, len(s.in)+64)
	for s.at < len(s.in) {
		rest := s.in[s.at:]
		switch {
		case rest[0] != '<':
			n := bytes.IndexByte(rest, '<')
			if n < 0 {
				n = len(rest)
			}
			s.text(html.UnescapeString(string(rest[:n])), rest[:n], false)
			s.at += n
		case bytes.HasPrefix(rest, []byte("<![CDATA[")):
			n := past(rest, "]]>")
			inner := strings.TrimSuffix(string(rest[len("<![CDATA["):n]), "]]>")
			s.text(inner, rest[:n], true)
			s.at += n
		case bytes.HasPrefix(rest, []byte("<!--")):
			s.at += past(rest, "-->")
		case rest[0] == '<' && len(rest) > 1 && (rest[1] == '?' || rest[1] == '!'):
			n := past(rest, ">")
			s.out = append(s.out, s.plain(string(rest[:n]))...)
			s.at += n
		case bytes.HasPrefix(rest, []byte("</")):
			n := past(rest, ">")
			s.out = append(s.out, rest[:n]...)
			s.at += n
			if len(s.frames) > 0 {
				s.frames = s.frames[:len(s.frames)-1]
			}
		default:
			s.element(rest)
		}
	}
	return s.out
}

// past is the place behind end; the whole length where it is missing.
func past(b []byte, end string) int {
	if i := bytes.Index(b, []byte(end)); i >= 0 {
		return i + len(end)
	}
	return len(b)
}

// text takes what stands in an element.
func (s *xmlScrubber) text(plain string, raw []byte, whole bool) {
	f := s.top()
	trimmed := strings.TrimSpace(plain)
	if len(s.frames) > 1 && f.word.label && trimmed != "" {
		if v := s.policy.label(trimmed); v != keep { // <key>email</key><value>…</value>
			s.frames[len(s.frames)-2].label = v
			s.out = append(s.out, raw...)
			return
		}
	}
	v := f.own
	if len(s.frames) > 1 && f.word.value && s.frames[len(s.frames)-2].label != keep {
		v = s.frames[len(s.frames)-2].label
	}
	after := plain
	switch {
	case trimmed == "":
	case v != keep:
		after = v.word()
	default:
		after = s.value(plain, s.depth)
	}
	switch {
	case after == plain:
		s.out = append(s.out, raw...)
	case whole && !strings.Contains(after, "]]>"):
		s.out = append(append(append(s.out, "<![CDATA["...), after...), "]]>"...)
	default:
		s.out = append(s.out, escape(after)...)
	}
}

func escape(s string) []byte {
	var b bytes.Buffer
	_ = xml.EscapeText(&b, []byte(s)) // a buffer takes everything
	return b.Bytes()
}

// element takes a start tag.
func (s *xmlScrubber) element(tag []byte) {
	n := tagEnd(tag)
	tag = tag[:n]
	s.at += n
	inner := bytes.TrimSuffix(bytes.TrimPrefix(tag, []byte("<")), []byte(">"))
	alone := bytes.HasSuffix(inner, []byte("/"))
	end := bytes.IndexAny(inner, " \t\r\n/")
	if end < 0 {
		end = len(inner)
	}
	name, attributes := string(inner[:end]), string(inner[end:])
	f, w := s.top(), s.word(name)
	next := xmlFrame{word: w, thing: w.below(f.thing)}
	next.own = s.inside(f.around, w, f.thing)
	if next.own == personal || next.own == secret {
		next.around = next.own
	}
	label := keep
	scrubbed := s.attributes(attributes, &next, &label)
	if label != keep && next.own == keep { // <field name="email">…</field>
		next.own, next.around = label, label
	}
	s.out = append(append(append(s.out, '<'), name...), scrubbed...)
	if tag[len(tag)-1] == '>' {
		s.out = append(s.out, '>')
	}
	if !alone {
		s.frames = append(s.frames, next)
	}
}

// tagEnd is the place behind a tag; > inside of quotes does not end it.
func tagEnd(tag []byte) int {
	var quoted byte
	for i, c := range tag {
		switch {
		case quoted != 0:
			if c == quoted {
				quoted = 0
			}
		case c == '"' || c == '\'':
			quoted = c
		case c == '>':
			return i + 1
		}
	}
	return len(tag)
}

// attributes scrubs the attributes of a tag; label is what name="email" says of
// the rest of it.
func (s *xmlScrubber) attributes(text string, f *xmlFrame, label *verdict) string {
	var out strings.Builder
	for text != "" {
		eq := strings.IndexByte(text, '=')
		if eq < 0 {
			out.WriteString(text)
			break
		}
		name := strings.TrimSpace(text[:eq])
		out.WriteString(text[:eq+1])
		text = text[eq+1:]
		blank := len(text) - len(strings.TrimLeft(text, " \t\r\n"))
		out.WriteString(text[:blank])
		if text = text[blank:]; text == "" {
			break
		}
		quote := text[0]
		if quote != '"' && quote != '\'' {
			continue // no XML; what follows is taken for a name
		}
		value, rest, closed := strings.Cut(text[1:], string(quote))
		text = rest
		out.WriteByte(quote)
		out.WriteString(s.attribute(name, value, f, label))
		if closed {
			out.WriteByte(quote)
		}
	}
	return out.String()
}

// isBinding reports whether an attribute is XML's or SOAP's own.
func isBinding(name string) bool {
	if strings.HasPrefix(name, "xmlns") || strings.HasPrefix(name, "xsi:") {
		return true
	}
	_, local, ok := strings.Cut(name, ":")
	return ok && (local == "type" || local == "nil" || local == "arrayType" || local == "encodingStyle" || local == "mustUnderstand")
}

func (s *xmlScrubber) attribute(name, value string, f *xmlFrame, label *verdict) string {
	if value == "" || isBinding(name) {
		return value
	}
	w := s.word(name)
	if w.label {
		if *label = s.policy.label(value); *label != keep {
			return value
		}
	}
	v := s.inside(f.around, w, f.thing)
	if *label != keep && w.value {
		v = *label
	}
	if v != keep {
		return v.word()
	}
	plain := html.UnescapeString(value)
	if after := s.value(plain, s.depth); after != plain {
		return string(escape(after))
	}
	return value
}
