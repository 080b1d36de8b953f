package soap

import (
	"strings"
	"unicode/utf8"

	"github.com/ordermux/ordermux/internal/order"
)

const (
	blanks  = " \t\r\n"
	byteOrd = "\xef\xbb\xbf"
)

// scanner reads the part of XML 1.0 that SOAP allows, once from left to right,
// into a tree. Names and texts are parts of s wherever no escape stands in the
// way.
type scanner struct {
	s     string
	i     int
	tree  tree
	stack []frame
}

// frame is an open element.
type frame struct {
	node  int32
	qname string
	text  string // its text while it is one piece
	buf   []byte // its text when it has several
}

func scan(body []byte) (*tree, error) {
	if len(body) > MaxBytes {
		return nil, &Error{Reason: "body is too large", Code: order.TooLarge}
	}
	sc := &scanner{s: string(body)}
	if err := sc.prolog(); err != nil {
		return nil, err
	}
	sc.tree.nodes = make([]node, 0, min(strings.Count(sc.s, "<")/2+8, MaxElements))
	for sc.i < len(sc.s) {
		if err := sc.next(); err != nil {
			return nil, err
		}
	}
	switch {
	case len(sc.stack) > 0:
		return nil, sc.fault("XML ends too early")
	case len(sc.tree.nodes) == 0:
		return nil, sc.fault("not XML: no element")
	}
	return &sc.tree, nil
}

// prolog steps over byte order mark, blanks (some clients put an empty line
// first) and the XML declaration, and checks the charset.
func (sc *scanner) prolog() error {
	if strings.HasPrefix(sc.s, "\xfe\xff") || strings.HasPrefix(sc.s, "\xff\xfe") || strings.HasPrefix(sc.s, "<\x00") || strings.HasPrefix(sc.s, "\x00<") {
		return checkCharset("UTF-16")
	}
	if strings.HasPrefix(sc.s, byteOrd) {
		sc.i = len(byteOrd)
	}
	sc.blank()
	if strings.HasPrefix(sc.s[sc.i:], "<?xml") && sc.i+5 < len(sc.s) && isBlank(sc.s[sc.i+5]) {
		sc.i += len("<?xml")
		if err := sc.declaration(); err != nil {
			return err
		}
	}
	return sc.checkUTF8()
}

func (sc *scanner) declaration() error {
	var seen [3]string
	for n := 0; ; n++ {
		had := sc.blank()
		if strings.HasPrefix(sc.s[sc.i:], "?>") {
			sc.i += 2
			return nil
		}
		name := sc.name()
		if !had || name == "" || n == len(seen) || strings.Contains(strings.Join(seen[:n], " "), name) {
			return sc.fault("not an XML declaration")
		}
		seen[n] = name
		value, err := sc.attributeValue()
		if err != nil {
			return err
		}
		switch {
		case name == "encoding":
			if err := checkCharset(value); err != nil {
				return err
			}
		case name == "version" && value != "1.0":
			return sc.fault("only XML 1.0 is accepted")
		case name != "version" && name != "standalone":
			return sc.fault("not an XML declaration")
		}
	}
}

func (sc *scanner) checkUTF8() error {
	if utf8.ValidString(sc.s) {
		return nil
	}
	for i := 0; i < len(sc.s); {
		r, n := utf8.DecodeRuneInString(sc.s[i:])
		if r == utf8.RuneError && n == 1 {
			sc.i = i
			break
		}
		i += n
	}
	return sc.fault(string(order.ErrUTF8))
}

// next reads text up to the next markup, and the markup.
func (sc *scanner) next() error {
	n := strings.IndexByte(sc.s[sc.i:], '<')
	if n < 0 {
		n = len(sc.s) - sc.i
	}
	if n > 0 {
		return sc.text(sc.s[sc.i : sc.i+n])
	}
	rest := sc.s[sc.i:]
	switch {
	case strings.HasPrefix(rest, "</"):
		return sc.endTag()
	case strings.HasPrefix(rest, "<!--"):
		return sc.comment()
	case strings.HasPrefix(rest, "<![CDATA["):
		return sc.cdata()
	case strings.HasPrefix(rest, "<!"):
		return sc.fault("a document type or other declaration is not accepted")
	case strings.HasPrefix(rest, "<?"):
		return sc.fault("a processing instruction is not accepted")
	}
	return sc.startTag()
}

