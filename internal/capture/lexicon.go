package capture

import (
	"reflect"
	"strings"

	"github.com/ordermux/ordermux/internal/outbound"
)

// word is what the name of a member, element or field says, worked out once.
type word struct {
	verdicts [2][2]verdict // of what stands under it: [among parameters][inside a thing]
	thing    int8          // of what is below: 1: inside a thing; -1: not; 0: as around
	value    bool          // it is the value of a pair
	label    bool          // it is the name of a pair
	country  bool
	key      bool // just "key"
}

// lexicon remembers words: bodies use few of them, over and over. For one
// goroutine.
type lexicon struct {
	names Names
	ids   map[string]int32
	words []*word // by id; the first is that of no name
}

// The bounds of what is remembered: strangers choose the words.
const (
	mostWords   = 2000
	longestWord = 64
)

func newLexicon(names Names) *lexicon {
	return &lexicon{names: names, ids: map[string]int32{}, words: []*word{{}}}
}

// has reports whether the lexicon is of these names.
func (l *lexicon) has(names Names) bool {
	return l != nil && reflect.ValueOf(l.names).Pointer() == reflect.ValueOf(names).Pointer()
}

// id returns the id of a name, good until tidy is called.
func (p policy) id(name []byte) int32 {
	l := p.lexicon
	if id, ok := l.ids[string(name)]; ok {
		return id
	}
	id := int32(len(l.words))
	l.words = append(l.words, p.newWord(string(name)))
	if len(name) <= longestWord {
		l.ids[string(name)] = id
	}
	return id
}

// tidy forgets all words when they became too many.
func (l *lexicon) tidy() {
	if len(l.words) > mostWords {
		clear(l.ids)
		l.words = l.words[:1]
	}
}

// word returns what a name says.
func (p policy) word(name string) *word { return p.lexicon.words[p.id([]byte(name))] }

func (p policy) newWord(name string) *word {
	n := normal(name)
	w := &word{
		value: n == "value" || n == "values" || n == "val", key: n == "key",
		label:   n == "name" || n == "key" || n == "field" || n == "id" || n == "code" || n == "label" || n == "type",
		country: isCountry(n),
	}
	w.verdicts = p.judgements(name)
	for _, meant := range p.lexicon.names[name[strings.LastIndexByte(name, ':')+1:]] {
		worse := p.judgements(meant)
		for form := range 2 {
			for thing := range 2 {
				w.verdicts[form][thing] = max(w.verdicts[form][thing], worse[form][thing])
			}
		}
	}
	switch {
	case isPerson(n):
		w.thing = -1
	case isThing(n):
		w.thing = 1
	}
	return w
}

func (p policy) judgements(name string) (out [2][2]verdict) {
	for thing := range 2 {
		v := p.judge(normal(name), thing == 1)
		out[0][thing], out[1][thing] = v, v
		if outbound.SecretName(name) { // "code" and "key" are secrets among parameters only
			out[1][thing] = secret
		}
	}
	return out
}

// inside is the verdict of a value under a name whose surroundings have one;
// thing: it stands inside one.
func (p policy) inside(around verdict, w *word, thing bool) verdict {
	if around == secret || around == personal && !w.country {
		return around
	}
	return w.verdicts[index(p.form)][index(thing)]
}

// below reports whether what is below a name stands inside a thing.
func (w *word) below(before bool) bool {
	return w.thing > 0 || w.thing == 0 && before
}

func index(b bool) int {
	if b {
		return 1
	}
	return 0
}