func (sc *scanner) comment() error {
	inner := sc.s[sc.i+4:]
	end := strings.Index(inner, "--")
	if end < 0 || !strings.HasPrefix(inner[end:], "-->") {
		return sc.fault("not a well-formed comment")
	}
	if at := badByte(inner[:end]); at >= 0 {
		return sc.fault(string(order.ErrControl))
	}
	sc.i += 4 + end + 3
	return nil
}

func (sc *scanner) cdata() error {
	inner := sc.s[sc.i+9:]
	end := strings.Index(inner, "]]>")
	if end < 0 {
		return sc.fault("a CDATA section does not end")
	}
	if len(sc.stack) == 0 {
		return sc.fault("text outside of the envelope")
	}
	piece := inner[:end]
	if badByte(piece) >= 0 {
		return sc.fault(string(order.ErrControl))
	}
	if err := sc.add(lineEnds(piece)); err != nil {
		return err
	}
	sc.i += 9 + end + 3
	return nil
}

// text takes a piece of text between two markups.
func (sc *scanner) text(piece string) error {
	if len(sc.stack) == 0 {
		if strings.Trim(piece, blanks) != "" {
			return sc.fault("text outside of the envelope")
		}
		sc.i += len(piece)
		return nil
	}
	if strings.Contains(piece, "]]>") {
		return sc.fault("]]> in a text must be escaped")
	}
	expanded, err := sc.expand(piece)
	if err != nil {
		return err
	}
	if err := sc.add(expanded); err != nil {
		return err
	}
	sc.i += len(piece)
	return nil
}

// add appends a piece to the text of the open element. Text beside elements
// may only be blank.
func (sc *scanner) add(piece string) error {
	f := &sc.stack[len(sc.stack)-1]
	if sc.tree.nodes[f.node].kids > 0 {
		if strings.Trim(piece, blanks) != "" {
			return sc.fault("text beside elements")
		}
		return nil
	}
	switch {
	case f.buf != nil:
		f.buf = append(f.buf, piece...)
	case f.text == "":
		f.text = piece
	default:
		f.buf = append(append(make([]byte, 0, 2*(len(f.text)+len(piece))), f.text...), piece...)
	}
	return nil
}

// whole is the text of an element so far.
func (f *frame) whole() string {
	if f.buf != nil {
		return string(f.buf)
	}
	return f.text
}

func (sc *scanner) endTag() error {
	if len(sc.stack) == 0 {
		return sc.fault("an end tag without its start")
	}
	start := sc.i
	sc.i += 2
	name := sc.name()
	sc.blank()
	f := &sc.stack[len(sc.stack)-1]
	if name != f.qname || !strings.HasPrefix(sc.s[sc.i:], ">") {
		sc.i = start
		return sc.fault("an end tag does not fit its start")
	}
	sc.i++
	sc.close()
	return nil
}

func (sc *scanner) close() {
	f := &sc.stack[len(sc.stack)-1]
	if n := &sc.tree.nodes[f.node]; n.kids == 0 {
		n.text = f.whole()
	}
	*f = frame{}
	sc.stack = sc.stack[:len(sc.stack)-1]
}

func (sc *scanner) startTag() error {
	start := sc.i
	sc.i++
	qname := sc.name()
	local, ok := localName(qname)
	switch {
	case !ok:
		sc.i = start
		return sc.fault("not the name of an element")
	case len(sc.stack) == 0 && len(sc.tree.nodes) > 0:
		return sc.fault("a second element beside the envelope")
	case len(sc.stack) == MaxDepth:
		return sc.tooLarge(string(order.ErrTooDeep))
	case len(sc.tree.nodes) == MaxElements:
		return sc.tooLarge("too many elements")
	}
	if err := sc.open(qname, local); err != nil {
		return err
	}
	if err := sc.attributes(); err != nil {
		return err
	}
	if sc.s[sc.i] == '/' { // attributes stops at "/>" or ">"
		sc.i++
		sc.close()
	}
	sc.i++
	return nil
}

// open hangs a new element below the open one.
func (sc *scanner) open(qname, local string) error {
	parent := int32(-1)
	if n := len(sc.stack); n > 0 {
		f := &sc.stack[n-1]
		parent = f.node
		if sc.tree.nodes[parent].kids == 0 {
			if strings.Trim(f.whole(), blanks) != "" {
				return sc.fault("text beside elements")
			}
			f.text, f.buf = "", nil
		}
	}
	sc.stack = append(sc.stack, frame{node: sc.tree.add(parent, local), qname: qname})
	return nil
}

func (sc *scanner) attributes() error {
	var seen [MaxAttributes]string
	for n := 0; ; n++ {
		had := sc.blank()
		rest := sc.s[sc.i:]
		if strings.HasPrefix(rest, ">") || strings.HasPrefix(rest, "/>") {
			return nil
		}
		if n == MaxAttributes {
			return sc.tooLarge("too many attributes")
		}
		name := sc.name()
		local, ok := localName(name)
		if !ok || !had {
			return sc.fault("not a well-formed tag")
		}
		for _, other := range seen[:n] {
			if other == name {
				return sc.fault("an attribute stands twice")
			}
		}
		seen[n] = name
		value, err := sc.attributeValue()
		if err != nil {
			return err
		}
		if !sc.tree.attribute(sc.stack[len(sc.stack)-1].node, local, len(local) < len(name), value) {
			return sc.fault("an id stands twice")
		}
	}
}

// attributeValue reads ="value" and normalizes its blanks.
func (sc *scanner) attributeValue() (string, error) {
	sc.blank()
	if !strings.HasPrefix(sc.s[sc.i:], "=") {
		return "", sc.fault("not a well-formed tag")
	}
	sc.i++
	sc.blank()
	if sc.i == len(sc.s) || sc.s[sc.i] != '"' && sc.s[sc.i] != '\'' {
		return "", sc.fault("the value of an attribute needs quotation marks")
	}
	end := strings.IndexByte(sc.s[sc.i+1:], sc.s[sc.i])
	if end < 0 {
		return "", sc.fault("the value of an attribute does not end")
	}
	raw := sc.s[sc.i+1 : sc.i+1+end]
	if strings.Contains(raw, "<") {
		return "", sc.fault("< in an attribute must be escaped")
	}
	value, err := sc.expand(raw)
	if err != nil {
		return "", err
	}
	sc.i += end + 2
	return strings.Trim(value, blanks), nil
}

// name reads a name, which may be none.
func (sc *scanner) name() string {
	start := sc.i
	for sc.i < len(sc.s) && sc.i-start <= maxName {
		r, n := rune(sc.s[sc.i]), 1
		if r >= utf8.RuneSelf {
			r, n = utf8.DecodeRuneInString(sc.s[sc.i:])
		}
		if r != ':' && !isNameRune(r) {
			break
		}
		sc.i += n
	}
	return sc.s[start:sc.i]
}

// blank steps over blanks and reports whether there were any.
func (sc *scanner) blank() bool {
	start := sc.i
	for sc.i < len(sc.s) && isBlank(sc.s[sc.i]) {
		sc.i++
	}
	return sc.i > start
}

func isBlank(c byte) bool { return c == ' ' || c == '\t' || c == '\r' || c == '\n' }

// fault is an error at the place where the scanner stands.
func (sc *scanner) fault(reason string) error {
	return &Error{Path: sc.path(), Reason: reason, Code: order.Malformed, Offset: sc.i}
}

func (sc *scanner) tooLarge(reason string) error {
	return &Error{Path: sc.path(), Reason: reason, Code: order.TooLarge, Offset: sc.i}
}

// path names the open elements below the envelope, an item by its place.
func (sc *scanner) path() string {
	var steps []step
	for i := 1; i < len(sc.stack); i++ {
		n := &sc.tree.nodes[sc.stack[i].node]
		if n.name == "item" {
			steps = append(steps, place(int(sc.tree.nodes[sc.stack[i-1].node].kids)-1))
			continue
		}
		steps = append(steps, step{name: n.name})
	}
	return pathOf(steps, "/")
}
